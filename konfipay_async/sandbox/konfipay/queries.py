"""Query parameters: what the sandbox understands, and what it refuses.

Names of the filters: dates, bank-account-rid, booking-status and credit-or-debit-indicator were seen in public
code, the others follow the naming rules of version 6 (inferred). A row has no field that is called payment type, so
``payment-type`` looks at the booking text (inferred). Names are compared as they stand. A name the server does not
know is ignored without a word (inferred: that is how servers of its kind behave).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from konfipay_async.sandbox.konfipay.banks import Account
from konfipay_async.sandbox.konfipay.data import Criteria, first_row_of

__all__ = [
    "INVALID_MAX_DATE",
    "INVALID_MIN_DATE",
    "INVALID_PARAMETER",
    "INVALID_PERIOD",
    "LARGEST_PAGE",
    "MISSING_PARAMETER",
    "BadParameterError",
    "Paging",
    "bank_account_filter",
    "dates",
    "in_period",
    "is_new",
    "one_of",
    "paging",
    "switch",
    "transaction_criteria",
]

LARGEST_PAGE: Final = 1000
"""Rows on a page at most (API version 6, documented)."""

INVALID_PARAMETER: Final = ("ERR-00-0000", "InvalidParameter")
"""The code for values that have no documented code of their own; made up for the sandbox."""
MISSING_PARAMETER: Final = ("ERR-01-0012", "MissingParameter")
INVALID_MIN_DATE: Final = ("ERR-01-0004", "InvalidMinDate")
INVALID_MAX_DATE: Final = ("ERR-01-0005", "InvalidMaxDate")
INVALID_PERIOD: Final = ("ERR-01-0006", "InvalidPeriod")

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NUMBER: Final = re.compile(r"\d{1,9}", re.ASCII)
_AMOUNT: Final = re.compile(r"-?\d{1,15}(\.\d{1,10})?", re.ASCII)


class BadParameterError(Exception):
    """A parameter's value is not possible; to be answered with status 400."""

    def __init__(self, code: tuple[str, str], details: str) -> None:
        super().__init__(details)
        self.code = code
        self.details = details


@dataclass(frozen=True, slots=True)
class Paging:
    """The page that is asked for, from 1."""

    number: int
    size: int

    @property
    def first(self) -> int:
        """How many rows are on the pages before."""
        return (self.number - 1) * self.size


def paging(query: Mapping[str, str], names: tuple[str, str], default_size: int) -> Paging:
    """The paging parameters; `names` are those of page number and page size."""
    return Paging(_whole(query, names[0], 1, None), _whole(query, names[1], default_size, LARGEST_PAGE))


def _whole(query: Mapping[str, str], name: str, default: int, most: int | None) -> int:
    text = query.get(name)
    if text is None:
        return default
    value = int(text) if _NUMBER.fullmatch(text) else 0
    if value < 1 or (most is not None and value > most):
        raise BadParameterError(INVALID_PARAMETER, f"{name}: allowed is a whole number from 1 to {most or 999_999_999}")
    return value


def _word(query: Mapping[str, str], name: str, first: str, second: str) -> bool | None:
    """True for the first word, False for the second, None when the parameter is not there."""
    text = query.get(name)
    if text is None:
        return None
    if text not in (first, second):
        raise BadParameterError(INVALID_PARAMETER, f"{name}: allowed are {first} and {second}")
    return text == first


def _date(query: Mapping[str, str], name: str, code: tuple[str, str]) -> date | None:
    text = query.get(name)
    if text is None:
        return None
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise BadParameterError(code, f"{name}: allowed is a date written yyyy-MM-dd")


def _cents(query: Mapping[str, str], name: str, rounding: str) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    if not _AMOUNT.fullmatch(text):
        raise BadParameterError(INVALID_PARAMETER, f"{name}: allowed is an amount such as 10.99")
    return int((Decimal(text) * 100).to_integral_value(rounding=rounding))


def _text(query: Mapping[str, str], name: str) -> str | None:
    """A text that is searched for without regard to capital letters (inferred, as is that a part is enough)."""
    text = query.get(name)
    return None if text is None else text.casefold()


def switch(query: Mapping[str, str], name: str) -> bool | None:
    """A parameter that is true or false, None when it is not there."""
    return _word(query, name, "true", "false")


def is_new(query: Mapping[str, str]) -> bool | None:
    """The filter for rows that nobody has acknowledged yet; None is both kinds."""
    return switch(query, "is-new")


def dates(query: Mapping[str, str], first: str, last: str) -> tuple[date | None, date | None]:
    """The two ends of a period, both included; None where the parameter of that name is not there."""
    min_date, max_date = _date(query, first, INVALID_MIN_DATE), _date(query, last, INVALID_MAX_DATE)
    if min_date is not None and max_date is not None and min_date > max_date:
        raise BadParameterError(INVALID_PERIOD, f"{first} is after {last}")
    return min_date, max_date


def in_period(query: Mapping[str, str]) -> Callable[[date], bool]:
    """Whether a date is in the period between ``min-date`` and ``max-date``."""
    first, last = dates(query, "min-date", "max-date")
    return lambda day: (first is None or first <= day) and (last is None or day <= last)


def one_of(query: Mapping[str, str], name: str, words: Sequence[str]) -> str | None:
    """A parameter that is one of these words, None when it is not there."""
    text = query.get(name)
    if text is not None and text not in words:
        raise BadParameterError(INVALID_PARAMETER, f"{name}: allowed are {', '.join(words)}")
    return text


def transaction_criteria(query: Mapping[str, str], accounts: Sequence[Account]) -> Criteria:
    """All other filters of the list of transactions."""
    min_date, max_date = dates(query, "min-booking-date", "max-booking-date")
    return Criteria(
        accounts=_account_indexes(query, accounts),
        credit=_word(query, "credit-or-debit-indicator", "CRDT", "DBIT"),
        pending=_word(query, "booking-status", "pending", "booked"),
        first_row=0 if min_date is None else first_row_of(min_date),
        end_row=None if max_date is None or max_date == date.max else first_row_of(max_date + timedelta(days=1)),
        min_cents=_cents(query, "min-amount", ROUND_CEILING),
        max_cents=_cents(query, "max-amount", ROUND_FLOOR),
        remittance=_text(query, "remittance-text"),
        reference=_text(query, "customer-reference"),
        booking_text=_text(query, "payment-type"),
    )


def _account_indexes(query: Mapping[str, str], accounts: Sequence[Account]) -> frozenset[int] | None:
    """The accounts that are asked for, None for all. Two can have the same IBAN (documented).

    A value that fits no account, and two that exclude each other, lead to an empty list (documented).
    """
    rid, iban = query.get("bank-account-rid"), query.get("iban")
    description, holder = _text(query, "account-description"), _text(query, "account-holder")
    if rid is iban is description is holder is None:
        return None
    plain = None if iban is None else "".join(iban.split()).upper()
    return frozenset(
        index
        for index, account in enumerate(accounts)
        if (rid is None or account.rid == rid.lower())
        and (plain is None or account.iban == plain)
        and (description is None or description in account.description.casefold())
        and (holder is None or holder in account.holder.casefold())
    )


def bank_account_filter(query: Mapping[str, str]) -> Callable[[Account], bool]:
    """Whether an account meets the filters of the list of bank accounts.

    ``status=active`` and ``bank-account-type=production`` were seen in public code, the other words are inferred.
    """
    active = _word(query, "status", "active", "inactive")
    test = _word(query, "bank-account-type", "test", "production")
    return lambda account: active in (None, account.is_active) and test in (None, account.is_test)
