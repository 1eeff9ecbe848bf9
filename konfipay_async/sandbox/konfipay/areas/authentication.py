"""Login, logout, and what a key may do."""

from typing import ClassVar

from konfipay_async.sandbox.konfipay.answers import json_answer, no_content, unauthorized
from konfipay_async.sandbox.konfipay.bodies import json_object, required
from konfipay_async.sandbox.konfipay.calls import Call, Endpoint
from konfipay_async.sandbox.konfipay.keys import SCOPES
from konfipay_async.sandbox.konfipay.queries import BadParameterError
from konfipay_async.sandbox.sending import Answer

__all__ = ["Authentication", "value_in_login"]


def value_in_login(body: bytes) -> object:
    """The API key's value in the body of a login, whatever its type; None when there is none."""
    try:
        return json_object(body).get("apiKey")
    except BadParameterError:
        return None


class Authentication:
    """Tokens. `token_lifetime` is what a login says it is, in seconds."""

    def __init__(self, token_lifetime: float) -> None:
        self._token_lifetime = token_lifetime

    def _log_in(self, call: Call) -> Answer:
        """The API key for a token. `client` with name and version is mandatory (API version 6, documented)."""
        login = json_object(call.body)
        client = login.get("client")
        required(login, "apiKey")
        for name in ("name", "version"):
            required(client if isinstance(client, dict) else {}, name)
        if call.caller is None or not call.caller.active:
            return unauthorized("The API key is not valid")
        lifetime = self._token_lifetime
        token = call.caller.tokens.issue(call.at)
        expires_in = int(lifetime) if lifetime == int(lifetime) else lifetime
        return json_answer({"accessToken": token, "expiresIn": expires_in, "tokenType": "bearer"})

    def _revoke(self, call: Call) -> Answer:
        """The token of the request dies (path documented, method and answer inferred)."""
        call.access.tokens.end(call.token)
        return no_content()

    def _scopes(self, call: Call) -> Answer:
        """What the key may do (path documented, the shape is inferred)."""
        return json_answer([scope for scope in SCOPES if call.access.key.allows(scope)])

    def _all_scopes(self, call: Call) -> Answer:
        """All scopes that exist (path documented, the shape is inferred)."""
        return json_answer(SCOPES)

    endpoints: ClassVar[tuple[Endpoint, ...]] = (
        Endpoint("authentication.token", "POST", "authentication/token", None, _log_in, public=True),
        Endpoint("authentication.revoke", "POST", "authentication/token/revoke", None, _revoke),
        Endpoint("authentication.scopes", "GET", "authentication/scopes", None, _scopes),
        Endpoint("authentication.all-scopes", "GET", "authentication/scopes/all", None, _all_scopes),
    )
