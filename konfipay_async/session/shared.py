"""The request budget kept in Redis: the limit holds for all processes together, and across their restarts.

It keeps the promise of `budget`, by Redis' clock and in one script that runs there as a whole. A permit is a member of
a sorted set, scored with the time at which it comes back. Who takes one leases it, and prolongs the lease until the
request has ended: so the permits of a process that was killed come back too, a lease, the grace and a period later.
The lanes hold between processes: who was refused leaves a mark, and a worse lane waits while a better one has a mark.

Where Redis knows nothing (at first, emptied, restarted, replaced), nobody gets a permit for a period and the grace:
what was sent before is not known. Where it does not answer, each process waits as long, and then goes by itself with
its `away_share` of the limit until Redis answers; what it took meanwhile is entered there before it takes more. After a
silence long enough for that, all together get no more than one such share for some seconds, in which everybody finds
back.
"""

import asyncio
import itertools
import logging
import math
import uuid
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from konfipay_async.errors import ClientStateError
from konfipay_async.session.budget import Budget, BudgetStatus, Limits, Permit
from konfipay_async.session.clock import Clock
from konfipay_async.session.message import Lane
from konfipay_async.session.shared_link import PATIENCE, Link, RedisAwayError, key_name

if TYPE_CHECKING:
    from redis.asyncio import Redis

__all__ = ["SharedBudget", "shared_budgets"]

logger = logging.getLogger(__name__)

# Two machines' clocks may run apart by some 100 millionths: 6 ms in a minute.
_DRIFT = 0.01
# A process that stands still for so long keeps its permits, however short the period.
_SHORTEST_LEASE = 3.0
# How many permits are asked for at once.
_BATCH = 16
# Who waits asks again after this long at the latest: a permit may come back before its lease ends.
_POLL = 1.0
# A Redis that was away is asked so often whether it is back, and its silence believed so long. For so long after it is
# back others may still be alone.
_PROBE = 1.0
_TRUST = _PROBE + PATIENCE + 0.5
_LAST_WORDS = 0.5

_SCRIPT = """
-- KEYS: epoch, permits, pace, marks of lane 0, marks of lane 1.
-- ARGV: what to do, how long nothing is granted after a loss, how long others may be alone, and more.
-- All times are milliseconds.
local clock = redis.call('TIME')
local now = clock[1] * 1000 + clock[2] / 1000

-- The epoch is how long this Redis has been counting. Another run of it may have lost what was written last.
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or ''
local epoch = redis.call('HMGET', KEYS[1], 'run', 'since')
local since = epoch[1] == run and tonumber(epoch[2]) or nil
if not since or since > now then
    since = now
    redis.call('HSET', KEYS[1], 'run', run, 'since', since)
end
local pace = redis.call('HMGET', KEYS[3], 'tick', 'paused', 'heard', 'careful')
local tick = math.max(tonumber(pace[1] or 0), now)
local paused = tonumber(pace[2] or 0)
local careful = tonumber(pace[4] or 0)
-- After so long a silence there may be processes that could not be heard, and took something. Or none that wanted to.
if now - tonumber(pace[3] or now) > tonumber(ARGV[2]) then
    careful = now + ARGV[3]
end
redis.call('HSET', KEYS[3], 'heard', now, 'careful', careful)

-- put: whether it comes from one who was alone, pause, then id and after how long it comes back, and so on.
-- A pause is only ever prolonged.
if ARGV[1] == 'put' then
    if ARGV[4] == '1' then
        redis.call('HSET', KEYS[3], 'careful', now + ARGV[3])
    end
    if now + ARGV[5] > math.max(paused, now) then
        redis.call('HSET', KEYS[3], 'paused', now + ARGV[5])
    end
    for i = 6, #ARGV, 2 do
        if tonumber(ARGV[i + 1]) > 0 then
            redis.call('ZADD', KEYS[2], now + ARGV[i + 1], ARGV[i])
        else
            redis.call('ZREM', KEYS[2], ARGV[i])
        end
    end
    return 0
end

-- take: who, lane, limit, reserved, share of one who is alone, lease, interval between starts, how far ahead of it,
-- longest poll; then ids.
local who, lane, limit, reserved = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local share, lease, interval = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local ahead, poll = tonumber(ARGV[11]), tonumber(ARGV[12])
local first = 13
local asked = #ARGV - first + 1
local unknown = math.max(since + ARGV[2] - now, 0)
local closed = math.max(unknown, paused - now)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
-- Asked a second time because no answer came: what the first time granted is granted anew, and not beside it.
redis.call('ZREM', KEYS[2], unpack(ARGV, first))

-- A better lane somewhere else: it comes soon, or its mark ends.
local behind = 0
for better = 0, lane - 1 do
    local marks = KEYS[4 + better]
    redis.call('ZREM', marks, who)
    redis.call('ZREMRANGEBYSCORE', marks, '-inf', now)
    if redis.call('ZCARD', marks) > 0 then
        behind = 20
    end
end

local taken = redis.call('ZCARD', KEYS[2])
local open = limit - reserved - taken
-- All together take no more than one who is alone, until those who are have entered what they took.
local cautious = now < careful and share < limit - reserved
if cautious then
    open = share - taken
end
local granted = 0
if closed == 0 and behind == 0 then
    while granted < asked and granted < open and tick - now <= ahead do
        redis.call('ZADD', KEYS[2], now + lease, ARGV[first + granted])
        granted = granted + 1
        tick = tick + interval
    end
end
if granted > 0 then
    redis.call('HSET', KEYS[3], 'tick', tick)
end

-- When the next one can be had.
local wait = math.max(closed, behind, tick - now - ahead)
if granted >= open then
    local place = granted - open
    local back = redis.call('ZRANGE', KEYS[2], place, place, 'WITHSCORES')[2]
    back = back and back - now or poll
    wait = math.max(wait, cautious and math.min(back, careful - now) or back)
end
if lane < 2 then
    if granted < asked then
        redis.call('ZADD', KEYS[4 + lane], now + math.min(wait, poll) + 500, who)
        redis.call('PEXPIRE', KEYS[4 + lane], math.ceil(poll) + 500)
    else
        redis.call('ZREM', KEYS[4 + lane], who)
    end
end
return {granted, math.ceil(wait), limit - taken - granted, math.ceil(closed), math.ceil(unknown)}
"""


def shared_budgets(
    url: str, limits: Limits, clock: Clock, *, origin: str, api_key: str
) -> tuple["SharedBudget", "SharedBudget"]:
    """The public and the authenticated budget of these limits: the first of an origin, the second of a key there.

    `url` is where Redis is. Raises ConfigurationError, MissingExtraError.
    """
    shares = [_share(limit, limits.away_share) for limit in (limits.public, limits.authenticated)]
    link = Link(
        url,
        clock=clock,
        meanwhile=f"after {limits.period + limits.grace:g} s this process goes by itself, with {shares[0]} public and "
        f"{shares[1]} authenticated requests per {limits.period:g} s, until it does",
    )

    def budget(name: str, limit: int, reserve: float) -> SharedBudget:
        return SharedBudget(
            link,
            name,
            limit,
            period=limits.period,
            per_second=limits.per_second,
            reserve=reserve,
            grace=limits.grace,
            away_share=limits.away_share,
            clock=clock,
        )

    return (
        budget(f"{origin}:public", limits.public, 0.0),
        budget(f"{origin}:{key_name(api_key)}", limits.authenticated, limits.reserve),
    )


def _share(limit: int, away_share: float) -> int:
    return max(1, math.floor(limit * away_share))


class SharedBudget:
    """Permits for one limit, in Redis; see `budget.Budget` for what they mean.

    `link` leads to the Redis, `name` is what it is called there: whoever uses the same name shares it, and must give
    the same limit and period. `away_share` is the fraction of the limit this process takes for itself where Redis is
    away. It belongs to one event loop while in use.
    """

    def __init__(
        self,
        link: Link,
        name: str,
        limit: int,
        *,
        period: float = 60.0,
        per_second: float | None = None,
        reserve: float = 0.0,
        grace: float = 30.0,
        away_share: float = 0.1,
        clock: Clock,
    ) -> None:
        self.limit = limit
        self.period = period
        self.grace = grace
        self._link = link
        parts = ("permits", "pace", "marks0", "marks1")
        self._keys = ["konfipay:epoch", *(f"konfipay:{name}:{part}" for part in parts)]
        self._per_second = per_second
        self._reserve = reserve
        self._away_share = away_share
        self._clock = clock
        # After so long Redis has a permit back, whatever became of its holder.
        self._forgotten_after = max(period, _SHORTEST_LEASE) + grace + period
        self._renewed_after = period / 3
        # Whoever was alone must be back before a Redis that was restarted grants the first permit.
        self._probe_after = min(_PROBE, (period + grace) / 4)
        self._granted = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._out: dict[str, float] = {}  # permits with requests, and when to prolong their lease; soonest first
        self._ended: dict[str, float] = {}  # permits that Redis must hear of, and when they come back
        self._paused_until = -math.inf  # by a 429 that was answered here
        self._pause_is_told = True
        self._alone: _Alone | None = None
        self._begin()

    def _begin(self) -> None:
        """Be somebody new, in another loop and perhaps in a process that was forked. What was sent stays sent."""
        back = self._clock.monotonic() + self.period + _DRIFT + self.grace
        # What was in flight when that loop was closed may have arrived; nobody is left to say so.
        self._ended.update(dict.fromkeys(self._out, back))
        if self._alone is not None:
            self._alone.begin(back)
        self._me = uuid.uuid4().hex
        self._ids = itertools.count()
        self._waiting: dict[Lane, deque[_Waiter]] = {lane: deque() for lane in Lane}
        self._out = {}
        self._since: dict[str, float] = {}  # the permits that are out, and since when; oldest first
        self._left = self.limit
        self._next_at = -math.inf
        self._closed_until = -math.inf
        self._unknown_until = -math.inf
        self._dispatcher: asyncio.Task[None] | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._is_closed = False
        self._refused_lane = Lane.ACKNOWLEDGE
        self._dispatcher_rest = _Rest(self._clock)
        self._keeper_rest = _Rest(self._clock)

    async def take(self, lane: Lane = Lane.SINGLE) -> Permit:
        """A permit, as soon as there is one for this lane. Cancelling the wait costs nothing."""
        self._move_in()
        self._is_closed = False
        waiter = _Waiter(asyncio.get_running_loop().create_future(), self._clock.monotonic())
        self._waiting[lane].append(waiter)
        # A lane that has to wait longer than the one that waits already changes nothing.
        self._awaken(look_again=lane < self._refused_lane)
        try:
            return await waiter.granted
        except asyncio.CancelledError:
            if waiter.granted.cancelled():
                with suppress(ValueError):  # the dispatcher may have thrown it out already
                    self._waiting[lane].remove(waiter)
                self._awaken()
            elif waiter.granted.exception() is None:
                waiter.granted.result().unused()
            raise

    def pause(self, seconds: float) -> None:
        """Give out no permit for so long, in no process. Only ever prolonged: nothing but time ends it."""
        self._move_in()
        until = self._clock.monotonic() + seconds
        if until > self._paused_until:
            self._paused_until = until
            self._pause_is_told = False
            self._keep()

    def status(self) -> BudgetStatus:
        """What is left as Redis said last; what waits here and for how long."""
        now = self._clock.monotonic()
        waiters = [waiter for lane in Lane for waiter in self._waiting[lane] if not waiter.granted.done()]
        if self._alone is not None:
            alone = self._alone.budget.status()
            rest = self._rest_alone(self._alone)
            limit, left, paused_for = alone.limit, alone.left, rest
            next_in = max(rest, alone.next_in or 0.0) if rest or alone.next_in is not None else None
        else:
            limit, left = self.limit, max(0, self._left)
            next_in = max(0.0, max(self._next_at, self._paused_until) - now)
            paused_for = max(0.0, max(self._paused_until, self._closed_until) - now)
        return BudgetStatus(
            limit=limit,
            left=left,
            in_flight=len(self._out),
            waiting=len(waiters),
            longest_wait=max((now - waiter.since for waiter in waiters), default=0.0),
            next_in=next_in if waiters else None,
            paused_for=paused_for,
            granted=self._granted,
            away=self._alone is not None,
            lease_age=now - next(iter(self._since.values()), now),
        )

    async def close(self) -> None:
        """Tell Redis what it does not know yet, if it answers, and close the connections.

        Whoever waits for a permit gets a ClientStateError. Asking for another permit opens it again.
        """
        if self._loop is not asyncio.get_running_loop():
            return
        self._turn_away()
        self._dispatcher_rest.end()
        # What was asked for is being answered, and requests that were cancelled a moment ago are about to say how they
        # ended. What cannot be told now ends with its lease.
        if self._dispatcher is not None and self._alone is None:
            await asyncio.wait([self._dispatcher], timeout=_LAST_WORDS)
        if self._keeper is not None and self._alone is None:
            await asyncio.wait([self._keeper], timeout=_LAST_WORDS)
        self._is_closed = True
        self._turn_away()
        tasks = [task for task in (self._dispatcher, self._keeper) if task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if self._best_lane() is not None:  # somebody asked for another permit meanwhile
            self._is_closed = False
            self._awaken()
        await self._link.close()

    def _turn_away(self) -> None:
        for waiting in self._waiting.values():
            for waiter in waiting:
                if not waiter.granted.done():
                    waiter.granted.set_exception(ClientStateError("the budget was closed while this waited for it"))
            waiting.clear()

    def _move_in(self) -> None:
        """See that the budget is used in one event loop at a time."""
        loop = asyncio.get_running_loop()
        if loop is self._loop:
            return
        in_use = self._out or self._dispatcher is not None or self._best_lane() is not None
        if self._loop is not None and not self._loop.is_closed() and in_use:
            raise ClientStateError("this budget is in use in another event loop: each loop needs its own")
        # For the first one too: the budget may have been made before this process was forked.
        self._begin()
        self._loop = loop

    # Permits

    def _hand_out(self, permit_id: str, lane: Lane) -> None:
        """Give it to the first who waits in this lane or a better one; to nobody is fine too."""
        now = self._clock.monotonic()
        self._out[permit_id] = now + self._renewed_after
        self._since[permit_id] = now
        self._granted += 1
        permit = Permit(partial(self._take_back, self._me, permit_id), self.grace)
        for better in Lane:
            waiting = self._waiting[better]
            while better <= lane and waiting:
                waiter = waiting.popleft()
                if not waiter.granted.done():
                    waiter.granted.set_result(permit)
                    if self._keeper is None:
                        self._keep()
                    return
        permit.unused()

    def _take_back(self, me: str, permit_id: str, grace: float | None) -> None:
        if me != self._me:
            return  # of a loop that was closed: counted as arrived since
        del self._out[permit_id], self._since[permit_id]
        now = self._clock.monotonic()
        back = now if grace is None else now + self.period + _DRIFT + grace
        if grace is None:
            self._granted -= 1
        self._ended[permit_id] = back
        if self._alone is not None:
            self._alone.take_back(permit_id, grace)
            if permit_id in self._alone.borrowed:
                self._alone.borrowed.discard(permit_id)
                self._alone.rest_until = max(self._alone.rest_until, back)
        self._keep()

    # Who waits

    def _best_lane(self) -> Lane | None:
        for lane in Lane:
            if any(not waiter.granted.done() for waiter in self._waiting[lane]):
                return lane
        return None

    def _awaken(self, *, look_again: bool = True) -> None:
        """Let the dispatcher look again, and see that there is one where someone waits."""
        if look_again:
            self._dispatcher_rest.end()
        if self._dispatcher is None and not self._is_closed and self._best_lane() is not None:
            self._dispatcher = asyncio.get_running_loop().create_task(self._dispatch(), name="konfipay shared budget")
            self._dispatcher.add_done_callback(self._dispatched)
        if self._alone is not None:
            self._keep()

    def _dispatched(self, task: "asyncio.Task[None]") -> None:
        if task is self._dispatcher:
            self._dispatcher = None
            # Whoever cancelled this task, perhaps before its first step, may not have meant those who wait for it.
            self._awaken()

    async def _dispatch(self) -> None:
        while (lane := self._best_lane()) is not None:
            wait = await (self._ask_redis(lane) if self._alone is None else self._ask_alone(lane, self._alone))
            if wait > 0 and self._best_lane() == lane:
                self._refused_lane = lane
                await self._dispatcher_rest.sleep(min(wait, self._poll))
                self._refused_lane = Lane.ACKNOWLEDGE

    async def _ask_redis(self, lane: Lane) -> float:
        """Ask for as many permits as this lane needs; seconds until there may be more."""
        now = self._clock.monotonic()
        if self._paused_until > now:
            return self._paused_until - now
        rate = self._per_second if self._per_second is not None else 3 * self.limit / self.period
        ids = [f"{self._me}:{next(self._ids)}" for _ in range(min(_BATCH, len(self._waiting[lane])))]
        try:
            granted, wait, left, closed, unknown = await self._run(
                "take",
                self._me,
                int(lane),
                self.limit,
                math.floor(self.limit * self._reserve) if lane is Lane.BULK else 0,
                _share(self.limit, self._away_share),
                1000 * self._forgotten_after,
                1000 / rate,
                1000 * (max(1.0, rate) - 1) / rate,
                1000 * self._poll,
                *ids,
            )
        except BaseException as error:
            # Some may have been granted, to nobody.
            self._ended.update(dict.fromkeys(ids, now))
            if not isinstance(error, RedisAwayError):
                raise
            self._be_alone(error)
            return 0.0
        now = self._clock.monotonic()
        if self._paused_until > now:  # by a 429 that was answered meanwhile
            self._ended.update(dict.fromkeys(ids[:granted], now))
            self._keep()
            return self._paused_until - now
        self._left = left
        self._next_at = now + wait / 1000
        self._closed_until = now + closed / 1000
        if unknown and self._unknown_until + 1 < now:  # not once more for a last millisecond
            self._unknown_until = now + unknown / 1000
            logger.info("Redis does not know what was sent before: nothing is sent for %.1f s", unknown / 1000)
        if self._alone is not None:  # the keeper had no answer meanwhile
            self._alone.borrowed.update(ids[:granted])
        for permit_id in ids[:granted]:
            self._hand_out(permit_id, lane)
        return float(wait) / 1000

    @property
    def _poll(self) -> float:
        return min(_POLL, self.period / 4)

    # What Redis must hear: permits that ended, leases to prolong, pauses

    def _keep(self) -> None:
        """See that somebody tells it."""
        self._keeper_rest.end()
        if self._keeper is None and not self._is_closed and self._next_errand() is not None:
            self._keeper = asyncio.get_running_loop().create_task(self._run_errands(), name="konfipay shared permits")
            self._keeper.add_done_callback(self._kept)

    def _kept(self, task: "asyncio.Task[None]") -> None:
        if task is self._keeper:
            self._keeper = None
            if task.cancelled():
                # The loop ends, and with it the requests: no new task for each of them.
                self._is_closed = True
            else:
                self._keep()

    def _next_errand(self) -> float | None:
        """When there is something to tell; None where there is nothing."""
        if self._alone is not None:
            waits = self._ended or self._out or self._best_lane() is not None
            return self._alone.probe_at if waits else None
        if self._ended or not self._pause_is_told:
            return -math.inf
        return next(iter(self._out.values()), None)

    async def _run_errands(self) -> None:
        while (due := self._next_errand()) is not None:
            delay = due - self._clock.monotonic()
            if delay > 0:
                await self._keeper_rest.sleep(delay)
            else:
                await self._tell()

    async def _tell(self) -> None:
        alone = self._alone
        now = self._clock.monotonic()
        ended = dict(self._ended)
        leased = [permit_id for permit_id, due in self._out.items() if alone is not None or due <= now]
        paused_until = self._paused_until
        pause = max(0.0, paused_until - now)
        was_alone = int(alone is not None and alone.granted)
        news: list[str | float] = []
        for permit_id, at in ended.items():
            news += (permit_id, 1000 * (at - now))
        for permit_id in leased:
            news += (permit_id, 1000 * self._forgotten_after)
        try:
            await self._run("put", was_alone, 1000 * pause, *news)
        except RedisAwayError as error:
            self._be_alone(error)
            return
        for permit_id, at in ended.items():
            self._ended.pop(permit_id, None)
            if at <= now:
                self._dispatcher_rest.end()  # it is free at once
        for permit_id in leased:
            if self._out.pop(permit_id, None) is not None:
                self._out[permit_id] = now + self._renewed_after
        self._pause_is_told = self._paused_until == paused_until
        if alone is not None:
            if self._ended or not self._out.keys() <= set(leased):
                alone.probe_at = now  # something happened meanwhile: that first
            else:
                self._alone = None
                self._dispatcher_rest.end()

    async def _run(self, *arguments: str | float) -> Any:
        loss, trust = 1000 * (self.period + self.grace), 1000 * _TRUST
        keys: list[Any] = list(self._keys)

        async def ask(redis: "Redis") -> Any:
            return await redis.register_script(_SCRIPT)(keys, [arguments[0], loss, trust, *arguments[1:]])

        return await self._link.run(ask)

    # Without Redis

    def _be_alone(self, error: RedisAwayError) -> None:
        now = self._clock.monotonic()
        if self._alone is None:
            budget = Budget(
                _share(self.limit, self._away_share),
                period=self.period,
                per_second=None if self._per_second is None else self._per_second * self._away_share,
                reserve=self._reserve,
                grace=self.grace,
                clock=self._clock,
            )
            self._alone = _Alone(budget, borrowed=set(self._out))
        # Where nobody asked for a while, Redis may have been back for the others meanwhile.
        if now - self._alone.silent_at > _TRUST:
            self._alone.rest_until = max(self._alone.rest_until, error.since + self.period + self.grace)
        self._alone.silent_at = now
        self._alone.probe_at = now + self._probe_after
        self._ended = {permit_id: at for permit_id, at in self._ended.items() if now - at < self._forgotten_after}
        self._awaken()

    async def _ask_alone(self, lane: Lane, alone: "_Alone") -> float:
        if self._clock.monotonic() - alone.silent_at > _TRUST:
            return self._probe_after  # it is being asked whether it is back
        if alone.borrowed:
            return self._probe_after
        if rest := self._rest_alone(alone):
            return rest
        taking = asyncio.get_running_loop().create_task(alone.budget.take(lane))
        try:
            self._refused_lane = lane
            await self._dispatcher_rest.sleep(_PROBE, taking)
        finally:
            taking.cancel()
        await asyncio.wait([taking])
        if not taking.cancelled():
            permit = taking.result()
            if self._alone is alone and not self._rest_alone(alone):
                alone.granted = True
                permit_id = f"{self._me}:{next(self._ids)}"
                alone.permits[permit_id] = permit
                self._hand_out(permit_id, lane)
            else:
                permit.unused()
        return 0.0

    def _rest_alone(self, alone: "_Alone") -> float:
        return max(0.0, max(alone.rest_until, self._paused_until) - self._clock.monotonic())


class _Alone:
    """A process without Redis: its own small budget, until when it rests, when Redis was silent last and will be asked.

    `borrowed` are the permits Redis gave that are still out: their requests come on top, so nothing is granted before
    a period has passed after the last of them.
    """

    def __init__(self, budget: Budget, borrowed: set[str]) -> None:
        self.budget = budget
        self.borrowed = borrowed
        self.permits: dict[str, Permit] = {}
        self.granted = False
        self.rest_until = self.silent_at = self.probe_at = -math.inf

    def begin(self, back: float) -> None:
        """Go on in another loop, where what is out comes back then."""
        if self.borrowed:
            self.rest_until = max(self.rest_until, back)
        self.borrowed.clear()
        self.permits.clear()  # the budget knows that their loop is closed

    def take_back(self, permit_id: str, grace: float | None) -> None:
        permit = self.permits.pop(permit_id, None)
        if permit is None:
            return  # Redis gave it
        if grace is None:
            permit.unused()
        elif grace:
            permit.unanswered()
        else:
            permit.answered()


class _Rest:
    """A sleep that others may end."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._nudge: asyncio.Future[None] | None = None

    def end(self) -> None:
        if self._nudge is not None and not self._nudge.done():
            self._nudge.set_result(None)

    async def sleep(self, seconds: float, *others: "asyncio.Future[Any]") -> None:
        """So long, or until somebody ends it, or one of the others is done."""
        self._nudge = asyncio.get_running_loop().create_future()
        sleeping = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait({self._nudge, sleeping, *others}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            self._nudge = None


@dataclass(frozen=True, eq=False, slots=True)
class _Waiter:
    granted: "asyncio.Future[Permit]"
    since: float
