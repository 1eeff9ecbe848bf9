"""The request budget, on virtual time, against a server that counts what arrives."""

import asyncio
import dataclasses
import gc
import math
import random
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiolimiter import AsyncLimiter

from konfipay_async.errors import ClientStateError, ConfigurationError
from konfipay_async.session.budget import Budget, Budgets, BudgetStatus, Limits
from konfipay_async.session.message import Lane


def most_in_a_moving_window(arrivals: Sequence[float], period: float) -> int:
    """How many arrivals the fullest window of one period holds (half open, wherever it begins)."""
    times = sorted(arrivals)
    most = first = 0
    for last, moment in enumerate(times):
        while moment - times[first] >= period:
            first += 1
        most = max(most, last - first + 1)
    return most


def most_in_a_fixed_window(arrivals: Sequence[float], period: float, offset: float) -> int:
    """The same for windows that begin at `offset`, `offset + period` and so on."""
    return max(Counter(math.floor((moment - offset) / period) for moment in arrivals).values(), default=0)


# --- the promise ---------------------------------------------------------------------------------------------------


@dataclass
class World:
    """One seeded simulation: callers of all kinds, one budget, and the server's count."""

    seed: int
    time: Any
    arrivals: list[float] = field(default_factory=list)
    pauses: list[tuple[float, float]] = field(default_factory=list)
    used: int = 0

    def __post_init__(self) -> None:
        self.chance = chance = random.Random(self.seed)
        self.limit = chance.choice((5, 7, 20, 60, 200, chance.randint(5, 200)))
        self.period = chance.choice((5.0, 20.0, 60.0))
        self.grace = chance.choice((0.0, 2.0, 30.0))
        self.callers = chance.choice((1, 2, 8, 64, chance.randint(1, 64)))
        self.latency = chance.choice((0.0, 0.02, 0.5, 2.0))
        self.lost = chance.choice((0.0, 0.0, 0.1, 0.4))
        self.unused = chance.choice((0.0, 0.0, 0.2))
        self.cancelled = chance.choice((0.0, 0.0, 0.1, 0.5))
        self.limited = chance.choice((0.0, 0.0, 0.01))
        self.budget = Budget(
            self.limit,
            period=self.period,
            per_second=chance.choice((None, None, 1e6, self.limit / self.period)),
            reserve=chance.choice((0.0, 0.02, 0.4)),
            grace=self.grace,
            clock=self.time,
        )

    async def run(self) -> None:
        until = self.time.monotonic() + self.period * self.chance.uniform(1.5, 3.0)
        await asyncio.gather(*(self._caller(until) for _ in range(self.callers)))
        # Whatever happened: a period and a grace later all permits are back, and no more than all.
        await self.time.sleep(self.period + self.grace + 1)
        status = self.budget.status()
        assert (status.left, status.in_flight, status.waiting) == (self.limit, 0, 0)
        assert status.granted == self.used

    async def _caller(self, until: float) -> None:
        while self.time.monotonic() < until:
            await self.time.sleep(self.chance.choice((0.0, 0.0, 0.0, self.chance.uniform(0, self.period / 4))))
            request = asyncio.ensure_future(self._request())
            if self.chance.random() < self.cancelled:
                self.time.loop.call_later(self.chance.uniform(0, 3 * self.latency + 0.5), request.cancel)
            await asyncio.wait([request])
            if not request.cancelled():
                request.result()

    async def _request(self) -> None:
        chance, now = self.chance, self.time.monotonic
        permit = await self.budget.take(chance.choice(list(Lane)))
        assert not any(begun < now() < ended for begun, ended in self.pauses), "served during a pause"
        if chance.random() < self.unused:
            try:
                await self.time.sleep(chance.choice((0.0, self.latency)))
            finally:
                permit.unused()
            return
        self.used += 1
        latency = chance.uniform(0, self.latency)
        arrival = self.time.loop.call_later(latency * chance.random(), self._arrive)
        lost = chance.random() < self.lost
        if lost:  # it travels on while its caller gives up, and arrives within the grace or never
            arrival.cancel()
        try:
            await self.time.sleep(latency)
        except asyncio.CancelledError:
            self._arrive_late(arrival)
            permit.unanswered()
            permit.unused()  # later words change nothing
            raise
        if lost:
            self._arrive_late(None)
            permit.unanswered()
            permit.answered()
            return
        permit.answered()
        permit.unanswered()
        permit.unused()
        if chance.random() < self.limited:
            self._pause(chance.uniform(0, self.period))

    def _arrive(self) -> None:
        self.arrivals.append(self.time.monotonic())

    def _arrive_late(self, arrival: asyncio.TimerHandle | None) -> None:
        if arrival is not None:
            if arrival.cancelled() or arrival.when() <= self.time.monotonic():
                return  # it is there already
            arrival.cancel()
        if self.chance.random() < 0.8:
            self.time.loop.call_later(self.chance.uniform(0, self.grace), self._arrive)

    def _pause(self, seconds: float) -> None:
        self.budget.pause(seconds)
        self.pauses.append((self.time.monotonic(), self.time.monotonic() + seconds))


@pytest.mark.parametrize("seeds", [range(start, start + 15) for start in range(0, 75, 15)], ids=lambda seeds: seeds[0])
def test_no_window_of_the_server_holds_more_than_the_limit(virtually, seeds) -> None:
    """Whatever callers do, and wherever the server's windows begin."""
    reached = 0
    for seed in seeds:
        worlds: list[World] = []

        def main(time: Any, seed: int = seed, worlds: list[World] = worlds) -> Any:
            worlds.append(World(seed, time))
            return worlds[0].run()

        virtually(main)
        world = worlds[0]
        most = most_in_a_moving_window(world.arrivals, world.period)
        assert most <= world.limit, f"seed {seed}"
        reached += most == world.limit
        for step in range(10):
            offset = world.period * step / 10
            assert most_in_a_fixed_window(world.arrivals, world.period, offset) <= world.limit, f"seed {seed}"
    assert reached >= 3, "the simulations are too lazy to show anything"


def test_the_simulated_server_notices_a_limiter_that_counts_starts(virtual) -> None:
    """The test's own test: a bare leaky bucket lets nearly twice the limit through, and that is seen."""
    arrivals: list[float] = []

    async def main() -> None:
        limiter = AsyncLimiter(50, 10)

        async def caller() -> None:
            while virtual.monotonic() < virtual.start + 30:
                await limiter.acquire()
                arrivals.append(virtual.monotonic())

        await asyncio.gather(*(caller() for _ in range(10)))

    virtual.run(main())
    assert most_in_a_moving_window(arrivals, 10) > 90
    assert most_in_a_fixed_window(arrivals, 10, virtual.start) > 90


@pytest.mark.parametrize(
    ("limit", "period", "latency", "reserve", "lane"),
    [
        (1000, 60.0, 2.0, 0.02, Lane.BULK),
        (1000, 60.0, 0.1, 0.02, Lane.BULK),
        (1000, 60.0, 2.0, 0.02, Lane.SINGLE),
        (100, 60.0, 1.0, 0.0, Lane.SINGLE),
        (60, 10.0, 1.0, 0.1, Lane.BULK),
        (5, 60.0, 2.0, 0.0, Lane.BULK),
        (5, 60.0, 0.0, 0.2, Lane.BULK),
    ],
)
def test_at_least_99_percent_of_the_allowed_rate_is_used(virtual, limit, period, latency, reserve, lane) -> None:
    """Where work waits. Counted over six whole rounds of the permits, from the lull after the first burst on."""
    chance = random.Random(7)
    starts: list[float] = []
    latencies: list[float] = []
    rounds = 6

    async def main() -> None:
        budget = Budget(limit, period=period, reserve=reserve, clock=virtual)
        until = virtual.start + (rounds + 1) * (period + latency)

        async def caller() -> None:
            while virtual.monotonic() < until:
                permit = await budget.take(lane)
                starts.append(virtual.monotonic())
                latencies.append(chance.uniform(0, latency))
                await virtual.sleep(latencies[-1])
                permit.answered()

        await asyncio.gather(*(caller() for _ in range(min(limit, 200))))

    virtual.run(main())
    # The permits go out within the first third of a period and then come round together: between two rounds there
    # is a lull, where the counting may begin and end without cutting a round in two.
    a_round = period + sum(latencies) / len(latencies)
    begin = virtual.start + 0.75 * period
    used = sum(begin <= start < begin + rounds * a_round for start in starts)
    allowed = (limit - math.floor(limit * reserve if lane is Lane.BULK else 0)) * rounds
    assert used >= 0.99 * allowed
    assert used <= allowed


def test_a_permit_that_is_there_is_given_at_once(virtual) -> None:
    """Without a task and without a turn of the loop: most requests meet a budget that nobody waits for."""

    async def main() -> None:
        with pytest.raises(StopIteration) as given:
            Budget(5, clock=virtual).take().send(None)
        given.value.value.unused()

    virtual.run(main())


# --- lanes ---------------------------------------------------------------------------------------------------------


def test_lanes_are_served_in_order_and_first_come_first_served_inside(virtual) -> None:
    chance = random.Random(3)
    asked = [(chance.choice(list(Lane)), number) for number in range(60)]
    served: list[tuple[Lane, int]] = []

    async def main() -> None:
        budget = Budget(100, period=10, per_second=1e6, clock=virtual)
        permits = [await budget.take() for _ in range(100)]

        async def caller(lane: Lane, number: int) -> None:
            permit = await budget.take(lane)
            served.append((lane, number))
            permit.answered()

        tasks = [asyncio.ensure_future(caller(*request)) for request in asked]
        await virtual.sleep(1)
        assert not served
        for permit in permits:
            permit.answered()
        await asyncio.gather(*tasks)

    virtual.run(main())
    assert served == sorted(asked, key=lambda request: request[0])  # a stable sort: order of asking inside a lane


def test_a_better_lane_overtakes_while_the_smoother_holds_everybody(virtual) -> None:
    """One who comes late on a better lane gets the next tick, although others queued for it before."""
    served: list[str] = []

    async def main() -> None:
        budget = Budget(1000, period=1000, per_second=1, clock=virtual)

        async def caller(name: str, lane: Lane) -> None:
            (await budget.take(lane)).answered()
            served.append(name)

        tasks = [asyncio.ensure_future(caller(f"bulk {number}", Lane.BULK)) for number in range(5)]
        await virtual.sleep(1.5)
        tasks.append(asyncio.ensure_future(caller("single", Lane.SINGLE)))
        tasks.append(asyncio.ensure_future(caller("acknowledge", Lane.ACKNOWLEDGE)))
        await asyncio.gather(*tasks)

    virtual.run(main())
    assert served == ["bulk 0", "bulk 1", "acknowledge", "single", "bulk 2", "bulk 3", "bulk 4"]


def test_a_newcomer_does_not_overtake_those_who_wait_in_its_lane(virtual) -> None:
    """Also in the moment when a permit has come back and the first of the queue has not been served yet."""
    served: list[int] = []

    async def main() -> None:
        budget = Budget(2, period=10, per_second=1e6, clock=virtual)
        first, second = await budget.take(), await budget.take()

        async def caller(number: int) -> None:
            permit = await budget.take()
            served.append(number)
            permit.unused()

        queue = [asyncio.ensure_future(caller(number)) for number in range(3)]
        await virtual.sleep(1)
        first.unused()
        queue.append(asyncio.ensure_future(caller(99)))
        await asyncio.gather(*queue)
        second.unused()

    virtual.run(main())
    assert served == [0, 1, 2, 99]


def test_bulk_never_takes_the_reserve(virtual) -> None:
    left: list[int] = []

    async def main() -> None:
        budget = Budget(20, period=10, reserve=0.25, per_second=1e6, clock=virtual)

        async def bulk() -> None:
            while virtual.monotonic() < virtual.start + 40:
                permit = await budget.take(Lane.BULK)
                left.append(budget.status().left)
                await virtual.sleep(0.3)
                permit.answered()

        tasks = [asyncio.ensure_future(bulk()) for _ in range(30)]
        for _ in range(7):
            await virtual.sleep(5)
            asked = virtual.monotonic()
            permit = await budget.take(Lane.SINGLE)
            assert virtual.monotonic() - asked < 0.001, "an interactive call waited behind a batch"
            permit.unused()
        await asyncio.gather(*tasks)

    virtual.run(main())
    assert min(left) == 5


def test_bulk_goes_on_when_the_reserve_is_in_use(virtual) -> None:
    """What SINGLE holds of the reserve delays BULK only until as many permits are left as are reserved."""

    async def main() -> None:
        budget = Budget(10, period=10, reserve=0.2, per_second=1e6, clock=virtual)
        singles = [await budget.take(Lane.SINGLE) for _ in range(9)]
        waiting = asyncio.ensure_future(budget.take(Lane.BULK))
        await virtual.sleep(1)
        assert not waiting.done()
        for permit in singles[:2]:
            permit.unused()
        (await asyncio.wait_for(waiting, 0.001)).unused()
        for permit in singles[2:]:
            permit.unused()

    virtual.run(main())


def test_a_waiting_bulk_request_does_not_hold_back_a_single_one(virtual) -> None:
    """BULK waits for its reserve; SINGLE, which may take it, is served at once."""

    async def main() -> None:
        budget = Budget(4, period=10, reserve=0.25, per_second=1e6, clock=virtual)
        held = [await budget.take(Lane.SINGLE) for _ in range(3)]
        bulk = asyncio.ensure_future(budget.take(Lane.BULK))
        await virtual.sleep(1)
        single = await asyncio.wait_for(budget.take(Lane.SINGLE), 0.001)
        assert not bulk.done()
        for permit in (*held, single):
            permit.unused()
        (await bulk).unused()

    virtual.run(main())


# --- pauses --------------------------------------------------------------------------------------------------------


def test_a_pause_is_ended_by_time_alone(virtual) -> None:
    """Not by an answer that comes meanwhile, not by a shorter pause, not by a cancelled waiter."""

    async def main() -> None:
        budget = Budget(10, period=10, per_second=1e6, clock=virtual)
        earlier = await budget.take()
        budget.pause(30)
        budget.pause(1)
        budget.pause(-5)
        waiting = asyncio.ensure_future(budget.take(Lane.ACKNOWLEDGE))
        impatient = asyncio.ensure_future(budget.take())
        await virtual.sleep(5)
        earlier.answered()
        impatient.cancel()
        await virtual.sleep(5)
        assert budget.status().paused_for == pytest.approx(20)
        assert budget.status().next_in == pytest.approx(20)
        (await waiting).answered()
        assert virtual.monotonic() == pytest.approx(virtual.start + 30)
        assert budget.status().paused_for == 0

    virtual.run(main())


def test_a_pause_holds_also_whoever_was_about_to_be_served(virtual) -> None:
    """A pause that begins while the dispatcher waits for the smoother's tick is obeyed."""

    async def main() -> None:
        budget = Budget(100, period=100, per_second=1, clock=virtual)
        (await budget.take()).answered()
        waiting = asyncio.ensure_future(budget.take())
        await virtual.sleep(0.5)
        budget.pause(20)
        (await waiting).answered()
        assert virtual.monotonic() >= virtual.start + 20.5

    virtual.run(main())


# --- permits and status --------------------------------------------------------------------------------------------


def test_the_status_is_truthful(virtual) -> None:
    async def main() -> None:
        budget = Budget(3, period=10, grace=5, per_second=1e6, clock=virtual)
        assert budget.status() == BudgetStatus(3, 3, 0, 0, 0.0, None, 0.0, 0)
        first, second, third = [await budget.take() for _ in range(3)]
        assert budget.status() == BudgetStatus(3, 0, 3, 0, 0.0, None, 0.0, 3)
        waiting = [asyncio.ensure_future(budget.take()) for _ in range(2)]
        await virtual.sleep(2)
        status = budget.status()
        assert (status.waiting, status.longest_wait, status.next_in) == (2, pytest.approx(2), None)
        assert status.lease_age == pytest.approx(2)
        first.unanswered()
        second.answered()
        status = budget.status()
        assert (status.left, status.in_flight, status.lease_age) == (0, 1, pytest.approx(2))
        assert status.next_in == pytest.approx(10, abs=0.05)
        third.unused()
        assert budget.status().granted == 2  # it was not given to a request after all
        await virtual.sleep(1)
        assert budget.status().waiting == 1
        assert budget.status().longest_wait == pytest.approx(3)
        assert (budget.status().in_flight, budget.status().lease_age) == (1, pytest.approx(1, abs=0.05))
        for permit in await asyncio.gather(*waiting):
            permit.unused()
        assert virtual.monotonic() == pytest.approx(virtual.start + 12, abs=0.05)
        assert budget.status().left == 2
        await virtual.sleep(5.1)
        assert budget.status() == BudgetStatus(3, 3, 0, 0, 0.0, None, 0.0, 2)

    virtual.run(main())


def test_what_waits_behind_the_reserve_is_told_when_enough_is_back(virtual) -> None:
    """Not when the first permit is: that one belongs to the reserve."""

    async def main() -> None:
        budget = Budget(4, period=10, reserve=0.5, per_second=1e6, clock=virtual)
        for permit in [await budget.take() for _ in range(4)]:
            permit.answered()
            await virtual.sleep(1)
        waiting = asyncio.ensure_future(budget.take(Lane.BULK))
        await virtual.sleep(0)
        assert budget.status().next_in == pytest.approx(2 + 10 - 4, abs=0.02)  # the third of four
        (await waiting).unused()

    virtual.run(main())


@pytest.mark.parametrize("first_word", ["answered", "unanswered", "unused"])
def test_only_the_first_word_about_a_permit_counts(virtual, first_word) -> None:
    async def main() -> None:
        budget = Budget(4, period=10, grace=20, clock=virtual)
        permit = await budget.take()
        getattr(permit, first_word)()
        before = budget.status()
        for later in ("unused", "answered", "unanswered", "unused"):
            getattr(permit, later)()
        assert budget.status() == before
        back_after = {"unused": 0.0, "answered": 10.1, "unanswered": 30.1}[first_word]
        await virtual.sleep(max(0.0, back_after - 0.2))
        assert budget.status().left == (4 if first_word == "unused" else 3)
        await virtual.sleep(0.2)
        assert budget.status().left == 4

    virtual.run(main())


def test_cancelling_a_wait_costs_nothing(virtual) -> None:
    """Neither a permit nor anybody's place, whether before, while or after the permit was granted."""

    async def main() -> None:
        budget = Budget(2, period=10, per_second=1e6, clock=virtual)
        held = [await budget.take(), await budget.take()]
        waiting = [asyncio.ensure_future(budget.take()) for _ in range(6)]
        await virtual.sleep(1)
        waiting[0].cancel()
        for permit in held:
            permit.unused()
        for _ in range(6):  # catch the moment in which permits are granted and not yet received
            if budget.status().in_flight == 2:
                break
            await asyncio.sleep(0)
        assert budget.status().in_flight == 2
        waiting[1].cancel()
        waiting[2].cancel()
        results = await asyncio.gather(*waiting[:3], return_exceptions=True)
        assert all(isinstance(result, asyncio.CancelledError) for result in results)
        done, _ = await asyncio.wait(waiting[3:], return_when=asyncio.FIRST_COMPLETED, timeout=1)
        assert waiting[3] in done
        for task in waiting[3:]:
            (await task).unused()
        status = budget.status()
        assert (status.left, status.in_flight, status.waiting, status.granted) == (2, 0, 0, 0)

    virtual.run(main())


def test_no_task_idles_for_a_budget_nobody_waits_for(virtual) -> None:
    async def main() -> None:
        budget = Budget(1, period=10, clock=virtual)
        permit = await budget.take()
        waiting = asyncio.ensure_future(budget.take())
        await virtual.sleep(1)
        assert len(asyncio.all_tasks()) > 2
        waiting.cancel()
        await virtual.sleep(0.001)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        permit.answered()
        await virtual.sleep(0.001)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        waiting = asyncio.ensure_future(budget.take())  # now it is known how long it takes
        await virtual.sleep(1)
        waiting.cancel()
        await virtual.sleep(0.001)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    virtual.run(main())


@pytest.mark.parametrize("steps", range(6))
def test_whoever_ends_the_dispatcher_does_not_end_those_who_wait(virtual, steps) -> None:
    """A sweep that cancels every task it does not know must not make a budget deaf, however young the task."""

    async def main() -> None:
        budget = Budget(5, period=10, per_second=1, clock=virtual)
        mine = {asyncio.current_task()}
        first = await budget.take()
        waiting = [asyncio.ensure_future(budget.take()) for _ in range(3)]
        for _ in range(20):  # until the dispatcher is born
            if strangers := asyncio.all_tasks() - mine - set(waiting):
                break
            await asyncio.sleep(0)
        for _ in range(steps):
            await asyncio.sleep(0)
        for task in strangers:
            task.cancel()
        async with asyncio.timeout(100):
            for permit in await asyncio.gather(*waiting):
                permit.unused()
        first.unused()
        assert budget.status().left == 5

    virtual.run(main())


def test_budgets_outlive_the_loop_they_were_used_in() -> None:
    """One asyncio.run after another may draw from the same budget: what was counted in the first counts on."""
    budget = Budget(4, period=0.2, per_second=1e6)

    async def use() -> None:
        for _ in range(3):
            (await budget.take()).answered()

    begun = time.monotonic()
    asyncio.run(use())
    asyncio.run(use())
    assert time.monotonic() - begun >= 0.2


def test_a_budget_in_use_in_one_loop_is_refused_in_another(virtual) -> None:
    """Whether a request is out or somebody waits; when neither is so, it may go over."""
    budget = Budget(2, period=10, per_second=1e6, clock=virtual)

    async def elsewhere() -> None:
        (await budget.take()).unused()

    permit = virtual.loop.run_until_complete(budget.take())
    with pytest.raises(ClientStateError, match="another event loop"):
        asyncio.run(elsewhere())
    permit.unused()
    budget.pause(5)
    waiting = virtual.loop.create_task(budget.take())
    virtual.loop.run_until_complete(virtual.sleep(1))
    with pytest.raises(ClientStateError, match="another event loop"):
        asyncio.run(elsewhere())
    virtual.loop.run_until_complete(waiting).unused()
    asyncio.run(elsewhere())
    assert budget.status().left == 2


def test_what_was_out_when_its_loop_was_closed_comes_back_after_a_period_and_the_grace(virtual) -> None:
    """Nobody is left to say how it ended, and what somebody says later changes nothing."""
    budget = Budget(3, period=10, grace=20, per_second=1e6, clock=virtual)
    lost = [asyncio.run(budget.take())]

    async def main() -> None:
        permit = await budget.take()
        assert (budget.status().left, budget.status().in_flight) == (1, 1)
        for late in lost:
            late.unused()
        assert (budget.status().left, budget.status().in_flight) == (1, 1)
        await virtual.sleep(30)
        assert budget.status().left == 1
        await virtual.sleep(0.02)
        assert budget.status().left == 2
        permit.unused()
        assert (budget.status().left, budget.status().in_flight, budget.status().granted) == (3, 0, 1)

    virtual.run(main())


def test_those_who_waited_in_a_closed_loop_are_in_nobodys_way(virtual) -> None:
    """A loop that was closed in the middle of its work takes its dispatcher and its queue with it."""
    budget = Budget(1, period=10, grace=20, per_second=1e6, clock=virtual)
    gone = asyncio.new_event_loop()
    gone.set_exception_handler(lambda *_: None)  # the tasks that are torn off complain to it
    gone.run_until_complete(budget.take())
    torn_off = gone.create_task(budget.take())
    gone.run_until_complete(asyncio.sleep(0.01))
    assert budget.status().waiting == 1
    gone.close()

    async def main() -> None:
        (await budget.take()).unused()
        assert virtual.monotonic() == pytest.approx(virtual.start + 30, abs=0.02)
        assert budget.status().waiting == 0

    virtual.run(main())
    assert not torn_off.done()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of what the closed loop tore off
def test_a_wait_given_up_in_a_loop_s_last_moment_does_not_make_the_budget_deaf(virtual) -> None:
    budget = Budget(1, period=10, per_second=1e6, clock=virtual)
    gone = asyncio.new_event_loop()
    gone.set_exception_handler(lambda *_: None)

    async def give_up() -> None:
        (await budget.take()).answered()
        with suppress(TimeoutError):
            async with asyncio.timeout(0.01):
                await budget.take()

    gone.run_until_complete(give_up())
    gone.close()

    async def main() -> None:
        (await budget.take()).unused()
        assert virtual.monotonic() == pytest.approx(virtual.start + 10, abs=0.02)

    virtual.run(main())
    gc.collect()


# --- smoothing -----------------------------------------------------------------------------------------------------


def test_starts_are_spread_over_the_window(virtual) -> None:
    """By default at three times the even rate, and as many at once."""
    starts: list[float] = []

    async def main() -> None:
        budget = Budget(600, period=60, clock=virtual)

        async def caller() -> None:
            permit = await budget.take()
            starts.append(virtual.monotonic() - virtual.start)
            permit.answered()

        await asyncio.gather(*(caller() for _ in range(600)))

    virtual.run(main())
    assert sum(start < 0.001 for start in starts) == 30
    assert most_in_a_moving_window(starts, 1.0) <= 61
    assert starts[-1] == pytest.approx((600 - 30) / 30, abs=0.1)


def test_a_slow_rate_is_kept(virtual) -> None:
    """Also below one start per second."""

    async def main() -> None:
        budget = Budget(100, period=10, per_second=0.3, clock=virtual)
        for _ in range(4):
            (await budget.take()).answered()
        assert virtual.monotonic() - virtual.start == pytest.approx(10, abs=0.1)

    virtual.run(main())


# --- limits --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (name, value)
        for name, values in {
            "public": (0, -1, 1.5, "100", None, True, math.nan),
            "authenticated": (0, -1, 1000.0, "1000", None, False),
            "period": (0, -60, math.nan, math.inf, "60", True),
            "per_second": (0, -1.0, math.nan, math.inf, "5", True),
            "reserve": (-0.1, 1, 1.5, math.nan, "0.02", None, True),
            "grace": (-1, math.nan, math.inf, "30", None, True),
            "shared": ("", "localhost:6379", "https://cache.example", b"redis://localhost", 6379),
            "away_share": (0, -0.1, 1.1, math.nan, "0.1", None, True),
        }.items()
        for value in values
    ],
)
def test_limits_that_cannot_be_are_refused(name, value) -> None:
    with pytest.raises(ConfigurationError, match=name):
        Limits(**{name: value})


def test_limits_at_the_edge_are_accepted() -> None:
    limits = Limits(public=1, authenticated=1, period=0.1, per_second=0.001, reserve=0.0, grace=0, away_share=1)
    budgets = Budgets.from_limits(limits)
    assert budgets.public.status().left == budgets.authenticated.status().left == 1


def test_the_documented_limits_are_the_default(virtual) -> None:
    budgets = Budgets.from_limits(Limits(), virtual)
    assert (budgets.public.limit, budgets.public.period) == (100, 60.0)
    assert (budgets.authenticated.limit, budgets.authenticated.period) == (1000, 60.0)
    assert budgets.of("public") is budgets.public
    assert budgets.of("authenticated") is budgets.authenticated


def test_what_is_not_said_is_as_documented(virtual) -> None:
    assert Limits() == Limits(
        public=100,
        authenticated=1000,
        period=60.0,
        per_second=None,
        reserve=0.02,
        grace=30.0,
        shared=None,
        away_share=0.1,
    )
    assert (Budget(10).period, Budget(10).grace) == (60.0, 30.0)

    async def main() -> None:
        budget = Budget(10, per_second=1e6, clock=virtual)
        for _ in range(10):  # without a reserve the last one is there for paging too
            (await asyncio.wait_for(budget.take(Lane.BULK), 1)).answered()
        assert budget.status().left == 0
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(budget.take(Lane.BULK), 1)

    virtual.run(main())


@pytest.mark.parametrize(("origin", "api_key"), [(None, None), (None, "key"), ("https://bank.example", None)])
def test_shared_limits_need_to_know_with_whom(origin, api_key) -> None:
    with pytest.raises(ConfigurationError, match="origin= and api_key="):
        Budgets.from_limits(Limits(shared="redis://localhost"), origin=origin, api_key=api_key)


@pytest.mark.parametrize("scheme", ["redis", "rediss", "unix"])
def test_the_address_of_a_redis_may_hold_a_password(scheme) -> None:
    assert "sesame" not in repr(Limits(shared=f"{scheme}://:sesame@localhost"))
    with pytest.raises(ConfigurationError) as caught:
        Limits(shared=f"x{scheme}://:sesame@localhost")
    assert "sesame" not in str(caught.value)


def test_a_limit_that_becomes_known_counts_what_is_out(virtual) -> None:
    """Lower: nobody gets a permit until enough are back. Higher: at once."""

    async def main() -> None:
        budget = Budget(10, period=60.0, per_second=1000.0, clock=virtual)
        for _ in range(8):
            (await budget.take()).answered()
        budget.resize(5)
        assert (budget.status().limit, budget.status().left) == (5, 0)
        began = virtual.monotonic()
        await budget.take()
        assert virtual.monotonic() - began >= 60
        budget.resize(50)
        assert budget.status().left == 49
        waiting = asyncio.create_task(budget.take())
        await waiting
        assert virtual.monotonic() - began < 61

    virtual.run(main())


def test_limits_and_budgets_do_not_change_under_those_who_share_them() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Limits().authenticated = 10_000
    budgets = Budgets.from_limits(Limits())
    with pytest.raises(dataclasses.FrozenInstanceError):
        budgets.public = budgets.authenticated
    with pytest.raises(dataclasses.FrozenInstanceError):
        budgets.public.status().left = 5


def test_only_the_authenticated_budget_has_a_reserve(virtual) -> None:
    async def main() -> None:
        budgets = Budgets.from_limits(Limits(public=4, authenticated=4, reserve=0.5, per_second=1e6), virtual)
        for budget, may_take in ((budgets.public, 4), (budgets.authenticated, 2)):
            permits = [await budget.take(Lane.BULK) for _ in range(may_take)]
            waiting = asyncio.ensure_future(budget.take(Lane.BULK))
            await virtual.sleep(1)
            assert not waiting.done()
            waiting.cancel()
            for permit in permits:
                permit.unused()

    virtual.run(main())
