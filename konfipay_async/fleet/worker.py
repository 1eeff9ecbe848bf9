"""A worker: pulls with the keys whose turn it is, until it is told to stop.

A key's turn comes by its schedule, which each worker knows from the same file; procrastinate queues one job for each
turn, however many workers there are. Two jobs of one key never run at once, and one of them waits at most. A pull that
failed with an error that passes is queued again, the later the more have failed in a row; one that another worker left
behind when it was killed, or that was stopped after the page in hand, is taken up again.

Whatever becomes of the queue, the sink has the last word: it commits a page with the id that acknowledges it, and its
own lock keeps two pulls of one source apart.
"""

import asyncio
import os
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import psycopg
from procrastinate import App, JobContext, PsycopgConnector, exceptions
from procrastinate.jobs import Job, Status

from konfipay_async.errors import (
    ConfigurationError,
    KonfipayError,
    StatusError,
    StorageAwayError,
    StorageBusyError,
    StorageError,
)
from konfipay_async.fleet.planning import get_to_know, locks_of, planned, pull_again, put_off
from konfipay_async.fleet.queue import QUEUE, TASK, Queue, lock_number
from konfipay_async.pull import Report, Step
from konfipay_async.pull.keyfile import Entry
from konfipay_async.pull.many import Ended, KeyBudgets, Keys, pull_each, sink_of
from konfipay_async.pull.watch import passes

__all__ = ["Tell", "Worker", "pause_after"]

# Seconds to the next pull of a key after one that failed: the first pause, doubled with each failure up to the longest.
_FIRST_PAUSE = 30.0
_LONGEST_PAUSE = 900.0
_JITTER = 0.1
# Hours for which the queue remembers a job that failed, and seconds between two clearings.
_REMEMBERED = 48
_CLEAR_EVERY = 3600.0


class Tell(Protocol):
    """Is told of what happens, on the event loop: a name, and facts about it. None is about anybody's bookings.

    `began` and `ended` of a pull (`source`, `attempt`, how many `pulls` are under way, and of the end `outcome`,
    `error`, `message`, `again_in` seconds where it was queued again, and the counts), the steps of pulls by their
    names, `taken_up` of a pull that somebody left behind, `away` and `back` of the queue, `unshared` where several
    workers do not share their limits.
    """

    def __call__(self, event: str, /, **facts: object) -> None: ...


class Worker:
    """Pulls with these keys, `concurrency` of them at a time.

    It gives a sign of life every `beat` seconds; one that has given none for `patience` seconds is taken for dead by
    the others. All workers of a queue must have the same of both, and the same keys. A job that ended `late` seconds
    ago, and goes on as far as the queue knows, is queued again: its connections wait for a minute. `first_pause` comes
    after a pull that failed, doubled with each failure. Raises ConfigurationError.
    """

    def __init__(
        self,
        queue: Queue,
        entries: Sequence[Entry],
        *,
        concurrency: int = 4,
        tell: Tell = lambda event, /, **facts: None,
        beat: float = 10.0,
        patience: float = 30.0,
        late: float = 90.0,
        first_pause: float = _FIRST_PAUSE,
    ) -> None:
        if concurrency < 1:
            raise ConfigurationError(f"concurrency={concurrency}: give a number of keys, 1 or more")
        self._queue = queue
        self._entries = {entry.name: entry for entry in entries}
        self._planned = planned(entries)
        self._concurrency = concurrency
        self._tell = tell
        self._beat = beat
        self._patience = patience
        self._late = late
        self._first_pause = first_pause
        self._budgets = KeyBudgets()
        self._keys = Keys()
        self._stop = self._leave = asyncio.Event()
        # Pulls, and the worker that the queue knows them to be at.
        self._under_way: dict[asyncio.Task[object], int | None] = {}
        # Jobs whose end the queue may not have heard of: the worker it knows us as, and since when.
        self._over: dict[int, tuple[int | None, float]] = {}
        self._cleared_at = -_CLEAR_EVERY
        self._is_warned = False

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; then the pages in hand are finished, and what is left of the lists is queued again.

        A queue that goes away is waited for. Cancelled, it ends the pulls at once. Raises StorageError where the queue
        cannot be used, or cannot be reached at first.
        """
        self._stop = stop
        await self._queue.expect()
        await asyncio.to_thread(self._note_keys)
        first = pause = self._beat / 10
        while not stop.is_set():
            began = time.monotonic()
            try:
                async with self._queue.opened() as app:
                    await self._work(app)
                error: StorageError | None = None
            except StorageAwayError as met:
                error = met
            if stop.is_set():
                return
            pause = first if time.monotonic() - began > self._patience else min(2 * pause, self._patience)
            message = "the queue went away" if error is None else str(error)
            self._tell("away", message=message, next_in=pause)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)
            self._tell("back")

    def _note_keys(self) -> None:
        """Know them all before the first pull: of two that drain one list every worker must refuse the same."""
        for entry in self._entries.values():
            with suppress(ConfigurationError):  # said when it is its turn
                self._keys.take(entry)

    async def _work(self, app: App) -> None:
        """Work until told to stop, or until the queue goes away; in the end the pages in hand are finished."""
        self._leave = asyncio.Event()
        self._register(app)
        await get_to_know(app, self._planned)
        working = asyncio.create_task(
            app.run_worker_async(
                queues=[QUEUE],
                concurrency=self._concurrency,
                install_signal_handlers=False,
                delete_jobs="successful",
                update_heartbeat_interval=self._beat,
                stalled_worker_timeout=self._patience,
                fetch_job_polling_interval=self._beat / 2,  # nobody is notified of what is queued for later
            )
        )
        sweeping = asyncio.create_task(self._sweep(app))
        stopping = asyncio.create_task(self._stop.wait())
        cancelled = await _first_of({working, sweeping, stopping})
        self._leave.set()
        for task in (working, sweeping, stopping):
            task.cancel()
        while not working.done():
            if cancelled:
                for pull in self._under_way:
                    pull.cancel()
            cancelled = await _first_of({working}) or cancelled
        ends = await asyncio.gather(working, sweeping, stopping, return_exceptions=True)
        if cancelled:
            raise asyncio.CancelledError
        for end in ends:
            if isinstance(end, Exception):
                raise end

    def _register(self, app: App) -> None:
        async def pull(context: JobContext, *, key: str, attempt: int = 0, timestamp: int | None = None) -> None:
            await self._pull(app, context.job, key, attempt)

        task = app.task(name=TASK, queue=QUEUE, pass_context=True)(pull)
        for one in self._planned:
            plan = app.periodic(cron=one.cron, periodic_id=one.key, task_kwargs={"key": one.key}, **locks_of(one.key))
            plan(task)  # type: ignore[arg-type]

    # One pull

    async def _pull(self, app: App, job: Job, key: str, attempt: int) -> None:
        task = asyncio.current_task()
        assert task is not None and job.id is not None  # noqa: S101, PT018
        self._under_way[task] = job.worker_id
        ended = pause = None
        try:
            ended = await self._pulled(key, attempt)
            pause = await self._queue_again(app, ended, attempt)
            if ended.error is not None:
                raise ended.error
        finally:
            del self._under_way[task]
            self._over[job.id] = job.worker_id, time.monotonic()
            if ended is not None:
                self._say_how(ended, attempt, pause)

    async def _queue_again(self, app: App, ended: Ended, attempt: int) -> float | None:
        """Queue what is worth another try; the seconds until then."""
        if ended.error is None:
            # What was stopped after the page in hand goes on at once, where somebody is free.
            pause = None if ended.report.complete else 0.0
        elif ended.name not in self._entries:
            pause = _pause(attempt, self._first_pause)  # a newer worker may know it
        else:
            pause = pause_after(ended.error, attempt, first=self._first_pause)
        if pause is not None:
            await pull_again(app, ended.name, attempt=attempt + 1 if ended.error else 0, seconds=pause)
        return pause

    async def _pulled(self, key: str, attempt: int) -> Ended:
        entry = self._entries.get(key)
        if entry is None:
            error = ConfigurationError(
                f"this worker's file has no key {key!r}: give every worker the same file; konfipay fleet schedule "
                "--prune takes out of the queue what no file has any more"
            )
            return Ended(key, Report(), error)
        self._tell("began", source=key, attempt=attempt, pulls=len(self._under_way))
        (ended,) = await pull_each(
            [entry], sink_of, budgets=self._budgets, keys=self._keys, stop=self._leave, watch=self._step
        )
        return ended

    def _step(self, key: str, step: Step, report: Report) -> None:
        self._tell(step.name.lower(), source=key, seconds=round(report.seconds, 3), **report.counts())

    def _say_how(self, ended: Ended, attempt: int, pause: float | None) -> None:
        error = ended.error
        self._tell(
            "ended",
            source=ended.name,
            attempt=attempt,
            outcome="failed" if error is not None else "done" if ended.report.complete else "stopped",
            error=None if error is None else type(error).__name__,
            message=ended.message,
            again_in=None if pause is None else round(pause, 3),
            pulls=len(self._under_way),
            seconds=round(ended.report.seconds, 3),
            **ended.report.counts(),
        )

    # What others left behind

    async def _sweep(self, app: App) -> None:
        """See to what no worker sees to, one of us at a time. Returns where the others must take us for dead."""
        connector = app.connector
        assert isinstance(connector, PsycopgConnector)  # noqa: S101
        alive: Any = "SELECT id FROM procrastinate_workers WHERE last_heartbeat > now() - %s * interval '1 second'"
        while not self._leave.is_set():  # a cancellation may get lost in the pool
            await asyncio.sleep(self._beat)
            async with connector.pool.connection() as connection:
                found = await (await connection.execute(alive, [0.7 * self._patience])).fetchall()
                workers = {worker for (worker,) in found}
                if not workers.issuperset(self._under_way.values()):
                    return
                self._look_around(len(workers))
                await self._take_up_own(app)
                cursor = await connection.execute("SELECT pg_try_advisory_xact_lock(%s)", [lock_number("sweep")])
                if (await cursor.fetchone() or [False])[0]:
                    await self._clear(app)

    def _look_around(self, workers: int) -> None:
        """Say it where several workers count their requests each by itself."""
        is_unshared = workers > 1 and not os.environ.get("KONFIPAY_SHARED_LIMITS")
        if is_unshared and not self._is_warned:
            self._tell(
                "unshared",
                message="several workers are at work, and each counts its requests by itself: together they may go "
                "beyond konfipay's limits. Name a Redis for all of them: KONFIPAY_SHARED_LIMITS=redis://HOST:6379/0",
            )
        self._is_warned = is_unshared

    async def _clear(self, app: App) -> None:
        """Take up what dead workers were at, and forget what failed long ago."""
        stalled = await app.job_manager.get_stalled_jobs(queue=QUEUE, seconds_since_heartbeat=self._patience)
        for job in stalled:
            await self._take_up(app, job)
        if time.monotonic() - self._cleared_at > _CLEAR_EVERY:
            self._cleared_at = time.monotonic()
            await app.job_manager.delete_old_jobs(
                _REMEMBERED, QUEUE, include_failed=True, include_cancelled=True, include_aborted=True
            )

    async def _take_up_own(self, app: App) -> None:
        """Take up what ended here, when the queue could not be told: to the others it looks as if it went on."""
        due = {
            job_id: worker for job_id, (worker, since) in self._over.items() if time.monotonic() - since > self._late
        }
        for worker in set(due.values()):
            for job in await app.job_manager.list_jobs_async(queue=QUEUE, status="doing", worker_id=worker):
                if job.id in due:
                    await self._take_up(app, job)
        for job_id in due:
            del self._over[job_id]

    async def _take_up(self, app: App, job: Job) -> None:
        """Queue it again; later where it was left behind before, for it may be what kills its workers."""
        pause = _pause(job.attempts - 1, self._first_pause) if job.attempts else 0.0
        key = str(job.task_kwargs.get("key"))
        try:
            try:
                await app.job_manager.retry_job(job, retry_at=datetime.now(UTC) + timedelta(seconds=pause))
            except exceptions.UniqueViolation:  # its next turn waits already, for this one to end
                await put_off(app, key, attempt=0, seconds=pause, attempts=job.attempts + 1)
                await app.job_manager.finish_job(job, Status.ABORTED, delete_job=False)
        except exceptions.ConnectorException as error:
            if not isinstance(error.__cause__, psycopg.errors.RaiseException):
                raise
            return  # it has ended meanwhile
        self._tell("taken_up", source=key, job=job.id)


def pause_after(error: Exception, attempt: int, *, first: float = _FIRST_PAUSE) -> float | None:
    """Seconds after which to pull again where the attempt (from 0) ended with this; None where that would not help.

    It would after errors that pass (see `watch.passes`), and where another pull holds the sink. A server that asks for
    longer is heeded.
    """
    if not isinstance(error, KonfipayError) or not (passes(error) or isinstance(error, StorageBusyError)):
        return None
    asked_for = error.retry_after if isinstance(error, StatusError) else None
    return max(_pause(attempt, first), asked_for or 0.0)


def _pause(attempt: int, first: float) -> float:
    return min(_LONGEST_PAUSE, first * 2.0 ** min(attempt, 30)) * (1 - _JITTER * random.random())


async def _first_of(tasks: "set[asyncio.Task[object]]") -> bool:
    """Wait for the first of them to be done; whether the wait was cancelled instead."""
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        return True
    return False
