"""A token's life: one login at a time, renewed before its end, and a clear word when the key is refused."""

import asyncio
from typing import Any

import aiohttp
import pytest

from konfipay_async import Lane, Retry
from konfipay_async.errors import DecodeError, ServerError, UnauthorizedError

LOGIN = "authentication.token"


def logins(sandbox: Any) -> int:
    return int(sandbox.count(LOGIN))


async def call(client: Any) -> int:
    return int((await client.request("GET", "bank-accounts")).status)


# One login


async def test_a_thousand_callers_make_one_login(pair: Any, gate: Any, until: Any) -> None:
    async with (
        # A thousand connections at once would test the machine, not the client.
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=20)) as http,
        pair({"latency": 1.0, "sleep": gate.sleep, "authenticated_limit": 2000}, session=http) as (sandbox, client),
    ):
        callers = [asyncio.create_task(call(client)) for _ in range(1000)]
        await gate.until(1)
        await until(lambda: client.budgets.authenticated.status().granted == 1000)
        gate.open()
        assert set(await asyncio.gather(*callers)) == {200}
        assert logins(sandbox) == 1
        assert client.budgets.public.status().granted == 1


async def test_the_caller_who_began_the_login_is_cancelled(pair: Any, gate: Any, idle: Any) -> None:
    async with pair({"latency": 1.0, "sleep": gate.sleep}) as (sandbox, client):
        callers = [asyncio.create_task(call(client)) for _ in range(10)]
        await gate.until(1)
        for caller in callers[:5]:
            caller.cancel()
        await idle()
        gate.open()
        results = await asyncio.gather(*callers, return_exceptions=True)
        assert [type(result) for result in results[:5]] == [asyncio.CancelledError] * 5
        assert results[5:] == [200] * 5
        assert logins(sandbox) == 1


async def test_all_callers_are_cancelled_and_the_login_serves_the_next(pair: Any, gate: Any) -> None:
    async with pair({"latency": 1.0, "sleep": gate.sleep}) as (sandbox, client):
        caller = asyncio.create_task(call(client))
        await gate.until(1)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        next_caller = asyncio.create_task(call(client))
        gate.open()
        assert await next_caller == 200
        assert logins(sandbox) == 1


async def test_a_login_that_fails_fails_for_all_who_wait_and_once(pair: Any, gate: Any) -> None:
    async with pair({"latency": 1.0, "sleep": gate.sleep}, api_key="wrong") as (sandbox, client):
        callers = [asyncio.create_task(call(client)) for _ in range(10)]
        await gate.until(1)
        gate.open()
        results = await asyncio.gather(*callers, return_exceptions=True)
        assert {type(result) for result in results} == {UnauthorizedError}
        assert logins(sandbox) == 1


# Its end


@pytest.mark.parametrize("lifetime", [0.5, 5, 30, 60, 61])
async def test_a_token_that_lives_shorter_than_the_margin(pair: Any, clock: Any, lifetime: float) -> None:
    async with pair({"token_lifetime": lifetime}) as (sandbox, client):
        for _ in range(5):
            assert await call(client) == 200
        assert logins(sandbox) == 1
        clock.advance(lifetime)
        assert await call(client) == 200
        assert logins(sandbox) == 2
        assert sandbox.count("bank-accounts.list", 401) == 0


async def test_an_expired_token_is_renewed_once_for_all(pair: Any, clock: Any) -> None:
    async with pair() as (sandbox, client):
        await call(client)
        clock.advance(1801)
        assert set(await asyncio.gather(*(call(client) for _ in range(50)))) == {200}
        assert logins(sandbox) == 2
        assert sandbox.count("bank-accounts.list", 401) == 0


async def test_renewal_before_the_end_blocks_nobody(pair: Any, clock: Any, gate: Any, until: Any) -> None:
    gate.is_open = True

    async def hold_logins(seconds: float) -> None:
        if sandbox.requests[-1].route == LOGIN:
            await gate.sleep(seconds)

    async with pair({"latency": 1.0, "sleep": hold_logins}) as (sandbox, client):
        await call(client)
        clock.advance(1700)
        await call(client)
        assert logins(sandbox) == 1
        gate.close()
        clock.advance(50)
        assert await asyncio.gather(*(call(client) for _ in range(5))) == [200] * 5
        await gate.until(1)
        assert await call(client) == 200
        assert logins(sandbox) == 2
        gate.open()
        await until(lambda: sandbox.count(LOGIN, 200) == 2)
        clock.advance(60)  # the first one is dead now
        assert await call(client) == 200
        assert sandbox.count("bank-accounts.list", 401) == 0


async def test_a_renewal_that_fails_leaves_the_token_that_lives(
    pair: Any, clock: Any, until: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "konfipay_async")
    async with pair(retry=Retry(attempts=1)) as (sandbox, client):
        await call(client)
        clock.advance(1750)
        sandbox.add_fault(f"500:{LOGIN}x99")
        for _ in range(10):
            assert await call(client) == 200
        await until(lambda: sandbox.count(LOGIN, 500) == 1)
        await until(lambda: "login failed" in caplog.text)
        for _ in range(10):
            assert await call(client) == 200
        assert sandbox.count(LOGIN, 500) == 1  # not at every call
        clock.advance(60)
        with pytest.raises(ServerError):
            await call(client)
        sandbox.clear_faults()
        assert await call(client) == 200


async def test_no_task_waits_for_the_end(pair: Any) -> None:
    async with pair() as (_, client):
        await call(client)
        assert not [task for task in asyncio.all_tasks() if "konfipay" in task.get_name()]


async def test_a_token_that_was_ended_is_replaced(pair: Any) -> None:
    async with pair() as (sandbox, client):
        await call(client)
        sandbox.end_tokens()
        assert await asyncio.gather(*(call(client) for _ in range(20))) == [200] * 20
        assert logins(sandbox) == 2
        assert all(entry.status in (200, 401) for entry in sandbox.requests)


async def test_a_401_for_an_older_token_costs_no_login(pair: Any, gate: Any, idle: Any) -> None:
    gate.is_open = True
    async with pair({"latency": 1.0, "sleep": gate.sleep}) as (sandbox, client):
        await call(client)
        sandbox.end_tokens()
        gate.close()
        late = [asyncio.create_task(call(client)) for _ in range(2)]
        await gate.until(2)
        gate.release(0)
        await gate.until(3)  # the login
        gate.release(2)
        await gate.until(4)  # the first one again
        gate.release(3)
        await idle()
        gate.open()  # now the second one hears of its old token
        assert await asyncio.gather(*late) == [200, 200]
        assert logins(sandbox) == 2


async def test_closing_revokes_nothing(new_sandbox: Any, new_client: Any, log: Any) -> None:
    async with new_sandbox() as sandbox:
        async with new_client(sandbox) as client:
            await call(client)
        assert len(sandbox.requests) == 2
        assert log.attempts[-1].request.path == "bank-accounts"
    async with new_sandbox() as sandbox:
        async with new_client(sandbox):
            pass
        assert sandbox.requests == []


async def test_closing_during_a_login(pair: Any, gate: Any) -> None:
    async with pair({"latency": 1.0, "sleep": gate.sleep}) as (_, client):
        caller = asyncio.create_task(call(client))
        await gate.until(1)
        await client.close()
        with pytest.raises((RuntimeError, asyncio.CancelledError)) as caught:
            await caller
        # A caller that nobody cancelled must not look cancelled.
        assert not isinstance(caught.value, asyncio.CancelledError)
        gate.open()


# Refused


async def test_a_wrong_key(pair: Any) -> None:
    key = "WrongKey" + "0" * 40
    async with pair(api_key=key) as (sandbox, client):
        for _ in range(2):
            with pytest.raises(UnauthorizedError, match="refuses the API key") as caught:
                await call(client)
            assert key not in str(caught.value)
            assert key not in repr(caught.value)
        assert logins(sandbox) == 2
        assert len(sandbox.requests) == 2


async def test_a_wrong_key_for_a_list(pair: Any) -> None:
    async with pair(api_key="wrong", concurrency=4) as (sandbox, client):
        with pytest.raises(UnauthorizedError, match="refuses the API key"):
            async for _ in client.transactions.drain(10):
                pass
        assert len(sandbox.requests) == 1


async def test_a_fresh_token_that_is_refused(pair: Any) -> None:
    async with pair({"faults": ["401:bank-accounts.listx99"]}) as (sandbox, client):
        with pytest.raises(UnauthorizedError, match="another process"):
            await call(client)
        assert logins(sandbox) == 2
        assert sandbox.count("bank-accounts.list") == 2


async def test_a_401_once_is_survived_by_a_page_of_a_list(pair: Any) -> None:
    async with pair({"transactions": 30, "faults": ["401:transactions.list@2"]}, concurrency=2) as (sandbox, client):
        seen = [row.rid async for row, _ in client.transactions.stream(5)]
        assert seen == sandbox.rids()
        assert logins(sandbox) == 2


async def test_two_clients_that_end_each_others_tokens(new_sandbox: Any, new_client: Any) -> None:
    async with (
        new_sandbox(one_token=True, transactions=100, public_limit=10_000) as sandbox,
        new_client(sandbox, concurrency=1) as one,
        new_client(sandbox, concurrency=1) as other,
    ):

        async def read(client: Any) -> list[str] | UnauthorizedError:
            try:
                return [row.rid async for row, _ in client.transactions.stream(5)]
            except UnauthorizedError as error:
                return error

        for result in await asyncio.gather(read(one), read(other)):
            if isinstance(result, UnauthorizedError):
                assert "another process" in str(result)
            else:
                assert result == sandbox.rids()
        assert all(entry.status in (200, 401) for entry in sandbox.requests)


# The login as a request of its own


@pytest.mark.parametrize(
    "fault", ["500", "502-html", "503-html=2", "reset-before", "reset-after", "truncated", "429=3"]
)
async def test_the_login_recovers(pair: Any, fault: str) -> None:
    name, equals, value = fault.partition("=")
    async with pair({"faults": [f"{name}:{LOGIN}x2{equals}{value}"]}) as (sandbox, client):
        assert await call(client) == 200
        assert logins(sandbox) == 3


@pytest.mark.parametrize("fault", ["html", "garbage"])
async def test_a_login_that_cannot_be_read(pair: Any, fault: str) -> None:
    async with pair({"faults": [f"{fault}:{LOGIN}x9"]}) as (sandbox, client):
        with pytest.raises(DecodeError, match="authentication/token"):
            await call(client)
        assert logins(sandbox) == 2


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"accessToken": ""},
        {"accessToken": "t", "expiresIn": 0},
        {"accessToken": "t", "expiresIn": -5},
        {"accessToken": "t", "expiresIn": "soon"},
        {"accessToken": "two\r\nlines", "expiresIn": 1800},
        [],
    ],
)
async def test_a_login_without_a_token_that_lives(raw_server: Any, new_client: Any, answer: Any) -> None:
    async with raw_server(lambda request: raw_server.reply(200, answer)) as server, new_client(server) as client:
        with pytest.raises(DecodeError):
            await call(client)


@pytest.mark.parametrize(
    "answer", [{"accessToken": "t", "expiresIn": "1800"}, {"accessToken": "t"}, {"accessToken": "t", "new": 1}]
)
async def test_a_login_that_differs_a_little(raw_server: Any, new_client: Any, answer: Any) -> None:
    def serve(request: Any) -> bytes:
        return bytes(raw_server.reply(200, answer if request.path == "authentication/token" else {}))

    async with raw_server(serve) as server, new_client(server) as client:
        assert await call(client) == 200
        assert server.requests[-1].headers["authorization"] == "Bearer t"
        assert "authorization" not in server.requests[0].headers


async def test_logins_draw_from_the_public_budget(pair: Any, log: Any) -> None:
    async with pair() as (_, client):
        await call(client)
        assert client.budgets.public.status().granted == 1
        assert client.budgets.authenticated.status().granted == 1
        assert [one.request.budget for one in log.attempts] == ["public", "authenticated"]
        assert log.attempts[0].request.lane is Lane.SINGLE
