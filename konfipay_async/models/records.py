"""Resources whose fields are not documented: what is likely has a name, all else is in `extra` as it came."""

import msgspec

from konfipay_async.models.wire import OpenWire

__all__ = ["Account", "Bank", "ExchangeRate", "PaymentProvider", "User", "UserGroup"]


class _Record(OpenWire, frozen=True, gc=False, kw_only=True):
    rid: str | None = msgspec.field(name="rId", default=None)
    name: str | None = None
    description: str | None = None


class Account(_Record, frozen=True, gc=False, kw_only=True):
    """A client of konfipay's, as partners manage them."""


class Bank(_Record, frozen=True, gc=False, kw_only=True):
    """A bank."""

    bic: str | None = None


class ExchangeRate(_Record, frozen=True, gc=False, kw_only=True):
    """An exchange rate; the rate itself is in `extra`, by the name the API gives it."""

    currency: str | None = None


class PaymentProvider(_Record, frozen=True, gc=False, kw_only=True):
    """A payment provider."""


class User(_Record, frozen=True, gc=False, kw_only=True):
    """A user."""

    email: str | None = None


class UserGroup(_Record, frozen=True, gc=False, kw_only=True):
    """A group of users; its members are in `extra`."""
