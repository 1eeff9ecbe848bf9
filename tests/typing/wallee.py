"""The signed API as a type checker sees it. Never run: mypy in strict mode reads it."""

from collections.abc import AsyncGenerator
from decimal import Decimal
from typing import assert_type

from konfipay_async.session.budget import Budgets, Limits
from konfipay_async.session.message import Response
from konfipay_async.wallee import BulkResult, Q, Record, Transaction, WalleeClient
from konfipay_async.wallee.models import Customer, Refund, SubmittedAnalyticsQueryExecution, TransactionState


async def clients() -> None:
    async with WalleeClient(space=405) as client:
        assert_type(client, WalleeClient)
        assert_type(client.budgets, Budgets)
        assert_type(client.with_options(space=406, timeout=5), WalleeClient)
    WalleeClient(512, "key", base_url="https://checkout.postfinance.ch/api/v2.0", limits="ask")
    WalleeClient("512", limits=Limits(authenticated=100, period=120.0), concurrency=4)
    WalleeClient(limits=1000)
    WalleeClient(512, "key", "https://app-wallee.com")  # type: ignore[call-arg]
    WalleeClient(limits="none")  # type: ignore[arg-type]
    WalleeClient(spaces=3)  # type: ignore[call-arg]


async def rows(client: WalleeClient) -> None:
    transactions = client.payment.transactions
    assert_type(transactions.list(limit=50, order="DESC", after=7), AsyncGenerator[Transaction])
    assert_type(transactions.search(query=Q.state == "PENDING", order=["created_on"]), AsyncGenerator[Transaction])
    assert_type(transactions.export(query="state:FAILED", fields=["id"]), AsyncGenerator[bytes])
    async for row in transactions.search(max_items=3):
        assert_type(row.id, int)
        assert_type(row.state, TransactionState | None)
        assert_type(row.completed_amount, Decimal | None)
    assert_type(client.accounts.list(), AsyncGenerator[Record])
    assert_type(client.countries.list(), AsyncGenerator[Record])
    transactions.list(limit="50")  # type: ignore[arg-type]
    transactions.list(query="state:FAILED")  # type: ignore[call-arg]
    transactions.lst()  # type: ignore[attr-defined]
    client.payments  # type: ignore[attr-defined]  # noqa: B018


async def one(client: WalleeClient) -> None:
    assert_type(await client.payment.transactions.get(7, expand=["group"]), Transaction)
    assert_type(await client.payment.refunds.create({"external_id": "r-1"}), Refund)
    assert_type(await client.customers.update(7, {"version": 1}), Customer)
    assert_type(await client.customers.update_with(7, lambda it: {"given_name": it.given_name}), Customer)
    assert_type(await client.customers.delete(7), None)
    assert_type(await client.customers.bulk.create([{"given_name": "Jane"}]), list[BulkResult])
    assert_type(await client.customers.email_addresses(7), list[Record])
    assert_type(await client.payment.transactions.credentials(7), str | None)
    assert_type(await client.web_apps.installed(), bool)
    assert_type(await client.analytics.queries.wait(query_token="t"), SubmittedAnalyticsQueryExecution)
    assert_type(client.analytics.queries.download(query_token="t"), AsyncGenerator[bytes])
    assert_type(await client.request("GET", "payment/terminals/1/refresh"), Response)
    await client.payment.terminals.link(7)  # type: ignore[call-arg]
    await client.payment.terminals.link(7, serial_number="12")
    await client.payment.transactions.get([7])  # type: ignore[arg-type]
