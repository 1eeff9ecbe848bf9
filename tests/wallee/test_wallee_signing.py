"""What is signed is what arrives, by a clock that is right or learnt to be."""

import asyncio
import base64
import json
import logging
import os
import random
import subprocess
import sys
from email.utils import formatdate
from typing import Any

import jwt
import pytest
from yarl import URL

from konfipay_async.errors import ConfigurationError, MissingExtraError, NotFoundError, UnauthorizedError
from konfipay_async.session.auth import Refusal
from konfipay_async.session.budget import Limits
from konfipay_async.session.message import Request, Response, RetryClass
from konfipay_async.wallee import WalleeClient
from konfipay_async.wallee.signing import Signer, checked_key, checked_user_id

KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
VECTOR = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsInZlciI6MX0.eyJzdWIiOiIxMjM0NTYiLCJpYXQiOjE2NjQzNzUwNjksInJlcXVlc3RQYXRoIjoi"
    "L2FwaS92Mi4wL2N1c3RvbWVycy9zZWFyY2g_b3JkZXI9bGFzdG5hbWUiLCJyZXF1ZXN0TWV0aG9kIjoiR0VUIn0"
    ".etOGWpmxL_smXEDbq4LphCCbjnB24JaerL_uw73RH2Y"
)


class Standing:
    """A clock that stands where it is put."""

    def __init__(self, now: float) -> None:
        self.now = now

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


def signer(now: float = 1664375069.9) -> Signer:
    return Signer(URL("https://app-wallee.com/api/v2.0"), "123456", checked_key(KEY), clock=Standing(now))


def asked(path: str = "customers/search", method: str = "GET", **query: str) -> Request[None]:
    return Request(method, path, read=lambda _: None, query=tuple(query.items()))


def claims(authorization: str) -> dict[str, Any]:
    read: dict[str, Any] = jwt.decode(
        authorization.removeprefix("Bearer "), base64.b64decode(KEY), ["HS256"], options={"verify_iat": False}
    )
    return read


async def test_the_vector():
    headers = await signer().authorise(asked(order="lastname"))
    assert headers == {"Authorization": f"Bearer {VECTOR}"}
    assert jwt.get_unverified_header(VECTOR) == {"alg": "HS256", "typ": "JWT", "ver": 1}


async def test_the_method_is_signed_and_the_time_is_whole_seconds():
    headers = await signer(1.999).authorise(asked("a", "DELETE"))
    assert claims(headers["Authorization"]) == {
        "sub": "123456",
        "iat": 1,
        "requestPath": "/api/v2.0/a",
        "requestMethod": "DELETE",
    }


@pytest.mark.parametrize("key", ["", "   ", "no base64!", KEY[:-2], f"{KEY}=", KEY.replace("=", "-"), "ä"])
def test_a_key_that_is_none(key):
    with pytest.raises(ConfigurationError, match="authentication key") as raised:
        checked_key(key)
    assert key.strip() not in str(raised.value) or not key.strip()


@pytest.mark.parametrize("key", ["AAAA", "QQ==", KEY[:40]])
def test_a_key_that_is_too_short(key):
    with pytest.raises(ConfigurationError, match="too short"):
        checked_key(key)


def test_a_key_is_decoded():
    assert checked_key(f" {KEY}\n") == bytes(range(32))


@pytest.mark.parametrize("user_id", ["", "me", "12a", "-1", "0", 0, -5, True, 1.5, None, "٣", "1" * 20])
def test_a_user_id_that_is_no_number(user_id):
    with pytest.raises(ConfigurationError, match="user"):
        checked_user_id(user_id)


@pytest.mark.parametrize("user_id", [512, "512", " 512 ", "0512"])
def test_a_user_id(user_id):
    assert checked_user_id(user_id) == "512"


def test_without_the_library():
    code = (
        "import sys; sys.modules['jwt'] = None\n"
        "from konfipay_async.wallee import WalleeClient\n"
        f"WalleeClient(1, {KEY!r})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert MissingExtraError.__name__ in done.stderr
    assert "konfipay-async[wallee]" in done.stderr


# What cannot be sent as it is


@pytest.mark.parametrize("path", ["a b", "a#b", "ä", "a?", "a\\b", "a\nb"])
async def test_what_cannot_be_sent_as_it_is_is_refused(path):
    with pytest.raises(ConfigurationError, match="cannot be sent as it is"):
        await signer().authorise(asked(path))


@pytest.mark.parametrize("path", ["a%20b", "a%2Fb", "a//b", "a;b=c", "%7Ea~", "a/../b", "a?b", "a'b", "a|b"])
async def test_what_can_is_signed_as_it_is(path):
    headers = await signer().authorise(asked(path))
    assert claims(headers["Authorization"])["requestPath"] == f"/api/v2.0/{path}"


# The socket

FULL = bool(os.environ.get("KONFIPAY_SOAK"))
PLENTY = Limits(authenticated=1_000_000, period=120.0)
AGAIN = RetryClass.IDEMPOTENT
HARMLESS = dict.fromkeys(map(ord, "?#\\"), "-")
TEXT = "aZ09-._~ +%/?&=#'\"()*<>:;,!@$[]{}|\\^`äß€𝄞\u200b"


async def test_what_is_signed_is_what_arrives(raw_server):
    """Random paths and queries, and what stands in the request line at the socket: ten thousand with KONFIPAY_SOAK."""
    await send_many(raw_server, 10_000 if FULL else 300)


async def send_many(raw_server: Any, count: int) -> None:
    chance = random.Random(7)

    def text() -> str:
        return "".join(chance.choices(TEXT, k=chance.randint(1, 12)))

    async with raw_server(lambda request: raw_server.reply(200, {"id": 1})) as server:
        async with WalleeClient("512", KEY, base_url=server.base_url, space=1, limits=PLENTY) as client:

            async def one() -> None:
                query = [(text(), text()) for _ in range(chance.randint(0, 4))]
                method = chance.choice(["GET", "POST", "PATCH", "DELETE"])
                if chance.random() < 0.5:
                    credentials = text().replace("\x00", "")
                    if credentials not in (".", ".."):
                        await client.payment.transactions.by_credentials.get(credentials, extra=dict(query))
                else:
                    await client.request(
                        method, f"x-{text().translate(HARMLESS)}y".replace("/.", "/-"), query=dict(query), retry=AGAIN
                    )

            for _ in range(0, count, 20):
                await asyncio.gather(*[one() for _ in range(20)])
        assert len(server.requests) > 0.95 * count
        for request in server.requests:
            signed = claims(request.headers["authorization"])
            assert (signed["requestMethod"], signed["requestPath"]) == (request.method, request.target)
        assert len({request.target for request in server.requests}) > 0.9 * len(server.requests)


def test_each_attempt_is_signed_anew():
    async def run() -> list[Any]:
        clock = Standing(1_800_000_000.0)
        signs = Signer(URL("https://h/api/v2.0"), "1", checked_key(KEY), clock=clock)
        first = await signs.authorise(asked())
        clock.now += 61
        return [claims(first["Authorization"])["iat"], claims((await signs.authorise(asked()))["Authorization"])["iat"]]

    assert asyncio.run(run()) == [1_800_000_000, 1_800_000_061]


# The clock


async def test_a_clock_that_is_off_is_learnt_once_and_reported(pair, caplog):
    async with pair({"skew": 3600.0, "transactions": 3}) as (sandbox, client):
        with caplog.at_level(logging.WARNING):
            transactions = [row.id async for row in client.payment.transactions.list()]
            await client.payment.transactions.get(transactions[0])
        assert [seen.status for seen in sandbox.requests] == [401, 200, 200]
    (record,) = [one for one in caplog.records if one.levelno == logging.WARNING and one.name != "asyncio"]
    assert "3600 seconds behind" in record.getMessage()


async def test_many_at_once_learn_it_once(pair, caplog):
    async with pair({"skew": -900.0, "transactions": 3}) as (sandbox, client):
        await asyncio.gather(*[client.request("GET", "languages") for _ in range(8)])
        assert sum(seen.status == 200 for seen in sandbox.requests) == 8
    assert len([one for one in caplog.records if "ahead of" in one.getMessage()]) == 1


async def test_a_401_for_another_reason_is_final(against, raw_server, clock):
    date = formatdate(clock.time(), usegmt=True)
    async with against(lambda request: raw_server.reply(401, {"code": "bad_key"}, Date=date)) as (server, client):
        with pytest.raises(UnauthorizedError, match=r"bad_key.*The user id or the authentication key was refused"):
            await client.payment.transactions.get(1)
        assert len(server.requests) == 1


@pytest.mark.parametrize("date", ["", "nonsense", "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"])
async def test_a_date_that_makes_no_sense_does_not_loop(against, raw_server, date):
    answer = raw_server.reply(401, {}, **({"Date": date} if date else {}))
    async with against(lambda request: answer) as (server, client):
        with pytest.raises(UnauthorizedError):
            await client.payment.transactions.get(1)
        assert len(server.requests) <= 2


@pytest.mark.parametrize("off", [-1664375069.0, -90_000.0, 90_000.0, 1e10])
async def test_a_date_that_is_days_away_is_not_learnt(off, caplog):
    """One such answer, of a proxy's or of a server that has just started, would make all that follow be refused."""
    signs = signer()
    headers = await signs.authorise(asked())
    assert (
        signs.refused(headers, Response(401, {"date": formatdate(1664375069 + off, usegmt=True)}, b"")) is Refusal.FINAL
    )
    assert signs.skew == 0
    assert "more than a day" in caplog.text
    near = Response(401, {"date": formatdate(1664375069 + 80_000, usegmt=True)}, b"")
    assert signs.refused(headers, near) is Refusal.CURRENT


async def test_a_slow_401_is_no_wrong_clock():
    signs = signer(1000.0)
    headers = await signs.authorise(asked())
    late = Response(401, {"date": formatdate(1030.0, usegmt=True)}, b"", elapsed=31.0)
    assert signs.refused(headers, late) is Refusal.FINAL
    assert signs.skew == 0


async def test_what_was_signed_before_it_was_learnt_is_stale():
    signs = signer(1000.0)
    old = await signs.authorise(asked())
    refused = Response(401, {"date": formatdate(9000.0, usegmt=True)}, b"")
    assert signs.refused(old, refused) is Refusal.CURRENT
    assert signs.refused(old, refused) is Refusal.STALE
    assert signs.refused(await signs.authorise(asked()), refused) is Refusal.FINAL


async def test_a_request_that_is_refused_by_the_sandbox_names_no_key(pair):
    async with (
        pair(space=None) as (sandbox, client),
        WalleeClient(sandbox.user_id, KEY, base_url=sandbox.base_url, space=1) as stranger,
    ):
        with pytest.raises(UnauthorizedError) as raised:
            await stranger.customers.get(1)
        assert KEY not in f"{raised.value!r}{raised.value}{stranger!r}{vars(stranger)!r}"
        with pytest.raises(NotFoundError):
            await client.with_options(space=sandbox.space).customers.get(1)
        assert json.dumps(sandbox.requests[0].wrong)
