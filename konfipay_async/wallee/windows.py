"""Searches row by row, from pages that are fetched by offset and at the same time, without losing any.

An offset counts rows, and rows come into a result and leave it while it is read; and no offset leads past the API's
limit. Where rows come by id both are got over by the id of the last row handed out: what follows it is a search of its
own, with an offset of its own, a window.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from konfipay_async.errors import ListError, RangeError
from konfipay_async.paging.open_ended import OpenEnded
from konfipay_async.wallee.models import Portion
from konfipay_async.wallee.services import Operation

__all__ = ["OFFSET_LIMIT", "ById", "ByOffset", "in_line", "row_id"]

OFFSET_LIMIT = 10_000
"""Rows. Where the API's searches end (official SDK); a smaller limit shows as 416."""


class ByOffset:
    """The rows of a search in an order of its own, up to where the API ends: ListError if that is not all."""

    def __init__(self, reader: OpenEnded[Portion[Any]], operation: Operation) -> None:
        self._reader = reader
        self._operation = operation
        self._began = False

    async def next(self) -> list[Any] | None:
        try:
            page = await self._reader.next()
        except RangeError:
            if not self._began:
                raise
            page = None
        if page is not None:
            self._began = True
            return page.data or []
        if self._reader.ended:
            return None
        raise ListError(
            f"{self._operation.dotted}: the API pages no further than {OFFSET_LIMIT} rows in this order. Leave the "
            f"order out (by id there is no end), or narrow the query."
        )

    async def close(self) -> None:
        await self._reader.close()


class ById:
    """The rows of a search by id, window by window: each that matches all the while comes once.

    `window` makes the reader of what comes after an id, None for the beginning: of a single page, or of several that
    are fetched at the same time. Of these each begins with the last row of the one before. Where one does not, rows
    came or went meanwhile, or pages are smaller than was asked for: it is dropped with all that was fetched ahead, and
    from there on each page is a window, one at a time (in the long run the API's limit allows no more). Raises
    ListError for rows that do not come by id.
    """

    def __init__(
        self, window: Callable[[int | None, bool], OpenEnded[Portion[Any]]], operation: Operation, *, single: bool
    ) -> None:
        self._window = window
        self._operation = operation
        self._single = single
        self._reader: OpenEnded[Portion[Any]] | None = window(None, single)
        self._last: int | None = None
        self._is_new = True

    async def next(self) -> list[Any] | None:
        while self._reader is not None:
            try:
                page = await self._reader.next()
            except RangeError:
                if self._is_new:
                    raise
                page = None
            if page is None and self._reader.ended:
                return None
            rows = None if page is None else self._following(page.data or [])
            if rows is not None:
                self._is_new = False
                return rows
            await self._reader.close()
            self._reader, self._is_new = self._window(self._last, self._single), True
        return None

    async def close(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            await reader.close()

    def _following(self, rows: list[Any]) -> list[Any] | None:
        """Those that follow what was handed out; None where nobody knows whether there are others in between."""
        assert self._reader is not None  # noqa: S101
        if self._is_new and self._last is None and self._reader.ended:
            return rows  # all there are, in whatever order
        ids = [row_id(row, self._operation) for row in rows]
        if not self._is_new:
            if ids[:1] != [self._last]:
                self._single = True
                return None
            rows, ids = rows[1:], ids[1:]
        if not in_line(ids, self._last):
            after = "" if self._last is None else f", or ignores 'id:>{self._last}'"
            raise ListError(
                f"{self._operation.dotted}: the server does not order by id as it was asked to{after}: rows would be "
                f"missed, or come twice"
            )
        self._last = ids[-1] if ids else self._last
        return rows


def in_line(ids: list[int], start: int | None, *, downwards: bool = False) -> bool:
    """Whether each of these is above the one before it (below, if `downwards`), and the first above `start`."""
    line = ids if start is None else [start, *ids]
    return all(one > two if downwards else one < two for one, two in pairwise(line))


def row_id(row: Any, operation: Operation) -> int:
    """The id by which a list goes on. ListError where there is none."""
    found = getattr(row, "id", None)
    if not isinstance(found, int):
        raise ListError(f"{operation.dotted}: a row has no id by which to go on")
    return found
