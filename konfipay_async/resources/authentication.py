"""Authentication: the token this client holds, and the rights of its API key. Logging in happens by itself."""

from konfipay_async.answers import nothing, scopes_of
from konfipay_async.resources.wiring import Wiring
from konfipay_async.session.bearer import Bearer

__all__ = ["Authentication"]


class Authentication:
    """`client.authentication`"""

    def __init__(self, wiring: Wiring, bearer: Bearer) -> None:
        self._wiring = wiring
        self._bearer = bearer

    async def revoke(self) -> None:
        """End the token this client holds, if it holds one; the next request logs in anew. Closing never does this.

        The path is documented, the method inferred (POST).
        """
        if self._bearer.holds_token:
            await self._wiring.send("authentication.revoke", nothing)
            self._bearer.forget()

    async def scopes(self) -> list[str]:
        """The rights of the API key, like "Transactions" (the shape of the answer is inferred)."""
        return await self._wiring.send("authentication.scopes", scopes_of)

    async def all_scopes(self) -> list[str]:
        """All rights that there are."""
        return await self._wiring.send("authentication.all_scopes", scopes_of)
