"""What every operation stands on: the session, a client's settings, and requests made of operations and arguments."""

import enum
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec
from yarl import URL

from konfipay_async.errors import ConfigurationError
from konfipay_async.session.manager import Session
from konfipay_async.session.message import Download, Lane, Request, Response, RetryClass
from konfipay_async.session.retry import Retry
from konfipay_async.wallee import shape
from konfipay_async.wallee.models import encode
from konfipay_async.wallee.secrecy import holds_card, hushed, told
from konfipay_async.wallee.services import Operation, snake

__all__ = ["Options", "Pairs", "Wiring", "pair_of"]

T = TypeVar("T")

Pairs = tuple[tuple[str, str], ...]
"""A query, by the names on the wire."""

# Path arguments that are texts; all others are ids, which are numbers.
_TEXTS = frozenset(
    {"code", "connectorExternalId", "countryCode", "credentials", "externalId", "identifier", "keyId"}
    | {"queryExternalId", "queryToken"}
)
_ACCEPT = {"text": "text/plain,application/json", "csv": "text/csv,application/json"}


@dataclass(frozen=True)
class Options:
    """What a view of a client does otherwise; None leaves it as the table and the client have it."""

    timeout: float | None = None
    retry: Retry | None = None
    lane: Lane | None = None


@dataclass(frozen=True)
class Wiring:
    """One client's settings, shared by its operations. `elsewhere` makes a session with another origin."""

    session: Session
    space: int | None
    account: int | None
    concurrency: int
    timeouts: Mapping[str, float]
    elsewhere: Callable[[URL], Session]
    options: Options = field(default_factory=Options)

    def request(
        self,
        operation: Operation,
        read: Callable[[str, str], Callable[[Response], T]],
        arguments: Mapping[str, Any],
        *,
        query: Iterable[tuple[str, str]] = (),
        body: object = None,
        lane: Lane = Lane.SINGLE,
        download: Download | None = None,
    ) -> Request[T]:
        """The request for an operation. `arguments` fill the path, `read` is given method and path for its errors.

        Raises ConfigurationError for what is missing or impossible.
        """
        encoded = None if operation.body is None else encode(body)
        headers = {} if encoded is None else {"Content-Type": "application/json"}
        options = self.options
        timeout = self.timeouts.get(operation.dotted, operation.timeout)
        return Request(
            method=operation.method,
            path=_filled(operation, arguments),
            read=read(operation.method, operation.path),
            query=tuple(query),
            headers={**headers, **self._header(operation), **_accepted(operation)},
            body=encoded,
            lane=lane if options.lane is None else options.lane,
            retry=_checked(operation, encoded),
            timeout=timeout if options.timeout is None else options.timeout,
            download=download,
            template=operation.path,
            secret_path=told(operation.path) != operation.path,
        )

    async def send(self, request: Request[T]) -> T:
        """What a request answers, with this view's patience."""
        sending = self.session.send(request, self.options.retry)
        return await (hushed(sending) if holds_card(request.path) else sending)

    def _header(self, operation: Operation) -> dict[str, str]:
        name = operation.header
        if name is None:
            return {}
        given = self.space if name == "Space" else self.account
        if given is None:
            raise ConfigurationError(
                f"{operation.dotted} needs the id of {'a space' if name == 'Space' else 'an account'}: give "
                f"{name.lower()}= to the client or to with_options(), or set WALLEE_{name.upper()}"
            )
        return {name: str(given)}


def pair_of(name: str, value: Any) -> Pairs:
    """A query parameter as the API writes it; a list is the name repeated. ConfigurationError for what has no text."""
    match value:
        case None:
            return ()
        case enum.Enum():
            return pair_of(name, value.value)
        case bool():
            return ((name, "true" if value else "false"),)
        case str():
            if re.search("[\ud800-\udfff]", value):
                raise ConfigurationError(f"{snake(name)} holds a character that is no valid Unicode")
            return ((name, value),)
        case int():
            return ((name, str(value)),)
        case Decimal() if value.is_finite():
            return ((name, format(value, "f")),)
        case datetime() if value.tzinfo is not None:
            return ((name, value.isoformat()),)
        case date() if not isinstance(value, datetime):
            return ((name, value.isoformat()),)
        case list() | tuple():
            return tuple(pair for item in value for pair in pair_of(name, item))
    hint = "give it a time zone" if isinstance(value, datetime) else "give a str, int, bool, date, Decimal or a list"
    raise ConfigurationError(f"{snake(name)}: this {type(value).__name__} has no exact text: {hint}")


def _filled(operation: Operation, arguments: Mapping[str, Any]) -> str:
    """The path with its names filled in."""
    path = operation.path
    for name in operation.arguments:
        value, shown = arguments[snake(name)], snake(name)
        filled = _text(value, shown) if name in _TEXTS else str(shape.identifier(value, shown))
        path = path.replace(f"{{{name}}}", filled)
    return path


def _text(value: object, name: str) -> str:
    if not isinstance(value, str) or not value or value in (".", "..") or re.search(r"[\x00-\x1f\x7f]", value):
        raise ConfigurationError(f"{name}: give a text that is not empty, no dot and without control characters")
    try:
        return quote(value, safe="")
    except UnicodeEncodeError:
        raise ConfigurationError(f"{name} holds a character that is no valid Unicode") from None


def _accepted(operation: Operation) -> dict[str, str]:
    return {"Accept": _ACCEPT[operation.shape]} if operation.shape in _ACCEPT else {}


class _Marks(msgspec.Struct):
    """What a body must or may hold to be sent safely."""

    id: Any = None
    version: Any = None
    externalId: Any = None  # noqa: N815 (its name on the wire)


def _decode(body: bytes, type_: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=type_)
    except msgspec.ValidationError:
        raise ConfigurationError("body: give a mapping of the API's names to values, or a model") from None


def _checked(operation: Operation, body: bytes | None) -> RetryClass:
    """What a repeat would do, after a look at what the body must hold."""
    if body is None:
        return operation.retry
    if operation.body == "array":
        for one in _decode(body, list[_Marks]) if operation.method == "PATCH" else ():
            shape.identifier(one.id, f"{operation.dotted} needs the id of each that it changes: id")
            if one.version is None:
                raise ConfigurationError(
                    f"{operation.dotted} needs the version of each that it changes: read them first"
                )
        return operation.retry
    marks = _decode(body, _Marks)
    if operation.versioned and marks.version is None:
        raise ConfigurationError(
            f"{operation.dotted} needs the version of what it changes: read it first, and send its version along (or "
            f"use update_with(), which does)"
        )
    if operation.external == "mandatory" or (operation.external == "optional" and marks.externalId is not None):
        shape.external_id(marks.externalId, f"{operation.dotted}: externalId")
        return RetryClass.IDEMPOTENT
    return operation.retry
