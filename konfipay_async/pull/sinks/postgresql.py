"""PostgreSQL as the sink uses it (the extra ``postgres``): psycopg, one connection, a schema of our own, a lock.

The tables live in the schema `konfipay`, beside whatever else the database holds. The lock that keeps two pulls of one
source apart is an advisory lock of the session that writes: whoever has lost the connection has lost the lock, so
nothing is ever written without it. The server ends a session whose process died at once, and one whose machine or
network died within about half a minute. Pooling by transactions (as PgBouncer can) keeps neither sessions nor locks:
connect past it.

Where the connection breaks, the sink comes back and repeats its transaction, for `_AWAY` seconds, unless another pull
took the lock meanwhile. A commit whose answer was lost may have happened; repeating it changes nothing.
"""

import hashlib
import os
import re
import socket
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, suppress
from typing import Any, TypeVar

import psycopg
import sqlalchemy as sa

from konfipay_async.errors import ConfigurationError, StorageAwayError, StorageBusyError, StorageError
from konfipay_async.pull.sinks import schema
from konfipay_async.pull.sinks.rows import Value

__all__ = ["Postgresql", "holder"]

T = TypeVar("T")

_SCHEMA = "konfipay"

# Rows on their way into a table.
_INCOMING = schema.TRANSACTIONS.to_metadata(sa.MetaData(), name="incoming")

_COUNTED = """
WITH put AS ({upsert} RETURNING first_seen_at, changed_at)
SELECT count(*) FILTER (WHERE first_seen_at = %(now)s), count(*) FILTER (WHERE changed_at = %(now)s) FROM put
"""

_HINT = "a PostgreSQL database is written postgresql://user:password@host:5432/name"

# Settings of a session. Times without an offset are German local time (inferred: konfipay's are, with an offset). The
# keepalives let the server notice within half a minute that the other end is gone.
_SETTINGS = {
    "search_path": _SCHEMA,
    "TimeZone": "Europe/Berlin",
    "DateStyle": "ISO",
    "lock_timeout": "30s",
    "tcp_keepalives_idle": "15",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}

# The same for our end of the connection; what the address says goes before.
_OPTIONS = {
    "connect_timeout": "10",
    "keepalives_idle": "15",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}

# How long a lock is waited for, as PostgreSQL writes it.
_PATIENCE = "2s"
_LOCK_NOT_AVAILABLE = "55P03"

# SQLSTATEs of what passes: the server stops, starts, or has too many guests; the transaction met another's.
_PASSING = {"57P01", "57P02", "57P03", "57P05", "53300", "40001", "40P01", "25P03"}


class Postgresql:
    """The database at `url`, for one source. What is committed there lasts."""

    lasts = True
    errors: type[Exception] = psycopg.Error

    def __init__(self, url: sa.URL, source: str) -> None:
        host = url.query.get("host", url.host or "localhost")
        self.name = f"{url.database or url.username} at {host if isinstance(host, str) else ', '.join(host)}"
        self._url = url.set(drivername="postgresql+psycopg")
        self._source = source
        self._engine: sa.Engine | None = None
        self._upserts: dict[sa.Table, str] = {}

    def connect(self) -> sa.Connection:
        """A session whose commits last: synchronous_commit is on where it was off."""
        if self._engine is None:
            self._engine = self._new_engine()
        try:
            connection = self._engine.connect()
        except sa.exc.ProgrammingError:  # libpq's word on options it does not know, or cannot read
            raise ConfigurationError(f"the address of the database has options that are none; {_HINT}") from None
        try:
            self._set_up(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def prepare(self, connection: sa.Connection) -> None:
        """Make the schema where there is none; others who come at the same time wait."""
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_number("prepare"))))
        there = sa.text("SELECT 1 FROM pg_namespace WHERE nspname = :name")
        if connection.execute(there, {"name": _SCHEMA}).first() is None:
            connection.exec_driver_sql(f"CREATE SCHEMA {_SCHEMA}")

    def hold(self, connection: sa.Connection) -> None:
        """Keep other pulls of this source out, as long as this session lives."""
        number = _number(f"source {self._source}")
        try:
            with connection.begin():
                # A moment's patience: the server may not have noticed yet that the last holder is gone.
                connection.execute(sa.select(sa.func.set_config("lock_timeout", _PATIENCE, True)))
                connection.execute(sa.select(sa.func.pg_advisory_lock(number)))
                connection.exec_driver_sql("CREATE TEMPORARY TABLE incoming (LIKE transactions) ON COMMIT DELETE ROWS")
                return
        except sa.exc.OperationalError as error:
            if error.orig is None or _state(error.orig) != _LOCK_NOT_AVAILABLE:
                raise
        with connection.begin():
            who = holder(connection, self._source)
        raise StorageBusyError(
            f"another pull of the source {self._source!r} writes into {self.name}: "
            f"{who or 'it has just ended'}; wait for it to end, or end it"
        )

    def release(self, connection: sa.Connection) -> None:
        """Let the next pull in at once: the server notices the end of a session a moment later."""
        with suppress(sa.exc.SQLAlchemyError, psycopg.Error), connection.begin():
            connection.execute(sa.select(sa.func.pg_advisory_unlock_all()))

    def transaction(self, connection: sa.Connection, *, flushed: bool) -> AbstractContextManager[object]:
        """A transaction, whose commit always waits for the disk: a server may crash while the pull goes on, which
        would believe in what the server has forgotten."""
        return connection.begin()

    def put(
        self, connection: sa.Connection, table: sa.Table, rows: list[tuple[Value, ...]], now: str, *, likely_new: bool
    ) -> tuple[int, int]:
        """Insert these rows, or update those that are there; how many came, how many changed.

        What is likely new is copied straight into the table. Else, or where that did not succeed, the rows are copied
        into a table of the session, and taken over from there all at once. What a commit wrote whose answer was lost
        is of this moment, and has come.
        """
        session = connection.connection.driver_connection
        assert isinstance(session, psycopg.Connection)  # noqa: S101
        if likely_new and _copied(session, table, rows):
            return len(rows), 0
        if table not in self._upserts:
            upsert = schema.upsert(table, connection.dialect, rows_from=_INCOMING)
            self._upserts[table] = _COUNTED.format(upsert=upsert)
        session.execute(b"DELETE FROM incoming")  # what went into another table; commits empty it too
        _copy(session, _INCOMING, map(_without_nul, rows))
        came, differ = session.execute(self._upserts[table].encode(), {"now": now}).fetchone() or (0, 0)
        return int(came), int(differ)

    def among(self, column: "sa.Column[str]", texts: list[str]) -> sa.ColumnElement[bool]:
        """As an array."""
        return column == sa.any_(sa.literal(list(_without_nul(texts)), sa.ARRAY(sa.Text)))

    def passes(self, error: Exception) -> bool:
        """Whether the same may succeed a moment later: the connection broke, or the server said so."""
        state = _state(error)
        broken = not state and isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
        return broken or _is_passing(state)

    def close(self) -> None:
        """Nothing is held but the connection."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.dispose()

    def explain(self, error: BaseException) -> StorageError:
        """What went wrong, without the statement and the values an error of the database holds."""
        state = _state(error)
        for known, sentence in _SENTENCES.items():
            if state.startswith(known):
                kind = StorageBusyError if state == _LOCK_NOT_AVAILABLE else StorageError
                return kind(sentence.format(database=self.name, schema=_SCHEMA))
        if state:
            kind = StorageAwayError if _is_passing(state) else StorageError
            # The code is enough to look it up, the text may say more than a log should hold.
            return kind(f"the database {self.name} failed with SQLSTATE {state}; nothing was written")
        said = re.sub(r'"[^"]*"', "", str(error))  # names of hosts, users and databases could mean anything
        for reasons, kind in _REASONS:
            for known, reason in reasons.items():
                if known in said:
                    return kind(f"the database {self.name} cannot be reached: {reason}")
        return StorageError(f"the database {self.name} failed with {type(error).__name__}; nothing was written")

    def _new_engine(self) -> sa.Engine:
        options = {name: value for name, value in _OPTIONS.items() if name not in self._url.query}
        if "application_name" not in self._url.query:
            options["application_name"] = _who_we_are()
        try:
            return sa.create_engine(
                self._url, poolclass=sa.NullPool, hide_parameters=True, paramstyle="format", connect_args=options
            )
        except (sa.exc.ArgumentError, TypeError, ValueError):
            raise ConfigurationError(f"cannot read the address of the database; {_HINT}") from None

    def _set_up(self, connection: sa.Connection) -> None:
        settings: list[sa.ColumnElement[Any]] = [
            sa.func.set_config(name, value, False) for name, value in _SETTINGS.items()
        ]
        with connection.begin():
            encoding, commits = connection.exec_driver_sql(
                "SELECT current_setting('server_encoding'), current_setting('synchronous_commit')"
            ).one()
            if encoding != "UTF8":
                raise StorageError(
                    f"the database {self.name} has the encoding {encoding}, which cannot hold every text; "
                    "choose one made with ENCODING 'UTF8' (--to)"
                )
            if commits == "off":
                settings.append(sa.func.set_config("synchronous_commit", "on", False))
            connection.execute(sa.select(*settings))


def holder(connection: sa.Connection, source: str) -> str | None:
    """Who holds the lock of a source, and since when; None where nobody does."""
    number = _number(f"source {source}")
    who: str | None = connection.execute(sa.text(_HOLDER), {"number": number}).scalar()
    return who


def _copied(session: "psycopg.Connection[Any]", table: sa.Table, rows: Iterable[Sequence[Value]]) -> bool:
    """Whether none of them was there, and all are now. Where not, nothing happened."""
    try:
        with session.transaction():  # in which we are: a savepoint
            _copy(session, table, rows)
    except (psycopg.errors.UniqueViolation, psycopg.DataError):  # a NUL in a text, or worse, which will show again
        return False
    return True


def _copy(session: "psycopg.Connection[Any]", table: sa.Table, rows: Iterable[Sequence[Value]]) -> None:
    statement = f"COPY {table.name} ({', '.join(table.columns.keys())}) FROM STDIN"
    with session.cursor() as cursor, cursor.copy(statement.encode()) as copy:
        for row in rows:
            copy.write_row(row)


def _without_nul(values: Sequence[T]) -> Sequence[T | str]:
    """PostgreSQL has no NUL in texts, and one must not hold up all bookings: it becomes U+FFFD."""
    if "\0" in "".join([value for value in values if isinstance(value, str)]):
        return [value.replace("\0", "\ufffd") if isinstance(value, str) else value for value in values]
    return values


def _number(name: str) -> int:
    """The number of an advisory lock; they are counted for each database by itself."""
    return int.from_bytes(hashlib.sha256(f"konfipay {name}".encode("utf-8", "surrogatepass")).digest()[:8], signed=True)


def _who_we_are() -> str:
    """As others read it when they find the lock taken; the server keeps 63 ASCII characters."""
    return f"konfipay pull, process {os.getpid()} on {socket.gethostname()}".encode("ascii", "replace")[:63].decode()


_HOLDER = """
SELECT format('%s, since %s (session %s%s)', coalesce(nullif(application_name, ''), 'it did not say who it is'),
              to_char(backend_start, 'YYYY-MM-DD HH24:MI:SSOF'), pid, ' from ' || host(client_addr))
FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND objsubid = 1 AND granted
  AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND (classid::bigint << 32 | objid::bigint) = :number
"""


def _state(error: BaseException) -> str:
    return getattr(error, "sqlstate", None) or ""


def _is_passing(state: str) -> bool:
    return state in _PASSING or state.startswith("08")


# By SQLSTATE or the class it begins with.
_SENTENCES = {
    "25006": "the database {database} is read-only (a standby?); choose one that may be written to (--to)",
    "42501": "the user may not write into the database {database}: it needs the right to make the schema {schema}, or "
    "that schema made and given to it, and the right to make temporary tables",
    "53100": "no room is left for the database {database}, nothing was written; make room and pull again",
    "54000": "a booking has an id that is too long for the database {database}; nothing of its page was written",
    "55P03": "the tables of the database {database} are locked by another program; close that, or wait, and pull again",
    "57014": "the database {database} gave up on a statement (statement_timeout?); nothing was written",
    "22": "a booking has a value that the database {database} cannot hold; nothing of its page was written",
}

# By what libpq and servers say, in English and where it matters in German, in the order of `_REASONS`; without a
# connection there is no SQLSTATE.
_FULL = {
    "too many": "the server has no connection left",
    "slots are reserved": "the server has no connection left",
    "zu viele": "the server has no connection left",
}
_NOT_LET_IN = {
    "password": "the server does not take this user and password",
    "authentication": "the server does not take this user that way",
    "pg_hba.conf": "the server does not let this user in from here",
    "role": "the server does not know this user",
    "does not exist": "there is no such database on the server",
}
_AWAY = {
    "resolve": "there is no host of that name",
    "translate": "there is no host of that name",
    "refused": "no server listens there",
    "No route": "there is no way to its host",
    "unreachable": "there is no way to its host",
    "Host is down": "there is no way to its host",
    "No such file": "no server listens there",
    "timeout": "no answer came in time",
    "timed out": "no answer came in time",
    "reset": "the connection broke, and did not come back in time",
    "Broken pipe": "the connection broke, and did not come back in time",
    "aborted": "the connection broke, and did not come back in time",
    "starting up": "the server is just starting",
    "recovery mode": "the server is just starting",
    "not yet accepting": "the server is just starting",
    "Datenbanksystem": "the server is just starting, or stopping",
    "shutting down": "the server is just stopping",
    "closed": "the connection broke, and did not come back in time",
    "terminat": "the connection broke, and did not come back in time",
    "EOF": "the connection broke, and did not come back in time",
}
_NOT_SECURE = {
    "SSL": "no encrypted connection comes about; see sslmode",
    "certificate": "no encrypted connection comes about; see sslmode",
}
_REASONS: tuple[tuple[dict[str, str], type[StorageError]], ...] = (
    (_FULL, StorageAwayError),
    (_NOT_LET_IN, StorageError),
    (_AWAY, StorageAwayError),
    (_NOT_SECURE, StorageError),
)
