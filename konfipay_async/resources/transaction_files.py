"""Transaction files: statements and interim reports as the bank made them (camt, MT94x, PDF)."""

from collections.abc import AsyncGenerator, Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Literal, TypedDict, Unpack

from konfipay_async.answers import json_value, page_of
from konfipay_async.models.page import Page
from konfipay_async.models.transaction_files import TransactionFile
from konfipay_async.resources import files
from konfipay_async.resources.lists import NewListing, acknowledge_row
from konfipay_async.resources.results import Acknowledgement
from konfipay_async.resources.wiring import Wiring

__all__ = ["TransactionFileFilters", "TransactionFiles"]


class TransactionFileFilters(TypedDict, total=False):
    """Filters of the list. Dates, account and format were seen in public code (the format as "53" for camt.053), the
    name of `is_new` is inferred."""

    is_new: bool | None
    min_date: date | None
    max_date: date | None
    bank_account_rid: str | None
    format: Literal["52", "53", "54", "940", "942", "Pdf"] | None


class TransactionFiles:
    """`client.transaction_files`

    ::

        async for file in client.transaction_files.drain():
            await client.transaction_files.save(file.rid, folder / file.rid)
            await client.transaction_files.acknowledge(file.rid)
    """

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._listing = NewListing(
            wiring, "transaction_files.list", partial(page_of, TransactionFile), TransactionFileFilters
        )

    def list(
        self,
        page_size: int = 1000,
        *,
        extra: Mapping[str, object] | None = None,
        **filters: Unpack[TransactionFileFilters],
    ) -> AsyncGenerator[TransactionFile]:
        """Yield every file. An async generator: iterate it, do not await it.

        `page_size` is rows per request, 1 to 1000; `extra` passes query names the client does not know.
        Raises ConfigurationError at once, and while iterating what requests raise.
        """
        return self._listing.rows(page_size, extra, filters)

    def pages(
        self,
        page_size: int = 1000,
        *,
        extra: Mapping[str, object] | None = None,
        **filters: Unpack[TransactionFileFilters],
    ) -> AsyncGenerator[Page[TransactionFile]]:
        """Yield the list page by page; see `list`."""
        return self._listing.pages(page_size, extra, filters)

    def drain(
        self,
        page_size: int = 1000,
        *,
        extra: Mapping[str, object] | None = None,
        **filters: Unpack[TransactionFileFilters],
    ) -> AsyncGenerator[TransactionFile]:
        """Yield new files until none is left but those you were given and did not acknowledge. See `list`.

        Process a file, then acknowledge it. Raises also DrainUnfinishedError, AcknowledgementWithoutEffectError and
        FilterIgnoredError.
        """
        return self._listing.drain(page_size, extra, filters)

    async def get(self, rid: str) -> TransactionFile:
        """One file's description. Raises NotFoundError."""
        return await self._wiring.send(
            "transaction_files.get", lambda method, path: json_value(TransactionFile, method, path), rid=rid
        )

    async def content(self, rid: str, *, progress: files.Progress | None = None) -> bytes:
        """The file as the bank made it. Does not acknowledge it."""
        return await files.content(self._wiring, "transaction_files.content", rid, progress)

    async def save(self, rid: str, path: Path | str, *, progress: files.Progress | None = None) -> Path:
        """Write the file to `path`, whole or not at all; its size does not matter. Does not acknowledge it.

        `progress` is called with the bytes written and the size, where the server said it. Raises StorageError.
        """
        return await files.save(self._wiring, "transaction_files.content", rid, path, progress)

    async def acknowledge(self, rid: str) -> Acknowledgement:
        """Mark the file as no longer new; do so after it is safe. Path and method are inferred."""
        return await acknowledge_row(self._wiring, "transaction_files", rid)
