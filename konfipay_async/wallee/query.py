"""The language of searches: built from comparisons, or read from text, and written as the API's grammar has it.

::

    Q.state == "PENDING"                                     state:PENDING
    (Q.completed_amount > 100) & ~(Q.currency == "EUR")      completedAmount:>100 AND -currency:EUR
    Q.charge.transaction.state.one_of("FAILED", "VOIDED")    charge.transaction.state:FAILED OR charge.…

The grammar is the described one. The description does not say whether AND or OR binds tighter, so what is built here
has brackets wherever both meet. Nor does it say how a quote is written inside quotes: a value that holds both kinds, or
a backslash, is refused. So whatever stands in a value, it cannot end it.
"""

import enum
import math
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias

from konfipay_async.errors import ConfigurationError
from konfipay_async.wallee.names import wire_path

__all__ = ["Chain", "Comparator", "Comparison", "Connective", "Field", "Not", "Q", "Query", "Value"]

Value: TypeAlias = str | int | Decimal | bool | date | datetime | enum.Enum
"""What a field is compared with. A float has no exact digits and is refused, and so is a time without an offset."""

Connective: TypeAlias = Literal["AND", "OR"]
Comparator: TypeAlias = Literal[":", ":<", ":>", ":<=", ":>=", ":*", ":~"]


class Query:
    """A part of a query or a whole one: join them with `&` and `|`, turn them round with `~`, ``str()`` writes them.

    Its repr leaves values out, they may be names.
    """

    __slots__ = ()

    def __and__(self, other: "Query") -> "Query":
        return _joined(self, "AND", other)

    def __or__(self, other: "Query") -> "Query":
        return _joined(self, "OR", other)

    def __invert__(self) -> "Query":
        return Not(self)

    def __bool__(self) -> bool:
        raise TypeError("a query is neither true nor false: join with & and |, turn round with ~")


@dataclass(frozen=True, slots=True)
class Comparison(Query):
    """One term: a field, how it is compared, and the text it is compared with ("" for `:*`, which has none)."""

    name: str
    comparator: Comparator
    value: str = field(default="", repr=False)

    def __str__(self) -> str:
        match self.comparator:
            case ":*":
                written = ""
            case ":~" if all(map(_BARE.fullmatch, self.value.split(","))):  # as the described example has it
                written = self.value
            case _:
                written = _quoted(self.value)
        return f"{self.name}{self.comparator}{written}"


@dataclass(frozen=True, slots=True)
class Not(Query):
    """What is excluded."""

    term: Query

    def __invert__(self) -> Query:
        return self.term

    def __str__(self) -> str:
        return f"-{self.term}" if isinstance(self.term, Comparison) else f"-({self.term})"


@dataclass(frozen=True, slots=True)
class Chain(Query):
    """Terms with a connective between each and the next.

    What is built has one kind of connective in a chain. One that was read may have both, and is written as it was
    read: which of them binds tighter is the API's to know.
    """

    terms: tuple[Query, ...]
    connectives: tuple[Connective, ...]

    def __post_init__(self) -> None:
        if len(self.terms) < 2 or len(self.connectives) != len(self.terms) - 1:
            raise ConfigurationError("a chain has two terms or more, and a connective between each and the next")

    def __str__(self) -> str:
        first, *rest = (f"({term})" if isinstance(term, Chain) else str(term) for term in self.terms)
        return first + "".join(f" {how} {term}" for how, term in zip(self.connectives, rest, strict=True))


class Field:
    """A field to compare; what is inside is reached by dots: ``Q.charge.transaction.state``.

    Names are written in snake_case or as on the wire. One that is called like a method of this class is ``Q["…"]``.
    """

    __slots__ = ("_path",)

    def __init__(self, path: str) -> None:
        self._path = wire_path(path, "a query")

    def __getattr__(self, name: str) -> "Field":
        if name.startswith("_"):  # what copy, pickle and the like ask for
            raise AttributeError(name)
        return Field(f"{self._path}.{name}")

    def __getitem__(self, name: str) -> "Field":
        return Field(f"{self._path}.{name}")

    def __eq__(self, value: Value | None) -> Query:  # type: ignore[override]
        return self.is_null() if value is None else Comparison(self._path, ":", _text(self._path, value))

    def __ne__(self, value: Value | None) -> Query:  # type: ignore[override]
        return Not(self == value)

    def __lt__(self, value: Value) -> Query:
        return Comparison(self._path, ":<", _text(self._path, value))

    def __le__(self, value: Value) -> Query:
        return Comparison(self._path, ":<=", _text(self._path, value))

    def __gt__(self, value: Value) -> Query:
        return Comparison(self._path, ":>", _text(self._path, value))

    def __ge__(self, value: Value) -> Query:
        return Comparison(self._path, ":>=", _text(self._path, value))

    def is_null(self) -> Query:
        """It has no value."""
        return Comparison(self._path, ":*")

    def contains(self, *values: Value) -> Query:
        """It holds all of these. A comma divides them on the wire, so none of them may have one."""
        texts = [_text(self._path, value) for value in values]
        if not texts or any("," in text for text in texts):
            raise ConfigurationError(f"{self._path} contains: give one value or more, none of them with a comma")
        return Comparison(self._path, ":~", _checked(self._path, ",".join(texts)))

    def one_of(self, *values: Value) -> Query:
        """It equals one of these."""
        if not values:
            raise ConfigurationError(f"{self._path} is one of: give one value or more")
        query, *rest = (self == value for value in values)
        for other in rest:
            query = query | other
        return query

    def __str__(self) -> str:
        return self._path

    def __repr__(self) -> str:
        return f"Field({self._path!r})"

    def __hash__(self) -> int:
        return hash(self._path)

    def __bool__(self) -> bool:
        raise TypeError(f"{self._path} is a field, neither true nor false: compare it, as in Q.{self._path} == 1")

    def __and__(self, other: object) -> Query:
        raise TypeError("a comparison needs its own brackets: (Q.a == 1) & (Q.b == 2)")

    __rand__ = __or__ = __ror__ = __and__


class _Start:
    """Where every query begins: ``Q.state``, or ``Q["state"]``."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Field:
        if name.startswith("_"):
            raise AttributeError(name)
        return Field(name)

    def __getitem__(self, name: str) -> Field:
        return Field(name)

    def __repr__(self) -> str:
        return "Q"


Q: Final = _Start()


def _joined(left: Query, how: Connective, right: Query) -> Query:
    if not isinstance(right, Query):
        return NotImplemented
    terms: list[Query] = []
    for side in (left, right):
        alike = isinstance(side, Chain) and set(side.connectives) == {how}
        terms += side.terms if isinstance(side, Chain) and alike else [side]
    return Chain(tuple(terms), (how,) * (len(terms) - 1))


# Letters and digits, and what stands inside of dates, ids, references: never a sign the grammar could take for its own.
_BARE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_REFUSED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def _quoted(value: str) -> str:
    if _BARE.fullmatch(value) and value not in ("AND", "OR", "NOT"):
        return value
    return f"'{value}'" if '"' in value else f'"{value}"'


def _text(name: str, value: Any) -> str:
    """One value as the API writes it. ConfigurationError for what has no exact spelling."""
    match value:
        case bool():
            return "true" if value else "false"
        case enum.Enum():
            return _text(name, value.value)
        case str():
            return _checked(name, value)
        case int():
            return str(value)
        case Decimal() if value.is_finite():
            return format(value, "f")
        case datetime() if value.tzinfo is not None:
            # Without a plus sign, which is a space to some who read URLs.
            return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
        case date() if not isinstance(value, datetime):
            return value.isoformat()
    hint = {
        datetime: "this time has no offset: give one with a time zone",
        float: "a float has no exact digits: give a Decimal",
        Decimal: "give a finite number",
        type(None): "nothing is smaller or greater than null: use is_null()",
    }.get(type(value), "give a str, int, Decimal, bool, date, datetime or Enum")
    shown = f" ({value})" if isinstance(value, float) and math.isfinite(value) else ""
    raise ConfigurationError(f"query, {name}: {hint}{shown}")


def _checked(name: str, value: str) -> str:
    if '"' in value and "'" in value:
        raise ConfigurationError(
            f"query, {name}: the value holds both kinds of quotes, and the API has no way to write that"
        )
    if "\\" in value:
        raise ConfigurationError(f"query, {name}: what a backslash means to the API is unknown, so it is refused")
    if _REFUSED.search(value):
        raise ConfigurationError(f"query, {name}: the value holds a control character, or one that is no valid Unicode")
    return value
