"""A list of what is new, read to its end while it moves: every page acknowledged by a task of its own."""

import asyncio
import json
import time
from typing import Any

from benchmarks.bench import Bench, Section, Target, median
from benchmarks.children import Child
from benchmarks.readers.ours import LIFTED
from konfipay_async import Attempt, KonfipayClient, Limits

_PAGE_SIZE = 100


class Starts:
    """A recorder that keeps when each request of the authenticated budget was sent, and how long it took."""

    def __init__(self) -> None:
        self.at: list[float] = []
        self.took: list[float] = []

    def record(self, attempt: Attempt) -> None:
        """See `Recorder`."""
        if attempt.request.budget == "authenticated":
            self.at.append(time.monotonic() - attempt.duration)
            self.took.append(attempt.duration)


async def drain(ready: dict[str, Any], limits: Limits, starts: Starts, page_size: int = _PAGE_SIZE) -> None:
    """Read and acknowledge all there is, 8 in flight, one task for each acknowledgement."""
    async with (
        KonfipayClient(ready["key"], base_url=ready["url"], limits=limits, concurrency=8, recorder=starts) as client,
        asyncio.TaskGroup() as tasks,
    ):
        async for page in client.transactions.drain(page_size):
            tasks.create_task(page.acknowledge())


def run(bench: Bench) -> Section:
    """Requests per second of a drain at 100 ms, with the limits lifted."""
    pages = bench.choose(200, 8)
    settings = {"transactions": pages * _PAGE_SIZE, "latency": 0.1}
    busy: list[float] = []

    def once() -> dict[str, float]:
        with Child("serving", "sandbox", json.dumps(settings)) as sandbox:
            starts = Starts()
            before, began = sandbox.ask("cpu")["cpu"], time.monotonic()
            asyncio.run(drain(sandbox.ready, LIFTED, starts))
            wall = time.monotonic() - began
            facts = sandbox.ask("end")
            busy.append((facts["cpu"] - before) / wall)
        if facts["new"]:
            raise RuntimeError(f"the drain left {facts['new']} rows")
        return {"rate": len(starts.at) / wall, "wall": wall, "requests": len(starts.at)}

    runs = bench.in_turn({"drain": once}, bench.choose(5, 1))["drain"]
    rate = median(runs, "rate")
    section = Section(
        "A drain with acknowledgements at 100 ms",
        f"`drain()` over {pages} pages of {_PAGE_SIZE} new rows of the sandbox as it is, 8 in flight, limits lifted, "
        f"one task for each acknowledgement, until nothing is new; the login included. (Pages of {_PAGE_SIZE}, because "
        f"the sandbox makes each page when it is asked for; it was busy {max(busy):.0%} of the time.)",
        ("requests", "seconds", "requests per second", "rows per second"),
        [
            (
                f"{median(runs, 'requests'):.0f}",
                f"{median(runs, 'wall'):.2f}",
                f"{rate:.1f}",
                f"{pages * _PAGE_SIZE / median(runs, 'wall'):,.0f}",
            )
        ],
    )
    section.targets.append(
        Target(
            "a drain with acknowledgements at 100 ms, 8 in flight",
            "at least 60 requests/s",
            f"{rate:.1f} requests/s",
            rate >= 60,
        )
    )
    return section
