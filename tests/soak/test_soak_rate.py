"""A million new transactions at the API's own limits: how long it takes, on a clock that jumps.

Client, pull, budgets, sockets, sandbox and database are the real ones, in one loop (`jumping.py`). What they compute
takes no time on that clock, so what is measured is how well the waiting is used.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from konfipay_async import Attempt, KonfipayClient, Limits
from konfipay_async.pull import pull
from konfipay_async.pull.sinks.sql import SqlSink
from konfipay_async.sandbox import Sandbox

pytestmark = pytest.mark.timeout(7200)


class Seen:
    """A recorder of what the authenticated budget paid for."""

    def __init__(self) -> None:
        self.took: list[float] = []

    def record(self, attempt: Attempt) -> None:
        if attempt.request.budget == "authenticated":
            self.took.append(attempt.duration)


LATENCY = 0.3


def test_a_pull_takes_no_longer_than_the_limits_demand(soak: Any, jumping: Any, tmp_path: Path) -> None:
    """Within 3 % of the number of requests ÷ the allowed rate, which is (limit - reserve) ÷ (period + latency)."""
    pages, size, limit = soak.count(75, 1000), soak.count(10, 1000), soak.count(50, 1000)
    seen = Seen()

    async def main(clock: Any) -> float:
        async with (
            Sandbox(
                transactions=pages * size,
                authenticated_limit=limit,
                latency=LATENCY,
                now=clock.monotonic,
                sleep=clock.sleep,
            ) as sandbox,
            KonfipayClient(
                sandbox.api_key,
                base_url=sandbox.base_url,
                limits=Limits(authenticated=limit),
                clock=clock,
                recorder=seen,
            ) as client,
        ):
            begun = clock.monotonic()
            sink = SqlSink(f"sqlite:///{tmp_path}/pull.db", origin=client.base_url)
            report = await pull(client, sink, acknowledge=True, page_size=size)
            assert report.complete
            assert report.new == pages * size
            assert sandbox.new_rids() == []
            assert sandbox.over_limit == 0
            return clock.monotonic() - begun

    seconds = jumping(main)
    allowed = (limit - int(limit * Limits().reserve)) / (Limits().period + fmean(seen.took))
    least = len(seen.took) / allowed
    soak.record(
        f"{pages * size:,} new transactions, {limit} requests a minute, {LATENCY:g} s of latency, time that jumps",
        requests=len(seen.took),
        seconds=f"{seconds:.1f}",
        **{"against requests ÷ allowed rate": f"{seconds / least:.1%}"},
    )
    with closing(sqlite3.connect(tmp_path / "pull.db")) as connection:
        assert connection.execute("SELECT count(*), count(DISTINCT rid) FROM transactions").fetchone() == (
            pages * size,
            pages * size,
        )
    assert seconds <= 1.03 * least
