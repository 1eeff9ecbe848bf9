"""The pages of one list, fetched concurrently and handed on in order.

Page 1 says how many there are. From then on the next page is asked for as soon as one arrives, with no barrier in
between; at most `concurrency` are in flight and as many wait for the reader. The generator holds plain tasks and the
tasks hold no reference to it, so leaving it in any way leaves nothing behind.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from typing import Any, Generic, Protocol, TypeVar

from konfipay_async.errors import PageEchoError

__all__ = ["NumberedPage", "checked", "end", "read_pages"]


class NumberedPage(Protocol):
    """What paging must know of a page."""

    @property
    def number(self) -> int: ...

    @property
    def total_pages(self) -> int: ...


P = TypeVar("P", bound=NumberedPage)


async def read_pages(fetch: Callable[[int], Awaitable[P | None]], *, concurrency: int) -> AsyncGenerator[P]:
    """Yield every page of a list in order; None from `fetch` means that there is nothing at that number (204).

    Raises what `fetch` raises, at the place of the page that failed, and PageEchoError.
    """
    first = checked(await fetch(1), 1)
    if first is None:
        return
    reader = _Reader(fetch, first.total_pages, concurrency)
    try:
        reader.fill()
        yield first
        while reader.slots:
            page = await reader.next()
            if page is not None:
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
        await asyncio.gather(*tasks, return_exceptions=True)


class _Reader(Generic[P]):
    def __init__(self, fetch: Callable[[int], Awaitable[P | None]], total: int, concurrency: int) -> None:
        self.slots: deque[asyncio.Task[P | None]] = deque()
        self._fetch = fetch
        self._total = total
        self._concurrency = concurrency
        self._next = 2
        self._in_flight = 0

    def fill(self) -> None:
        while (
            self._next <= self._total
            and self._in_flight < self._concurrency
            and len(self.slots) < 2 * self._concurrency
        ):
            task = asyncio.get_running_loop().create_task(self._page(self._next))
            task.add_done_callback(self._arrived)
            self.slots.append(task)
            self._next += 1
            self._in_flight += 1

    async def next(self) -> P | None:
        page = await self.slots[0]
        self.slots.popleft()
        self.fill()
        return page

    async def close(self) -> None:
        self._total = 0
        await end(self.slots)

    async def _page(self, number: int) -> P | None:
        return checked(await self._fetch(number), number)

    def _arrived(self, task: "asyncio.Task[P | None]") -> None:
        self._in_flight -= 1
        if task.cancelled() or task.exception() is not None:
            self._total = 0  # the reader will meet the error; pages behind it are of no use
        elif self._total:
            page = task.result()
            self._total = self._total if page is None else page.total_pages
            if page is not None:
                self.fill()
