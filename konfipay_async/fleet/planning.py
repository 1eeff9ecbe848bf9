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

__all__ = ["Planned", "Prepared", "is_queued", "job_of", "locks_of", "planned", "prepare"]


@dataclass(frozen=True)
class Planned:
    """When a key is pulled with: `cron` is the line of cron (UTC) that its schedule stands for."""

    key: str
    schedule: str
    cron: str
    next_at: datetime


@dataclass(frozen=True)
class Prepared:
    """What was done to the queue: the migrations that were carried out, the keys whose waiting jobs were taken out
    because the file does not have them any more, and those that were queued for now."""

    migrated: list[str]
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


async def prepare(queue: Queue, entries: Sequence[Entry], *, now: bool = False) -> Prepared:
    """Make the queue ready for these keys. With `now` each with a schedule is queued at once, unless it waits already.

    The schedules themselves are kept by the workers, who read the same file. StorageError.
    """
    migrated = await queue.prepare()
    names = {entry.name for entry in entries}
    removed = []
    async with queue.opened() as app:
        for job in await app.job_manager.list_jobs_async(queue=QUEUE, task=TASK, status="todo"):
            key = str(job.task_kwargs.get("key"))
            if key not in names and job.id and await app.job_manager.cancel_job_by_id_async(job.id, delete_job=True):
                removed.append(key)
        wanted = [entry.name for entry in entries if now and entry.schedule is not None]
        queued = [key for key in wanted if await is_queued(job_of(app, key))]
    return Prepared(migrated, removed, queued)


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


async def is_queued(job: JobDeferrer) -> bool:
    """Queue it; False where one with this key waits already."""
    try:
        await job.defer_async()
    except exceptions.AlreadyEnqueued:
        return False
    return True
