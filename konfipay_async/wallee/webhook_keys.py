"""The public keys that webhooks are signed with: fetched when they are first named, and never much of that at once.

What a key id stands for never changes, so a key is kept. Who names keys is whoever sends a message, so that what a
stranger can make us ask for is bounded, and none who waits for one key is held up by those who wait for another.
"""

import asyncio
import base64
import binascii
import re
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from konfipay_async.errors import (
    ConfigurationError,
    MissingExtraError,
    NotFoundError,
    SignatureError,
    WebhookKeyError,
)
from konfipay_async.session.clock import Clock

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

__all__ = ["WebhookKeys"]

_MOST_KEYS = 32
_FETCHES, _PERIOD = 10, 60.0  # so many in so many seconds, and so many at once
# Seconds. Whoever sent a webhook does not wait for its answer much longer.
_LONGEST_WAIT = 10.0
_MOST_WAITING = 100  # messages for one key


@dataclass
class _Flight:
    """A key on its way, and how many wait for it."""

    task: "asyncio.Task[EllipticCurvePublicKey]"
    waiting: int = 0


class WebhookKeys:
    """Keys by their ids. `given` ones are never fetched nor dropped; ConfigurationError for what is no key."""

    def __init__(self, fetch: Callable[[str], Awaitable[str | None]], given: Mapping[str, str], clock: Clock) -> None:
        self._fetch = fetch
        self._given = {key_id: _given_key(key_id, text) for key_id, text in given.items()}
        self._clock = clock
        self._kept: dict[str, EllipticCurvePublicKey] = {}
        self._nobody_s: dict[str, float] = {}
        self._flights: dict[str, _Flight] = {}
        self._fetched_at: deque[float] = deque(maxlen=_FETCHES)

    async def of(self, key_id: str) -> "EllipticCurvePublicKey":
        """The key. SignatureError where the API has none of this id, WebhookKeyError where it cannot be had now."""
        if key_id in self._given:
            return self._given[key_id]
        key = self._kept.pop(key_id, None) or await self._on_its_way(key_id)
        self._kept[key_id] = key  # as the one used last
        while len(self._kept) > _MOST_KEYS:
            del self._kept[next(iter(self._kept))]
        return key

    async def _on_its_way(self, key_id: str) -> "EllipticCurvePublicKey":
        """What all get who wait for the same key. When the last of them goes away it is not waited for any more."""
        flight = self._flights.get(key_id) or self._take_off(key_id)
        if flight.waiting >= _MOST_WAITING:
            raise WebhookKeyError("too many webhooks wait for the same key")
        flight.waiting += 1
        try:
            if not flight.task.done():
                await asyncio.wait([flight.task], timeout=_LONGEST_WAIT)
            if not flight.task.done():  # it waits for the request budget: who sent the webhook would not
                raise WebhookKeyError("the key of a webhook was not to be had in time")
            return flight.task.result()
        finally:
            flight.waiting -= 1
            if not flight.waiting:
                flight.task.cancel()
                del self._flights[key_id]

    def _take_off(self, key_id: str) -> _Flight:
        now = self._clock.monotonic()
        if now < self._nobody_s.get(key_id, now):
            raise _unknown()
        lately = len(self._fetched_at) == _FETCHES and now - self._fetched_at[0] < _PERIOD
        if lately or len(self._flights) >= _FETCHES:
            raise WebhookKeyError("too many webhooks name keys not seen before: for a minute no more are looked up")
        self._fetched_at.append(now)
        task = asyncio.get_running_loop().create_task(self._fetched(key_id))
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._flights[key_id] = flight = _Flight(task)
        return flight

    async def _fetched(self, key_id: str) -> "EllipticCurvePublicKey":
        try:
            text = await self._fetch(key_id)
        except NotFoundError:
            now = self._clock.monotonic()
            self._nobody_s = {name: until for name, until in self._nobody_s.items() if until > now}
            self._nobody_s[key_id] = now + _PERIOD
            raise _unknown() from None
        return _public_key(text or "")


def _unknown() -> SignatureError:
    return SignatureError("the webhook is signed with a key that the API does not have")


def _given_key(key_id: str, text: str) -> "EllipticCurvePublicKey":
    try:
        return _public_key(text)
    except WebhookKeyError as error:
        raise ConfigurationError(f"keys: under {key_id!r}: {error}") from None


def _public_key(text: str) -> "EllipticCurvePublicKey":
    """WebhookKeyError where it is none: the doing of whoever gave it, and not the sender's."""
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
        from cryptography.hazmat.primitives.serialization import load_der_public_key
    except ModuleNotFoundError:
        raise MissingExtraError("verifying webhooks", "wallee") from None
    armour = re.fullmatch(r"\s*-----BEGIN PUBLIC KEY-----(.*)-----END PUBLIC KEY-----\s*", text, re.DOTALL)
    bare = re.sub(r"\s+", "", armour[1] if armour else text).strip('"')
    try:
        key = load_der_public_key(base64.b64decode(bare, validate=True))
    except (ValueError, binascii.Error):
        raise WebhookKeyError("this is neither base64 nor PEM of a public key") from None
    except UnsupportedAlgorithm:
        raise WebhookKeyError("this key is not of the curve P-256, but of a kind that is not even known") from None
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise WebhookKeyError("this key is not of the curve P-256")
    return key
