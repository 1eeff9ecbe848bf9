"""Answers as plain values: status, body, headers. The server only has to send them."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from konfipay_async.sandbox.sending import Answer
from konfipay_async.sandbox.stand_ins import stand_in

__all__ = [
    "API_DOCUMENTATION",
    "JSON",
    "bad_request",
    "conflict",
    "fault_answer",
    "forbidden",
    "json_answer",
    "no_content",
    "page",
    "rid_not_found",
    "too_large",
    "too_many",
    "unauthorized",
    "unknown_endpoint",
]

JSON: Final = "application/json; charset=utf-8"
API_DOCUMENTATION: Final = "https://portal.konfipay.de/Info/Api_Doc"


def json_answer(value: object, status: int = 200) -> Answer:
    """The value as JSON."""
    return Answer(status, msgspec.json.encode(value), JSON)


def no_content() -> Answer:
    """204 without a body: no rows match (API version 6, documented), or there is nothing to say."""
    return Answer(204)


def page(
    url: str, number: int, size: int, total: int, results: str, *, echo: int | None = None, rows: int = 0
) -> Answer:
    """One page in the wrapper of every list (API version 6, documented); `results` is JSON already."""
    body = (
        f'{{"pageNumber":{number if echo is None else echo},"pageSize":{size},'
        f'"totalPages":{-(-total // size)},"totalItems":{total},'
        f'"links":[{{"href":"{url}?pageNumber={number}&pageSize={size}","rel":"self","method":"GET"}}],'
        f'"results":{results}}}'
    )
    return Answer(200, body.encode(), JSON, rows=rows)


def _errors(status: int, errors: Sequence[tuple[str, str, str]]) -> Answer:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return json_answer(
        {
            "errors": [
                {"errorCode": code, "errorMessage": message, "errorDetails": details, "timestamp": now}
                for code, message, details in errors
            ]
        },
        status,
    )


def bad_request(code: tuple[str, str], details: str) -> Answer:
    """400 with the container `errors` (the name is documented for version 6, the shape was seen in version 5)."""
    return _errors(400, [(*code, details)])


def conflict(details: str) -> Answer:
    """409 for what the state of things does not allow (status, code and its name are inferred)."""
    return _errors(409, [("ERR-00-0000", "Conflict", details)])


def rid_not_found(details: str) -> Answer:
    """404 with error 01-0001 (the code is documented; that it comes with 404 is inferred)."""
    return _errors(404, [("ERR-01-0001", "RIdNotFound", details)])


def unauthorized(description: str) -> Answer:
    """401, empty text/plain, the reason in the header (seen in public code)."""
    challenge = f'Bearer error="invalid_token", error_description="{description}"'
    return Answer(401, b"", "text/plain", {"WWW-Authenticate": challenge})


def forbidden() -> Answer:
    """403 for a key without the scope (seen in public code; the code and its name are inferred)."""
    return _errors(403, [("ERR-00-0000", "Forbidden", "The API key has no permission for this request.")])


def too_large() -> Answer:
    """413, plain (made up: nothing is known of a largest body)."""
    return Answer(413, b"", "text/plain")


def unknown_endpoint() -> Answer:
    """404 in the way of an endpoint that does not exist (seen in public code)."""
    message = "The requested endpoint does not exist."
    return json_answer({"Message": message, "ApiDocumentationLink": API_DOCUMENTATION}, 404)


def too_many(wait: float | None) -> Answer:
    """429; `wait` seconds are rounded up in Retry-After, None leaves it out (body and header are not documented)."""
    headers = {} if wait is None else {"Retry-After": str(max(1, math.ceil(wait)))}
    return Answer(429, b"", "text/plain", headers)


def fault_answer(name: str, retry_after: str | None) -> Answer | None:
    """The answer of a fault that stands in for the real one; None for faults that are no answer of their own."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    match name:
        case "429":
            return Answer(429, b"", "text/plain", headers)
        case "500":
            return json_answer({"Message": "An error has occurred."}, 500)
        case "401":
            return unauthorized("The token is not valid")
        case "403":
            return forbidden()
        case "unknown-route":
            return unknown_endpoint()
        case "400-xml":
            now = datetime.now(UTC).isoformat(timespec="seconds")
            body = (
                '<?xml version="1.0" encoding="utf-8"?><ErrorItemContainer><ErrorItems><ErrorItem>'
                "<ErrorCode>ERR-00-0000</ErrorCode><ErrorMessage>InvalidParameter</ErrorMessage>"
                f"<ErrorDetails>A fault of the sandbox</ErrorDetails><Timestamp>{now}</Timestamp>"
                "</ErrorItem></ErrorItems></ErrorItemContainer>"
            )
            return Answer(400, body.encode(), "application/xml; charset=utf-8")
        case _:
            return stand_in(name, retry_after)
