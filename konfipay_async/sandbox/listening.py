"""One HTTP server on this machine, which begins to listen and ends at once when it is told to."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import web

from konfipay_async.sandbox.sending import reset

__all__ = ["Listener"]

_STOP: Final = 0.05
"""Seconds the server's own cleanup may wait; every request has been cancelled before."""


class Listener:
    """Hands every request to `serve`. With port 0 it takes a free one, and keeps it when it is started again."""

    def __init__(self, serve: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]], host: str, port: int) -> None:
        self._serve = serve
        self._host = host
        self._port = port
        self._runner: web.ServerRunner | None = None
        self._stopping = False
        self._busy: set[asyncio.Task[Any]] = set()

    def __str__(self) -> str:
        return f"{self._host}:{self._port}" if self._runner else "not listening"

    async def start(self) -> None:
        """Begin to listen. A port that is not free is an OSError."""
        if self._runner is not None:
            raise RuntimeError("this sandbox is listening already")
        self._stopping = False
        runner = web.ServerRunner(web.Server(self._handle, access_log=None), shutdown_timeout=_STOP)
        await runner.setup()
        try:
            site = web.TCPSite(runner, self._host, self._port)
            await site.start()
        except BaseException:
            await runner.cleanup()
            raise
        self._port = runner.addresses[0][1]
        self._runner = runner

    async def stop(self) -> None:
        """Stop at once: requests that are still being answered are cut off."""
        runner, self._runner = self._runner, None
        if runner is None:
            return
        self._stopping = True
        try:
            for site in list(runner.sites):
                await site.stop()
            busy = list(self._busy)
            for task in busy:
                task.cancel()
            await asyncio.gather(*busy, return_exceptions=True)
        finally:
            await runner.cleanup()

    @property
    def address(self) -> str:
        """Where it is, e.g. ``http://127.0.0.1:50123``; known once it has been started."""
        if self._port == 0:
            raise RuntimeError("the sandbox has no address before it has been started")
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        task = asyncio.current_task()
        if self._stopping or task is None:
            return reset(request)
        self._busy.add(task)
        try:
            return await self._serve(request)
        finally:
            self._busy.discard(task)
