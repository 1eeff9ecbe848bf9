"""One login for all processes with one API key: the token lies in Redis, encrypted, until shortly before its end.

`SharedLogin` goes around the login that a `Bearer` is handed. Where Redis holds a token that lives, that is the answer;
else one process logs in while the others wait for what it brings. A token this process has handed out is never taken
from there again: whoever asks anew has no use for it. Where Redis is away, each process logs in by itself.
"""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from konfipay_async.errors import MissingExtraError
from konfipay_async.session.bearer import Token
from konfipay_async.session.clock import Clock
from konfipay_async.session.shared_link import Link, RedisAwayError, key_name

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.asyncio.lock import Lock

__all__ = ["SharedLogin"]

# Who logs in holds the others back for so long, and prolongs it: when that process is killed, another one begins.
_TURN = 10.0
# How often the others look.
_POLL = 0.1
_NONCE = 12


class SharedLogin:
    """A login that asks Redis first, for `login`. Awaiting a call gives a token that lives, with what is left of it.

    `link` leads to the Redis; `origin` and `api_key` say whose token it is, and the key encrypts it (AES-GCM, under a
    key derived from it): neither is stored there. `margin` (seconds, at most a fifth of its life) is how long before
    its end a token is not handed to others any more. Raises what `login` raises, and MissingExtraError.
    """

    def __init__(
        self,
        login: Callable[[], Awaitable[Token]],
        *,
        link: Link,
        origin: str,
        api_key: str,
        clock: Clock,
        margin: float = 60.0,
    ) -> None:
        self._login = login
        self._link = link
        self._clock = clock
        self._margin = margin
        self._name = f"konfipay:{origin}:{key_name(api_key)}:token"
        self._seal = _Seal(api_key, self._name)
        self._handed_out = ""

    async def __call__(self) -> Token:
        token = await self._next()
        self._handed_out = token.value
        return token

    async def close(self) -> None:
        """Close the connections. Ends no token."""
        await self._link.close()

    async def _next(self) -> Token:
        turn: Token | Lock | None = None
        with suppress(RedisAwayError):
            turn = await self._turn()
        if turn is None:
            return await self._login()
        if isinstance(turn, Token):
            return turn
        holding = asyncio.get_running_loop().create_task(self._hold(turn), name="konfipay shared login")
        try:
            asked_at = self._clock.monotonic()
            token = await self._login()
            with suppress(RedisAwayError):
                await self._store(token, asked_at)
            return token
        finally:
            holding.cancel()
            await asyncio.wait([holding])
            await self._release(turn)

    async def _turn(self) -> "Token | Lock":
        """The token that another process has brought, or the right to bring one."""
        while True:
            token = await self._stored()
            if token is not None:
                return token
            lock = await self._link.run(self._locked)
            if lock is not None:
                # Somebody may have brought it between these two questions.
                try:
                    token = await self._stored()
                except BaseException:
                    await self._release(lock)
                    raise
                if token is None:
                    return lock
                await self._release(lock)
                return token
            await self._clock.sleep(_POLL)

    async def _locked(self, redis: "Redis") -> "Lock | None":
        lock = redis.lock(f"{self._name}:login", timeout=_TURN, thread_local=False)
        return lock if await lock.acquire(blocking=False) else None

    async def _release(self, lock: "Lock") -> None:
        with suppress(RedisAwayError):  # then it ends by itself
            await self._link.run(partial(_released, lock))

    async def _hold(self, lock: "Lock") -> None:
        """Keep the turn for as long as the login takes: it may have to wait for the budget."""
        while True:
            await self._clock.sleep(_TURN / 3)
            with suppress(RedisAwayError):
                await self._link.run(partial(_prolonged, lock))

    async def _stored(self) -> Token | None:
        """A token in Redis that this process has not handed out."""

        async def ask(redis: "Redis") -> tuple[bytes | None, int]:
            both = redis.pipeline(transaction=True)
            both.get(self._name)
            both.pttl(self._name)
            sealed, left = await both.execute()
            return sealed, left

        sealed, left = await self._link.run(ask)
        opened = self._seal.opened(sealed) if sealed is not None else None
        if opened is None or left <= 0:
            return None
        value, margin = opened
        return None if value == self._handed_out else Token(value, left / 1000 + margin, fresh=False)

    async def _store(self, token: Token, asked_at: float) -> None:
        margin = min(self._margin, token.lifetime / 5)
        left = token.lifetime - margin - (self._clock.monotonic() - asked_at)
        if left > 0:
            sealed = self._seal.closed(token.value, margin)
            await self._link.run(lambda redis: redis.set(self._name, sealed, px=max(1, int(1000 * left))))


async def _released(lock: "Lock", _: "Redis") -> None:
    from redis.exceptions import LockError

    with suppress(LockError):  # it took too long, or Redis was emptied: no longer ours
        await lock.release()


async def _prolonged(lock: "Lock", _: "Redis") -> None:
    from redis.exceptions import LockError

    with suppress(LockError):
        await lock.extend(_TURN, replace_ttl=True)


class _Seal:
    """Encrypts what goes to Redis under a key derived from the API key, bound to the `name` it is stored by."""

    def __init__(self, api_key: str, name: str) -> None:
        try:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM
            from cryptography.hazmat.primitives.hashes import SHA256
            from cryptography.hazmat.primitives.kdf.hkdf import HKDF
        except ImportError:
            raise MissingExtraError("sharing through Redis", "redis") from None
        derived = HKDF(SHA256(), length=32, salt=None, info=b"konfipay-async token").derive(api_key.encode())
        self._cipher = AESGCM(derived)
        self._name = name.encode()

    def closed(self, value: str, margin: float) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, json.dumps([value, margin]).encode(), self._name)

    def opened(self, sealed: bytes) -> tuple[str, float] | None:
        """What was closed with the same key; None for anything else."""
        from cryptography.exceptions import InvalidTag

        try:
            value, margin = json.loads(self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], self._name))
        except (InvalidTag, ValueError):
            return None
        return str(value), float(margin)
