"""Headers, limits, faults and webhooks of the signed API's sandbox."""

import asyncio
import base64
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from konfipay_async.errors import ConfigurationError
from konfipay_async.sandbox import WalleeSandbox
from konfipay_async.sandbox.listening import Listener
from konfipay_async.sandbox.wallee.clock import SystemClock

LIST = "/payment/transactions"


@pytest.mark.parametrize(
    ("target", "headers", "status"),
    [
        (LIST, {"Space": None}, 400),
        (LIST, {"Space": "x"}, 400),
        (LIST, {"Space": "5"}, 403),
        ("/analytics/queries?offset=0&limit=1", {"Account": None}, 400),
        ("/analytics/queries?offset=0&limit=1", {"Account": "5"}, 403),
        ("/spaces", {"Space": None, "Account": None}, 200),
        (LIST, {"Accept": None}, 200),
        (LIST, {"Accept": "application/*;q=0.5"}, 200),
        (LIST, {"Accept": "text/html, application/xml"}, 406),
        (f"{LIST}/export", {"Accept": "application/json"}, 406),
        (LIST, {"Content-Type": "application/json"}, 406),
    ],
)
async def test_headers_of_a_get(open_wallee: Any, target: str, headers: dict[str, str | None], status: int) -> None:
    async with open_wallee(transactions=1) as caller:
        assert (await caller.get(target, headers=headers)).status == status


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{}", "application/json; charset=utf-8", 201),
        (b"{}", "text/plain", 415),
        (b"{}", None, 415),
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"", "application/json", 400),
        (None, None, 400),
    ],
)
async def test_bodies(open_wallee: Any, body: bytes | None, content_type: str | None, status: int) -> None:
    async with open_wallee() as caller:
        assert (await caller.send("POST", "/customers", body, headers={"Content-Type": content_type})).status == status


async def test_so_many_requests_in_two_minutes(open_wallee: Any) -> None:
    async with open_wallee(request_limit=3, retry_after=True) as caller:
        assert [(await caller.get(LIST)).status for _ in range(3)] == [200] * 3
        refused = await caller.get(LIST)
        assert (refused.status, refused.json["code"]) == (429, "too_many_requests")
        assert 100 < int(refused.headers["Retry-After"]) <= 120
        assert caller.sandbox.over_limit == 1
        assert caller.sandbox.count("payment.transactions.list", 429) == 1
        assert caller.sandbox.collection("/spaces").get(caller.sandbox.space)["requestLimit"] == 3


async def test_the_limits_of_the_space_and_of_the_user_are_their_own(open_wallee: Any) -> None:
    async with open_wallee(request_limit=100) as caller:
        first, second = caller.sandbox.spaces
        caller.sandbox.collection("/spaces").change(first, requestLimit=2)
        assert [(await caller.get(LIST, space=first)).status for _ in range(3)] == [200, 200, 429]
        assert (await caller.get(LIST, space=second)).status == 200
        caller.sandbox.collection("/application-users").change(int(caller.sandbox.user_id), requestLimit=1)
        assert [(await caller.get("/spaces")).status for _ in range(2)] == [200, 429]


async def test_nothing_says_when_to_come_again_unless_it_is_asked_for(open_wallee: Any) -> None:
    async with open_wallee(request_limit=1) as caller:
        await caller.get(LIST)
        assert "Retry-After" not in (await caller.get(LIST)).headers


@pytest.mark.parametrize(
    ("fault", "status", "shape"),
    [
        ("401", 401, "application/json"),
        ("403", 403, "application/json"),
        ("429=17", 429, "application/json"),
        ("500", 500, "application/json"),
        ("unknown-route", 404, "application/json"),
        ("502-html", 502, "text/html"),
        ("503-html=3", 503, "text/html"),
        ("html", 200, "text/html"),
        ("garbage", 200, "application/json"),
        ("empty-404", 404, "text/plain"),
    ],
)
async def test_faults_in_place_of_the_answer(open_wallee: Any, fault: str, status: int, shape: str) -> None:
    name, _, value = fault.partition("=")
    struck = f"{name}:customers.create" + (f"={value}" if value else "")
    async with open_wallee(faults=[struck]) as caller:
        assert (await caller.get(LIST)).status == 200
        reply = await caller.send("POST", "/customers", {})
        assert (reply.status, reply.headers["Content-Type"].partition(";")[0]) == (status, shape)
        assert reply.headers.get("Retry-After", "") == value
        assert len(caller.sandbox.collection("/customers")) == 5, "nothing was done"
        assert (await caller.send("POST", "/customers", {})).status == 201


@pytest.mark.parametrize(("fault", "done"), [("reset-before", 0), ("reset-after", 1), ("truncated", 1)])
async def test_connections_that_break(open_wallee: Any, fault: str, done: int) -> None:
    async with open_wallee(faults=[fault]) as caller:
        with pytest.raises(aiohttp.ClientError):
            await caller.send("POST", "/customers", {})
        assert len(caller.sandbox.collection("/customers")) == 5 + done
        assert caller.sandbox.requests[-1].fault == fault


async def test_an_answer_that_hangs_ends_with_the_sandbox() -> None:
    class Clock(SystemClock):
        asleep = asyncio.Event()

        async def sleep(self, seconds: float) -> None:
            self.asleep.set()
            await super().sleep(seconds)

    async with aiohttp.ClientSession() as http:
        async with WalleeSandbox(faults=["slow=3600"], clock=Clock()) as sandbox:
            waiting = asyncio.create_task(http.get(sandbox.base_url + LIST))
            await Clock.asleep.wait()
        with pytest.raises(aiohttp.ClientError):
            await waiting


@pytest.mark.parametrize(
    "fault", ["400-xml", "ignored-filter", "wrong-echo", "acknowledge-without-effect", "submit-without-effect"]
)
def test_konfipay_s_own_faults_are_refused(fault: str) -> None:
    with pytest.raises(ConfigurationError, match="one of konfipay"):
        WalleeSandbox(faults=[fault])


def test_a_fault_of_a_route_that_does_not_exist() -> None:
    with pytest.raises(ConfigurationError, match=r"no route 'transactions\.list'"):
        WalleeSandbox(faults=["500:transactions.list"])
    with pytest.raises(ConfigurationError, match="names are like"):
        WalleeSandbox().count("transactions.list")


# --- webhooks -------------------------------------------------------------------------------------------------------


def verified(header: str, body: bytes, key: str) -> bool:
    """As a receiver would, by hand."""
    parts = dict(part.split("=", 1) for part in header.split(", "))
    assert list(parts) == ["algorithm", "keyId", "signature"]
    public = load_der_public_key(base64.b64decode(key))
    assert isinstance(public, ec.EllipticCurvePublicKey)
    assert public.curve.name == "secp256r1"
    try:
        public.verify(base64.b64decode(parts["signature"]), body, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return parts["algorithm"] == "SHA256withECDSA"


async def test_a_message_verifies_with_the_key_that_is_fetched(open_wallee: Any) -> None:
    async with open_wallee(transactions=1) as caller:
        [id_] = caller.sandbox.transactions.ids()
        message = caller.sandbox.webhooks.message(id_, state="FULFILL")
        key_id = message.headers["X-Signature"].split(", ")[1].removeprefix("keyId=")
        key = await caller.get(f"/webhooks/encryption-keys/{key_id}")
        assert key.headers["Content-Type"].startswith("text/plain")
        assert verified(message.headers["X-Signature"], message.body, key.body.decode())
        assert f'"entityId":{id_}'.encode() in message.body
        caller.sandbox.webhooks.new_key()
        assert caller.sandbox.webhooks.key_id != key_id
        assert (await caller.get(f"/webhooks/encryption-keys/{key_id}")).body == key.body
        assert (await caller.get("/webhooks/encryption-keys/none")).status == 404


@pytest.mark.parametrize("forged", ["algorithm", "body", "cut", "signature"])
def test_forged_messages_do_not_verify(forged: Any) -> None:
    webhooks = WalleeSandbox().webhooks
    message = webhooks.message(7, forged=forged)
    assert f"keyId={webhooks.key_id}" in message.headers["X-Signature"]
    assert not verified(message.headers["X-Signature"], message.body, webhooks.public_key())


def test_messages_of_nobody() -> None:
    webhooks = WalleeSandbox().webhooks
    assert webhooks.key_id not in webhooks.message(7, forged="key").headers["X-Signature"]
    assert "X-Signature" not in webhooks.message(7, forged="unsigned").headers
    with pytest.raises(ConfigurationError, match="forged='so'"):
        webhooks.message(7, forged="so")  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="entity='Transactions'"):
        webhooks.message(7, entity="Transactions")


async def test_messages_are_sent_as_often_as_they_should_be() -> None:
    got: list[tuple[bytes, str]] = []

    async def receive(request: web.BaseRequest) -> web.Response:
        got.append((await request.read(), request.headers["X-Signature"]))
        return web.Response(status=202)

    receiver = Listener(receive, "127.0.0.1", 0)
    await receiver.start()
    webhooks = WalleeSandbox().webhooks
    assert await webhooks.send(receiver.address + "/hook", 7, copies=2, entity="Refund") == [202, 202]
    await webhooks.send(receiver.address, 7, event=1)
    await receiver.stop()
    assert got[0] == got[1]
    assert [b'"eventId":1,' in body for body, _ in got] == [True] * 3
    assert verified(got[2][1], got[2][0], webhooks.public_key())
