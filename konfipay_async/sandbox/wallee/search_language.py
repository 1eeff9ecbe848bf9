"""The search language: a query is read into a tree, and the tree says of each object whether it matches.

The grammar is the described one. Not described, and chosen here: AND binds more than OR; no escapes in quoted
values; an unquoted value ends at whitespace or a bracket; a field that an object does not have is null, and null
matches nothing but ``:*``; a list matches when one of its members does.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

__all__ = ["Condition", "Look", "Matches", "QueryError", "Term", "parse_order", "parse_query", "sort_key"]

Look = Callable[[str], Any]
"""Gives the value of a name, which may be dotted; None when there is none, a list when there are several."""
Matches = Callable[[Look], bool]

_COMPARATOR: Final = re.compile(r":(?:<=|>=|<|>|\*|~)?")
_NAME: Final = re.compile(r"[^\s:\"'()<>=*~-][^\s:\"'()<>=*~]*")
_SPACE: Final = re.compile(r"[ \t\r\n]+")
_UNQUOTED: Final = re.compile(r"[^\s\"'()]*")
_MOST: Final = 50


class QueryError(ValueError):
    """The query is not in the language. The text says where, counted from 1."""


@dataclass(frozen=True, slots=True)
class Term:
    """One comparison."""

    name: str
    comparator: str
    value: str

    def __call__(self, look: Look) -> bool:
        """Whether the object matches."""
        found = look(self.name)
        if self.comparator == ":*":
            return found is None or found == []
        members = found if isinstance(found, list) else [] if found is None else [found]
        if self.comparator == ":~":
            wanted = [word.casefold() for word in self.value.split(",")]
            if isinstance(found, list):
                texts = [_text(member).casefold() for member in members]
                return all(word in texts for word in wanted)
            return bool(members) and all(word in _text(found).casefold() for word in wanted)
        return any(_compare(member, self.comparator, self.value) for member in members)


@dataclass(frozen=True, slots=True)
class Condition:
    """Several conditions, joined; `word` is AND, OR, or NOT of a single one."""

    word: str
    parts: tuple[Matches, ...]

    def __call__(self, look: Look) -> bool:
        """Whether the object matches."""
        if self.word == "NOT":
            return not self.parts[0](look)
        joined = all if self.word == "AND" else any
        return joined(part(look) for part in self.parts)


def parse_query(text: str) -> Matches:
    """Read a query; one that is blank matches everything. Raises QueryError."""
    if not text.strip():
        return Condition("AND", ())
    reader = _Reader(text)
    found = reader.query(0)
    if reader.at < len(text):
        raise reader.error("there is a ) too many")
    return found


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def error(self, what: str) -> QueryError:
        return QueryError(f"{what}, at position {self.at + 1}")

    def take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        if found is None:
            return ""
        self.at = found.end()
        return found.group()

    def query(self, depth: int) -> Matches:
        if depth > _MOST:
            raise self.error("the brackets are too deep")
        self.take(_SPACE)
        groups: list[list[Matches]] = [[self.term(depth)]]
        while True:
            space = self.take(_SPACE)
            if self.at == len(self.text) or self.text[self.at] == ")":
                break
            if not space:
                raise self.error("a space is missing between two terms")
            word = self.take(re.compile(r"(?:AND|OR)(?=\s)"))
            if word:
                self.take(_SPACE)
            if word == "OR":
                groups.append([])
            groups[-1].append(self.term(depth))
        joined = [group[0] if len(group) == 1 else Condition("AND", tuple(group)) for group in groups]
        return joined[0] if len(joined) == 1 else Condition("OR", tuple(joined))

    def term(self, depth: int) -> Matches:
        modifier = self.take(re.compile(r"-(?!\s)|NOT\s+"))
        inner = self.brackets(depth) if self.text.startswith("(", self.at) else self.comparison()
        return Condition("NOT", (inner,)) if modifier else inner

    def brackets(self, depth: int) -> Matches:
        self.at += 1
        inner = self.query(depth + 1)
        if not self.text.startswith(")", self.at):
            raise self.error("a ) is missing")
        self.at += 1
        return inner

    def comparison(self) -> Term:
        name = self.take(_NAME)
        if not name:
            raise self.error("the name of a field is missing")
        comparator = self.take(_COMPARATOR)
        if not comparator:
            raise self.error("a comparator is missing")
        value = "" if comparator == ":*" else self.value()
        if self.at < len(self.text) and self.text[self.at] not in " \t\r\n)":
            raise self.error("a value cannot go on like that")
        return Term(name, comparator, value)

    def value(self) -> str:
        quote = self.text[self.at : self.at + 1]
        if quote not in ('"', "'"):
            return self.take(_UNQUOTED)
        end = self.text.find(quote, self.at + 1)
        if end < 0:
            raise self.error("a quoted value has no end")
        value = self.text[self.at + 1 : end]
        self.at = end + 1
        return value


def parse_order(text: str) -> list[tuple[str, bool]]:
    """The fields to sort by, and whether downwards: ``field[:ASC|DESC]``, joined by spaces. Raises QueryError."""
    fields: list[tuple[str, bool]] = []
    for item in text.split():
        name, colon, way = item.partition(":")
        if not name or (colon and way not in ("ASC", "DESC")):
            raise QueryError(f"{item!r} is no field with :ASC or :DESC behind it")
        fields.append((name, way == "DESC"))
    return fields


def sort_key(value: Any) -> tuple[int, Any]:
    """What objects are sorted by: what is null comes last, numbers before texts."""
    if value is None or isinstance(value, dict | list):
        return (3, "")
    if isinstance(value, bool | int | float | Decimal):
        return (0, value)
    return (1, str(value).casefold())


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return str(value.get("id", ""))
    return str(value)


def _compare(value: Any, comparator: str, wanted: str) -> bool:
    if isinstance(value, dict):
        value = value.get("id")
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        try:
            return _holds(Decimal(value), comparator, Decimal(wanted))
        except InvalidOperation:
            return False
    text = _text(value)
    moments = _moment(text), _moment(wanted)
    if moments[0] is not None and moments[1] is not None:
        return _holds(moments[0], comparator, moments[1])
    return _holds(text.casefold(), comparator, wanted.casefold())


def _holds(value: Any, comparator: str, wanted: Any) -> bool:
    match comparator:
        case ":":
            return bool(value == wanted)
        case ":<":
            return bool(value < wanted)
        case ":>":
            return bool(value > wanted)
        case ":<=":
            return bool(value <= wanted)
        case _:
            return bool(value >= wanted)


def _moment(text: str) -> datetime | None:
    if len(text) < 10 or not text[:4].isdigit():
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
