"""The examples as processes, as a reader of theirs runs them."""

import asyncio
import os
import re
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from konfipay_async.sandbox import Sandbox

EXAMPLES = Path(__file__).parents[2] / "examples"


async def start(sandbox, example, *arguments, **more):
    settings = {"KONFIPAY_API_KEY": sandbox.api_key, "KONFIPAY_BASE_URL": sandbox.base_url, "PYTHONUNBUFFERED": "1"}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-W", "error"),
        str(EXAMPLES / example),
        *arguments,
        env=os.environ | settings | more,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


async def end(process):
    out = (await process.communicate())[0].decode()
    assert "Traceback" not in out, out
    assert "Exception ignored" not in out, out
    return out


async def test_new_transactions():
    """A line for each, and none is new any more."""
    async with Sandbox(transactions=30) as sandbox:
        process = await start(sandbox, "new_transactions.py")
        assert len((await end(process)).splitlines()) == 30
        assert process.returncode == 0
        assert sandbox.new_rids() == []


async def test_a_batch_pull(tmp_path, stored):
    """A line of progress for each page; a second run knows every row."""
    address = f"sqlite:///{tmp_path / 'bookings.db'}"
    async with Sandbox(transactions=30) as sandbox:
        said = await end(await start(sandbox, "batch_pull.py", address, "--page-size", "10"))
        assert [line.rpartition(" in ")[0] for line in said.splitlines()[:3]] == ["10 of 30", "20 of 30", "30 of 30"]
        assert "30 new, 0 known" in said
        assert len(sandbox.new_rids()) == 30
        assert "0 new, 30 known" in await end(await start(sandbox, "batch_pull.py", address, "--acknowledge"))
        assert sandbox.new_rids() == []
    assert sorted(rid for (rid,) in stored()) == sorted(sandbox.rids())


async def test_ctrl_c_during_a_batch_pull(tmp_path, stored, new_gate, until):
    """A fetch without an answer is given up; what is stored stays, and the run ends well."""
    gate = new_gate(free=2)
    async with Sandbox(transactions=30, latency=1.0, sleep=gate.sleep) as sandbox:
        process = await start(sandbox, "batch_pull.py", f"sqlite:///{tmp_path / 'bookings.db'}")
        gate.free = 1  # the login only
        await until(lambda: gate.held)
        process.send_signal(signal.SIGINT)
        assert "run it again" in await end(process)
        assert process.returncode == 0
    assert stored("SELECT count(*) FROM transactions") == [(0,)]


@pytest.mark.parametrize("example", ["fastapi_app.py", "aiohttp_app.py"])
async def test_an_app_from_start_to_sigterm(example, tmp_path, stored):
    """It pulls, streams, and ends cleanly with a reader who has not read to the end."""
    address = f"sqlite:///{tmp_path / 'bookings.db'}"
    async with Sandbox(transactions=3000) as sandbox:
        process = await start(sandbox, example, PORT="0", DATABASE=address, ACKNOWLEDGE="yes")
        assert process.stdout is not None
        url = pulled = None
        while not (url and pulled):
            line = (await process.stdout.readline()).decode()
            url = url or re.search(r"http://127\.0\.0\.1:[1-9]\d*", line)
            pulled = pulled or "3000 new bookings" in line
        async with (
            aiohttp.ClientSession(url[0]) as session,
            session.get("/transactions?since=2020-01-01") as answer,
        ):
            assert b'"rId"' in await answer.content.readline()
        process.terminate()
        await end(process)
        assert process.returncode in (0, -signal.SIGTERM)
        assert sandbox.new_rids() == []
    assert sorted(rid for (rid,) in stored()) == sorted(sandbox.rids())


@pytest.mark.parametrize("mode", ["strict", "auto"])
async def test_a_suite_with_the_sandbox(tmp_path, mode):
    """The tests of the example pass."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull),
        *("-p", "konfipay_async.integrations.pytest"),  # which is harmless where its entry point is known
        *("-o", "asyncio_default_fixture_loop_scope=function", f"--asyncio-mode={mode}"),
        *("--rootdir", str(tmp_path), str(EXAMPLES / "test_with_sandbox.py")),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert "5 passed" in await end(process)
