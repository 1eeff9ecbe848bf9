"""`konfipay migrate`"""

import json as json_text
from collections import Counter
from itertools import groupby
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table
from rich.text import Text

from konfipay_async.cli.exits import Exit
from konfipay_async.cli.output import plain_console
from konfipay_async.errors import ConfigurationError
from konfipay_async.migration import CHANGES, LARGEST_FILE, Change, Finding, Look, scan

__all__ = ["migrate"]

_Flag = Parameter(negative=(), show_default=False)
# Of one change in one file; a file of samples may have thousands.
_LINES_SHOWN = 5


def migrate(
    path: Path | None = None,
    *,
    list_: Annotated[bool, Parameter(name="--list", negative=(), show_default=False)] = False,
    check: Annotated[bool, _Flag] = False,
    json: Annotated[bool, _Flag] = False,
) -> int:
    """Show where a program uses what changed from version 5 of the API to version 6.

    Reads source files of any language under PATH, and says file and line, what version 6 has instead, and why. It
    changes nothing. What is in a file that has nothing to do with konfipay is not looked at; binary files, files over
    2 MB, virtual environments, node_modules and version control are passed by, links are not followed.

    Examples:

    `konfipay migrate src`: what there is to do

    `konfipay migrate src --json | jq -r .after | sort | uniq -c`: and how much of each

    `konfipay migrate src --check`: keep it done, in continuous integration

    `konfipay migrate --list`: all changes there are

    Parameters
    ----------
    path
        A folder, or one file.
    list_
        List all changes, and read nothing.
    check
        End with exit code 6 if anything is found, or a file could not be read. Without it the exit code is 0.
    json
        Print one JSON object a line for each finding, or with --list for each change, and nothing else.
    """
    console = plain_console()
    if list_:
        if path is not None or check:
            raise ConfigurationError("--list reads nothing: leave PATH and --check out")
        _list(console, json)
        return Exit.DONE
    if path is None:
        raise ConfigurationError("there is no PATH: give a file or a folder, or --list to see all changes")
    looks: Counter[Look] = Counter()
    left_out: list[tuple[Path, Look]] = []

    def watch(file: Path, look: Look) -> None:
        looks[look] += 1
        if look in (Look.TOO_LARGE, Look.UNREADABLE):
            left_out.append((file, look))

    findings = list(scan(path, watch=watch))
    if json:
        for finding in findings:
            _line(console, json_text.dumps(finding.as_dict()))
    elif console.is_terminal:
        for file, of_file in groupby(findings, key=lambda finding: finding.path):
            _table(console, file, list(of_file))
    else:
        for finding in findings:
            change = finding.change
            place = f"{_shown(finding.path)}:{finding.line}:{finding.column}"
            _line(console, f"{place}: {_before(change, finding.found)} → {change.after}: {change.reason}")
    notes = plain_console(stderr=True) if json else console
    for file, look in left_out:
        _line(notes, f"{_shown(file)}: not looked at, {_why(look)}")
    if not json:
        _line(console, _summary(findings, looks[Look.READ]))
    return Exit.PARTIAL if check and (findings or looks[Look.UNREADABLE]) else Exit.DONE


def _table(console: Console, file: Path, findings: list[Finding]) -> None:
    """The findings of one file; what is found again and again takes one row."""
    table = Table(title=Text(_shown(file), style="bold"), title_justify="left", box=None, padding=(0, 1), expand=True)
    for name, ratio, style in (
        ("where", 2, "cyan"),
        ("version 5", 3, None),
        ("version 6", 4, "green"),
        ("why", 6, "dim"),
    ):
        table.add_column(name, ratio=ratio, style=style, overflow="fold", header_style="dim")
    rows: dict[tuple[Change, str], list[int]] = {}
    for finding in findings:
        lines = rows.setdefault((finding.change, finding.found), [])
        if finding.line not in lines[-1:]:
            lines.append(finding.line)
    for (change, found), lines in rows.items():
        places = [f"{_shown(Path(file.name))}:{lines[0]}", *map(str, lines[1:_LINES_SHOWN])]
        more = f" and {len(lines) - _LINES_SHOWN} more" if len(lines) > _LINES_SHOWN else ""
        cells = (", ".join(places) + more, _before(change, found), change.after, change.reason)
        table.add_row(*(Text(cell) for cell in cells))
    console.print(table, soft_wrap=False)
    console.print()


def _list(console: Console, json: bool) -> None:
    if json:
        for change in CHANGES:
            _line(console, json_text.dumps(change.as_dict()))
        return
    for section, changes in groupby(CHANGES, key=lambda change: change.section):
        if not console.is_terminal:
            for change in changes:
                _line(console, f"{section}: {change.kind}: {change.before} → {change.after}: {change.reason}")
            continue
        table = Table(title=Text(section, style="bold"), title_justify="left", show_header=False, box=None, expand=True)
        for ratio, style in ((2, "cyan"), (4, None), (4, "green"), (6, "dim")):
            table.add_column(ratio=ratio, style=style, overflow="fold")
        for change in changes:
            cells = (change.kind.value, change.before, change.after, change.reason)
            table.add_row(*(Text(cell) for cell in cells))
        console.print(table, soft_wrap=False)
        console.print()
    _line(console, f"{len(CHANGES)} changes.")


def _before(change: Change, found: str) -> str:
    """What version 5 has, with the trace where a row stands for many."""
    return change.before if found.casefold() in change.before.casefold() else f"{change.before} ({found})"


def _summary(findings: list[Finding], read: int) -> str:
    of = f"{_counted(read, 'file')} read"
    if not findings:
        return f"Nothing of version 5 found; {of}."
    files = {finding.path for finding in findings}
    kinds = Counter(finding.change.kind for finding in findings)
    each = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    return f"{_counted(len(findings), 'place')} in {_counted(len(files), 'file')} ({each}); {of}."


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"


def _why(look: Look) -> str:
    return f"it is larger than {LARGEST_FILE // 1_000_000} MB" if look is Look.TOO_LARGE else look.value


def _shown(path: Path) -> str:
    """A path as one line of text, whatever its bytes are."""
    return "".join(character if character.isprintable() else "?" for character in str(path))


def _line(console: Console, text: str) -> None:
    console.print(text, markup=False)
