"""Programs that pay, in processes that are killed: paying.py's program is run once for every job (fields of `Job`)."""

import asyncio
import os
import signal
from dataclasses import dataclass
from typing import Any

from forking import serve
from paying import Program

from konfipay_async import KonfipayClient
from konfipay_async.ledger import Ledger


@dataclass
class Job:
    """One run. It is killed at the nth time the ledger comes by a step, or after so many rounds of SQLite's machine."""

    base_url: str
    api_key: str
    ledger: str
    said: str  # a file for what it prints
    way: str
    orders: int
    failed_rid: str = ""
    resumed: bool = False
    insists: bool = False
    step: str = ""
    nth: int = 0
    rounds: int = 0


class Watched(Ledger):
    """Kills its process before or after it notes something."""

    job: Job
    seen = 0

    def open(self) -> None:
        super().open()
        if self.job.rounds:
            assert self._connection is not None
            left = self.job.rounds

            def count() -> None:
                nonlocal left
                left -= 1
                if left == 0:
                    _die()

            self._connection.set_progress_handler(count, 1)

    def _passes(self, step: str) -> None:
        if step == self.job.step:
            self.seen += 1
            if self.seen == self.job.nth:
                _die()

    def intend(self, *arguments: Any, **more: Any) -> int:
        self._passes("before the intent")
        entry = super().intend(*arguments, **more)
        self._passes("after the intent")
        return entry

    def settle(self, *arguments: Any, **more: Any) -> None:
        self._passes("before the outcome")
        super().settle(*arguments, **more)
        self._passes("after the outcome")


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def work(told: dict[str, Any]) -> int:
    job = Job(**told)

    async def main() -> str:
        ledger = Watched(job.ledger)
        ledger.job = job
        with ledger:
            async with KonfipayClient(job.api_key, base_url=job.base_url, ledger=ledger) as client:
                program = Program(job.way, client, ledger, job.orders)
                program.failed_rid, program.resumed, program.insists = job.failed_rid, job.resumed, job.insists
                end = await program.run()
        assert not asyncio.all_tasks() - {asyncio.current_task()}
        return end

    print(asyncio.run(main(), debug=True))
    return 0


if __name__ == "__main__":
    serve(work)
