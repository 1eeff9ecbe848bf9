"""Many operations in one request: cut into chunks, and told one by one what became of each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from konfipay_async.errors import (
    ConfigurationError,
    ContentTooLargeError,
    DecodeError,
    KonfipayError,
    OutcomeUnknownError,
    StatusError,
    TransportError,
)
from konfipay_async.wallee import answers
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
    operations, and the next one is tried all the same.
    """
    items, size = given["items"], given["chunk"]
    if isinstance(items, str | bytes | Mapping) or not isinstance(items, Iterable):
        raise ConfigurationError(f"{operation.dotted}: give a list of what to send, one of each")
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise ConfigurationError("chunk: give a whole number of operations, 1 or more")
    everything = list(items)
    for start in range(0, len(everything), size):  # what cannot be sent is found before anything is
        wiring.request(operation, answers.bulk_of, given, body=everything[start : start + size])
    results: list[BulkResult] = []
    while len(results) < len(everything):
        start = len(results)
        chunk = everything[start : start + size]
        try:
            request = wiring.request(operation, answers.bulk_of, given, body=chunk)
            results += _told(start, chunk, await wiring.send(request), operation)
        except ContentTooLargeError as error:
            if len(chunk) > 1:
                size = len(chunk) // 2
            else:
                results.append(BulkResult(start, status=error.status, error=error))
        except (StatusError, TransportError, DecodeError, OutcomeUnknownError) as error:
            results += [BulkResult(start + place, error=error) for place in range(len(chunk))]
    return results


def _told(start: int, chunk: list[Any], told: list[BulkOperationResult], operation: Operation) -> list[BulkResult]:
    if len(told) != len(chunk):
        raise DecodeError(
            f"{operation.method} {operation.path}: {len(chunk)} operations were sent and {len(told)} answered: nobody "
            f"knows which",
            where=f"{operation.method} {operation.path}",
        )
    return [
        BulkResult(
            start + place,
            id=one.id,
            status=one.status_code,
            error=None if one.succeeded else answers.error_in_bulk(one, operation.method, operation.path),
        )
        for place, one in enumerate(told)
    ]
