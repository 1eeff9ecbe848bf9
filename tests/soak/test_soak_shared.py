"""Processes that share their limits through Redis, while they are killed and Redis is emptied, stopped and frozen.

Each in a process of its own against a sandbox in this one, which counts what arrives.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from konfipay_async.sandbox import Sandbox

pytestmark = pytest.mark.timeout(7200)

PROCESSES = 8


async def eventually(condition: Callable[[], object], seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - in other processes, which set no event here
            await asyncio.sleep(0.01)


def arrivals(sandbox: Sandbox) -> list[float]:
    return [request.at for request in sandbox.requests if request.route == "bank-accounts.list"]


def job(sandbox: Sandbox, redis_server: Any, **limits: Any) -> dict[str, Any]:
    limits = {"public": 40, "grace": 0.2, "shared": redis_server.url} | limits
    return {"base_url": sandbox.base_url, "api_key": sandbox.api_key, "limits": limits}


class Story:
    """What happens to processes and to their Redis, one thing after the other."""

    def __init__(self, seed: int, redis_server: Any, sharers: Any) -> None:
        self.chance = random.Random(seed)
        self.redis = redis_server
        self.sharers = sharers
        self.period = self.chance.choice((0.7, 1.0, 1.5))
        self.limit = self.chance.choice((20, 60, 100))
        self.sandbox = Sandbox(
            authenticated_limit=self.limit,
            public_limit=100_000,  # it counts what is sent with a token that was revoked, too
            period=self.period,
            window=self.chance.choice(("moving", "fixed")),
            latency=self.chance.choice((0.0, 0.02, 0.3)),
        )
        self.told: Counter[str] = Counter()

    async def play(self, events: int) -> None:
        async with self.sandbox:
            self.alive: list[int] = []
            for _ in range(PROCESSES):
                await self._begin()
            for _ in range(events):
                await self._go_on(self.chance.uniform(0.0, 1.5 * self.period))
                event = self.chance.choice(
                    (self._kill, self._empty, self._restart, self._freeze, self._revoke, self._429)
                )
                self.told[event.__name__.strip("_")] += 1
                await event()
            seen = len(arrivals(self.sandbox))
            await eventually(lambda: len(arrivals(self.sandbox)) > seen + 2 * self.limit)  # it all goes on
            did = await self.sharers.stop()
            said = {one for each in did for one in each["others"] if "RateLimitedError" in one}
            assert len(said) <= self.told["429"]
            assert self.sandbox.over_limit == 0
            assert self.sandbox.peak("authenticated") <= self.limit

    async def _begin(self) -> None:
        self.alive += await self.sharers.begin(
            **job(self.sandbox, self.redis, authenticated=self.limit, period=self.period),
            lane=self.chance.choice(("BULK", "BULK", "SINGLE", "ACKNOWLEDGE")),
            callers=self.chance.choice((1, 4, 20)),
        )

    async def _go_on(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _kill(self) -> None:
        await self.sharers.kill(self.alive.pop(self.chance.randrange(len(self.alive))))
        await self._begin()

    async def _empty(self) -> None:
        self.redis.ask("FLUSHALL")

    async def _restart(self) -> None:
        self.redis.stop()
        await self._go_on(self.chance.choice((0.0, 0.5, 4 * self.period)))
        self.redis.start()

    async def _freeze(self) -> None:
        self.redis.freeze()
        await self._go_on(self.chance.choice((0.5, 2.0, 2.0 + 4 * self.period)))
        self.redis.thaw()

    async def _revoke(self) -> None:
        self.sandbox.end_tokens()

    async def _429(self) -> None:
        self.sandbox.add_fault("429:bank-accounts.list=1")


async def test_processes_that_share_whatever_happens(soak: Any, redis_server: Any, sharers: Any) -> None:
    told: Counter[str] = Counter()
    requests = 0
    stories = soak.count(1, 60)
    for seed in range(stories):
        story = Story(seed, redis_server, sharers)
        try:
            await story.play(soak.count(2, 8))
        except BaseException as error:
            error.add_note(f"story {seed}: {dict(story.told)}")
            raise
        told += story.told
        requests += len(arrivals(story.sandbox))
        redis_server.ask("FLUSHALL")
    soak.record(
        f"{stories} stories of {PROCESSES} processes that share a limit",
        f"0 to {stories - 1}",
        **{"requests at the server": requests, **told},
    )
