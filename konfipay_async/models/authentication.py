"""The login and its answer. Key and token are shown by no repr, and by no `__rich_repr__`, which msgspec makes too."""

from typing import Any, NoReturn

import msgspec

from konfipay_async.models.wire import Wire

__all__ = ["ClientInfo", "TokenAnswer", "TokenRequest", "encode_token_request"]


class ClientInfo(Wire, frozen=True, gc=False):
    """Who logs in; mandatory since API version 6 (documented)."""

    name: str
    version: str


class TokenRequest(Wire, frozen=True, gc=False):
    """The body of a login (documented)."""

    api_key: str
    client: ClientInfo

    def __repr__(self) -> str:
        return f"TokenRequest(api_key=…, client={self.client!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("it holds a secret: it is not pickled")

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("client", self.client)]


class TokenAnswer(Wire, frozen=True, gc=False):
    """What a login answers (seen in public code): a bearer token and its life in seconds."""

    access_token: str
    expires_in: float = 1800.0
    token_type: str = "bearer"  # noqa: S105

    def __repr__(self) -> str:
        return f"TokenAnswer(access_token=…, expires_in={self.expires_in!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("it holds a secret: it is not pickled")

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("expires_in", self.expires_in)]


def encode_token_request(api_key: str, client: ClientInfo) -> bytes:
    """The login's body as bytes."""
    return msgspec.json.encode(TokenRequest(api_key=api_key, client=client))
