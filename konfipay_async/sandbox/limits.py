"""Rate limits as a server counts them. Pure: the caller says what time it is (seconds of one clock).

konfipay: 100 requests a minute to public endpoints, 1000 a minute to authenticated ones, 429 above that, and sending is
possible again after a minute at the latest (API version 6, documented). The signed API: so many in two minutes as
`requestLimit` says (official SDK). Whether the period moves or is a fixed slot of the clock is not documented, so both
exist here. Nor is what is counted by: each sandbox has its own windows.
"""

import math
from collections import deque
from typing import Literal, Protocol

__all__ = ["FixedWindow", "MovingWindow", "Peak", "Window", "make_window"]


class Window(Protocol):
    """Admits requests, or says how long to wait."""

    def admit(self, now: float) -> float | None:
        """None when the request is admitted (and counted), else the seconds until the next one would be."""
        ...


class MovingWindow:
    """At most `limit` admitted requests in any `period` seconds. A refused request does not count."""

    def __init__(self, limit: int, period: float) -> None:
        self._limit = limit
        self._period = period
        self._free_at: deque[float] = deque()

    def admit(self, now: float) -> float | None:
        """See `Window`. A place is free again exactly `period` seconds after it was taken."""
        free_at = self._free_at
        while free_at and free_at[0] <= now:
            free_at.popleft()
        if len(free_at) >= self._limit:
            return min(free_at[0] - now, self._period)  # a float's last digit must not make it more
        free_at.append(now + self._period)
        return None


class FixedWindow:
    """At most `limit` admitted requests in each slot of `period` seconds, counted from `start`."""

    def __init__(self, limit: int, period: float, start: float) -> None:
        self._limit = limit
        self._period = period
        self._start = start
        self._slot = 0
        self._count = 0

    def admit(self, now: float) -> float | None:
        """See `Window`. All places are free again when the next slot begins."""
        slot = math.floor((now - self._start) / self._period)
        if slot != self._slot:
            self._slot, self._count = slot, 0
        if self._count >= self._limit:
            return min(self._start + (slot + 1) * self._period - now, self._period)
        self._count += 1
        return None


class Peak:
    """The largest number of requests that arrived within `period` seconds, refused ones included."""

    def __init__(self, period: float) -> None:
        self._period = period
        self._recent: deque[float] = deque()
        self.highest = 0

    def add(self, now: float) -> None:
        """Count one arrival."""
        recent = self._recent
        while recent and recent[0] + self._period <= now:
            recent.popleft()
        recent.append(now)
        self.highest = max(self.highest, len(recent))


def make_window(kind: Literal["moving", "fixed"], limit: int, period: float, start: float) -> Window:
    """The window of that kind; `start` is where the fixed slots begin."""
    return FixedWindow(limit, period, start) if kind == "fixed" else MovingWindow(limit, period)
