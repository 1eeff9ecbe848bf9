"""Limits that several processes share through a real Redis. A budget or a client of its own stands for a process."""

import asyncio
import base64
import random
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest

from konfipay_async import Budgets, KonfipayClient, Lane, Limits
from konfipay_async.errors import ClientStateError, ConfigurationError, MissingExtraError
from konfipay_async.sandbox import Sandbox
from konfipay_async.session import shared, shared_link
from konfipay_async.session.budget import Permit
from konfipay_async.session.clock import SystemClock
from konfipay_async.session.shared import SharedBudget
from konfipay_async.session.shared_link import Link


@pytest.fixture
async def process(redis_server: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[..., SharedBudget]]:
    """``process(limit, **arguments)``: the budget of one more process. All have the same name in the same Redis."""
    made: list[SharedBudget] = []

    def make(limit: int, **arguments: Any) -> SharedBudget:
        clock = SystemClock()
        link = Link(redis_server.url, clock=clock, meanwhile="this is a test")
        arguments = {"period": 0.5, "grace": 0.0, "per_second": 1e6, "clock": clock} | arguments
        made.append(SharedBudget(link, "a name", limit, **arguments))
        return made[-1]

    yield make
    monkeypatch.setattr(shared, "_LAST_WORDS", 0.01)  # tests leave permits out
    await asyncio.gather(*(budget.close() for budget in made))


@pytest.fixture
def knows(redis_server: Any) -> None:
    """Redis has been counting for a long time: nobody waits at the beginning."""
    remember(redis_server)


def remember(redis_server: Any) -> None:
    run = redis_server.ask("INFO", "server")["run_id"]
    redis_server.ask("HSET", "konfipay:epoch", "run", run, "since", "1")


def permits(redis_server: Any) -> int:
    """How many Redis counts as out or on their way back."""
    second, microsecond = redis_server.ask("TIME")
    return int(redis_server.ask("ZCOUNT", "konfipay:a name:permits", str(second * 1000 + microsecond / 1000), "+inf"))


async def eventually(condition: Callable[[], object], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - in Redis and in other processes, which set no event here
            await asyncio.sleep(0.005)


async def seconds(waiting: Awaitable[Any]) -> float:
    began = time.monotonic()
    await waiting
    return time.monotonic() - began


# Permits


@pytest.mark.usefixtures("knows")
async def test_permits_are_those_of_all_together_and_come_back_a_period_after_their_end(process: Any) -> None:
    one, other = process(3), process(3)
    first, second, third = await one.take(), await other.take(), await one.take()
    assert one.status().left == 0
    waiting = asyncio.create_task(other.take())
    await eventually(lambda: other.status().next_in)
    assert other.status().waiting == 1
    second.answered()
    assert await seconds(waiting) >= 0.4
    assert (one.status().in_flight, one.status().granted) == (2, 2)
    assert (other.status().in_flight, other.status().granted) == (1, 2)
    assert one.status().lease_age >= other.status().lease_age > 0
    assert other.status().longest_wait == 0
    for permit in (first, third, waiting.result()):
        permit.answered()


@pytest.mark.usefixtures("knows")
async def test_without_an_answer_it_comes_back_a_grace_later(process: Any) -> None:
    one, other = process(1, grace=0.6), process(1, grace=0.6)
    (await one.take()).unanswered()
    assert await seconds(other.take()) >= 1.0


@pytest.mark.usefixtures("knows")
async def test_an_unused_one_is_free_at_once(process: Any) -> None:
    one, other = process(1, period=60), process(1, period=60)
    (await one.take()).unused()
    assert await seconds(other.take()) < 30
    assert one.status().granted == 0


@pytest.mark.usefixtures("knows")
async def test_permits_that_are_asked_for_twice_are_granted_once(
    process: Any, monkeypatch: pytest.MonkeyPatch, redis_server: Any
) -> None:
    """The connection breaks behind the question, and the library asks again: at a limit that is reached with it."""
    here = process(1, period=60)
    run = here._run

    async def twice(*arguments: str | float) -> Any:
        if arguments[0] == "take":
            await run(*arguments)
        return await run(*arguments)

    monkeypatch.setattr(here, "_run", twice)
    async with asyncio.timeout(10):
        await here.take()
    assert permits(redis_server) == 1


@pytest.mark.usefixtures("knows")
async def test_the_last_word_about_a_permit_is_its_first(process: Any, redis_server: Any) -> None:
    one = process(1, period=60)
    permit = await one.take()
    permit.answered()
    permit.unused()
    await one.close()
    assert permits(redis_server) == 1


@pytest.mark.usefixtures("knows")
async def test_bulk_leaves_the_reserve_to_others_in_any_process(process: Any) -> None:
    one, other = process(10, period=60, reserve=0.2), process(10, period=60, reserve=0.2)
    for budget in (one, other) * 4:
        await budget.take(Lane.BULK)
    bulk = [asyncio.create_task(budget.take(Lane.BULK)) for budget in (one, other)]
    await eventually(lambda: one.status().next_in and other.status().next_in)
    assert not any(task.done() for task in bulk)
    await other.take(Lane.SINGLE)
    await one.take(Lane.ACKNOWLEDGE)
    single = asyncio.create_task(one.take(Lane.SINGLE))
    await eventually(lambda: one.status().waiting == 2)
    assert not single.done()
    for task in (*bulk, single):
        task.cancel()
    await asyncio.wait([*bulk, single])


@pytest.mark.usefixtures("knows")
async def test_lanes_hold_between_processes(process: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # For so many ms a lane is kept for who does not ask again: on a machine that stalls, longer.
    monkeypatch.setattr(shared, "_SCRIPT", shared._SCRIPT.replace("+ 500", "+ 20000"))
    limit = 3
    one, two, three = process(limit), process(limit), process(limit)
    held = [await one.take() for _ in range(limit)]
    served: list[Lane] = []

    async def wait(budget: SharedBudget, lane: Lane) -> None:
        permit = await budget.take(lane)
        served.append(lane)
        permit.answered()

    asked = [(one, Lane.BULK), (two, Lane.SINGLE), (three, Lane.ACKNOWLEDGE)] * 3
    async with asyncio.TaskGroup() as group:
        for budget, lane in asked:
            group.create_task(wait(budget, lane))
        await eventually(lambda: all(budget.status().next_in for budget in (one, two, three)))
        for permit in held:
            permit.answered()
    assert served == sorted(served)


@pytest.mark.usefixtures("knows")
async def test_a_better_lane_that_is_gone_holds_nobody_up(process: Any) -> None:
    one, other = process(1), process(1)
    held = await one.take()
    urgent = asyncio.create_task(other.take(Lane.ACKNOWLEDGE))
    await eventually(lambda: other.status().next_in)
    bulk = asyncio.create_task(one.take(Lane.BULK))
    urgent.cancel()
    held.answered()
    assert await seconds(bulk) < 15


@pytest.mark.usefixtures("knows")
async def test_first_come_is_first_served_inside_a_lane(process: Any) -> None:
    one = process(2)
    order: list[int] = []

    async def wait(number: int) -> None:
        permit = await one.take()
        order.append(number)
        permit.answered()

    await asyncio.gather(*(wait(number) for number in range(7)))
    assert order == list(range(7))


@pytest.mark.usefixtures("knows")
async def test_starts_are_smoothed_over_all_processes(process: Any) -> None:
    budgets = [process(1000, period=60, per_second=20) for _ in range(4)]
    began = time.monotonic()
    await asyncio.gather(*(budget.take() for budget in budgets for _ in range(8)))
    # 20 at once, and one every 50 ms from then on.
    assert time.monotonic() - began >= 12 / 20 - 0.01


@pytest.mark.usefixtures("knows")
async def test_a_pause_after_a_429_holds_in_every_process(process: Any) -> None:
    one, other = process(10), process(10)
    await other.take()
    began = time.monotonic()
    one.pause(0.8)
    one.pause(0.1)  # only time ends it
    await eventually(lambda: not one._keeper or one._pause_is_told)
    await other.take()
    assert time.monotonic() - began >= 0.8
    one.pause(60)
    await eventually(lambda: one._pause_is_told)
    waiting = asyncio.create_task(other.take())
    await eventually(lambda: other.status().paused_for > 50)
    assert one.status().paused_for > 50
    waiting.cancel()
    await asyncio.wait([waiting])


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.usefixtures("knows")
async def test_cancelling_costs_no_permit(
    process: Any, redis_server: Any, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "_LAST_WORDS", 20.0)
    monkeypatch.setattr(shared, "_TRUST", 0.1)  # the period is so short that any delay is a silence
    chance = random.Random(seed)
    limit = 5
    budgets = [process(limit, period=0.1) for _ in range(3)]

    async def call() -> None:
        permit = await chance.choice(budgets).take(chance.choice(list(Lane)))
        try:
            await asyncio.sleep(0)
        finally:
            chance.choice((permit.answered, permit.unused, permit.unanswered))()

    calls = [asyncio.create_task(call()) for _ in range(40)]
    while not all(task.done() for task in calls):
        chance.choice(calls).cancel()
        await asyncio.sleep(chance.choice((0, 0.001, 0.01)))
    for budget in budgets:
        assert (budget.status().in_flight, budget.status().waiting) == (0, 0)
        await budget.close()
    # All of them can be had, each once.
    fresh = process(limit, period=0.1)
    async with asyncio.timeout(2.5):  # before any lease ends
        taken = [await fresh.take() for _ in range(limit)]
    assert permits(redis_server) == limit
    for permit in taken:
        permit.answered()


@pytest.mark.usefixtures("knows")
async def test_a_permit_that_comes_with_the_cancellation_is_free_at_once(
    process: Any, redis_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "_LAST_WORDS", 20.0)
    one = process(2, period=60)

    async def first() -> None:
        permit = await one.take()
        assert one.status().in_flight == 2
        second.cancel()  # it has been granted one, and does not know yet
        permit.unused()

    calls = [asyncio.create_task(first()), second := asyncio.create_task(one.take())]
    await asyncio.wait(calls)
    assert second.cancelled()
    assert one.status().in_flight == 0
    await one.close()
    assert permits(redis_server) == 0


@pytest.mark.usefixtures("knows")
async def test_a_permit_is_kept_for_as_long_as_its_request_takes(process: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "_SHORTEST_LEASE", 1.5)
    one, other = process(1, period=0.5), process(1, period=0.5)
    held = await one.take()
    waiting = asyncio.create_task(other.take())
    await asyncio.wait([waiting], timeout=3.0)  # a lease and a period are over
    assert not waiting.done()
    held.answered()
    assert await seconds(waiting) >= 0.4


@pytest.mark.usefixtures("knows")
async def test_what_a_dead_process_held_comes_back(process: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if killed: its keeper ends, and nobody hears of the permit again."""
    monkeypatch.setattr(shared, "_SHORTEST_LEASE", 0.5)
    one, other = process(1, period=0.5), process(1, period=0.5)
    began = time.monotonic()
    await one.take()
    assert one._keeper is not None
    one._keeper.cancel()
    await other.take()
    assert 0.9 <= time.monotonic() - began < 15  # a lease and a period


# What Redis does not know


async def test_a_redis_that_knows_nothing_makes_everybody_wait_a_period_and_the_grace(
    process: Any, redis_server: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "konfipay_async")
    one, other = process(5, grace=1.0), process(5, grace=1.0)
    assert await seconds(asyncio.gather(one.take(), other.take())) >= 1.5
    assert caplog.text.count("nothing is sent for") == 2
    assert await seconds(process(5, grace=1.0).take()) < 1.5  # it knows now, whoever asks


async def test_emptied_in_the_middle(process: Any, redis_server: Any) -> None:
    remember(redis_server)
    one, other = process(5), process(5)
    held = await one.take()
    (await other.take()).answered()
    redis_server.ask("FLUSHALL")
    assert await seconds(other.take()) >= 0.5
    await eventually(lambda: permits(redis_server) == 2)  # what is still out is entered again
    held.answered()


async def test_another_run_of_redis_is_not_believed(process: Any, redis_server: Any) -> None:
    """It may have kept its data, and lost the last of it."""
    remember(redis_server)
    await process(5).take()
    redis_server.ask("HSET", "konfipay:epoch", "run", "of-another-run")
    assert await seconds(process(5).take()) >= 0.5


# Redis is away


async def test_alone_after_a_period_with_a_share_until_redis_is_back(
    process: Any, redis_server: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember(redis_server)
    monkeypatch.setattr(shared, "_TRUST", 2.5)
    one, other = process(20, away_share=0.25), process(20, away_share=0.25)
    for _ in range(5):
        (await one.take()).answered()
    redis_server.stop()
    stopped = time.monotonic()
    permits_alone = [await one.take() for _ in range(5)]
    assert time.monotonic() - stopped >= 0.5
    status = one.status()
    assert (status.away, status.limit, status.left, status.in_flight) == (True, 5, 0, 5)
    waiting = asyncio.create_task(one.take())
    await eventually(lambda: one.status().waiting == 1)
    permits_alone[0].answered()
    assert await seconds(waiting) >= 0.4
    assert caplog.text.count("Redis does not answer") == 1
    assert not other.status().away  # it has not asked

    redis_server.start()
    remember(redis_server)
    await eventually(lambda: not one.status().away)
    assert permits(redis_server) == 5  # those taken alone are in it before it grants one
    assert one.status().limit == 20
    assert caplog.text.count("Redis answers again") == 1
    # Others may still be alone: for a while all together get no more than such a share.
    assert await seconds(other.take()) >= shared._TRUST - 1.0


async def test_nothing_is_granted_alone_before_a_period_after_the_last_that_redis_granted(
    process: Any, redis_server: Any
) -> None:
    """Its request may have waited for a login, and leave only now."""
    remember(redis_server)
    one = process(20)
    held, unused = await one.take(), await one.take()
    redis_server.stop()
    waiting = asyncio.create_task(one.take())
    await asyncio.wait([waiting], timeout=1.5)
    assert not waiting.done()
    held.answered()
    assert not waiting.done()
    unused.unused()
    assert await seconds(waiting) >= 0.4


async def test_who_was_alone_long_ago_asks_redis_first(
    process: Any, redis_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "_TRUST", 0.5)
    monkeypatch.setattr(shared, "_SHORTEST_LEASE", 0.1)
    one = process(20, period=0.2, away_share=1)
    redis_server.stop()
    for grace in ("answered", "unanswered", "unused"):
        getattr(await one.take(), grace)()
    await eventually(lambda: one._keeper is None)
    await asyncio.sleep(0.6)
    redis_server.start()
    remember(redis_server)
    assert one.status().away
    (await one.take()).answered()
    assert not one.status().away
    assert redis_server.ask("ZCARD", "konfipay:a name:permits") == 1


async def test_who_did_not_ask_for_long_waits_a_period_before_it_is_alone_again(
    process: Any, redis_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis may have been back for the others meanwhile, and have given out all there is."""
    for module, name, value in (
        (shared, "_TRUST", 0.5),
        (shared, "_SHORTEST_LEASE", 0.1),
        (shared_link, "_STALE", 0.5),
    ):
        monkeypatch.setattr(module, name, value)
    one = process(20, period=1.0, away_share=1)
    redis_server.stop()
    (await one.take()).unused()
    (await one.take()).unused()  # it is alone, and need not wait
    await eventually(lambda: one._keeper is None)
    await asyncio.sleep(0.6)  # as long as nothing is known of
    assert await seconds(one.take()) >= 0.9


def test_a_loop_that_is_not_closed_keeps_what_waits_in_it(redis_server: Any) -> None:
    redis_server.stop()
    clock = SystemClock()
    link = Link(redis_server.url, clock=clock, meanwhile="")
    budget = SharedBudget(link, "a name", 10, period=60.0, clock=clock)
    loop = asyncio.new_event_loop()

    async def ask() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(0.3):
                await budget.take()

    loop.run_until_complete(ask())
    with pytest.raises(ClientStateError, match="another event loop"):
        asyncio.run(ask(), debug=True)
    loop.run_until_complete(budget.close())
    loop.close()


def test_what_was_taken_alone_is_not_forgotten_in_the_next_loop(redis_server: Any) -> None:
    """Nor is a pause."""
    redis_server.stop()
    clock = SystemClock()
    link = Link(redis_server.url, clock=clock, meanwhile="")
    budget = SharedBudget(link, "a name", 10, period=3.0, grace=0.0, per_second=1e6, away_share=0.5, clock=clock)

    async def take(count: int, within: float) -> int:
        taken = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                while taken < count:
                    (await budget.take()).answered()
                    taken += 1
        await budget.close()
        return taken

    async def pause() -> None:
        budget.pause(60)
        await budget.close()

    assert asyncio.run(take(5, 30), debug=True) == 5
    assert asyncio.run(take(5, 0.3), debug=True) == 0
    asyncio.run(pause(), debug=True)
    assert asyncio.run(take(1, 4.0), debug=True) == 0


@pytest.mark.usefixtures("knows")
async def test_permits_that_come_with_a_429_are_given_back(process: Any, redis_server: Any) -> None:
    """They were on their way while the answer came."""
    one = process(20)
    run = one._run

    async def and_then_a_429(*arguments: Any) -> Any:
        answer = await run(*arguments)
        if arguments[0] == "take":
            one._run = run
            one.pause(0.4)
        return answer

    one._run = and_then_a_429
    assert await seconds(one.take()) >= 0.35
    await eventually(lambda: permits(redis_server) == 1)


@pytest.mark.parametrize("late", range(8))
async def test_who_asks_while_it_is_being_closed_is_served(
    process: Any, redis_server: Any, monkeypatch: pytest.MonkeyPatch, late: int
) -> None:
    redis_server.stop()
    one = process(20, period=0.2, away_share=1)
    (await one.take()).answered()
    closing = asyncio.create_task(one.close())
    for _ in range(late):
        await asyncio.sleep(0)
    waiting = asyncio.create_task(one.take())
    await closing
    async with asyncio.timeout(20):
        with suppress(ClientStateError):  # or told so
            await waiting


_FORKED = """
import asyncio, os, sys
from konfipay_async import Budgets, Limits

limits = Limits(shared=sys.argv[1], authenticated=10, per_second=1e6)
budgets = Budgets.from_limits(limits, origin="https://portal.konfipay.de", api_key="k" * 64)

ready, is_ready = os.pipe()
go, lets_go = os.pipe()

async def take():
    for _ in range(3):
        await budgets.authenticated.take()
    taken = 3
    os.write(is_ready, b"x")
    await asyncio.to_thread(os.read, go, 1)
    try:
        async with asyncio.timeout(1.5):
            while True:
                await budgets.authenticated.take()
                taken += 1
    except TimeoutError:
        return taken

for _ in range(3):
    if os.fork() == 0:
        os.close(lets_go)
        os.write(1, b"%d\\n" % asyncio.run(take()))
        os._exit(0)
for _ in range(3):
    os.read(ready, 1)
os.close(lets_go)
for _ in range(3):
    os.wait()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="os.fork")
@pytest.mark.usefixtures("knows")
async def test_processes_that_are_forked_afterwards_share_the_limit(redis_server: Any) -> None:
    """As under a server that loads the application first."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _FORKED, redis_server.url, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await child.communicate()
    taken = [int(text) for text in said.split()]
    assert len(taken) == 3
    assert 9 <= sum(taken) <= 10
    (key,) = redis_server.ask("KEYS", "konfipay:*:permits")
    assert redis_server.ask("ZCARD", key) == sum(taken)


async def test_after_a_silence_somebody_may_be_alone(
    process: Any, redis_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when Redis was out of reach for all, and the first who asks again did not notice."""
    monkeypatch.setattr(shared, "_TRUST", 2.5)
    remember(redis_server)
    one, other = process(20, away_share=0.25), process(20, away_share=0.25)
    (await one.take()).answered()
    await eventually(lambda: not one._ended)
    await asyncio.sleep(0.7)  # longer than a period
    began = time.monotonic()
    for _ in range(5):
        await other.take(Lane.BULK)
    assert time.monotonic() - began < shared._TRUST
    await one.take()
    assert time.monotonic() - began >= shared._TRUST - 1.0
    assert permits(redis_server) == 6


async def test_closing_while_redis_says_nothing(process: Any, redis_server: Any) -> None:
    remember(redis_server)
    one = process(1, period=60)
    redis_server.freeze()
    waiting = asyncio.create_task(one.take())
    await eventually(lambda: one.status().waiting)
    await one.close()
    with pytest.raises(ClientStateError):
        await waiting
    redis_server.thaw()
    (await one.take()).answered()  # what may have been granted to nobody was given back


async def test_a_share_is_at_least_one(process: Any, redis_server: Any) -> None:
    redis_server.stop()
    one = process(3, away_share=0.1, period=0.2)
    (await one.take()).answered()
    assert await seconds(one.take()) >= 0.15


async def test_a_redis_that_is_back_in_time_changes_nothing(process: Any, redis_server: Any) -> None:
    remember(redis_server)
    one = process(5, period=8.0)
    await one.take()
    redis_server.stop()
    waiting = asyncio.create_task(one.take())
    await eventually(lambda: one.status().away)
    redis_server.start()
    remember(redis_server)
    assert await seconds(waiting) < 7.5  # no longer alone before it would have got one alone
    assert not one.status().away
    assert permits(redis_server) == 2


async def test_a_redis_that_says_nothing_is_away_too(process: Any, redis_server: Any) -> None:
    remember(redis_server)
    one = process(10)
    (await one.take()).answered()
    redis_server.freeze()
    permit = await one.take()
    assert one.status().away
    redis_server.thaw()
    await eventually(lambda: not one.status().away)
    permit.answered()


async def test_a_pause_is_kept_while_alone_and_told_afterwards(process: Any, redis_server: Any) -> None:
    one, other = process(20), process(20)
    redis_server.stop()
    (await one.take()).answered()
    one.pause(60)
    assert one.status().paused_for > 50
    waiting = [asyncio.create_task(one.take())]
    await eventually(lambda: one.status().waiting == 1)
    redis_server.start()
    remember(redis_server)
    await eventually(lambda: not one.status().away)
    waiting.append(asyncio.create_task(other.take()))
    await eventually(lambda: other.status().paused_for > 50)
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)


async def test_lanes_hold_while_alone(process: Any, redis_server: Any) -> None:
    redis_server.stop()
    one = process(10, away_share=0.1, period=0.3)
    served: list[Lane] = []

    async def wait(lane: Lane) -> None:
        permit = await one.take(lane)
        served.append(lane)
        permit.answered()

    await asyncio.gather(*(wait(lane) for lane in (Lane.BULK, Lane.SINGLE, Lane.ACKNOWLEDGE) * 2))
    assert served == sorted(served)


async def test_a_redis_that_refuses_is_away(process: Any, redis_server: Any) -> None:
    redis_server.ask("SET", "konfipay:a name:permits", "not what it should be")
    one = process(10, away_share=0.5)
    await one.take()
    assert (one.status().away, one.status().limit) == (True, 5)


# Its life


@pytest.mark.usefixtures("knows")
async def test_closing_tells_redis_and_a_new_permit_opens_it_again(
    process: Any, redis_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "_LAST_WORDS", 20.0)
    one = process(2, period=60)
    permit = await one.take()
    waiting = [asyncio.create_task(one.take()) for _ in range(2)]
    await eventually(lambda: one.status().waiting == 1)
    permit.unused()
    await eventually(lambda: one.status().waiting == 0)
    last = asyncio.create_task(one.take())
    await eventually(lambda: one.status().waiting == 1)
    for task in waiting:
        task.result().unused()
    await one.close()
    with pytest.raises(ClientStateError, match="closed"):
        await last
    assert permits(redis_server) == 0
    (await one.take()).unused()
    await one.close()


@pytest.mark.usefixtures("knows")
async def test_closing_does_not_wait_for_ever(process: Any, redis_server: Any) -> None:
    one = process(2, period=60)
    permit = await one.take()
    await asyncio.wait_for(one.close(), 20)
    permit.answered()  # too late: its lease ends
    await one.close()
    assert permits(redis_server) == 1


@pytest.mark.usefixtures("knows")
def test_it_goes_from_loop_to_loop(redis_server: Any) -> None:
    clock = SystemClock()
    link = Link(redis_server.url, clock=clock, meanwhile="")
    budget = SharedBudget(link, "a name", 5, period=0.2, grace=0.0, clock=clock)

    async def use() -> None:
        (await budget.take()).answered()
        await budget.close()

    async def leave() -> Permit:
        permit = await budget.take()
        await budget.close()
        return permit

    asyncio.run(use(), debug=True)
    left = asyncio.run(leave(), debug=True)
    asyncio.run(use(), debug=True)
    left.answered()  # nobody listens: its lease ends
    assert (budget.status().in_flight, budget.status().granted) == (0, 3)

    async def elsewhere() -> None:
        waiting = asyncio.create_task(budget.take())
        await waiting
        with pytest.raises(ClientStateError, match="another event loop"):
            await asyncio.to_thread(asyncio.run, use())
        await budget.close()

    asyncio.run(elsewhere(), debug=True)


@pytest.mark.parametrize(
    "arguments",
    [
        {"shared": ""},
        {"shared": "localhost"},
        {"shared": 6379},
        {"shared": "http://localhost"},
        {"away_share": 0},
        {"away_share": 1.5},
        {"away_share": True},
    ],
)
def test_limits_that_cannot_be_shared(arguments: Any) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(arguments))):
        Limits(**arguments)


def test_an_address_of_no_redis_is_refused_without_its_password() -> None:
    limits = Limits(shared="redis://:geheim@localhost:port/0")
    assert "geheim" not in repr(limits)
    with pytest.raises(ConfigurationError) as caught:
        KonfipayClient("key", limits=limits)
    assert "geheim" not in str(caught.value)


def test_budgets_of_shared_limits_need_to_know_whose_they_are() -> None:
    with pytest.raises(ConfigurationError, match="origin= and api_key="):
        Budgets.from_limits(Limits(shared="redis://localhost"))


def test_without_the_extra_it_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    for missing in ("redis.asyncio", "cryptography.hazmat.primitives.ciphers.aead"):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, missing, None)
            with pytest.raises(MissingExtraError, match=r"konfipay-async\[redis\]"):
                KonfipayClient("key", limits=Limits(shared="redis://localhost"))


# Clients


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(authenticated_limit=20, public_limit=20, period=0.5)


@pytest.fixture
def new_client(redis_server: Any) -> Callable[..., KonfipayClient]:
    """``new_client(sandbox)``: as in one more process."""

    def make(sandbox: Sandbox, **limits: Any) -> KonfipayClient:
        arguments = {"public": 20, "authenticated": 20, "period": 0.5, "grace": 0.2, "shared": redis_server.url}
        return KonfipayClient(sandbox.api_key, base_url=sandbox.base_url, limits=Limits(**arguments | limits))

    return make


async def call(client: KonfipayClient) -> int:
    return (await client.request("GET", "bank-accounts")).status


def arrivals(sandbox: Sandbox) -> list[float]:
    return [request.at for request in sandbox.requests if request.route == "bank-accounts.list"]


@pytest.mark.usefixtures("knows")
async def test_what_one_client_hears_of_a_429_another_keeps(sandbox: Sandbox, new_client: Any) -> None:
    async with sandbox, new_client(sandbox) as one, new_client(sandbox) as other:
        await asyncio.gather(call(one), call(other))
        sandbox.add_fault("429:bank-accounts.list=1")
        again = asyncio.create_task(call(one))
        await eventually(lambda: one.budgets.authenticated.status().paused_for)
        limited = arrivals(sandbox)[-1]
        await eventually(lambda: not one.budgets.authenticated._ended and one.budgets.authenticated._pause_is_told)
        assert await call(other) == 200
        assert arrivals(sandbox)[-1] - limited >= 1.0
        assert await again == 200


@pytest.mark.usefixtures("knows")
async def test_a_client_closes_what_it_opened_and_nothing_else(
    sandbox: Sandbox, new_client: Any, redis_server: Any
) -> None:
    limits = Limits(period=60, per_second=1000, shared=redis_server.url)
    async with sandbox:
        budgets = Budgets.from_limits(limits, origin=sandbox.base_url, api_key=sandbox.api_key)
        for _ in range(2):
            async with KonfipayClient(sandbox.api_key, base_url=sandbox.base_url, budgets=budgets) as client:
                assert await call(client) == 200
        (await budgets.authenticated.take()).unused()
        await budgets.close()
        async with new_client(sandbox, period=60, per_second=1000) as client:
            await asyncio.gather(*(call(client) for _ in range(5)))
            assert int(redis_server.ask("INFO", "clients")["connected_clients"]) > 1
        await eventually(lambda: redis_server.ask("INFO", "clients")["connected_clients"] == 1)  # who asks
        assert permits_of(redis_server) == 5 + 1 + 2 * 2
        await client.close()


def permits_of(redis_server: Any) -> int:
    return sum(redis_server.ask("ZCARD", key) for key in redis_server.ask("KEYS", "*:permits"))


@pytest.mark.usefixtures("knows")
async def test_the_setting_of_the_environment_is_for_who_gives_no_limits(
    sandbox: Sandbox, redis_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KONFIPAY_SHARED_LIMITS", redis_server.url)
    async with sandbox:
        async with KonfipayClient(sandbox.api_key, base_url=sandbox.base_url) as client:
            assert await call(client) == 200
        assert permits_of(redis_server) == 2
        async with KonfipayClient(sandbox.api_key, base_url=sandbox.base_url, limits=Limits()) as client:
            assert await call(client) == 200
        assert permits_of(redis_server) == 2


@pytest.mark.usefixtures("knows")
async def test_neither_key_nor_token_nor_what_was_asked_for_is_in_redis(
    sandbox: Sandbox, new_client: Any, redis_server: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "konfipay_async")
    async with sandbox, new_client(sandbox) as client:
        await client.request("GET", "bank-accounts", query={"status": "active"})
        token = client._bearer._held.value
        sandbox.add_fault("429:bank-accounts.list=0")
        await client.request("GET", "bank-accounts", query={"status": "active"})
        said = redis_server.everything()
        assert b"konfipay:" in said
        assert b":token" in said
        secrets = (sandbox.api_key, token, "bank-accounts")
        for secret in secrets:
            for form in (secret.encode(), base64.b64encode(secret.encode()), secret.encode().hex().encode()):
                assert form not in said
        redis_server.stop()
        await call(client)
    for secret in secrets[:2]:
        assert secret not in caplog.text


async def test_a_password_of_redis_is_in_no_log(
    redis_server: Any, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "konfipay_async")
    redis_server.ask("ACL", "SETUSER", "default", "resetpass", ">RightSecret")
    url = redis_server.url.replace("unix://", "unix://somebody:WrongSecret@")
    limits = Limits(period=0.3, grace=0.0, shared=url)
    async with sandbox, KonfipayClient(sandbox.api_key, base_url=sandbox.base_url, limits=limits) as client:
        assert await call(client) == 200
        assert client.budgets.authenticated.status().away
    assert "Redis does not answer (" in caplog.text
    assert "WrongSecret" not in caplog.text
    assert "somebody" not in caplog.text


# Processes


async def test_eight_processes_keep_one_limit_use_it_and_log_in_once(redis_server: Any, sharers: Any) -> None:
    remember(redis_server)
    limit, period, rounds = 100, 2.0, 2
    limits = {"public": 20, "authenticated": limit, "period": period, "grace": 0.2, "shared": redis_server.url}
    async with Sandbox(authenticated_limit=limit, public_limit=20, period=period) as sandbox:
        await sharers.begin(base_url=sandbox.base_url, api_key=sandbox.api_key, limits=limits, processes=8)
        await eventually(lambda: arrivals(sandbox))
        first = arrivals(sandbox)[0]
        await eventually(lambda: arrivals(sandbox)[-1] > first + (rounds + 0.9) * period)
        did = await sharers.stop()
        assert len(did) == 8
        assert not any(one["others"] for one in did)
        assert sandbox.over_limit == 0
        assert sandbox.peak("authenticated") <= limit
        assert sandbox.count("authentication.token") == 1
        # As in the test of one budget: from one lull between two rounds of the permits to another.
        a_round = period + sum(one["seconds"] for one in did) / sum(one["answered"] for one in did)
        begin = first + 0.75 * period
        used = sum(begin <= at < begin + rounds * a_round for at in arrivals(sandbox))
        # The soak asks for 95 %, on a machine that does nothing else.
        assert used >= 0.5 * rounds * (limit - limit * 2 // 100)


async def test_what_a_killed_process_held_is_neither_given_twice_nor_lost(
    redis_server: Any, sharers: Any, gate: Any
) -> None:
    remember(redis_server)
    limits = {"public": 20, "authenticated": 10, "period": 1.0, "grace": 0.2, "reserve": 0, "shared": redis_server.url}
    async with Sandbox(authenticated_limit=10, public_limit=20, period=1.0, latency=1.0, sleep=gate.sleep) as sandbox:
        job = {"base_url": sandbox.base_url, "api_key": sandbox.api_key, "limits": limits, "callers": 10}
        gate.is_open = True
        (victim,) = await sharers.begin(**job)
        await eventually(lambda: arrivals(sandbox))
        gate.close()
        await asyncio.wait_for(gate.until(10), 20)  # all permits are out, and nothing is answered
        before = arrivals(sandbox)
        await sharers.kill(victim)
        gate.open()
        await sharers.begin(**job, processes=2)
        await eventually(lambda: len(arrivals(sandbox)) >= len(before) + 20)
        await sharers.stop()
        assert arrivals(sandbox)[len(before)] - before[-1] >= 1.0
        assert sandbox.over_limit == 0
        assert sandbox.peak("authenticated") <= 10
