"""The pages of one list, fetched concurrently and handed on in order.

Page 1 says how many there are. From then on the next page is asked for as soon as one arrives, with no barrier in
between; at most `concurrency` are in flight, and with those that wait for the reader at most twice as many are held.
The readers hold plain tasks and the tasks hold no reference to the generators that stand on them, so leaving one in
any way leaves nothing behind.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from typing import Any, Generic, Protocol, TypeVar

from konfipay_async.errors import PageEchoError
from konfipay_async.holding import to_the_end

__all__ = ["NumberedPage", "Pages", "Reader", "checked", "each", "end"]


class NumberedPage(Protocol):
    """What paging must know of a page."""

    @property
    def number(self) -> int: ...

    @property
    def total_pages(self) -> int: ...


P = TypeVar("P", bound=NumberedPage)
P_co = TypeVar("P_co", covariant=True)


class Reader(Protocol[P_co]):
    """A list that is read page by page: what the public iterators stand on.

    Not a generator: a loop that shuts down closes all generators at once, and of two that stand on each other the
    outer one would find the inner one being closed already.
    """

    async def next(self) -> P_co | None:
        """The next page, None at the end."""

    async def close(self) -> None:
        """End what is under way. Closing twice is fine."""


async def each(reader: Reader[P_co]) -> AsyncGenerator[P_co]:
    """Yield every page."""
    try:
        while (page := await reader.next()) is not None:
            yield page
    finally:
        await reader.close()


def checked(page: P | None, asked: int) -> P | None:
    """The page asked for, or None where the list has become shorter than that.

    Raises PageEchoError for any other page: reading on would repeat some rows and lose others.
    """
    if page is None or page.number == asked:
        return page
    if page.number < asked and page.number == page.total_pages:
        return None
    raise PageEchoError(
        f"asked for page {asked}, the server answers with page {page.number} of {page.total_pages}: it does not "
        f"understand the paging parameters. Name others with paging_names=('pageNumber', 'pageSize')."
    )


async def end(tasks: Collection["asyncio.Task[Any]"]) -> None:
    """Cancel these tasks and wait until they are gone; their errors are nobody's any more."""
    for task in tasks:
        task.cancel()
    if tasks:
        await to_the_end(asyncio.gather(*tasks, return_exceptions=True))


class Pages(Generic[P]):
    """Reads every page of a list, in order. `fetch(number)` answers a page, or None where there is nothing (204).

    Raises what `fetch` raises, at the place of the page that failed, and PageEchoError.
    """

    def __init__(self, fetch: Callable[[int], Awaitable[P | None]], *, concurrency: int) -> None:
        self._fetch = fetch
        self._concurrency = concurrency
        self._total = 1
        self._told_by = 0  # the latest page that said how many there are; an older answer may arrive after it
        self._number = 1
        self._in_flight = 0
        self._slots: deque[asyncio.Task[P | None]] = deque()

    async def next(self) -> P | None:
        self._fill()
        while self._slots:
            page = await self._slots[0]
            self._slots.popleft()
            self._fill()
            if page is not None:
                return page
        return None

    async def close(self) -> None:
        self._total = 0
        await end(self._slots)

    def _fill(self) -> None:
        while (
            self._number <= self._total
            and self._in_flight < self._concurrency
            and len(self._slots) < 2 * self._concurrency
        ):
            task = asyncio.get_running_loop().create_task(self._page(self._number))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._slots.append(task)
            self._number += 1
            self._in_flight += 1

    async def _page(self, number: int) -> P | None:
        try:
            page = checked(await self._fetch(number), number)
        except BaseException:
            self._total = 0  # the reader will meet the error; pages behind it are of no use
            raise
        finally:
            self._in_flight -= 1
        # Here and not in a callback: the reader may look at the total in the same turn of the loop.
        if self._total and page is not None and number > self._told_by:
            self._total, self._told_by = page.total_pages, number
        self._fill()
        return page
