"""Answers of konfipay, read: status, headers and body become a value or a typed error. Pure, no loop, no clock.

Shapes: success is JSON, the body of a file, or nothing (204). Errors come as `errors` (version 6), `errorItems`
(version 5), a single `error`, XML in the place of JSON (seen in public code), `Message` for an unknown endpoint, a
plain 401 whose reason is in its header, or whatever a proxy before the API makes of it.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from konfipay_async import errors
from konfipay_async.errors import DecodeError, ErrorItem, StatusError
from konfipay_async.models.authentication import TokenAnswer
from konfipay_async.models.page import Envelope, Page
from konfipay_async.models.payments import PaymentFile, PaymentInfo
from konfipay_async.models.transactions import TransactionResults
from konfipay_async.models.wire import decode
from konfipay_async.session import headers
from konfipay_async.session.message import Response

__all__ = [
    "acknowledged",
    "error_of",
    "file_content",
    "json_value",
    "nothing",
    "page_of",
    "payment_files_of",
    "raw",
    "scopes_of",
    "server_time",
    "token",
    "transactions_of",
]

T = TypeVar("T")

# An id that does not exist, by its number: names may change between versions.
_RID_NOT_FOUND = "ERR-01-0001"

_BY_STATUS: dict[int, type[StatusError]] = {
    400: errors.BadRequestError,
    401: errors.UnauthorizedError,
    403: errors.ForbiddenError,
    404: errors.NotFoundError,
    406: errors.NotAcceptableError,
    409: errors.ConflictError,
    410: errors.GoneError,
    413: errors.ContentTooLargeError,
    415: errors.UnsupportedMediaError,
    416: errors.RangeError,
    422: errors.UnprocessableError,
    429: errors.RateLimitedError,
}

_REQUEST_ID_HEADERS = ("request-id", "x-request-id", "x-correlation-id", "request-context", "traceparent", "cf-ray")


def raw(method: str, path: str) -> Callable[[Response], Response]:
    """Reads any success as it is."""

    def read(response: Response) -> Response:
        _raise_unless_success(response, method, path)
        return response

    return read


def nothing(method: str, path: str) -> Callable[[Response], None]:
    """Reads a success that has nothing to say; whatever JSON it says is not looked at."""

    def read(response: Response) -> None:
        _raise_unless_success(response, method, path)
        if response.body.strip():
            decode(response.body, msgspec.Raw, where=f"{method} {path}")  # a proxy's page is no yes

    return read


def file_content(method: str, path: str) -> Callable[[Response], bytes]:
    """Reads the content of a file, whatever its kind, but for the HTML page of a proxy."""

    def read(response: Response) -> bytes:
        _raise_unless_success(response, method, path)
        if response.status == 204 or response.headers.get("content-type", "").lower().startswith("text/html"):
            found = "nothing" if response.status == 204 else "an HTML page (a proxy's or a maintenance page?)"
            raise DecodeError(f"expected a file from {method} {path}, got {found}", body=response.body, malformed=True)
        return response.body

    return read


def scopes_of(method: str, path: str) -> Callable[[Response], list[str]]:
    """Reads the names of scopes, as an array or as one inside an object (neither is documented)."""

    def read(response: Response) -> list[str]:
        _raise_unless_success(response, method, path)
        if response.status == 204:
            return []
        shape: Any = list[str] | dict[str, list[str]]
        listed: list[str] | dict[str, list[str]] = decode(response.body, shape, where=f"{method} {path}")
        return listed if isinstance(listed, list) else [name for names in listed.values() for name in names]

    return read


def json_value(type_: type[T], method: str, path: str) -> Callable[[Response], T]:
    """Reads a success into a model."""

    def read(response: Response) -> T:
        _raise_unless_success(response, method, path)
        return decode(response.body, type_, where=f"{method} {path}")

    return read


def page_of(type_: type[T], method: str, path: str, number: int) -> Callable[[Response], Page[T] | None]:
    """Reads one page of a list whose `results` are an array; None for 204."""
    envelope: Any = Envelope[list[type_]]  # type: ignore[valid-type]

    def read(response: Response) -> Page[T] | None:
        _raise_unless_success(response, method, path)
        if response.status == 204:
            return None
        wire: Envelope[list[T]] = decode(response.body, envelope, where=f"{method} {path} page {number}")
        return Page(
            number=wire.page_number,
            size=wire.page_size,
            total_pages=wire.total_pages,
            total_items=wire.total_items,
            links=wire.links,
            items=wire.results,
        )

    return read


def server_time(method: str, path: str) -> Callable[[Response], float | None]:
    """Reads the server's clock off a success, in seconds since the epoch; None where it does not say."""

    def read(response: Response) -> float | None:
        _raise_unless_success(response, method, path)
        return headers.server_time(response.headers)

    return read


def payment_files_of(method: str, path: str, number: int) -> Callable[[Response], Page[PaymentFile] | None]:
    """Reads one page of payment files, each of which is wrapped (documented); None for 204."""
    read_page = page_of(PaymentInfo, method, path, number)

    def read(response: Response) -> Page[PaymentFile] | None:
        page = read_page(response)
        if page is None:
            return None
        fields = msgspec.structs.asdict(page)
        return Page(**{**fields, "items": [info.payment_info for info in page.items]})

    return read


def transactions_of(method: str, path: str, number: int) -> "Callable[[Response], Envelope[TransactionResults] | None]":
    """Reads one page of transactions; None for 204."""
    where = f"{method} {path} page {number}"

    def read(response: Response) -> Envelope[TransactionResults] | None:
        _raise_unless_success(response, method, path)
        if response.status == 204:
            return None
        envelope: Envelope[TransactionResults] = decode(response.body, _TRANSACTIONS, where=where)
        rows = envelope.results.transactions
        if any([not row.amount.is_finite() for row in rows]):  # noqa: C419 (a list is twice as fast here)
            index = next(index for index, row in enumerate(rows) if not row.amount.is_finite())
            field = f"$.results.transactions[{index}].amount"
            raise DecodeError(
                f"cannot read {field} of {where}: not a finite number", where=where, field=field, body=response.body
            )
        return envelope

    return read


_TRANSACTIONS: Any = Envelope[TransactionResults]


def token(method: str, path: str) -> Callable[[Response], TokenAnswer]:
    """Reads the answer to a login."""
    read_answer = json_value(TokenAnswer, method, path)

    def read(response: Response) -> TokenAnswer:
        try:
            answer = read_answer(response)
        except errors.UnauthorizedError as error:
            error.args = (
                f"konfipay refuses the API key ({error}). Is it complete, active and for this host? A regenerated key "
                f"replaces the old one at once.",
            )
            raise
        if not re.fullmatch(r"[\x21-\x7e]+", answer.access_token) or not 0 < answer.expires_in < float("inf"):
            raise DecodeError("the login answered without a token that can be used", where=f"{method} {path}")
        return answer

    return read


def acknowledged(method: str, path: str) -> Callable[[Response], bool]:
    """Reads the answer to an acknowledgement: True when done, False for an id that is expired, used or unknown.

    How the API says so is not documented; taken for it are 410, and 400 or 404 with the code of an unknown id. Any
    other 404 is an error: it may be our route that is unknown.
    """

    done = nothing(method, path)

    def read(response: Response) -> bool:
        error = error_of(response, method, path)
        if error is None:
            done(response)
            return True
        if response.status == 410 or (response.status in (400, 404) and _RID_NOT_FOUND in error.codes):
            return False
        raise error

    return read


def error_of(response: Response, method: str, path: str) -> StatusError | None:
    """The typed error of an answer, None where it is a success."""
    status = response.status
    if 200 <= status < 300:
        return None
    items, unknown_endpoint = _read_error_body(response.body)
    if status == 404 and unknown_endpoint:
        kind: type[StatusError] = errors.RouteUnknownError
    elif 300 <= status < 400:
        kind = errors.RedirectRefusedError
    elif status >= 500:
        kind = errors.ServerError
    else:
        kind = _BY_STATUS.get(status, StatusError)
    return kind(
        _message(status, method, path, response, items, unknown_endpoint),
        status=status,
        method=method,
        path=path,
        errors=items,
        request_ids={name: response.headers[name] for name in _REQUEST_ID_HEADERS if name in response.headers},
        retry_after=headers.retry_after(response.headers),
        body=response.body,
    )


def _raise_unless_success(response: Response, method: str, path: str) -> None:
    error = error_of(response, method, path)
    if error is not None:
        raise error


_HINTS = {
    300: "Redirects are never followed, they would carry the token elsewhere: is the base URL right?",
    403: "Does the API key have the scope for this endpoint?",
    404: "Is the id right? The list shows what there is.",
    429: "The limit is used up; other programs with the same key count as well.",
}


def _message(
    status: int, method: str, path: str, response: Response, items: tuple[ErrorItem, ...], unknown_endpoint: bool
) -> str:
    parts = [f"{method} {path}: HTTP {status}"]
    if items:
        parts.append("; ".join(_shown(item) for item in items[:5]))
    reason = re.search(r'\berror="([a-z_]{1,40})"', response.headers.get("www-authenticate", ""))
    if reason:
        parts.append(reason[1])
    text = ", ".join(parts) + "."
    if unknown_endpoint:
        return f"{text} The API has no such endpoint: correct it with routes={{…}}, or is the base URL right?"
    if not items and response.body[:200].lstrip().lower().startswith((b"<!doctype html", b"<html")):
        return f"{text} The body is an HTML page, not the API's: a proxy, or maintenance?"
    hint = _HINTS.get(300 if 300 <= status < 400 else status)
    return f"{text} {hint}" if hint else text


def _shown(item: ErrorItem) -> str:
    # The message is the code's symbolic name; anything longer may be text about a person or an account.
    name = item.message if re.fullmatch(r"[A-Z][A-Za-z]{0,50}[a-z][A-Z][A-Za-z]{0,50}", item.message) else ""
    code = item.code if re.fullmatch(r"[A-Z]{1,6}-[0-9]{1,4}-[0-9]{1,6}", item.code) else "an error without a code"
    return f"{code} {name}".rstrip()


def _read_error_body(body: bytes) -> tuple[tuple[ErrorItem, ...], bool]:
    """The errors listed in a body of whatever kind, and whether it is the body of an unknown endpoint."""
    start = body[:1000].lstrip()
    if start.startswith(b"<"):
        return _xml_errors(body), False
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return (), False
    if not isinstance(value, dict):
        return (), False
    if "ApiDocumentationLink" in value or "apiDocumentationLink" in value:
        return (), True
    listed = value.get("errors") or value.get("errorItems") or value.get("error") or value.get("errorItem")
    if isinstance(listed, dict):
        listed = [listed]
    if not isinstance(listed, list):
        return (), False
    return tuple(_error_item(item) for item in listed if isinstance(item, dict)), False


def _error_item(item: Mapping[str, Any]) -> ErrorItem:
    def text(name: str) -> str:
        value = item.get(name)
        return "" if value is None else str(value)

    return ErrorItem(text("errorCode"), text("errorMessage"), text("errorDetails"), text("timestamp"))


def _xml_errors(body: bytes) -> tuple[ErrorItem, ...]:
    # The API's own containers declare nothing; whatever does is no container of its, and could be a trap.
    if len(body) > 1_000_000 or b"<!" in body or b"\x00" in body:
        return ()
    from xml.etree import ElementTree  # only ever needed here, and not quick to import

    try:
        root = ElementTree.fromstring(body)  # noqa: S314
    except (ElementTree.ParseError, ValueError, LookupError):
        return ()
    items = []
    for element in root.iter():
        if _local(element.tag) == "ErrorItem":
            parts = {_local(child.tag): (child.text or "").strip() for child in element}
            items.append(
                ErrorItem(
                    parts.get("ErrorCode", ""),
                    parts.get("ErrorMessage", ""),
                    parts.get("ErrorDetails", ""),
                    parts.get("Timestamp", ""),
                )
            )
    return tuple(items)


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
