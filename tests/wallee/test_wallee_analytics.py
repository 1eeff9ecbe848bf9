"""Analytics: waited for whatever is answered meanwhile, and an address that was paid for is not lost."""

import logging
from typing import Any

import aiohttp
import pytest

from konfipay_async.errors import ConfigurationError, ListError, ServerError, WaitTimeoutError
from konfipay_async.session.retry import Retry
from konfipay_async.wallee.models import AnalyticsState

CONTENT = b"a,b\n" * 10


@pytest.fixture
def store(against, raw_server):
    """``async with store(answers) as (server, client)``: what the host of the files answers, one after another."""

    def opened(answers: list[Any], **arguments: Any) -> Any:
        left = list(answers)

        def answer(request: Any) -> bytes | None:
            if "result" in request.target:
                origin = "http://" + request.headers["host"]
                return raw_server.reply(200, f"{origin}/file?sig=canary".encode(), Content_Type="text/plain")
            return left.pop(0)

        return against(answer, **arguments)

    return opened


async def downloaded(client: Any) -> bytes:
    return b"".join([chunk async for chunk in client.analytics.queries.download(query_token="t")])


async def test_a_file_is_asked_for_again_at_the_address_that_was_paid_for(store, raw_server):
    answers = [raw_server.reply(503, b"sig=canary"), None, raw_server.reply(200, CONTENT)]
    async with store(answers) as (server, client):
        assert await downloaded(client) == CONTENT
        assert len([request for request in server.requests if "result" in request.target]) == 1
        assert [request.target for request in server.requests[1:]] == ["/file?sig=canary"] * 3
        assert not [request for request in server.requests[1:] if "authorization" in request.headers]


async def test_a_file_that_cannot_be_had_tells_no_address(store, raw_server, caplog):
    said = raw_server.reply(500, {"message": "sig=canary", "errors": {"url": "sig=canary"}})
    async with store([said] * 3, retry=Retry(attempts=3)) as (server, client):
        with caplog.at_level(logging.DEBUG), pytest.raises(ServerError) as raised:
            await downloaded(client)
        assert len(server.requests) == 4
        assert "canary" not in f"{raised.value}{raised.value!r}{vars(raised.value)}"
        assert "sig=" not in caplog.text


async def test_a_file_that_breaks_off_is_not_begun_anew_unseen(store, raw_server):
    whole = raw_server.reply(200, b"x" * 300_000)
    async with store([whole[:200_000], whole]) as (server, client):
        rows = client.analytics.queries.download(query_token="t")
        assert await anext(rows)
        for task in list(server._tasks):
            task.cancel()
        with pytest.raises(ListError, match="broke off"):
            [chunk async for chunk in rows]
        assert len(server.requests) == 3


async def test_a_lent_session_lends_its_way_and_none_of_its_headers(store, raw_server):
    """The connector, with its limits, resolver and certificates, is for every host; a header may be a secret."""
    connector = aiohttp.TCPConnector(limit=3)
    asked = []
    trace = aiohttp.TraceConfig()

    async def started(session: Any, context: Any, parameters: Any) -> None:
        asked.append(str(parameters.url))

    trace.on_request_start.append(started)
    headers = {"X-Inside": "canary"}
    async with aiohttp.ClientSession(connector=connector, headers=headers, trace_configs=[trace]) as lent:
        connections = []
        connect = connector.connect

        async def counted(request: Any, *arguments: Any, **named: Any) -> Any:
            connections.append(request.url.path)
            return await connect(request, *arguments, **named)

        connector.connect = counted  # type: ignore[method-assign]
        async with store([raw_server.reply(200, CONTENT)], session=lent) as (server, client):
            assert await downloaded(client) == CONTENT
            assert [request.headers.get("x-inside") for request in server.requests] == ["canary", None]
            assert connections[-1] == "/file"
            assert len(asked) == 1
        assert not connector.closed


async def test_an_address_is_said_to_be_billed_however_it_is_made(store, caplog):
    async with store([]) as (_, client):
        assert await client.analytics.queries.query_token.result("t")
    assert len([line for line in caplog.messages if "billed" in line]) == 1


@pytest.mark.parametrize("nothing", [(204, b""), (202, b""), (202, b" ")])
async def test_nothing_is_no_end(against, raw_server, nothing):
    """Nor an error: it is processed, and nobody says so."""
    answers = [raw_server.reply(*nothing), raw_server.reply(200, {"status": "SUCCESS"})]
    async with against(lambda request: answers.pop(0)) as (server, client):
        assert (await client.analytics.queries.wait(query_token="t")).status is AnalyticsState.SUCCESS
        assert len(server.requests) == 2


async def test_nothing_until_the_time_is_over(against, raw_server, clock):
    async with against(lambda request: raw_server.reply(204)) as (_, client):
        with pytest.raises(WaitTimeoutError) as raised:
            await client.analytics.queries.wait(query_external_id="t", timeout=60)
        assert raised.value.last is None
        assert clock.now == 1060


@pytest.mark.parametrize("timeout", ["1", 0, -1, float("nan"), float("inf"), None, True])
async def test_a_time_that_is_none(against, raw_server, timeout):
    async with against(lambda request: raw_server.reply(200, {})) as (server, client):
        with pytest.raises(ConfigurationError, match="timeout"):
            await client.analytics.queries.wait(query_token="t", timeout=timeout)
        assert not server.requests


class Log:
    def __init__(self) -> None:
        self.timeouts: list[float] = []

    def record(self, attempt: Any) -> None:
        self.timeouts.append(attempt.request.timeout)


async def test_no_request_is_waited_for_longer_than_is_left(against, raw_server):
    log = Log()
    async with against(lambda request: raw_server.reply(202, {"status": "PROCESSING"}), recorder=log) as (_, client):
        with pytest.raises(WaitTimeoutError):
            await client.analytics.queries.wait(query_token="t", timeout=14)
    assert log.timeouts == [14, 9, 1.5, 1.0]


async def test_a_request_that_lasts_as_long_as_there_was_time(against, raw_server, clock):
    def answer(request: Any) -> bytes:
        clock.now += 20
        return b""  # and nothing more

    async with against(answer, retry=Retry(attempts=1), timeouts={"analytics.queries.query_token.get": 1.0}) as (
        _,
        client,
    ):
        with pytest.raises(WaitTimeoutError, match="within 20 s"):
            await client.analytics.queries.wait(query_token="t", timeout=20)
