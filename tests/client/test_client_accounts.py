"""Bank accounts and how one is deleted, the lists to look things up in, and the rights of a key."""

import asyncio
import json
import logging
from decimal import Decimal
from typing import Any

import pytest

from konfipay_async import OutcomeUnknownError, RetryClass
from konfipay_async.errors import (
    ConfigurationError,
    ConflictError,
    DecodeError,
    DeleteFailedError,
    ForbiddenError,
    LinkRefusedError,
    NotFoundError,
    UnauthorizedError,
    WaitTimeoutError,
)
from konfipay_async.models import AccountHolder, NewBankAccount
from konfipay_async.models.bank_accounts import DeleteStatus
from konfipay_async.sandbox import ApiKey

IBAN = "DE02120300000000202051"


def new(**changes: Any) -> NewBankAccount:
    return NewBankAccount(**{"iban": IBAN, "currency": "EUR", "description": "Zürich"} | changes)


async def rids(client: Any) -> list[str]:
    return [account.rid async for account in client.bank_accounts.list()]


# Accounts


async def test_an_account_is_created_and_changed(pair: Any) -> None:
    async with pair() as (sandbox, client):
        created = await client.bank_accounts.create(new(bic="BYLADEM1001", account_holder=AccountHolder("Alice Mayer")))
        assert (created.iban, created.currency, created.description, created.bic) == (
            IBAN,
            "EUR",
            "Zürich",
            "BYLADEM1001",
        )
        assert (created.is_active, created.is_test) == (True, False)
        assert created.account_holder.name == "Alice Mayer"
        assert await client.bank_accounts.get(created.rid) == created
        assert (await rids(client))[-1] == created.rid

        changed = await client.bank_accounts.update(created.rid, new(description="Basel", is_active=False))
        assert (changed.rid, changed.description, changed.is_active) == (created.rid, "Basel", False)
        # What was not said stays.
        assert (changed.bic, changed.account_holder) == (created.bic, created.account_holder)
        assert await client.bank_accounts.get(created.rid) == changed
        assert (await client.bank_accounts.update(created.rid, new(is_active=True))).is_active is True
        assert sandbox.count("bank-accounts.update", 200) == 2


async def test_balances_are_exact(pair: Any) -> None:
    async with pair() as (_, client):
        accounts = [account async for account in client.bank_accounts.list()]
        balances = [account.balance.amount for account in accounts if account.balance is not None]
        assert balances
        assert all(isinstance(amount, Decimal) for amount in balances)


async def test_the_same_iban_in_another_currency_is_another_account(pair: Any) -> None:
    async with pair() as (_, client):
        first = await client.bank_accounts.create(new())
        second = await client.bank_accounts.create(new(currency="USD"))
        assert first.rid != second.rid
        with pytest.raises(ConflictError):
            await client.bank_accounts.create(new())
        with pytest.raises(ConflictError):
            await client.bank_accounts.update(second.rid, new())
        assert len(await rids(client)) == 6


async def test_how_accounts_go_out(raw_server: Any, new_client: Any) -> None:
    def answer(request: Any) -> bytes:
        if request.path == "authentication/token":
            return raw_server.token()
        return raw_server.reply(200, {"rId": "a-1"})

    async with raw_server(answer) as server, new_client(server) as client:
        await client.bank_accounts.create(new(is_active=False))
        await client.bank_accounts.update("a-1", new(account_holder=AccountHolder("Zoë")))
        created, changed = server.of("bank-accounts")
        documented = {"iban": IBAN, "currency": "EUR", "description": "Zürich"}
        assert (created.method, json.loads(created.body)) == ("POST", documented | {"isActive": False})
        assert (changed.method, json.loads(changed.body)) == (
            "PUT",
            documented | {"rId": "a-1", "accountHolder": {"name": "Zoë"}},
        )


async def test_what_is_not_there(pair: Any) -> None:
    async with pair() as (_, client):
        for call in (
            client.bank_accounts.get("nobody-s"),
            client.bank_accounts.update("nobody-s", new()),
            client.bank_accounts.delete("nobody-s"),
        ):
            with pytest.raises(NotFoundError, match="ERR-01-0001"):
                await call


@pytest.mark.parametrize("rid", ["", "..", "a/b", "../users", "a\\b", "a\x00"])
async def test_what_is_no_id_is_refused_before_anything_is_sent(pair: Any, rid: str) -> None:
    async with pair() as (sandbox, client):
        for call in (
            client.bank_accounts.get,
            lambda rid: client.bank_accounts.update(rid, new()),
            client.bank_accounts.delete,
            client.users.get,
        ):
            with pytest.raises(ConfigurationError, match="rid"):
                await call(rid)
        assert sandbox.requests == []


async def test_an_account_is_created_once(pair: Any) -> None:
    for fault, made in (("reset-after", 5), ("reset-before", 4), ("500", 4), ("truncated", 5)):
        async with pair({"faults": [f"{fault}:bank-accounts.createx9"]}) as (sandbox, client):
            with pytest.raises(OutcomeUnknownError) as caught:
                await client.bank_accounts.create(new())
            assert (caught.value.kind, "bank_accounts.list" in caught.value.look_up) == ("bank_accounts.create", True)
            assert IBAN not in f"{caught.value} {caught.value!r}"
            assert sandbox.count("bank-accounts.create") == 1
            assert len(await rids(client)) == made


async def test_a_change_may_be_repeated(pair: Any, log: Any) -> None:
    async with pair({"faults": ["reset-after:bank-accounts.update", "500:bank-accounts.update@2"]}) as (_, client):
        rid = (await rids(client))[0]
        assert (await client.bank_accounts.update(rid, new())).description == "Zürich"
        assert [one.request.retry for one in log.of("PUT")] == [RetryClass.IDEMPOTENT] * 3


# Deleting


@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize("polls", [0, 1, 2, 7])
async def test_waiting_until_an_account_is_gone(pair: Any, clock: Any, polls: int, relative: bool) -> None:
    async with pair({"delete_polls": polls, "relative_links": relative}) as (sandbox, client):
        rid = (await rids(client))[1]
        operation = await client.bank_accounts.delete(rid)
        assert operation.status.is_finished is (polls == 0)
        assert (rid in await rids(client)) is (polls > 0)
        status = await operation.wait()
        assert (status.status_code, status.status_name) == (3, "Finished")
        assert operation.status is status
        assert rid not in await rids(client)
        assert sandbox.count("delete.status", 200) == polls
        assert clock.slept == pytest.approx([1.0, 1.5, 2.25, 3.375, 5.0625, 7.59375, 11.390625][:polls])
        # The link that the server gave leads by another version's name; it was followed as it is.
        asked = {entry.path for entry in sandbox.requests if entry.route == "delete.status"}
        assert asked == ({f"/api/v6.0/delete/status/{status.rid}"} if polls else set())


async def test_looking_by_oneself(pair: Any) -> None:
    async with pair({"delete_polls": 2}) as (_, client):
        operation = await client.bank_accounts.delete((await rids(client))[0])
        assert (operation.status.status_code, operation.status.is_under_way) == (1, True)
        assert (await operation.refresh()).status_code == 2
        assert (await operation.refresh()).is_finished
        assert (await operation.wait()).is_finished


async def test_a_deletion_that_fails(pair: Any) -> None:
    async with pair({"delete_polls": 1}) as (sandbox, client):
        sandbox.fail_deletions()
        rid = (await rids(client))[0]
        operation = await client.bank_accounts.delete(rid)
        with pytest.raises(DeleteFailedError, match="status 4") as caught:
            await operation.wait()
        assert caught.value.last is operation.status
        assert "could not be deleted" in caught.value.last.details
        assert "could not be deleted" not in str(caught.value)
        assert rid in await rids(client)
        await (await client.bank_accounts.delete(rid)).wait()
        assert rid not in await rids(client)


@pytest.mark.parametrize("timeout", [1, 10.0, 300])
async def test_a_deletion_that_takes_too_long(pair: Any, clock: Any, timeout: float) -> None:
    async with pair({"delete_polls": 1000}) as (_, client):
        operation = await client.bank_accounts.delete((await rids(client))[0])
        began = clock.now
        with pytest.raises(WaitTimeoutError, match=f"within {timeout:g} s") as caught:
            await operation.wait(timeout)
        assert caught.value.last is operation.status
        assert operation.status.is_under_way
        assert clock.now - began == pytest.approx(timeout)
        assert max(clock.slept) <= 30.0


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), "5", True, None])
async def test_timeouts_that_cannot_be(pair: Any, timeout: Any) -> None:
    async with pair() as (sandbox, client):
        operation = await client.bank_accounts.delete((await rids(client))[0])
        with pytest.raises(ConfigurationError, match="timeout"):
            await operation.wait(timeout)
        assert sandbox.count("delete.status") == 0


async def test_waiting_goes_on_over_faults(pair: Any) -> None:
    faults = ["500:delete.status", "401:delete.status@2", "truncated:delete.status@3"]
    async with pair({"delete_polls": 3, "faults": faults}) as (_, client):
        assert (await (await client.bank_accounts.delete((await rids(client))[0])).wait()).is_finished


async def test_an_outage_is_waited_out_and_a_refusal_ends_the_wait(pair: Any) -> None:
    async with pair({"faults": ["500:delete.statusx12", "403:delete.status@13"]}) as (sandbox, client):
        operation = await client.bank_accounts.delete((await rids(client))[0])
        with pytest.raises(ForbiddenError):
            await operation.wait()
        assert sandbox.count("delete.status", 500) == 12
        assert (await operation.wait()).is_finished


async def test_a_deletion_whose_answer_was_lost_is_one(pair: Any) -> None:
    """The repeat finds nothing to delete."""
    async with pair({"faults": ["reset-after:bank-accounts.delete"], "delete_polls": 0}) as (_, client):
        first, *_ = await rids(client)
        assert (await client.bank_accounts.delete(first)).status.is_finished
        assert first not in await rids(client)
        with pytest.raises(NotFoundError):
            await client.bank_accounts.delete(first)


async def test_cancelled_while_it_waits(pair: Any, clock: Any, until: Any) -> None:
    async with pair({"delete_polls": 5}) as (_, client):
        operation = await client.bank_accounts.delete((await rids(client))[0])
        clock.held = True
        waiting = asyncio.create_task(operation.wait())
        await until(lambda: clock.slept)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting


async def test_a_deletion_whose_answer_was_lost_is_asked_for_again(pair: Any) -> None:
    async with pair({"faults": ["reset-after:bank-accounts.delete"]}) as (sandbox, client):
        rid = (await rids(client))[0]
        assert (await (await client.bank_accounts.delete(rid)).wait()).is_finished
        assert sandbox.count("bank-accounts.delete") == 2
        assert len(await rids(client)) == 3


def deleting(raw_server: Any, link: str | None) -> Any:
    """A server whose deletion is followed by this link, and which answers whatever it is asked then."""

    def answer(request: Any) -> bytes:
        if request.path == "authentication/token":
            return raw_server.token()
        status = {"rId": "d-1", "statusCode": 1 if request.method == "DELETE" else 3}
        return raw_server.reply(202, status | ({"operationStatusUrl": link} if link is not None else {}))

    return raw_server(answer)


@pytest.mark.parametrize(
    "link",
    [
        "https://portal.konfipay.de/api/v6.0/delete/status/d-1",
        "http://localhost:{port}/api/v6.0/delete/status/d-1",
        "http://127.0.0.1:{other}/api/v6.0/delete/status/d-1",
        "https://127.0.0.1:{port}/api/v6.0/delete/status/d-1",
        "http://user@127.0.0.1:{port}/api/v6.0/delete/status/d-1",
        "http://127.0.0.1:{port}@other.example/x",
        "ftp://127.0.0.1:{port}/x",
    ],
)
async def test_a_link_to_another_host_is_not_followed(raw_server: Any, new_client: Any, link: str) -> None:
    async with raw_server(lambda request: raw_server.reply(200, {"rId": "d-1", "statusCode": 3})) as elsewhere:
        server = deleting(raw_server, None)
        async with server:
            given = link.format(port=server.port, other=elsewhere.port)
            linked = deleting(raw_server, given)
            server.answer = linked.answer
            async with new_client(server) as client:
                operation = await client.bank_accounts.delete("a-1")
                sent = len(server.requests)
                for call in (operation.refresh, operation.wait):
                    with pytest.raises(LinkRefusedError, match="not followed") as caught:
                        await call()
                    assert "example" not in str(caught.value)
                assert len(server.requests) == sent
                assert elsewhere.requests == []


@pytest.mark.parametrize(
    ("link", "path"),
    [
        (None, "/api/v6/delete/status/d-1"),
        ("http://127.0.0.1:{port}/elsewhere/d-1?x=1", "/elsewhere/d-1?x=1"),
        ("/elsewhere/d-1", "/elsewhere/d-1"),
        ("api/v6.0/delete/status/d-1", "/api/v6.0/delete/status/d-1"),
        ("//other.example/d-1", "/other.example/d-1"),
        ("http://127.0.0.1:{port}/a%2Fb c", "/a%2Fb%20c"),
    ],
)
async def test_a_link_of_the_origin_is_followed_as_it_is(
    raw_server: Any, new_client: Any, link: str | None, path: str
) -> None:
    async with deleting(raw_server, None) as server:
        server.answer = deleting(raw_server, link and link.format(port=server.port)).answer
        async with new_client(server) as client:
            assert (await (await client.bank_accounts.delete("a-1")).wait()).is_finished
            assert server.requests[-1].target == path
            assert server.requests[-1].headers["authorization"] == "Bearer the-token"


async def test_a_status_that_cannot_be_read(raw_server: Any, new_client: Any) -> None:
    def answer(request: Any) -> bytes:
        if request.path == "authentication/token":
            return raw_server.token()
        return raw_server.reply(200, {"rId": "d-1", "statusCode": "Finished"})

    async with raw_server(answer) as server, new_client(server) as client:
        with pytest.raises(DecodeError, match="statusCode"):
            await client.bank_accounts.delete("a-1")


def test_states_nobody_knows_are_failures() -> None:
    assert not DeleteStatus("d-1", 17).is_under_way


# Lists to look things up in

RECORDS = {
    "exchange_rates": "ExchangeRates",
    "accounts": "Accounts",
    "banks": "Banks",
    "payment_providers": "PaymentProviders",
    "users": "Users",
    "user_groups": "UserGroups",
}


@pytest.mark.parametrize("name", RECORDS)
async def test_what_is_only_read(pair: Any, name: str) -> None:
    async with pair(concurrency=2) as (sandbox, client):
        records = getattr(client, name)
        rows = [row async for row in records.list()]
        assert len({row.rid for row in rows}) == len(rows) >= 2
        pages = [page async for page in records.pages(1)]
        assert [row for page in pages for row in page.items] == rows
        assert [page.number for page in pages] == list(range(1, len(rows) + 1))
        for row in rows:
            assert await records.get(row.rid) == row
            # Whatever the server said is there, by its name here or by its name on the wire.
            assert "timestamp" in row.extra
            assert row.name is not None or row.extra.get("rate") is not None
        with pytest.raises(NotFoundError, match="ERR-01-0001"):
            await records.get("nobody-s")
        assert [row async for row in records.list(extra={"country": "DE"})]
        assert sandbox.requests[-1].query["country"] == "DE"


async def test_an_exchange_rate_has_every_digit(pair: Any) -> None:
    async with pair() as (_, client):
        rates = {row.currency: row.extra["rate"] async for row in client.exchange_rates.list()}
        assert str(rates["USD"]) == "1.0830"
        assert isinstance(rates["USD"], Decimal)


async def test_members_of_a_group_are_users(pair: Any) -> None:
    async with pair() as (_, client):
        users = {user.rid: user async for user in client.users.list()}
        async for group in client.user_groups.list():
            for member in group.extra["members"]:
                assert users[member["rId"]].name == member["name"]
        assert all("@" in user.email for user in users.values())


@pytest.mark.parametrize("name", RECORDS)
async def test_a_key_without_the_scope_is_told_which_it_lacks(pair: Any, name: str) -> None:
    others = frozenset(RECORDS.values()) - {RECORDS[name]}
    async with pair({"api_key": ApiKey("other", scopes=others)}) as (_, client):
        records = getattr(client, name)
        for call in (records.get("x"), anext(records.list())):
            with pytest.raises(ForbiddenError, match=f"It is the scope '{RECORDS[name]}' that this needs"):
                await call


async def test_a_key_without_bank_accounts_is_told_so(pair: Any) -> None:
    async with pair({"api_key": ApiKey("other", scopes=frozenset(RECORDS.values()))}) as (sandbox, client):
        for call in (
            anext(client.bank_accounts.list()),
            client.bank_accounts.get("x"),
            client.bank_accounts.create(new()),
            client.bank_accounts.update("x", new()),
            client.bank_accounts.delete("x"),
        ):
            with pytest.raises(ForbiddenError, match="It is the scope 'BankAccounts' that this needs"):
                await call
        assert sandbox.count("bank-accounts.create", 403) == 1


# What a key may do, and its token


async def test_the_scopes_of_a_key(pair: Any) -> None:
    async with pair({"api_key": ApiKey("two", scopes=frozenset({"Payments", "Banks"}))}) as (_, client):
        assert sorted(await client.authentication.scopes()) == ["Banks", "Payments"]
        everything = await client.authentication.all_scopes()
        assert set(RECORDS.values()) < set(everything)
        assert {"Transactions", "Documents", "BankAccounts", "PayPal", "Payments"} < set(everything)


async def test_revoking_without_a_token_sends_nothing(pair: Any) -> None:
    async with pair() as (sandbox, client):
        await client.authentication.revoke()
        assert sandbox.requests == []


async def test_after_revoking_the_next_request_logs_in(pair: Any) -> None:
    async with pair() as (sandbox, client):
        await rids(client)
        await client.authentication.revoke()
        await client.authentication.revoke()
        assert (sandbox.count("authentication.revoke", 204), sandbox.count("authentication.token")) == (1, 1)
        assert len(await rids(client)) == 4
        assert sandbox.count("authentication.token") == 2
        assert sandbox.count("bank-accounts.list", 401) == 0
        await client.authentication.revoke()
        assert sandbox.count("authentication.revoke", 204) == 2


async def test_a_revoked_token_is_dead(pair: Any, log: Any) -> None:
    """And the one after it is not: other requests go on."""
    async with pair() as (sandbox, client):
        await rids(client)
        await asyncio.gather(client.authentication.revoke(), *(rids(client) for _ in range(10)))
        assert len(await rids(client)) == 4
        assert sandbox.count("authentication.revoke", 204) == 1
        assert sandbox.count("authentication.token") <= 2


@pytest.mark.parametrize("fault", ["reset-before", "reset-after", "500", "503-html", "truncated"])
async def test_revoking_is_repeated_until_it_is_known(pair: Any, fault: str) -> None:
    async with pair({"faults": [f"{fault}:authentication.revoke"]}) as (sandbox, client):
        await rids(client)
        await client.authentication.revoke()
        assert sandbox.count("authentication.revoke", 204) >= 1
        before = sandbox.count("authentication.token")
        await rids(client)
        assert sandbox.count("authentication.token") == before + 1


async def test_a_token_that_has_ended_is_not_revoked(pair: Any, clock: Any) -> None:
    async with pair({"token_lifetime": 100.0}) as (sandbox, client):
        await rids(client)
        clock.now += 101.0
        await client.authentication.revoke()
        assert sandbox.count("authentication.revoke") == 0


async def test_revoking_that_is_refused_is_an_error(pair: Any) -> None:
    async with pair() as (sandbox, client):
        await rids(client)
        sandbox.deactivate("main")
        with pytest.raises(UnauthorizedError):
            await client.authentication.revoke()


async def test_closing_revokes_no_token(new_sandbox: Any, new_client: Any) -> None:
    async with new_sandbox() as sandbox:
        async with new_client(sandbox) as client:
            await rids(client)
        assert {entry.route for entry in sandbox.requests} == {"authentication.token", "bank-accounts.list"}


async def test_revoking_by_another_method(pair: Any, log: Any) -> None:
    """The method is inferred: a user can put it right."""
    async with pair(routes={"authentication.revoke": "DELETE authentication/token/revoke"}) as (_, client):
        await rids(client)
        with pytest.raises(NotFoundError, match="no such endpoint"):
            await client.authentication.revoke()
        assert [one.request.path for one in log.of("DELETE")] == ["authentication/token/revoke"]


async def test_no_token_is_in_what_is_logged_of_revoking(pair: Any, log: Any, caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    async with pair() as (sandbox, client):
        await rids(client)
        await client.authentication.revoke()
        text = caplog.text + repr(log.attempts) + repr(client.authentication)
        assert "Bearer " not in text
        assert sandbox.api_key not in text
