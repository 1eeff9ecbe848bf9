"""Booking days: which are final, which belong together, and which of them the server counts otherwise. Pure but one.

The server's total for a range of days says whether it is as it was, in one request; where it is not, halving the range
finds the days in few more.
"""

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from datetime import date, timedelta

__all__ = ["blocks", "differing", "each_day", "is_final", "spans"]

# Bookings of a day come in until the next one is over.
_OPEN_DAYS = 2


def each_day(first: date, last: date) -> list[date]:
    """The days from first to last, both included."""
    return [first + timedelta(days=count) for count in range((last - first).days + 1)]


def is_final(day: date, today: date) -> bool:
    """Whether a day may be noted as read to its end: today's and yesterday's bookings still come in."""
    return (today - day).days >= _OPEN_DAYS


def blocks(days: Collection[date]) -> Iterator[list[date]]:
    """The days in order, in blocks without a gap."""
    block: list[date] = []
    for day in sorted(days):
        if block and (day - block[-1]).days > 1:
            yield block
            block = []
        block.append(day)
    if block:
        yield block


def spans(block: Sequence[date], rows: int, most: int) -> Iterator[Sequence[date]]:
    """A block of `rows` rows in spans of at most `most` rows, if the days are much alike. One day is never cut."""
    length = len(block) if rows <= most else max(1, len(block) * most // rows)
    for start in range(0, len(block), length):
        yield block[start : start + length]


async def differing(
    count: Callable[[date, date], Awaitable[int]], known: Mapping[date, int], block: Sequence[date]
) -> list[date]:
    """The days of a block that the server counts otherwise than they are `known`.

    `count` asks it for the rows of the days from the first to the last. What evens itself out inside a range is not
    seen: it is totals that are compared.
    """
    return await _differing(count, known, block, await count(block[0], block[-1])) if block else []


async def _differing(
    count: Callable[[date, date], Awaitable[int]], known: Mapping[date, int], block: Sequence[date], there: int
) -> list[date]:
    if there == sum(known.get(day, 0) for day in block):
        return []
    if len(block) == 1:
        return list(block)
    early, late = block[: len(block) // 2], block[len(block) // 2 :]
    there_early = await count(early[0], early[-1])
    return [
        *await _differing(count, known, early, there_early),
        *await _differing(count, known, late, there - there_early),
    ]
