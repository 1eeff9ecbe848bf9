"""JSON objects in request bodies. What cannot be read is a BadParameterError."""

from typing import Any

import msgspec

from konfipay_async.sandbox.konfipay.queries import INVALID_PARAMETER, MISSING_PARAMETER, BadParameterError

__all__ = ["flag", "json_object", "required", "text"]


def json_object(body: bytes) -> dict[str, Any]:
    """The object in the body."""
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except ValueError:
        raise BadParameterError(MISSING_PARAMETER, "The body is no JSON object.") from None


def required(fields: dict[str, Any], name: str) -> str:
    """A text that must be there and not blank."""
    value = fields.get(name)
    if not isinstance(value, str) or not value.strip():
        raise BadParameterError(MISSING_PARAMETER, f"{name} is missing.")
    return value


def text(fields: dict[str, Any], name: str) -> str | None:
    """A text that may be missing or null."""
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise BadParameterError(INVALID_PARAMETER, f"{name}: allowed is a text")
    return value


def flag(fields: dict[str, Any], name: str) -> bool | None:
    """A yes or no that may be missing or null."""
    value = fields.get(name)
    if value is not None and not isinstance(value, bool):
        raise BadParameterError(INVALID_PARAMETER, f"{name}: allowed are true and false")
    return value
