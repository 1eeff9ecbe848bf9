"""Rows per second into PostgreSQL: the sink of the pull against bare executemany."""

import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from benchmarks.bench import Bench, Section, Target, median, quotient
from benchmarks.postgres_server import PostgresServer
from benchmarks.scenarios.sqlite import read_pages
from konfipay_async import Transaction
from konfipay_async.pull.sinks.rows import row
from konfipay_async.pull.sinks.sql import SqlSink

_ORIGIN = "http://127.0.0.1/api/v6"


def run(bench: Bench) -> Section:
    """`SqlSink` and executemany, the same rows, columns and indexes."""
    count = bench.choose(50, 3)
    pages = read_pages(count)
    folder = Path(tempfile.mkdtemp(prefix="konfipay-"))
    try:
        server = PostgresServer(folder, fsync=True)
        server.start()
        try:
            runs = bench.in_turn(_contenders(server, pages), bench.choose(7, 1))
        finally:
            server.stop("immediate")
    finally:
        shutil.rmtree(folder)
    bare = runs["executemany, rows made from transactions"]
    section = Section(
        "Rows per second into PostgreSQL",
        f"{count} pages of 1000 transactions of the sandbox into empty tables of a server on the same machine, one "
        f"commit a page, flushed to disk, the same table and indexes. The sink also looks up which rows it knows, "
        f"upserts, and keeps the acknowledgement id; executemany (psycopg, pipelined) only inserts.",
        ("", "rows per second (wall)", "rows per second of the client's CPU", "speed x"),
    )
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
        Target("rows into PostgreSQL against bare executemany", "at least 0.7 x", f"{speed:.2f} x", speed >= 0.7)
    )
    return section


def _contenders(
    server: PostgresServer, pages: Sequence[Sequence[Transaction]]
) -> dict[str, Callable[[], dict[str, float]]]:
    now = datetime.now(UTC).isoformat()
    url = server.url()

    def fresh(write: Callable[[], None]) -> Callable[[], dict[str, float]]:
        def once() -> dict[str, float]:
            server.execute("DROP SCHEMA IF EXISTS konfipay CASCADE", "CHECKPOINT")
            with SqlSink(url, origin=_ORIGIN):  # makes the tables
                pass
            wall, cpu = time.perf_counter(), time.process_time()
            write()
            return {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}

        return once

    def sink() -> None:
        with SqlSink(url, origin=_ORIGIN) as opened:
            for number, page in enumerate(pages):
                opened.write(page, f"id-{number}")

    def executemany() -> None:
        with psycopg.connect(url) as connection, connection.cursor() as cursor:
            for page in pages:
                values = [row(transaction, "default", now) for transaction in page]
                marks = ", ".join(["%s"] * len(values[0]))
                cursor.executemany(f"INSERT INTO konfipay.transactions VALUES ({marks})", values)  # noqa: S608
                connection.commit()

    return {"`SqlSink.write`": fresh(sink), "executemany, rows made from transactions": fresh(executemany)}
