"""Rows per second into SQLite: the sink of the pull against bare executemany."""

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.bench import Bench, Section, Target, median, quotient
from benchmarks.children import Child
from benchmarks.readers.ours import LIFTED
from konfipay_async import KonfipayClient, Transaction
from konfipay_async.pull.sinks.rows import row
from konfipay_async.pull.sinks.sql import SqlSink

_ORIGIN = "http://127.0.0.1/api/v6"


def run(bench: Bench) -> Section:
    """`SqlSink` and executemany, the same rows, columns, indexes and synchronisation."""
    count = bench.choose(50, 3)
    pages = read_pages(count)
    now = datetime.now(UTC).isoformat()
    values = [[row(transaction, "default", now) for transaction in page] for page in pages]
    with TemporaryDirectory() as folder:
        schema = _schema(Path(folder) / "schema.db")

        def fresh(write: Callable[[Path], None]) -> Callable[[], dict[str, float]]:
            def once() -> dict[str, float]:
                file = Path(folder) / "new.db"
                wall, cpu = time.perf_counter(), time.process_time()
                write(file)
                cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
                for left in Path(folder).glob("new.db*"):
                    left.unlink()
                return {"wall": wall, "cpu": cpu}

            return once

        def sink(file: Path) -> None:
            with SqlSink(f"sqlite:///{file}", origin=_ORIGIN) as opened:
                for number, page in enumerate(pages):
                    opened.write(page, f"id-{number}")

        def converted(file: Path) -> None:
            _executemany(file, schema, ([row(each, "default", now) for each in page] for page in pages))

        def ready(file: Path) -> None:
            _executemany(file, schema, values)

        contenders = {
            "`SqlSink.write`": fresh(sink),
            "executemany, rows made from transactions": fresh(converted),
            "executemany, rows made before": fresh(ready),
        }
        runs = bench.in_turn(contenders, bench.choose(7, 1))
    section = Section(
        "Rows per second into SQLite",
        f"{count} pages of 1000 transactions of the sandbox into a fresh file, one commit a page, write-ahead log with "
        f"full synchronisation, the same table and indexes. The sink also looks up which rows it knows, upserts, and "
        f"keeps the acknowledgement id; executemany only inserts.",
        ("", "rows per second (wall)", "rows per second of CPU", "speed x"),
    )
    bare = runs["executemany, rows made from transactions"]
    for name, found in runs.items():
        section.rows.append(
            (
                name,
                f"{count * 1000 / median(found, 'wall'):,.0f}",
                f"{count * 1000 / median(found, 'cpu'):,.0f}",
                f"{quotient(bare, found, 'wall'):.2f}",
            )
        )
    speed = quotient(bare, runs["`SqlSink.write`"], "wall")
    section.targets.append(
        Target("rows into SQLite against bare executemany", "at least 0.7 x", f"{speed:.2f} x", speed >= 0.7)
    )
    return section


def read_pages(count: int) -> list[list[Transaction]]:
    """So many pages of 1000 transactions."""
    with Child("serving", "sandbox", json.dumps({"transactions": count * 1000})) as sandbox:
        return asyncio.run(_pages(sandbox.ready))


async def _pages(ready: dict[str, Any]) -> list[list[Transaction]]:
    async with KonfipayClient(ready["key"], base_url=ready["url"], limits=LIFTED, concurrency=2) as client:
        return [page.transactions async for page in client.transactions.pages()]


def _schema(file: Path) -> list[str]:
    """The statements that make the sink's tables and indexes."""
    with SqlSink(f"sqlite:///{file}", origin=_ORIGIN):
        pass
    with closing(sqlite3.connect(file)) as connection:
        return [sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")]


def _executemany(file: Path, schema: list[str], pages: Any) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        with connection:
            for statement in schema:
                connection.execute(statement)
        for page in pages:
            with connection:
                connection.executemany(_insert(page), page)


def _insert(page: Sequence[Sequence[object]]) -> str:
    return f"INSERT INTO transactions VALUES ({', '.join('?' * len(page[0]))})"  # noqa: S608
