"""PostgreSQL as the log uses it (the extra ``postgres``): psycopg, and a schema of our own."""

from collections.abc import Mapping
from typing import Any, Final

import psycopg
from psycopg.pq import TransactionStatus

from konfipay_async.communication import schema
from konfipay_async.communication.schema import Row
from konfipay_async.errors import ConfigurationError, StorageAwayError, StorageBusyError, StorageError

__all__ = ["Postgresql"]

_SCHEMA: Final = "konfipay_communication"

# What the address says goes before. The server, and we, notice within half a minute that the other end is gone.
_OPTIONS: Final[Mapping[str, Any]] = {
    "connect_timeout": 5,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15000,
    "application_name": "konfipay communication log",
}
_SETTINGS: Final = (
    f"SET search_path = {_SCHEMA}; SET lock_timeout = '5s'; SET synchronous_commit = off; SET TimeZone = 'UTC'"
)


class Postgresql:
    """The log in the database at `url`; one that is only read must be there. For one thread at a time.

    StorageError for tables that are not ours, StorageAwayError where the server cannot be reached.
    """

    errors: type[Exception] = psycopg.Error
    of_values: tuple[type[Exception], ...] = (psycopg.DataError, psycopg.IntegrityError)
    integer = "BIGINT"

    def __init__(self, url: str, *, writes: bool) -> None:
        self._connection: psycopg.Connection[Any] | None = None
        given = _read(url)
        self.name = f"in PostgreSQL, database {given.get('dbname') or given.get('user') or 'postgres'}"
        options = {name: value for name, value in _OPTIONS.items() if name not in given}
        try:
            self._connection = psycopg.connect(url, autocommit=True, **options)
            self._connection.execute(_SETTINGS.encode())
            self._prepare(writes)
        except psycopg.Error as error:
            self.close()
            raise self.explain(error) from None
        except BaseException:
            self.close()
            raise

    def _prepare(self, writes: bool) -> None:
        if self._is_there() and schema.is_current(self, self._version()):
            return
        if not writes and not self._is_there():
            raise StorageError(f"there is no communication log {self.name}: record one, or name another database")
        self.begin()
        try:
            # Others who come at the same time wait.
            self.execute("SELECT pg_advisory_xact_lock(hashtext(?))", (schema.WHAT,))
            if not self._is_there():
                self.execute(f"CREATE SCHEMA IF NOT EXISTS {_SCHEMA}")
                schema.prepare(self, 0)
            elif not schema.is_current(self, self._version()):
                schema.prepare(self, self._version())
            self.commit()
        except BaseException:
            self.roll_back()
            raise

    def _is_there(self) -> bool:
        """StorageError where the schema holds something else."""
        found = self.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = ?", (_SCHEMA,))
        if found and ("about",) not in found:
            raise self._not_ours()
        return bool(found)

    def _version(self) -> int:
        version = schema.version_of(self)
        if version is None:
            raise self._not_ours()
        return version

    def _not_ours(self) -> StorageError:
        return StorageError(
            f"the schema {_SCHEMA} {self.name} holds something else than a communication log of konfipay-async: choose "
            f"another database (it was left as it is)"
        )

    @property
    def _open(self) -> "psycopg.Connection[Any]":
        assert self._connection is not None  # noqa: S101
        return self._connection

    def execute(self, statement: str, values: Row = ()) -> list[Row]:
        cursor = self._open.execute(_as_it_has_it(statement), values or None)
        return cursor.fetchall() if cursor.description is not None else []

    def execute_many(self, statement: str, rows: list[Row]) -> None:
        with self._open.cursor() as cursor:
            cursor.executemany(_as_it_has_it(statement), rows)

    def begin(self) -> None:
        self._open.execute("BEGIN")

    def commit(self) -> None:
        self._open.execute("COMMIT")

    def roll_back(self) -> None:
        if not self._open.closed and self._open.info.transaction_status != TransactionStatus.IDLE:
            self._open.execute("ROLLBACK")

    def is_there(self) -> bool:
        return not self._open.closed

    def size(self) -> int:
        """As entries count themselves: what the server frees it uses again, and returns when it likes to."""
        return schema.size_of(self)

    def give_back(self, limit: int) -> None:
        """The server does that by itself (autovacuum)."""

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def explain(self, error: BaseException) -> StorageError:
        state = getattr(error, "sqlstate", None) or ""
        if state == "55P03":
            return StorageBusyError(f"the communication log {self.name} is locked by another program")
        if state == "42501":
            return StorageError(
                f"the user may not write the communication log {self.name}: it needs the right to make the schema "
                f"{_SCHEMA}, or that schema made and given to it"
            )
        if state == "53100":
            return StorageAwayError(f"no room is left for the communication log {self.name}")
        if state[:2] in ("08", "53", "57") or (not state and isinstance(error, psycopg.OperationalError)):
            return StorageAwayError(f"the communication log {self.name} cannot be reached")
        # The code is enough to look it up, the text may say more than anybody should read.
        return StorageError(f"the communication log {self.name} failed with {state or type(error).__name__}")


def _read(url: str) -> Mapping[str, Any]:
    """What an address says. What stands behind a slash in a password would be the name of the database, and be told."""
    try:
        given = psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        given = {"dbname": ":"}
    if any(sign in str(given.get("dbname", "")) for sign in "@:"):
        raise ConfigurationError(
            "cannot read the address of the communication log: a PostgreSQL database is written "
            "postgresql://user:password@host:5432/name, and signs like / and @ in a password as %2F and %40"
        )
    return given


def _as_it_has_it(statement: str) -> bytes:
    """Our statements hold neither % nor ? but for values."""
    return statement.replace("?", "%s").encode()
