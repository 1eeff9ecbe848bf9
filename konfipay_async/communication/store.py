"""Where the log is kept, and how it is read: an SQLite file (``sqlite:///api.db``), or PostgreSQL by its URL (the extra
``postgres``).

Reading blocks: an event loop has it done in a thread. Any number of threads may share a store, they take turns; writers
are not disturbed.
"""

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
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

# A moment, and the id of what began in it: entries are between two, for ids begin with 1.
_Place = tuple[int, int]
_FIRST: Final[_Place] = (-(2**63), 0)
_LAST: Final[_Place] = (2**63 - 1, 0)
_BETWEEN: Final = "(at, id) > (?, ?) AND (at, id) < (?, ?)"

_OVERVIEW: Final = "id, at, method, url, status, error, duration, waited, attempt, call, key_name, endpoint, budget"
_BY_BUDGET: Final = ", ".join(
    f"sum(CASE WHEN budget {budget} 'public'{limited} THEN 1 ELSE 0 END)"
    for limited in ("", " AND status = 429")
    for budget in ("=", "<>")
)
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

    def search(
        self, wanted: Filter = _ANYTHING, *, limit: int = 50, at: str | None = None, looks_at: int | None = None
    ) -> Page:
        """The newest entries of those wanted, or those that `at` leads to: `older` or `newer` of another page.

        What no index leads to is looked for in entry after entry: with `looks_at` in about so many of them, and then
        the page says how far that went. ConfigurationError for an `at` that leads nowhere.
        """
        towards_newer, place = _place(at)
        after, before = _span(wanted)
        if place is not None:
            after, before = (max(after, place), before) if towards_newer else (after, min(before, place))
        order = "at, id" if towards_newer else "at DESC, id DESC"
        branches = self._branches(wanted)
        conditions, values = _conditions(replace(wanted, since=None, until=None))
        end = None
        if looks_at is not None and wanted.call is None and (conditions or any(branch[1:] for branch in branches)):
            ends = self._ends([branch[:1] for branch in branches], (*after, *before), order, looks_at)
            end = (min if towards_newer else max)(ends, default=None)
        if end is not None:
            after, before = (after, end) if towards_newer else (end, before)
        rows: list[Row] = []
        # Each has an index of its own, which gives them in order: nobody has to look at all entries.
        for branch in branches:
            query = _select([*branch, _BETWEEN, *conditions], order)
            rows += self._ask(query, (*after, *before, *values, limit + 1))
        rows.sort(key=lambda row: (row[1], row[0]), reverse=not towards_newer)
        entries = [_entry(row) for row in rows[:limit]]
        onward = back = None
        if len(rows) > limit:
            onward, end = _place_of(entries[-1]), None
        elif end is not None:
            onward = (end[0], end[1] + (-1 if towards_newer else 1))  # that one was not looked at
        if entries and place is not None:
            back = _place_of(entries[0])
        if towards_newer:
            entries.reverse()
        older, newer = (back, onward) if towards_newer else (onward, back)
        return Page(
            tuple(entries),
            older=older and _cursor("<", older),
            newer=newer and _cursor(">", newer),
            searched_to=end and _moment(end[0]),
        )

    def get(self, number: int) -> Entry | None:
        """The entry with this id, with headers and contents where they were kept."""
        if not 0 < number < 2**63:
            return None  # nor could the database be asked for it
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
        query = f"SELECT at / {_MINUTE}, {_BY_BUDGET} FROM entries{_where(conditions)} GROUP BY 1"  # noqa: S608
        counted = {minute: counts for minute, *counts in self._ask(query, tuple(values))}
        return [Minute(_moment(minute * _MINUTE), *counted.get(minute, ())) for minute in range(first, last + 1)]

    def figures(self, wanted: Filter = _ANYTHING) -> Figures:
        """What happened, by status and by endpoint."""
        conditions, values = _conditions(wanted)
        conditions.append(self._any_branch(wanted))
        # Rows stay in the database: as many come as there are different durations, told in milliseconds.
        query = (
            f"SELECT endpoint, status, round(duration * 1000), count(*), sum(failed) FROM entries{_where(conditions)}"  # noqa: S608
        )
        by_status: dict[int | None, int] = {}
        durations: dict[str, Counter[float]] = {}
        attempts: Counter[str] = Counter()
        failures: Counter[str] = Counter()
        for endpoint, status, duration, count, failed in self._ask(f"{query} GROUP BY 1, 2, 3", tuple(values)):
            by_status[status or None] = by_status.get(status or None, 0) + count
            attempts[endpoint] += count
            failures[endpoint] += failed
            seconds = durations.setdefault(endpoint, Counter())
            if status:
                seconds[duration / 1000] += count
        endpoints = [
            EndpointFigures(
                endpoint,
                attempts[endpoint],
                failures[endpoint],
                p50=_percentile(seconds, 50),
                p95=_percentile(seconds, 95),
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
        """What a filter says of statuses, as conditions that exclude one another; one without conditions is all. The
        first of a branch has an index, but for those of a call, which has a better one."""
        failed = ["+failed = 1" if wanted.call is not None else "failed = 1"] if wanted.only_errors else []
        if not wanted.statuses:
            return [failed]
        there = [status for status in self._statuses() if any(_is(status, one) for one in wanted.statuses)]
        if wanted.only_errors or wanted.call is not None:
            return [[*failed, _in(there)]]
        return [[f"status = {status}"] for status in there]

    def _ends(self, branches: Sequence[list[str]], between: Row, order: str, looks_at: int) -> list[_Place]:
        """The first entry of each branch that is not looked at, where all of them may look at so many."""
        found: list[Row] = []
        for branch in branches:
            query = f"SELECT at, id FROM entries{_where([*branch, _BETWEEN])} ORDER BY {order} LIMIT 1 OFFSET ?"  # noqa: S608
            found += self._ask(query, (*between, max(1, looks_at // len(branches))))
        return [(at, number) for at, number in found]

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


def _span(wanted: Filter) -> tuple[_Place, _Place]:
    """Between which places the time is that is asked for."""
    return (
        _FIRST if wanted.since is None else (_microseconds(wanted.since), 0),
        _LAST if wanted.until is None else (_microseconds(wanted.until), 0),
    )


def _place(at: str | None) -> tuple[bool, _Place | None]:
    """Whether a cursor leads towards what is newer, and where it stands."""
    if at is None:
        return False, None
    match = re.fullmatch(r"([<>])([0-9]{1,17})\.([0-9]{1,17})", at)
    if match is None:
        raise ConfigurationError("that is no place in the log: give what a page has as older or newer")
    return match[1] == ">", (int(match[2]), int(match[3]))


def _cursor(direction: str, place: _Place) -> str:
    return f"{direction}{place[0]}.{place[1]}"


def _place_of(entry: Entry) -> _Place:
    return _microseconds(entry.timestamp), entry.id


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


def _percentile(counted: Counter[float], percent: int) -> float | None:
    """The smallest value that so many in a hundred do not exceed."""
    total, passed = counted.total(), 0
    for value, count in sorted(counted.items()):
        passed += count
        if passed * 100 >= total * percent:
            return value
    return None
