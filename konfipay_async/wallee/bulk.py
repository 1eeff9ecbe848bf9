"""Many operations in one request: cut into chunks, and told one by one what became of each."""

import asyncio
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from konfipay_async.errors import (
    ClientStateError,
    ConfigurationError,
    ContentTooLargeError,
    DecodeError,
    ForbiddenError,
    KonfipayError,
    OutcomeUnknownError,
    StatusError,
    TransportError,
    UnauthorizedError,
)
from konfipay_async.session.message import Request
from konfipay_async.wallee import answers, shape
from konfipay_async.wallee.models import BulkOperationResult
from konfipay_async.wallee.services import Operation
from konfipay_async.wallee.wiring import Wiring

__all__ = ["BulkResult", "in_chunks"]


@dataclass(frozen=True, slots=True)
class BulkResult:
    """What became of one operation of many: `index` is its place in what was given.

    `id` is the object's, `status` the operation's own HTTP status. `error` is what the API says of an operation that
    failed, or the error of the whole request it was part of: an OutcomeUnknownError means that nobody knows whether
    this one was done.
    """

    index: int
    id: int | None = None
    status: int | None = None
    error: KonfipayError | None = field(default=None)

    @property
    def succeeded(self) -> bool:
        """Whether it was done."""
        return self.error is None


async def in_chunks(wiring: Wiring, operation: Operation, given: Mapping[str, Any]) -> list[BulkResult]:
    """Do it with all `items`, so many in a `chunk`, one chunk after another; smaller ones where the API says 413.

    How many the API takes at once is documented nowhere. A chunk that fails as a whole fails for each of its
    operations, and the next one is tried all the same; but not after 401 or 403, nor when the client was closed
    meanwhile: that all that is left over gets too, without being sent. `watch` is told of each as soon as it is known:
    also where whoever waits is cancelled meanwhile, then that of the chunk that was on its way nobody knows; those it
    is not told of were not sent.
    """
    everything, size, watch = _items(given["items"], operation), given["chunk"], given["watch"]
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise ConfigurationError("chunk: give a whole number of operations, 1 or more")
    if watch is not None and not callable(watch):
        raise ConfigurationError("watch: give a function, which is called with each result")
    for start in range(0, len(everything), size):  # what cannot be sent is found before anything is
        wiring.request(operation, answers.bulk_of, given, body=everything[start : start + size])
    results: list[BulkResult] = []

    def known(what_became: list[BulkResult]) -> None:
        for one in what_became:
            results.append(one)
            if watch is not None:
                watch(one)

    while len(results) < len(everything):
        places = range(len(results), min(len(results) + size, len(everything)))
        request = wiring.request(operation, answers.bulk_of, given, body=everything[places.start : places.stop])
        try:
            became = _became(places, request, await wiring.send(request), operation)
        except ContentTooLargeError as error:
            if len(places) > 1:
                size = len(places) // 2
                continue
            became = [BulkResult(places.start, status=error.status, error=error)]
        except (UnauthorizedError, ForbiddenError, ClientStateError) as error:
            if isinstance(error, ClientStateError) and not results:
                raise
            became = [BulkResult(place, error=error) for place in range(places.start, len(everything))]
        except (StatusError, TransportError, OutcomeUnknownError) as error:
            became = [BulkResult(place, error=error) for place in places]
        except asyncio.CancelledError as cancellation:
            unknown = _unknown(request, operation, "whoever waited for the answer was cancelled", cancellation)
            known([BulkResult(place, error=unknown) for place in places])
            raise
        known(became)
    return results


def _items(given: object, operation: Operation) -> list[Any]:
    if isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable):
        raise ConfigurationError(f"{operation.dotted}: give a list of what to send, one of each")
    if operation.method == "DELETE":
        return [shape.identifier(item, f"items[{place}]") for place, item in enumerate(given)]
    return list(given)


def _became(
    places: range, request: Request[Any], told: list[BulkOperationResult], operation: Operation
) -> list[BulkResult]:
    """What became of each; of none of them anything is known where the answers cannot be told apart."""
    where = f"{operation.method} {operation.path}"
    sent = _ids(request, operation)
    if len(told) != len(places):
        says = f"{len(places)} operations were sent and {len(told)} answered"
    elif any(one.id not in (None, id_) for one, id_ in zip(told, sent, strict=False)):
        says = "the answers have other ids than the operations, or come in another order"
    else:
        return [
            BulkResult(
                place,
                id=one.id,
                status=one.status_code,
                error=None if one.succeeded else answers.error_in_bulk(one, operation.method, operation.path),
            )
            for place, one in zip(places, told, strict=True)
        ]
    unknown = _unknown(request, operation, says, DecodeError(f"{where}: {says}", where=where))
    return [BulkResult(place, error=unknown) for place in places]


def _ids(request: Request[Any], operation: Operation) -> list[int]:
    """The ids of what is to be changed or deleted, as they were sent; none where something is made."""
    if operation.method == "POST":
        return []
    sent = msgspec.json.decode(request.body or b"[]")
    return [int(one["id"] if isinstance(one, dict) else one) for one in sent]


def _unknown(request: Request[Any], operation: Operation, says: str, cause: BaseException) -> OutcomeUnknownError:
    error = OutcomeUnknownError(
        f"{operation.method} {operation.path} was sent once, and each of its operations may or may not be done: "
        f"{says}. Look them up before you send them again.",
        method=operation.method,
        path=request.told,
        body_sha256=hashlib.sha256(request.body or b"").hexdigest(),
    )
    error.kind = operation.dotted
    error.__cause__ = cause
    return error
