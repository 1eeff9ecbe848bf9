"""Lists: everything in order, fetched ahead and never too far, and arguments that cannot be are refused at once."""

import asyncio
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from konfipay_async import CreditDebitIndicator, Limits
from konfipay_async.errors import ConfigurationError, DecodeError, ServerError

LIST = "transactions.list"


async def read_into(seen: list[str], rows: Any) -> None:
    async for row, _ in rows:
        seen.append(row.rid)


# Content


@pytest.mark.parametrize("concurrency", [1, 2, 8, 64])
@pytest.mark.parametrize("page_size", [1, 3, 10, 29, 30, 31, 1000])
async def test_pages_and_rows_in_order(pair: Any, page_size: int, concurrency: int) -> None:
    async with pair({"transactions": 30}, concurrency=concurrency) as (sandbox, client):
        pages = [page async for page in client.transactions.pages(page_size)]
        assert [rid for page in pages for rid in page.rids] == sandbox.rids()
        assert [page.number for page in pages] == list(range(1, -(-30 // page_size) + 1))
        assert {(page.size, page.total_items, page.total_pages) for page in pages} == {(page_size, 30, len(pages))}
        assert len({page.acknowledgement_id for page in pages}) == len(pages)
        assert sandbox.count(LIST) == len(pages)
        assert {entry.query["page-size"] for entry in sandbox.requests if entry.route == LIST} == {str(page_size)}
        rows = [(row.rid, key) async for row, key in client.transactions.stream(page_size)]
        assert [rid for rid, _ in rows] == sandbox.rids()
        assert len({key for _, key in rows}) == len(pages)
        assert len(sandbox.new_rids()) == 30


async def test_what_a_row_says(pair: Any) -> None:
    for parent in ("document", "transactionFile"):
        async with pair({"transactions": 60, "pending": 20, "parent": parent}) as (sandbox, client):
            async for row, _ in client.transactions.stream(25):
                served = sandbox.transaction(row.rid)
                assert isinstance(row.amount, Decimal)
                assert row.amount == served["amount"]
                assert row.credit_debit_indicator == served["creditDebitIndicator"]
                assert row.signed_amount == (-row.amount if served["creditDebitIndicator"] == "DBIT" else row.amount)
                assert row.booking_date == datetime.fromisoformat(served["bookingDate"])
                assert (row.name, row.iban, row.purpose) == (
                    served.get("name"),
                    served.get("iban"),
                    served.get("purpose"),
                )
                assert row.is_new is True
                assert row.origin.rid == served[parent]["rId"]


@pytest.mark.parametrize("concurrency", [1, 3])
@pytest.mark.parametrize("page_size", [1, 2, 5, 1000])
async def test_bank_accounts(pair: Any, page_size: int, concurrency: int) -> None:
    async with pair({"accounts": 9}, concurrency=concurrency) as (sandbox, client):
        accounts = [account async for account in client.bank_accounts.list(page_size)]
        assert len({account.rid for account in accounts}) == 9
        assert sandbox.count("bank-accounts.list") == -(-9 // page_size)
        pages = [page async for page in client.bank_accounts.pages(page_size)]
        assert [account.rid for page in pages for account in page.items] == [account.rid for account in accounts]
        assert {(page.size, page.total_items) for page in pages} == {(page_size, 9)}
        active = [account.rid async for account in client.bank_accounts.list(page_size, status="active")]
        assert active == [account.rid for account in accounts if account.is_active]
        production = [account async for account in client.bank_accounts.list(bank_account_type="production")]
        assert production == [account for account in accounts if not account.is_test]


@pytest.mark.parametrize("method", ["pages", "stream", "drain"])
async def test_204_is_an_empty_list(pair: Any, method: str) -> None:
    async with pair({"transactions": 0}) as (sandbox, client):
        assert [one async for one in getattr(client.transactions, method)()] == []
        assert [one async for one in client.bank_accounts.list(status="inactive", bank_account_type="production")] == []
        assert sandbox.count(LIST, 204) == 1


async def test_links_are_kept_and_not_followed(pair: Any) -> None:
    async with pair({"transactions": 10}) as (sandbox, client):
        page = await anext(pages := client.transactions.pages(10))
        await pages.aclose()
        (link,) = page.links
        assert (link.rel, link.method) == ("self", "GET")
        assert link.href.startswith(sandbox.base_url)
        assert sandbox.count(LIST) == 1


async def test_a_list_that_grows_while_it_is_read(pair: Any) -> None:
    server = {"transactions": 20, "arrivals_per_request": 1, "arrivals_total": 10}
    async with pair(server, concurrency=1) as (sandbox, client):
        seen = [row.rid async for row, _ in client.transactions.stream(5)]
        assert seen == sandbox.rids()[: len(seen)]
        assert len(seen) >= 20


async def test_an_error_comes_at_the_place_of_its_page(pair: Any) -> None:
    async with pair({"transactions": 50, "faults": [f"500:{LIST}@4x999"]}, concurrency=1) as (sandbox, client):
        seen: list[str] = []
        with pytest.raises(ServerError):
            await read_into(seen, client.transactions.stream(5))
        assert seen == sandbox.rids()[:15]


async def test_a_decode_error_names_the_page(odd_answers: Any, new_client: Any) -> None:
    base = "https://konfipay.example/api/v6"

    def page(number: int, amount: object) -> dict[str, Any]:
        row = {"rId": f"r{number}", "amount": amount, "currency": "EUR", "creditDebitIndicator": "CRDT"}
        return {
            "pageNumber": number,
            "pageSize": 1,
            "totalPages": 2,
            "totalItems": 2,
            "links": [],
            "results": {"acknowledgementId": f"a{number}", "transactions": [row]},
        }

    for number, amount in ((1, 1), (2, None)):
        url = f"{base}/transactions?page-number={number}&page-size=1"
        odd_answers.get(url, payload=page(number, amount), repeat=True)
    async with new_client(base) as client:
        seen: list[str] = []
        with pytest.raises(DecodeError, match=r"transactions\[0\]\.amount.*page 2") as caught:
            await read_into(seen, client.transactions.stream(1))
        assert seen == ["r1"]
        assert caught.value.field.endswith("amount")
        assert b'"r2"' in caught.value.body


# How far ahead


@pytest.mark.parametrize("concurrency", [1, 2, 5])
@pytest.mark.parametrize("method", ["pages", "drain"])
async def test_never_more_requests_than_allowed(pair: Any, gate: Any, idle: Any, method: str, concurrency: int) -> None:
    async with pair({"transactions": 30, "latency": 1.0, "sleep": gate.sleep}, concurrency=concurrency) as (
        sandbox,
        client,
    ):

        async def read() -> list[str]:
            return [rid async for page in getattr(client.transactions, method)(2) for rid in page.rids]

        reading = asyncio.create_task(read())
        for index in range(16):  # the login and the fifteen pages
            await gate.until(index + 1)
            await idle()
            gate.release(index)
        gate.open()
        assert await reading == sandbox.rids()
        assert gate.most == concurrency


async def test_the_next_page_is_asked_for_as_soon_as_one_arrives(pair: Any, gate: Any, idle: Any) -> None:
    async with pair({"transactions": 40, "latency": 1.0, "sleep": gate.sleep}, concurrency=3) as (sandbox, client):

        async def read() -> list[int]:
            return [page.number async for page in client.transactions.pages(2)]

        def asked_for() -> set[int]:
            return {int(entry.query["page-number"]) for entry in sandbox.requests if entry.route == LIST}

        reading = asyncio.create_task(read())
        await gate.until(1)
        gate.release(0)
        await gate.until(2)
        gate.release(1)
        await gate.until(5)
        assert asked_for() == {1, 2, 3, 4}
        held = [int(entry.query["page-number"]) for entry in sandbox.requests if entry.route == LIST][1:]
        gate.release(2 + held.index(3))  # page 2 is still under way
        await gate.until(6)
        assert asked_for() == {1, 2, 3, 4, 5}
        gate.open()
        assert await reading == list(range(1, 21))


async def test_no_page_is_fetched_far_ahead_of_the_reader(pair: Any, idle: Any) -> None:
    async with pair({"transactions": 100}, concurrency=3) as (sandbox, client):
        pages = client.transactions.pages(2)
        assert sandbox.requests == []
        await anext(pages)
        for _ in range(20):
            await idle()
        assert sandbox.count(LIST) <= 1 + 2 * 3
        await pages.aclose()


async def test_bulk_leaves_the_reserve(pair: Any, clock: Any, until: Any) -> None:
    limits = Limits(authenticated=20, reserve=0.2, per_second=100_000)
    async with pair({"transactions": 100}, limits=limits, concurrency=8) as (sandbox, client):
        clock.held = True

        async def read() -> int:
            return len([page async for page in client.transactions.pages(1)])

        reading = asyncio.create_task(read())
        budget = client.budgets.authenticated
        await until(lambda: budget.status().waiting == 8 and not budget.status().in_flight)
        status = budget.status()
        assert (status.left, status.granted, status.limit) == (4, 16, 20)
        clock.advance(10)
        status = budget.status()
        assert status.longest_wait == pytest.approx(10)
        assert 49 < status.next_in < 51
        assert (await client.request("GET", "bank-accounts")).status == 200
        assert sandbox.count(LIST) == 16
        clock.held = False
        clock.advance(51)
        assert await reading == 100
        assert sandbox.over_limit == 0


# Filters


async def test_filters_arrive_by_the_names_of_the_api(pair: Any) -> None:
    async with pair({"transactions": 10}) as (sandbox, client):
        async for _ in client.transactions.pages(
            7,
            is_new=False,
            min_booking_date=date(2022, 1, 3),
            max_booking_date=date(2026, 12, 31),
            booking_status="booked",
            bank_account_rid="8b8f8f9e-0000-4000-8000-000000000000",
            credit_or_debit_indicator=CreditDebitIndicator.CRDT,
            min_amount=Decimal("0.010"),
            max_amount=1_000_000,
            extra={"sort": "a b&c=ü", "archived": True, "days": 3},
        ):
            pass
        assert sandbox.requests[-1].query == {
            "is-new": "false",
            "min-booking-date": "2022-01-03",
            "max-booking-date": "2026-12-31",
            "booking-status": "booked",
            "bank-account-rid": "8b8f8f9e-0000-4000-8000-000000000000",
            "credit-or-debit-indicator": "CRDT",
            "min-amount": "0.010",
            "max-amount": "1000000",
            "sort": "a b&c=ü",
            "archived": "true",
            "days": "3",
            "page-number": "1",
            "page-size": "7",
        }


async def test_none_leaves_a_filter_out(pair: Any) -> None:
    async with pair({"transactions": 1}) as (sandbox, client):
        assert len([1 async for _ in client.transactions.pages(booking_status=None, is_new=None)]) == 1
        assert sandbox.requests[-1].query == {"page-number": "1", "page-size": "1000"}


async def test_filters_select(pair: Any) -> None:
    async with pair({"transactions": 60, "pending": 10}) as (sandbox, client):
        served = {rid: sandbox.transaction(rid) for rid in sandbox.rids()}

        async def rids(**filters: Any) -> list[str]:
            return [row.rid async for row, _ in client.transactions.stream(7, **filters)]

        credit = [rid for rid, row in served.items() if row["creditDebitIndicator"] == "CRDT"]
        assert await rids(credit_or_debit_indicator="CRDT") == credit
        assert await rids(min_amount=Decimal("100")) == [r for r, row in served.items() if row["amount"] >= 100]
        assert await rids(booking_status="pending") == sandbox.rids()[-10:]
        account = served[credit[0]]["bankAccount"]["rId"]
        assert await rids(bank_account_rid=account) == [
            rid for rid, row in served.items() if row["bankAccount"]["rId"] == account
        ]


async def test_other_names(pair: Any) -> None:
    server = {"transactions": 30, "paging_names": ("pageNumber", "pageSize")}
    options = {"paging_names": ("pageNumber", "pageSize"), "filter_names": {"min_amount": "amount-from"}}
    async with pair(server, **options) as (sandbox, client):
        seen = [row.rid async for row, _ in client.transactions.stream(7, min_amount=1)]
        assert seen == sandbox.rids()
        assert sandbox.requests[-1].query == {"amount-from": "1", "pageNumber": "5", "pageSize": "7"}


@pytest.mark.parametrize("page_size", [0, -1, 1001, True, 10.0, "10", None])
async def test_page_sizes_that_cannot_be(pair: Any, page_size: Any) -> None:
    async with pair() as (sandbox, client):
        lists = client.transactions
        for method in (lists.pages, lists.stream, lists.drain, client.bank_accounts.list, client.bank_accounts.pages):
            with pytest.raises(ConfigurationError, match="page_size"):
                method(page_size)
        assert sandbox.requests == []


@pytest.mark.parametrize(
    "filters",
    [
        {"isnew": True},
        {"is_new": "yes"},
        {"is_new": 1},
        {"min_booking_date": "2026-01-01"},
        {"min_booking_date": datetime(2026, 1, 1)},  # noqa: DTZ001
        {"min_amount": 1.5},
        {"min_amount": True},
        {"min_amount": Decimal("NaN")},
        {"max_amount": Decimal("Infinity")},
        {"bank_account_rid": 5},
        {"extra": {"is-new": True}},
        {"extra": {"page-size": 5}},
        {"extra": {"page-number": 5}},
        {"extra": {"ratio": 0.5}},
        {"extra": {"list": [1]}},
        {"extra": {"nothing": None}},
    ],
)
async def test_filters_that_cannot_be(pair: Any, filters: Any) -> None:
    async with pair() as (sandbox, client):
        for method in (client.transactions.pages, client.transactions.stream, client.transactions.drain):
            with pytest.raises(ConfigurationError):
                method(**filters)
        assert sandbox.requests == []


async def test_a_misspelt_filter_is_put_right(pair: Any) -> None:
    async with pair() as (_, client):
        with pytest.raises(ConfigurationError, match="did you mean 'min_booking_date'"):
            client.transactions.pages(min_bookingdate=date(2026, 1, 1))


@pytest.mark.parametrize("concurrency", [0, -1, True, 1.5, "4", None])
def test_concurrencies_that_cannot_be(new_client: Any, concurrency: Any) -> None:
    with pytest.raises(ConfigurationError, match="concurrency"):
        new_client("https://konfipay.example/api/v6", concurrency=concurrency)
