"""konfipay-async as its users call it, with the limits lifted."""

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
