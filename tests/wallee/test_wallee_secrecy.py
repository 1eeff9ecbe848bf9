"""Card details and paths that are as good as a key are told to nobody, however a request ends."""

import asyncio
import logging
from typing import Any

import pytest

from konfipay_async.errors import (
    ConfigurationError,
    ConnectionLostError,
    DecodeError,
    KonfipayError,
    NotFoundError,
    OutcomeUnknownError,
    ServerError,
    UnprocessableError,
)
from konfipay_async.session.message import Response, RetryClass
from konfipay_async.session.retry import Retry
from konfipay_async.wallee.secrecy import holds_card, told

NUMBER = "4111111111111111"
CARD = {"cardData": {"primaryAccountNumber": NUMBER, "cardVerificationCode": "9876"}}
ECHO = {"code": NUMBER, "message": f"no {NUMBER}", "errors": {"number": NUMBER, NUMBER: "wrong"}, "state": [NUMBER]}
PATH = "payment/transactions/5/process-card-details"

CALLS = {
    "the operation": lambda client: client.payment.transactions.process_card_details(5, CARD),
    "the other operation": lambda client: client.payment.transactions.process_card_details_threed(5, CARD),
    "a request": lambda client: client.request("POST", PATH, json=CARD),
    "a request that is encoded": lambda client: client.request("POST", PATH.replace("-", "%2D"), json=CARD),
}


def everything(error: BaseException | None, seen: tuple[Any, ...] = ()) -> str:
    """All that hangs on an error, and on what it came of."""
    if error is None or error in seen:
        return ""
    further = [everything(one, (*seen, error)) for one in (error.__cause__, error.__context__)]
    return f"{error}{error!r}{vars(error)}{error.args}{further}"


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize(
    ("status", "kind", "cause"),
    [
        (422, UnprocessableError, None),
        (500, OutcomeUnknownError, ServerError),
        (200, OutcomeUnknownError, DecodeError),
        (None, OutcomeUnknownError, ConnectionLostError),
    ],
)
async def test_a_card_s_number_is_nowhere(against, raw_server, caplog, call, status, kind, cause):
    """Not in the error, nor in that which it came of."""
    reply = None if status is None else raw_server.reply(status, ECHO)
    async with against(lambda request: reply, retry=Retry(attempts=1)) as (server, client):
        with caplog.at_level(logging.DEBUG):
            (ended,) = await asyncio.gather(call(client), return_exceptions=True)
        if status != 200 or not isinstance(ended, Response):  # what is raw is the caller's own
            assert type(ended) is kind
            assert cause is None or type(ended.__cause__) is cause
            assert NUMBER not in everything(ended)
            assert not getattr(ended, "body_sha256", "")
        assert NUMBER.encode() in server.requests[0].body
    assert NUMBER not in caplog.text
    assert "9876" not in caplog.text


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.web_apps.confirm("S3CRET/x"),
        lambda client: client.analytics.queries.query_token.get("S3CRET/x"),
        lambda client: client.analytics.queries.query_token.result("S3CRET/x"),
        lambda client: client.analytics.queries.query_token.delete("S3CRET/x"),
        lambda client: client.payment.transactions.by_credentials.get("S3CRET/x"),
        lambda client: client.payment.transactions.by_credentials.mobile_sdk_url("S3CRET/x"),
        lambda client: client.request("GET", "payment/transactions/by-credentials/S3CRET%2Fx"),
        lambda client: client.request("GET", "payment/transactions/by%2Dcredentials/S3CRET%2Fx/mobile-sdk-url"),
        lambda client: client.request("POST", "/web-apps/confirm/S3CRET%2Fx", json={}),
        lambda client: client.request("GET", "analytics/queries/queryToken/S3CRET%2Fx/result"),
    ],
)
@pytest.mark.parametrize("status", [404, 302, 200, None])
async def test_a_secret_in_a_path_is_told_to_nobody(against, raw_server, caplog, call, status):
    reply = None if status is None else raw_server.reply(status, b"<html>", Content_Type="text/html")
    async with against(lambda request: reply, retry=Retry(attempts=1)) as (server, client):
        with caplog.at_level(logging.DEBUG):
            (ended,) = await asyncio.gather(call(client), return_exceptions=True)
        if status != 200 or isinstance(ended, KonfipayError):
            assert "S3CRET" not in everything(ended)
            assert "{" in str(ended)
        assert "S3CRET" in server.requests[0].target
    assert "S3CRET" not in caplog.text


async def test_what_cannot_be_sent_is_not_told_either(against, raw_server):
    async with against(lambda request: raw_server.reply(200, {})) as (server, client):
        with pytest.raises(ConfigurationError) as raised:
            await client.web_apps.confirm("S3CRET\n")
        assert "S3CRET" not in str(raised.value)
        assert not server.requests


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("countries/CH", "countries/CH"),
        ("web-apps/confirm/{code}", "web-apps/confirm/{…}"),
        ("web-apps/confirm", "web-apps/confirm"),
        ("a/queryToken/b/result", "a/queryToken/{…}/result"),
        ("a/QUERYTOKEN/b", "a/QUERYTOKEN/{…}"),
        ("a/queryExternalId/b", "a/queryExternalId/b"),
    ],
)
def test_what_is_told_of_a_path(path, shown):
    assert told(path) == shown


def test_where_there_is_a_card():
    assert holds_card(PATH)
    assert holds_card("payment/transactions/5/process-card-details-threed")
    assert not holds_card("payment/transactions/5/process-with-token")


async def test_nothing_else_is_hushed(against, raw_server):
    """What the server says of other requests is there for those who look."""
    async with against(lambda request: raw_server.reply(404, ECHO)) as (_, client):
        with pytest.raises(NotFoundError) as raised:
            await client.request("POST", "customers", json={}, retry=RetryClass.ONCE)
        assert raised.value.server_message == ECHO["message"]
