"""Lists by cursor and searches by offset, row by row; past the offset limit a search goes on by windows over the id."""

from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import replace
from typing import Any

from konfipay_async.errors import ConfigurationError, ListError, PageEchoError, RangeError
from konfipay_async.paging.chunks import Chunks
from konfipay_async.paging.cursors import CursorPages
from konfipay_async.paging.open_ended import OpenEnded
from konfipay_async.paging.pages import Reader
from konfipay_async.session.message import Download, Lane, Request
from konfipay_async.wallee import answers, shape
from konfipay_async.wallee.models import Portion, model
from konfipay_async.wallee.parsing import query_text
from konfipay_async.wallee.services import Operation
from konfipay_async.wallee.wiring import Pairs, Wiring, pair_of

__all__ = ["at_once", "exported", "listed", "portioned", "searched", "unpaged"]

# Rows. Where the API's searches end (official SDK); a smaller limit shows as 416.
_OFFSET_LIMIT = 10_000


def listed(
    wiring: Wiring, operation: Operation, arguments: Mapping[str, Any], query: Pairs, paging: Mapping[str, Any]
) -> AsyncGenerator[Any]:
    """Every row of a list, forwards from `after`; `before` alone reads backwards, nearest first."""
    size, most = _sizes(paging)
    order = None if paging["order"] is None else shape.list_order(paging["order"])
    after, before = (
        None if paging[name] is None else shape.identifier(paging[name], name) for name in ("after", "before")
    )
    backwards = before is not None and after is None
    moving, fixed = ("before", None) if backwards else ("after", before)
    ready = _page_request(wiring, operation, arguments)

    async def fetch(cursor: int | None) -> tuple[list[Any], int | None]:
        bounds = {moving: cursor, **({} if fixed is None else {"before": fixed}), "limit": size, "order": order}
        page = await wiring.send(replace(ready, query=(*_pairs(bounds), *query)))
        rows = (page.data or [])[:: -1 if backwards else 1]
        following = _id(rows[-1], operation) if _has_more(page, size) else None
        if following is not None and following == cursor:
            raise PageEchoError(f"{operation.dotted}: the page that begins at row {cursor} ends there: no end in sight")
        return rows, following

    first = before if backwards else after
    return _rows(CursorPages(fetch, first=first, most=_pages(most, size)), most)


def searched(
    wiring: Wiring, operation: Operation, arguments: Mapping[str, Any], query: Pairs, paging: Mapping[str, Any]
) -> AsyncGenerator[Any]:
    """Every row of a search, by id unless another order is given."""
    size, most = _sizes(paging)
    # What has no id but a code is a short list.
    default = None if operation.model.startswith("Rest") else "id:ASC"
    order = default if paging["order"] is None else shape.order(paging["order"])
    text = None if paging["query"] is None else query_text(paging["query"])
    ready = _page_request(wiring, operation, arguments)

    def window(after: int | None, ahead: int) -> OpenEnded[Portion[Any]]:
        beyond = f"id:>{after}" if text is None else f"({text}) AND id:>{after}"
        fixed = (*_pairs({"limit": size, "order": order, "query": text if after is None else beyond}), *query)

        async def fetch(index: int) -> Portion[Any]:
            page = await wiring.send(replace(ready, query=(("offset", str(index * size)), *fixed)))
            if page.limit not in (None, size) or page.offset not in (None, index * size):
                raise PageEchoError(
                    f"{operation.dotted}: asked for {size} rows from {index * size} on, the server answers with "
                    f"{page.limit} from {page.offset} on"
                )
            return page

        last_page = _OFFSET_LIMIT // size + 1
        return OpenEnded(
            fetch,
            lambda page: not _has_more(page, size),
            concurrency=wiring.concurrency,
            most=min(last_page, _pages(most, size) or last_page),
            ahead=ahead,
        )

    return _rows(_Windows(window, operation, wiring.concurrency, by_id=order in ("id", "id:ASC")), most)


def portioned(
    wiring: Wiring, operation: Operation, arguments: Mapping[str, Any], query: Pairs, paging: Mapping[str, Any]
) -> AsyncGenerator[Any]:
    """Every row of the list of analytics queries, whose pages have a shape of their own."""
    size, most = _sizes(paging)
    kind = model(operation.model)
    ready = wiring.request(
        operation, lambda method, path: answers.value_of(kind, method, path), arguments, lane=Lane.BULK
    )

    def all_of_it(after: int | None, ahead: int) -> OpenEnded[Portion[Any]]:
        async def fetch(index: int) -> Portion[Any]:
            page = await wiring.send(replace(ready, query=(*_pairs({"offset": index * size, "limit": size}), *query)))
            items = [] if page is None else page.items or []
            total = None if page is None else page.total_count
            return Portion(data=items, has_more=None if total is None else index * size + len(items) < total)

        return OpenEnded(
            fetch,
            lambda page: not _has_more(page, size),
            concurrency=wiring.concurrency,
            most=_pages(most, size),
            ahead=ahead,
        )

    return _rows(_Windows(all_of_it, operation, wiring.concurrency, by_id=False), most)


def unpaged(wiring: Wiring, operation: Operation, arguments: Mapping[str, Any], query: Pairs) -> Request[list[Any]]:
    """The request for a list that comes as a whole."""
    read = answers.array_of if operation.shape == "many" else answers.all_of
    kind = model(operation.model)
    return wiring.request(operation, lambda method, path: read(kind, method, path), arguments, query=query)


async def at_once(wiring: Wiring, request: Request[list[Any]]) -> AsyncGenerator[Any]:
    """Every row of a list that comes as a whole."""
    for row in await wiring.send(request):
        yield row


def exported(wiring: Wiring, operation: Operation, arguments: Mapping[str, Any], query: Pairs) -> AsyncGenerator[bytes]:
    """A file, chunk by chunk."""
    ready = wiring.request(operation, answers.raw, arguments, query=query, lane=Lane.BULK)

    async def send(download: Download) -> None:
        await wiring.send(replace(ready, download=download))

    return _chunks(Chunks(send))


class _Windows:
    """The pages of a search, window by window where the API does not page far enough.

    `window` makes the reader of what comes after an id, None for the beginning. Other orders than `by_id` end where the
    API ends: ListError.
    """

    def __init__(
        self,
        window: Callable[[int | None, int], OpenEnded[Portion[Any]]],
        operation: Operation,
        concurrency: int,
        *,
        by_id: bool,
    ) -> None:
        self._window = window
        self._operation = operation
        self._concurrency = concurrency
        self._by_id = by_id
        self._reader: OpenEnded[Portion[Any]] | None = window(None, 1)
        self._after: int | None = None
        self._last: Any = None
        self._pages = 0

    async def next(self) -> list[Any] | None:
        while self._reader is not None:
            try:
                page = await self._reader.next()
            except RangeError:
                if self._pages == 0:
                    raise
                page = None
            if page is not None:
                self._pages += 1
                rows = page.data or []
                self._last = self._advanced(rows) or self._last
                return rows
            if self._reader.ended:
                break
            await self._reader.close()
            self._reader = self._following()
        return None

    async def close(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            await reader.close()

    def _following(self) -> OpenEnded[Portion[Any]]:
        if not self._by_id:
            raise ListError(
                f"{self._operation.dotted}: the API pages no further than {_OFFSET_LIMIT} rows in this order. Leave "
                f"the order out (by id there is no end), or narrow the query."
            )
        self._after = _id(self._last, self._operation)
        self._pages = 0
        return self._window(self._after, self._concurrency)

    def _advanced(self, rows: list[Any]) -> Any:
        """The last of these rows, which must not be of an earlier window."""
        if self._after is not None and rows and _id(rows[0], self._operation) <= self._after:
            raise ListError(f"{self._operation.dotted}: the server ignores 'id:>{self._after}', rows would come twice")
        return rows[-1] if rows else None


def _page_request(wiring: Wiring, operation: Operation, arguments: Mapping[str, Any]) -> "Request[Portion[Any]]":
    kind = model(operation.model)
    return wiring.request(
        operation, lambda method, path: answers.portion_of(kind, method, path), arguments, lane=Lane.BULK
    )


def _sizes(paging: Mapping[str, Any]) -> tuple[int, int | None]:
    """Rows a page, and rows in all."""
    size, most = shape.limit(paging["limit"]), paging["max_items"]
    if most is not None and (isinstance(most, bool) or not isinstance(most, int) or most < 0):
        raise ConfigurationError("max_items: give a whole number of rows, or None for all")
    return (size if most is None else max(1, min(size, most))), most


def _pages(most: int | None, size: int) -> int | None:
    return None if most is None else -(-most // size)


def _pairs(values: Mapping[str, Any]) -> Pairs:
    return tuple(pair for name, value in values.items() for pair in pair_of(name, value))


def _has_more(page: Portion[Any], size: int) -> bool:
    """Whether rows follow; a server that does not say so has shown them all when a page is not full."""
    rows = len(page.data or [])
    return rows > 0 and (rows >= size if page.has_more is None else page.has_more)


def _id(row: Any, operation: Operation) -> int:
    found = getattr(row, "id", None)
    if not isinstance(found, int):
        raise ListError(f"{operation.dotted}: a row has no id by which to go on")
    return found


async def _rows(reader: Reader[list[Any]], most: int | None) -> AsyncGenerator[Any]:
    left = -1 if most is None else most
    try:
        while left != 0 and (rows := await reader.next()) is not None:
            for row in rows:
                yield row
                left -= 1
                if left == 0:
                    break
    finally:
        await reader.close()


async def _chunks(reader: Reader[bytes]) -> AsyncGenerator[bytes]:
    try:
        while (chunk := await reader.next()) is not None:
            yield chunk
    finally:
        await reader.close()
