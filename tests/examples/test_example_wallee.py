"""The app that takes webhooks, under its server and before a sandbox."""

import asyncio
import importlib.util
import logging
import socket
import sqlite3
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from aiohttp import web

from konfipay_async.sandbox import WalleeSandbox

EXAMPLE = Path(__file__).parents[2] / "examples" / "wallee_webhooks.py"


@pytest.fixture
def serve(monkeypatch, tmp_path):
    """``async with serve(sandbox) as url``: where it takes webhooks."""

    @asynccontextmanager
    async def run(sandbox):
        monkeypatch.setenv("WALLEE_USER_ID", sandbox.user_id)
        monkeypatch.setenv("WALLEE_AUTHENTICATION_KEY", sandbox.authentication_key)
        monkeypatch.setenv("WALLEE_BASE_URL", sandbox.base_url)
        monkeypatch.setenv("WALLEE_SPACE", str(sandbox.space))
        monkeypatch.setenv("DATABASE", str(tmp_path / "webhooks.db"))
        spec = importlib.util.spec_from_file_location("wallee_webhooks", EXAMPLE)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            runner = web.AppRunner(module.make_app())
            await runner.setup()
            await web.SockSite(runner, listener).start()
            try:
                yield f"http://127.0.0.1:{listener.getsockname()[1]}/webhooks"
            finally:
                await runner.cleanup()

    return run


def states(tmp_path):
    with closing(sqlite3.connect(tmp_path / "webhooks.db")) as database:
        return dict(database.execute("SELECT id, state FROM states").fetchall())


async def test_what_is_told_twice_and_late_is_stored_once(serve, tmp_path, caplog):
    """By the transaction as it is, whatever the message says."""
    caplog.set_level(logging.INFO, logger="webhooks")
    async with WalleeSandbox(transactions=3) as sandbox, serve(sandbox) as url:
        one, other, _ = sandbox.transactions.ids()
        now = sandbox.transactions.get(one)["state"]
        assert await sandbox.webhooks.send(url, one, state="PENDING", copies=3) == [204] * 3
        assert states(tmp_path) == {one: now}
        sandbox.transactions.change(one, state="FAILED")
        sent = [sandbox.webhooks.send(url, each, state="CONFIRMED") for each in (one, other)]
        assert await asyncio.gather(*sent) == [[204], [204]]
        assert states(tmp_path) == {one: "FAILED", other: sandbox.transactions.get(other)["state"]}
        assert await sandbox.webhooks.send(url, 1, entity="Refund") == [204]
    assert len([line for line in caplog.messages if line.startswith("transaction")]) == 3


@pytest.mark.parametrize("forged", ["body", "signature", "key", "unsigned", "algorithm", "cut", "foreign"])
async def test_what_is_forged_is_not_looked_up(serve, forged):
    async with WalleeSandbox(transactions=1) as sandbox, serve(sandbox) as url:
        assert await sandbox.webhooks.send(url, sandbox.transactions.ids()[0], forged=forged) == [401]
        assert not [seen for seen in sandbox.requests if seen.route == "payment.transactions.get"]
