"""Whole pulls into other sinks than SQLite: the database restarted under them, and what else a pull can pull."""

import asyncio
import math
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from konfipay_async import KonfipayClient, errors
from konfipay_async.pull import Report, Step, pull
from konfipay_async.pull.ranges import pull_range
from konfipay_async.pull.singles import pull_files, pull_paypal
from konfipay_async.pull.sinks.addresses import sink_at
from konfipay_async.sandbox import Sandbox


@pytest.mark.parametrize("how", ["fast", "immediate"])
async def test_postgresql_is_restarted_in_the_middle_of_a_pull(postgres: Any, how: str) -> None:
    """Twice, at different steps: the pull goes on, and every booking is there once."""

    def watch(step: Step, report: Report) -> None:
        if report.pages >= due.get(step, math.inf):
            del due[step]
            postgres.stop(how)
            postgres.start()

    due = {Step.FETCHED: 3, Step.ACKNOWLEDGED: 6}  # from so many pages on: acknowledgements of two pages may overtake
    async with Sandbox(transactions=95, pending=0) as sandbox:
        async with KonfipayClient(sandbox.api_key, base_url=sandbox.base_url, concurrency=3) as client:
            sink = sink_at(postgres.url(), origin=client.base_url)
            report = await pull(client, sink, acknowledge=True, page_size=10, watch=watch)
        assert sandbox.new_rids() == []
        found = postgres.execute("SELECT rid FROM konfipay.transactions")
        assert sorted(rid for (rid,) in found) == sorted(sandbox.rids())
    assert not due
    assert (report.new, report.known, report.acknowledged, report.complete) == (95, 0, 10, True)
    assert postgres.execute("SELECT count(*) FROM konfipay.acknowledgements WHERE settled_at IS NULL") == [(0,)]
    assert postgres.execute("SELECT outcome FROM konfipay.pull_runs") == [("done",)]


async def test_a_cancelled_pull_does_not_wait_for_the_database(postgres: Any) -> None:
    """It went away, and would be waited for; what was fetched stays new."""
    task: asyncio.Task[Report]
    loop = asyncio.get_running_loop()

    def watch(step: Step, report: Report) -> None:
        if step is Step.FETCHED:
            postgres.stop()
            loop.call_later(0.3, task.cancel)  # while the sink tries to come back

    async with (
        Sandbox(transactions=5) as sandbox,
        KonfipayClient(sandbox.api_key, base_url=sandbox.base_url) as client,
    ):
        sink = sink_at(postgres.url(), origin=client.base_url)
        task = asyncio.create_task(pull(client, sink, acknowledge=True, watch=watch))
        began = loop.time()
        try:
            with pytest.raises(asyncio.CancelledError):
                await task
        finally:
            postgres.start()
        assert loop.time() - began < 30
        assert len(sandbox.new_rids()) == 5
        assert (await pull(client, sink, acknowledge=True)).new == 5


async def test_all_that_can_be_pulled_goes_into_postgresql(postgres: Any, tmp_path: Path) -> None:
    """Days, files and PayPal transactions, and a second time nothing is new."""
    first, last = date(2022, 1, 1), date(2030, 1, 1)
    async with (
        Sandbox(transactions=30, transaction_files=5, paypal_transactions=7) as sandbox,
        KonfipayClient(sandbox.api_key, base_url=sandbox.base_url) as client,
    ):

        async def everything() -> list[Report]:
            sink = sink_at(postgres.url(), origin=client.base_url)
            return [
                await pull_range(client, sink, first, last, today=date(2030, 1, 5)),
                await pull_files(client, sink, tmp_path, acknowledge=True),
                await pull_paypal(client, sink, acknowledge=True),
            ]

        assert [report.new for report in await everything()] == [30, 5, 7]
        assert [report.new for report in await everything()] == [0, 0, 0]
    assert postgres.execute("SELECT sum(rows) FROM konfipay.pull_days") == [(30,)]
    assert postgres.execute("SELECT count(*), count(outcome) FROM konfipay.transaction_files") == [(5, 5)]
    assert postgres.execute("SELECT count(amount), count(outcome) FROM konfipay.paypal_transactions") == [(7, 7)]
    assert postgres.execute("SELECT count(*) FROM konfipay.pull_runs WHERE outcome = 'done'") == [(6,)]


async def test_a_range_into_files_reads_all_days_each_time(tmp_path: Path) -> None:
    """Files remember bookings, not days; nothing is written twice."""
    async with (
        Sandbox(transactions=30) as sandbox,
        KonfipayClient(sandbox.api_key, base_url=sandbox.base_url) as client,
    ):
        reports = []
        for _ in range(2):
            sink = sink_at(f"jsonl:{tmp_path / 'x'}", origin=client.base_url)
            reports.append(await pull_range(client, sink, date(2022, 1, 1), date(2030, 1, 1), today=date(2030, 1, 5)))
        assert [(report.new, report.known, report.changed) for report in reports] == [(30, 0, 0), (0, 30, 0)]
        with pytest.raises(errors.ConfigurationError, match="database"):
            await pull_paypal(client, sink_at(f"jsonl:{tmp_path / 'x'}", origin=client.base_url), acknowledge=False)
    lines = [line for path in (tmp_path / "x").glob("*.jsonl") for line in path.read_text().splitlines()]
    assert len(lines) == 30
