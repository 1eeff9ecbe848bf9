"""The session: the one loop every request goes through, and the one place that sleeps.

budget → authorise → send → record → read → decide. No step looks back over another's shoulder. Knows no resource,
no route and no model.
"""

import asyncio
import hashlib
import itertools
import logging
import os
import random
from collections.abc import Callable, Coroutine, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol, TypeVar

import msgspec

from konfipay_async.errors import (
    ClientStateError,
    ConfigurationError,
    DecodeError,
    KonfipayError,
    OutcomeUnknownError,
    RateLimitedError,
    StatusError,
    TransportError,
    UnauthorizedError,
)
from konfipay_async.holding import to_the_end
from konfipay_async.session.auth import Auth, Refusal
from konfipay_async.session.budget import Budgets, Permit
from konfipay_async.session.clock import Clock
from konfipay_async.session.message import Request, Response, RetryClass
from konfipay_async.session.retry import Outcome, Retry, decide, outcome_of
from konfipay_async.session.transport import Transport

__all__ = ["Attempt", "Recorder", "Session"]

logger = logging.getLogger(__name__)

T = TypeVar("T")

# Periods. The API promises to answer again after one at the latest, so a wish for many makes no sense.
_LONGEST_PAUSE = 2
# How many tokens may die under one request before somebody is to be told.
_MOST_REFUSALS = 5

_CALLS = itertools.count(1)
# The call under way: a task that logs in for it inherits this.
_call: ContextVar[int] = ContextVar("konfipay_async.call", default=0)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of one request, as it went.

    `started_at` in seconds since the epoch, `duration` and `waited` (for the budget) in seconds, `number` from 1.
    `response` is set where an answer came, `error` where it was no success or none came; neither is where the caller
    was cancelled. `authorisation` are the headers that the request does not have itself. Attempts with the same `call`
    belong together: one call of this process, its retries, and the login made for it (0 without a recorder).
    """

    request: Request[Any]
    number: int
    started_at: float
    duration: float
    waited: float
    response: Response | None = None
    error: KonfipayError | None = field(default=None, repr=False)
    authorisation: Mapping[str, str] = field(default_factory=dict, repr=False)
    call: int = 0


class Recorder(Protocol):
    """Is told of every attempt, retries and logins too. It must not block and must not raise."""

    def record(self, attempt: Attempt) -> None: ...


_Failure = TransportError | StatusError | DecodeError


class _Failed(msgspec.Struct, frozen=True):
    """An attempt that did not succeed, to decide about. `refusal` is set where the session's token was refused."""

    error: _Failure
    sent_at: float
    refusal: Refusal | None


class _State(Enum):
    NEW = "not open yet: use `async with` it"
    OPEN = "open"
    CLOSED = "closed: make a new one"


class Session:
    """Sends requests through their budget, authorised, and again where that is right."""

    def __init__(
        self,
        transport: Transport,
        *,
        budgets: Budgets,
        auth: Auth,
        retry: Retry,
        clock: Clock,
        recorder: Recorder | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.budgets = budgets
        self.clock = clock
        self._transport = transport
        self._auth = auth
        self._retry = retry
        self._recorder = recorder
        self._jitter = jitter
        self._state = _State.NEW
        self._home: tuple[int, asyncio.AbstractEventLoop] | None = None
        self._held_back: set[asyncio.Task[Any]] = set()
        self._waits: set[asyncio.Task[Any]] = set()
        self._closing: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Open the transport. A session opens once."""
        if self._state is not _State.NEW:
            raise ClientStateError(
                "the client was opened before: make a new one. What with_options() gives is open with its original."
            )
        await self._transport.open()
        self._home = (os.getpid(), asyncio.get_running_loop())
        self._state = _State.OPEN

    async def close(self) -> None:
        """Wait for what must happen once and is under way, then close. Revokes nothing. Closing twice is fine."""
        if self._state is _State.OPEN:
            self._closing = asyncio.get_running_loop().create_task(self._close())
        self._state = _State.CLOSED
        if self._closing is not None:
            await to_the_end(self._closing)

    async def _close(self) -> None:
        for wait in self._waits:
            wait.cancel()
        while self._held_back:
            await asyncio.wait(set(self._held_back))
        await self._auth.close()
        await self._transport.close()

    async def send(self, request: Request[T], retry: Retry | None = None) -> T:
        """The value the request's `read` makes of the answer. `retry` says how patiently, if not as this session does.

        Raises what `read` raises, TransportError where no answer came, OutcomeUnknownError where a request of class
        *once* may or may not have done its work, ClientStateError where the session is not open.
        """
        send = self._send if self._recorder is None or _call.get() else self._send_as_a_call
        sending = send(request, retry or self._retry)
        return await (sending if request.retry is RetryClass.ONCE else self._until_closed(sending))

    async def _send_as_a_call(self, request: Request[T], policy: Retry) -> T:
        """What is sent meanwhile, by tasks that begin here too, belongs to this call."""
        _call.set(next(_CALLS))
        try:
            return await self._send(request, policy)
        finally:
            _call.set(0)

    async def _send(self, request: Request[T], policy: Retry) -> T:
        number = 0
        spent = 0.0
        may_be_done = False
        refusals: list[Refusal] = []
        while True:
            number += 1
            self._check_open()
            asked_at = self.clock.monotonic()
            taking = self.budgets.of(request.budget).take(request.lane)
            if request.retry is RetryClass.ONCE:
                permit = await self._until_closed(taking, unused=lambda permit: permit.unused())
            else:
                permit = await taking  # `send` waits for the whole until it is closed
            started = self.clock.monotonic()
            headers = await self._authorised(request, permit)
            attempt = self._attempt(request, headers, permit, number, started - asked_at)
            tried = await (self._hold_back(request, attempt) if request.retry is RetryClass.ONCE else attempt)
            if not isinstance(tried, _Failed):
                return tried
            spent += self.clock.monotonic() - started
            if tried.refusal is not None:
                refusals.append(tried.refusal)
                if _another_token_may_do(refusals):
                    continue
            wait = self._decide(policy, request, tried.error, number, spent)
            if isinstance(tried.error, StatusError):
                tried.error.may_be_done = may_be_done
            elif isinstance(tried.error, TransportError) and may_be_done:
                tried.error.sent = True  # an attempt before this one was
            may_be_done = may_be_done or outcome_of(tried.error) in (Outcome.UNKNOWN, Outcome.UNREADABLE)
            if wait is None:
                raise self._final(request, tried, refusals)
            logger.debug("%s %s: again in %.1f s (%s)", request.method, request.told, wait, type(tried.error).__name__)
            if not isinstance(tried.error, RateLimitedError):  # there the budget waits
                self._check_open()
                await self._until_closed(self.clock.sleep(wait))
            spent += wait

    async def _until_closed(
        self, waiting: Coroutine[Any, Any, T], unused: Callable[[T], object] = lambda result: None
    ) -> T:
        """Wait for something, or until the session is closed: ClientStateError. `unused` gets what came too late."""
        wait = asyncio.get_running_loop().create_task(waiting)
        self._waits.add(wait)
        try:
            return await wait
        except asyncio.CancelledError:
            if wait.done() and not wait.cancelled():
                if wait.exception() is None:
                    unused(wait.result())
            elif self._state is _State.CLOSED and not _is_cancelled():
                self._check_open()
            raise
        finally:
            self._waits.discard(wait)

    async def _authorised(self, request: Request[Any], permit: Permit) -> Mapping[str, str]:
        """The headers that authorise it. Nothing has left: whoever is cancelled while a login goes on is cancelled."""
        try:
            self._check_open()
            headers = await self._auth.authorise(request) if request.budget == "authenticated" else {}
            self._check_open()
        except BaseException:
            permit.unused()
            raise
        return headers

    async def _attempt(
        self, request: Request[T], headers: Mapping[str, str], permit: Permit, number: int, waited: float
    ) -> "T | _Failed":
        response: Response | None = None
        error: _Failure | None = None
        started_at = self.clock.time()
        started = self.clock.monotonic()
        try:
            if request.note is not None:
                await request.note.leaving()
        except BaseException:
            permit.unused()
            raise
        try:
            response = await self._transport.send(request, headers)
            permit.answered()
            value = request.read(response)
            if request.note is not None:
                await request.note.settled(value, None)
            return value
        except (ConfigurationError, ClientStateError) as failure:  # nothing was sent
            permit.unused()
            if request.note is not None:
                await request.note.settled(None, failure)
            raise
        except TransportError as failure:
            error = failure
            if not failure.sent:
                permit.unused()
        except (StatusError, DecodeError) as failure:
            error = failure
        finally:
            permit.unanswered()
            self._record(
                Attempt(
                    request=request,
                    number=number,
                    started_at=started_at,
                    duration=self.clock.monotonic() - started,
                    waited=waited,
                    response=response,
                    error=error,
                    authorisation=headers,
                    call=_call.get(),
                )
            )
        if request.note is not None:
            await request.note.settled(None, error)
        if isinstance(error, RateLimitedError):
            self.budgets.of(request.budget).pause(self._pause_after(request, error))
        refusal: Refusal | None = None
        if isinstance(error, UnauthorizedError) and response is not None and request.budget == "authenticated":
            refusal = self._auth.refused(headers, response)
        return _Failed(error, sent_at=started_at, refusal=refusal)

    async def _hold_back(self, request: Request[Any], attempt: Coroutine[Any, Any, T]) -> T:
        """Run it to its end, whatever becomes of the caller, whose cancellation goes on when the outcome is known."""
        task = asyncio.get_running_loop().create_task(attempt)
        self._held_back.add(task)
        task.add_done_callback(self._held_back.discard)
        try:
            return await to_the_end(task)
        except asyncio.CancelledError:
            if task.done() and not task.cancelled() and task.exception() is None:
                # Nobody else hears of it: the caller gets the cancellation, or the TimeoutError made of it.
                logger.warning(
                    "%s %s was sent, and whoever waited for it was cancelled meanwhile, so this is lost on the way: %s",
                    request.method,
                    request.template or request.told,
                    _became(task.result()),
                )
            raise

    def _decide(self, policy: Retry, request: Request[Any], error: _Failure, number: int, spent: float) -> float | None:
        retry_after: float | None = None
        if isinstance(error, RateLimitedError):
            retry_after = self._pause_after(request, error)
        elif isinstance(error, StatusError):
            wish = error.retry_after
            retry_after = wish if wish is not None and wish <= policy.deadline else None
        return decide(
            policy,
            request.retry,
            outcome_of(error),
            attempt=number,
            spent=spent,
            jitter=self._jitter(),
            retry_after=retry_after,
        )

    def _pause_after(self, request: Request[Any], error: RateLimitedError) -> float:
        """Seconds; a wish that makes no sense counts as none, and then one period is certainly enough."""
        period = self.budgets.of(request.budget).period
        wish = error.retry_after
        return period if wish is None or wish > _LONGEST_PAUSE * period else max(1.0, wish)

    def _final(self, request: Request[Any], tried: "_Failed", refusals: list[Refusal]) -> KonfipayError:
        error = tried.error
        outcome = outcome_of(error)
        if request.retry is RetryClass.ONCE and outcome in (Outcome.UNKNOWN, Outcome.UNREADABLE, Outcome.UNEXPECTED):
            unknown = OutcomeUnknownError(
                f"{request.method} {request.told} was sent once and may or may not have done its work: "
                f"{str(error).rstrip('.')}. Look it up before you send it again.",
                method=request.method,
                path=request.told,
                sent_at=tried.sent_at,
                body_sha256=hashlib.sha256(request.body or b"").hexdigest(),
            )
            unknown.__cause__ = error
            return unknown
        if refusals and isinstance(error, UnauthorizedError):
            error.args = (f"{error} {self._auth.refusal_hint}",)
        return error

    def _check_open(self) -> None:
        if self._state is not _State.OPEN:
            raise ClientStateError(f"the client is {self._state.value}")
        if self._home != (os.getpid(), asyncio.get_running_loop()):
            raise ClientStateError(
                "the client was opened in another event loop or before this process was forked: its connections and "
                "its budget belong there. Open one here; hand budgets= on where both share a limit."
            )

    def _record(self, attempt: Attempt) -> None:
        request = attempt.request
        if attempt.response is not None:
            outcome = str(attempt.response.status)
        else:
            outcome = "cancelled" if attempt.error is None else type(attempt.error).__name__
        logger.debug("%s %s: %s in %.3f s", request.method, request.told, outcome, attempt.duration)
        if self._recorder is not None:
            self._recorder.record(attempt)


def _became(tried: object) -> str:
    if not isinstance(tried, _Failed):
        return "it succeeded"
    outcome = outcome_of(tried.error)
    if outcome in (Outcome.UNKNOWN, Outcome.UNREADABLE, Outcome.UNEXPECTED):
        return f"nobody knows whether it was done ({type(tried.error).__name__})"
    return f"it was not done ({type(tried.error).__name__})"


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _another_token_may_do(refusals: list[Refusal]) -> bool:
    if refusals[-1] is Refusal.FINAL or len(refusals) >= _MOST_REFUSALS:
        return False
    return refusals.count(Refusal.CURRENT) < 2
