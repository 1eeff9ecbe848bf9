"""What a pull looks like: a progress bar and a table on a terminal, plain lines elsewhere, one object as JSON."""

import json
import time
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn
from rich.table import Table

from konfipay_async.cli.exits import Exit
from konfipay_async.pull.report import Report
from konfipay_async.pull.work import Step
from konfipay_async.session.budget import Budgets

__all__ = ["Bar", "Display", "Json", "Lines", "Quiet", "show_table"]

# Where nobody watches, a line now and then is enough.
_LINE_EVERY = 2.0
# Columns; on narrower terminals the counts need them all.
_ROOM_FOR_A_BAR = 100


class Display(Protocol):
    """Follows a pull."""

    def __enter__(self) -> "Display": ...

    def __exit__(self, *_: object) -> None: ...

    def watch(self, step: Step, report: Report) -> None:
        """A step was taken."""

    def refresh(self, budgets: Budgets) -> None:
        """Some time has passed; called a few times a second."""

    def note(self, text: str) -> None:
        """Something to say while it goes on."""

    def close(self, report: Report, summary: str) -> None:
        """The pull is over."""

    def fail(self, report: Report, error: str, code: int) -> None:
        """The pull is over, with an error that is told elsewhere."""


class Bar:
    """A progress bar on a terminal, and a table at the end."""

    def __init__(self, console: Console, noun: str = "transactions") -> None:
        self._console = console
        self._noun = noun
        self._progress = Progress(
            SpinnerColumn(),
            *([BarColumn(bar_width=None)] if console.width >= _ROOM_FOR_A_BAR else []),
            TaskProgressColumn(),
            TextColumn("{task.fields[counts]}"),
            TextColumn("{task.fields[budget]}", style="cyan"),
            console=console,
            transient=True,
            expand=True,
        )
        self._task = self._progress.add_task("", total=None, counts="logging in", budget="")

    def __enter__(self) -> "Bar":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def watch(self, step: Step, report: Report) -> None:
        rate = report.transactions / report.seconds if report.seconds else 0.0
        self._progress.update(
            self._task,
            total=max(report.expected, report.transactions) or None,
            completed=report.transactions,
            counts=f"{report.pages} pages · {report.transactions:,} {self._noun} · {rate:,.0f} rows/s",
        )

    def refresh(self, budgets: Budgets) -> None:
        self._progress.update(self._task, budget=_budget(budgets))

    def note(self, text: str) -> None:
        self._progress.console.print(text, markup=False)

    def close(self, report: Report, summary: str) -> None:
        show_table(self._console, report, self._noun)
        self._console.print(summary, markup=False)

    def fail(self, report: Report, error: str, code: int) -> None:
        if report.pages:
            show_table(self._console, report, self._noun)


class Lines:
    """Plain lines where there is no terminal."""

    def __init__(self, console: Console, title: str = "Pulling what is new.", noun: str = "transactions") -> None:
        self._console = console
        self._title = title
        self._noun = noun
        self._last = time.monotonic()
        self._waits = False

    def __enter__(self) -> "Lines":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def watch(self, step: Step, report: Report) -> None:
        if step is Step.OPENED:
            self.note(self._title)
        if step is Step.COMMITTED and time.monotonic() - self._last >= _LINE_EVERY:
            self._last = time.monotonic()
            self.note(f"{report.pages} pages, {report.transactions} of {report.expected} {self._noun}")

    def refresh(self, budgets: Budgets) -> None:
        status = budgets.authenticated.status()
        waits = bool(status.waiting and (status.next_in or 0) > _LINE_EVERY)
        if waits and not self._waits:
            self.note(_budget(budgets))
        self._waits = waits

    def note(self, text: str) -> None:
        self._console.print(text, markup=False)

    def close(self, report: Report, summary: str) -> None:
        units = "pages" if self._noun == "transactions" else self._noun
        self.note(
            f"new {report.new}, known {report.known}, acknowledged {report.acknowledged} {units}, "
            f"{report.requests} requests, {report.seconds:.1f} s"
        )
        for name, count, remark in _rare(report):
            self.note(f"{name} {count}: {remark}")
        if summary:
            self.note(summary)

    def fail(self, report: Report, error: str, code: int) -> None:
        if report.pages:
            self.close(report, "")


class Quiet:
    """Nothing but errors."""

    def __enter__(self) -> "Quiet":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def watch(self, step: Step, report: Report) -> None:
        return None

    def refresh(self, budgets: Budgets) -> None:
        return None

    def note(self, text: str) -> None:
        return None

    def close(self, report: Report, summary: str) -> None:
        return None

    def fail(self, report: Report, error: str, code: int) -> None:
        return None


class Json(Quiet):
    """One JSON object at the end."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def close(self, report: Report, summary: str) -> None:
        code = Exit.DONE if report.complete else Exit.PARTIAL
        self._print(report.as_dict() | {"summary": summary, "exit": code})

    def fail(self, report: Report, error: str, code: int) -> None:
        self._print(report.as_dict() | {"error": error, "exit": code})

    def _print(self, value: dict[str, object]) -> None:
        self._console.print(json.dumps(value), markup=False, soft_wrap=True, highlight=False)


def show_table(console: Console, report: Report, noun: str = "transactions") -> None:
    """The closing table."""
    table = Table(show_header=False, box=None, padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(justify="right")
    table.add_column(style="dim")
    rate = report.transactions / report.seconds if report.seconds else 0.0
    units = "pages" if noun == "transactions" else noun  # which are acknowledged one by one
    for name, value, remark in (
        ("new", f"{report.new:,}", f"{noun} stored for the first time"),
        ("known", f"{report.known:,}", "came again, stored once"),
        ("acknowledged", f"{report.acknowledged:,}", f"{units} that are no longer new at konfipay"),
        ("requests", f"{report.requests:,}", "logins and acknowledgements included"),
        ("time", f"{report.seconds:.1f} s", f"{rate:,.0f} rows/s"),
    ):
        table.add_row(name, value, remark)
    for name, count, remark in _rare(report):
        table.add_row(name, f"{count:,}", remark)
    console.print(table)


def _rare(report: Report) -> list[tuple[str, int, str]]:
    """What most pulls have none of."""
    counts = [
        ("changed", report.changed, "of the known ones say something else than they did"),
        ("resent", report.resent, "acknowledgements an earlier pull had left"),
        ("expired", report.expired, "acknowledgements konfipay no longer knew: done before, or the rows come again"),
    ]
    return [row for row in counts if row[1]]


def _budget(budgets: Budgets) -> str:
    status = budgets.authenticated.status()
    if status.paused_for > 0:
        return f"asked to pause for {status.paused_for:.0f} s"
    if status.waiting and status.next_in:
        return f"waiting for the budget: {status.next_in:.0f} s"
    return f"{status.left} of {status.limit} requests left"
