"""What happens around a pull while it is under way: the key is revoked, Redis goes away, somebody sets the clock."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import pytest

from konfipay_async import KonfipayClient, Limits
from konfipay_async.errors import UnauthorizedError
from konfipay_async.pull import Report, Step, pull
from konfipay_async.pull.sinks.sql import SqlSink
from konfipay_async.sandbox import Sandbox


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(transactions=95, pending=0) as sandbox:
        yield sandbox


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "pull.db"


def at(step: Step, nth: int, do: Callable[[], None]) -> Callable[[Step, Report], None]:
    seen = 0

    def watch(told: Step, report: Report) -> None:
        nonlocal seen
        seen += told is step
        if told is step and seen == nth:
            do()

    return watch


def assert_all_is_there_once(file: Path, sandbox: Sandbox) -> None:
    with closing(sqlite3.connect(file)) as connection:
        rids = [rid for (rid,) in connection.execute("SELECT rid FROM transactions")]
        left = connection.execute("SELECT count(*) FROM acknowledgements WHERE settled_at IS NULL").fetchone()[0]
    assert sorted(rids) == sorted(sandbox.rids())
    assert (sandbox.new_rids(), left) == ([], 0)


@pytest.mark.parametrize("step", [Step.FETCHED, Step.COMMITTED, Step.ACKNOWLEDGED])
async def test_a_key_that_is_revoked_under_way_ends_the_pull_and_a_new_day_finishes_it(
    sandbox: Sandbox, file: Path, step: Step
) -> None:
    """What was committed stays, and what is left to acknowledge is acknowledged first."""

    async def once(watch: Callable[[Step, Report], None] | None = None) -> Report:
        async with KonfipayClient(sandbox.api_key, base_url=sandbox.base_url) as client:
            sink = SqlSink(f"sqlite:///{file}", origin=client.base_url)
            return await pull(client, sink, acknowledge=True, page_size=10, watch=watch)

    with pytest.raises(UnauthorizedError) as caught:
        await once(at(step, 3, lambda: sandbox.deactivate("main")))
    assert sandbox.api_key not in str(caught.value)
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT outcome, error FROM pull_runs").fetchall() == [
            ("failed", "UnauthorizedError")
        ]
        (rows,) = connection.execute("SELECT count(*) FROM transactions").fetchone()
    assert rows >= 20
    sandbox.reactivate("main")
    assert (await once()).complete
    assert_all_is_there_once(file, sandbox)


async def test_redis_goes_away_and_comes_back_and_the_pull_goes_on(
    sandbox: Sandbox, file: Path, redis_server: Any
) -> None:
    limits = Limits(shared=redis_server.url, period=0.2, grace=0.0, away_share=0.5)
    async with KonfipayClient(sandbox.api_key, base_url=sandbox.base_url, limits=limits) as client:
        seen_away = asyncio.Event()

        async def bring_it_back() -> None:
            async with asyncio.timeout(20):
                while not client.budgets.authenticated.status().away:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            seen_away.set()
            await asyncio.to_thread(redis_server.start)

        bringing = asyncio.create_task(bring_it_back())
        sink = SqlSink(f"sqlite:///{file}", origin=client.base_url)
        watch = at(Step.COMMITTED, 2, redis_server.stop)
        report = await pull(client, sink, acknowledge=True, page_size=10, watch=watch)
        await bringing
    assert report.complete
    assert seen_away.is_set()
    assert_all_is_there_once(file, sandbox)


class Adjusted:
    """The machine's clock, whose time of day somebody sets."""

    ahead = 0.0

    def monotonic(self) -> float:
        return time.monotonic()

    def time(self) -> float:
        return time.time() + self.ahead

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)


@pytest.mark.parametrize("jump", [7200.0, -7200.0])
async def test_a_clock_that_is_set_under_way_changes_nothing(
    sandbox: Sandbox, file: Path, monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    """No token is taken for dead, or for alive; and what the database notes keeps its order."""
    clock = Adjusted()

    def set_it() -> None:
        clock.ahead = jump

    async with KonfipayClient(sandbox.api_key, base_url=sandbox.base_url, clock=clock) as client:
        sink = SqlSink(f"sqlite:///{file}", origin=client.base_url)
        report = await pull(client, sink, acknowledge=True, page_size=10, watch=at(Step.COMMITTED, 3, set_it))
    assert report.complete
    assert sandbox.count("authentication.token") == 1
    assert_all_is_there_once(file, sandbox)
