"""Where a pull writes: what a sink promises. One module per kind; a kind's libraries are loaded with its module.

`konfipay_async.pull.sinks.sql` writes into a database.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Literal, NamedTuple, Protocol

from konfipay_async.models.transactions import Transaction

__all__ = ["Notes", "Run", "Sink", "What", "Written", "notes_of"]

What = Literal["transactions", "files", "paypal"]
"""What a pull reads."""


class Written(NamedTuple):
    """How many bookings of a page the sink had not seen before, and how many it had. One sent twice counts once."""

    new: int
    known: int


class Sink(Protocol):
    """What a pull needs. Its methods block: the pull calls them in worker threads, one at a time.

    `write` returns once the page *and* the id that acknowledges it are kept together for good: only then may the
    page be acknowledged. A page that comes again changes nothing but what changed in it.
    """

    @property
    def lasts(self) -> bool:
        """Whether what is written outlives the process; asked when open. Without it nothing may be acknowledged."""

    def open(self) -> None:
        """Make ready. StorageBusyError where another pull holds the sink, StorageError where it cannot be used."""

    def close(self) -> None:
        """Let go of everything. Closing twice does nothing."""

    def write(self, transactions: Sequence[Transaction], acknowledgement_id: str | None) -> Written:
        """Keep a page and the id that acknowledges it, both or neither."""

    def pending(self) -> list[str]:
        """The ids that were kept and not settled, oldest first."""

    def settle(self, acknowledgement_id: str, outcome: str) -> None:
        """Note what became of an id: it is pending no longer."""


class Run(NamedTuple):
    """What a pull is about, as it is noted. `since` and `until` are booking days, where it reads a range."""

    what: What
    mode: Literal["new", "range"]
    acknowledges: bool
    since: date | None = None
    until: date | None = None


class Notes(Protocol):
    """What a sink that is a database remembers of pulls: `sink.notes`. Blocks as a sink does.

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


def notes_of(sink: Sink) -> Notes | None:
    """What the sink remembers of pulls; None where it is no database, and remembers nothing."""
    return getattr(sink, "notes", None)
