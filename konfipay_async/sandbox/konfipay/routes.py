"""Which endpoint a request is for.

Paths of the lists and of the login were documented or seen in public code; the single bank account and the
acknowledgement follow the naming rules of version 6 (inferred).
"""

from collections.abc import Sequence
from typing import Final

__all__ = ["BASE_PATH", "ROUTES", "UNKNOWN", "find_route"]

BASE_PATH: Final = "/api/v6"
UNKNOWN: Final = "unknown"

_PATTERNS: Final = (
    ("authentication.token", "POST", ("authentication", "token")),
    ("bank-accounts.get", "GET", ("bank-accounts", "*")),
    ("bank-accounts.list", "GET", ("bank-accounts",)),
    ("transactions.acknowledge", "POST", ("transactions", "*", "acknowledge")),
    ("transactions.list", "GET", ("transactions",)),
)

ROUTES: Final[tuple[str, ...]] = (*(name for name, _, _ in _PATTERNS), UNKNOWN)
"""Every route name, for faults and for counting requests."""


def find_route(method: str, path: str) -> tuple[str, str]:
    """The route's name and what stands at its placeholder ("" without one). `path` has no query."""
    if not path.startswith(BASE_PATH + "/"):
        return UNKNOWN, ""
    parts = path[len(BASE_PATH) + 1 :].split("/")
    for name, verb, pattern in _PATTERNS:
        if method == verb and _fits(parts, pattern):
            return name, next((part for part, want in zip(parts, pattern, strict=True) if want == "*"), "")
    return UNKNOWN, ""


def _fits(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    return len(parts) == len(pattern) and all(
        part != "" and want in ("*", part) for part, want in zip(parts, pattern, strict=True)
    )
