"""How long the pages of the log of communication take, of a large log."""

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.bench import Bench, Section, Target, median
from konfipay_async.communication import Entry
from konfipay_async.communication.addresses import address_of, connect
from konfipay_async.communication.pages import Pages, Visitor
from konfipay_async.communication.writing import Writer
from konfipay_async.session.clock import SystemClock

_END = datetime(2026, 1, 31, 12, tzinfo=UTC)
_DAYS = 30
_AT_ONCE = 10_000
_HERE = Visitor({"host": "localhost"}, "127.0.0.1")
_PATHS = (
    "transactions?is-new=true&page-number=7&page-size=1000",
    "bank-accounts/***",
    "payments/***",
    "documents/***",
    "transactions/***/acknowledge",
)
_STATUSES = (*[200] * 95, 204, 204, 401, 429, 503)

# By what is asked, whether it is the overview, that has to be quick.
_QUESTIONS = {
    "the newest entries": ("/", "", True),
    "a page in the middle": ("/", "at=<1768564800000000.1", True),
    "errors only": ("/", "errors=1", True),
    "a class of statuses": ("/", "status=4xx", True),
    "one day": ("/", "from=2026-01-10&to=2026-01-10", True),
    "a method": ("/", "method=POST", True),
    "a text of many URLs": ("/", "url=documents", True),
    "a text of no URL": ("/", "url=nowhere", True),
    "a key of nobody": ("/", "key=nobody", True),
    "the details of one": ("/entries/1", "", False),
    "requests per minute, one hour": ("/minutes", "hours=1", False),
    "requests per minute, one day": ("/minutes", "hours=24", False),
    "requests per minute, seven days": ("/minutes", "hours=168", False),
}


class _Then(SystemClock):
    def time(self) -> float:
        return _END.timestamp()


def run(bench: Bench) -> Section:
    """Each page again and again, from the opening of the log to the finished page."""
    count = bench.choose(1_000_000, 2_000)
    rounds = bench.choose(11, 2)
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'api.db'}"
        _fill(url, count)
        pages = Pages(url, clock=_Then())
        runs = bench.in_turn({name: _asking(pages, *_QUESTIONS[name][:2]) for name in _QUESTIONS}, rounds)
    section = Section(
        "Pages of the log of communication",
        f"A log of {count:,} entries of {_DAYS} days in an SQLite file; what one page takes, from opening the log to "
        f"the finished HTML, without the web server. {rounds} rounds.",
        ("", "ms, median", "ms, worst"),
    )
    for name, found in runs.items():
        worst = max(one["wall"] for one in found)
        section.rows.append((name, f"{median(found, 'wall') * 1000:.1f}", f"{worst * 1000:.1f}"))
    slowest = max(median(runs[name], "wall") for name, (_, _, is_overview) in _QUESTIONS.items() if is_overview) * 1000
    section.targets.append(
        Target(f"the overview of a log of {count:,} entries", "below 200 ms", f"{slowest:.1f} ms", slowest < 200)
    )
    return section


def _asking(pages: Pages, path: str, query: str) -> Callable[[], dict[str, float]]:
    def ask() -> dict[str, float]:
        return asyncio.run(_timed(pages, path, query))

    return ask


async def _timed(pages: Pages, path: str, query: str) -> dict[str, float]:
    begun = time.perf_counter()
    answer = await pages.answer("GET", path, query, _HERE)
    took = time.perf_counter() - begun
    if answer.status != 200:
        raise RuntimeError(f"{path}?{query} was answered with {answer.status}")
    return {"wall": took}


def _fill(url: str, count: int) -> None:
    writer = Writer(connect(address_of(url), writes=True), keeps=None, limit=None)
    try:
        entries = _entries(count)
        for first in range(0, count, _AT_ONCE):
            batch = [next(entries) for _ in range(min(_AT_ONCE, count - first))]
            writer.write(batch, [], now=_END.timestamp())
    finally:
        writer.close()


def _entries(count: int) -> Iterator[Entry]:
    dice = random.Random(1)
    for number in range(count):
        status = dice.choice(_STATUSES)
        path = _PATHS[number % len(_PATHS)]
        method = "POST" if path.endswith("acknowledge") else "GET"
        yield Entry(
            id=0,
            timestamp=_END - timedelta(days=_DAYS) * ((count - number) / count),
            method=method,
            url=f"https://portal.konfipay.de/api/v6/{path}",
            status=status,
            duration=dice.uniform(0.05, 0.4),
            error="StatusError" if status >= 400 else None,
            call=f"bench-{number // 2}",
            key_name=f"key-{number % 3}",
            endpoint=f"{method} {path.partition('?')[0]}",
        )
