"""Webhooks: signed messages, as the API would send them, and those that somebody else would send.

What is signed is the raw body, with ECDSA over P-256 and SHA-256; the header and the key that is fetched for it are as
the official SDKs read them. Needs `cryptography`, which the extra `wallee` brings.
"""

import base64
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

import aiohttp

from konfipay_async.errors import MissingExtraError
from konfipay_async.sandbox.arguments import choice, whole
from konfipay_async.sandbox.sending import Answer
from konfipay_async.sandbox.wallee.calls import Call, Handler
from konfipay_async.sandbox.wallee.clock import Clock
from konfipay_async.sandbox.wallee.wire import JSON, RefusedError, encode, text_answer

__all__ = ["ENTITIES", "FORGERIES", "Forgery", "WebhookMessage", "Webhooks"]

Forgery = Literal["algorithm", "body", "cut", "foreign", "key", "signature", "unsigned"]

FORGERIES: Final[dict[Forgery, str]] = {
    "algorithm": "another algorithm is named",
    "body": "the body was changed after it was signed",
    "cut": "the signature ends in the middle",
    "foreign": "truly signed, and about the space of another customer of the platform",
    "key": "signed with a key that nobody can fetch, under an id of its own",
    "signature": "signed with another key, under the id of the real one",
    "unsigned": "no signature at all",
}
"""How a message can be wrong."""

ENTITIES: Final[dict[str, int]] = {
    "Charge": 1472041836176,
    "ChargeAttempt": 1472041801860,
    "DeliveryIndication": 1472041819799,
    "ManualTask": 1487165678181,
    "PaymentTerminal": 1582966575099,
    "Refund": 1472041839405,
    "Token": 1472041806455,
    "TokenVersion": 1472041811051,
    "Transaction": 1472041829003,
    "TransactionCompletion": 1472041831364,
    "TransactionInvoice": 1472041816898,
    "TransactionVoid": 1472041867364,
}
"""Kinds of objects that messages are about, and their numbers (vendor's plugins)."""


@dataclass(frozen=True, slots=True)
class WebhookMessage:
    """What a receiver gets."""

    body: bytes
    headers: dict[str, str]


class Webhooks:
    """The signing keys of one sandbox, and the messages signed with them. The newest key signs."""

    def __init__(self, clock: Clock, space: int) -> None:
        self._clock = clock
        self._space = space
        self._keys: dict[str, Any] = {}
        self._events = 0
        self.handlers: dict[str, Handler] = {"webhooks.encryption-keys.get": self._get_key}

    @property
    def key_id(self) -> str:
        """The id of the key that signs; it is made when it is first asked for."""
        return next(reversed(self._keys)) if self._keys else self.new_key()

    def new_key(self) -> str:
        """From now on another key signs; its id. What the old ones signed stays valid."""
        key_id = str(uuid.uuid4())
        self._keys[key_id] = _elliptic().generate_private_key(_elliptic().SECP256R1())
        return key_id

    def public_key(self, key_id: str | None = None) -> str:
        """A key (None: the one that signs) as the API gives it away: base64 of DER. An unknown id is a KeyError."""
        key = self._keys[key_id or self.key_id].public_key()
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        return base64.b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()

    def message(
        self,
        entity_id: int,
        *,
        entity: str = "Transaction",
        state: str | None = None,
        listener: int = 1,
        event: int | None = None,
        forged: Forgery | None = None,
    ) -> WebhookMessage:
        """One message, signed now. `entity` is one of `ENTITIES`; `state` is in it if the listener is switched to it.

        `event` is its number, the next one when it is left out; `forged` makes it wrong, see `FORGERIES`.
        """
        choice("entity", entity, tuple(ENTITIES))
        if forged is not None:
            choice("forged", forged, tuple(FORGERIES))
        if event is None:
            self._events += 1
            event = self._events
        body: dict[str, Any] = {
            "eventId": event,
            "entityId": entity_id,
            "listenerEntityId": ENTITIES[entity],
            "listenerEntityTechnicalName": entity,
            # No sandbox has a space with so low a number.
            "spaceId": 1 if forged == "foreign" else self._space,
            "webhookListenerId": listener,
            "timestamp": _timestamp(self._clock.time()),
        }
        raw = encode(body if state is None else body | {"state": state})
        headers = {"Content-Type": JSON}
        if forged != "unsigned":
            headers["X-Signature"] = self._signature(raw, forged)
        return WebhookMessage(raw.replace(b'"eventId":', b'"eventId": ') if forged == "body" else raw, headers)

    async def send(self, url: str, entity_id: int, *, copies: int = 1, **about: Any) -> list[int]:
        """POST a message to this URL, several times with `copies`; the statuses. `about` is as for `message`."""
        whole("copies", copies, 1, 1000)
        sent = self.message(entity_id, **about)
        async with aiohttp.ClientSession() as http:
            statuses = []
            for _ in range(copies):
                async with http.post(url, data=sent.body, headers=sent.headers, allow_redirects=False) as answer:
                    statuses.append(answer.status)
        return statuses

    def _signature(self, raw: bytes, forged: Forgery | None) -> str:
        elliptic = _elliptic()
        from cryptography.hazmat.primitives.hashes import SHA256

        key_id = str(uuid.uuid4()) if forged == "key" else self.key_id
        key = self._keys[self.key_id]
        if forged in ("key", "signature"):
            key = elliptic.generate_private_key(elliptic.SECP256R1())
        signature = key.sign(raw, elliptic.ECDSA(SHA256()))
        if forged == "cut":
            signature = signature[: len(signature) // 2]
        algorithm = "SHA1withECDSA" if forged == "algorithm" else "SHA256withECDSA"
        return f"algorithm={algorithm}, keyId={key_id}, signature={base64.b64encode(signature).decode()}"

    def _get_key(self, call: Call) -> Answer:
        if call.arguments["id"] not in self._keys:
            raise RefusedError(404, "There is no key with this id")
        return text_answer(self.public_key(call.arguments["id"]))


def _elliptic() -> Any:
    try:
        from cryptography.hazmat.primitives.asymmetric import ec
    except ModuleNotFoundError as error:
        raise MissingExtraError("a signed webhook of the sandbox", "wallee") from error
    return ec


def _timestamp(seconds: float) -> str:
    """As messages have been seen to write it: with a zone that has no colon."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S%z")
