"""Exports: the API's own CSV, of which one answer holds some rows; put together to one file as it comes.

Where it is not told how many, the API gives 2,000 rows and does not say that there are more; it skips 100,000 at most
(both from the official SDK). So pages of that size are asked for, one after another, until one is not full. What
begins or ceases to match meanwhile moves the rows behind it, as in every list by offset.
"""

import re
from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from typing import Any

from konfipay_async.errors import ConfigurationError, DecodeError, ListError, PageEchoError
from konfipay_async.paging.chunks import Chunks
from konfipay_async.session.message import Download, Lane, Request, Response
from konfipay_async.wallee import answers
from konfipay_async.wallee.services import Operation
from konfipay_async.wallee.wiring import Pairs, Wiring

__all__ = ["exported"]

_PAGE = 2000  # rows
_OFFSET_LIMIT = 100_000  # rows
_LONGEST_HEADER = 1024 * 1024  # bytes
_ONE_ANSWER = "With limit=… one answer is taken as it comes."


def exported(wiring: Wiring, operation: Operation, arguments: Mapping[str, Any], query: Pairs) -> AsyncGenerator[bytes]:
    """A file, chunk by chunk: all rows from `offset` on, by id unless another order is given; with a `limit` what the
    API makes of that in one answer.

    Raises ListError where there are more rows than the API lets one export, PageEchoError where pages do not go
    together, DecodeError for what is no file.
    """
    limit, offset = arguments["limit"], arguments["offset"]
    if limit is not None:
        _check("limit", limit, 1, None)
    if offset is not None:
        _check("offset", offset, 0, _OFFSET_LIMIT)
    ready = wiring.request(operation, _file, arguments, query=query, lane=Lane.BULK)
    if limit is not None:
        return _as_it_comes(_answer(wiring, ready, operation))
    fixed = tuple(pair for pair in query if pair[0] != "offset")
    if arguments["order"] is None:
        fixed = (*fixed, ("order", "id:ASC"))
    return _whole(wiring, replace(ready, query=fixed), operation, offset or 0)


async def _whole(wiring: Wiring, ready: Request[Any], operation: Operation, offset: int) -> AsyncGenerator[bytes]:
    table = _Table(operation)
    while True:
        table.begin_page()
        page = replace(ready, query=(*ready.query, ("limit", str(_PAGE)), ("offset", str(offset))))
        chunks = _answer(wiring, page, operation)
        try:
            while (chunk := await chunks.next()) is not None:
                if rows := table.take(chunk):
                    yield rows
        finally:
            await chunks.close()
        if rest := table.end_page():
            yield rest
        if table.rows < _PAGE:
            return
        offset += _PAGE
        if offset > _OFFSET_LIMIT:
            raise ListError(
                f"{operation.dotted}: the API exports no further than this, and there may be more rows: narrow the "
                f"query (by createdOn, for one)"
            )


def _answer(wiring: Wiring, request: Request[Any], operation: Operation) -> Chunks:
    async def send(download: Download) -> None:
        await wiring.send(replace(request, download=_Looked(download, operation)))

    return Chunks(send)


async def _as_it_comes(chunks: Chunks) -> AsyncGenerator[bytes]:
    try:
        while (chunk := await chunks.next()) is not None:
            yield chunk
    finally:
        await chunks.close()


class _Looked:
    """A download that is looked at before it goes on: a proxy's page, or JSON, is no file."""

    def __init__(self, into: Download, operation: Operation) -> None:
        self._into = into
        self._operation = operation
        self._is_begun = False

    async def begin(self, size: int | None) -> None:
        self._is_begun = False
        await self._into.begin(size)

    async def write(self, chunk: bytes) -> None:
        start = b"" if self._is_begun else chunk.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
        if start in (b"<", b"{", b"["):
            raise _no_file(self._operation.method, self._operation.path)
        self._is_begun = self._is_begun or bool(start)
        await self._into.write(chunk)


class _Table:
    """Puts pages of CSV together: under the header of the first, with the rows of each counted.

    A line ends where no quotes are open (RFC 4180).
    """

    def __init__(self, operation: Operation) -> None:
        self.rows = 0
        self._operation = operation
        self._header: bytes | None = None
        self._start: bytes | None = None  # of a page whose header has not come yet
        self._gap = b""  # between two pages
        self._quoted = self._unended = False

    def begin_page(self) -> None:
        self.rows = 0
        self._start = b""
        if self._unended and self._header is not None:
            self._gap = b"\r\n" if self._header.endswith(b"\r\n") else b"\n"
        self._quoted = self._unended = False

    def take(self, chunk: bytes) -> bytes:
        """What of the next bytes belongs to the file."""
        if self._start is None:
            return self._counted(chunk)
        start = self._start + chunk
        end = start.find(b"\n") + 1
        while end and start.count(b'"', 0, end) % 2:
            end = start.find(b"\n", end) + 1
        if end:
            self._start = None
            return self._headed(start[:end]) + self._counted(start[end:])
        if len(start) > _LONGEST_HEADER:
            raise self._no_table("no line ends where the header should")
        self._start = start
        return b""

    def end_page(self) -> bytes:
        """What is still to come of it; `rows` are all its rows now."""
        self.rows += self._unended
        if self._quoted:
            raise self._no_table("it ends within quotes")
        if self.rows > _PAGE:
            raise PageEchoError(
                f"{self._operation.dotted}: asked for {_PAGE} rows, {self.rows} rows came. {_ONE_ANSWER}"
            )
        return self._headed(self._start) if self._start else b""

    def _headed(self, header: bytes) -> bytes:
        """What the page's header is in the file."""
        if self._header is None:
            self._header = header
            return header
        if header.rstrip(b"\r\n") != self._header.rstrip(b"\r\n"):
            raise PageEchoError(f"{self._operation.dotted}: another page of the export has other columns")
        return b""

    def _counted(self, rows: bytes) -> bytes:
        if not rows:
            return b""
        parts = rows.split(b'"')
        self.rows += sum(part.count(b"\n") for part in parts[self._quoted :: 2])
        self._quoted ^= len(parts) % 2 == 0
        self._unended = self._quoted or not rows.endswith(b"\n")
        gap, self._gap = self._gap, b""
        return gap + rows

    def _no_table(self, why: str) -> DecodeError:
        return DecodeError(f"{self._operation.dotted}: what came is no CSV: {why}. {_ONE_ANSWER}")


def _file(method: str, path: str) -> Any:
    read = answers.raw(method, path)

    def read_file(response: Response) -> None:
        read(response)
        if re.match(r"\s*(text/html|application/(\w+\+)?json)", response.headers.get("content-type", "").lower()):
            raise _no_file(method, path)

    return read_file


def _no_file(method: str, path: str) -> DecodeError:
    where = f"{method} {path}"
    return DecodeError(
        f"expected a file from {where}, got an HTML page or JSON (a proxy's, or a maintenance page?)",
        where=where,
        malformed=True,
    )


def _check(name: str, rows: object, least: int, most: int | None) -> None:
    if isinstance(rows, bool) or not isinstance(rows, int) or rows < least or (most is not None and rows > most):
        bounds = f"{least} or more" if most is None else f"{least} to {most}"
        raise ConfigurationError(f"{name}: give a whole number of rows, {bounds}")
