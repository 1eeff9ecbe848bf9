"""The signed API's client beside the official SDK, both against our sandbox."""

import json
from collections.abc import Callable
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

from benchmarks.bench import Bench, Section, Target, median, middle_half, quotient
from benchmarks.children import ROOT, Child
from benchmarks.scenarios.imports import import_time

_LATENCY = 0.05
_MANY = 32
_TIMES = 10
_SDK = "from wallee import Configuration; from wallee.service.transactions_service import TransactionsService"
_OURS = "from konfipay_async.wallee import WalleeClient"
_WAYS = {
    "official SDK, list": ("wallee_sdk:listing", 1),
    "official SDK, search": ("wallee_sdk:search", 1),
    "konfipay-async, list": ("wallee_ours:listing", 1),
    "konfipay-async, search": ("wallee_ours:search", 16),
    f"konfipay-async, search, {_MANY} in flight": ("wallee_ours:search", _MANY),
}


def run(bench: Bench) -> Section:
    """Wall time to list transactions, import time, and lines of code."""
    rows, rounds = bench.choose(10_000, 1_000), bench.choose(5, 1)
    section = Section(
        "The signed REST API beside the official SDK",
        f"{rows} transactions in pages of 100, each answer {_LATENCY * 1000:.0f} ms late, medians of {rounds} rounds; "
        f"the server is our sandbox, which keeps its pages. A list is by cursor: nobody knows where the next page "
        f"begins before this one is there. A search is by offset: ours has 16 pages in flight unless it is "
        f"told otherwise, the SDK leaves paging to its user. x is against the SDK doing the same, round by round.",
        ("", "s", "s of CPU", "x", "middle half", "import, ms of CPU", "lines"),
    )
    runs = _listed(bench, rows, rounds)
    imports = bench.in_turn(
        {"official SDK": lambda: import_time(_SDK), "konfipay-async": lambda: import_time(_OURS)}, bench.choose(15, 1)
    )
    lines = {"official SDK": f"{_lines(_package('wallee')):,}", "konfipay-async": _our_lines()}
    for name, found in runs.items():
        whose, way, *_ = name.split(", ")
        sdk = runs[f"official SDK, {way}"]
        section.rows.append(
            (
                name,
                f"{median(found, 'wall'):.2f}",
                f"{median(found, 'cpu'):.2f}",
                f"{quotient(sdk, found, 'wall'):.1f}",
                middle_half(sdk, found, "wall"),
                f"{median(imports[whose], 'cpu') * 1000:.0f}",
                lines[whose],
            )
        )
    faster = quotient(runs["official SDK, search"], runs[f"konfipay-async, search, {_MANY} in flight"], "wall")
    lighter = quotient(imports["konfipay-async"], imports["official SDK"], "cpu")
    section.targets.append(
        Target(
            f"{rows} transactions at 50 ms beside the official SDK, {_MANY} pages in flight",
            f"at least {_TIMES} x faster",
            f"{faster:.1f} x",
            faster >= _TIMES,
        )
    )
    section.targets.append(
        Target("import time beside the official SDK", "at most 1/5", f"1/{1 / lighter:.1f}", lighter <= 1 / 5)
    )
    return section


def _listed(bench: Bench, rows: int, rounds: int) -> dict[str, list[dict[str, float]]]:
    with ExitStack() as stack:
        settings = json.dumps({"transactions": rows, "latency": _LATENCY})
        server = stack.enter_context(Child("serving_wallee", settings)).ready
        readers = {way: stack.enter_context(Child("reading", way)) for way in {way for way, _ in _WAYS.values()}}

        def asking(child: Child, concurrency: int) -> Callable[[], dict[str, float]]:
            def ask() -> dict[str, float]:
                found: dict[str, float] = child.ask({"server": server, "concurrency": concurrency})
                assert found["rows"] == rows, found  # noqa: S101
                return found

            return ask

        return bench.in_turn({name: asking(readers[way], most) for name, (way, most) in _WAYS.items()}, rounds)


def _package(name: str) -> Path:
    spec = find_spec(name)
    assert spec is not None  # noqa: S101
    assert spec.origin is not None  # noqa: S101
    return Path(spec.origin).parent


def _lines(folder: Path) -> int:
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in folder.rglob("*.py"))


def _our_lines() -> str:
    """The client's own, and with what it shares with the other client."""
    own = _lines(ROOT / "konfipay_async" / "wallee")
    shared = sum(_lines(ROOT / "konfipay_async" / room) for room in ("session", "paging"))
    return f"{own:,} (with the session: {own + shared:,})"
