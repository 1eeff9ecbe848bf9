"""konfipay-async as its users call it, with the limits lifted."""

from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.readers import API_KEY
from konfipay_async import KonfipayClient, Limits

LIFTED = Limits(public=1_000_000, authenticated=1_000_000)


async def stream(url: str, concurrency: int = 8, only_first: bool = False) -> int:
    """Row by row."""
    rows = 0
    async with KonfipayClient(API_KEY, base_url=url, limits=LIFTED, concurrency=concurrency) as client:
        async for _transaction, _acknowledgement_id in client.transactions.stream():
            rows += 1
            if only_first:
                break
    return rows


async def pages(url: str, concurrency: int = 8, only_first: bool = False) -> int:
    """Page by page; the rows are not looked at."""
    rows = 0
    async with KonfipayClient(API_KEY, base_url=url, limits=LIFTED, concurrency=concurrency) as client:
        async for page in client.transactions.pages():
            rows += len(page.transactions)
            if only_first:
                break
    return rows


async def pull(url: str, api_key: str, to: str | None = None, concurrency: int = 8, log: str | None = None) -> int:
    """What is new into a fresh SQLite file or to an address, acknowledged: of a sandbox, which can be pulled once. The
    communication is kept in a `log`, if there is one."""
    # Here, so that the other ways do not pay for what this one loads.
    from konfipay_async.pull import pull as pull_into
    from konfipay_async.pull.sinks.addresses import sink_at

    options: dict[str, Any] = {"limits": LIFTED, "concurrency": concurrency, "communication_log": log}
    with TemporaryDirectory() as folder:
        async with KonfipayClient(api_key, base_url=url, **options) as client:
            sink = sink_at(to or f"sqlite:///{folder}/bookings.db", origin=client.base_url)
            return (await pull_into(client, sink, acknowledge=True)).transactions


async def keys(url: str, api_keys: list[str], to: str, at_once: int) -> int:
    """What is new for each of these keys, each under a name of its own, acknowledged."""
    import asyncio

    from konfipay_async.pull import pull as pull_into
    from konfipay_async.pull.sinks.addresses import sink_at

    slots = asyncio.Semaphore(at_once)

    async def one(number: int, api_key: str) -> int:
        async with slots, KonfipayClient(api_key, base_url=url, limits=LIFTED) as client:
            sink = sink_at(to, source=f"key {number}", origin=client.base_url)
            return (await pull_into(client, sink, acknowledge=True)).transactions

    return sum(await asyncio.gather(*(one(*each) for each in enumerate(api_keys))))
