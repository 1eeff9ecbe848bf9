"""The commands, and what stands around each of them."""

import asyncio
import io
import os
import re
import sys
from collections.abc import Sequence

import cyclopts
from rich.console import Console

from konfipay_async._version import __version__
from konfipay_async.cli import (
    accounts,
    doctor,
    documents,
    files,
    fleet,
    log,
    migrate,
    payments,
    paypal,
    pull,
    sandbox,
    scopes,
    status,
    transactions,
    verify,
    wallee,
)
from konfipay_async.cli.exits import EXIT_CODES, Exit, advice, exit_of
from konfipay_async.cli.output import plain_console
from konfipay_async.errors import KonfipayError

__all__ = ["app", "run"]

app = cyclopts.App(
    name="konfipay",
    version=__version__,
    help="konfipay on the command line: all your bank transactions, each once, and payments that are sent once.",
    help_format="markdown",
    help_epilogue=EXIT_CODES.replace("\n", " "),
    result_action="return_value",
    suppress_keyboard_interrupt=False,
)
app.command(pull.pull)
app.command(status.status)
app.command(verify.verify)
app.command(fleet.app)
app.command(transactions.app)
app.command(files.app)
app.command(payments.app)
app.command(accounts.app)
app.command(documents.app)
app.command(paypal.app)
app.command(scopes.scopes)
app.command(wallee.app)
app.command(log.app)
app.command(doctor.doctor)
app.command(sandbox.app)
app.command(migrate.migrate)


def run(arguments: Sequence[str]) -> int:
    """Run one command; the exit code. No traceback for anything a user did."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal or a pipe that takes no umlauts still gets the rest
    errors = plain_console(stderr=True)
    try:
        code = app(arguments, exit_on_error=False, print_error=False, verbose=False)
        sys.stdout.flush()
    except cyclopts.CycloptsError as error:
        errors.print(cyclopts.CycloptsPanel(_masked(str(error))))
        return Exit.USAGE
    except KonfipayError as error:
        _complain(errors, error)
        if to_do := advice(error):
            errors.print(to_do, markup=False)
        return exit_of(error)
    except (KeyboardInterrupt, asyncio.CancelledError):
        errors.print("konfipay: stopped")
        return Exit.PARTIAL
    except BrokenPipeError:
        _silence()  # whoever read the output has enough of it
        return Exit.PARTIAL
    except OSError as error:
        # Of a full disk behind standard output; all else of the kind is one of our errors by now.
        _complain(errors, KonfipayError(f"cannot write the output: {error.strerror or error}"))
        _silence()
        return Exit.PARTIAL
    except SystemExit:
        # How rich ends a program whose output nobody reads any more.
        _silence()
        return Exit.PARTIAL
    return int(code or Exit.DONE)


def _silence() -> None:
    """Keep Python from trying to write the rest of it at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _masked(text: str) -> str:
    """What was typed, without what may be an account number or a key."""
    return re.sub(r"[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]){11,30}|[A-Za-z0-9]{40,}", "…", text)


def _complain(console: Console, error: KonfipayError) -> None:
    console.print("konfipay:", style="bold red", end=" ")
    # Texts may hold brackets, which are no markup here.
    console.print(str(error), markup=False)
