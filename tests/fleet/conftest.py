"""Keys of a sandbox in a file, a queue, and workers in this process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from konfipay_async.fleet.queue import Queue
from konfipay_async.fleet.worker import Worker
from konfipay_async.pull.keyfile import Entry, read_keys
from konfipay_async.sandbox import ApiKey, Sandbox

# Neither soon nor of late: what a turn was missed for is made up.
FAR_OFF = f"0 0 1 {(datetime.now(UTC).month + 5) % 12 + 1} *"


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KONFIPAY_API_KEY", "KONFIPAY_BASE_URL", "KONFIPAY_SHARED_LIMITS", "KONFIPAY_FLEET_DATABASE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    keys = [ApiKey(f"key{number}", own_flags=True) for number in range(3)]
    async with Sandbox(transactions=40, api_keys=keys) as sandbox:
        yield sandbox


@pytest.fixture
def key_file(
    sandbox: Sandbox, postgres: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., list[Entry]]:
    """Write keys.toml and read it: so many keys, all of which acknowledge, with these lines in [defaults]."""

    def write(*lines: str, keys: int = 1, to: str = "") -> list[Entry]:
        text = f'[defaults]\nto = "{to or postgres.url()}"\nbase_url = "{sandbox.base_url}"\nacknowledge = true\n'
        text += "page_size = 10\n" + "".join(f"{line}\n" for line in lines or [f'schedule = "{FAR_OFF}"'])
        for number in range(keys):
            (tmp_path / f"key{number}").write_text(sandbox.api_keys[f"key{number}"].value)
            text += f'[keys.key{number}]\napi_key_file = "key{number}"\n'
        (tmp_path / "keys.toml").write_text(text)
        return read_keys(tmp_path / "keys.toml")

    return write


@pytest.fixture
async def queue(postgres: Any) -> Queue:
    """One that is ready."""
    queue = Queue(postgres.url())
    await queue.prepare()
    return queue


class Told:
    """What workers said."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self._news = asyncio.Event()

    def __call__(self, event: str, /, **facts: object) -> None:
        self.events.append({"event": event, **facts})
        self._news.set()

    def of(self, event: str, **facts: object) -> list[dict[str, Any]]:
        wanted = {"event": event, **facts}
        return [told for told in self.events if wanted.items() <= told.items()]

    async def until(self, event: str, times: int = 1, **facts: object) -> list[dict[str, Any]]:
        """Wait until this was said so often."""
        async with asyncio.timeout(20):
            while len(found := self.of(event, **facts)) < times:
                self._news.clear()
                await self._news.wait()
        return found


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def at_work() -> Callable[[Worker], AbstractAsyncContextManager[asyncio.Event]]:
    """A worker works; afterwards it is told to stop."""

    @asynccontextmanager
    async def work(worker: Worker) -> AsyncIterator[asyncio.Event]:
        stop = asyncio.Event()
        task = asyncio.create_task(worker.run(stop))
        try:
            yield stop
        finally:
            stop.set()
            await task

    return work
