"""What travels through a session: requests, responses and how each wants to be treated. Frozen values only.

No repr shows a query, a header or a body: they hold tokens, IBANs and remittance texts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import Generic, Literal, Protocol, TypeVar

from konfipay_async.errors import KonfipayError

__all__ = ["BudgetName", "Download", "Lane", "Note", "Request", "Response", "RetryClass"]

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


class Download(Protocol):
    """Takes the body of a success as it comes, so that no more than a chunk of it is in memory.

    What goes wrong here is raised as an error of this package: it is not the connection's fault, nor tried again.
    """

    async def begin(self, size: int | None) -> None:
        """A body begins, of `size` bytes where the server said so. After a broken attempt another one begins."""

    async def write(self, chunk: bytes) -> None:
        """The next bytes."""


class Note(Protocol):
    """Is told of a request that must happen once: before it leaves, and when it is known what became of it.

    Both happen after its permit is granted, where its caller's cancellation is held back.
    """

    async def leaving(self) -> None:
        """An attempt is about to leave. What this raises stops it, and nothing was sent."""

    async def settled(self, value: object, error: KonfipayError | None) -> None:
        """The attempt succeeded with what its `read` made of the answer, or failed with this error. Must not raise."""


@dataclass(frozen=True, slots=True)
class Request(Generic[T]):
    """One request, as a value: what goes to the server, how it is treated, and what reads its answer.

    `path` is relative to the session's base URL and already percent-encoded, `query` is not; `timeout` is in seconds
    for one attempt; `read` turns the response into the value the caller gets, or raises. With a `download` the body of
    a success goes there, and the response has none. `from_origin` makes the path relative to the origin
    instead. `template` is the path with names in the place of ids, for logs that must not hold them; where the path
    itself is a `secret_path`, nothing but the template is ever told.
    """

    method: str
    path: str
    read: Callable[[Response], T]
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    budget: BudgetName = "authenticated"
    lane: Lane = Lane.SINGLE
    retry: RetryClass = RetryClass.ONCE
    timeout: float = 60.0
    download: Download | None = None
    note: Note | None = None
    from_origin: bool = False
    template: str = ""
    secret_path: bool = False

    def __repr__(self) -> str:
        # Nothing else: query, headers and body hold secrets, and what is somebody's.
        return f"<Request {self.method} {self.told}>"

    @property
    def told(self) -> str:
        """The path as errors and logs may tell it."""
        return self.template if self.secret_path else self.path
