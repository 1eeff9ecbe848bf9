"""Pulling again and again on the command line: how often, and what is said between two rounds."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from konfipay_async.cli.events import EventLog
from konfipay_async.cli.exits import exit_of
from konfipay_async.cli.output import plain_console
from konfipay_async.errors import ConfigurationError
from konfipay_async.pull.watch import Heartbeat, Round, again_and_again
from konfipay_async.session.clock import SystemClock

__all__ = ["Rhythm", "in_words", "rhythm_of", "seconds_of"]

_UNITS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_LONGEST = 31 * 86400.0


@dataclass(frozen=True)
class Rhythm:
    """How often to pull (seconds), and the file that says that the process lives."""

    every: float
    heart: Heartbeat | None

    async def keep(
        self,
        pull_once: Callable[[], Awaitable[object]],
        stop: asyncio.Event,
        note: Callable[[str], None],
        log: EventLog | None,
    ) -> None:
        """Pull until told to stop. Raises what does not pass; what does is an event, or a line on standard error."""
        errors = plain_console(stderr=True)

        def tell(ended: Round) -> None:
            error = ended.error
            if error is None:
                note(f"Next pull in {in_words(ended.pause)}.")
            elif log is None:
                again = f"That was failure {ended.failures} in a row; next try in {in_words(ended.pause)}."
                errors.print(f"konfipay: {error}\n{again}", markup=False)
            state = "waiting" if error is None else "failing"
            facts = {"round": ended.number, "failures": ended.failures, "next_in": round(ended.pause, 1)}
            if self.heart is not None:
                self.heart.say(state, **facts)
            if log is not None:
                kind, code = (None, None) if error is None else (type(error).__name__, exit_of(error))
                log.write(state, **facts, error=kind, message=error and str(error), exit=code)

        async def one_round() -> None:
            if self.heart is not None:
                self.heart.say("pulling")
            await pull_once()

        async with AsyncExitStack() as stack:
            if self.heart is not None:
                beating = asyncio.create_task(self.heart.go_on())
                stack.push_async_callback(asyncio.wait, [beating])
                stack.callback(beating.cancel)
            await again_and_again(one_round, every=self.every, clock=SystemClock(), stop=stop, tell=tell)


def rhythm_of(every: str | None, heartbeat: Path | None) -> Rhythm | None:
    """The rhythm that was asked for, None for one pull. ConfigurationError where it cannot be."""
    if every is None:
        if heartbeat is not None:
            raise ConfigurationError("--heartbeat is for pulls that go on: say how often with --every")
        return None
    return Rhythm(seconds_of(every), None if heartbeat is None else Heartbeat(heartbeat, SystemClock()))


def seconds_of(text: str, option: str = "--every") -> float:
    """The seconds in a text like 90s, 15m, 2h or 1d. ConfigurationError for others."""
    match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,3})?) ?(s|m|min|h|d)", text.strip())
    seconds = float(match[1]) * _UNITS[match[2]] if match else 0.0
    if not 1.0 <= seconds <= _LONGEST:
        raise ConfigurationError(f"{option} {text}: write it like 90s, 15m, 2h or 1d, from one second to 31 days")
    return seconds


def in_words(seconds: float) -> str:
    """A time as people say it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"
