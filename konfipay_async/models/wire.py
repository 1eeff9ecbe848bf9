"""What all models share: how a Struct meets the wire, and decoding.

Bodies are decoded strictly first, straight from bytes into Structs with no Python per row. Only when that fails is
the body read again tolerantly: numbers where strings were promised and the reverse, dates where times were promised,
empty strings and nulls where something optional may be missing. What still cannot be read is a `DecodeError`.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from konfipay_async.errors import ConfigurationError, DecodeError
from konfipay_async.models.times import german_midnight
from konfipay_async.tolerance import as_day, as_text, as_truth, as_whole, exact

__all__ = ["OpenWire", "Wire", "decode", "encode", "encode_with"]

T = TypeVar("T")


class Wire(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """The base of every model: immutable, camelCase on the wire, unknown fields ignored.

    `gc=False` keeps the garbage collector away from rows (they hold no reference cycles), which is what makes
    holding hundreds of thousands of them cheap.
    """


# No field of the API's has a space in its name.
_EXTRA = " extra"


class OpenWire(Wire, frozen=True, gc=False, kw_only=True):
    """A model whose fields are not documented: what has no name here is kept in `extra`, by its name on the wire."""

    extra: dict[str, Any] = msgspec.field(name=_EXTRA, default_factory=dict)


def decode(body: bytes, type_: type[T], *, where: str = "") -> T:
    """Decode a JSON body.

    `where` names the request and page for the error's text. Raises DecodeError, which says which field and why,
    never what stood there: values may be personal data.
    """
    kind: Any = type_
    value: T
    try:
        if not _is_open(kind):
            value = _decoder(kind).decode(body)
            return value
    except msgspec.ValidationError:
        pass
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _malformed(body, where) from None
    try:
        value = msgspec.convert(_mend(_UNTYPED.decode(body), _type_info(kind)), kind)
        return value
    except msgspec.ValidationError as error:
        reason, field = _reason(str(error))
        place = f" of {where}" if where else ""
        message = f"cannot read {field or 'the body'}{place}: {reason}"
        raise DecodeError(message, where=where, field=field, body=body) from None
    except (ValueError, ArithmeticError, RecursionError):
        raise _malformed(body, where) from None


def encode(value: object) -> bytes:
    """The JSON of a model, or of several; Decimals as bare numbers, digit by digit."""
    try:
        return _ENCODER.encode(value)
    except UnicodeEncodeError:
        raise ConfigurationError("a text holds a character that is no valid Unicode") from None


def encode_with(value: Wire, **fields: str) -> bytes:
    """The JSON of a model, with further fields by their names on the wire."""
    return encode({**msgspec.to_builtins(value, builtin_types=(Decimal,)), **fields})


_ENCODER = msgspec.json.Encoder(decimal_format="number")


# Decimal, because an untyped number would pass through float and lose digits of money.
_UNTYPED: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=exact)


@lru_cache(maxsize=256)
def _decoder(type_: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(type_, float_hook=exact)  # of what has no type inside it


@lru_cache(maxsize=256)
def _is_open(type_: Any) -> bool:
    """Whether a body of this type is rows, or one, of which everything is kept."""
    return f"encode_name={_EXTRA!r}" in repr(_type_info(type_))


@lru_cache(maxsize=256)
def _type_info(type_: Any) -> inspect.Type:
    return inspect.type_info(type_)


def _malformed(body: bytes, where: str) -> DecodeError:
    start = body[:200].lstrip().lower()
    if not start:
        found = "an empty body"
    elif start.startswith((b"<!doctype html", b"<html")):
        found = "an HTML page (a proxy's or a maintenance page? is the base URL right?)"
    elif start.startswith(b"<"):
        found = "XML"
    else:
        found = f"{len(body)} bytes that are not valid JSON"
    return DecodeError(
        f"expected JSON{f' for {where}' if where else ''}, got {found}", where=where, body=body, malformed=True
    )


def _reason(text: str) -> tuple[str, str]:
    reason, _, path = text.partition(" - at `")
    # msgspec quotes the value for enumerations and patterns; a value has no place in an error's text.
    return re.sub(r"'[^']*'", "…", reason), path.removesuffix("`")


_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")


def _mend(value: Any, kind: inspect.Type) -> Any:
    """Bend an untyped value towards the type it is meant to have; what does not fit is left as it is."""
    if isinstance(kind, inspect.UnionType):
        return _mend_optional(value, kind)
    if isinstance(kind, inspect.StructType) and isinstance(value, dict):
        known = {field.encode_name: field for field in kind.fields}
        mended = {name: _mend(item, known[name].type) for name, item in value.items() if name in known}
        if _EXTRA in known:
            mended[_EXTRA] = {name: item for name, item in value.items() if name not in known}
        # A null where a default exists is a missing field.
        return {name: item for name, item in mended.items() if item is not None or known[name].required}
    if isinstance(kind, inspect.ListType):
        return [] if value is None else _each(value, kind.item_type)
    simple = _SIMPLE.get(type(kind))
    return value if simple is None or value is None else simple(value)


def _each(value: Any, kind: inspect.Type) -> Any:
    return [_mend(item, kind) for item in value] if isinstance(value, list) else value


def _mend_optional(value: Any, union: inspect.UnionType) -> Any:
    kinds = [kind for kind in union.types if not isinstance(kind, inspect.NoneType)]
    if len(kinds) != 1:
        return value
    optional = len(kinds) < len(union.types)
    if optional and value == "" and not isinstance(kinds[0], inspect.StrType):
        return None
    return _mend(value, kinds[0])


def _number(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}(\.\d{1,18})?", value.strip()):
        return float(value)
    return float(value) if isinstance(value, Decimal) else value


def _moment(value: Any) -> Any:
    if not isinstance(value, str) or not _DATE.match(value):
        return value
    try:
        return german_midnight(value).isoformat()
    except ValueError:  # the 30th of February: left for the field to be named
        return value


_SIMPLE: dict[type[inspect.Type], Callable[[Any], Any]] = {
    inspect.StrType: as_text,
    inspect.EnumType: as_text,
    inspect.IntType: as_whole,
    inspect.FloatType: _number,
    inspect.DateTimeType: _moment,
    inspect.DateType: as_day,
    inspect.BoolType: as_truth,
}
