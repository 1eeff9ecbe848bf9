"""Filters of lists: snake_case keyword arguments become the API's lower-case hyphenated query names, mechanically.

What a filter may be is read off the TypedDict that also tells the type checker, so that both say the same.
"""

import enum
import math
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from konfipay_async.errors import ConfigurationError

__all__ = ["Query", "checked_page_size", "query_of", "query_value"]

Query = tuple[tuple[str, str], ...]


def query_of(
    filters: Mapping[str, Any],
    allowed: type,
    *,
    extra: Mapping[str, Any] | None = None,
    names: Mapping[str, str] | None = None,
    reserved: tuple[str, ...] = (),
) -> Query:
    """The query for these filters; None leaves one out.

    `allowed` is their TypedDict, `names` replaces wire names the API calls differently, `extra` are wire names and
    values we do not know, `reserved` wire names nobody may set. Raises ConfigurationError.
    """
    kinds = _kinds(allowed)
    names = names or {}
    pairs: list[tuple[str, str]] = []
    for name, value in filters.items():
        if name not in kinds:
            import difflib

            close = difflib.get_close_matches(name, kinds, n=1)
            hint = f" (did you mean {close[0]!r}?)" if close else ""
            raise ConfigurationError(
                f"there is no filter {name!r}{hint}; there are {', '.join(sorted(kinds))}. "
                f"What is missing here goes through extra={{'the-api-s-name': value}}."
            )
        if value is not None:
            _check(name, value, kinds[name])
            pairs.append((_wire_name(name, names), query_value(name, value)))
    taken = {_wire_name(name, names): name for name in kinds}
    for wire_name, value in (extra or {}).items():
        if wire_name in taken:
            raise ConfigurationError(f"extra={{{wire_name!r}: …}}: use the filter {taken[wire_name]}=…")
        if wire_name in reserved:
            raise ConfigurationError(f"extra={{{wire_name!r}: …}}: paging is done for you")
        pairs.append((wire_name, query_value(wire_name, value)))
    return tuple(pairs)


def query_value(name: str, value: Any) -> str:
    """One value as the API writes it. ConfigurationError for what has no exact spelling."""
    match value:
        case bool():
            return "true" if value else "false"
        case enum.Enum():
            return query_value(name, value.value)
        case str():
            if not value.isascii() and re.search("[\ud800-\udfff]", value):
                raise ConfigurationError(f"{name} holds a character that is no valid Unicode")
            return value
        case int():
            return str(value)
        case Decimal() if value.is_finite():
            return format(value, "f")
        case date() if not isinstance(value, datetime):
            return value.isoformat()
    hint = {
        datetime: "the API takes a day here: give a datetime.date",
        float: "a float has no exact digits: give a Decimal",
    }.get(type(value), "give a str, int, bool, date, Decimal or Enum")
    raise ConfigurationError(f"{name}={_shown(value)}: {hint}")


def checked_page_size(page_size: object) -> int:
    """A page size the API accepts (documented: up to 1000 rows). ConfigurationError for others."""
    if isinstance(page_size, bool) or not isinstance(page_size, int) or not 1 <= page_size <= 1000:
        raise ConfigurationError(f"page_size={page_size!r}: the API serves 1 to 1000 rows a page")
    return page_size


def _wire_name(name: str, names: Mapping[str, str]) -> str:
    return names.get(name, name.replace("_", "-"))


@cache
def _kinds(allowed: type) -> dict[str, Any]:
    return get_type_hints(allowed)


def _check(name: str, value: Any, kind: Any) -> None:
    wanted = _wanted(value, kind)
    if wanted is not None:
        raise ConfigurationError(f"{name}={_shown(value)}: give {wanted}")


def _wanted(value: Any, kind: Any) -> str | None:
    """What the filter takes, where the value is not of that; None where it is."""
    if isinstance(kind, UnionType) or get_origin(kind) is Union:
        all_wanted = [_wanted(value, part) for part in get_args(kind) if part is not NoneType]
        return None if None in all_wanted else " or ".join(map(str, all_wanted))
    if get_origin(kind) is Literal:
        allowed = get_args(kind)
        return None if value in allowed else " or ".join(map(repr, allowed))
    fits = isinstance(value, kind) and not (
        (isinstance(value, bool) and kind is not bool) or (isinstance(value, datetime) and kind is date)
    )
    return None if fits else _CALLED.get(kind, f"a {kind.__name__}")


_CALLED: dict[Any, str] = {bool: "True or False", date: "a datetime.date", int: "an int"}


def _shown(value: object) -> str:
    # What a filter holds may be a name or an IBAN: only what cannot be one is shown.
    harmless = isinstance(value, bool | int | datetime | date) or (isinstance(value, float) and not math.isnan(value))
    return repr(value) if harmless else f"<{type(value).__name__}>"
