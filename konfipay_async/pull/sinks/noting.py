"""What a sink that is a database keeps beside bookings: notes of pulls, and what is acknowledged one by one.

A sink without these is no worse a sink: it remembers no days, so a range is read from its beginning again.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Literal, NamedTuple, Protocol

from konfipay_async.models.paypal import PayPalTransaction
from konfipay_async.models.transaction_files import TransactionFile
from konfipay_async.pull.sinks import Sink, Written

__all__ = ["Notes", "Run", "SavedFile", "Single", "Singles", "What", "notes_of", "singles_of"]

Single = Literal["files", "paypal"]
"""What is acknowledged one by one."""

What = Literal["transactions", "files", "paypal"]
"""What a pull reads."""


class Run(NamedTuple):
    """What a pull is about, as it is noted. `since` and `until` are days, where it reads a range."""

    what: What
    mode: Literal["new", "range"]
    acknowledges: bool
    since: date | None = None
    until: date | None = None


class Notes(Protocol):
    """What a sink remembers of pulls: `sink.notes`. Blocks as a sink does.

    A `selection` says which rows of a day were asked for.
    """

    def begin(self, run: Run) -> str:
        """Note that a pull began; what to call it when it ends."""

    def end(self, run_id: str, outcome: str, error: str | None, counts: Mapping[str, int]) -> None:
        """Note how it ended; `error` is the kind of it."""

    def days(self, selection: str, first: date, last: date) -> dict[date, int]:
        """The days from first to last that were read to their end, and how many rows each had."""

    def mark_days(self, selection: str, rows: Mapping[date, int]) -> None:
        """Note that these days were read to their end."""

    def unmark_days(self, selection: str, days: Collection[date]) -> None:
        """Forget that these days were read."""


class SavedFile(NamedTuple):
    """A file on the disk: its name inside the folder, its size in bytes, and the hash of its content."""

    name: str
    size: int
    sha256: str


class Singles(Protocol):
    """Where a sink keeps what is acknowledged one by one: `sink.singles`. Blocks as a sink does.

    What is kept and the wish to acknowledge it are kept together; what is wished for and not settled is pending.
    """

    def saved(self, rid: str) -> SavedFile | None:
        """Where the file of this rid is, None where it was never kept."""

    def keep_file(self, file: TransactionFile, saved: SavedFile, *, acknowledge: bool) -> Written:
        """Keep what is known of a file that is on the disk."""

    def keep_paypal(self, transactions: Sequence[PayPalTransaction], *, acknowledge: bool) -> Written:
        """Keep transactions, all or none."""

    def pending(self, what: Single) -> list[str]:
        """The rids that are to be acknowledged, oldest first."""

    def settle(self, what: Single, rid: str, outcome: str) -> None:
        """Note what became of an acknowledgement."""


def notes_of(sink: Sink) -> Notes | None:
    """What the sink remembers of pulls; None where it is no database, and remembers nothing."""
    return getattr(sink, "notes", None)


def singles_of(sink: Sink) -> Singles | None:
    """Where the sink keeps what is acknowledged one by one; None where it is no database."""
    return getattr(sink, "singles", None)
