"""What comes when: the schedules of a file of keys, and the jobs that wait in the queue for them."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from croniter import CroniterBadDateError, croniter  # type: ignore[import-untyped]
from procrastinate import App, exceptions
from procrastinate.jobs import JobDeferrer
from procrastinate.tasks import configure_task

from konfipay_async.errors import ConfigurationError
from konfipay_async.fleet.queue import QUEUE, TASK, Queue
from konfipay_async.pull.keyfile import Entry
from konfipay_async.pull.schedules import cron_of

__all__ = ["Planned", "Prepared", "get_to_know", "job_of", "locks_of", "planned", "prepare", "pull_again", "put_off"]


@dataclass(frozen=True)
class Planned:
    """When a key is pulled with: `cron` is the line of cron (UTC) that its schedule stands for."""

    key: str
    schedule: str
    cron: str
    next_at: datetime


@dataclass(frozen=True)
class Prepared:
    """What was done to the queue: the migrations that were carried out, and the keys that were queued for now.

    `strange` are keys whose jobs wait there and that the file does not have, `removed` those whose jobs were taken out.
    """

    migrated: list[str]
    strange: list[str]
    removed: list[str]
    queued: list[str]


def planned(entries: Sequence[Entry], *, now: float | None = None) -> list[Planned]:
    """When each key with a schedule comes next after `now` (seconds since the epoch).

    ConfigurationError where none has one, or where a schedule never comes.
    """
    at = time.time() if now is None else now
    found = []
    for entry in entries:
        if entry.schedule is None:
            continue
        cron = cron_of(entry.schedule, entry.name)
        try:
            moment: float = croniter(cron).get_next(ret_type=float, start_time=at)
        except CroniterBadDateError:
            raise ConfigurationError(f"keys.{entry.name}: the schedule {entry.schedule!r} never comes") from None
        found.append(Planned(entry.name, entry.schedule, cron, datetime.fromtimestamp(moment, UTC)))
    if not found:
        raise ConfigurationError(
            'no key has a schedule: write schedule = "15m" into [defaults], or into tables of keys'
        )
    return found


async def prepare(queue: Queue, entries: Sequence[Entry], *, now: bool = False, prune: bool = False) -> Prepared:
    """Make the queue ready for these keys. With `now` each with a schedule is queued at once, unless it waits already;
    with `prune` what waits there for other keys is taken out.

    The schedules themselves are kept by the workers, who read the same file. StorageError.
    """
    migrated = await queue.prepare()
    names = {entry.name for entry in entries}
    strange: list[str] = []
    removed: list[str] = []
    async with queue.opened() as app:
        await get_to_know(app, planned(entries))
        for job in await app.job_manager.list_jobs_async(queue=QUEUE, task=TASK, status="todo"):
            key = str(job.task_kwargs.get("key"))
            if key in names:
                continue
            is_out = prune and job.id and await app.job_manager.cancel_job_by_id_async(job.id, delete_job=True)
            (removed if is_out else strange).append(key)
        wanted = [entry.name for entry in entries if now and entry.schedule is not None]
        queued = [key for key in wanted if await _is_queued(job_of(app, key))]
    return Prepared(migrated, strange, removed, queued)


async def get_to_know(app: App, plans: Sequence[Planned]) -> None:
    """Note for each key that is new to the queue that its last turn was seen to.

    procrastinate makes up the last turn of whatever it knows nothing of: all that are new would come at once.
    """
    now = time.time()
    ticks = [round(croniter(plan.cron, now).get_prev(ret_type=float)) for plan in plans]
    keys = [plan.key for plan in plans]
    await app.connector.execute_query_async(_GET_TO_KNOW, task=TASK, keys=keys, ticks=ticks)


def locks_of(key: str) -> Mapping[str, Any]:
    """What keeps two pulls of a key apart, and lets one of them wait at most."""
    return {"lock": f"konfipay {key}", "queueing_lock": f"konfipay {key}"}


def job_of(app: App, key: str, *, attempt: int = 0, seconds: float = 0.0) -> JobDeferrer:
    """A pull with a key, after so many seconds."""
    return configure_task(
        name=TASK,
        job_manager=app.job_manager,
        queue=QUEUE,
        schedule_in={"milliseconds": round(1000 * seconds)} if seconds else None,
        task_kwargs={"key": key, "attempt": attempt},
        **locks_of(key),
    )


async def pull_again(app: App, key: str, *, attempt: int, seconds: float) -> None:
    """Queue a pull with a key after so many seconds. A turn that waits already, for this one to end, becomes that."""
    while not await _is_queued(job_of(app, key, attempt=attempt, seconds=seconds)):
        if await put_off(app, key, attempt=attempt, seconds=seconds):
            return


async def put_off(app: App, key: str, *, attempt: int, seconds: float, attempts: int = 0) -> bool:
    """Let the turn of a key that waits wait for so many seconds; False where none does. `attempts` are those of a job
    that workers left behind."""
    lock = locks_of(key)["queueing_lock"]
    changes = {"attempt": attempt, "seconds": seconds, "attempts": attempts}
    return bool(await app.connector.execute_query_all_async(_PUT_OFF, lock=lock, **changes))


async def _is_queued(job: JobDeferrer) -> bool:
    """Queue it; False where one with this key waits already."""
    try:
        await job.defer_async()
    except exceptions.AlreadyEnqueued:
        return False
    return True


_GET_TO_KNOW: Any = """
INSERT INTO procrastinate_periodic_defers (task_name, periodic_id, defer_timestamp)
SELECT %(task)s::text, key, tick FROM unnest(%(keys)s::text[], %(ticks)s::bigint[]) AS planned (key, tick)
WHERE NOT EXISTS (SELECT FROM procrastinate_periodic_defers WHERE task_name = %(task)s::text AND periodic_id = key)
ON CONFLICT DO NOTHING
"""

_PUT_OFF: Any = """
UPDATE procrastinate_jobs
SET scheduled_at = now() + %(seconds)s * interval '1 second', attempts = greatest(attempts, %(attempts)s::int),
    args = args || jsonb_build_object('attempt', %(attempt)s::int)
WHERE queueing_lock = %(lock)s::text AND status = 'todo'
RETURNING id
"""
