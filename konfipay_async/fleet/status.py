"""How the keys of a fleet fare: what the queue says of their jobs, and their databases of their pulls."""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from procrastinate import App

from konfipay_async.errors import KonfipayError
from konfipay_async.fleet.planning import planned
from konfipay_async.fleet.queue import TASK, Queue
from konfipay_async.pull.keyfile import Entry
from konfipay_async.pull.sinks.formats import FORMATS
from konfipay_async.pull.sinks.looking import look
from konfipay_async.pull.status import LastRun, Status, statuses

__all__ = ["KeyStatus", "State", "key_statuses"]

State = Literal["running", "left", "waiting", "retrying", "idle"]
"""What goes on with a key: a worker pulls with it, or did and gives no sign of life any more; it is queued, for the
first time or again after a failure; or its next turn is to come."""

# Databases that are looked into at the same time.
_AT_ONCE = 8


@dataclass(frozen=True)
class KeyStatus:
    """How one key fares.

    `next_at` is when it is pulled with next, at the earliest; None while that goes on, and without a schedule. `last`
    and the rest come from the key's own database; `unknown` says why they could not be had. `failures` have failed in a
    row, counting those that did not come as far as the database, as far as the queue remembers.
    """

    key: str
    schedule: str | None
    state: State
    next_at: datetime | None
    last: LastRun | None
    complete_at: datetime | None
    failures: int
    pending: int
    unknown: str | None

    @property
    def running_at(self) -> str | None:
        """The process and the host that pull with it, where the database knows."""
        is_running = self.state == "running" and self.last is not None and self.last.outcome is None
        return f"process {self.last.process} on {self.last.host}" if is_running and self.last is not None else None

    def lag(self, now: datetime) -> timedelta | None:
        """How old what is known is; None where no pull has come to its end, or nobody knows."""
        return None if self.complete_at is None else now - self.complete_at


async def key_statuses(queue: Queue, entries: Sequence[Entry], *, patience: float = 30.0) -> list[KeyStatus]:
    """Those of all keys, in the order of the file. A worker that gives no sign of life for `patience` seconds is dead.

    A database that cannot be looked into makes its keys unknown, and no error. Raises StorageError for the queue.
    """
    turns = {one.key: one.next_at for one in planned(entries)}
    databases = await asyncio.to_thread(_look_into_all, sorted({entry.to for entry in entries}))
    pulls = {entry.name: _of(entry, databases[entry.to]) for entry in entries}
    await queue.expect()
    async with queue.opened() as app:
        jobs = {job["key"]: job for job in await app.connector.execute_query_all_async(_JOBS, patience=patience)}
        failed = await _failed(app, {key: None if pull is None else pull.complete_at for key, pull in pulls.items()})
    found = []
    for entry in entries:
        pull, database = pulls[entry.name], databases[entry.to]
        state, next_at = _now(jobs.get(entry.name), turns.get(entry.name))
        status = KeyStatus(
            key=entry.name,
            schedule=entry.schedule,
            state=state,
            next_at=next_at,
            last=None if pull is None else pull.last,
            complete_at=None if pull is None else pull.complete_at,
            failures=max(0 if pull is None else pull.failures, failed.get(entry.name, 0)),
            pending=0 if pull is None else pull.pending,
            unknown=database if isinstance(database, str) else None,
        )
        found.append(status)
    return found


def _of(entry: Entry, database: "_Found") -> Status | None:
    return None if isinstance(database, str) else database.get((entry.source, entry.plan.what))


def _now(job: dict[str, Any] | None, turn: datetime | None) -> tuple[State, datetime | None]:
    if job is None:
        return "idle", turn
    if job["is_running"]:
        return ("running" if job["is_alive"] else "left"), None
    return ("retrying" if job["attempt"] or job["attempts"] else "waiting"), job["scheduled_at"] or datetime.now(UTC)


# A key has a job that runs, or one that waits, or both: then the one that runs is told.
_JOBS: Any = f"""
SELECT DISTINCT ON (args->>'key') args->>'key' AS key, status = 'doing' AS is_running, scheduled_at, attempts,
       coalesce((args->>'attempt')::int, 0) AS attempt,
       coalesce(last_heartbeat > now() - %(patience)s * interval '1 second', false) AS is_alive
FROM procrastinate_jobs AS job LEFT JOIN procrastinate_workers AS worker ON worker.id = job.worker_id
WHERE task_name = '{TASK}' AND status IN ('todo', 'doing')
ORDER BY args->>'key', status = 'doing' DESC, job.id
"""  # noqa: S608

_FAILED: Any = f"""
SELECT wanted.key, count(*) AS failures
FROM unnest(%(keys)s::text[], %(moments)s::timestamptz[]) AS wanted (key, complete_at)
JOIN procrastinate_jobs AS job ON job.args->>'key' = wanted.key AND task_name = '{TASK}' AND status = 'failed'
JOIN procrastinate_events AS event ON event.job_id = job.id AND event.type = 'failed'
WHERE wanted.complete_at IS NULL OR event.at > wanted.complete_at
GROUP BY wanted.key
"""  # noqa: S608


async def _failed(app: App, complete: Mapping[str, datetime | None]) -> dict[str, int]:
    """How many jobs of each key have failed since its last complete pull began."""
    rows = await app.connector.execute_query_all_async(_FAILED, keys=list(complete), moments=list(complete.values()))
    return {row["key"]: row["failures"] for row in rows}


_Found = dict[tuple[str, str], Status] | str


def _look_into_all(addresses: Sequence[str]) -> "dict[str, _Found]":
    """What each database says of its sources, or why it says nothing."""
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        return dict(zip(addresses, threads.map(_look_into, addresses), strict=True))


def _look_into(address: str) -> _Found:
    if address.partition(":")[0] in FORMATS:
        return "files remember no pulls"
    try:
        with look(address) as connection:
            return {(status.source, status.what): status for status in statuses(connection)}
    except KonfipayError as error:
        return str(error)
