"""A client's life: opened once, closed at any time, on its own connections or on a session that is lent."""

import asyncio
import gzip
from decimal import Decimal
from typing import Any

import aiohttp
import anyio
import pytest

from konfipay_async import BASE_URL, Budgets, KonfipayClient, Lane, Limits, Recorder
from konfipay_async.errors import (
    ClientStateError,
    ConfigurationError,
    ConnectFailedError,
    DecodeError,
    ResponseTooLargeError,
    StatusError,
    TransportError,
)
from konfipay_async.holding import close_all

LIST = "transactions.list"
KEY = "AKeyForTestsOnly"


def serving(raw_server: Any, body: Any) -> Any:
    return lambda request: raw_server.token() if request.path == "authentication/token" else body


# Open and closed


async def every_call(client: Any) -> list[BaseException | None]:
    async def of(awaitable: Any) -> BaseException | None:
        try:
            await awaitable
        except Exception as error:
            return error
        return None

    return [
        await of(client.request("GET", "bank-accounts")),
        await of(client.request("POST", "uploads")),
        await of(anext(client.transactions.pages())),
        await of(anext(client.transactions.stream())),
        await of(anext(client.transactions.drain())),
        await of(anext(client.bank_accounts.list())),
        await of(client.transactions.acknowledge("an-id")),
    ]


async def test_before_opening_and_after_closing(new_sandbox: Any, new_client: Any) -> None:
    async with new_sandbox() as sandbox:
        client = new_client(sandbox)
        for error in await every_call(client):
            assert isinstance(error, ClientStateError)
            assert isinstance(error, RuntimeError)
            assert "async with" in str(error)
        async with client:
            assert (await client.request("GET", "bank-accounts")).status == 200
        for error in await every_call(client):
            assert isinstance(error, ClientStateError)
            assert "closed" in str(error)
        assert len(sandbox.requests) == 2
        assert client.budgets.authenticated.status().granted == 1


async def test_opened_twice(new_client: Any) -> None:
    client = new_client("https://konfipay.example/api/v6")
    async with client:
        with pytest.raises(ClientStateError, match="opened before"):
            await client.open()
    with pytest.raises(ClientStateError):
        await client.open()
    await client.close()


async def test_closed_before_it_was_opened(new_client: Any) -> None:
    client = new_client("https://konfipay.example/api/v6")
    await client.close()
    with pytest.raises(ClientStateError):
        await client.open()


async def test_opening_sends_nothing(pair: Any) -> None:
    async with pair() as (sandbox, _):
        assert sandbox.requests == []


@pytest.mark.parametrize("method", ["pages", "stream", "drain"])
async def test_closed_in_mid_stream(pair: Any, method: str) -> None:
    async with pair({"transactions": 200}, concurrency=2) as (_, client):
        rows = getattr(client.transactions, method)(5)
        await anext(rows)
        await client.close()
        with pytest.raises(ClientStateError, match="closed"):
            async for _ in rows:
                pass
        await rows.aclose()


async def test_closed_under_a_request(pair: Any, gate: Any) -> None:
    gate.is_open = True
    async with pair({"latency": 1.0, "sleep": gate.sleep}) as (_, client):
        await client.request("GET", "bank-accounts")
        gate.close()
        calling = asyncio.create_task(client.request("GET", "bank-accounts"))
        await gate.until(1)
        await client.close()
        with pytest.raises(ClientStateError):
            await calling
        gate.open()


async def test_closed_under_those_who_wait_for_the_budget(pair: Any, clock: Any, until: Any) -> None:
    async with pair() as (sandbox, client):
        clock.held = True
        budget = client.budgets.authenticated
        budget.pause(60)
        callers = [asyncio.create_task(client.request("GET", "bank-accounts")) for _ in range(3)]
        await until(lambda: budget.status().waiting == 3 and clock.slept)
        await client.close()
        clock.advance(61)
        for error in await asyncio.gather(*callers, return_exceptions=True):
            assert isinstance(error, ClientStateError)
        status = budget.status()
        assert (status.granted, status.in_flight, status.waiting) == (0, 0, 0)
        assert sandbox.requests == []


async def test_closed_by_a_task_that_is_cancelled_it_leaves_nothing_open(
    raw_server: Any, new_client: Any, until: Any
) -> None:
    async with raw_server(serving(raw_server, raw_server.reply(200, {}))) as server:

        async def work() -> None:
            async with new_client(server) as client:
                await client.request("GET", "lists")
                await asyncio.Event().wait()

        working = asyncio.create_task(work())
        await until(lambda: server.of("lists"))
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working
        await until(lambda: not server.open_connections)


async def test_one_client_after_another_in_one_loop(new_sandbox: Any, new_client: Any) -> None:
    async with new_sandbox() as sandbox:
        for _ in range(3):
            async with new_client(sandbox) as client:
                await client.request("GET", "bank-accounts")
        assert sandbox.count("authentication.token") == 3


# A session that is lent


async def test_a_lent_session_is_used_and_left_as_it_was(raw_server: Any, new_client: Any) -> None:
    traced: list[str] = []

    async def started(session: Any, context: Any, params: Any) -> None:
        traced.append(params.url.path)

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(started)
    async with raw_server(serving(raw_server, raw_server.reply(200, {}, Set_Cookie="a=b"))) as server:
        async with aiohttp.ClientSession(
            headers={"X-Mine": "yes", "User-Agent": "mine/1"}, trace_configs=[trace], raise_for_status=True
        ) as http:
            before = (dict(http.headers), http._retry_connection, list(http.trace_configs), http.raise_for_status)
            async with new_client(server, session=http) as client:
                assert (await client.request("GET", "lists")).status == 200
                assert (await client.request("POST", "uploads")).status == 200
            assert not http.closed
            assert before == (
                dict(http.headers),
                http._retry_connection,
                list(http.trace_configs),
                http.raise_for_status,
            )
            assert len(http.cookie_jar) == 0
            async with http.get(f"{server.base_url}/own") as answer:
                assert answer.status == 200
            (own,) = server.of("own")
            assert "authorization" not in own.headers
        (sent,) = server.of("lists")
        assert sent.headers["x-mine"] == "yes"
        assert sent.headers["accept"] == "application/json"
        assert "cookie" not in server.of("uploads")[0].headers
        assert traced == [
            "/api/v6/authentication/token",
            "/api/v6/lists",
            "/api/v6/uploads",
            "/api/v6/own",
        ]


async def test_a_lent_session_that_raises_for_status(new_sandbox: Any, new_client: Any) -> None:
    async with (
        new_sandbox(faults=["500:bank-accounts.list", "403:bank-accounts.list@3"]) as sandbox,
        aiohttp.ClientSession(raise_for_status=True) as http,
        new_client(sandbox, session=http) as client,
    ):
        assert (await client.request("GET", "bank-accounts")).status == 200
        with pytest.raises(StatusError, match="ERR-00-0000"):
            await client.request("GET", "bank-accounts")


async def test_a_lent_session_with_a_base_url_and_auth(new_sandbox: Any, new_client: Any) -> None:
    async with (
        new_sandbox() as sandbox,
        aiohttp.ClientSession(
            base_url="https://elsewhere.example/", timeout=aiohttp.ClientTimeout(total=0.001)
        ) as http,
        new_client(sandbox, session=http) as client,
    ):
        assert (await client.request("GET", "bank-accounts")).status == 200


async def test_a_lent_session_that_is_closed(new_client: Any) -> None:
    http = aiohttp.ClientSession()
    await http.close()
    with pytest.raises(ClientStateError, match="closed"):
        async with new_client("https://konfipay.example/api/v6", session=http):
            pass


async def test_a_lent_session_that_is_closed_under_the_client(new_sandbox: Any, new_client: Any) -> None:
    async with new_sandbox() as sandbox:
        http = aiohttp.ClientSession()
        async with new_client(sandbox, session=http) as client:
            await client.request("GET", "bank-accounts")
            await http.close()
            with pytest.raises(ClientStateError, match="closed while"):
                await client.request("GET", "bank-accounts")
            with pytest.raises(ClientStateError, match="closed while"):
                await client.request("POST", "uploads")
            assert client.budgets.authenticated.status().in_flight == 0


# Where requests go


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_the_token_goes_to_the_origin_only(raw_server: Any, new_client: Any, status: int) -> None:
    async with raw_server(lambda request: raw_server.reply(200, {})) as elsewhere:
        moved = raw_server.reply(status, Location=f"{elsewhere.base_url}/transactions")
        async with raw_server(serving(raw_server, moved)) as server, new_client(server) as client:
            with pytest.raises(StatusError, match="never followed") as caught:
                await anext(client.transactions.pages())
            assert caught.value.status == status
            assert elsewhere.requests == []
            assert len(server.of("transactions")) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://portal.konfipay.de/api/v6",
        "http://10.0.0.1/api/v6",
        "http://127.0.0.1.example.com/",
        "http://localhost.example.com/",
        "ftp://127.0.0.1/",
        "portal.konfipay.de",
        "https://",
        "https://user:password@portal.konfipay.de",
        "https://portal.konfipay.de?key=1",
        "https://portal.konfipay.de#x",
        "not an address",
    ],
)
def test_base_urls_that_cannot_be(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        KonfipayClient(KEY, base_url=url)
    assert "password" not in str(caught.value).replace("a password", "")


@pytest.mark.parametrize(
    "url", ["http://localhost:1/api", "http://127.0.0.1:1", "http://[::1]:1/x", "https://a.example/"]
)
def test_base_urls_that_can_be(url: str) -> None:
    assert KonfipayClient(KEY, base_url=url).base_url == url.rstrip("/")


async def test_a_slash_at_the_end_of_the_base_url(new_sandbox: Any, new_client: Any) -> None:
    async with new_sandbox() as sandbox, new_client(sandbox.base_url + "/", api_key=sandbox.api_key) as client:
        await client.request("GET", "/bank-accounts")
        assert sandbox.requests[-1].path == "/api/v6/bank-accounts"


class Thing:
    """Something that was opened."""

    def __init__(self, name: str, closed: list[str], error: Exception | None = None) -> None:
        self.name, self.closed, self.error = name, closed, error

    async def close(self) -> None:
        await asyncio.sleep(0)
        self.closed.append(self.name)
        if self.error is not None:
            raise self.error


async def test_all_that_was_opened_is_closed_whatever_one_of_them_raises() -> None:
    closed: list[str] = []
    with pytest.raises(OSError, match="a"):
        await close_all([Thing("a", closed, OSError("a")), Thing("b", closed), Thing("c", closed)])
    assert closed == ["a", "b", "c"]


async def test_all_that_was_opened_is_closed_whatever_becomes_of_the_caller() -> None:
    """anyio cancels each await anew."""
    closed: list[str] = []
    with anyio.CancelScope() as scope:
        scope.cancel()
        await close_all([Thing("a", closed), Thing("b", closed)])
    assert closed == ["a", "b"]


async def test_an_unreachable_host(new_client: Any, kept_port: int) -> None:
    async with new_client(f"http://127.0.0.1:{kept_port}/api/v6") as client:
        with pytest.raises(ConnectFailedError, match=r"cannot connect to 127\.0\.0\.1") as caught:
            await client.request("GET", "bank-accounts")
        assert caught.value.sent is False
        assert client.budgets.public.status().left == 100
        assert client.budgets.authenticated.status().left == 1000


async def test_a_server_that_does_not_speak_tls(new_client: Any) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server, new_client(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/v6") as client:
        with pytest.raises(ConnectFailedError, match="TLS"):
            await client.request("GET", "bank-accounts")


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "//elsewhere.example/x",
        "https://elsewhere.example/x",
        "../x",
        "a/../../x",
        "a?b=c",
        "a#b",
        "a\\b",
        "a\nb",
    ],
)
async def test_paths_that_cannot_be(pair: Any, path: str) -> None:
    async with pair() as (sandbox, client):
        with pytest.raises(ConfigurationError, match="path: give it relative") as caught:
            await client.request("GET", path)
        assert "elsewhere.example" not in str(caught.value)  # it might be a secret as well
        assert sandbox.requests == []


@pytest.mark.parametrize(("path", "wire"), [("a b", "a%20b"), ("a%2Fb", "a%2Fb"), ("ü", "%C3%BC"), ("a+b", "a+b")])
async def test_paths_arrive_as_they_are_given(pair: Any, path: str, wire: str) -> None:
    async with pair() as (sandbox, client):
        with pytest.raises(StatusError):
            await client.request("GET", path)
        assert sandbox.requests[-1].path == f"/api/v6/{wire}"


# Settings


def test_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="KONFIPAY_API_KEY"):
        KonfipayClient()
    monkeypatch.setenv("KONFIPAY_API_KEY", " FromTheEnvironment\n")
    assert KonfipayClient().base_url == BASE_URL
    monkeypatch.setenv("KONFIPAY_BASE_URL", "https://test.example/api/v6")
    assert KonfipayClient().base_url == "https://test.example/api/v6"
    assert KonfipayClient(base_url="https://given.example").base_url == "https://given.example"
    monkeypatch.setenv("KONFIPAY_BASE_URL", "http://test.example/api/v6")
    with pytest.raises(ConfigurationError, match="not encrypted"):
        KonfipayClient()


async def test_the_key_of_the_environment_is_used(new_sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async with new_sandbox() as sandbox:
        monkeypatch.setenv("KONFIPAY_API_KEY", f"{sandbox.api_key}\n")
        monkeypatch.setenv("KONFIPAY_BASE_URL", sandbox.base_url)
        async with KonfipayClient() as client:
            assert (await client.request("GET", "bank-accounts")).status == 200


@pytest.mark.parametrize("key", ["", "   ", "a b", "a\nb", "schlüssel", '"a\tb"'])
def test_keys_that_cannot_be(key: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        KonfipayClient(key)
    assert not key.strip() or key not in str(caught.value)


@pytest.mark.parametrize(
    "arguments",
    [
        {"client_name": ""},
        {"client_version": ""},
        {"limits": Limits(), "budgets": Budgets.from_limits(Limits())},
        {"routes": {"transactions.lists": "GET transactions"}},
        {"routes": {"transactions.list": "transactions"}},
        {"routes": {"transactions.list": "GET transactions/{id}"}},
        {"routes": {"transactions.list": "GET https://elsewhere.example/"}},
    ],
)
def test_arguments_that_cannot_be(arguments: Any) -> None:
    with pytest.raises(ConfigurationError):
        KonfipayClient(KEY, **arguments)


async def test_methods_that_cannot_be(pair: Any) -> None:
    async with pair() as (sandbox, client):
        for method in ("", "GET /x", "G\r\nT", "1"):
            with pytest.raises(ConfigurationError):
                await client.request(method, "bank-accounts")
        assert sandbox.requests == []


async def test_who_logs_in(raw_server: Any, new_client: Any) -> None:
    async with (
        raw_server(serving(raw_server, raw_server.reply(200, {}))) as server,
        new_client(server, client_name="My Übung", client_version="7") as client,
    ):
        await client.request("GET", "lists", query={"a": "b c", "d": True})
        login, sent = server.requests
        assert login.body == f'{{"apiKey":"{KEY}","client":{{"name":"My Übung","version":"7"}}}}'.encode()
        assert login.headers["content-type"] == "application/json"
        assert login.headers["user-agent"].startswith("konfipay-async/")
        assert sent.target == "/api/v6/lists?a=b%20c&d=true"


async def test_a_body_has_exact_amounts(raw_server: Any, new_client: Any) -> None:
    async with raw_server(serving(raw_server, raw_server.reply(200, {}))) as server, new_client(server) as client:
        await client.request("POST", "payments", json={"amount": Decimal("1234567890123456789.10")})
        assert server.requests[-1].body == b'{"amount":1234567890123456789.10}'


async def test_a_post_without_a_body_claims_no_content_type(raw_server: Any, new_client: Any) -> None:
    """Above all the acknowledgement: a server may well refuse `application/octet-stream` with 415."""
    async with raw_server(serving(raw_server, raw_server.reply(204))) as server, new_client(server) as client:
        await client.transactions.acknowledge("an-id")
        assert server.requests[-1].method == "POST"
        assert "octet-stream" not in server.requests[-1].headers.get("content-type", "")


# Answers


async def test_an_answer_that_is_too_large(pair: Any, log: Any) -> None:
    async with pair({"transactions": 1000}, max_response_bytes=50_000) as (sandbox, client):
        assert len([row async for row in client.transactions.stream(10)]) == 1000
        sandbox.requests.clear()
        with pytest.raises(ResponseTooLargeError, match="max_response_bytes"):
            await anext(client.transactions.pages(1000))
        # It will not become smaller by asking again.
        assert sandbox.count(LIST) == 1


async def test_an_html_page_in_the_place_of_the_answer(pair: Any) -> None:
    async with pair({"faults": [f"html:{LIST}x9"]}) as (_, client):
        with pytest.raises(DecodeError, match="an HTML page") as caught:
            await anext(client.transactions.pages())
        assert "transactions page 1" in str(caught.value)
        assert caught.value.malformed
        assert b"<html" in caught.value.body.lower()
        assert "Maintenance" not in str(caught.value) + repr(caught.value)


async def test_compressed_answers(raw_server: Any, new_client: Any) -> None:
    squeezed = gzip.compress(b'{"a": "b"}')
    body = raw_server.reply(200, squeezed, Content_Encoding="gzip")
    async with raw_server(serving(raw_server, body)) as server, new_client(server) as client:
        assert (await client.request("GET", "lists")).body == b'{"a": "b"}'


async def test_a_compressed_answer_that_unfolds_is_too_large(raw_server: Any, new_client: Any) -> None:
    body = raw_server.reply(200, gzip.compress(bytes(5_000_000)), Content_Encoding="gzip")
    async with (
        raw_server(serving(raw_server, body)) as server,
        new_client(server, max_response_bytes=100_000) as client,
    ):
        with pytest.raises(ResponseTooLargeError):
            await client.request("GET", "lists")


@pytest.mark.parametrize(
    "answer",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Encoding: gzip\r\n\r\nabcde",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 20_000 + b"\r\n\r\n",
    ],
)
async def test_answers_that_are_no_http(raw_server: Any, new_client: Any, answer: bytes) -> None:
    async with raw_server(serving(raw_server, answer)) as server, new_client(server) as client:
        with pytest.raises(TransportError) as caught:
            await client.request("GET", "lists")
        assert caught.value.sent


# What can be seen of it


async def test_the_recorder_sees_every_attempt(pair: Any, log: Any) -> None:
    faults = ["500:authentication.token", "429:bank-accounts.list=5", "reset-before:bank-accounts.list@2"]
    async with pair({"faults": faults}) as (_, client):
        await client.request("GET", "bank-accounts")
    assert log.outcomes == [
        ("authentication/token", 1, "500"),
        ("authentication/token", 2, "200"),
        ("bank-accounts", 1, "429"),
        ("bank-accounts", 2, "ConnectionLostError"),
        ("bank-accounts", 3, "200"),
    ]
    assert [one.waited >= 5 for one in log.attempts] == [False, False, False, True, False]
    assert all(one.duration >= 0 and one.started_at > 1_800_000_000 for one in log.attempts)
    assert [one.request.lane for one in log.of("GET")] == [Lane.SINGLE] * 3


async def test_the_recorder_sees_what_was_cancelled(pair: Any, log: Any, gate: Any) -> None:
    gate.is_open = True
    async with pair({"latency": 1.0, "sleep": gate.sleep}) as (_, client):
        await client.request("GET", "bank-accounts")
        gate.close()
        calling = asyncio.create_task(client.request("GET", "bank-accounts"))
        await gate.until(1)
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling
        gate.open()
        assert len(log.attempts) == 3
        assert (log.attempts[-1].response, log.attempts[-1].error) == (None, None)
        assert client.budgets.authenticated.status().in_flight == 0


def test_a_recorder_is_anything_that_records(log: Any) -> None:
    recorder: Recorder = log
    KonfipayClient(KEY, recorder=recorder)


async def test_the_budget_tells_what_waits(pair: Any, clock: Any, until: Any) -> None:
    async with pair() as (_, client):
        clock.held = True
        budget = client.budgets.authenticated
        assert budget.status().next_in is None
        budget.pause(60)
        calls = [asyncio.create_task(client.request("GET", "bank-accounts")) for _ in range(2)]
        await until(lambda: budget.status().waiting == 2 and clock.slept)
        clock.advance(20)
        status = budget.status()
        assert (status.limit, status.left, status.in_flight, status.granted) == (1000, 1000, 0, 0)
        assert (status.waiting, status.longest_wait, status.paused_for, status.next_in) == (2, 20.0, 40.0, 40.0)
        clock.advance(40)
        for call in calls:
            assert (await call).status == 200
        assert budget.status().waiting == 0
