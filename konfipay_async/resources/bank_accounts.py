"""Bank accounts."""

import re
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import TypedDict, Unpack

from konfipay_async.answers import json_value, page_of
from konfipay_async.errors import (
    ConfigurationError,
    DeleteFailedError,
    NotFoundError,
    RouteUnknownError,
    ServerError,
    TransportError,
    WaitTimeoutError,
)
from konfipay_async.models.bank_accounts import DELETED, BankAccount, DeleteStatus, NewBankAccount
from konfipay_async.models.page import Page
from konfipay_async.models.wire import encode, encode_with
from konfipay_async.pain import is_iban
from konfipay_async.resources.links import path_at_origin
from konfipay_async.resources.lists import Listing
from konfipay_async.resources.once import send_once
from konfipay_async.resources.waiting import Pauses
from konfipay_async.resources.wiring import Wiring
from konfipay_async.routes import checked_timeout, segment
from konfipay_async.session.message import Response

__all__ = ["BankAccountFilters", "BankAccounts", "DeleteOperation"]


class BankAccountFilters(TypedDict, total=False):
    """Filters of the list (seen in public code: ``status=active``, ``bank-account-type=production``)."""

    status: str | None
    bank_account_type: str | None


class BankAccounts:
    """`client.bank_accounts`"""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._listing = Listing(wiring, "bank_accounts.list", partial(page_of, BankAccount), BankAccountFilters)

    def list(
        self, page_size: int = 1000, *, extra: Mapping[str, object] | None = None, **filters: Unpack[BankAccountFilters]
    ) -> AsyncGenerator[BankAccount]:
        """Yield every account. An async generator: iterate it, do not await it.

        `page_size` is rows per request, 1 to 1000; `extra` passes query names the client does not know.
        Raises ConfigurationError at once, and while iterating what requests raise.
        """
        return self._listing.rows(page_size, extra, filters)

    def pages(
        self, page_size: int = 1000, *, extra: Mapping[str, object] | None = None, **filters: Unpack[BankAccountFilters]
    ) -> AsyncGenerator[Page[BankAccount]]:
        """Yield the list page by page; see `list`."""
        return self._listing.pages(page_size, extra, filters)

    async def get(self, rid: str) -> BankAccount:
        """One account (the path is inferred). Raises NotFoundError."""
        return await self._wiring.send("bank_accounts.get", _account, rid=rid)

    async def create(self, account: NewBankAccount, *, again: bool = False) -> BankAccount:
        """Create an account. (iban, currency) is unique: another of the same is ConflictError (inferred).

        Sent once: see OutcomeUnknownError.
        """
        _check(account)
        return await send_once(
            self._wiring,
            "bank_accounts.create",
            _account,
            body=encode(account),
            made=lambda created: created.rid,
            look_up="client.bank_accounts.list()",
            again=again,
        )

    async def update(self, rid: str, account: NewBankAccount) -> BankAccount:
        """Change an account into this; what is None here is left out of the request.

        An account that is not active takes no payments, and nothing is fetched for it (documented). That the id goes
        into the body is inferred: the documented path has none.
        """
        segment(rid, "rid")
        _check(account)
        return await self._wiring.send("bank_accounts.update", _account, body=encode_with(account, rId=rid))

    async def delete(self, rid: str) -> "DeleteOperation":
        """Begin to delete an account; konfipay does it in the background (documented, the path is inferred)."""
        try:
            status = await self._wiring.send("bank_accounts.delete", _delete_status, rid=rid)
        except NotFoundError as error:
            if not error.may_be_done or isinstance(error, RouteUnknownError):
                raise
            status = DeleteStatus(rid, DELETED)  # by the attempt whose answer was lost
        return DeleteOperation(self._wiring, status)


class DeleteOperation:
    """A deletion under way. `status` is what was heard of it last."""

    def __init__(self, wiring: Wiring, status: DeleteStatus) -> None:
        self._wiring = wiring
        self._link = status.operation_status_url
        self.status = status

    async def refresh(self) -> DeleteStatus:
        """Ask how far it is.

        The server says where to ask; that is followed on the client's own origin only, else LinkRefusedError.
        """
        wiring = self._wiring
        at_origin = None if self._link is None else path_at_origin(self._link, wiring.origin)
        self.status = await wiring.send(
            "bank_accounts.delete_status", _delete_status, at_origin=at_origin, rid=self.status.rid
        )
        return self.status

    async def wait(self, timeout: float = 300.0) -> DeleteStatus:
        """Return when the account is gone, asking now and then for at most `timeout` seconds.

        Raises DeleteFailedError, WaitTimeoutError, and what requests raise.
        """
        pauses = Pauses(self._wiring.session.clock, checked_timeout(timeout, "timeout"), first=1.0, most=30.0)
        while not self.status.is_finished:
            if not self.status.is_under_way:
                raise DeleteFailedError(
                    f"the account was not deleted: status {self.status.status_code}", last=self.status
                )
            if not await pauses.pause():
                raise WaitTimeoutError(f"not deleted within {timeout:g} s; it may be later", last=self.status)
            with suppress(TransportError, ServerError):  # while there is time, an outage is a pause
                await self.refresh()
        return self.status


def _check(account: NewBankAccount) -> None:
    if not isinstance(account, NewBankAccount):
        raise ConfigurationError(f"give a NewBankAccount, not {type(account).__name__}")
    if not isinstance(account.currency, str) or not re.fullmatch("[A-Z]{3}", account.currency):
        raise ConfigurationError("currency: give the three capital letters of ISO 4217, like 'EUR'")
    if not account.iban or (re.match("[A-Z]{2}[0-9]{2}", account.iban) and not is_iban(account.iban)):
        raise ConfigurationError("iban is no valid IBAN, nor a plain account number")


def _account(method: str, path: str) -> Callable[[Response], BankAccount]:
    return json_value(BankAccount, method, path)


def _delete_status(method: str, path: str) -> Callable[[Response], DeleteStatus]:
    return json_value(DeleteStatus, method, path)
