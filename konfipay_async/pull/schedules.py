"""How often a key is pulled by workers: "15m", "2h", "1d", or a line of cron. Pure."""

import hashlib
import re

from konfipay_async.errors import ConfigurationError

__all__ = ["cron_of"]

# The fields of a line of cron and what they may hold; the last one is for those who want seconds.
_FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7), (0, 59))


def cron_of(schedule: str, name: str) -> str:
    """The line of cron, in UTC, that a schedule stands for.

    An interval begins at a minute that follows from `name`, so that keys with the same one do not all come at once. It
    divides an hour, or a day. A line of cron (minute, hour, day, month, weekday, in numbers) is taken as it is. Raises
    ConfigurationError for all else.
    """
    if match := re.fullmatch(r"([0-9]{1,2}) ?(m|min|h|d)", schedule.strip()):
        return _spread(int(match[1]), match[2], name)
    fields = schedule.split()
    if len(fields) in (5, 6) and all(map(_is_field, fields, _FIELDS)):
        return " ".join(fields)
    raise ConfigurationError(
        f'schedule: {schedule!r} is none; write an interval like "15m", "2h" or "1d", or five fields of cron in '
        'numbers, like "30 4 * * 1-5" (UTC)'
    )


def _spread(number: int, unit: str, name: str) -> str:
    minute = int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:8])
    hour = minute // 60
    if unit == "d" and number == 1:
        return f"{minute % 60} {hour % 24} * * *"
    if unit == "h" and number and 24 % number == 0:
        return f"{minute % 60} {_every(number, hour, 23)} * * *"
    if unit in ("m", "min") and number and 60 % number == 0:
        return f"{_every(number, minute, 59)} * * * *"
    raise ConfigurationError(
        f'schedule: {number}{unit} divides neither an hour nor a day; give "1m" to "30m", "1h" to "12h" or "1d" that '
        "does, or five fields of cron"
    )


def _every(number: int, offset: int, last: int) -> str:
    if number > last:
        return str(offset % number)
    return "*" if number == 1 else f"{offset % number}-{last}/{number}"


def _is_field(text: str, limits: tuple[int, int]) -> bool:
    return all(_is_part(part, *limits) for part in text.split(","))


def _is_part(text: str, first: int, last: int) -> bool:
    match = re.fullmatch(r"(?:\*|([0-9]{1,2})(?:-([0-9]{1,2}))?)(?:/([0-9]{1,2}))?", text)
    if match is None or (match[3] and (int(match[3]) < 1 or (match[1] and not match[2]))):
        return False
    numbers = [int(number) for number in match.groups()[:2] if number]
    return numbers == sorted(numbers) and all(first <= number <= last for number in numbers)
