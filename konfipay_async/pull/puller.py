"""The pull of what is new: pending acknowledgements first, then page by page: commit, acknowledge, note that it is so.

A process killed anywhere loses nothing and doubles nothing. Before the commit the page is still new at konfipay; after
it the id is in the database, in the same transaction as the rows, and is sent at the next start; a row that comes
again meets its key.
"""

import asyncio
from collections.abc import AsyncGenerator

from konfipay_async.client import KonfipayClient
from konfipay_async.pull.report import Report
from konfipay_async.pull.settling import Settling
from konfipay_async.pull.sinks import Sink
from konfipay_async.pull.sinks.noting import Run
from konfipay_async.pull.work import Step, Watch, Work, at_work, upcoming
from konfipay_async.resources.transactions import TransactionPage

__all__ = ["pull"]


async def pull(
    client: KonfipayClient,
    sink: Sink,
    *,
    acknowledge: bool,
    pending: bool = False,
    page_size: int = 1000,
    stop: asyncio.Event | None = None,
    watch: Watch | None = None,
) -> Report:
    """Pull what is new into the sink and say what was done.

    With `acknowledge` every page is acknowledged after it was committed, until nothing new is left; konfipay's is-new
    flags belong to all applications of a client unless the key has its own. Without it one pass is read and stored,
    and everything stays new. `pending` takes pending entries too, which come again as bookings later; the default is
    booked ones only. When `stop` is set the page in hand is finished and the pull ends, `report.complete` being False.
    `watch` is called after every step, on the event loop. The client stays open, the sink is opened and closed here.

    Raises StorageError, and what `Transactions.drain` raises; what was committed stays.
    """
    pages = _new_pages(client, acknowledge, pending, page_size)  # checks its arguments before anything is opened
    stop = stop or asyncio.Event()
    async with at_work(client, sink, Run("transactions", "new", acknowledge), watch) as work:
        settling = Settling(work, client.transactions.acknowledge, sink.settle)
        try:
            if acknowledge:
                await settling.resend(await work.do(sink.pending), stop)
            while not stop.is_set() and (page := await upcoming(pages, stop)) is not None:
                key = page.acknowledgement_id if acknowledge else None
                await _take(work, sink, page, key)
                if key is not None:
                    settling.begin(settling.settle(key))  # beside the next page; the drain bounds their number
                settling.collect()
            await pages.aclose()
            await settling.settled()
            work.finish(stop)
        finally:
            await settling.abandon()
            await pages.aclose()
    return work.report


async def _take(work: Work, sink: Sink, page: TransactionPage, key: str | None) -> None:
    """Commit a page, and the id that acknowledges it."""
    report = work.report
    report.pages += 1
    report.transactions += len(page.transactions)
    report.expected = max(report.expected, page.total_items, report.transactions)
    work.tell(Step.FETCHED)
    report.add(await work.do(sink.write, page.transactions, key))
    work.tell(Step.COMMITTED)


def _new_pages(
    client: KonfipayClient, acknowledge: bool, pending: bool, page_size: int
) -> AsyncGenerator[TransactionPage]:
    read = client.transactions.drain if acknowledge else client.transactions.pages
    if pending:
        return read(page_size, is_new=True)
    return read(page_size, is_new=True, booking_status="booked")
