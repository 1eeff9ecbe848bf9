"""What commands show: tables on a terminal, lines elsewhere, JSON where it is asked for.

Results go to standard output, everything else (questions, progress, hints) to standard error, so that a pipe holds
nothing but rows. What comes from a bank may hold anything: control characters never reach a terminal.
"""

import json as jsonlib
import sys
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from cyclopts import Parameter
from rich.cells import cell_len
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

from konfipay_async.errors import ConfigurationError
from konfipay_async.models.page import Page

__all__ = [
    "LIST_OUTPUT",
    "OUTPUT",
    "Column",
    "ListOutput",
    "Output",
    "cell",
    "note",
    "plain",
    "plain_console",
    "show_one",
    "show_pages",
    "show_rows",
    "spinner",
    "table_on_stderr",
    "writer",
]

T = TypeVar("T")

# Rows. On a terminal nobody reads more at once, and tables are made of so many.
_SCREENFUL = 100
# Columns of a terminal to which a text may be cut, and to which what is whole may be folded. First only what is longer
# than a time is cut, then, in need, more; an id is folded last of all.
_NARROWEST = ((16, 1000), (10, 1000), (5, 40), (5, 10))


@Parameter(name="*", group="Output")
@dataclass(frozen=True, kw_only=True)
class Output:
    """How results are shown."""

    json: Annotated[bool, Parameter(negative=(), show_default=False)] = False
    """One JSON object on each line, with all fields, by the names they have in Python. Amounts are strings, so that no
    reader rounds them; what is missing is null."""


@Parameter(name="*", group="Output")
@dataclass(frozen=True, kw_only=True)
class ListOutput(Output):
    """How lists are shown."""

    limit: int | None = None
    """Show at most so many rows, 0 for all. Default: 100 on a terminal, all of them elsewhere."""

    @property
    def rows(self) -> int:
        """The limit, 0 for none. ConfigurationError for what is no number of rows."""
        if self.limit is None:
            return 0 if self.json or not sys.stdout.isatty() else _SCREENFUL
        if self.limit < 0:
            raise ConfigurationError(f"--limit {self.limit}: give a number of rows, 0 for all")
        return self.limit

    @property
    def page_size(self) -> int:
        """Rows to ask for at once: no more than are shown."""
        return min(self.rows or 1000, 1000)


OUTPUT = Output()
LIST_OUTPUT = ListOutput()


@dataclass(frozen=True)
class Column(Generic[T]):
    """One column of a table: its title, and what it shows of a row.

    Numbers stand on the `right`. What is `whole` is never cut, as ids that somebody copies. What is not in a `table`
    is in lines only: a terminal has no room for all.
    """

    title: str
    value: Callable[[T], object]
    right: bool = False
    whole: bool = False
    table: bool = True


async def show_pages(
    pages: AsyncGenerator[Page[T]],
    columns: Sequence[Column[T]],
    output: ListOutput,
    *,
    as_json: Callable[[T], object] | None = None,
) -> None:
    """Show a list as its pages come, up to the limit, and say so where there is more."""
    limit, shown, total = output.rows, 0, 0
    write = writer(columns, json=output.json, as_json=as_json)
    async with aclosing(pages):
        async for page in pages:
            total = page.total_items
            rows = page.items[: limit - shown] if limit else page.items
            write(rows)
            shown += len(rows)
            sys.stdout.flush()
            if limit and shown >= limit:
                break
    if not shown:
        write(())  # the titles, where there are no rows to bring them
    _tell_how_many(shown, total, is_limited=bool(limit and shown >= limit))


def show_rows(
    rows: Sequence[T],
    columns: Sequence[Column[T]],
    output: Output,
    *,
    as_json: Callable[[T], object] | None = None,
) -> None:
    """Show rows that are all there."""
    write = writer(columns, json=output.json, as_json=as_json)
    limit = output.rows if isinstance(output, ListOutput) else 0
    write(rows[:limit] if limit else rows)
    _tell_how_many(min(limit or len(rows), len(rows)), len(rows), is_limited=bool(limit))


def show_one(row: object, output: Output, **more: object) -> None:
    """Show all of one thing, field by field; `more` are fields it does not have itself."""
    shown = {**plain(row), **plain(more)}
    if output.json:
        _print(jsonlib.dumps(shown))
        return
    flat = list(_flat(shown))
    if not sys.stdout.isatty():
        for name, item in flat:
            _print(f"{name}\t{cell(item)}")
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, item in flat:
        if item is not None:
            table.add_row(name, Text(cell(item)))
    plain_console(soft_wrap=False).print(table)


def table_on_stderr(rows: Sequence[T], columns: Sequence[Column[T]]) -> None:
    """Show rows beside the result, as what a question is about."""
    if sys.stderr.isatty():
        _Tables(columns, plain_console(stderr=True, soft_wrap=False))(rows)
    else:
        _Lines(columns, lambda line: print(line, file=sys.stderr))(rows)


def note(text: str) -> None:
    """Say something beside the result."""
    plain_console(stderr=True).print(text, markup=False)


def plain_console(*, stderr: bool = False, soft_wrap: bool = True, quiet: bool = False) -> Console:
    """A console that shows a text as it is: ``app.py:100:`` is a place in a file, and no emoji."""
    return Console(stderr=stderr, soft_wrap=soft_wrap, quiet=quiet, highlight=False, emoji=False)


@contextmanager
def spinner(text: str) -> Iterator[Callable[[str], None]]:
    """Show on a terminal that something goes on; call what it yields to say how far it is."""
    # What is printed meanwhile goes above it, unless it goes into a pipe.
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        console=plain_console(stderr=True, soft_wrap=False),
        transient=True,
        redirect_stdout=sys.stdout.isatty(),
        disable=not sys.stderr.isatty(),
    )
    with progress:
        task = progress.add_task(text)
        yield lambda text: progress.update(task, description=text)


def writer(
    columns: Sequence[Column[T]], *, json: bool, as_json: Callable[[T], object] | None = None
) -> Callable[[Sequence[T]], None]:
    """What writes rows to standard output as they come."""
    if json:
        return _Json(as_json or plain)
    return _Tables(columns, plain_console(soft_wrap=False)) if sys.stdout.isatty() else _Lines(columns, _print)


def plain(value: Any) -> Any:
    """The value as JSON has it: structs and dataclasses as objects, by their names in Python, the rest as strings."""
    match value:
        case msgspec.Struct():
            return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
        case Mapping():
            return {str(name): plain(item) for name, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case set() | frozenset():
            return sorted(map(plain, value))
        case Decimal():
            return format(value, "f")
        case date():
            return value.isoformat()
        case Path() | BaseException():
            return str(value)
    return value


def cell(value: object, *, brief: bool = False) -> str:
    """The value as one line of text without control characters; `brief` cuts times to the minute."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case list() if all(isinstance(item, str) for item in value):
            text = ", ".join(value)
        case list() | dict():
            text = jsonlib.dumps(value)
        case datetime():
            text = format(value, "%Y-%m-%d %H:%M") if brief else value.isoformat()
        case _:
            text = str(plain(value))
    return text if text.isprintable() else "".join(sign if sign.isprintable() else " " for sign in text)


def _tell_how_many(shown: int, total: int, *, is_limited: bool) -> None:
    """On a terminal. In a pipe rows are counted by whoever reads them."""
    if not sys.stdout.isatty():
        return
    if not shown:
        note("There are none.")
    elif is_limited and total > shown:
        note(f"{shown:,} of {total:,}; --limit 0 shows all of them.")


class _Json(Generic[T]):
    """A JSON object for each row."""

    def __init__(self, value: Callable[[T], object]) -> None:
        self._value = value

    def __call__(self, rows: Sequence[T]) -> None:
        for row in rows:
            _print(jsonlib.dumps(self._value(row)))


class _Lines(Generic[T]):
    """A line of titles, then a line for each row, with tabs in between."""

    def __init__(self, columns: Sequence[Column[T]], write: Callable[[str], None]) -> None:
        self._columns = columns
        self._write = write
        self._has_begun = False

    def __call__(self, rows: Sequence[T]) -> None:
        if not self._has_begun:
            self._write("\t".join(column.title for column in self._columns))
            self._has_begun = True
        for row in rows:
            self._write("\t".join(cell(column.value(row)) for column in self._columns))


class _Tables(Generic[T]):
    """Tables of one screenful."""

    def __init__(self, columns: Sequence[Column[T]], console: Console) -> None:
        self._columns = [column for column in columns if column.table]
        self._console = console

    def __call__(self, rows: Sequence[T]) -> None:
        for first in range(0, len(rows), _SCREENFUL):
            self._show(rows[first : first + _SCREENFUL])

    def _show(self, rows: Sequence[T]) -> None:
        texts = [[cell(column.value(row), brief=True) for column in self._columns] for row in rows]
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
        for column, width in zip(self._columns, self._widths(texts), strict=True):
            table.add_column(
                column.title,
                justify="right" if column.right else "left",
                no_wrap=not column.whole,
                overflow="fold" if column.whole else "ellipsis",
                width=width,
            )
        for line in texts:
            table.add_row(*map(Text, line))
        self._console.print(table)

    def _widths(self, texts: Sequence[Sequence[str]]) -> list[int]:
        """As wide as what is in it, if there is room; else long texts are cut, and titles, but no number."""
        needed = [max(cell_len(line[number]) for line in texts) for number in range(len(self._columns))]
        widths = [max(width, len(column.title)) for column, width in zip(self._columns, needed, strict=True)]
        room = self._console.width - 2 * len(widths)
        for cut, folded in _NARROWEST:
            least = [
                width if column.right else min(width, folded if column.whole else cut)
                for column, width in zip(self._columns, needed, strict=True)
            ]
            while sum(widths) > room and (
                can_shrink := [number for number, width in enumerate(widths) if width > least[number]]
            ):
                widths[max(can_shrink, key=widths.__getitem__)] -= 1
        return widths


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _flat(value: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, item in value.items():
        if isinstance(item, dict):
            yield from _flat(item, f"{before}{name}.")
        else:
            yield f"{before}{name}", item
