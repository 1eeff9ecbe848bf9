"""Neither key nor token is in anything that is shown, and no IBAN, name or purpose in logs and errors of ours."""

import asyncio
import logging
import pickle
import traceback
from typing import Any

import pytest

from konfipay_async.errors import DecodeError, KonfipayError, OutcomeUnknownError
from konfipay_async.models import NewPayPalAccount
from konfipay_async.models.authentication import ClientInfo, TokenAnswer, TokenRequest

KEY = "CanaryKey" + "7" * 40
TOKEN = "CanaryToken" + "8" * 40
IBAN = "DE89370400440532013000"
NAME = "Kanaria Vogelsang"
PURPOSE = "Canary purpose 4711"
SECRETS = (KEY, TOKEN)
PERSONAL = (IBAN, NAME, PURPOSE)


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG)
    for name in ("konfipay_async", "aiohttp", "aiohttp.client", "asyncio"):
        caplog.set_level(logging.DEBUG, name)
    return caplog


def row(**changes: Any) -> dict[str, Any]:
    return {
        "rId": "r1",
        "amount": 1.5,
        "currency": "EUR",
        "creditDebitIndicator": "CRDT",
        "iban": IBAN,
        "name": NAME,
        "purpose": PURPOSE,
    } | changes


def page(*rows: Any) -> dict[str, Any]:
    return {
        "pageNumber": 1,
        "pageSize": 10,
        "totalPages": 1,
        "totalItems": len(rows),
        "links": [],
        "results": {"acknowledgementId": "a1", "transactions": list(rows)},
    }


def serve(raw_server: Any, answer: bytes | None) -> Any:
    return lambda request: raw_server.token(TOKEN) if request.path == "authentication/token" else answer


def shown(error: BaseException) -> str:
    return "".join(
        [
            str(error),
            repr(error),
            repr(error.args),
            "".join(traceback.format_exception(error)),
            repr(pickle.dumps(error)),
            str(pickle.loads(pickle.dumps(error))),  # noqa: S301
            "".join(map(repr, getattr(error, "errors", ()))),
        ]
    )


def error_body(details: str, message: str = "Invalid") -> dict[str, Any]:
    return {"errors": [{"errorCode": "ERR-01-0001", "errorMessage": message, "errorDetails": details}]}


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, page(row(amount="x"))),
        (200, page(row(amount=float("nan")))),
        (200, page(row(currency=None))),
        (200, page(row(creditDebitIndicator=[IBAN, NAME, PURPOSE]))),
        (200, page({IBAN: NAME})),
        (200, [IBAN, NAME, PURPOSE]),
        (200, f"{IBAN} {NAME} {PURPOSE}".encode()),
        (200, f"<html>{IBAN} {NAME} {PURPOSE}".encode()),
        (400, error_body(f"{IBAN} of {NAME}: {PURPOSE}")),
        (400, error_body("", f"{IBAN} {NAME}")),
        (400, {"errors": [{"errorCode": IBAN, "errorMessage": NAME}]}),
        (400, {"Message": f"{NAME}, {PURPOSE}", "ApiDocumentationLink": "x"}),
        (400, f"<ErrorItem><ErrorCode>{IBAN}</ErrorCode><ErrorMessage>{NAME}</ErrorMessage></ErrorItem>".encode()),
        (403, error_body(f"{KEY} {TOKEN}")),
        (404, f"{NAME}".encode()),
        (500, error_body(f"{IBAN} {NAME} {PURPOSE} {KEY} {TOKEN}")),
    ],
)
async def test_what_the_server_says_is_not_repeated(
    raw_server: Any, new_client: Any, log: Any, everything_logged: Any, status: int, body: Any
) -> None:
    async with (
        raw_server(serve(raw_server, raw_server.reply(status, body))) as server,
        new_client(server, api_key=KEY) as client,
    ):
        with pytest.raises(KonfipayError) as caught:
            await anext(client.transactions.pages(10))
        text = shown(caught.value) + everything_logged.text + repr(log.attempts) + repr(client)
        for canary in SECRETS + PERSONAL:
            assert canary not in text
        if isinstance(caught.value, DecodeError):
            assert caught.value.body
            assert pickle.loads(pickle.dumps(caught.value)).body == b""  # noqa: S301


async def test_what_the_server_says_to_a_challenge_is_not_repeated(
    raw_server: Any, new_client: Any, everything_logged: Any
) -> None:
    challenge = f'Bearer error="invalid_token", error_description="{KEY} {TOKEN} {NAME}"'
    answer = raw_server.reply(401, b"", **{"WWW-Authenticate": challenge})
    for refused in (serve(raw_server, answer), lambda request: answer):
        async with raw_server(refused) as server, new_client(server, api_key=KEY) as client:
            with pytest.raises(KonfipayError, match="invalid_token") as caught:
                await client.request("GET", "lists")
            text = shown(caught.value) + everything_logged.text
            for canary in (*SECRETS, NAME):
                assert canary not in text


async def test_a_login_that_cannot_be_read(raw_server: Any, new_client: Any, everything_logged: Any) -> None:
    for body in (
        {"accessToken": TOKEN, "expiresIn": {}},
        {"accessToken": [TOKEN]},
        TOKEN,
        {"accessToken": TOKEN, "expiresIn": 0},
    ):
        answer = raw_server.reply(200, body)
        async with raw_server(lambda _, answer=answer: answer) as server, new_client(server, api_key=KEY) as client:
            with pytest.raises(DecodeError) as caught:
                await client.request("GET", "lists")
            text = shown(caught.value) + everything_logged.text
            for canary in SECRETS:
                assert canary not in text


async def test_the_tracebacks_of_a_request_show_no_secret_in_its_locals(raw_server: Any, new_client: Any) -> None:
    """Error trackers print the repr of every local of every frame of ours."""
    async with (
        raw_server(serve(raw_server, raw_server.reply(403))) as server,
        new_client(server, api_key=KEY) as client,
    ):
        with pytest.raises(KonfipayError) as caught:
            await client.request("POST", "payments", json={"iban": IBAN, "name": NAME})
        frames = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)]
        ours = [frame for frame in frames if "konfipay_async" in frame.f_code.co_filename]
        assert ours
        text = "".join(
            repr(value) for frame in ours for value in frame.f_locals.values() if not isinstance(value, dict)
        )
        for canary in (*SECRETS, IBAN, NAME):
            assert canary not in text


async def test_ordinary_work_logs_nothing_of_anybody(pair: Any, log: Any, everything_logged: Any) -> None:
    faults = ["500:transactions.list@2", "401:transactions.list@4", "429:transactions.list@6=1"]
    async with pair({"transactions": 30, "faults": faults}, concurrency=2) as (sandbox, client):
        rows = []
        async for one in client.transactions.drain(5, bank_account_rid=None):
            rows += one.transactions
            await one.acknowledge()
        assert len(rows) == 30
        text = everything_logged.text + repr(log.attempts) + repr(client) + repr(client.budgets)
        assert "konfipay_async" in everything_logged.text
        assert sandbox.api_key not in text
        assert "Bearer " not in text
        for one in rows:
            assert not [canary for canary in (one.iban, one.name, one.purpose) if canary and canary in text]


async def test_filters_are_not_logged_and_not_shown(pair: Any, log: Any, everything_logged: Any) -> None:
    async with pair({"faults": ["500:transactions.listx9"]}) as (_, client):
        with pytest.raises(KonfipayError) as caught:
            async for _ in client.transactions.pages(extra={"iban": IBAN, "name": NAME}):
                pass
        text = shown(caught.value) + everything_logged.text + repr(log.attempts)
        for canary in (IBAN, NAME, "Kanaria"):
            assert canary not in text


async def test_a_query_of_a_request_whose_connection_breaks(pair: Any, everything_logged: Any) -> None:
    async with pair({"faults": ["reset-before:transactions.listx9"]}) as (_, client):
        with pytest.raises(KonfipayError) as caught:
            await client.request("GET", "transactions", query={"iban": IBAN})
        assert IBAN not in shown(caught.value) + everything_logged.text


async def test_an_unknown_outcome_shows_no_body(pair: Any, everything_logged: Any) -> None:
    async with pair({"faults": ["reset-after:payments.create"]}) as (_, client):
        with pytest.raises(OutcomeUnknownError) as caught:
            await client.request("POST", "payments", json={"iban": IBAN, "name": NAME})
        text = shown(caught.value) + everything_logged.text
        for canary in (IBAN, NAME):
            assert canary not in text
        copy = pickle.loads(pickle.dumps(caught.value))  # noqa: S301
        assert (copy.method, copy.path, copy.sent_at, copy.body_sha256) == (
            caught.value.method,
            caught.value.path,
            caught.value.sent_at,
            caught.value.body_sha256,
        )


async def test_tasks_show_no_secret(pair: Any, gate: Any) -> None:
    async with pair({"latency": 1.0, "sleep": gate.sleep}) as (sandbox, client):
        calling = asyncio.create_task(client.request("GET", "bank-accounts"))
        await gate.until(1)
        assert sandbox.api_key not in "".join(map(repr, asyncio.all_tasks()))
        gate.open()
        await calling


@pytest.mark.parametrize(
    "secret",
    [
        NewPayPalAccount(description="Shop", client_id="public", client_secret="canary"),
        TokenRequest(api_key="canary", client=ClientInfo("a", "1")),
        TokenAnswer(access_token="canary"),
    ],
    ids=lambda secret: type(secret).__name__,
)
def test_what_holds_a_secret_is_not_pickled(secret: Any) -> None:
    with pytest.raises(TypeError, match="secret"):
        pickle.dumps(secret)
