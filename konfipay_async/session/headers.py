"""What headers of answers say of time. Pure, and the same for every API."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

__all__ = ["retry_after", "server_time"]

_NO_DATE = (ValueError, TypeError, IndexError, OverflowError)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The Retry-After header in seconds, given as seconds or as a date; None for what makes no sense.

    A date is measured against the answer's own Date, so that a wrong clock on this machine does not matter.
    """
    text = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,12}(\.\d{1,6})?", text):
        return float(text)
    try:
        until = _utc(parsedate_to_datetime(text))
        now = _utc(parsedate_to_datetime(headers["date"])) if "date" in headers else datetime.now(UTC)
    except _NO_DATE:
        return None
    return max(0.0, (until - now).total_seconds())


def server_time(headers: Mapping[str, str]) -> float | None:
    """The server's clock by the Date header, in seconds since the epoch; None where it does not say."""
    try:
        return _utc(parsedate_to_datetime(headers.get("date", ""))).timestamp()
    except _NO_DATE:
        return None


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
