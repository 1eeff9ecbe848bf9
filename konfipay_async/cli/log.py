"""`konfipay log`: what was sent to the API and what came back, as the log of communication has it."""

import asyncio
import json as jsonlib
import os
import secrets
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import cyclopts
from cyclopts import Parameter

from konfipay_async._version import __version__
from konfipay_async.cli import log_serve, log_stats
from konfipay_async.cli.exits import Exit
from konfipay_async.cli.log_asking import PLACE, SELECTION, Place, Selection
from konfipay_async.cli.output import LIST_OUTPUT, OUTPUT, Column, ListOutput, Output, cell, note, plain, writer
from konfipay_async.communication import Content, Entry, Filter, Store
from konfipay_async.communication.addresses import address_of
from konfipay_async.communication.curl import curl as as_curl
from konfipay_async.communication.har import har_file
from konfipay_async.errors import ConfigurationError, StorageError
from konfipay_async.session.clock import SystemClock

__all__ = ["app"]

app = cyclopts.App(name="log")
app.command(log_stats.stats, name="stats")
app.command(log_serve.serve, name="serve")

_Flag = Parameter(negative=(), show_default=False)

# Entries that are read at once, those that --follow begins with, and seconds between two looks for more.
_AT_ONCE = 1000
_BEGINS_WITH = 10
_LOOK_EVERY = 0.5


@app.default
async def _overview(
    *,
    follow: Annotated[bool, _Flag] = False,
    selection: Selection = SELECTION,
    output: ListOutput = LIST_OUTPUT,
    place: Place = PLACE,
) -> int:
    """The log of API communication: what was sent, newest first, which status came back, and the seconds it took.

    A log is kept where KONFIPAY_COMMUNICATION_LOG names one, or a program does. Keys, tokens and what is in bookings
    are masked before anything is written.

    **Examples:**

    `konfipay log --only-errors --from 2h`: what went wrong in the last two hours

    `konfipay log --status 4xx,500 --url transactions --json`

    `konfipay log --follow`: what is sent this moment

    `konfipay log show 4711`: all of one entry

    Parameters
    ----------
    follow
        Show the last entries, then go on as more are written, until Ctrl-C.
    """
    wanted, limit, shown = selection.filter(), output.rows, 0
    with place.opened() as store:
        write = writer(_columns(), json=output.json, as_json=_as_json)
        if follow:
            await _follow(store, wanted, output, write)
            return Exit.DONE
        for entries in _pages(store, wanted, limit):
            write(entries)
            shown += len(entries)
        if not shown:
            write(())
            if sys.stdout.isatty():
                note("There are none.")
        elif limit and shown >= limit and sys.stdout.isatty():
            note(f"The newest {shown:,}; --limit 0 shows all of them.")
        _tell_losses(store)
    return Exit.DONE


@app.command(name="show")
def _show(
    number: int,
    /,
    *,
    curl: Annotated[bool, _Flag] = False,
    output: Output = OUTPUT,
    place: Place = PLACE,
) -> None:
    """Show all of one entry: headers and contents too, where the log was kept with details.

    **Examples:**

    `konfipay log show 4711`

    `konfipay log show 4711 --curl`: as a command for curl, without the secrets

    Parameters
    ----------
    number
        The id that `konfipay log` shows.
    curl
        As a command for curl. What was masked has to be put back by hand; the token comes from $TOKEN.
    """
    with place.opened() as store:
        entry = store.get(number)
    if entry is None:
        raise ConfigurationError(f"there is no entry {number} in the log: konfipay log shows which there are")
    if curl:
        _print(as_curl(entry))
    elif output.json:
        _print(jsonlib.dumps(plain(entry)))
    else:
        _print_entry(entry)


@app.command(name="curl")
def _curl(number: int, /, *, place: Place = PLACE) -> None:
    """Show one entry as a command for curl, without the secrets.

    **Examples:**

    `konfipay log curl 4711`

    Parameters
    ----------
    number
        The id that `konfipay log` shows.
    """
    _show(number, curl=True, place=place)


@app.command(name="export")
def _export(
    *,
    har: Path,
    selection: Selection = SELECTION,
    place: Place = PLACE,
) -> None:
    """Write entries into a HAR file, which the network panel of any browser opens.

    What was masked stays masked, so the file may be sent to whoever helps.

    **Examples:**

    `konfipay log export --har api.har --from 2026-01-31T10:00 --to 2026-01-31T11:00`

    Parameters
    ----------
    har
        The file; one that is there is replaced when the new one is whole.
    """
    wanted = selection.filter()
    count = 0
    if _is_of_the_log(har, place):
        raise ConfigurationError(f"--har {har} is the log itself: name another file")

    def entries(store: Store) -> Iterator[Entry]:
        nonlocal count
        for page in _pages(store, wanted, 0):
            for entry in page:
                count += 1
                yield store.get(entry.id) or entry

    with place.opened() as store:
        try:
            _write(har, har_file(entries(store), version=__version__))
        except OSError as error:
            raise StorageError(f"{har} cannot be written: {(error.strerror or str(error)).lower()}") from None
    note(f"{count:,} entries are in {har}.")


def _is_of_the_log(file: Path, place: Place) -> bool:
    """Whether a file is one of those an SQLite log consists of."""
    address = address_of(place.url())
    parts = [Path(address.target + end) for end in ("", "-wal", "-shm", "-journal")] if address.kind == "sqlite" else []
    return any(os.path.exists(part) and os.path.exists(file) and os.path.samefile(part, file) for part in parts)


def _write(path: Path, pieces: Iterable[str]) -> None:
    """All of it or nothing: written beside, then put in place. What is no file, as a pipe, is written to."""
    # Where a link leads to a pipe, what it resolves to is no path.
    if path.exists() and not path.is_file():
        with path.open("w", encoding="utf-8") as file:
            file.writelines(pieces)
        return
    path = path.resolve()
    beside = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with beside.open("x", encoding="utf-8") as file:
            file.writelines(pieces)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _pages(store: Store, wanted: Filter, limit: int) -> Iterator[tuple[Entry, ...]]:
    """The newest entries first, up to the limit, 0 for all."""
    at: str | None = None
    left = limit
    while True:
        page = store.search(wanted, limit=min(left, _AT_ONCE) if limit else _AT_ONCE, at=at)
        if page.entries:
            yield page.entries
        left -= len(page.entries)
        at = page.older
        if at is None or (limit and left <= 0):
            return


async def _follow(store: Store, wanted: Filter, output: ListOutput, write: Callable[[Sequence[Entry]], None]) -> None:
    """What is there, then what comes, each entry looked at once; until Ctrl-C."""
    clock = SystemClock()
    with suppress(asyncio.CancelledError):
        last = await asyncio.to_thread(store.last)
        first = await asyncio.to_thread(store.search, wanted, limit=output.limit or _BEGINS_WITH)
        write([entry for entry in reversed(first.entries) if entry.id <= last])
        sys.stdout.flush()
        while True:
            await clock.sleep(_LOOK_EVERY)
            newest = await asyncio.to_thread(store.last)
            while last < newest and (entries := await asyncio.to_thread(store.after, last, wanted, limit=_AT_ONCE)):
                write(entries)
                sys.stdout.flush()
                last = entries[-1].id
            last = max(last, newest)


def _tell_losses(store: Store) -> None:
    losses = store.losses()
    if losses:
        last = losses[-1]
        note(
            f"{sum(loss.entries for loss in losses):,} entries could not be kept, the last of them before "
            f"{last.at.astimezone():%Y-%m-%d %H:%M:%S}: {last.reason}."
        )


def _print_entry(entry: Entry) -> None:
    """The eight details that konfipay's own log has, and what only the client knows."""
    about = [
        f"call {entry.call}",
        f"attempt {entry.attempt}",
        f"key {entry.key_name}" if entry.key_name else "",
        f"waited {entry.waited:.3f} s for the request budget",
    ]
    status = "no answer" if entry.status is None else str(entry.status)
    sections = [
        ("Timestamp", [entry.timestamp.astimezone().isoformat(timespec="milliseconds")]),
        ("Method", [entry.method]),
        ("URL", [entry.url]),
        ("Request header", _headers(entry.request_headers)),
        ("Request content", _content(entry.request_content, entry.request_headers)),
        ("Response status", [", ".join(filter(None, (status, entry.error, f"{entry.duration:.3f} s")))]),
        ("Response header", _headers(entry.response_headers)),
        ("Response content", _content(entry.response_content, entry.response_headers)),
        ("Of the client", [", ".join(filter(None, about))]),
    ]
    for title, lines in sections:
        _print(f"{title}:")
        for line in lines:
            _print(f"  {cell(line)}")


def _headers(headers: dict[str, str] | None) -> list[str]:
    if headers is None:
        return ["(not kept: the log has the overview only, or no answer came)"]
    return [f"{name}: {value}" for name, value in headers.items()] or ["(none)"]


def _content(content: Content | None, headers: dict[str, str] | None) -> list[str]:
    if content is None:
        return ["(not kept)" if headers is None else "(none)"]
    size = "of unknown size" if content.size is None else f"{content.size:,} bytes"
    if content.text is None:
        return [f"({size}, not kept{f', SHA-256 {content.sha256}' if content.sha256 else ''})"]
    lines = jsonlib.dumps(jsonlib.loads(content.text), indent=2, ensure_ascii=False).splitlines()
    left_out = f", {content.left_out:,} rows left out" if content.left_out else ""
    return [*lines, f"({size}{left_out})"]


def _as_json(entry: Entry) -> dict[str, object]:
    details = ("request_headers", "request_content", "response_headers", "response_content")
    return {name: value for name, value in plain(entry).items() if name not in details}


def _columns() -> list[Column[Entry]]:
    # A terminal has no room for what is the same in all of them.
    short = sys.stdout.isatty()
    return [
        Column("id", lambda entry: entry.id, right=True),
        Column("timestamp", lambda entry: _time(entry, short), whole=True),
        Column("method", lambda entry: entry.method),
        Column("url", lambda entry: _address(entry.url) if short else entry.url),
        Column("status", lambda entry: entry.status or "-", right=True),
        Column("duration", lambda entry: f"{entry.duration:.3f}", right=True),
        Column("waited", lambda entry: f"{entry.waited:.3f}", right=True),
        Column("attempt", lambda entry: entry.attempt, right=True),
        Column("error", lambda entry: entry.error),
        Column("key", lambda entry: entry.key_name),
        Column("call", lambda entry: entry.call, table=False),
    ]


def _time(entry: Entry, short: bool) -> str:
    local = entry.timestamp.astimezone()
    return f"{local:%Y-%m-%d %H:%M:%S}" if short else local.isoformat(timespec="milliseconds")


def _address(url: str) -> str:
    return "/" + url.partition("://")[2].partition("/")[2]


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
