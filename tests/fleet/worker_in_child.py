"""A worker in a process of its own, until SIGTERM; says every event, and kills itself with -9 at the nth of a kind."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from konfipay_async.fleet.queue import Queue
from konfipay_async.fleet.worker import Worker
from konfipay_async.pull.keyfile import read_keys


async def main(config: str, database: str, event: str, nth: int) -> None:
    seen = 0

    def tell(told: str, /, **facts: object) -> None:
        nonlocal seen
        print(json.dumps({"event": told, **facts}, default=str), flush=True)
        seen += told == event
        if told == event and seen == nth:
            os.kill(os.getpid(), signal.SIGKILL)

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    worker = Worker(Queue(database), read_keys(Path(config)), tell=tell, beat=0.1, patience=10.0)
    await worker.run(stop)


asyncio.run(main(sys.argv[1], sys.argv[2], *(sys.argv[3:4] or ["never"]), int((sys.argv[4:] or ["1"])[0])))
