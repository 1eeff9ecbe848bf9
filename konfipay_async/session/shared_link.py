"""The way to Redis: connections of the event loop in use, patience of a second or two, and a word when it is away."""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from konfipay_async.errors import ConfigurationError, MissingExtraError
from konfipay_async.session.clock import Clock

if TYPE_CHECKING:
    from redis.asyncio import Redis

__all__ = ["PATIENCE", "Link", "RedisAwayError", "key_name"]

logger = logging.getLogger(__name__)

T = TypeVar("T")

PATIENCE = 1.5
"""Seconds that a connection or an answer may take. A Redis that takes longer is away."""


# Seconds after a failure in which nobody asked again: what was between is not known.
_STALE = 3.0


class RedisAwayError(Exception):
    """Redis did not answer, or not as it should; `since` is when that began (seconds of the clock).

    Never leaves this room: whoever asks Redis knows what to do without it.
    """

    def __init__(self, since: float) -> None:
        super().__init__("Redis does not answer")
        self.since = since


class Link:
    """One Redis, for whoever is handed this. `meanwhile` is what happens without it, for the log.

    Raises ConfigurationError for an address that is none, MissingExtraError where the library is not installed.
    """

    def __init__(self, url: str, *, clock: Clock, meanwhile: str) -> None:
        try:
            from redis.asyncio import ConnectionPool
        except ImportError:
            raise MissingExtraError("sharing through Redis", "redis") from None
        try:
            ConnectionPool.from_url(url)
        except (ValueError, TypeError):
            # Its text may hold the password.
            raise ConfigurationError(
                "Limits(shared=…) is no address of a Redis: give one like 'redis://localhost:6379/0'"
            ) from None
        self._url = url
        self._clock = clock
        self._meanwhile = meanwhile
        self._redis: Redis | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._away_since: float | None = None
        self._failed_at = 0.0

    async def run(self, ask: "Callable[[Redis], Awaitable[T]]") -> T:
        """What Redis answers to this. Raises RedisAwayError, and says so in the log once."""
        asked_at = self._clock.monotonic()
        try:
            result = await _cancellable(ask(self._connections()))
        except Exception as error:  # whatever the library raises, there is no answer
            now = self._clock.monotonic()
            if self._away_since is None:
                # Its text names hosts and users: the kind is enough.
                logger.warning("Redis does not answer (%s): %s", type(error).__name__, self._meanwhile)
            if self._away_since is None or asked_at - self._failed_at > _STALE:
                self._away_since = now
            self._failed_at = now
            raise RedisAwayError(self._away_since) from error
        if self._away_since is not None:
            self._away_since = None
            logger.warning("Redis answers again")
        return result

    async def close(self) -> None:
        """Close the connections that nobody uses at this moment. The next question opens another one."""
        if self._redis is not None and self._loop is asyncio.get_running_loop():
            with suppress(Exception):  # one that is dead already: nothing is lost with it
                await self._redis.connection_pool.disconnect(inuse_connections=False)

    def _connections(self) -> "Redis":
        loop = asyncio.get_running_loop()
        if self._redis is None or self._loop is not loop:
            self._loop = loop
            self._redis = _connections(self._url)
        return self._redis


def _connections(url: str) -> "Redis":
    from redis.asyncio import Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff
    from redis.exceptions import ConnectionError as RedisConnectionError

    # A connection that died while it was idle is worth a second try; what is asked here may be asked twice.
    again: Any = Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,))
    return Redis.from_url(url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, retry=again)


async def _cancellable(asking: Awaitable[T]) -> T:
    """The library waits with `asyncio.wait_for`, which in Python 3.11 loses a cancellation that meets the answer."""
    task = asyncio.current_task()
    cancelled = task.cancelling() if task is not None else 0
    try:
        return await asking
    finally:
        if task is not None and task.cancelling() > cancelled:
            raise asyncio.CancelledError


def key_name(api_key: str) -> str:
    """What stands for an API key in Redis. The key, random and long, cannot be found from it."""
    return hashlib.sha256(b"konfipay-async " + api_key.encode()).hexdigest()
