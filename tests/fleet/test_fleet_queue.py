"""The queue in PostgreSQL: how it is made, brought up to date and refused, and what is planned in it."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from procrastinate import exceptions
from procrastinate.schema import migrations_path

from konfipay_async.errors import ConfigurationError, StorageAwayError, StorageError
from konfipay_async.fleet.planning import job_of, planned, prepare
from konfipay_async.fleet.queue import Queue
from konfipay_async.fleet.status import key_statuses
from konfipay_async.fleet.worker import Worker

MIGRATIONS = sorted(migrations_path.glob("*.sql"))


def version(postgres: Any) -> str:
    ((name,),) = postgres.execute("SELECT value FROM konfipay_fleet.fleet_meta")
    return str(name)


async def test_it_is_made_once_however_often_it_is_asked_for(postgres: Any) -> None:
    """Also by two at once."""
    queue = Queue(postgres.url())
    with pytest.raises(StorageError, match="konfipay fleet schedule makes it"):
        await queue.expect()
    assert await asyncio.gather(queue.prepare(), queue.prepare()) == [[], []]
    assert await queue.prepare() == []
    await queue.expect()
    assert version(postgres) == MIGRATIONS[-1].name


async def test_one_of_an_older_procrastinate_is_brought_up_to_date(sandbox, key_file, postgres, told, at_work) -> None:
    """By its own migrations, each carried out and noted in one; afterwards it works."""
    old = next(number for number, path in enumerate(MIGRATIONS) if path.name.startswith("03.02"))
    postgres.execute(
        "CREATE SCHEMA konfipay_fleet",
        "SET search_path = konfipay_fleet",
        *(path.read_text() for path in MIGRATIONS[:old]),
        "CREATE TABLE fleet_meta (key text PRIMARY KEY, value text NOT NULL)",
        f"INSERT INTO fleet_meta VALUES ('migration', '{MIGRATIONS[old - 1].name}')",
    )
    queue, entries = Queue(postgres.url()), key_file()
    with pytest.raises(StorageError, match="of an older procrastinate"):
        await queue.expect()
    prepared = await prepare(queue, entries, now=True)
    assert prepared.migrated == [path.name for path in MIGRATIONS[old:]]
    async with at_work(Worker(queue, entries, tell=told)):
        await told.until("ended", outcome="done", new=40)


@pytest.mark.parametrize(
    ("statements", "says"),
    [
        (["CREATE TABLE konfipay_fleet.orders (id int)"], "is not as konfipay fleet schedule makes it"),
        (["CREATE TABLE konfipay_fleet.fleet_meta (key text, value text)"], "is not as konfipay fleet schedule makes"),
        (
            [
                "CREATE TABLE konfipay_fleet.fleet_meta (key text, value text)",
                "INSERT INTO konfipay_fleet.fleet_meta VALUES ('migration', '99.00.00_01_pre_what_comes.sql')",
            ],
            "of a newer procrastinate",
        ),
    ],
)
async def test_what_is_somebody_else_s_stays_as_it_is(postgres: Any, statements: list[str], says: str) -> None:
    postgres.execute("CREATE SCHEMA konfipay_fleet", *statements)
    for attempt in (Queue(postgres.url()).prepare, Queue(postgres.url()).expect):
        with pytest.raises(StorageError, match=says):
            await attempt()
    assert len(postgres.execute("SELECT 1 FROM pg_tables WHERE schemaname = 'konfipay_fleet'")) == 1


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("sqlite:///queue.db", "lives in PostgreSQL, not in 'sqlite'"),
        ("mysql://u:hush@host/db", "lives in PostgreSQL, not in 'mysql'"),
        ("nonsense", "cannot read the address"),
        ("postgresql://u:hush@host/db?colour=blue", "options that are none"),
    ],
)
def test_an_address_that_is_none(address: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as caught:
        Queue(address)
    assert "hush" not in str(caught.value)


def test_windows_is_refused_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """psycopg would say it of an event loop."""
    monkeypatch.setattr("sys.platform", "win32")
    with pytest.raises(ConfigurationError, match=r"does not run on Windows.*WSL"):
        Queue("postgresql://localhost/bank")


async def test_a_server_that_is_not_there_and_one_that_lets_nobody_in(postgres: Any, tmp_path: Path) -> None:
    with pytest.raises(StorageAwayError, match="no server listens there"):
        await Queue(f"postgresql://postgres@/postgres?host={tmp_path}").prepare()
    with pytest.raises(StorageError, match="no such database"):
        await Queue(postgres.url("nowhere")).expect()
    with pytest.raises(StorageError, match="does not know this user"):
        await Queue(postgres.url(user="nobody_knows")).expect()


async def test_the_user_s_own_options_stay(postgres: Any) -> None:
    queue = Queue(f"{postgres.url()}&application_name=mine&options=-c%20work_mem%3D7MB")
    await queue.prepare()
    async with queue.opened() as app:
        query: Any = "SELECT current_setting('work_mem') AS work_mem, current_setting('application_name') AS name"
        assert await app.connector.execute_query_one_async(query) == {"work_mem": "7MB", "name": "mine"}


async def test_scheduling_twice_changes_nothing(key_file, queue: Queue, postgres: Any) -> None:
    entries = key_file(keys=3)
    assert (await prepare(queue, entries, now=True)).queued == ["key0", "key1", "key2"]
    again = await prepare(queue, entries, now=True)
    assert (again.queued, again.removed, again.strange, again.migrated) == ([], [], [], [])
    assert len(postgres.execute("SELECT 1 FROM konfipay_fleet.procrastinate_jobs")) == 3


async def test_what_the_file_does_not_have_stays_in_the_queue_unless_asked_for(
    key_file, queue: Queue, postgres: Any
) -> None:
    """It may be another, or an older one."""
    entries = key_file(keys=3)
    await prepare(queue, entries, now=True)
    seen = await prepare(queue, entries[:2])
    assert (seen.removed, seen.strange) == ([], ["key2"])
    assert len(postgres.execute("SELECT 1 FROM konfipay_fleet.procrastinate_jobs")) == 3
    seen = await prepare(queue, entries[:2], prune=True)
    assert (seen.removed, seen.strange) == (["key2"], [])
    assert len(postgres.execute("SELECT 1 FROM konfipay_fleet.procrastinate_jobs")) == 2


async def test_a_job_that_waits_already_is_known_in_every_language(queue: Queue) -> None:
    """What a server says whose messages are German, which procrastinate does not understand."""
    said = (
        "DO $$BEGIN RAISE unique_violation USING CONSTRAINT = 'procrastinate_jobs_queueing_lock_idx_v1', "
        "DETAIL = 'Schlüssel »(queueing_lock)=(konfipay north)« existiert bereits.'; END$$"
    )
    async with queue.opened() as app:
        for ask in (
            app.connector.execute_query_async,
            app.connector.execute_query_one_async,
            app.connector.execute_query_all_async,
        ):
            query: Any = said
            with pytest.raises(exceptions.UniqueViolation) as caught:
                await ask(query)
            assert caught.value.constraint_name == "procrastinate_jobs_queueing_lock_idx_v1"


def test_when_each_key_comes_next(key_file) -> None:
    (plan,) = planned(key_file('schedule = "30 4 * * 1-5"'), now=datetime(2026, 1, 2, 5, tzinfo=UTC).timestamp())
    assert plan.next_at == datetime(2026, 1, 5, 4, 30, tzinfo=UTC)  # Monday, in UTC
    with pytest.raises(ConfigurationError, match=r"keys.key0: the schedule '0 0 31 2 \*' never comes"):
        planned(key_file('schedule = "0 0 31 2 *"'))
    with pytest.raises(ConfigurationError, match="no key has a schedule"):
        planned(key_file("concurrency = 8"))


async def test_how_the_keys_fare(sandbox, key_file, queue, told) -> None:
    """One was pulled, one is refused, one is under way, and then left behind."""
    entries = key_file(keys=3)
    (before, *_) = await key_statuses(queue, entries)
    assert (before.state, before.last, before.complete_at, before.failures) == ("idle", None, None, 0)
    assert before.unknown is not None
    assert "not one that konfipay pull made" in before.unknown or "no such" in before.unknown
    sandbox.deactivate("key1")
    sandbox.add_fault("slow:transactions.acknowledge@5=600")
    worker = asyncio.create_task(Worker(queue, entries, tell=told, concurrency=1).run(asyncio.Event()))
    async with queue.opened() as app:
        for entry in entries:
            await job_of(app, entry.name).defer_async()
        await told.until("committed", source="key2")
        done, refused, under_way = await key_statuses(queue, entries)
        silent: Any = "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'"
        await app.connector.execute_query_async(silent)
        left = (await key_statuses(queue, entries))[2]
    worker.cancel()
    await asyncio.wait([worker])
    now = datetime.now(UTC)
    assert (done.state, done.failures, done.last.outcome, done.last.new) == ("idle", 0, "done", 40)
    assert done.next_at is not None
    assert done.next_at > now
    assert timedelta() < done.lag(now) < timedelta(minutes=1)
    assert (refused.state, refused.failures, refused.complete_at) == ("idle", 1, None)
    assert refused.last.error == "UnauthorizedError"
    assert (under_way.state, under_way.next_at) == ("running", None)
    assert under_way.running_at.startswith("process ")
    assert (left.state, left.running_at) == ("left", None)
