"""kill -9 at every step of a pull in a process of its own: nothing lost or doubled, all acknowledged in the end."""

import asyncio
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import warm

from konfipay_async import KonfipayClient
from konfipay_async.pull import Step, pull
from konfipay_async.pull.sinks.sql import SqlSink
from konfipay_async.sandbox import Sandbox

CHILD = Path(__file__).with_name("pull_in_child.py")
pytestmark = pytest.mark.usefixtures("program")


@pytest.mark.parametrize(
    ("step", "nth"),
    [
        (Step.OPENED, 1),
        (Step.FETCHED, 1),
        (Step.FETCHED, 4),
        (Step.COMMITTED, 1),
        (Step.COMMITTED, 5),
        (Step.ACKNOWLEDGED, 1),
        (Step.ACKNOWLEDGED, 5),
        (Step.SETTLED, 2),
        (Step.FINISHED, 1),
    ],
    ids=lambda value: value.name.lower() if isinstance(value, Step) else str(value),
)
async def test_nothing_lost_nothing_doubled(tmp_path: Path, step: Step, nth: int) -> None:
    """The next run finishes what the killed one began."""
    file = tmp_path / "pull.db"
    database = f"sqlite:///{file}"
    async with Sandbox(transactions=95, pending=0) as sandbox:
        child = await asyncio.create_subprocess_exec(
            *warm.script(CHILD), sandbox.base_url, sandbox.api_key, database, step.name, str(nth)
        )
        assert await child.wait() == -signal.SIGKILL
        async with KonfipayClient(sandbox.api_key, base_url=sandbox.base_url) as client:
            sink = SqlSink(database, origin="the sandbox of a test")
            report = await pull(client, sink, acknowledge=True, page_size=10)
        assert report.complete
        assert sandbox.new_rids() == []
        with closing(sqlite3.connect(file)) as connection:
            rids = [rid for (rid,) in connection.execute("SELECT rid FROM transactions")]
            left = connection.execute("SELECT count(*) FROM acknowledgements WHERE settled_at IS NULL").fetchone()[0]
        assert sorted(rids) == sorted(sandbox.rids())
        assert left == 0


async def test_a_page_that_was_committed_is_acknowledged_first(tmp_path: Path) -> None:
    """Killed between commit and acknowledge, the id is in the database and goes out before anything is read."""
    database = f"sqlite:///{tmp_path / 'pull.db'}"
    async with Sandbox(transactions=30) as sandbox:
        child = await asyncio.create_subprocess_exec(
            *warm.script(CHILD), sandbox.base_url, sandbox.api_key, database, "COMMITTED", "1"
        )
        assert await child.wait() == -signal.SIGKILL
        assert len(sandbox.new_rids()) == 30
        sandbox.requests.clear()
        async with KonfipayClient(sandbox.api_key, base_url=sandbox.base_url) as client:
            sink = SqlSink(database, origin="the sandbox of a test")
            report = await pull(client, sink, acknowledge=True, page_size=10)
        routes = [request.route for request in sandbox.requests]
        assert routes[:2] == ["authentication.token", "transactions.acknowledge"]
        assert (report.resent, report.new, report.known) == (1, 20, 0)
