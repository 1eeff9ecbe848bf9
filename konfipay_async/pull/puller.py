"""The pull itself: pending acknowledgements first, then page by page: commit, acknowledge, note that it is so.

A process killed anywhere loses nothing and doubles nothing. Before the commit the page is still new at konfipay; after
it the id is in the database, in the same transaction as the rows, and is sent at the next start; a row that comes
again meets its key.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from typing import Any, TypeVar

from konfipay_async.client import KonfipayClient
from konfipay_async.pull.report import Report
from konfipay_async.pull.sinks import Sink
from konfipay_async.resources.transactions import Acknowledgement, TransactionPage

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
    FINISHED = "the list is at its end"


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
    report = Report()
    stop = stop or asyncio.Event()
    started, sent_before = time.monotonic(), _requests(client)

    def tell(step: Step) -> None:
        report.seconds = time.monotonic() - started
        report.requests = _requests(client) - sent_before
        if watch is not None:
            watch(step, report)

    # One thread, so that whatever is under way when the pull is cancelled ends before the sink is closed.
    with ThreadPoolExecutor(1, thread_name_prefix="konfipay sink") as thread:

        def in_thread(work: Callable[..., T], *arguments: Any) -> "asyncio.Future[T]":
            return asyncio.get_running_loop().run_in_executor(thread, work, *arguments)

        async def settle(key: str) -> Acknowledgement:
            outcome = await client.transactions.acknowledge(key)
            tell(Step.ACKNOWLEDGED)
            await in_thread(sink.settle, key, outcome.value)
            report.acknowledged += outcome is Acknowledgement.ACKNOWLEDGED
            report.expired += outcome is Acknowledgement.GONE
            return outcome

        try:
            await in_thread(sink.open)
            tell(Step.OPENED)
            if acknowledge:
                for left_over in await in_thread(sink.pending):
                    if stop.is_set():
                        break
                    await settle(left_over)
                    report.resent += 1
                    tell(Step.RESENT)
            async for page in _until(stop, new_pages):
                report.pages += 1
                report.transactions += len(page.transactions)
                report.expected = max(report.expected, page.total_items)
                tell(Step.FETCHED)
                key = page.acknowledgement_id if acknowledge else None
                written = await in_thread(sink.write, page.transactions, key)
                report.new += written.new
                report.known += written.known
                tell(Step.COMMITTED)
                if key is not None:
                    await settle(key)
                    tell(Step.SETTLED)
            report.complete = not stop.is_set()
            tell(Step.FINISHED)
        finally:
            thread.submit(sink.close)
    return report


def _requests(client: KonfipayClient) -> int:
    return client.budgets.public.status().granted + client.budgets.authenticated.status().granted


def _new_pages(
    client: KonfipayClient, acknowledge: bool, pending: bool, page_size: int
) -> AsyncGenerator[TransactionPage]:
    read = client.transactions.drain if acknowledge else client.transactions.pages
    if pending:
        return read(page_size, is_new=True)
    return read(page_size, is_new=True, booking_status="booked")


async def _until(stop: asyncio.Event, pages: AsyncGenerator[TransactionPage]) -> AsyncGenerator[TransactionPage]:
    """The pages until `stop` is set; a fetch that is under way then is given up."""
    stopped = asyncio.ensure_future(stop.wait())
    fetch: asyncio.Future[TransactionPage | None] | None = None
    try:
        while not stop.is_set():
            fetch = asyncio.ensure_future(_next(pages))
            await asyncio.wait({fetch, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not fetch.done() or (page := fetch.result()) is None:
                return
            yield page
    finally:
        ending = [future for future in (fetch, stopped) if future is not None]
        for future in ending:
            future.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        await pages.aclose()


async def _next(pages: AsyncGenerator[TransactionPage]) -> TransactionPage | None:
    return await anext(pages, None)
