"""Ctrl-C and SIGTERM: the first asks, the second ends."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

__all__ = ["until_signal"]

T = TypeVar("T")


async def until_signal(work: Callable[[asyncio.Event], Awaitable[T]], note: Callable[[str], None]) -> T:
    """Do the work. The first Ctrl-C or SIGTERM lets it finish the page in hand, the second ends it."""
    stop = asyncio.Event()
    task = asyncio.ensure_future(work(stop))

    def ask() -> None:
        if stop.is_set():
            task.cancel()
        else:
            note("Finishing the page in hand; once more stops at once.")
            stop.set()

    with _signals(asyncio.get_running_loop(), ask):
        return await task


@contextmanager
def _signals(loop: asyncio.AbstractEventLoop, ask: Callable[[], None]) -> Iterator[None]:
    wanted = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in wanted}
    for number in wanted:
        try:
            loop.add_signal_handler(number, ask)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(ask) and None)
    try:
        yield
    finally:
        for number in wanted:
            if sys.platform != "win32":
                loop.remove_signal_handler(number)
            signal.signal(number, before[number])
