"""Records in a process of its own: URL of the log, base URL, API key, and the bytes a file may have (0: any number).

For each line it is given it makes five requests and says how many entries are written; at the end, how the log fared.
"""

import asyncio
import json
import logging
import sys
from dataclasses import asdict

from konfipay_async import KonfipayClient, Limits
from konfipay_async.communication import CommunicationLog


async def main(url: str, base_url: str, api_key: str, most: int) -> None:
    if most:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    log = CommunicationLog(url, level="details")
    limits = Limits(per_second=100_000, authenticated=100_000)
    loop = asyncio.get_running_loop()
    async with KonfipayClient(api_key, base_url=base_url, limits=limits, communication_log=log) as client:
        while await loop.run_in_executor(None, sys.stdin.readline):
            for _ in range(5):
                await client.request("GET", "transactions")
            await asyncio.to_thread(log.flush)
            status = log.status()
            print(json.dumps({"written": status.written, "failure": status.failure}), flush=True)
    print(json.dumps(asdict(log.status())), flush=True)


logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
asyncio.run(main(*sys.argv[1:4], int(sys.argv[4])))
