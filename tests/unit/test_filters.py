"""Filters become the API's query names and values, or a ConfigurationError that helps."""

import enum
import math
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal, TypedDict, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from konfipay_async.errors import ConfigurationError
from konfipay_async.filters import checked_page_size, query_of, query_value
from konfipay_async.models import CreditDebitIndicator
from konfipay_async.resources.transactions import TransactionFilters


class Colour(enum.Enum):
    RED = "red"
    SEVEN = 7
    HALF = 0.5


class Few(TypedDict, total=False):
    is_new: bool
    some_day: date
    status: str


def one(name: str, value: Any, **options: Any) -> tuple[tuple[str, str], ...]:
    return query_of({name: value}, TransactionFilters, **options)


@pytest.mark.parametrize(
    ("name", "value", "pair"),
    [
        ("is_new", True, ("is-new", "true")),
        ("is_new", False, ("is-new", "false")),
        ("min_booking_date", date(2025, 2, 1), ("min-booking-date", "2025-02-01")),
        ("max_booking_date", date(999, 1, 9), ("max-booking-date", "0999-01-09")),
        ("booking_status", "booked", ("booking-status", "booked")),
        ("bank_account_rid", "a b/ä&=", ("bank-account-rid", "a b/ä&=")),
        ("credit_or_debit_indicator", "CRDT", ("credit-or-debit-indicator", "CRDT")),
        ("credit_or_debit_indicator", CreditDebitIndicator.DBIT, ("credit-or-debit-indicator", "DBIT")),
        ("min_amount", Decimal("10.50"), ("min-amount", "10.50")),
        ("min_amount", Decimal("1E+3"), ("min-amount", "1000")),
        ("max_amount", Decimal("1E-7"), ("max-amount", "0.0000001")),
        ("max_amount", 5, ("max-amount", "5")),
        ("min_amount", -5, ("min-amount", "-5")),
    ],
)
def test_names_and_values_are_translated(name, value, pair) -> None:
    assert one(name, value) == (pair,)


def test_none_leaves_a_filter_out() -> None:
    assert query_of({"is_new": None, "min_amount": 1, "bank_account_rid": None}, TransactionFilters) == (
        ("min-amount", "1"),
    )
    assert query_of({}, TransactionFilters) == ()


def test_every_filter_has_a_name_in_lower_case_with_hyphens() -> None:
    examples = {
        bool | None: True,
        date | None: date(2025, 1, 1),
        Decimal | int | None: 5,
        Literal["booked", "pending"] | None: "booked",
        Literal["CRDT", "DBIT"] | CreditDebitIndicator | None: CreditDebitIndicator.DBIT,
    }
    for name, kind in get_type_hints(TransactionFilters).items():
        ((wire, _),) = one(name, examples.get(kind, "x"))
        assert wire == name.replace("_", "-") == wire.lower()


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("is_new", "true", "True or False"),
        ("is_new", 1, "True or False"),
        ("min_booking_date", "2025-02-01", r"datetime\.date"),
        ("min_booking_date", datetime(2025, 2, 1, tzinfo=UTC), r"datetime\.date"),
        ("min_booking_date", 20250201, r"datetime\.date"),
        ("booking_status", 5, "'booked' or 'pending'"),
        ("booking_status", "open", "'booked' or 'pending'"),
        ("booking_status", b"booked", "'booked' or 'pending'"),
        ("min_amount", 10.5, "Decimal"),
        ("min_amount", math.nan, "Decimal"),
        ("min_amount", math.inf, "Decimal"),
        ("min_amount", True, "Decimal"),
        ("min_amount", "10.5", "Decimal"),
        ("min_amount", Decimal("NaN"), "min_amount"),
        ("min_amount", Decimal("sNaN"), "min_amount"),
        ("min_amount", Decimal("Infinity"), "min_amount"),
        ("bank_account_rid", ["a"], "str"),
    ],
)
def test_values_of_another_kind_are_refused(name, value, hint) -> None:
    with pytest.raises(ConfigurationError, match=hint) as caught:
        one(name, value)
    assert name in str(caught.value)


@pytest.mark.parametrize("value", [["Erika Mustermann"], b"DE0212", ("geheim",), {"a": "geheim"}, Decimal("NaN")])
def test_a_refused_value_is_not_shown(value) -> None:
    for name in ("bank_account_rid", "min_amount", "is_new"):
        with pytest.raises(ConfigurationError) as caught:
            one(name, value)
        for secret in ("Mustermann", "DE0212", "geheim"):
            assert secret not in str(caught.value)


def test_an_unknown_filter_is_refused_with_a_suggestion() -> None:
    with pytest.raises(ConfigurationError, match=r"'min_ammount' \(did you mean 'min_amount'\?\)") as caught:
        one("min_ammount", 5)
    for name in TransactionFilters.__annotations__:
        assert name in str(caught.value)
    assert "extra=" in str(caught.value)
    with pytest.raises(ConfigurationError, match="'completely_else'; there are"):
        one("completely_else", 5)


def test_extra_names_go_out_as_they_are() -> None:
    extra = {
        "Some_Thing": "x",
        "flag": True,
        "day": date(2025, 1, 2),
        "amount": Decimal("1.0"),
        "n": 7,
        "c": Colour.RED,
    }
    assert query_of({"status": "a"}, Few, extra=extra) == (
        ("status", "a"),
        ("Some_Thing", "x"),
        ("flag", "true"),
        ("day", "2025-01-02"),
        ("amount", "1.0"),
        ("n", "7"),
        ("c", "red"),
    )


def test_extra_is_not_for_what_has_a_filter() -> None:
    with pytest.raises(ConfigurationError, match="use the filter is_new="):
        query_of({}, Few, extra={"is-new": "true"})
    with pytest.raises(ConfigurationError, match="use the filter is_new="):
        query_of({}, Few, extra={"onlyNew": True}, names={"is_new": "onlyNew"})


def test_extra_is_not_for_paging() -> None:
    with pytest.raises(ConfigurationError, match="paging is done for you"):
        query_of({}, Few, extra={"page-number": 3}, reserved=("page-number", "page-size"))


def test_corrected_names_replace_the_mechanical_ones() -> None:
    assert query_of({"is_new": True, "status": "x"}, Few, names={"is_new": "onlyNew"}) == (
        ("onlyNew", "true"),
        ("status", "x"),
    )
    assert query_of({}, Few, extra={"is-new": "x"}, names={"is_new": "onlyNew"}) == (("is-new", "x"),)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (0, "0"),
        (10**30, "1" + "0" * 30),
        ("", ""),
        ("ä b", "ä b"),
        (date(2025, 1, 2), "2025-01-02"),
        (Decimal("-0.10"), "-0.10"),
        (Colour.RED, "red"),
        (Colour.SEVEN, "7"),
    ],
)
def test_values(value, text) -> None:
    assert query_value("name", value) == text


@pytest.mark.parametrize(
    "value",
    [
        None,
        0.5,
        math.nan,
        math.inf,
        datetime(2025, 1, 1, tzinfo=UTC),
        Decimal("NaN"),
        Decimal("-Infinity"),
        b"x",
        [1],
        {},
        Colour.HALF,
        object(),
        1j,
    ],
)
def test_values_without_an_exact_spelling_are_refused(value) -> None:
    with pytest.raises(ConfigurationError, match="name="):
        query_value("name", value)


@given(amount=st.decimals(allow_nan=False, allow_infinity=False))
def test_an_amount_is_written_without_exponent_and_without_loss(amount) -> None:
    text = query_value("amount", amount)
    assert Decimal(text) == amount
    assert "e" not in text.lower()


@pytest.mark.parametrize("size", [1, 100, 1000])
def test_page_sizes(size) -> None:
    assert checked_page_size(size) == size


@pytest.mark.parametrize("size", [0, -1, 1001, 1.0, "100", None, True])
def test_page_sizes_the_api_does_not_serve(size) -> None:
    with pytest.raises(ConfigurationError, match="page_size"):
        checked_page_size(size)
