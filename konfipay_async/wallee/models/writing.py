"""What a user gives for a body, as JSON.

A body is a mapping (or a model, or a list of them for bulk operations). Its names are the API's, in snake_case or as
they are on the wire: ``{"version": 3, "given_name": "Jane"}``. What is not in the mapping is not sent and stays as it
is; None is sent as null and clears a field; ``msgspec.UNSET`` is as if it were not there. Of a model, what is None
is not sent. Names are translated, not checked: the live API is ahead of every table, and says itself what it does
not know. The keys inside ``meta_data`` and ``attributes`` are the user's own, and sent as they are.
"""

import enum
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from konfipay_async.errors import ConfigurationError
from konfipay_async.wallee.models.record import Record
from konfipay_async.wallee.names import wire_name
from konfipay_async.wallee.shape import metadata

__all__ = ["encode"]

# Objects whose keys are no names of the API's.
_MAPS = frozenset({"metaData", "attributes"})
_LONG = range(-(2**63), 2**63)


def encode(body: object) -> bytes:
    """The JSON of a body. Money is Decimal or int, and written digit by digit.

    Raises ConfigurationError for a float, for what is not finite, a time without an offset, metadata beyond the API's
    limits, and what JSON does not have; it names the field and never says what stood there.
    """
    try:
        return _ENCODER.encode(_plain(body, "", translated=True))
    except UnicodeEncodeError:
        raise ConfigurationError("a text holds a character that is no valid Unicode") from None
    except RecursionError:
        raise ConfigurationError("the body is nested too deeply, or holds itself") from None


_ENCODER = msgspec.json.Encoder(decimal_format="number")


def _plain(value: Any, path: str, *, translated: bool) -> Any:
    """The same in what JSON has; `translated` where keys are names of the API's."""
    match value:
        case None | bool():
            return value
        case enum.Enum():
            return _plain(value.value, path, translated=translated)
        case str():
            return value
        case int() if value in _LONG:
            return int(value)
        case Decimal() if value.is_finite():
            return value
        case datetime() if value.tzinfo is not None:
            return value.isoformat()
        case date() if not isinstance(value, datetime):
            return value.isoformat()
        case Record():
            return _plain(value.raw, path, translated=False)
        case msgspec.Struct():
            return _of_model(value, path)
        case Mapping():
            return _of_mapping(value, path, translated=translated)
        case list() | tuple():
            return [_plain(item, f"{path}[{index}]", translated=translated) for index, item in enumerate(value)]
    raise ConfigurationError(f"{path or 'the body'}: {_hint(value)}")


def _hint(value: object) -> str:
    match value:
        case float():
            return "a float has no exact digits: give a Decimal"
        case int():
            return "an integer has at most 64 bits"
        case Decimal():
            return "give a finite number"
        case datetime():
            return "this time has no offset: give one with a time zone"
    return f"a {type(value).__name__} has no JSON: give str, int, Decimal, bool, date, datetime, Enum, list or dict"


def _of_model(value: msgspec.Struct, path: str) -> dict[str, Any]:
    given = zip(value.__struct_encode_fields__, msgspec.structs.astuple(value), strict=True)
    return _of_mapping({name: item for name, item in given if item is not None}, path, translated=True)


def _of_mapping(value: Mapping[Any, Any], path: str, *, translated: bool) -> dict[str, Any]:
    written: dict[str, Any] = {}
    for name, item in value.items():
        if not isinstance(name, str):
            raise ConfigurationError(f"{path or 'the body'}: a key is a {type(name).__name__}: give names as texts")
        if item is msgspec.UNSET:
            continue
        wire = wire_name(name) if translated else name
        inside = f"{path}.{wire}" if path else wire
        if wire in written:
            raise ConfigurationError(f"{inside} is given twice, in snake_case and as it is on the wire")
        if translated and wire == "metaData" and item is not None:
            item = metadata(item)
        written[wire] = _plain(item, inside, translated=translated and wire not in _MAPS)
    return written
