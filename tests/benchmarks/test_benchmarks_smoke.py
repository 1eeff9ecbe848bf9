"""The benchmarks run, and say what they are meant to. No time is asserted here: figures are for `nox -s bench`."""

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from konfipay_async.sandbox import WalleeSandbox

ROOT = Path(__file__).resolve().parents[2]

# What needs no library beyond those the tests need.
SCENARIOS = {
    "floor": "CPU per transaction, against the floor",
    "others": "What people use instead",
    "concurrency": "Pages per second at 100 ms",
    "rate": "Share of the allowed rate",
    "drain": "A drain with acknowledgements at 100 ms",
    "pull": "A pull from end to end",
    "keys": "Many keys",
    "sqlite": "Rows per second into SQLite",
    "postgresql": "Rows per second into PostgreSQL",
    "memory": "Peak memory",
    "imports": "Import time",
    "first_row": "Time to the first row",
    "communication": "The log of communication",
    "log_pages": "Pages of the log of communication",
}


@pytest.fixture
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The package, which is not installed with ours."""
    monkeypatch.syspath_prepend(str(ROOT))
    import benchmarks.bench
    import benchmarks.report  # noqa: F401

    yield benchmarks
    for name in [name for name in sys.modules if name.partition(".")[0] == "benchmarks"]:
        del sys.modules[name]


# Each starts servers and readers: the suite tries some, `nox -s soak` all.
TRIED = SCENARIOS if os.environ.get("KONFIPAY_SOAK") else ("floor", "drain", "first_row")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("scenario", TRIED)
async def test_a_scenario_runs_and_writes_nothing(scenario: str, tmp_path: Path) -> None:
    figures, docs = tmp_path / "figures.json", tmp_path / "docs"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks", "--quick", "--only", scenario),
        *("--json", str(figures), "--docs", str(docs)),
        cwd=ROOT,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    assert SCENARIOS[scenario] in out.decode()
    assert not docs.exists()
    section = json.loads(figures.read_text())[scenario]
    assert section["rows"]
    assert all(len(row) == len(section["head"]) for row in section["rows"])


def test_every_scenario_is_tried_here(benchmarks: ModuleType) -> None:
    from benchmarks.__main__ import _SCENARIOS

    assert [name for name in _SCENARIOS if name != "wallee"] == list(SCENARIOS)  # which needs the official SDK
    modules = {file.stem for file in (ROOT / "benchmarks" / "scenarios").glob("*.py")} - {"__init__"}
    assert modules == set(_SCENARIOS)


@pytest.mark.parametrize("way", ["listing", "search"])
async def test_the_reader_of_the_signed_api_counts_all_rows(benchmarks: ModuleType, way: str) -> None:
    """Its scenario needs the official SDK, so it is not tried above."""
    from benchmarks.readers import wallee_ours

    async with WalleeSandbox(transactions=250) as sandbox:
        server = {
            "user": sandbox.user_id,
            "key": sandbox.authentication_key,
            "url": sandbox.base_url,
            "space": sandbox.space,
        }
        assert await getattr(wallee_ours, way)(server, 8) == 250


def test_contenders_take_turns_and_the_first_round_is_thrown_away(benchmarks: ModuleType) -> None:
    asked: list[str] = []

    def contender(name: str) -> int:
        asked.append(name)
        return len(asked)

    with benchmarks.bench.Bench(quick=True) as bench:
        found = bench.in_turn({"a": lambda: contender("a"), "b": lambda: contender("b")}, 3)
    assert "".join(asked) == "baabbaab"
    assert found == {"a": [3, 6, 7], "b": [4, 5, 8]}


def test_quotients_are_of_rounds_not_of_medians(benchmarks: ModuleType) -> None:
    above = [{"cpu": value} for value in (1.0, 20.0, 3.0)]
    below = [{"cpu": value} for value in (1.0, 10.0, 1.0)]
    assert benchmarks.bench.quotient(above, below, "cpu") == 2.0
    assert benchmarks.bench.median(above, "cpu") == 3.0


def test_the_page_says_which_targets_are_missed(benchmarks: ModuleType) -> None:
    section = benchmarks.bench.Section("Speed", "How.", ("", "ms"), [("ours", "1.5")])
    section.targets = [
        benchmarks.bench.Target("one", "at most 2", "1.5", True),
        benchmarks.bench.Target("two", "at most 1", "1.5", False, "the wind"),
        benchmarks.bench.Target("three", "at most 2", "1.5", True, "the rain"),
    ]
    page = benchmarks.report.page([section], [("CPU", "a fast one")], "plot.svg")
    assert "| one | at most 2 | 1.5 | yes |" in page
    assert "| two | at most 1 | 1.5 | **no** |" in page
    assert "- **two**: the wind" in page
    assert "the rain" not in page
    assert "| CPU | a fast one |" in page
    assert "(plot.svg)" in page
    assert "|  | ms |\n| --- | --: |\n| ours | 1.5 |" in page


def test_a_whole_run_says_at_once_what_is_not_installed(
    benchmarks: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import benchmarks.__main__ as command

    monkeypatch.setattr(command, "missing", lambda _: ["httpx"])
    monkeypatch.setattr(sys, "argv", ["benchmarks"])
    assert command.main() == 2
    assert "httpx" in capsys.readouterr().err


def test_a_capacity_plan_says_what_holds_up(benchmarks: ModuleType) -> None:
    from benchmarks import capacity

    sections = {
        "pull": {"numbers": {"SQLite": 40_000.0, "PostgreSQL": 30_000.0}},
        "keys": {"numbers": {"none": 0.03, "some": 0.06}},
    }
    figures = capacity.figures_of(sections)
    assert capacity.logins_per_minute(10_000, 15, shared=False) == pytest.approx(666.7, abs=0.1)
    assert capacity.logins_per_minute(10_000, 15, shared=True) == pytest.approx(333.3, abs=0.1)
    few = capacity.month_end(figures, "PostgreSQL", 10_000, 1_000, cores=1)
    assert (few.minutes, few.held_up_by) == (100, "logins")
    many = capacity.month_end(figures, "PostgreSQL", 100, 300_000, cores=2)
    assert (round(many.minutes, 1), many.held_up_by) == (8.4, "the workers")
    one = capacity.month_end(figures, "PostgreSQL", 1, 3_000_000, cores=4)
    assert (round(one.minutes, 1), one.held_up_by) == (6.0, "the limits of one key")
    assert capacity.seconds_of_one_key(1_000_000) == pytest.approx(121.5)
    page = capacity.page(figures, [("CPU", "a fast one")])
    assert "| 10,000 | every 15 min | 666.7 | 333.3 | no |" in page
    assert "A core carries 1,000 pulls a minute" in page
