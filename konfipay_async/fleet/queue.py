"""The queue: procrastinate in a PostgreSQL database, in a schema of its own, `konfipay_fleet`.

Beside procrastinate's tables there is `fleet_meta`, which says up to which of procrastinate's migrations they are: it
does not note that itself.
"""

import hashlib
import os
import re
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import procrastinate
import psycopg
import sqlalchemy as sa
from procrastinate import exceptions, schema
from procrastinate.manager import QUEUEING_LOCK_CONSTRAINT
from psycopg_pool import PoolTimeout

from konfipay_async.errors import ConfigurationError, StorageAwayError, StorageError
from konfipay_async.pull.sinks.postgresql import Postgresql

__all__ = ["QUEUE", "TASK", "Queue", "lock_number"]

QUEUE = "konfipay"
TASK = "konfipay.pull"

_SCHEMA = "konfipay_fleet"

# Seconds for which a database that went away is waited for, and for which a turn that nobody was there for is made up.
_AWAY = 60.0
_MADE_UP = 32 * 86400.0

# Either end notices within half a minute that the other is gone.
_OPTIONS = {
    "connect_timeout": "10",
    "keepalives_idle": "15",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}

_HINT = "a PostgreSQL database is written postgresql://user:password@host:5432/name"


class Queue:
    """The queue in the database at `address`. Raises ConfigurationError for an address that is none, and on Windows."""

    def __init__(self, address: str) -> None:
        if sys.platform == "win32":  # psycopg needs an event loop that waits for sockets; Windows' own does not
            raise ConfigurationError("konfipay fleet does not run on Windows: run it in WSL, or in a container")
        try:
            url = sa.make_url(address)
        except sa.exc.ArgumentError:
            raise ConfigurationError(f"cannot read the address of the queue; {_HINT}") from None
        if url.drivername not in ("postgresql", "postgres", "postgresql+psycopg"):
            raise ConfigurationError(f"a queue lives in PostgreSQL, not in {url.drivername!r}; {_HINT}")
        try:
            given = psycopg.conninfo.conninfo_to_dict(re.sub(r"^[^:]+", "postgresql", address))
        except psycopg.Error:  # its text may hold the password
            raise ConfigurationError(f"the address of the queue has options that are none; {_HINT}") from None
        options = f"{given.get('options') or ''} -c search_path={_SCHEMA}".strip()
        who = f"konfipay fleet, process {os.getpid()} on {socket.gethostname()}".encode("ascii", "replace")[:63]
        defaults = {**_OPTIONS, "application_name": who.decode()}
        self._conninfo = psycopg.conninfo.make_conninfo("", **{**defaults, **given, "options": options})
        self._kind = Postgresql(url, "")
        self.name = self._kind.name

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[procrastinate.App]:
        """procrastinate, with a few connections. StorageError, also for what is met while it is open."""
        connector = _Connector(
            conninfo=self._conninfo, min_size=1, max_size=4, timeout=_AWAY, name="konfipay fleet", num_workers=1
        )
        app = procrastinate.App(connector=connector, periodic_defaults={"max_delay": _MADE_UP})
        with self._explained():
            async with app.open_async():
                yield app

    async def prepare(self) -> list[str]:
        """Make the queue where there is none, and bring it up to date; the migrations that were carried out.

        Doing it twice, or by two at once, changes nothing. StorageError where what is there is not ours, or of a newer
        procrastinate.
        """
        with self._explained():
            async with await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True) as connection:
                await connection.execute("SELECT pg_advisory_lock(%s)", [lock_number("prepare")])
                await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {_SCHEMA}".encode())
                if not await _tables(connection):
                    await _make(connection)
                    return []
                done = await self._migration(connection)
                missing = [name for name in _migrations() if name > done]
                for name in missing:
                    await _migrate(connection, name)
                return missing

    async def expect(self) -> None:
        """StorageError where the queue is not there, or not as this procrastinate knows it."""
        with self._explained():
            async with await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True) as connection:
                if not await _tables(connection):
                    raise StorageError(f"the database {self.name} has no queue; konfipay fleet schedule makes it")
                if await self._migration(connection) < _migrations()[-1]:
                    raise StorageError(
                        f"the queue in the database {self.name} is of an older procrastinate; konfipay fleet schedule "
                        "brings it up to date"
                    )

    async def _migration(self, connection: psycopg.AsyncConnection[Any]) -> str:
        """The last migration that was carried out."""
        name = None
        if "fleet_meta" in await _tables(connection):
            cursor = await connection.execute("SELECT value FROM fleet_meta WHERE key = 'migration'")
            name = (await cursor.fetchone() or [None])[0]
        if name is None:
            raise StorageError(
                f"the schema {_SCHEMA} of the database {self.name} is not as konfipay fleet schedule makes it; rename "
                "it, or choose another database"
            )
        if name > _migrations()[-1]:
            raise StorageError(
                f"the queue in the database {self.name} is of a newer procrastinate than the one that is installed "
                "here; bring this one up to date"
            )
        return str(name)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except exceptions.ConnectorException as error:
            raise self._in_words(error.__cause__ or error) from None
        except psycopg.Error as error:
            raise self._in_words(error) from None

    def _in_words(self, error: BaseException) -> StorageError:
        if isinstance(error, PoolTimeout):  # it was waited for in vain
            return StorageAwayError(f"the database {self.name} does not answer")
        return self._kind.explain(error)


class _Connector(procrastinate.PsycopgConnector):
    """Knows that a job waits already also where the server says so in another language than English.

    procrastinate reads it from the text of the error.
    """

    async def execute_query_async(self, query: Any, **arguments: Any) -> None:
        with _understood():
            await super().execute_query_async(query, **arguments)

    async def execute_query_one_async(self, query: Any, **arguments: Any) -> dict[str, Any]:
        with _understood():
            found: dict[str, Any] = await super().execute_query_one_async(query, **arguments)
            return found

    async def execute_query_all_async(self, query: Any, **arguments: Any) -> list[dict[str, Any]]:
        with _understood():
            found: list[dict[str, Any]] = await super().execute_query_all_async(query, **arguments)
            return found


@contextmanager
def _understood() -> Iterator[None]:
    try:
        yield
    except (AssertionError, AttributeError) as error:
        if not isinstance(error.__context__, psycopg.errors.UniqueViolation):
            raise
        raise exceptions.UniqueViolation(constraint_name=QUEUEING_LOCK_CONSTRAINT, queueing_lock=None) from None


def lock_number(name: str) -> int:
    """The number of an advisory lock; they are counted for each database by itself."""
    return int.from_bytes(hashlib.sha256(f"konfipay fleet {name}".encode()).digest()[:8], signed=True)


def _migrations() -> list[str]:
    """procrastinate's migrations, in their order."""
    return sorted(path.name for path in Path(schema.SchemaManager.get_migrations_path()).glob("*.sql"))


async def _tables(connection: psycopg.AsyncConnection[Any]) -> set[str]:
    cursor = await connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [_SCHEMA])
    return {name for (name,) in await cursor.fetchall()}


async def _make(connection: psycopg.AsyncConnection[Any]) -> None:
    async with connection.transaction():
        await connection.execute(schema.SchemaManager.get_schema().encode())
        await connection.execute("CREATE TABLE fleet_meta (key text PRIMARY KEY, value text NOT NULL)")
        await connection.execute("INSERT INTO fleet_meta VALUES ('migration', %s)", [_migrations()[-1]])


async def _migrate(connection: psycopg.AsyncConnection[Any], name: str) -> None:
    """Carry out one migration and note it: both or neither."""
    statements = (Path(schema.SchemaManager.get_migrations_path()) / name).read_bytes()
    async with connection.transaction():
        await connection.execute(statements)
        await connection.execute("UPDATE fleet_meta SET value = %s WHERE key = 'migration'", [name])
