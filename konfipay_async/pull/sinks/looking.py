"""Looking into a database while pulls go on: nothing is made, nobody is kept out, nobody has to wait."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from konfipay_async.errors import ConfigurationError, MissingExtraError, StorageError
from konfipay_async.pull.sinks import lock, notes, schema, singles
from konfipay_async.pull.sinks.sql import kind_of
from konfipay_async.pull.sinks.sqlite import Sqlite

if TYPE_CHECKING:
    from konfipay_async.pull.sinks.postgresql import Postgresql

__all__ = ["Facts", "facts", "look", "origin", "sources"]

# Seconds a reader of an SQLite file waits for a writer that is just finishing.
_PATIENCE = 5

# What belongs to a source, and so names it.
_TABLES = (schema.TRANSACTIONS, notes.RUNS, singles.FILES, singles.PAYPAL)


@contextmanager
def look(to: str) -> Iterator[sa.Connection]:
    """A connection to the database at an address; begin what you do with it.

    ConfigurationError where the address is none of a database, StorageError where there is none, where it is not ours,
    or where this version has to bring it up to date first.
    """
    try:
        url = sa.make_url(to)
    except sa.exc.ArgumentError:
        raise ConfigurationError(f"cannot read the address of the database; {_ADDRESSES}") from None
    if kind_of(url) == "sqlite":
        kind: Sqlite | Postgresql = Sqlite(url, "")
        connect = _sqlite_reader
    elif kind_of(url) == "postgresql":
        kind = _postgresql(url)
        connect = lambda url: kind.connect()  # noqa: E731
    else:
        raise ConfigurationError(f"this looks into databases only; {_ADDRESSES}")
    try:
        with connect(url) as connection:
            with connection.begin():
                _expect_ours(connection, kind.name)
            yield connection
    except sa.exc.DBAPIError as error:
        raise kind.explain(error.orig or error) from None
    finally:
        kind.close()


def sources(connection: sa.Connection) -> list[str]:
    """The sources the database knows, by name."""
    queries = [sa.select(table.c.source).distinct() for table in _TABLES]
    with connection.begin():
        return sorted(connection.scalars(sa.union(*queries)))


class Facts(NamedTuple):
    """What a database says of itself: its version and that of its tables, the origin it was filled from (None before
    the first row), who holds the lock of a source (None: nobody), and why it cannot be written to (None: it can)."""

    version: str
    schema_version: str
    origin: str | None
    holder: str | None
    refusal: str | None


def origin(connection: sa.Connection) -> str | None:
    """The origin the database was filled from; None before the first row."""
    with connection.begin():
        found: str | None = connection.scalar(sa.select(schema.META.c.value).where(schema.META.c.key == "origin"))
        return found


def facts(connection: sa.Connection, source: str) -> Facts:
    """What there is to know, asked without changing anything."""
    is_sqlite = connection.dialect.name == "sqlite"
    with connection.begin():
        version = connection.exec_driver_sql("SELECT sqlite_version()" if is_sqlite else "SHOW server_version").scalar()
        meta = {row.key: row.value for row in connection.execute(sa.select(schema.META))}
        if is_sqlite:
            holder = lock.holder(connection.exec_driver_sql("PRAGMA database_list").one()[2], source)
        else:
            from konfipay_async.pull.sinks.postgresql import holder as holder_of

            holder = holder_of(connection, source)
    return Facts(
        version=f"{'SQLite' if is_sqlite else 'PostgreSQL'} {version}",
        schema_version=meta["schema_version"],
        origin=meta.get("origin"),
        holder=holder,
        refusal=_refusal(connection, is_sqlite=is_sqlite),
    )


def _refusal(connection: sa.Connection, *, is_sqlite: bool) -> str | None:
    """Why it cannot be written to."""
    try:
        with connection.begin() as transaction:
            # What may only be read lets a transaction begin, and refuses the first change: here, one of nothing.
            connection.execute(sa.delete(schema.META).where(sa.false()))
            if not is_sqlite:
                connection.exec_driver_sql("CREATE TEMPORARY TABLE konfipay_doctor (x int)")
            transaction.rollback()
    except sa.exc.DBAPIError as error:
        orig = error.orig
        return getattr(orig, "sqlstate", None) or getattr(orig, "sqlite_errorname", None) or type(orig).__name__
    return None


_ADDRESSES = (
    "an SQLite file is written sqlite:///bookings.db, with its whole path sqlite:////var/lib/bookings.db, "
    "a PostgreSQL database postgresql://user:password@host:5432/name"
)


def _postgresql(url: sa.URL) -> "Postgresql":
    try:
        from konfipay_async.pull.sinks.postgresql import Postgresql
    except ModuleNotFoundError:
        raise MissingExtraError("a PostgreSQL database", "postgres") from None
    return Postgresql(url, "")


def _sqlite_reader(url: sa.URL) -> sa.Connection:
    file = url.database
    if not file or file == ":memory:" or (not file.startswith("file:") and not Path(file).exists()):
        raise StorageError(f"there is no database {file or ':memory:'}; konfipay pull makes it")
    options = {"timeout": _PATIENCE, "check_same_thread": False}
    engine = sa.create_engine(url, poolclass=sa.StaticPool, hide_parameters=True, connect_args=options)
    return engine.connect()


def _expect_ours(connection: sa.Connection, database: str) -> None:
    names = set(sa.inspect(connection).get_table_names())
    if schema.META.name not in names:
        raise StorageError(f"the database {database} is not one that konfipay pull made")
    version = schema.META.c.key == "schema_version"
    found = connection.execute(sa.select(schema.META.c.value).where(version)).scalar_one_or_none()
    if found != schema.VERSION or not {table.name for table in notes.METADATA.sorted_tables} <= names:
        raise StorageError(
            f"the database {database} is of another version of konfipay-async than this one; if it is an older one, "
            "one konfipay pull brings it up to date"
        )
