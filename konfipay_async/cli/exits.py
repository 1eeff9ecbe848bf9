"""How a command ends: exit codes by kind, and errors as one clear message without a traceback."""

from enum import IntEnum

from konfipay_async.errors import (
    AlreadySubmittedError,
    ClientStateError,
    ConfigurationError,
    KonfipayError,
    OutcomeUnknownError,
    ResponseTooLargeError,
    StorageError,
    TransportError,
    WaitTimeoutError,
)

__all__ = ["EXIT_CODES", "LOOKS", "RECONCILED", "Exit", "advice", "exit_of"]


class Exit(IntEnum):
    """Exit codes."""

    DONE = 0
    BUG = 1
    USAGE = 2
    """Nothing was done: an argument, a key or a setting is wrong, nobody confirmed it, or the ledger says that the
    same was sent before."""
    REFUSED = 3
    """The API refused it, or the bank did: a payment that ended badly too."""
    NO_CONNECTION = 4
    STORAGE = 5
    PARTIAL = 6
    """Partly done, or nobody knows: interrupted, sent without an answer, or not over when the time was."""


EXIT_CODES = """Exit codes: 0 done · 2 nothing was done (an argument, a key, a setting, not confirmed, sent before) ·
3 refused by the API or the bank, or an answer it should not give · 4 no connection · 5 storage (database, ledger,
files) · 6 partial or unknown (interrupted; sent without an answer; not over in time)"""


LOOKS = {
    "payment_files.upload": "konfipay payments list",
    "payment_files.submit": "konfipay payments get RID",
    "payment_files.extract": "konfipay payments orders list",
    "payments.submit": "konfipay payments orders list",
    "bank_accounts.create": "konfipay accounts list",
    "documents.upload": "konfipay documents list",
    "paypal.accounts.create": "konfipay paypal accounts list",
}
"""Which command looks up what became of a request, by its route."""

RECONCILED = frozenset(
    {"payment_files.upload", "payment_files.extract", "payment_files.submit", "payments.create", "payments.submit"}
)
"""The routes of which `konfipay payments reconcile` finds out what became of a request."""


def exit_of(error: KonfipayError) -> Exit:
    """The exit code for an error's kind."""
    if isinstance(error, ConfigurationError | ClientStateError | AlreadySubmittedError):
        return Exit.USAGE
    if isinstance(error, StorageError):
        return Exit.STORAGE
    if isinstance(error, OutcomeUnknownError | WaitTimeoutError):
        return Exit.PARTIAL
    if isinstance(error, TransportError) and not isinstance(error, ResponseTooLargeError):
        return Exit.NO_CONNECTION
    return Exit.REFUSED


def advice(error: KonfipayError) -> str:
    """What to do on the command line about an error, empty where its own text says enough."""
    if isinstance(error, AlreadySubmittedError):
        return "konfipay payments ledger shows it. To send it in spite of that, say --again."
    if not isinstance(error, OutcomeUnknownError):
        return ""
    looks = LOOKS.get(error.kind, "")
    if error.ledger_entry is None:
        return looks and f"Look it up first: {looks}"
    if error.kind in RECONCILED:
        return (
            f"It is entry {error.ledger_entry} of the ledger, which will not let it be sent again. Look it up: "
            f"konfipay payments reconcile {error.ledger_entry}"
        )
    return (
        f"It is entry {error.ledger_entry} of the ledger, which will not let it be sent again. Look it up: {looks}, "
        f"then say what you found: konfipay payments settle {error.ledger_entry} arrived (or: absent)"
    )
