"""Webhooks: what the API tells by itself, believed only where its signature holds (the extra ``wallee``).

::

    verifier = WebhookVerifier.of(client)
    message = await verifier.verify(body, request.headers.get("X-Signature"))

The keys are the platform's, the same for all its customers: each of them can have true messages sent to any address.
What makes a message yours is the space it names, and that is why a verifier has to know your spaces.

A message says which resource changed, not how: read the resource, unless `state` is enough. It may come twice, and
messages may overtake one another (the vendor says so): do nothing for an `event_id` that was done before, and trust
the resource's state rather than the order of messages. Any answer but a success makes the API send it again
later, a limited number of times. Nothing in a message is protected against being sent again by someone who saw it: its
signature has no time of its own.

The form of the header, the algorithm and the keys follow the official SDK.
"""

import base64
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, Self

from konfipay_async.errors import ConfigurationError, DecodeError, SignatureError, WebhookError
from konfipay_async.session.clock import Clock, SystemClock
from konfipay_async.session.retry import Retry
from konfipay_async.wallee.models.wire import Wire, decode
from konfipay_async.wallee.shape import identifier
from konfipay_async.wallee.webhook_keys import WebhookKeys

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

    from konfipay_async.wallee.client import WalleeClient

__all__ = ["SIGNATURE_HEADER", "Signature", "WebhookMessage", "WebhookVerifier", "read_message", "read_signature"]

SIGNATURE_HEADER = "X-Signature"

_ALGORITHM = "SHA256withECDSA"
_FOR_A_KEY = 10.0  # seconds; the sender is waiting


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
    `spaces` are the ids of yours: a message of any other is not believed, however truly it is signed.

    What a key id stands for never changes, so each key is fetched once; the 32 used last are kept. `keys`, by their
    ids, are those that need not be fetched at all. Messages with key ids not seen before cost a request each, whoever
    sends them: at most 10 a minute are asked for, those that the API does not have at most once a minute, and all
    others refused until then. Messages whose keys are known are not held up by that.

    Raises ConfigurationError without a space, and for `keys` that are none.
    """

    def __init__(
        self,
        fetch_key: Callable[[str], Awaitable[str | None]],
        *,
        spaces: int | str | Iterable[int | str],
        keys: Mapping[str, str] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._keys = WebhookKeys(fetch_key, keys or {}, clock or SystemClock())
        self._spaces = _checked_spaces(spaces)

    @classmethod
    def of(
        cls,
        client: "WalleeClient",
        *,
        spaces: int | str | Iterable[int | str] | None = None,
        keys: Mapping[str, str] | None = None,
    ) -> Self:
        """A verifier of messages of the client's space, or of these `spaces`, to which the client fetches the keys.

        It asks once, for at most 10 seconds: the API sends a message again. Raises ConfigurationError where neither
        the client has a space nor one is given.
        """
        if spaces is None:
            spaces = client.space
        if spaces is None:
            raise ConfigurationError("spaces: the client has none, so say whose messages are to be believed: spaces=…")
        asking = client.with_options(retry=Retry(attempts=1), timeout=_FOR_A_KEY)
        return cls(asking.webhooks.encryption_keys.get, spaces=spaces, keys=keys)

    async def verify(self, body: bytes, header: str | None) -> WebhookMessage:
        """The message in the body: the bytes of the request as they came, and its `X-Signature`.

        Raises SignatureError where the signature is missing, of another kind, of an unknown key or not of this body,
        or the message is of another space or of none, and WebhookError where the header or the (truly signed) body
        cannot be read. WebhookKeyError, and whatever `fetch_key` raises, mean that nobody knows yet: the API should
        send the message again.
        """
        signature = read_signature(header)
        _check(await self._keys.of(signature.key_id), signature.value, body)
        message = read_message(body)
        if message.space_id not in self._spaces:
            named = "no space" if message.space_id is None else f"space {message.space_id}"
            raise SignatureError(f"the webhook is truly signed, but names {named}: that is none of yours")
        return message


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


def _checked_spaces(spaces: object) -> frozenset[int]:
    given = spaces if isinstance(spaces, Iterable) and not isinstance(spaces, str | bytes) else [spaces]
    checked = frozenset(identifier(space, "spaces") for space in given)
    if not checked:
        raise ConfigurationError("spaces: give the ids of your spaces, one at least")
    return checked


def _check(key: "EllipticCurvePublicKey", signature: bytes, body: bytes) -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        key.verify(signature, body, ECDSA(SHA256()))
    except InvalidSignature:
        raise SignatureError("the webhook's signature is not of this body and key: forged, cut or changed") from None
