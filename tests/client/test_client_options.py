"""Views of a client with other options, and corrections of routes: what they change, and what they leave alone."""

import asyncio
import re
from typing import Any

import pytest

from konfipay_async import KonfipayClient, Lane, Limits, Retry
from konfipay_async.errors import (
    AcknowledgementTooEarlyError,
    ClientStateError,
    ConfigurationError,
    RequestTimeoutError,
    RouteUnknownError,
    ServerError,
)
from konfipay_async.models.bank_accounts import NewBankAccount
from konfipay_async.routes import ROUTES

RESOURCES = [
    "authentication",
    "transactions",
    "transaction_files",
    "documents",
    "bank_accounts",
    "payment_files",
    "payments",
    "paypal",
    "exchange_rates",
    "accounts",
    "banks",
    "payment_providers",
    "users",
    "user_groups",
]


async def accounts_of(client: Any) -> list[str]:
    return [account.rid async for account in client.bank_accounts.list()]


# What a view changes


async def test_another_timeout(pair: Any, log: Any) -> None:
    async with pair(timeouts={"bank_accounts.list": 7.0}) as (_, client):
        view = client.with_options(timeout=3)
        await accounts_of(client)
        await accounts_of(view)
        await view.users.get((await anext(client.users.list())).rid)
        await accounts_of(client)
        timeouts = [one.request.timeout for one in log.attempts if one.request.path != "authentication/token"]
        assert timeouts == [7.0, 3.0, 60.0, 3.0, 7.0]


async def test_a_timeout_of_a_view_is_one(pair: Any, gate: Any) -> None:
    gate.is_open = True
    async with pair({"latency": 1.0, "sleep": gate.sleep}) as (_, client):
        await accounts_of(client)
        gate.close()
        view = client.with_options(timeout=1.0, retry=Retry(attempts=1))
        with pytest.raises(RequestTimeoutError, match=r"within 1 s"):
            await accounts_of(view)
        patient = asyncio.create_task(accounts_of(client))
        await gate.until(2)
        gate.open()
        assert len(await patient) == 4


async def test_another_retry(pair: Any) -> None:
    async with pair({"faults": ["500:bank-accounts.listx1000"]}) as (sandbox, client):
        for view, attempts in (
            (client, 5),
            (client.with_options(retry=Retry(attempts=1)), 1),
            (client.with_options(retry=Retry(attempts=3)), 3),
            (client, 5),
        ):
            before = sandbox.count("bank-accounts.list")
            with pytest.raises(ServerError):
                await accounts_of(view)
            assert sandbox.count("bank-accounts.list") - before == attempts


async def test_another_lane(pair: Any, log: Any) -> None:
    async with pair({"transactions": 10}) as (_, client):
        eager, patient = client.with_options(lane=Lane.SINGLE), client.with_options(lane=Lane.BULK)
        for view in (client, eager, patient):
            async for page in view.transactions.pages(10):
                await page.acknowledge()
            await view.authentication.scopes()
        lanes = [one.request.lane for one in log.attempts if one.request.path != "authentication/token"]
        assert lanes == [Lane.BULK, Lane.ACKNOWLEDGE, Lane.SINGLE] + [Lane.SINGLE] * 3 + [Lane.BULK] * 3


async def test_a_list_in_the_single_lane_may_take_the_reserve(pair: Any, clock: Any, until: Any) -> None:
    clock.held = True
    limits = Limits(authenticated=10, reserve=0.5, per_second=100_000)
    async with pair({"accounts": 100}, limits=limits, concurrency=1) as (sandbox, client):

        async def read(view: Any) -> int:
            return len([account async for account in view.transactions.pages(100)])

        bulk = asyncio.create_task(read(client))
        await until(lambda: sandbox.count("transactions.list", 200) == 5)
        for _ in range(200):
            await asyncio.sleep(0)
        assert sandbox.count("transactions.list") == 5
        single = asyncio.create_task(read(client.with_options(lane=Lane.SINGLE)))
        await until(lambda: sandbox.count("transactions.list", 200) == 10)
        for task in (bulk, single):
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task


async def test_options_hold_for_plain_requests_too(pair: Any, log: Any) -> None:
    async with pair({"faults": ["500:bank-accounts.list@3x9"]}) as (sandbox, client):
        view = client.with_options(timeout=4.5, lane=Lane.BULK, retry=Retry(attempts=2))
        await view.request("GET", "bank-accounts")
        await view.request("GET", "bank-accounts", timeout=9, lane=Lane.ACKNOWLEDGE)
        with pytest.raises(ServerError):
            await view.request("GET", "bank-accounts")
        seen = [(one.request.timeout, one.request.lane) for one in log.of("GET")]
        assert seen == [(4.5, Lane.BULK), (9.0, Lane.ACKNOWLEDGE), (4.5, Lane.BULK), (4.5, Lane.BULK)]
        sandbox.clear_faults()
        await client.request("GET", "bank-accounts")
        assert (log.attempts[-1].request.timeout, log.attempts[-1].request.lane) == (60.0, Lane.SINGLE)


async def test_views_of_views_add_up(pair: Any, log: Any) -> None:
    async with pair() as (_, client):
        view = client.with_options(timeout=3).with_options(lane=Lane.BULK).with_options(retry=Retry(attempts=1))
        await accounts_of(view)
        await accounts_of(view.with_options(timeout=4))
        await accounts_of(view.with_options())
        seen = [(one.request.timeout, one.request.lane) for one in log.of("GET")]
        assert seen == [(3.0, Lane.BULK), (4.0, Lane.BULK), (3.0, Lane.BULK)]


async def test_the_login_stays_as_it_is(pair: Any, log: Any) -> None:
    async with pair() as (_, client):
        await accounts_of(client.with_options(timeout=3, lane=Lane.BULK, retry=Retry(attempts=1)))
        (login,) = log.of("POST", "authentication/token")
        assert (login.request.timeout, login.request.budget, login.request.lane) == (30.0, "public", Lane.SINGLE)


@pytest.mark.parametrize("name", RESOURCES)
async def test_every_resource_of_a_view_is_its_own(pair: Any, name: str) -> None:
    async with pair() as (_, client):
        before = getattr(client, name)
        view = client.with_options(timeout=3)
        assert getattr(view, name) is not before
        assert getattr(client, name) is before
        assert getattr(view, name) is getattr(view, name)


def test_there_are_no_other_resources() -> None:
    """So that the test above looks at each of them."""
    from functools import cached_property

    there = {name for name, value in vars(KonfipayClient).items() if isinstance(value, cached_property)}
    assert there == set(RESOURCES)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"timeout": 0}, "timeout=0"),
        ({"timeout": -1}, "above 0"),
        ({"timeout": float("nan")}, "above 0"),
        ({"timeout": float("inf")}, "above 0"),
        ({"timeout": "3"}, "give seconds"),
        ({"timeout": True}, "give seconds"),
        ({"retry": 3}, "give a Retry"),
        ({"retry": {"attempts": 3}}, "give a Retry"),
        ({"lane": 1}, "give a Lane"),
        ({"lane": "bulk"}, "give a Lane"),
    ],
    ids=str,
)
def test_options_that_cannot_be(options: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        KonfipayClient("AKeyForTestsOnly").with_options(**options)


# What a view shares


async def test_one_login_and_one_budget_for_all(pair: Any) -> None:
    async with pair() as (sandbox, client):
        views = [client.with_options(timeout=number) for number in range(1, 11)]
        await asyncio.gather(*(accounts_of(view) for view in [client, *views]))
        assert sandbox.count("authentication.token") == 1
        assert all(view.budgets is client.budgets for view in views)
        assert client.budgets.authenticated.status().granted == 11


async def test_views_together_stay_within_the_limit(pair: Any, clock: Any) -> None:
    server = {"authenticated_limit": 20, "period": 60.0}
    async with pair(server, limits=Limits(authenticated=20, per_second=100_000)) as (sandbox, client):
        views = [client, client.with_options(timeout=5), client.with_options(lane=Lane.ACKNOWLEDGE)]
        await asyncio.gather(*(accounts_of(view) for view in views * 15))
        assert sandbox.count("bank-accounts.list", 200) == 45
        assert sandbox.over_limit == 0
        assert sandbox.peak("authenticated") <= 20


async def test_a_token_revoked_by_a_view_is_nobodys(pair: Any) -> None:
    async with pair() as (sandbox, client):
        await accounts_of(client)
        await client.with_options(timeout=3).authentication.revoke()
        await accounts_of(client)
        assert sandbox.count("authentication.token") == 2
        assert sandbox.count("bank-accounts.list", 401) == 0


async def test_acknowledging_through_a_view_does_not_shift_a_list_that_is_read(pair: Any) -> None:
    async with pair({"transactions": 60, "transaction_files": 20}, concurrency=2) as (sandbox, client):
        view = client.with_options(lane=Lane.SINGLE)
        seen: list[str] = []
        async for page in client.transactions.drain(7):
            seen += page.rids
            await view.transactions.acknowledge(page.acknowledgement_id)
        assert seen == sandbox.rids()
        files: list[str] = []
        async for file in view.transaction_files.drain(3):
            files.append(file.rid)
            await client.transaction_files.acknowledge(file.rid)
        assert files == sandbox.files.rids()
        assert sandbox.new_rids() == sandbox.files.new_rids() == []


async def test_a_view_does_not_acknowledge_too_early_either(pair: Any) -> None:
    async with pair({"transactions": 10}) as (sandbox, client):
        rows = client.transactions.stream(5)
        _, key = await anext(rows)
        with pytest.raises(AcknowledgementTooEarlyError):
            await client.with_options(timeout=3).transactions.acknowledge(key)
        await rows.aclose()
        assert len(sandbox.new_rids()) == 10


async def test_what_a_view_learns_of_paging_holds_for_all(pair: Any) -> None:
    async with pair({"accounts": 9, "paging_names": ("pageNumber", "pageSize")}) as (sandbox, client):
        rows = [account async for account in client.with_options(timeout=3).bank_accounts.list(2)]
        assert len(rows) == 9
        sandbox.requests.clear()
        assert len([account async for account in client.bank_accounts.list(2)]) == 9
        assert {tuple(sorted(entry.query)) for entry in sandbox.requests} == {("pageNumber", "pageSize")}


async def test_a_view_lives_as_long_as_its_client(new_sandbox: Any, new_client: Any) -> None:
    async with new_sandbox() as sandbox:
        client = new_client(sandbox)
        view = client.with_options(timeout=3)
        with pytest.raises(ClientStateError):
            await accounts_of(view)
        async with client:
            assert len(await accounts_of(view)) == 4
            with pytest.raises(ClientStateError):
                await view.open()
        with pytest.raises(ClientStateError):
            await accounts_of(view)


async def test_settings_stay_the_clients(pair: Any) -> None:
    settings = {"filter_names": {"status": "state"}, "routes": {"users.list": "GET members"}}
    async with pair(**settings) as (sandbox, client):
        view = client.with_options(timeout=3)
        assert view.base_url == client.base_url
        assert view.routes is client.routes
        assert repr(view) == repr(client)
        assert [one async for one in view.bank_accounts.list(status="active")]
        assert "state" in sandbox.requests[-1].query
        with pytest.raises(RouteUnknownError):
            await anext(view.users.list())
        assert sandbox.requests[-1].path == "/api/v6/members"


# Corrections of routes

WITH_AN_ID = sorted(name for name, route in ROUTES.items() if "{rid}" in route.path)


@pytest.mark.parametrize("name", WITH_AN_ID)
def test_a_correction_without_the_id_is_refused(name: str) -> None:
    method = ROUTES[name].method
    with pytest.raises(ConfigurationError, match=r"without \{rid\} it would be another endpoint"):
        KonfipayClient("AKeyForTestsOnly", routes={name: f"{method} somewhere/else"})
    with pytest.raises(ConfigurationError, match=r"\{id\} is not known here; what may stand in braces is \{rid\}"):
        KonfipayClient("AKeyForTestsOnly", routes={name: f"{method} somewhere/{{rid}}/{{id}}"})
    client = KonfipayClient("AKeyForTestsOnly", routes={name: f"{method} {{rid}}/elsewhere"})
    assert client.routes[name].fill(rid="a?b") == "a%3Fb/elsewhere"
    assert client.routes[name].scope == ROUTES[name].scope


@pytest.mark.parametrize("name", sorted(set(ROUTES) - set(WITH_AN_ID) - {"transactions.acknowledge"}))
def test_a_correction_with_an_id_that_nobody_fills_in_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"\{rid\} is not known here; what may stand in braces is nothing"):
        KonfipayClient("AKeyForTestsOnly", routes={name: f"{ROUTES[name].method} somewhere/{{rid}}"})


async def test_a_corrected_route_is_used_with_all_else_as_it_was(pair: Any, log: Any) -> None:
    routes = {
        "documents.get": "GET files/{rid}/info",
        "documents.acknowledge": "PUT files/{rid}",
        "bank_accounts.create": "PUT accounts",
    }
    async with pair(routes=routes, timeouts={"documents.get": 5.0}) as (_, client):
        for call in (
            client.documents.get("d-1"),
            client.documents.acknowledge("d-1"),
            client.bank_accounts.create(NewBankAccount("DE02120300000000202051", "EUR")),
        ):
            with pytest.raises(RouteUnknownError, match=r"routes=\{…\}"):
                await call
        seen = [(one.request.method, one.request.path) for one in log.attempts if "token" not in one.request.path]
        assert seen == [("GET", "files/d-1/info"), ("PUT", "files/d-1"), ("PUT", "accounts")]
        requests = {one.request.path: one.request for one in log.attempts}
        assert requests["files/d-1/info"].timeout == 5.0
        assert requests["files/d-1"].lane is Lane.ACKNOWLEDGE
        assert requests["accounts"].retry is ROUTES["bank_accounts.create"].retry
