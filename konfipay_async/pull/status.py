"""How pulls fare, from what the database remembers: the last of each key, how old what is known is, what is left."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from konfipay_async.pull.sinks import schema
from konfipay_async.pull.sinks.notes import RUNS
from konfipay_async.pull.sinks.noting import What
from konfipay_async.pull.sinks.singles import FILES, PAYPAL

__all__ = ["LastRun", "Status", "statuses"]


@dataclass(frozen=True)
class LastRun:
    """The pull that began last. `outcome` is done, stopped or failed, None where it has not ended: then it goes on, or
    its process was killed. `error` is the kind of error, `new` the rows that were stored for the first time."""

    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    error: str | None
    new: int | None
    process: int
    host: str


@dataclass(frozen=True)
class Status:
    """How the pulls of one source and kind fare.

    `complete_at` is when the last pull began that came to its end: what was new by then is here; days that were over
    when they were read do not count. `failures` have failed in a row since one was done. `pending` acknowledgements
    wait for the next pull, the oldest `pending_since`.
    """

    source: str
    what: What
    last: LastRun | None
    complete_at: datetime | None
    failures: int
    pending: int
    pending_since: datetime | None

    def lag(self, now: datetime) -> timedelta | None:
        """How old what is known is; None where no pull has come to its end."""
        return None if self.complete_at is None else now - self.complete_at


def statuses(connection: sa.Connection) -> list[Status]:
    """Those of all sources, by source and kind. Runs are remembered for some months."""
    with connection.begin():
        last = {(row.source, row.what): row for row in connection.execute(_last())}
        complete = {(row.source, row.what): row.began for row in connection.execute(sa.select(_complete()))}
        failures = {(row.source, row.what): row.failures for row in connection.execute(_failures())}
        pending = {key: (count, since) for key, count, since in _pending(connection)}
    return [
        Status(
            source=source,
            what=what,
            last=_run(last.get((source, what))),
            complete_at=complete.get((source, what)),
            failures=failures.get((source, what), 0),
            pending=pending.get((source, what), (0, None))[0],
            pending_since=pending.get((source, what), (0, None))[1],
        )
        for source, what in sorted({*last, *pending})
    ]


_KEY = RUNS.c.source, RUNS.c.what


def _last() -> sa.Select[Any]:
    latest = sa.select(*_KEY, sa.func.max(RUNS.c.started_at).label("began")).group_by(*_KEY).subquery()
    same = sa.and_(RUNS.c.source == latest.c.source, RUNS.c.what == latest.c.what)
    return sa.select(RUNS).join(latest, sa.and_(same, RUNS.c.started_at == latest.c.began))


def _complete() -> sa.Subquery:
    # A range that ended before the day it was read on says nothing of what is new.
    until, day = sa.cast(RUNS.c.until, sa.Text), sa.func.substr(sa.cast(RUNS.c.started_at, sa.Text), 1, 10)
    return _done(sa.or_(until.is_(None), until >= day))


def _done(*which: sa.ColumnElement[bool]) -> sa.Subquery:
    began = sa.func.max(RUNS.c.started_at).label("began")
    return sa.select(*_KEY, began).where(RUNS.c.outcome == "done", *which).group_by(*_KEY).subquery()


def _failures() -> sa.Select[Any]:
    done = _done()
    same = sa.and_(RUNS.c.source == done.c.source, RUNS.c.what == done.c.what)
    later = sa.or_(done.c.began.is_(None), RUNS.c.started_at > done.c.began)
    counted = sa.select(*_KEY, sa.func.count().label("failures")).select_from(RUNS.outerjoin(done, same))
    return counted.where(RUNS.c.outcome == "failed", later).group_by(*_KEY)


def _pending(connection: sa.Connection) -> Iterator[tuple[tuple[str, What], int, datetime | None]]:
    of_pages, files, paypal = schema.ACKNOWLEDGEMENTS, FILES, PAYPAL
    kinds: list[tuple[What, sa.Table, sa.Column[Any], sa.ColumnElement[bool]]] = [
        ("transactions", of_pages, of_pages.c.recorded_at, of_pages.c.settled_at.is_(None)),
        ("files", files, files.c.last_seen_at, sa.and_(files.c.acknowledge, files.c.settled_at.is_(None))),
        ("paypal", paypal, paypal.c.last_seen_at, sa.and_(paypal.c.acknowledge, paypal.c.settled_at.is_(None))),
    ]
    for what, table, moment, is_pending in kinds:
        query = sa.select(table.c.source, sa.func.count(), sa.func.min(moment)).where(is_pending)
        for source, count, since in connection.execute(query.group_by(table.c.source)):
            yield (source, what), count, datetime.fromisoformat(since) if isinstance(since, str) else since


def _run(row: Any) -> LastRun | None:
    if row is None:
        return None
    return LastRun(row.started_at, row.ended_at, row.outcome, row.error, row.new, row.process, row.host)
