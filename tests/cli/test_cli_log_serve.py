"""`konfipay log serve`: a browser's view of the log, for this machine."""

import asyncio
import os
import re
import signal
import socket
from contextlib import asynccontextmanager

import aiohttp
import pytest
import warm
from logbook import entry, keep

from konfipay_async.cli.app import run

pytestmark = pytest.mark.usefixtures("program")


@pytest.fixture
def store(tmp_path):
    """The URL of a log with one entry."""
    url = f"sqlite:///{tmp_path / 'api.db'}"
    keep(url, [entry(path="planted")])
    return url


@asynccontextmanager
async def serving(*arguments, ended_by=signal.SIGINT, **more):
    """What it said, and where it listens; it ends well."""
    settings = {name: value for name, value in os.environ.items() if not name.startswith("KONFIPAY_")}
    process = await asyncio.create_subprocess_exec(
        *warm.COMMAND, "log", "serve", "--port", "0", *arguments,
        env=settings | {"PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "error"} | more,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said = (await process.stdout.readline()).decode()
    found = re.search(r"http://\S+:[1-9]\d*/", said)
    assert found, said + (await process.communicate())[0].decode()
    yield found[0]
    process.send_signal(ended_by)
    assert b"Traceback" not in (await process.communicate())[0]
    assert process.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_serves_until_it_is_stopped(store, number):
    """The log that is recorded to, unless another is named."""
    async with (
        serving(ended_by=number, KONFIPAY_COMMUNICATION_LOG=f"{store}?level=details") as url,
        aiohttp.ClientSession() as session,
    ):
        async with session.get(url) as answer:
            assert "planted" in await answer.text()
        async with session.get(f"{url}entries/1") as answer:
            assert answer.status == 200
        async with session.get(url, headers={"Host": "evil.example"}) as answer:
            assert answer.status == 403
            assert "planted" not in await answer.text()


async def test_anyone_is_shown_everything_where_that_is_said(store):
    """By whatever name."""
    async with (
        serving("--store", store, "--anyone") as url,
        aiohttp.ClientSession() as session,
        session.get(f"{url}entries/1", headers={"Host": "log.intern"}) as answer,
    ):
        assert "planted" in await answer.text()


def complaint(capsys, *arguments):
    """What is said instead of a start, and the exit code."""
    code = run(["log", "serve", *arguments])
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    assert said.out == ""
    return code, " ".join(said.err.split())


def test_a_second_server_on_a_port_is_told_so(store, capsys):
    """Nothing was done: a wrong argument."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, said = complaint(capsys, "--store", store, "--port", str(port))
    assert code == 2
    assert f"--port {port}: another program listens there already" in said


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--host", "0.0.0.0"], 2, "there is no login. Say --anyone"),  # noqa: S104 (which it refuses)
        (["--host", "log.intern"], 2, "there is no login. Say --anyone"),
        (["--host", "192.0.2.1", "--anyone"], 2, "cannot listen on 192.0.2.1"),
        (["--port", "65536"], 2, "give a number from 0 to 65535"),
        (["--store", "sqlite:///other.db"], 5, "there is no communication log"),
        (["--store", "sqlite:///."], 5, "is a folder"),
        (["--store", "mysql://x"], 2, "cannot read the address"),
    ],
)
def test_what_cannot_be_served_is_explained(store, tmp_path, monkeypatch, capsys, arguments, code, said):
    """Before anything listens."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KONFIPAY_COMMUNICATION_LOG", store)
    monkeypatch.setenv("COLUMNS", "200")
    found = complaint(capsys, *arguments)
    assert found[0] == code
    assert said in found[1]


def test_without_a_log_it_asks_for_one(monkeypatch, capsys):
    """And says how one is recorded."""
    monkeypatch.delenv("KONFIPAY_COMMUNICATION_LOG", raising=False)
    code, said = complaint(capsys)
    assert code == 2
    assert "--store" in said
