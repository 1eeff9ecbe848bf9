"""Every fault on every route that reads: the client recovers within its attempts, or says exactly what is wrong."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from konfipay_async import Budgets, Limits, Retry
from konfipay_async.errors import (
    BadRequestError,
    ConfigurationError,
    ConnectionLostError,
    DecodeError,
    FilterIgnoredError,
    ForbiddenError,
    NotFoundError,
    PageEchoError,
    RateLimitedError,
    RequestTimeoutError,
    RouteUnknownError,
    ServerError,
    UnauthorizedError,
)
from konfipay_async.sandbox import FAULTS

LIST = "transactions.list"
ACCOUNTS = "bank-accounts.list"

# What a fault means that never ends, after how many requests; None where the client does not mind.
FOR_EVER: dict[str, tuple[type[Exception] | None, int]] = {
    "400-xml": (BadRequestError, 1),
    "401": (UnauthorizedError, 2),
    "403": (ForbiddenError, 1),
    "429": (RateLimitedError, 5),
    "500": (ServerError, 5),
    "502-html": (ServerError, 5),
    "503-html": (ServerError, 5),
    "empty-404": (NotFoundError, 1),
    "garbage": (DecodeError, 2),
    "html": (DecodeError, 2),
    "ignored-filter": (FilterIgnoredError, 2),
    "reset-after": (ConnectionLostError, 5),
    "reset-before": (ConnectionLostError, 5),
    "slow": (None, 1),
    "truncated": (ConnectionLostError, 5),
    "unknown-route": (RouteUnknownError, 1),
    "wrong-echo": (PageEchoError, 2),  # once more, by the other names
}
ONCE_IS_TOO_MUCH = {"400-xml", "403", "empty-404", "unknown-route", "wrong-echo"}


async def read(client: Any, route: str) -> list[str]:
    if route == LIST:
        return [row.rid async for row, _ in client.transactions.stream(10, is_new=True)]
    return [account.rid async for account in client.bank_accounts.list(10)]


def everything(sandbox: Any, route: str) -> Any:
    return sandbox.new_rids() if route == LIST else 4


def makes_sense(fault: str, route: str) -> bool:
    return not (fault == "ignored-filter" and route == ACCOUNTS)


CASES = [(fault, route) for fault in sorted(FOR_EVER) for route in (LIST, ACCOUNTS) if makes_sense(fault, route)]


def test_no_fault_is_forgotten() -> None:
    assert set(FOR_EVER) == set(FAULTS) - {"acknowledge-without-effect", "submit-without-effect"}


@pytest.mark.parametrize(("fault", "route"), CASES)
async def test_a_fault_for_ever(pair: Any, log: Any, fault: str, route: str) -> None:
    error, requests = FOR_EVER[fault]
    async with pair({"transactions": 10, "faults": [f"{fault}:{route}x999"]}) as (sandbox, client):
        sandbox.acknowledge_elsewhere(sandbox.rids()[:1])
        if error is None:
            assert len(await read(client, route)) == (9 if route == LIST else 4)
        else:
            with pytest.raises(error) as caught:
                await read(client, route)
            assert type(caught.value) is error
        assert sandbox.count(route) == requests
        status = client.budgets.authenticated.status()
        assert (status.granted, status.in_flight, status.waiting) == (requests, 0, 0)
        assert len(log.attempts) == len(sandbox.requests)


@pytest.mark.parametrize(("fault", "route"), [case for case in CASES if case[0] not in ONCE_IS_TOO_MUCH])
async def test_a_fault_that_passes(pair: Any, fault: str, route: str) -> None:
    async with pair({"transactions": 10, "faults": [f"{fault}:{route}"]}) as (sandbox, client):
        sandbox.acknowledge_elsewhere(sandbox.rids()[:1])
        seen = await read(client, route)
        assert len(seen) == (9 if route == LIST else 4)
        if route == LIST:
            assert seen == sandbox.new_rids()
        assert sandbox.count(route) == (1 if fault == "slow" else 2)


@pytest.mark.parametrize(
    "fault", ["429=1", "500", "502-html", "503-html=1", "reset-after", "reset-before", "truncated"]
)
async def test_four_times_in_a_row_is_borne(pair: Any, fault: str) -> None:
    name, equals, value = fault.partition("=")
    async with pair({"transactions": 30, "faults": [f"{name}:{LIST}@2x4{equals}{value}"]}, concurrency=1) as (
        sandbox,
        client,
    ):
        assert await read(client, LIST) == sandbox.rids()
        assert sandbox.count(LIST) == 7


async def test_a_storm(pair: Any) -> None:
    """A third of all requests fails in one way or another, and the drain brings everything all the same."""
    names = ("429=1", "500", "502-html", "reset-before", "reset-after", "truncated")
    faults = [
        f"{name}:{LIST}%0.05" + (equals + value) for name, equals, value in (name.partition("=") for name in names)
    ]
    async with pair({"transactions": 200, "faults": faults, "seed": 4}, concurrency=4) as (sandbox, client):
        seen: list[str] = []
        async for page in client.transactions.drain(5):
            seen += page.rids
            await page.acknowledge()
        assert seen == sandbox.rids()
        assert sandbox.new_rids() == []
        assert sum(entry.fault is not None for entry in sandbox.requests) > 5


# 429


def after(seconds: float, moment: str = "2026-03-01 12:00:00") -> tuple[str, str]:
    """Retry-After as a date, and the Date it is measured against."""
    now = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    return format_datetime(now + timedelta(seconds=seconds), usegmt=True), format_datetime(now, usegmt=True)


@pytest.mark.parametrize(
    ("header", "pause", "told"),
    [
        ("17", 17.0, 17.0),
        ("1.5", 1.5, 1.5),
        ("0", 1.0, 0.0),
        (None, 60.0, None),
        ("", 60.0, None),
        ("-5", 60.0, None),
        ("soon", 60.0, None),
        ("NaN", 60.0, None),
        ("999999999", 60.0, 999999999.0),
        ("99999999999999999999", 60.0, None),
    ],
)
async def test_retry_after(pair: Any, header: str | None, pause: float, told: float | None) -> None:
    fault = f"429:{ACCOUNTS}x9" + ("" if header is None else f"={header}")
    async with pair({"faults": [fault]}, retry=Retry(attempts=2)) as (sandbox, client):
        with pytest.raises(RateLimitedError, match="429") as caught:
            await read(client, ACCOUNTS)
        assert caught.value.retry_after == told
        first, second = (entry.at for entry in sandbox.requests if entry.route == ACCOUNTS)
        assert second - first == pytest.approx(pause)
        assert client.budgets.authenticated.status().paused_for == pytest.approx(pause)
        assert client.budgets.public.status().paused_for == 0


@pytest.mark.parametrize(("seconds", "pause"), [(30, 30.0), (-30, 1.0), (10_000_000, 60.0)])
async def test_retry_after_as_a_date(
    raw_server: Any, new_client: Any, clock: Any, seconds: float, pause: float
) -> None:
    until, now = after(seconds)
    at: list[float] = []

    def answer(request: Any) -> Any:
        if request.path == "authentication/token":
            return raw_server.token()
        at.append(clock.now)
        return raw_server.reply(429, **{"Retry-After": until, "Date": now})

    async with raw_server(answer) as server, new_client(server, retry=Retry(attempts=2)) as client:
        with pytest.raises(RateLimitedError) as caught:
            await client.request("GET", "lists")
        assert caught.value.retry_after == max(0.0, seconds)
        assert at[1] - at[0] == pytest.approx(pause)


async def test_one_429_pauses_everybody_and_a_success_does_not_reopen(
    pair: Any, clock: Any, gate: Any, idle: Any, until: Any
) -> None:
    gate.is_open = True
    async with pair({"latency": 1.0, "sleep": gate.sleep}) as (sandbox, client):
        await client.request("GET", "bank-accounts")
        clock.held = True
        gate.close()
        sandbox.add_fault(f"429:{ACCOUNTS}@2=20")
        slow = asyncio.create_task(client.request("GET", "bank-accounts"))
        await gate.until(1)
        limited = asyncio.create_task(client.request("GET", "bank-accounts"))
        await gate.until(2)
        budget = client.budgets.authenticated
        gate.release(1)
        await until(lambda: budget.status().paused_for)
        others = [asyncio.create_task(client.request("GET", "transactions")) for _ in range(5)]
        await until(lambda: budget.status().waiting == 6)
        gate.release(0)
        assert (await slow).status == 200  # ended with success while the pause lasts
        gate.open()
        await idle()
        status = budget.status()
        assert (status.paused_for, status.waiting, status.in_flight) == (pytest.approx(20), 6, 0)
        clock.advance(19.9)
        await idle()
        assert budget.status().waiting == 6
        assert sandbox.count(LIST) == 0
        clock.advance(0.2)
        assert (await limited).status == 200
        assert [(await other).status for other in others] == [200] * 5


async def test_a_shorter_pause_does_not_shorten_a_longer_one(pair: Any, clock: Any, gate: Any, until: Any) -> None:
    gate.is_open = True
    async with pair({"latency": 1.0, "sleep": gate.sleep}) as (sandbox, client):
        await client.request("GET", "bank-accounts")
        clock.held = True
        gate.close()
        sandbox.add_fault(f"429:{ACCOUNTS}@1=30")
        sandbox.add_fault(f"429:{ACCOUNTS}@2=5")
        calls = [asyncio.create_task(client.request("GET", "bank-accounts")) for _ in range(2)]
        await gate.until(2)
        gate.open()
        await until(lambda: client.budgets.authenticated.status().waiting == 2)
        assert client.budgets.authenticated.status().paused_for == pytest.approx(30)
        clock.advance(30)
        assert [(await one).status for one in calls] == [200, 200]


async def test_a_429_of_the_login_pauses_logins_only(pair: Any) -> None:
    async with pair({"faults": ["429:authentication.tokenx9=30"]}, retry=Retry(attempts=1)) as (_, client):
        with pytest.raises(RateLimitedError):
            await client.request("GET", "bank-accounts")
        assert client.budgets.public.status().paused_for == pytest.approx(30)
        assert client.budgets.authenticated.status().paused_for == 0
        assert client.budgets.authenticated.status().left == 1000


async def test_other_programs_that_use_the_limit_up(pair: Any) -> None:
    """The server counts more than we do; its Retry-After is obeyed until everything is there."""
    server = {"transactions": 120, "authenticated_limit": 10, "window": "fixed"}
    async with pair(server, concurrency=4) as (sandbox, client):
        seen = [row.rid async for row, _ in client.transactions.stream(5)]
        assert seen == sandbox.rids()
        assert sandbox.over_limit > 0


async def test_the_limit_is_kept_by_ourselves(pair: Any, clock: Any) -> None:
    server = {"transactions": 100, "authenticated_limit": 10}
    limits = Limits(authenticated=10, per_second=100_000, reserve=0)
    async with pair(server, concurrency=4, limits=limits) as (sandbox, client):
        seen = [row.rid async for row, _ in client.transactions.stream(2)]
        assert seen == sandbox.rids()
        assert sandbox.over_limit == 0
        assert sandbox.peak("authenticated") <= 10
        assert clock.now >= 1000 + 4 * 60


async def test_the_limit_is_kept_by_clients_that_share_budgets(new_sandbox: Any, new_client: Any, clock: Any) -> None:
    budgets = Budgets.from_limits(Limits(authenticated=10, per_second=100_000), clock)
    async with (
        new_sandbox(transactions=30, authenticated_limit=10) as sandbox,
        new_client(sandbox, budgets=budgets) as one,
        new_client(sandbox, budgets=budgets) as other,
    ):
        results = await asyncio.gather(*(read(client, LIST) for client in (one, other)))
        assert results == [sandbox.rids()] * 2
        assert sandbox.over_limit == 0


# How patiently


@pytest.mark.parametrize("attempts", [1, 2, 3])
async def test_attempts(pair: Any, attempts: int) -> None:
    async with pair({"faults": [f"500:{ACCOUNTS}x99"]}, retry=Retry(attempts=attempts)) as (sandbox, client):
        with pytest.raises(ServerError):
            await read(client, ACCOUNTS)
        assert sandbox.count(ACCOUNTS) == attempts


async def test_waits_grow_and_are_bounded(pair: Any, clock: Any) -> None:
    retry = Retry(attempts=8, base=1.0, cap=5.0)
    async with pair({"faults": [f"500:{ACCOUNTS}x99"]}, retry=retry) as (_, client):
        with pytest.raises(ServerError):
            await read(client, ACCOUNTS)
        assert len(clock.slept) == 7
        for number, seconds in enumerate(clock.slept):
            assert 0 <= seconds <= min(5.0, 2.0**number)


async def test_retry_after_of_a_503_is_waited_for(pair: Any, clock: Any) -> None:
    async with pair({"faults": [f"503-html:{ACCOUNTS}=12"]}, retry=Retry(base=0.0)) as (_, client):
        await read(client, ACCOUNTS)
        assert clock.slept == [12.0]


@pytest.mark.parametrize("fault", ["503-html=110", "429=110"])
async def test_the_deadline(pair: Any, clock: Any, fault: str) -> None:
    """A third wait of 110 seconds would take it over 300."""
    name, _, value = fault.partition("=")
    async with pair({"faults": [f"{name}:{ACCOUNTS}x99={value}"]}) as (sandbox, client):
        with pytest.raises((ServerError, RateLimitedError)):
            await read(client, ACCOUNTS)
        assert sandbox.count(ACCOUNTS) == 3
        assert clock.now <= 1000 + 300


async def test_waiting_for_the_budget_is_not_counted_against_the_deadline(pair: Any, clock: Any) -> None:
    async with pair({"faults": [f"500:{ACCOUNTS}"]}, retry=Retry(deadline=10, base=1.0)) as (_, client):
        client.budgets.authenticated.pause(1000)
        assert len(await read(client, ACCOUNTS)) == 4
        assert clock.now >= 2000


async def test_no_answer_in_time(pair: Any, gate: Any) -> None:
    gate.is_open = True
    async with pair({"latency": 1.0, "sleep": gate.sleep}, retry=Retry(attempts=2)) as (sandbox, client):
        await client.request("GET", "bank-accounts")
        gate.close()
        with pytest.raises(RequestTimeoutError, match="within") as caught:
            await client.request("GET", "bank-accounts", timeout=1.0)
        assert caught.value.sent
        assert sandbox.count(ACCOUNTS) == 3
        gate.open()
        assert client.budgets.authenticated.status().in_flight == 0


async def test_the_permit_of_a_request_without_an_answer_comes_back_after_the_grace(
    pair: Any, clock: Any, gate: Any
) -> None:
    limits = Limits(per_second=100_000, grace=30.0)
    async with pair({"latency": 1.0, "sleep": gate.sleep}, retry=Retry(attempts=1), limits=limits) as (_, client):
        gate.is_open = True
        await client.request("GET", "bank-accounts")
        clock.advance(100)
        gate.close()
        with pytest.raises(RequestTimeoutError):
            await client.request("GET", "bank-accounts", timeout=1.0)
        gate.open()
        clock.advance(61)
        assert client.budgets.authenticated.status().left == 999
        clock.advance(30)
        assert client.budgets.authenticated.status().left == 1000


async def test_an_answer_in_time_after_a_timeout(pair: Any, gate: Any) -> None:
    gate.is_open = True
    async with pair({"latency": 1.0, "sleep": gate.sleep}) as (_, client):
        await client.request("GET", "bank-accounts")
        gate.close()
        calling = asyncio.create_task(client.request("GET", "bank-accounts", timeout=1.0))
        await gate.until(2)
        gate.open()
        assert (await calling).status == 200


async def test_cancelled_while_waiting_for_the_next_attempt(pair: Any, clock: Any, until: Any) -> None:
    async with pair({"faults": [f"503-html:{ACCOUNTS}x9=30"]}) as (sandbox, client):
        clock.held = True
        calling = asyncio.create_task(client.request("GET", "bank-accounts"))
        await until(lambda: clock.slept)
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling
        assert sandbox.count(ACCOUNTS) == 1
        assert client.budgets.authenticated.status().in_flight == 0


@pytest.mark.parametrize(
    "arguments",
    [
        {"attempts": 0},
        {"attempts": True},
        {"attempts": 2.5},
        {"base": -1},
        {"cap": float("nan")},
        {"deadline": "5"},
    ],
)
def test_impatience_that_cannot_be(arguments: Any) -> None:
    with pytest.raises(ConfigurationError):
        Retry(**arguments)
