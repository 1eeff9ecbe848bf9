"""A drain as a state machine: whatever caller, server and others do, in whatever order, turn by turn of the loop.

Fetches and acknowledgements stop at two places each, before they take effect and before their answer arrives, and go
on only when a rule says so. What the drain holds is counted by the pages that are alive. With KONFIPAY_SOAK set the
machine runs as many stories as that takes minutes.
"""

import asyncio
import gc
import os
import weakref
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from konfipay_async.errors import ConnectionLostError, DrainUnfinishedError, ServerError
from konfipay_async.paging.acknowledgements import Acknowledgements
from konfipay_async.paging.drain import Drain
from konfipay_async.paging.pages import each

# Turns of the loop after which whatever can go on has gone on.
_ENOUGH = 40
# Far more than lists of this size need: a drain that gets there does not end.
_MOST_FETCHES = 2000

TURNS = st.integers(0, 4)
ANY = st.integers(0, 1000)


class StillClock:
    """Nothing here takes time."""

    def monotonic(self) -> float:
        return 500.0

    def time(self) -> float:
        return 500.0

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("paging does not sleep")


@dataclass(eq=False)
class APage:
    """A page as the drain sees it; `size` is not told. The model keeps none of them, only ids and rows."""

    reader: int
    number: int
    total_pages: int
    total_items: int
    acknowledgement_id: str
    rids: list[str]
    size: int = 0

    @property
    def units(self) -> dict[str, list[str]]:
        return {self.acknowledgement_id: self.rids}

    def only(self, keys) -> "APage":
        assert list(keys) == [self.acknowledgement_id]
        return self


@dataclass(eq=False)
class Call:
    """A request under way. `at` is where it stops next: before its effect, or before its answer."""

    name: str
    reader: int
    at: str = "effect"
    go: "asyncio.Future[str] | None" = None

    async def stop(self) -> str:
        """Wait for the rule that lets it go on; what that rule says."""
        self.go = asyncio.get_running_loop().create_future()
        return await self.go


@dataclass
class Shown:
    """A page that was handed out: its rows, whose it was, and what its acknowledgement came to."""

    rids: list[str]
    reader: int
    answered: bool = False
    expired: bool = False
    used: bool = False
    asked: list["asyncio.Task[bool]"] = field(default_factory=list)


@dataclass
class Look:
    """What one reader could know of the list, for the one excuse a drain has."""

    pages: list[tuple[int, int]] = field(default_factory=list)  # number, and total seen or -1
    deeds: list[int] = field(default_factory=list)  # how many pages had been made when others moved the list
    since_unseen: int = 0  # looks at page 1 since a row came that had not been seen

    def excused(self) -> bool:
        """Others moved the list behind the last look at page 1, and every page since then told the same total."""
        last = max((index for index, (number, _) in enumerate(self.pages) if number == 1), default=0)
        meanwhile = [at for at in self.deeds if at > last]
        return bool(meanwhile) and len({total for _, total in self.pages[last:]}) <= 1


class DrainMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.loop.set_debug(True)
        self.complaints: list[Any] = []
        self.loop.set_exception_handler(lambda _, context: self.complaints.append(context))
        self.acknowledgements = Acknowledgements(StillClock())
        self.rows: list[str] = []
        self.born = 0
        self.keys: dict[str, list[str]] = {}
        self.shown: dict[str, Shown] = {}
        self.seen: set[str] = set()
        self.fetches: list[Call] = []
        self.sends: list[Call] = []
        self.fetched = 0
        self.alive: weakref.WeakSet[APage] = weakref.WeakSet()
        self.pages: AsyncGenerator[APage] | None = None
        self.reading: asyncio.Task[APage | None] | None = None
        self.reader = 0
        self.look = Look()
        self.alone = False  # the teardown: nothing stops any more, and others do nothing

    @initialize(
        page_size=st.integers(1, 4),
        concurrency=st.integers(1, 3),
        echo=st.booleans(),
        rows=st.integers(0, 24),
        leaves=st.booleans(),
        patience=st.sampled_from([0, 1, 3, 10]),
        until_empty=st.sampled_from([True, True, False]),
        stopping=st.sampled_from(["fetch and send", "fetch and send", "fetch", "send", ""]),
    )
    def begin(
        self,
        page_size: int,
        concurrency: int,
        echo: bool,
        rows: int,
        leaves: bool,
        patience: int,
        until_empty: bool = True,
        stopping: str = "fetch and send",
    ) -> None:
        self.page_size, self.concurrency, self.echo, self.leaves = page_size, concurrency, echo, leaves
        self.patience = patience  # of others: how often they move the list
        self.until_empty = until_empty
        self.stopping = stopping  # what goes on only when a rule says so
        self._arrive(rows, front=False)

    # The server

    def _arrive(self, count: int, front: bool) -> None:
        new = [f"row-{self.born + index}" for index in range(count)]
        self.born += count
        self.rows = [*new, *self.rows] if front else [*self.rows, *new]

    async def fetch(self, number: int) -> APage | None:
        call = Call(f"fetch {number}", self.reader)
        self.fetched += 1
        assert self.fetched < _MOST_FETCHES, "it does not end"
        assert number >= 1, f"page {number} was asked for"
        self.fetches.append(call)
        assert not any(send.reader == call.reader for send in self.sends), "a fetch during an acknowledgement"
        assert len(self.fetches) <= self.concurrency, "more fetches than allowed"
        try:
            await self._or_fail(call)
            page = self._page(number)
            self.look.pages.append((number, -1 if page is None or page.number != number else page.total_items))
            call.at = "answer"
            await self._or_fail(call)
            return page
        finally:
            self.fetches.remove(call)

    async def _or_fail(self, call: Call) -> None:
        if await self._stop(call) == "fail":
            raise ServerError("boom", status=500)

    async def _stop(self, call: Call) -> str:
        kind = call.name.partition(" ")[0]
        if self.alone or kind not in self.stopping:
            await asyncio.sleep(0)
            return ""
        return await call.stop()

    def _page(self, number: int) -> APage | None:
        total = len(self.rows)
        count = -(-total // self.page_size)
        if number > count:
            if not count or not self.echo:
                return None
            number = count
        key = f"key-{len(self.keys)}"
        self.keys[key] = self.rows[(number - 1) * self.page_size : number * self.page_size]
        page = APage(self.reader, number, count, total, key, list(self.keys[key]))
        self.alive.add(page)
        return page

    async def send(self, key: str) -> bool:
        shown = self.shown[key]  # a page nobody was handed has no business here
        call = Call(f"send {key}", shown.reader)
        self.sends.append(call)
        assert not any(fetch.reader == call.reader for fetch in self.fetches), "an acknowledgement during a fetch"
        try:
            if await self._stop(call) == "fail":
                raise ConnectionLostError("before it arrived")
            took_effect = not shown.expired and not shown.used
            if took_effect:
                shown.used = True
                gone = set(self.keys[key])
                assert gone <= self.seen, "rows were acknowledged that nobody saw"
                self.rows = [row for row in self.rows if row not in gone]
                if shown.reader != self.reader:
                    self._others_did()
            call.at = "answer"
            told = await self._stop(call)
            if told == "fail":
                raise ConnectionLostError("the answer was lost")
            return took_effect and told != "lost"
        finally:
            self.sends.remove(call)

    def _others_did(self) -> None:
        self.look.deeds.append(len(self.look.pages))

    # The loop

    def _turn(self, turns: int) -> None:
        async def turn() -> None:
            for _ in range(turns):
                await asyncio.sleep(0)

        self.loop.run_until_complete(turn())
        self._take()
        self._check()

    def _take(self) -> None:
        """Look at what next() came to."""
        reading = self.reading
        if reading is None or not reading.done():
            return
        self.reading = None
        if reading.cancelled():
            self._left()
            return
        error = reading.exception()
        if isinstance(error, DrainUnfinishedError):
            assert self.look.since_unseen >= 3, f"given up after {self.look.since_unseen} passes without a new row"
            self._left()
        elif isinstance(error, ServerError):
            self._left()
        elif error is not None:
            raise error
        else:
            page = reading.result()
            if page is None:
                self._nothing_missed()
                self._left()
            else:
                self._handed_out(page)

    def _nothing_missed(self) -> None:
        """A drain finds what others hid from one pass in another; one pass can promise nothing when others act."""
        missed = [row for row in self.rows if row not in self.seen]
        excused = self.look.excused() if self.until_empty else bool(self.look.deeds) or self._unheard()
        assert not missed or excused, f"{missed} are new and were never handed out"

    def _unheard(self) -> bool:
        """Whether an acknowledgement took effect that was tried again, and nobody was told: one pass may skip by it."""
        return any(
            shown.used
            and len(shown.asked) > 1
            and not any(
                task.done() and not task.cancelled() and not task.exception() and task.result() for task in shown.asked
            )
            for shown in self.shown.values()
            if shown.reader == self.reader
        )

    def _handed_out(self, page: APage) -> None:
        assert page.acknowledgement_id not in self.shown, "the same page twice"
        assert page.rids == self.keys[page.acknowledgement_id]
        self.shown[page.acknowledgement_id] = Shown(page.rids, self.reader)
        if not self.seen.issuperset(page.rids):
            self.look.since_unseen = 0
        self.seen.update(page.rids)

    def _left(self) -> None:
        self.pages = None
        assert not self.fetches, f"the list is left, and yet {self.fetches}"

    def _read(self) -> None:
        if self.pages is None:
            self.reader += 1
            self.look = Look()
            drain: Drain[APage] = Drain(
                self._counted,
                page_size=self.page_size,
                concurrency=self.concurrency,
                until_empty=self.until_empty,
                acknowledgements=self.acknowledgements,
                acknowledged_by="transactions.acknowledge",
            )
            self.pages = each(drain)

        async def next_page(pages: AsyncGenerator[APage]) -> APage | None:
            return await anext(pages, None)

        self.reading = self.loop.create_task(next_page(self.pages))

    async def _counted(self, number: int) -> APage | None:
        if number == 1:
            self.look.since_unseen += 1
        return await self.fetch(number)

    def _ask(self, key: str) -> None:
        shown = self.shown[key]

        async def settle() -> bool:
            answer = await self.acknowledgements.settle(key, lambda: self.send(key))
            shown.answered = True
            return answer

        shown.asked.append(self.loop.create_task(settle()))

    def _until_left(self) -> None:
        for _ in range(_ENOUGH):
            if self.pages is None:
                return
            self._turn(1)
        raise AssertionError("leaving the list does not end")

    # What the caller does

    @rule(turns=TURNS)
    @precondition(lambda self: self.reading is None)
    def asks_for_a_page(self, turns: int) -> None:
        self._read()
        self._turn(turns)

    @rule(which=ANY, turns=TURNS)
    @precondition(lambda self: self._open_keys())
    def acknowledges(self, which: int, turns: int) -> None:
        """At once, late, from a task, twice at a time, or again after an error: whatever the other rules make of it."""
        keys = self._open_keys()
        self._ask(keys[which % len(keys)])
        self._turn(turns)

    def _open_keys(self) -> list[str]:
        return [key for key, shown in self.shown.items() if not shown.answered and len(shown.asked) < 3]

    @rule(which=ANY, turns=TURNS)
    @precondition(lambda self: self._asking())
    def cancels_an_acknowledgement(self, which: int, turns: int) -> None:
        asking = self._asking()
        asking[which % len(asking)].cancel()
        self._turn(turns)

    def _asking(self) -> list["asyncio.Task[bool]"]:
        return [task for shown in self.shown.values() for task in shown.asked if not task.done()]

    @rule(again=st.booleans())
    @precondition(lambda self: self.reading is not None)
    def cancels_next(self, again: bool) -> None:
        assert self.reading is not None
        self.reading.cancel()
        if again:
            self._turn(1)
            if self.reading is not None:
                self.reading.cancel()
        for _ in range(_ENOUGH):
            if self.reading is None:
                break
            self._turn(1)
        assert self.reading is None, "cancelling next() does not end"
        if self.pages is not None:  # the page was there already; the caller leaves all the same
            self.closes()

    @rule()
    @precondition(lambda self: self.pages is not None and self.reading is None)
    def closes(self) -> None:
        assert self.pages is not None
        closing = self.loop.create_task(self._aclose(self.pages))
        for _ in range(_ENOUGH):
            self._turn(1)
            if closing.done():
                break
        assert closing.done(), "closing does not end"
        closing.result()
        self._left()

    @staticmethod
    async def _aclose(pages: AsyncGenerator[APage]) -> None:
        await pages.aclose()

    @rule()
    @precondition(lambda self: self.pages is not None and self.reading is None)
    def forgets_the_list(self) -> None:
        self.pages = None
        self._turn(_ENOUGH)
        self._left()

    # What the server and the wire do

    @rule(which=ANY, turns=TURNS)
    @precondition(lambda self: self.fetches)
    def a_fetch_goes_on(self, which: int, turns: int) -> None:
        self._go_on(self.fetches, which, "", turns)

    @rule(turns=TURNS)
    @precondition(lambda self: self.fetches)
    def all_fetches_arrive(self, turns: int) -> None:
        for _ in range(2):
            self._let(self.fetches, "")
            self._turn(1)
        self._turn(turns)

    @rule(which=ANY, chance=st.integers(0, 5), turns=TURNS)
    @precondition(lambda self: self.fetches)
    def a_fetch_fails(self, which: int, chance: int, turns: int) -> None:
        self._go_on(self.fetches, which, "" if chance else "fail", turns)

    @rule(which=ANY, told=st.sampled_from(["", "", "", "lost", "fail"]), turns=TURNS)
    @precondition(lambda self: self.sends)
    def an_acknowledgement_goes_on(self, which: int, told: str, turns: int) -> None:
        """As it should, or its answer is lost before or after it took effect: an error, or False of a repetition."""
        self._go_on(self.sends, which, told, turns)

    def _go_on(self, calls: list[Call], which: int, told: str, turns: int) -> None:
        call = calls[which % len(calls)]
        if call.go is not None and not call.go.done():
            call.go.set_result("" if told == "lost" and call.at == "effect" else told)
        self._turn(turns)

    @rule(which=ANY)
    @precondition(lambda self: self._living())
    def an_id_expires(self, which: int) -> None:
        living = self._living()
        living[which % len(living)].expired = True

    def _living(self) -> list[Shown]:
        return [shown for shown in self.shown.values() if not shown.used and not shown.expired]

    @rule()
    def everything_that_can_goes_on(self) -> None:
        for _ in range(10):  # pages that were left are passed over one by one
            self._turn(_ENOUGH)
            stuck = [self.reading] if self.reading is not None else []
            stuck += self._asking()
            if not stuck or self.fetches or self.sends:
                return
        raise AssertionError(f"nothing is under way, and yet {stuck} wait")

    @rule(answers=st.lists(st.sampled_from(["", "", "leave", "lost", "fail", "fail early"]), min_size=1, max_size=6))
    def some_pages_come_and_are_acknowledged(self, answers: list[str]) -> None:
        """As in a plain loop; every step of it could be had from the other rules, but long lists want many."""
        for answer in answers:
            if self.reading is None:
                self._read()
            before = len(self.shown)
            for _ in range(_MOST_FETCHES):
                if self.reading is None:
                    break
                self._let(self.fetches, "")
                self._turn(1)
            if len(self.shown) == before:
                return  # the list is at its end
            key = list(self.shown)[-1]
            if answer == "leave":
                continue
            self._ask(key)
            asked = self.shown[key].asked[-1]
            for _ in range(_MOST_FETCHES):
                if asked.done():
                    break
                at = "effect" if answer == "fail early" else "answer"
                self._let(self.fetches, "")
                self._let([send for send in self.sends if send.at != at], "")
                self._let([send for send in self.sends if send.at == at], answer.partition(" ")[0])
                self._turn(1)
            assert asked.done(), "an acknowledgement hangs"

    @staticmethod
    def _let(calls: list[Call], told: str) -> None:
        for call in calls:
            if call.go is not None and not call.go.done():
                call.go.set_result(told)

    # What others do

    @rule(count=st.integers(1, 5), front=st.booleans())
    @precondition(lambda self: self.patience)
    def rows_arrive(self, count: int, front: bool) -> None:
        self.patience -= 1
        self._arrive(count, front)
        self._others_did()

    @rule(which=ANY, count=st.integers(1, 4))
    @precondition(lambda self: self.rows and self.patience)
    def others_take_some(self, which: int, count: int) -> None:
        self.patience -= 1
        start = which % len(self.rows)
        del self.rows[start : start + count]
        self._others_did()

    # What must always hold

    def _check(self) -> None:
        # What was left lives until the garbage collector comes by.
        held = 0 if self.pages is None else sum(page.reader == self.reader for page in self.alive)
        assert held <= 2 * self.concurrency, f"{held} pages are held"
        assert not self.complaints, self.complaints

    def teardown(self) -> None:
        """Others are gone and nothing stops any more: what is still new is handed out, and it ends."""
        try:
            if hasattr(self, "page_size"):
                self._to_the_end()
            if self.alive:
                self.shown.clear()  # errors of acknowledgements remember where they came from
                gc.collect()
            assert not self.alive, "pages are held although the list is at its end"
        finally:
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
            self.loop.run_until_complete(asyncio.sleep(0))
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
            self.loop.close()

    def _to_the_end(self) -> None:
        self.alone = True
        self._let([*self.fetches, *self.sends], "")
        # The list that is open, and then one from the start, for which there is no excuse.
        for again in (False, True):
            if self.pages is None:
                self._read()
            while self.pages is not None:
                if self.reading is None:
                    self._read()
                for _ in range(_MOST_FETCHES):  # pages that were left are passed over one by one
                    if self.reading is None:
                        break
                    self._turn(1)
                assert self.reading is None, "next() hangs"
                for key in [] if self.leaves else self._open_keys():
                    self._ask(key)
            self._turn(_ENOUGH)
            if again:
                missed = [row for row in self.rows if row not in self.seen]
                assert not missed, f"{missed} are new and were never handed out"
        self._turn(_ENOUGH)
        assert not self._asking(), "an acknowledgement hangs"
        for shown in self.shown.values():
            for task in shown.asked:
                error = None if task.cancelled() else task.exception()
                assert isinstance(error, ConnectionLostError | None)
        left_behind = asyncio.all_tasks(self.loop)
        assert not left_behind, left_behind
        assert not self.complaints, self.complaints


def test_a_list_left_while_it_is_being_closed_is_forgotten() -> None:
    """What the machine found: a page fails, and the reader is cancelled while the list closes because of that."""
    machine = DrainMachine()
    machine.begin(page_size=2, concurrency=1, echo=False, rows=4, leaves=True, patience=0)
    machine.asks_for_a_page(turns=2)
    machine.everything_that_can_goes_on()
    machine.all_fetches_arrive(turns=4)
    machine.asks_for_a_page(turns=1)
    machine.a_fetch_fails(which=0, chance=0, turns=4)
    machine.cancels_next(again=False)
    machine.teardown()


FULL = bool(os.environ.get("KONFIPAY_SOAK"))

TestDrainMachine = DrainMachine.TestCase
TestDrainMachine.settings = settings(
    max_examples=5_000 if FULL else 30,
    stateful_step_count=60 if FULL else 40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
