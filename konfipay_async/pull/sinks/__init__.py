"""Where a pull writes: what a sink promises. One module per kind; a kind's libraries are loaded with its module.

`konfipay_async.pull.sinks.sql` writes into a database, SQLite or PostgreSQL, `sinks.files` into JSON lines, CSV or
Parquet, `sinks.function` calls a function of yours; `sinks.addresses.sink_at` chooses by an address.
"""

from collections.abc import Coroutine, Sequence
from typing import Any, NamedTuple, Protocol

from konfipay_async.models.transactions import Transaction

__all__ = ["Sink", "Written"]


class Written(NamedTuple):
    """How many bookings of a page the sink had not seen before, and how many it had. One sent twice counts once.

    `changed` of the known ones say something else than they did; a changed `is_new` is no change of the booking.
    """

    new: int
    known: int
    changed: int = 0


class Sink(Protocol):
    """What a pull needs. Its methods block: the pull calls them in worker threads, one at a time. Where `write` is a
    coroutine function it is awaited on the event loop instead. A sink that may wait for long can have a method
    `give_up()`: it is called on the event loop when the pull is cancelled while a call is under way, which then should
    not wait any longer.

    `write` returns once the page *and* the id that acknowledges it are kept together for good: only then may the
    page be acknowledged. A page that comes again changes nothing but what changed in it.
    """

    @property
    def lasts(self) -> bool:
        """Whether what is written outlives the process; asked when open. Without it nothing may be acknowledged."""

    def open(self) -> None:
        """Make ready. StorageBusyError where another pull or program holds it, StorageError where it cannot be used."""

    def close(self) -> None:
        """Let go of everything. Closing twice does nothing."""

    def write(
        self, transactions: Sequence[Transaction], acknowledgement_id: str | None
    ) -> Written | Coroutine[Any, Any, Written]:
        """Keep a page and the id that acknowledges it, both or neither."""

    def pending(self) -> list[str]:
        """The ids that were kept and not settled, oldest first."""

    def settle(self, acknowledgement_id: str, outcome: str) -> None:
        """Note what became of an id: it is pending no longer."""
