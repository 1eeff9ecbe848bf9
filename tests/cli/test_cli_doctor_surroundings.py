"""`konfipay doctor` looks at what the pulls stand on: the database, the Redis, the clock."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from konfipay_async import KonfipayClient, Limits
from konfipay_async.cli.checks import Outcome
from konfipay_async.cli.exits import Exit
from konfipay_async.cli.surroundings import Steadiness, database_checks, redis_checks
from konfipay_async.pull import pull
from konfipay_async.pull.sinks.sql import SqlSink
from konfipay_async.sandbox import Sandbox


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(transactions=20) as sandbox:
        yield sandbox


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'bank.db'}"
    return str(request.getfixturevalue("postgres").url())


def seen(database: str, source: str = "default", base_url: str | None = None) -> dict[str, tuple[Outcome, str]]:
    return {check.name: (check.outcome, check.detail) for check in database_checks(database, source, base_url)}


async def test_a_database_that_is_used_as_it_should_be(sandbox, database: str) -> None:
    async with KonfipayClient(sandbox.api_key, base_url=sandbox.base_url) as client:
        await pull(client, SqlSink(database, origin=client.base_url), acknowledge=True, page_size=10)
    found = seen(database, base_url=sandbox.base_url)
    assert {outcome for outcome, _ in found.values()} == {Outcome.GOOD}
    assert "schema version 2" in found["database"][1]
    assert found["database, origin"][1] == f"filled from {sandbox.base_url}"
    assert found["database, lock"][1] == "source 'default': nobody pulls into it"
    assert found["database, acknowledgements"][1] == "none is pending"
    other = seen(database, base_url="https://portal.konfipay.de/api/v6")
    assert other["database, origin"][0] is Outcome.FAILED


def test_who_holds_it_and_what_is_pending(database: str) -> None:
    with SqlSink(database, origin="https://portal.konfipay.de") as sink:
        sink.write([], "ack-1")
        found = seen(database)
        assert "held by" in found["database, lock"][1]
        assert "process" in found["database, lock"][1]
        assert "nobody" in seen(database, "another")["database, lock"][1]
        assert found["database, acknowledgements"][1].startswith("1 pending, the oldest for ")
    assert "nobody" in seen(database)["database, lock"][1]


def test_one_that_is_not_there_and_one_that_may_only_be_read(database: str, postgres: Any, tmp_path: Path) -> None:
    (missing,) = database_checks(database, "default", None)
    assert (missing.outcome, missing.name) == (Outcome.FAILED, "database")
    assert missing.error is not None
    with SqlSink(database, origin="https://portal.konfipay.de"):
        pass
    if database.startswith("sqlite"):
        read_only = f"sqlite:///file:{tmp_path / 'bank.db'}?mode=ro&uri=true"
    else:
        read_only = f"{database}&options=-c%20default_transaction_read_only%3Don"
    found = seen(read_only)
    assert found["database, writing"][0] is Outcome.FAILED
    assert found["database, origin"] == (Outcome.UNKNOWN, "nothing was pulled into it yet")


async def test_a_redis_that_limits_are_shared_through(sandbox, redis_server: Any) -> None:
    async def look() -> dict[str, tuple[Outcome, str]]:
        found = redis_checks(redis_server.url, sandbox.base_url)
        return {check.name: (check.outcome, check.detail) async for check in found}

    assert (await look())["redis, epoch"][0] is Outcome.UNKNOWN
    limits = Limits(shared=redis_server.url, period=2.0, grace=0.0)
    async with KonfipayClient(sandbox.api_key, base_url=sandbox.base_url, limits=limits) as client:
        await client.request("GET", "bank-accounts")
        found = await look()
    assert {outcome for outcome, _ in found.values()} == {Outcome.GOOD}
    assert found["redis"][1].startswith("Redis 6")
    assert found["redis, epoch"][1].startswith("counts since ")
    assert "1 permits out, taken by 1" in found["redis, sharers"][1]
    assert sandbox.api_key not in str(found)
    redis_server.ask("SET", "konfipay:x:permits", "somebody else's")
    assert (await look())["redis"][0] is Outcome.GOOD
    redis_server.ask("CONFIG", "SET", "maxmemory", "100mb")
    redis_server.ask("CONFIG", "SET", "maxmemory-policy", "volatile-lru")
    assert (await look())["redis, memory"][0] is Outcome.GOOD, "what is counted does not expire"
    redis_server.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    assert (await look())["redis, memory"][0] is Outcome.FAILED
    redis_server.stop()
    assert (await look())["redis"][0] is Outcome.FAILED


class Clock:
    def __init__(self) -> None:
        self.now, self.ticks = 1_000_000.0, 5.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.ticks

    async def sleep(self, seconds: float) -> None:
        raise NotImplementedError


@pytest.mark.parametrize(("jump", "outcome"), [(0.0, Outcome.GOOD), (90.0, Outcome.FAILED), (-90.0, Outcome.FAILED)])
def test_a_clock_that_jumps_is_noticed(jump: float, outcome: Outcome) -> None:
    clock = Clock()
    steady = Steadiness(clock)
    clock.ticks += 7
    clock.now += 7 + jump
    assert steady.check().outcome is outcome


async def test_the_command_looks_at_all_of_it(piped, sandbox, redis_server: Any, tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'bank.db'}"
    with SqlSink(database, origin=sandbox.base_url):
        pass
    words = ("doctor", "--json", "--to", database, "--redis", redis_server.url)
    ended = await piped(sandbox, *words)
    assert ended.code == Exit.DONE, ended.out
    names = [json.loads(line)["check"] for line in ended.out.splitlines()]
    assert {"connection and key", "database", "database, writing", "redis", "clock", "clock, steady"} <= set(names)
    sandbox.requests.clear()
    ended = await piped(sandbox, "doctor", "--offline", "--to", database, "--base-url", f"{sandbox.base_url}/ ")
    assert ended.code == Exit.DONE, ended.out
    ended = await piped(sandbox, "doctor", "--offline", "--to", "sqlite:///nowhere.db")
    assert ended.code == Exit.STORAGE
    assert "konfipay pull makes it" in ended.out
    assert not sandbox.requests
