"""Looking at what is shared through Redis, without taking part in it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from konfipay_async.session.clock import SystemClock
from konfipay_async.session.shared_link import Link, RedisAwayError

__all__ = ["SharedBudgetState", "Survey", "survey"]


@dataclass(frozen=True)
class SharedBudgetState:
    """One limit: the permits that are out or on their way back, and how many processes took them."""

    permits: int
    processes: int


@dataclass(frozen=True)
class Survey:
    """A Redis at one moment.

    `ahead` is by how many seconds its clock goes before this machine's, `delay` how long the answer took.
    `counting_for` are the seconds since when it knows what was sent, None where nobody shares anything yet or it was
    started anew. `forgets` says whether it may drop what it knows when its memory is full, None where it does not tell.
    The budgets are by origin and limit; the API keys in their names are hashes.
    """

    version: str
    ahead: float
    delay: float
    counting_for: float | None
    forgets: bool | None
    budgets: Mapping[str, SharedBudgetState]


async def survey(url: str) -> Survey | None:
    """What is shared there; None where it does not answer. ConfigurationError, MissingExtraError."""
    link = Link(url, clock=SystemClock(), meanwhile="nothing is known of it")
    try:
        return await link.run(_look)
    except RedisAwayError:
        return None
    finally:
        await link.close()


async def _look(redis: Any) -> Survey:
    from redis.exceptions import ResponseError

    server = await redis.info("server")
    began = time.monotonic()
    seconds, microseconds = await redis.time()
    delay = time.monotonic() - began
    theirs = seconds + microseconds / 1e6
    run, since = await redis.hmget("konfipay:epoch", "run", "since")
    is_known = run is not None and since is not None and run.decode() == server["run_id"]
    budgets = {}
    async for key in redis.scan_iter(match="konfipay:*:permits", count=1000):
        try:
            ids = await redis.zrangebyscore(key, 1000 * theirs, "+inf")
        except ResponseError:  # somebody else's, of another type
            continue
        name = key.decode().removeprefix("konfipay:").removesuffix(":permits")
        budgets[name] = SharedBudgetState(len(ids), len({permit.partition(b":")[0] for permit in ids}))
    return Survey(
        version=str(server["redis_version"]),
        ahead=theirs - time.time() + delay / 2,
        delay=delay,
        counting_for=theirs - float(since) / 1000 if is_known else None,
        forgets=await _forgets(redis),
        budgets=budgets,
    )


async def _forgets(redis: Any) -> bool | None:
    from redis.exceptions import ResponseError

    try:
        told = await redis.config_get("maxmemory*")
    except ResponseError:  # as where somebody else runs it
        return None
    settings = {str(name): str(value) for name, value in told.items()}
    # The other policies drop what expires, and what is counted does not.
    return settings.get("maxmemory", "0") != "0" and settings.get("maxmemory-policy", "").startswith("allkeys-")
