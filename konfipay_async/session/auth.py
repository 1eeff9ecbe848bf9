"""What a session asks of authentication: headers for each attempt, and what a 401 means."""

from collections.abc import Mapping
from enum import Enum
from typing import Any, Protocol

from konfipay_async.session.message import Request, Response

__all__ = ["Auth", "Refusal"]


class Refusal(Enum):
    """What a 401 says about the authorisation it answered."""

    STALE = "stale"
    """It was out of date already: the current one may do."""
    CURRENT = "current"
    """It was the current one; a new one is worth one more try."""
    FINAL = "final"
    """Nothing helps."""


class Auth(Protocol):
    """Authorises requests of the authenticated budget. `refusal_hint` tells users what a lasting 401 means."""

    refusal_hint: str

    async def authorise(self, request: Request[Any]) -> Mapping[str, str]:
        """Headers for one attempt of this request. What it raises goes to the caller as it is."""

    def refused(self, headers: Mapping[str, str], response: Response) -> Refusal:
        """The server answered 401 to these headers, with this response."""

    async def close(self) -> None:
        """End what is under way here. Revokes nothing: other processes may use the same key."""
