"""Timestamps are local German time with its offset (API version 4 and later, documented)."""

from datetime import UTC, date, datetime, timedelta, timezone

__all__ = ["german_time"]


def _clock_change(year: int, month: int) -> datetime:
    """One o'clock UTC on the last Sunday of a month with 31 days."""
    last = date(year, month, 31)
    return datetime(year, month, 31 - last.isoweekday() % 7, 1, tzinfo=UTC)


def german_time(moment: datetime) -> datetime:
    """The moment in German time, in whole seconds. By the rule of today and without a time zone database."""
    utc = moment.astimezone(UTC).replace(microsecond=0)
    summer = _clock_change(utc.year, 3) <= utc < _clock_change(utc.year, 10)
    return utc.astimezone(timezone(timedelta(hours=2 if summer else 1)))
