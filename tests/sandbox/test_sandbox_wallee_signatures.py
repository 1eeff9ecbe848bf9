"""What the signed API's sandbox verifies, over what arrived on the wire."""

import asyncio
import base64
import hashlib
import time
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from konfipay_async.sandbox import WalleeSandbox
from konfipay_async.sandbox.wallee.signatures import BadSignatureError, signer_of

TARGET = "/payment/transactions?limit=1"


class Clock:
    """A clock that stands still until it is slept on."""

    def __init__(self) -> None:
        self.moment = 1_700_000_000.0

    def monotonic(self) -> float:
        return self.moment

    def time(self) -> float:
        return self.moment

    async def sleep(self, seconds: float) -> None:
        self.moment += seconds


def test_the_known_vector() -> None:
    """Header alg, typ, ver; the payload of the vector in this test's own base64."""
    token = (
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsInZlciI6MX0."
        "eyJzdWIiOiIxMjM0NTYiLCJpYXQiOjE2NjQzNzUwNjksInJlcXVlc3RQYXRoIjoiL2FwaS92Mi4wL2N1c3RvbWVycy9zZWFyY2g_b3JkZXI9"
        "bGFzdG5hbWUiLCJyZXF1ZXN0TWV0aG9kIjoiR0VUIn0.etOGWpmxL_smXEDbq4LphCCbjnB24JaerL_uw73RH2Y"
    )
    key = base64.b64decode("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
    keys_of = {"123456": [key]}.__getitem__
    known = {"method": "GET", "target": "/api/v2.0/customers/search?order=lastname", "keys_of": keys_of}
    assert signer_of(f"Bearer {token}", now=1664375070.5, tolerance=2, **known) == "123456"  # type: ignore[arg-type]
    with pytest.raises(BadSignatureError, match="iat is 1664375069"):
        signer_of(f"Bearer {token}", now=1664375079, tolerance=2, **known)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("claims", "wrong"),
    [
        ({"sub": "1"}, "sub is no user"),
        ({"sub": None}, "sub is no user"),
        ({"iat": 1.5}, "iat is no whole number"),
        ({"iat": True}, "iat is no whole number"),
        ({"iat": 0}, "seconds from now"),
        ({"iat": int(time.time() * 1000)}, "seconds from now"),
        ({"requestMethod": "get"}, "requestMethod is 'get', and 'GET' arrived"),
        ({"requestMethod": None}, "requestMethod is None"),
        ({"requestPath": "/api/v2.0/payment/transactions"}, "requestPath is '/api/v2.0/payment/transactions', and"),
        ({"requestPath": "/payment/transactions?limit=1"}, "and '/api/v2.0/payment/transactions?limit=1' arrived"),
        ({"header": {"alg": "none", "typ": "JWT", "ver": 1}}, "alg is 'none'"),
        ({"header": {"alg": "HS256", "ver": 1}}, "neither typ nor type"),
        ({"header": {"alg": "HS256", "typ": "JWT", "ver": "1"}}, "ver is '1'"),
        ({"header": {"alg": "HS256", "typ": "JWT", "ver": True}}, "ver is True"),
        ({"header": ["HS256"]}, "the header is no JSON object"),
        ({"key": base64.b64encode(b"other" * 6).decode()}, "not of a key of this user"),
        ({"key": base64.b64encode(WalleeSandbox().authentication_key.encode()).decode()}, "not of a key of this user"),
    ],
)
async def test_a_wrong_token_is_401_and_says_why(open_wallee: Any, claims: dict[str, Any], wrong: str) -> None:
    async with open_wallee(transactions=3) as caller:
        reply = await caller.get(TARGET, **claims)
        assert reply.status == 401
        assert set(reply.json) == {"code", "date", "id", "message"}
        assert wrong in caller.sandbox.requests[-1].wrong
        assert (await caller.get(TARGET)).status == 200
        assert caller.sandbox.requests[-1].wrong is None


@pytest.mark.parametrize(
    ("authorization", "wrong"),
    [
        (None, "no Authorization header"),
        ("Basic YTpi", "does not say Bearer"),
        ("Bearer", "three parts"),
        ("Bearer a.b", "three parts"),
        ("Bearer a.b=.c", "three parts"),
        ("Bearer a.b.c", "the header is no base64url"),
    ],
)
async def test_what_is_no_token(open_wallee: Any, authorization: str | None, wrong: str) -> None:
    async with open_wallee(transactions=3) as caller:
        reply = await caller.get(TARGET, headers={"Authorization": authorization})
        assert reply.status == 401
        assert wrong in caller.sandbox.requests[-1].wrong


async def test_both_spellings_of_the_subject_and_of_the_type_are_taken(open_wallee: Any) -> None:
    async with open_wallee(transactions=3) as caller:
        assert (await caller.get(TARGET, sub=int(caller.sandbox.user_id))).status == 200
        assert (await caller.get(TARGET, header={"alg": "HS256", "type": "JWT", "ver": 1})).status == 200


@pytest.mark.parametrize(
    "target",
    [
        "/customers/search?query=familyName%3A%7E%22a+b%22&order=lastName%3AASC%20id",
        "/customers/search?query=a:'%C3%A4'&order=",
        "/customers?limit=1&",
        "/customers?a=%7e%2F~(*)!",
        "/application-users/a%2Fb%20c/keys",
        "/payment/../customers?x=/../y",
    ],
)
async def test_what_is_verified_is_the_request_line_as_it_arrived(open_wallee: Any, target: str) -> None:
    async with open_wallee(transactions=3) as caller:
        await caller.get(target)
        assert caller.sandbox.requests[-1].wrong is None
        assert caller.sandbox.requests[-1].target == f"/api/v2.0{target}"


async def test_not_a_byte_of_the_request_line_is_normalised(open_wallee: Any) -> None:
    """Straight from a socket, as a client might spell it."""
    async with open_wallee(transactions=3) as caller:
        host, port = caller.sandbox.base_url.removeprefix("http://").partition("/")[0].split(":")
        for target in ("/api/v2.0/customers?", "/api/v2.0/./customers?b=%41&a=\"'|", "/api/v2.0/customers?q=a#b"):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            answer = await reader.read()
            writer.close()
            await writer.wait_closed()
            assert answer.startswith(b"HTTP/1.1 401")
            assert caller.sandbox.requests[-1].target == target


async def test_time_is_the_server_s_own(open_wallee: Any) -> None:
    clock = Clock()
    async with open_wallee(transactions=3, clock=clock, tolerance=60) as caller:
        assert (await caller.get(TARGET)).status == 401
        assert (await caller.get(TARGET, iat=int(clock.moment) - 60)).status == 200
        assert (await caller.get(TARGET, iat=int(clock.moment) - 61)).status == 401
        caller.sandbox.skew = 500
        reply = await caller.get(TARGET, iat=int(clock.moment))
        assert reply.status == 401
        assert "+500 seconds from now" in caller.sandbox.requests[-1].wrong
        assert parsedate_to_datetime(reply.headers["Date"]).timestamp() == clock.moment + 500
        assert (await caller.get(TARGET, iat=int(clock.moment) + 500)).status == 200


async def test_a_method_is_signed_too(open_wallee: Any) -> None:
    async with open_wallee(transactions=3) as caller:
        assert (await caller.send("POST", "/customers", {}, requestMethod="GET")).status == 401
        assert (await caller.send("POST", "/customers", {})).status == 201


async def test_the_log_keeps_no_credentials(open_wallee: Any) -> None:
    async with open_wallee(transactions=3) as caller:
        await caller.send("POST", "/customers", {"givenName": "Jane"})
        [entry] = caller.sandbox.requests
        assert "authorization" not in entry.headers
        assert entry.headers["space"] == str(caller.sandbox.space)
        assert (entry.method, entry.route, entry.status) == ("POST", "customers.create", 201)
        assert "Jane" not in repr(entry)
        assert len(base64.b64decode(caller.sandbox.authentication_key)) == hashlib.sha256().digest_size
