"""The lock that keeps two pulls of one source into one database file apart, and dies with its holder.

It is a small SQLite file beside the database, ``<database file>.<source>.lock``. The holder first commits who it is,
then keeps a write transaction open for as long as it lives. The operating system ends that transaction with the
process, `kill -9` included, on every system SQLite runs on; meanwhile others can read who holds it. The file stays
behind: whoever deletes it while a pull runs lets a second one in.
"""

import hashlib
import os
import re
import socket
import sqlite3
import uuid
from datetime import UTC, datetime

from konfipay_async.errors import StorageBusyError, StorageError

__all__ = ["file_name", "holder", "lock_path", "take"]

# Two who come at once wait this long for one another's few writes.
_PATIENCE = 1.0


def lock_path(database: str, source: str) -> str:
    """The lock's file."""
    return f"{os.path.realpath(database)}.{file_name(source)}.lock"


def file_name(source: str) -> str:
    """A source as part of a file's name: one that would not do everywhere is told apart by its hash."""
    name = re.sub(r"[^a-z0-9_-]", "_", source.lower())[:60]
    if name != source:
        name += "-" + hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return name


def take(database: str, source: str) -> sqlite3.Connection:
    """Take the lock; closing what comes back gives it up. StorageBusyError says who holds it, and since when."""
    path = lock_path(database, source)
    connection: sqlite3.Connection | None = None
    try:
        connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
        _hold(connection)
    except sqlite3.Error as error:
        failure = _failure(error, connection, path, database, source)
        if connection is not None:
            connection.close()
        raise failure from None
    except BaseException:
        if connection is not None:
            connection.close()
        raise
    return connection


def holder(database: str, source: str) -> str | None:
    """Who holds the lock, and since when; None where nobody does. StorageError where that cannot be seen."""
    path = lock_path(database, source)
    if not os.path.exists(path):
        return None
    connection: sqlite3.Connection | None = None
    try:
        connection = sqlite3.connect(path, timeout=0, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
            return _holder(connection)
        raise _failure(error, connection, path, database, source) from None
    finally:
        if connection is not None:
            connection.close()
    return None


def _hold(connection: sqlite3.Connection) -> None:
    """Commit who we are, then begin the transaction that is the lock.

    Between the two another may have written itself in. Whoever then has the transaction and reads another's name
    writes its own again, so the name that others read is the holder's.
    """
    token = uuid.uuid4().hex
    while True:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("CREATE TABLE IF NOT EXISTS holder (token TEXT, pid INTEGER, host TEXT, since TEXT)")
        if connection.execute("SELECT token FROM holder").fetchall() == [(token,)]:
            return
        connection.execute("DELETE FROM holder")
        since = datetime.now(UTC).isoformat(timespec="seconds")
        connection.execute("INSERT INTO holder VALUES (?, ?, ?, ?)", (token, os.getpid(), socket.gethostname(), since))
        connection.execute("COMMIT")


def _failure(
    error: sqlite3.Error, connection: sqlite3.Connection | None, path: str, database: str, source: str
) -> StorageError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_BUSY:
        return StorageBusyError(
            f"another pull of the source {source!r} writes into {database}: {_holder(connection)}; "
            "wait for it to end, or end it"
        )
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return StorageError(f"the lock file {path} is damaged; delete it while no pull runs")
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    return StorageError(
        f"the lock file {path} cannot be written ({name}); a pull needs to write into the directory of its database"
    )


def _holder(connection: sqlite3.Connection | None) -> str:
    try:
        if connection is not None:
            connection.rollback()
            for pid, host, since in connection.execute("SELECT pid, host, since FROM holder"):
                return f"process {pid} on {host}, since {since}"
    except sqlite3.Error:
        pass
    return "it did not say who it is"
