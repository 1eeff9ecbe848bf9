"""What the log of communication costs a pull, and how long it takes to find something in a million entries."""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.bench import Bench, Section, Target, median, middle_half, quotient
from benchmarks.children import Child
from benchmarks.readers import API_KEY
from konfipay_async.communication import Entry, Filter, Store, open_store
from konfipay_async.communication.addresses import address_of, connect
from konfipay_async.communication.writing import Writer

_LEVELS = {"none": "without a log", "overview": "with the overview", "details": "with details"}
_MOST = 1.03
_LONGEST = 0.2
_MEGABYTES = 320
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def run(bench: Bench) -> Section:
    """CPU of a pull into SQLite without a log and with one; then queries of a log that is full."""
    pages, rounds, processes = bench.choose(50, 3), bench.choose(7, 1), bench.choose(2, 1)
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in _LEVELS}
    for _ in range(processes):
        with ExitStack() as stack:
            for name, found in bench.in_turn(_contenders(stack, pages), rounds).items():
                runs[name] += found
    entries = bench.choose(1_000_000, 5_000)
    section = Section(
        "The log of communication",
        f"CPU time of the client's process, its writing thread included: {pages} pages of 1000 new rows pulled into a "
        f"fresh SQLite file and acknowledged, {rounds * processes} rounds over {processes} processes each. Then "
        f"queries of a log in SQLite with {entries:,} entries (one in 50 a 429, one in 500 a 500, one in 1000 without "
        f"an answer), the median of 7, fifty entries each, and its file, which may take {_MEGABYTES} MiB.",
        ("", "", ""),
    )
    for name, label in _LEVELS.items():
        milliseconds = median(runs[name], "cpu") / pages * 1000
        ratio = quotient(runs[name], runs["none"], "cpu")
        section.rows.append((label, f"{milliseconds:.1f} ms of CPU a page", f"{ratio:.3f} x"))
    overhead = quotient(runs["overview"], runs["none"], "cpu")
    half = middle_half(runs["overview"], runs["none"], "cpu")
    section.targets.append(
        Target(
            "CPU of a pull with the overview logged, against one without a log",
            f"at most {_MOST:.2f} x",
            f"{overhead:.3f} x (middle half {half})",
            overhead <= _MOST,
            "pulls that write to a disk differ by more than that among themselves, see the middle half. By itself, "
            "recording costs some 17 μs for each of a page's two requests.",
        )
    )
    _ask(bench, section, entries)
    return section


def _contenders(stack: ExitStack, pages: int) -> dict[str, Callable[[], dict[str, float]]]:
    folder = Path(stack.enter_context(TemporaryDirectory()))
    source = stack.enter_context(Child("serving", "new"))
    client = stack.enter_context(Child("reading", "ours:pull"))

    def pulling(level: str) -> Callable[[], dict[str, float]]:
        def pull() -> dict[str, float]:
            source.ask({"pages": pages})
            log = None if level == "none" else f"sqlite:///{folder}/api.db?level={level}"
            answer: dict[str, float] = client.ask(
                {"url": f"{source.ready['origin']}/api/v6", "api_key": API_KEY, "log": log}
            )
            for left in folder.glob("api.db*"):
                left.unlink()
            if answer["rows"] != pages * 1000:
                raise RuntimeError(f"{answer['rows']} rows of {pages * 1000}")
            return answer

        return pull

    return {level: pulling(level) for level in _LEVELS}


def _ask(bench: Bench, section: Section, entries: int) -> None:
    """Fill a log, and look for things in it."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "api.db"
        bench.begin(f"a log of {entries:,} entries")
        _fill(f"sqlite:///{file}", entries)
        taken = sum(one.stat().st_size for one in file.parent.iterdir()) / 1024 / 1024
        with open_store(f"sqlite:///{file}") as store:
            oldest = store.get(1)  # it would be the first to go
            end = _BEGIN + timedelta(milliseconds=60 * entries)
            middle = Filter(since=_BEGIN, until=_BEGIN + (end - _BEGIN) / 2)
            questions: dict[str, Callable[[], object]] = {
                "the newest": lambda: store.search(),
                "the newest of the first half": lambda: store.search(middle),
                "status 429": lambda: store.search(Filter(statuses=("429",))),
                "4xx, 5xx and no answer": lambda: store.search(Filter(statuses=("4xx", "5xx", "none"))),
                "only errors, to the third page": lambda: _third_page(store, Filter(only_errors=True)),
                "a text in the URL": lambda: store.search(Filter(url="page-number=17&")),
                "a text that no URL has (all are read)": lambda: store.search(Filter(url="nowhere")),
                "the statuses there are": store.statuses,
                "requests per minute of the last hour": lambda: store.requests_per_minute(
                    end - timedelta(hours=1), end
                ),
                "figures of the last hour": lambda: store.figures(Filter(since=end - timedelta(hours=1))),
            }
            slowest = 0.0
            for name, ask in questions.items():
                seconds = statistics.median(_timed(ask) for _ in range(7))
                section.rows.append((name, f"{seconds * 1000:.1f} ms", ""))
                if "read" not in name:
                    slowest = max(slowest, seconds)
        section.rows.append(("the file", f"{taken:.0f} MiB", "all are in it" if oldest else "the oldest are gone"))
    section.targets += [
        Target(
            f"an overview of {entries:,} entries, the slowest that goes by an index",
            f"below {_LONGEST * 1000:.0f} ms",
            f"{slowest * 1000:.1f} ms",
            slowest < _LONGEST,
        ),
        Target("the file of that log", f"at most {_MEGABYTES} MiB", f"{taken:.0f} MiB", taken <= _MEGABYTES),
    ]


def _third_page(store: Store, wanted: Filter) -> None:
    page = store.search(wanted)
    for _ in range(2):
        page = store.search(wanted, at=page.older)


def _timed(ask: Callable[[], object]) -> float:
    began = time.perf_counter()
    ask()
    return time.perf_counter() - began


def _fill(url: str, entries: int) -> None:
    """As the recorder does it: masked entries, some hundred in a transaction, within the limit."""
    writer = Writer(connect(address_of(url), writes=True), keeps=None, limit=_MEGABYTES * 1024 * 1024)
    batch: list[Entry] = []
    for entry in _made_up(entries):
        batch.append(entry)
        if len(batch) == 500:
            writer.write(batch, (), now=entry.timestamp.timestamp())
            batch = []
    writer.write(batch, (), now=time.time())
    writer.close()


def _made_up(entries: int) -> Iterator[Entry]:
    for number in range(entries):
        status = 500 if number % 500 == 0 else 429 if number % 50 == 0 else 200
        yield Entry(
            id=0,
            timestamp=_BEGIN + timedelta(milliseconds=60 * number),
            method="GET",
            url=f"https://portal.konfipay.de/api/v6/transactions?page-number={number % 1000}&page-size=1000",
            status=None if number % 1000 == 7 else status,
            error=None if status == 200 else "RateLimitedError",
            duration=0.1,
            call=f"0123abcd-{number}",
            key_name="shop",
            endpoint="GET transactions",
        )
