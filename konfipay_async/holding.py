"""Work that must come to its end whatever becomes of whoever waits for it."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Protocol, TypeVar

import anyio

__all__ = ["close_all", "to_the_end"]

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


class _Closes(Protocol):
    async def close(self) -> None: ...


async def close_all(things: Sequence[_Closes]) -> None:
    """Close them in this order, each whatever the others raise and whatever becomes of the caller."""

    async def close() -> None:
        async with AsyncExitStack() as stack:
            for thing in reversed(things):
                stack.push_async_callback(thing.close)

    if things:
        await to_the_end(asyncio.get_running_loop().create_task(close()))
