"""Pulls in a process of its own and kills it with -9 at the nth time of a step. Run by the tests of killed pulls."""

import asyncio
import os
import signal
import sys
from datetime import date

from konfipay_async import KonfipayClient
from konfipay_async.pull import Report, Step, pull
from konfipay_async.pull.ranges import pull_range
from konfipay_async.pull.singles import pull_files, pull_paypal
from konfipay_async.pull.sinks.sql import SqlSink


async def main(base_url: str, api_key: str, database: str, step: str, nth: int, mode: str) -> None:
    seen = 0

    def watch(at: Step, report: Report) -> None:
        nonlocal seen
        if at.name == step:
            seen += 1
            if seen == nth:
                os.kill(os.getpid(), signal.SIGKILL)

    async with KonfipayClient(api_key, base_url=base_url, concurrency=3) as client:
        sink = SqlSink(database, origin="the sandbox of a test")
        match mode:
            case "new":
                await pull(client, sink, acknowledge=True, page_size=10, watch=watch)
            case "range":
                await pull_range(client, sink, date(2022, 1, 3), date(2022, 1, 14), page_size=2, watch=watch)
            case "files":
                await pull_files(client, sink, "files", acknowledge=True, page_size=5, watch=watch)
            case "paypal":
                await pull_paypal(client, sink, acknowledge=True, page_size=5, watch=watch)


asyncio.run(main(*sys.argv[1:5], int(sys.argv[5]), *(sys.argv[6:] or ["new"])))
