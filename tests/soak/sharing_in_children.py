"""Pulls that share one key's limits through Redis, each in a process that may be killed (the fields of `Job`).

A process drains what is new, or reads the bookings of some bank accounts; all may write into one database, each under
a name of its own.
"""

import asyncio
import importlib
import json
import sys
from dataclasses import dataclass, field
from typing import Any

from forking import serve_many

from konfipay_async import Attempt, KonfipayClient, Limits
from konfipay_async.holding import to_the_end
from konfipay_async.pull import pull
from konfipay_async.pull.sinks.sql import SqlSink

# What a client imports when it needs it: once is enough for all.
for name in ("aiolimiter", "redis.asyncio", "cryptography.hazmat.primitives.ciphers.aead"):
    importlib.import_module(name)
for name in ("cryptography.hazmat.primitives.kdf.hkdf", "konfipay_async.session.shared"):
    importlib.import_module(name)


@dataclass
class Job:
    base_url: str
    api_key: str
    limits: dict[str, Any]
    database: str
    source: str
    said: str  # a file for what it prints
    accounts: list[str] = field(default_factory=list)  # none: it drains
    page_size: int = 5
    concurrency: int = 2
    seconds: float | None = None  # then it stops, wherever it is


@dataclass
class Seen:
    """A recorder that counts answers, and how long they took."""

    answered: int = 0
    seconds: float = 0.0
    refused: int = 0

    def record(self, attempt: Attempt) -> None:
        if attempt.request.budget == "authenticated" and attempt.response is not None:
            self.answered += 1
            self.seconds += attempt.duration
            self.refused += attempt.response.status == 429


def work(told: dict[str, Any]) -> int:
    job, seen = Job(**told), Seen()
    asyncio.run(_in_time(job, seen))
    print(json.dumps(vars(seen)))
    return 0


async def _in_time(job: Job, seen: Seen) -> None:
    try:
        async with asyncio.timeout(job.seconds):
            await (_read(job, seen) if job.accounts else _drain(job, seen))
    except TimeoutError:
        if job.seconds is None:
            raise
    assert not asyncio.all_tasks() - {asyncio.current_task()}


def _client(job: Job, seen: Seen) -> KonfipayClient:
    limits = Limits(**job.limits)
    return KonfipayClient(job.api_key, base_url=job.base_url, limits=limits, concurrency=job.concurrency, recorder=seen)


async def _drain(job: Job, seen: Seen) -> None:
    async with _client(job, seen) as client:
        sink = SqlSink(job.database, source=job.source, origin=client.base_url)
        await pull(client, sink, acknowledge=True, page_size=job.page_size)


async def _read(job: Job, seen: Seen) -> None:
    async with _client(job, seen) as client:
        with SqlSink(job.database, source=job.source, origin=client.base_url) as sink:
            while True:
                for account in job.accounts:
                    async for page in client.transactions.pages(job.page_size, bank_account_rid=account):
                        write = asyncio.create_task(asyncio.to_thread(sink.write, page.transactions, None))
                        await to_the_end(write)
                if job.seconds is None:
                    return


if __name__ == "__main__":
    sys.exit(serve_many(work))
