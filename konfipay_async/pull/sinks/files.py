"""A pull into files by an address like ``jsonl:FOLDER``, ``csv:FOLDER`` or ``parquet:FOLDER`` (the extra ``parquet``).

Each page is a file of its own, Parquet has one for each month of booking in it. A file is there whole or not at all:
it is written under a name that readers pass over, flushed to the disk, and renamed. Beside the files lies
`_konfipay.db` (SQLite): which bookings are known, which files there are, and the ids that acknowledge pages. A page
counts from the moment its entry there is committed, its files being on the disk by then; what a killed process left
unnamed is named, or thrown away, by the next one that opens the folder.

Files are only ever added. A booking that comes again as it was is not written again. One that says something else is
written again, `first_seen_at` as it was and `changed_at` saying when: the last row of a (source, rid) counts.
"""

import json
import os
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Self

from konfipay_async.errors import ClientStateError, ConfigurationError, MissingExtraError, StorageError
from konfipay_async.models.transactions import Transaction
from konfipay_async.pull.sinks import Written, lock
from konfipay_async.pull.sinks.formats import FORMATS
from konfipay_async.pull.sinks.rows import COLUMNS, Value, digest, is_interim, row
from konfipay_async.pull.sinks.sqlite_errors import explain

__all__ = ["FileSink"]

_VERSION = "1"
_INDEX = "_konfipay.db"
_PENDING = "_pending"  # readers of a folder of Parquet files pass over what begins with an underscore

# Seconds a write waits for another source's.
_PATIENCE = 5

_FIRST_SEEN, _CHANGED = COLUMNS.index("first_seen_at"), COLUMNS.index("changed_at")

_TABLES = (
    "CREATE TABLE konfipay_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE bookings (source TEXT, rid TEXT, digest BLOB NOT NULL, first_seen_at TEXT NOT NULL, "
    "PRIMARY KEY (source, rid)) WITHOUT ROWID",
    "CREATE TABLE parts (source TEXT, number INTEGER, files TEXT NOT NULL, rows INTEGER NOT NULL, "
    "committed_at TEXT NOT NULL, PRIMARY KEY (source, number))",
    "CREATE TABLE acknowledgements (source TEXT, acknowledgement_id TEXT, recorded_at TEXT NOT NULL, "
    "rows INTEGER NOT NULL, settled_at TEXT, outcome TEXT, PRIMARY KEY (source, acknowledgement_id))",
)


class FileSink:
    """Writes bookings into files below `folder`, as `kind` says: "jsonl", "csv" or "parquet".

    The source is the name of the API key they are read with, and part of the files' names. A folder belongs to one
    kind, to the origin of its first page, and to nobody else. With `pending_to_own_folder` bookings that were read
    from an interim report (camt.052 or MT942, which is how pending ones are told, inferred) go into files in
    `_pending`; nothing takes them back when their booking comes.
    """

    def __init__(
        self,
        kind: str,
        folder: Path | str,
        *,
        source: str = "default",
        origin: str,
        pending_to_own_folder: bool = False,
    ) -> None:
        if not source:
            raise ConfigurationError("a source needs a name: it is part of the key of every row")
        if kind not in FORMATS:
            raise ConfigurationError(f"kind={kind!r} is no kind of file; there are {', '.join(FORMATS)}")
        self._kind = kind
        self._format = FORMATS[kind]
        self._folder = Path(folder)
        self._source = source
        self._origin = origin
        self._pending_to_own_folder = pending_to_own_folder
        self._name = lock.file_name(source)
        self._index: sqlite3.Connection | None = None
        self._lock: sqlite3.Connection | None = None
        self._is_unfinished = False  # a page failed after its files were begun
        self._last_tick = datetime.min.replace(tzinfo=UTC)

    @property
    def lasts(self) -> bool:
        """Files do."""
        return True

    def open(self) -> None:
        """Take the folder: make it where there is none, and finish what was left unfinished.

        MissingExtraError without pyarrow where it is needed, StorageBusyError while another pull of this source
        holds it, StorageError for all else.
        """
        if self._index is not None:
            raise ClientStateError("the sink is open already")
        if self._kind == "parquet" and find_spec("pyarrow") is None:
            raise MissingExtraError("a Parquet file", "parquet")
        try:
            with self._explained():
                self._take_folder()
                self._prepare()
            self._lock = lock.take(str(self._folder / _INDEX), self._source)
            with self._explained():
                self._finish()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the folder."""
        index, self._index = self._index, None
        held, self._lock = self._lock, None
        for connection in (index, held):
            if connection is not None:
                connection.close()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, transactions: Sequence[Transaction], acknowledgement_id: str | None) -> Written:
        """Keep a page and, unless it is None, the id that acknowledges it: both or neither.

        Nothing is written where an amount cannot be kept. An id that comes again is pending again.
        """
        now = self._tick()
        rows = {transaction.rid: row(transaction, self._source, now) for transaction in transactions}
        interim = {transaction.rid for transaction in transactions if is_interim(transaction)}
        with self._explained():
            digests = {rid: digest(values) for rid, values in rows.items()}
            known = self._known(list(rows))
            changed = {rid for rid, (before, _) in known.items() if digests[rid] != before}
            for rid in changed:
                rows[rid] = _again(rows[rid], known[rid][1], now)
            fresh = [rid for rid in rows if rid not in known or rid in changed]
            apart = interim.intersection(fresh) if self._pending_to_own_folder else set()
            files = self._encoded([rows[rid] for rid in fresh if rid not in apart], "")
            files |= self._encoded([rows[rid] for rid in fresh if rid in apart], _PENDING)
            if self._is_unfinished:
                self._finish()
            self._is_unfinished = True
            with self._transaction() as index:
                self._belong_to()
                laid_down = self._lay_down(index, files, len(fresh), now) if files else {}
                keep = "INSERT INTO bookings VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET digest = excluded.digest"
                index.executemany(keep, [(self._source, rid, digests[rid], now) for rid in fresh])
                if acknowledgement_id is not None:
                    self._record(index, acknowledgement_id, len(transactions), now)
            for path, target in laid_down.items():
                _give_name(path, target)
            self._is_unfinished = False
        return Written(new=len(rows) - len(known), known=len(known), changed=len(changed))

    def pending(self) -> list[str]:
        """The ids that were kept and not settled, oldest first."""
        query = (
            "SELECT acknowledgement_id FROM acknowledgements WHERE source = ? AND settled_at IS NULL "
            "ORDER BY recorded_at"
        )
        with self._explained():
            return [key for (key,) in self._opened().execute(query, (self._source,))]

    def settle(self, acknowledgement_id: str, outcome: str) -> None:
        """Note what became of an id. StorageError where it was never kept."""
        change = "UPDATE acknowledgements SET settled_at = ?, outcome = ? WHERE source = ? AND acknowledgement_id = ?"
        with self._explained(), self._transaction() as index:
            settled = index.execute(change, (self._tick(), outcome, self._source, acknowledgement_id)).rowcount
        if not settled:
            raise StorageError(
                f"the folder {self._folder} has no acknowledgement {acknowledgement_id} of the source "
                f"{self._source!r} to settle"
            )

    def count(self) -> int:
        """How many bookings of this source the folder holds."""
        with self._explained():
            query = "SELECT count(*) FROM bookings WHERE source = ?"
            return int(self._opened().execute(query, (self._source,)).fetchone()[0])

    # The folder

    def _take_folder(self) -> None:
        """Make it, or see that it is ours."""
        with suppress(FileExistsError):
            self._folder.mkdir()
        # In this order: another pull may be making the index, and files after it, this moment.
        is_empty = not any(self._folder.iterdir())
        if not is_empty and not (self._folder / _INDEX).exists():
            raise StorageError(
                f"the folder {self._folder} is not ours: there are files in it and no {_INDEX}; choose another folder, "
                "or a new one (--to)"
            )

    def _prepare(self) -> None:
        path = self._folder / _INDEX
        self._index = sqlite3.connect(path, timeout=_PATIENCE, check_same_thread=False, isolation_level=None)
        # An id may be sent as soon as its page is committed: a commit that a power cut undoes would lose bookings. FULL
        # alone does not make the end of the rollback journal last.
        self._index.execute("PRAGMA synchronous = EXTRA")
        with self._transaction() as index:
            if not index.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                for statement in _TABLES:
                    index.execute(statement)
                facts = {"schema_version": _VERSION, "kind": self._kind}
                index.executemany("INSERT INTO konfipay_meta VALUES (?, ?)", facts.items())
            for key, ours in (("schema_version", _VERSION), ("kind", self._kind)):
                if (theirs := self._fact(key)) != ours:
                    raise StorageError(
                        f"the folder {self._folder} has {key} {theirs or 'unknown'}, this pull writes {ours}; choose "
                        "another folder, or a new one (--to)"
                    )
            if self._fact("origin") is not None:
                self._expect_origin()

    def _belong_to(self) -> None:
        """Note the origin with the first page, not before: a pull that reached nobody binds the folder to nothing."""
        if self._fact("origin") is None:
            self._opened().execute("INSERT INTO konfipay_meta VALUES ('origin', ?)", (self._origin,))
        self._expect_origin()

    def _expect_origin(self) -> None:
        found = self._fact("origin")
        if found != self._origin:
            raise StorageError(
                f"the folder {self._folder} was filled from {found}, this pull reads from {self._origin}; choose "
                "another folder for it (--to), or pull from the origin the folder belongs to"
            )

    def _fact(self, key: str) -> str | None:
        found = self._opened().execute("SELECT value FROM konfipay_meta WHERE key = ?", (key,)).fetchone()
        return None if found is None else str(found[0])

    # Files

    def _encoded(self, rows: Sequence[tuple[Value, ...]], folder: str) -> dict[str, bytes]:
        """The content of files, by the folder each belongs into."""
        if not rows:
            return {}
        return {os.path.join(folder, below): content for below, content in self._format.encode(rows).items()}

    def _lay_down(self, index: sqlite3.Connection, files: Mapping[str, bytes], rows: int, now: str) -> dict[Path, Path]:
        """Put the files on the disk, under names that readers pass over, and enter those they are to have."""
        last = index.execute("SELECT max(number) FROM parts WHERE source = ?", (self._source,)).fetchone()[0] or 0
        number = last + 1
        name = f"part-{self._name}-{number:08}.{self._format.ending}"
        for place, content in enumerate(files.values()):
            with open(self._unnamed(number, place), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        _flush_folder(self._folder)
        targets = [Path(folder, name).as_posix() for folder in files]
        entry = self._source, number, json.dumps(targets), rows, now
        index.execute("INSERT INTO parts VALUES (?, ?, ?, ?, ?)", entry)
        return {self._unnamed(number, place): self._folder / target for place, target in enumerate(targets)}

    def _finish(self) -> None:
        """Name the files of pages that are committed; throw away those of pages that never were."""
        ours = re.compile(rf"\.part-{re.escape(self._name)}-(\d{{8,}})-(\d{{4,}})\.tmp")
        query = "SELECT files FROM parts WHERE source = ? AND number = ?"
        for path in list(self._folder.iterdir()):
            if (found := ours.fullmatch(path.name)) is None:
                continue
            number, place = map(int, found.groups())
            entry = self._opened().execute(query, (self._source, number)).fetchone()
            if entry is None:
                path.unlink()
            else:
                _give_name(path, self._folder / json.loads(entry[0])[place])

    def _unnamed(self, number: int, place: int) -> Path:
        return self._folder / f".part-{self._name}-{number:08}-{place:04}.tmp"

    # The index

    def _known(self, rids: list[str]) -> dict[str, tuple[bytes, str]]:
        """Of these rids those that are known: what they said, and when they came first."""
        query = (
            "SELECT rid, digest, first_seen_at FROM bookings WHERE source = ? "
            "AND rid IN (SELECT value FROM json_each(?))"
        )
        return {
            rid: (before, first)
            for rid, before, first in self._opened().execute(query, (self._source, json.dumps(rids)))
        }

    def _record(self, index: sqlite3.Connection, acknowledgement_id: str, rows: int, now: str) -> None:
        index.execute(
            "INSERT OR REPLACE INTO acknowledgements VALUES (?, ?, ?, ?, NULL, NULL)",
            (self._source, acknowledgement_id, now, rows),
        )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        index = self._opened()
        index.execute("BEGIN IMMEDIATE")
        try:
            yield index
            index.commit()
        except BaseException:
            index.rollback()
            raise

    def _opened(self) -> sqlite3.Connection:
        if self._index is None:
            raise ClientStateError("the sink is not open")
        return self._index

    def _tick(self) -> str:
        """Now, and later than ever before: what was written in an order keeps it."""
        self._last_tick = max(_now(), self._last_tick + timedelta(microseconds=1))
        return self._last_tick.isoformat(timespec="microseconds")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise explain(error, str(self._folder / _INDEX)) from None
        except UnicodeError:
            raise StorageError(
                "a booking has a text that is no valid Unicode; nothing of its page was written"
            ) from None
        except OSError as error:
            raise StorageError(
                f"the folder {self._folder} cannot be written into ({error.strerror}); change that, or choose another "
                "one (--to)"
            ) from None


def _again(values: tuple[Value, ...], first_seen_at: str, now: str) -> tuple[Value, ...]:
    """The row of a booking that is known and says something else."""
    changed = list(values)
    changed[_FIRST_SEEN], changed[_CHANGED] = first_seen_at, now
    return tuple(changed)


def _give_name(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    path.replace(target)


def _flush_folder(folder: Path) -> None:
    """Make the names in a folder last; not everywhere does a folder open as a file."""
    with suppress(PermissionError, IsADirectoryError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _now() -> datetime:
    return datetime.now(UTC)
