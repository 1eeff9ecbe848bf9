"""A client against the sandbox on a real loopback socket, with a time that passes only when somebody sleeps."""

import asyncio
import gc
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import Mock

import aioresponses.core
import pytest
from aiohttp import StreamReader
from aiohttp.client_proto import ResponseHandler

from konfipay_async import Attempt, KonfipayClient, Limits
from konfipay_async.sandbox import Sandbox

# Around every test


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("KONFIPAY_")]:
        monkeypatch.delenv(name)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session", autouse=True)
def _light_collections() -> None:
    # What is imported stays; the collection after each test need not look at it.
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
async def complaints() -> AsyncIterator[list[dict[str, Any]]]:
    """What the loop complains about. After the test there must be none, and no task either."""
    collected: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: collected.append(context))
    yield collected
    gc.collect()
    for _ in range(3):
        await asyncio.sleep(0)
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    assert not left, f"tasks are left: {left}"
    assert not collected, f"the loop complains: {collected}"


# Time


class FakeTime:
    """The clock of client and sandbox: it stands still until somebody sleeps, then jumps to that one's end.

    While `held`, sleepers wait for `advance`.
    """

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []
        self.held = False
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return 1_800_000_000.0 + self.now

    async def sleep(self, seconds: float) -> None:
        until = self.now + seconds
        self.slept.append(seconds)
        if not self.held:
            await asyncio.sleep(0)
            self.now = max(self.now, until)
            return
        end: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((until, end))
        await end

    def advance(self, seconds: float) -> None:
        self.now += seconds
        for until, end in self._sleepers:
            if until <= self.now and not end.done():
                end.set_result(None)
        self._sleepers = [(until, end) for until, end in self._sleepers if not end.done()]


@pytest.fixture
def clock() -> FakeTime:
    return FakeTime()


class Gate:
    """Holds a sandbox's answers back: its `sleep` is what the sandbox is given as such.

    `most` is how many were held at once. `open()` lets everything through, `release(n)` the n-th that came.
    """

    def __init__(self) -> None:
        self.is_open = False
        self.most = 0
        self.held: list[asyncio.Future[None]] = []
        self._changed = asyncio.Event()

    @property
    def now_held(self) -> int:
        return sum(not held.done() for held in self.held)

    async def sleep(self, seconds: float) -> None:
        if self.is_open:
            return
        held: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.held.append(held)
        self.most = max(self.most, self.now_held)
        self._changed.set()
        await held

    async def until(self, count: int) -> None:
        """Return when so many have come."""
        while len(self.held) < count:
            self._changed.clear()
            await self._changed.wait()

    def release(self, index: int) -> None:
        if not self.held[index].done():
            self.held[index].set_result(None)

    def close(self) -> None:
        self.is_open = False
        self.held.clear()

    def open(self) -> None:
        self.is_open = True
        for index in range(len(self.held)):
            self.release(index)


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def idle() -> Callable[[], Awaitable[None]]:
    """``await idle()``: let the loop go round so often that whatever could go on by itself has gone on."""

    async def rounds() -> None:
        for _ in range(100):
            await asyncio.sleep(0)

    return rounds


# The two ends


@dataclass
class Log:
    """A recorder that remembers."""

    attempts: list[Attempt] = field(default_factory=list)

    def record(self, attempt: Attempt) -> None:
        self.attempts.append(attempt)

    def of(self, method: str, path: str = "") -> list[Attempt]:
        return [one for one in self.attempts if one.request.method == method and path in one.request.path]

    @property
    def outcomes(self) -> list[tuple[str, int, str]]:
        """Path, number, and status or error of each attempt."""
        return [
            (
                one.request.path,
                one.number,
                str(one.response.status) if one.response else type(one.error).__name__,
            )
            for one in self.attempts
        ]


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def new_sandbox(clock: FakeTime) -> Callable[..., Sandbox]:
    """A sandbox that shares the test's time."""

    def make(**arguments: Any) -> Sandbox:
        return Sandbox(**{"now": clock.monotonic, "sleep": clock.sleep} | arguments)

    return make


@pytest.fixture
def new_client(clock: FakeTime, log: Log) -> Callable[..., KonfipayClient]:
    """``new_client(sandbox, **arguments)``: a client for this sandbox (or base URL) that shares the test's time."""

    def make(server: Any, **arguments: Any) -> KonfipayClient:
        if "limits" not in arguments and "budgets" not in arguments:
            arguments["limits"] = Limits(per_second=100_000)
        key = arguments.pop("api_key", getattr(server, "api_key", "AKeyForTestsOnly"))
        return KonfipayClient(
            key, base_url=getattr(server, "base_url", server), **{"clock": clock, "recorder": log} | arguments
        )

    return make


@pytest.fixture
def pair(new_sandbox: Any, new_client: Any) -> Callable[..., Any]:
    """``async with pair({sandbox arguments}, **client arguments) as (sandbox, client)``."""

    @asynccontextmanager
    async def opened(server: dict[str, Any] | None = None, **arguments: Any) -> AsyncIterator[Any]:
        async with new_sandbox(**server or {}) as sandbox, new_client(sandbox, **arguments) as client:
            yield sandbox, client

    return opened


# A server whose every byte is the test's


@dataclass
class RawRequest:
    connection: int
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0].removeprefix("/api/v6/")


class RawServer:
    """HTTP/1.1 by hand. `answer(request)` gives the bytes to send, or None to hang up without an answer.

    Connections stay open afterwards, whatever the client asked for.
    """

    def __init__(self, answer: Callable[[RawRequest], Any]) -> None:
        self.answer = answer
        self.requests: list[RawRequest] = []
        self.accepted = 0
        self.open_connections: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @staticmethod
    def reply(status: int, body: object = b"", **headers: str) -> bytes:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(raw)}"]
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        lines += [f"{name}: {value}" for name, value in ({"Content-Type": "application/json"} | names).items()]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + raw

    @classmethod
    def token(cls, value: str = "the-token") -> bytes:
        return cls.reply(200, {"accessToken": value, "expiresIn": 1800, "tokenType": "bearer"})

    def of(self, path: str) -> list[RawRequest]:
        return [request for request in self.requests if request.path == path]

    async def __aenter__(self) -> "RawServer":
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self.base_url = f"http://127.0.0.1:{self.port}/api/v6"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.accepted += 1
        number = self.accepted
        self.open_connections.add(number)
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
                while await self._one(number, reader, writer):
                    pass
        finally:
            self.open_connections.discard(number)
            writer.close()
            with suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()
            self._tasks.discard(task)

    async def _one(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ", 2)
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        original = {line.split(": ", 1)[0].lower(): line.split(": ", 1)[1] for line in head[1:] if line}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        request = RawRequest(number, method, target, original, body)
        self.requests.append(request)
        answer = self.answer(request)
        if not isinstance(answer, bytes | None):
            answer = await answer
        if answer is None:
            return False
        writer.write(answer)
        await writer.drain()
        return True


@pytest.fixture
def raw_server() -> type[RawServer]:
    return RawServer


# Single odd answers without a server


class _Response(aioresponses.core.ClientResponse):  # type: ignore[misc]
    """What aioresponses builds, on an aiohttp that also wants to know what writes the request."""

    def __init__(self, *args: Any, **options: Any) -> None:
        options.setdefault("stream_writer", Mock(output_size=0))
        super().__init__(*args, **options)


def _stream_reader(loop: asyncio.AbstractEventLoop | None = None) -> StreamReader:
    assert loop is not None
    return StreamReader(ResponseHandler(loop=loop), limit=2**31, loop=loop)


@pytest.fixture
def odd_answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """aioresponses, with the login answered."""
    monkeypatch.setattr(aioresponses.core, "ClientResponse", _Response)
    monkeypatch.setattr(aioresponses.core, "stream_reader_factory", _stream_reader)
    with aioresponses.aioresponses() as mocked:
        mocked.post(
            "https://konfipay.example/api/v6/authentication/token",
            payload={"accessToken": "the-token", "expiresIn": 1800, "tokenType": "bearer"},
            repeat=True,
        )
        yield mocked
