"""Answers of the signed API, read: status, headers and body become a value or a typed error. Pure, no loop, no clock.

A success is JSON (an object, an array, a portion of a list, a truth), a bare text, a file, or nothing (204).
An error is one object whose members may all be missing (official SDK), or whatever a proxy makes of it.
"""

import re
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from konfipay_async import errors
from konfipay_async.errors import DecodeError, ErrorItem, StatusError
from konfipay_async.session.headers import retry_after
from konfipay_async.session.message import Response
from konfipay_async.wallee.models import BulkOperationResult, Portion, decode

__all__ = [
    "all_of",
    "array_of",
    "bulk_of",
    "error_in_bulk",
    "error_of",
    "nothing",
    "portion_of",
    "raw",
    "text",
    "value_of",
    "value_or_none_of",
]

T = TypeVar("T")

_Reader = Callable[[Response], T]

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

_HINTS = {
    300: "Redirects are never followed, a signature is bound to its URL: is the base URL right?",
    403: "Does the application user have the permission for this, in this space?",
    404: "Is it in this space?",
    409: "Somebody changed it meanwhile, or the version is missing: read it again, or use update_with().",
    413: "Too many operations in one request.",
    416: "A search pages no further than this offset.",
    429: "The limit is used up; other programs with the same user or in the same space count as well.",
}

_REQUEST_ID_HEADERS = ("request-id", "x-request-id", "x-correlation-id", "traceparent", "cf-ray")


def raw(method: str, path: str) -> _Reader[Response]:
    """Reads any success as it is."""

    def read(response: Response) -> Response:
        _raise_unless_success(response, method, path)
        return response

    return read


def nothing(method: str, path: str) -> _Reader[None]:
    """Reads a success that has nothing to say; whatever JSON it says is not looked at."""

    def read(response: Response) -> None:
        _raise_unless_success(response, method, path)
        if response.body.strip():
            _refuse_html(response, f"{method} {path}")  # a proxy's page is no yes

    return read


def value_of(type_: Any, method: str, path: str) -> _Reader[Any]:
    """Reads a success into a model or a scalar."""
    read_some = value_or_none_of(type_, method, path)

    def read(response: Response) -> Any:
        value = read_some(response)
        if value is None:
            where = f"{method} {path}"
            raise DecodeError(f"a success ({response.status}) of {where}, and nothing came with it", where=where)
        return value

    return read


def value_or_none_of(type_: Any, method: str, path: str) -> _Reader[Any]:
    """Reads a success into a model or a scalar; None where there is none (204), or not yet (202 without a body)."""

    def read(response: Response) -> Any:
        _raise_unless_success(response, method, path)
        if response.status == 204 or (response.status == 202 and not response.body.strip()):
            return None
        return decode(response.body, type_, where=f"{method} {path}")

    return read


def array_of(type_: Any, method: str, path: str) -> _Reader[list[Any]]:
    """Reads an array of a model; empty for 204."""
    read_value = value_or_none_of(list[type_], method, path)
    return lambda response: read_value(response) or []


def bulk_of(method: str, path: str) -> _Reader[list[BulkOperationResult]]:
    """Reads what became of each operation of many."""
    return array_of(BulkOperationResult, method, path)


def portion_of(type_: Any, method: str, path: str) -> "_Reader[Portion[Any]]":
    """Reads a page of a list or a search; an empty one for 204."""
    read_value = value_or_none_of(Portion[type_], method, path)

    def read(response: Response) -> Portion[Any]:
        page: Portion[Any] = read_value(response) or Portion()
        if page.data is None and response.status != 204 and b'"data"' not in response.body:
            where = f"{method} {path}"
            raise DecodeError(f"{where}: the answer has no `data`, it is no page", where=where, body=response.body)
        return page

    return read


def all_of(type_: Any, method: str, path: str) -> _Reader[list[Any]]:
    """Reads a list that is not paged, whether it comes wrapped as a page or as an array."""
    wrapped, bare = portion_of(type_, method, path), array_of(type_, method, path)

    def read(response: Response) -> list[Any]:
        if response.body[:100].lstrip().startswith(b"["):
            return bare(response)
        return wrapped(response).data or []

    return read


def text(method: str, path: str) -> "_Reader[str | None]":
    """Reads a bare text, or a JSON string; None where there is none (204), or not yet (202)."""

    def read(response: Response) -> str | None:
        _raise_unless_success(response, method, path)
        is_json = "json" in response.headers.get("content-type", "")
        if response.status in (202, 204) or (is_json and response.body.strip() == b"null"):
            return None
        where = f"{method} {path}"
        _refuse_html(response, where)
        value = _json(response.body) if is_json else None
        if isinstance(value, str):
            return value
        if value is not None or response.body.lstrip().startswith((b"{", b"[")):
            raise DecodeError(f"expected a text for {where}, got other JSON", where=where, body=response.body)
        try:
            return response.body.decode("utf-8")
        except UnicodeDecodeError:
            raise DecodeError(
                f"expected a text for {where}, got other bytes", where=where, body=response.body
            ) from None

    return read


def _json(body: bytes) -> Any:
    """What it is, if it is JSON and not null."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def error_of(response: Response, method: str, path: str) -> StatusError | None:
    """The typed error of an answer, None where it is a success."""
    status = response.status
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        kind: type[StatusError] = errors.RedirectRefusedError
    elif status >= 500:
        kind = errors.ServerError
    else:
        kind = _BY_STATUS.get(status, StatusError)
    return _hung(kind, response, method, path, _read_error_body(response.body))


def error_in_bulk(result: BulkOperationResult, method: str, path: str) -> StatusError:
    """The typed error of one operation of many that failed."""
    status = result.status_code or 0
    kind = errors.ServerError if status >= 500 else _BY_STATUS.get(status, StatusError)
    told = result.error
    said = _Said() if told is None else _Said(told.code or "", told.id or "", told.message or "", "", told.errors or {})
    return _hung(kind, Response(status, {}, b""), method, path, said)


def _hung(kind: type[StatusError], response: Response, method: str, path: str, said: "_Said") -> StatusError:
    request_ids = {name: response.headers[name] for name in _REQUEST_ID_HEADERS if name in response.headers}
    error = kind(
        _message(response, method, path, said),
        status=response.status,
        method=method,
        path=path,
        errors=said.items,
        request_ids=request_ids | ({"error-id": said.id} if said.id else {}),
        retry_after=retry_after(response.headers),
        body=response.body,
    )
    error.code, error.error_id, error.server_message, error.field_errors = said.code, said.id, said.message, said.fields
    return error


def _raise_unless_success(response: Response, method: str, path: str) -> None:
    error = error_of(response, method, path)
    if error is not None:
        raise error


def _is_html(response: Response) -> bool:
    start = response.body[:200].lstrip().lower()
    return start.startswith((b"<!doctype html", b"<html"))


def _refuse_html(response: Response, where: str) -> None:
    if _is_html(response):
        raise DecodeError(
            f"expected no HTML page from {where} (a proxy's or a maintenance page?)",
            where=where,
            body=response.body,
            malformed=True,
        )


class _Said(msgspec.Struct):
    """What an error body says."""

    code: str = ""
    id: str = ""
    message: str = ""
    date: str = ""
    fields: dict[str, str] = msgspec.field(default_factory=dict)

    @property
    def items(self) -> tuple[ErrorItem, ...]:
        told = self.code or self.message
        return (ErrorItem(self.code, details=self.message, timestamp=self.date),) if told else ()


def _read_error_body(body: bytes) -> _Said:
    value = _json(body)
    if not isinstance(value, dict):
        return _Said()
    texts = {name: str(value[name]) for name in ("code", "id", "message", "date") if value.get(name) is not None}
    listed = value.get("errors")
    fields = {name: str(said) for name, said in listed.items()} if isinstance(listed, dict) else {}
    return _Said(**texts, fields=fields)


# What may stand in an error's text. Codes are open strings and keys may be any context: only what reads as a name.
_NAME = re.compile(r"[A-Za-z][A-Za-z_.\-\[\]]{0,60}(?:\[?[0-9]{1,3}\]?[A-Za-z_.\-]{0,40}){0,3}")
_ID = re.compile(r"[0-9A-Fa-f-]{1,40}")


def _message(response: Response, method: str, path: str, said: _Said) -> str:
    parts = [f"{method} {path}: HTTP {response.status}"]
    if _NAME.fullmatch(said.code):
        parts.append(said.code)
    if said.fields:
        named = [name if _NAME.fullmatch(name) else "…" for name in list(said.fields)[:5]]
        parts.append(f"see {', '.join(named)} in .field_errors")
    if _ID.fullmatch(said.id):
        parts.append(f"error {said.id}")
    sentence = ", ".join(parts) + "."
    if _is_html(response):
        return f"{sentence} The body is an HTML page, not the API's: a proxy, or maintenance?"
    hint = _HINTS.get(300 if 300 <= response.status < 400 else response.status)
    return f"{sentence} {hint}" if hint else sentence
