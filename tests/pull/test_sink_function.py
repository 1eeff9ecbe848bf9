"""An async function as the sink of a pull."""

import asyncio
from collections.abc import Sequence

import pytest

from konfipay_async import KonfipayClient, Transaction
from konfipay_async.pull import Sink, Written, pull
from konfipay_async.pull.sinks.function import FunctionSink
from konfipay_async.sandbox import Sandbox


async def test_every_page_is_handed_over_and_then_acknowledged() -> None:
    """When the function is called, its page is still new; on the loop of the pull."""
    seen: list[str] = []
    async with Sandbox(transactions=25) as sandbox:

        async def keep(transactions: Sequence[Transaction]) -> None:
            await asyncio.sleep(0)
            assert {transaction.rid for transaction in transactions} <= set(sandbox.new_rids())
            seen.extend(transaction.rid for transaction in transactions)

        async with KonfipayClient(sandbox.api_key, base_url=sandbox.base_url) as client:
            sink: Sink = FunctionSink(keep)
            report = await pull(client, sink, acknowledge=True, page_size=10)
        assert sandbox.new_rids() == []
        assert sorted(seen) == sorted(sandbox.rids())
    assert (report.new, report.known, report.acknowledged, report.complete) == (25, 0, 3, True)


async def test_what_the_function_raises_ends_the_pull_and_its_page_stays_new() -> None:
    """It comes again with the next one, and the function may say that it knew rows."""
    async with Sandbox(transactions=20) as sandbox:
        pages: list[int] = []

        async def stumble(transactions: Sequence[Transaction]) -> Written:
            pages.append(len(transactions))
            if len(pages) == 2:
                raise RuntimeError("the ERP is away")
            return Written(new=len(transactions) - 1, known=1, changed=1)

        async with KonfipayClient(sandbox.api_key, base_url=sandbox.base_url) as client:
            with pytest.raises(RuntimeError, match="the ERP is away"):
                await pull(client, FunctionSink(stumble), acknowledge=True, page_size=10)
            assert len(sandbox.new_rids()) >= 10
            report = await pull(client, FunctionSink(stumble), acknowledge=True, page_size=20)
        assert sandbox.new_rids() == []
    assert (report.known, report.changed, report.resent) == (1, 1, 0)


async def test_cancelling_the_pull_cancels_the_function() -> None:
    """However long it would take; nothing is acknowledged."""
    reached = asyncio.Event()
    never = asyncio.Event()

    async def hang(transactions: Sequence[Transaction]) -> None:
        reached.set()
        await never.wait()

    async with (
        Sandbox(transactions=5) as sandbox,
        KonfipayClient(sandbox.api_key, base_url=sandbox.base_url) as client,
    ):
        task = asyncio.create_task(pull(client, FunctionSink(hang), acknowledge=True))
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(sandbox.new_rids()) == 5
        assert sandbox.count("transactions.acknowledge") == 0
