"""What must happen once happens once, and nothing goes past the budget."""

import asyncio
import hashlib
import json
from typing import Any

import aiohttp
import pytest

from konfipay_async import Acknowledgement, Budgets, Lane, Limits, OutcomeUnknownError, Request, Retry, RetryClass
from konfipay_async.answers import json_value
from konfipay_async.errors import (
    BadRequestError,
    ClientStateError,
    ConfigurationError,
    ConnectFailedError,
    ConnectionLostError,
    DecodeError,
    ForbiddenError,
    NotFoundError,
    RateLimitedError,
    RedirectRefusedError,
    RequestTimeoutError,
    RouteUnknownError,
    ServerError,
    UnauthorizedError,
)
from konfipay_async.session.bearer import Bearer, Token
from konfipay_async.session.manager import Session
from konfipay_async.session.transport import AiohttpTransport, checked_base_url

ACKNOWLEDGE = "transactions.acknowledge"


async def an_id(client: Any) -> str:
    """Something that can be done once: the id of a page, which a raw POST uses up."""
    pages = client.transactions.pages(1)
    page = await anext(pages)
    await pages.aclose()
    return str(page.acknowledgement_id)


def login_else(raw_server: Any, other: Any) -> Any:
    def answer(request: Any) -> Any:
        return raw_server.token() if request.path == "authentication/token" else other(request)

    return answer


# Done, or not, or who knows


async def test_a_success(pair: Any) -> None:
    async with pair() as (sandbox, client):
        answer = await client.request("post", f"transactions/{await an_id(client)}/acknowledge")
        assert answer.status == 204
        assert sandbox.count(ACKNOWLEDGE) == 1
        assert len(sandbox.new_rids()) == 999


@pytest.mark.parametrize(
    ("fault", "cause", "done"),
    [
        ("reset-before", ConnectionLostError, False),
        ("reset-after", ConnectionLostError, True),
        ("truncated", ConnectionLostError, True),
        ("500", ServerError, False),
        ("502-html", ServerError, False),
        ("503-html", ServerError, False),
        ("503-html=1", ServerError, False),
    ],
)
async def test_an_unknown_outcome_is_not_repeated(pair: Any, log: Any, fault: str, cause: Any, done: bool) -> None:
    async with pair() as (sandbox, client):
        path = f"transactions/{await an_id(client)}/acknowledge"
        name, equals, value = fault.partition("=")
        sandbox.add_fault(f"{name}:{ACKNOWLEDGE}x9{equals}{value}")
        with pytest.raises(OutcomeUnknownError, match="may or may not") as caught:
            await client.request("POST", path, json={"what": "it"})
        assert isinstance(caught.value.__cause__, cause)
        assert (caught.value.method, caught.value.path) == ("POST", path)
        assert (
            caught.value.body_sha256
            == hashlib.sha256(json.dumps({"what": "it"}, separators=(",", ":")).encode()).hexdigest()
        )
        assert caught.value.sent_at == log.attempts[-1].started_at
        assert sandbox.count(ACKNOWLEDGE) == 1
        assert len(sandbox.new_rids()) == (999 if done else 1000)
        assert client.budgets.authenticated.status().granted == 2


async def test_no_answer_in_time(pair: Any, gate: Any) -> None:
    gate.is_open = True
    async with pair({"latency": 1.0, "sleep": gate.sleep}) as (sandbox, client):
        path = f"transactions/{await an_id(client)}/acknowledge"
        gate.close()
        with pytest.raises(OutcomeUnknownError) as caught:
            await client.request("POST", path, timeout=1.0)
        assert isinstance(caught.value.__cause__, RequestTimeoutError)
        assert sandbox.count(ACKNOWLEDGE) == 1
        gate.open()


@pytest.mark.parametrize("fault", ["garbage", "html"])
async def test_a_success_that_cannot_be_read(new_sandbox: Any, clock: Any, fault: str) -> None:
    """Seen from the session, since `client.request` hands out a success as it is."""
    async with new_sandbox(faults=[f"{fault}:{ACKNOWLEDGE}x9"]) as sandbox:

        async def login() -> Token:
            return Token("not-looked-at-by-the-fault", 1800.0)

        transport = AiohttpTransport(checked_base_url(sandbox.base_url), user_agent="tests", max_response_bytes=10_000)
        budgets = Budgets.from_limits(Limits(per_second=10_000), clock)
        session = Session(transport, budgets=budgets, auth=Bearer(login, clock=clock), retry=Retry(), clock=clock)
        await session.open()
        path = "transactions/some-id/acknowledge"
        with pytest.raises(OutcomeUnknownError) as caught:
            await session.send(Request("POST", path, json_value(dict, "POST", path)))
        await session.close()
        assert isinstance(caught.value.__cause__, DecodeError)
        assert sandbox.count(ACKNOWLEDGE) == 1


@pytest.mark.parametrize("status", [408, 500, 503, 599])
async def test_statuses_that_say_nothing(raw_server: Any, new_client: Any, status: int) -> None:
    async with (
        raw_server(login_else(raw_server, lambda request: raw_server.reply(status))) as server,
        new_client(server) as client,
    ):
        with pytest.raises(OutcomeUnknownError):
            await client.request("POST", "uploads")
        assert len(server.of("uploads")) == 1


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_everything_but_get_is_once(raw_server: Any, new_client: Any, method: str) -> None:
    async with (
        raw_server(login_else(raw_server, lambda request: None)) as server,
        new_client(server) as client,
    ):
        with pytest.raises(OutcomeUnknownError):
            await client.request(method, "uploads")
        assert len(server.of("uploads")) == 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("400-xml", BadRequestError),
        ("403", ForbiddenError),
        ("empty-404", NotFoundError),
        ("unknown-route", RouteUnknownError),
    ],
)
async def test_a_definite_no_is_no_unknown_outcome(pair: Any, fault: str, error: Any) -> None:
    async with pair({"faults": [f"{fault}:{ACKNOWLEDGE}x9"]}) as (sandbox, client):
        with pytest.raises(error):
            await client.request("POST", "transactions/some-id/acknowledge")
        assert sandbox.count(ACKNOWLEDGE) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_a_definite_no(raw_server: Any, new_client: Any, status: int) -> None:
    async with raw_server(lambda request: raw_server.reply(200)) as other:

        def answer(request: Any) -> Any:
            return raw_server.reply(status, Location=f"{other.base_url}/elsewhere")

        async with raw_server(login_else(raw_server, answer)) as server, new_client(server) as client:
            for method in ("POST", "GET"):
                with pytest.raises(RedirectRefusedError, match="never followed"):
                    await client.request(method, "uploads")
            assert len(server.of("uploads")) == 2
            assert other.accepted == 0


@pytest.mark.parametrize(("fault", "times"), [("401", 1), ("429=7", 1), ("429=7", 4), ("429", 1)])
async def test_what_was_certainly_not_done_is_repeated(pair: Any, fault: str, times: int) -> None:
    async with pair() as (sandbox, client):
        path = f"transactions/{await an_id(client)}/acknowledge"
        name, equals, value = fault.partition("=")
        sandbox.add_fault(f"{name}:{ACKNOWLEDGE}x{times}{equals}{value}")
        assert (await client.request("POST", path)).status == 204
        assert sandbox.count(ACKNOWLEDGE) == times + 1
        assert len(sandbox.new_rids()) == 999


async def test_401_and_429_for_ever(pair: Any) -> None:
    async with pair() as (sandbox, client):
        path = f"transactions/{await an_id(client)}/acknowledge"
        sandbox.add_fault(f"429:{ACKNOWLEDGE}x99=3")
        with pytest.raises(RateLimitedError) as limited:
            await client.request("POST", path)
        assert limited.value.retry_after == 3.0
        assert sandbox.count(ACKNOWLEDGE, 429) == 5
        sandbox.clear_faults()
        sandbox.add_fault(f"401:{ACKNOWLEDGE}x99")
        with pytest.raises(UnauthorizedError, match="fresh token was refused as well"):
            await client.request("POST", path)
        assert sandbox.count(ACKNOWLEDGE, 401) == 2
        assert len(sandbox.new_rids()) == 1000


async def test_a_refused_connection_is_tried_again(
    new_sandbox: Any, new_client: Any, clock: Any, log: Any, kept_port: int
) -> None:
    sandbox = new_sandbox(port=kept_port)
    async with sandbox, new_client(sandbox) as client:
        path = f"transactions/{await an_id(client)}/acknowledge"
        await sandbox.__aexit__(None, None, None)
        with pytest.raises(ConnectFailedError) as caught:
            await client.request("POST", path)
        assert not caught.value.sent
        assert [one.number for one in log.of("POST", path)] == [1, 2, 3, 4, 5]
        before = client.budgets.authenticated.status()
        assert (before.in_flight, before.granted) == (0, 1)  # nothing left this machine

        slept = clock.sleep

        async def come_back(seconds: float) -> None:
            clock.sleep = slept
            await sandbox.__aenter__()

        clock.sleep = come_back
        assert (await client.request("POST", path)).status == 204
        assert sandbox.count(ACKNOWLEDGE) == 1


@pytest.mark.parametrize("kind", [RuntimeError, ValueError, KeyError])
async def test_what_breaks_inside_aiohttp_may_have_been_sent(
    new_sandbox: Any, new_client: Any, kind: type[Exception]
) -> None:
    """As a trace of a lent session, which is called at any moment of a request."""
    calls: list[bool] = []
    breaks = False

    async def broken(*_: Any) -> None:
        calls.append(breaks)
        if breaks:
            raise kind("of the trace")

    traces = aiohttp.TraceConfig()
    traces.on_request_end.append(broken)
    async with (
        new_sandbox() as sandbox,
        aiohttp.ClientSession(trace_configs=[traces]) as lent,
        new_client(sandbox, session=lent, retry=Retry(attempts=2)) as client,
    ):
        await client.request("GET", "bank-accounts")
        breaks = True
        with pytest.raises(OutcomeUnknownError) as caught:
            await client.request("POST", "bank-accounts", json={})
        assert isinstance(caught.value.__cause__, ConnectionLostError)
        assert calls.count(True) == 1
        with pytest.raises(ConnectionLostError, match="inside aiohttp"):
            await client.request("GET", "bank-accounts")
        assert calls.count(True) == 1 + 2


async def test_closing_ends_the_pause_before_another_attempt(
    new_sandbox: Any, new_client: Any, clock: Any, log: Any, kept_port: int
) -> None:
    """Also one that had not begun."""
    sandbox = new_sandbox(port=kept_port)
    async with sandbox, new_client(sandbox) as client:
        path = f"transactions/{await an_id(client)}/acknowledge"
        await sandbox.__aexit__(None, None, None)
        closing: list[asyncio.Task[None]] = []
        record = log.record

        def close(attempt: Any) -> None:
            record(attempt)
            closing.append(asyncio.ensure_future(client.close()))

        log.record = close
        clock.slept.clear()
        with pytest.raises(ClientStateError):
            await client.request("POST", path)
        await asyncio.gather(*closing)
        assert clock.slept == []


async def test_a_get_is_repeated_where_a_post_is_not(pair: Any) -> None:
    async with pair({"faults": ["reset-after:bank-accounts.listx4"]}) as (sandbox, client):
        assert (await client.request("GET", "bank-accounts")).status == 200
        assert sandbox.count("bank-accounts.list") == 5


async def test_a_caller_who_knows_better(pair: Any) -> None:
    async with pair() as (sandbox, client):
        path = f"transactions/{await an_id(client)}/acknowledge"
        sandbox.add_fault(f"500:{ACKNOWLEDGE}x4")
        assert (await client.request("POST", path, retry=RetryClass.IDEMPOTENT, lane=Lane.ACKNOWLEDGE)).status == 204
        assert sandbox.count(ACKNOWLEDGE) == 5


# Cancellation is held back


@pytest.mark.parametrize("cancellations", [1, 3])
async def test_cancellation_waits_for_the_outcome(
    pair: Any, gate: Any, idle: Any, log: Any, cancellations: int
) -> None:
    gate.is_open = True
    async with pair({"latency": 1.0, "sleep": gate.sleep}) as (sandbox, client):
        path = f"transactions/{await an_id(client)}/acknowledge"
        gate.close()
        sending = asyncio.create_task(client.request("POST", path))
        await gate.until(1)
        for _ in range(cancellations):
            sending.cancel()
            await idle()
        assert not sending.done()
        gate.open()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert log.attempts[-1].request.path == path
        assert log.attempts[-1].response.status == 204
        assert len(sandbox.new_rids()) == 999
        assert client.budgets.authenticated.status().in_flight == 0


async def test_a_timeout_around_it_waits_for_the_outcome_too(pair: Any, gate: Any, idle: Any, log: Any) -> None:
    gate.is_open = True
    async with pair({"latency": 1.0, "sleep": gate.sleep}) as (sandbox, client):
        path = f"transactions/{await an_id(client)}/acknowledge"
        gate.close()

        async def call() -> None:
            async with asyncio.timeout(0):
                await client.request("POST", path)

        calling = asyncio.create_task(call())
        await idle()
        gate.open()
        with pytest.raises(TimeoutError):
            await calling
        assert sandbox.count(ACKNOWLEDGE) in (0, 1)
        assert sandbox.count(ACKNOWLEDGE) == len([one for one in log.of("POST", path) if one.response])


async def test_cancelled_during_an_attempt_it_is_not_attempted_again(pair: Any, gate: Any) -> None:
    gate.is_open = True
    async with pair({"latency": 1.0, "sleep": gate.sleep}) as (sandbox, client):
        path = f"transactions/{await an_id(client)}/acknowledge"
        sandbox.add_fault(f"429:{ACKNOWLEDGE}=5")
        gate.close()
        sending = asyncio.create_task(client.request("POST", path))
        await gate.until(1)
        sending.cancel()
        gate.open()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert sandbox.count(ACKNOWLEDGE) == 1


async def test_cancelled_while_the_outcome_becomes_unknown_complains_to_nobody(pair: Any, gate: Any, log: Any) -> None:
    gate.is_open = True
    async with pair({"latency": 1.0, "sleep": gate.sleep}) as (sandbox, client):
        path = f"transactions/{await an_id(client)}/acknowledge"
        sandbox.add_fault(f"reset-after:{ACKNOWLEDGE}")
        gate.close()
        sending = asyncio.create_task(client.request("POST", path))
        await gate.until(1)
        sending.cancel()
        gate.open()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert isinstance(log.attempts[-1].error, ConnectionLostError)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (None, "it succeeded"),
        ("reset-after", "nobody knows whether it was done (ConnectionLostError)"),
        ("403", "it was not done (ForbiddenError)"),
    ],
)
async def test_what_a_timeout_hides_is_logged(
    pair: Any, gate: Any, idle: Any, caplog: Any, fault: str | None, said: str
) -> None:
    gate.is_open = True
    limits: list[asyncio.Timeout] = []
    async with pair({"latency": 1.0, "sleep": gate.sleep}) as (sandbox, client):
        path = f"transactions/{await an_id(client)}/acknowledge"
        if fault:
            sandbox.add_fault(f"{fault}:{ACKNOWLEDGE}")
        gate.close()

        async def call() -> None:
            async with asyncio.timeout(None) as limit:
                limits.append(limit)
                await client.request("POST", path)

        calling = asyncio.create_task(call())
        await gate.until(1)
        limits[0].reschedule(0)
        await idle()
        gate.open()
        with pytest.raises(TimeoutError):
            await calling
        (record,) = [one for one in caplog.records if one.levelname == "WARNING" and one.name != "asyncio"]
        assert record.getMessage().startswith("POST ")
        assert record.getMessage().endswith(said)


async def test_cancellation_before_the_permit_is_immediate(pair: Any, clock: Any, idle: Any) -> None:
    clock.held = True
    async with pair(limits=Limits(per_second=100_000)) as (sandbox, client):
        path = f"transactions/{await an_id(client)}/acknowledge"
        client.budgets.authenticated.pause(60)
        sending = asyncio.create_task(client.request("POST", path))
        await idle()
        assert client.budgets.authenticated.status().waiting == 1
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        status = client.budgets.authenticated.status()
        assert (status.waiting, status.in_flight, status.granted) == (0, 0, 1)
        assert sandbox.count(ACKNOWLEDGE) == 0


async def test_closing_waits_for_it(pair: Any, gate: Any, idle: Any) -> None:
    gate.is_open = True
    async with pair({"latency": 1.0, "sleep": gate.sleep}) as (sandbox, client):
        path = f"transactions/{await an_id(client)}/acknowledge"
        gate.close()
        sending = asyncio.create_task(client.request("POST", path))
        await gate.until(1)
        closing = asyncio.create_task(client.close())
        await idle()
        assert not closing.done()
        assert not sending.done()
        with pytest.raises(ClientStateError):
            await client.request("POST", path)
        gate.open()
        assert (await sending).status == 204
        await closing
        assert sandbox.count(ACKNOWLEDGE) == 1


async def test_closing_waits_for_it_also_when_closing_is_cancelled(pair: Any, gate: Any, idle: Any) -> None:
    gate.is_open = True
    async with pair({"latency": 1.0, "sleep": gate.sleep}) as (_, client):
        path = f"transactions/{await an_id(client)}/acknowledge"
        gate.close()
        sending = asyncio.create_task(client.request("POST", path))
        await gate.until(1)
        closing = asyncio.create_task(client.close())
        await idle()
        closing.cancel()
        await idle()
        assert not sending.done()
        gate.open()
        assert (await sending).status == 204
        with pytest.raises(asyncio.CancelledError):
            await closing


async def test_closing_during_its_login_sends_nothing(pair: Any, gate: Any, idle: Any) -> None:
    async with pair({"latency": 1.0, "sleep": gate.sleep}) as (sandbox, client):
        sending = asyncio.create_task(client.request("POST", "transactions/some-id/acknowledge"))
        await gate.until(1)
        closing = asyncio.create_task(client.close())
        await idle()
        gate.open()
        with pytest.raises(ClientStateError):
            await sending
        await closing
        assert sandbox.count(ACKNOWLEDGE) == 0


# The connection


async def test_it_goes_out_on_a_fresh_connection_and_leaves_none(raw_server: Any, new_client: Any, until: Any) -> None:
    """Also from a server that keeps connections open against the client's word."""
    async with (
        raw_server(login_else(raw_server, lambda request: raw_server.reply(200, {}))) as server,
        new_client(server) as client,
    ):
        await client.request("GET", "lists")
        await client.request("GET", "lists")
        assert server.accepted == 1
        await client.request("POST", "uploads")
        await client.request("POST", "uploads")
        await client.request("GET", "lists")
        first, second = (request.connection for request in server.of("uploads"))
        assert {request.connection for request in server.of("lists")} == {1}
        assert (first, second) == (2, 3)
        assert server.accepted == 3
        await until(lambda: server.open_connections == {1})
        for request in server.of("uploads"):
            assert request.headers["connection"] == "close"
            assert not [name for name in request.headers if name.startswith("proxy")]


async def test_it_goes_out_on_a_fresh_connection_of_a_session_that_is_handed_in(
    raw_server: Any, new_client: Any
) -> None:
    async with (
        raw_server(login_else(raw_server, lambda request: raw_server.reply(200, {}))) as server,
        aiohttp.ClientSession() as http,
        new_client(server, session=http) as client,
    ):
        async with http.get(f"{server.base_url}/others"):
            pass
        await client.request("POST", "uploads")
        used = {request.connection for request in server.requests if request.path != "uploads"}
        assert server.of("uploads")[0].connection not in used


async def test_it_does_not_meet_a_connection_that_died(raw_server: Any, new_client: Any) -> None:
    """The server hangs up on the second request of every connection, without an answer."""
    served: dict[int, int] = {}

    def answer(request: Any) -> Any:
        served[request.connection] = served.get(request.connection, 0) + 1
        if served[request.connection] > 1:
            return None
        return raw_server.token() if request.path == "authentication/token" else raw_server.reply(200, {})

    async with raw_server(answer) as server, new_client(server) as client:
        for _ in range(3):
            assert (await client.request("POST", "uploads")).status == 200
        assert len(server.of("uploads")) == 3


async def test_nothing_is_sent_again_behind_the_budgets_back(raw_server: Any, new_client: Any, log: Any) -> None:
    served: dict[int, int] = {}

    def answer(request: Any) -> Any:
        served[request.connection] = served.get(request.connection, 0) + 1
        if served[request.connection] > 1:
            return None
        return raw_server.token() if request.path == "authentication/token" else raw_server.reply(200, {})

    async with raw_server(answer) as server, new_client(server) as client:
        for _ in range(5):
            await client.request("GET", "lists")
        budgets = client.budgets
        assert len(server.of("lists")) == budgets.authenticated.status().granted == len(log.of("GET"))
        assert len(server.of("authentication/token")) == budgets.public.status().granted
        assert len(server.of("lists")) > 5


async def test_nothing_is_sent_again_by_a_session_that_is_handed_in(raw_server: Any, new_client: Any) -> None:
    served: dict[int, int] = {}

    def answer(request: Any) -> Any:
        served[request.connection] = served.get(request.connection, 0) + 1
        if served[request.connection] > 1:
            return None
        return raw_server.token() if request.path == "authentication/token" else raw_server.reply(200, {})

    async with (
        raw_server(answer) as server,
        aiohttp.ClientSession() as http,
        new_client(server, session=http) as client,
    ):
        for _ in range(3):
            await client.request("GET", "lists")
        assert len(server.of("lists")) == client.budgets.authenticated.status().granted


async def test_requests_in_many_tasks_are_each_done_once(pair: Any) -> None:
    async with pair({"transactions": 40}) as (sandbox, client):
        keys = [page.acknowledgement_id async for page in client.transactions.pages(1)]
        answers = await asyncio.gather(*(client.request("POST", f"transactions/{key}/acknowledge") for key in keys))
        assert {answer.status for answer in answers} == {204}
        assert sandbox.new_rids() == []
        assert sandbox.count(ACKNOWLEDGE) == 40
        assert await client.transactions.acknowledge(keys[0]) is Acknowledgement.GONE


async def test_who_is_cancelled_while_it_logs_in_has_sent_nothing(pair: Any, gate: Any) -> None:
    async with pair({"latency": 1.0, "sleep": gate.sleep}) as (sandbox, client):
        sending = asyncio.create_task(client.request("POST", "payments", json=[]))
        await gate.until(1)  # the login
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        gate.open()
        await client.request("GET", "bank-accounts")
        assert sandbox.count("payments.create") == 0
        assert client.budgets.authenticated.status().granted == 1


@pytest.mark.parametrize("wrong", [{"retry": Retry()}, {"retry": "once"}, {"lane": 2}])
async def test_what_is_no_class_of_repeating_is_refused(pair: Any, wrong: Any) -> None:
    """A Retry in its place would have it sent again."""
    async with pair() as (sandbox, client):
        with pytest.raises(ConfigurationError, match=next(iter(wrong))):
            await client.request("POST", "payments", json=[], **wrong)
        assert sandbox.requests == []
