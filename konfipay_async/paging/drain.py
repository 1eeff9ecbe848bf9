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
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Generic, Protocol, Self, TypeVar

from konfipay_async.errors import AcknowledgementWithoutEffectError, DrainUnfinishedError
from konfipay_async.paging.acknowledgements import Acknowledgements
from konfipay_async.paging.names import EchoingPage
from konfipay_async.paging.pages import checked, end

__all__ = ["Drain", "NewPage"]

# Passes in a row that bring nothing before the list is given up.
_MOST_FRUITLESS = 3
# What is remembered of rows: two generations, so that they are seen to come back at once, bounded for any length of
# list; and never less than this many pages, so that short lists are remembered whole.
_REMEMBERED_PAGES = 16


class NewPage(EchoingPage, Protocol):
    """What a drain must know of a page.

    `units` are its rows by the key that acknowledges them: all under one key for transactions, each under its own for
    files. `only(keys)` is the page with no other units.
    """

    @property
    def total_items(self) -> int: ...

    @property
    def units(self) -> Mapping[str, Sequence[str]]: ...

    def only(self, keys: Collection[str]) -> Self: ...


P = TypeVar("P", bound=NewPage)


class _State(Enum):
    LEFT = "handed out and not acknowledged"
    REFUSED = "acknowledged without success: an answer may have been lost, or the id expired"
    ACKNOWLEDGED = "acknowledged"


@dataclass(eq=False, slots=True)
class _Shown:
    """A unit of this list; `before` counts earlier acknowledgements of rows that came back.

    `again` is set where its rows came back after an acknowledgement without success, `moved` is the look at the list
    after which the position was last moved for it.
    """

    rows: int
    state: _State = _State.LEFT
    before: dict[str, int] = field(default_factory=dict)
    again: bool = False
    moved: int = -1


@dataclass(frozen=True, slots=True)
class _Generation(Generic[P]):
    """Pages fetched together, those of them to hand out, and how many pages of this pass remain behind them.

    `cut` is set where a page that had been announced was no longer there.
    """

    pages: list[P]
    to_hand_out: list[tuple[P, bool]]
    remaining: int
    cut: bool


@dataclass(slots=True)
class _Pass:
    """One way through the list, from page 1 to its end.

    `position` is how many rows of the list are before the next page to fetch, as far as we move it.
    """

    acknowledged_before: int
    position: int = 0
    pages: int = 0
    shown: list[_Shown] = field(default_factory=list)
    totals: set[int] = field(default_factory=set)
    cut: bool = False
    handed_out: bool = False
    unseen: bool = False


class Drain(Generic[P]):
    """Reads an is-new list of pages of `page_size` rows, at most `concurrency` of them at a time.

    One pass, or with `until_empty` as many as it takes. `fetch(number)` answers a page, or None where there is
    nothing (204); `acknowledged_by` is the route to name in errors. Raises what `fetch` raises, PageEchoError,
    AcknowledgementWithoutEffectError and DrainUnfinishedError.
    """

    def __init__(
        self,
        fetch: Callable[[int], Awaitable[P | None]],
        *,
        page_size: int,
        concurrency: int,
        until_empty: bool,
        acknowledgements: Acknowledgements,
        acknowledged_by: str,
    ) -> None:
        self._fetch = fetch
        self._page_size = page_size
        self._concurrency = concurrency
        self._until_empty = until_empty
        self._acknowledgements = acknowledgements
        self._acknowledged_by = acknowledged_by
        self._gate = _Gate()
        self._by_key: dict[str, _Shown] = {}
        self._memory: deque[tuple[int, dict[str, _Shown]]] = deque()
        self._remembered_pages = max(2 * concurrency, _REMEMBERED_PAGES)
        self._acknowledged_units = 0
        self._looks = 0
        self._has_begun = False
        self._pass = _Pass(acknowledged_before=0)
        self._to_hand_out: deque[tuple[P, bool]] = deque()
        self._upcoming: asyncio.Task[_Generation[P]] | None = None
        self._fruitless = 0
        self._totals: set[int] = set()

    async def next(self) -> P | None:
        """The next page, None at the end."""
        if not self._has_begun:
            self._has_begun = True
            self._begin(remaining=1)
        while not self._to_hand_out:
            if self._upcoming is None and not await self._begin_another_pass():
                return None
            await self._take_generation()
        page, has_unseen = self._to_hand_out.popleft()
        self._pass.handed_out = True
        self._pass.unseen = self._pass.unseen or has_unseen
        for key in page.units:
            self._acknowledgements.came_from(key, self)
        return page

    async def close(self) -> None:
        """Fetch nothing more; acknowledgements of these pages go out at once from now on."""
        try:
            if self._upcoming is not None:
                await end([self._upcoming])
        finally:
            self._acknowledgements.closed(self)

    async def acknowledge(self, key: str, send: Callable[[], Awaitable[bool]]) -> bool:
        """Send an acknowledgement when no fetch is under way; `send` says whether it took effect."""
        async with self._gate.acknowledging():
            took_effect = False
            try:
                took_effect = await send()
            finally:
                shown = self._by_key.get(key)
                if shown is not None:
                    shown.state = _State.ACKNOWLEDGED if took_effect else _State.REFUSED
                    self._acknowledged_units += took_effect
                    self._move_back(shown)
            self._by_key.pop(key, None)
            return took_effect

    def _move_back(self, shown: _Shown) -> None:
        """The next pages may no longer be behind its rows.

        Where that is not known the list is looked at from where they would be then: a row that comes twice beats one
        that is skipped. But once only, or a caller who tries again and again would hold the list at its place; and not
        for what another pass will look for.
        """
        if shown.moved == self._looks:
            return
        if shown.state is _State.REFUSED and (shown.moved >= 0 or (shown.again and self._until_empty)):
            return
        shown.moved = self._looks
        self._pass.position = max(0, self._pass.position - shown.rows)

    async def _take_generation(self) -> None:
        """Take what was fetched, and begin to fetch what comes after it."""
        assert self._upcoming is not None  # noqa: S101
        generation = await self._upcoming
        self._upcoming = None
        self._to_hand_out.extend(generation.to_hand_out)
        self._pass.totals.update(page.total_items for page in generation.pages)
        self._pass.cut = self._pass.cut or generation.cut
        if generation.remaining:
            self._begin(generation.remaining)

    async def _begin_another_pass(self) -> bool:
        """Whether the pass that is over was not the last one."""
        await asyncio.sleep(0)  # an acknowledgement that was given a task of its own may be about to begin
        await self._gate.settled()
        done = self._pass
        if not self._until_empty or not done.totals:
            return False
        acknowledged = self._acknowledged_units > done.acknowledged_before
        moved = acknowledged or done.cut or len(done.totals) > 1
        if not done.handed_out and not moved:
            return False
        remembered = done.pages <= self._remembered_pages
        refused = any(shown.state is _State.REFUSED for shown in done.shown)
        if not remembered and not moved and not refused:
            return False  # another pass would only show again what was left
        # In a list too long to remember every row looks unseen; there, something must have happened to it. That it ends
        # before the server says so, or counts in two ways, may be how this server counts.
        went_on = acknowledged or done.totals != self._totals
        self._totals = done.totals
        if done.unseen and (remembered or went_on):
            self._fruitless = 0
        elif done.handed_out or not went_on:  # else it waits for what the caller still works on, or others do
            self._fruitless += 1
        if self._fruitless >= _MOST_FRUITLESS:
            raise DrainUnfinishedError(
                f"{self._fruitless} passes over the list brought nothing new, and yet it does not end: "
                f"{max(done.totals)} rows come back although they were handed out. Acknowledge each page within its "
                f"hour, and look whether another program reads the same list."
            )
        self._pass = _Pass(acknowledged_before=self._acknowledged_units)
        self._begin(remaining=1)
        return True

    def _begin(self, remaining: int) -> None:
        self._upcoming = asyncio.get_running_loop().create_task(self._generation(remaining))
        # Where the list is left before its error was met, nobody misses the error.
        self._upcoming.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def _generation(self, remaining: int) -> "_Generation[P]":
        async with self._gate.fetching():
            start = 1 + self._pass.position // self._page_size
            count = min(self._concurrency, remaining)
            answers = await self._fetch_all(range(start, start + count))
            if not self._pass.pages and (first := answers[0]) is not None:
                # The first page of a pass says how many there are: the rest of its generation can follow.
                answers += await self._fetch_all(range(2, 1 + min(self._concurrency, first.total_pages)))
            pages = [page for page in answers if page is not None]
            # While acknowledgements wait: what they change is as it was when these pages were made.
            to_hand_out = self._note(pages)
        if len(pages) < len(answers):
            return _Generation(pages, to_hand_out, 0, cut=True)
        remaining = max(0, pages[-1].total_pages - pages[-1].number)
        return _Generation(pages, to_hand_out, remaining, cut=False)

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

        A unit of nothing but rows that were handed out and left is not handed out again, nor, where there is no other
        pass, one with rows that came back and was refused again.
        """
        generation: dict[str, _Shown] = {}
        to_hand_out: list[tuple[P, bool]] = []
        for page in pages:
            keys: list[str] = []
            unseen = False
            for key, listed in page.units.items():
                rids = set(listed)
                known = {rid: seen for rid in rids if (seen := self._recall(rid)) is not None}
                if len(known) == len(rids) and all(map(self._is_left, known.values())):
                    generation.update(known)
                    continue
                shown = _Shown(rows=len(rids), before=self._came_back(known))
                self._pass.shown.append(shown)
                shown.again = any(seen.state is _State.REFUSED for seen in known.values())
                generation.update(dict.fromkeys(rids, shown))
                self._by_key[key] = shown
                keys.append(key)
                unseen = unseen or len(known) < len(rids)
            if keys:
                to_hand_out.append((page if len(keys) == len(page.units) else page.only(keys), unseen))
        if pages:
            last = pages[-1]
            self._page_size = last.size or self._page_size  # the server may serve fewer rows than asked for
            self._pass.position = (last.number - 1) * self._page_size + sum(map(len, last.units.values()))
            self._looks += 1
        self._pass.pages += len(pages)
        self._memory.append((len(pages), generation))
        while sum(count for count, _ in self._memory) > self._remembered_pages:
            self._memory.popleft()
        return to_hand_out

    def _is_left(self, seen: _Shown) -> bool:
        refused_again = seen.again and seen.state is _State.REFUSED
        return seen.state is _State.LEFT or (refused_again and not self._until_empty)

    def _came_back(self, known: dict[str, _Shown]) -> dict[str, int]:
        """How often rows were acknowledged that are new again. Once can be a colleague in the portal."""
        times: dict[str, int] = {}
        for rid, seen in known.items():
            count = seen.before.get(rid, 0) + (seen.state is _State.ACKNOWLEDGED)
            if count >= 2:
                raise AcknowledgementWithoutEffectError(
                    f"row {rid} was acknowledged {count} times with success and is new again: acknowledging has no "
                    f"effect here. Is routes={{{self._acknowledged_by!r}: …}} right for this API?"
                )
            if count:
                times[rid] = count
        return times

    def _recall(self, rid: str) -> _Shown | None:
        for _, generation in reversed(self._memory):
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
