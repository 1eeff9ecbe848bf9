"""Whether a request is tried again, and after how long. Pure: no clock, no loop, no chance of its own.

What the caller may rely on: a request of class *once* is repeated only where the first certainly did nothing.
"""

from dataclasses import dataclass
from enum import Enum

from konfipay_async.errors import (
    ConfigurationError,
    DecodeError,
    RateLimitedError,
    ResponseTooLargeError,
    StatusError,
    TransportError,
    UnauthorizedError,
)
from konfipay_async.session.message import RetryClass

__all__ = ["Outcome", "Retry", "decide", "outcome_of"]


class Outcome(Enum):
    """How an attempt ended that did not succeed."""

    NOT_SENT = "not sent"
    """No byte left this machine."""
    REFUSED = "refused"
    """A definite no: any 3xx or 4xx but those below."""
    UNAUTHORISED = "unauthorised"
    """401: nothing was done; whether another token helps, the auth knows."""
    LIMITED = "limited"
    """429: nothing was done."""
    UNKNOWN = "unknown"
    """Reset, timeout, 408 or 5xx: it may have been done."""
    UNREADABLE = "unreadable"
    """A success whose body is cut or no JSON: it was done, presumably."""
    UNEXPECTED = "unexpected"
    """A success whose body is not what it should be: it was done, and a repeat would read the same."""


@dataclass(frozen=True)
class Retry:
    """How patiently requests are tried again.

    At most `attempts` of one request; the wait before attempt n+1 is random between 0 and `base · 2^(n-1)` seconds,
    at most `cap` (full jitter). No attempt begins when attempts and waits together have taken `deadline` seconds;
    waiting for the budget does not count, for that is our own doing.
    """

    attempts: int = 5
    base: float = 0.5
    cap: float = 30.0
    deadline: float = 300.0

    def __post_init__(self) -> None:
        if isinstance(self.attempts, bool) or not isinstance(self.attempts, int) or self.attempts < 1:
            raise ConfigurationError(f"Retry(attempts={self.attempts!r}): give a whole number, 1 or more (1: no retry)")
        for name in ("base", "cap", "deadline"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
                raise ConfigurationError(f"Retry({name}={value!r}): give seconds, 0 or more")


def outcome_of(error: TransportError | StatusError | DecodeError) -> Outcome:
    """What an attempt's error says about what the server did."""
    if isinstance(error, ResponseTooLargeError):
        return Outcome.UNEXPECTED
    if isinstance(error, TransportError):
        return Outcome.UNKNOWN if error.sent else Outcome.NOT_SENT
    if isinstance(error, DecodeError):
        return Outcome.UNREADABLE if error.malformed else Outcome.UNEXPECTED
    if isinstance(error, UnauthorizedError):
        return Outcome.UNAUTHORISED
    if isinstance(error, RateLimitedError):
        return Outcome.LIMITED
    if error.status < 300 or error.status == 408 or error.status >= 500:
        return Outcome.UNKNOWN
    return Outcome.REFUSED


def decide(
    policy: Retry,
    retry_class: RetryClass,
    outcome: Outcome,
    *,
    attempt: int,
    spent: float,
    jitter: float,
    retry_after: float | None = None,
) -> float | None:
    """Seconds to wait before the next attempt, or None to give up.

    `attempt` counts from 1, `spent` is what attempts and waits took so far (seconds), `jitter` a random number from
    0 to 1, `retry_after` the server's wish in seconds.
    """
    if attempt >= policy.attempts or not _may_repeat(retry_class, outcome, attempt):
        return None
    wait = retry_after or 0.0
    if outcome is not Outcome.LIMITED:
        wait = max(wait, jitter * min(policy.cap, policy.base * 2 ** min(attempt - 1, 60)))
    return wait if spent + wait <= policy.deadline else None


def _may_repeat(retry_class: RetryClass, outcome: Outcome, attempt: int) -> bool:
    match outcome:
        case Outcome.NOT_SENT | Outcome.LIMITED:
            return True
        case Outcome.REFUSED | Outcome.UNAUTHORISED | Outcome.UNEXPECTED:
            return False
        case Outcome.UNKNOWN:
            return retry_class is not RetryClass.ONCE
        case Outcome.UNREADABLE:
            # A proxy may have cut or replaced the body; a second one of its kind is no accident.
            return retry_class is not RetryClass.ONCE and attempt == 1
