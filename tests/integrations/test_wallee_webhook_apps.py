"""Webhooks at the two web apps, under real servers: the same tests for both."""

import asyncio
import base64
import socket
from contextlib import asynccontextmanager

import aiohttp
import pytest
import uvicorn
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi import FastAPI
from fastapi.requests import Request

from konfipay_async.errors import ClientStateError, ConnectionLostError, NotFoundError, RequestTimeoutError
from konfipay_async.integrations.aiohttp import WEBHOOKS, webhook
from konfipay_async.integrations.fastapi import Webhook, WebhookState, webhook_of
from konfipay_async.integrations.web import LONGEST_WEBHOOK
from konfipay_async.wallee.webhooks import WebhookVerifier

BODY = b'{ "entityId": 11, "eventId": 35,  "spaceId": 405, "state": "FULFILL" }'
FOREIGN = BODY.replace(b"405", b"406")
KEY = ec.generate_private_key(ec.SECP256R1())


async def fetch(key_id: str) -> str:
    match key_id:
        case "away":
            raise ConnectionLostError("away")
        case "slow":
            raise RequestTimeoutError("slow")
        case "unknown":
            raise NotFoundError("", status=404)
        case "broken":
            return "no key"
    written = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(written).decode()


def signature(body: bytes = BODY, key_id: str = "known") -> dict[str, str]:
    value = base64.b64encode(KEY.sign(body, ECDSA(SHA256()))).decode()
    return {"x-signature": f"algorithm=SHA256withECDSA, keyId={key_id}, signature={value}"}


class FailingError(Exception):
    """The app's own."""


def fastapi_app(handle):
    @asynccontextmanager
    async def lifespan(_: FastAPI):
        yield WebhookState(webhooks=WebhookVerifier(fetch, spaces=405))

    app = FastAPI(lifespan=lifespan)

    @app.post("/webhooks", status_code=204)
    async def receive(message: Webhook) -> None:
        await handle(message)

    return app


def aiohttp_app(handle):
    inside = web.Application()
    inside.router.add_post("/webhooks", webhook(handle))
    app = web.Application()
    app[WEBHOOKS] = WebhookVerifier(fetch, spaces=405)
    app.add_subapp("/in", inside)
    app.router.add_post("/webhooks", webhook(handle))
    return app


@asynccontextmanager
async def serving(kind, listener, handle):
    if kind == "fastapi":
        server = uvicorn.Server(uvicorn.Config(fastapi_app(handle), lifespan="on", log_config=None))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield
        finally:
            server.should_exit = True
            await task
    else:
        runner = web.AppRunner(aiohttp_app(handle))
        await runner.setup()
        try:
            await web.SockSite(runner, listener).start()
            yield
        finally:
            await runner.cleanup()


@pytest.fixture(params=["fastapi", "aiohttp"])
async def app(request):
    """``status, text = await app(body, headers)``; what was handed on is in ``app.messages``."""

    async def handle(message):
        send.messages.append(message)
        if message.event_id == 500:
            raise FailingError

    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with serving(request.param, listener, handle), aiohttp.ClientSession(url) as session:

            async def send(body=BODY, headers=None, path="/webhooks"):
                async with session.post(path, data=body, headers=signature() if headers is None else headers) as answer:
                    return answer.status, await answer.text()

            send.messages = []
            send.kind = request.param
            yield send


async def test_a_true_message_is_handed_on(app):
    """The signature is of the bytes as they came, spaces and all."""
    assert await app() == (204, "")
    (message,) = app.messages
    assert (message.entity_id, message.event_id, message.state) == (11, 35, "FULFILL")


@pytest.mark.parametrize(
    ("body", "headers", "status", "told"),
    [
        (BODY, {}, 401, "no X-Signature"),
        (BODY + b" ", signature(), 401, "forged, cut or changed"),
        (BODY, signature(b"{}"), 401, "forged, cut or changed"),
        (BODY, {"X-Signature": signature()["x-signature"][:-4]}, 401, "forged, cut or changed"),
        (BODY, {"X-Signature": signature()["x-signature"].replace("SHA256", "SHA1")}, 401, "another algorithm"),
        (BODY, signature(key_id="unknown"), 401, "does not have"),
        (FOREIGN, signature(FOREIGN), 401, "none of yours"),
        (BODY, {"X-Signature": "x"}, 400, "not of the form"),
        (BODY, signature(key_id="../spaces"), 400, "no key's id"),
        (b"canary", signature(b"canary"), 400, "a webhook"),
        (BODY, signature(key_id="broken"), 503, "neither base64 nor PEM"),
        (BODY, signature(key_id="away"), 502, "away"),
        (BODY, signature(key_id="slow"), 504, "slow"),
        (b" " * (LONGEST_WEBHOOK + 1), {}, 413, "65536"),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else "",
)
async def test_what_is_no_true_message_is_answered_and_not_handed_on(app, body, headers, status, told):
    """401 where it is not believed, 400 where it cannot be read, 5xx where it should be sent again."""
    answer = await app(body, headers)
    assert answer[0] == status
    assert told in answer[1]
    assert "canary" not in answer[1]
    assert app.messages == []


async def test_a_body_without_end_is_not_read_to_its_end(app):
    """Also where it does not say how long it is."""
    sent = 0

    async def chunks():
        nonlocal sent
        while sent < 64 * LONGEST_WEBHOOK:
            sent += 16_384
            yield b" " * 16_384
            await asyncio.sleep(0)

    try:
        status, _ = await app(chunks(), {})
    except aiohttp.ClientError:  # it hung up while we were sending
        status = 413
    assert status == 413
    assert app.messages == []


async def test_a_message_whose_handling_fails_is_sent_again_by_the_api(app):
    """Because the answer is no success."""
    body = b'{"entityId":11,"eventId":500,"spaceId":405}'
    assert (await app(body, signature(body)))[0] == 500
    assert len(app.messages) == 1


async def test_an_aiohttp_app_inside_another_verifies_too():
    """With the outer one's verifier."""
    messages = []

    async def handle(message):
        messages.append(message)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with (
            serving("aiohttp", listener, handle),
            aiohttp.ClientSession(url) as session,
            session.post("/in/webhooks", data=BODY, headers=signature()) as answer,
        ):
            assert answer.status == 204
    assert len(messages) == 1


async def test_what_a_middleware_has_read_before_is_verified_all_the_same():
    messages = []

    async def handle(message):
        messages.append(message)

    @web.middleware
    async def reads(request, handler):
        assert await request.read() == BODY
        return await handler(request)

    app = web.Application(middlewares=[reads])
    app[WEBHOOKS] = WebhookVerifier(fetch, spaces=405)
    app.router.add_post("/webhooks", webhook(handle))
    async with (
        TestClient(TestServer(app)) as client,
        client.post("/webhooks", data=BODY, headers=signature()) as answer,
    ):
        assert answer.status == 204
    assert len(messages) == 1


async def test_an_app_that_verifies_nothing_says_so():
    """To whoever runs it, and not to the sender."""
    request = Request({"type": "http", "app": FastAPI(), "state": {}, "headers": []})
    with pytest.raises(ClientStateError, match="lifespan"):
        await webhook_of(request)

    async def handle(_):
        raise AssertionError("nothing was verified")

    app = web.Application()
    app.freeze()
    with pytest.raises(ClientStateError, match=r"app\[WEBHOOKS\]"):
        await webhook(handle)(make_mocked_request("POST", "/", app=app))
