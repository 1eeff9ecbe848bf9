"""The signed API's client as its users call it, with the limits lifted."""

from collections.abc import AsyncIterator
from typing import Any

from konfipay_async.wallee import Transaction, WalleeClient


async def listing(server: dict[str, Any], concurrency: int) -> int:
    """By cursor: each page says where the next one begins."""
    async with _client(server, concurrency) as client:
        return await _count(client.payment.transactions.list(limit=100))


async def search(server: dict[str, Any], concurrency: int) -> int:
    """By offset, `concurrency` pages at once."""
    async with _client(server, concurrency) as client:
        return await _count(client.payment.transactions.search(limit=100))


def _client(server: dict[str, Any], concurrency: int) -> WalleeClient:
    return WalleeClient(
        server["user"],
        server["key"],
        base_url=server["url"],
        space=server["space"],
        limits=1_000_000,
        concurrency=concurrency,
    )


async def _count(transactions: AsyncIterator[Transaction]) -> int:
    rows = 0
    async for _transaction in transactions:
        rows += 1
    return rows
