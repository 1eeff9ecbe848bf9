"""A pull into a database by its address: ``sqlite:///bookings.db`` (the extra ``sql``) or
``postgresql://user:password@host/name`` (the extra ``postgres``).

A page and the id that acknowledges it are committed in one transaction, and what is committed stays: through
`kill -9` and, as far as the database itself promises it, through a power cut. A booking's key is (source, rid), so one
that comes again is updated in place: `first_seen_at` stays, everything else is as it was delivered last, and
`changed_at` says when it last said something else. One pull of a source at a time writes into a database; pulls of
other sources may write beside it.

In SQLite amounts are text with every digit, and SQLite's own `sum` would go through floats; to sum exactly, read them
and add them up as decimals: ``sum(Decimal(amount) for (amount,) in connection.execute("SELECT amount FROM …"))``. In
PostgreSQL they are numeric, and its `sum` is exact.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol, Self, TypeVar

from konfipay_async.errors import (
    ClientStateError,
    ConfigurationError,
    MissingExtraError,
    StorageBusyError,
    StorageError,
)
from konfipay_async.models.transactions import Transaction
from konfipay_async.pull.sinks import Written
from konfipay_async.pull.sinks.rows import Value, is_interim, row

try:
    import sqlalchemy as sa

    from konfipay_async.pull.sinks import notes, other, schema, singles
    from konfipay_async.pull.sinks.sqlite import Sqlite
except ModuleNotFoundError:  # said when a sink is opened
    _INSTALLED = False
else:
    _INSTALLED = True

__all__ = ["SqlSink", "kind_of"]

T = TypeVar("T")

# Seconds for which a database that went away is waited for, and between two attempts to reach it, first and at most.
_AWAY = 60.0
_FIRST_WAIT = 0.1
_LONGEST_WAIT = 2.0


class SqlSink:
    """Writes bookings into the database at `url`, under the name `source`, from the server `origin`.

    The source is the name of the API key they are read with. A database belongs to the origin of its first page
    and refuses others. With `pending_to_own_table` bookings that were read from an interim report (camt.052 or MT942,
    which is how pending ones are told, inferred) go into the table `pending_transactions` instead of `transactions`; a
    rid is in one of the two, where its latest delivery belongs. konfipay documents no way to tell which booking an
    interim entry became, so entries stay there until their own rid comes as a booking.
    """

    def __init__(self, url: str, *, source: str = "default", origin: str, pending_to_own_table: bool = False) -> None:
        if not source:
            raise ConfigurationError("a source needs a name: it is part of the key of every row")
        self._url = url
        self._source = source
        self._origin = origin
        self._pending_to_own_table = pending_to_own_table
        self._database: _Database | None = None
        self._connection: sa.Connection | None = None
        self._has_origin = False
        self._in_a_hurry = threading.Event()
        self._last_tick = datetime.min.replace(tzinfo=UTC)

    def open(self) -> None:
        """Take the database: make the tables where there are none, and see that they are ours.

        MissingExtraError without the libraries, ConfigurationError for a kind of database that is not supported,
        StorageBusyError while another pull of this source or another program holds it, StorageError for all else.
        """
        if not _INSTALLED:
            raise MissingExtraError("a database", "sql")
        if self._database is not None:
            raise ClientStateError("the sink is open already")
        database = self._database = _database(self._url, self._source)
        self._in_a_hurry.clear()
        try:
            with _explained(database):
                connection = self._connection = database.connect()
                with connection.begin():
                    database.prepare(connection)
                    schema.prepare(connection, origin=self._origin, database=database.name)
                    notes.prepare(connection, database.name)
                database.hold(connection)
        except BaseException:
            self.close()
            raise

    @property
    def notes(self) -> "notes.SqlNotes":
        """What it remembers of pulls; for use while open."""
        return notes.SqlNotes(self._run, self._source)

    @property
    def singles(self) -> "singles.SqlSingles":
        """Where it keeps files and PayPal transactions; for use while open."""
        return singles.SqlSingles(self._run, self._source, self._belong)

    @property
    def lasts(self) -> bool:
        """Whether what is written outlives the process; a database in memory does not."""
        return self._database is not None and self._database.lasts

    def close(self) -> None:
        """Let go of the database and of the lock."""
        database, self._database = self._database, None
        if database is not None and self._connection is not None:
            database.release(self._connection)
        self._drop_connection()
        if database is not None:
            database.close()

    def give_up(self) -> None:
        """Wait no longer for a database that went away: what is under way fails instead. From any thread."""
        self._in_a_hurry.set()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, transactions: Sequence[Transaction], acknowledgement_id: str | None) -> Written:
        """Commit a page and, unless it is None, the id that acknowledges it: both or neither.

        Nothing is written where an amount cannot be kept. An id that comes again is pending again.
        """
        database = self._opened()
        now = self._tick()
        # Of a booking that is twice in a page the last one counts.
        homes = {transaction.rid: self._home(transaction) for transaction in transactions}
        rows = {transaction.rid: row(transaction, self._source, now) for transaction in transactions}

        def work(connection: "sa.Connection") -> Written:
            self._belong(connection)
            new = changed = 0
            for table, other in ((schema.TRANSACTIONS, schema.PENDING), (schema.PENDING, schema.TRANSACTIONS)):
                rids = [rid for rid, home in homes.items() if home is table]
                if not rids:
                    continue
                if strays := self._strays(connection, other, rids):
                    schema.move(connection, other, table, self._source, database.among(other.c.rid, strays))
                # What is to be acknowledged was new when it was read.
                likely_new = acknowledgement_id is not None and not strays
                these = [rows[rid] for rid in rids]
                came, differ = database.put(connection, table, these, now, likely_new=likely_new)
                new += came
                changed += differ
            if acknowledgement_id is not None:
                self._record(connection, acknowledgement_id, len(transactions), now)
            return Written(new=new, known=len(homes) - new, changed=changed)

        written = self._run(work)
        self._has_origin = True
        return written

    def pending(self) -> list[str]:
        """The ids that were committed and not settled, oldest first."""
        table = schema.ACKNOWLEDGEMENTS
        mine = table.c.source == self._source, table.c.settled_at.is_(None)
        query = sa.select(table.c.acknowledgement_id).where(*mine).order_by(table.c.recorded_at)
        return self._run(lambda connection: list(connection.scalars(query)))

    def settle(self, acknowledgement_id: str, outcome: str) -> None:
        """Note what became of an id. StorageError where it was never committed."""
        table = schema.ACKNOWLEDGEMENTS
        this = table.c.source == self._source, table.c.acknowledgement_id == acknowledgement_id
        change = table.update().where(*this).values(settled_at=self._tick(), outcome=outcome)
        # What a power cut undoes of this is done again: the id is sent once more, which changes nothing.
        if self._run(lambda connection: connection.execute(change).rowcount, flushed=False) == 0:
            raise StorageError(
                f"the database {self._opened().name} has no acknowledgement {acknowledgement_id} of the source "
                f"{self._source!r} to settle"
            )

    def count(self) -> int:
        """How many bookings of this source the table `transactions` holds."""
        table = schema.TRANSACTIONS
        query = sa.select(sa.func.count()).select_from(table).where(table.c.source == self._source)
        return self._run(lambda connection: int(connection.execute(query).scalar_one()))

    def _belong(self, connection: "sa.Connection") -> None:
        """Bind the database to the origin, with the first that is kept in it."""
        if not self._has_origin:
            schema.belong_to(connection, origin=self._origin, database=self._opened().name)

    def _opened(self) -> "_Database":
        if self._database is None:
            raise ClientStateError("the sink is not open")
        return self._database

    def _home(self, transaction: Transaction) -> "sa.Table":
        apart = self._pending_to_own_table and is_interim(transaction)
        return schema.PENDING if apart else schema.TRANSACTIONS

    def _strays(self, connection: "sa.Connection", table: "sa.Table", rids: list[str]) -> list[str]:
        """Those of these rids that the table has. Mostly it has none of this source at all, which is soon seen."""
        mine = sa.select(table.c.rid).where(table.c.source == self._source)
        if connection.execute(mine.limit(1)).first() is None:
            return []
        return list(connection.scalars(mine.where(self._opened().among(table.c.rid, rids))))

    def _record(self, connection: "sa.Connection", acknowledgement_id: str, rows: int, now: str) -> None:
        table = schema.ACKNOWLEDGEMENTS
        values = {"recorded_at": now, "rows": rows, "settled_at": None, "outcome": None}
        key = {"source": self._source, "acknowledgement_id": acknowledgement_id}
        schema.keep(connection, table, key, values, replace=True)

    def _run(self, work: "Callable[[sa.Connection], T]", *, flushed: bool = True) -> T:
        """Do this in a transaction and, where the connection breaks, again in another: it must bear repeating."""
        database = self._opened()
        give_up: float | None = None
        wait = _FIRST_WAIT
        while True:
            with _explained(database):
                try:
                    return self._once(database, work, flushed)
                except (sa.exc.DBAPIError, database.errors, StorageBusyError) as error:
                    # Busy is what comes of a lock that was lost with its connection: the server may not have noticed.
                    if not isinstance(error, StorageBusyError) and not database.passes(_cause(error)):
                        raise
                    # Before anything else: what comes of it later must not go on without the lock.
                    self._drop_connection()
                    give_up = give_up or time.monotonic() + _AWAY
                    if self._in_a_hurry.is_set() or time.monotonic() + wait > give_up:
                        raise
            self._in_a_hurry.wait(wait)
            wait = min(2 * wait, _LONGEST_WAIT)

    def _once(self, database: "_Database", work: "Callable[[sa.Connection], T]", flushed: bool) -> T:
        if self._connection is None:
            connection = database.connect()
            try:
                database.hold(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        with database.transaction(self._connection, flushed=flushed):
            return work(self._connection)

    def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _tick(self) -> str:
        """Now, and later than ever before: what was written in an order keeps it."""
        self._last_tick = max(_now(), self._last_tick + timedelta(microseconds=1))
        return self._last_tick.isoformat(timespec="microseconds")


class _Database(Protocol):
    """What a kind of database does in its own way."""

    name: str
    errors: type[Exception]

    @property
    def lasts(self) -> bool: ...

    def connect(self) -> "sa.Connection":
        """A new connection whose commits last."""

    def prepare(self, connection: "sa.Connection") -> None:
        """Called in the transaction that makes the tables."""

    def hold(self, connection: "sa.Connection") -> None:
        """Take the lock of the source, for as long as the connection lives or longer. StorageBusyError."""

    def release(self, connection: "sa.Connection") -> None:
        """Give the lock back, before the connection is closed for good. Raises nothing."""

    def transaction(self, connection: "sa.Connection", *, flushed: bool) -> AbstractContextManager[object]:
        """A transaction; without `flushed` its commit need not wait for the disk, and a power cut may undo it."""

    def put(
        self,
        connection: "sa.Connection",
        table: "sa.Table",
        rows: list[tuple[Value, ...]],
        now: str,
        *,
        likely_new: bool,
    ) -> tuple[int, int]:
        """Insert these rows, each with a rid of its own, or update those that are there: how many were not, and how
        many of those that were say something else now. All of them were seen `now`, which no other page was.
        `likely_new` is a guess at what will be fast.
        """

    def among(self, column: "sa.Column[str]", texts: list[str]) -> "sa.ColumnElement[bool]":
        """Whether the column is one of many texts, as one value of the statement."""

    def passes(self, error: Exception) -> bool:
        """Whether a new connection, a moment later, may do better."""

    def close(self) -> None: ...

    def explain(self, error: BaseException) -> StorageError:
        """A sentence for what the driver raised."""


def kind_of(url: "sa.URL") -> Literal["sqlite", "postgresql"] | None:
    """Which of the two it is, where it is driven as they are here."""
    if url.drivername in ("sqlite", "sqlite+pysqlite"):
        return "sqlite"
    return "postgresql" if url.drivername in ("postgresql", "postgres", "postgresql+psycopg") else None


def _database(address: str, source: str) -> _Database:
    try:
        url = sa.make_url(address)
    except sa.exc.ArgumentError:
        raise ConfigurationError(f"cannot read the address of the database; {_ADDRESSES}") from None
    kind = kind_of(url)
    if kind == "sqlite":
        return Sqlite(url, source)
    if kind == "postgresql":
        try:
            from konfipay_async.pull.sinks.postgresql import Postgresql
        except ModuleNotFoundError:
            raise MissingExtraError("a PostgreSQL database", "postgres") from None
        return Postgresql(url, source)
    if url.get_backend_name() in other.KINDS:
        return other.Other(url, source)
    raise ConfigurationError(f"a database of the kind {url.drivername!r} is not supported; {_ADDRESSES}")


_ADDRESSES = (
    "an SQLite file is written sqlite:///bookings.db, with its whole path sqlite:////var/lib/bookings.db, "
    "a PostgreSQL database postgresql://user:password@host:5432/name, files jsonl:FOLDER, csv:FOLDER or "
    "parquet:FOLDER; untested are mysql+DRIVER://…, mariadb+DRIVER://… and mssql+DRIVER://…"
)


@contextmanager
def _explained(database: _Database) -> Iterator[None]:
    """Turn what the database says into a sentence. Its own text holds statements and values, so it goes."""
    try:
        yield
    except (sa.exc.DBAPIError, database.errors) as error:
        raise database.explain(_cause(error)) from None
    except UnicodeError:
        raise StorageError("a booking has a text that is no valid Unicode; nothing of its page was written") from None


def _cause(error: Exception) -> Exception:
    """What the driver raised, without what SQLAlchemy put around it."""
    return error.orig if isinstance(error, sa.exc.DBAPIError) and isinstance(error.orig, Exception) else error


def _now() -> datetime:
    return datetime.now(UTC)
