"""Rate windows and tokens, without a server."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from konfipay_async.sandbox.konfipay.tokens import Tokens
from konfipay_async.sandbox.limits import FixedWindow, MovingWindow, Peak


def test_moving_window_frees_each_place_after_the_period() -> None:
    window = MovingWindow(2, 60.0)
    assert window.admit(0.0) is None
    assert window.admit(10.0) is None
    assert window.admit(20.0) == pytest.approx(40.0)
    assert window.admit(60.0) is None
    assert window.admit(60.0) == pytest.approx(10.0)


def test_fixed_window_frees_all_places_at_once() -> None:
    window = FixedWindow(2, 60.0, start=5.0)
    assert window.admit(64.0) is None
    assert window.admit(64.5) is None
    assert window.admit(64.5) == pytest.approx(0.5)
    assert window.admit(65.0) is None
    assert window.admit(65.0) is None
    assert window.admit(65.0) == pytest.approx(60.0)


@settings(deadline=None)
@given(st.lists(st.floats(0, 30), max_size=80), st.integers(1, 5))
def test_no_moving_window_ever_holds_more_and_waiting_as_told_helps(gaps: list[float], limit: int) -> None:
    window, admitted, now = MovingWindow(limit, 60.0), [], 0.0
    for gap in gaps:
        now += gap
        wait = window.admit(now)
        if wait is not None:
            assert 0 < wait <= 60
            now += wait * (1 + 1e-9)
            assert window.admit(now) is None
        admitted.append(now)
    for first, later in zip(admitted, admitted[limit:], strict=False):
        assert later - first >= 60 - 1e-6


def test_peak_counts_arrivals_within_one_period() -> None:
    peak = Peak(60.0)
    for now in (0.0, 1.0, 59.0, 60.0, 61.0, 200.0):
        peak.add(now)
    assert peak.highest == 3


def test_tokens_live_their_time() -> None:
    tokens = Tokens(1800.0, one_token=False)
    first = tokens.issue(0.0)
    assert tokens.alive(f"Bearer {first}", 1799.9)
    assert tokens.alive(f"bearer {first}", 0.0)
    assert not tokens.alive(f"Bearer {first}", 1800.0)
    assert not tokens.alive(f"Basic {first}", 0.0)
    assert not tokens.alive(None, 0.0)
    assert not tokens.alive("Bearer ", 0.0)
    second = tokens.issue(1.0)
    assert tokens.alive(f"Bearer {first}", 2.0)
    tokens.issue(1801.0)
    assert len(tokens) == 1
    tokens.end_all()
    assert not tokens.alive(f"Bearer {second}", 2.0)


def test_one_token_only() -> None:
    tokens = Tokens(1800.0, one_token=True)
    first, second = tokens.issue(0.0), tokens.issue(0.0)
    assert not tokens.alive(f"Bearer {first}", 1.0)
    assert tokens.alive(f"Bearer {second}", 1.0)
