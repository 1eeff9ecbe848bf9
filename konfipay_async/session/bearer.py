"""A bearer token's life: one login at a time, renewed before it ends, thrown away when it is refused.

Any number of callers and one missing token make one login, also when the caller who began it is cancelled: the
login runs in a task of its own. Renewal begins `margin` seconds before the end, when a caller comes by, and blocks
nobody while the old token lives. Expiry is measured on the monotonic clock, from before the login was sent.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from konfipay_async.errors import ClientStateError, KonfipayError
from konfipay_async.session.auth import Refusal
from konfipay_async.session.clock import Clock
from konfipay_async.session.message import Request, Response

__all__ = ["Bearer", "Token"]

logger = logging.getLogger(__name__)

# How long a renewal that failed is left alone while the old token still lives.
_RENEWAL_PAUSE = 5.0


@dataclass(frozen=True, slots=True)
class Token:
    """A token as the login answers it; `lifetime` in seconds from the login.

    One that is not `fresh` was issued before, to another process: it may have died since.
    """

    value: str = field(repr=False)
    lifetime: float
    fresh: bool = True


@dataclass(frozen=True, slots=True)
class _Held:
    value: str = field(repr=False)
    renew_at: float
    ends_at: float
    fresh: bool


class Bearer:
    """Adds ``Authorization: Bearer …`` and keeps the token behind it alive.

    `login` fetches a token; `margin` (seconds) is how long before its end a token is renewed, at most a fifth of
    its life, so that a token shorter than the margin works.
    """

    refusal_hint = (
        "A fresh token was refused as well: the API key was refused or lost its rights, or another process that uses "
        "the same key ends its tokens."
    )

    def __init__(self, login: Callable[[], Awaitable[Token]], *, clock: Clock, margin: float = 60.0) -> None:
        self._login = login
        self._clock = clock
        self._margin = margin
        self._held: _Held | None = None
        self._renewal: asyncio.Task[_Held] | None = None
        self._renew_not_before = 0.0
        self._is_closed = False

    async def authorise(self, request: Request[Any]) -> Mapping[str, str]:
        held = self._held
        now = self._clock.monotonic()
        if held is None or now >= held.ends_at:
            held = await self._renewed_token()
        elif now >= held.renew_at and now >= self._renew_not_before:
            self._renew()
        return {"Authorization": f"Bearer {held.value}"}

    def refused(self, headers: Mapping[str, str], response: Response | None = None) -> Refusal:
        held = self._held
        if held is None or headers["Authorization"] != f"Bearer {held.value}":
            return Refusal.STALE
        self._held = None
        return Refusal.CURRENT if held.fresh else Refusal.STALE

    @property
    def holds_token(self) -> bool:
        """Whether there is a token that may still live."""
        return self._held is not None and self._clock.monotonic() < self._held.ends_at

    def forget(self) -> None:
        """The token is of no use any more: the next request fetches another one."""
        self._held = None

    async def close(self) -> None:
        self._is_closed = True
        if self._renewal is not None:
            self._renewal.cancel()
            await asyncio.wait([self._renewal])

    async def _renewed_token(self) -> _Held:
        renewal = self._renew()
        try:
            return await asyncio.shield(renewal)
        except asyncio.CancelledError:
            if renewal.cancelled() and self._is_closed:
                raise ClientStateError("the client was closed while it logged in") from None
            raise

    def _renew(self) -> "asyncio.Task[_Held]":
        """The login under way; begins one where there is none."""
        if self._renewal is None:
            self._renewal = asyncio.get_running_loop().create_task(self._fetch(), name="konfipay login")
            self._renewal.add_done_callback(self._renewed)
        return self._renewal

    async def _fetch(self) -> _Held:
        asked_at = self._clock.monotonic()
        token = await self._login()
        margin = min(self._margin, token.lifetime / 5)
        ends_at = asked_at + token.lifetime
        return _Held(token.value, renew_at=ends_at - margin, ends_at=ends_at, fresh=token.fresh)

    def _renewed(self, task: "asyncio.Task[_Held]") -> None:
        self._renewal = None
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            self._held = task.result()
        else:
            # Whoever waits for the login gets the error; a token that still lives goes on being used.
            self._renew_not_before = self._clock.monotonic() + _RENEWAL_PAUSE
            level = logging.WARNING if self._held is not None else logging.DEBUG
            logger.log(level, "login failed: %s", error if isinstance(error, KonfipayError) else type(error).__name__)
