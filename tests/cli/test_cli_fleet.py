"""`konfipay fleet` on a real PostgreSQL, as a user runs it."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from konfipay_async.cli.exits import Exit
from konfipay_async.sandbox import Sandbox

# Neither soon nor of late: what a turn was missed for is made up.
FAR_OFF = f"0 0 1 {(datetime.now(UTC).month + 5) % 12 + 1} *"


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("KONFIPAY_")]:
        monkeypatch.delenv(name)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(transactions=40) as sandbox:
        yield sandbox


@pytest.fixture
def config(sandbox: Sandbox, postgres: Any, tmp_path: Path) -> Path:
    """Two keys: one is that of the sandbox, one is none."""
    (tmp_path / "north").write_text(sandbox.api_key)
    path = tmp_path / "keys.toml"
    path.write_text(
        f'[defaults]\nto = "{postgres.url()}"\nbase_url = "{sandbox.base_url}"\nacknowledge = true\n'
        f'schedule = "{FAR_OFF}"\n'
        '[keys.north]\napi_key_file = "north"\n[keys.south]\napi_key_env = "SOUTH"\n'
    )
    return path


async def test_from_the_schedule_to_the_status(konfipay, program, sandbox, config, postgres, tmp_path: Path) -> None:
    """A worker pulls what is due, says so in events and in its heartbeat, and ends at SIGTERM.

    One more key is in another file only.
    """
    where = {"KONFIPAY_FLEET_DATABASE": postgres.url()}
    words = ("--config", str(config))
    other = tmp_path / "other.toml"
    other.write_text('[keys.east]\napi_key_env = "EAST"\nschedule = "1d"\n')
    await konfipay("fleet", "schedule", "--config", str(other), "--now", **where)
    scheduled = await konfipay("fleet", "schedule", *words, "--now", **where)
    assert scheduled.code == Exit.DONE, scheduled.err
    assert scheduled.out.splitlines()[0] == "key\tschedule\tcron (UTC)\tnext"
    assert f"north\t{FAR_OFF}\t{FAR_OFF}\t" in scheduled.out
    assert "Queued for now: 2 of 2" in scheduled.err
    assert "Waiting in the queue and not in this file: east; --prune takes them out" in scheduled.err
    alive = tmp_path / "alive"
    worker = await asyncio.create_subprocess_exec(
        *program, "fleet", "worker", *words, "--heartbeat", str(alive), "--log", "json",
        cwd=tmp_path, env=os.environ | where, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert worker.stderr is not None
    ends: dict[str, Any] = {}
    async with asyncio.timeout(20):
        while len(ends) < 3:
            line = json.loads(await worker.stderr.readline())
            if line["event"] == "ended":
                ends[line["source"]] = line
    worker.send_signal(signal.SIGTERM)
    out, err = await worker.communicate()
    assert worker.returncode == Exit.DONE
    assert b"Traceback" not in out + err
    fares = json.loads(alive.read_text())
    assert (line["pulls"], fares["state"], fares["pulls"]) == (0, "waiting", 0)
    assert (ends["north"]["outcome"], ends["north"]["new"]) == ("done", 40)
    assert (ends["south"]["outcome"], ends["south"]["error"]) == ("failed", "ConfigurationError")
    assert "SOUTH" in ends["south"]["message"]
    assert ends["east"]["again_in"] > 20
    status = await konfipay("fleet", "status", *words, "--json", "--max-lag", "1h", **where)
    assert status.code == Exit.PARTIAL
    north, south = map(json.loads, status.out.splitlines())
    assert (north["state"], north["outcome"], north["new"], north["failures"]) == ("idle", "done", 40, 0)
    assert north["lag_seconds"] < 60
    assert (south["state"], south["outcome"], south["failures"]) == ("idle", None, 1)
    assert "south: what is known is older than 1h" in status.err
    assert "never complete" in (await konfipay("fleet", "status", *words, **where)).out
    pruned = await konfipay("fleet", "schedule", *words, "--prune", **where)
    assert "Not in this file, and taken out of the queue: east" in pruned.err


async def test_a_worker_says_in_lines_what_it_does(konfipay, program, config, postgres, tmp_path: Path) -> None:
    """What went wrong on standard error, which is all there is with --quiet."""
    words = ("--config", str(config), "--database", postgres.url())
    await konfipay("fleet", "schedule", *words, "--now")
    worker = await asyncio.create_subprocess_exec(
        *program, "fleet", "worker", *words, cwd=tmp_path, env=None,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert worker.stdout is not None
    assert worker.stderr is not None
    async with asyncio.timeout(20):
        assert await worker.stdout.readline() == b"north: done, 40 new, 0 known, 1 acknowledged\n"
        assert b"konfipay: south: there is no API key" in await worker.stderr.readline()
    worker.send_signal(signal.SIGINT)
    out, err = await worker.communicate()
    assert (worker.returncode, err) == (Exit.DONE, b"")
    assert b"Finishing the page in hand" in out


async def test_what_procrastinate_fails_at_is_said_without_a_traceback(
    konfipay, program, config, postgres, tmp_path: Path
) -> None:
    """Here nobody can queue a turn."""
    config.write_text(config.read_text().replace(FAR_OFF, "* * * * * *"))
    words = ("--config", str(config), "--database", postgres.url())
    await konfipay("fleet", "schedule", *words)
    postgres.execute(
        "CREATE FUNCTION konfipay_fleet.refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN RAISE 'no' USING ERRCODE = '53100'; END$$",
        "CREATE TRIGGER refuse BEFORE INSERT ON konfipay_fleet.procrastinate_jobs FOR EACH ROW EXECUTE FUNCTION "
        "konfipay_fleet.refuse()",
    )
    worker = await asyncio.create_subprocess_exec(
        *program,
        "fleet",
        "worker",
        *words,
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert worker.stderr is not None
    async with asyncio.timeout(20):
        line = await worker.stderr.readline()
        assert line.startswith(b"konfipay: procrastinate.worker")
        assert b"Side task deferrer failed" in line
        assert b"(DiskFull)" in line
        worker.send_signal(signal.SIGTERM)
        out, err = await worker.communicate()
    assert worker.returncode == Exit.DONE, err
    assert b"Traceback" not in out + err


@pytest.mark.parametrize("command", ["schedule", "worker", "status"])
async def test_what_is_missing_or_wrong_is_said(piped, sandbox, config, tmp_path: Path, command: str) -> None:
    words = ("fleet", command, "--config", str(config))
    for more, code, says in (
        ((), Exit.USAGE, "KONFIPAY_FLEET_DATABASE"),
        (("--database", "sqlite:///queue.db"), Exit.USAGE, "lives in PostgreSQL"),
        (("--database", f"postgresql://postgres@/postgres?host={tmp_path}"), Exit.STORAGE, "no server listens there"),
    ):
        if command == "worker" and code == Exit.STORAGE:
            continue  # it minds signals, which a thread cannot
        ended = await piped(sandbox, *words, *more)
        assert (ended.code, ended.out) == (code, "")
        assert says in ended.err
    config.write_text(config.read_text().replace(FAR_OFF, "7m"))
    ended = await piped(sandbox, *words, "--database", "postgresql://localhost/bank")
    assert ended.code == Exit.USAGE
    assert "line 5, column 1: schedule: 7m divides neither an hour nor a day" in ended.err


async def test_a_worker_without_a_queue_ends(konfipay, config, postgres) -> None:
    ended = await konfipay("fleet", "worker", "--config", str(config), "--database", postgres.url())
    assert ended.code == Exit.STORAGE
    assert "konfipay fleet schedule makes it" in ended.err


async def test_without_its_libraries_the_extra_is_named(piped, sandbox, config, monkeypatch) -> None:
    for name in [name for name in sys.modules if name.startswith("konfipay_async.fleet")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "procrastinate", None)
    ended = await piped(sandbox, "fleet", "status", "--config", str(config), "--database", "postgresql://localhost/b")
    assert ended.code == Exit.USAGE
    assert "pip install 'konfipay-async[fleet]'" in ended.err
