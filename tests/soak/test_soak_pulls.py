"""Pulls that are killed, interrupted, shut out of their database or left without room, and the next one that finishes.

Each in a process of its own against a sandbox in this one.
"""

import asyncio
import os
import random
import signal
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from konfipay_async.sandbox import Sandbox

pytestmark = pytest.mark.timeout(7200)

DONE, STORAGE, PARTIAL, KILLED = 0, 5, 6, -signal.SIGKILL
NOISE = ("Traceback", "never retrieved", "Exception ignored", "Warning", "never awaited", "Task was destroyed")


@dataclass
class Trap:
    """Something that happens when the nth request arrives at the sandbox: before it is worked on, or never to be."""

    nth: int = 0
    works: bool = True
    signal: int = int(signal.SIGKILL)
    seen: int = 0
    sprung: bool = False
    child: "asyncio.Future[int]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    async def sleep(self, seconds: float) -> None:
        self.seen += 1
        if self.seen != self.nth or self.sprung:
            return
        self.sprung = True
        await self.spring(await self.child)
        if not self.works:
            await asyncio.Event().wait()

    async def spring(self, child: int) -> None:
        os.kill(child, self.signal)

    def again(self) -> None:
        self.seen, self.nth, self.sprung = 0, 0, False
        self.child = asyncio.get_running_loop().create_future()


class Case:
    """A database, a sandbox, and pulls from one into the other."""

    def __init__(self, children: Any, folder: Path, rows: int, *, trap: Trap | None = None, arrivals: int = 0) -> None:
        folder.mkdir()
        self.file, self.said = folder / "pull.db", folder / "said"
        self.children, self.trap, self.aligned = children, trap or Trap(), not arrivals
        self.sandbox = Sandbox(
            transactions=rows,
            latency=1e-9,
            sleep=lambda seconds: self.trap.sleep(seconds),
            arrivals_per_request=min(arrivals, 3),
            arrivals_total=arrivals,
        )

    async def __aenter__(self) -> "Case":
        await self.sandbox.__aenter__()
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.sandbox.__aexit__(None, None, None)

    async def pull(self, **job: Any) -> int:
        self.said.unlink(missing_ok=True)
        code: int = await self.children.run(
            born=self.trap.child.set_result,
            base_url=self.sandbox.base_url,
            api_key=self.sandbox.api_key,
            database=f"sqlite:///{self.file}",
            said=str(self.said),
            **job,
        )
        text = self.said.read_text() if self.said.exists() else ""
        assert not any(word in text for word in NOISE), text
        self.look()
        self.trap.again()
        return code

    def look(self) -> None:
        """Whatever happened: what is acknowledged is in the database, and pages are in it whole."""
        rids, _ = self.database()
        acknowledged = set(self.sandbox.rids()) - set(self.sandbox.new_rids())
        assert acknowledged <= set(rids), "acknowledged, and not in the database"
        assert len(rids) == len(set(rids))
        if self.aligned:
            assert len(rids) % 10 == 0 or len(rids) == len(self.sandbox.rids()), f"{len(rids)} rows: half a page"

    def database(self) -> tuple[list[str], int]:
        """The rows, and how many acknowledgements are pending."""
        if not self.file.exists():
            return [], 0
        with closing(sqlite3.connect(self.file)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            if not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
                return [], 0
            rids = [rid for (rid,) in connection.execute("SELECT rid FROM transactions")]
            query = "SELECT count(*) FROM acknowledgements WHERE settled_at IS NULL"
            return rids, connection.execute(query).fetchone()[0]

    async def finish(self) -> None:
        """The next run, which nobody disturbs."""
        assert await self.pull() == DONE, self.said.read_text()
        rids, pending = self.database()
        assert sorted(rids) == sorted(self.sandbox.rids())
        assert self.sandbox.new_rids() == []
        assert pending == 0


# --- kill -9 -------------------------------------------------------------------------------------------------------

STEPS = ("OPENED", "RESENT", "FETCHED", "COMMITTED", "ACKNOWLEDGED", "SETTLED", "FINISHED")


async def test_killed_at_random(soak: Any, nurseries: Any, tmp_path: Path) -> None:
    """At a step, when a request arrives (worked on or not), or in the middle of a statement of SQLite's."""
    count = soak.count(5, 1000)
    killed: Counter[str] = Counter()
    soak.record(f"{count:,} pulls killed with -9, once to three times each", f"0 to {count - 1}")

    async def one(children: Any, seed: int) -> None:
        chance = random.Random(seed)
        arrivals = chance.choice((0, 0, 0, 25))
        async with Case(
            children, tmp_path / str(seed), chance.choice((5, 10, 42, 95, 95, 95)), arrivals=arrivals
        ) as case:
            for _ in range(chance.choice((1, 1, 2, 3))):
                job: dict[str, Any] = {
                    "concurrency": chance.choice((1, 2, 3, 8)),
                    "command_line": chance.random() < 0.1,
                }
                match how := chance.choice(("step", "request", "statement")):
                    case "step":
                        job |= {"step": chance.choice(STEPS), "nth": chance.choice((1, 1, 2, 3, chance.randint(1, 10)))}
                    case "request":
                        case.trap.nth, case.trap.works = chance.randint(1, 24), chance.random() < 0.6
                    case "statement":
                        job["rounds"] = chance.choice((chance.randint(1, 300), chance.randint(1, 6000)))
                code = await case.pull(**job)
                assert code in (KILLED, DONE), case.said.read_text()
                killed[f"at a {how}" if code == KILLED else "done before"] += 1
            await case.finish()

    await nurseries(one, range(count))
    soak.record(
        f"{count:,} pulls killed with -9, once to three times each", f"0 to {count - 1}", **dict(killed.most_common())
    )
    assert sum(killed.values()) - killed["done before"] > count / 2, killed


# --- Ctrl-C --------------------------------------------------------------------------------------------------------


def _every_step() -> Iterator[tuple[str, int, str]]:
    for how in ("once", "twice", "library"):
        yield "OPENED", 1, how
        yield "RESENT", 1, how
        for step in ("FETCHED", "COMMITTED", "ACKNOWLEDGED", "SETTLED"):
            for nth in range(1, 11):
                yield step, nth, how
        yield "FINISHED", 1, how


async def test_interrupted_at_every_step(soak: Any, nurseries: Any, tmp_path: Path) -> None:
    """Ctrl-C once, so that the command line finishes the page in hand; twice; and in a program of one's own."""
    cases = list(_every_step())
    cases = cases if soak.full else cases[12 :: len(cases) // 5]
    soak.record(f"{len(cases)} pulls interrupted, each at a step of its own", "every step")

    async def one(children: Any, which: tuple[str, int, str]) -> None:
        step, nth, how = which
        async with Case(children, tmp_path / f"{step}-{nth}-{how}", 95) as case:
            if step == "RESENT":
                assert await case.pull(step="COMMITTED", nth=2) == KILLED
            command_line = how != "library"
            code = await case.pull(
                step=step, nth=nth, times=1 + (how == "twice"), signal=int(signal.SIGINT), command_line=command_line
            )
            expected = {DONE, PARTIAL} if step == "FINISHED" else {PARTIAL}
            assert code in expected, f"{code}: {case.said.read_text()}"
            if how == "once":
                assert case.database()[1] == 0, "the page in hand was not finished"
            await case.finish()

    await nurseries(one, cases)


async def test_interrupted_when_a_request_arrives(soak: Any, nurseries: Any, tmp_path: Path) -> None:
    """Wherever the pull is then, and whether or not the request is ever answered."""
    requests = 24
    cases = [(nth, works, how) for nth in range(1, requests) for works in (True, False) for how in ("line", "library")]
    cases = cases if soak.full else cases[3 :: len(cases) // 4]
    soak.record(f"{len(cases)} pulls interrupted when a request arrives", "every request")

    async def one(children: Any, which: tuple[int, bool, str]) -> None:
        nth, works, how = which
        # An acknowledgement that is never answered is waited for, so Ctrl-C alone would not end it: what is never
        # answered here is interrupted in a program of one's own.
        trap = Trap(nth=nth, works=works or how == "line", signal=int(signal.SIGINT))
        async with Case(children, tmp_path / f"{nth}-{works}-{how}", 95, trap=trap) as case:
            code = await case.pull(command_line=how == "line", concurrency=3 if works else 1)
            assert code in (DONE, PARTIAL), f"{code}: {case.said.read_text()}"
            await case.finish()

    await nurseries(one, cases)


# --- storage -------------------------------------------------------------------------------------------------------


async def test_no_room_left(soak: Any, nurseries: Any, tmp_path: Path) -> None:
    """The database full, or its files as large as files may be: an error of storage, exit code 5, nothing by halves."""
    full = [("pages", pages, line) for pages in range(1, 34) for line in (True, False)]
    full += [("bytes", 4096 * blocks, line) for blocks in (2, 3, 5, 8, *range(10, 60, 3)) for line in (True, False)]
    cases = full if soak.full else [*full[1:60:23], *full[67::17]]
    codes: Counter[str] = Counter()
    soak.record(f"{len(cases)} pulls without room, from the first page of the database on", "every size")

    async def one(children: Any, which: tuple[str, int, bool]) -> None:
        kind, most, command_line = which
        async with Case(children, tmp_path / f"{kind}-{most}-{command_line}", 95) as case:
            limit = {"most_database_pages" if kind == "pages" else "most_file_bytes": most}
            code = await case.pull(command_line=command_line, **limit)
            text = case.said.read_text()
            assert code in (DONE, STORAGE), f"{code}: {text}"
            if code == STORAGE:
                assert "nothing was written" in text or "cannot be written" in text, text
            codes[f"{kind}: {'no room' if code == STORAGE else 'enough room'}"] += 1
            await case.finish()

    await nurseries(one, cases)
    soak.record(
        f"{len(cases)} pulls without room, from the first page of the database on",
        "every size",
        **dict(sorted(codes.items())),
    )
    assert codes["pages: no room"] >= 3, codes
    assert codes["bytes: no room"] >= 3, codes


@dataclass
class Lock(Trap):
    """Another program takes the database when the nth request arrives, and keeps it for so many seconds."""

    file: Path = Path()
    seconds: float = 3600.0
    held: sqlite3.Connection | None = None

    async def spring(self, child: int) -> None:
        self.held = sqlite3.connect(self.file, timeout=5, isolation_level=None)
        self.held.execute("BEGIN IMMEDIATE")
        asyncio.get_running_loop().call_later(self.seconds, self.let_go)

    def let_go(self) -> None:
        if self.held is not None:
            self.held.close()
            self.held = None


@pytest.mark.parametrize("for_long", [True, False], ids=["for long", "for a moment"])
async def test_another_program_locks_the_database(soak: Any, nurseries: Any, tmp_path: Path, for_long: bool) -> None:
    """For longer than the pull waits: an error of storage, exit code 5. For a moment: it waits."""
    full = [(nth, line) for nth in range(2, 22) for line in (True, False)]
    cases = full if soak.full else full[1::19]
    ended: Counter[int] = Counter()
    soak.record(f"{len(cases)} pulls whose database is locked in the middle", "every request")

    async def one(children: Any, which: tuple[int, bool]) -> None:
        nth, command_line = which
        folder = tmp_path / f"{nth}-{command_line}"
        trap = Lock(nth=nth, file=folder / "pull.db", seconds=3600 if for_long else 0.3)
        async with Case(children, folder, 95, trap=trap) as case:
            code = await case.pull(command_line=command_line, patience=0.2 if for_long else 5.0)
            text = case.said.read_text()
            trap.let_go()
            assert code in ((DONE, STORAGE) if for_long else (DONE,)), f"{code}: {text}"
            if code == STORAGE:
                assert "locked by another program" in text
            ended[code] += 1
            await case.finish()

    await nurseries(one, cases)
    soak.record(
        f"{len(cases)} pulls whose database is locked in the middle",
        "every request",
        **{{DONE: "done", STORAGE: "ended by it"}[code]: count for code, count in ended.items()},
    )
    assert not for_long or ended[STORAGE] > len(cases) / 2
