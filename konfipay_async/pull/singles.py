"""The pull of what is acknowledged one by one: transaction files, saved to a folder, and PayPal transactions.

A file is on the disk, whole and synchronised, before its row is committed, and its row before it is acknowledged. A
process killed anywhere loses nothing: files that were committed and not acknowledged are acknowledged first at the next
start, what is on the disk without a row is fetched again under the same name. PayPal transactions change: what was
committed and not acknowledged is read again first.
"""

import asyncio
import hashlib
import os
import re
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from datetime import date
from functools import partial
from pathlib import Path
from typing import TypeVar

from konfipay_async.client import KonfipayClient
from konfipay_async.errors import (
    ConfigurationError,
    DecodeError,
    DrainUnfinishedError,
    ListError,
    StatusError,
    StorageError,
)
from konfipay_async.models.page import Page
from konfipay_async.models.paypal import PayPalTransaction
from konfipay_async.models.transaction_files import TransactionFile
from konfipay_async.pull.report import Report
from konfipay_async.pull.settling import Settling
from konfipay_async.pull.sinks import Sink
from konfipay_async.pull.sinks.noting import Run, SavedFile, Singles, What, singles_of
from konfipay_async.pull.work import ATTEMPTS, Step, Watch, Work, at_work, stood_still, upcoming
from konfipay_async.resources.results import Acknowledgement

__all__ = ["pull_files", "pull_paypal"]

T = TypeVar("T", TransactionFile, PayPalTransaction)

# Seconds after which a part of a file is certainly nobody's any more.
_ABANDONED = 24 * 3600.0


async def pull_files(
    client: KonfipayClient,
    sink: Sink,
    folder: Path | str,
    *,
    acknowledge: bool,
    since: date | None = None,
    until: date | None = None,
    page_size: int = 100,
    stop: asyncio.Event | None = None,
    watch: Watch | None = None,
) -> Report:
    """Save the transaction files that are new into `folder`, with a row for each in the sink, a database.

    A file is named after its rid. What is known and still there is not fetched again. With `since` and `until` (days,
    both included) the files of these days are saved, new or not, and nothing is acknowledged. The rest is as for
    `pull`, the counts of the report being files.

    Raises ConfigurationError, StorageError, and what `TransactionFiles.drain` and `save` raise.
    """
    place = Path(folder)
    files = client.transaction_files
    run = _run("files", acknowledge, since, until)
    if run.mode == "range":
        listed = _each(_standing(lambda: files.pages(page_size, min_date=since, max_date=until)))
    else:
        listed = files.drain(page_size) if acknowledge else files.list(page_size, is_new=True)
    stop = stop or asyncio.Event()
    async with at_work(client, sink, run, watch) as work:
        singles = _singles(sink)
        await asyncio.to_thread(_make_ready, place)
        settling = Settling(work, files.acknowledge, partial(singles.settle, "files"))
        try:
            if acknowledge:
                await settling.resend(await work.do(singles.pending, "files"), stop)
            while not stop.is_set() and (file := await upcoming(listed, stop)) is not None:
                try:
                    await _keep_file(work, singles, place, file, acknowledge=acknowledge)
                except (StatusError, DecodeError) as error:
                    # It stays new; one file that the API stumbles over must not keep all others from being saved.
                    settling.postpone(error)
                else:
                    if acknowledge:
                        await settling.room()
                        settling.begin(settling.settle_apart(file.rid))
                settling.collect()
            await listed.aclose()
            await settling.settled()
            work.finish(stop)
        except DrainUnfinishedError:
            await settling.settled()  # what was postponed is why
            raise
        finally:
            await settling.abandon()
            await listed.aclose()
    return work.report


async def pull_paypal(
    client: KonfipayClient,
    sink: Sink,
    *,
    acknowledge: bool,
    since: date | None = None,
    until: date | None = None,
    page_size: int = 1000,
    stop: asyncio.Event | None = None,
    watch: Watch | None = None,
) -> Report:
    """Pull PayPal transactions that are new into the sink, a database.

    They may change for weeks, and come again with `since` and `until` (days, both included): then those of these days
    are pulled, new or not, and nothing is acknowledged. The rest is as for `pull`, but that nothing an earlier pull
    left over is acknowledged first: an rid would acknowledge a state that nobody has read.

    Raises ConfigurationError, StorageError, and what `PayPalTransactions.drain` raises.
    """
    transactions = client.paypal.transactions
    run = _run("paypal", acknowledge, since, until)
    listed: AsyncGenerator[PayPalTransaction | Page[PayPalTransaction]] = (
        _standing(lambda: transactions.pages(page_size, min_date=since, max_date=until))
        if run.mode == "range"
        else transactions.drain(page_size)
        if acknowledge
        else transactions.pages(page_size, is_new=True)
    )
    stop = stop or asyncio.Event()
    async with at_work(client, sink, run, watch) as work:
        singles = _singles(sink)
        settling = Settling(work, transactions.acknowledge, partial(singles.settle, "paypal"))
        try:
            while not stop.is_set() and (batch := await upcoming(listed, stop)) is not None:
                rows = [batch] if isinstance(batch, PayPalTransaction) else batch.items
                _count(work, len(rows))
                work.report.add(await work.do(partial(singles.keep_paypal, rows, acknowledge=acknowledge)))
                work.tell(Step.COMMITTED)
                if acknowledge:
                    await settling.room()
                    settling.begin(settling.settle_apart(rows[0].rid))
                settling.collect()
            await listed.aclose()
            await settling.settled()
            if acknowledge and not stop.is_set():
                # What an earlier pull could not acknowledge came again where it was still new.
                for rid in await work.do(singles.pending, "paypal"):
                    await work.do(singles.settle, "paypal", rid, Acknowledgement.GONE.value)
                    work.report.expired += 1
            work.finish(stop)
        except DrainUnfinishedError:
            await settling.settled()
            raise
        finally:
            await settling.abandon()
            await listed.aclose()
    return work.report


async def _standing(pages: Callable[[], AsyncGenerator[Page[T]]]) -> AsyncGenerator[Page[T]]:
    """Every page of a list, and all of them again where it moved meanwhile, so that a row may be missing."""
    for _ in range(ATTEMPTS):
        rids: set[str] = set()
        totals: set[int] = set()
        listed = pages()
        try:
            async for page in listed:
                totals.add(page.total_items)
                rids.update(item.rid for item in page.items)
                yield page
        finally:
            await listed.aclose()
        if stood_still(totals, rids):
            return
    raise ListError(
        f"the days were read {ATTEMPTS} times, and each time the list moved: the rows that came are not as many as "
        "the server counts. What came is stored; pull again when it is quieter."
    )


async def _each(pages: AsyncGenerator[Page[T]]) -> AsyncGenerator[T]:
    try:
        async for page in pages:
            for item in page.items:
                yield item
    finally:
        await pages.aclose()


async def _keep_file(work: Work, singles: Singles, folder: Path, file: TransactionFile, *, acknowledge: bool) -> None:
    """Save one file, if it is not there, and commit its row.

    One after another: while a file is on its way the drain must not ask whether it is still new, for it is.
    """
    _count(work, 1)
    saved = await work.do(singles.saved, file.rid)
    if saved is None or not await asyncio.to_thread(_is_there, folder, saved):
        path = folder / _name(file)
        await work.client.transaction_files.save(file.rid, path)
        saved = await asyncio.to_thread(_secure, path)
        work.tell(Step.SAVED)
    work.report.add(await work.do(partial(singles.keep_file, file, saved, acknowledge=acknowledge)))
    work.tell(Step.COMMITTED)


def _run(what: What, acknowledge: bool, since: date | None, until: date | None) -> Run:
    is_range = since is not None or until is not None
    if is_range and acknowledge:
        raise ConfigurationError("days are read whatever is new: they are not acknowledged; leave one of the two out")
    if since is not None and until is not None and since > until:
        raise ConfigurationError(f"since={since} is after until={until}: give the earlier day first")
    return Run(what, "range" if is_range else "new", acknowledge, since, until)


def _singles(sink: Sink) -> Singles:
    singles = singles_of(sink)
    if singles is None:
        raise ConfigurationError(
            "transaction files and PayPal transactions are kept in a database; give one, such as sqlite:///bank.db"
        )
    return singles


def _count(work: Work, rows: int) -> None:
    report = work.report
    report.pages += 1
    report.transactions += rows
    report.expected = max(report.expected, report.transactions)
    work.tell(Step.FETCHED)


def _name(file: TransactionFile) -> str:
    """The rid, and the ending of the file's own name, which may hold account numbers. Nothing that leads elsewhere."""
    ending = re.search(r"\.[A-Za-z0-9]{1,8}$", file.file_name or "")
    stem = file.rid
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,99}", stem):
        stem = hashlib.sha256(stem.encode("utf-8", "surrogatepass")).hexdigest()
    return stem + (ending[0].lower() if ending else "")


# In threads.


def _make_ready(folder: Path) -> None:
    """Make the folder where there is none, and clear away what killed pulls left behind."""
    try:
        folder.mkdir(exist_ok=True)
        for part in folder.glob(".*.part"):
            with suppress(FileNotFoundError):  # another pull, which works in the same folder, was done with it
                if part.stat().st_mtime < time.time() - _ABANDONED:
                    part.unlink()
    except OSError as error:
        raise StorageError(f"the folder {folder} for files cannot be used: {_reason(error)}") from None


def _is_there(folder: Path, saved: SavedFile) -> bool:
    try:
        return (folder / saved.name).stat().st_size == saved.size
    except OSError:
        return False


def _secure(path: Path) -> SavedFile:
    """See that the name of the file survives a power cut as its content does; what is on the disk then."""
    try:
        with path.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
            size = os.fstat(content.fileno()).st_size
        with suppress(PermissionError):  # where folders cannot be opened, as on Windows, there is nothing to do
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
    except OSError as error:
        raise StorageError(f"a file in {path.parent} cannot be read again: {_reason(error)}") from None
    return SavedFile(path.name, size, digest)


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
