"""The pull of a range of days. The sandbox's first booking day is 3 January 2022; 95 rows reach to the 14th."""

import asyncio
import signal
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest
import warm

from konfipay_async import KonfipayClient, Transaction, errors
from konfipay_async.pull import Report, Step, Written
from konfipay_async.pull.days import blocks, differing, each_day, is_final, spans
from konfipay_async.pull.ranges import pull_range
from konfipay_async.pull.sinks.sql import SqlSink
from konfipay_async.sandbox import Sandbox

CHILD = Path(__file__).with_name("pull_in_child.py")
pytestmark = pytest.mark.usefixtures("program")
FIRST, LAST = date(2022, 1, 3), date(2022, 1, 14)
LATER = date(2022, 3, 1)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(transactions=95) as sandbox:
        yield sandbox


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[KonfipayClient]:
    async with KonfipayClient(sandbox.api_key, base_url=sandbox.base_url, concurrency=3) as client:
        yield client


@pytest.fixture
def sink(tmp_path: Path) -> SqlSink:
    return SqlSink(f"sqlite:///{tmp_path / 'pull.db'}", origin="the sandbox of a test")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "pull.db"


def rows_of(file: Path, query: str = "SELECT rid FROM transactions") -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(query).fetchall()


def done(file: Path) -> list[str]:
    return [str(day) for (day,) in rows_of(file, "SELECT day FROM pull_days ORDER BY day")]


async def test_a_range_is_stored_and_stays_new(client: KonfipayClient, sandbox: Sandbox, sink: SqlSink, file: Path):
    """Only what was booked in it, as many as the server counts; its days are noted."""
    first, last = date(2022, 1, 5), date(2022, 1, 10)
    report = await pull_range(client, sink, first, last, today=LATER)
    assert (report.new, report.expected, report.complete) == (5 + 7 + 9 + 11, 32, True)
    assert rows_of(file, "SELECT min(booking_date), max(booking_date) FROM transactions") == [
        ("2022-01-05", "2022-01-10")
    ]
    assert done(file) == [str(day) for day in each_day(first, last)]
    assert len(sandbox.new_rids()) == 95
    assert sandbox.count("transactions.acknowledge") == 0


async def test_a_rerun_asks_only_whether_something_has_changed(client, sandbox, sink, file):
    """One request, for the total."""
    await pull_range(client, sink, FIRST, LAST, today=LATER)
    sandbox.requests.clear()
    report = await pull_range(client, sink, FIRST, LAST, today=LATER)
    assert (report.transactions, report.pages, report.complete) == (0, 0, True)
    assert len(sandbox.requests) == 1


async def test_a_longer_range_reads_the_days_that_are_not_done(client, sandbox, sink, file):
    """Before and behind."""
    await pull_range(client, sink, date(2022, 1, 6), date(2022, 1, 7), today=LATER)
    report = await pull_range(client, sink, FIRST, LAST, today=LATER)
    assert (report.new, report.known) == (95 - 7 - 9, 0)


async def test_today_and_yesterday_are_read_again(client, sandbox, sink, file):
    """They are never noted as done."""
    await pull_range(client, sink, FIRST, LAST, today=LAST)
    assert done(file)[-1] == "2022-01-12"
    report = await pull_range(client, sink, FIRST, LAST, today=LAST)
    assert (report.new, report.known) == (0, 17 + 14)


async def test_what_came_late_for_a_day_that_was_done_is_found_by_the_total(client, sandbox, sink, file):
    """And only that day is read again."""
    await pull_range(client, sink, FIRST, LAST, today=LATER)
    late = sandbox.arrive(3)  # on the 14th
    report = await pull_range(client, sink, FIRST, LAST, today=LATER)
    assert (report.new, report.known) == (3, 14)
    assert set(late) <= {rid for (rid,) in rows_of(file)}
    assert (await pull_range(client, sink, FIRST, LAST, today=LATER)).pages == 0


async def test_stopped_it_goes_on_by_the_day(client, sandbox, sink, file):
    """Days that were read to their end are not read again; the page in hand is stored."""
    stop = asyncio.Event()

    def watch(step: Step, report: Report) -> None:
        if step is Step.MARKED and report.transactions > 40:
            stop.set()

    stopped = await pull_range(client, sink, FIRST, LAST, page_size=1, today=LATER, stop=stop, watch=watch)
    assert not stopped.complete
    assert 40 < stopped.new < 95
    before = done(file)
    assert before
    rest = await pull_range(client, sink, FIRST, LAST, page_size=1, today=LATER)
    assert rest.complete
    assert stopped.new + rest.new == 95
    assert rest.known == 0
    assert len(done(file)) == 12


@pytest.mark.parametrize("step", [Step.OPENED, Step.COUNTED, Step.FETCHED, Step.COMMITTED, Step.MARKED])
async def test_cancelled_at_any_step_the_next_run_ends_it(client, sandbox, sink, file, step):
    """Cancellation loses nothing and leaves the sink free."""
    task: asyncio.Task[Report]

    def watch(at: Step, report: Report) -> None:
        if at is step:
            task.cancel()

    task = asyncio.create_task(pull_range(client, sink, FIRST, LAST, page_size=2, today=LATER, watch=watch))
    await asyncio.wait([task])
    assert task.cancelled()
    assert (await pull_range(client, sink, FIRST, LAST, page_size=2, today=LATER)).complete
    assert sorted(rid for (rid,) in rows_of(file)) == sorted(sandbox.rids())
    assert rows_of(file, "SELECT outcome FROM pull_runs ORDER BY started_at") == [("stopped",), ("done",)]


@pytest.mark.parametrize(("step", "nth"), [("COUNTED", 1), ("COMMITTED", 7), ("MARKED", 1), ("MARKED", 3)])
async def test_killed_anywhere_the_next_run_ends_it(tmp_path, sink, file, step, nth):
    """No day counts as done that is not."""
    async with Sandbox(transactions=95) as sandbox:
        child = await asyncio.create_subprocess_exec(
            *warm.script(CHILD), sandbox.base_url, sandbox.api_key, f"sqlite:///{file}", step, str(nth), "range"
        )
        assert await child.wait() == -signal.SIGKILL
        stored = {day for (day,) in rows_of(file, "SELECT DISTINCT booking_date FROM transactions")}
        assert {day for day in done(file) if date.fromisoformat(day).weekday() < 5} <= stored
        async with KonfipayClient(sandbox.api_key, base_url=sandbox.base_url) as client:
            report = await pull_range(client, sink, FIRST, LAST, today=LATER)
        assert report.complete
        assert sorted(rid for (rid,) in rows_of(file)) == sorted(sandbox.rids())


async def test_pending_entries_are_asked_for_by_themselves(tmp_path, sink, file):
    """A day that was read without them is not done with them."""
    async with (
        Sandbox(transactions=30, pending=4) as sandbox,
        KonfipayClient(sandbox.api_key, base_url=sandbox.base_url) as client,
    ):
        booked = await pull_range(client, sink, FIRST, LAST, today=LATER)
        both = await pull_range(client, sink, FIRST, LAST, pending=True, today=LATER)
    assert (booked.new, both.new, both.known) == (26, 4, 26)


async def test_filters_that_are_ignored_are_noticed_before_anything_is_stored(sandbox, sink, file):
    """All of the list would come for every span."""
    names = {"min_booking_date": "von", "max_booking_date": "bis"}
    async with KonfipayClient(sandbox.api_key, base_url=sandbox.base_url, filter_names=names) as client:
        with pytest.raises(errors.FilterIgnoredError, match="filter_names"):
            await pull_range(client, sink, date(2022, 1, 5), date(2022, 1, 6), today=LATER)
    assert rows_of(file) == []
    assert rows_of(file, "SELECT outcome, error FROM pull_runs") == [("failed", "FilterIgnoredError")]


async def test_a_list_that_moves_while_it_is_read_is_read_again(sink, file):
    """Until what came is what the server counts."""
    async with Sandbox(transactions=30, arrivals_per_request=1, arrivals_total=4) as sandbox:
        async with KonfipayClient(sandbox.api_key, base_url=sandbox.base_url, concurrency=1) as client:
            report = await pull_range(client, sink, FIRST, LAST, page_size=10, today=LATER)
        assert report.complete
        assert sorted(rid for (rid,) in rows_of(file)) == sorted(sandbox.rids())
        assert rows_of(file, "SELECT sum(rows) FROM pull_days") == [(34,)]


async def test_a_list_that_never_stands_still_is_said_to_be_so(sink, file):
    """No day is noted, what came is stored."""
    async with (
        Sandbox(transactions=30, arrivals_per_request=1) as sandbox,
        KonfipayClient(sandbox.api_key, base_url=sandbox.base_url, concurrency=1) as client,
    ):
        with pytest.raises(errors.ListError, match="2022-01-03 to 2022-01-14"):
            await pull_range(client, sink, FIRST, LAST, page_size=10, today=LATER)
    assert len(rows_of(file)) >= 30
    assert done(file) == []


async def test_days_are_remembered_in_postgresql_too(client, sandbox, postgres):
    """As dates."""
    sink = SqlSink(postgres.url(), origin="the sandbox of a test")
    assert (await pull_range(client, sink, FIRST, LAST, today=LAST)).new == 95
    sandbox.arrive(3)
    report = await pull_range(client, sink, FIRST, LAST, today=LATER)
    assert (report.new, report.known) == (3, 17 + 14)
    assert (await pull_range(client, sink, FIRST, LAST, today=LATER)).pages == 0


class InMemory:
    """A sink that remembers no days."""

    lasts = False

    def __init__(self) -> None:
        self.rids: list[str] = []

    def open(self) -> None: ...

    def close(self) -> None: ...

    def write(self, transactions: Sequence[Transaction], acknowledgement_id: str | None) -> Written:
        new = [transaction.rid for transaction in transactions if transaction.rid not in self.rids]
        self.rids += new
        return Written(len(new), len(transactions) - len(new))

    def pending(self) -> list[str]:
        return []

    def settle(self, acknowledgement_id: str, outcome: str) -> None: ...


async def test_a_sink_that_remembers_no_days_is_given_all_of_them(client, sandbox):
    """Each time; it knows its rows."""
    sink = InMemory()
    await pull_range(client, sink, FIRST, LAST)
    report = await pull_range(client, sink, FIRST, LAST)
    assert (report.new, report.known, report.complete) == (0, 95, True)


async def test_a_day_without_bookings_is_done_without_being_read(client, sandbox, sink, file):
    """The total says that there is nothing."""
    report = await pull_range(client, sink, date(2022, 1, 8), date(2022, 1, 9), today=LATER)  # a weekend
    assert (report.transactions, report.complete) == (0, True)
    assert done(file) == ["2022-01-08", "2022-01-09"]


async def test_a_range_that_ends_before_it_begins_opens_nothing(client, sandbox, sink, file):
    """The days are named."""
    with pytest.raises(errors.ConfigurationError, match="2022-01-14"):
        await pull_range(client, sink, LAST, FIRST)
    assert not file.exists()


async def test_one_request_says_how_many_there_are(client, sandbox):
    """Whatever the number of rows."""
    assert await client.transactions.count() == 95
    assert await client.transactions.count(min_booking_date=date(2030, 1, 1)) == 0
    assert sandbox.count("transactions.list") == 2


# Days


def test_blocks_end_where_a_day_is_missing():
    days = each_day(FIRST, LAST)
    assert list(blocks(reversed(days))) == [days]
    assert list(blocks([days[4], days[0], days[1], days[5], days[9]])) == [days[0:2], days[4:6], [days[9]]]
    assert list(blocks([])) == []


@pytest.mark.parametrize(
    ("rows", "most", "lengths"),
    [(0, 10, [12]), (10, 10, [12]), (30, 10, [4, 4, 4]), (999, 10, [1] * 12), (50, 20, [4, 4, 4])],
)
def test_spans_hold_about_as_many_rows_as_they_may(rows, most, lengths):
    block = each_day(FIRST, LAST)
    cut = list(spans(block, rows, most))
    assert [len(span) for span in cut] == lengths
    assert [day for span in cut for day in span] == block


def test_a_day_is_final_when_the_one_after_it_is_over():
    assert [is_final(LAST + timedelta(days=back), LAST) for back in (1, 0, -1, -2, -3)] == [False] * 3 + [True] * 2


@pytest.mark.parametrize("wrong", [[], [0], [11], [3, 4], [0, 5, 11], list(range(12))])
async def test_days_that_differ_are_found_by_halving(wrong):
    block = each_day(FIRST, LAST)
    there = {day: 5 + (number in wrong) for number, day in enumerate(block)}
    asked = 0

    async def count(first: date, last: date) -> int:
        nonlocal asked
        asked += 1
        return sum(rows for day, rows in there.items() if first <= day <= last)

    assert await differing(count, dict.fromkeys(block, 5), block) == [block[number] for number in wrong]
    assert asked <= 1 + len(wrong) * 4
