"""`konfipay fleet`"""

import asyncio
import logging
import os
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import cyclopts
from cyclopts import Parameter

from konfipay_async.cli.events import EventLog
from konfipay_async.cli.exits import Exit
from konfipay_async.cli.output import OUTPUT, Column, Output, note, plain, plain_console, show_rows, writer
from konfipay_async.cli.signals import until_signal
from konfipay_async.cli.watching import in_words, seconds_of
from konfipay_async.errors import ConfigurationError
from konfipay_async.pull.keyfile import read_keys
from konfipay_async.pull.watch import Heartbeat
from konfipay_async.session.clock import SystemClock

if TYPE_CHECKING:
    from konfipay_async.fleet.planning import Planned
    from konfipay_async.fleet.queue import Queue
    from konfipay_async.fleet.status import KeyStatus

__all__ = ["app"]

app = cyclopts.App(name="fleet", help="The pull on many machines: workers that share a queue in PostgreSQL.")

_Flag = Parameter(negative=(), show_default=False)


@app.command(name="schedule")
async def _schedule(
    *,
    config: Path,
    database: str | None = None,
    now: Annotated[bool, _Flag] = False,
    prune: Annotated[bool, _Flag] = False,
    output: Output = OUTPUT,
) -> None:
    """Make the queue ready for the keys of a file, and show when each of them comes.

    It makes procrastinate's tables in the schema konfipay_fleet, or brings them up to date; doing it again changes
    nothing. Workers read the schedules from the same file when they start: after a change, restart them.

    Examples:

    `konfipay fleet schedule --config keys.toml --database postgresql://localhost/bank`

    `konfipay fleet schedule --config keys.toml --now`: and pull with each key as soon as a worker is free

    Parameters
    ----------
    config
        The file with the keys, as `konfipay pull --config` reads it, and with a schedule for each of them: an interval
        ("15m", "2h", "1d") or five fields of cron ("30 4 * * 1-5"), in UTC.
    database
        The PostgreSQL database with the queue. Default: KONFIPAY_FLEET_DATABASE.
    now
        Queue a pull with each key at once, unless one waits already.
    prune
        Take out of the queue what waits there for keys that the file does not have.
    """
    entries = read_keys(config)
    queue = _queue(database)
    from konfipay_async.fleet.planning import planned, prepare

    plans = planned(entries)
    done = await prepare(queue, entries, now=now, prune=prune)
    show_rows(plans, _PLANS, output)
    local = [entry.name for entry in entries if entry.schedule is not None and not entry.to.startswith("postgres")]
    if local:
        note(f"Not in PostgreSQL, so all workers must reach the same files: {', '.join(local)}")
    without = len(entries) - len(plans)
    if without:
        note(f"{without} of {len(entries)} keys have no schedule: no worker pulls with them.")
    for name in done.migrated:
        note(f"Brought up to date: {name}")
    if done.removed:
        note(f"Not in this file, and taken out of the queue: {', '.join(done.removed)}")
    if done.strange:
        note(f"Waiting in the queue and not in this file: {', '.join(done.strange)}; --prune takes them out.")
    if now:
        note(f"Queued for now: {len(done.queued)} of {len(plans)}; the others wait already.")


@app.command(name="worker")
def _worker(
    *,
    config: Path,
    database: str | None = None,
    concurrency: int = 4,
    heartbeat: Path | None = None,
    quiet: Annotated[bool, _Flag] = False,
    log: Literal["json"] | None = None,
) -> None:
    """Pull with the keys whose turn it is, until SIGTERM or Ctrl-C.

    Start as many as you like, on as many machines: one key is never pulled with twice at once. A pull that fails with
    an error that passes is tried again, after 30 seconds, then a minute, and so on up to 15 minutes; another error
    waits for the key's next turn. What a worker that was killed left behind is taken up by another after about half a
    minute. The first signal finishes the pages in hand, the second ends at once. Several workers need a Redis, in
    KONFIPAY_SHARED_LIMITS, to stay within konfipay's limits together.

    Examples:

    `konfipay fleet worker --config keys.toml --database postgresql://localhost/bank`

    `konfipay fleet worker --config keys.toml --concurrency 8 --heartbeat /run/konfipay.alive --log json`

    Parameters
    ----------
    config
        The file with the keys, the same for every worker.
    database
        The PostgreSQL database with the queue. Default: KONFIPAY_FLEET_DATABASE.
    concurrency
        Keys pulled with at the same time.
    heartbeat
        A file that is written anew every ten seconds, with how it fares.
    quiet
        Print nothing but what went wrong.
    log
        "json": write what happens to standard error, one JSON object a line.
    """
    entries = read_keys(config)
    queue = _queue(database)
    from konfipay_async.fleet.worker import Worker

    heart = None if heartbeat is None else Heartbeat(heartbeat, SystemClock())
    voice = _Voice(heart, _event_log(log), quiet=quiet)
    worker = Worker(queue, entries, concurrency=concurrency, tell=voice)
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)  # it says every try to connect
    _Overheard(voice).install()

    async def work(stop: asyncio.Event) -> None:
        asyncio.get_running_loop().set_exception_handler(_without_lost_ends)
        async with AsyncExitStack() as stack:
            if heart is not None:
                beating = asyncio.create_task(heart.go_on())
                stack.push_async_callback(asyncio.wait, [beating])
                stack.callback(beating.cancel)
            voice("waiting")
            await worker.run(stop)

    asyncio.run(until_signal(work, voice.note))


@app.command(name="status")
async def _status(
    *, config: Path, database: str | None = None, max_lag: str | None = None, output: Output = OUTPUT
) -> int:
    """Show how the keys of a fleet fare: last pull, next one, where one goes on, failures, how old what is known is.

    It disturbs nobody. Ends with 6 where --max-lag is exceeded.

    Examples:

    `konfipay fleet status --config keys.toml --database postgresql://localhost/bank`

    `konfipay fleet status --config keys.toml --max-lag 26h --json`

    Parameters
    ----------
    config
        The file with the keys.
    database
        The PostgreSQL database with the queue. Default: KONFIPAY_FLEET_DATABASE.
    max_lag
        How old what is known may be, like 90s, 15m, 26h or 2d.
    """
    limit = None if max_lag is None else seconds_of(max_lag, "--max-lag")
    entries = read_keys(config)
    queue = _queue(database)
    from konfipay_async.fleet.status import key_statuses

    found = await key_statuses(queue, entries)
    now = datetime.now(UTC)
    writer(_columns(now), json=output.json, as_json=lambda row: _as_json(row, now))(found)
    for row in found:
        if row.unknown is not None:
            note(f"{row.key}: {row.unknown}")
    if limit is None:
        return Exit.DONE
    late = [row for row in found if (lag := row.lag(now)) is None or lag.total_seconds() > limit]
    for row in late:
        note(f"{row.key}: what is known is older than {max_lag}.")
    return Exit.PARTIAL if late else Exit.DONE


def _queue(address: str | None) -> "Queue":
    from konfipay_async.fleet.queue import Queue

    address = address or os.environ.get("KONFIPAY_FLEET_DATABASE")
    if not address:
        raise ConfigurationError(
            "there is no database for the queue: give one with --database postgresql://…, or in KONFIPAY_FLEET_DATABASE"
        )
    return Queue(address)


def _without_lost_ends(loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    """A job whose end the queue could not be told of is nobody's failure: it is taken up again."""
    from procrastinate.exceptions import ConnectorException

    if not isinstance(context.get("exception"), ConnectorException):
        loop.default_exception_handler(context)


def _event_log(kind: Literal["json"] | None) -> EventLog | None:
    if kind is None:
        return None
    log = EventLog()
    log.install()
    return log


class _Voice:
    """Says what a worker does: as events, or in lines; and in the heartbeat."""

    def __init__(self, heart: Heartbeat | None, log: EventLog | None, *, quiet: bool) -> None:
        self._heart = heart
        self._log = log
        self._out = plain_console(quiet=quiet or log is not None)
        self._errors = plain_console(stderr=True, quiet=log is not None)
        self._pulls: object = 0
        self._is_away = False

    def __call__(self, event: str, /, **facts: object) -> None:
        self._pulls = facts.get("pulls", self._pulls)
        self._is_away = event == "away" or (self._is_away and event != "back")
        if self._log is not None:
            self._log.write(event, **facts)
        if line := _line(event, facts):
            is_bad = event in ("away", "unshared", "log") or facts.get("error") is not None
            (self._errors if is_bad else self._out).print(line, markup=False)
        if self._heart is not None and event in _OF_THE_HEART:
            state = "queue away" if self._is_away else "pulling" if self._pulls else "waiting"
            self._heart.say(state, pulls=self._pulls)

    def note(self, text: str) -> None:
        """Say something that is no event."""
        self._out.print(text, markup=False)


class _Overheard(logging.Handler):
    """Tells what procrastinate logs as an error. What it logs of jobs, with a traceback, the worker has told."""

    def __init__(self, voice: _Voice) -> None:
        super().__init__(logging.ERROR)
        self._voice = voice

    def install(self) -> None:
        """Hear it for the rest of the process."""
        logger = logging.getLogger("procrastinate")
        logger.addHandler(self)
        logger.propagate = False

    def emit(self, record: logging.LogRecord) -> None:
        """Tell it in a line."""
        if str(getattr(record, "action", "")).startswith("job_"):
            return
        error = record.exc_info[1] if record.exc_info else None
        cause = error and error.__cause__
        more = f" ({type(cause).__name__})" if cause else ""
        message = " ".join(record.getMessage().split()) + more
        self._voice("log", level=record.levelname.lower(), logger=record.name, message=message)


def _ended(facts: dict[str, object]) -> str:
    pause = facts["again_in"]
    again = f" Next try in {in_words(pause)}." if isinstance(pause, float) and facts["error"] is not None else ""
    if facts["error"] is not None:
        return f"konfipay: {facts['source']}: {facts['message']}{again}"
    counts = ", ".join(f"{facts[name]} {name}" for name in ("new", "known", "acknowledged"))
    return f"{facts['source']}: {facts['outcome']}, {counts}"


_OF_THE_HEART = ("began", "ended", "away", "back", "waiting")

_LINES: dict[str, Callable[[dict[str, object]], str]] = {
    "ended": _ended,
    "taken_up": lambda facts: f"{facts['source']}: left behind by another worker, and queued again.",
    "away": lambda facts: f"konfipay: {facts['message']}. Waiting for it.",
    "back": lambda facts: "Trying again.",
    "unshared": lambda facts: f"konfipay: {facts['message']}",
    "log": lambda facts: f"konfipay: {facts['logger']}: {facts['message']}",
}


def _line(event: str, facts: dict[str, object]) -> str:
    return _LINES[event](facts) if event in _LINES else ""


_PLANS: "list[Column[Planned]]" = [
    Column("key", lambda row: row.key),
    Column("schedule", lambda row: row.schedule),
    Column("cron (UTC)", lambda row: row.cron),
    Column("next", lambda row: row.next_at.astimezone()),
]


def _columns(now: datetime) -> "list[Column[KeyStatus]]":
    def lag(row: "KeyStatus") -> str:
        age = row.lag(now)
        return "never complete" if age is None else in_words(age.total_seconds())

    return [
        Column("key", lambda row: row.key),
        Column("schedule", lambda row: row.schedule),
        Column("state", lambda row: row.state),
        Column("where", lambda row: row.running_at),
        Column("next", lambda row: row.next_at and row.next_at.astimezone()),
        Column("last pull", lambda row: row.last and row.last.started_at.astimezone()),
        Column("outcome", lambda row: row.last and row.last.outcome),
        Column("error", lambda row: row.last and row.last.error),
        Column("lag", lag, right=True),
        Column("failures", lambda row: row.failures, right=True),
        Column("pending", lambda row: row.pending, right=True),
    ]


def _as_json(row: "KeyStatus", now: datetime) -> dict[str, object]:
    last, lag = row.last, row.lag(now)
    return {
        "key": row.key,
        "schedule": row.schedule,
        "state": row.state,
        "next_at": plain(row.next_at),
        "running_at": row.running_at,
        "started_at": plain(last and last.started_at),
        "ended_at": plain(last and last.ended_at),
        "outcome": last and last.outcome,
        "error": last and last.error,
        "new": last and last.new,
        "complete_at": plain(row.complete_at),
        "lag_seconds": None if lag is None else round(lag.total_seconds()),
        "failures": row.failures,
        "pending": row.pending,
        "unknown": row.unknown,
    }
