"""The operations of the API as values, read off the table when the first is asked for.

How they are found: the words of a path are the attributes (hyphens are underscores, names in braces are arguments), and
the last is the verb: list, search, get, create, update, delete, or the path's own last word where it is an action.
``POST /payment/transactions/{id}/confirm`` is ``client.payment.transactions.confirm(id, {…})``.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Literal

from konfipay_async.session.message import RetryClass
from konfipay_async.wallee.table import TABLE

__all__ = ["EXTERNAL", "Operation", "Parameter", "Shape", "operations", "snake", "tree"]

Shape = Literal["one", "many", "all", "list", "search", "portions", "bulk", "text", "bool", "csv", "none"]
"""What an operation answers: one object, an array, a list that is not paged, pages by cursor or offset, or a scalar."""

EXTERNAL = frozenset({"externalId", "queryExternalId"})
"""What the query calls an id by which a repeat does nothing twice."""

# Seconds; the official SDK has 25 for all that says nothing else.
_TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter, by its name on the wire."""

    name: str
    mandatory: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: where it hangs, how it is reached, what it takes and answers.

    `path` is relative to the base URL. `body` says whether one goes along; it must hold a version where `versioned`.
    `external` tells where the id is that keeps a repeat from doing it twice. `permanent` deletes for good.
    """

    service: str
    chain: tuple[str, ...]
    name: str
    method: str
    path: str
    shape: Shape
    model: str
    header: Literal["Space", "Account"] | None
    query: tuple[Parameter, ...] = ()
    body: Literal["object", "array"] | None = None
    versioned: bool = False
    external: Literal["mandatory", "optional", "query"] | None = None
    permanent: bool = False
    billed: bool = False
    retry: RetryClass = RetryClass.READ
    timeout: float = _TIMEOUT

    @property
    def dotted(self) -> str:
        """``payment.transactions.confirm``: what it is called, here and in `timeouts`."""
        return ".".join((*self.chain, self.name))

    @property
    def arguments(self) -> tuple[str, ...]:
        """The names in the path, as on the wire."""
        return tuple(re.findall(r"\{(\w+)\}", self.path))

    @property
    def is_listed(self) -> bool:
        """Whether it reads like a list, although it comes as a whole."""
        return self.name.startswith("list")

    @property
    def expandable(self) -> bool:
        """Whether it takes `expand`: inferred from what it answers (the official SDK has some fewer that do)."""
        return self.shape not in ("text", "csv", "none", "bulk", "portions") and self.chain[0] != "analytics"


def snake(name: str) -> str:
    """A name of the wire as one of Python: ``transactionId`` is transaction_id, ``by-credentials`` by_credentials."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").lower()


@cache
def operations() -> tuple[Operation, ...]:
    """All of them, in the order of the table."""
    found: list[Operation] = []
    for block in re.split(r"\n(?! )", TABLE.strip()):
        head, *extras = block.splitlines()
        named, base, header, letters = head.split()
        service, _, model = named.partition("=")
        lines = _standard(model or _singular(service), letters)
        if "D!" in letters:
            lines = [line.replace("DELETE /bulk", "DELETE! /bulk") for line in lines]
        reads = [_Line(service, base, header, line) for line in lines]
        reads += [_Line(service, base, header, line.strip()) for line in extras]
        words = [line.literals for line in reads]
        found += [line.operation(below=sum(_begins(other, line.literals) for other in words)) for line in reads]
    names = Counter(operation.dotted for operation in found)
    return tuple(_told_apart(one) if names[one.dotted] > 1 and one.arguments else one for one in found)


@cache
def tree() -> Mapping[tuple[str, ...], Mapping[str, Operation | None]]:
    """What hangs on each chain of attributes, by its name: an operation, or None for more attributes."""
    nodes: dict[tuple[str, ...], dict[str, Operation | None]] = {(): {}}
    for operation in operations():
        for depth, word in enumerate(operation.chain):
            nodes.setdefault(operation.chain[:depth], {})[word] = None
        nodes.setdefault(operation.chain, {})[operation.name] = operation
    return MappingProxyType(nodes)


def _begins(words: tuple[str, ...], beginning: tuple[str, ...]) -> bool:
    return words[: len(beginning)] == beginning


def _told_apart(operation: Operation) -> Operation:
    """Under a name that says by what, where another has the same name without it."""
    return replace(operation, name=f"{operation.name}_by_{'_and_'.join(map(snake, operation.arguments))}")


_PAGING: Mapping[str, tuple[str, ...]] = {
    "LIST": ("after", "before", "limit", "order"),
    "SEARCH": ("limit", "offset", "order", "query"),
}

_STANDARD: Mapping[str, tuple[str, ...]] = {
    "L": ("GET ?LIST -> {model}",),
    "S": ("GET /search?SEARCH -> {model}",),
    "R": ("GET /{{id}} -> {model}",),
    "C": ("POST +body -> {model}",),
    "C!": ("POST +external -> {model}",),
    "U": ("PATCH /{{id}} +version -> {model}",),
    "D": ("DELETE /{{id}} -> none",),
    "D!": ("DELETE! /{{id}} -> none",),
    "B": tuple(f"{method} /bulk +many -> bulk" for method in ("POST", "PATCH", "DELETE")),
}

_VERBS = {"GET": "get", "POST": "create", "PATCH": "update", "DELETE": "delete"}

_LINE = re.compile(
    r"(?P<method>[A-Z]+)(?P<permanent>!?)(?: (?P<path>/[^ ?]*)?(?:\?(?P<query>\S+))?)?(?: \+(?P<body>\w+\??))? -> "
    r"(?P<result>\S+)(?P<more>.*)"
)


def _standard(model: str, letters: str) -> list[str]:
    return [line.format(model=model) for letter in re.findall(r"[A-Z]!?", letters) for line in _STANDARD[letter]]


def _singular(service: str) -> str:
    return re.sub(r"ies$", "y", service) if service.endswith("ies") else re.sub(r"(?<=ss)es$|s$", "", service)


class _Line:
    """One operation of the table, taken apart."""

    def __init__(self, service: str, base: str, header: str, text: str) -> None:
        match = _LINE.fullmatch(text)
        assert match is not None, text  # noqa: S101
        self.service = service
        self.base = base
        self.method = match["method"]
        self.permanent = bool(match["permanent"])
        self.path = base + (match["path"] or "")
        self.query = (match["query"] or "").split(",") if match["query"] else []
        self.body = match["body"] or ""
        self.result = match["result"]
        more = match["more"].split()
        self.timeout = next((float(word[:-1]) for word in more if re.fullmatch(r"\d+s", word)), _TIMEOUT)
        self.header = next((word for word in more if word in ("Space", "Account", "-")), header)
        self.resumes = "resumes" in more
        self.billed = "billed" in more

    @property
    def words(self) -> list[str]:
        return self.path.strip("/").split("/")

    @property
    def literals(self) -> tuple[str, ...]:
        return tuple(word for word in self.words if not word.startswith("{"))

    def operation(self, below: int) -> Operation:
        """`below` counts the service's operations whose paths begin as this one's, itself among them."""
        chain, name = self._place(is_collection=below > 1 or self.path == self.base)
        external = self._external()
        return Operation(
            service=self.service,
            chain=chain,
            name=name,
            method=self.method,
            path=self.path.strip("/"),
            shape=self._shape(),
            model=self.result.strip("[]*"),
            header={"Space": "Space", "Account": "Account"}.get(self.header),  # type: ignore[arg-type]
            query=tuple(
                Parameter(name.rstrip("*"), name.endswith("*"))
                for given in self.query
                for name in _PAGING.get(given, (given,))
            ),
            body="array" if self.body == "many" else "object" if self.body else None,
            versioned=self.body == "version",
            external=external,
            permanent=self.permanent,
            billed=self.billed,
            retry=self._retry(),
            timeout=self.timeout,
        )

    def _place(self, is_collection: bool) -> tuple[tuple[str, ...], str]:
        chain = tuple(map(snake, self.literals))
        if self.body == "many":
            return chain, _VERBS[self.method]
        ends_in_argument = self.words[-1].startswith("{")
        if self.literals[-1] == "search" or (ends_in_argument and self.method == "POST"):
            return chain[:-1], chain[-1]
        if ends_in_argument:
            return chain, _VERBS[self.method]
        if not is_collection:
            return chain[:-1], chain[-1]
        gives_many = self._shape() in ("list", "all", "many", "portions")
        return chain, "list" if self.method == "GET" and gives_many else _VERBS[self.method]

    def _shape(self) -> Shape:
        if "LIST" in self.query:
            return "list"
        if self.result == "csv":
            return "csv"
        if "SEARCH" in self.query:
            return "search"
        if self.result in ("none", "text", "bool", "bulk"):
            return self.result  # type: ignore[return-value]
        if self.result == "ResultPortionModel":
            return "portions"
        return "all" if self.result.endswith("*") else "many" if self.result.startswith("[") else "one"

    def _external(self) -> Literal["mandatory", "optional", "query"] | None:
        if {f"{name}*" for name in EXTERNAL} & set(self.query):
            return "query"
        return {"external": "mandatory", "external?": "optional"}.get(self.body)  # type: ignore[return-value]

    def _retry(self) -> RetryClass:
        if self.resumes:
            return RetryClass.RESUMABLE
        if self.method == "GET":
            # What is billed must not be asked for twice because an answer was lost.
            return RetryClass.ONCE if self.billed else RetryClass.READ
        if self.body == "many":
            return RetryClass.ONCE  # a repeat would tell of each operation that it failed, which was done before
        # A repeated update meets the version that the first one made: a conflict, never the same change twice.
        repeatable = self.method == "DELETE" or (self.method == "PATCH" and self.body == "version")
        return RetryClass.IDEMPOTENT if repeatable or self._external() == "query" else RetryClass.ONCE
