"""Work that must come to its end whatever becomes of whoever waits for it."""

import asyncio
from typing import TypeVar

import anyio

__all__ = ["to_the_end"]

T = TypeVar("T")


async def to_the_end(work: "asyncio.Future[T]") -> T:
    """Wait until `work` is done. The caller's cancellation is held back until then, and goes on afterwards."""
    cancelled: asyncio.CancelledError | None = None
    # The scope keeps anyio's cancellation out, which would come again and again; the loop keeps asyncio's.
    with anyio.CancelScope(shield=True):
        while not work.done():
            try:
                await asyncio.wait([work])
            except asyncio.CancelledError as cancellation:
                cancelled = cancellation
    if cancelled is not None:
        # Looked at, so that asyncio does not report an error as never retrieved.
        work.cancelled() or work.exception()
        raise cancelled
    return work.result()
