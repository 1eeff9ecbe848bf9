"""The pull against the sandbox, into a real database."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from konfipay_async import KonfipayClient, Retry, errors
from konfipay_async.pull import Report, Step, pull
from konfipay_async.pull.sinks.sql import SqlSink
from konfipay_async.sandbox import Sandbox


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(transactions=95, pending=5) as sandbox:
        yield sandbox


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[KonfipayClient]:
    async with KonfipayClient(sandbox.api_key, base_url=sandbox.base_url, concurrency=3) as client:
        yield client


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "pull.db"


def sink_of(file: Path, **rest: str) -> SqlSink:
    return SqlSink(f"sqlite:///{file}", **({"origin": "a test"} | rest))


def rows_of(file: Path, query: str = "SELECT rid FROM transactions") -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(query).fetchall()


def booked(sandbox: Sandbox) -> list[str]:
    return sorted(rid for rid in sandbox.rids() if sandbox.transaction(rid)["document"]["format"] != "camt.052")


async def test_each_booking_once_and_acknowledged(sandbox: Sandbox, client: KonfipayClient, file: Path) -> None:
    """Booked entries arrive once and are no longer new; pending ones are left alone."""
    report = await pull(client, sink_of(file), acknowledge=True, page_size=10)
    assert sorted(rid for (rid,) in rows_of(file)) == booked(sandbox)
    assert len(sandbox.new_rids()) == 5
    assert (report.new, report.known, report.acknowledged, report.complete) == (90, 0, 9, True)
    assert report.requests == len(sandbox.requests)


async def test_a_second_pull_finds_nothing_new(sandbox: Sandbox, client: KonfipayClient, file: Path) -> None:
    """What was acknowledged is not read again."""
    await pull(client, sink_of(file), acknowledge=True)
    report = await pull(client, sink_of(file), acknowledge=True)
    assert (report.transactions, report.new, report.pages, report.complete) == (0, 0, 0, True)
    assert report.requests == 1


async def test_pending_entries_are_taken_when_asked_for(sandbox: Sandbox, client: KonfipayClient, file: Path) -> None:
    """They carry the format they came from."""
    report = await pull(client, sink_of(file), acknowledge=True, pending=True)
    assert report.new == 95
    assert rows_of(file, "SELECT count(*) FROM transactions WHERE file_format = 'camt.052'") == [(5,)]
    assert sandbox.new_rids() == []


async def test_without_acknowledge_everything_stays_new(sandbox: Sandbox, client: KonfipayClient, file: Path) -> None:
    """One pass is stored, no acknowledgement is sent or kept, and a second run knows every row."""
    await pull(client, sink_of(file), acknowledge=False, page_size=10)
    report = await pull(client, sink_of(file), acknowledge=False, page_size=10)
    assert (report.new, report.known) == (0, 90)
    assert len(sandbox.new_rids()) == 95
    assert sandbox.count("transactions.acknowledge") == 0
    assert rows_of(file, "SELECT count(*) FROM acknowledgements") == [(0,)]


async def test_bookings_that_arrive_meanwhile_come_too(client: KonfipayClient, sandbox: Sandbox, file: Path) -> None:
    """The drain goes on until nothing is new."""

    def watch(step: Step, report: Report) -> None:
        if step is Step.COMMITTED and report.pages == 5:
            sandbox.arrive(12)
            sandbox.arrive(7, where="start")

    report = await pull(client, sink_of(file), acknowledge=True, page_size=10, watch=watch)
    assert report.complete
    assert sorted(rid for (rid,) in rows_of(file)) == booked(sandbox)
    assert len(sandbox.new_rids()) == 5


async def test_stop_finishes_the_page_in_hand(sandbox: Sandbox, client: KonfipayClient, file: Path) -> None:
    """The page is committed, acknowledged and settled; nothing more is."""
    stop = asyncio.Event()

    def watch(step: Step, report: Report) -> None:
        if step is Step.FETCHED and report.pages == 2:
            stop.set()

    report = await pull(client, sink_of(file), acknowledge=True, page_size=10, stop=stop, watch=watch)
    assert (report.pages, report.acknowledged, report.complete) == (2, 2, False)
    assert len(rows_of(file)) == 20
    assert len(sandbox.new_rids()) == 75
    assert rows_of(file, "SELECT count(*) FROM acknowledgements WHERE settled_at IS NULL") == [(0,)]


async def test_stop_does_not_wait_for_a_fetch(file: Path) -> None:
    """A fetch under way is given up; the sandbox would keep it waiting for ever."""
    asked = asyncio.Event()
    never = asyncio.Event()

    async def sleep(_: float) -> None:
        asked.set()
        await never.wait()

    async with (
        Sandbox(transactions=5, latency=1.0, sleep=sleep) as sandbox,
        KonfipayClient(sandbox.api_key, base_url=sandbox.base_url) as client,
    ):
        stop = asyncio.Event()
        task = asyncio.create_task(pull(client, sink_of(file), acknowledge=True, stop=stop))
        await asked.wait()
        stop.set()
        assert not (await task).complete


# Those of a pull of what is new; a range and files have steps of their own.
STEPS = [step for step in Step if step not in (Step.COUNTED, Step.SAVED, Step.MARKED)]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name.lower())
async def test_cancelled_at_any_step_the_next_run_ends_it(
    sandbox: Sandbox, client: KonfipayClient, file: Path, step: Step
) -> None:
    """Cancellation loses nothing and leaves the sink free."""
    task: asyncio.Task[Report]

    def watch(at: Step, report: Report) -> None:
        if at is step:
            task.cancel()

    task = asyncio.create_task(pull(client, sink_of(file), acknowledge=True, page_size=10, watch=watch))
    await asyncio.wait([task])
    assert task.cancelled() or step in (Step.RESENT, Step.FINISHED)
    report = await pull(client, sink_of(file), acknowledge=True, page_size=10)
    assert report.complete
    assert sorted(rid for (rid,) in rows_of(file)) == booked(sandbox)
    assert rows_of(file, "SELECT count(*) FROM acknowledgements WHERE settled_at IS NULL") == [(0,)]


async def test_an_answer_that_was_lost_is_found_out_by_the_repeat(
    sandbox: Sandbox, client: KonfipayClient, file: Path
) -> None:
    """The work was done and the connection reset: the repeat meets a used id, and the rows are gone from the list."""
    sandbox.add_fault("reset-after:transactions.acknowledge@3")
    report = await pull(client, sink_of(file), acknowledge=True, page_size=10)
    assert (report.expired, report.complete) == (1, True)
    assert len(sandbox.new_rids()) == 5
    assert len(rows_of(file)) == 90


async def test_an_acknowledgement_that_fails_stays_pending(file: Path) -> None:
    """The error reaches the caller, the id stays in the database and goes out first next time."""
    async with Sandbox(transactions=20) as sandbox:
        sandbox.add_fault("403:transactions.acknowledge")
        async with KonfipayClient(sandbox.api_key, base_url=sandbox.base_url) as client:
            with pytest.raises(errors.ForbiddenError):
                await pull(client, sink_of(file), acknowledge=True, page_size=10)
            ((left,),) = rows_of(file, "SELECT count(*) FROM acknowledgements WHERE settled_at IS NULL")
            assert left >= 1
            sandbox.requests.clear()
            report = await pull(client, sink_of(file), acknowledge=True, page_size=10)
        assert sandbox.requests[0].route == "transactions.acknowledge"
        assert (report.resent, report.complete) == (left, True)
        assert sandbox.new_rids() == []
        assert len(rows_of(file)) == 20


async def test_two_sources_share_a_database(client: KonfipayClient, sandbox: Sandbox, file: Path) -> None:
    """The same rows under two names of keys are two sets of rows."""
    await pull(client, sink_of(file, source="a"), acknowledge=False)
    await pull(client, sink_of(file, source="b"), acknowledge=False)
    assert rows_of(file, "SELECT source, count(*) FROM transactions GROUP BY source") == [("a", 90), ("b", 90)]


async def test_bad_arguments_open_nothing(client: KonfipayClient, sandbox: Sandbox, file: Path) -> None:
    """A page size the API does not know is refused before the database is made."""
    with pytest.raises(errors.ConfigurationError, match="page_size=1001"):
        await pull(client, sink_of(file), acknowledge=True, page_size=1001)
    assert not file.exists()
    assert sandbox.requests == []


@pytest.mark.parametrize("fault", ["empty-404", "500"])
async def test_an_id_that_cannot_be_settled_does_not_stop_the_next_pull(file: Path, fault: str) -> None:
    """However the API says that it knows the id no longer, or stumbles over it: what is new is pulled."""
    async with Sandbox(transactions=20) as sandbox:
        async with KonfipayClient(sandbox.api_key, base_url=sandbox.base_url, retry=Retry(attempts=1)) as client:
            sandbox.add_fault("403:transactions.acknowledge@1")
            with pytest.raises(errors.ForbiddenError):
                await pull(client, sink_of(file), acknowledge=True, page_size=20)
            sandbox.arrive(10)
            sandbox.add_fault(f"{fault}:transactions.acknowledge@1")
            if fault == "500":
                with pytest.raises(errors.ServerError):
                    await pull(client, sink_of(file), acknowledge=True, page_size=20)
            else:
                report = await pull(client, sink_of(file), acknowledge=True, page_size=20)
                assert report.resent >= 1
                assert (report.expired, report.complete) == (1, True)
        assert len(rows_of(file)) == 30
        assert sandbox.new_rids() == []


async def test_what_does_not_last_is_not_acknowledged(client: KonfipayClient, sandbox: Sandbox) -> None:
    """A database in memory may be read into, not acknowledged into."""
    with pytest.raises(errors.ConfigurationError, match="Name a file"):
        await pull(client, SqlSink("sqlite://", origin="a test"), acknowledge=True)
    assert sandbox.requests == []
    assert (await pull(client, SqlSink("sqlite://", origin="a test"), acknowledge=False)).new == 90
