"""Every operation as a value, and which one a request is for."""

from dataclasses import dataclass
from functools import cache
from typing import Final, Literal
from urllib.parse import unquote

from konfipay_async.sandbox.wallee.table import TABLE

__all__ = ["OPERATIONS", "SERVICES", "Header", "Kind", "Operation", "find_operation"]

Kind = Literal[
    "list",
    "search",
    "get",
    "create",
    "update",
    "delete",
    "bulk",
    "unpaged",
    "array",
    "one",
    "thing",
    "nothing",
    "text",
    "bool",
    "csv",
    "document",
]
Header = Literal["Space", "Account"]


@dataclass(frozen=True, slots=True)
class Operation:
    """One row. `name` is for faults and counting: the path without placeholders and then what is done, with dots.

    `base` is the service it belongs to, `target` the one whose objects it answers with. `needs` are mandatory query
    parameters.
    """

    name: str
    method: str
    path: str
    base: str
    header: Header | None
    kind: Kind
    target: str
    needs: tuple[str, ...] = ()
    body: bool = False


_LETTERS: Final[dict[str, tuple[tuple[str, str, Kind], ...]]] = {
    "L": (("GET", "", "list"),),
    "S": (("GET", "/search", "search"),),
    "R": (("GET", "/{id}", "get"),),
    "C": (("POST", "", "create"),),
    "U": (("PATCH", "/{id}", "update"),),
    "D": (("DELETE", "/{id}", "delete"),),
    "B": (("POST", "/bulk", "bulk"), ("PATCH", "/bulk", "bulk"), ("DELETE", "/bulk", "bulk")),
}
_KINDS: Final[dict[str, Kind]] = {
    "204": "nothing",
    "text": "text",
    "bool": "bool",
    "csv": "csv",
    "document": "document",
    "thing": "thing",
    "[": "array",
    "{": "unpaged",
    "<": "list",
    "(": "search",
}
_HEADERS: Final[dict[str, Header | None]] = {"Space": "Space", "Account": "Account", "-": None}
_VERBS: Final = {"GET": "get", "POST": "create", "PATCH": "update", "DELETE": "delete"}


def _kebab(text: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in text)


def _name(method: str, path: str, kind: Kind) -> str:
    words = [_kebab(part) for part in path.split("/") if part and not part.startswith("{")]
    if kind in ("list", "unpaged", "array"):
        words.append("list")
    elif (
        kind == "bulk" or kind in ("create", "update", "delete") or path.endswith("}") or method in ("PATCH", "DELETE")
    ):
        words.append(_VERBS[method])
    return ".".join(words)


def _read() -> tuple[tuple[str, ...], tuple[Operation, ...]]:
    services: list[str] = []
    operations: list[Operation] = []
    base = ""
    header: Header | None = None
    for line in TABLE.strip().splitlines():
        words = line.split()
        if not line.startswith(" "):
            base, header = words[0], _HEADERS[words[1]]
            services.append(base)
            for method, rest, kind in (row for letter in "".join(words[2:]) for row in _LETTERS[letter]):
                path = base + rest
                body = kind in ("create", "update", "bulk")
                operations.append(
                    Operation(_name(method, path, kind), method, path, base, header, kind, base, body=body)
                )
            continue
        method, rest, answer, *needs = words
        path = base + rest.removeprefix(".")
        kind = _KINDS.get(answer) or _KINDS.get(answer[0], "one")
        target = answer.strip("[{<()>}]=") if answer[0] in "[{<(/" else ""
        params = tuple(need for need in needs if need != "+")
        name = _name(method, path, kind)
        operations.append(Operation(name, method, path, base, header, kind, target or base, params, "+" in needs))
    return tuple(services), tuple(operations)


_READ: Final = _read()
SERVICES: Final = _READ[0]
"""All base paths."""
OPERATIONS: Final = _READ[1]
"""All operations."""


@cache
def _tree() -> dict[str, object]:
    """Segments of paths, one dict in another; a placeholder is ``{}``, and at the end stand operations by method."""
    tree: dict[str, object] = {}
    for operation in OPERATIONS:
        node = tree
        for part in operation.path.split("/")[1:]:
            node = node.setdefault("{}" if part.startswith("{") else part, {})  # type: ignore[assignment]
        node[f" {operation.method}"] = operation
    return tree


def find_operation(method: str, path: str) -> tuple[Operation | None, dict[str, str]]:
    """The operation and what stands at its placeholders. `path` is behind the API's base, as it came over the wire."""
    parts = path.split("/")[1:]
    found = _descend(_tree(), parts, method) if path.startswith("/") else None
    if found is None:
        return None, {}
    pattern = found.path.split("/")[1:]
    return found, {want[1:-1]: unquote(part) for want, part in zip(pattern, parts, strict=True) if want.startswith("{")}


def _descend(node: dict[str, object], parts: list[str], method: str) -> Operation | None:
    if not parts:
        found = node.get(f" {method}")
        return found if isinstance(found, Operation) else None
    head, *rest = parts
    for key in (head, "{}"):
        below = node.get(key)
        if head and isinstance(below, dict) and (found := _descend(below, rest, method)):
            return found
    return None
