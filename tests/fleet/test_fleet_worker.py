"""Workers in this process, on a real PostgreSQL, against a sandbox."""

import asyncio
from typing import Any

import pytest

from konfipay_async.errors import StorageError
from konfipay_async.fleet.planning import prepare
from konfipay_async.fleet.queue import Queue
from konfipay_async.fleet.worker import Worker


def stored(postgres: Any) -> dict[str, int]:
    return dict(postgres.execute("SELECT source, count(*) FROM konfipay.transactions GROUP BY source"))


def jobs(postgres: Any) -> list[tuple[str, str]]:
    return postgres.execute("SELECT args->>'key', status::text FROM konfipay_fleet.procrastinate_jobs ORDER BY id")


async def test_each_key_is_pulled_whole_and_once(sandbox, key_file, queue, postgres, told, at_work) -> None:
    entries = key_file(keys=3)
    await prepare(queue, entries, now=True)
    async with at_work(Worker(queue, entries, tell=told)):
        await told.until("ended", 3, outcome="done", new=40)
    assert stored(postgres) == {"key0": 40, "key1": 40, "key2": 40}
    assert [len(sandbox.new_rids(f"key{number}")) for number in range(3)] == [0, 0, 0]
    assert not jobs(postgres)
