"""A loop whose time jumps to the next timer when nothing else can happen, for programs that use sockets and threads.

As long as a thread works for the loop time stands still: on this clock the machine is infinitely fast, and only what
waits takes time. Bytes on their way through loopback get a moment before time jumps.
"""

import asyncio
from collections.abc import Callable
from typing import Any

__all__ = ["JumpingLoop", "LoopClock"]

_A_MOMENT = 0.0005
# What one turn of the loop takes: on no machine does time stand still.
_A_TURN = 1e-8
_UNTIL_A_THREAD_IS_DONE = 0.1


class JumpingLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._now = 1000.0
        self._threads = 0
        super().__init__()
        look = self._selector.select  # type: ignore[attr-defined]

        def select(timeout: float | None = None) -> Any:
            self._now += _A_TURN
            found = look(0)
            if found or timeout == 0:
                return found
            if self._threads:
                return look(_UNTIL_A_THREAD_IS_DONE)
            found = look(_A_MOMENT)
            if not found:
                assert timeout is not None, "everything waits, and nothing will ever happen"
                self._now += timeout
            return found

        self._selector.select = select  # type: ignore[attr-defined]

    def time(self) -> float:
        return self._now

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:
        work = super().run_in_executor(executor, func, *args)
        self._threads += 1
        work.add_done_callback(self._thread_is_done)
        return work

    def _thread_is_done(self, _: object) -> None:
        self._threads -= 1


class LoopClock:
    """The time of the loop, as a `Clock`."""

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def time(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
