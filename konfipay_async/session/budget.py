"""The request budget: never more requests in any window of the server than it allows, whatever the latency.

A permit is taken before a request leaves and comes back one period after its *response*. The server counted the
request somewhere between its start and its response, so no window of one period, fixed or moving, can hold more
requests than there are permits. A request without a response may still arrive late: its permit comes back after a
period and a grace. The price is the latency: `limit · period / (period + latency)` requests per period.

Permits are handed out by lane (see `Lane`); bulk work leaves `reserve` of them to the others. aiolimiter smooths the
starts inside the window: one dispatcher, alive only while someone waits, takes a tick and then serves the best lane,
so the smoother cannot overtake lanes.
"""

import asyncio
import heapq
import math
import re
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Protocol

from konfipay_async.errors import ClientStateError, ConfigurationError
from konfipay_async.holding import close_all
from konfipay_async.session.clock import Clock, SystemClock
from konfipay_async.session.message import BudgetName, Lane

if TYPE_CHECKING:
    from aiolimiter import AsyncLimiter

__all__ = ["Budget", "BudgetStatus", "Budgets", "Limits", "Permit", "RequestBudget"]

# Two machines' clocks may run apart by some 100 millionths: 6 ms in a minute.
_DRIFT = 0.01


@dataclass(frozen=True)
class Limits:
    """How many requests the API accepts, and how they are spread. konfipay raises limits for some customers.

    `public` and `authenticated` are requests per `period` (seconds); the defaults are the documented ones of API
    version 6. `per_second` is how many may start in a second (default: three times the even rate, and as many at
    once). `reserve` is the fraction of the authenticated budget that bulk paging may not take, so that an
    interactive call does not wait behind it. `grace` (seconds) is how late a request may still arrive after its
    caller gave up on it.

    `shared` is the address of a Redis (``redis://``, ``rediss://`` or ``unix://``): the limits then hold for all
    processes that name the same one, and across their restarts; clients share the token there too. It needs the extra
    ``redis``. `away_share` is the fraction of the limits that each process takes for itself where Redis does not
    answer. Raises ConfigurationError for values that cannot be.
    """

    public: int = 100
    authenticated: int = 1000
    period: float = 60.0
    per_second: float | None = None
    reserve: float = 0.02
    grace: float = 30.0
    shared: str | None = field(default=None, repr=False)  # it may hold a password
    away_share: float = 0.1

    def __post_init__(self) -> None:
        for name in ("public", "authenticated"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ConfigurationError(f"Limits({name}={value!r}): give a whole number of requests, 1 or more")
        for name in ("period", "per_second"):
            value = getattr(self, name)
            if value is not None and not (_is_number(value) and value > 0):
                raise ConfigurationError(f"Limits({name}={value!r}): give a number above 0")
        if not (_is_number(self.reserve) and 0 <= self.reserve < 1):
            raise ConfigurationError(f"Limits(reserve={self.reserve!r}): give a fraction from 0 to below 1")
        if not (_is_number(self.grace) and self.grace >= 0):
            raise ConfigurationError(f"Limits(grace={self.grace!r}): give seconds, 0 or more")
        if self.shared is not None and not (isinstance(self.shared, str) and _REDIS.match(self.shared)):
            raise ConfigurationError("Limits(shared=…): give the address of a Redis, like 'redis://localhost:6379/0'")
        if not (_is_number(self.away_share) and 0 < self.away_share <= 1):
            raise ConfigurationError(f"Limits(away_share={self.away_share!r}): give a fraction above 0, at most 1")


_REDIS = re.compile(r"(rediss?|unix)://")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


@dataclass(frozen=True)
class BudgetStatus:
    """A budget at one moment.

    `left` permits can be taken now, `in_flight` are out with requests, the oldest of them for `lease_age` seconds, the
    rest of `limit` is on its way back.
    `waiting` counts callers, `longest_wait` is how long the first of them has waited, `next_in` in how many seconds
    one of them can be served (None where that depends on an answer), `paused_for` what is left of a pause after a
    429 (seconds). `granted` counts all permits ever given to requests.

    Of a shared budget, `left` is what Redis said last, and all else is of this process alone. `away` says that Redis
    does not answer; limit and left are then what this process takes for itself.
    """

    limit: int
    left: int
    in_flight: int
    waiting: int
    longest_wait: float
    next_in: float | None
    paused_for: float
    granted: int
    away: bool = False
    lease_age: float = 0.0


class Permit:
    """The right to send one request. Whoever holds it says how the request ended, once; later words change nothing."""

    __slots__ = ("_grace", "_open", "_take_back")

    def __init__(self, take_back: Callable[[float | None], None], grace: float) -> None:
        self._take_back = take_back
        self._grace = grace
        self._open = True

    def answered(self) -> None:
        """A response came: the permit returns after a period."""
        self._end(0.0)

    def unanswered(self) -> None:
        """No response came, the request may still arrive: the permit returns after a period and the grace."""
        self._end(self._grace)

    def unused(self) -> None:
        """Nothing left this machine: the permit is free at once."""
        self._end(None)

    def _end(self, grace: float | None) -> None:
        if self._open:
            self._open = False
            self._take_back(grace)


class RequestBudget(Protocol):
    """Permits for one limit: of this process, or kept in Redis for several.

    `limit` requests per `period` (seconds); `grace` (seconds) is how late one may arrive that nobody waits for.
    """

    limit: int
    period: float
    grace: float

    async def take(self, lane: Lane = Lane.SINGLE) -> Permit:
        """A permit, as soon as there is one for this lane. Cancelling the wait costs nothing."""

    def pause(self, seconds: float) -> None:
        """Give out no permit for so long. A pause can be prolonged, never shortened: only time ends it."""

    def status(self) -> BudgetStatus:
        """What is left, what waits and for how long."""

    async def close(self) -> None:
        """Let go of what is held outside of this process. The next permit that is asked for opens it again."""


class Budget:
    """Permits for one limit. A value one can hold: clients that are handed the same budget share it.

    It belongs to one event loop while in use, and goes with its permits to the next when that one is closed.
    """

    def __init__(
        self,
        limit: int,
        *,
        period: float = 60.0,
        per_second: float | None = None,
        reserve: float = 0.0,
        grace: float = 30.0,
        clock: Clock | None = None,
    ) -> None:
        self.limit = limit
        self.period = period
        self.grace = grace
        self._clock = clock or SystemClock()
        self._per_second = per_second
        self._reserve = reserve
        self._smoother = _smoother(self._rate)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._numbers = 0  # of permits
        self._stay = 0  # in how many loops it was before this one
        self._free = limit
        self._out: dict[int, float] = {}  # permits with requests, and since when; oldest first
        self._granted = 0
        self._returns: list[float] = []
        self._not_before = -math.inf
        self._waiting: dict[Lane, deque[_Waiter]] = {lane: deque() for lane in Lane}
        self._dispatcher: asyncio.Task[None] | None = None
        self._nudge: asyncio.Future[None] | None = None

    async def take(self, lane: Lane = Lane.SINGLE) -> Permit:
        """A permit, as soon as there is one for this lane. Cancelling the wait costs nothing."""
        self._move_in()
        if self._dispatcher is None and self._delay(lane) == 0 and self._smoother.has_capacity():
            await self._smoother.acquire()
            return self._grant()
        waiter = _Waiter(asyncio.get_running_loop().create_future(), self._clock.monotonic())
        self._waiting[lane].append(waiter)
        self._awaken()
        try:
            return await waiter.granted
        except asyncio.CancelledError:
            if waiter.granted.cancelled():
                with suppress(ValueError):  # the dispatcher may have thrown it out already
                    self._waiting[lane].remove(waiter)
                self._awaken()
            else:
                waiter.granted.result().unused()
            raise

    def pause(self, seconds: float) -> None:
        """Give out no permit for so long. A pause can be prolonged, never shortened: only time ends it."""
        self._not_before = max(self._not_before, self._clock.monotonic() + seconds)
        self._awaken()

    def resize(self, limit: int) -> None:
        """From now on the limit is this one: it became known, or was changed. What is out counts towards it."""
        self._free += limit - self.limit
        self.limit = limit
        self._smoother = _smoother(self._rate)
        self._awaken()

    async def close(self) -> None:
        """Nothing: all of it is in this process."""

    @property
    def _rate(self) -> float:
        return self._per_second if self._per_second is not None else 3 * self.limit / self.period

    @property
    def _reserved(self) -> int:
        return math.floor(self.limit * self._reserve)

    def status(self) -> BudgetStatus:
        """What is left, what waits and for how long."""
        self._collect()
        now = self._clock.monotonic()
        waiters = [waiter for lane in Lane for waiter in self._waiting[lane] if not waiter.granted.done()]
        lane = self._next_lane()
        delay = math.inf if lane is None else self._delay(lane)
        return BudgetStatus(
            limit=self.limit,
            left=max(0, self._free),
            in_flight=len(self._out),
            waiting=len(waiters),
            longest_wait=max((now - waiter.since for waiter in waiters), default=0.0),
            next_in=delay if math.isfinite(delay) else None,
            paused_for=max(0.0, self._not_before - now),
            granted=self._granted,
            lease_age=now - next(iter(self._out.values()), now),
        )

    def _move_in(self) -> None:
        """See that the budget is used in one event loop at a time."""
        loop = asyncio.get_running_loop()
        if loop is self._loop:
            return
        # Where somebody waits there is a dispatcher; it may also be about to end, and would not be replaced.
        if self._loop is not None and (self._out or self._dispatcher is not None):
            if not self._loop.is_closed():
                raise ClientStateError("this budget is in use in another event loop: each loop needs its own")
            self._waiting = {lane: deque() for lane in Lane}
            self._dispatcher = self._nudge = None
            # What was in flight when that loop was closed may have arrived; nobody is left to say so.
            for number in list(self._out):
                self._take_back(self._stay, number, self.grace)
            self._stay += 1
        self._loop = loop
        self._smoother = _smoother(self._rate)

    def _grant(self) -> Permit:
        self._free -= 1
        self._numbers += 1
        self._out[self._numbers] = self._clock.monotonic()
        self._granted += 1
        return Permit(partial(self._take_back, self._stay, self._numbers), self.grace)

    def _take_back(self, stay: int, number: int, grace: float | None) -> None:
        if stay != self._stay:
            return  # of a loop that was closed: counted back when the budget moved
        del self._out[number]
        if grace is None:
            self._free += 1
            self._granted -= 1
        else:
            heapq.heappush(self._returns, self._clock.monotonic() + self.period + _DRIFT + grace)
        self._awaken()

    def _collect(self) -> None:
        now = self._clock.monotonic()
        while self._returns and self._returns[0] <= now:
            heapq.heappop(self._returns)
            self._free += 1

    def _delay(self, lane: Lane) -> float:
        """Seconds until this lane can be served; infinite while that depends on requests in flight."""
        self._collect()
        now = self._clock.monotonic()
        missing = 1 + (self._reserved if lane is Lane.BULK else 0) - self._free
        if missing <= 0:
            ready = now
        elif missing <= len(self._returns):
            ready = heapq.nsmallest(missing, self._returns)[-1]
        else:
            return math.inf
        return max(ready, self._not_before) - now

    def _next_lane(self) -> Lane | None:
        """The best lane somebody waits in; no other could be served before it."""
        return next((lane for lane in Lane if self._someone_waits(lane)), None)

    def _someone_waits(self, lane: Lane) -> bool:
        return any(not waiter.granted.done() for waiter in self._waiting[lane])

    def _awaken(self) -> None:
        """Let the dispatcher look again, and see that there is one where someone waits."""
        if self._nudge is not None and not self._nudge.done():
            self._nudge.set_result(None)
        if self._dispatcher is None and any(self._someone_waits(lane) for lane in Lane):
            self._dispatcher = asyncio.get_running_loop().create_task(self._dispatch(), name="konfipay budget")
            self._dispatcher.add_done_callback(self._dispatched)

    async def _dispatch(self) -> None:
        has_tick = False
        while (lane := self._next_lane()) is not None:
            delay = self._delay(lane)
            if delay > 0:
                await self._rest(delay)
            elif not has_tick:
                await self._smoother.acquire()
                has_tick = True
            else:
                self._serve(lane)
                has_tick = False

    def _dispatched(self, task: "asyncio.Task[None]") -> None:
        if task is self._dispatcher:
            self._dispatcher = None
            # Whoever cancelled this task, perhaps before its first step, may not have meant those who wait for it.
            self._awaken()

    async def _rest(self, seconds: float) -> None:
        """Sleep so long, or until something changes."""
        self._nudge = asyncio.get_running_loop().create_future()
        waits: set[asyncio.Future[None]] = {self._nudge}
        if math.isfinite(seconds):
            waits.add(asyncio.ensure_future(self._clock.sleep(seconds)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            self._nudge = None

    def _serve(self, lane: Lane) -> None:
        waiting = self._waiting[lane]
        waiter = waiting.popleft()
        while waiter.granted.done():  # it was cancelled, and did not have its turn to say so
            waiter = waiting.popleft()
        waiter.granted.set_result(self._grant())


def _smoother(rate: float) -> "AsyncLimiter":
    # It reads the metadata of installed packages when imported: a seventh of our own import, and needed here first.
    from aiolimiter import AsyncLimiter

    burst = max(1.0, rate)
    return AsyncLimiter(burst, burst / rate)


@dataclass(frozen=True, eq=False, slots=True)
class _Waiter:
    granted: asyncio.Future[Permit]
    since: float


@dataclass(frozen=True)
class Budgets:
    """The two budgets a client draws from: the public one belongs to an origin, the authenticated one to an API key.

    Hand the same ones to several clients (`budgets=`) and they share them.
    """

    public: RequestBudget
    authenticated: RequestBudget

    def __post_init__(self) -> None:
        if self.public is self.authenticated:
            # A request that holds a permit may have to wait for the login's.
            raise ConfigurationError("Budgets: public and authenticated must be two budgets, the API counts them apart")

    @classmethod
    def from_limits(
        cls, limits: Limits, clock: Clock | None = None, *, origin: str | None = None, api_key: str | None = None
    ) -> "Budgets":
        """Fresh budgets for these limits.

        Where the limits are shared, `origin` (like "https://portal.konfipay.de") and `api_key` say with whom; close
        them when you are done. The key itself does not go to Redis. Raises ConfigurationError, MissingExtraError.
        """
        if limits.shared is not None:
            if not origin or not api_key:
                raise ConfigurationError("shared limits belong to an origin and an API key: give origin= and api_key=")
            from konfipay_async.session.shared import shared_budgets

            return cls(*shared_budgets(limits.shared, limits, clock or SystemClock(), origin=origin, api_key=api_key))

        def budget(limit: int, reserve: float) -> Budget:
            return Budget(
                limit,
                period=limits.period,
                per_second=limits.per_second,
                reserve=reserve,
                grace=limits.grace,
                clock=clock,
            )

        return cls(public=budget(limits.public, 0.0), authenticated=budget(limits.authenticated, limits.reserve))

    def of(self, name: BudgetName) -> RequestBudget:
        """The budget of that name."""
        return self.public if name == "public" else self.authenticated

    async def close(self) -> None:
        """Let go of what the budgets hold outside of this process: connections to Redis."""
        await close_all((self.public, self.authenticated))
