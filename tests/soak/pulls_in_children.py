"""Pulls in processes that may be killed, one for every job (the fields of `Job`)."""

import asyncio
import os
import resource
import signal
import sqlite3
import sys
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from forking import serve

import konfipay_async.cli.app
from konfipay_async import KonfipayClient
from konfipay_async.errors import StorageError
from konfipay_async.pull import Report, Step, pull
from konfipay_async.pull.ranges import pull_range
from konfipay_async.pull.singles import pull_files, pull_paypal
from konfipay_async.pull.sinks import postgresql as _loaded_for_all  # noqa: F401
from konfipay_async.pull.sinks import sqlite
from konfipay_async.pull.sinks.sql import SqlSink

STORAGE, INTERRUPTED = 5, 6

# In which the bookings of a small sandbox are.
DAYS = date(2022, 1, 3), date(2022, 1, 14)


@dataclass
class Job:
    """One pull. Signals strike at the nth time of a step, or after so many rounds of SQLite's machine."""

    base_url: str
    api_key: str
    database: str
    said: str  # a file for what it prints
    command_line: bool = False
    page_size: int = 10
    concurrency: int = 3
    step: str = ""
    nth: int = 0
    times: int = 1  # signals at once
    rounds: int = 0
    signal: int = int(signal.SIGKILL)
    most_database_pages: int = 0
    most_file_bytes: int = 0
    patience: float = 5.0  # with a locked database
    mode: str = "new"
    folder: str = ""  # of files
    source: str = "default"
    origin: str = ""  # the sandbox', where nothing is said
    debug: bool = True


def work(told: dict[str, Any]) -> int:
    job = Job(**told)
    sqlite._PATIENCE = job.patience  # type: ignore[assignment]
    sa.event.listen(sa.engine.Engine, "connect", lambda connection, _: _prepare(connection, job))
    return _command_line(job) if job.command_line else _library(job)


def _prepare(connection: sqlite3.Connection, job: Job) -> None:
    if job.most_database_pages:
        connection.execute(f"PRAGMA max_page_count = {job.most_database_pages}")
    if job.most_file_bytes:
        resource.setrlimit(resource.RLIMIT_FSIZE, (job.most_file_bytes, resource.RLIM_INFINITY))
    if job.rounds:
        left = job.rounds

        def count() -> None:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), job.signal)

        connection.set_progress_handler(count, 20)


def _watch(job: Job) -> Any:
    seen = 0

    def watch(at: Step, report: Report) -> None:
        nonlocal seen
        if at.name == job.step:
            seen += 1
            if seen == job.nth:
                for _ in range(job.times):
                    os.kill(os.getpid(), job.signal)

    return watch


def _library(job: Job) -> int:
    try:
        asyncio.run(_pull(job), debug=job.debug)
    except StorageError as error:
        print(error)
        return STORAGE
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


async def _pull(job: Job) -> None:
    async with KonfipayClient(job.api_key, base_url=job.base_url, concurrency=job.concurrency) as client:
        sink = SqlSink(
            job.database, source=job.source, origin=job.origin or client.base_url
        )  # as the command line does
        watch, size = _watch(job), job.page_size
        match job.mode:
            case "new":
                report = await pull(client, sink, acknowledge=True, page_size=size, watch=watch)
            case "range":
                report = await pull_range(client, sink, *DAYS, page_size=size, watch=watch)
            case "files":
                report = await pull_files(client, sink, job.folder, acknowledge=True, page_size=size, watch=watch)
            case _:
                report = await pull_paypal(client, sink, acknowledge=True, page_size=size, watch=watch)
        assert report.complete
        assert not asyncio.all_tasks() - {asyncio.current_task()}


def _command_line(job: Job) -> int:
    module = sys.modules["konfipay_async.cli.pull"]
    real = module.carry_out
    strike = _watch(job)

    async def watched(*arguments: Any, watch: Any, **options: Any) -> Report:
        def both(step: Step, report: Report) -> None:
            watch(step, report)
            strike(step, report)

        return await real(*arguments, watch=both, **options)

    module.carry_out = watched
    os.environ["KONFIPAY_API_KEY"] = job.api_key
    arguments = ["pull", "--acknowledge", "--base-url", job.base_url, "--to", job.database]
    return konfipay_async.cli.app.run(
        [*arguments, "--page-size", str(job.page_size), "--concurrency", str(job.concurrency)]
    )


if __name__ == "__main__":
    serve(work)
