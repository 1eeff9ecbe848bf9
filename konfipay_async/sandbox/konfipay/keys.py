"""API keys: what each of them is given, and what belongs to it alone.

A konfipay client can have several keys. Tokens belong to a key, and a key can be deactivated in the portal
(documented). The is-new flags are those of the whole client, unless a key has the option of flags of its own, which
cannot be undone (documented). What such flags are when a key gets them is not documented; here all rows are new.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from konfipay_async.errors import ConfigurationError
from konfipay_async.sandbox.arguments import secret
from konfipay_async.sandbox.konfipay.acknowledgements import Acknowledgements
from konfipay_async.sandbox.konfipay.tokens import Tokens
from konfipay_async.sandbox.limits import Peak, Window

__all__ = ["MAIN", "MOST_KEYS", "SCOPES", "Access", "ApiKey", "Keys", "all_keys"]

MAIN: Final = "main"
"""The name of the key that is given as a plain text."""

MOST_KEYS: Final = 100

SCOPES: Final = (
    *("Accounts", "BankAccounts", "Banks", "Documents", "ExchangeRates", "PayPal"),
    *("PaymentProviders", "Payments", "Transactions", "UserGroups", "Users"),
)
"""The scopes of API version 6 (documented)."""

_LONGEST_NAME: Final = 40
"""Shorter than a key: one that is given as a name by mistake is refused, and so never logged."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One API key of a sandbox.

    `name` is what logs and the sandbox's methods call it. With `own_flags` it has is-new flags of its own, all rows
    new at first; without, it sees and changes those of the whole client. `value` is what a client logs in with;
    left out, one of 64 characters is made from the name, always the same one. It is never shown. `scopes` are what it
    may do, of `SCOPES`; None is everything. A request that it may not make is answered with 403.
    """

    name: str
    own_flags: bool = field(default=False, kw_only=True)
    value: str = field(default="", kw_only=True, repr=False)
    scopes: frozenset[str] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        """Refuse what is no name or value, and make the value that was left out."""
        name = self.name
        # A name that is refused may be a key: it is not repeated.
        if not isinstance(name, str) or not name.isprintable() or name.strip() != name or not name:
            raise ConfigurationError("the name of an API key is not possible: allowed is one line of text")
        if len(name) > _LONGEST_NAME:
            raise ConfigurationError(
                f"the name of an API key is too long: allowed are {_LONGEST_NAME} characters; the key itself is `value`"
            )
        if self.value == "":
            digest = hashlib.sha256(f"key|{name}".encode()).hexdigest()
            object.__setattr__(self, "value", f"SandboxKey{digest}"[:64])
        secret(f"the value of the API key {name!r}", self.value)
        if self.scopes is not None and not set(SCOPES).issuperset(self.scopes):
            allowed = ", ".join(SCOPES)
            raise ConfigurationError(
                f"the scopes of the API key {name!r} are not possible: allowed is a set of {allowed}"
            )

    def allows(self, scope: str | None) -> bool:
        """Whether a request that needs this scope is allowed; None needs none."""
        return scope is None or self.scopes is None or scope in self.scopes


@dataclass(slots=True, eq=False)
class Access:
    """A key, and what the server keeps for it. `whose` says which flags of the store it sees."""

    key: ApiKey
    whose: int
    tokens: Tokens
    acknowledgements: Acknowledgements
    window: Window
    peak: Peak
    active: bool = True


class Keys:
    """The keys of one sandbox. They are few: everything here looks at each of them."""

    def __init__(self, accesses: Iterable[Access]) -> None:
        self._by_name = {access.key.name: access for access in accesses}
        self.public: Mapping[str, ApiKey] = MappingProxyType({n: access.key for n, access in self._by_name.items()})

    def named(self, name: str) -> Access:
        """The key of that name; an unknown one is a ConfigurationError, which does not repeat it."""
        access = self._by_name.get(name) if isinstance(name, str) else None
        if access is None:
            raise ConfigurationError(f"there is no API key of this name: known are {', '.join(map(repr, self.public))}")
        return access

    def chosen(self, name: str | None) -> Iterable[Access]:
        """The key of that name, all keys without one."""
        return self._by_name.values() if name is None else (self.named(name),)

    def of_token(self, authorization: str | None, now: float) -> Access | None:
        """The key whose living token this Authorization header carries."""
        return next((access for access in self._by_name.values() if access.tokens.alive(authorization, now)), None)

    def of_value(self, value: object) -> Access | None:
        """The key with this value, active or not."""
        return next((access for access in self._by_name.values() if access.key.value == value), None)


def all_keys(api_key: str | ApiKey, api_keys: Iterable[ApiKey]) -> tuple[ApiKey, ...]:
    """The first key and the further ones; no two with one name or value. Else ConfigurationError."""
    first = api_key if isinstance(api_key, ApiKey) else ApiKey(MAIN, value=secret("api_key", api_key))
    keys = (first, *api_keys)
    if not all(isinstance(key, ApiKey) for key in keys):
        raise ConfigurationError("api_keys is not possible: allowed are ApiKey objects")
    if len(keys) > MOST_KEYS:
        raise ConfigurationError(f"{len(keys)} API keys are too many: allowed are {MOST_KEYS}")
    for number, key in enumerate(keys):
        for other in keys[:number]:
            if other.name == key.name:
                raise ConfigurationError(f"two API keys have the name {key.name!r}: give each its own")
            if other.value == key.value:
                raise ConfigurationError(f"the API keys {other.name!r} and {key.name!r} have the same value")
    return keys
