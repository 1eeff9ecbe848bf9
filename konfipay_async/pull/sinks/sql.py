"""A pull into a database (the extra ``sql``): SQLite for now, by an address such as ``sqlite:///bookings.db``.

A page and the id that acknowledges it are committed in one transaction, and what is committed stays: through
`kill -9` and, with SQLite's full synchronisation, through a power cut. A booking's key is (source, rid), so one that
comes again is updated in place: `first_seen_at` stays, everything else is as it was delivered last. One pull of a
source at a time holds a database file; pulls of other sources may write beside it.

Amounts are text with every digit, and SQLite's own `sum` would go through floats; to sum exactly, read them and add
them up as decimals: ``sum(Decimal(amount) for (amount,) in connection.execute("SELECT amount FROM transactions"))``.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Self

from konfipay_async.errors import ClientStateError, ConfigurationError, MissingExtraError, StorageError
from konfipay_async.models.transactions import Transaction
from konfipay_async.pull.sinks import Written, lock
from konfipay_async.pull.sinks.rows import row

try:
    import sqlalchemy as sa

    from konfipay_async.pull.sinks import notes, schema, singles
except ModuleNotFoundError:  # said when a sink is opened
    _INSTALLED = False
else:
    _INSTALLED = True

__all__ = ["SqlSink"]

# Seconds a write waits for another program's.
_PATIENCE = 5

# SQLite before 3.32 takes 999 variables in a statement.
_CHUNK = 900


class SqlSink:
    """Writes bookings into the database at `url`, under the name `source`, from the server `origin`.

    The source is the name of the API key they are read with. A database belongs to the origin of its first page
    and refuses others.
    """

    def __init__(self, url: str, *, source: str = "default", origin: str) -> None:
        if not source:
            raise ConfigurationError("a source needs a name: it is part of the key of every row")
        self._url = url
        self._source = source
        self._origin = origin
        self._engine: sa.Engine | None = None
        self._lock: sqlite3.Connection | None = None
        self._database = ""  # what errors call it: the file, never the address
        self._upsert = ""
        self._has_origin = False

    def open(self) -> None:
        """Take the database: make the tables where there are none, and see that they are ours.

        MissingExtraError without SQLAlchemy, ConfigurationError for a kind of database that is not supported,
        StorageBusyError while another pull of this source holds it, StorageError for all else.
        """
        if not _INSTALLED:
            raise MissingExtraError("a database", "sql")
        if self._engine is not None:
            raise ClientStateError("the sink is open already")
        url = _read(self._url)
        self._database = url.database or ":memory:"
        try:
            with self._explained():
                self._engine = _engine(url)
            self._prepare(self._engine)
        except BaseException:
            self.close()
            raise

    @property
    def notes(self) -> "notes.SqlNotes":
        """What it remembers of pulls; for use while open."""
        return notes.SqlNotes(self._transaction, self._source)

    @property
    def singles(self) -> "singles.SqlSingles":
        """Where it keeps files and PayPal transactions; for use while open."""
        return singles.SqlSingles(self._transaction, self._source)

    @property
    def lasts(self) -> bool:
        """Whether there is a file; a database in memory ends with the process."""
        return self._lock is not None

    def close(self) -> None:
        """Let go of the database and of the lock."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.dispose()
        held, self._lock = self._lock, None
        if held is not None:
            held.close()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, transactions: Sequence[Transaction], acknowledgement_id: str | None) -> Written:
        """Commit a page and, unless it is None, the id that acknowledges it: both or neither.

        Nothing is written where an amount cannot be kept. An id that comes again is pending again.
        """
        now = _now()
        rows = [row(transaction, self._source, now) for transaction in transactions]
        rids = list({transaction.rid for transaction in transactions})
        with self._transaction() as connection:
            if not self._has_origin:
                schema.belong_to(connection, origin=self._origin, database=self._database)
            known = self._known(connection, rids)
            if rows:
                connection.exec_driver_sql(self._upsert, rows)
            if acknowledgement_id is not None:
                self._record(connection, acknowledgement_id, len(rows), now)
        self._has_origin = True
        return Written(new=len(rids) - known, known=known)

    def pending(self) -> list[str]:
        """The ids that were committed and not settled, oldest first."""
        table = schema.ACKNOWLEDGEMENTS
        mine = table.c.source == self._source, table.c.settled_at.is_(None)
        query = sa.select(table.c.acknowledgement_id).where(*mine)
        with self._transaction() as connection:
            # Within one tick of the clock, the order they were written in.
            return list(connection.scalars(query.order_by(table.c.recorded_at, sa.literal_column("rowid"))))

    def settle(self, acknowledgement_id: str, outcome: str) -> None:
        """Note what became of an id. StorageError where it was never committed."""
        table = schema.ACKNOWLEDGEMENTS
        this = table.c.source == self._source, table.c.acknowledgement_id == acknowledgement_id
        with self._transaction() as connection:
            changed = connection.execute(table.update().where(*this).values(settled_at=_now(), outcome=outcome))
            if changed.rowcount == 0:
                raise StorageError(
                    f"the database {self._database} has no acknowledgement {acknowledgement_id} of the source "
                    f"{self._source!r} to settle"
                )

    def count(self) -> int:
        """How many bookings of this source the database holds."""
        table = schema.TRANSACTIONS
        query = sa.select(sa.func.count()).select_from(table).where(table.c.source == self._source)
        with self._transaction() as connection:
            return int(connection.execute(query).scalar_one())

    def _prepare(self, engine: "sa.Engine") -> None:
        with self._transaction() as connection:
            file = connection.exec_driver_sql("PRAGMA database_list").one()[2]
            self._database = file or self._database
            schema.prepare(connection, origin=self._origin, database=self._database)
            notes.prepare(connection, self._database)
        if file:  # what lives in memory is nobody else's
            self._lock = lock.take(file, self._source)
            with self._explained():
                _make_durable(engine)
        self._upsert = _upsert(engine.dialect)

    def _known(self, connection: "sa.Connection", rids: list[str]) -> int:
        table = schema.TRANSACTIONS
        known = 0
        for start in range(0, len(rids), _CHUNK):
            these = table.c.source == self._source, table.c.rid.in_(rids[start : start + _CHUNK])
            known += connection.execute(sa.select(sa.func.count()).select_from(table).where(*these)).scalar_one()
        return known

    def _record(self, connection: "sa.Connection", acknowledgement_id: str, rows: int, now: str) -> None:
        table = schema.ACKNOWLEDGEMENTS
        values = {"recorded_at": now, "rows": rows, "settled_at": None, "outcome": None}
        key = {"source": self._source, "acknowledgement_id": acknowledgement_id}
        insert = schema.INSERTS[connection.dialect.name](table).values(**key, **values)
        connection.execute(insert.on_conflict_do_update(index_elements=list(key), set_=values))

    @contextmanager
    def _transaction(self) -> Iterator["sa.Connection"]:
        if self._engine is None:
            raise ClientStateError("the sink is not open")
        with self._explained(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what the database says into a sentence. Its own text holds statements and values, so it goes."""
        try:
            yield
        except sa.exc.DBAPIError as error:
            raise _explain(error.orig, self._database) from None
        except sqlite3.Error as error:
            raise _explain(error, self._database) from None
        except UnicodeError:
            raise StorageError(
                "a booking has a text that is no valid Unicode; nothing of its page was written"
            ) from None


def _read(text: str) -> "sa.URL":
    try:
        url = sa.make_url(text)
        url.get_dialect()
    except sa.exc.NoSuchModuleError:
        kind = text.partition(":")[0]
        raise ConfigurationError(f"{kind!r} is no kind of database; {_ADDRESS}") from None
    except sa.exc.ArgumentError:
        raise ConfigurationError(f"cannot read the address of the database; {_ADDRESS}") from None
    if url.drivername not in ("sqlite", "sqlite+pysqlite"):
        raise ConfigurationError(f"a database of the kind {url.drivername!r} is not supported for now; {_ADDRESS}")
    if url.query and "uri" not in url.query:
        # They would be ignored, so that a file believed to be read-only would be written to.
        raise ConfigurationError(f"the address of the database has options that need uri=true among them; {_ADDRESS}")
    return url


_ADDRESS = "an SQLite file is written sqlite:///bookings.db, with its whole path sqlite:////var/lib/bookings.db"


def _engine(url: "sa.URL") -> "sa.Engine":
    """An engine of one connection, which any thread may use, and whose transactions write from the start.

    The driver's own idea of when a transaction begins is switched off, and each begins as one that writes: a reader
    that becomes a writer halfway could be refused without waiting for its turn.
    """
    options = {"timeout": _PATIENCE, "check_same_thread": False, "isolation_level": None}
    try:
        engine = sa.create_engine(url, poolclass=sa.StaticPool, hide_parameters=True, connect_args=options)
        engine.raw_connection().close()
    except (sa.exc.ArgumentError, TypeError, ValueError):
        raise ConfigurationError(f"cannot read the address of the database; {_ADDRESS}") from None

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _make_durable(engine: "sa.Engine") -> None:
    """Make commits last, and let others read while a page is written."""
    connection = engine.raw_connection()
    try:
        # An id may be sent as soon as its page is committed: a commit that a power cut undoes would lose bookings.
        connection.cursor().execute("PRAGMA synchronous = FULL")
        connection.cursor().execute("PRAGMA journal_mode = WAL")
    except sqlite3.OperationalError as error:
        # Another opens or reads the database this moment. Write-ahead is only a wish; the next to open it has it.
        if _code(error) != sqlite3.SQLITE_BUSY:
            raise
    finally:
        connection.close()


def _upsert(dialect: "sa.Dialect") -> str:
    """The statement as the driver takes it, compiled once: its values are those of `rows.row`, in that order."""
    table = schema.TRANSACTIONS
    insert = schema.INSERTS[dialect.name](table)
    kept = {"source", "rid", "first_seen_at"}
    changes = {column.name: insert.excluded[column.name] for column in table.columns if column.name not in kept}
    statement = insert.on_conflict_do_update(index_elements=["source", "rid"], set_=changes)
    return str(statement.compile(dialect=dialect))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _code(error: BaseException | None) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _explain(error: BaseException | None, database: str) -> StorageError:
    code = _code(error)
    if code == sqlite3.SQLITE_CANTOPEN:
        return StorageError(f"the database {database} cannot be opened: {_why_not(database)}")
    if code in _SENTENCES:
        return StorageError(_SENTENCES[code].format(database=database))
    # The name of an error says enough to look it up, its text may say more than a log should hold.
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    return StorageError(f"the database {database} failed with {name}; nothing was written")


def _why_not(database: str) -> str:
    directory = os.path.dirname(database) or "."
    if os.path.isdir(database):
        return "it is a directory; give the name of a file in it"
    if not database.startswith("file:") and not os.path.isdir(directory):
        return f"there is no directory {directory}; make it, or choose another file"
    return "the file and its directory must exist and be readable and writable; change that, or choose another file"


_SENTENCES = {
    sqlite3.SQLITE_BUSY: "the database {database} is locked by another program; close that, or wait, and pull again",
    sqlite3.SQLITE_LOCKED: "the database {database} is locked by another program; close that, or wait, and pull again",
    sqlite3.SQLITE_READONLY: "the database {database} is read-only; allow writing to it, or choose another file (--to)",
    sqlite3.SQLITE_PERM: "the database {database} may not be used; allow that, or choose another file (--to)",
    sqlite3.SQLITE_FULL: "no room is left for the database {database}, nothing was written; make room and pull again",
    sqlite3.SQLITE_IOERR: "the database {database} cannot be read or written, nothing was written; check the disk",
    sqlite3.SQLITE_NOTADB: "{database} is a file, but no SQLite database; choose another file (--to)",
    sqlite3.SQLITE_CORRUPT: "the database {database} is damaged; restore it, or pull into a new file (--to)",
}
