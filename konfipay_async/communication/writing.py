"""What is written into the log, and what leaves it again: by age, and by size."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from konfipay_async.communication.entry import Content, Entry
from konfipay_async.communication.schema import DETAILS, ENTRIES, Database, Row, next_ids

__all__ = ["SMALLEST", "Writer"]

SMALLEST: Final = 4 * 1024 * 1024
"""Bytes: no limit of a log is smaller."""

_SECOND: Final = 1_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Seconds between two looks for what is too old.
_LOOK_EVERY: Final = 60.0
# Entries that go in one transaction, for others wait for it, and all of it goes through the write-ahead log.
_AT_ONCE: Final = 100
# Bytes that a batch may take beside its own: pages that are not full.
_SPARE: Final = 65_536
# What is left after something had to go, so that it need not go for every entry.
_LEFT: Final = 0.95

_INSERT_ENTRY: Final = f"INSERT INTO entries ({', '.join(ENTRIES)}) VALUES ({', '.join('?' * len(ENTRIES))})"  # noqa: S608
_INSERT_DETAILS: Final = f"INSERT INTO details ({', '.join(DETAILS)}) VALUES ({', '.join('?' * len(DETAILS))})"  # noqa: S608
_OLDEST: Final = "SELECT id, bytes FROM entries ORDER BY at, id LIMIT ?"
_TOO_OLD: Final = "SELECT id, bytes FROM entries WHERE at < ? ORDER BY at, id LIMIT ?"


class Writer:
    """Writes into one database: `keeps` is for how many seconds entries stay (None: for ever), `limit` how many bytes
    they may take (None: as many as there are).

    For one thread. Raises StorageError; then nothing of the batch was written.
    """

    def __init__(self, database: Database, *, keeps: float | None, limit: int | None) -> None:
        self._database = database
        self._keeps = keeps
        # A part is left to what waits in the write-ahead log.
        self._limit = None if limit is None else limit - min(limit // 4, SMALLEST)
        self._size = 0
        self._measured_at: float | None = None
        self._looked_at: float | None = None

    def write(self, entries: Sequence[Entry], losses: Sequence[tuple[int, str]], *, now: float) -> None:
        """Commit entries (their ids are given here), and how many could not be kept, and why; `now` since the epoch."""
        database = self._database
        about, details = _rows(entries)
        size = sum(row[-1] for row in about)
        try:
            self._forget_old(now)
            self._make_room(size, now)
            database.begin()
            try:
                first = next_ids(database, len(entries))
                database.execute_many(_INSERT_ENTRY, [(first + number, *row) for number, row in enumerate(about)])
                if details:
                    database.execute_many(_INSERT_DETAILS, [(first + number, *row) for number, row in details])
                if losses:
                    at = int(now * _SECOND)
                    database.execute_many("INSERT INTO losses VALUES (?, ?, ?)", [(at, *loss) for loss in losses])
                database.commit()
            except BaseException:
                database.roll_back()
                raise
        except database.errors as error:
            raise database.explain(error) from None
        self._size += size

    def close(self) -> None:
        self._database.close()

    def is_there(self) -> bool:
        """Whether what was opened is still where it was."""
        return self._database.is_there()

    def _forget_old(self, now: float) -> None:
        if self._keeps is None or (self._looked_at is not None and 0 <= now - self._looked_at < _LOOK_EVERY):
            return
        self._looked_at = now
        oldest = int((now - self._keeps) * _SECOND)
        while self._delete(_TOO_OLD, oldest, _AT_ONCE):
            pass
        self._database.execute("DELETE FROM losses WHERE at < ?", (oldest,))

    def _make_room(self, size: int, now: float) -> None:
        if self._limit is None:
            return
        size += _SPARE
        if self._measured_at is None:
            self._database.give_back(self._limit)  # what a higher limit has left
        if self._measured_at is None or not 0 <= now - self._measured_at < self._database.measured_every:
            self._measure(now)
        if self._size + size <= self._limit:
            return
        self._measure(now)
        while self._size + size > _LEFT * self._limit and (freed := self._delete(_OLDEST, _AT_ONCE)):
            self._size -= freed
            if not self._database.measured_every:
                self._measure(now)
        self._database.give_back(self._limit)

    def _measure(self, now: float) -> None:
        self._size = self._database.size()
        self._measured_at = now

    def _delete(self, which: str, *values: int) -> int:
        """Delete the entries a statement finds; how many bytes they said they were."""
        database = self._database
        database.begin()
        try:
            next_ids(database, 0)  # one deletes at a time
            found = database.execute(which, values)
            ids = [(number,) for number, _ in found]
            for table in ("details", "entries"):
                database.execute_many(f"DELETE FROM {table} WHERE id = ?", ids)  # noqa: S608
            database.commit()
        except BaseException:
            database.roll_back()
            raise
        return sum(size for _, size in found)


def _rows(entries: Sequence[Entry]) -> tuple[list[Row], list[tuple[int, Row]]]:
    """The rows of both tables, without their ids."""
    about: list[Row] = []
    details: list[tuple[int, Row]] = []
    for number, entry in enumerate(entries):
        more = (
            _json(entry.request_headers),
            _json(entry.request_content),
            _json(entry.response_headers),
            _json(entry.response_content),
        )
        if any(more):
            details.append((number, more))
        size = 200 + 2 * len(entry.call) + len(entry.url) + len(entry.endpoint) + sum(len(one or "") for one in more)
        about.append(
            (
                (entry.timestamp - _EPOCH) // timedelta(microseconds=1),
                entry.method,
                entry.url,
                entry.status or 0,
                entry.error,
                entry.duration,
                entry.waited,
                entry.attempt,
                entry.call,
                entry.key_name,
                entry.endpoint,
                entry.budget,
                1 if entry.error is not None or entry.status is None or entry.status >= 400 else 0,
                size,
            )
        )
    return about, details


def _json(value: dict[str, str] | Content | None) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()
