"""A list of what is new, which moves while it is read.

Acknowledging a page takes its rows out of the list, so that all later pages move up; new bookings move them too. Such
a list is read by generations: a bounded number of pages fetched together, starting behind the rows that were handed
out and not yet acknowledged. While one generation is processed the next is fetched; two are held at most.
Acknowledgements asked for while a fetch is under way wait for it, and the next fetch waits for them, so no fetch ever
sees the list move by our own doing.

What others do meanwhile can still hide rows from one pass; `drain` therefore makes passes from page 1 until one has
nothing to show that was not handed out already.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Generic, Protocol, TypeVar

from konfipay_async.errors import AcknowledgementWithoutEffectError, DrainUnfinishedError
from konfipay_async.paging.acknowledgements import Acknowledgements
from konfipay_async.paging.pages import checked, end

__all__ = ["Drain", "NewPage"]

# Passes in a row that bring nothing before the list is given up.
_MOST_FRUITLESS = 3
# What is remembered of rows: enough to see them come back at once, bounded for any length of list.
_REMEMBERED_GENERATIONS = 2


class NewPage(Protocol):
    """What a drain must know of a page."""

    @property
    def number(self) -> int: ...

    @property
    def total_pages(self) -> int: ...

    @property
    def total_items(self) -> int: ...

    @property
    def acknowledgement_id(self) -> str: ...

    @property
    def rids(self) -> Sequence[str]: ...


P = TypeVar("P", bound=NewPage)


class _State(Enum):
    LEFT = "handed out and not acknowledged: its rows are in the list"
    REFUSED = "acknowledged without success: its rows are in the list, presumably, and come again"
    ACKNOWLEDGED = "acknowledged: its rows have left the list"


@dataclass(eq=False, slots=True)
class _Shown:
    """A page of this list; `before` counts earlier acknowledgements of rows that came back."""

    rows: int
    state: _State = _State.LEFT
    before: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Generation(Generic[P]):
    """Pages fetched together, and how many pages of this pass remain behind them."""

    pages: list[P]
    remaining: int


class Drain(Generic[P]):
    """Reads an is-new list of pages of `page_size` rows, at most `concurrency` of them at a time.

    `fetch(number)` answers a page, or None where there is nothing (204). One reader calls `read()`, once.
    """

    def __init__(
        self,
        fetch: Callable[[int], Awaitable[P | None]],
        *,
        page_size: int,
        concurrency: int,
        until_empty: bool,
        acknowledgements: Acknowledgements,
    ) -> None:
        self._fetch = fetch
        self._page_size = page_size
        self._concurrency = concurrency
        self._until_empty = until_empty
        self._acknowledgements = acknowledgements
        self._gate = _Gate()
        self._by_key: dict[str, _Shown] = {}
        self._pass: list[_Shown] = []
        self._memory: deque[dict[str, _Shown]] = deque(maxlen=_REMEMBERED_GENERATIONS)
        self._acknowledged_pages = 0

    async def read(self) -> AsyncGenerator[P]:
        """Yield the pages: one pass, or with `until_empty` as many as it takes.

        Raises what `fetch` raises, PageEchoError, AcknowledgementWithoutEffectError and DrainUnfinishedError.
        """
        passes = self._passes()
        try:
            async for page in passes:
                self._acknowledgements.came_from(page.acknowledgement_id, self)
                yield page
        finally:
            await passes.aclose()
            self._acknowledgements.closed(self)

    async def _passes(self) -> AsyncGenerator[P]:
        fruitless = 0
        longest = 0
        while True:
            self._pass = []
            acknowledged_before = self._acknowledged_pages
            totals: set[int] = set()
            handed_out = unseen = False
            upcoming: asyncio.Task[_Generation[P]] | None = self._begin(remaining=1)
            try:
                while upcoming is not None:
                    generation = await upcoming
                    to_hand_out = self._note(generation.pages)
                    upcoming = self._begin(generation.remaining) if generation.remaining else None
                    totals.update(page.total_items for page in generation.pages)
                    for page, has_unseen in to_hand_out:
                        handed_out = True
                        unseen = unseen or has_unseen
                        yield page
            finally:
                if upcoming is not None:
                    await end([upcoming])
            await self._gate.settled()
            if not self._until_empty or not handed_out:
                return
            acknowledged = self._acknowledged_pages > acknowledged_before
            refused = any(shown.state is _State.REFUSED for shown in self._pass)
            if not acknowledged and not refused and len(totals) == 1:
                return  # nothing moved under this pass, so it has shown all there is
            grown = max(totals) > longest
            longest = max(totals)
            fruitless = 0 if unseen and (acknowledged or grown) else fruitless + 1
            if fruitless >= _MOST_FRUITLESS:
                raise DrainUnfinishedError(
                    f"{fruitless} passes over the list brought nothing new, and yet it does not end: {longest} rows "
                    f"come back although they were handed out. Acknowledge each page within its hour, and look "
                    f"whether another program reads the same list."
                )

    async def acknowledge(self, key: str, send: Callable[[], Awaitable[bool]]) -> bool:
        """Send an acknowledgement when no fetch is under way; `send` says whether it took effect."""
        async with self._gate.acknowledging():
            took_effect = False
            try:
                took_effect = await send()
            finally:
                shown = self._by_key.pop(key, None)
                if shown is not None:
                    shown.state = _State.ACKNOWLEDGED if took_effect else _State.REFUSED
                    self._acknowledged_pages += took_effect
            return took_effect

    def _begin(self, remaining: int) -> "asyncio.Task[_Generation[P]]":
        task = asyncio.get_running_loop().create_task(self._generation(remaining))
        # Where the list is left before its error was met, nobody misses the error.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return task

    async def _generation(self, remaining: int) -> "_Generation[P]":
        async with self._gate.fetching():
            in_the_way = sum(shown.rows for shown in self._pass if shown.state is not _State.ACKNOWLEDGED)
            start = 1 + in_the_way // self._page_size
            count = min(self._concurrency, remaining)
            answers = await self._fetch_all(range(start, start + count))
            if not self._pass and (first := answers[0]) is not None:
                # The first page of a pass says how many there are: the rest of its generation can follow.
                answers += await self._fetch_all(range(2, 1 + min(self._concurrency, first.total_pages)))
        pages = [page for page in answers if page is not None]
        if len(pages) < len(answers):
            return _Generation(pages, 0)
        return _Generation(pages, max(0, pages[-1].total_pages - pages[-1].number))

    async def _fetch_all(self, numbers: range) -> list[P | None]:
        tasks = [asyncio.get_running_loop().create_task(self._page(number)) for number in numbers]
        try:
            return [await task for task in tasks]
        finally:
            await end(tasks)

    async def _page(self, number: int) -> P | None:
        return checked(await self._fetch(number), number)

    def _note(self, pages: Sequence[P]) -> list[tuple[P, bool]]:
        """The pages to hand out, each with whether it has rows not seen before.

        A page of nothing but rows that were handed out and left is not handed out again.
        """
        generation: dict[str, _Shown] = {}
        to_hand_out: list[tuple[P, bool]] = []
        for page in pages:
            rids = set(page.rids)
            shown = _Shown(rows=len(rids))
            self._pass.append(shown)
            known = {rid: seen for rid in rids if (seen := self._recall(rid)) is not None}
            if len(known) == len(rids) and all(seen.state is _State.LEFT for seen in known.values()):
                generation.update(known)
                continue
            shown.before = self._came_back(known)
            generation.update(dict.fromkeys(rids, shown))
            self._by_key[page.acknowledgement_id] = shown
            to_hand_out.append((page, len(known) < len(rids)))
        self._memory.append(generation)
        return to_hand_out

    def _came_back(self, known: dict[str, _Shown]) -> dict[str, int]:
        """How often rows were acknowledged that are new again. Once can be a colleague in the portal."""
        times: dict[str, int] = {}
        for rid, seen in known.items():
            count = seen.before.get(rid, 0) + (seen.state is _State.ACKNOWLEDGED)
            if count >= 2:
                raise AcknowledgementWithoutEffectError(
                    f"row {rid} was acknowledged {count} times with success and is new again: acknowledging has no "
                    f"effect here. Is routes={{'transactions.acknowledge': …}} right for this API?"
                )
            if count:
                times[rid] = count
        return times

    def _recall(self, rid: str) -> _Shown | None:
        for generation in reversed(self._memory):
            if (shown := generation.get(rid)) is not None:
                return shown
        return None


class _Gate:
    """Keeps fetches of a list and acknowledgements of its pages apart.

    A fetch waits for the acknowledgements asked for before it began, an acknowledgement for the fetch under way.
    """

    def __init__(self) -> None:
        self._asked = 0
        self._none_asked = asyncio.Event()
        self._none_asked.set()
        self._not_fetching = asyncio.Event()
        self._not_fetching.set()

    @asynccontextmanager
    async def acknowledging(self) -> AsyncIterator[None]:
        self._asked += 1
        self._none_asked.clear()
        try:
            await self._not_fetching.wait()
            yield
        finally:
            self._asked -= 1
            if not self._asked:
                self._none_asked.set()

    @asynccontextmanager
    async def fetching(self) -> AsyncIterator[None]:
        await self.settled()
        self._not_fetching.clear()
        try:
            yield
        finally:
            self._not_fetching.set()

    async def settled(self) -> None:
        """Return when no acknowledgement is under way."""
        while self._asked:
            await self._none_asked.wait()
