"""The made-up rows, without a server."""

import json
import uuid
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from schwifty import BIC, IBAN

from konfipay_async.sandbox.konfipay.banks import make_accounts, make_iban, make_parties
from konfipay_async.sandbox.konfipay.data import Criteria, Ledger, amount_text, first_row_of

LEDGER = Ledger(7, 4)


def row(number: int, ledger: Ledger = LEDGER, pending: bool = False) -> dict[str, object]:
    served: dict[str, object] = json.loads(ledger.json(number, is_new=True, pending=pending), parse_float=Decimal)
    return served


@pytest.mark.parametrize("country", ["DE", "CH"])
def test_all_ibans_and_bics_are_valid(country: str) -> None:
    parties = make_parties(3, country)
    assert len({party.name for party in parties}) == len(parties)
    for party in parties:
        assert IBAN(party.iban).bic == BIC(party.bic)
        assert party.iban.startswith(country)
    for account in make_accounts(3, 40):
        IBAN(account.iban)
        if account.bic:
            BIC(account.bic)


def test_check_digits_of_the_standards_own_examples() -> None:
    assert make_iban("DE", "370400440532013000") == "DE89370400440532013000"
    assert make_iban("CH", "00762011623852957") == "CH9300762011623852957"


def test_two_accounts_share_an_iban_in_two_currencies() -> None:
    first, second, *_ = make_accounts(0, 4)
    assert first.iban == second.iban
    assert first.currency != second.currency
    accounts = make_accounts(0, 12)
    assert len({(account.iban, account.currency) for account in accounts}) == 12
    assert accounts[:4] == make_accounts(0, 4)


def test_a_row_is_a_function_of_seed_and_number() -> None:
    again = Ledger(7, 4)
    for number in (0, 1, 255, 256, 99_999, 1_000_000):
        assert row(number) == row(number, again)
    assert row(5) != row(5, Ledger(8, 4))


@settings(deadline=None)
@given(st.integers(0, 5_000_000), st.booleans())
def test_every_row_is_whole(number: int, pending: bool) -> None:
    served = row(number, pending=pending)
    rid = uuid.UUID(str(served["rId"]))
    assert rid.version == 4
    assert str(rid) == served["rId"] == LEDGER.rid(number)
    assert LEDGER.row_of(str(served["rId"]), number + 1) == number
    assert LEDGER.row_of(str(served["rId"]), number) is None
    amount = Decimal(str(served["amount"]))
    assert 1 <= amount < 2_000_000
    assert amount == amount.quantize(Decimal("0.01"))
    booked = datetime.fromisoformat(str(served["bookingDate"]))
    assert booked.utcoffset() in (timedelta(hours=1), timedelta(hours=2))
    assert booked.isoweekday() <= 5
    assert first_row_of(booked.date()) <= number < first_row_of(booked.date() + timedelta(days=1))
    parent = served["document"]
    assert isinstance(parent, dict)
    assert parent["format"] == ("camt.052" if pending else "camt.053")
    assert parent["timestamp"] == booked.date().isoformat()
    if not pending:
        assert {"name", "iban", "bankReference", "primaNota", "endToEndId"} <= served.keys()


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        (date(2022, 3, 25), 1),
        (date(2022, 3, 28), 2),
        (date(2022, 10, 28), 2),
        (date(2022, 10, 31), 1),
        (date(2023, 3, 24), 1),
        (date(2023, 3, 27), 2),
    ],
)
def test_german_summer_time(day: date, hours: int) -> None:
    booked = datetime.fromisoformat(str(row(first_row_of(day))["bookingDate"]))
    assert booked.date() == day
    assert booked.utcoffset() == timedelta(hours=hours)


def test_rows_differ_as_real_ones_do() -> None:
    booked = [row(number) for number in range(600)]
    pending = [row(number, pending=True) for number in range(200)]
    assert len({served["rId"] for served in booked}) == 600
    assert {served["creditDebitIndicator"] for served in booked} == {"CRDT", "DBIT"}
    assert {served["currency"] for served in booked} == {"EUR", "USD", "CHF"}
    assert any(served["endToEndId"] is None for served in booked)
    assert any(served["endToEndId"] == "NOTPROVIDED" for served in booked)
    assert any("ü" in str(served["name"]) for served in booked)
    assert any('"' in str(served["name"]) for served in booked)
    for field in ("name", "iban", "bic", "bankReference"):
        assert any(field in served for served in pending)
        assert any(field not in served for served in pending)
    assert not any("endToEndId" in served for served in pending)


def test_the_other_parent_object() -> None:
    served = row(10, Ledger(7, 4, "transactionFile"))
    assert "document" not in served
    parent = served["transactionFile"]
    assert isinstance(parent, dict)
    assert parent.keys() == {"rId", "timestamp", "format", "legalSequenceNumber", "electronicSequenceNumber"}


@settings(deadline=None)
@given(st.integers(-(10**12), 10**12))
def test_amounts_are_exact(cents: int) -> None:
    assert Decimal(amount_text(cents)) == Decimal(cents) / 100


@settings(deadline=None)
@given(
    accounts=st.none() | st.frozensets(st.integers(0, 3)),
    credit=st.none() | st.booleans(),
    pending=st.none() | st.booleans(),
    low=st.none() | st.integers(0, 200_000),
    high=st.none() | st.integers(0, 200_000),
    begin=st.integers(0, 900),
    stop=st.none() | st.integers(0, 900),
    window=st.tuples(st.integers(0, 800), st.integers(0, 800)).map(sorted),
)
def test_filters_agree_with_the_rows_themselves(
    accounts: frozenset[int] | None,
    credit: bool | None,
    pending: bool | None,
    low: int | None,
    high: int | None,
    begin: int,
    stop: int | None,
    window: list[int],
) -> None:
    flags = bytearray(number % 3 == 0 for number in range(800))
    first, end = window
    found = LEDGER.matches(Criteria(accounts, credit, pending, begin, stop, low, high), flags, first, end)
    assert len(found) == end - first
    wanted_rids = None if accounts is None else {LEDGER.accounts[index].rid for index in accounts}
    for number, flag in zip(range(first, end), found, strict=True):
        served = row(number)
        cents = Decimal(str(served["amount"])) * 100
        bank_account = served["bankAccount"]
        assert isinstance(bank_account, dict)
        assert flag == (
            (wanted_rids is None or bank_account["rId"] in wanted_rids)
            and credit in (None, served["creditDebitIndicator"] == "CRDT")
            and pending in (None, bool(flags[number]))
            and (low is None or low <= cents)
            and (high is None or cents <= high)
            and begin <= number
            and (stop is None or number < stop)
        )


def test_an_rid_of_somebody_else_is_no_row() -> None:
    for text in ("", "abc", "not-a-uuid", str(uuid.uuid4()), LEDGER.rid(3) + "00", Ledger(8, 4).rid(3)):
        assert LEDGER.row_of(text, 1_000_000) is None
    assert LEDGER.row_of(LEDGER.rid(3).upper(), 1_000_000) == 3
