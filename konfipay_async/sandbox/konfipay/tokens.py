"""Access tokens: issued, living for a while, ended.

An access token lives 1800 seconds and the type is "bearer" (seen in public code). Whether a new login ends older
tokens is not documented; here it does so on request only.
"""

import secrets

__all__ = ["Tokens"]


class Tokens:
    """The living tokens of one API key."""

    def __init__(self, lifetime: float, *, one_token: bool) -> None:
        self._lifetime = lifetime
        self._one_token = one_token
        self._ends_at: dict[str, float] = {}

    def issue(self, now: float) -> str:
        """A new token, living `lifetime` seconds from now. Dead ones are forgotten on the way."""
        if self._one_token:
            self._ends_at.clear()
        else:
            # All tokens live equally long, so the dead ones are the first ones.
            while self._ends_at and next(iter(self._ends_at.values())) <= now:
                del self._ends_at[next(iter(self._ends_at))]
        # Random and not from the seed: a token of an earlier sandbox must not be alive in this one.
        token = secrets.token_urlsafe(48)
        self._ends_at[token] = now + self._lifetime
        return token

    def alive(self, authorization: str | None, now: float) -> bool:
        """Whether this Authorization header carries a living token."""
        scheme, _, token = (authorization or "").partition(" ")
        return scheme.lower() == "bearer" and self._ends_at.get(token.strip(), now) > now

    def end(self, token: str) -> None:
        """This token dies at once."""
        self._ends_at.pop(token, None)

    def end_all(self) -> None:
        """All tokens die at once."""
        self._ends_at.clear()

    def __len__(self) -> int:
        return len(self._ends_at)
