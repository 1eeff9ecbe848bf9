"""SQLite as the sink uses it: one connection whose transactions write from the start, durable commits, a lock file."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from konfipay_async.errors import ConfigurationError, StorageError
from konfipay_async.pull.sinks import lock, schema
from konfipay_async.pull.sinks.rows import Value
from konfipay_async.pull.sinks.sqlite_errors import explain, primary_code

__all__ = ["Sqlite"]

# Seconds a write waits for another program's.
_PATIENCE = 5

# With a write-ahead log it is FULL; where there can be none, it makes the end of the rollback journal last as well.
_DURABLE = "PRAGMA synchronous = EXTRA"

# KiB of the database that are kept in memory. Ids are random, so a page of bookings touches a thousand pages of their
# index, which 2 MiB (the default) cannot hold until they are committed.
_CACHE = 16_384

# Pages of 4 KiB in the write-ahead log before it is carried over, so that the same page of an index goes there once for
# several commits.
_LOG = 4096

_HINT = "an SQLite file is written sqlite:///bookings.db, with its whole path sqlite:////var/lib/bookings.db"


class Sqlite:
    """The file at `url`, for one source. `lasts` is False for a database in memory; known once prepared."""

    errors: type[Exception] = sqlite3.Error

    def __init__(self, url: sa.URL, source: str) -> None:
        if url.query and "uri" not in url.query:
            # They would be ignored, so that a file believed to be read-only would be written to.
            raise ConfigurationError(f"the address of the database has options that need uri=true among them; {_HINT}")
        self.name = url.database or ":memory:"
        self.lasts = False
        self._url = url
        self._source = source
        self._engine: sa.Engine | None = None
        self._lock: sqlite3.Connection | None = None
        self._upserts: dict[sa.Table, str] = {}

    def connect(self) -> sa.Connection:
        """A connection any thread may use.

        The driver's own idea of when a transaction begins is switched off, and each begins as one that writes: a
        reader that becomes a writer halfway could be refused without waiting for its turn.
        """
        options = {"timeout": _PATIENCE, "check_same_thread": False, "isolation_level": None}
        try:
            engine = sa.create_engine(self._url, poolclass=sa.StaticPool, hide_parameters=True, connect_args=options)
            self._engine = engine
            connection = engine.connect()
        except (sa.exc.ArgumentError, TypeError, ValueError):
            raise ConfigurationError(f"cannot read the address of the database; {_HINT}") from None

        @sa.event.listens_for(engine, "begin")
        def begin(connection: sa.Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

        return connection

    def prepare(self, connection: sa.Connection) -> None:
        """Learn which file it is."""
        file = connection.exec_driver_sql("PRAGMA database_list").one()[2]
        self.name = file or self.name
        self.lasts = bool(file)

    def hold(self, connection: sa.Connection) -> None:
        """Keep other pulls of this source out. What lives in memory is nobody else's."""
        if self.lasts:
            self._lock = lock.take(self.name, self._source)
            _make_durable(connection)

    def release(self, connection: sa.Connection) -> None:
        """Nothing: the lock is a file's, which is closed."""

    @contextmanager
    def transaction(self, connection: sa.Connection, *, flushed: bool) -> Iterator[None]:
        """A transaction, whose commit waits for the disk or not."""
        if flushed:
            with connection.begin():
                yield
            return
        session = connection.connection.driver_connection
        assert isinstance(session, sqlite3.Connection)  # noqa: S101
        session.execute("PRAGMA synchronous = NORMAL")
        try:
            with connection.begin():
                yield
        finally:
            session.execute(_DURABLE)

    def put(
        self, connection: sa.Connection, table: sa.Table, rows: list[tuple[Value, ...]], now: str, *, likely_new: bool
    ) -> tuple[int, int]:
        """Insert these rows, or update those that are there; how many came, how many changed."""
        if table not in self._upserts:
            self._upserts[table] = schema.upsert(table, connection.dialect)
        # What is inserted gets the numbers after the last one, and nobody else writes meanwhile: no need to look
        # for a thousand keys to know that they are new.
        last = sa.select(sa.func.coalesce(sa.func.max(sa.literal_column("rowid", sa.Integer)), 0)).select_from(table)
        before = connection.execute(last).scalar_one()
        connection.exec_driver_sql(self._upserts[table], rows)
        came = connection.execute(last).scalar_one() - before
        if came == len(rows):
            return came, 0
        rids = [str(rid) for _, rid, *_ in rows]
        these = table.c.source == self._source, self.among(table.c.rid, rids), table.c.changed_at == now
        differ = sa.select(sa.func.count()).select_from(table).where(*these)
        return came, connection.execute(differ).scalar_one()

    def among(self, column: "sa.Column[str]", texts: list[str]) -> sa.ColumnElement[bool]:
        """As JSON, for older versions take 999 values in a statement and no arrays."""
        return column.in_(sa.select(sa.func.json_each(json.dumps(texts)).table_valued("value").c.value))

    def passes(self, error: Exception) -> bool:
        """A file does not go away for a moment; what is locked was waited for."""
        return False

    def close(self) -> None:
        """Let go of the file and of the lock."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.dispose()
        held, self._lock = self._lock, None
        if held is not None:
            held.close()

    def explain(self, error: BaseException) -> StorageError:
        """What went wrong, without the statement and the values an error of the database holds."""
        return explain(error, self.name)


def _make_durable(connection: sa.Connection) -> None:
    """Make commits last, and let others read while a page is written."""
    cursor = connection.connection.cursor()
    try:
        # An id may be sent as soon as its page is committed: a commit that a power cut undoes would lose bookings.
        cursor.execute(_DURABLE)
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute(f"PRAGMA cache_size = -{_CACHE}")
        cursor.execute(f"PRAGMA wal_autocheckpoint = {_LOG}")
    except sqlite3.OperationalError as error:
        # Another opens or reads the database this moment. Write-ahead is only a wish; the next to open it has it.
        if primary_code(error) != sqlite3.SQLITE_BUSY:
            raise
    finally:
        cursor.close()
