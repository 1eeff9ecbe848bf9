"""A function of one's own as the sink of a pull: ``await function(transactions)`` with the rows of a page."""

from collections.abc import Awaitable, Callable, Sequence

from konfipay_async.models.transactions import Transaction
from konfipay_async.pull.sinks import Written

__all__ = ["FunctionSink"]


class FunctionSink:
    """Hands each page to an async function, on the event loop of the pull, one page at a time.

    A page is acknowledged only after the function returned for it: what it was given must be safe by then. What it
    raises ends the pull, and that page comes again with the next one; so does a page whose acknowledgement did not go
    out, as nothing is kept here that could be sent later. So a page may come twice, and the function tells bookings it
    knows by their `rid`. It may return `Written`; where it returns None, all rows count as new. Cancelling the pull
    cancels the function.
    """

    def __init__(self, function: Callable[[Sequence[Transaction]], Awaitable[Written | None]]) -> None:
        self._function = function

    @property
    def lasts(self) -> bool:
        """Taken for granted: the function returns when its rows are safe."""
        return True

    def open(self) -> None:
        """Nothing to open."""

    def close(self) -> None:
        """Nothing to close."""

    async def write(self, transactions: Sequence[Transaction], acknowledgement_id: str | None) -> Written:
        """Await the function; the id is not kept."""
        written = await self._function(transactions)
        if written is not None:
            return written
        return Written(new=len({transaction.rid for transaction in transactions}), known=0)

    def pending(self) -> list[str]:
        """No ids are kept."""
        return []

    def settle(self, acknowledgement_id: str, outcome: str) -> None:
        """No ids are kept."""
