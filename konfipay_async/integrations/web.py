"""What web apps answer, whatever they are made with: lists as lines of JSON, and errors as problems (RFC 9457)."""

import logging
import math
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field

import msgspec

from konfipay_async import TransactionPage
from konfipay_async.errors import (
    ClientStateError,
    DecodeError,
    KonfipayError,
    ListError,
    RateLimitedError,
    RequestTimeoutError,
    RouteUnknownError,
    SignatureError,
    StatusError,
    StorageBusyError,
    TransportError,
    WebhookError,
    WebhookKeyError,
)

__all__ = ["LINES", "LONGEST_WEBHOOK", "Problem", "lines", "problem_of"]

logger = logging.getLogger(__name__)

LINES = "application/x-ndjson"

LONGEST_WEBHOOK = 65_536
"""Bytes of a webhook's body that are read; the API's have a few hundred."""

# What these say is about the thing that was asked for, so whoever asked should hear it. A 401 or 403 is about the
# app's own API key: passed on, it would make a browser ask its user for a password.
_PASSED_ON = frozenset({400, 404, 409, 410, 413, 416, 422})


async def lines(pages: AsyncGenerator[TransactionPage]) -> AsyncGenerator[bytes]:
    """For each page its transactions, a line of JSON each, with the API's field names; closing it closes `pages`.

    Amounts are texts: JavaScript's numbers lose digits.
    """
    encoder = msgspec.json.Encoder()
    try:
        async for page in pages:
            yield encoder.encode_lines(page.transactions)
    finally:
        await pages.aclose()


@dataclass(frozen=True)
class Problem:
    """An answer in place of the one that could not be given."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/problem+json"


def problem_of(error: KonfipayError) -> Problem:
    """The answer for an error, which is noted in the log: the person in front of the browser cannot mend most of them.

    4xx where konfipay said so about what was asked for, and for a webhook that is not to be believed (401) or cannot
    be read (400), 502 and 504 where konfipay or the way to it failed, 503 where trying later helps, 500 where it is the
    app. No error's text holds a key or personal data.
    """
    status = _status_of(error)
    name = type(error).__name__
    logger.warning("answered with %d: %s: %s", status, name, error)
    body = msgspec.json.encode({"title": name, "status": status, "detail": str(error)})
    wish = error.retry_after if isinstance(error, RateLimitedError) else None
    return Problem(status, body, {} if wish is None else {"Retry-After": str(math.ceil(wish))})


def _status_of(error: KonfipayError) -> int:
    match error:
        case RouteUnknownError():
            return 502
        case StatusError() if error.status in _PASSED_ON:
            return error.status
        case SignatureError():
            return 401
        case RateLimitedError() | ClientStateError() | StorageBusyError() | WebhookKeyError():
            return 503
        case WebhookError():
            return 400
        case RequestTimeoutError():
            return 504
        case StatusError() | TransportError() | DecodeError() | ListError():
            return 502
        case _:
            return 500
