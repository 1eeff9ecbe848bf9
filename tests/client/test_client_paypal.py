"""PayPal: accounts whose secret goes in and never comes out, and transactions (their list: test_client_rows)."""

import json
import logging
import pickle
import traceback
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from konfipay_async import OutcomeUnknownError, RetryClass
from konfipay_async.errors import BadRequestError, ConfigurationError, ForbiddenError, KonfipayError, NotFoundError
from konfipay_async.ledger import Ledger
from konfipay_async.models import NewPayPalAccount
from konfipay_async.sandbox import ApiKey

SECRET = "CanarySecret" + "5" * 40
START = datetime(2025, 1, 18, 8, 53, 51, tzinfo=timezone(timedelta(hours=1)))


def account(**changes: Any) -> NewPayPalAccount:
    return NewPayPalAccount(
        **{"description": "Shop Zürich", "client_id": "client-1", "client_secret": SECRET} | changes
    )


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    for name in ("", "konfipay_async", "aiohttp", "asyncio"):
        caplog.set_level(logging.DEBUG, name or None)
    return caplog


# Accounts


async def test_accounts_in_pages_and_rows(pair: Any) -> None:
    async with pair({"paypal_accounts": 5}) as (sandbox, client):
        accounts = [one async for one in client.paypal.accounts.list(2)]
        assert [one.description for one in accounts] == [f"PayPal Shop {number}" for number in range(1, 6)]
        assert sandbox.count("paypal.accounts.list") == 3
        pages = [page async for page in client.paypal.accounts.pages(2)]
        assert [one for page in pages for one in page.items] == accounts
        assert [page.number for page in pages] == [1, 2, 3]
        for one in accounts:
            assert await client.paypal.accounts.get(one.rid) == one
        assert accounts[0].start_fetch_date.utcoffset() is not None
        with pytest.raises(NotFoundError, match="ERR-01-0001"):
            await client.paypal.accounts.get("nobody-s")


async def test_an_account_is_created(pair: Any) -> None:
    async with pair() as (sandbox, client):
        created = await client.paypal.accounts.create(account(start_fetch_date=START, is_sandbox=True))
        assert (created.description, created.client_id, created.is_active, created.is_sandbox) == (
            "Shop Zürich",
            "client-1",
            True,
            True,
        )
        assert created.start_fetch_date == START
        assert await client.paypal.accounts.get(created.rid) == created
        assert (await client.paypal.accounts.create(account(is_active=False))).is_sandbox is False
        assert sandbox.count("paypal.accounts.create", 201) == 2


async def test_an_account_is_changed(pair: Any) -> None:
    async with pair() as (_, client):
        before = await anext(accounts := client.paypal.accounts.list())
        await accounts.aclose()
        changed = await client.paypal.accounts.update(before.rid, account(is_active=False))
        assert (changed.rid, changed.description, changed.is_active) == (before.rid, "Shop Zürich", False)
        # What was not said stays.
        assert (changed.is_sandbox, changed.start_fetch_date) == (before.is_sandbox, before.start_fetch_date)
        with pytest.raises(NotFoundError):
            await client.paypal.accounts.update("nobody-s", account())


async def test_how_accounts_go_out(raw_server: Any, new_client: Any) -> None:
    def answer(request: Any) -> bytes:
        if request.path == "authentication/token":
            return raw_server.token()
        return raw_server.reply(200, {"rId": "p-1"})

    async with raw_server(answer) as server, new_client(server) as client:
        await client.paypal.accounts.create(account(start_fetch_date=START))
        await client.paypal.accounts.update("p-1", account(is_sandbox=True))
        created, changed = server.of("paypal/accounts")
        documented = {"description": "Shop Zürich", "clientId": "client-1", "clientSecret": SECRET}
        assert (created.method, changed.method) == ("POST", "PUT")
        assert json.loads(created.body) == documented | {"startFetchDate": "2025-01-18T08:53:51+01:00"}
        assert json.loads(changed.body) == documented | {"rId": "p-1", "isSandbox": True}
        for request in (created, changed):
            assert request.headers["content-type"] == "application/json"
            assert SECRET not in request.target
            assert SECRET not in str(request.headers)


@pytest.mark.parametrize("rid", ["", "..", "a/b", "../accounts"])
async def test_what_is_no_id_is_refused_before_anything_is_sent(pair: Any, rid: str) -> None:
    async with pair() as (sandbox, client):
        for call in (client.paypal.accounts.get, lambda rid: client.paypal.accounts.update(rid, account())):
            with pytest.raises(ConfigurationError, match="rid"):
                await call(rid)
        assert sandbox.requests == []


async def test_a_time_without_an_offset_is_refused_before_anything_is_sent(pair: Any) -> None:
    naive = account(start_fetch_date=datetime(2025, 1, 18))  # noqa: DTZ001
    async with pair() as (sandbox, client):
        for call in (client.paypal.accounts.create, lambda naive: client.paypal.accounts.update("p-1", naive)):
            with pytest.raises(ConfigurationError, match="start_fetch_date has no offset") as caught:
                await call(naive)
            assert SECRET not in str(caught.value)
        assert sandbox.requests == []


async def test_an_account_is_created_once(pair: Any) -> None:
    for fault, made in (("reset-after", 3), ("reset-before", 2), ("500", 2)):
        async with pair({"faults": [f"{fault}:paypal.accounts.createx9"]}) as (sandbox, client):
            with pytest.raises(OutcomeUnknownError) as caught:
                await client.paypal.accounts.create(account())
            assert caught.value.kind == "paypal.accounts.create"
            assert sandbox.count("paypal.accounts.create") == 1
            assert len([one async for one in client.paypal.accounts.list()]) == made


async def test_a_change_may_be_repeated(pair: Any, log: Any) -> None:
    async with pair({"faults": ["reset-after:paypal.accounts.update", "500:paypal.accounts.update@2"]}) as (_, client):
        first = await anext(accounts := client.paypal.accounts.list())
        await accounts.aclose()
        assert (await client.paypal.accounts.update(first.rid, account())).description == "Shop Zürich"
        assert [one.request.retry for one in log.of("PUT")] == [RetryClass.IDEMPOTENT] * 3


# The secret


def shown(*values: object) -> str:
    texts = []
    for value in values:
        texts += [str(value), repr(value), f"{value}"]
        if isinstance(value, BaseException):
            texts += [repr(value.args), "".join(traceback.format_exception(value)), repr(pickle.dumps(value))]
    return "\n".join(texts)


@pytest.mark.parametrize(
    "fault", ["400-xml", "401", "403", "429=3", "500", "502-html", "garbage", "html", "reset-after", "unknown-route"]
)
@pytest.mark.parametrize("change", [False, True])
async def test_the_secret_is_in_nothing_that_is_shown(
    pair: Any, log: Any, everything_logged: Any, fault: str, change: bool
) -> None:
    name, equals, value = fault.partition("=")
    route = f"paypal.accounts.{'update' if change else 'create'}"
    async with pair({"faults": [f"{name}:{route}x1{equals}{value}"]}) as (sandbox, client):
        first = await anext(accounts := client.paypal.accounts.list())
        await accounts.aclose()
        given = account()
        answers: list[object] = []
        try:
            call = client.paypal.accounts.update(first.rid, given) if change else client.paypal.accounts.create(given)
            answers.append(await call)
        except KonfipayError as error:
            answers += [error, error.__cause__, error.__context__]
        answers += [given, client, log.attempts, sandbox.requests]
        assert SECRET not in shown(*answers) + everything_logged.text


async def test_an_error_that_repeats_the_secret_does_not_show_it(
    raw_server: Any, new_client: Any, everything_logged: Any
) -> None:
    body = {"errors": [{"errorCode": "ERR-00-0000", "errorMessage": SECRET, "errorDetails": f"not possible: {SECRET}"}]}

    def answer(request: Any) -> bytes:
        return raw_server.token() if request.path == "authentication/token" else raw_server.reply(400, body)

    async with raw_server(answer) as server, new_client(server) as client:
        with pytest.raises(BadRequestError) as caught:
            await client.paypal.accounts.create(account())
        assert SECRET not in shown(caught.value, *caught.value.errors) + everything_logged.text
        assert SECRET.encode() in caught.value.body  # as data it is there


async def test_an_answer_that_holds_the_secret_after_all_is_read_without_it(raw_server: Any, new_client: Any) -> None:
    def answer(request: Any) -> bytes:
        if request.path == "authentication/token":
            return raw_server.token()
        return raw_server.reply(201, {"rId": "p-1", "clientSecret": SECRET})

    async with raw_server(answer) as server, new_client(server) as client:
        assert SECRET not in shown(await client.paypal.accounts.create(account()))


async def test_the_secret_is_not_in_a_ledger(pair: Any, tmp_path: Any) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        async with pair(ledger=ledger) as (_, client):
            await client.paypal.accounts.create(account())
    files = [path for path in tmp_path.iterdir() if path.is_file()]
    assert files
    for path in files:
        assert SECRET.encode() not in path.read_bytes()


# Transactions


async def test_what_a_transaction_says(pair: Any) -> None:
    async with pair({"paypal_transactions": 10}) as (_, client):
        accounts = {one.rid: one async for one in client.paypal.accounts.list()}
        async for row in client.paypal.transactions.list():
            assert isinstance(row.amount, Decimal)
            assert isinstance(row.fee, Decimal)
            assert row.amount > 0 > row.fee
            assert row.timestamp.utcoffset() is not None
            assert len(row.transaction_id) <= 19
            assert accounts[row.account.rid].description == row.account.description
            assert row.status in ("Completed", "Pending")
            # Names that are no more than likely are kept as they came.
            assert {"email", "subject", "invoiceId"} <= row.extra.keys()
            assert not {"rId", "amount", "payPalAccount"} & row.extra.keys()


async def test_transactions_of_one_account(pair: Any) -> None:
    async with pair({"paypal_transactions": 10}) as (_, client):
        first = await anext(accounts := client.paypal.accounts.list())
        await accounts.aclose()
        every = [row async for row in client.paypal.transactions.list()]
        found = [row async for row in client.paypal.transactions.list(paypal_account_rid=first.rid)]
        assert found == [row for row in every if row.account.rid == first.rid]
        assert 0 < len(found) < len(every)


async def test_konfipay_asks_paypal_first_where_it_is_told_to(pair: Any) -> None:
    async with pair({"paypal_transactions": 10}) as (sandbox, client):
        pending = next(
            row for row in [row async for row in client.paypal.transactions.list()] if row.status == "Pending"
        )
        assert (await client.paypal.transactions.get(pending.rid)).status == "Pending"
        assert sandbox.requests[-1].query == {}
        updated = await client.paypal.transactions.get(pending.rid, force_update=True)
        assert sandbox.requests[-1].query == {"force-update": "true"}
        assert updated.status == "Completed"
        assert updated.timestamp > pending.timestamp
        assert updated.timestamp < datetime.now(UTC) + timedelta(hours=1)


async def test_a_key_without_the_scope_is_told_which_it_lacks(pair: Any) -> None:
    key = ApiKey("other", scopes=frozenset({"Transactions", "Payments"}))
    async with pair({"api_key": key}) as (_, client):
        for call in (
            client.paypal.accounts.get("x"),
            client.paypal.accounts.create(account()),
            client.paypal.accounts.update("x", account()),
            client.paypal.transactions.get("x", force_update=True),
            anext(client.paypal.accounts.list()),
        ):
            with pytest.raises(ForbiddenError, match="It is the scope 'PayPal' that this needs"):
                await call
