"""Working days, and times as konfipay writes them."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from konfipay_async.sandbox.konfipay.german_time import german_time

__all__ = ["FIRST_DAY", "stamp", "stamp_now", "working_day"]

FIRST_DAY: Final = date(2022, 1, 3)
"""The Monday on which everything made up begins."""


def working_day(number: int) -> date:
    """The number-th day, from 0, of the days from Monday to Friday since `FIRST_DAY`."""
    week, weekday = divmod(number, 5)
    return FIRST_DAY + timedelta(days=7 * week + weekday)


def stamp(day: date, clock: str) -> str:
    """A date-time with offset; `clock` is written HH:MM:SS. The night of the clock change is not told apart."""
    offset = german_time(datetime.combine(day, time(12), UTC)).isoformat()[-6:]
    return f"{day}T{clock}{offset}"


def stamp_now() -> str:
    """This second by the clock on the wall."""
    return german_time(datetime.now(UTC)).isoformat()
