"""Resources that are only read, and whose fields are not documented: exchange rates, accounts, banks and the like."""

from collections.abc import AsyncGenerator, Mapping
from functools import partial
from typing import Generic, TypedDict, TypeVar

from konfipay_async.answers import json_value, page_of
from konfipay_async.models.page import Page
from konfipay_async.resources.lists import Listing
from konfipay_async.resources.wiring import Wiring

__all__ = ["Records"]

T = TypeVar("T")


class Records(Generic[T]):
    """`client.exchange_rates`, `accounts`, `banks`, `payment_providers`, `users` and `user_groups`.

    Of a row's fields, those without a name here are in its `extra`. Paths are inferred from the names of the scopes.
    """

    def __init__(self, wiring: Wiring, resource: str, row: type[T]) -> None:
        self._wiring = wiring
        self._resource = resource
        self._row = row
        self._listing = Listing(wiring, f"{resource}.list", partial(page_of, row), _NoFilters)

    def list(self, page_size: int = 1000, *, extra: Mapping[str, object] | None = None) -> AsyncGenerator[T]:
        """Yield every row. An async generator: iterate it, do not await it.

        `page_size` is rows per request, 1 to 1000; `extra` passes query names the client does not know.
        Raises ConfigurationError at once, and while iterating what requests raise.
        """
        return self._listing.rows(page_size, extra, {})

    def pages(self, page_size: int = 1000, *, extra: Mapping[str, object] | None = None) -> AsyncGenerator[Page[T]]:
        """Yield the list page by page; see `list`."""
        return self._listing.pages(page_size, extra, {})

    async def get(self, rid: str) -> T:
        """One of them. Raises NotFoundError."""
        return await self._wiring.send(
            f"{self._resource}.get", lambda method, path: json_value(self._row, method, path), rid=rid
        )


class _NoFilters(TypedDict):
    pass
