"""The body of an answer as it comes, chunk by chunk, never more of it in memory than a few."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from konfipay_async.errors import ListError
from konfipay_async.paging.pages import end
from konfipay_async.session.message import Download

__all__ = ["Chunks"]

_MOST_HELD = 8


class Chunks:
    """Reads the body of the request that `send` makes with the download it is given.

    Raises what `send` raises, and ListError where the connection broke after chunks were handed out: another attempt
    begins anew, and nobody knows whether it would be the same.
    """

    def __init__(self, send: Callable[[Download], Awaitable[object]]) -> None:
        self._send = send
        self._task: asyncio.Task[None] | None = None
        self._is_closed = False
        self._held: deque[bytes] = deque()
        self._handed_out = 0
        self._news = asyncio.Event()
        self._room = asyncio.Event()

    async def next(self) -> bytes | None:
        if self._is_closed:
            return None
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())
            self._task.add_done_callback(lambda done: done.cancelled() or done.exception())
        while not self._held:
            if self._task.done():
                self._task.result()
                return None
            self._news.clear()
            await self._news.wait()
        self._room.set()
        chunk = self._held.popleft()
        self._handed_out += len(chunk)
        return chunk

    async def close(self) -> None:
        self._is_closed = True
        if self._task is not None:
            await end([self._task])

    async def _run(self) -> None:
        try:
            await self._send(self)
        finally:
            self._news.set()

    # As a download.

    async def begin(self, size: int | None) -> None:
        if self._handed_out:
            raise ListError(
                f"the answer broke off after {self._handed_out} bytes had been handed out: begin anew without those"
            )
        self._held.clear()

    async def write(self, chunk: bytes) -> None:
        while len(self._held) >= _MOST_HELD:
            self._room.clear()
            await self._room.wait()
        self._held.append(chunk)
        self._news.set()
