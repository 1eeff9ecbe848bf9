"""How a command ends: exit codes by kind, and errors as one clear message without a traceback."""

from enum import IntEnum

from konfipay_async.errors import (
    ClientStateError,
    ConfigurationError,
    KonfipayError,
    ResponseTooLargeError,
    StorageError,
    TransportError,
)

__all__ = ["EXIT_CODES", "Exit", "exit_of"]


class Exit(IntEnum):
    """Exit codes."""

    DONE = 0
    BUG = 1
    USAGE = 2
    REFUSED = 3
    NO_CONNECTION = 4
    STORAGE = 5
    PARTIAL = 6


EXIT_CODES = """Exit codes: 0 done · 2 usage (an argument, a key, a setting) · 3 refused by the API, or an answer it
should not give · 4 no connection · 5 storage (the database) · 6 partial work (interrupted; what is stored stays)"""


def exit_of(error: KonfipayError) -> Exit:
    """The exit code for an error's kind."""
    if isinstance(error, ConfigurationError | ClientStateError):
        return Exit.USAGE
    if isinstance(error, StorageError):
        return Exit.STORAGE
    if isinstance(error, TransportError) and not isinstance(error, ResponseTooLargeError):
        return Exit.NO_CONNECTION
    return Exit.REFUSED
