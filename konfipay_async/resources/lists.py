"""Lists whose `results` are an array: read by pages or by rows, drained where rows are acknowledged one by one."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, Generic, Protocol, Self, TypeVar

import msgspec

from konfipay_async.answers import acknowledged
from konfipay_async.errors import ConfigurationError, FilterIgnoredError
from konfipay_async.filters import checked_page_size, query_of
from konfipay_async.models.page import Page
from konfipay_async.paging.drain import Drain
from konfipay_async.paging.pages import Pages, Reader
from konfipay_async.resources.results import Acknowledgement
from konfipay_async.resources.wiring import Wiring
from konfipay_async.session.message import Response

__all__ = ["Listing", "NewListing", "acknowledge_row", "heeding"]

T = TypeVar("T")
P = TypeVar("P")


class _Row(Protocol):
    """A row of a list that knows what is new."""

    @property
    def rid(self) -> str: ...

    @property
    def is_new(self) -> bool | None: ...


R = TypeVar("R", bound=_Row)


class Listing(Generic[T]):
    """One list of the API: its route, what reads a page of it (as `page_of` does), and the filters it takes."""

    def __init__(
        self,
        wiring: Wiring,
        route: str,
        read: Callable[[str, str, int], Callable[[Response], Page[T] | None]],
        filters: type,
    ) -> None:
        self._wiring = wiring
        self._route = route
        self._read = read
        self._filters = filters

    def rows(self, page_size: int, extra: Mapping[str, object] | None, filters: Mapping[str, Any]) -> AsyncGenerator[T]:
        """Yield every row."""
        return _each_row(self._reader(page_size, extra, filters))

    def pages(
        self, page_size: int, extra: Mapping[str, object] | None, filters: Mapping[str, Any]
    ) -> AsyncGenerator[Page[T]]:
        """Yield the list page by page."""
        return _each_page(self._reader(page_size, extra, filters))

    def _reader(
        self, page_size: int, extra: Mapping[str, object] | None, filters: Mapping[str, Any]
    ) -> "Reader[_Rows[T]]":
        return Pages(self._fetcher(checked_page_size(page_size), extra, filters), concurrency=self._wiring.concurrency)

    def _fetcher(
        self, size: int, extra: Mapping[str, object] | None, filters: Mapping[str, Any]
    ) -> "Callable[[int], Awaitable[_Rows[T] | None]]":
        wiring = self._wiring
        query = query_of(
            filters,
            self._filters,
            extra=extra,
            names=wiring.names_of(self._route),
            reserved=wiring.paging_names.reserved,
        )

        async def fetch(number: int) -> _Rows[T] | None:
            page = await wiring.page(
                self._route, lambda method, path: self._read(method, path, number), query, number, size
            )
            return None if page is None else _Rows(page, self._route)

        return fetch


class NewListing(Listing[R]):
    """A list that knows what is new, whose rows are acknowledged one by one."""

    def drain(
        self, page_size: int, extra: Mapping[str, object] | None, filters: Mapping[str, Any]
    ) -> AsyncGenerator[R]:
        """Yield new rows until none is left but those that were handed out and not acknowledged."""
        if filters.get("is_new") is not None and filters["is_new"] is not True:
            raise ConfigurationError("drain() reads what is new: is_new=False has no end to drain to; use list()")
        return _each_row(self._reader(page_size, extra, {**filters, "is_new": True}, until_empty=True))

    def _reader(
        self,
        page_size: int,
        extra: Mapping[str, object] | None,
        filters: Mapping[str, Any],
        *,
        until_empty: bool = False,
    ) -> "Reader[_Rows[R]]":
        size = checked_page_size(page_size)
        is_new = filters.get("is_new")

        def ignored(page: _Rows[R] | None) -> str | None:
            rows = [] if page is None or is_new is None else page.page.items
            return "is_new" if any(row.is_new is (not is_new) for row in rows) else None

        fetch = heeding(self._fetcher(size, extra, filters), ignored)
        if not is_new:
            return Pages(fetch, concurrency=self._wiring.concurrency)
        return Drain(
            fetch,
            page_size=size,
            concurrency=self._wiring.concurrency,
            until_empty=until_empty,
            acknowledgements=self._wiring.acknowledgements,
            acknowledged_by=self._route.replace(".list", ".acknowledge"),
        )


async def acknowledge_row(wiring: Wiring, resource: str, rid: str) -> Acknowledgement:
    """Acknowledge one row of a resource, when its list is not being read; what became of it."""
    took_effect = await wiring.acknowledgements.settle(
        _key(f"{resource}.list", rid), lambda: wiring.send(f"{resource}.acknowledge", acknowledged, rid=rid)
    )
    return Acknowledgement.ACKNOWLEDGED if took_effect else Acknowledgement.GONE


def _key(route: str, rid: str) -> str:
    """What stands for the acknowledgement of one row; ids of two lists may be the same."""
    return f"{route} {rid}"


def heeding(
    fetch: Callable[[int], Awaitable[P | None]], ignored: Callable[[P | None], str | None]
) -> Callable[[int], Awaitable[P | None]]:
    """Fetch pages whose rows heed the filters; `ignored` names one that a page contradicts.

    Names of filters are partly inferred, and a server tends to ignore what it does not know. FilterIgnoredError then.
    """

    async def heeded(number: int) -> P | None:
        page = await fetch(number)
        # Somebody may have acknowledged while the server made the page; twice is no coincidence.
        if ignored(page) is not None and (name := ignored(page := await fetch(number))):
            raise FilterIgnoredError(
                f"page {number} holds rows that the filter {name} excludes: the server does not know it by this "
                f"name. Correct it with filter_names={{{name!r}: 'the-name'}}."
            )
        return page

    return heeded


class _Rows(msgspec.Struct, Generic[T], frozen=True):
    """A page, and what a drain must know of it."""

    page: Page[T]
    route: str

    @property
    def number(self) -> int:
        return self.page.number

    @property
    def size(self) -> int:
        return self.page.size

    @property
    def total_pages(self) -> int:
        return self.page.total_pages

    @property
    def total_items(self) -> int:
        return self.page.total_items

    @property
    def units(self) -> Mapping[str, Sequence[str]]:
        rids = [getattr(row, "rid") for row in self.page.items]  # noqa: B009 (rows of other lists have none)
        return {_key(self.route, rid): [rid] for rid in rids}

    def only(self, keys: Collection[str]) -> Self:
        kept = frozenset(keys)
        items = [row for row in self.page.items if _key(self.route, getattr(row, "rid")) in kept]  # noqa: B009
        return msgspec.structs.replace(self, page=msgspec.structs.replace(self.page, items=items))


async def _each_row(reader: Reader[_Rows[T]]) -> AsyncGenerator[T]:
    try:
        while (page := await reader.next()) is not None:
            for row in page.page.items:
                yield row
    finally:
        await reader.close()


async def _each_page(reader: Reader[_Rows[T]]) -> AsyncGenerator[Page[T]]:
    try:
        while (page := await reader.next()) is not None:
            yield page.page
    finally:
        await reader.close()
