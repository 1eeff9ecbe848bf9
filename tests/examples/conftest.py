"""The examples are run as they stand: the apps under a real server, a real client before them, the sandbox behind."""

import asyncio
import gc
import importlib.util
import os
import socket
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import aiohttp
import pytest
import uvicorn
from aiohttp import web

from konfipay_async.sandbox import Sandbox

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PORT", "DATABASE", "ACKNOWLEDGE", *(name for name in os.environ if name.startswith("KONFIPAY_"))):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
async def nothing_left() -> AsyncIterator[None]:
    """After the test the loop has no complaints and no task."""
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    yield
    gc.collect()
    for _ in range(3):
        await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert not complaints


class Gate:
    """Given to a sandbox as its sleep it lets the first `free` answers out, and holds the others until `open()`."""

    def __init__(self, free: int) -> None:
        self.free = free
        self.held = 0
        self._opened = asyncio.Event()

    async def sleep(self, _: float) -> None:
        if self.free:
            self.free -= 1
            return
        self.held += 1
        try:
            await self._opened.wait()
        finally:
            self.held -= 1

    def open(self) -> None:
        self._opened.set()


@pytest.fixture
def until() -> Callable[..., Awaitable[None]]:
    """``await until(condition)``: let everything else run until it holds; pytest's timeout is the limit."""

    async def wait(condition: Callable[[], object]) -> None:
        while not condition():  # noqa: ASYNC110 (a condition of others, who set no event)
            await asyncio.sleep(0)

    return wait


@pytest.fixture
def new_gate() -> type[Gate]:
    return Gate


class App:
    """An example under its server: `module` is the example, `get` a request to it, `url` where it listens."""

    def __init__(self, module: ModuleType, url: str, session: aiohttp.ClientSession) -> None:
        self.module = module
        self.url = url
        self.get = session.get

    async def rows(self, page_size: int = 10) -> list[bytes]:
        async with self.get(f"/transactions?since=2020-01-01&page_size={page_size}") as answer:
            assert answer.status == 200
            return (await answer.read()).splitlines()


Serve = Callable[..., AbstractAsyncContextManager[App]]


@pytest.fixture(params=["fastapi_app", "aiohttp_app"])
def serve(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Serve:
    """``async with serve(sandbox, pulls=False, **changes) as app``: the example, with names of its module changed."""

    @asynccontextmanager
    async def run(sandbox: Sandbox, *, pulls: bool = False, **changes: Any) -> AsyncIterator[App]:
        monkeypatch.setenv("KONFIPAY_API_KEY", sandbox.api_key)
        monkeypatch.setenv("KONFIPAY_BASE_URL", sandbox.base_url)
        monkeypatch.setenv("DATABASE", f"sqlite:///{tmp_path / 'bookings.db'}")
        module = load(request.param)
        if not pulls:
            changes["keep_pulling"] = nothing
        handler_cancellation = changes.pop("handler_cancellation", True)
        for name, value in changes.items():
            monkeypatch.setattr(module, name, value)
        with listening() as listener:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            server = (
                uvicorn_server(module.app, listener)
                if request.param == "fastapi_app"
                else aiohttp_server(module.make_app(), listener, handler_cancellation)
            )
            async with server, aiohttp.ClientSession(url) as session:
                yield App(module, url, session)

    return run


async def nothing(*_: object) -> None:
    """In the place of a pull."""


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def listening() -> Iterator[socket.socket]:
    """A socket that takes connections before the server serves them, so nobody has to wait for a start."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@asynccontextmanager
async def uvicorn_server(app: Any, listener: socket.socket) -> AsyncIterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, lifespan="on", log_config=None, timeout_graceful_shutdown=10))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def aiohttp_server(app: web.Application, listener: socket.socket, cancels: bool) -> AsyncIterator[None]:
    runner = web.AppRunner(app, handler_cancellation=cancels, shutdown_timeout=10)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        yield
    finally:
        await runner.cleanup()


@pytest.fixture
def stored(tmp_path: Path) -> Callable[..., list[tuple[Any, ...]]]:
    """``stored(query)``: what is in the database of the test."""

    def rows(query: str = "SELECT rid FROM transactions") -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(tmp_path / "bookings.db")) as connection:
            return connection.execute(query).fetchall()

    return rows
