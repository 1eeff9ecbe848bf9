"""Workers in this process, on a real PostgreSQL, against a sandbox."""

import asyncio
import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from psycopg_pool import AsyncConnectionPool

from konfipay_async import errors
from konfipay_async.fleet.planning import job_of, prepare
from konfipay_async.fleet.queue import Queue
from konfipay_async.fleet.worker import Worker, pause_after

KEY = "k" * 64

# What the schedule queues while a key is pulled with.
NEXT_TURN = (
    "SET search_path = konfipay_fleet",
    "INSERT INTO konfipay_fleet.procrastinate_jobs (queue_name, task_name, lock, queueing_lock, args) "
    "SELECT queue_name, task_name, lock, queueing_lock, jsonb_build_object('key', args->>'key') "
    "FROM konfipay_fleet.procrastinate_jobs WHERE status = 'doing'",
)

# A worker that died has begun all that waits.
STARTED = ("SET search_path = konfipay_fleet", "UPDATE procrastinate_jobs SET status = 'doing'")


def stored(postgres: Any) -> dict[str, int]:
    return dict(postgres.execute("SELECT source, count(*) FROM konfipay.transactions GROUP BY source"))


def jobs(postgres: Any) -> list[tuple[str, str]]:
    return postgres.execute("SELECT args->>'key', status::text FROM konfipay_fleet.procrastinate_jobs ORDER BY id")


def refuse(postgres: Any, what: str) -> None:
    """As a disk that is full."""
    postgres.execute(
        "CREATE FUNCTION konfipay_fleet.refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN RAISE 'no' USING ERRCODE = '53100'; END$$",
        f"CREATE TRIGGER refuse BEFORE {what} ON konfipay_fleet.procrastinate_jobs FOR EACH ROW EXECUTE FUNCTION "
        "konfipay_fleet.refuse()",
    )


async def test_each_key_is_pulled_whole_and_no_key_is_in_the_queue(
    sandbox, key_file, queue, postgres, told, at_work
) -> None:
    entries = key_file(keys=3)
    await prepare(queue, entries, now=True)
    everything = json.dumps(postgres.execute("SELECT to_jsonb(job) FROM konfipay_fleet.procrastinate_jobs AS job"))
    assert "key2" in everything
    assert not [key for key in sandbox.api_keys.values() if key.value in everything]
    async with at_work(Worker(queue, entries, tell=told)):
        await told.until("ended", 3, outcome="done", new=40)
    assert stored(postgres) == {"key0": 40, "key1": 40, "key2": 40}
    assert [len(sandbox.new_rids(f"key{number}")) for number in range(3)] == [0, 0, 0]
    assert not jobs(postgres)
    assert {"opened", "fetched", "committed", "acknowledged", "settled", "finished"} <= {
        told["event"] for told in told.of("began") + told.events
    }


async def test_turns_come_by_themselves(sandbox, key_file, queue, postgres, told, at_work) -> None:
    """By a schedule of every second; what was booked in between is in the second one."""
    entries = key_file('schedule = "* * * * * *"')
    async with at_work(Worker(queue, entries, tell=told, beat=0.2)):
        await told.until("ended", outcome="done", new=40)
        sandbox.arrive(5)
        await told.until("ended", outcome="done", new=5)
    assert stored(postgres) == {"key0": 45}


async def test_a_turn_that_came_while_no_worker_ran_is_made_up_once(
    sandbox, key_file, queue, postgres, told, at_work
) -> None:
    """The key was known before that turn; with two workers, one after the other."""
    entries = key_file('schedule = "1d"')
    await prepare(queue, entries)
    postgres.execute(
        "UPDATE konfipay_fleet.procrastinate_periodic_defers SET defer_timestamp = defer_timestamp - 2 * 86400"
    )
    for _ in range(2):
        async with at_work(Worker(queue, entries, tell=told, beat=0.05)):
            await told.until("ended", outcome="done", new=40)
            sandbox.arrive(5)
    assert len(told.of("ended")) == 1
    assert stored(postgres) == {"key0": 40}


async def test_a_new_key_waits_for_its_turn(sandbox, key_file, queue, postgres, told, at_work) -> None:
    """Ten thousand that are new would all come at once. When the last one's turn has come, theirs would have too."""
    *daily, last = key_file('schedule = "1d"', keys=3)
    entries = [*daily, replace(last, schedule="* * * * * *")]
    async with at_work(Worker(queue, entries, tell=told, beat=0.05)):
        await told.until("ended", source="key2", outcome="done")
    assert stored(postgres) == {"key2": 40}
    assert {key for key, _ in jobs(postgres)} <= {"key2"}


async def test_what_passes_is_tried_again_later_and_later(
    sandbox, key_file, queue, postgres, told, at_work, tmp_path: Path
) -> None:
    """A database that is not there yet. Each failure is a job that failed, and one that waits for its time."""
    entries = key_file(to=f"postgresql://postgres@/postgres?host={tmp_path}/later")
    await prepare(queue, entries, now=True)
    async with at_work(Worker(queue, entries, tell=told, beat=0.05, first_pause=0.02)):
        failed = await told.until("ended", 3, error="StorageAwayError")
        (tmp_path / "later").symlink_to(postgres.folder)
        await told.until("ended", outcome="done", new=40)
    assert [one["attempt"] for one in failed] == [0, 1, 2]
    assert failed[0]["again_in"] < failed[1]["again_in"] < failed[2]["again_in"]
    assert set(jobs(postgres)) == {("key0", "failed")}


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (errors.ConnectFailedError("no"), 30),
        (errors.StorageBusyError("another"), 30),
        (errors.StorageAwayError("gone"), 30),
        (errors.ServerError("no", status=503, method="GET", path="x"), 30),
        (errors.RateLimitedError("no", status=429, method="GET", path="x", retry_after=300.0), 300),
        (errors.UnauthorizedError("no", status=401, method="GET", path="x"), None),
        (errors.ForbiddenError("no", status=403, method="GET", path="x"), None),
        (errors.ConfigurationError("no"), None),
        (errors.StorageError("full"), None),
        (KeyError("a bug"), None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_which_errors_are_worth_another_try(error: Exception, seconds: float | None) -> None:
    pause = pause_after(error, 0)
    assert (pause is None) is (seconds is None)
    assert pause is None or 0.9 * (seconds or 0) <= pause <= (seconds or 0)


def test_pauses_grow_up_to_a_quarter_of_an_hour() -> None:
    pauses = [pause_after(errors.StorageBusyError("another"), attempt) or 0 for attempt in (0, 1, 2, 20, 2000)]
    assert [round(pause / 100) * 100 for pause in (pauses[3], pauses[4])] <= [900, 900]
    assert pauses[0] < pauses[1] < pauses[2] < pauses[3]


async def test_a_refused_key_waits_for_its_next_turn_and_stops_no_other(
    sandbox, key_file, queue, postgres, told, at_work
) -> None:
    """So does one that is not there, and a third that is the same as another."""
    entries = key_file(keys=3)
    sandbox.deactivate("key0")
    entries[1].api_key_file.unlink()
    await prepare(queue, entries, now=True)
    async with at_work(Worker(queue, entries, tell=told)):
        await told.until("ended", 3)
    ends = {one["source"]: (one["error"], one["again_in"]) for one in told.of("ended")}
    assert ends == {"key0": ("UnauthorizedError", None), "key1": ("ConfigurationError", None), "key2": (None, None)}
    assert sorted(jobs(postgres)) == [("key0", "failed"), ("key1", "failed")]
    assert not [one for one in told.events for key in sandbox.api_keys.values() if key.value in repr(one)]


async def test_of_two_entries_with_one_key_every_worker_refuses_the_same(
    sandbox, key_file, queue, postgres, told, at_work
) -> None:
    """The later one in the file, also where its turn comes first."""
    entries = key_file(keys=2)
    entries[1].api_key_file.write_text(sandbox.api_keys["key0"].value)
    async with queue.opened() as app:
        await job_of(app, "key1").defer_async()
    async with at_work(Worker(queue, entries, tell=told)):
        (ended,) = await told.until("ended")
    assert (ended["source"], ended["error"]) == ("key1", "ConfigurationError")
    assert "'key0'" in ended["message"]


async def test_a_key_that_only_newer_workers_know_is_left_to_them(
    sandbox, key_file, queue, postgres, told, at_work
) -> None:
    """As while the workers are replaced one by one."""
    entries = key_file(keys=2)
    await prepare(queue, entries, now=True)
    async with at_work(Worker(queue, entries[:1], tell=told, beat=0.05, first_pause=0.02)):
        (ended, *_) = await told.until("ended", source="key1")
        assert "no key 'key1'" in ended["message"]
        assert ended["error"] == "ConfigurationError"
        assert ended["pulls"] >= 0
        await told.until("ended", source="key0", outcome="done")
    assert ended["again_in"] is not None
    assert ("key1", "todo") in jobs(postgres)
    async with at_work(Worker(queue, entries, tell=told, beat=0.05)):
        await told.until("ended", source="key1", outcome="done", new=40)


async def test_a_turn_that_waits_already_waits_as_long_as_another_try_would(
    sandbox, key_file, queue, postgres, told, at_work, tmp_path: Path
) -> None:
    """Its turn came while it was pulled with; the pull failed with an error that passes."""
    entries = key_file(to=f"postgresql://postgres@/postgres?host={tmp_path}/nowhere")
    await prepare(queue, entries, now=True)

    def tell(event: str, /, **facts: object) -> None:
        if event == "began":
            postgres.execute(*NEXT_TURN)
        told(event, **facts)

    async with at_work(Worker(queue, entries, tell=tell, beat=0.05, first_pause=600.0)):
        (ended,) = await told.until("ended", error="StorageAwayError")
    assert 500 < ended["again_in"] <= 600
    ((seconds, attempt),) = postgres.execute(
        "SELECT extract(epoch FROM scheduled_at - now())::float, args->>'attempt' "
        "FROM konfipay_fleet.procrastinate_jobs WHERE status = 'todo'"
    )
    assert ended["again_in"] - 20 < seconds <= ended["again_in"]
    assert attempt == "1"


async def test_a_turn_that_waits_for_a_pull_that_kills_its_workers_waits_as_long_too(
    sandbox, key_file, queue, postgres, told, at_work
) -> None:
    entries = key_file()
    await prepare(queue, entries, now=True)
    postgres.execute(*STARTED, "UPDATE procrastinate_jobs SET attempts = 2", *NEXT_TURN)
    async with at_work(Worker(queue, entries, tell=told, beat=0.05, first_pause=600.0)):
        await told.until("taken_up", source="key0")
    assert postgres.execute(
        "SELECT status::text, attempts, scheduled_at > now() + interval '8 minutes' "
        "FROM konfipay_fleet.procrastinate_jobs ORDER BY id"
    ) == [("aborted", 3, None), ("todo", 3, True)]


async def test_a_queue_that_takes_nothing_at_the_end_of_a_pull_swallows_no_error(
    sandbox, key_file, queue, postgres, told, at_work, tmp_path: Path
) -> None:
    """The pull's own is told, and that it is over."""
    entries = key_file(to=f"postgresql://postgres@/postgres?host={tmp_path}/nowhere")
    await prepare(queue, entries, now=True)
    refuse(postgres, "INSERT")
    async with at_work(Worker(queue, entries, tell=told, beat=0.05)):
        (ended,) = await told.until("ended", source="key0")
    assert (ended["error"], ended["again_in"], ended["pulls"]) == ("StorageAwayError", None, 0)
    assert told.of("began", pulls=1)


async def test_told_to_stop_it_finishes_the_page_in_hand_and_leaves_the_rest_to_others(
    sandbox, key_file, queue, postgres, told, at_work
) -> None:
    entries = key_file()
    await prepare(queue, entries, now=True)
    async with at_work(Worker(queue, entries, tell=told)) as stop:
        await told.until("committed")
        stop.set()
    (ended,) = told.of("ended")
    assert (ended["outcome"], ended["again_in"]) == ("stopped", 0.0)
    assert ended["new"] < 40
    assert ended["acknowledged"] == ended["pages"]
    assert jobs(postgres) == [("key0", "todo")]
    async with at_work(Worker(queue, entries, tell=told)):
        await told.until("ended", outcome="done")
    assert stored(postgres) == {"key0": 40}
    assert not sandbox.new_rids("key0")


async def test_cancelled_it_ends_at_once(sandbox, key_file, queue, postgres, told) -> None:
    """Also where the first signal was heeded already, and the page in hand takes its time."""
    sandbox.add_fault("slow:transactions.acknowledge=600")
    entries = key_file()
    await prepare(queue, entries, now=True)
    stop = asyncio.Event()
    task = asyncio.create_task(Worker(queue, entries, tell=told).run(stop))
    await told.until("committed")
    stop.set()
    await asyncio.sleep(0)
    task.cancel()
    async with asyncio.timeout(10):
        await asyncio.wait([task])
    assert task.cancelled()
    assert jobs(postgres) == [("key0", "aborted")]


async def test_a_turn_that_waits_already_takes_the_place_of_another_try(
    sandbox, key_file, queue, postgres, told, at_work
) -> None:
    """And of a pull that was left behind."""
    entries = key_file()
    await prepare(queue, entries, now=True)
    postgres.execute(*STARTED, *NEXT_TURN)
    async with at_work(Worker(queue, entries, tell=told, beat=0.05)):
        await told.until("taken_up", source="key0")
        await told.until("ended", outcome="done", new=40)
    assert jobs(postgres) == [("key0", "aborted")]


async def test_what_the_queue_never_heard_the_end_of_is_taken_up(
    sandbox, key_file, queue, postgres, told, at_work
) -> None:
    """To others it looks as if this worker, which lives, were at it."""
    entries = key_file()
    await prepare(queue, entries, now=True)
    refuse(postgres, "DELETE")
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)  # the job's end is nobody's
    async with at_work(Worker(queue, entries, tell=told, beat=0.05, late=0.2)):
        await told.until("ended", outcome="done", new=40)
        await told.until("taken_up", source="key0")
        # It waits for the worker's transactions, which end in this loop.
        await asyncio.to_thread(postgres.execute, "DROP TRIGGER refuse ON konfipay_fleet.procrastinate_jobs")
        await told.until("ended", 2, outcome="done")
    assert stored(postgres) == {"key0": 40}
    assert sorted({status for _, status in jobs(postgres)}) == []


async def test_several_workers_that_do_not_share_their_limits_are_told(
    sandbox, key_file, queue, told, at_work, monkeypatch
) -> None:
    entries = key_file()
    workers = [Worker(queue, entries, tell=told, beat=0.05) for _ in range(2)]
    async with at_work(workers[0]), at_work(workers[1]):
        (warning, *_) = await told.until("unshared", 2)
    assert "KONFIPAY_SHARED_LIMITS" in warning["message"]


async def test_a_queue_that_goes_away_is_waited_for(
    sandbox, key_file, queue, postgres, told, at_work, monkeypatch
) -> None:
    """The server ends in mid-work, for longer than the connections wait; the turns that come later are pulled."""
    monkeypatch.setattr("konfipay_async.fleet.queue._AWAY", 0.2)
    monkeypatch.setattr("konfipay_async.pull.sinks.sql._AWAY", 0.2)  # a turn may have just begun
    entries = key_file('schedule = "* * * * * *"')
    async with at_work(Worker(queue, entries, tell=told, beat=0.1, late=0.5)):
        await told.until("ended", outcome="done", new=40)
        await asyncio.to_thread(postgres.stop, "immediate")
        (away, *_) = await told.until("away")
        await asyncio.to_thread(postgres.start)
        sandbox.arrive(5)
        await told.until("ended", outcome="done", new=5)
    assert "postgres at " in away["message"]
    assert stored(postgres) == {"key0": 45}


async def test_a_cancellation_that_gets_lost_keeps_no_worker_that_was_told_to_stop(
    key_file, queue, told, at_work, monkeypatch
) -> None:
    """Before Python 3.12 asyncio.wait_for, by which a pool waits, loses one that comes when the wait is over."""
    begun = asyncio.Event()

    async def check(connection: Any) -> None:
        task = asyncio.current_task()
        if task is not None and "_sweep" in repr(task.get_coro()) and not begun.is_set():
            begun.set()
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()

    monkeypatch.setattr(AsyncConnectionPool, "check_connection", check)
    async with asyncio.timeout(10), at_work(Worker(queue, key_file(), tell=told, beat=0.05)):
        await begun.wait()


async def test_a_queue_that_is_not_there_ends_the_worker_before_it_begins(key_file, tmp_path: Path) -> None:
    queue = Queue(f"postgresql://postgres@/postgres?host={tmp_path}")
    with pytest.raises(errors.StorageAwayError, match="no server listens there"):
        await Worker(queue, key_file()).run(asyncio.Event())
