"""Several processes, one of them killed, and a disk that is full: with processes of their own."""

import asyncio
import json
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import warm

from konfipay_async.communication import open_store
from konfipay_async.sandbox import Sandbox

CHILD = Path(__file__).with_name("record_in_child.py")
pytestmark = pytest.mark.usefixtures("program")


class Child:
    """A process that records."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.said: list[dict[str, Any]] = []

    @classmethod
    async def start(cls, url: str, sandbox: Sandbox, most: int = 0) -> "Child":
        return cls(
            await asyncio.create_subprocess_exec(
                *warm.script(CHILD),
                url,
                sandbox.base_url,
                sandbox.api_key,
                str(most),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
        )

    def go_on(self) -> None:
        """Have it make requests."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"\n")

    async def round(self) -> dict[str, Any]:
        """Requests, and what it says afterwards."""
        self.go_on()
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        assert line, "the child ended"
        self.said.append(json.loads(line))
        return self.said[-1]

    async def end(self) -> tuple[dict[str, Any], str]:
        """Let it end; how its log fared, and what it logged."""
        out, err = await self.process.communicate(b"")
        assert self.process.returncode == 0, err.decode()
        return json.loads(out.splitlines()[-1]), err.decode()


def runs(url: str) -> Counter[str]:
    """How many entries of each process there are."""
    with open_store(url) as store:
        return Counter(entry.call.partition("-")[0] for entry in store.search(limit=100_000).entries)


async def test_a_killed_process_costs_its_last_batch_at_most(url: str) -> None:
    """Two that begin one log at once; one is killed while it records, the other goes on to its end."""
    async with Sandbox(transactions=3) as sandbox:
        killed, other = await asyncio.gather(Child.start(url, sandbox), Child.start(url, sandbox))
        for _ in range(3):
            await asyncio.gather(killed.round(), other.round())
        killed.go_on()
        killed.process.kill()
        await killed.process.communicate()
        await other.round()
        fared, _ = await other.end()
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    counts = sorted(runs(url).values())
    assert fared["lost"] == {}
    assert fared["written"] in counts
    counts.remove(fared["written"])
    assert counts[0] >= killed.said[-1]["written"] >= 15


async def test_a_full_disk_stops_the_log_and_not_the_work(url: str) -> None:
    async with Sandbox(transactions=3) as sandbox:
        child = await Child.start(url, sandbox, most=100_000)
        for _ in range(20):
            await child.round()  # it goes on
        fared, logged = await child.end()
    assert any(one["failure"] for one in child.said)
    assert fared["written"] + sum(fared["lost"].values()) == 101
    assert sum(fared["lost"].values()) > 15
    assert "What happens meanwhile waits" in logged
    assert "ended without" in logged
    assert sum(runs(url).values()) == fared["written"] > 0
