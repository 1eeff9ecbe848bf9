"""Balances against bookings. Pure.

One balance says nothing about bookings: nobody knows what the account began with. Two of them do, for what lies between
must add up to their difference. Which bookings of the two days themselves a balance contains is not known (it is
refreshed every few hours), so any point of these days may be the one.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import accumulate
from typing import NamedTuple

__all__ = ["Booked", "Off", "Seen", "difference"]


class Seen(NamedTuple):
    """A balance as it was on a day."""

    day: date
    amount: Decimal


class Booked(NamedTuple):
    """What bookings change: the day and the signed amount, in the order they were booked in.

    Those of a day with the same `at` came at one time, in an order nobody knows.
    """

    day: date
    amount: Decimal
    at: object = None


class Off(NamedTuple):
    """By how much balances and bookings disagree: 0 where there is a way in which they agree.

    Else `amount` is what is left when all bookings after the first day, up to the second day, are counted. It is not
    `certain` where bookings came at one time and another order of them might explain it.
    """

    amount: Decimal
    certain: bool = True


def difference(before: Seen, after: Seen, bookings: Sequence[Booked]) -> Off:
    """Two balances against the bookings between them."""
    wanted = after.amount - before.amount
    between = sum((booked.amount for booked in bookings if before.day < booked.day < after.day), Decimal(0))
    on_first = [booked for booked in bookings if booked.day == before.day]
    on_last = [booked for booked in bookings if booked.day == after.day]
    first, last = _running(on_first), _running(on_last)
    if before.day == after.day:
        off, edges = wanted, on_first
        agree = any(end - start == wanted for index, start in enumerate(first) for end in first[index:])
    else:
        off, edges = wanted - between - last[-1], [*on_first, *on_last]
        ends = set(last)
        agree = any(wanted - between - (first[-1] - start) in ends for start in first)
    if agree:
        return Off(Decimal(0))
    least = sum(min(booked.amount, Decimal(0)) for booked in edges)
    most = sum(max(booked.amount, Decimal(0)) for booked in edges)
    at_once = len({(booked.day, booked.at) for booked in edges}) < len(edges)
    return Off(off, certain=not (at_once and least <= wanted - between <= most))


def _running(bookings: Sequence[Booked]) -> list[Decimal]:
    """The sums after none of them, one, two, … and all."""
    return list(accumulate((booked.amount for booked in bookings), initial=Decimal(0)))
