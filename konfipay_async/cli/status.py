"""`konfipay status`"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from konfipay_async.cli.exits import Exit
from konfipay_async.cli.looking import looked_into
from konfipay_async.cli.output import OUTPUT, Column, Output, note, plain, writer
from konfipay_async.cli.watching import in_words, seconds_of

if TYPE_CHECKING:
    from konfipay_async.pull.status import Status

__all__ = ["status"]


def status(*, to: str = "sqlite:///transactions.db", max_lag: str | None = None, output: Output = OUTPUT) -> int:
    """Show how pulls fare, from what their database remembers.

    For each key and kind: the last pull, how old what is known is, failures in a row, and acknowledgements that the
    next pull will send. It disturbs no pull. Ends with 6 where --max-lag is exceeded.

    Examples:

    `konfipay status`

    `konfipay status --to postgresql://localhost/bank --max-lag 26h`: for whoever watches the night's pulls

    Parameters
    ----------
    to
        The database, as a URL.
    max_lag
        How old what is known may be, like 90s, 15m, 26h or 2d.
    """
    limit = None if max_lag is None else seconds_of(max_lag, "--max-lag")
    with looked_into(to) as connection:
        from konfipay_async.pull.status import statuses

        found = statuses(connection)
    now = datetime.now(UTC)
    rows = [_Row(one, one.lag(now)) for one in found]
    writer(_COLUMNS, json=output.json, as_json=_as_json)(rows)
    if not rows:
        note("Nothing was pulled into it yet.")
    if limit is None:
        return Exit.DONE
    late = [row for row in rows if row.lag is None or row.lag.total_seconds() > limit]
    for row in late:
        note(f"{row.status.source}: {row.status.what} are older than {max_lag}.")
    return Exit.PARTIAL if late or not rows else Exit.DONE


@dataclass(frozen=True)
class _Row:
    """A status, and how old what is known is."""

    status: "Status"
    lag: timedelta | None

    @property
    def outcome(self) -> str:
        last = self.status.last
        if last is None:
            return ""
        return last.outcome or f"goes on in process {last.process} on {last.host}, or was killed"

    @property
    def age(self) -> str:
        return "never complete" if self.lag is None else in_words(self.lag.total_seconds())


def _as_json(row: _Row) -> dict[str, object]:
    one, last = row.status, row.status.last
    return {
        "source": one.source,
        "what": one.what,
        "started_at": plain(last and last.started_at),
        "ended_at": plain(last and last.ended_at),
        "outcome": last and last.outcome,
        "error": last and last.error,
        "new": last and last.new,
        "complete_at": plain(one.complete_at),
        "lag_seconds": None if row.lag is None else round(row.lag.total_seconds()),
        "failures": one.failures,
        "pending": one.pending,
        "pending_since": plain(one.pending_since),
    }


_COLUMNS: list[Column[_Row]] = [
    Column("source", lambda row: row.status.source),
    Column("what", lambda row: row.status.what),
    Column("last pull", lambda row: row.status.last and row.status.last.started_at.astimezone()),
    Column("outcome", lambda row: row.outcome),
    Column("error", lambda row: row.status.last and row.status.last.error),
    Column("new", lambda row: row.status.last and row.status.last.new, right=True),
    Column("lag", lambda row: row.age, right=True),
    Column("failures", lambda row: row.status.failures, right=True),
    Column("pending", lambda row: row.status.pending, right=True),
]
