"""What is written into the log, and what leaves it again: by age, and by size."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from konfipay_async.communication.entry import Content, Entry
from konfipay_async.communication.schema import DETAILS, ENTRIES, Database, Row, grow, next_ids

__all__ = ["SMALLEST", "Writer"]

SMALLEST: Final = 4 * 1024 * 1024
"""Bytes: no limit of a log is smaller."""

_SECOND: Final = 1_000_000
_HOUR: Final = 3600 * _SECOND
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Seconds between two looks for what is too old.
_LOOK_EVERY: Final = 60.0
# Entries that go in one transaction, for others wait for it, and all of it goes through the write-ahead log.
_AT_ONCE: Final = 100
# Bytes that a batch may take beside its own: pages that are not full.
_SPARE: Final = 65_536

_INSERT_ENTRY: Final = f"INSERT INTO entries ({', '.join(ENTRIES)}) VALUES ({', '.join('?' * len(ENTRIES))})"  # noqa: S608
_INSERT_DETAILS: Final = f"INSERT INTO details ({', '.join(DETAILS)}) VALUES ({', '.join('?' * len(DETAILS))})"  # noqa: S608
_OLDEST: Final = "SELECT id, bytes FROM entries ORDER BY at, id LIMIT ?"
_HAS: Final = "SELECT 1 FROM entries WHERE at = ? AND attempt = ? AND call = ?"
_TOO_OLD: Final = "SELECT id, bytes FROM entries WHERE at < ? ORDER BY at, id LIMIT ?"


class Writer:
    """Writes into one database: `keeps` is for how many seconds entries stay (None: for ever), `limit` how many bytes
    they may take (None: as many as there are).

    For one thread. Raises StorageError where the database fails, and other errors for values it does not take; then
    nothing of the batch was written, unless the answer to its commit was lost.
    """

    def __init__(self, database: Database, *, keeps: float | None, limit: int | None) -> None:
        self._database = database
        self._keeps = keeps
        # A part is left to what waits in the write-ahead log.
        self._limit = None if limit is None else limit - min(limit // 4, SMALLEST)
        self._looked_at: float | None = None

    def write(
        self, entries: Sequence[Entry], losses: Sequence[tuple[int, str]], *, now: float, again: bool = False
    ) -> None:
        """Commit entries (their ids are given here), and how many could not be kept, and why; `now` since the epoch.

        With `again` it is the same as before, and nothing is done where that was committed after all.
        """
        database = self._database
        about, details = _rows(entries)
        size = sum(row[-1] for row in about)
        try:
            self._make_room(size + _SPARE)
            database.begin()
            try:
                first = next_ids(database, len(entries))  # a commit that is still under way ends before that
                if again and about and self._has(about[0]):
                    database.roll_back()
                    return
                database.execute_many(_INSERT_ENTRY, [(first + number, *row) for number, row in enumerate(about)])
                if details:
                    database.execute_many(_INSERT_DETAILS, [(first + number, *row) for number, row in details])
                grow(database, size)
                for lost, reason in losses:
                    self._lose(int(now * _SECOND), lost, reason)
                database.commit()
            except BaseException:
                database.roll_back()
                raise
        except database.of_values:
            raise
        except database.errors as error:
            raise database.explain(error) from None

    def forget(self, now: float, *, most: int) -> None:
        """Let go of what is too old, or too much; of `most` entries, and of the rest another time."""
        database = self._database
        try:
            if self._keeps is not None and not (self._looked_at and 0 <= now - self._looked_at < _LOOK_EVERY):
                oldest = int((now - self._keeps) * _SECOND)
                while most > 0 and (gone := self._delete(_TOO_OLD, oldest, min(most, _AT_ONCE))):
                    most -= len(gone)
                if most > 0:
                    database.execute("DELETE FROM losses WHERE at < ?", (oldest,))
                    self._looked_at = now
            if self._limit is not None:
                while most > 0 and database.size() > self._limit:
                    gone = self._delete(_OLDEST, min(most, _AT_ONCE))
                    most = most - len(gone) if gone else 0
                database.give_back(self._limit)
        except database.errors as error:
            raise database.explain(error) from None

    def close(self) -> None:
        self._database.close()

    def is_there(self) -> bool:
        """Whether what was opened is still where it was."""
        return self._database.is_there()

    def _make_room(self, size: int) -> None:
        """The oldest go, as many as others come; where a limit was lowered, twice as many."""
        freed = 0
        while self._limit is not None and self._database.size() + size > self._limit and freed < 2 * size:
            gone = self._delete(_OLDEST, _AT_ONCE)
            if not gone:
                return
            freed += sum(gone)

    def _has(self, row: Row) -> bool:
        at, attempt, call = (row[ENTRIES.index(name) - 1] for name in ("at", "attempt", "call"))
        return bool(self._database.execute(_HAS, (at, attempt, call)))

    def _lose(self, at: int, lost: int, reason: str) -> None:
        """One row for each hour and reason: where all is lost, losses do not fill the log."""
        hour = at - at % _HOUR
        same = ("WHERE reason = ? AND at >= ? AND at < ?", (reason, hour, hour + _HOUR))
        if self._database.execute(f"SELECT 1 FROM losses {same[0]}", same[1]):  # noqa: S608
            self._database.execute(f"UPDATE losses SET entries = entries + ?, at = ? {same[0]}", (lost, at, *same[1]))  # noqa: S608
        else:
            self._database.execute("INSERT INTO losses VALUES (?, ?, ?)", (at, lost, reason))

    def _delete(self, which: str, *values: int) -> Sequence[int]:
        """Delete the entries a statement finds; how many bytes each of them said it was."""
        database = self._database
        database.begin()
        try:
            next_ids(database, 0)  # one deletes at a time
            found = database.execute(which, values)
            ids = [(number,) for number, _ in found]
            for table in ("details", "entries"):
                database.execute_many(f"DELETE FROM {table} WHERE id = ?", ids)  # noqa: S608
            grow(database, -sum(size for _, size in found))
            if found and which == _OLDEST:
                database.execute("DELETE FROM losses WHERE at < (SELECT min(at) FROM entries)")
            database.commit()
        except BaseException:
            database.roll_back()
            raise
        return [size for _, size in found]


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
