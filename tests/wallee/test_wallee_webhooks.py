"""Webhooks: believed where the signature holds, and only there."""

import asyncio
import base64
import json
import sys
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from konfipay_async.errors import (
    ConfigurationError,
    ConnectionLostError,
    MissingExtraError,
    NotFoundError,
    ServerError,
    SignatureError,
    WebhookError,
    WebhookKeyError,
)
from konfipay_async.wallee import webhook_keys
from konfipay_async.wallee.webhooks import WebhookVerifier, read_message, read_signature

SPACE = 405
BODY = b'{"entityId":11,"eventId":35,"listenerEntityTechnicalName":"Transaction","spaceId":405,"state":"FULFILL"}'
KEY = ec.generate_private_key(ec.SECP256R1())
KEY_ID = "0f8fad5b-d9cb-469f-a165-70867728950e"

# The vendor's own, from the tests of the official SDK.
VENDOR_BODY = (
    b'{"entityId":11,"eventId":35,"listenerEntityId":1472041829003,"listenerEntityTechnicalName":"Transaction",'
    b'"spaceId":1,"state":"PROCESSING","timestamp":"2023-12-19T13:43:35+0000","webhookListenerId":2}'
)
VENDOR_HEADER = (
    "algorithm=SHA256withECDSA, keyId=ab3b774e-770e-4644-9b51-885d71f973e5, signature="
    "MEYCIQCTzbMrMsOAC6T57T9kQTb1iGZVg2R7n6pY9A4ML4P31gIhAIOoav8cG8x0jpRWQztqSJIC8gXWKq+4DuENEySvmMYf"
)
VENDOR_KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEdWq7ZBGsjUzhBO3e6mzUBLpjpV3TQw1bL1rk3ocjn5C5qne7TY0OBBhiWgaPtWlvUcqASz90"
    "3vtfeSTQma+SBA=="
)


def public(key, encoding=Encoding.DER) -> str:
    written = key.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
    return written.decode() if encoding is Encoding.PEM else base64.b64encode(written).decode()


def signed(body=BODY, key=KEY, hashed=SHA256) -> str:
    return base64.b64encode(key.sign(body, ECDSA(hashed()))).decode()


def header(signature=None, key_id=KEY_ID, algorithm="SHA256withECDSA") -> str:
    return f"algorithm={algorithm}, keyId={key_id}, signature={signature or signed()}"


class Keys:
    """A source of keys that counts."""

    def __init__(self, text=None) -> None:
        self.asked: list[str] = []
        self.text = public(KEY) if text is None else text

    async def fetch(self, key_id: str) -> str:
        self.asked.append(key_id)
        await asyncio.sleep(0)
        return self.text


class Watch:
    """A clock that is set."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now

    time = monotonic

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing here waits")


async def test_the_vendor_s_own_message():
    message = await WebhookVerifier(Keys(VENDOR_KEY).fetch, spaces=1).verify(VENDOR_BODY, VENDOR_HEADER)
    assert (message.entity_id, message.event_id, message.space_id) == (11, 35, 1)
    assert (message.listener_entity_id, message.webhook_listener_id) == (1472041829003, 2)
    assert (message.listener_entity_technical_name, message.state) == ("Transaction", "PROCESSING")
    assert message.timestamp == datetime(2023, 12, 19, 13, 43, 35, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        public(KEY),
        public(KEY, Encoding.PEM),
        public(KEY, Encoding.PEM).replace("\n", "\r\n"),
        f"\n{public(KEY)}\n",
        f'"{public(KEY)}"',
        "\n".join(public(KEY)[start : start + 64] for start in range(0, 200, 64)),
    ],
    ids=["base64", "PEM", "PEM with CRLF", "spaces", "quoted", "lines"],
)
async def test_a_key_may_be_written_in_several_ways(text):
    assert (await WebhookVerifier(Keys(text).fetch, spaces=SPACE).verify(BODY, header())).entity_id == 11


@pytest.mark.parametrize(
    "written",
    [
        "algorithm=SHA256withECDSA,keyId={id},signature={signature}",
        " signature = {signature} ,  keyId={id},algorithm=SHA256withECDSA ",
    ],
)
async def test_spaces_and_order_of_the_header_do_not_matter(written):
    verifier = WebhookVerifier(Keys().fetch, spaces=SPACE)
    assert await verifier.verify(BODY, written.format(id=KEY_ID, signature=signed()))


OTHER = ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize(
    "written",
    [
        None,
        "",
        header(signed(key=OTHER)),
        header(signed(BODY + b" ")),
        header(signed(BODY[:-1])),
        header(signed(hashed=SHA384)),
        header(signed()[:-4]),
        header(signed()[:-1]),
        header(base64.b64encode(b"\0" * 64).decode()),
        header("===="),
        header("%"),
        header("ü"),
        header(algorithm="none"),
        header(algorithm="SHA256withRSA"),
        header(algorithm="sha256withecdsa"),
    ],
)
async def test_what_is_forged_cut_or_foreign_is_not_believed(written):
    """And of what is not signed as it must be no key is asked for."""
    keys = Keys()
    with pytest.raises(SignatureError):
        await WebhookVerifier(keys.fetch, spaces=SPACE).verify(BODY, written)
    assert len(keys.asked) <= 1
    assert not keys.asked or "SHA256withECDSA" in written


@given(st.binary(max_size=60))
async def test_no_other_body_is_believed(body):
    verifier = WebhookVerifier(Keys().fetch, spaces=SPACE)
    if body != BODY:
        with pytest.raises(SignatureError):
            await verifier.verify(body, header())


@pytest.mark.parametrize(
    "written",
    [
        "x",
        "algorithm=SHA256withECDSA",
        f"algorithm=SHA256withECDSA, keyId={KEY_ID}",
        f"{header()}, more=1",
        f"{header()},",
        f"{header()}, keyId=other",
        header(key_id=""),
        header(key_id="../../spaces/1"),
        header(key_id="a/b"),
        header(key_id="a?b"),
        header(key_id="A"),
        header(key_id="a" * 65),
        header(key_id="a\r\nHost: b"),
    ],
)
async def test_a_header_of_another_form_asks_for_no_key(written):
    """What is no key's id never becomes a part of a path."""
    keys = Keys()
    with pytest.raises(WebhookError, match="X-Signature") as caught:
        await WebhookVerifier(keys.fetch, spaces=SPACE).verify(BODY, written)
    assert type(caught.value) is WebhookError
    assert keys.asked == []


@pytest.mark.parametrize("space", [b'"spaceId":406', b'"spaceId":null', b'"spaceId":0', b'"new":405'])
async def test_what_is_truly_signed_and_of_another_s_space_is_not_believed(space):
    """The keys are the platform's: whoever is its customer can have messages signed and sent here."""
    body = BODY.replace(b'"spaceId":405', space)
    with pytest.raises(SignatureError, match="none of yours"):
        await WebhookVerifier(Keys().fetch, spaces=SPACE).verify(body, header(signed(body)))


@pytest.mark.parametrize("spaces", [405, "405", [7, 405], {"405"}, range(400, 410)])
async def test_spaces_are_given_in_several_ways(spaces):
    assert await WebhookVerifier(Keys().fetch, spaces=spaces).verify(BODY, header())


@pytest.mark.parametrize("spaces", [None, [], "", "x", 0, [405, None], True, 4.5, b"405"])
def test_without_a_space_nothing_is_verified(spaces):
    with pytest.raises(ConfigurationError, match="spaces"):
        WebhookVerifier(Keys().fetch, spaces=spaces)


@pytest.mark.parametrize("body", [b"", b"canary", b"[]", b"{}", b'{"entityId":"canary"}', b"\xff"])
async def test_what_is_truly_signed_and_no_message(body):
    verifier = WebhookVerifier(Keys().fetch, spaces=SPACE)
    with pytest.raises(WebhookError, match="a webhook") as caught:
        await verifier.verify(body, header(signed(body)))
    assert "canary" not in str(caught.value)


def test_a_message_without_signature_can_be_read():
    """By those who read the resource anyway; fields that are new are no matter."""
    message = read_message(b'{"entityId":"11","spaceId":1,"new":{}}')
    assert (message.entity_id, message.state) == (11, None)


def test_a_signature_can_be_read_alone():
    assert read_signature(header(base64.b64encode(b"abc").decode())) == (KEY_ID, b"abc")


# --- keys ----------------------------------------------------------------------------------------------------------


async def test_a_key_is_fetched_once():
    """Also where many messages come at the same time."""
    keys = Keys()
    verifier = WebhookVerifier(keys.fetch, spaces=SPACE)
    await asyncio.gather(*(verifier.verify(BODY, header()) for _ in range(50)))
    await verifier.verify(BODY, header())
    assert keys.asked == [KEY_ID]


async def test_the_keys_used_last_are_kept():
    """32 of them; one that is used all the time is never fetched again."""
    keys, watch = Keys(), Watch()
    verifier = WebhookVerifier(keys.fetch, spaces=SPACE, clock=watch)
    for number in range(100):
        watch.now += 60
        await verifier.verify(BODY, header(key_id=f"key-{number}"))
        await verifier.verify(BODY, header())
    assert keys.asked.count(KEY_ID) == 1
    await verifier.verify(BODY, header(key_id="key-99"))
    assert len(keys.asked) == 101
    watch.now += 60
    await verifier.verify(BODY, header(key_id="key-0"))
    assert len(keys.asked) == 102


async def test_strangers_cannot_make_it_ask_and_ask():
    """Ten unknown keys a minute; those that are known work on, and a minute later so do others."""
    watch = Watch()
    asked = []

    async def fetch(key_id):
        asked.append(key_id)
        if key_id != KEY_ID:
            raise NotFoundError("", status=404)
        return public(KEY)

    verifier = WebhookVerifier(fetch, spaces=SPACE, clock=watch)
    await verifier.verify(BODY, header())
    for number in range(9):
        with pytest.raises(SignatureError, match="does not have"):
            await verifier.verify(BODY, header(key_id=f"made-up-{number}"))
    with pytest.raises(WebhookKeyError, match="for a minute"):
        await verifier.verify(BODY, header(key_id="made-up-9"))
    assert len(asked) == 10
    assert await verifier.verify(BODY, header())
    watch.now = 60.0
    with pytest.raises(SignatureError):
        await verifier.verify(BODY, header(key_id="made-up-9"))


async def test_a_key_nobody_knows_is_asked_for_once_a_minute():
    """However often it is named, and by how many at the same time."""
    asked, watch = [], Watch()

    async def fetch(key_id):
        asked.append(key_id)
        await asyncio.sleep(0)
        raise NotFoundError("", status=404)

    verifier = WebhookVerifier(fetch, spaces=SPACE, clock=watch)
    many = await asyncio.gather(*(verifier.verify(BODY, header()) for _ in range(12)), return_exceptions=True)
    assert [type(one) for one in many] == [SignatureError] * 12
    with pytest.raises(SignatureError, match="does not have"):
        await verifier.verify(BODY, header())
    assert len(asked) == 1
    watch.now = 60.0
    with pytest.raises(SignatureError):
        await verifier.verify(BODY, header())
    assert len(asked) == 2


async def test_keys_nobody_knows_do_not_hold_up_one_that_somebody_does(until):
    """They wait for their own answers, and no more than a hundred messages for one."""
    answer = asyncio.Event()

    async def fetch(key_id):
        if key_id == KEY_ID:
            return public(KEY)
        await answer.wait()
        raise NotFoundError("", status=404)

    verifier = WebhookVerifier(fetch, spaces=SPACE)
    waiting = [asyncio.create_task(verifier.verify(BODY, header(key_id=f"slow-{n % 2}"))) for n in range(240)]
    await until(lambda: sum(task.done() for task in waiting) == 40)
    assert await verifier.verify(BODY, header())
    answer.set()
    ends = [type(one) for one in await asyncio.gather(*waiting, return_exceptions=True)]
    assert (ends.count(WebhookKeyError), ends.count(SignatureError)) == (40, 200)


async def test_when_too_many_were_asked_for_nobody_waits():
    """They are refused at once, while the others are still on their way."""
    answer = asyncio.Event()

    async def fetch(key_id):
        await answer.wait()
        return public(KEY)

    verifier = WebhookVerifier(fetch, spaces=SPACE, clock=(watch := Watch()))
    waiting = [asyncio.create_task(verifier.verify(BODY, header(key_id=f"slow-{n}"))) for n in range(10)]
    await asyncio.sleep(0)
    for watch.now in (0.0, 61.0):  # the minute is over, and still they are on their way
        with pytest.raises(WebhookKeyError, match="no more are looked up"):
            await verifier.verify(BODY, header(key_id="slow-10"))
    answer.set()
    await asyncio.gather(*waiting)


async def test_a_key_that_waits_for_the_request_budget_is_not_waited_for_for_ever(monkeypatch):
    """Whoever sent the webhook would not wait: it is to come again."""
    monkeypatch.setattr(webhook_keys, "_LONGEST_WAIT", 0.01)

    async def fetch(key_id):
        await asyncio.Event().wait()

    with pytest.raises(WebhookKeyError, match="in time"):
        await WebhookVerifier(fetch, spaces=SPACE).verify(BODY, header())


async def test_keys_that_are_given_are_not_fetched():
    """Nor is one dropped for others."""
    keys = Keys()
    verifier = WebhookVerifier(
        keys.fetch, spaces=SPACE, keys={KEY_ID: public(KEY, Encoding.PEM)}, clock=(watch := Watch())
    )
    for number in range(40):
        watch.now += 60
        await verifier.verify(BODY, header(key_id=f"key-{number}"))
    assert await verifier.verify(BODY, header())
    assert KEY_ID not in keys.asked


@pytest.mark.parametrize("text", ["", "canary", public(ec.generate_private_key(ec.SECP384R1()))])
def test_a_key_that_is_given_and_is_none(text):
    with pytest.raises(ConfigurationError, match=f"keys: .*{KEY_ID}") as caught:
        WebhookVerifier(Keys().fetch, spaces=SPACE, keys={KEY_ID: text})
    assert "canary" not in str(caught.value)


async def test_a_client_has_its_space_and_the_keys(pair):
    async with pair() as (sandbox, client):
        verifier = WebhookVerifier.of(client)
        for forged, kind in {None: None, "foreign": SignatureError, "key": SignatureError}.items():
            sent = sandbox.webhooks.message(11, forged=forged)
            if kind is None:
                assert (await verifier.verify(sent.body, sent.headers["X-Signature"])).space_id == client.space
            else:
                with pytest.raises(kind):
                    await verifier.verify(sent.body, sent.headers["X-Signature"])
        other = WebhookVerifier.of(client, spaces=[1])
        true = sandbox.webhooks.message(11)
        with pytest.raises(SignatureError, match="none of yours"):
            await other.verify(true.body, true.headers["X-Signature"])


async def test_a_client_without_a_space_needs_to_be_told(pair):
    async with pair(space=None) as (_, client):
        with pytest.raises(ConfigurationError, match="spaces"):
            WebhookVerifier.of(client)


async def test_a_client_asks_for_a_key_once(pair):
    """The API sends the message again, which is patience enough."""
    async with pair({"faults": ["500:webhooks.encryption-keys.getx9"]}) as (sandbox, client):
        true = sandbox.webhooks.message(11)
        with pytest.raises(ServerError):
            await WebhookVerifier.of(client).verify(true.body, true.headers["X-Signature"])
        assert len(sandbox.requests) == 1


async def test_a_key_that_cannot_be_fetched_is_asked_for_again():
    """The message is neither true nor false until then."""
    keys = Keys()
    answers = [ConnectionLostError("away")]

    async def fetch(key_id):
        if answers:
            raise answers.pop()
        return await keys.fetch(key_id)

    verifier = WebhookVerifier(fetch, spaces=SPACE)
    with pytest.raises(ConnectionLostError):
        await verifier.verify(BODY, header())
    assert await verifier.verify(BODY, header())


async def test_who_waited_for_a_key_and_went_away_keeps_nobody_from_it():
    """And when nobody waits any more it is not waited for."""
    begun, answer, left = asyncio.Event(), asyncio.Event(), []

    async def fetch(key_id):
        begun.set()
        try:
            await answer.wait()
        except asyncio.CancelledError:
            left.append(key_id)
            raise
        return public(KEY)

    verifier = WebhookVerifier(fetch, spaces=SPACE)

    async def first_goes_away():
        begun.clear()
        first = asyncio.create_task(verifier.verify(BODY, header()))
        await begun.wait()
        second = asyncio.create_task(verifier.verify(BODY, header()))
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        return second

    second = await first_goes_away()
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    await asyncio.sleep(0)
    assert left == [KEY_ID]
    second = await first_goes_away()
    answer.set()
    assert await second
    assert left == [KEY_ID]


# A public key's DER with the name of its kind, or of its curve, made into one that nobody has.
ODD_KIND = base64.b64decode(public(KEY)).replace(bytes.fromhex("2a8648ce3d0201"), bytes.fromhex("2a8648ce3d027f"))
ODD_CURVE = base64.b64decode(public(KEY)).replace(bytes.fromhex("2a8648ce3d030107"), bytes.fromhex("2a8648ce3d03017f"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "neither base64 nor PEM"),
        ("canary", "neither base64 nor PEM"),
        (json.dumps({"publicKey": public(KEY)}), "neither base64 nor PEM"),
        (public(KEY)[:-8], "neither base64 nor PEM"),
        (public(ec.generate_private_key(ec.SECP384R1())), "P-256"),
        (public(rsa.generate_private_key(65537, 2048)), "P-256"),
        (base64.b64encode(ODD_KIND).decode(), "P-256"),
        (base64.b64encode(ODD_CURVE).decode(), "P-256"),
    ],
    ids=["nothing", "no base64", "JSON", "cut", "P-384", "RSA", "an unknown kind", "an unknown curve"],
)
async def test_a_key_of_another_kind_is_no_key(text, told):
    with pytest.raises(WebhookKeyError, match=told) as caught:
        await WebhookVerifier(Keys(text).fetch, spaces=SPACE).verify(BODY, header())
    assert "canary" not in str(caught.value)


async def test_without_the_extra_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.serialization", None)
    with pytest.raises(MissingExtraError, match=r"konfipay-async\[wallee\]"):
        await WebhookVerifier(Keys().fetch, spaces=SPACE).verify(BODY, header())
