"""Each attempt of a request carries a token of its own, signed over its method and over path and query to the byte.

What is signed is the raw path of the very URL that goes out, from the one place that encodes URLs. A token lives as
long as the server likes (not documented; public code tells of some minutes), so the clock matters: where a 401 comes
with a `Date` that says that this machine's clock is off (by a day at most), the difference is learnt, reported, and the
request signed again.
"""

import base64
import binascii
import json
import logging
import re
from collections.abc import Callable, Mapping
from typing import Any

from yarl import URL

from konfipay_async.errors import ConfigurationError, MissingExtraError
from konfipay_async.session.auth import Refusal
from konfipay_async.session.clock import Clock
from konfipay_async.session.headers import server_time
from konfipay_async.session.message import Request, Response
from konfipay_async.session.transport import url_of

__all__ = ["Signer", "checked_key", "checked_user_id"]

logger = logging.getLogger(__name__)

# Seconds. A `Date` is cut to whole ones, and a clock that is off by no more is not what a server complains of.
_CLOCKS_AGREE = 10.0
# Clocks are off by seconds or hours; a `Date` that is days away is more likely to be wrong itself.
_BELIEVABLE = 86_400.0

# Bytes: what HS256 asks for (RFC 7518), and what keys of the API have (its description).
_SHORTEST_KEY = 32


class Signer:
    """Adds ``Authorization: Bearer …``, a JSON Web Token signed by HS256 with the application user's key.

    `user_id` and `key` are as `checked_user_id` and `checked_key` give them. Raises MissingExtraError.
    """

    refusal_hint = (
        "The user id or the authentication key was refused, or something on the way rewrites the URL, to which the "
        "signature is bound."
    )

    def __init__(self, base_url: URL, user_id: str, key: bytes, *, clock: Clock) -> None:
        self._base_url = base_url
        self._user_id = user_id
        self._key = key
        self._clock = clock
        self._encode = _encoder()
        self._skew = 0.0

    @property
    def skew(self) -> float:
        """By how many seconds the server's clock is ahead of ours, as far as a 401 taught us; 0 until then."""
        return self._skew

    async def authorise(self, request: Request[Any]) -> Mapping[str, str]:
        claims = {
            "sub": self._user_id,
            "iat": int(self._clock.time() + self._skew),
            "requestPath": url_of(self._base_url, request).raw_path_qs,
            "requestMethod": request.method,
        }
        token = self._encode(claims, self._key, "HS256", headers={"ver": 1})
        return {"Authorization": f"Bearer {token}"}

    def refused(self, headers: Mapping[str, str], response: Response) -> Refusal:
        there = server_time(response.headers)
        if there is None:
            return Refusal.FINAL
        behind = there - _issued_at(headers)
        if -_CLOCKS_AGREE <= behind <= response.elapsed + _CLOCKS_AGREE:
            return Refusal.FINAL  # the time was right
        skew = there - self._clock.time()
        if abs(skew) > _BELIEVABLE:
            logger.warning("the server's Date is more than a day away from this machine's: one of the clocks is wrong")
            return Refusal.FINAL
        if abs(skew - self._skew) <= _CLOCKS_AGREE:
            return Refusal.STALE  # another request has learnt it meanwhile
        self._skew = skew
        logger.warning(
            "this machine's clock is %.0f seconds %s the server's, which refused a signature for it: signing by the "
            "server's time from now on. Set the clock (NTP).",
            abs(skew),
            "behind" if skew > 0 else "ahead of",
        )
        return Refusal.CURRENT

    async def close(self) -> None:
        pass


def checked_user_id(user_id: object) -> str:
    """An application user's id, a number. ConfigurationError for others."""
    text = str(user_id).strip() if isinstance(user_id, int | str) and not isinstance(user_id, bool) else ""
    if not text:
        raise ConfigurationError(
            "there is no user id: hand one to WalleeClient(…) or set WALLEE_USER_ID. Application users are made under "
            "Account > Users > Application Users."
        )
    if not re.fullmatch(r"[0-9]{1,19}", text, re.ASCII) or int(text) == 0:
        raise ConfigurationError("user_id is no number: it is the id of an application user, like 512")
    return str(int(text))


def checked_key(key: object) -> bytes:
    """The bytes of an authentication key, which is given as base64. ConfigurationError for others."""
    if not isinstance(key, str | None):
        raise ConfigurationError(f"the authentication key must be a str, not {type(key).__name__}")
    text = (key or "").strip()
    if not text:
        raise ConfigurationError(
            "there is no authentication key: hand one to WalleeClient(…) or set WALLEE_AUTHENTICATION_KEY. It is shown "
            "once, when an application user is made."
        )
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ConfigurationError(
            "the authentication key is not base64: give it as it was shown, whole (was it cut, or is it another key?)"
        ) from None
    if len(decoded) < _SHORTEST_KEY:
        raise ConfigurationError(
            f"the authentication key is too short: it has {len(decoded)} bytes, those of the API {_SHORTEST_KEY} (was "
            f"it cut, or is it another key?)"
        )
    return decoded


def _encoder() -> Callable[..., str]:
    # Not quick to import, and of an extra.
    try:
        from jwt import encode
    except ImportError:
        raise MissingExtraError("the signed API", "wallee") from None
    return encode


def _issued_at(headers: Mapping[str, str]) -> float:
    """The `iat` of a token of ours."""
    payload = headers["Authorization"].split(".")[1]
    issued: float = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["iat"]
    return issued
