"""The API's clock: timestamps are local German time with its offset (API version 4 and later, documented)."""

from datetime import datetime, timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

__all__ = ["german_midnight"]


def german_midnight(day: str) -> datetime:
    """The start of a day written ``yyyy-MM-dd``, in German time. ValueError where it is no day."""
    return datetime.fromisoformat(day).replace(tzinfo=_german_time())


@cache
def _german_time() -> tzinfo:
    try:
        return ZoneInfo("Europe/Berlin")
    except ZoneInfoNotFoundError:  # no time zone database on this machine: an hour off in summer, the day is right
        return timezone(timedelta(hours=1))
