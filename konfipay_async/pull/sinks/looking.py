"""Looking into a database while pulls go on: nothing is made, nobody is kept out, nobody has to wait."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from konfipay_async.errors import ConfigurationError, StorageError
from konfipay_async.pull.sinks import notes, schema, singles
from konfipay_async.pull.sinks.postgresql import Postgresql
from konfipay_async.pull.sinks.sqlite import Sqlite

__all__ = ["look", "sources"]

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
    if url.get_backend_name() == "sqlite":
        kind: Sqlite | Postgresql = Sqlite(url, "")
        connect = _sqlite_reader
    elif url.get_backend_name() in ("postgresql", "postgres"):
        kind = Postgresql(url, "")
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


_ADDRESSES = (
    "an SQLite file is written sqlite:///bookings.db, with its whole path sqlite:////var/lib/bookings.db, "
    "a PostgreSQL database postgresql://user:password@host:5432/name"
)


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
