"""The capacity plan `docs/capacity.md`, computed from what was measured: ``python -m benchmarks.capacity FILE``.

FILE is what ``python -m benchmarks --only pull keys --json FILE`` wrote. `nox -s bench` writes the page beside its own.
"""

import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.children import ROOT
from benchmarks.report import table

__all__ = ["Figures", "figures_of", "logins_per_minute", "month_end", "page", "seconds_of_one_key"]

# The API's own numbers, per minute; the reserve is our default.
_PUBLIC, _AUTHENTICATED, _RESERVE = 100, 1000, 20
_PAGE = 1000
_LATENCY = 0.3  # seconds; made up
_TOKEN_LIFE = 30  # minutes


@dataclass(frozen=True)
class Figures:
    """What was measured: rows per second of one core into each database, and CPU seconds of a pull by itself."""

    rows: Mapping[str, float]
    nothing_new: float
    some_new: float


def figures_of(sections: Mapping[str, Any]) -> Figures:
    """Of the sections of a run, as `--json` keeps them."""
    pull, keys = sections["pull"]["numbers"], sections["keys"]["numbers"]
    return Figures(rows=pull, nothing_new=keys["none"], some_new=keys["some"])


def logins_per_minute(keys: int, every: float, *, shared: bool) -> float:
    """`every` so many minutes each key is pulled. A token that is shared serves all pulls of its half hour."""
    return keys / max(every, _TOKEN_LIFE if shared else 0.0)


def seconds_of_one_key(rows: int) -> float:
    """What the limits of one key demand for so many new rows: a request and an acknowledgement for each page, the empty
    page at the end, at the allowed rate, of which the first minute's comes at once."""
    requests = 2 * math.ceil(rows / _PAGE) + 1
    rounds = (requests - 1) // (_AUTHENTICATED - _RESERVE)
    return rounds * (60 + _LATENCY) + 3 * _LATENCY


@dataclass(frozen=True)
class MonthEnd:
    """Minutes until the last key is done, by what could hold it up."""

    logins: float
    work: float
    one_key: float

    @property
    def minutes(self) -> float:
        return max(self.logins, self.work, self.one_key)

    @property
    def held_up_by(self) -> str:
        if self.minutes == self.logins:
            return "logins"
        return "the workers" if self.minutes == self.work else "the limits of one key"


def month_end(figures: Figures, database: str, keys: int, rows: int, cores: int) -> MonthEnd:
    """Every key has so many new rows and logs in once; so many cores of workers share the keys."""
    work = keys * (figures.nothing_new + rows / figures.rows[database]) / cores
    return MonthEnd(keys / _PUBLIC, work / 60, seconds_of_one_key(rows) / 60)


def page(figures: Figures, facts: Sequence[tuple[str, str]]) -> str:
    """The whole page."""
    sqlite, postgresql = figures.rows["SQLite"], figures.rows["PostgreSQL"]
    busy = [
        (f"{keys:,}", _every(every), *_load(figures, keys, every))
        for keys in (100, 10_000)
        for every in (15, 60, 120, 24 * 60)
    ]
    ends = []
    for keys, rows in ((100, 1_000), (100, 20_000), (100, 1_000_000), (10_000, 1_000), (10_000, 20_000)):
        for cores in (1, 4, 16):
            end = month_end(figures, "PostgreSQL", keys, rows, cores)
            ends.append(
                (f"{keys:,}", f"{rows:,}", str(cores), f"{keys * rows:,}", _minutes(end.minutes), end.held_up_by)
            )
    per_core = 60 / figures.some_new
    measured = [
        ("rows per second, one worker process on one core, into SQLite", f"{sqlite:,.0f}"),
        ("rows per second, one worker process on one core, into PostgreSQL", f"{postgresql:,.0f}"),
        ("CPU of a pull that finds nothing, ms", f"{figures.nothing_new * 1000:.0f}"),
        ("CPU of a pull that finds 100 rows, ms", f"{figures.some_new * 1000:.0f}"),
    ]
    shortest = f"{10_000 / _PUBLIC:.0f} minutes"
    return "\n".join(
        [
            _HEAD,
            table(("measured on", ""), facts),
            table(("", "measured"), measured),
            _ONE_WORKER.format(
                pulls=per_core,
                quarter=15 * per_core,
                hour=60 * per_core,
                rows=postgresql * 3600 / 1e6,
                most=_PAGE * _AUTHENTICATED / 60,
                drained=_PAGE * (_AUTHENTICATED - _RESERVE) / 120,
                latency=_LATENCY,
                at_once=_at_once(figures),
            ),
            _LOGINS.format(public=_PUBLIC, hour=60 * _PUBLIC, life=_TOKEN_LIFE),
            table(("keys", "each pulled", "logins a minute", "with shared tokens", "possible", "cores in use"), busy),
            _NOT_POSSIBLE.format(shortest=shortest),
            _MONTH_END.format(
                some=_minutes(seconds_of_one_key(20_000) / 60), many=_minutes(seconds_of_one_key(1_000_000) / 60)
            ),
            table(("keys", "rows each", "cores of workers", "rows in all", "takes", "held up by"), ends),
            _ONE_DATABASE,
        ]
    )


_HEAD = """# Capacity

How many keys, how many workers, how long. Computed by `benchmarks/capacity.py` from figures that `nox -s bench`
measured, and from konfipay's limits (100 public requests a minute for an origin, 1000 authenticated ones for a key,
pages of 1000 rows). The latency of an answer (0.3 s) is made up, and so is how many rows a key has: put in your own.
"""

_ONE_WORKER = """## What one worker can do

A core carries {pulls:,.0f} pulls a minute that find little: {quarter:,.0f} keys every 15 minutes, {hour:,.0f} every
hour. It stores {rows:,.0f} million rows an hour. One key alone never fills it: the API gives a key at most {most:,.0f}
rows a second, {drained:,.0f} where each page is acknowledged. The work of the database itself is not in this.

`--concurrency` is how many keys a worker has in hand. A pull that finds nothing waits for three answers; at
{latency:g} s each, {at_once} at a time fill a core.
"""

_LOGINS = """## Logins, not cores, are the limit

An origin takes {public} public requests a minute, and a login is one. So at most {public} keys a minute can be begun
with, whatever there is of workers: {hour:,} keys an hour. A token lives for {life} minutes; with
`KONFIPAY_SHARED_LIMITS` it serves every worker and every turn within them, without it each pull logs in.
"""

_NOT_POSSIBLE = """Where it is not possible the pulls wait for the budget, and each key's turn comes later: the shortest
time between two turns of 10,000 keys is {shortest}. A higher limit is konfipay's to give.
"""

_MONTH_END = """## The end of the month

Every key has this many new rows, all begin at once, into PostgreSQL. A key alone needs {some} for 20,000 rows, {many}
for a million.
"""

_ONE_DATABASE = """This takes for granted that the database keeps up: one for all has to take rows in all ÷ time.
"""


def _load(figures: Figures, keys: int, every: float) -> tuple[str, str, str, str]:
    alone, shared = (logins_per_minute(keys, every, shared=shared) for shared in (False, True))
    possible = "yes" if alone <= _PUBLIC else "with shared tokens" if shared <= _PUBLIC else "no"
    return f"{alone:,.1f}", f"{shared:,.1f}", possible, f"{keys * figures.some_new / (60 * every):.2f}"


def _at_once(figures: Figures) -> int:
    return math.ceil(3 * _LATENCY / figures.nothing_new)


def _every(minutes: int) -> str:
    if minutes == 24 * 60:
        return "once a day"
    return f"every {minutes} min" if minutes < 120 else f"every {minutes // 60} h"


def _minutes(minutes: float) -> str:
    if minutes < 1:
        return f"{minutes * 60:.0f} s"
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"


def main() -> int:
    sections = json.loads(Path(sys.argv[1]).read_text())
    target = ROOT / "docs" / "capacity.md"
    target.write_text(page(figures_of(sections), machine.facts()), encoding="utf-8")
    print(f"written: {target}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
