"""Who signed a request, and whether the signature covers what arrived. Standard library only; pure.

Known of the token (description and official SDKs): HS256, header `typ` (in the description `type`) JWT and `ver` 1,
claims `sub`, `iat` in seconds, `requestPath` and `requestMethod`; the key is the base64-decoded authentication key. How
far `iat` may be off is documented nowhere.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

__all__ = ["BadSignatureError", "signer_of"]

_PART = re.compile(r"[A-Za-z0-9_-]+")


class BadSignatureError(Exception):
    """What is wrong with the token. The text holds neither the token nor a key."""


def signer_of(
    authorization: str | None,
    *,
    method: str,
    target: str,
    keys_of: Callable[[str], Sequence[bytes]],
    now: float,
    tolerance: float,
) -> str:
    """The user whose key signed exactly this method and target (path and query as they came over the wire).

    `keys_of` gives the decoded keys of a user, `tolerance` is how many seconds `iat` may be away from `now`.
    Raises BadSignatureError.
    """
    if authorization is None:
        raise BadSignatureError("there is no Authorization header")
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise BadSignatureError("the Authorization header does not say Bearer")
    parts = token.split(".")
    if len(parts) != 3 or not all(map(_PART.fullmatch, parts)):
        raise BadSignatureError("the token is not three parts of base64url without padding")
    header, claims = _object(parts[0], "header"), _object(parts[1], "payload")
    if header.get("alg") != "HS256":
        raise BadSignatureError(f"alg is {header.get('alg')!r}, not 'HS256'")
    if header.get("typ", header.get("type")) != "JWT":
        raise BadSignatureError("neither typ nor type is 'JWT'")
    if type(header.get("ver")) is not int or header["ver"] != 1:
        raise BadSignatureError(f"ver is {header.get('ver')!r}, not the number 1")
    subject = claims.get("sub")
    user = str(subject) if type(subject) in (int, str) else ""
    keys = keys_of(user)
    if not keys:
        raise BadSignatureError("sub is no user of this sandbox")
    signed = f"{parts[0]}.{parts[1]}".encode()
    signature = _decoded(parts[2], "signature")
    if not any(hmac.compare_digest(hmac.digest(key, signed, hashlib.sha256), signature) for key in keys):
        raise BadSignatureError("the signature is not of a key of this user")
    if claims.get("requestMethod") != method:
        raise BadSignatureError(f"requestMethod is {claims.get('requestMethod')!r}, and {method!r} arrived")
    if claims.get("requestPath") != target:
        raise BadSignatureError(f"requestPath is {claims.get('requestPath')!r}, and {target!r} arrived")
    issued = claims.get("iat")
    if type(issued) is not int:
        raise BadSignatureError("iat is no whole number")
    if abs(now - issued) > tolerance:
        raise BadSignatureError(f"iat is {issued}, {now - issued:+.0f} seconds from now, allowed are {tolerance:g}")
    return user


def _object(part: str, name: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(_decoded(part, name), type=dict[str, Any])
    except msgspec.MsgspecError:
        raise BadSignatureError(f"the {name} is no JSON object") from None


def _decoded(part: str, name: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error:
        raise BadSignatureError(f"the {name} is no base64url") from None
