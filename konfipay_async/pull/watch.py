"""Pulls again and again, until it is told to stop or something happens that does not pass by itself."""

import asyncio
import json
import os
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from konfipay_async import Clock
from konfipay_async.errors import (
    ConfigurationError,
    DecodeError,
    FilterIgnoredError,
    KonfipayError,
    ListError,
    PageEchoError,
    RateLimitedError,
    ResponseTooLargeError,
    ServerError,
    StorageAwayError,
    StorageBusyError,
    TransportError,
)

__all__ = ["Heartbeat", "Round", "again_and_again", "passes"]

# Seconds to the round after one that failed: the first pause, doubled with each failure up to the usual one.
_FIRST_PAUSE = 30.0
# Many that are started at the same time must not come at the same time for ever: a tenth more or less.
_JITTER = 0.1
# Seconds between two signs of life.
_BEAT_EVERY = 10.0


class Round(NamedTuple):
    """One round that is over: its number from 1, what went wrong, how many have failed in a row, and the seconds until
    the next."""

    number: int
    error: KonfipayError | None
    failures: int
    pause: float


async def again_and_again(
    pull_once: Callable[[], Awaitable[object]],
    *,
    every: float,
    clock: Clock,
    stop: asyncio.Event,
    tell: Callable[[Round], None] = lambda ended: None,
    jitter: Callable[[], float] = random.random,
) -> None:
    """Pull every so many seconds, counted from start to start, until `stop` is set.

    A round that takes longer is followed by the next at once. After an error that passes (see `passes`) the next round
    comes sooner than usual, but the later the more have failed in a row; other errors are raised. Where another pull
    holds the sink, that is raised in the first round, and passes later. `jitter` gives numbers from 0 to 1.
    """
    number = failures = 0
    while not stop.is_set():
        number += 1
        began = clock.monotonic()
        error: KonfipayError | None = None
        try:
            await pull_once()
            failures = 0
        except KonfipayError as met:
            if not passes(met) and not (isinstance(met, StorageBusyError) and number > 1):
                raise
            error = met
            failures += 1
        pause = _pause(every, clock.monotonic() - began, failures, jitter())
        if not stop.is_set():
            tell(Round(number, error, failures, pause))
            await _rest(clock, pause, stop)


def passes(error: KonfipayError) -> bool:
    """Whether the same may succeed later without anybody doing anything.

    So it is with no connection, to the API or to the database, 5xx, 429, a page that is no JSON in the place of an
    answer (as during maintenance), and a list that others move all the time.
    """
    match error:
        case ResponseTooLargeError() | PageEchoError() | FilterIgnoredError():
            return False
        case DecodeError():
            return error.malformed
    return isinstance(error, TransportError | ServerError | RateLimitedError | ListError | StorageAwayError)


class Heartbeat:
    """A file that says that the process lives, by its time, and how it fares, as one JSON object in it.

    It is replaced as a whole, so that nobody reads half of it. A sign of life that cannot be given is not given.
    Raises ConfigurationError where the first one cannot be.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._facts: dict[str, object] = {"state": "starting", "process": os.getpid()}
        try:
            self._write()
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            raise ConfigurationError(f"--heartbeat {path}: cannot be written ({reason})") from None

    def say(self, state: str, **facts: object) -> None:
        """Give a sign of life; what is not said anew stays as it was said last."""
        self._facts |= {"state": state, **facts}
        with suppress(OSError):  # an old file says all there is to say
            self._write()

    async def go_on(self) -> None:
        """Give a sign of life every few seconds, whatever else goes on, until cancelled."""
        while True:
            await self._clock.sleep(_BEAT_EVERY)
            with suppress(OSError):
                self._write()

    def _write(self) -> None:
        now = datetime.fromtimestamp(self._clock.time(), UTC).isoformat(timespec="seconds")
        beside = self._path.with_name(f".{self._path.name}.{os.getpid()}.part")
        beside.write_text(json.dumps({"at": now, **self._facts}) + "\n", encoding="utf-8")
        beside.replace(self._path)


def _pause(every: float, taken: float, failures: int, jitter: float) -> float:
    """Seconds until the next round, after one that took so long."""
    if failures:
        return min(every, _FIRST_PAUSE * 2.0 ** min(failures - 1, 30)) * (1 - _JITTER * jitter)
    return max(0.0, every * (1 + _JITTER * (2 * jitter - 1)) - taken)


async def _rest(clock: Clock, seconds: float, stop: asyncio.Event) -> None:
    """Sleep so long, or until told to stop."""
    ends = {asyncio.ensure_future(clock.sleep(seconds)), asyncio.ensure_future(stop.wait())}
    try:
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for end in ends:
            end.cancel()
        await asyncio.gather(*ends, return_exceptions=True)
