"""`konfipay log stats`"""

import json as jsonlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console

from konfipay_async.cli.log_asking import PLACE, Place, moment
from konfipay_async.cli.output import OUTPUT, Column, Output, note, plain, writer
from konfipay_async.communication import EndpointFigures, Filter, Minute
from konfipay_async.errors import ConfigurationError

__all__ = ["plot", "stats"]

_BLOCKS = " ▁▂▃▄▅▆▇█"
_LINES = 8


def stats(
    *,
    since: Annotated[str | None, Parameter(name="--from")] = None,
    until: Annotated[str | None, Parameter(name="--to")] = None,
    key: str | None = None,
    authenticated: int = 1000,
    public: int = 100,
    output: Output = OUTPUT,
    place: Place = PLACE,
) -> None:
    """Show how busy it was: requests per minute against the limit, statuses, and how long endpoints took.

    Without times it is the hour before the last request.

    **Examples:**

    `konfipay log stats`

    `konfipay log stats --from 1d --key shop`

    Parameters
    ----------
    since
        From this moment on, as `konfipay log` takes it.
    until
        Until this moment.
    key
        Only what was sent with the key of this name: limits are those of a key.
    authenticated
        The limit of a key, in requests per minute.
    public
        The limit of public endpoints, as the login.
    """
    for option, limit in (("--authenticated", authenticated), ("--public", public)):
        if limit < 1:
            raise ConfigurationError(f"{option} {limit}: give a number of requests per minute")
    with place.opened() as store:
        begin = None if since is None else moment(since, "--from")
        end = None if until is None else moment(until, "--to", ends=True)
        if end is None:
            newest = store.search(Filter(since=begin, key_name=key), limit=1).entries
            if not newest:
                note(f"There are no requests in the log{'' if begin is None else ' from then on'}.")
                return
            end = newest[0].timestamp + timedelta(microseconds=1)
        begin = begin or end - timedelta(hours=1)
        minutes = store.requests_per_minute(begin, end, key_name=key)
        figures = store.figures(Filter(since=begin, until=end, key_name=key))
    if output.json:
        found = {
            "since": begin.isoformat(),
            "until": end.isoformat(),
            "attempts": figures.attempts,
            "statuses": {str(status or "none"): count for status, count in figures.statuses.items()},
            "endpoints": plain(figures.endpoints),
            "minutes": plain([minute for minute in minutes if minute.public or minute.authenticated]),
        }
        sys.stdout.write(jsonlib.dumps(found) + "\n")
        return
    limited = sum(minute.authenticated_limited for minute in minutes)
    charts = [_Chart("authenticated", authenticated, [minute.authenticated for minute in minutes], limited)]
    if any(minute.public for minute in minutes):
        limited = sum(minute.public_limited for minute in minutes)
        charts.append(_Chart("public", public, [minute.public for minute in minutes], limited))
    for chart in charts:
        _show(chart, minutes)
    statuses = ", ".join(f"{status or 'no answer'}: {count:,}" for status, count in figures.statuses.items())
    print(f"{figures.attempts:,} requests ({statuses or 'none'})\n")
    writer(_COLUMNS, json=False)(figures.endpoints)


@dataclass(frozen=True)
class _Chart:
    name: str
    limit: int
    counts: Sequence[int]
    limited: int


def _show(chart: _Chart, minutes: Sequence[Minute]) -> None:
    width = max(20, Console().width - 8)
    print(
        f"Requests per minute, {chart.name} (limit {chart.limit:,}, busiest {max(chart.counts):,}"
        f"{f', 429: {chart.limited:,}' if chart.limited else ''})"
    )
    for line in plot(chart.counts, chart.limit, width):
        print(line)
    begin, end = (_local(minute.at) for minute in (minutes[0], minutes[-1]))
    columns = min(width, len(chart.counts))
    print(f"{'':7}{begin}{end:>{max(1, columns - len(begin))}}\n")


def plot(counts: Sequence[int], limit: int, width: int) -> list[str]:
    """Bars up to the limit, or to what exceeds it. Where minutes are more than columns, each shows its busiest."""
    each = ceil(len(counts) / width)
    peaks = [max(counts[first : first + each]) for first in range(0, len(counts), each)]
    top = max(limit, *peaks)
    lines = []
    for line in range(_LINES, 0, -1):
        low = (line - 1) * top / _LINES
        shown = "".join(_block((peak - low) / (top / _LINES), line == 1 and peak > 0) for peak in peaks)
        mark = f"{top:>5} ┤" if line == _LINES else f"{0:>5} ┤" if line == 1 else f"{'':5} │"
        lines.append(f"{mark}{shown}".rstrip())
    return lines


def _block(part: float, at_least: bool) -> str:
    eighths = min(8, max(0, round(part * 8)))
    return _BLOCKS[max(eighths, 1 if at_least else 0)]


def _local(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M}"


_COLUMNS: list[Column[EndpointFigures]] = [
    Column("endpoint", lambda one: one.endpoint),
    Column("requests", lambda one: one.attempts, right=True),
    Column("failed", lambda one: one.failed, right=True),
    Column("p50", lambda one: None if one.p50 is None else f"{one.p50:.3f}", right=True),
    Column("p95", lambda one: None if one.p95 is None else f"{one.p95:.3f}", right=True),
]
