"""Every error this package raises on purpose.

::

    KonfipayError
    ├── ConfigurationError            an argument, a setting or an environment variable is wrong; nothing was sent
    │   ├── QuerySyntaxError          a search query does not parse; shows where
    │   └── MissingExtraError         an optional library is not installed; names the extra
    ├── ClientStateError              used before opening or after closing (a RuntimeError too)
    ├── TransportError                no whole answer came back; .sent tells whether the request may have arrived
    │   ├── ConnectFailedError        no connection: certainly not sent
    │   ├── ConnectionLostError       the connection broke before the answer was complete
    │   ├── RequestTimeoutError       no answer within the request's timeout
    │   └── ResponseTooLargeError     the answer is larger than the client accepts
    ├── StatusError                   the API answered with a status that is no success
    │   ├── RedirectRefusedError      3xx: redirects are never followed, they would carry the token elsewhere
    │   ├── BadRequestError           400
    │   ├── UnauthorizedError         401 (an API key that is refused, or a token that does not live)
    │   ├── ForbiddenError            403 (the key lacks a scope)
    │   ├── NotFoundError             404
    │   │   └── RouteUnknownError     404 with the body of an unknown endpoint: our route is wrong, not your data
    │   ├── NotAcceptableError        406
    │   ├── ConflictError             409
    │   ├── GoneError                 410
    │   ├── ContentTooLargeError      413
    │   ├── UnsupportedMediaError     415
    │   ├── RangeError                416
    │   ├── UnprocessableError        422
    │   ├── RateLimitedError          429; .retry_after in seconds
    │   └── ServerError               5xx
    ├── DecodeError                   a success whose body is not what the API promises; names field and page
    ├── WaitError                     something did not come to its end while it was waited for; .last is its last state
    │   ├── WaitTimeoutError          not in the time given
    │   └── DeleteFailedError         it ended in failure
    ├── LinkRefusedError              a link of the server's leads to another host
    ├── OutcomeUnknownError           something that must happen once may have happened, or not
    ├── AlreadySubmittedError         the local ledger says that the same was sent before; nothing was sent
    ├── ListError                     a list cannot be read on without losing rows
    │   ├── PageEchoError             the server answers with another page than the one asked for
    │   ├── FilterIgnoredError        rows come back that the filter excludes: the server does not know its name
    │   └── DrainUnfinishedError      passes over an is-new list show nothing unseen, and yet do not end
    ├── AcknowledgementError
    │   ├── AcknowledgementTooEarlyError       the page has rows nobody has seen yet
    │   └── AcknowledgementWithoutEffectError  acknowledged twice with success, and the rows are still new
    ├── WebhookError                  a webhook's message cannot be read
    │   ├── SignatureError            its signature is missing, of another kind, or not of this message
    │   └── WebhookKeyError           the key it is signed with cannot be had now: send it again
    └── StorageError                  the database cannot be used, or is not ours to write to
        ├── StorageAwayError          its server cannot be reached, or is stopping: later it may be back
        └── StorageBusyError          another pull or program holds it

No message carries an API key, a token, an IBAN, a name or a remittance text. What the server said in full
hangs on the error as data (`errors`, `body`), outside its text, its repr and its pickle.

This module imports nothing of the package.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple

__all__ = [
    "AcknowledgementError",
    "AcknowledgementTooEarlyError",
    "AcknowledgementWithoutEffectError",
    "AlreadySubmittedError",
    "BadRequestError",
    "ClientStateError",
    "ConfigurationError",
    "ConflictError",
    "ConnectFailedError",
    "ConnectionLostError",
    "ContentTooLargeError",
    "DecodeError",
    "DeleteFailedError",
    "DrainUnfinishedError",
    "ErrorItem",
    "FilterIgnoredError",
    "ForbiddenError",
    "GoneError",
    "KonfipayError",
    "LinkRefusedError",
    "ListError",
    "MissingExtraError",
    "NotAcceptableError",
    "NotFoundError",
    "OutcomeUnknownError",
    "PageEchoError",
    "QuerySyntaxError",
    "RangeError",
    "RateLimitedError",
    "RedirectRefusedError",
    "RequestTimeoutError",
    "ResponseTooLargeError",
    "RouteUnknownError",
    "ServerError",
    "SignatureError",
    "StatusError",
    "StorageAwayError",
    "StorageBusyError",
    "StorageError",
    "TransportError",
    "UnauthorizedError",
    "UnprocessableError",
    "UnsupportedMediaError",
    "WaitError",
    "WaitTimeoutError",
    "WebhookError",
    "WebhookKeyError",
]


class KonfipayError(Exception):
    """The root: catch it to catch everything this package raises on purpose."""

    # Kept out of pickles: what the server said may hold personal data, and pickles end up in logs and queues.
    _unpickled: tuple[str, ...] = ()

    def __init__(self, message: str = "") -> None:
        super().__init__(message)

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else type(self).__name__

    def __reduce__(self) -> tuple[Any, ...]:
        state = {name: value for name, value in self.__dict__.items() if name not in self._unpickled}
        return _restore, (type(self), self.args, state)


def _restore(kind: type[KonfipayError], args: tuple[Any, ...], state: dict[str, Any]) -> KonfipayError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class ConfigurationError(KonfipayError):
    """An argument, a setting or an environment variable is wrong. Nothing was sent."""


class MissingExtraError(ConfigurationError):
    """A library of an optional extra is not installed.

    `extra` is the name to install: ``pip install 'konfipay-async[extra]'``.
    """

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs the extra {extra!r}: pip install 'konfipay-async[{extra}]'")
        self.extra = extra


class QuerySyntaxError(ConfigurationError):
    """A search query does not parse. `position` is the character, counted from 0, at which it goes wrong.

    The text shows the query with a caret under that place. Values are masked in it: they may be names.
    """

    def __init__(self, message: str, *, position: int = 0) -> None:
        super().__init__(message)
        self.position = position


class ClientStateError(KonfipayError, RuntimeError):
    """The client was used before it was opened or after it was closed."""


class TransportError(KonfipayError):
    """No whole answer came back.

    `sent` is False only where it is certain that no byte of the request left this machine.
    """

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(message)
        self.sent = sent


class ConnectFailedError(TransportError):
    """No connection to the server: name not found, refused, TLS refused, or no connection in time."""

    def __init__(self, message: str, *, sent: bool = False) -> None:
        super().__init__(message, sent=sent)


class ConnectionLostError(TransportError):
    """The connection broke after the request began to leave and before its answer was complete."""


class RequestTimeoutError(TransportError):
    """No complete answer came within the request's timeout."""


class ResponseTooLargeError(TransportError):
    """The answer is larger than `max_response_bytes`; it was not read to the end."""


class ErrorItem(NamedTuple):
    """One entry of an error body.

    `code` is the API's "ERR-01-0001"; names may change between versions while numbers stay, so match on it.
    `message` is the code's symbolic name as the server sent it, `details` its free text.
    """

    code: str
    message: str = ""
    details: str = ""
    timestamp: str = ""

    def __repr__(self) -> str:
        return f"ErrorItem(code={self.code!r})" if _CODE.fullmatch(self.code) else "ErrorItem(…)"


# What is no code may be anything, and has no place in a text or a pickle.
_CODE = re.compile(r"[A-Z]{1,6}-[0-9]{1,4}-[0-9]{1,6}")


class StatusError(KonfipayError):
    """The API answered, and not with success.

    `status` is the HTTP status, `method` and `path` the request's, `errors` what the body listed, `codes` their
    codes, `request_ids` the server's correlation headers (name to value) to quote to its support,
    `retry_after` the server's wish in seconds, None where it gave none that makes sense. `may_be_done` is True where an
    earlier attempt of the same request got no answer: then this one may meet what that one did. APIs whose errors are
    one object tell its `code` for programs, `error_id` to quote to their support, `server_message` for people and
    `field_errors`, a text by the name of each field.
    """

    _unpickled = ("errors", "body", "server_message", "field_errors")
    may_be_done: bool = False
    code: str = ""
    error_id: str = ""
    server_message: str = ""
    field_errors: Mapping[str, str] = MappingProxyType({})

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        method: str = "",
        path: str = "",
        errors: Sequence[ErrorItem] = (),
        request_ids: Mapping[str, str] | None = None,
        retry_after: float | None = None,
        body: bytes = b"",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.method = method
        self.path = path
        self.errors = tuple(errors)
        self.codes = tuple(item.code for item in errors if _CODE.fullmatch(item.code))
        self.request_ids = dict(request_ids or {})
        self.retry_after = retry_after
        self.body = body

    def __getattr__(self, name: str) -> Any:
        # What a pickle leaves behind reads as empty, so that code which looks at it still runs.
        if name == "errors":
            return ()
        if name == "body":
            return b""
        raise AttributeError(name)


class RedirectRefusedError(StatusError):
    """3xx. Redirects are never followed: they would carry the token to another place."""


class BadRequestError(StatusError):
    """400: the API does not accept the request as it is."""


class UnauthorizedError(StatusError):
    """401: the API key is refused, or the token does not live."""


class ForbiddenError(StatusError):
    """403: the key lacks the scope for this endpoint."""


class NotFoundError(StatusError):
    """404: there is nothing of that id."""


class RouteUnknownError(NotFoundError):
    """404 with the body that konfipay sends for an endpoint it does not have: the route is wrong."""


class NotAcceptableError(StatusError):
    """406: the API cannot answer in the format asked for."""


class ConflictError(StatusError):
    """409: the resource is in another state than the request expects."""


class GoneError(StatusError):
    """410: it existed, and does no longer."""


class ContentTooLargeError(StatusError):
    """413: more than the API accepts in one request."""


class UnsupportedMediaError(StatusError):
    """415: the API does not accept this content type."""


class RangeError(StatusError):
    """416: beyond the end of what the API pages over."""


class UnprocessableError(StatusError):
    """422: understood, and refused for what it says."""


class RateLimitedError(StatusError):
    """429: over the limit. `retry_after` says after how many seconds the server would answer again."""


class ServerError(StatusError):
    """5xx: the server, or something before it, failed. Whether the work was done is unknown."""


class DecodeError(KonfipayError):
    """A success whose body is not what the API promises.

    `field` is the path to what cannot be read (``$.results.transactions[17].amount``), `where` names the request
    and page, `body` the bytes as they came, and `malformed` is True where they are not JSON at all.
    """

    _unpickled = ("body",)
    body: bytes = b""

    def __init__(
        self, message: str, *, where: str = "", field: str = "", body: bytes = b"", malformed: bool = False
    ) -> None:
        super().__init__(message)
        self.where = where
        self.field = field
        self.malformed = malformed
        if body:
            self.body = body


class OutcomeUnknownError(KonfipayError):
    """Something that must happen once may have happened, or not. It was not sent again.

    `kind` is its route, `method`, `path` and `sent_at` (seconds since the epoch) say what to look for, `body_sha256`
    what was sent, `look_up` where to look. A payment file is told apart by `message_id`, `orders` (how many),
    `control_sum` and `counterparties` (hashes of their IBANs), new payments by all but the first, a submission by the
    `rids` of what was submitted. ``client.payment_files.reconcile(error)`` looks it up, and so does
    ``client.payments.reconcile(error)``. The cause hangs on `__cause__`.
    """

    _unpickled = ("counterparties",)
    kind: str = ""
    look_up: str = ""
    message_id: str | None = None
    orders: int | None = None
    control_sum: Decimal | None = None
    counterparties: frozenset[str] = frozenset()
    rids: tuple[str, ...] = ()
    ledger_entry: int | None = None

    def __init__(
        self, message: str, *, method: str = "", path: str = "", sent_at: float = 0.0, body_sha256: str = ""
    ) -> None:
        super().__init__(message)
        self.method = method
        self.path = path
        self.sent_at = sent_at
        self.body_sha256 = body_sha256


class AlreadySubmittedError(KonfipayError):
    """The local ledger says that the same was sent before. Nothing was sent now.

    `sent_at` (seconds since the epoch) says when, `outcome` what became of it as far as the ledger knows ("intended",
    "unknown" or "done"), and `rid` what the server calls it, where that was noted.
    """

    def __init__(self, message: str, *, sent_at: float = 0.0, rid: str | None = None, outcome: str = "") -> None:
        super().__init__(message)
        self.sent_at = sent_at
        self.rid = rid
        self.outcome = outcome


class WaitError(KonfipayError):
    """Something did not come to the end it was waited for. `last` is what was heard of it last."""

    _unpickled = ("last",)
    last: Any = None

    def __init__(self, message: str, *, last: Any = None) -> None:
        super().__init__(message)
        self.last = last


class WaitTimeoutError(WaitError):
    """It did not end within the time given; it may still."""


class DeleteFailedError(WaitError):
    """The deletion ended, and not with what was deleted being gone."""


class LinkRefusedError(KonfipayError):
    """A link of the server's leads to another host: the token would go there. Not followed."""


class ListError(KonfipayError):
    """A list cannot be read on without losing rows."""


class PageEchoError(ListError):
    """The server answers with another page, or another page size, than was asked for."""


class FilterIgnoredError(ListError):
    """Rows come back that the filter excludes: the server does not know the filter by this name."""


class DrainUnfinishedError(ListError):
    """Passes over an is-new list show no row that was not seen before, and yet the list does not end."""


class AcknowledgementError(KonfipayError):
    """An acknowledgement that would lie, or that the server does not keep."""


class AcknowledgementTooEarlyError(AcknowledgementError):
    """The page has rows that were not handed out yet: acknowledging it would mark rows nobody has seen."""


class AcknowledgementWithoutEffectError(AcknowledgementError):
    """Acknowledged twice with success, and the rows come back as new."""


class WebhookError(KonfipayError):
    """A webhook's message cannot be read."""


class SignatureError(WebhookError):
    """A webhook's signature is missing, of another kind, or not of this message: it is not to be believed."""


class WebhookKeyError(WebhookError):
    """The key a webhook's message is signed with cannot be had, now at least. The message may be true."""


class StorageError(KonfipayError):
    """The database cannot be used, or is not ours to write to."""


class StorageAwayError(StorageError):
    """The server of the database cannot be reached, or is stopping or starting. The same may succeed later."""


class StorageBusyError(StorageError):
    """Another pull holds the database for the same source, or another program does not let go of the file."""
