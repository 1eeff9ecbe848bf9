"""The public API as a type checker sees it. Never run: mypy in strict mode reads it.

What must not pass carries the error it must get; under `warn_unused_ignores` an error that no longer comes is one.
"""

from collections.abc import AsyncGenerator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import assert_type

from konfipay_async import (
    Acknowledgement,
    Attempt,
    BankAccount,
    Budgets,
    BudgetStatus,
    CreditDebitIndicator,
    KonfipayClient,
    Lane,
    Limits,
    Page,
    RateLimitedError,
    Recorder,
    RequestBudget,
    Response,
    Retry,
    RetryClass,
    Transaction,
    TransactionPage,
)
from konfipay_async.errors import DecodeError, ErrorItem, OutcomeUnknownError, StatusError
from konfipay_async.models import Balance, BankAccountRef, DocumentRef, Link, TransactionFileRef


async def clients() -> None:
    async with KonfipayClient() as client:
        assert_type(client, KonfipayClient)
    other = KonfipayClient(
        "key",
        base_url="https://portal.konfipay.de/api/v6",
        limits=Limits(authenticated=2000, per_second=20.0),
        retry=Retry(attempts=3),
        routes={"transactions.acknowledge": "POST transactions/acknowledge"},
        filter_names={"is_new": "onlyNew"},
        paging_names=("pageNumber", "pageSize"),
        concurrency=4,
    )
    assert_type(other.budgets, Budgets)
    assert_type(other.budgets.authenticated, RequestBudget)
    assert_type(other.budgets.authenticated.status(), BudgetStatus)
    KonfipayClient(budgets=other.budgets)
    KonfipayClient(concurrency="8")  # type: ignore[arg-type]
    KonfipayClient(paging_names=("page",))  # type: ignore[arg-type]
    KonfipayClient("key", "https://portal.konfipay.de")  # type: ignore[call-arg]
    KonfipayClient(api_token="x")  # type: ignore[call-arg]


async def filters(client: KonfipayClient) -> None:
    client.transactions.pages(
        500,
        is_new=True,
        min_booking_date=date(2025, 1, 1),
        max_booking_date=date(2025, 1, 31),
        booking_status="booked",
        bank_account_rid="522743d3",
        credit_or_debit_indicator=CreditDebitIndicator.CRDT,
        min_amount=Decimal("10.50"),
        max_amount=1000,
        extra={"the-api-s-name": "value"},
    )
    client.transactions.stream(credit_or_debit_indicator="DBIT", min_amount=5)
    client.transactions.drain(page_size=100, booking_status="pending")
    client.transactions.pages(is_new="true")  # type: ignore[arg-type]
    client.transactions.pages(min_amount=10.5)  # type: ignore[arg-type]
    client.transactions.pages(min_amount="10.50")  # type: ignore[arg-type]
    client.transactions.pages(min_booking_date="2025-01-01")  # type: ignore[arg-type]
    client.transactions.pages(booking_status="open")  # type: ignore[arg-type]
    client.transactions.pages(credit_or_debit_indicator="CREDIT")  # type: ignore[arg-type]
    client.transactions.pages(bank_account_rid=5)  # type: ignore[arg-type]
    client.transactions.pages(min_ammount=5)  # type: ignore[call-arg]
    client.transactions.stream(is_new=None)  # leaves it out
    client.transactions.drain(page_number=3)  # type: ignore[call-arg]
    client.transactions.drain(page_size="100")  # type: ignore[arg-type]
    client.bank_accounts.list(status="active", bank_account_type="production")
    client.bank_accounts.list(status=True)  # type: ignore[arg-type]
    client.bank_accounts.list(is_new=True)  # type: ignore[call-arg]


async def iterators(client: KonfipayClient) -> None:
    assert_type(client.transactions.pages(), AsyncGenerator[TransactionPage, None])
    assert_type(client.transactions.drain(), AsyncGenerator[TransactionPage, None])
    assert_type(client.transactions.stream(), AsyncGenerator[tuple[Transaction, str], None])
    assert_type(client.bank_accounts.list(), AsyncGenerator[BankAccount, None])
    assert_type(client.bank_accounts.pages(), AsyncGenerator[Page[BankAccount], None])
    async for page in client.transactions.drain():
        assert_type(page, TransactionPage)
    async for transaction, acknowledgement_id in client.transactions.stream():
        assert_type(transaction, Transaction)
        assert_type(acknowledgement_id, str)
    async for account in client.bank_accounts.list():
        assert_type(account, BankAccount)
    await client.transactions.pages()  # type: ignore[misc]


async def acknowledging(client: KonfipayClient, page: TransactionPage) -> None:
    assert_type(await page.acknowledge(), Acknowledgement)
    assert_type(await client.transactions.acknowledge(page.acknowledgement_id), Acknowledgement)
    if await page.acknowledge() is Acknowledgement.GONE:
        return
    await client.transactions.acknowledge(page)  # type: ignore[arg-type]


def pages(page: TransactionPage, accounts: Page[BankAccount]) -> None:
    assert_type(page.number, int)
    assert_type(page.size, int)
    assert_type(page.total_pages, int)
    assert_type(page.total_items, int)
    assert_type(page.links, list[Link])
    assert_type(page.acknowledgement_id, str)
    assert_type(page.transactions, list[Transaction])
    assert_type(page.rids, list[str])
    assert_type(accounts.items, list[BankAccount])
    assert_type(accounts.number, int)
    page.number = 5  # type: ignore[misc]
    accounts.number = 5  # type: ignore[misc]


def rows(row: Transaction, account: BankAccount) -> None:
    assert_type(row.rid, str)
    assert_type(row.amount, Decimal)
    assert_type(row.signed_amount, Decimal)
    assert_type(row.currency, str)
    assert_type(row.credit_debit_indicator, CreditDebitIndicator)
    assert_type(row.timestamp, datetime | None)
    assert_type(row.booking_date, datetime | None)
    assert_type(row.value_date, datetime | None)
    assert_type(row.name, str | None)
    assert_type(row.is_new, bool | None)
    assert_type(row.electronic_sequence_number, str | None)
    assert_type(row.document, DocumentRef | None)
    assert_type(row.transaction_file, TransactionFileRef | None)
    assert_type(row.origin, DocumentRef | TransactionFileRef | None)
    assert_type(row.bank_account, BankAccountRef | None)
    assert_type(account.balance, Balance | None)
    row.amount = Decimal(1)  # type: ignore[misc]
    _ = row.amount + 1.5  # type: ignore[operator]
    _ = row.iban.lower()  # type: ignore[union-attr]


async def anything_else(client: KonfipayClient) -> None:
    answer = await client.request(
        "POST", "payment-files", json={"a": Decimal("1.50")}, lane=Lane.SINGLE, retry=RetryClass.ONCE, timeout=60
    )
    assert_type(answer, Response)
    assert_type(answer.status, int)
    assert_type(answer.body, bytes)
    assert_type(answer.headers, Mapping[str, str])
    await client.request("GET", "transactions", retry="read")  # type: ignore[arg-type]
    await client.request("GET", "transactions", headers={})  # type: ignore[call-arg]


class MyRecorder:
    def record(self, attempt: Attempt) -> None:
        assert_type(attempt.response, Response | None)
        assert_type(attempt.duration, float)


class NoRecorder:
    def record(self, attempt: str) -> None: ...


def recorders() -> None:
    recorder: Recorder = MyRecorder()
    KonfipayClient(recorder=recorder)
    KonfipayClient(recorder=MyRecorder())
    KonfipayClient(recorder=NoRecorder())  # type: ignore[arg-type]


def errors(status: StatusError, limited: RateLimitedError, decode: DecodeError, unknown: OutcomeUnknownError) -> None:
    assert_type(status.errors, tuple[ErrorItem, ...])
    assert_type(status.codes, tuple[str, ...])
    assert_type(status.request_ids, dict[str, str])
    assert_type(status.body, bytes)
    assert_type(limited.retry_after, float | None)
    assert_type(decode.field, str)
    assert_type(decode.body, bytes)
    assert_type(unknown.sent_at, float)
