"""Other databases that SQLAlchemy reaches: MySQL, MariaDB, SQL Server. **Nobody here has tried them.**

Statements are plain ones that any database knows: a page's rows are looked up, then inserted or updated, in the
transaction that keeps the id which acknowledges them. Values are kept as in SQLite, amounts, days and moments as text
with every digit; texts that are keys compare byte by byte, and have at most 191 characters. The lock that keeps two
pulls of a source apart is one of the server's, and ends with the session that took it.

The tables have a database of their own. The commands that look into a database (status, verify, doctor) do not look
into these.
"""

import hashlib
import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mssql, mysql

from konfipay_async.errors import ConfigurationError, StorageAwayError, StorageBusyError, StorageError
from konfipay_async.pull.sinks import notes, schema
from konfipay_async.pull.sinks.rows import BOOKKEEPING, COLUMNS, Value

__all__ = ["KINDS", "Other", "fitted"]

logger = logging.getLogger(__name__)

KINDS = ("mysql", "mariadb", "mssql")
"""What the address of such a database may begin with, before the name of a driver: ``mysql+pymysql://…``."""

# Texts by what MySQL and SQL Server call them. Their usual ones take "A" for "a", and know no emoji.
_KEY = (
    sa.Text()
    .with_variant(mysql.VARCHAR(191, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb")
    .with_variant(mssql.NVARCHAR(191, collation="Latin1_General_100_BIN2"), "mssql")
)
_LONG = (
    sa.Text()
    .with_variant(mysql.MEDIUMTEXT(charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb")
    .with_variant(mssql.NVARCHAR(None), "mssql")
)

# What stays as it was when a row comes again.
_KEPT = "first_seen_at"

_CONTENT = itemgetter(*(name for name in COLUMNS if name not in BOOKKEEPING))

# Seconds a lock is waited for: the server may not have noticed yet that the last holder is gone.
_PATIENCE = 2


class Other:
    """The database at `url`, for one source. What is committed there lasts, as far as it says so."""

    lasts = True

    def __init__(self, url: sa.URL, source: str) -> None:
        self.name = f"{url.database} at {url.host or 'localhost'}"
        self._source = source
        try:
            self._engine = sa.create_engine(url, poolclass=sa.NullPool, hide_parameters=True)
        except ModuleNotFoundError as error:
            raise ConfigurationError(
                f"a database of the kind {url.drivername!r} needs the driver {error.name}: pip install {error.name}"
            ) from None
        except (sa.exc.ArgumentError, TypeError, ValueError):
            raise ConfigurationError(
                f"cannot read the address of the database of the kind {url.drivername!r}; write it like "
                "mysql+pymysql://user:password@host:3306/name"
            ) from None
        driver: Any = self._engine.dialect.dbapi
        self.errors: type[Exception] = driver.Error

    def connect(self) -> sa.Connection:
        """A new session."""
        return self._engine.connect()

    def prepare(self, connection: sa.Connection) -> None:
        """Make the tables where there are none, of types that fit. Says that nobody has tried this."""
        logger.warning(
            "databases of the kind %s were never tested with konfipay-async: try it with data you can do without, and "
            "compare with konfipay",
            connection.dialect.name,
        )
        if not sa.inspect(connection).get_table_names():
            schema.make(connection, fitted(schema.METADATA))
            fitted(notes.METADATA).create_all(connection, checkfirst=False)

    def release(self, connection: sa.Connection) -> None:
        """Nothing: the server does."""

    def hold(self, connection: sa.Connection) -> None:
        """Keep other pulls of this source out, as long as this session lives."""
        name = f"konfipay {self.name} {self._source}".encode("utf-8", "surrogatepass")
        with connection.begin():
            holder = _LOCKS[connection.dialect.name](connection, f"konfipay-{hashlib.sha256(name).hexdigest()[:40]}")
        if holder is not None:
            raise StorageBusyError(
                f"another pull of the source {self._source!r} writes into {self.name}: {holder}; wait for it to end, "
                "or end it"
            )

    def transaction(self, connection: sa.Connection, *, flushed: bool) -> AbstractContextManager[object]:
        """A transaction; its commit waits for whatever the server waits for."""
        return connection.begin()

    def put(
        self, connection: sa.Connection, table: sa.Table, rows: list[tuple[Value, ...]], now: str, *, likely_new: bool
    ) -> tuple[int, int]:
        """Insert these rows, or update those that are there; how many came, how many changed."""
        given = {str(row[1]): dict(zip(COLUMNS, row, strict=True)) for row in rows}
        these = sa.select(table).where(table.c.source == self._source, table.c.rid.in_(list(given)))
        found = {before["rid"]: before for before in connection.execute(these).mappings()}
        came = [row for rid, row in given.items() if rid not in found]
        if came:
            connection.execute(sa.insert(table), came)
        changes, again, differ = [], 0, 0
        for rid, before in found.items():
            row = given[rid]
            is_other = _CONTENT(before) != _CONTENT(row)
            # What a commit wrote whose answer was lost is of this moment: it has come.
            again += before[_KEPT] == now
            differ += is_other
            row["changed_at"] = now if is_other else before["changed_at"]
            changes.append({f"new_{name}": value for name, value in row.items() if name != _KEPT})
        if changes:
            connection.execute(_update(table), changes)
        return len(came) + again, differ

    def among(self, column: "sa.Column[str]", texts: list[str]) -> sa.ColumnElement[bool]:
        """As values of the statement: a page has no more than a thousand."""
        return column.in_(texts)

    def passes(self, error: Exception) -> bool:
        """Whether the connection broke."""
        dialect: Any = self._engine.dialect
        return isinstance(error, self.errors) and bool(dialect.is_disconnect(error, None, None))

    def close(self) -> None:
        """Nothing is held but the connection."""
        self._engine.dispose()

    def explain(self, error: BaseException) -> StorageError:
        """What went wrong, without the statement and the values an error of the database holds."""
        code = error.args[0] if error.args and isinstance(error.args[0], int) else type(error).__name__
        if isinstance(error, Exception) and self.passes(error):
            return StorageAwayError(f"the connection to the database {self.name} broke ({code})")
        return StorageError(f"the database {self.name} failed with {code}; nothing was written")


def fitted(metadata: sa.MetaData) -> sa.MetaData:
    """The same tables, with types of texts that databases need who want to know how long a key is."""
    copies = sa.MetaData()
    for original in metadata.sorted_tables:
        table = original.to_metadata(copies)
        keys = {column.name for column in table.primary_key}
        keys |= {column.name for index in table.indexes for column in index.columns}
        for column in table.columns:
            if not isinstance(column.type, sa.Boolean | sa.Integer):
                column.type = _KEY if column.name in keys else _LONG
    return copies


def _update(table: sa.Table) -> sa.Update:
    key = ("source", "rid")
    this = [table.c[name] == sa.bindparam(f"new_{name}") for name in key]
    values: dict[str, Any] = {name: sa.bindparam(f"new_{name}") for name in COLUMNS if name not in (*key, _KEPT)}
    return sa.update(table).where(*this).values(values)


def _lock_of_mysql(connection: sa.Connection, name: str) -> str | None:
    got = connection.execute(sa.select(sa.func.GET_LOCK(name, _PATIENCE))).scalar()
    if got == 1:
        return None
    return f"the session {connection.execute(sa.select(sa.func.IS_USED_LOCK(name))).scalar()}"


def _lock_of_sql_server(connection: sa.Connection, name: str) -> str | None:
    take = sa.text(
        "SET NOCOUNT ON; DECLARE @got int; EXEC @got = sp_getapplock @Resource = :name, @LockMode = 'Exclusive', "
        "@LockOwner = 'Session', @LockTimeout = :patience; SELECT @got"
    )
    got = connection.execute(take, {"name": name, "patience": 1000 * _PATIENCE}).scalar()
    return None if got is not None and int(got) >= 0 else "it does not say who it is"


_LOCKS: Mapping[str, Callable[[sa.Connection, str], str | None]] = {
    "mysql": _lock_of_mysql,
    "mariadb": _lock_of_mysql,
    "mssql": _lock_of_sql_server,
}
"""How to take a lock of the session by its name: who holds it instead, None where we do."""
