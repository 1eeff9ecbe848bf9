"""The pages of a list that each say where the next one begins; the next is fetched while one is read.

Such a list tells no total and no numbers, so its pages cannot be fetched at the same time.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from konfipay_async.paging.pages import end

__all__ = ["CursorPages"]

P = TypeVar("P")
C = TypeVar("C")


class CursorPages(Generic[P, C]):
    """Reads every page of a list, in order, one page ahead of its reader.

    `fetch(cursor)` answers a page and the cursor of the one after it, None where it was the last, or the last that is
    wanted; the first is asked for with `first`. Raises what `fetch` raises, at the place of the page that failed.
    """

    def __init__(self, fetch: Callable[[C | None], Awaitable[tuple[P, C | None]]], *, first: C | None = None) -> None:
        self._fetch = fetch
        self._first = first
        self._task: asyncio.Task[tuple[P, C | None]] | None = None
        self._began = False

    async def next(self) -> P | None:
        if not self._began:
            self._began = True
            self._begin(self._first)
        if self._task is None:
            return None
        page, cursor = await self._task
        self._task = None
        if cursor is not None:
            self._begin(cursor)
        return page

    async def close(self) -> None:
        self._began = True
        task, self._task = self._task, None
        if task is not None:
            await end([task])

    def _begin(self, cursor: C | None) -> None:
        self._task = asyncio.get_running_loop().create_task(_page(self._fetch, cursor))
        self._task.add_done_callback(lambda done: done.cancelled() or done.exception())


async def _page(fetch: Callable[[C | None], Awaitable[tuple[P, C | None]]], cursor: C | None) -> tuple[P, C | None]:
    return await fetch(cursor)
