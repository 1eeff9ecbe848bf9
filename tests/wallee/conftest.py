"""A client of the signed API against its sandbox, with a time that passes only when somebody sleeps."""

import asyncio
import gc
import json
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pytest

from konfipay_async.sandbox import WalleeSandbox
from konfipay_async.wallee import WalleeClient

KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("WALLEE_", "KONFIPAY_"))]:
        monkeypatch.delenv(name)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def complaints() -> AsyncIterator[list[dict[str, Any]]]:
    """What the loop complains about. After the test there must be none, and no task either."""
    collected: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: collected.append(context))
    yield collected
    gc.collect()
    for _ in range(3):
        await asyncio.sleep(0)
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    assert not left, f"tasks are left: {left}"
    assert not collected, f"the loop complains: {collected}"


class FakeTime:
    """The clock of client and sandbox: it stands still until somebody sleeps, then jumps to that one's end."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return 1_800_000_000.0 + self.now

    async def sleep(self, seconds: float) -> None:
        until = self.now + seconds
        self.slept.append(seconds)
        await asyncio.sleep(0)
        self.now = max(self.now, until)


@pytest.fixture
def clock() -> FakeTime:
    return FakeTime()


@pytest.fixture
def pair(clock: FakeTime, complaints: Any) -> Callable[..., Any]:
    """``async with pair({sandbox arguments}, **client arguments) as (sandbox, client)``."""

    @asynccontextmanager
    async def opened(server: dict[str, Any] | None = None, **arguments: Any) -> AsyncIterator[Any]:
        async with WalleeSandbox(**{"transactions": 30, "clock": clock, **(server or {})}) as sandbox:
            given = {"space": sandbox.space, "account": sandbox.account, "clock": clock, **arguments}
            client = WalleeClient(sandbox.user_id, sandbox.authentication_key, base_url=sandbox.base_url, **given)
            async with client:
                yield sandbox, client

    return opened


@dataclass
class RawRequest:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class RawServer:
    """HTTP/1.1 by hand: the request line as it came, to the byte. `answer(request)` gives the bytes to send."""

    def __init__(self, answer: Callable[[RawRequest], bytes | None]) -> None:
        self.answer = answer
        self.requests: list[RawRequest] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @staticmethod
    def reply(status: int, body: object = b"", **headers: str) -> bytes:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(raw)}"]
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        lines += [f"{name}: {value}" for name, value in ({"Content-Type": "application/json"} | names).items()]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + raw

    async def __aenter__(self) -> "RawServer":
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.origin = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        self.base_url = f"{self.origin}/api/v2.0"
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
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
                while await self._one(reader, writer):
                    pass
        finally:
            writer.close()
            with suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()
            self._tasks.discard(task)

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ", 2)
        headers = {line.split(": ", 1)[0].lower(): line.split(": ", 1)[1] for line in head[1:] if line}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        request = RawRequest(method, target, headers, body)
        self.requests.append(request)
        answer = self.answer(request)
        if answer is None:
            return False
        writer.write(answer)
        await writer.drain()
        return True


@pytest.fixture
def raw_server() -> type[RawServer]:
    return RawServer


@pytest.fixture
def against(raw_server: type[RawServer], clock: FakeTime, complaints: Any) -> Callable[..., Any]:
    """``async with against(answer, **client arguments) as (server, client)``: its bytes are the test's."""

    @asynccontextmanager
    async def opened(answer: Callable[[RawRequest], bytes | None], **arguments: Any) -> AsyncIterator[Any]:
        async with raw_server(answer) as server:
            given = {"space": 405, "account": 7, "clock": clock, **arguments}
            async with WalleeClient("512", KEY, base_url=server.base_url, **given) as client:
                yield server, client

    return opened


@pytest.fixture(scope="session", autouse=True)
def _light_collections() -> Iterator[None]:
    # What is imported stays; the collection after each test need not look at it.
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
