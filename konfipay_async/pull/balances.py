"""Balances against bookings. Pure.

One balance says nothing about bookings: nobody knows what the account began with. Two of them do, for what lies between
must add up to their difference. Which bookings of the two days themselves a balance contains is not known (it is
refreshed every few hours), so any point of these days may be the one.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from itertools import accumulate
from typing import NamedTuple

__all__ = ["Booked", "Seen", "difference"]


class Seen(NamedTuple):
    """A balance as it was on a day."""

    day: date
    amount: Decimal


class Booked(NamedTuple):
    """What bookings change: the day and the signed amount, in the order they were booked in."""

    day: date
    amount: Decimal


def difference(before: Seen, after: Seen, bookings: Sequence[Booked]) -> Decimal:
    """By how much two balances and the bookings between them disagree: 0 where there is a way in which they agree.

    Else it is what is left when all bookings after the first day, up to the second day, are counted.
    """
    wanted = after.amount - before.amount
    between = sum((amount for day, amount in bookings if before.day < day < after.day), Decimal(0))
    first = _running(amount for day, amount in bookings if day == before.day)
    if before.day == after.day:
        agree = any(end - start == wanted for index, start in enumerate(first) for end in first[index:])
        return Decimal(0) if agree else wanted
    last = _running(amount for day, amount in bookings if day == after.day)
    ends = set(last)
    if any(wanted - between - (first[-1] - start) in ends for start in first):
        return Decimal(0)
    return wanted - between - last[-1]


def _running(amounts: Iterable[Decimal]) -> list[Decimal]:
    """The sums after none of them, one, two, … and all."""
    return list(accumulate(amounts, initial=Decimal(0)))
