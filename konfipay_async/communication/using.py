"""How a client uses a log: the one it was asked for, opened with it and closed with it, once, by whichever view."""

import asyncio

from konfipay_async.communication.recorder import CommunicationLog, shared_log
from konfipay_async.errors import ConfigurationError
from konfipay_async.holding import to_the_end
from konfipay_async.session.clock import Clock

__all__ = ["LogUse"]


class LogUse:
    """One client's use of a log, shared by its views. `given` is a URL, whose log the process shares, or a log.

    ConfigurationError for anything else.
    """

    def __init__(self, given: object, clock: Clock) -> None:
        if not isinstance(given, str | CommunicationLog):
            raise ConfigurationError(
                f"communication_log must be a URL or a CommunicationLog, not {type(given).__name__}"
            )
        self.log = shared_log(given, clock) if isinstance(given, str) else given
        self._is_open = False

    async def open(self) -> None:
        """StorageError where it cannot be opened. Whoever is cancelled meanwhile has it open, and closes it."""
        await to_the_end(asyncio.create_task(asyncio.to_thread(self._open)))

    def _open(self) -> None:
        self.log.open()
        self._is_open = True

    async def close(self) -> None:
        """Write what waits. Closing twice is fine, and so is closing what was not opened."""
        if self._is_open:
            self._is_open = False
            # Somebody who is cancelled wants the log of it all the more.
            await to_the_end(asyncio.create_task(asyncio.to_thread(self.log.close)))
