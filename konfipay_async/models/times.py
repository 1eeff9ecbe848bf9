"""The API's clock: timestamps are local German time with its offset (API version 4 and later, documented)."""

from datetime import date, datetime, timedelta, timezone, tzinfo
from functools import cache

__all__ = ["german_day", "german_midnight"]


def german_day(seconds: float) -> date:
    """The day it is in Germany, so many seconds after the epoch."""
    return datetime.fromtimestamp(seconds, _german_time()).date()


def german_midnight(day: str) -> datetime:
    """The start of a day written ``yyyy-MM-dd``, in German time. ValueError where it is no day."""
    moment = datetime.fromisoformat(day).replace(tzinfo=_german_time())
    offset = moment.utcoffset()
    # Before there were time zones the offset had seconds, which no wire format takes (a year 1 stands for "never").
    return moment if offset is not None and not offset.seconds % 60 else moment.replace(tzinfo=_CET)


_CET = timezone(timedelta(hours=1))


@cache
def _german_time() -> tzinfo:
    # Imported by the first plain date that comes instead of a time: most programs never meet one.
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo("Europe/Berlin")
    except ZoneInfoNotFoundError:  # no time zone database on this machine: an hour off in summer, the day is right
        return _CET
