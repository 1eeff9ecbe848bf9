"""Soak tests: a small sample each as part of the suite, everything where KONFIPAY_SOAK is set (`nox -s soak`).

Where it is "write", what was run is noted in docs/soak.json, and docs/soak.md is written anew from all that is noted.
"""

import asyncio
import gc
import json
import os
import platform
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "soak.md"
NOTED = PAGE.with_suffix(".json")
FULL = os.environ.get("KONFIPAY_SOAK", "") not in ("", "0")
CORES = os.cpu_count() or 1
AT_ONCE = CORES if FULL else 1  # a sample is soon done, and others run beside it

_EARLIER = "\n## Earlier"

_NOTES = pytest.StashKey[dict[str, Any]]()
_ROWS = pytest.StashKey[dict[str, dict[str, Any]]]()


class Soak:
    """How much a test does, and what it did."""

    full = FULL

    def __init__(self, notes: dict[str, Any]) -> None:
        self._notes = notes

    @staticmethod
    def count(sample: int, full: int) -> int:
        return full if FULL else sample

    def record(self, what: str, seeds: str = "", **more: object) -> None:
        """What stands in the row of this test in docs/soak.md."""
        self._notes.update(what=what, seeds=seeds, more=more)


@pytest.fixture
def soak(request: pytest.FixtureRequest) -> Soak:
    return Soak(request.node.stash.setdefault(_NOTES, {}))


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("KONFIPAY_") and name != "KONFIPAY_SOAK"]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session", autouse=True)
def _light_collections() -> None:
    gc.collect()
    gc.freeze()


# Time that jumps


@pytest.fixture
def jumping() -> Callable[[Callable[[Any], Coroutine[Any, Any, Any]]], Any]:
    """``jumping(main)`` runs `main(clock)` in a loop of jumping.py."""
    here = run_path(str(HERE / "jumping.py"))

    def run(main: Callable[[Any], Coroutine[Any, Any, Any]]) -> Any:
        with asyncio.Runner(loop_factory=here["JumpingLoop"]) as runner:
            return runner.run(main(here["LoopClock"]()))

    return run


# Work in processes


@pytest.fixture
def crunch() -> Callable[..., list[dict[str, Any]]]:
    """``crunch(part, first, count)``: that part of crunch.py, its seeds shared out among processes."""

    def run(part: str, first: int, count: int, processes: int = AT_ONCE) -> list[dict[str, Any]]:
        return asyncio.run(_crunch(part, first, count, processes))

    return run


async def _crunch(part: str, first: int, count: int, processes: int) -> list[dict[str, Any]]:
    # More shares than processes: some take longer than others.
    shares = 1 if processes == 1 else min(count, processes if count < 1000 else 4 * processes)
    starts = [first + count * index // shares for index in range(shares + 1)]
    turns = asyncio.Semaphore(processes)

    async def one(begin: int, end: int) -> dict[str, Any]:
        async with turns:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                str(HERE / "crunch.py"),
                part,
                str(begin),
                str(end - begin),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            try:
                out, err = await process.communicate()
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.communicate()
            assert process.returncode == 0, f"{part} {begin} {end - begin}:\n{err.decode()[-8000:]}"
            told: dict[str, Any] = json.loads(out)
            return told

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(begin, end)) for begin, end in pairwise(starts)]
    return [task.result() for task in tasks]


# Work in children that may be killed


class Children:
    """A process that forks for every job it is told of, see forking.py."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._child = 0

    @classmethod
    async def begin(cls, script: str) -> "Children":
        return cls(
            await asyncio.create_subprocess_exec(
                sys.executable,
                str(HERE / script),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
        )

    async def run(self, born: Callable[[int], None] = lambda _: None, within: float = 60.0, **job: object) -> int:
        """One job; the exit code, or the negative signal that ended it. `born` is told its process id. TimeoutError
        where it is not over `within` so many seconds."""
        reader, writer = self._process.stdout, self._process.stdin
        assert reader is not None
        assert writer is not None
        writer.write(json.dumps(job).encode() + b"\n")
        await writer.drain()
        async with asyncio.timeout(within):
            self._child = int(await reader.readline())
            born(self._child)
            code = int(await reader.readline())
        self._child = 0
        return code

    async def end(self) -> None:
        if self._child:  # the test has failed
            with suppress(ProcessLookupError):
                os.kill(self._child, signal.SIGKILL)
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()


@pytest.fixture
async def nurseries() -> AsyncIterator[Callable[..., Awaitable[None]]]:
    """``await nurseries(work, cases)``: `work(children, case)` for every case, one a process at a time."""
    begun: list[Children] = []

    async def share(
        work: Callable[[Children, Any], Awaitable[None]],
        cases: Any,
        script: str = "pulls_in_children.py",
        processes: int = AT_ONCE,
    ) -> None:
        left = iter(cases)

        async def one() -> None:
            children = await Children.begin(script)
            begun.append(children)
            for case in left:
                try:
                    await work(children, case)
                except BaseException as error:
                    error.add_note(f"case {case}")
                    raise

        async with asyncio.TaskGroup() as group:
            for _ in range(processes):
                group.create_task(one())

    yield share
    for children in begun:
        await children.end()


class Crowd:
    """A process that forks for every job it is told of, several at a time, see forking.py."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._births: asyncio.Queue[int] = asyncio.Queue()
        self._ends: dict[int, asyncio.Future[int]] = {}
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def begin(cls, script: str) -> "Crowd":
        pipes = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE}
        return cls(await asyncio.create_subprocess_exec(sys.executable, str(HERE / script), **pipes))

    async def born(self, **job: object) -> tuple[int, "asyncio.Future[int]"]:
        """Begin a job: its process id, and its exit code or the negative signal that ended it, to be awaited."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(job).encode() + b"\n")
        child = await self._births.get()
        return child, self._ends[child]

    async def _listen(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            told = json.loads(line)
            if "born" in told:
                self._ends[told["born"]] = asyncio.get_running_loop().create_future()
                self._births.put_nowait(told["born"])
            elif not (end := self._ends.pop(told["ended"])).done():
                end.set_result(told["code"])

    async def end(self) -> None:
        """Its children are killed."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
        await self._listening


@pytest.fixture
async def crowds() -> AsyncIterator[Callable[[str], Awaitable[Crowd]]]:
    """``await crowds(script)``: a `Crowd`."""
    begun: list[Crowd] = []

    async def begin(script: str) -> Crowd:
        begun.append(await Crowd.begin(script))
        return begun[-1]

    yield begin
    for crowd in begun:
        await crowd.end()


# docs/soak.md


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_ROWS] = {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report: Any = yield
    rows = item.config.stash.setdefault(_ROWS, {})
    row = rows.setdefault(item.name, {"seconds": 0.0})
    row["seconds"] += report.duration
    row.update(item.stash.get(_NOTES, {}))
    if report.when == "call":
        row.setdefault("outcome", "passed")
    if report.failed:
        row["outcome"] = "FAILED"
        row["why"] = str(call.excinfo.value) if call.excinfo else ""
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    # Without an outcome are those that were skipped, or interrupted.
    rows = {name: row for name, row in session.config.stash.get(_ROWS, {}).items() if "outcome" in row}
    if os.environ.get("KONFIPAY_SOAK") != "write" or not rows:
        return
    this_run = {"commit": _commit(), "date": f"{datetime.now(UTC):%Y-%m-%d}"}
    noted = json.loads(NOTED.read_text()) if NOTED.exists() else {}
    there = _names_of_tests()
    noted = {name: row for name, row in noted.items() if name.partition("[")[0] in there}
    noted |= {name: row | this_run for name, row in rows.items() if name.partition("[")[0] in there}
    in_order = dict(sorted(noted.items(), key=lambda one: there.index(one[0].partition("[")[0])))
    NOTED.write_text(json.dumps(in_order, indent=1, default=str) + "\n")
    # Below stands what earlier runs said, for as long as somebody leaves it there.
    _, mark, earlier = PAGE.read_text().partition(_EARLIER)
    PAGE.write_text(_page(in_order) + mark + earlier)


def _names_of_tests() -> list[str]:
    """Of all that there are, in order: what is noted of others is forgotten."""
    texts = [path.read_text() for path in sorted(HERE.glob("test_*.py"))]
    return [name for text in texts for name in re.findall(r"^(?:async )?def (test_\w+)", text, re.MULTILINE)]


def _commit() -> str:
    """Where the project is; with a + where something was changed since."""
    asked = {"cwd": HERE, "capture_output": True, "text": True, "check": False}
    found = subprocess.run(["git", "rev-parse", "--short", "HEAD"], **asked).stdout.strip()
    changed = subprocess.run(["git", "status", "--porcelain", "-uno", "--", "../../konfipay_async", "."], **asked)
    return f"{found}{'+' if changed.stdout else ''}" if found else "no repository"


def _page(rows: dict[str, dict[str, Any]]) -> str:
    failed = [name for name, row in rows.items() if row["outcome"] != "passed"]
    part = [name for name, row in rows.items() if "not run" in row.get("more", {})]
    verdict = f"**{len(failed)} failed.**" if failed else "All passed."
    noted = {name.partition("[")[0] for name in rows}
    part += [name for name in _names_of_tests() if name not in noted]
    if part:
        verdict += f" Not run, or not in full: {', '.join(part)}."
    lines = [
        "# Soak",
        "",
        "Everything that is run many times over, as `nox -s soak` last did it; that run wrote this page. The test",
        "suite runs a small sample of each row. A seed names one case: with the same seed it is played again.",
        "`nox -s soak -- -k killed` runs a part and writes its rows anew; each row says when it was, at which commit.",
        "",
        "Of what is allowed, (limit - reserve) · period ÷ (period + mean latency), more than 100 % can be used:",
        "acknowledgements and single calls may take the reserve.",
        "",
        f"{verdict} {_duration(sum(row['seconds'] for row in rows.values()))} in all.",
        "",
        "| measured on |  |",
        "| --- | --- |",
        f"| system | {platform.system()} {platform.machine()}, {CORES} cores |",
        f"| Python | {platform.python_implementation()} {platform.python_version()}, SQLite {sqlite3.sqlite_version} |",
        f"| libraries | {_versions()} |",
        "",
        "| what | how much | seeds | took | result | when, commit |",
        "| --- | --- | --- | --: | --- | --- |",
    ]
    for name, row in rows.items():
        cells = [
            f"`{name}`",
            row.get("what", "?"),
            row.get("seeds", ""),
            _duration(row["seconds"]),
            _result(row),
            f"{row['date']}, {row['commit']}",
        ]
        lines.append("| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _result(row: dict[str, Any]) -> str:
    told = "; ".join(f"{name}: {value:,}" if isinstance(value, int) else f"{name}: {value}"
                     for name, value in row.get("more", {}).items())  # fmt: skip
    if "not run" in row.get("more", {}):
        return f"not run: {row['more']['not run']}"
    if row["outcome"] != "passed":
        why = row.get("why", "").strip().splitlines()
        return f"**{row['outcome']}** {why[-1][:200] if why else ''}".strip()
    return f"passed; {told}" if told else "passed"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} min"


def _versions() -> str:
    found = []
    for name in ("konfipay-async", "aiohttp", "msgspec", "aiolimiter", "anyio", "SQLAlchemy", "hypothesis", "atheris"):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"no {name}")
    return ", ".join(found)
