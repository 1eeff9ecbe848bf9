"""kill -9 of a pull at every step it has a name for, on SQLite and on PostgreSQL, and a PostgreSQL that is restarted.

Each pull is a process of its own against a sandbox in this one; the next one finishes what it left.
"""

import asyncio
import random
import shutil
import signal
import sqlite3
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from konfipay_async.sandbox import Sandbox

pytestmark = pytest.mark.timeout(7200)

KILLED, DONE = -signal.SIGKILL, 0
NOISE = ("Traceback", "never retrieved", "Exception ignored", "Warning", "never awaited", "Task was destroyed")

ALL, ACKNOWLEDGING = ("new", "new", "range", "files", "paypal"), ("new", "new", "files", "paypal")
STEPS = {
    "OPENED": ALL,
    "RESENT": ACKNOWLEDGING,
    "COUNTED": ("range",),
    "FETCHED": ALL,
    "SAVED": ("files",),
    "COMMITTED": ALL,
    "MARKED": ("range",),
    "ACKNOWLEDGED": ACKNOWLEDGING,
    "SETTLED": ACKNOWLEDGING,
    "FINISHED": ALL,
}
ONCE = ("OPENED", "COUNTED", "MARKED", "FINISHED")
TABLES = {"new": "transactions", "range": "transactions", "files": "transaction_files", "paypal": "paypal_transactions"}


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory where there is such a place: what is killed is the process, not the machine."""
    memory = Path("/dev/shm")  # noqa: S108
    path = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
    yield path
    shutil.rmtree(path)


class Case:
    """One sandbox, one mode of the pull, and where it goes: an SQLite file of its own, or a source in PostgreSQL."""

    def __init__(self, children: Any, folder: Path, mode: str, name: str, postgres: Any) -> None:
        self.folder = folder / name
        self.folder.mkdir()
        self.children, self.mode, self.name, self.postgres = children, mode, name, postgres
        self.said = self.folder / "said"
        self.sandbox = Sandbox(transactions=24, transaction_files=8, paypal_transactions=8)

    async def pull(self, **job: Any) -> int:
        self.said.unlink(missing_ok=True)
        code: int = await self.children.run(
            base_url=self.sandbox.base_url,
            api_key=self.sandbox.api_key,
            database=self.postgres.url() if self.postgres else f"sqlite:///{self.folder}/pull.db",
            source=self.name,
            origin="the sandbox of a test",
            folder=str(self.folder / "files"),
            mode=self.mode,
            page_size=6 if self.mode in ("new", "range") else 4,
            said=str(self.said),
            **job,
        )
        text = self.said.read_text()
        assert not any(word in text for word in NOISE), text
        return code

    async def kill(self, step: str, nth: int, concurrency: int, debug: bool) -> bool:
        """Whether it came to that."""
        job = {"concurrency": concurrency, "debug": debug}
        if step == "RESENT":
            assert await self.pull(step="COMMITTED", nth=1 + nth % 3, **job) == KILLED
            nth = 1
        code = await self.pull(step=step, nth=nth, **job)
        assert code in (KILLED, DONE), self.said.read_text()
        self.look()
        return code == KILLED

    def look(self) -> None:
        """Whatever happened: what is acknowledged is in the database."""
        assert set(self.rids()) - set(self.new()) <= set(self.stored()), "acknowledged, and not in the database"

    async def finish(self) -> None:
        """The next run, which nobody disturbs."""
        assert await self.pull() == DONE, self.said.read_text()
        assert sorted(self.stored()) == sorted(self.rids()), "lost or doubled"
        if self.mode == "range":
            return
        assert self.new() == []
        left = "acknowledgements" if self.mode == "new" else TABLES[self.mode]
        assert self.ask(f"SELECT count(*) FROM {left} WHERE source = %s AND settled_at IS NULL") == [(0,)]
        if self.mode == "files":
            names = {name for (name,) in self.ask("SELECT saved_as FROM transaction_files WHERE source = %s")}
            # What was begun when it was killed is cleared away a day later: another pull may be at it.
            assert names == {path.name for path in (self.folder / "files").iterdir() if path.suffix != ".part"}

    def rids(self) -> list[str]:
        return self._shelf().rids()

    def new(self) -> list[str]:
        return self._shelf().new_rids()

    def _shelf(self) -> Any:
        match self.mode:
            case "files":
                return self.sandbox.files
            case "paypal":
                return self.sandbox.paypal_transactions
            case _:
                return self.sandbox

    def stored(self) -> list[str]:
        return [rid for (rid,) in self.ask(f"SELECT rid FROM {TABLES[self.mode]} WHERE source = %s")]

    def ask(self, query: str) -> list[Any]:
        """Nothing, where the tables are not there yet."""
        if self.postgres:
            with _tables_or_nothing(psycopg.errors.UndefinedTable), psycopg.connect(self.postgres.url()) as connection:
                return connection.execute(query.replace("FROM ", "FROM konfipay."), [self.name]).fetchall()
            return []
        if not (self.folder / "pull.db").exists():
            return []
        with closing(sqlite3.connect(self.folder / "pull.db")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            with _tables_or_nothing(sqlite3.OperationalError):
                return connection.execute(query.replace("%s", "?"), [self.name]).fetchall()
        return []


@contextmanager
def _tables_or_nothing(kind: type[Exception]) -> Iterator[None]:
    try:
        yield
    except kind as error:
        if "no such table" not in str(error) and "does not exist" not in str(error):
            raise


@pytest.mark.parametrize("database", ["SQLite", "PostgreSQL"])
async def test_killed_at_every_step(
    soak: Any, nurseries: Any, folder: Path, database: str, request: pytest.FixtureRequest
) -> None:
    """And what is left is finished by the next: nothing lost, nothing doubled, all acknowledged."""
    postgres = request.getfixturevalue("postgres") if database == "PostgreSQL" else None
    asyncio.get_running_loop().set_debug(not soak.full)  # the sandbox need not be watched ten thousand times
    seeds = soak.count(1, 200 if postgres else 1000)
    steps = list(STEPS) if soak.full else list(STEPS)[postgres is None :: 3]
    killed: Counter[str] = Counter()

    async def one(children: Any, which: tuple[str, int]) -> None:
        step, seed = which
        chance = random.Random(f"{step} {seed}")
        mode = chance.choice(STEPS[step])
        case = Case(children, folder, mode, f"{step}-{seed}", postgres)
        async with case.sandbox:
            nth = (
                1
                if step in ("OPENED", "COUNTED", "MARKED", "FINISHED")
                else chance.choice((1, 1, 2, 3, chance.randint(1, 4)))
            )
            was_killed = await case.kill(step, nth, chance.choice((1, 2, 3, 8)), debug=seed % 10 == 0)
            killed[f"at {step}" if was_killed else "done before"] += 1
            await case.finish()
        shutil.rmtree(case.folder)

    await nurseries(one, [(step, seed) for seed in range(seeds) for step in steps])
    soak.record(
        f"{len(steps) * seeds:,} pulls killed with -9, {seeds:,} at each of {len(steps)} steps, into {database}",
        f"0 to {seeds - 1} for each step",
        **dict(sorted(killed.items())),
    )
    assert all(killed[f"at {step}"] > seeds / 3 for step in steps), killed


async def test_postgresql_is_restarted_in_mid_pull(soak: Any, nurseries: Any, folder: Path, postgres: Any) -> None:
    """Told to every session, or as in a crash, when some request arrives: the pull goes on."""
    count = soak.count(1, 40)
    restarts = 0

    async def one(children: Any, seed: int) -> None:
        nonlocal restarts
        chance = random.Random(seed)
        case = Case(children, folder, chance.choice(("new", "new", "range", "files", "paypal")), str(seed), postgres)
        left = {chance.randint(1, 10): chance.choice(("fast", "immediate")) for _ in range(chance.choice((1, 1, 2)))}
        arrived = 0
        restarted = []
        one_at_a_time = threading.Lock()

        async def sleep(_: float) -> None:
            nonlocal arrived
            arrived += 1
            if how := left.pop(arrived, None):
                restarted.append(asyncio.create_task(asyncio.to_thread(_restart, how)))

        def _restart(how: str) -> None:
            with one_at_a_time:
                postgres.stop(how)
                postgres.start()

        case.sandbox = Sandbox(transactions=24, transaction_files=8, paypal_transactions=8, latency=0.001, sleep=sleep)
        async with case.sandbox:
            assert await case.pull() == DONE, case.said.read_text()
            left.clear()
            await asyncio.gather(*restarted)
            restarts += len(restarted)
            await case.finish()

    await nurseries(one, range(count), processes=1)  # for there is one server
    soak.record(f"{count} pulls into a PostgreSQL that is restarted", f"0 to {count - 1}", restarts=restarts)
    assert restarts >= count
