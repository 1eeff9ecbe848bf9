"""Pulls in processes that say how much memory they have after each page (the fields of `Job`)."""

import asyncio
import importlib
import json
import resource
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forking import serve

from konfipay_async import KonfipayClient, Limits, Transaction
from konfipay_async.pull import Report, Step, pull
from konfipay_async.pull.sinks import Sink
from konfipay_async.pull.sinks.addresses import sink_at
from konfipay_async.pull.sinks.function import FunctionSink

# What a sink imports when it needs it is not what is measured.
for name in ("konfipay_async.pull.sinks.postgresql", "pyarrow.parquet", "aiolimiter", "psycopg"):
    importlib.import_module(name)

PAGE = resource.getpagesize()


@dataclass
class Job:
    base_url: str
    api_key: str
    to: str  # an address, or "function"
    said: str
    page_size: int = 1000


async def _nowhere(transactions: Sequence[Transaction]) -> None:
    """A program's own sink."""


def work(told: dict[str, Any]) -> int:
    job = Job(**told)
    resident: list[tuple[int, int]] = []

    def watch(step: Step, report: Report) -> None:
        if step is Step.COMMITTED:
            resident.append((report.transactions, int(Path("/proc/self/statm").read_text().split()[1]) * PAGE))

    async def main() -> None:
        limits = Limits(public=1_000_000, authenticated=1_000_000)
        async with KonfipayClient(job.api_key, base_url=job.base_url, limits=limits) as client:
            sink: Sink = FunctionSink(_nowhere)
            if job.to != "function":
                sink = sink_at(job.to, origin=client.base_url)
            assert (await pull(client, sink, acknowledge=True, page_size=job.page_size, watch=watch)).complete

    asyncio.run(main())
    print(json.dumps(resident))
    return 0


if __name__ == "__main__":
    serve(work)
