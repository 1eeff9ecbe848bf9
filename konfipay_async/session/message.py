"""What travels through a session: requests, responses and how each wants to be treated. Frozen values only.

No repr shows a query, a header or a body: they hold tokens, IBANs and remittance texts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import Generic, Literal, TypeVar

__all__ = ["BudgetName", "Lane", "Request", "Response", "RetryClass"]

T = TypeVar("T")

BudgetName = Literal["public", "authenticated"]


class Lane(IntEnum):
    """Who goes first when permits are scarce: lower goes first, first come first served inside a lane."""

    ACKNOWLEDGE = 0
    """Acknowledgements: their ids expire, and rows come again when they are late."""
    SINGLE = 1
    """Payments and single calls: somebody is waiting for the answer."""
    BULK = 2
    """Paging through lists: may not take the reserve."""


class RetryClass(Enum):
    """What a repeat of the request would do; decides what may be tried again."""

    READ = "read"
    """Changes nothing."""
    IDEMPOTENT = "idempotent"
    """Changes the same thing to the same value."""
    ACKNOWLEDGE = "acknowledge"
    """A repeat after a lost answer meets an id that is used up, which says that the first one worked."""
    RESUMABLE = "resumable"
    """The API continues where it stopped."""
    ONCE = "once"
    """A repeat could do it twice: only after the first certainly did nothing."""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer, read to its end. `headers` has lower-case names, `elapsed` is in seconds."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    elapsed: float = 0.0


@dataclass(frozen=True, slots=True)
class Request(Generic[T]):
    """One request, as a value: what goes to the server, how it is treated, and what reads its answer.

    `path` is relative to the session's base URL and already percent-encoded, `query` is not; `timeout` is in seconds
    for one attempt; `read` turns the response into the value the caller gets, or raises.
    """

    method: str
    path: str
    read: Callable[[Response], T] = field(repr=False)
    query: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    budget: BudgetName = "authenticated"
    lane: Lane = Lane.SINGLE
    retry: RetryClass = RetryClass.ONCE
    timeout: float = 60.0
