"""Lists by cursor, searches by offset, and what is no list of rows: requests for pages, and the pages row by row."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from typing import Any

from konfipay_async.errors import ConfigurationError, DecodeError, ListError, PageEchoError
from konfipay_async.paging.cursors import CursorPages
from konfipay_async.paging.open_ended import OpenEnded
from konfipay_async.paging.pages import Reader
from konfipay_async.session.message import Lane, Request
from konfipay_async.wallee import answers, shape
from konfipay_async.wallee.models import Portion, model
from konfipay_async.wallee.parsing import query_text
from konfipay_async.wallee.services import Operation
from konfipay_async.wallee.windows import OFFSET_LIMIT, ById, ByOffset, in_line, row_id
from konfipay_async.wallee.wiring import Pairs, Wiring, pair_of

__all__ = ["at_once", "listed", "portioned", "searched", "unpaged"]


def listed(
    wiring: Wiring, operation: Operation, arguments: Mapping[str, Any], query: Pairs, paging: Mapping[str, Any]
) -> AsyncGenerator[Any]:
    """Every row of a list, forwards from `after`; `before` alone reads backwards, nearest first.

    By time is by id (inferred): pages whose rows do not go on from the one before, by their ids, are a PageEchoError.
    """
    size, most = _sizes(paging)
    order = None if paging["order"] is None else shape.list_order(paging["order"])
    after, before = (
        None if paging[name] is None else shape.identifier(paging[name], name) for name in ("after", "before")
    )
    backwards = before is not None and after is None
    moving, fixed = ("before", None) if backwards else ("after", before)
    downwards = backwards != (order == "DESC")
    left = most
    ready = _page_request(wiring, operation, arguments)

    async def fetch(cursor: int | None) -> tuple[list[Any], int | None]:
        nonlocal left
        bounds = {moving: cursor, **({} if fixed is None else {"before": fixed}), "limit": size, "order": order}
        page = _some(await wiring.send(replace(ready, query=(*_pairs(bounds), *query))), operation)
        rows, more = page.data or [], _has_more(page, size)
        if cursor is None and not more:
            return rows, None  # all there are, in whatever order
        ids = [row_id(row, operation) for row in rows]
        if backwards and not in_line(ids, cursor, downwards=downwards):
            rows, ids = rows[::-1], ids[::-1]
        if not in_line(ids, cursor, downwards=downwards):
            raise PageEchoError(
                f"{operation.dotted}: rows do not follow one another, or not row {cursor or 'one'}, by their ids: the "
                f"server answers with another page than was asked for, or in another order"
            )
        left = None if left is None else left - len(rows)
        return rows, ids[-1] if more and (left is None or left > 0) else None

    return _rows(CursorPages(fetch, first=before if backwards else after), most)


def searched(
    wiring: Wiring, operation: Operation, arguments: Mapping[str, Any], query: Pairs, paging: Mapping[str, Any]
) -> AsyncGenerator[Any]:
    """Every row of a search, by id unless another order is given; only by id can none be lost."""
    size, most = _sizes(paging)
    # What has no id but a code is a short list.
    default = None if operation.model.startswith("Rest") else "id:ASC"
    order = default if paging["order"] is None else shape.order(paging["order"])
    text = None if paging["query"] is None else query_text(paging["query"])
    by_id = order in ("id", "id:ASC")
    step = size - by_id  # by id a page begins with the last row of the one before
    ready = _page_request(wiring, operation, arguments)

    def window(after: int | None, single: bool) -> OpenEnded[Portion[Any]]:
        beyond = f"id:>{after}" if text is None else f"({text}) AND id:>{after}"
        fixed = (*_pairs({"limit": size, "order": order, "query": text if after is None else beyond}), *query)

        async def fetch(index: int) -> Portion[Any]:
            offset = index * step
            page = await wiring.send(replace(ready, query=(("offset", str(offset)), *fixed)))
            if page.limit not in (None, size) or page.offset not in (None, offset):
                raise PageEchoError(
                    f"{operation.dotted}: asked for {size} rows from {offset} on, the server answers with "
                    f"{page.limit} from {page.offset} on"
                )
            return _some(page, operation) if by_id else _full(page, size, operation)

        return OpenEnded(
            fetch,
            lambda page: not _has_more(page, size),
            concurrency=wiring.concurrency,
            most=1 if single else min(OFFSET_LIMIT // step + 1, _pages(most, size, step) or OFFSET_LIMIT),
            ahead=1 if after is None else wiring.concurrency,
        )

    if by_id:
        return _rows(ById(window, operation, single=size == 1), most)
    return _rows(ByOffset(window(None, False), operation), most)


def portioned(
    wiring: Wiring, operation: Operation, arguments: Mapping[str, Any], query: Pairs, paging: Mapping[str, Any]
) -> AsyncGenerator[Any]:
    """Every row of the list of analytics queries, whose pages have a shape of their own."""
    size, most = _sizes(paging)
    kind = model(operation.model)
    ready = wiring.request(
        operation, lambda method, path: answers.value_or_none_of(kind, method, path), arguments, lane=Lane.BULK
    )

    async def fetch(index: int) -> Portion[Any]:
        page = await wiring.send(replace(ready, query=(*_pairs({"offset": index * size, "limit": size}), *query)))
        if page is not None and page.items is None:
            raise DecodeError(f"{operation.dotted}: the answer has no `items`, it is no page of a list")
        items, total = ([], None) if page is None else (page.items, page.total_count)
        more = None if total is None else index * size + len(items) < total
        return _full(Portion(data=items, has_more=more), size, operation)

    pages = OpenEnded(
        fetch, lambda page: not _has_more(page, size), concurrency=wiring.concurrency, most=_pages(most, size, size)
    )
    return _rows(ByOffset(pages, operation), most)


def unpaged(wiring: Wiring, operation: Operation, arguments: Mapping[str, Any], query: Pairs) -> Request[list[Any]]:
    """The request for a list that comes as a whole."""
    read = answers.array_of if operation.shape == "many" else answers.all_of
    kind = model(operation.model)
    return wiring.request(operation, lambda method, path: read(kind, method, path), arguments, query=query)


async def at_once(wiring: Wiring, request: Request[list[Any]]) -> AsyncGenerator[Any]:
    """Every row of a list that comes as a whole."""
    for row in await wiring.send(request):
        yield row


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


def _pages(most: int | None, size: int, step: int) -> int | None:
    """How many pages have so many rows, of which each begins `step` rows after the one before."""
    return None if most is None else max(0, -(-(most - size) // step)) + 1


def _pairs(values: Mapping[str, Any]) -> Pairs:
    return tuple(pair for name, value in values.items() for pair in pair_of(name, value))


def _has_more(page: Portion[Any], size: int) -> bool:
    """Whether rows follow; a server that does not say so has shown them all when a page is not full."""
    return len(page.data or []) >= size if page.has_more is None else page.has_more


def _some(page: Portion[Any], operation: Operation) -> Portion[Any]:
    """This page, if it does not say that rows follow where there are none. ListError."""
    if page.has_more and not page.data:
        raise ListError(f"{operation.dotted}: the server says that more rows follow, and answers with none")
    return page


def _full(page: Portion[Any], size: int, operation: Operation) -> Portion[Any]:
    """This page, if rows that follow it are where they are looked for. PageEchoError."""
    rows = len(_some(page, operation).data or [])
    if _has_more(page, size) and rows != size:
        raise PageEchoError(
            f"{operation.dotted}: asked for {size} rows, the server answers with {rows} and says that more follow: "
            f"some would be missed. Ask for pages of {rows} (limit=)"
        )
    return page


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
