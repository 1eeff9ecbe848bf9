"""Pulls into a sink in a process of its own and kills it with -9 at the nth time of a step, or of a call.

Run by test_sink_kinds.py: base URL, API key, address of the sink, step (or the name of a function of `os`), nth.
"""

import asyncio
import os
import signal
import sys
from typing import Any

from konfipay_async import KonfipayClient
from konfipay_async.pull import Report, Step, pull
from konfipay_async.pull.sinks.addresses import sink_at


def kill_at(nth: int) -> Any:
    seen = 0

    def count() -> None:
        nonlocal seen
        seen += 1
        if seen == nth:
            os.kill(os.getpid(), signal.SIGKILL)

    return count


async def main(base_url: str, api_key: str, address: str, step: str, nth: int) -> None:
    count = kill_at(nth)

    def watch(at: Step, report: Report) -> None:
        if at.name == step:
            count()

    if hasattr(os, step):
        call = getattr(os, step)

        def counted(*arguments: Any, **options: Any) -> Any:
            count()
            return call(*arguments, **options)

        setattr(os, step, counted)
    async with KonfipayClient(api_key, base_url=base_url, concurrency=3) as client:
        sink = sink_at(address, origin="the sandbox of a test")
        await pull(client, sink, acknowledge=True, page_size=10, watch=watch)


asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5])))
