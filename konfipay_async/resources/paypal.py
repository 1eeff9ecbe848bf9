"""PayPal: the accounts konfipay reads, and their transactions."""

from collections.abc import AsyncGenerator, Callable, Mapping
from datetime import date
from functools import partial
from typing import TypedDict, Unpack

from konfipay_async.answers import json_value, page_of
from konfipay_async.errors import ConfigurationError
from konfipay_async.models.page import Page
from konfipay_async.models.paypal import NewPayPalAccount, PayPalAccount, PayPalTransaction
from konfipay_async.models.wire import encode, encode_with
from konfipay_async.resources.lists import Listing, NewListing, acknowledge_row
from konfipay_async.resources.once import send_once
from konfipay_async.resources.results import Acknowledgement
from konfipay_async.resources.wiring import Wiring
from konfipay_async.routes import segment
from konfipay_async.session.message import Response

__all__ = ["PayPal", "PayPalAccountFilters", "PayPalAccounts", "PayPalTransactionFilters", "PayPalTransactions"]


class PayPalAccountFilters(TypedDict, total=False):
    """None is known."""


class PayPalTransactionFilters(TypedDict, total=False):
    """Filters of the list (the dates are described, all names inferred)."""

    is_new: bool | None
    min_date: date | None
    max_date: date | None
    paypal_account_rid: str | None


class PayPal:
    """`client.paypal`"""

    def __init__(self, wiring: Wiring) -> None:
        self.accounts = PayPalAccounts(wiring)
        self.transactions = PayPalTransactions(wiring)


class PayPalAccounts:
    """`client.paypal.accounts`. Bodies are documented, paths inferred."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._listing = Listing(wiring, "paypal.accounts.list", partial(page_of, PayPalAccount), PayPalAccountFilters)

    def list(
        self, page_size: int = 1000, *, extra: Mapping[str, object] | None = None
    ) -> AsyncGenerator[PayPalAccount]:
        """Yield every account. An async generator: iterate it, do not await it."""
        return self._listing.rows(page_size, extra, {})

    def pages(
        self, page_size: int = 1000, *, extra: Mapping[str, object] | None = None
    ) -> AsyncGenerator[Page[PayPalAccount]]:
        """Yield the list page by page."""
        return self._listing.pages(page_size, extra, {})

    async def get(self, rid: str) -> PayPalAccount:
        """One account. Raises NotFoundError."""
        return await self._wiring.send("paypal.accounts.get", _account, rid=rid)

    async def create(self, account: NewPayPalAccount, *, again: bool = False) -> PayPalAccount:
        """Create an account; its secret never comes back out. Sent once: see OutcomeUnknownError."""
        return await send_once(
            self._wiring,
            "paypal.accounts.create",
            _account,
            body=encode(_checked(account)),
            made=lambda created: created.rid,
            look_up="client.paypal.accounts.list()",
            again=again,
        )

    async def update(self, rid: str, account: NewPayPalAccount) -> PayPalAccount:
        """Change an account into this; what is None here is left out of the request."""
        segment(rid, "rid")
        body = encode_with(_checked(account), rId=rid)
        return await self._wiring.send("paypal.accounts.update", _account, body=body)


class PayPalTransactions:
    """`client.paypal.transactions`"""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._listing = NewListing(
            wiring, "paypal.transactions.list", partial(page_of, PayPalTransaction), PayPalTransactionFilters
        )

    def list(
        self,
        page_size: int = 1000,
        *,
        extra: Mapping[str, object] | None = None,
        **filters: Unpack[PayPalTransactionFilters],
    ) -> AsyncGenerator[PayPalTransaction]:
        """Yield every transaction. An async generator: iterate it, do not await it.

        `page_size` is rows per request, 1 to 1000; `extra` passes query names the client does not know.
        Raises ConfigurationError at once, and while iterating what requests raise.
        """
        return self._listing.rows(page_size, extra, filters)

    def pages(
        self,
        page_size: int = 1000,
        *,
        extra: Mapping[str, object] | None = None,
        **filters: Unpack[PayPalTransactionFilters],
    ) -> AsyncGenerator[Page[PayPalTransaction]]:
        """Yield the list page by page; see `list`."""
        return self._listing.pages(page_size, extra, filters)

    def drain(
        self,
        page_size: int = 1000,
        *,
        extra: Mapping[str, object] | None = None,
        **filters: Unpack[PayPalTransactionFilters],
    ) -> AsyncGenerator[PayPalTransaction]:
        """Yield new transactions until none is left but those you were given and did not acknowledge. See `list`."""
        return self._listing.drain(page_size, extra, filters)

    async def get(self, rid: str, *, force_update: bool = False) -> PayPalTransaction:
        """One transaction; with `force_update` konfipay asks PayPal first (documented). Raises NotFoundError."""
        return await self._wiring.send(
            "paypal.transactions.get",
            lambda method, path: json_value(PayPalTransaction, method, path),
            query=(("force-update", "true"),) if force_update else (),
            rid=rid,
        )

    async def acknowledge(self, rid: str) -> Acknowledgement:
        """Mark the transaction as no longer new; do so after it is safe. Path and method are inferred."""
        return await acknowledge_row(self._wiring, "paypal.transactions", rid)


def _checked(account: NewPayPalAccount) -> NewPayPalAccount:
    if not isinstance(account, NewPayPalAccount):
        raise ConfigurationError(f"give a NewPayPalAccount, not {type(account).__name__}")
    if account.start_fetch_date is not None and account.start_fetch_date.utcoffset() is None:
        raise ConfigurationError("start_fetch_date has no offset: give a datetime with a tzinfo")
    return account


def _account(method: str, path: str) -> Callable[[Response], PayPalAccount]:
    return json_value(PayPalAccount, method, path)
