"""What schedules stand for."""

from itertools import pairwise

import pytest

from konfipay_async.errors import ConfigurationError
from konfipay_async.pull.schedules import cron_of


def values(field: str, size: int) -> set[int]:
    """What a field of cron, one part of it, stands for."""
    span, _, step = field.partition("/")
    first, _, last = span.replace("*", f"0-{size - 1}").partition("-")
    return set(range(int(first), int(last or first) + 1, int(step or 1)))


@pytest.mark.parametrize("minutes", [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60])
def test_an_interval_of_minutes_comes_as_often_as_it_says_in_every_hour(minutes: int) -> None:
    for name in ("north", "south", "a", "b", "c"):
        minute, *rest = cron_of(f"{minutes}m", name).split()
        assert rest == ["*"] * 4
        found = sorted(values(minute, 60))
        assert len(found) == 60 // minutes
        assert {later - sooner for sooner, later in pairwise(found)} <= {minutes}


@pytest.mark.parametrize("hours", [1, 2, 3, 4, 6, 8, 12, 24])
def test_an_interval_of_hours_comes_as_often_as_it_says_in_every_day(hours: int) -> None:
    for name in ("north", "south", "a", "b", "c"):
        minute, hour, *rest = cron_of(f"{hours}h", name).split()
        assert rest == ["*"] * 3
        assert len(values(minute, 60)) == 1
        assert len(values(hour, 24)) == 24 // hours


def test_keys_of_one_interval_do_not_come_at_once() -> None:
    assert len({cron_of("1d", f"key{number}") for number in range(1000)}) > 500
    assert len({cron_of("15m", f"key{number}") for number in range(1000)}) == 15
    assert cron_of("15m", "north") == cron_of("15 min", "north")


@pytest.mark.parametrize("line", ["30 4 * * 1-5", "*/10 0-23/2 1,15 * 0", "0  6  *  *  7", "* * * * * */10"])
def test_a_line_of_cron_stays_what_it_is(line: str) -> None:
    assert cron_of(line, "north") == " ".join(line.split())


@pytest.mark.parametrize(
    "schedule",
    [
        *("", "soon", "7m", "0m", "90m", "5h", "2d", "15", "-15m", "30s"),
        *("* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "* * * * MON", "*/0 * * * *"),
        *("5-1 * * * *", "5/2 * * * *", "1,, * * * *", "* * * * * * *", "@daily"),
    ],
)
def test_others_are_refused(schedule: str) -> None:
    with pytest.raises(ConfigurationError, match="schedule"):
        cron_of(schedule, "north")
