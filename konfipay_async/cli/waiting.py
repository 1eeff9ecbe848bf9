"""A payment file's status, shown as it changes."""

import sys
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime

from konfipay_async.cli.exits import Exit
from konfipay_async.cli.output import Column, Output, cell, plain, spinner, writer
from konfipay_async.models.payments import PaymentFile

__all__ = ["exit_of_files", "follow", "reason_of"]


async def follow(changes: AsyncGenerator[PaymentFile], output: Output) -> PaymentFile | None:
    """Show each status when it comes; the file as it was last, None where it never had one."""
    show = _print if sys.stdout.isatty() and not output.json else writer(_COLUMNS, json=output.json, as_json=_as_json)
    file: PaymentFile | None = None
    with spinner("waiting for a status") as say:
        async with aclosing(changes):
            async for file in changes:
                seen = _Seen(datetime.now().astimezone(), file)
                show([seen])
                sys.stdout.flush()
                say(f"{seen.status} since {seen.at:%H:%M:%S}")
    return file


def exit_of_files(files: Iterable[PaymentFile]) -> Exit:
    """The exit code for how these stand: unknown where one failed that konfipay may send again by itself."""
    failed = [file.status.value for file in files if file.status is not None and file.status.value.has_failed]
    if not failed:
        return Exit.DONE
    return Exit.REFUSED if all(value.is_final for value in failed) else Exit.PARTIAL


def reason_of(file: PaymentFile) -> str | None:
    """Why it has its status, if it says so."""
    status = file.status
    if status is None:
        return None
    if status.error is not None:
        return status.error.details or status.error.message or status.error.code
    return status.reason or status.reason_code


@dataclass(frozen=True)
class _Seen:
    """A file as it was at a time."""

    at: datetime
    file: PaymentFile

    @property
    def status(self) -> str:
        return "" if self.file.status is None else self.file.status.value.value


def _print(rows: Sequence[_Seen]) -> None:
    for row in rows:
        print(f"{row.at:%H:%M:%S}  {cell(row.status)}  {cell(reason_of(row.file))}".rstrip())


def _as_json(row: _Seen) -> dict[str, object]:
    return {"seen_at": plain(row.at), **plain(row.file)}


_COLUMNS: list[Column[_Seen]] = [
    Column("seen_at", lambda row: row.at),
    Column("status", lambda row: row.status),
    Column("reason_code", lambda row: row.file.status and row.file.status.reason_code),
    Column("reason", lambda row: reason_of(row.file)),
]
