"""Statement numbers: which of an account are missing between the first and the last. Pure.

Banks number the statements of an account one after another (the electronic sequence number), and most begin again with
1 each year. Both ways of counting are understood; that there are no others is inferred.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from itertools import pairwise
from typing import NamedTuple

__all__ = ["Gap", "gaps", "numbers_by_year"]


class Gap(NamedTuple):
    """Numbers that are missing in a year, from first to last."""

    year: int
    first: int
    last: int

    def __str__(self) -> str:
        span = str(self.first) if self.first == self.last else f"{self.first} to {self.last}"
        return f"{span} of {self.year}"


def numbers_by_year(statements: Iterable[tuple[int, date]]) -> dict[int, set[int]]:
    """The numbers that each year has. A statement's day is the last that is booked in it, or the one it was made on.

    Where a year ends with a statement that is booked or made in the next, it goes to the year it was counted in.
    """
    years: dict[int, set[int]] = {}
    for number, day in statements:
        years.setdefault(day.year, set()).add(number)
    for year in sorted(years):
        before, numbers = years.get(year - 1), years[year]
        if not before or 1 not in numbers:
            continue
        tail = _last_run(numbers)
        if 1 not in tail and tail[0] in (max(before), max(before) + 1):
            before.update(tail)
            numbers.difference_update(tail)
    return years


def gaps(years: Mapping[int, set[int]]) -> list[Gap]:
    """What is missing. Nothing is said about what was before the first number or comes after the last."""
    found: list[Gap] = []
    before: int | None = None
    for year in sorted(years):
        numbers = sorted(years[year])
        if before is not None and numbers[0] != 1:
            # It goes on where the year before ended, or began again with 1 and lacks its beginning.
            numbers.insert(0, before if numbers[0] >= before else 0)
        found += [Gap(year, low + 1, high - 1) for low, high in pairwise(numbers) if high - low > 1]
        before = numbers[-1]
    return found


def _last_run(numbers: set[int]) -> list[int]:
    """The numbers without a hole that end with the highest."""
    first = last = max(numbers)
    while first - 1 in numbers:
        first -= 1
    return list(range(first, last + 1))
