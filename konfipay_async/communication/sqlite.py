"""An SQLite file as the log uses it: written beside others who write and read, and never larger than it may be.

Commits do not wait for the disk: what is committed outlives `kill -9`, and a power cut may cost the last moments.
"""

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import Final

from konfipay_async.communication import schema
from konfipay_async.communication.schema import Row
from konfipay_async.errors import StorageAwayError, StorageBusyError, StorageError

__all__ = ["SqliteFile"]

# "kpcl", at the place in a file where SQLite lets applications leave their name.
_APPLICATION: Final = 0x6B70636C
# Seconds a write waits for another program's.
_PATIENCE: Final = 5.0
_PAGE: Final = 4096
# Pages that are returned at once.
_MOST_GIVEN_BACK: Final = 1024
# Of the write-ahead log, before it is written into the file.
_WAITING_PAGES: Final = 64


class SqliteFile:
    """The log in the file at `path`; one that is only read must be there. For one thread at a time.

    StorageError for what is no log of ours, and where it cannot be opened.
    """

    errors: type[Exception] = sqlite3.Error
    of_values: tuple[type[Exception], ...] = (sqlite3.DataError, sqlite3.IntegrityError)
    integer = "INTEGER"

    def __init__(self, path: str, *, writes: bool) -> None:
        self.name = path
        try:
            self._connection = self._opened("rwc" if writes else "rw")
            try:
                self._file = self._stat()
                self._prepare(writes)
            except BaseException:
                self._connection.close()
                raise
        except sqlite3.Error as error:
            raise self.explain(error) from None

    def _opened(self, mode: str) -> sqlite3.Connection:
        if os.path.isdir(self.name):
            raise StorageError(f"the communication log {self.name} is a folder: give the name of a file in it")
        if mode == "rw" and not os.path.exists(self.name):
            raise StorageError(
                f"there is no communication log {self.name}: record one with KONFIPAY_COMMUNICATION_LOG, or name "
                f"another"
            )
        if mode == "rw" and not os.access(self.name, os.W_OK):
            mode = "ro"
        if mode == "rwc":
            self._make()
        return sqlite3.connect(
            f"{Path(self.name).absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=_PATIENCE,
            check_same_thread=False,
            isolation_level=None,
        )

    def _make(self) -> None:
        """Make the file, for its owner's eyes; one that is there stays as it is."""
        # What cannot be made SQLite will say.
        with contextlib.suppress(OSError):
            os.close(os.open(self.name, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))

    def _prepare(self, writes: bool) -> None:
        if not self._is_ours():
            if not writes:
                raise self._not_ours()
            # Both must be said before there is a table.
            self.execute(f"PRAGMA page_size = {_PAGE}")
            self.execute("PRAGMA auto_vacuum = INCREMENTAL")
        if writes:
            self._write_ahead()
            self.execute("PRAGMA synchronous = NORMAL")
            self.execute(f"PRAGMA wal_autocheckpoint = {_WAITING_PAGES}")
            self.execute(f"PRAGMA journal_size_limit = {_WAITING_PAGES * _PAGE}")
        if self._is_ours() and schema.is_current(self, self._version()):
            return
        self.begin()
        try:
            if not self._is_ours():  # nor did another make it meanwhile
                self.execute(f"PRAGMA application_id = {_APPLICATION}")
                schema.prepare(self, 0)
            elif not schema.is_current(self, self._version()):
                schema.prepare(self, self._version())
            self.commit()
        except BaseException:
            self.roll_back()
            raise

    def _write_ahead(self) -> None:
        try:
            self.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            # Another does the same this moment.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise

    def _is_ours(self) -> bool:
        """StorageError where it is somebody else's."""
        ((application,),) = self.execute("PRAGMA application_id")
        ((tables,),) = self.execute("SELECT count(*) FROM sqlite_master")
        if application != _APPLICATION and tables:
            raise self._not_ours()
        return bool(tables)

    def _version(self) -> int:
        version = schema.version_of(self)
        if version is None:
            raise self._not_ours()
        return version

    def _not_ours(self) -> StorageError:
        return StorageError(
            f"{self.name} is an SQLite database, but no communication log of konfipay-async: choose another file (it "
            f"was left as it is)"
        )

    def execute(self, statement: str, values: Row = ()) -> list[Row]:
        return self._connection.execute(statement, values).fetchall()

    def execute_many(self, statement: str, rows: list[Row]) -> None:
        self._connection.executemany(statement, rows)

    def begin(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        self._connection.execute("COMMIT")

    def roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def is_there(self) -> bool:
        """A file that was moved or deleted would be written to all the same, for nobody."""
        return self._stat() == self._file

    def size(self) -> int:
        ((pages,),) = self.execute("PRAGMA page_count")
        ((free,),) = self.execute("PRAGMA freelist_count")
        return int((pages - free) * _PAGE)

    def give_back(self, limit: int) -> None:
        ((pages,),) = self.execute("PRAGMA page_count")
        too_many = pages - limit // _PAGE
        if too_many > 0:
            # As a script, for that is run to its end: one step frees one page.
            self._connection.executescript(f"PRAGMA incremental_vacuum({min(too_many, _MOST_GIVEN_BACK)})")

    def close(self) -> None:
        self._connection.close()

    def explain(self, error: BaseException) -> StorageError:
        code = int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
        if code == sqlite3.SQLITE_CANTOPEN:
            return StorageError(f"the communication log {self.name} cannot be opened: {self._why_not()}")
        kind, sentence = _SENTENCES.get(code, (StorageError, ""))
        if not sentence:
            # The name of an error says enough to look it up, its text may say more than anybody should read.
            sentence = f"the communication log {{name}} failed with {getattr(error, 'sqlite_errorname', 'an error')}"
        return kind(sentence.format(name=self.name))

    def _why_not(self) -> str:
        folder = os.path.dirname(os.path.abspath(self.name))
        if not os.path.isdir(folder):
            return f"there is no folder {folder}; make it, or choose another file"
        return "the file and its folder must be readable and writable; change that, or choose another file"

    def _stat(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self.name)
        except OSError:
            return None
        return found.st_dev, found.st_ino


_SENTENCES: Final[dict[int, tuple[type[StorageError], str]]] = {
    sqlite3.SQLITE_BUSY: (StorageBusyError, "the communication log {name} is locked by another program"),
    sqlite3.SQLITE_LOCKED: (StorageBusyError, "the communication log {name} is locked by another program"),
    sqlite3.SQLITE_READONLY: (
        StorageError,
        "the communication log {name} is read-only: allow writing to it and its folder, or choose another file",
    ),
    sqlite3.SQLITE_PERM: (StorageError, "the communication log {name} may not be used: allow that, or choose another"),
    sqlite3.SQLITE_FULL: (StorageAwayError, "no room is left on the disk for the communication log {name}"),
    sqlite3.SQLITE_IOERR: (
        StorageAwayError,
        "the communication log {name} cannot be read or written: check the disk, and the room on it",
    ),
    sqlite3.SQLITE_NOTADB: (StorageError, "{name} is a file, but no communication log: choose another file"),
    sqlite3.SQLITE_CORRUPT: (
        StorageError,
        "the communication log {name} is damaged: move it away, and a new one will be made",
    ),
}
