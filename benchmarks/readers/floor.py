"""The floor: bare aiohttp and msgspec models of the same fields, written by hand for this list and nothing else.

No limits, no retries, no renewal of the token, no checks, no order of pages. What stands above it is what the client's
promises cost.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

import aiohttp
import msgspec

from benchmarks.readers import LOGIN


class _Model(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    pass


class _Indicator(StrEnum):
    CRDT = "CRDT"
    DBIT = "DBIT"


class _Account(_Model, frozen=True, gc=False):
    rid: str | None = msgspec.field(name="rId", default=None)
    iban: str | None = None
    currency: str | None = None


class _Document(_Model, frozen=True, gc=False):
    rid: str = msgspec.field(name="rId")
    timestamp: date | None = None
    is_new: bool | None = None
    format: str | None = None


class _Transaction(_Model, frozen=True, gc=False):
    rid: str = msgspec.field(name="rId")
    amount: Decimal
    currency: str
    credit_debit_indicator: _Indicator
    timestamp: datetime | None = None
    electronic_sequence_number: str | None = None
    name: str | None = None
    iban: str | None = None
    bic: str | None = None
    booking_text: str | None = None
    booking_date: datetime | None = None
    value_date: datetime | None = None
    is_new: bool | None = None
    bank_reference: str | None = None
    payment_identification_id: str | None = None
    prima_nota: str | None = None
    purpose: str | None = None
    end_to_end_id: str | None = None
    customer_reference: str | None = None
    document: _Document | None = None
    bank_account: _Account | None = None


class _Results(_Model, frozen=True, gc=False):
    transactions: list[_Transaction]
    acknowledgement_id: str


class _Page(_Model, frozen=True, gc=False):
    total_pages: int
    results: _Results


_DECODER = msgspec.json.Decoder(_Page)


async def _fetch(session: aiohttp.ClientSession, url: str, number: int) -> _Page:
    async with session.get(f"{url}/transactions?page-number={number}&page-size=1000") as answer:
        return _DECODER.decode(await answer.read())


async def _log_in(session: aiohttp.ClientSession, url: str) -> None:
    async with session.post(f"{url}/authentication/token", json=LOGIN) as answer:
        session.headers["Authorization"] = f"Bearer {(await answer.json())['accessToken']}"


async def rows(url: str, concurrency: int = 8, only_first: bool = False) -> int:
    """Every row in a plain loop, page by page as they arrive."""
    return await _read(url, concurrency, only_first, look_at_rows=True)


async def pages(url: str, concurrency: int = 8, only_first: bool = False) -> int:
    """The same, with no look at the rows."""
    return await _read(url, concurrency, only_first, look_at_rows=False)


async def held(url: str, concurrency: int = 8, only_first: bool = False) -> int:
    """The same, and each page is kept until the next is there, as in ``async for page in …``."""
    return await _read(url, concurrency, only_first, look_at_rows=False, hold=True)


async def _read(url: str, concurrency: int, only_first: bool, *, look_at_rows: bool, hold: bool = False) -> int:
    count = 0
    last: _Page | None = None

    def consume(page: _Page) -> None:
        nonlocal count, last
        if hold:
            last = page
        if look_at_rows:
            for _transaction in page.results.transactions:
                count += 1
        else:
            count += len(page.results.transactions)

    async with aiohttp.ClientSession() as session:
        await _log_in(session, url)
        first = await _fetch(session, url, 1)
        if only_first:
            return 1
        consume(first)
        numbers = iter(range(2, 1 + first.total_pages))

        async def work() -> None:
            for number in numbers:
                consume(await _fetch(session, url, number))

        await asyncio.gather(*(work() for _ in range(concurrency)))
    return count


async def generator(url: str, concurrency: int = 8, only_first: bool = False) -> int:
    """Every row in order, with the id of its page, out of an async generator: `stream()` without its promises."""
    count = 0
    async with aiohttp.ClientSession() as session:
        await _log_in(session, url)
        async for _transaction, _acknowledgement_id in _stream(session, url, concurrency):
            count += 1
            if only_first:
                break
    return count


async def _stream(
    session: aiohttp.ClientSession, url: str, concurrency: int
) -> AsyncGenerator[tuple[_Transaction, str]]:
    page = await _fetch(session, url, 1)
    numbers = iter(range(2, 1 + page.total_pages))
    tasks: deque[asyncio.Task[_Page]] = deque()
    while True:
        while len(tasks) < concurrency and (number := next(numbers, None)) is not None:
            tasks.append(asyncio.create_task(_fetch(session, url, number)))
        key = page.results.acknowledgement_id
        for transaction in page.results.transactions:
            yield transaction, key
        if not tasks:
            return
        page = await tasks.popleft()
