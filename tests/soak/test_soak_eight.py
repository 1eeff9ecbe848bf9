"""Eight processes on one key, which share its limits through Redis: readers of disjoint bank accounts, and a drain.

Each is a process of its own against a sandbox in this one, which counts what arrives.
"""

import asyncio
import json
import os
import random
import signal
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from konfipay_async.sandbox import Sandbox

pytestmark = pytest.mark.timeout(7200)

PROCESSES = 8
KILLED = -signal.SIGKILL


def shares(sandbox: Sandbox, drains: int) -> list[list[str]]:
    """The bank accounts of each process; a drain has none."""
    accounts = sorted({sandbox.transaction(rid)["bankAccount"]["rId"] for rid in sandbox.rids()[:160]})
    assert len(accounts) == PROCESSES
    readers = PROCESSES - drains
    return [[] for _ in range(drains)] + [accounts[place::readers] for place in range(readers)]


# --- the rate ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("drains", [0, 1] if os.environ.get("KONFIPAY_SOAK") else [1])
async def test_eight_processes_use_what_is_allowed(
    soak: Any, crowds: Any, redis_server: Any, tmp_path: Path, drains: int
) -> None:
    """95 % of it at least, counted from the first authenticated request, and no 429."""
    limit, period, rounds = 200, soak.count(1, 3), soak.count(1, 20)
    reserve = limit * 2 // 100
    async with Sandbox(
        transactions=1000 + limit * rounds,
        accounts=PROCESSES,
        authenticated_limit=limit,
        public_limit=1000,
        period=period,
        latency=0.05,
    ) as sandbox:
        crowd = await crowds("sharing_in_children.py")
        limits = {"authenticated": limit, "period": period, "grace": 0.2, "shared": redis_server.url}
        children = []
        for number, accounts in enumerate(shares(sandbox, drains)):
            children.append(
                await crowd.born(
                    base_url=sandbox.base_url,
                    api_key=sandbox.api_key,
                    limits=limits,
                    database=f"sqlite:///{tmp_path}/{number}.db",
                    source="a source",
                    said=str(tmp_path / f"said{number}"),
                    accounts=accounts,
                    page_size=1,
                    concurrency=8,
                    seconds=(period + 0.2) + (rounds + 1.5) * (period + 0.1),
                )
            )
        codes = [await end for _, end in children]
        said = [(tmp_path / f"said{number}").read_text() for number in range(PROCESSES)]
        assert codes == [0] * PROCESSES, said
        did = [json.loads(text) for text in said]
        at = [request.at for request in sandbox.requests if request.route.startswith("transactions.")]
        a_round = period + sum(one["seconds"] for one in did) / sum(one["answered"] for one in did)
        used = sum(moment < at[0] + rounds * a_round for moment in at)
        share = used / (rounds * (limit - reserve))
        soak.record(
            f"{PROCESSES} processes, {drains} of them draining, {limit} requests per {period:g} s, {rounds} rounds",
            **{"used of what is allowed": f"{share:.1%}", "answers of 429": sandbox.over_limit},
            logins=sandbox.count("authentication.token"),
        )
        assert min(one["answered"] for one in did) > 0
        assert sandbox.over_limit == 0
        assert sum(one["refused"] for one in did) == 0
        assert sandbox.peak("authenticated") <= limit
        assert share >= (0.95 if soak.full else 0.2)  # beside the rest of the suite the machine is not theirs


# --- kill -9 -------------------------------------------------------------------------------------------------------


class Story:
    """Eight processes that pull what there is, of which some are killed when a request arrives, and begun again."""

    def __init__(self, seed: int, folder: Path, url: str, rows: int) -> None:
        folder.mkdir()
        self.seed, self.folder, self.url = seed, folder, url
        self.chance = chance = random.Random(seed)
        self.drains = chance.choice((0, 1, 1))
        self.period = 1.0
        self.limit = chance.choice((40, 60, 100))
        self.rows = rows
        # At which arrivals somebody dies; all together make more requests than there are rows.
        self.deadly = {chance.randint(1, rows) for _ in range(chance.choice((1, 2, 4)))}
        self.arrived = 0
        self.alive: dict[int, int] = {}  # process ids, and who they are
        self.killed = 0
        self.sandbox = Sandbox(
            transactions=self.rows,
            accounts=PROCESSES,
            seed=seed,
            api_key=f"{'SharedByEight':0<60}{seed:04}",  # a budget of its own in the same Redis
            authenticated_limit=self.limit,
            public_limit=1000,
            period=self.period,
            latency=chance.choice((0.001, 0.03)),
            sleep=self.sleep,
        )

    async def sleep(self, seconds: float) -> None:
        self.arrived += 1
        if self.arrived in self.deadly and self.alive:
            victim = self.chance.choice(sorted(self.alive))
            self.killed += self.alive.pop(victim) is not None
            os.kill(victim, signal.SIGKILL)
        await asyncio.sleep(seconds)

    async def play(self, crowd: Any) -> None:
        async with self.sandbox:
            shared = shares(self.sandbox, self.drains)
            async with asyncio.TaskGroup() as group:
                for number, accounts in enumerate(shared):
                    group.create_task(self._pull(crowd, number, accounts))
            assert self.sandbox.over_limit == 0
            assert self.sandbox.peak("authenticated") <= self.limit
            self._look(shared)

    async def _pull(self, crowd: Any, number: int, accounts: list[str]) -> None:
        """Again and again, until it came to its end."""
        said = self.folder / f"said{number}"
        while True:
            child, end = await crowd.born(
                base_url=self.sandbox.base_url,
                api_key=self.sandbox.api_key,
                limits={"authenticated": self.limit, "period": self.period, "grace": 0.2, "shared": self.url},
                database=f"sqlite:///{self.folder}/pull.db",
                source=f"process {number}",
                said=str(said),
                accounts=accounts,
                page_size=4,
            )
            self.alive[child] = number
            code = await end
            self.alive.pop(child, None)
            if code == 0:
                return
            assert code == KILLED, said.read_text()
            await asyncio.sleep(self.chance.choice((0.0, 0.3)))

    def _look(self, shared: list[list[str]]) -> None:
        """Nothing lost, nothing doubled, all that was drained acknowledged."""
        found: Counter[str] = Counter()
        expected: Counter[str] = Counter()
        for accounts in shared:
            expected.update(
                rid
                for rid in self.sandbox.rids()
                if not accounts or self.sandbox.transaction(rid)["bankAccount"]["rId"] in accounts
            )
        with closing(sqlite3.connect(self.folder / "pull.db")) as connection:
            found.update(rid for (rid,) in connection.execute("SELECT rid FROM transactions"))
            pending = connection.execute("SELECT count(*) FROM acknowledgements WHERE settled_at IS NULL").fetchone()
        assert found == expected
        assert pending == (0,)
        assert len(self.sandbox.new_rids()) == (0 if self.drains else self.rows)


async def test_eight_processes_and_any_of_them_killed(
    soak: Any, crowds: Any, redis_server: Any, tmp_path: Path
) -> None:
    """Whenever: no 429, nothing lost, nothing doubled."""
    count = soak.count(1, 200)
    told: Counter[str] = Counter()
    seeds = iter(range(count))

    async def one() -> None:
        crowd = await crowds("sharing_in_children.py")
        for seed in seeds:
            story = Story(seed, tmp_path / str(seed), redis_server.url, soak.count(64, 320))
            try:
                await story.play(crowd)
            except BaseException as error:
                error.add_note(f"seed {seed}, after {story.arrived} requests")
                raise
            told.update({"killed": story.killed, "requests": story.arrived})

    async with asyncio.TaskGroup() as group:
        for _ in range(soak.count(1, 3)):
            group.create_task(one())
    soak.record(
        f"{count} stories of {PROCESSES} processes, of which up to four are killed with -9", f"0 to {count - 1}", **told
    )
    assert told["killed"] >= count
