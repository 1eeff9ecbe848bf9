"""The store: what is asked is found, it stays as small as it should, others' databases are left alone. SQLite and
PostgreSQL alike."""

import math
import sqlite3
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from konfipay_async import Attempt
from konfipay_async.communication import (
    CommunicationLog,
    EndpointFigures,
    Figures,
    Filter,
    Minute,
    Store,
    addresses,
    open_store,
    schema,
)
from konfipay_async.errors import ConfigurationError, ConnectionLostError, DecodeError, StorageAwayError, StorageError

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, url: str) -> str:
    """Where no log is yet."""
    return url if request.param == "sqlite" else str(request.getfixturevalue("postgres").url())


@pytest.fixture
def at(attempt: Any) -> Callable[..., Attempt]:
    """An attempt so many seconds after noon."""

    def make(seconds: float, **more: Any) -> Attempt:
        return attempt(at=NOON.timestamp() + seconds, **more)

    return make


@pytest.fixture
def filled(place: str, at: Any, recorded: Any) -> Iterator[Store]:
    """Eight entries, a minute apart: ids 1 to 8."""
    recorded(
        place,
        at(0, method="POST", path="authentication/token", budget="public", call=1),
        at(60, path="transactions", query=(("page-number", "1"),), call=1, answer=b'{"pageNumber": 1}'),
        at(120, path="transactions", status=401, error=ConnectionLostError("x"), duration=1.0, call=2),
        at(180, path="transactions", status=429, duration=2.0, call=2),
        at(240, path="transactions", status=500, duration=3.0, call=2),
        at(300, path="bank-accounts", status=None, error=ConnectionLostError("x"), call=3),
        at(360, path="bank-accounts", error=DecodeError("x"), call=4),
        at(420, method="POST", path="payments", status=201, call=5),
        level="details",
        days=None,
    )
    with open_store(place) as store:
        yield store


def ids(store: Store, **wanted: Any) -> list[int]:
    return [entry.id for entry in store.search(Filter(**wanted)).entries]


# Asking


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, [8, 7, 6, 5, 4, 3, 2, 1]),
        ({"since": NOON + timedelta(seconds=120), "until": NOON + timedelta(seconds=240)}, [4, 3]),
        ({"statuses": ("401",)}, [3]),
        ({"statuses": ("4xx", "500")}, [5, 4, 3]),
        ({"statuses": ("2xx", "none")}, [8, 7, 6, 2, 1]),
        ({"statuses": ("418",)}, []),
        ({"only_errors": True}, [7, 6, 5, 4, 3]),
        ({"only_errors": True, "statuses": ("2xx", "429")}, [7, 4]),
        ({"method": "POST"}, [8, 1]),
        ({"url": "BANK-ACC"}, [7, 6]),
        ({"url": "page-number=1"}, [2]),
        ({"url": "%"}, []),
        ({"url": "_ransactions"}, []),
        ({"key_name": "shop", "call": "nothing"}, []),
        ({"key_name": "other"}, []),
        ({"only_errors": True, "url": "transactions", "until": NOON + timedelta(seconds=200)}, [4, 3]),
    ],
    ids=str,
)
def test_a_filter_finds_what_it_says(filled: Store, wanted: Any, found: list[int]) -> None:
    assert ids(filled, **wanted) == found
    assert [entry.id for entry in filled.after(0, Filter(**wanted))] == found[::-1]


def test_a_call_is_found_by_its_number(filled: Store) -> None:
    third = filled.get(3)
    assert third is not None
    assert ids(filled, call=third.call) == [5, 4, 3]


@pytest.mark.parametrize("wanted", [{}, {"statuses": ("2xx", "4xx", "5xx", "none")}], ids=["all", "by status"])
def test_pages_lead_to_older_and_newer_ones(filled: Store, wanted: Any) -> None:
    asked = Filter(**wanted)
    first = filled.search(asked, limit=3)
    assert ([entry.id for entry in first.entries], first.newer) == ([8, 7, 6], None)
    second = filled.search(asked, limit=3, at=first.older)
    assert [entry.id for entry in second.entries] == [5, 4, 3]
    third = filled.search(asked, limit=3, at=second.older)
    assert ([entry.id for entry in third.entries], third.older) == ([2, 1], None)
    back = filled.search(asked, limit=3, at=third.newer)
    assert back.entries == second.entries
    top = filled.search(asked, limit=3, at=back.newer)
    assert (top.entries, top.newer) == (first.entries, None)


@pytest.mark.parametrize(
    "wanted",
    [
        {"url": "bank"},
        {"method": "POST"},
        {"key_name": "nobody"},
        {"url": "transactions", "statuses": ("2xx", "4xx", "5xx")},
        {"only_errors": True, "statuses": ("2xx",)},
        {"url": "a", "since": NOON + timedelta(seconds=120), "until": NOON + timedelta(seconds=400)},
    ],
    ids=str,
)
@pytest.mark.parametrize("looks_at", [1, 2, 3, 7, 8])
def test_a_search_that_may_look_at_some_only_finds_the_rest_as_it_goes_on(
    filled: Store, wanted: Any, looks_at: int
) -> None:
    """There and back, each entry once, and each time it says how far it came."""
    found, pages, at = [], 0, None
    while at is not None or not pages:
        page = filled.search(Filter(**wanted), limit=2, at=at, looks_at=looks_at)
        found += [entry.id for entry in page.entries]
        pages, at = pages + 1, page.older
        assert at is not None or page.searched_to is None
        assert at is None or page.searched_to is not None or len(page.entries) == 2
    assert found == ids(filled, **wanted)
    assert pages <= 9
    back, at = [], ">0.0"
    while at is not None:
        page = filled.search(Filter(**wanted), limit=2, at=at, looks_at=looks_at)
        back += [entry.id for entry in reversed(page.entries)]
        at = page.newer
    assert back == found[::-1]


def test_a_search_says_how_far_it_came(filled: Store) -> None:
    page = filled.search(Filter(url="token"), looks_at=3)
    assert (page.entries, page.searched_to) == ((), NOON + timedelta(seconds=240))
    page = filled.search(Filter(url="token"), looks_at=5, at=page.older)
    assert ([entry.id for entry in page.entries], page.searched_to, page.older) == ([1], None, None)
    # What an index leads to, it need not look for.
    assert filled.search(Filter(statuses=("201",)), looks_at=1).searched_to is None
    first = filled.get(1)
    assert first is not None
    page = filled.search(Filter(call=first.call), looks_at=1)
    assert ([entry.id for entry in page.entries], page.searched_to) == ([2, 1], None)


def test_what_came_meanwhile_does_not_move_a_page(filled: Store, place: str, at: Any, recorded: Any) -> None:
    first = filled.search(limit=3)
    recorded(place, at(500), days=None)
    assert [entry.id for entry in filled.search(limit=3, at=first.older).entries] == [5, 4, 3]


def test_entries_of_one_moment_are_all_found(place: str, at: Any, recorded: Any) -> None:
    recorded(place, *[at(0) for _ in range(7)], days=None)
    with open_store(place) as store:
        seen = []
        page = store.search(limit=2)
        seen += [entry.id for entry in page.entries]
        while page.older:
            page = store.search(limit=2, at=page.older)
            seen += [entry.id for entry in page.entries]
    assert seen == [7, 6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize("where", ["", "x", "<1", "<1.x", "=1.1", "<1.1; DROP TABLE entries", "<" + "9" * 30 + ".1"])
def test_a_place_that_is_none_is_refused(filled: Store, where: str) -> None:
    with pytest.raises(ConfigurationError, match="no place"):
        filled.search(at=where)


def test_one_entry_comes_with_its_details(filled: Store) -> None:
    entry = filled.get(2)
    assert entry is not None
    assert entry.response_content is not None
    assert entry.response_content.text == '{"pageNumber":1}'
    assert entry.response_headers == {"content-type": "application/json"}
    assert filled.search().entries[-2].response_content is None
    assert filled.get(99) is None
    for never in (0, -1, 2**63, 10**400):
        assert filled.get(never) is None


def test_going_on_begins_after_the_last(filled: Store, place: str, at: Any, recorded: Any) -> None:
    last = filled.last()
    assert last == 8
    assert filled.after(last) == []
    recorded(place, at(-100), days=None)  # began long ago, and ended now
    assert [entry.id for entry in filled.after(last)] == [9]
    assert [entry.id for entry in filled.after(0, limit=2)] == [1, 2]


def test_the_statuses_there_are(filled: Store) -> None:
    assert list(filled.statuses()) == [None, 200, 201, 401, 429, 500]


def test_every_minute_is_counted(filled: Store) -> None:
    minutes = filled.requests_per_minute(NOON - timedelta(minutes=1), NOON + timedelta(minutes=4, seconds=1))
    assert minutes == [
        Minute(NOON - timedelta(minutes=1)),
        Minute(NOON, public=1),
        Minute(NOON + timedelta(minutes=1), authenticated=1),
        Minute(NOON + timedelta(minutes=2), authenticated=1),
        Minute(NOON + timedelta(minutes=3), authenticated=1, authenticated_limited=1),
        Minute(NOON + timedelta(minutes=4), authenticated=1),
    ]
    nobody = filled.requests_per_minute(NOON, NOON + timedelta(minutes=4), key_name="nobody")
    assert [minute.authenticated for minute in nobody] == [0] * 4
    with pytest.raises(ConfigurationError, match="earlier"):
        filled.requests_per_minute(NOON, NOON)
    with pytest.raises(ConfigurationError, match="minutes"):
        filled.requests_per_minute(NOON - timedelta(days=3650), NOON)


def test_figures_are_by_status_and_endpoint(filled: Store) -> None:
    assert filled.figures() == Figures(
        attempts=8,
        statuses={None: 1, 200: 3, 201: 1, 401: 1, 429: 1, 500: 1},
        endpoints=(
            EndpointFigures("GET transactions", attempts=4, failed=3, p50=1.0, p95=3.0),
            EndpointFigures("GET bank-accounts", attempts=2, failed=2, p50=0.25, p95=0.25),
            EndpointFigures("POST authentication/token", attempts=1, failed=0, p50=0.25, p95=0.25),
            EndpointFigures("POST payments", attempts=1, failed=0, p50=0.25, p95=0.25),
        ),
    )
    assert filled.figures(Filter(statuses=("418",))) == Figures(0, {}, ())
    (only,) = filled.figures(Filter(statuses=("none",))).endpoints
    assert (only.attempts, only.failed, only.p50, only.p95) == (1, 1, None, None)


def test_what_was_too_much_is_told_by_the_budget_it_was_too_much_for(place: str, at: Any, recorded: Any) -> None:
    login = {"path": "authentication/token", "budget": "public"}
    recorded(place, at(0, **login), at(1, status=429, **login), *[at(2, status=429)] * 2, days=None)
    with open_store(place) as store:
        assert store.requests_per_minute(NOON, NOON + timedelta(minutes=1)) == [
            Minute(NOON, public=2, authenticated=2, public_limited=1, authenticated_limited=2)
        ]


@pytest.mark.parametrize("count", [1, 2, 3, 19, 20, 21, 100])
def test_half_and_nineteen_in_twenty_took_no_longer(place: str, at: Any, recorded: Any, count: int) -> None:
    """Of those that were answered, however many there are."""
    recorded(place, at(0, status=None), *[at(0, duration=float(second)) for second in range(count, 0, -1)], days=None)
    with open_store(place) as store:
        (found,) = store.figures().endpoints
    assert (found.attempts, found.p50, found.p95) == (count + 1, math.ceil(count * 0.5), -(-count * 19 // 20))


def test_figures_of_a_large_log_take_little_memory(url: str, at: Any, recorded: Any) -> None:
    """Rows stay where they are: figures come."""
    recorded(url, *[at(0, duration=number % 100 / 1000) for number in range(9_000)], days=None)
    with open_store(url) as store:
        store.figures()
        tracemalloc.start()
        store.figures()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 100_000


@pytest.mark.parametrize(
    "wanted",
    [
        {"since": NOON, "until": NOON - timedelta(seconds=1)},
        {"since": NOON, "until": NOON},
        {"since": datetime(2026, 1, 1)},  # noqa: DTZ001
        {"statuses": ("600",)},
        {"statuses": ("4xxx",)},
        {"statuses": ("",)},
        {"method": "get"},
        {"method": ""},
    ],
    ids=str,
)
def test_a_filter_that_cannot_be_is_refused(wanted: Any) -> None:
    with pytest.raises(ConfigurationError):
        Filter(**wanted)


# What stays


def test_what_is_old_goes(place: str, at: Any, attempt: Any, read: Any, clock: Any) -> None:
    clock.moment = NOON.timestamp()
    with CommunicationLog(place, days=2, clock=clock) as log:
        recorder = log.recorder(base_url="https://api.example")
        for day in range(-4, 1):
            recorder.record(at(day * 86400))
        log.flush()
        clock.moment += 3600.0
        recorder.record(at(3600))
        log.flush()
    assert [(entry.timestamp - NOON).total_seconds() / 3600 for entry in read(place)] == [-24, 0, 1]


@pytest.fixture
def clock() -> Any:
    """A clock that stands still."""

    class Still:
        moment = 0.0

        def time(self) -> float:
            return self.moment

    return Still()


@pytest.mark.parametrize("level", ["overview", "details"])
def test_a_file_stays_within_its_limit(url: str, at: Any, level: Any) -> None:
    """Its write-ahead log counted in, at every moment; and what it has is the newest."""
    file = Path(url.removeprefix("sqlite:///"))
    largest, count = 0, 0
    answer = b'{"pageNumber": 1, "results": [' + b'{"rId": "0b7f3c52-5f1c-4f2b-8f4e-2d6e5c6f1a90"}, ' * 20 + b"1]}"
    with CommunicationLog(url, megabytes=4, level=level, days=None, rows=20) as log:
        recorder = log.recorder(base_url="https://api.example/api/v6")
        for _ in range(24 if level == "overview" else 6):
            for _ in range(1000):
                count += 1
                recorder.record(at(count, answer=answer))
            log.flush()
            largest = max(largest, sum(one.stat().st_size for one in file.parent.iterdir()))
        assert log.status().written == count
        assert log.status().lost == {}
    assert largest <= 4 * 1024 * 1024
    with open_store(url) as store:
        entries = store.search(limit=100_000).entries
    assert [entry.id for entry in entries] == list(range(count, count - len(entries), -1))
    assert count / 4 < len(entries) < count
    assert largest > 3 * 1024 * 1024


def test_a_limit_that_was_lowered_makes_the_file_smaller(url: str, at: Any) -> None:
    file = Path(url.removeprefix("sqlite:///"))
    sizes = []
    for megabytes in (16, 4):
        with CommunicationLog(url, megabytes=megabytes, days=None) as log:
            recorder = log.recorder(base_url="https://api.example/api/v6")
            for second in range(24_000 if megabytes == 16 else 10):
                recorder.record(at(second))
                if second % 5000 == 0:
                    log.flush()
            for _ in range(20):  # bit by bit
                log.flush()
        sizes.append(file.stat().st_size)
    assert 4 * 1024 * 1024 < sizes[0] < 16 * 1024 * 1024
    assert sizes[1] < 4 * 1024 * 1024


def test_a_database_stays_within_its_limit(postgres: Any, at: Any) -> None:
    url = postgres.url()
    with CommunicationLog(url, megabytes=4, days=None) as log:
        recorder = log.recorder(base_url="https://api.example/api/v6")
        for second in range(20_000):
            recorder.record(at(second))
            if second % 4000 == 0:
                log.flush()
    ((count, size),) = postgres.execute("SELECT count(*), sum(bytes) FROM konfipay_communication.entries")
    assert size <= 4 * 1024 * 1024
    assert 5000 < count < 20_000


# Whose it is


@pytest.fixture
def file(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def test_a_database_of_something_else_is_left_as_it_is(url: str, file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE transactions (rid TEXT)")
    before = file.read_bytes()
    for use in (open_store, lambda url: CommunicationLog(url).open()):
        with pytest.raises(StorageError, match="no communication log of konfipay-async"):
            use(url)
    assert file.read_bytes() == before
    assert [one.name for one in file.parent.iterdir()] == [file.name]


def test_a_schema_of_something_else_is_left_as_it_is(postgres: Any) -> None:
    postgres.execute("CREATE SCHEMA konfipay_communication", "CREATE TABLE konfipay_communication.entries (x int)")
    for use in (open_store, lambda url: CommunicationLog(url).open()):
        with pytest.raises(StorageError, match="something else"):
            use(postgres.url())
    postgres.execute("CREATE TABLE konfipay_communication.about (name text, value bigint)")
    with pytest.raises(StorageError, match="something else"):
        open_store(postgres.url())


@pytest.mark.parametrize("content", [b"no database at all " * 100, b"SQLite format 3\x00" + b"x" * 5000])
def test_a_file_that_is_no_database_is_left_as_it_is(url: str, file: Path, content: bytes) -> None:
    file.write_bytes(content)
    for use in (open_store, lambda url: CommunicationLog(url).open()):
        with pytest.raises(StorageError, match=str(file)):
            use(url)
    assert file.read_bytes() == content


def test_a_newer_log_is_refused(place: str, recorded: Any, at: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as later:
        later.setattr(schema, "VERSIONS", [*schema.VERSIONS, ("CREATE TABLE novelty (x INTEGER)",)])
        recorded(place, at(0), days=None)
    for use in (open_store, lambda url: CommunicationLog(url).open()):
        with pytest.raises(StorageError, match="newer konfipay-async"):
            use(place)


def test_an_older_log_becomes_one_of_today(
    place: str, recorded: Any, read: Any, at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded(place, at(0), days=None)
    monkeypatch.setattr(schema, "VERSIONS", [*schema.VERSIONS, ("ALTER TABLE entries ADD COLUMN novelty INTEGER",)])
    assert len(read(place)) == 1  # whoever reads first may be the one
    recorded(place, at(1), days=None)
    assert len(read(place)) == 2


def test_a_folder_and_a_folder_that_is_not_there(tmp_path: Path) -> None:
    for use in (open_store, lambda url: CommunicationLog(url).open()):
        with pytest.raises(StorageError, match="is a folder"):
            use(f"sqlite:///{tmp_path}")
    with pytest.raises(StorageError, match="there is no folder"):
        CommunicationLog(f"sqlite:///{tmp_path}/nowhere/api.db").open()
    with pytest.raises(StorageError, match="there is no communication log"):
        open_store(f"sqlite:///{tmp_path}/api.db")
    assert list(tmp_path.iterdir()) == []


def test_a_log_that_is_not_there_is_not_made_by_reading(postgres: Any) -> None:
    with pytest.raises(StorageError, match="there is no communication log"):
        open_store(postgres.url())


def test_a_server_that_is_not_there_is_for_later(tmp_path: Path) -> None:
    nowhere = f"postgresql://nobody:geheim@/none?host={tmp_path}"
    with pytest.raises(StorageAwayError) as caught:
        open_store(nowhere)
    assert "geheim" not in str(caught.value)
    log = CommunicationLog(nowhere)
    assert "geheim" not in repr(addresses.address_of(nowhere))
    with log:
        assert "cannot be reached" in (log.status().failure or "")


def test_an_address_that_the_server_cannot_read_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="cannot read the address"):
        open_store("postgresql://localhost/x?wrong=1")


def test_a_file_that_may_only_be_read_is_read(
    url: str, file: Path, recorded: Any, read: Any, at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded(url, at(0), days=None)
    monkeypatch.setattr("konfipay_async.communication.sqlite.os.access", lambda path, mode: False)  # root may all
    assert len(read(url)) == 1


def test_two_write_at_once(place: str, at: Any, read: Any) -> None:
    with CommunicationLog(place, days=None) as one, CommunicationLog(place, days=None) as other:
        for log in (one, other) * 50:
            log.recorder(base_url="https://api.example").record(at(0))
            if log is one:
                log.flush()
    entries = read(place)
    assert sorted(entry.id for entry in entries) == list(range(1, 101))
    assert len({entry.call for entry in entries}) == 2


def test_a_lone_reader_does_not_stop_the_writer(url: str, at: Any, recorded: Any) -> None:
    recorded(url, at(0), days=None)
    with open_store(url) as store:
        assert store.last() == 1
        recorded(url, at(1), days=None)
        assert store.last() == 2


@pytest.mark.parametrize(
    ("wanted", "index"),
    [({}, "entries_at"), ({"statuses": ("500",)}, "entries_status"), ({"only_errors": True}, "entries_failed")],
    ids=["newest", "by status", "errors"],
)
def test_the_overview_goes_by_an_index(url: str, at: Any, recorded: Any, wanted: Any, index: str) -> None:
    recorded(url, at(0), at(1, status=500), days=None)
    with open_store(url) as store:
        asked: list[tuple[str, Any]] = []
        ask = store._database.execute

        def note(statement: str, values: Any = ()) -> Any:
            asked.append((statement, values))
            return ask(statement, values)

        store._database.execute = note  # type: ignore[method-assign]
        store.search(Filter(**wanted))
        plans = [
            " ".join(str(row[3]) for row in ask(f"EXPLAIN QUERY PLAN {statement}", values))
            for statement, values in asked
        ]
    assert any(index in plan for plan in plans)
    assert not [plan for plan in plans if "TEMP B-TREE" in plan]
