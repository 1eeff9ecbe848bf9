"""Two workers in two processes: one of them is this one."""

import asyncio
import json
import signal
from itertools import pairwise
from pathlib import Path

import pytest
import warm

from konfipay_async.fleet.planning import prepare
from konfipay_async.fleet.worker import Worker

CHILD = warm.script(Path(__file__).with_name("worker_in_child.py"))


async def test_two_workers_share_the_keys_and_never_pull_with_one_at_the_same_time(
    program, sandbox, key_file, queue, postgres, told, at_work, tmp_path: Path
) -> None:
    """Turns come every second, and for each there is something new; one worker comes later."""
    entries = key_file('schedule = "* * * * * *"', keys=3)
    ended = 0
    async with at_work(Worker(queue, entries, tell=told, beat=0.1, patience=10.0)), asyncio.timeout(30):
        await told.until("ended", 3)
        child = await asyncio.create_subprocess_exec(
            *CHILD, str(tmp_path / "keys.toml"), postgres.url(), stdout=asyncio.subprocess.PIPE
        )
        assert child.stdout is not None
        try:
            while ended < 3:
                line = json.loads(await child.stdout.readline())
                if line["event"] == "ended":
                    assert (line["outcome"], line["error"]) == ("done", None)
                    ended += 1
                    sandbox.arrive(2)
            child.send_signal(signal.SIGTERM)
            rest, _ = await child.communicate()
            assert child.returncode == 0, rest
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
    assert not told.of("ended", outcome="failed")
    runs = postgres.execute("SELECT source, started_at, ended_at, process FROM konfipay.pull_runs ORDER BY started_at")
    assert len({process for *_, process in runs}) == 2
    for key in ("key0", "key1", "key2"):
        mine = [run for run in runs if run[0] == key]
        assert len(mine) > 1
        assert all(one[2] <= other[1] for one, other in pairwise(mine)), mine
    ((rows, rids),) = postgres.execute("SELECT count(*), count(DISTINCT (source, rid)) FROM konfipay.transactions")
    assert rows == rids


@pytest.mark.parametrize(("event", "nth"), [("committed", 2), ("acknowledged", 1), ("ended", 1)])
async def test_what_a_killed_worker_was_at_is_taken_up_by_another(
    program, sandbox, key_file, queue, postgres, told, at_work, tmp_path: Path, event: str, nth: int
) -> None:
    """Nothing is lost, nothing is doubled, all is acknowledged in the end."""
    entries = key_file()
    await prepare(queue, entries, now=True)
    child = await asyncio.create_subprocess_exec(
        *CHILD, str(tmp_path / "keys.toml"), postgres.url(), event, str(nth), stdout=asyncio.subprocess.DEVNULL
    )
    assert await child.wait() == -signal.SIGKILL
    assert postgres.execute("SELECT status::text FROM konfipay_fleet.procrastinate_jobs") == [("doing",)]
    async with at_work(Worker(queue, entries, tell=told, beat=0.1, patience=1.0)):
        await told.until("taken_up", source="key0")
        await told.until("ended", outcome="done")
    assert not sandbox.new_rids("key0")
    rids = [rid for (rid,) in postgres.execute("SELECT rid FROM konfipay.transactions")]
    assert sorted(rids) == sorted(sandbox.rids())
    assert postgres.execute("SELECT 1 FROM konfipay.acknowledgements WHERE settled_at IS NULL") == []
    assert postgres.execute("SELECT 1 FROM konfipay_fleet.procrastinate_jobs") == []
