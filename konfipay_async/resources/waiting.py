"""Asking again and again, politely: pauses that grow, up to a deadline."""

from konfipay_async.session.clock import Clock

__all__ = ["Pauses"]

_GROWTH = 1.5


class Pauses:
    """Pauses from `first` up to `most` seconds, until `timeout` seconds are over; the last is cut to what is left."""

    def __init__(self, clock: Clock, timeout: float, *, first: float, most: float) -> None:
        self._clock = clock
        self._ends_at = clock.monotonic() + timeout
        self._next = first
        self._most = most

    async def pause(self) -> bool:
        """Wait for the next look; False where the time is over."""
        left = self._ends_at - self._clock.monotonic()
        if left <= 0:
            return False
        await self._clock.sleep(min(self._next, left))
        self._next = min(self._most, self._next * _GROWTH)
        return True
