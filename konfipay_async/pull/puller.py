"""The pull itself: pending acknowledgements first, then page by page: commit, acknowledge, note that it is so.

A process killed anywhere loses nothing and doubles nothing. Before the commit the page is still new at konfipay; after
it the id is in the database, in the same transaction as the rows, and is sent at the next start; a row that comes
again meets its key.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from enum import Enum
from typing import Any, TypeVar

from konfipay_async.client import KonfipayClient
from konfipay_async.errors import (
    ConfigurationError,
    ForbiddenError,
    RateLimitedError,
    RouteUnknownError,
    ServerError,
    StatusError,
    UnauthorizedError,
)
from konfipay_async.holding import to_the_end
from konfipay_async.pull.report import Report
from konfipay_async.pull.sinks import Sink
from konfipay_async.resources.results import Acknowledgement
from konfipay_async.resources.transactions import TransactionPage

__all__ = ["Step", "pull"]

T = TypeVar("T")


class Step(Enum):
    """Where a pull is; each is told to `watch` right after it happened."""

    OPENED = "the sink is open and held"
    RESENT = "an acknowledgement of an earlier pull was sent and noted"
    FETCHED = "a page is here"
    COMMITTED = "its rows and its acknowledgement id are committed"
    ACKNOWLEDGED = "konfipay has answered the acknowledgement"
    SETTLED = "the answer is noted"
    FINISHED = "the pull is at its end, or was asked to stop, and nothing is under way"


async def pull(
    client: KonfipayClient,
    sink: Sink,
    *,
    acknowledge: bool,
    pending: bool = False,
    page_size: int = 1000,
    stop: asyncio.Event | None = None,
    watch: Callable[[Step, Report], None] | None = None,
) -> Report:
    """Pull what is new into the sink and say what was done.

    With `acknowledge` every page is acknowledged after it was committed, until nothing new is left; konfipay's is-new
    flags belong to all applications of a client unless the key has its own. Without it one pass is read and stored,
    and everything stays new. `pending` takes pending entries too, which come again as bookings later; the default is
    booked ones only. When `stop` is set the page in hand is finished and the pull ends, `report.complete` being False.
    `watch` is called after every step, on the event loop. The client stays open, the sink is opened and closed here.

    Raises StorageError, and what `Transactions.drain` raises; what was committed stays.
    """
    new_pages = _new_pages(client, acknowledge, pending, page_size)  # checks its arguments before anything is opened
    stop = stop or asyncio.Event()
    # One thread, so that whatever is under way when the pull is cancelled ends before the sink is closed.
    async with _thread_of(sink) as thread:
        work = _Work(client, sink, thread, watch)
        try:
            await work.open(acknowledge=acknowledge)
            if acknowledge:
                await work.resend(stop)
            while not stop.is_set() and (page := await _next(new_pages, stop)) is not None:
                await work.take(page, acknowledge=acknowledge)
            await new_pages.aclose()
            await work.settled()
            work.report.complete = not stop.is_set()
            work.tell(Step.FINISHED)
        finally:
            await work.abandon()
            await new_pages.aclose()
    return work.report


@asynccontextmanager
async def _thread_of(sink: Sink) -> AsyncIterator[ThreadPoolExecutor]:
    thread = ThreadPoolExecutor(1, thread_name_prefix="konfipay sink")
    try:
        yield thread
    finally:
        try:
            await to_the_end(asyncio.get_running_loop().run_in_executor(thread, sink.close))
        finally:
            thread.shutdown()


class _Work:
    """One pull under way. Acknowledgements go out beside the next page's commit; the drain bounds their number."""

    def __init__(
        self,
        client: KonfipayClient,
        sink: Sink,
        thread: ThreadPoolExecutor,
        watch: Callable[[Step, Report], None] | None,
    ) -> None:
        self.report = Report()
        self._client = client
        self._sink = sink
        self._thread = thread
        self._watch = watch
        self._started = time.monotonic()
        self._sent_before = self._requests()
        self._settling: set[asyncio.Task[None]] = set()
        self._postponed: ServerError | None = None

    async def open(self, *, acknowledge: bool) -> None:
        await self._in_thread(self._sink.open)
        if acknowledge and not self._sink.lasts:
            raise ConfigurationError(
                "this database is gone with the process: acknowledged transactions would be lost with it. Name a file."
            )
        self.tell(Step.OPENED)

    async def resend(self, stop: asyncio.Event) -> None:
        """Send what an earlier pull committed and could not acknowledge."""
        for key in await self._in_thread(self._sink.pending):
            if stop.is_set():
                return
            try:
                await self._settle(key)
            except ServerError as error:
                # It stays pending; one id that the API stumbles over must not keep all others from being pulled.
                self._postponed = self._postponed or error
                continue
            except StatusError as error:
                if not _is_definite(error):
                    raise
                # However the API says that it knows the id no longer: the rows come again if they are still new.
                await self._in_thread(self._sink.settle, key, "refused")
                self.report.expired += 1
            self.report.resent += 1
            self.tell(Step.RESENT)

    async def take(self, page: TransactionPage, *, acknowledge: bool) -> None:
        """Commit a page, and begin to acknowledge it."""
        report = self.report
        report.pages += 1
        report.transactions += len(page.transactions)
        report.expected = max(report.expected, page.total_items, report.transactions)
        self.tell(Step.FETCHED)
        key = page.acknowledgement_id if acknowledge else None
        written = await self._in_thread(self._sink.write, page.transactions, key)
        report.new += written.new
        report.known += written.known
        self.tell(Step.COMMITTED)
        if key is not None:
            self._settling.add(asyncio.create_task(self._settle(key)))
        for task in [task for task in self._settling if task.done()]:
            self._settling.discard(task)  # one by one: those behind one that failed are still to be collected
            task.result()

    async def settled(self) -> None:
        """Wait for the acknowledgements under way. Raises what one of them met, or one left over from before."""
        await asyncio.gather(*self._settling)
        if self._postponed is not None:
            raise self._postponed

    async def abandon(self) -> None:
        """End what is under way; ids that were committed stay pending."""
        for task in self._settling:
            task.cancel()
        if self._settling:
            await asyncio.gather(*self._settling, return_exceptions=True)

    def tell(self, step: Step) -> None:
        self.report.seconds = time.monotonic() - self._started
        self.report.requests = self._requests() - self._sent_before
        if self._watch is not None:
            self._watch(step, self.report)

    async def _settle(self, key: str) -> None:
        outcome = await self._client.transactions.acknowledge(key)
        self.tell(Step.ACKNOWLEDGED)
        await self._in_thread(self._sink.settle, key, outcome.value)
        self.report.acknowledged += outcome is Acknowledgement.ACKNOWLEDGED
        self.report.expired += outcome is Acknowledgement.GONE
        self.tell(Step.SETTLED)

    def _in_thread(self, work: Callable[..., T], *arguments: Any) -> "asyncio.Future[T]":
        return asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)

    def _requests(self) -> int:
        budgets = self._client.budgets
        return budgets.public.status().granted + budgets.authenticated.status().granted


def _new_pages(
    client: KonfipayClient, acknowledge: bool, pending: bool, page_size: int
) -> AsyncGenerator[TransactionPage]:
    read = client.transactions.drain if acknowledge else client.transactions.pages
    if pending:
        return read(page_size, is_new=True)
    return read(page_size, is_new=True, booking_status="booked")


def _is_definite(error: StatusError) -> bool:
    passing = (UnauthorizedError, ForbiddenError, RateLimitedError, RouteUnknownError)
    return 400 <= error.status < 500 and error.status != 408 and not isinstance(error, passing)


async def _next(pages: AsyncGenerator[TransactionPage], stop: asyncio.Event) -> TransactionPage | None:
    """The next page; None at the end, or when `stop` is set: a fetch that is under way then is given up."""

    async def next_page() -> TransactionPage | None:
        return await anext(pages, None)

    fetched = asyncio.ensure_future(next_page())
    stopped = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({fetched, stopped}, return_when=asyncio.FIRST_COMPLETED)
        return fetched.result() if fetched.done() else None
    finally:
        for future in (fetched, stopped):
            future.cancel()
        await asyncio.gather(fetched, stopped, return_exceptions=True)
