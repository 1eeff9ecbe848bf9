"""Acknowledgements of what is committed: sent beside the next page, their answers noted, those left over sent first."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from konfipay_async.errors import (
    DecodeError,
    ForbiddenError,
    RateLimitedError,
    RouteUnknownError,
    ServerError,
    StatusError,
    UnauthorizedError,
)
from konfipay_async.pull.work import Step, Work
from konfipay_async.resources.results import Acknowledgement

__all__ = ["Settling"]

# Acknowledgements that may fail before as many have not.
_MOST_FAILED = 10
# Of those that are sent one by one: so that it is seen in time that they fail.
_MOST_UNDER_WAY = 32


class Settling:
    """The acknowledgements of one pull. `send` acknowledges at konfipay, `note` keeps the answer in the sink.

    Leave it with `settled`, or with `abandon` where something failed: what was committed stays pending then.
    """

    def __init__(
        self, work: Work, send: Callable[[str], Awaitable[Acknowledgement]], note: Callable[[str, str], None]
    ) -> None:
        self._work = work
        self._send = send
        self._note = note
        self._under_way: set[asyncio.Task[None]] = set()
        self._postponed: StatusError | DecodeError | None = None
        self._failed = 0

    async def resend(self, keys: Sequence[str], stop: asyncio.Event) -> None:
        """Send what an earlier pull committed and could not acknowledge."""
        for key in keys:
            if stop.is_set() or self._gives_up():
                return
            try:
                await self.settle(key)
            except StatusError as error:
                if isinstance(error, ServerError) or not _is_of_one_thing(error):
                    # It stays pending; one id that the API stumbles over must not keep all others from being pulled.
                    self.postpone(error)
                    self._failed += 1
                    continue
                # However the API says that it knows the id no longer: the rows come again if they are still new.
                await self._work.do(self._note, key, "refused")
                self._work.report.expired += 1
            self._work.report.resent += 1
            self._work.tell(Step.RESENT)

    async def settle(self, key: str) -> None:
        """Send one and note the answer."""
        outcome = await self._send(key)
        self._work.tell(Step.ACKNOWLEDGED)
        await self._work.do(self._note, key, outcome.value)
        self._work.report.acknowledged += outcome is Acknowledgement.ACKNOWLEDGED
        self._work.report.expired += outcome is Acknowledgement.GONE
        self._work.tell(Step.SETTLED)

    async def settle_apart(self, key: str) -> None:
        """The same, but where the API has a word about this one id the others go on: it stays pending.

        Where most of them fail, the word is about all of them, and the rest stays pending unasked.
        """
        if self._gives_up():
            return
        try:
            await self.settle(key)
        except StatusError as error:
            self.postpone(error)
            self._failed += 1

    def _gives_up(self) -> bool:
        return self._failed > max(_MOST_FAILED, self._work.report.acknowledged)

    async def room(self) -> None:
        """Wait until it is few enough that are under way. Raises what one of them met."""
        while len(self._under_way) >= _MOST_UNDER_WAY:
            await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
            self.collect()

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Do this beside all else: `settle`, or what ends in it."""
        self._under_way.add(asyncio.create_task(work))

    def collect(self) -> None:
        """Forget what is done. Raises what one of them met."""
        for task in [task for task in self._under_way if task.done()]:
            self._under_way.discard(task)  # one by one: those behind one that failed are still to be collected
            task.result()

    def postpone(self, error: StatusError | DecodeError) -> None:
        """Raise this when all else is done, if it is the first; at once where others would fare no better."""
        if not _is_of_one_thing(error):
            raise error
        self._postponed = self._postponed or error

    async def settled(self) -> None:
        """Wait for what is under way. Raises what one of them met, or what was postponed."""
        await asyncio.gather(*self._under_way)
        if self._postponed is not None:
            raise self._postponed

    async def abandon(self) -> None:
        """End what is under way."""
        for task in self._under_way:
            task.cancel()
        if self._under_way:
            await asyncio.gather(*self._under_way, return_exceptions=True)


def _is_of_one_thing(error: StatusError | DecodeError) -> bool:
    """Whether the API has a word about this one id only: others may fare better."""
    if isinstance(error, DecodeError):
        return True
    of_all = (UnauthorizedError, ForbiddenError, RateLimitedError, RouteUnknownError)
    return error.status >= 400 and error.status != 408 and not isinstance(error, of_all)
