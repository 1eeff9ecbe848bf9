"""`konfipay pull --config`: many keys at once, a line when one has ended, and a table at the end."""

import asyncio
import json as jsonlib
from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from konfipay_async.cli.events import EventLog
from konfipay_async.cli.exits import Exit, exit_of
from konfipay_async.cli.output import plain_console
from konfipay_async.cli.signals import until_signal
from konfipay_async.cli.watching import Rhythm
from konfipay_async.errors import ConfigurationError, KonfipayError, StorageBusyError
from konfipay_async.pull.keyfile import read_keys
from konfipay_async.pull.many import Ended, KeyBudgets, pull_each, sink_of
from konfipay_async.pull.report import Report
from konfipay_async.pull.watch import passes
from konfipay_async.pull.work import Step

__all__ = ["exit_of_all", "pull_many"]


def pull_many(
    config: Path,
    *,
    at_once: int,
    rhythm: Rhythm | None,
    log: EventLog | None,
    quiet: bool,
    json: bool,
) -> int:
    """Pull with every key of the file; the exit code."""
    if at_once < 1:
        raise ConfigurationError(f"--at-once {at_once}: give a number of keys, 1 or more")
    entries = read_keys(config)
    show = _Show(quiet=quiet, json=json, log=log)
    budgets = KeyBudgets()
    code = int(Exit.PARTIAL)

    async def work(stop: asyncio.Event) -> None:
        async def once() -> None:
            nonlocal code
            ended = await pull_each(
                entries, sink_of, budgets=budgets, at_once=at_once, stop=stop, watch=show.step, tell=show.one
            )
            code = exit_of_all(ended)
            show.all(ended, code)
            if rhythm is not None:
                _raise_if_all_failed(ended)

        if rhythm is None:
            await once()
        else:
            await rhythm.keep(once, stop, show.note, log)

    try:
        asyncio.run(until_signal(work, show.note))
    except (KonfipayError, _NothingLeftError):
        return code  # with a rhythm, when no key can be pulled with any more; each has been told of
    return code if rhythm is None else Exit.DONE


def exit_of_all(ended: Sequence[Ended]) -> int:
    """0 where all was pulled, the common code where every key failed with it, else PARTIAL."""
    if all(one.is_done for one in ended):
        return Exit.DONE
    codes = {None if one.error is None else _code(one.error) for one in ended}
    return codes.pop() or Exit.PARTIAL if len(codes) == 1 else Exit.PARTIAL


def _code(error: Exception) -> int:
    return int(exit_of(error) if isinstance(error, KonfipayError) else Exit.BUG)


class _NothingLeftError(Exception):
    """No key can be pulled with, and none will by itself."""


def _raise_if_all_failed(ended: Sequence[Ended]) -> None:
    """Where no key was pulled the round has failed: with an error that passes, if one of them does."""
    if all(one.error is not None for one in ended):
        errors = [one.error for one in ended if isinstance(one.error, KonfipayError)]
        passing = [error for error in errors if passes(error) or isinstance(error, StorageBusyError)]
        raise passing[0] if passing else _NothingLeftError


class _Show:
    """What is shown of many pulls."""

    def __init__(self, *, quiet: bool, json: bool, log: EventLog | None) -> None:
        self._console = plain_console(quiet=quiet)
        self._errors = plain_console(stderr=True, quiet=log is not None)
        self._json = json
        self._log = log

    def step(self, name: str, step: Step, report: Report) -> None:
        if self._log is not None:
            self._log.step(name, step, report)

    def note(self, text: str) -> None:
        if not self._json:
            self._console.print(text, markup=False)

    def one(self, ended: Ended) -> None:
        """A key has ended: its error at once, so that a long pull of many keys is not silent about it."""
        error = ended.error
        if error is not None:
            self._errors.print(f"konfipay: {ended.name}: {ended.message}", markup=False)
        if self._log is not None:
            kind, code = (None, None) if error is None else (type(error).__name__, _code(error))
            self._log.write(
                "ended",
                source=ended.name,
                outcome=_outcome(ended),
                error=kind,
                message=ended.message,
                exit=code,
                seconds=round(ended.report.seconds, 3),
                **ended.report.counts(),
            )

    def all(self, ended: Sequence[Ended], code: int) -> None:
        if self._json:
            keys = {one.name: one.report.as_dict() | {"outcome": _outcome(one), "error": one.message} for one in ended}
            self._console.print(jsonlib.dumps({"keys": keys, "exit": int(code)}), markup=False)
            return
        table = Table(box=None, padding=(0, 2, 0, 0))
        table.add_column("key")
        table.add_column("outcome")
        for title in ("new", "known", "acknowledged", "requests", "seconds"):
            table.add_column(title, justify="right")
        for one in ended:
            report = one.report
            counts = (report.new, report.known, report.acknowledged, report.requests)
            table.add_row(one.name, _outcome(one), *(f"{count:,}" for count in counts), f"{report.seconds:.1f}")
        self._console.print(table)
        failed = sum(one.error is not None for one in ended)
        if failed:
            self.note(f"{failed} of {len(ended)} keys failed. What is stored stays; run it again for the rest.")


def _outcome(ended: Ended) -> str:
    if ended.error is not None:
        return type(ended.error).__name__.removesuffix("Error")
    return "done" if ended.report.complete else "stopped"
