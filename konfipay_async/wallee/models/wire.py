"""How a model of the signed API meets the wire: strictly first, straight from bytes, and tolerantly where that fails.

The second look (mending.py) takes what a server may make of a type: an id where a linked object was promised and the
reverse, numbers as text, days where times were promised. What still cannot be read is a `DecodeError`.
"""

import re
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from konfipay_async.errors import ConfigurationError, DecodeError
from konfipay_async.tolerance import exact
from konfipay_async.wallee.models.mending import mended
from konfipay_async.wallee.models.record import Record

__all__ = ["Wire", "decode", "finite"]

T = TypeVar("T")


class Wire(
    msgspec.Struct, frozen=True, gc=False, rename="camel", omit_defaults=True, repr_omit_defaults=True, kw_only=True
):
    """The base of every model: immutable, camelCase on the wire, unknown fields ignored.

    None stands for what was not sent, or null. A model with amounts checks in its `__post_init__` that they are
    finite: "NaN" is a Decimal, too.
    """


def finite(*amounts: Decimal | None) -> None:
    """ValueError where one of them is no finite number; msgspec makes a ValidationError of it that names the place.

    A float, which only a user can give, is a ConfigurationError.
    """
    for amount in amounts:
        if isinstance(amount, Decimal):
            if not amount.is_finite():
                raise ValueError("not a finite number")
        elif isinstance(amount, float):
            raise ConfigurationError("a float has no exact digits: give a Decimal for amounts and quantities")


def decode(body: bytes, type_: type[T], *, where: str = "") -> T:
    """Decode a JSON body: a model, a Record, or a list or portion of them.

    `where` names the request and page for the error's text. Raises DecodeError, which says which field and why,
    never what stood there: values may be personal data.
    """
    kind: Any = type_
    value: T
    try:
        value = _decoder(kind).decode(body)
        return value
    except msgspec.ValidationError:
        pass
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _malformed(body, where) from None
    try:
        value = msgspec.convert(mended(_UNTYPED.decode(body), kind), kind, dec_hook=_made)
        return value
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `")
        field = path.removesuffix("`")
        place = f" of {where}" if where else ""
        # msgspec quotes the value for enumerations; a value has no place in an error's text.
        reason = re.sub(r"'[^']*'", "…", reason)
        message = f"cannot read {field or 'the body'}{place}: {reason}"
        raise DecodeError(message, where=where, field=field, body=body) from None
    except (ValueError, ArithmeticError, RecursionError):
        raise _malformed(body, where) from None


def _made(kind: type, value: Any) -> Any:
    if kind is Record:
        return Record.of(value)
    raise NotImplementedError  # pragma: no cover (there is no other type of our own)


# Decimal, because an untyped number would pass through float and lose digits of money.
_UNTYPED: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=exact)


@lru_cache(maxsize=256)
def _decoder(type_: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(type_, dec_hook=_made, float_hook=exact)


def _malformed(body: bytes, where: str) -> DecodeError:
    start = body[:200].lstrip().lower()
    if not start:
        found = "an empty body"
    elif start.startswith((b"<!doctype html", b"<html")):
        found = "an HTML page (a proxy's or a maintenance page? is the base URL right?)"
    else:
        found = f"{len(body)} bytes that are not valid JSON"
    return DecodeError(
        f"expected JSON{f' for {where}' if where else ''}, got {found}", where=where, body=body, malformed=True
    )
