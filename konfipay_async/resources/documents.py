"""Documents: what banks send and take beside statements and payments. konfipay passes them through unread."""

from collections.abc import AsyncGenerator, Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import TypedDict, Unpack

from konfipay_async.answers import json_value, page_of
from konfipay_async.errors import ConfigurationError
from konfipay_async.filters import query_value
from konfipay_async.models.documents import Document
from konfipay_async.models.page import Page
from konfipay_async.pain import LARGEST
from konfipay_async.resources import files
from konfipay_async.resources.lists import NewListing, acknowledge_row
from konfipay_async.resources.once import send_once
from konfipay_async.resources.results import Acknowledgement
from konfipay_async.resources.wiring import Wiring

__all__ = ["DocumentFilters", "Documents"]


class DocumentFilters(TypedDict, total=False):
    """Filters of the list (all names inferred)."""

    is_new: bool | None
    min_date: date | None
    max_date: date | None
    format: str | None


class Documents:
    """`client.documents`. That they live under ``documents`` with these verbs is inferred."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._listing = NewListing(wiring, "documents.list", partial(page_of, Document), DocumentFilters)

    def list(
        self, page_size: int = 1000, *, extra: Mapping[str, object] | None = None, **filters: Unpack[DocumentFilters]
    ) -> AsyncGenerator[Document]:
        """Yield every document. An async generator: iterate it, do not await it.

        `page_size` is rows per request, 1 to 1000; `extra` passes query names the client does not know.
        Raises ConfigurationError at once, and while iterating what requests raise.
        """
        return self._listing.rows(page_size, extra, filters)

    def pages(
        self, page_size: int = 1000, *, extra: Mapping[str, object] | None = None, **filters: Unpack[DocumentFilters]
    ) -> AsyncGenerator[Page[Document]]:
        """Yield the list page by page; see `list`."""
        return self._listing.pages(page_size, extra, filters)

    def drain(
        self, page_size: int = 1000, *, extra: Mapping[str, object] | None = None, **filters: Unpack[DocumentFilters]
    ) -> AsyncGenerator[Document]:
        """Yield new documents until none is left but those you were given and did not acknowledge. See `list`."""
        return self._listing.drain(page_size, extra, filters)

    async def get(self, rid: str) -> Document:
        """One document's description. Raises NotFoundError."""
        return await self._wiring.send(
            "documents.get", lambda method, path: json_value(Document, method, path), rid=rid
        )

    async def content(self, rid: str, *, progress: files.Progress | None = None) -> bytes:
        """The document itself. Does not acknowledge it."""
        return await files.content(self._wiring, "documents.content", rid, progress)

    async def save(self, rid: str, path: Path | str, *, progress: files.Progress | None = None) -> Path:
        """Write the document to `path`, whole or not at all. Does not acknowledge it.

        `progress` is called with the bytes written and the size, where the server said it. Raises StorageError.
        """
        return await files.save(self._wiring, "documents.content", rid, path, progress)

    async def upload(self, content: bytes, *, file_name: str, order_type: str, again: bool = False) -> Document:
        """Hand a file to the bank, of an order type like "BKA"; konfipay advises against 23:00 to 05:00.

        It is sent once: OutcomeUnknownError says that nobody knows. A ledger refuses what was sent before, unless
        `again`. The names of both parameters are inferred.
        """
        if not isinstance(content, bytes) or not content:
            raise ConfigurationError(f"content is {'empty' if content == b'' else type(content).__name__}: give bytes")
        if len(content) > LARGEST:
            raise ConfigurationError(f"content has {len(content)} bytes, at most {LARGEST} are sent: is it the file?")
        for name, value in (("file_name", file_name), ("order_type", order_type)):
            if not isinstance(value, str) or not value:
                raise ConfigurationError(f"{name} is {'empty' if value == '' else type(value).__name__}: give a str")
        return await send_once(
            self._wiring,
            "documents.upload",
            lambda method, path: json_value(Document, method, path),
            body=content,
            headers={"Content-Type": "application/octet-stream"},
            query=(
                ("file-name", query_value("file_name", file_name)),
                ("order-type", query_value("order_type", order_type)),
            ),
            made=lambda document: document.rid,
            look_up="client.documents.list(min_date=…)",
            refuse_done=True,
            again=again,
        )

    async def acknowledge(self, rid: str) -> Acknowledgement:
        """Mark the document as no longer new; do so after it is safe."""
        return await acknowledge_row(self._wiring, "documents", rid)
