"""The pages of a list that does not say how many there are: fetched concurrently, handed on in order.

Only the last page tells that it is the last, so pages are asked for that may not exist. To waste little on short lists,
the first is asked for alone, and each that arrives and is not the last lets one more be in flight.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from konfipay_async.paging.pages import end

__all__ = ["OpenEnded"]

P = TypeVar("P")


class OpenEnded(Generic[P]):
    """Reads every page of a list, in order. `fetch(index)` answers one, the first has index 0.

    At most `concurrency` are in flight, `ahead` to begin with, and with those that wait for the reader at most twice as
    many are held; no more than `most` are fetched. What is in flight behind the last page is broken off.
    Raises what `fetch` raises, at the place of the page that failed.
    """

    def __init__(
        self,
        fetch: Callable[[int], Awaitable[P]],
        is_last: Callable[[P], bool],
        *,
        concurrency: int,
        most: int | None = None,
        ahead: int = 1,
    ) -> None:
        self._fetch = fetch
        self._is_last = is_last
        self._concurrency = concurrency
        self._most = most
        self._ahead = ahead
        self._index = 0
        self._in_flight = 0
        self._slots: deque[asyncio.Task[P]] = deque()
        self.ended = False
        """Whether the last page was handed out, and not only the last that was to be fetched."""

    async def next(self) -> P | None:
        self._fill()
        if not self._slots:
            return None
        page = await self._slots[0]
        self._slots.popleft()
        if self._is_last(page):
            self.ended = True
            await self.close()
        else:
            self._fill()
        return page

    async def close(self) -> None:
        self._most = 0
        slots, self._slots = self._slots, deque()
        await end(slots)

    def _fill(self) -> None:
        while (
            (self._most is None or self._index < self._most)
            and self._in_flight < self._ahead
            and len(self._slots) < 2 * self._concurrency
        ):
            task = asyncio.get_running_loop().create_task(self._page(self._index))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._slots.append(task)
            self._index += 1
            self._in_flight += 1

    async def _page(self, index: int) -> P:
        try:
            page = await self._fetch(index)
        except BaseException:
            self._most = 0  # the reader will meet the error; pages behind it are of no use
            raise
        finally:
            self._in_flight -= 1
        if self._is_last(page):
            self._most = 0
        else:
            self._ahead = min(self._concurrency, self._ahead + 1)
        self._fill()
        return page
