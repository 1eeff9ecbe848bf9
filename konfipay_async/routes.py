"""Every endpoint of API version 6 that the client uses: how it is reached, treated, and how well it is known.

Marks: DOC is stated in the description of API version 6, OBS was seen in public code that talks to the service, INF is
inferred from the naming rules of version 6. Whatever is inferred can be corrected without a new release:
``KonfipayClient(routes={"transactions.acknowledge": "POST transactions/acknowledge"})``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal
from urllib.parse import quote

from konfipay_async.errors import ConfigurationError
from konfipay_async.session.message import BudgetName, Lane, RetryClass

__all__ = ["ROUTES", "Route", "checked_timeout", "routes_with", "segment"]


@dataclass(frozen=True)
class Route:
    """One endpoint. `path` is relative to the base URL, with ``{name}`` for what the caller fills in; `timeout` in
    seconds for one attempt."""

    method: str
    path: str
    mark: Literal["DOC", "OBS", "INF"]
    retry: RetryClass
    lane: Lane = Lane.SINGLE
    budget: BudgetName = "authenticated"
    timeout: float = 60.0

    def fill(self, **names: str) -> str:
        """The path with its names filled in and percent-encoded. ConfigurationError for what is no path segment."""
        return self.path.format(**{name: segment(value, name) for name, value in names.items()})


ROUTES: Mapping[str, Route] = MappingProxyType(
    {
        "authentication.token": Route(
            "POST", "authentication/token", "DOC", RetryClass.IDEMPOTENT, budget="public", timeout=30.0
        ),
        # Pages of a thousand rows are made while the client waits; the public code we know raised its timeout for them.
        "transactions.list": Route("GET", "transactions", "OBS", RetryClass.READ, Lane.BULK, timeout=180.0),
        "transactions.acknowledge": Route(
            "POST",
            "transactions/{acknowledgement_id}/acknowledge",
            "INF",
            RetryClass.ACKNOWLEDGE,
            Lane.ACKNOWLEDGE,
        ),
        # Not paging for hours, but a handful of rows somebody waits for.
        "bank_accounts.list": Route("GET", "bank-accounts", "OBS", RetryClass.READ),
    }
)


# Tokens of the server, not ids that a user types: whatever they hold goes back as it came.
_OPAQUE = frozenset({"acknowledgement_id"})


def routes_with(
    changes: Mapping[str, str] | None = None, timeouts: Mapping[str, float] | None = None
) -> Mapping[str, Route]:
    """The routes with a user's corrections, written ``"METHOD path"``, and timeouts in seconds for one attempt.

    Raises ConfigurationError for others.
    """
    routes = dict(ROUTES)
    for argument, given in (("routes", changes), ("timeouts", timeouts)):
        if given is not None and not isinstance(given, Mapping):
            raise ConfigurationError(f"{argument} must be a mapping of route names, not {type(given).__name__}")
        for name in given or ():
            if name not in routes:
                there = ", ".join(sorted(routes))
                raise ConfigurationError(f"{argument}: there is no route {name!r}; there are {there}")
    for name, seconds in (timeouts or {}).items():
        routes[name] = replace(routes[name], timeout=checked_timeout(seconds, f"timeouts[{name!r}]"))
    for name, text in (changes or {}).items():
        if not isinstance(text, str):
            raise ConfigurationError(f"routes[{name!r}] must be a str like 'POST transactions/acknowledge'")
        match = re.fullmatch(r"(GET|POST|PUT|PATCH|DELETE) /?((?:[\w/.~-]|\{\w+\})+)", text)
        if match is None or any(part in ("", ".", "..") for part in match[2].split("/")):
            raise ConfigurationError(f"routes[{name!r}] = {text!r}: write it like 'POST transactions/acknowledge'")
        known = re.findall(r"\{\w+\}", routes[name].path)
        for placeholder in re.findall(r"\{\w+\}", match[2]):
            if placeholder not in known:
                raise ConfigurationError(
                    f"routes[{name!r}]: {placeholder} is not known here; what may stand in braces is "
                    f"{', '.join(known) or 'nothing'}"
                )
        routes[name] = replace(routes[name], method=match[1], path=match[2])
    return MappingProxyType(routes)


def checked_timeout(seconds: object, name: str) -> float:
    """A timeout in seconds, above 0. ConfigurationError for others (to aiohttp 0 would mean none at all)."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < float("inf"):
        raise ConfigurationError(f"{name}={seconds!r}: give seconds, above 0")
    return float(seconds)


def segment(value: str, name: str) -> str:
    """One percent-encoded segment of a path. ConfigurationError where the value would leave its place."""
    forbidden = r"[\x00-\x20\x7f]" if name in _OPAQUE else r"[/\\\x00-\x20\x7f]"
    if not isinstance(value, str) or not value or value in (".", "..") or re.search(forbidden, value):
        raise ConfigurationError(f"{name}={value!r} is no id: it must not be empty, a dot or hold a slash")
    try:
        return quote(value, safe="")
    except UnicodeEncodeError:
        raise ConfigurationError(f"{name} holds a character that is no valid Unicode") from None
