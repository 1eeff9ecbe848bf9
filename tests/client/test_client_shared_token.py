"""One login for all processes, through a real Redis. A login or a client of its own stands for a process."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from konfipay_async import KonfipayClient, Limits
from konfipay_async.errors import ConnectionLostError, UnauthorizedError
from konfipay_async.sandbox import Sandbox
from konfipay_async.session import shared_token
from konfipay_async.session.bearer import Token
from konfipay_async.session.clock import SystemClock
from konfipay_async.session.shared_link import Link
from konfipay_async.session.shared_token import SharedLogin

LOGIN = "authentication.token"


class Logins:
    """A server's logins: each token is another one."""

    def __init__(self) -> None:
        self.count = 0
        self.lifetime = 100.0
        self.duration = 0.0
        self.error: Exception | None = None
        self.begun = asyncio.Event()

    async def __call__(self) -> Token:
        self.count += 1
        self.begun.set()
        value = f"token {self.count}"
        await asyncio.sleep(self.duration)
        if self.error is not None:
            raise self.error
        return Token(value, self.lifetime)


@pytest.fixture
def logins() -> Logins:
    return Logins()


@pytest.fixture
async def process(redis_server: Any, logins: Logins) -> AsyncIterator[Callable[..., SharedLogin]]:
    """``process()``: the login of one more process, with the same key."""
    made: list[SharedLogin] = []

    def make(api_key: str = "a key", **arguments: Any) -> SharedLogin:
        clock = SystemClock()
        link = Link(redis_server.url, clock=clock, meanwhile="this is a test")
        made.append(SharedLogin(logins, link=link, origin="there", api_key=api_key, clock=clock, **arguments))
        return made[-1]

    yield make
    await asyncio.gather(*(login.close() for login in made))


def token_key(redis_server: Any) -> str:
    (key,) = redis_server.ask("KEYS", "*:token")
    return str(key.decode())


async def test_many_processes_and_one_login(process: Any, logins: Logins, redis_server: Any) -> None:
    logins.duration = 0.1
    tokens = await asyncio.gather(*(process()() for _ in range(20)))
    assert {token.value for token in tokens} == {"token 1"}
    assert all(90 < token.lifetime <= 100 for token in tokens)
    assert logins.count == 1
    assert redis_server.ask("KEYS", "*:login") == []


async def test_a_token_is_kept_until_its_margin_before_its_end(process: Any, logins: Logins, redis_server: Any) -> None:
    logins.lifetime = 1000.0
    await process(margin=60.0)()
    assert 939_000 < redis_server.ask("PTTL", token_key(redis_server)) <= 940_000
    assert 990 < (await process()()).lifetime <= 1000
    redis_server.ask("FLUSHALL")
    logins.lifetime = 10.0
    await process(margin=60.0)()
    assert 7000 < redis_server.ask("PTTL", token_key(redis_server)) <= 8000  # the margin is a fifth of its life


async def test_a_token_that_took_all_its_life_to_come_is_not_kept(
    process: Any, logins: Logins, redis_server: Any
) -> None:
    logins.lifetime = logins.duration = 0.1
    assert (await process()()).value == "token 1"
    assert redis_server.ask("KEYS", "*") == []


async def test_who_asks_again_gets_another_one(process: Any, logins: Logins) -> None:
    one, other = process(), process()
    assert (await one()).value == (await other()).value == "token 1"
    assert (await one()).value == "token 2"  # its token was refused, or ends
    assert (await other()).value == "token 2"  # which another process has brought
    assert logins.count == 2


async def test_each_key_has_its_own_token(process: Any, logins: Logins) -> None:
    assert (await process("one")()).value != (await process("another")()).value


@pytest.mark.parametrize("garbage", [b"", b"too short", bytes(100)])
async def test_what_cannot_be_opened_is_no_token(
    process: Any, logins: Logins, redis_server: Any, garbage: bytes
) -> None:
    await process()()
    key = token_key(redis_server)
    redis_server.ask("SET", key, garbage)
    redis_server.ask("PEXPIRE", key, "50000")
    assert (await process()()).value == "token 2"
    assert (await process()()).value == "token 2"


async def test_a_token_of_another_place_is_not_taken(process: Any, logins: Logins, redis_server: Any) -> None:
    """What was stored under one name cannot be played under another."""
    first, second = process("one"), process("another")
    await first()
    key = token_key(redis_server)
    sealed = redis_server.ask("DUMP", key)
    redis_server.ask("DEL", key)
    await second()
    redis_server.ask("RESTORE", token_key(redis_server), "50000", sealed, "REPLACE")
    assert (await process("another")()).value == "token 3"


async def test_a_login_that_fails_fails_here_and_others_try(process: Any, logins: Logins, redis_server: Any) -> None:
    logins.error = ConnectionLostError("broken")
    logins.duration = 0.05
    ends = await asyncio.gather(*(process()() for _ in range(3)), return_exceptions=True)
    assert all(end is logins.error for end in ends)
    assert logins.count == 3
    assert redis_server.ask("KEYS", "*") == []


async def test_a_login_that_is_cancelled_holds_nobody_up(process: Any, logins: Logins, redis_server: Any) -> None:
    logins.duration = 60.0
    first = asyncio.create_task(process()())
    await logins.begun.wait()
    first.cancel()
    await asyncio.wait([first])
    assert redis_server.ask("KEYS", "*") == []
    logins.duration = 0.0
    assert (await process()()).value == "token 2"


async def test_a_long_login_keeps_its_turn(process: Any, logins: Logins, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_token, "_TURN", 2.0)
    logins.duration = 2.5
    await asyncio.gather(*(process()() for _ in range(3)))
    assert logins.count == 1


async def test_a_process_that_dies_while_it_logs_in_loses_its_turn(
    process: Any, logins: Logins, redis_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_token, "_TURN", 0.6)
    await process()()
    key = token_key(redis_server)
    redis_server.ask("DEL", key)
    began = time.monotonic()
    redis_server.ask("SET", f"{key}:login", "of somebody", "PX", "600")  # who was killed
    assert (await process()()).value == "token 2"
    assert time.monotonic() - began >= 0.3


@pytest.mark.parametrize("how", ["stop", "freeze"])
async def test_without_redis_each_process_logs_in(
    process: Any, logins: Logins, redis_server: Any, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    one, other = process(), process()
    await one()
    getattr(redis_server, how)()
    assert (await one()).value == "token 2"
    assert (await other()).value == "token 3"
    assert (await one()).value == "token 4"
    assert caplog.text.count("Redis does not answer") == 2


async def test_redis_goes_away_during_the_login(process: Any, logins: Logins, redis_server: Any) -> None:
    logins.duration = 0.3
    login = asyncio.create_task(process()())
    await logins.begun.wait()
    redis_server.stop()
    assert (await login).value == "token 1"
    assert logins.count == 1


# Clients


@pytest.fixture
def new_client(redis_server: Any) -> Callable[[Sandbox], KonfipayClient]:
    """``new_client(sandbox)``: as in one more process."""
    limits = Limits(period=0.3, grace=0.0, shared=redis_server.url)
    return lambda sandbox: KonfipayClient(sandbox.api_key, base_url=sandbox.base_url, limits=limits)


async def call(client: KonfipayClient) -> int:
    return (await client.request("GET", "bank-accounts")).status


async def test_a_revoked_token_is_replaced_once_for_all(new_client: Any) -> None:
    async with Sandbox() as sandbox, new_client(sandbox) as one, new_client(sandbox) as other:
        await asyncio.gather(call(one), call(other))
        assert sandbox.count(LOGIN) == 1
        await one.authentication.revoke()
        assert await asyncio.gather(call(one), call(other), call(other)) == [200] * 3
        assert sandbox.count(LOGIN) == 2


async def test_a_dead_token_in_redis_is_taken_at_most_once(new_client: Any) -> None:
    async with Sandbox() as sandbox:
        async with new_client(sandbox) as client:
            await call(client)
        sandbox.end_tokens()
        async with new_client(sandbox) as client:
            assert await asyncio.gather(*(call(client) for _ in range(5))) == [200] * 5
        async with new_client(sandbox) as client:
            assert await call(client) == 200
        assert sandbox.count(LOGIN) == 2


async def test_a_token_that_died_and_another_dead_one_in_redis(new_client: Any, redis_server: Any) -> None:
    """Two that are refused, and yet nothing is wrong with the key."""
    async with Sandbox() as sandbox, new_client(sandbox) as one, new_client(sandbox) as other:
        await call(one)
        redis_server.ask("DEL", token_key(redis_server))
        await call(other)
        sandbox.end_tokens()
        assert await call(one) == 200
        assert await call(other) == 200
        assert sandbox.count(LOGIN) == 3


async def test_a_fresh_token_that_is_refused(new_client: Any) -> None:
    async with Sandbox(faults=["401:bank-accounts.listx99"]) as sandbox, new_client(sandbox) as client:
        with pytest.raises(UnauthorizedError, match="another process"):
            await call(client)
        assert sandbox.count(LOGIN) == 2


async def test_a_key_that_is_refused_is_refused_to_all(new_client: Any) -> None:
    async with Sandbox() as sandbox:
        sandbox.deactivate("main")
        async with new_client(sandbox) as one, new_client(sandbox) as other:
            ends = await asyncio.gather(call(one), call(other), return_exceptions=True)
            assert [type(end) for end in ends] == [UnauthorizedError] * 2
            sandbox.reactivate("main")
            assert await asyncio.gather(call(one), call(other)) == [200, 200]


async def test_closing_during_a_shared_login(new_client: Any, redis_server: Any, gate: Any) -> None:
    async with Sandbox(latency=1.0, sleep=gate.sleep) as sandbox, new_client(sandbox) as other:
        async with new_client(sandbox) as one:
            caller = asyncio.create_task(call(one))
            await gate.until(1)
        with pytest.raises(RuntimeError, match="closed"):
            await caller
        assert redis_server.ask("KEYS", "*:login") == []
        gate.open()
        assert await call(other) == 200
