"""Lists of what is new, read while they move, against an in-memory model of such a list."""

import asyncio
import gc
import random
import weakref
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from konfipay_async.errors import (
    AcknowledgementTooEarlyError,
    AcknowledgementWithoutEffectError,
    ConnectionLostError,
    DrainUnfinishedError,
    PageEchoError,
    ServerError,
)
from konfipay_async.paging.acknowledgements import Acknowledgements
from konfipay_async.paging.drain import Drain
from konfipay_async.paging.pages import each

# Far more than any list here needs: a drain that gets there does not end.
_MOST_FETCHES = 3000


@dataclass
class FakeClock:
    now: float = 500.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("paging does not sleep")


ROUTE = "transactions.acknowledge"


@dataclass(frozen=True)
class NewPage:
    number: int
    total_pages: int
    total_items: int
    acknowledgement_id: str
    rids: list[str]
    size: int = 0  # not told: the size that was asked for
    by_row: bool = False

    @property
    def units(self) -> dict[str, list[str]]:
        return {rid: [rid] for rid in self.rids} if self.by_row else {self.acknowledgement_id: self.rids}

    def only(self, keys) -> "NewPage":
        assert self.by_row
        assert 0 < len(keys) < len(self.rids), "asked only where something is left out"
        return replace(self, rids=[rid for rid in self.rids if rid in keys])


@dataclass
class NewList:
    """What is new on the server. `between` is called whenever others could do something.

    A page is acknowledged by its id, or with `by_row` each row by its own.
    """

    page_size: int
    rows: list[str] = field(default_factory=list)
    echo: bool = False
    acknowledging_works: bool = True
    expired: bool = False
    by_row: bool = False
    slow: Callable[[], int] = lambda: 0
    between: Callable[[int], None] = lambda _: None
    fetched: list[int] = field(default_factory=list)
    seen_totals: dict[int, int] = field(default_factory=dict)
    fetching: int = 0
    most_fetching: int = 0
    acknowledging: int = 0
    served: dict[str, list[str]] = field(default_factory=dict)
    acknowledged: list[str] = field(default_factory=list)
    born: int = 0
    pages_made: int = 0

    def arrive(self, count: int, *, front: bool = False) -> list[str]:
        new = [f"row-{self.born + index}" for index in range(count)]
        self.born += count
        self.rows[:] = [*new, *self.rows] if front else [*self.rows, *new]
        return new

    async def fetch(self, number: int) -> NewPage | None:
        assert not self.acknowledging, "a fetch began while an acknowledgement was under way"
        assert len(self.fetched) < _MOST_FETCHES, "it does not end"
        assert number >= 1
        self.fetched.append(number)
        index = len(self.fetched) - 1
        self.fetching += 1
        self.most_fetching = max(self.most_fetching, self.fetching)
        try:
            for _ in range(self.slow()):
                await asyncio.sleep(0)
            self.between(number)
            page = self._page(number)
            # What the reader can know: how many there were, or that there was no such page.
            self.seen_totals[index] = -1 if page is None or page.number != number else page.total_items
            for _ in range(self.slow()):
                await asyncio.sleep(0)
            return page
        finally:
            self.fetching -= 1

    def _page(self, number: int) -> NewPage | None:
        total = len(self.rows)
        pages = -(-total // self.page_size)
        if number > pages:
            if not pages or not self.echo:
                return None
            number = pages
        self.pages_made += 1
        key = f"key-{self.pages_made}"
        rids = self.rows[(number - 1) * self.page_size : number * self.page_size]
        page = NewPage(number, pages, total, key, rids, by_row=self.by_row)
        self.served.update(page.units)
        return page

    async def acknowledge(self, key: str) -> bool:
        assert not self.fetching, "an acknowledgement went out while a fetch was under way"
        self.acknowledging += 1
        try:
            for _ in range(self.slow()):
                await asyncio.sleep(0)
            if self.expired or key in self.acknowledged or key not in self.served:
                return False
            self.acknowledged.append(key)
            if self.acknowledging_works:
                done = set(self.served[key])
                self.rows[:] = [row for row in self.rows if row not in done]
            for _ in range(self.slow()):
                await asyncio.sleep(0)
            return True
        finally:
            self.acknowledging -= 1


@dataclass
class Reader:
    """A drain over such a list, and what was handed out."""

    new: NewList
    concurrency: int = 4
    until_empty: bool = True
    handed_out: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.acknowledgements = Acknowledgements(FakeClock())
        self.drain: Drain[NewPage] = Drain(
            self.new.fetch,
            page_size=self.new.page_size,
            concurrency=self.concurrency,
            until_empty=self.until_empty,
            acknowledgements=self.acknowledgements,
            acknowledged_by=ROUTE,
        )

    async def pages(self) -> AsyncIterator[NewPage]:
        pages = each(self.drain)
        try:
            async for page in pages:
                self.handed_out.update(page.units)
                yield page
        finally:
            await pages.aclose()

    async def acknowledge(self, page: NewPage) -> bool:
        return all([await self.settle(key) for key in page.units])

    async def settle(self, key: str) -> bool:
        return await self.acknowledgements.settle(key, lambda: self.new.acknowledge(key))

    async def read_and_acknowledge(self) -> list[bool]:
        return [await self.acknowledge(page) async for page in self.pages()]

    @property
    def seen(self) -> set[str]:
        return {rid for rids in self.handed_out.values() for rid in rids}


async def steps(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


# --- the model -----------------------------------------------------------------------------------------------------


@dataclass
class Story:
    """One seeded story of a drain: how the list moves by others, and what the caller does with its pages."""

    seed: int
    others: bool
    by_row: bool = False

    async def play(self) -> None:
        chance = random.Random(self.seed)
        new = NewList(chance.randint(1, 7), echo=chance.random() < 0.5, by_row=self.by_row)
        new.arrive(chance.choice((0, 1, 5, 20, 60)))
        most_slow = chance.choice((0, 1, 3))
        new.slow = lambda: chance.randint(0, most_slow)
        reader = Reader(new, concurrency=chance.choice((1, 2, 4, 8)))
        # What others do; they stop some day, or there would be no end to wait for.
        deeds: list[tuple[int, str]] = []
        busy = chance.choice((0.0, 0.1, 0.5)) if self.others else 0.0
        patience = chance.choice((3, 10, 40))

        def between(number: int) -> None:
            if len(deeds) >= patience or chance.random() >= busy:
                return
            deed = chance.choice(("front", "end", "taken"))
            if deed == "taken":
                for row in chance.sample(new.rows, min(len(new.rows), chance.randint(1, 2 * new.page_size))):
                    new.rows.remove(row)
            else:
                new.arrive(chance.randint(1, new.page_size), front=deed == "front")
            deeds.append((len(new.fetched), deed))

        new.between = between
        leaves = chance.choice((0.0, 0.0, 0.3, 1.0))
        background = chance.choice((0.0, 0.5, 1.0))
        tasks: list[asyncio.Task[bool]] = []
        looks_then = 0
        known: set[str] = set()
        asked: set[str] = set()
        try:
            async for page in reader.pages():
                if not known.issuperset(page.rids):
                    known.update(page.rids)
                    looks_then = new.fetched.count(1)
                for key in page.units:
                    if chance.random() < leaves:
                        continue
                    if chance.random() < background:
                        tasks.append(asyncio.ensure_future(reader.settle(key)))
                        await steps(chance.randint(0, 4))
                    else:
                        # A row may come twice, its first acknowledgement being on its way.
                        assert await reader.settle(key) or key in asked
                    asked.add(key)
        except DrainUnfinishedError:
            fruitless = new.fetched.count(1) - looks_then
            assert fruitless >= 3, f"seed {self.seed}: given up after {fruitless} passes without a new row; {deeds}"
            return
        finally:
            await asyncio.gather(*tasks)

        for key in new.acknowledged:
            assert key in reader.handed_out, "a page was acknowledged that was never handed out"
        assert new.most_fetching <= reader.concurrency
        missed = [row for row in new.rows if row not in reader.seen]
        if missed and not self._excused(new, deeds):
            pytest.fail(f"seed {self.seed}: {missed} are still new and were never handed out; others did {deeds}")

    @staticmethod
    def _excused(new: NewList, deeds: list[tuple[int, str]]) -> bool:
        """Whether the drain could not have known: what was read last looked all the time as if nothing moved.

        That takes deeds of others after the last look at page 1 that leave the number of rows as it was (somebody
        takes as many as arrive), or that came after the last page was made.
        """
        last_look = max(index for index, number in enumerate(new.fetched) if number == 1)
        meanwhile = [deed for at, deed in deeds if at > last_look]
        seen = {total for index, total in new.seen_totals.items() if index >= last_look}
        return bool(meanwhile) and len(seen) == 1


@pytest.mark.parametrize("seeds", [range(start, start + 100) for start in range(0, 500, 100)], ids=lambda it: it[0])
async def test_what_only_the_caller_moves_is_read_completely(nothing_left, seeds) -> None:
    """Every row is handed out, whatever is acknowledged when; what is acknowledged was handed out; it ends."""
    for seed in seeds:
        await Story(seed, others=False).play()
    await nothing_left()


@pytest.mark.parametrize("seeds", [range(start, start + 100) for start in range(0, 400, 100)], ids=lambda it: it[0])
async def test_what_others_move_too_is_read_completely(nothing_left, seeds) -> None:
    """Rows that others hid from one pass are found in another, as long as the drain could see that something moved."""
    for seed in seeds:
        await Story(seed, others=True).play()
    await nothing_left()


@pytest.mark.parametrize("others", [False, True])
async def test_rows_that_are_acknowledged_one_by_one_are_read_completely(nothing_left, others) -> None:
    for seed in range(80):
        await Story(seed, others=others, by_row=True).play()
    await nothing_left()


@given(
    rows=st.integers(0, 60),
    page_size=st.integers(1, 9),
    concurrency=st.integers(1, 9),
    slow=st.integers(0, 3),
    echo=st.booleans(),
)
@settings(max_examples=80, deadline=None)
def test_a_list_acknowledged_page_by_page_is_read_in_one_pass_without_repetition(
    rows, page_size, concurrency, slow, echo
) -> None:
    """Each row exactly once, in order, although every acknowledgement moves the list."""

    async def main() -> None:
        new = NewList(page_size, echo=echo, slow=lambda: slow)
        expected = new.arrive(rows)
        reader = Reader(new, concurrency=concurrency, until_empty=False)
        got: list[str] = []
        async for page in reader.pages():
            got += page.rids
            assert await reader.acknowledge(page)
        assert got == expected
        assert new.rows == []

    asyncio.run(main())


@given(
    page_size=st.integers(1, 5),
    concurrency=st.integers(1, 5),
    plan=st.lists(st.sampled_from(["leave", "now", "behind"]), min_size=1, max_size=12),
)
@settings(max_examples=100, deadline=None)
def test_one_pass_skips_no_row_whatever_is_acknowledged(page_size, concurrency, plan) -> None:
    """Pages left, acknowledged at once or from a task: `pages(is_new=True)` shows every row in its one pass."""

    async def main() -> None:
        new = NewList(page_size, slow=lambda: 1)
        expected = new.arrive(page_size * len(plan))
        reader = Reader(new, concurrency=concurrency, until_empty=False)
        tasks = []
        todo = iter(plan * 3)
        async for page in reader.pages():
            match next(todo):
                case "now":
                    assert await reader.acknowledge(page)
                case "behind":
                    tasks.append(asyncio.ensure_future(reader.acknowledge(page)))
        assert all(await asyncio.gather(*tasks))
        assert reader.seen == set(expected)

    asyncio.run(main())


# --- passes --------------------------------------------------------------------------------------------------------


async def test_an_empty_list_ends_at_once() -> None:
    new = NewList(10)
    assert [page async for page in Reader(new).pages()] == []
    assert new.fetched == [1]


async def test_a_page_that_is_left_is_not_handed_out_again() -> None:
    new = NewList(5)
    new.arrive(20)
    reader = Reader(new)
    got = []
    async for page in reader.pages():
        got.append(page.rids)
        if len(got) == 2:
            await reader.acknowledge(page)
    assert len(got) == 4
    assert len(new.rows) == 15


async def test_the_last_16_pages_are_remembered() -> None:
    """A pass that follows because the list moved shows none of them again."""
    new = NewList(1)
    new.arrive(17)

    def taken(number: int) -> None:
        if number == 2:
            new.between = lambda _: None
            del new.rows[-1]

    new.between = taken
    got = [page.rids async for page in Reader(new, concurrency=1).pages()]
    assert len(got) == 16
    assert new.fetched.count(1) == 2


@pytest.mark.parametrize("concurrency", [1, 4])
async def test_a_row_that_is_left_is_not_handed_out_again_beside_others(concurrency) -> None:
    """Where each row is acknowledged by itself: what is new on a page is handed out, what was left is cut from it."""
    new = NewList(4, by_row=True)
    expected = new.arrive(8)
    reader = Reader(new, concurrency=concurrency)
    got: list[str] = []
    async for page in reader.pages():
        got += page.rids
        for rid in page.rids[1::2]:
            assert await reader.settle(rid)
        if len(got) == 8:
            expected += new.arrive(2, front=True)
    assert sorted(got) == sorted(expected)


async def test_a_caller_who_acknowledges_nothing_gets_every_row_once() -> None:
    """Also where the list is longer than what is remembered of it."""
    new = NewList(2)
    expected = new.arrive(100)
    reader = Reader(new, concurrency=2)
    got = [rid async for page in reader.pages() for rid in page.rids]
    assert got == expected


async def test_what_arrives_while_the_list_is_read_is_read_too() -> None:
    """In front, where the first pass has been already; the caller acknowledges nothing."""
    new = NewList(5)
    new.arrive(15)
    reader = Reader(new, concurrency=1)
    arrived: list[str] = []
    async for page in reader.pages():
        if page.number == 2 and not arrived:
            arrived += new.arrive(1, front=True)
    assert arrived[0] in reader.seen


async def test_a_row_hidden_by_a_colleague_is_found_in_the_next_pass() -> None:
    """Somebody takes page 1 while page 2 is read, so that what moved to page 2 was in no answer."""
    new = NewList(5)
    new.arrive(20)
    reader = Reader(new, concurrency=1)
    async for page in reader.pages():
        if page.number == 2 and len(new.rows) == 20:
            del new.rows[:5]
    assert set(new.rows) <= reader.seen


async def test_a_single_acknowledgement_is_reason_for_another_pass() -> None:
    """In a list too long to remember, whose length stays the same because a row arrives for the one that leaves."""
    new = NewList(1)
    new.arrive(40)
    reader = Reader(new, concurrency=1)
    arrived: list[str] = []
    async for page in reader.pages():
        if page.number == 20 and not arrived:
            arrived += new.arrive(1, front=True)
            assert await reader.acknowledge(page)
    assert arrived[0] in reader.seen


async def test_a_list_that_ends_before_its_announced_end_has_moved() -> None:
    """The only sign that somebody took rows is the missing last page: another pass is due."""
    new = NewList(10)
    new.arrive(30)
    reader = Reader(new, concurrency=1)

    def between(number: int) -> None:
        if number == 3 and len(new.rows) == 30:
            del new.rows[:10]

    new.between = between
    async for _ in reader.pages():
        pass
    assert set(new.rows) <= reader.seen


async def test_a_missing_last_page_counts_as_movement_also_when_all_else_was_seen() -> None:
    """A pass that hands out nothing, and whose announced last page went missing, has not shown that nothing is left."""
    new = NewList(10)
    new.arrive(20)
    reader = Reader(new, concurrency=2)
    looks = 0

    def between(number: int) -> None:
        nonlocal looks
        looks += number == 1
        if looks == 1 and number == 2:
            new.arrive(1)  # so that there is a second pass
        if looks == 2 and number == 2:
            new.arrive(9)
        if looks == 2 and number == 3:
            del new.rows[:10]

    new.between = between
    async for _ in reader.pages():
        pass
    assert looks >= 2
    assert set(new.rows) <= reader.seen


async def test_as_many_taken_as_arrived_is_found_by_the_pass_that_follows_unseen_rows() -> None:
    """The number of rows stayed the same, but this pass showed rows not seen before: one more must look."""
    new = NewList(5)
    new.arrive(15)
    reader = Reader(new, concurrency=1)
    moved = False

    def between(number: int) -> None:
        nonlocal moved
        if number == 2 and not moved:
            moved = True
            del new.rows[0]
            new.arrive(1)

    new.between = between
    async for _ in reader.pages():
        pass
    assert moved
    assert set(new.rows) <= reader.seen


async def test_late_acknowledgements_of_an_earlier_pass_hide_no_row_from_the_last() -> None:
    """Pages left in pass 1 are acknowledged from a task while pass 2 reads: what arrived meanwhile is handed out."""
    new = NewList(5)
    new.arrive(15)
    reader = Reader(new, concurrency=2)
    kept: list[NewPage] = []
    tasks: list[asyncio.Task[bool]] = []
    looks = 0

    def between(number: int) -> None:
        nonlocal looks
        looks += number == 1
        if looks == 2 and number == 1:
            new.arrive(5)
        if looks == 2 and number == 1 and not tasks:
            tasks.extend(asyncio.ensure_future(reader.acknowledge(page)) for page in kept[:2])

    new.between = between
    async for page in reader.pages():
        if len(kept) == 2 and looks == 1:
            await reader.acknowledge(page)  # so that there is a second pass
        kept.append(page)
    assert all(await asyncio.gather(*tasks))
    assert tasks
    assert set(new.rows) <= reader.seen


# --- endings that are errors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("late", range(6))
async def test_an_acknowledgement_just_before_a_pass_begins_asks_for_no_page_before_the_first(late: int) -> None:
    new = NewList(5)
    new.arrive(10)
    reader = Reader(new, concurrency=1)
    kept: list[str] = []

    async def acknowledge_late(key: str) -> bool:
        await steps(late)
        return await reader.settle(key)

    tasks = []
    async for page in reader.pages():
        kept.append(page.acknowledgement_id)
        if len(kept) == 2:
            tasks.append(asyncio.ensure_future(acknowledge_late(kept[0])))
    assert await asyncio.gather(*tasks) == [True]
    assert len(reader.seen) == 10


@pytest.mark.parametrize("rows", [5, 200])
@pytest.mark.parametrize("more", [1, 3])
async def test_a_server_that_announces_pages_it_does_not_have_is_not_asked_for_ever(rows, more) -> None:
    """With rows that the caller leaves, in lists short enough to be remembered and longer ones."""

    class Announcing(NewList):
        def _page(self, number: int) -> NewPage | None:
            page = super()._page(number)
            return None if page is None else replace(page, total_pages=page.total_pages + more)

    new = Announcing(5)
    new.arrive(rows)
    reader = Reader(new)
    with pytest.raises(DrainUnfinishedError):
        async for _ in reader.pages():
            pass
    assert reader.seen == set(new.rows)
    assert len(new.fetched) < 10 * (rows // 5 + more)


async def test_others_who_take_rows_out_do_not_end_a_drain_with_an_error() -> None:
    """Each pass sees the list move, hands nothing out, and the caller leaves what he has."""
    looks: list[int] = []

    def between(number: int) -> None:
        looks.append(number)
        if number == 3 and looks.count(3) <= 6:
            new.rows.pop()

    new = NewList(5, between=between)
    new.arrive(30)
    reader = Reader(new, concurrency=1)
    async for _ in reader.pages():
        pass
    assert looks.count(3) == 7
    assert reader.seen >= set(new.rows)


async def test_acknowledging_without_effect_is_an_error_after_the_second_time() -> None:
    new = NewList(5, acknowledging_works=False)
    new.arrive(5)
    reader = Reader(new)
    with pytest.raises(AcknowledgementWithoutEffectError) as caught:
        await reader.read_and_acknowledge()
    assert len(reader.handed_out) == 2
    assert "2 times" in str(caught.value)
    assert "routes" in str(caught.value)


@pytest.mark.parametrize(("concurrency", "at_once"), [(2, 1), (20, 40)])
async def test_acknowledging_without_effect_is_noticed_in_a_long_list_too(concurrency, at_once) -> None:
    """Two generations are remembered, however wide they are: so many pages may be acknowledged together."""
    new = NewList(3, acknowledging_works=False)
    new.arrive(900)
    reader = Reader(new, concurrency=concurrency)

    async def read() -> None:
        kept: list[NewPage] = []
        async for page in reader.pages():
            kept.append(page)
            if len(kept) == at_once:
                for done in kept:
                    await reader.acknowledge(done)
                kept.clear()

    with pytest.raises(AcknowledgementWithoutEffectError):
        await read()
    assert len(reader.handed_out) <= 4 * concurrency


async def test_once_may_be_a_colleague_in_the_portal() -> None:
    """A row that was acknowledged and is new again is handed out again, and that is all."""
    new = NewList(5)
    new.arrive(5)
    reader = Reader(new)
    again = False
    async for page in reader.pages():
        await reader.acknowledge(page)
        if not again:
            again = True
            new.rows.append(page.rids[0])
    assert new.rows == []
    assert [len(rids) for rids in reader.handed_out.values()] == [5, 1]


async def test_pages_whose_acknowledgement_is_always_gone_end_the_drain() -> None:
    """Their rows come again and again: after some fruitless passes that is said."""
    new = NewList(5)
    new.arrive(12)
    reader = Reader(new)
    new.expired = True
    with pytest.raises(DrainUnfinishedError) as caught:
        await reader.read_and_acknowledge()
    assert new.acknowledged == []
    assert str(caught.value).startswith("3 passes ")
    assert "12 rows" in str(caught.value)
    assert new.fetched.count(1) == 1 + 3


@pytest.mark.parametrize("concurrency", [1, 2, 5])
async def test_one_pass_looks_once_more_for_what_was_acknowledged_in_vain(concurrency) -> None:
    """Its rows may have left the list after all: they are looked for again, and then passed over."""
    new = NewList(5, expired=True)
    expected = new.arrive(60)
    reader = Reader(new, concurrency=concurrency, until_empty=False)
    got = Counter([rid async for page in reader.pages() for rid in page.rids if not await reader.acknowledge(page)])
    assert set(got) == set(expected)
    assert max(got.values()) <= 2


async def test_rows_of_a_page_that_was_gone_come_again() -> None:
    new = NewList(5)
    new.arrive(10)
    reader = Reader(new)
    gone = True
    async for page in reader.pages():
        if gone:
            gone = False
            new.served.pop(page.acknowledgement_id)
        await reader.acknowledge(page)
    assert new.rows == []


async def test_passes_that_show_rows_not_seen_before_are_not_fruitless() -> None:
    """Others take one and add one in every pass: as long as each shows a new row, the drain goes on; then it ends."""
    new = NewList(5)
    new.arrive(15)
    reader = Reader(new, concurrency=4)
    looks = 0

    def between(number: int) -> None:
        nonlocal looks
        looks += number == 1
        if number == 2 and looks <= 6:
            del new.rows[-1]
        if number == 3 and looks <= 6:
            new.arrive(1, front=True)

    new.between = between
    async for _ in reader.pages():
        pass
    assert set(new.rows) <= reader.seen


async def test_a_long_list_in_which_as_many_arrive_as_are_acknowledged_is_not_given_up() -> None:
    """What it showed is no longer remembered, and the number of rows stays as it is: the acknowledgements tell."""
    new = NewList(1)
    new.arrive(40)
    reader = Reader(new, concurrency=1)
    while_it_lasts = 6
    async for page in reader.pages():
        if page.number == 1 and while_it_lasts:
            while_it_lasts -= 1
            assert await reader.acknowledge(page)
            new.arrive(1)
    assert not while_it_lasts
    assert set(new.rows) <= reader.seen


async def test_a_long_list_that_others_shorten_between_passes_is_given_up_only_when_that_ends() -> None:
    """No acknowledgement succeeds, and within a pass nothing moves."""
    new = NewList(1, expired=True)
    new.arrive(40)
    reader = Reader(new, concurrency=1)
    looks = 0

    def between(number: int) -> None:
        nonlocal looks
        looks += number == 1
        if number == 1 and looks <= 6:
            del new.rows[-1]

    new.between = between

    async def read() -> None:
        async for page in reader.pages():
            if page.number == page.total_pages:
                assert not await reader.acknowledge(page)

    with pytest.raises(DrainUnfinishedError, match="34 rows"):
        await read()
    assert looks == 6 + 3


async def test_errors_of_a_fetch_are_raised_and_leave_nothing_behind(nothing_left) -> None:
    new = NewList(5, slow=lambda: 2)
    new.arrive(40)

    def between(number: int) -> None:
        if number == 3:
            raise ServerError("boom", status=500)

    new.between = between
    with pytest.raises(ServerError):
        async for _ in Reader(new).pages():
            pass
    await nothing_left()
    assert new.fetching == 0


async def test_a_wrong_echo_is_an_error() -> None:
    async def fetch(number: int) -> NewPage:
        return NewPage(1, 9, 90, f"key-{number}", [f"row-{number}"])

    drain = Drain(
        fetch,
        page_size=10,
        concurrency=3,
        until_empty=True,
        acknowledgements=Acknowledgements(FakeClock()),
        acknowledged_by=ROUTE,
    )
    with pytest.raises(PageEchoError):
        async for _ in each(drain):
            pass


# --- one pass ------------------------------------------------------------------------------------------------------


async def test_one_pass_skips_nothing_after_an_acknowledgement_that_failed_and_was_repeated() -> None:
    """The first attempt broke off, the caller's second one took effect: the rows have left the list after all."""
    new = NewList(5)
    expected = new.arrive(20)
    reader = Reader(new, concurrency=1, until_empty=False)
    async for page in reader.pages():
        key = page.acknowledgement_id

        async def lost() -> bool:
            raise ConnectionLostError("the connection broke")

        if page.number == 1 and page.rids == expected[:5]:
            with pytest.raises(ConnectionLostError):
                await reader.acknowledgements.settle(key, lost)
        assert await reader.acknowledge(page)
    assert reader.seen == set(expected)


async def test_one_pass_skips_nothing_after_an_acknowledgement_whose_answer_was_lost() -> None:
    """It took effect, and its repetition met an id that is used up (GONE): the rows have left the list all the same."""
    new = NewList(5)
    expected = new.arrive(20)
    reader = Reader(new, concurrency=1, until_empty=False)
    async for page in reader.pages():

        async def twice(key: str = page.acknowledgement_id) -> bool:
            await new.acknowledge(key)  # this answer was lost
            return await new.acknowledge(key)

        if page.rids == expected[:5]:
            assert await reader.acknowledgements.settle(page.acknowledgement_id, twice) is False
    assert reader.seen == set(expected)


async def test_one_pass_skips_nothing_after_an_acknowledgement_that_was_cancelled() -> None:
    """It reached the server, its caller was cancelled before the answer came."""
    new = NewList(5)
    expected = new.arrive(20)
    reader = Reader(new, concurrency=1, until_empty=False)
    async for page in reader.pages():
        if page.rids != expected[:5]:
            continue
        reached = asyncio.Event()

        async def hangs(key: str = page.acknowledgement_id, reached: asyncio.Event = reached) -> bool:
            await new.acknowledge(key)
            reached.set()
            await asyncio.Event().wait()
            return True

        task = asyncio.ensure_future(reader.acknowledgements.settle(page.acknowledgement_id, hangs))
        await reached.wait()
        task.cancel()
        await asyncio.wait([task])
    assert reader.seen == set(expected)


async def _lost() -> bool:
    raise ConnectionLostError("the connection broke")


async def test_one_pass_skips_nothing_when_the_second_of_two_lost_acknowledgements_took_effect() -> None:
    """The first never arrived, and its rows came again; of the second only the answer was lost."""
    new = NewList(5)
    expected = new.arrive(20)
    reader = Reader(new, concurrency=1, until_empty=False)
    tried = 0

    async def takes_effect(key: str) -> bool:
        await new.acknowledge(key)
        return await _lost()

    async for page in reader.pages():
        if page.rids == expected[:5]:
            tried += 1
            send = _lost if tried == 1 else partial(takes_effect, page.acknowledgement_id)
            with pytest.raises(ConnectionLostError):
                await reader.acknowledgements.settle(page.acknowledgement_id, send)
    assert tried == 2
    assert reader.seen == set(expected)


@pytest.mark.parametrize("concurrency", [1, 2, 8])
@pytest.mark.parametrize("pages", [5, 40])
@pytest.mark.parametrize("repeats", ["the first", "all"])
@pytest.mark.parametrize("until_empty", [True, False])
async def test_it_ends_for_who_repeats_what_is_refused(
    concurrency: int, pages: int, repeats: str, until_empty: bool
) -> None:
    """Acknowledging does not work, and the caller tries its failed pages again after each page."""
    new = NewList(1)
    expected = new.arrive(pages)
    reader = Reader(new, concurrency=concurrency, until_empty=until_empty)
    failed: list[str] = []
    with pytest.raises(DrainUnfinishedError) if until_empty else nullcontext():
        async for page in reader.pages():
            failed.append(page.acknowledgement_id)
            for key in failed if repeats == "all" else {failed[0], failed[-1]}:
                with pytest.raises(ConnectionLostError):
                    await reader.acknowledgements.settle(key, _lost)
    assert reader.seen == set(expected)
    assert len(failed) <= 8 * pages
    assert len(new.fetched) <= 12 * pages


async def test_one_pass_hands_out_twice_at_most_what_cannot_be_acknowledged() -> None:
    new = NewList(5)
    expected = new.arrive(20)
    reader = Reader(new, concurrency=1, until_empty=False)
    async for page in reader.pages():
        with pytest.raises(ConnectionLostError):
            await reader.acknowledgements.settle(page.acknowledgement_id, _lost)
    assert [rids[0] for rids in reader.handed_out.values()] == [expected[5 * (at // 2)] for at in range(7)]


async def test_one_pass_skips_nothing_when_what_was_refused_is_acknowledged_some_pages_later() -> None:
    """The list moves twice for one page: it might have after the first attempt, it does after the second."""
    new = NewList(5)
    expected = new.arrive(30)
    reader = Reader(new, concurrency=1, until_empty=False)
    first = ""
    async for page in reader.pages():
        if page.rids == expected[:5]:
            first = page.acknowledgement_id
            with pytest.raises(ConnectionLostError):
                await reader.acknowledgements.settle(first, _lost)
        elif page.rids == expected[10:15]:
            assert await reader.settle(first)
    assert reader.seen == set(expected)


async def test_what_is_acknowledged_at_the_second_attempt_moves_the_list_once() -> None:
    new = NewList(5)
    expected = new.arrive(20)
    reader = Reader(new, concurrency=1, until_empty=False)
    async for page in reader.pages():
        if page.rids == expected[5:10]:
            with pytest.raises(ConnectionLostError):
                await reader.acknowledgements.settle(page.acknowledgement_id, _lost)
            assert await reader.acknowledge(page)
    assert reader.seen == set(expected)
    assert new.fetched == [1, 2, 2, 3]  # what was the third of four pages is the second by then


async def test_one_pass_follows_a_list_that_grows_while_its_first_pages_are_fetched() -> None:
    new = NewList(5)
    new.arrive(10)

    def grow(number: int) -> None:
        if number == 2:
            new.between = lambda _: None
            new.arrive(5)

    new.between = grow
    reader = Reader(new, concurrency=2, until_empty=False)
    async for _ in reader.pages():
        pass
    assert reader.seen == set(new.rows)


async def test_the_pages_beside_the_first_are_asked_for_at_once() -> None:
    new = NewList(5)
    new.arrive(50)
    new.slow = lambda: 1
    reader = Reader(new, concurrency=4)
    async for _ in reader.pages():
        break
    assert new.fetched == [1, 2, 3, 4]
    assert new.most_fetching == 3


async def test_one_pass_makes_no_second() -> None:
    new = NewList(5)
    new.arrive(5)
    reader = Reader(new, until_empty=False)
    async for page in reader.pages():
        await reader.acknowledge(page)
        new.arrive(5)
    assert len(reader.handed_out) == 1


# --- the gate ------------------------------------------------------------------------------------------------------


async def test_acknowledgements_wait_for_the_fetch_under_way_and_the_next_fetch_waits_for_them() -> None:
    order: list[str] = []
    arrive = asyncio.Event()
    reached = asyncio.Event()

    async def fetch(number: int) -> NewPage | None:
        order.append(f"fetch {number}")
        if number == 2:
            reached.set()
            await arrive.wait()
            order.append("page 2 arrives")
        return NewPage(number, 3, 3, f"key-{number}", [f"row-{number}"])

    async def send() -> bool:
        order.append("acknowledge")
        await steps(3)
        order.append("acknowledged")
        return True

    acknowledgements = Acknowledgements(FakeClock())
    drain = Drain(
        fetch,
        page_size=1,
        concurrency=1,
        until_empty=False,
        acknowledgements=acknowledgements,
        acknowledged_by=ROUTE,
    )
    pages = each(drain)
    first = await anext(pages)
    second = asyncio.ensure_future(anext(pages))
    await reached.wait()
    acknowledging = asyncio.ensure_future(acknowledgements.settle(first.acknowledgement_id, send))
    await steps(10)
    assert order == ["fetch 1", "fetch 2"]
    arrive.set()
    await second
    third = asyncio.ensure_future(anext(pages))
    await asyncio.wait([acknowledging, third], return_when=asyncio.ALL_COMPLETED)
    assert order[:5] == ["fetch 1", "fetch 2", "page 2 arrives", "acknowledge", "acknowledged"]
    await pages.aclose()


@pytest.mark.parametrize("ending", ["break", "error", "cancel"])
async def test_the_gate_opens_when_the_list_ends(nothing_left, ending) -> None:
    """An acknowledgement that waits for a fetch which never arrives goes out when the list is left."""
    reached = asyncio.Event()
    fail = asyncio.Event()

    async def fetch(number: int) -> NewPage | None:
        if number > 1:
            reached.set()
            await fail.wait()
            raise ServerError("boom", status=500)
        return NewPage(number, 3, 3, f"key-{number}", [f"row-{number}"])

    async def send() -> bool:
        return True

    acknowledgements = Acknowledgements(FakeClock())
    drain = Drain(
        fetch,
        page_size=1,
        concurrency=1,
        until_empty=True,
        acknowledgements=acknowledgements,
        acknowledged_by=ROUTE,
    )
    pages = each(drain)
    first = await anext(pages)
    if ending == "break":
        await pages.aclose()
        assert await acknowledgements.settle(first.acknowledgement_id, send)
        return
    reader = asyncio.ensure_future(anext(pages))
    await reached.wait()
    acknowledging = asyncio.ensure_future(acknowledgements.settle(first.acknowledgement_id, send))
    await steps(3)
    assert not acknowledging.done()
    if ending == "cancel":
        reader.cancel()
    else:
        fail.set()
    await asyncio.wait([reader])
    async with asyncio.timeout(20):
        assert await acknowledging
    assert isinstance(reader.exception() if not reader.cancelled() else None, ServerError | None)
    await nothing_left()


async def test_a_cancelled_acknowledgement_does_not_block_the_list(nothing_left) -> None:
    """Neither one that waits for a fetch nor one that is under way."""
    new = NewList(2, slow=lambda: 3)
    expected = new.arrive(12)
    reader = Reader(new, concurrency=2)
    tasks = []
    count = 0
    async for page in reader.pages():
        task = asyncio.ensure_future(reader.acknowledge(page))
        await steps(count % 5)
        task.cancel()
        tasks.append(task)
        count += 1
        if count > 6:
            break
    await asyncio.wait(tasks)
    assert set(expected) <= reader.seen | set(new.rows)
    await nothing_left()


@pytest.mark.parametrize("count", range(14))
async def test_cancelling_the_reader_at_any_moment_leaves_nothing_behind(nothing_left, count) -> None:
    new = NewList(2, slow=lambda: 1)
    new.arrive(20)

    async def read() -> None:
        reader = Reader(new, concurrency=3)
        async for page in reader.pages():
            await reader.acknowledge(page)

    task = asyncio.ensure_future(read())
    await steps(count)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (new.fetching, new.acknowledging) == (0, 0)
    await nothing_left()


async def test_dropping_the_generator_leaves_nothing_behind(nothing_left) -> None:
    new = NewList(2, slow=lambda: 1)
    new.arrive(20)
    acknowledgements = Acknowledgements(FakeClock())
    drain = Drain(
        new.fetch,
        page_size=2,
        concurrency=3,
        until_empty=True,
        acknowledgements=acknowledgements,
        acknowledged_by=ROUTE,
    )
    async for _ in each(drain):
        break
    await nothing_left()
    assert new.fetching == 0


async def test_a_list_that_was_left_is_forgotten_although_its_pages_were_not_acknowledged() -> None:
    """The client lives on: what it remembers of ended lists must not pile up."""
    new = NewList(2)
    new.arrive(20)
    acknowledgements = Acknowledgements(FakeClock())
    drain = Drain(
        new.fetch,
        page_size=2,
        concurrency=3,
        until_empty=True,
        acknowledgements=acknowledgements,
        acknowledged_by=ROUTE,
    )
    pages = each(drain)
    await anext(pages)
    await anext(pages)
    await pages.aclose()
    forgotten = weakref.ref(drain)
    del drain, pages
    gc.collect()
    assert forgotten() is None


# --- which ids may go out ------------------------------------------------------------------------------------------


async def _yes() -> bool:
    return True


async def test_an_id_is_withheld_until_its_last_row_is_handed_out() -> None:
    acknowledgements = Acknowledgements(FakeClock())
    acknowledgements.withhold("key-1")
    acknowledgements.withhold("key-2")
    with pytest.raises(AcknowledgementTooEarlyError, match="key-1"):
        await acknowledgements.settle("key-1", _yes)
    acknowledgements.release("key-1")
    assert await acknowledgements.settle("key-1", _yes)
    with pytest.raises(AcknowledgementTooEarlyError, match="key-2"):
        await acknowledgements.settle("key-2", _yes)


async def test_nothing_is_sent_for_a_withheld_id() -> None:
    acknowledgements = Acknowledgements(FakeClock())
    acknowledgements.withhold("key")
    sent: list[str] = []

    async def send() -> bool:
        sent.append("key")
        return True

    with pytest.raises(AcknowledgementTooEarlyError):
        await acknowledgements.settle("key", send)
    assert sent == []


async def test_an_abandoned_id_stays_refused_while_it_could_live_and_is_forgotten_after() -> None:
    """An id lives for an hour: until then it is refused, afterwards it costs no memory."""
    clock = FakeClock()
    acknowledgements = Acknowledgements(clock)
    acknowledgements.withhold("abandoned")
    clock.now += 3599
    acknowledgements.withhold("another")
    with pytest.raises(AcknowledgementTooEarlyError):
        await acknowledgements.settle("abandoned", _yes)
    clock.now += 1.5
    acknowledgements.withhold("a third")
    assert await acknowledgements.settle("abandoned", _yes)
    with pytest.raises(AcknowledgementTooEarlyError):
        await acknowledgements.settle("another", _yes)


async def test_an_id_nobody_knows_is_sent_as_it_is() -> None:
    acknowledgements = Acknowledgements(FakeClock())
    assert await acknowledgements.settle("from yesterday", _yes)
    acknowledgements.release("never withheld")


async def test_two_lists_do_not_wait_for_each_other() -> None:
    """An acknowledgement of one list's page goes out while the other list fetches."""
    acknowledgements = Acknowledgements(FakeClock())
    hanging = asyncio.Event()

    async def hang(number: int) -> NewPage | None:
        await hanging.wait()
        return None

    async def serve(number: int) -> NewPage | None:
        return NewPage(1, 1, 1, "key", ["row"])

    def drain(fetch: Callable[[int], object]) -> Drain[NewPage]:
        return Drain(
            fetch,
            page_size=1,
            concurrency=1,
            until_empty=False,
            acknowledgements=acknowledgements,
            acknowledged_by=ROUTE,
        )

    first, second = each(drain(hang)), each(drain(serve))
    waiting = asyncio.ensure_future(anext(first, None))
    page = await anext(second)
    async with asyncio.timeout(20):
        assert await acknowledgements.settle(page.acknowledgement_id, _yes)
    hanging.set()
    assert await waiting is None
    await second.aclose()
