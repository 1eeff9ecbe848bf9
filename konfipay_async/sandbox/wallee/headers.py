"""What the headers of a request must say: the space or account it is about, and the formats of both bodies."""

from collections.abc import Container
from typing import Any, Final

import msgspec

from konfipay_async.sandbox.wallee.routing import Operation
from konfipay_async.sandbox.wallee.wire import RefusedError, decode

__all__ = ["answers_with", "body_of", "number_in"]

_PRODUCES: Final = {"csv": "text/csv", "text": "text/plain"}


def number_in(headers: dict[str, str], name: str, allowed: Container[object]) -> int:
    """The id in this header: 400 without one, 403 for one that this user has nothing to do with (inferred)."""
    text = headers.get(name.lower(), "").strip()
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise RefusedError(400, f"The header {name} is missing or no number", {name: "an id is expected"})
    if int(text) not in allowed:
        raise RefusedError(403, f"The application user has no permission here: {name} {int(text)}")
    return int(text)


def answers_with(operation: Operation, headers: dict[str, str]) -> None:
    """Refuse with 406 when the answer would be of no format in Accept.

    A GET that says what type its body is, and has none, is 406 as well: an integrator saw that.
    """
    produced = _PRODUCES.get(operation.kind, "application/json")
    accepted = [item.partition(";")[0].strip().lower() for item in headers.get("accept", "*/*").split(",")]
    if not {produced, f"{produced.partition('/')[0]}/*", "*/*"} & set(accepted):
        raise RefusedError(406, f"The answer is {produced}, and that is not accepted")
    if operation.method == "GET" and "content-type" in headers:
        raise RefusedError(406, "A request without a body has a Content-Type")


def body_of(operation: Operation, headers: dict[str, str], raw: bytes | None) -> Any:
    """The JSON of the body, None where none is needed: 415 for another format, 400 for what cannot be read."""
    if raw is None:
        raise RefusedError(413, "The body is too large")
    if not raw:
        if operation.body:
            raise RefusedError(400, "The body is missing")
        return None
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise RefusedError(415, "The body is not announced as application/json")
    try:
        return decode(raw)
    except msgspec.DecodeError:
        raise RefusedError(400, "The body is no JSON") from None
