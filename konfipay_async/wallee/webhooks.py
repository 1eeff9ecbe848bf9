"""Webhooks: what the API tells by itself, believed only where its signature holds (the extra ``wallee``).

::

    verifier = WebhookVerifier(client.webhooks.encryption_keys.get)
    message = await verifier.verify(body, request.headers.get("X-Signature"))

A message says which resource changed, not how: read the resource, unless `state` is enough. It may come twice, and
messages may overtake one another (the vendor says so): do nothing for an `event_id` that was done before, and trust
the resource's state rather than the order of messages. Any answer but a success makes the API send it again
later, a limited number of times. Nothing in a message is protected against being sent again by someone who saw it: its
signature has no time of its own.

The form of the header, the algorithm and the keys follow the official SDK.
"""

import base64
import binascii
import re
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import anyio

from konfipay_async.errors import (
    DecodeError,
    MissingExtraError,
    NotFoundError,
    SignatureError,
    WebhookError,
    WebhookKeyError,
)
from konfipay_async.session.clock import Clock, SystemClock
from konfipay_async.wallee.models.wire import Wire, decode

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

__all__ = ["SIGNATURE_HEADER", "Signature", "WebhookMessage", "WebhookVerifier", "read_message", "read_signature"]

SIGNATURE_HEADER = "X-Signature"

_ALGORITHM = "SHA256withECDSA"
_MOST_KEYS = 32
_FETCHES, _PERIOD = 10, 60.0


class WebhookMessage(Wire, frozen=True, gc=False, kw_only=True):
    """That a resource changed: `entity_id` is its id, `listener_entity_technical_name` its kind ("Transaction").

    `state` came with the signature ("Payload signature and state" of the listener, set in the portal). Otherwise the
    resource tells. `event_id` is the same when a message is sent again.
    """

    event_id: int | None = None
    entity_id: int
    listener_entity_id: int | None = None
    listener_entity_technical_name: str | None = None
    space_id: int | None = None
    webhook_listener_id: int | None = None
    timestamp: datetime | None = None
    state: str | None = None


class Signature(NamedTuple):
    """What the header says: whose key, and the signature in DER."""

    key_id: str
    value: bytes


class WebhookVerifier:
    """Believes or refuses messages.

    `fetch_key` is awaited with a key's id and returns the public key as the API serves it (base64 of DER, or PEM).
    What a key id stands for never changes, so each is fetched once; the 32 used last are kept. Messages with key ids
    not seen before cost a request each, whoever sends them: at most 10 a minute are asked for, one at a time, and all
    others refused until then. Those whose keys are known are not held up by that.
    """

    def __init__(self, fetch_key: Callable[[str], Awaitable[str | None]], *, clock: Clock | None = None) -> None:
        self._fetch_key = fetch_key
        self._clock = clock or SystemClock()
        self._keys: dict[str, EllipticCurvePublicKey] = {}
        self._fetched_at: deque[float] = deque(maxlen=_FETCHES)
        self._fetching = anyio.Lock()

    async def verify(self, body: bytes, header: str | None) -> WebhookMessage:
        """The message in the body: the bytes of the request as they came, and its `X-Signature`.

        Raises SignatureError where the signature is missing, of another kind, of an unknown key or not of this body,
        and WebhookError where the header or the (truly signed) body cannot be read. WebhookKeyError, and whatever
        `fetch_key` raises, mean that nobody knows yet: the API should send the message again.
        """
        signature = read_signature(header)
        _check(await self._key(signature.key_id), signature.value, body)
        return read_message(body)

    async def _key(self, key_id: str) -> "EllipticCurvePublicKey":
        key = self._keys.pop(key_id, None)
        if key is None:
            async with self._fetching:
                # It may have come while this one waited for its turn.
                key = self._keys.pop(key_id, None) or await self._fetch(key_id)
        self._keys[key_id] = key
        while len(self._keys) > _MOST_KEYS:
            del self._keys[next(iter(self._keys))]
        return key

    async def _fetch(self, key_id: str) -> "EllipticCurvePublicKey":
        now = self._clock.monotonic()
        if len(self._fetched_at) == _FETCHES and now - self._fetched_at[0] < _PERIOD:
            raise WebhookKeyError("too many webhooks name keys not seen before: for a minute no more are looked up")
        self._fetched_at.append(now)
        try:
            text = await self._fetch_key(key_id)
        except NotFoundError:
            raise SignatureError("the webhook is signed with a key that the API does not have") from None
        return _public_key(text or "")


def read_message(body: bytes) -> WebhookMessage:
    """The message, unverified: what listeners without signatures send. WebhookError where it cannot be read."""
    try:
        return decode(body, WebhookMessage, where="a webhook")
    except DecodeError as error:
        raise WebhookError(str(error)) from None


def read_signature(header: str | None) -> Signature:
    """The header's parts; spaces around them do not matter.

    Raises SignatureError where there is none or its algorithm is another, WebhookError where it has another form.
    """
    if not header:
        raise SignatureError(
            f"the webhook has no {SIGNATURE_HEADER}: it is no one's, or its listener's "
            f"'Payload signature and state' is switched off in the portal"
        )
    parts = [part.partition("=") for part in header.split(",")]
    named = {name.strip(): value.strip() for name, equals, value in parts if equals}
    if set(named) != {"algorithm", "keyId", "signature"} or len(parts) != 3:
        raise WebhookError(f"{SIGNATURE_HEADER} is not of the form 'algorithm=…, keyId=…, signature=…'")
    if named["algorithm"] != _ALGORITHM:
        raise SignatureError(f"the webhook is signed with another algorithm than {_ALGORITHM}")
    # It becomes a part of a path.
    if not re.fullmatch(r"[a-z0-9-]{1,64}", named["keyId"]):
        raise WebhookError(f"the keyId of {SIGNATURE_HEADER} is no key's id: lower-case letters, digits and '-'")
    try:
        value = base64.b64decode(named["signature"], validate=True)
    except ValueError:
        raise SignatureError(f"the signature of {SIGNATURE_HEADER} is not base64: cut or changed") from None
    return Signature(named["keyId"], value)


def _public_key(text: str) -> "EllipticCurvePublicKey":
    """WebhookKeyError where it is none: the API's doing, or a wrong `fetch_key`'s, and not the sender's."""
    try:
        from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
        from cryptography.hazmat.primitives.serialization import load_der_public_key
    except ModuleNotFoundError:
        raise MissingExtraError("verifying webhooks", "wallee") from None
    armour = re.fullmatch(r"\s*-----BEGIN PUBLIC KEY-----(.*)-----END PUBLIC KEY-----\s*", text, re.DOTALL)
    bare = re.sub(r"\s+", "", armour[1] if armour else text).strip('"')
    try:
        key = load_der_public_key(base64.b64decode(bare, validate=True))
    except (ValueError, binascii.Error):
        raise WebhookKeyError("the key that was fetched is neither base64 nor PEM of a public key") from None
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise WebhookKeyError("the key that was fetched is not of the curve P-256")
    return key


def _check(key: "EllipticCurvePublicKey", signature: bytes, body: bytes) -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        key.verify(signature, body, ECDSA(SHA256()))
    except InvalidSignature:
        raise SignatureError("the webhook's signature is not of this body and key: forged, cut or changed") from None
