"""The pull of a range of booking days, whatever is new or not. Nothing is acknowledged.

It goes on by booking day, not by page number, which mean other rows tomorrow: a day is noted as read once all of it is
committed and the rows that came are as many as the server counts. A day that was read is not read again unless the
server's total says that it has changed; today and yesterday are never final.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal

from konfipay_async.client import KonfipayClient
from konfipay_async.errors import ConfigurationError, FilterIgnoredError, ListError
from konfipay_async.models.times import german_day
from konfipay_async.pull.days import blocks, differing, each_day, is_final, spans
from konfipay_async.pull.report import Report
from konfipay_async.pull.sinks import Sink
from konfipay_async.pull.sinks.noting import Notes, Run, notes_of
from konfipay_async.pull.work import ATTEMPTS, Step, Watch, Work, at_work, stood_still, upcoming
from konfipay_async.resources.transactions import TransactionPage

__all__ = ["pull_range"]

# Pages that are read before days are noted as done: enough to fetch many at once, few enough to read again.
_PAGES = 16


async def pull_range(
    client: KonfipayClient,
    sink: Sink,
    since: date,
    until: date | None = None,
    *,
    pending: bool = False,
    page_size: int = 1000,
    today: date | None = None,
    stop: asyncio.Event | None = None,
    watch: Watch | None = None,
) -> Report:
    """Pull the transactions booked from `since` to `until` (default: today), both included, and say what was done.

    A rerun reads the days that were not read to their end, those that the server counts otherwise than they were read,
    and always today and yesterday (German days). A sink that remembers no days is given all of them each time. The
    rest is as for `pull`; `report.expected` is what the server counts of the days to read.

    Raises ConfigurationError, StorageError, FilterIgnoredError where the server does not heed the dates, ListError
    where a span of days does not stop moving, and what `Transactions.pages` raises; what was committed stays.
    """
    today = today or german_day(time.time())
    until = max(since, today) if until is None else until
    if since > until:
        raise ConfigurationError(f"since={since} is after until={until}: give the earlier day first")
    stop = stop or asyncio.Event()
    async with at_work(client, sink, Run("transactions", "range", False, since, until), watch) as work:
        reading = _Reading(work, sink, "all" if pending else "booked", page_size, today, stop)
        await reading.read(since, until)
        work.finish(stop)
    return work.report


class _Reading:
    """One pull of a range under way."""

    def __init__(
        self,
        work: Work,
        sink: Sink,
        selection: Literal["all", "booked"],
        page_size: int,
        today: date,
        stop: asyncio.Event,
    ) -> None:
        self._work = work
        self._sink = sink
        self._notes: Notes | None = notes_of(sink)
        self._selection = selection
        self._status: Literal["booked"] | None = None if selection == "all" else "booked"
        self._page_size = page_size
        self._today = today
        self._stop = stop

    async def read(self, since: date, until: date) -> None:
        days = set(each_day(since, until)) - await self._done(since, until)
        planned: list[Sequence[date]] = []
        for block in blocks(days):
            if self._stop.is_set():
                return
            rows = await self._count(block[0], block[-1])
            self._work.report.expected += rows
            planned += spans(block, rows, _PAGES * self._page_size)
        self._work.tell(Step.COUNTED)
        for span in planned:
            if self._stop.is_set() or not await self._read_whole(span):
                return

    async def _done(self, since: date, until: date) -> set[date]:
        """The days that were read to their end, and are still as they were then."""
        if self._notes is None:
            return set()
        known = await self._work.do(self._notes.days, self._selection, since, until)
        changed: set[date] = set()
        for block in blocks(known):
            if self._stop.is_set():
                break
            changed.update(await differing(self._count, known, block))
        if changed:
            await self._work.do(self._notes.unmark_days, self._selection, changed)
        return set(known) - changed

    async def _count(self, first: date, last: date) -> int:
        return await self._work.client.transactions.count(
            min_booking_date=first, max_booking_date=last, booking_status=self._status
        )

    async def _read_whole(self, span: Sequence[date]) -> bool:
        """Read a span until it has stood still; False where the pull was asked to stop."""
        for _ in range(ATTEMPTS):
            found = await self._read_once(span)
            if self._stop.is_set():
                return False
            if found is not None:
                await self._mark(span, found)
                return True
        raise ListError(
            f"the bookings of {span[0]} to {span[-1]} were read {ATTEMPTS} times, and each time they moved: the rows "
            "that came are not as many as the server counts. What came is stored; pull again when it is quieter."
        )

    async def _read_once(self, span: Sequence[date]) -> "Counter[date] | None":
        """How many rows each day has; None where the list moved while it was read, so that a row may be missing."""
        pages = self._work.client.transactions.pages(
            self._page_size, min_booking_date=span[0], max_booking_date=span[-1], booking_status=self._status
        )
        found: Counter[date] = Counter()
        rids: set[str] = set()
        totals: set[int] = set()
        try:
            while (page := await upcoming(pages, self._stop)) is not None:
                days = {transaction.rid: _day(transaction.booking_date, span) for transaction in page.transactions}
                await self._take(page)
                totals.add(page.total_items)
                found.update(day for rid, day in days.items() if rid not in rids)
                rids.update(days)
                if self._stop.is_set():
                    break
        finally:
            await pages.aclose()
        return found if stood_still(totals, rids) else None

    async def _take(self, page: TransactionPage) -> None:
        report = self._work.report
        report.pages += 1
        report.transactions += len(page.transactions)
        report.expected = max(report.expected, report.transactions)
        self._work.tell(Step.FETCHED)
        report.add(await self._work.do(self._sink.write, page.transactions, None))
        self._work.tell(Step.COMMITTED)

    async def _mark(self, span: Sequence[date], found: "Counter[date]") -> None:
        final = {day: found[day] for day in span if is_final(day, self._today)}
        if self._notes is not None and final:
            await self._work.do(self._notes.mark_days, self._selection, final)
            self._work.tell(Step.MARKED)


def _day(booked_at: datetime | None, span: Sequence[date]) -> date:
    """The booking day of a row, where the bank is. One without a day counts as of the first day asked for."""
    day = span[0] if booked_at is None else booked_at.date()
    if not span[0] <= day <= span[-1]:
        raise FilterIgnoredError(
            f"asked for bookings of {span[0]} to {span[-1]}, the server sends one of {day}: it does not know the "
            "filters min_booking_date and max_booking_date by these names. Correct them with filter_names={…}."
        )
    return day
