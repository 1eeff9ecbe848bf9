"""The login."""

from typing import Any, ClassVar, Final

import msgspec

from konfipay_async.sandbox.konfipay.answers import Answer, bad_request, json_answer, unauthorized
from konfipay_async.sandbox.konfipay.calls import Call, Endpoint

__all__ = ["Authentication", "value_in_login"]

_MISSING_PARAMETER: Final = ("ERR-01-0012", "MissingParameter")


def _object(body: bytes) -> dict[str, Any] | None:
    """The JSON object in the body, None when there is none."""
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except ValueError:
        return None


def value_in_login(body: bytes) -> object:
    """The API key's value in the body of a login, whatever its type; None when there is none."""
    return (_object(body) or {}).get("apiKey")


class Authentication:
    """Tokens. `token_lifetime` is what a login says it is, in seconds."""

    def __init__(self, token_lifetime: float) -> None:
        self._token_lifetime = token_lifetime

    def _log_in(self, call: Call) -> Answer:
        """The API key for a token. `client` with name and version is mandatory (API version 6, documented)."""
        login = _object(call.body)
        if login is None:
            return bad_request(_MISSING_PARAMETER, "The body is no JSON object.")
        client = login.get("client")
        for name, value in (
            ("apiKey", login.get("apiKey")),
            ("client.name", client.get("name") if isinstance(client, dict) else None),
            ("client.version", client.get("version") if isinstance(client, dict) else None),
        ):
            if not isinstance(value, str) or not value.strip():
                return bad_request(_MISSING_PARAMETER, f"{name} is missing.")
        if call.caller is None or not call.caller.active:
            return unauthorized("The API key is not valid")
        lifetime = self._token_lifetime
        token = call.caller.tokens.issue(call.at)
        expires_in = int(lifetime) if lifetime == int(lifetime) else lifetime
        return json_answer({"accessToken": token, "expiresIn": expires_in, "tokenType": "bearer"})

    endpoints: ClassVar[tuple[Endpoint, ...]] = (
        Endpoint("authentication.token", "POST", "authentication/token", None, _log_in, public=True),
    )
