"""What saving statements and documents has in common: names, progress, and that nothing is acknowledged before it is
safe on the disk."""

import re
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TextColumn

from konfipay_async.cli.output import Column, Output, plain_console, writer
from konfipay_async.errors import ConfigurationError, StorageError
from konfipay_async.models.documents import Document
from konfipay_async.models.transaction_files import TransactionFile
from konfipay_async.resources.documents import Documents
from konfipay_async.resources.results import Acknowledgement
from konfipay_async.resources.transaction_files import TransactionFiles

__all__ = ["checked_choice", "file_name", "save"]


def checked_choice(rids: Sequence[str], is_new: bool) -> None:
    """Either some are named, or all new ones are meant. ConfigurationError for both and for neither."""
    if is_new and rids:
        raise ConfigurationError("name what to save, or give --new for all that is new, not both")
    if not is_new and not rids:
        raise ConfigurationError("name what to save by id, or give --new for all that is new")


async def save(
    resource: TransactionFiles | Documents,
    rids: Sequence[str],
    to: Path,
    *,
    is_new: bool,
    acknowledge: bool,
    output: Output,
) -> None:
    """Save those with these ids, or all that are new, each whole or not at all, and show where each is.

    `to` is a folder, which is made where there is none, or for a single id the name of a file. What was saved before
    is written again under the same name. What is acknowledged is on the disk before. Raises StorageError.
    """
    rids = list(dict.fromkeys(rids))
    in_folder = is_new or len(rids) > 1 or _is_folder(to)
    if in_folder:
        _make_folder(to)
    show = _shower(output)
    progress = _progress()
    async with aclosing(_all_new(resource, acknowledge) if is_new else _named(resource, rids)) as files:
        with progress:
            task = progress.add_task("", saved=0, total=None)
            saved = 0
            async for file in files:
                path = to / file_name(file) if in_folder else to
                progress.reset(task, total=None)

                def watch(written: int, size: int | None) -> None:
                    progress.update(task, completed=written, total=size)

                await resource.save(file.rid, path, progress=watch)
                outcome = await resource.acknowledge(file.rid) if acknowledge else None
                saved += 1
                progress.update(task, saved=saved)
                show([_Saved(file.rid, path, path.stat().st_size, outcome)])


def file_name(file: TransactionFile | Document) -> str:
    """The bank's name with the id in it: names repeat, and a second run finds the first one's files."""
    rid, given = _harmless(file.rid), _harmless(file.file_name or "")
    if not given:
        return f"{rid}{_suffix(file.format or '')}"
    named = re.fullmatch(r"(.+)(\.[A-Za-z0-9]{1,10})", given)
    stem, suffix = (named[1], named[2]) if named else (given, "")
    return f"{stem[:100]}-{rid}{suffix}"


@dataclass(frozen=True)
class _Saved:
    rid: str
    path: Path
    bytes: int
    acknowledgement: Acknowledgement | None


def _all_new(resource: TransactionFiles | Documents, acknowledge: bool) -> AsyncGenerator[TransactionFile | Document]:
    # Acknowledging takes rows out of the list while it is read; a drain knows that.
    return resource.drain() if acknowledge else resource.list(is_new=True)


async def _named(
    resource: TransactionFiles | Documents, rids: Sequence[str]
) -> AsyncGenerator[TransactionFile | Document]:
    for rid in rids:
        yield await resource.get(rid)


def _shower(output: Output) -> Callable[[Sequence[_Saved]], None]:
    if sys.stdout.isatty() and not output.json:
        return _print_paths
    return writer(_COLUMNS, json=output.json)


def _print_paths(rows: Sequence[_Saved]) -> None:
    for row in rows:
        print(row.path)


def _suffix(format_: str) -> str:
    return ".xml" if format_.lower().startswith("camt") else ".pdf" if format_.lower() == "pdf" else ""


def _harmless(text: str) -> str:
    """What may stand in the name of a file anywhere: no folder, nothing hidden, nothing that a system reserves."""
    return re.sub(r"[^\w.+ -]", "_", text).strip(" .")


def _is_folder(path: Path) -> bool:
    return path.is_dir()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"the folder {folder} cannot be made: {(error.strerror or str(error)).lower()}") from None


def _progress() -> Progress:
    return Progress(
        SpinnerColumn(),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[saved]} saved"),
        console=plain_console(stderr=True, soft_wrap=False),
        transient=True,
        redirect_stdout=sys.stdout.isatty(),
        disable=not sys.stderr.isatty(),
    )


_COLUMNS: list[Column[_Saved]] = [
    Column("rid", lambda row: row.rid),
    Column("path", lambda row: row.path),
    Column("bytes", lambda row: row.bytes),
    Column("acknowledgement", lambda row: row.acknowledgement),
]
