"""The second look at a body that a strict decoder refused: bent towards the types it is meant to have."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from msgspec import inspect

from konfipay_async.tolerance import as_day, as_text, as_truth, as_whole

__all__ = ["mended"]


def mended(value: Any, type_: Any) -> Any:
    """The untyped value as near to the type as it can be understood; what cannot is left as it is, to be named.

    An id where an object is promised becomes an object with that id, an object where an id is promised its id;
    numbers and texts become each other; a day where a time is promised is its midnight (UTC); null and "" where
    something optional may be missing are nothing.
    """
    return _mended(value, _type_info(type_))


@lru_cache(maxsize=256)
def _type_info(type_: Any) -> inspect.Type:
    return inspect.type_info(type_)


def _mended(value: Any, kind: inspect.Type) -> Any:
    if isinstance(kind, inspect.UnionType):
        return _optional(value, kind)
    if isinstance(kind, inspect.StructType):
        return _object(value, kind)
    if isinstance(kind, inspect.ListType):
        return [_mended(item, kind.item_type) for item in value] if isinstance(value, list) else value
    if isinstance(kind, inspect.DictType) and isinstance(value, dict):
        return {name: _mended(item, kind.value_type) for name, item in value.items()}
    simple = _SIMPLE.get(type(kind))
    return value if simple is None or value is None else simple(value)


def _object(value: Any, kind: inspect.StructType) -> Any:
    fields = {field.encode_name: field for field in kind.fields}
    if isinstance(value, int | str) and not isinstance(value, bool) and "id" in fields:
        whole = _whole(value)
        return {"id": whole} if isinstance(whole, int) else value
    if not isinstance(value, dict):
        return value
    known = {name: _mended(item, fields[name].type) for name, item in value.items() if name in fields}
    # A null where a default exists is a missing field.
    return {name: item for name, item in known.items() if item is not None or fields[name].required}


def _optional(value: Any, union: inspect.UnionType) -> Any:
    kinds = [kind for kind in union.types if not isinstance(kind, inspect.NoneType)]
    if len(kinds) != 1 or value is None:
        return value
    if value == "" and not isinstance(kinds[0], inspect.StrType):
        return None
    return _mended(value, kinds[0])


def _whole(value: Any) -> Any:
    if isinstance(value, dict) and "id" in value:
        return _whole(value["id"])
    return as_whole(value)


def _linked(value: Any) -> Any:
    return _whole(value) if isinstance(value, str) else value


def _moment(value: Any) -> Any:
    return f"{value}T00:00:00Z" if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value) else value


_SIMPLE: dict[type[inspect.Type], Callable[[Any], Any]] = {
    inspect.StrType: as_text,
    inspect.EnumType: as_text,
    inspect.IntType: _whole,
    inspect.DateTimeType: _moment,
    inspect.DateType: as_day,
    inspect.BoolType: as_truth,
    inspect.CustomType: _linked,
}
