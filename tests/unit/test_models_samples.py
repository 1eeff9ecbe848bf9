"""The API's documented samples, read without loss, and what else a server may make of them."""

import json
import pickle
from datetime import date, datetime, timedelta, timezone
from decimal import Context, Decimal, localcontext
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from konfipay_async.answers import page_of, transactions_of
from konfipay_async.errors import DecodeError
from konfipay_async.models import BankAccount, CreditDebitIndicator, DocumentRef, Link, Transaction, TransactionFileRef
from konfipay_async.models.authentication import ClientInfo, TokenAnswer, TokenRequest, encode_token_request
from konfipay_async.models.page import Envelope
from konfipay_async.models.times import german_midnight
from konfipay_async.models.transactions import TransactionResults
from konfipay_async.models.wire import decode
from konfipay_async.session.message import Response

SAMPLES = Path(__file__).parent.parent / "samples"
TRANSACTIONS: Any = Envelope[TransactionResults]
WINTER = timezone(timedelta(hours=1))


def sample(name: str) -> bytes:
    return (SAMPLES / f"{name}.json").read_bytes()


def row(**changes: Any) -> bytes:
    """A booking with what must be there; `changes` by wire name."""
    fields = {"rId": "row-1", "amount": 10, "currency": "EUR", "creditDebitIndicator": "CRDT", **changes}
    return json.dumps(fields).encode()


def booking(**changes: Any) -> Transaction:
    return decode(row(**changes), Transaction)


def page(*rows: bytes) -> Response:
    body = (
        b'{"pageNumber":3,"pageSize":100,"totalPages":9,"totalItems":900,"links":[],'
        b'"results":{"acknowledgementId":"key","transactions":[%s]}}'
    )
    return Response(200, {}, body % b",".join(rows))


# --- the documented samples ----------------------------------------------------------------------------------------


def test_the_wrapper_of_lists() -> None:
    envelope = decode(sample("page-wrapper"), Envelope[list[BankAccount]])
    assert (envelope.page_number, envelope.page_size) == (1, 100)
    assert (envelope.total_pages, envelope.total_items) == (1, 2)
    assert envelope.links == [
        Link(href="https://portal.konfipay.de/api/v6/Example?pageNumber=1&pageSize=100", rel="self", method="GET")
    ]
    assert envelope.results == []


def test_the_page_of_transactions() -> None:
    envelope = decode(sample("transactions-page"), TRANSACTIONS)
    assert (envelope.page_number, envelope.page_size) == (1, 1000)
    assert (envelope.total_pages, envelope.total_items) == (1, 2)
    assert [link.href for link in envelope.links] == [
        "https://portal.konfipay.de/api/v6/Example?pageNumber=1&pageSize=1000"
    ]
    assert envelope.results.acknowledgement_id == "a231fcd1-4fef-4f38-8f49-5ea4e7bfd47f"
    first, second = envelope.results.transactions
    booked = datetime(2025, 2, 18, 10, 6, 4, tzinfo=WINTER)
    assert first.rid == "5d12c087-be1e-456c-a33f-4f8750fa7814"
    assert first.timestamp == datetime(2025, 2, 18, 8, 53, 51, tzinfo=WINTER)
    assert first.timestamp.utcoffset() == timedelta(hours=1)
    assert str(first.amount) == "10.99"
    assert first.currency == "EUR"
    assert first.credit_debit_indicator is CreditDebitIndicator.CRDT
    assert first.electronic_sequence_number == "74"
    assert first.name == "Alice Mayer"
    assert first.iban == "DE12345678901234567890"
    assert first.bic == "ABCDEFG1CBA"
    assert first.booking_text == "SAMMELÜBERWEISUNG"
    assert first.booking_date == first.value_date == booked
    assert first.is_new is False
    assert first.bank_reference == "bankRefernceNumber"
    assert first.payment_identification_id == "konfipay-1-11111"
    assert first.prima_nota == "9301"
    assert first.document == DocumentRef(
        rid="b32e7cd2-d9d4-44d4-878e-18a5c971c97b", timestamp=date(2025, 2, 18), is_new=True, format="camt.052"
    )
    assert first.bank_account is not None
    assert first.bank_account.rid == "522743d3-778c-4f2f-9f0b-3133c671f4a2"
    assert first.bank_account.iban == "DE09876543210987654321"
    assert first.bank_account.currency == "EUR"
    assert first.purpose is first.end_to_end_id is first.customer_reference is first.transaction_file is None
    assert second.rid == "fa727310-3072-4abc-a982-b511b8b81108"
    assert str(second.amount) == "500"
    assert second.credit_debit_indicator is CreditDebitIndicator.DBIT
    assert second.electronic_sequence_number == "82"
    assert second.booking_text == "GUTSCHRIFT ÜBERWEISUNG"
    assert second.is_new is True
    assert second.payment_identification_id == "konfipay-1-11112"
    assert second.document == DocumentRef(
        rid="a231fcd1-4fef-4f38-8f49-5ea4e7bfd47f", timestamp=date(2025, 2, 18), is_new=True, format="camt.053"
    )


def test_the_page_of_transactions_loses_nothing() -> None:
    """Every field of the sample has a place in the model: written again, the same names and values come out."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: plain(item) for name, item in value.items() if item is not None}
        return [plain(item) for item in value] if isinstance(value, list) else value

    envelope = decode(sample("transactions-page"), TRANSACTIONS)
    encoder = msgspec.json.Encoder(decimal_format="number")
    assert plain(json.loads(encoder.encode(envelope))) == json.loads(sample("transactions-page"))


def test_the_login_request() -> None:
    """What the client sends has the documented form."""
    documented = decode(sample("token-request"), TokenRequest)
    assert documented.client == ClientInfo("ClientApplicationName", "1.0.0.0")
    assert len(documented.api_key) == 64
    assert json.loads(encode_token_request(documented.api_key, documented.client)) == json.loads(
        sample("token-request")
    )


def test_the_answer_to_a_login_as_seen_in_public_code() -> None:
    answer = decode(b'{"accessToken":"abc","expiresIn":1800,"tokenType":"bearer"}', TokenAnswer)
    assert (answer.access_token, answer.expires_in, answer.token_type) == ("abc", 1800.0, "bearer")
    assert decode(b'{"accessToken":"abc"}', TokenAnswer).expires_in == 1800.0


def test_neither_keys_nor_tokens_are_in_a_repr() -> None:
    assert "geheim" not in repr(TokenRequest("geheim", ClientInfo("a", "b")))
    assert "geheim" not in repr(TokenAnswer("geheim"))


def test_a_bank_account_as_seen_in_public_code() -> None:
    account = decode(
        b'{"rId":"acc","description":"Main","iban":"DE1","currency":"EUR","isTest":false,"isActive":true,'
        b'"balance":{"amount":1234.50,"currency":"EUR","date":"2025-02-18T10:06:04+01:00"},'
        b'"accountHolder":{"name":"Alice","creditorId":"DE98ZZZ"}}',
        BankAccount,
    )
    assert (account.rid, account.description, account.iban, account.currency) == ("acc", "Main", "DE1", "EUR")
    assert (account.is_test, account.is_active) == (False, True)
    assert account.balance is not None
    assert str(account.balance.amount) == "1234.50"
    assert account.balance.currency == "EUR"
    assert account.balance.date == datetime(2025, 2, 18, 10, 6, 4, tzinfo=WINTER)
    assert account.account_holder is not None
    assert (account.account_holder.name, account.account_holder.creditor_id) == ("Alice", "DE98ZZZ")


# --- tolerance -----------------------------------------------------------------------------------------------------


def test_unknown_fields_are_ignored_everywhere() -> None:
    """On the fast path and on the tolerant one."""
    for odd in ({}, {"name": 5}):
        got = booking(brandNew={"a": [1]}, document={"rId": "d", "alsoNew": None}, **odd)
        assert got.rid == "row-1"
        assert got.document == DocumentRef(rid="d")


@pytest.mark.parametrize("indicator", ["XXXX", "crdt", "", "Mr. O'Neill", "name", "value"])
def test_an_unknown_indicator_is_kept(indicator) -> None:
    got = booking(creditDebitIndicator=indicator)
    assert got.credit_debit_indicator == indicator
    assert got.credit_debit_indicator.value == indicator
    assert isinstance(got.credit_debit_indicator, CreditDebitIndicator)
    assert got.credit_debit_indicator == booking(creditDebitIndicator=indicator).credit_debit_indicator
    assert pickle.loads(pickle.dumps(got.credit_debit_indicator)) == indicator  # noqa: S301
    assert msgspec.json.encode(got.credit_debit_indicator) == json.dumps(indicator).encode()


def test_unknown_indicators_do_not_pile_up_among_the_known_ones() -> None:
    booking(creditDebitIndicator="XXXX")
    assert list(CreditDebitIndicator) == [CreditDebitIndicator.CRDT, CreditDebitIndicator.DBIT]


@pytest.mark.parametrize("rid", ["a-b-c", "5c19b66h-3d6e-0000", "", "42", "Ü/%"])
def test_rids_need_not_be_uuids(rid) -> None:
    assert booking(rId=rid).rid == rid


@pytest.mark.parametrize("rid", [42, 0, 12345678901234567890])
def test_a_number_where_a_text_was_promised(rid) -> None:
    assert booking(rId=rid).rid == str(rid)
    assert booking(electronicSequenceNumber=74).electronic_sequence_number == "74"
    assert booking(name=1.5).name == "1.5"


def test_text_where_a_number_was_promised() -> None:
    body = sample("transactions-page").replace(b'"totalItems": 2', b'"totalItems": "2"')
    assert decode(body, TRANSACTIONS).total_items == 2
    assert str(booking(amount="10.990").amount) == "10.990"
    assert decode(b'{"accessToken":"a","expiresIn":"1800"}', TokenAnswer).expires_in == 1800.0


def test_a_number_with_a_point_where_a_whole_one_was_promised() -> None:
    body = sample("transactions-page").replace(b'"totalItems": 2', b'"totalItems": 2.0')
    assert decode(body, TRANSACTIONS).total_items == 2


@pytest.mark.parametrize(("given", "meant"), [("true", True), ("False", False), (1, True), (0, False), (True, True)])
def test_flags_in_other_clothes(given, meant) -> None:
    assert booking(isNew=given).is_new is meant


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("2025-02-18", datetime(2025, 2, 18, tzinfo=timezone(timedelta(hours=1)))),
        ("2025-07-18", datetime(2025, 7, 18, tzinfo=timezone(timedelta(hours=2)))),
        ("2025-02-18T10:06:04.767+01:00", datetime(2025, 2, 18, 10, 6, 4, 767000, tzinfo=WINTER)),
        ("2025-02-18T10:06:04Z", datetime(2025, 2, 18, 11, 6, 4, tzinfo=WINTER)),
    ],
)
def test_a_date_where_a_time_was_promised_is_midnight_in_germany(given, meant) -> None:
    got = booking(bookingDate=given, valueDate=given, timestamp=given)
    assert got.booking_date == got.value_date == got.timestamp == meant


def test_german_midnight_knows_summer() -> None:
    assert german_midnight("2025-07-01").isoformat() == "2025-07-01T00:00:00+02:00"
    with pytest.raises(ValueError, match=r".+"):
        german_midnight("2025-02-30")


def test_a_time_where_a_date_was_promised() -> None:
    got = booking(document={"rId": "d", "timestamp": "2025-02-18T23:30:00+01:00"})
    assert got.document is not None
    assert got.document.timestamp == date(2025, 2, 18)


@pytest.mark.parametrize("day", ["0001-01-01", "1890-05-05", "9999-12-31"])
def test_days_far_away_do_not_crash_a_page(day) -> None:
    """The smallest date of .NET stands for none in many an API; Berlin's offset had seconds then."""
    got = booking(bookingDate=day)
    assert got.booking_date is None or got.booking_date.isoformat().startswith(day)


@pytest.mark.parametrize("nothing", [None, ""])
def test_nulls_and_empty_texts_for_optional_things(nothing) -> None:
    got = booking(
        timestamp=nothing,
        bookingDate=nothing,
        isNew=nothing,
        document=nothing,
        transactionFile=nothing,
        bankAccount=nothing,
    )
    assert got.timestamp is got.booking_date is got.is_new is got.document is None
    assert got.transaction_file is got.bank_account is got.origin is None


def test_null_and_empty_texts_stay_apart_where_both_are_text() -> None:
    assert booking(name=None).name is None
    assert booking(name="").name == ""


def test_null_for_a_list_is_an_empty_one() -> None:
    body = json.loads(sample("transactions-page")) | {"links": None}
    body["results"]["transactions"] = None
    envelope = decode(json.dumps(body).encode(), TRANSACTIONS)
    assert envelope.links == []
    assert envelope.results.transactions == []


def test_the_file_by_its_other_name() -> None:
    """`transactionFile` instead of `document`, with numbers as numbers or as text."""
    body = sample("transactions-page").replace(b'"document"', b'"transactionFile"')
    for got in decode(body, TRANSACTIONS).results.transactions:
        assert got.document is None
        assert isinstance(got.transaction_file, TransactionFileRef)
        assert got.origin is got.transaction_file
        assert got.transaction_file.timestamp == datetime(2025, 2, 18, tzinfo=WINTER)
        assert got.transaction_file.format in ("camt.052", "camt.053")
    got = booking(transactionFile={"rId": "f", "legalSequenceNumber": 7, "electronicSequenceNumber": "8"})
    assert got.transaction_file is not None
    assert (got.transaction_file.legal_sequence_number, got.transaction_file.electronic_sequence_number) == (7, "8")
    assert booking(document={"rId": "d"}).origin == DocumentRef(rid="d")


def test_one_odd_row_does_not_change_the_others() -> None:
    """The tolerant path reads good rows exactly as the fast one."""
    good = row(amount=10.5, name="Zoë", bookingDate="2025-02-18T10:06:04+01:00", creditDebitIndicator="DBIT")
    fast = transactions_of("GET", "transactions", 3)(page(good))
    slow = transactions_of("GET", "transactions", 3)(page(good, row(name=5)))
    assert fast is not None
    assert slow is not None
    assert slow.results.transactions[0] == fast.results.transactions[0]
    assert slow.results.transactions[1].name == "5"


# --- what cannot be read -------------------------------------------------------------------------------------------

CANARY = "Erika Mustermann DE02120300000000202051"

UNREADABLE = [
    ("amount", {"amount": CANARY}),
    ("amount", {"amount": None}),
    ("amount", {"amount": True}),
    ("amount", {"amount": [CANARY]}),
    ("currency", {"currency": None}),
    ("currency", {"currency": {"x": CANARY}}),
    ("creditDebitIndicator", {"creditDebitIndicator": None}),
    ("creditDebitIndicator", {"creditDebitIndicator": [CANARY]}),
    ("name", {"name": {CANARY: CANARY}}),
    ("isNew", {"isNew": CANARY}),
    ("bookingDate", {"bookingDate": CANARY}),
    ("bookingDate", {"bookingDate": "18.02.2025"}),
    ("bookingDate", {"bookingDate": "2025-02-30"}),
    ("timestamp", {"timestamp": 1739865231}),
    ("document.timestamp", {"document": {"rId": "d", "timestamp": CANARY}}),
    ("document", {"document": CANARY}),
    ("bankAccount", {"bankAccount": [CANARY]}),
]


@pytest.mark.parametrize(
    ("field", "changes"), UNREADABLE, ids=[f"{name}-{n}" for n, (name, _) in enumerate(UNREADABLE)]
)
def test_what_cannot_be_read_names_field_and_page_and_shows_no_value(field, changes) -> None:
    response = page(row(), row(purpose=CANARY, **changes))
    with pytest.raises(DecodeError) as caught:
        transactions_of("GET", "transactions", 3)(response)
    error = caught.value
    assert error.field == f"$.results.transactions[1].{field}" or error.field.startswith(
        f"$.results.transactions[1].{field}"
    )
    assert error.where == "GET transactions page 3"
    assert error.field in str(error)
    assert error.where in str(error)
    assert not error.malformed
    assert error.body == response.body
    for text in (str(error), repr(error), repr(vars(error).keys()), str(error.args)):
        assert "Mustermann" not in text
        assert "DE0212" not in text
    pickled = pickle.dumps(error)
    assert b"Mustermann" not in pickled
    assert b"18.02" not in pickled
    assert pickle.loads(pickled).body == b""  # noqa: S301


def test_a_missing_field_is_named() -> None:
    with pytest.raises(DecodeError) as caught:
        decode(b'{"rId":"a","currency":"EUR","creditDebitIndicator":"CRDT"}', Transaction, where="page 7")
    assert "amount" in str(caught.value)
    assert "page 7" in str(caught.value)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"", "empty"),
        (b"   ", "empty"),
        (b"<!DOCTYPE html><p>Erika Mustermann", "HTML"),
        (b"\n<html>Erika Mustermann", "HTML"),
        (b"<?xml version='1.0'?><a>Erika Mustermann</a>", "XML"),
        (b'{"name": "Erika Mustermann"', "not valid JSON"),
        (b'{"rId": "\xff\xfe"}', "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
    ],
)
def test_what_is_no_json_at_all_says_what_it_looks_like(body, found) -> None:
    with pytest.raises(DecodeError, match=found) as caught:
        decode(body, Transaction, where="GET x page 1")
    assert caught.value.malformed
    assert caught.value.where == "GET x page 1"
    assert "Mustermann" not in f"{caught.value} {caught.value!r}"


@pytest.mark.parametrize("body", [b"[]", b"null", b'"text"', b"5", b"true"])
def test_another_kind_of_json_is_no_model(body) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(body, Transaction)
    assert not caught.value.malformed


def test_an_amount_no_decimal_can_hold_is_named() -> None:
    """It is valid JSON, and not the whole body's fault."""
    with pytest.raises(DecodeError) as caught:
        decode(row(amount=1).replace(b": 1,", b": 1e9999999999999999999,"), Transaction)
    assert not caught.value.malformed
    assert "amount" in caught.value.field


# --- money ---------------------------------------------------------------------------------------------------------

digits = st.text("0123456789", min_size=1, max_size=30)
numbers = st.builds(
    lambda sign, whole, fraction, exponent: sign + (whole.lstrip("0") or "0") + fraction + exponent,
    st.sampled_from(["", "-"]),
    digits,
    st.one_of(st.just(""), digits.map(lambda text: f".{text}")),
    st.one_of(st.just(""), st.integers(-30, 30).map(lambda power: f"e{power}"), st.just("E+2"), st.just("e-05")),
)


@given(number=numbers)
def test_amounts_keep_every_digit(number) -> None:
    """Trailing zeros and exponents too; on the fast path, on the tolerant one, and from a text."""
    as_number = row().replace(b'"amount": 10', f'"amount": {number}'.encode())
    expected = Decimal(number)
    for body in (as_number, as_number.replace(b"{", b'{"name": 5, ', 1), row(amount=number)):
        got = decode(body, Transaction).amount
        assert got.as_tuple() == expected.as_tuple() or (
            expected == 0 and got.as_tuple()[1:] == expected.as_tuple()[1:]
        )


@given(number=numbers)
def test_balances_keep_every_digit(number) -> None:
    account = decode(f'{{"rId":"a","balance":{{"amount":{number}}}}}'.encode(), BankAccount)
    assert account.balance is not None
    assert account.balance.amount == Decimal(number)
    assert isinstance(account.balance.amount, Decimal)


NOT_FINITE = ["NaN", "nan", "sNaN", "-NaN", "Infinity", "-Infinity", "inf", "NaN123"]


@pytest.mark.parametrize("text", NOT_FINITE)
@pytest.mark.parametrize("odd", [{}, {"name": 5}])
def test_amounts_that_are_no_number_are_refused(text, odd) -> None:
    response = page(row(), row(), row(amount=text, **odd), row(amount=text))
    with pytest.raises(DecodeError) as caught:
        transactions_of("GET", "transactions", 3)(response)
    assert caught.value.field == "$.results.transactions[2].amount"
    assert "GET transactions page 3" in str(caught.value)
    assert caught.value.body == response.body


@pytest.mark.parametrize("text", NOT_FINITE)
def test_balances_that_are_no_number_are_refused(text) -> None:
    """Money is money wherever it stands."""
    body = (
        '{"pageNumber":1,"pageSize":9,"totalPages":1,"totalItems":1,"results":'
        f'[{{"rId":"a","balance":{{"amount":"{text}"}}}}]}}'
    )
    with pytest.raises(DecodeError):
        page_of(BankAccount, "GET", "bank-accounts", 1)(Response(200, {}, body.encode()))


@pytest.mark.parametrize("text", ["1,50", "1.000,00", "EUR 5", "0x10", "5-", ""])
def test_amounts_in_other_spellings_are_refused(text) -> None:
    with pytest.raises(DecodeError):
        booking(amount=text)


@pytest.mark.parametrize(
    ("amount", "indicator", "signed"),
    [("5.50", "CRDT", "5.50"), ("5.50", "DBIT", "-5.50"), ("-5.50", "CRDT", "5.50"), ("-5.50", "DBIT", "-5.50")],
)
def test_the_signed_amount_is_what_changes_the_balance(amount, indicator, signed) -> None:
    assert str(booking(amount=amount, creditDebitIndicator=indicator).signed_amount) == signed


@given(number=numbers)
def test_the_signed_amount_keeps_every_digit(number) -> None:
    """Whatever precision the caller's decimal context has."""
    for indicator in ("CRDT", "DBIT"):
        got = booking(amount=number, creditDebitIndicator=indicator).signed_amount
        assert got.copy_abs().as_tuple() == Decimal(number).copy_abs().as_tuple()


def test_the_signed_amount_does_not_depend_on_the_decimal_context() -> None:
    with localcontext(Context(prec=4)):
        assert str(booking(amount="1234567.89", creditDebitIndicator="DBIT").signed_amount) == "-1234567.89"


@pytest.mark.parametrize("indicator", ["XXXX", "", "dbit"])
def test_an_unknown_indicator_has_no_signed_amount(indicator) -> None:
    with pytest.raises(ValueError, match="neither credit nor debit"):
        _ = booking(creditDebitIndicator=indicator).signed_amount
