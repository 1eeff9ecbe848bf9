"""Payments while everything goes wrong: no order goes to the bank twice, and how each run ended is told truly."""

import asyncio
import importlib.util
import os
import random
import signal
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from konfipay_async import KonfipayClient
from konfipay_async.ledger import Ledger
from konfipay_async.sandbox import Sandbox

pytestmark = pytest.mark.timeout(7200)

DONE, KILLED = 0, -signal.SIGKILL
NOISE = ("Traceback", "never retrieved", "Exception ignored", "Warning", "never awaited", "Task was destroyed")
STEPS = ("before the intent", "after the intent", "before the outcome", "after the outcome")


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"soak_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


paying = _load("paying")


def test_payments(soak: Any, crunch: Any) -> None:
    """Every named fault at every step, lateness, cancellation, a server that goes away, a program begun again."""
    count = soak.count(40, 10_000)
    what, seeds = f"{count:,} stories of a program that pays", f"0 to {count - 1}"
    soak.record(what, seeds)
    total: Counter[str] = Counter()
    for told in crunch("payments", 0, count):
        total.update(told)
    soak.record(what, seeds, **{"paid twice": 0}, **dict(total.most_common()))
    assert total["sent once"] > count / 4, total
    assert total["unknown, and said so"] > count / 20, total
    assert total["not sent"] > count / 60, total
    assert total["interrupted"] > count / 10, total


@dataclass
class Trap:
    """Kills the child when the nth request arrives, which is then worked on, or never."""

    nth: int = 0
    works: bool = True
    seen: int = 0
    child: int = 0

    def born(self, child: int) -> None:
        self.child = child

    async def sleep(self, seconds: float) -> None:
        self.seen += 1
        if self.child and self.seen == self.nth:
            os.kill(self.child, signal.SIGKILL)
            if not self.works:
                await asyncio.Event().wait()


async def test_payments_killed_at_random(soak: Any, nurseries: Any, tmp_path: Path) -> None:
    """Before and after anything is noted, within SQLite, or when a request arrives; the next run ends it."""
    count = soak.count(10, 1000)
    what, seeds = f"{count:,} programs that pay, killed with -9 once or twice", f"0 to {count - 1}"
    seen: Counter[str] = Counter()
    soak.record(what, seeds)

    async def one(children: Any, seed: int) -> None:
        chance = random.Random(seed)
        way, orders = chance.choice(paying.WAYS), chance.choice((1, 2, 5))
        trap, path, said = Trap(), tmp_path / f"{seed}.db", tmp_path / f"{seed}.said"
        async with Sandbox(
            transactions=0, latency=1e-9, sleep=trap.sleep, public_limit=10**6, authenticated_limit=10**6
        ) as sandbox:
            async with KonfipayClient(sandbox.api_key, base_url=sandbox.base_url) as client:
                program = paying.Program(way, client, None, orders)
                await paying.prepare(way, sandbox, program)
            for kill in range(kills := chance.choice((1, 1, 2)) + 1):
                job: dict[str, Any] = {}
                trap.seen = trap.nth = trap.child = 0
                how = "not killed" if kill == kills - 1 else chance.choice(("step", "request", "statement"))
                match how:
                    case "step":
                        job = {"step": chance.choice(STEPS), "nth": chance.choice((1, 1, 2))}
                    case "request":
                        trap.nth, trap.works = chance.choice((2, 2, 3, 3, 4, 5)), chance.random() < 0.6
                    case "statement":
                        job = {"rounds": chance.randint(1, 400)}
                said.unlink(missing_ok=True)
                code = await children.run(
                    born=trap.born,
                    base_url=sandbox.base_url,
                    api_key=sandbox.api_key,
                    ledger=str(path),
                    said=str(said),
                    way=way,
                    orders=orders,
                    failed_rid=program.failed_rid,
                    resumed=kill > 0,
                    insists=chance.random() < 0.5,
                    **job,
                )
                text = said.read_text()
                assert code in (DONE, KILLED), text
                assert how != "not killed" or code == DONE
                seen[f"killed at a {how}" if code == KILLED else "ended by itself"] += 1
                if code == DONE:
                    break
            assert not any(word in text for word in NOISE), text
            told = text.splitlines()[-1]
            with Ledger(path) as ledger:
                paying.check(way, orders, told, sandbox, ledger.entries())
            seen[told] += 1

    await nurseries(one, range(count), script="payments_in_children.py")
    soak.record(what, seeds, **{"paid twice": 0}, **dict(seen.most_common()))
    assert seen["sent"] > count / 3, seen
    assert sum(number for name, number in seen.items() if name.startswith("killed")) > count / 2, seen
