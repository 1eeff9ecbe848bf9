"""Balances against bookings. Pure.

One balance says nothing about bookings: nobody knows what the account began with. Two of them do, for what lies between
must add up to their difference. Which bookings of the two days themselves a balance contains is not known (it is
refreshed every few hours), so any point of these days may be the one, and of bookings that came at one time any may be
the first.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import accumulate, groupby
from typing import NamedTuple

__all__ = ["Booked", "Seen", "difference"]


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


# Bookings of one time. Their sums are as many as 2 to this.
_MOST_AT_ONCE = 12


def difference(before: Seen, after: Seen, bookings: Sequence[Booked]) -> Decimal | None:
    """By how much two balances and the bookings between them disagree: 0 where there is a way in which they agree.

    Else it is what is left when all bookings after the first day, up to the second day, are counted; or None where too
    many bookings came at one time to try them in any order.
    """
    wanted = after.amount - before.amount
    between = sum((booked.amount for booked in bookings if before.day < booked.day < after.day), Decimal(0))
    on_first = [booked for booked in bookings if booked.day == before.day]
    on_last = [booked for booked in bookings if booked.day == after.day]
    for points in (_in_order, _in_any_order):
        first, last = points(on_first), points(on_last)
        if first is None or last is None:
            return None
        if before.day == after.day:
            agree = any(end - start == wanted for index, start in enumerate(first) for end in first[index:])
        else:
            ends = set(last)
            agree = any(wanted - between - (first[-1] - start) in ends for start in first)
        if agree:
            return Decimal(0)
    return wanted if before.day == after.day else wanted - between - sum(booked.amount for booked in on_last)


def _in_order(bookings: Sequence[Booked]) -> list[Decimal] | None:
    """The sums after none of them, one, two, … and all."""
    return list(accumulate((booked.amount for booked in bookings), initial=Decimal(0)))


def _in_any_order(bookings: Sequence[Booked]) -> list[Decimal] | None:
    """The same, where any of those that came at one time may be the first; the last sum is that of all."""
    sums, all_before = [Decimal(0)], Decimal(0)
    for _, group in groupby(bookings, key=lambda booked: booked.at):
        amounts = [booked.amount for booked in group]
        if len(amounts) > _MOST_AT_ONCE:
            return None
        some = {Decimal(0)}
        for amount in amounts:
            some |= {one + amount for one in some}
        sums += [all_before + one for one in some]
        all_before += sum(amounts)
    return [*sums, all_before]
