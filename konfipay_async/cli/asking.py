"""Questions: what sends money or takes something away is asked for first, and never of nobody."""

import os
import select
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from getpass import getpass

from rich.text import Text

from konfipay_async.cli.output import note, plain_console
from konfipay_async.errors import ConfigurationError

__all__ = ["asked_secret", "confirmed"]


def confirmed(question: str, *, yes: bool) -> bool:
    """Ask, and wait for the answer; `yes` is the answer already. Says so where it is no.

    The event loop waits too: nothing else goes on. ConfigurationError where there is no terminal to ask on.
    """
    if yes:
        return True
    if not (sys.stdin and sys.stdin.isatty() and sys.stderr.isatty()):
        raise ConfigurationError("nothing was done: there is no terminal to ask on. Say --yes to do it unasked.")
    console = plain_console(stderr=True)
    try:
        with _answerable():
            console.print(Text(f"{question} [y/N] "), end="")
            _await_line()
            answer = input()
    except (EOFError, KeyboardInterrupt):
        console.print()
        answer = ""
    if answer.strip().lower() in ("y", "yes", "j", "ja"):
        return True
    note("Nothing was done.")
    return False


def asked_secret(what: str, option: str) -> str:
    """Ask for a secret, which is not shown. ConfigurationError where there is no terminal to ask on: name the file."""
    if not (sys.stdin and sys.stdin.isatty()):
        raise ConfigurationError(f"there is no terminal to ask for {what} on: name the file it is in with {option}")
    try:
        with _answerable():
            return getpass(f"{what} (it is not shown): ")
    except EOFError:
        raise ConfigurationError(f"nothing was done: {what} is missing") from None


@contextmanager
def _answerable() -> Iterator[None]:
    """Ctrl-C ends the question at once; the event loop's own handler would wait for the answer."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _await_line() -> None:
    """Wait until a line was typed. Reading by itself would miss a Ctrl-C that comes just before it begins to wait."""
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        return
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    before = signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    try:
        select.select([sys.stdin, woken], [], [])
    finally:
        signal.set_wakeup_fd(before)
        os.close(woken)
        os.close(wake)
