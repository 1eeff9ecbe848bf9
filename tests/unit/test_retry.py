"""Whether a request is tried again, and after how long: a table, and what holds for all of it."""

import dataclasses
import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from konfipay_async import errors
from konfipay_async.session.message import RetryClass
from konfipay_async.session.retry import Outcome, Retry, decide, outcome_of

# How many attempts (of five) may follow an outcome that repeats for ever: for every class but ONCE, and for ONCE.
TABLE = {
    Outcome.NOT_SENT: (5, 5),
    Outcome.LIMITED: (5, 5),
    Outcome.REFUSED: (1, 1),
    Outcome.UNAUTHORISED: (1, 1),
    Outcome.UNKNOWN: (5, 1),
    Outcome.UNREADABLE: (2, 1),
    Outcome.UNEXPECTED: (1, 1),
}


def test_the_table_knows_every_outcome() -> None:
    assert set(TABLE) == set(Outcome)


@pytest.mark.parametrize(("retry_class", "outcome"), list(itertools.product(RetryClass, Outcome)))
def test_how_often_each_class_is_tried_after_each_outcome(retry_class, outcome) -> None:
    policy = Retry(attempts=5)
    attempt = 1
    while decide(policy, retry_class, outcome, attempt=attempt, spent=0, jitter=0.5) is not None:
        attempt += 1
    assert attempt == TABLE[outcome][retry_class is RetryClass.ONCE]


def test_the_policy_one_gets_without_asking_is_the_documented_one() -> None:
    assert Retry() == Retry(attempts=5, base=0.5, cap=30.0, deadline=300.0)


def test_a_policy_does_not_change_under_those_who_share_it() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Retry().attempts = 1


@pytest.mark.parametrize("retry_class", list(RetryClass))
@pytest.mark.parametrize("outcome", list(Outcome))
def test_one_attempt_means_no_retry(retry_class, outcome) -> None:
    assert decide(Retry(attempts=1), retry_class, outcome, attempt=1, spent=0, jitter=0, retry_after=1) is None


@pytest.mark.parametrize(("attempt", "most"), [(1, 0.5), (2, 1.0), (3, 2.0), (4, 4.0), (7, 30.0), (60, 30.0)])
def test_the_wait_doubles_up_to_its_cap(attempt, most) -> None:
    policy = Retry(attempts=100)
    for jitter in (0.0, 0.25, 1.0):
        wait = decide(policy, RetryClass.READ, Outcome.UNKNOWN, attempt=attempt, spent=0, jitter=jitter)
        assert wait == pytest.approx(jitter * most)


@pytest.mark.parametrize("outcome", [Outcome.UNKNOWN, Outcome.NOT_SENT])
def test_a_wish_of_the_server_is_waited_for(outcome) -> None:
    policy = Retry()
    assert decide(policy, RetryClass.READ, outcome, attempt=1, spent=0, jitter=0.1, retry_after=17) == 17
    assert decide(policy, RetryClass.READ, outcome, attempt=1, spent=0, jitter=1, retry_after=0.1) == 0.5


def test_after_429_the_server_s_wish_is_all() -> None:
    policy = Retry()
    assert decide(policy, RetryClass.ONCE, Outcome.LIMITED, attempt=1, spent=0, jitter=1, retry_after=60) == 60
    assert decide(policy, RetryClass.ONCE, Outcome.LIMITED, attempt=1, spent=0, jitter=1) == 0


def test_the_deadline_counts_what_was_spent() -> None:
    policy = Retry(deadline=100)
    again = {"attempt": 1, "jitter": 0.0}
    assert decide(policy, RetryClass.READ, Outcome.UNKNOWN, spent=100, **again) == 0
    assert decide(policy, RetryClass.READ, Outcome.UNKNOWN, spent=100.1, **again) is None
    assert decide(policy, RetryClass.READ, Outcome.UNKNOWN, spent=90, retry_after=10, **again) == 10
    assert decide(policy, RetryClass.READ, Outcome.UNKNOWN, spent=90, retry_after=10.1, **again) is None
    assert decide(policy, RetryClass.READ, Outcome.LIMITED, spent=90, retry_after=10.1, **again) is None


seconds = st.floats(0, 1e6, allow_nan=False)
policies = st.builds(
    Retry, attempts=st.integers(1, 5000), base=seconds, cap=seconds, deadline=st.one_of(seconds, st.just(math.inf))
)


@given(
    policy=policies,
    retry_class=st.sampled_from(RetryClass),
    outcome=st.sampled_from(Outcome),
    attempt=st.integers(1, 5000),
    spent=seconds,
    jitter=st.floats(0, 1),
    retry_after=st.one_of(st.none(), seconds),
)
def test_no_wait_is_longer_than_promised(policy, retry_class, outcome, attempt, spent, jitter, retry_after) -> None:
    """Never above the cap unless the server asks for it, never beyond the deadline, never negative."""
    wait = decide(policy, retry_class, outcome, attempt=attempt, spent=spent, jitter=jitter, retry_after=retry_after)
    if wait is None:
        return
    assert attempt < policy.attempts
    assert 0 <= wait <= max(policy.cap, retry_after or 0.0)
    assert spent + wait <= policy.deadline
    if retry_after is not None:
        assert wait >= retry_after
    if retry_class is RetryClass.ONCE:
        assert outcome in (Outcome.NOT_SENT, Outcome.LIMITED)
    assert outcome not in (Outcome.REFUSED, Outcome.UNAUTHORISED)


def test_very_many_attempts_do_not_overflow() -> None:
    """A patient policy, for a job that runs all night."""
    policy = Retry(attempts=10_000, deadline=math.inf)
    wait = decide(policy, RetryClass.READ, Outcome.UNKNOWN, attempt=2000, spent=0, jitter=1)
    assert wait == policy.cap


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("attempts", value) for value in (0, -1, 1.5, "3", None, True)),
        *((name, value) for name in ("base", "cap", "deadline") for value in (-0.1, math.nan, "1", None)),
    ],
)
def test_policies_that_cannot_be_are_refused(name, value) -> None:
    with pytest.raises(errors.ConfigurationError, match=name):
        Retry(**{name: value})


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (errors.ConnectFailedError("x"), Outcome.NOT_SENT),
        (errors.ConnectFailedError("x", sent=True), Outcome.UNKNOWN),
        (errors.ConnectionLostError("x"), Outcome.UNKNOWN),
        (errors.ConnectionLostError("x", sent=False), Outcome.NOT_SENT),
        (errors.RequestTimeoutError("x"), Outcome.UNKNOWN),
        (errors.ResponseTooLargeError("x"), Outcome.UNEXPECTED),
        (errors.DecodeError("x", malformed=True), Outcome.UNREADABLE),
        (errors.DecodeError("x"), Outcome.UNEXPECTED),
        (errors.UnauthorizedError("x", status=401), Outcome.UNAUTHORISED),
        (errors.RateLimitedError("x", status=429), Outcome.LIMITED),
        (errors.StatusError("x", status=299), Outcome.UNKNOWN),
        (errors.RedirectRefusedError("x", status=300), Outcome.REFUSED),
        (errors.StatusError("x", status=408), Outcome.UNKNOWN),
        (errors.ServerError("x", status=500), Outcome.UNKNOWN),
        (errors.ServerError("x", status=503), Outcome.UNKNOWN),
        (errors.RedirectRefusedError("x", status=302), Outcome.REFUSED),
        (errors.BadRequestError("x", status=400), Outcome.REFUSED),
        (errors.ForbiddenError("x", status=403), Outcome.REFUSED),
        (errors.RouteUnknownError("x", status=404), Outcome.REFUSED),
        (errors.ConflictError("x", status=409), Outcome.REFUSED),
        (errors.GoneError("x", status=410), Outcome.REFUSED),
        (errors.StatusError("x", status=499), Outcome.REFUSED),
    ],
)
def test_what_an_error_says_about_what_was_done(error, outcome) -> None:
    assert outcome_of(error) is outcome
