"""The konfipay that is embedded in `konfipay pull --sandbox`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from konfipay_async.cli.targets import sqlite_file
from konfipay_async.client import KonfipayClient
from konfipay_async.pull.sinks.sql import SqlSink
from konfipay_async.sandbox import Sandbox
from konfipay_async.session.budget import Limits

__all__ = ["ORIGIN", "sandbox_client"]

ORIGIN = "the embedded sandbox"

# Enough to watch for a few seconds; the pending ones are there to be left out.
_BOOKINGS = 25_000
_PENDING = 200
_LATENCY = 0.3
# Each takes two requests, and the limits are those of the real one.
_FILES = 100


@asynccontextmanager
async def sandbox_client(to: str, source: str, concurrency: int) -> AsyncIterator[KonfipayClient]:
    """A client of a sandbox that remembers in a file beside the database what is new."""
    state: Path | None = None
    file = sqlite_file(to)
    if file is not None and file.parent.is_dir():  # where there is no such folder the database is the one to say so
        state = file.with_name(f"{file.name}.state")
        if not file.exists() and _is_sandbox_state(state):
            state.unlink()  # what it remembers went with the database
        # Whoever pulls into this database already has the state in use as well.
        with SqlSink(to, source=source, origin=ORIGIN):
            pass
    async with (
        Sandbox(
            transactions=_BOOKINGS + _PENDING,
            pending=_PENDING,
            transaction_files=_FILES,
            latency=_LATENCY,
            state=state,
        ) as sandbox,
        # Limits of its own: nobody shares this one's, and a Redis that does not know it lets nobody begin for a minute.
        KonfipayClient(sandbox.api_key, base_url=sandbox.base_url, concurrency=concurrency, limits=Limits()) as client,
    ):
        yield client


def _is_sandbox_state(file: Path) -> bool:
    try:
        with file.open("rb") as lines:
            return b"konfipay-async sandbox state" in lines.readline(1000)
    except OSError:
        return False
