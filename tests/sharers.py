"""Processes that share limits: one of these stays, imports everything once, and forks for each of them.

Reads a JSON object a line: a `Job` is answered with the process ids of those that do it, {"wait": id} with how that one
ended. A process works until SIGTERM, and then says what it did.
"""

import asyncio
import importlib
import json
import os
import signal
import sys
import traceback
from dataclasses import dataclass, field
from typing import Any

from konfipay_async import Attempt, KonfipayClient, Lane, Limits

# What a client imports when it needs it: once is enough for all.
for name in ("aiolimiter", "redis.asyncio", "cryptography.hazmat.primitives.ciphers.aead"):
    importlib.import_module(name)
for name in ("cryptography.hazmat.primitives.kdf.hkdf", "konfipay_async.session.shared"):
    importlib.import_module(name)


@dataclass
class Job:
    base_url: str
    api_key: str
    limits: dict[str, Any]
    processes: int = 1
    lane: str = "BULK"
    callers: int = 4
    most: int = 1_000_000  # requests of one process


@dataclass
class Seen:
    """A recorder of what it is told."""

    answered: int = 0
    seconds: float = 0.0
    others: list[str] = field(default_factory=list)

    def record(self, attempt: Attempt) -> None:
        if attempt.response is not None and attempt.response.status == 200:
            self.answered += 1
            self.seconds += attempt.duration
        elif attempt.error is not None:
            self.others.append(repr(attempt.error))


def say(**what: object) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


def main() -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        if "wait" in asked:
            _, status = os.waitpid(asked["wait"], 0)
            say(ended=os.waitstatus_to_exitcode(status))
            continue
        job = Job(**asked)
        born = []
        for _ in range(job.processes):
            child = os.fork()
            if not child:
                _be_a_child(job)
            born.append(child)
        say(born=born)


def _be_a_child(job: Job) -> None:
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        asyncio.run(_work(job))
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


async def _work(job: Job) -> None:
    seen = Seen()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    left = job.most
    async with KonfipayClient(job.api_key, base_url=job.base_url, limits=Limits(**job.limits), recorder=seen) as client:

        async def call() -> None:
            nonlocal left
            while left > 0:
                left -= 1
                await client.request("GET", "bank-accounts", lane=Lane[job.lane])

        calls = [asyncio.create_task(call()) for _ in range(job.callers)]
        await stop.wait()
        for task in calls:
            task.cancel()
        ends = await asyncio.gather(*calls, return_exceptions=True)
        failed = [repr(end) for end in ends if isinstance(end, Exception)]
    left_behind = [task.get_name() for task in asyncio.all_tasks() - {asyncio.current_task()}]
    say(
        did=os.getpid(),
        answered=seen.answered,
        seconds=seen.seconds,
        others=seen.others[:5],
        failed=failed[:5],
        tasks=left_behind,
    )


if __name__ == "__main__":
    main()
