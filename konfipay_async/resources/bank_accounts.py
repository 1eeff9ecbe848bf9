"""Bank accounts."""

from collections.abc import AsyncGenerator, Mapping
from typing import TypedDict, Unpack

from konfipay_async.answers import page_of
from konfipay_async.filters import checked_page_size, query_of
from konfipay_async.models.bank_accounts import BankAccount
from konfipay_async.models.page import Page
from konfipay_async.paging.pages import Pages, each
from konfipay_async.resources.wiring import Wiring

__all__ = ["BankAccountFilters", "BankAccounts"]


class BankAccountFilters(TypedDict, total=False):
    """Filters of the list (seen in public code: ``status=active``, ``bank-account-type=production``)."""

    status: str | None
    bank_account_type: str | None


class BankAccounts:
    """`client.bank_accounts`"""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring

    def list(
        self, page_size: int = 1000, *, extra: Mapping[str, object] | None = None, **filters: Unpack[BankAccountFilters]
    ) -> AsyncGenerator[BankAccount]:
        """Yield every account. An async generator: iterate it, do not await it.

        `page_size` is rows per request, 1 to 1000; `extra` passes query names the client does not know.
        Raises ConfigurationError at once, and while iterating what requests raise.
        """
        return self._accounts(self._reader(page_size, extra, filters))

    def pages(
        self, page_size: int = 1000, *, extra: Mapping[str, object] | None = None, **filters: Unpack[BankAccountFilters]
    ) -> AsyncGenerator[Page[BankAccount]]:
        """Yield the list page by page; see `list`."""
        return each(self._reader(page_size, extra, filters))

    def _reader(
        self, page_size: int, extra: Mapping[str, object] | None, filters: BankAccountFilters
    ) -> Pages[Page[BankAccount]]:
        size = checked_page_size(page_size)
        wiring = self._wiring
        query = query_of(
            filters, BankAccountFilters, extra=extra, names=wiring.filter_names, reserved=wiring.paging_names.reserved
        )

        async def fetch(number: int) -> Page[BankAccount] | None:
            return await wiring.page(
                "bank_accounts.list",
                lambda method, path: page_of(BankAccount, method, path, number),
                query,
                number,
                size,
            )

        return Pages(fetch, concurrency=wiring.concurrency)

    async def _accounts(self, reader: Pages[Page[BankAccount]]) -> AsyncGenerator[BankAccount]:
        try:
            while (page := await reader.next()) is not None:
                for account in page.items:
                    yield account
        finally:
            await reader.close()
