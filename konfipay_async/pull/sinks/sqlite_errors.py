"""What SQLite's errors mean, in sentences that hold neither statements nor values."""

import os
import sqlite3

from konfipay_async.errors import StorageBusyError, StorageError

__all__ = ["explain", "primary_code"]


def explain(error: BaseException, database: str) -> StorageError:
    """A sentence for an error of the database in this file."""
    code = primary_code(error)
    if code == sqlite3.SQLITE_CANTOPEN:
        return StorageError(f"the database {database} cannot be opened: {_why_not(database)}")
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StorageBusyError(
            f"the database {database} is locked by another program; close that, or wait, and pull again"
        )
    if code in _SENTENCES:
        return StorageError(_SENTENCES[code].format(database=database))
    # The name of an error says enough to look it up, its text may say more than a log should hold.
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    return StorageError(f"the database {database} failed with {name}; nothing was written")


def primary_code(error: BaseException) -> int:
    """SQLite's code without its extension; 0 where it gave none."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _why_not(database: str) -> str:
    directory = os.path.dirname(database) or "."
    if os.path.isdir(database):
        return "it is a directory; give the name of a file in it"
    if not database.startswith("file:") and not os.path.isdir(directory):
        return f"there is no directory {directory}; make it, or choose another file"
    return "the file and its directory must exist and be readable and writable; change that, or choose another file"


_SENTENCES = {
    sqlite3.SQLITE_READONLY: "the database {database} is read-only; allow writing to it, or choose another file (--to)",
    sqlite3.SQLITE_PERM: "the database {database} may not be used; allow that, or choose another file (--to)",
    sqlite3.SQLITE_FULL: "no room is left for the database {database}, nothing was written; make room and pull again",
    sqlite3.SQLITE_IOERR: "the database {database} cannot be read or written, nothing was written; check the disk",
    sqlite3.SQLITE_NOTADB: "{database} is a file, but no SQLite database; choose another file (--to)",
    sqlite3.SQLITE_CORRUPT: "the database {database} is damaged; restore it, or pull into a new file (--to)",
}
