"""Queries that are given as text: read by the same grammar, so that a mistake is an error before anything is sent."""

import re
from typing import NoReturn

from konfipay_async.errors import ConfigurationError, QuerySyntaxError
from konfipay_async.wallee.query import Chain, Comparator, Comparison, Connective, Not, Query

__all__ = ["parse", "query_text"]

_DEPTH = 50


def parse(text: str) -> Query:
    """The query that stands there.

    The described grammar: terms, AND, OR or nothing (AND) between them, `-` or ``NOT `` before them, brackets. ``=`` is
    taken for ``:``, as the described example has it. Names are read as they stand. Brackets that do nothing are not
    kept. Raises QuerySyntaxError, which shows the place; values are not shown, they may be names.
    """
    return _Reader(text).query()


def query_text(query: Query | str) -> str:
    """What is sent for a query that was built or written. Raises QuerySyntaxError or ConfigurationError."""
    if isinstance(query, str):
        return str(parse(query))
    if isinstance(query, Query):
        return str(query)
    raise ConfigurationError(f"a query is a text, or built with Q; this is a {type(query).__name__}")


_SPACE = re.compile(r"[ \t\r\n]+")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")
_COMPARATOR = re.compile(r"[:=](<=|>=|<|>|\*|~)?")
_CONNECTIVE = re.compile(r"(AND|OR)(?=[ \t\r\n(]|\Z)")
_NOT = re.compile(r"NOT(?=[ \t\r\n(]|\Z)")
_BARE_VALUE = re.compile(r"""[^\s()"'<>=*~:][^\s()"']*""")
_COMPARATORS: dict[str, Comparator] = {"": ":", "<": ":<", ">": ":>", "<=": ":<=", ">=": ":>=", "*": ":*", "~": ":~"}


class _Reader:
    """One text, read from left to right. `_shown` are the stretches of it that an error may show: no values."""

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            raise ConfigurationError(f"a query is a text; this is a {type(text).__name__}")
        self._text = text
        self._at = 0
        self._depth = 0
        self._shown: list[tuple[int, int]] = []

    def query(self) -> Query:
        self._skip()
        if self._at == len(self._text):
            self._fail("the query is empty")
        query = self._chain()
        if self._at < len(self._text):
            self._fail("this bracket closes nothing")
        return query

    def _chain(self) -> Query:
        """Up to the end, or to a closing bracket, which is left there."""
        terms = [self._term()]
        connectives: list[Connective] = []
        while True:
            apart = self._skip()
            if self._at == len(self._text) or self._text[self._at] == ")":
                break
            if not apart:
                self._fail("a space is missing")
            connectives.append(self._connective())
            terms.append(self._term())
        return Chain(tuple(terms), tuple(connectives)) if connectives else terms[0]

    def _connective(self) -> Connective:
        """AND where there is none."""
        found = _CONNECTIVE.match(self._text, self._at)
        if found is None:
            return "AND"
        self._show(found)
        apart = self._skip()
        if self._at == len(self._text):
            self._fail(f"nothing comes after {found[1]}")
        if not apart:
            self._fail(f"a space is missing after {found[1]}")
        return "OR" if found[1] == "OR" else "AND"

    def _term(self) -> Query:
        if self._text.startswith("-", self._at):
            self._at += 1
            if self._skip():
                self._fail("no space may follow the minus sign")
            return Not(self._subject())
        negation = _NOT.match(self._text, self._at)
        if negation is not None:
            self._show(negation)
            if not self._skip():
                self._fail("a space is missing after NOT")
            return Not(self._subject())
        return self._subject()

    def _subject(self) -> Query:
        """What is in brackets, or a comparison."""
        if not self._text.startswith("(", self._at):
            return self._comparison()
        opened = self._at
        self._at += 1
        self._depth += 1
        if self._depth > _DEPTH:
            self._fail(f"brackets are more than {_DEPTH} deep", opened)
        self._skip()
        query = self._chain()
        if self._at == len(self._text):
            self._fail("this bracket is not closed", opened)
        self._at += 1
        self._depth -= 1
        return query

    def _comparison(self) -> Query:
        name = _NAME.match(self._text, self._at)
        if name is None:
            self._fail("a field's name is missing")
        if name[0] in ("AND", "OR") and not _COMPARATOR.match(self._text, name.end()):
            self._fail(f"{name[0]} stands between two terms")
        sign = _COMPARATOR.match(self._text, name.end())
        if sign is None:
            hint = "; AND, OR and NOT are written in capitals" if name[0] in ("and", "or", "not") else ""
            self._fail(f"after a name comes one of {', '.join(_COMPARATORS.values())}{hint}", name.end())
        self._show(name)
        self._show(sign)
        comparator = _COMPARATORS[sign[1] or ""]
        if comparator == ":*":
            if self._at < len(self._text) and not self._text[self._at].isspace() and self._text[self._at] != ")":
                self._fail("no value follows :*, which asks whether there is none")
            return Comparison(name[0], comparator)
        return Comparison(name[0], comparator, self._value())

    def _value(self) -> str:
        quote = self._text[self._at : self._at + 1]
        if quote and quote in "\"'":
            end = self._text.find(quote, self._at + 1)
            if end < 0:
                self._fail("this quote is not closed")
            value, self._at = self._text[self._at + 1 : end], end + 1
            return value
        bare = _BARE_VALUE.match(self._text, self._at)
        if bare is None:
            self._fail("a value is missing, or has to stand in quotes")
        self._at = bare.end()
        if self._text[self._at : self._at + 1] in ('"', "'"):
            self._fail("a value with a quote in it has to stand in quotes of the other kind")
        return bare[0]

    def _skip(self) -> bool:
        """Whether there was white space, which is behind us now."""
        space = _SPACE.match(self._text, self._at)
        if space is not None:
            self._at = space.end()
        return space is not None

    def _show(self, found: re.Match[str]) -> None:
        self._shown.append(found.span())
        self._at = found.end()

    def _fail(self, reason: str, at: int | None = None) -> NoReturn:
        position = self._at if at is None else at
        masked = list(re.sub(r"\w", "·", self._text))
        for start, end in self._shown:
            masked[start:end] = self._text[start:end]
        # A window of the line, so that the caret is not lost on a screen.
        start = max(0, position - 60)
        line = "".join(masked)[start : position + 40]
        line = re.sub(r"[^\S ]|[\x00-\x1f\x7f-\x9f]", " ", line)
        picture = f"\n  {line}\n  {' ' * (position - start)}^" if line.strip() else ""
        message = f"the query cannot be read at character {position + 1}: {reason}{picture}"
        raise QuerySyntaxError(message, position=position)
