"""Time that passes only when nothing else can happen, and loops that tell what was left behind in them."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, TypeVar

import pytest

T = TypeVar("T")

# Far from zero, so that nothing passes only because time begins there.
_START = 100_000.0
# What one turn of the loop takes: on no machine does time stand still.
_A_TURN = 1e-8


class _VirtualLoop(asyncio.SelectorEventLoop):
    """A loop whose time jumps to the next timer as soon as nothing is ready."""

    def __init__(self) -> None:
        self._now = _START
        super().__init__()
        look = self._selector.select

        def select(timeout: float | None = None) -> list[Any]:
            events = look(0)
            self._now += _A_TURN
            if not events:
                if timeout is None:
                    raise RuntimeError("everything waits, and nothing will ever happen")
                self._now += max(0.0, timeout)
            return events

        self._selector.select = select

    def time(self) -> float:
        return self._now


class VirtualTime:
    """A virtual loop and the clock that belongs to it."""

    def __init__(self) -> None:
        self.loop = _VirtualLoop()
        self.start = _START
        self.reports: list[dict[str, Any]] = []
        self.loop.set_exception_handler(lambda _, context: self.reports.append(context))

    # The clock.

    def monotonic(self) -> float:
        return self.loop.time()

    def time(self) -> float:
        return self.loop.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    # The loop.

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run it to its end, and see that it leaves no task and no error nobody looked at."""
        result = self.loop.run_until_complete(main)
        self.loop.run_until_complete(_breathe())
        left = [task.get_name() for task in asyncio.all_tasks(self.loop)]
        assert not left, f"tasks left behind: {left}"
        gc.collect()
        assert not self.reports, self.reports
        return result

    def close(self) -> None:
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(_breathe())
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()


async def _breathe() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
def virtual() -> Iterator[VirtualTime]:
    time = VirtualTime()
    yield time
    time.close()


@pytest.fixture
def virtually() -> Callable[[Callable[[VirtualTime], Coroutine[Any, Any, T]]], T]:
    """Runs `main(time)` on a virtual loop of its own; for tests that need many."""

    def run(main: Callable[[VirtualTime], Coroutine[Any, Any, T]]) -> T:
        time = VirtualTime()
        try:
            return time.run(main(time))
        finally:
            time.close()

    return run


@pytest.fixture
async def nothing_left() -> AsyncIterator[Callable[[], Coroutine[Any, Any, None]]]:
    """Checks after the test, and whenever called, that no task is left and no error was lost in this loop."""
    loop = asyncio.get_running_loop()
    before = asyncio.all_tasks()
    reports: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: reports.append(context))

    async def check() -> None:
        gc.collect()
        await _breathe()
        gc.collect()
        await _breathe()
        left = [task for task in asyncio.all_tasks() - before if task is not asyncio.current_task()]
        assert not left, f"tasks left behind: {left}"
        assert not reports, reports

    yield check
    await check()
