"""httpx with pydantic models of the same fields: the usual pair for a new async client."""

import asyncio
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

import httpx
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from benchmarks.readers import LOGIN


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)


class _Indicator(StrEnum):
    CRDT = "CRDT"
    DBIT = "DBIT"


class _Account(_Model):
    rid: str | None = Field(alias="rId", default=None)
    iban: str | None = None
    currency: str | None = None


class _Document(_Model):
    rid: str = Field(alias="rId")
    timestamp: date | None = None
    is_new: bool | None = None
    format: str | None = None


class _Transaction(_Model):
    rid: str = Field(alias="rId")
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


class _Results(_Model):
    transactions: list[_Transaction]
    acknowledgement_id: str


class _Page(_Model):
    total_pages: int
    results: _Results


async def rows(url: str, concurrency: int = 8, only_first: bool = False) -> int:
    """Every row, page by page as they arrive."""
    count = 0

    def consume(page: _Page) -> None:
        nonlocal count
        for _transaction in page.results.transactions:
            count += 1

    async with httpx.AsyncClient(timeout=60) as client:
        answer = await client.post(f"{url}/authentication/token", json=LOGIN)
        client.headers["Authorization"] = f"Bearer {answer.json()['accessToken']}"

        async def fetch(number: int) -> _Page:
            answer = await client.get(f"{url}/transactions", params={"page-number": number, "page-size": 1000})
            answer.raise_for_status()
            return _Page.model_validate_json(answer.content)

        first = await fetch(1)
        if only_first:
            return 1
        consume(first)
        numbers = iter(range(2, 1 + first.total_pages))

        async def work() -> None:
            for number in numbers:
                consume(await fetch(number))

        await asyncio.gather(*(work() for _ in range(concurrency)))
    return count
