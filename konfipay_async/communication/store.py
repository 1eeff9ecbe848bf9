"""Where the log is kept, and how it is read: an SQLite file (``sqlite:///api.db``), or PostgreSQL by its URL (the extra
``postgres``).

Reading blocks: an event loop has it done in a thread. Any number of threads may share a store, they take turns; writers
are not disturbed.
"""

import math
import re
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self, TypeVar

import msgspec

from konfipay_async.communication.addresses import address_of, connect
from konfipay_async.communication.entry import Content, Entry
from konfipay_async.communication.schema import Database, Row, last_id
from konfipay_async.communication.search import NO_ANSWER, EndpointFigures, Figures, Filter, Loss, Minute, Page
from konfipay_async.errors import ConfigurationError

__all__ = ["Store", "open_store"]

T = TypeVar("T")

_SECOND: Final = 1_000_000
_MINUTE: Final = 60 * _SECOND
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ANYTHING: Final = Filter()
# Minutes: of a year they fill no chart, but memory.
_MOST_MINUTES: Final = 100_000

_OVERVIEW: Final = "id, at, method, url, status, error, duration, waited, attempt, call, key_name, endpoint, budget"
_CONTENT: Final = msgspec.json.Decoder(Content)
_HEADERS: Final = msgspec.json.Decoder(dict[str, str])


def open_store(url: str) -> "Store":
    """The log at a URL, to be read. It must be there.

    ConfigurationError for a URL that is none, MissingExtraError without the library, StorageError for what is no log of
    ours or cannot be read.
    """
    return Store(connect(address_of(url), writes=False))


class Store:
    """A log that is open. Raises StorageError where it cannot be read."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turn = threading.Lock()

    def search(self, wanted: Filter = _ANYTHING, *, limit: int = 50, at: str | None = None) -> Page:
        """The newest entries of those wanted, or those that `at` leads to: `older` or `newer` of another page.

        ConfigurationError for an `at` that leads nowhere.
        """
        towards_newer, place = _place(at)
        conditions, values = _conditions(wanted)
        if place is not None:
            conditions.append(f"(at, id) {'>' if towards_newer else '<'} (?, ?)")
            values += place
        order = "at, id" if towards_newer else "at DESC, id DESC"
        rows: list[Row] = []
        # Each has an index of its own, which gives them in order: nobody has to look at all entries.
        for branch in self._branches(wanted):
            rows += self._ask(_select([*conditions, *branch], order), (*values, limit + 1))
        rows.sort(key=lambda row: (row[1], row[0]), reverse=not towards_newer)
        has_more = len(rows) > limit
        entries = [_entry(row) for row in rows[:limit]]
        if towards_newer:
            entries.reverse()
        has_older, has_newer = (place is not None, has_more) if towards_newer else (has_more, place is not None)
        return Page(
            tuple(entries),
            older=_cursor("<", entries[-1]) if entries and has_older else None,
            newer=_cursor(">", entries[0]) if entries and has_newer else None,
        )

    def get(self, number: int) -> Entry | None:
        """The entry with this id, with headers and contents where they were kept."""
        rows = self._ask(f"SELECT {_OVERVIEW} FROM entries WHERE id = ?", (number,))  # noqa: S608
        if not rows:
            return None
        details = "SELECT request_headers, request_content, response_headers, response_content FROM details"
        more = self._ask(f"{details} WHERE id = ?", (number,))
        return _entry(rows[0], *(more[0] if more else ()))

    def after(self, number: int, wanted: Filter = _ANYTHING, *, limit: int = 1000) -> Sequence[Entry]:
        """The first entries that were written after the one with this id, in the order of writing, as `search`."""
        conditions, values = _conditions(wanted)
        conditions.append(self._any_branch(wanted))
        rows = self._ask(_select([*conditions, "id > ?"], "id"), (*values, number, limit))
        return [_entry(row) for row in rows]

    def last(self) -> int:
        """The id of the entry that was written last; 0 where there is none."""
        with self._turn:
            return self._explained(lambda: last_id(self._database))

    def statuses(self) -> Sequence[int | None]:
        """The statuses there are, None for no answer, for a list to choose from."""
        return [status or None for status in self._statuses()]

    def requests_per_minute(self, since: datetime, until: datetime, *, key_name: str | None = None) -> list[Minute]:
        """Every minute of the time from `since` to `until`, those without requests too.

        ConfigurationError for a time that is upside down, or too long for minutes.
        """
        wanted = Filter(since=since, until=until, key_name=key_name)
        first, last = _microseconds(since) // _MINUTE, (_microseconds(until) - 1) // _MINUTE
        if last - first >= _MOST_MINUTES:
            raise ConfigurationError(f"give a time of no more than {_MOST_MINUTES} minutes")
        conditions, values = _conditions(wanted)
        query = f"SELECT at / {_MINUTE}, budget, count(*), sum(CASE WHEN status = 429 THEN 1 ELSE 0 END) FROM entries"  # noqa: S608
        counted: dict[int, dict[str, int]] = {}
        for minute, budget, count, limited in self._ask(f"{query}{_where(conditions)} GROUP BY 1, 2", tuple(values)):
            one = counted.setdefault(minute, {"public": 0, "authenticated": 0, "limited": 0})
            one["public" if budget == "public" else "authenticated"] += count
            one["limited"] += int(limited)
        return [Minute(_moment(minute * _MINUTE), **counted.get(minute, {})) for minute in range(first, last + 1)]

    def figures(self, wanted: Filter = _ANYTHING) -> Figures:
        """What happened, by status and by endpoint."""
        conditions, values = _conditions(wanted)
        conditions.append(self._any_branch(wanted))
        query = f"SELECT endpoint, status, failed, duration FROM entries{_where(conditions)}"  # noqa: S608
        by_status: dict[int | None, int] = {}
        durations: dict[str, list[float]] = {}
        failed: dict[str, int] = {}
        unanswered: dict[str, int] = {}
        for endpoint, status, has_failed, duration in self._ask(query, tuple(values)):
            by_status[status or None] = by_status.get(status or None, 0) + 1
            seconds = durations.setdefault(endpoint, [])
            if status:
                seconds.append(duration)
            else:
                unanswered[endpoint] = unanswered.get(endpoint, 0) + 1
            if has_failed:
                failed[endpoint] = failed.get(endpoint, 0) + 1
        endpoints = [
            EndpointFigures(
                endpoint,
                attempts=len(seconds) + unanswered.get(endpoint, 0),
                failed=failed.get(endpoint, 0),
                p50=_percentile(seconds, 0.50),
                p95=_percentile(seconds, 0.95),
            )
            for endpoint, seconds in durations.items()
        ]
        endpoints.sort(key=lambda one: (-one.attempts, one.endpoint))
        return Figures(
            attempts=sum(by_status.values()),
            statuses=dict(sorted(by_status.items(), key=lambda pair: pair[0] or 0)),
            endpoints=tuple(endpoints),
        )

    def losses(self) -> Sequence[Loss]:
        """What could not be kept, oldest first."""
        rows = self._ask("SELECT at, entries, reason FROM losses ORDER BY at")
        return [Loss(_moment(at), entries, reason) for at, entries, reason in rows]

    def close(self) -> None:
        """Let go of it."""
        with self._turn:
            self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _branches(self, wanted: Filter) -> list[list[str]]:
        """What a filter says of statuses, as conditions that exclude one another; one without conditions is all."""
        if not wanted.statuses:
            return [["failed = 1"]] if wanted.only_errors else [[]]
        there = [status for status in self._statuses() if any(_is(status, one) for one in wanted.statuses)]
        if wanted.only_errors:
            return [["failed = 1", _in(there)]]
        return [[f"status = {status}"] for status in there]

    def _any_branch(self, wanted: Filter) -> str:
        branches = [" AND ".join(branch) or "1 = 1" for branch in self._branches(wanted)]
        return f"({' OR '.join(branches) or '1 = 0'})"

    def _statuses(self) -> list[int]:
        """From one to the next, each by the index: nobody has to look at all entries."""
        found: list[int] = []
        after = -1
        while rows := self._ask("SELECT status FROM entries WHERE status > ? ORDER BY status LIMIT 1", (after,)):
            after = rows[0][0]
            found.append(after)
        return found

    def _ask(self, statement: str, values: Row = ()) -> list[Row]:
        with self._turn:
            return self._explained(lambda: self._database.execute(statement, values))

    def _explained(self, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except self._database.errors as error:
            raise self._database.explain(error) from None


def _conditions(wanted: Filter) -> tuple[list[str], list[Any]]:
    """What a filter says, but for the statuses."""
    conditions: list[str] = []
    values: list[Any] = []

    def ask(condition: str, value: object) -> None:
        conditions.append(condition)
        values.append(value)

    if wanted.since is not None:
        ask("at >= ?", _microseconds(wanted.since))
    if wanted.until is not None:
        ask("at < ?", _microseconds(wanted.until))
    if wanted.method is not None:
        ask("method = ?", wanted.method)
    if wanted.url:
        text = re.sub(r"([\\%_])", r"\\\1", wanted.url.lower())
        ask("lower(url) LIKE ? ESCAPE '\\'", f"%{text}%")
    if wanted.key_name is not None:
        ask("key_name = ?", wanted.key_name)
    if wanted.call is not None:
        ask("call = ?", wanted.call)
    return conditions, values


def _select(conditions: Iterable[str], order: str) -> str:
    return f"SELECT {_OVERVIEW} FROM entries{_where(conditions)} ORDER BY {order} LIMIT ?"  # noqa: S608


def _in(statuses: Iterable[int]) -> str:
    # The plus keeps the index of statuses out, which would lead through all that went well.
    return f"+status IN ({', '.join(map(str, statuses)) or 'NULL'})"


def _where(conditions: Iterable[str]) -> str:
    text = " AND ".join(conditions)
    return f" WHERE {text}" if text else ""


def _is(status: int, wanted: str) -> bool:
    if wanted == NO_ANSWER:
        return status == 0
    return str(status // 100) == wanted[0] if wanted.endswith("xx") else str(status) == wanted


def _place(at: str | None) -> tuple[bool, list[int] | None]:
    """Whether a cursor leads towards what is newer, and where it stands."""
    if at is None:
        return False, None
    match = re.fullmatch(r"([<>])([0-9]{1,17})\.([0-9]{1,17})", at)
    if match is None:
        raise ConfigurationError("that is no place in the log: give what a page has as older or newer")
    return match[1] == ">", [int(match[2]), int(match[3])]


def _cursor(direction: str, entry: Entry) -> str:
    return f"{direction}{_microseconds(entry.timestamp)}.{entry.id}"


def _entry(row: Row, *details: str | None) -> Entry:
    number, at, method, url, status, error, duration, waited, attempt, call, key_name, endpoint, budget = row
    headers, content, answered, answer = details or (None, None, None, None)
    return Entry(
        id=number,
        timestamp=_moment(at),
        method=method,
        url=url,
        status=status or None,
        error=error,
        duration=duration,
        waited=waited,
        attempt=attempt,
        call=call,
        key_name=key_name,
        endpoint=endpoint,
        budget=budget,
        request_headers=_HEADERS.decode(headers) if headers else None,
        request_content=_CONTENT.decode(content) if content else None,
        response_headers=_HEADERS.decode(answered) if answered else None,
        response_content=_CONTENT.decode(answer) if answer else None,
    )


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _moment(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def _percentile(values: list[float], part: float) -> float | None:
    """The smallest value that so great a part does not exceed."""
    if not values:
        return None
    values.sort()
    return values[max(0, math.ceil(part * len(values)) - 1)]
