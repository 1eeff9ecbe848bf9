"""What a database remembers of the pulls themselves: which ran and how they ended, and which days are read.

`pull_runs` has a row for each pull, `pull_days` one for each booking day that a range pull has read to its end. Neither
holds anything of anybody's bookings. `pull_balances` has the balances that `konfipay verify` has seen: only two of them
say anything about the bookings in between.
"""

import os
import socket
import uuid
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Protocol, TypeVar

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    delete,
    insert,
    inspect,
    select,
    update,
)

from konfipay_async.errors import StorageError
from konfipay_async.pull.sinks.columns import Amount, Day, Moment
from konfipay_async.pull.sinks.noting import Run

__all__ = ["BALANCES", "COUNTS", "DAYS", "METADATA", "RUNS", "RunInTransaction", "SqlNotes", "prepare"]

T = TypeVar("T")

METADATA = MetaData()

COUNTS = ("pages", "transactions", "new", "known", "changed", "acknowledged", "expired", "resent", "requests")

# Days a run is remembered: enough to compare with last month's end.
_REMEMBERED = 100

# SQLite before 3.32 takes 999 variables in a statement.
_CHUNK = 900

RUNS = Table(
    "pull_runs",
    METADATA,
    Column("run_id", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("since", Day),
    Column("until", Day),
    Column("acknowledges", Boolean, nullable=False),
    Column("process", Integer, nullable=False),
    Column("host", Text, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("outcome", Text),
    Column("error", Text),
    *(Column(name, Integer) for name in COUNTS),
    Index("ix_pull_runs_started_at", "source", "what", "started_at"),
)

DAYS = Table(
    "pull_days",
    METADATA,
    Column("source", Text, nullable=False),
    Column("selection", Text, nullable=False),
    Column("day", Day, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("done_at", Moment, nullable=False),
    PrimaryKeyConstraint("source", "selection", "day"),
)


BALANCES = Table(
    "pull_balances",
    METADATA,
    Column("source", Text, nullable=False),
    Column("bank_account_rid", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("date", Moment, nullable=False),
    Column("amount", Amount, nullable=False),
    Column("noted_at", Moment, nullable=False),
    PrimaryKeyConstraint("source", "bank_account_rid", "currency", "date"),
)


class RunInTransaction(Protocol):
    """Does something in a transaction of the database and, where the connection broke, again in another."""

    def __call__(self, work: Callable[[Connection], T], /) -> T: ...


def prepare(connection: Connection, database: str) -> None:
    """Make the tables that are missing. StorageError where one of them is somebody else's.

    They came after the first ones and stand by themselves, so a database that has none simply gets them.
    """
    inspector = inspect(connection)
    found = {*inspector.get_table_names(), *inspector.get_view_names()}
    for table in METADATA.sorted_tables:
        if table.name not in found:
            table.create(connection, checkfirst=False)
            continue
        missing = set(table.columns.keys()) - {str(column["name"]) for column in inspector.get_columns(table.name)}
        if missing:
            raise StorageError(
                f"the table {table.name} of the database {database} is not as konfipay-async makes it: "
                f"{', '.join(sorted(missing))} is missing; rename that table, or choose another database (--to)"
            )


class SqlNotes:
    """The notes of one source; `run` does something in a transaction of the database, perhaps twice."""

    def __init__(self, run: RunInTransaction, source: str) -> None:
        self._run = run
        self._source = source

    def begin(self, run: Run) -> str:
        """Note that a pull began; what to call it when it ends."""
        run_id = uuid.uuid4().hex
        facts = {"source": self._source, "process": os.getpid(), "host": socket.gethostname(), "started_at": _now()}

        def work(connection: Connection) -> None:
            connection.execute(delete(RUNS).where(RUNS.c.run_id == run_id))
            connection.execute(insert(RUNS).values(run_id=run_id, **facts, **run._asdict()))

        self._run(work)
        return run_id

    def end(self, run_id: str, outcome: str, error: str | None, counts: Mapping[str, int]) -> None:
        """Note how it ended. What ended long ago is forgotten."""
        now = _now()
        values = {name: counts.get(name) for name in COUNTS}
        ended = update(RUNS).where(RUNS.c.run_id == run_id).values(ended_at=now, outcome=outcome, error=error, **values)
        old = RUNS.c.source == self._source, RUNS.c.started_at < now - timedelta(days=_REMEMBERED)

        def work(connection: Connection) -> None:
            connection.execute(ended)
            connection.execute(delete(RUNS).where(*old))

        self._run(work)

    def days(self, selection: str, first: date, last: date) -> dict[date, int]:
        """The days from first to last that were read to their end, and how many rows each had."""
        query = select(DAYS.c.day, DAYS.c.rows).where(*self._mine(selection), DAYS.c.day.between(first, last))
        return self._run(lambda connection: {row.day: row.rows for row in connection.execute(query)})

    def mark_days(self, selection: str, rows: Mapping[date, int]) -> None:
        """Note that these days were read to their end."""
        now = _now()
        values = [
            {"source": self._source, "selection": selection, "day": day, "rows": count, "done_at": now}
            for day, count in rows.items()
        ]

        def work(connection: Connection) -> None:
            self._forget(connection, selection, rows)
            if values:
                connection.execute(insert(DAYS), values)

        self._run(work)

    def unmark_days(self, selection: str, days: Collection[date]) -> None:
        """Forget that these days were read: they have changed since."""
        self._run(lambda connection: self._forget(connection, selection, days))

    def _forget(self, connection: Connection, selection: str, days: Collection[date]) -> None:
        listed = list(days)
        for start in range(0, len(listed), _CHUNK):
            these = DAYS.c.day.in_(listed[start : start + _CHUNK])
            connection.execute(delete(DAYS).where(*self._mine(selection), these))

    def _mine(self, selection: str) -> tuple[ColumnElement[bool], ...]:
        return DAYS.c.source == self._source, DAYS.c.selection == selection


def _now() -> datetime:
    return datetime.now(UTC)
