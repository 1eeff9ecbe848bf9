"""Times as konfipay writes them: German local time with its offset (seen since version 4)."""

from datetime import UTC, date, datetime, timedelta
from typing import Final

__all__ = ["FIRST_DAY", "offset_on", "stamp", "stamp_now", "working_day"]

FIRST_DAY: Final = date(2022, 1, 3)
"""The Monday on which everything made up begins."""


def working_day(number: int) -> date:
    """The number-th day, from 0, of the days from Monday to Friday since `FIRST_DAY`."""
    week, weekday = divmod(number, 5)
    return FIRST_DAY + timedelta(days=7 * week + weekday)


def offset_on(day: date) -> int:
    """Hours ahead of UTC during that day: two in summer, else one.

    Summer time lasts from the last Sunday of March to the last Sunday of October; the night hour itself is ignored.
    """
    begin, end = (date(day.year, month, 31) for month in (3, 10))
    begin -= timedelta(days=begin.isoweekday() % 7)
    end -= timedelta(days=end.isoweekday() % 7)
    return 2 if begin <= day < end else 1


def stamp(day: date, clock: str) -> str:
    """A date-time with offset; `clock` is written HH:MM:SS."""
    return f"{day.isoformat()}T{clock}+{offset_on(day):02d}:00"


def stamp_now() -> str:
    """This second by the clock on the wall."""
    now = datetime.now(UTC)
    local = now + timedelta(hours=offset_on(now.date()))
    return stamp(local.date(), f"{local:%H:%M:%S}")
