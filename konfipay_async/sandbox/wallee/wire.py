"""JSON as it goes over the wire: money is a number there and a Decimal here. And the answers that are all alike."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import msgspec

from konfipay_async.sandbox.sending import Answer

__all__ = ["CSV", "JSON", "TEXT", "RefusedError", "decode", "encode", "json_answer", "stamp", "text_answer"]

CSV: Final = "text/csv; charset=utf-8"
JSON: Final = "application/json; charset=utf-8"
TEXT: Final = "text/plain; charset=utf-8"

encode: Final = msgspec.json.Encoder(decimal_format="number").encode
decode: Final = msgspec.json.Decoder(float_hook=Decimal).decode


class RefusedError(Exception):
    """The request is answered with an error. `errors` are names of fields or parameters, and what is wrong with each.

    The shape of the body is the official SDK's, what `code` and `message` say is made up.
    """

    def __init__(self, status: int, message: str, errors: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.errors = errors
        self.headers: dict[str, str] = {}

    def body(self, number: int, at: float) -> dict[str, Any]:
        """The error as a value; `number` tells errors apart, `at` is the server's time."""
        code = _CODES.get(self.status, "error")
        body: dict[str, Any] = {"code": code, "date": stamp(at), "id": f"e{number:08d}", "message": str(self)}
        return body | ({"errors": self.errors} if self.errors else {})

    def answer(self, number: int, at: float) -> Answer:
        """The error as an answer."""
        return Answer(self.status, encode(self.body(number, at)), JSON, self.headers)


_CODES: Final = {
    400: "bad_request",
    401: "unauthorized",
    403: "permission_denied",
    404: "not_found",
    406: "not_acceptable",
    409: "conflict",
    413: "payload_too_large",
    415: "unsupported_media_type",
    416: "range_not_satisfiable",
    422: "unprocessable_entity",
    429: "too_many_requests",
    500: "internal_server_error",
    504: "gateway_timeout",
}


def json_answer(value: object, status: int = 200, rows: int = 0) -> Answer:
    """The value as JSON."""
    return Answer(status, encode(value), JSON, rows=rows)


def text_answer(text: str) -> Answer:
    """A bare text."""
    return Answer(200, text.encode(), TEXT)


def stamp(seconds: float) -> str:
    """A date-time as the API writes it, in UTC (ISO 8601 is documented; three digits and Z are made up)."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
