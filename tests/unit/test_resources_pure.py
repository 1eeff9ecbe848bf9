"""What resources are made of and needs no server: samples of payments and files, links, pauses, open models."""

import json
import pickle
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from konfipay_async.answers import page_of, payment_files_of, scopes_of
from konfipay_async.errors import DecodeError, LinkRefusedError
from konfipay_async.models import (
    Account,
    Bank,
    BankAccountRef,
    Batch,
    DeleteStatus,
    Document,
    ExchangeRate,
    NewBankAccount,
    NewPayment,
    NewPayPalAccount,
    Party,
    Payment,
    PaymentFile,
    PaymentOrder,
    PaymentProvider,
    PaymentStatus,
    PayPalAccount,
    PayPalTransaction,
    StatusValue,
    TransactionFile,
    User,
    UserGroup,
)
from konfipay_async.models.authentication import ClientInfo, TokenAnswer, TokenRequest
from konfipay_async.models.payments import PaymentInfo
from konfipay_async.models.wire import OpenWire, decode, encode, encode_with
from konfipay_async.resources.links import path_at_origin
from konfipay_async.resources.waiting import Pauses
from konfipay_async.session.message import Response

SAMPLES = Path(__file__).parent.parent / "samples"
WINTER = timezone(timedelta(hours=1))
RID = "5d12c087-be1e-456c-a33f-4f8750fa7814"


def sample(name: str) -> bytes:
    return (SAMPLES / f"{name}.json").read_bytes()


def plain(value: Any) -> Any:
    """Without what is null: a model writes those, a sample does not."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items() if item is not None}
    return [plain(item) for item in value] if isinstance(value, list) else value


# --- the documented samples ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("transaction-file", TransactionFile),
        ("payment-file", PaymentInfo),
        ("payment-status-rejected", PaymentStatus),
        ("payment", Payment),
        ("payments-extracted", list[Payment]),
        ("delete-scheduled", DeleteStatus),
        ("delete-finished", DeleteStatus),
        ("paypal-account", PayPalAccount),
    ],
)
def test_a_sample_loses_nothing(name, kind) -> None:
    """Every field has a place in its model: written again, the same names and values come out."""
    encoder = msgspec.json.Encoder(decimal_format="number")
    assert plain(json.loads(encoder.encode(decode(sample(name), kind)))) == json.loads(sample(name))


def test_a_transaction_file() -> None:
    assert decode(sample("transaction-file"), TransactionFile) == TransactionFile(
        rid=RID,
        href=f"api/v6.0/transaction-files/{RID}",
        timestamp=datetime(2025, 2, 26, 11, 14, 25, tzinfo=WINTER),
        is_new=False,
        format="camt.053",
        file_name="2025-02-25_C53_DE12345678901234567890_EUR_21-00001.xml",
        electronic_sequence_number=1,
        legal_sequence_number=1,
        bank_account=BankAccountRef("b32e7cd2-d9d4-44d4-878e-18a5c971c97b", "DE12345678901234567890", "EUR"),
    )


def test_a_transaction_file_as_other_banks_and_versions_may_send_it() -> None:
    """Sequence numbers are optional, and text elsewhere; version 5 had the IBAN at the top."""
    assert decode(b'{"rId":"a-b-c"}', TransactionFile) == TransactionFile("a-b-c")
    odd = decode(b'{"rId":"a","iban":"DE1","timestamp":"2025-02-26","legalSequenceNumber":"7"}', TransactionFile)
    assert odd.legal_sequence_number == 7
    assert odd.timestamp == datetime(2025, 2, 26, tzinfo=WINTER)


def test_a_document_of_version_5_is_one_of_version_6() -> None:
    document = decode(
        b'{"rId":"fa727310","href":"api/v5.0/Document/1","timestamp":"2025-02-27T10:45:56+01:00","iban":"DE1",'
        b'"isNew":true,"format":"BKA","fileName":"x.pdf"}',
        Document,
    )
    assert (document.rid, document.is_new, document.format, document.file_name) == ("fa727310", True, "BKA", "x.pdf")


def test_a_payment_file() -> None:
    info = decode(sample("payment-file"), PaymentInfo).payment_info
    assert info == PaymentFile(
        rid=RID,
        timestamp=datetime(2025, 1, 9, 14, 36, 50, tzinfo=WINTER),
        format="pain.001",
        execution_date=date(2025, 1, 9),
        payment_type="TRF",
        status=PaymentStatus(
            value=StatusValue.FIN_CONFIRMED,
            upload_timestamp=datetime(2025, 1, 9, 15, 49, 3, tzinfo=WINTER),
            order_id="A1BC",
            reason_code="TS01",
            reason="The transfer of the file was successful",
            additional_information="Additional information 1",
        ),
    )


def test_a_list_of_payment_files_is_unwrapped_row_by_row() -> None:
    body = b'{"pageNumber":1,"pageSize":10,"totalPages":1,"totalItems":2,"links":[],"results":[%s,%s]}'
    page = payment_files_of("GET", "payment-files", 1)(Response(200, {}, body % ((sample("payment-file"),) * 2)))
    assert page is not None
    assert [file.rid for file in page.items] == [RID, RID]
    assert (page.number, page.size, page.total_pages, page.total_items) == (1, 10, 1, 2)
    assert payment_files_of("GET", "payment-files", 1)(Response(204, {}, b"")) is None


def test_a_payment_file_that_is_not_wrapped_is_none() -> None:
    with pytest.raises(DecodeError, match="paymentInfo"):
        decode(b'{"rId":"a"}', PaymentInfo)


def test_a_status_says_why_konfipay_rejected_a_file() -> None:
    status = decode(sample("payment-status-rejected"), PaymentStatus)
    assert status.value is StatusValue.KON_REJECTED
    assert status.error is not None
    assert (status.error.code, status.error.message, status.error.details) == (
        "ERR-00-0000",
        "ErrorMessage1",
        "ErrorDetails1",
    )
    assert status.error.timestamp == status.upload_timestamp == datetime(2025, 1, 8, 13, 55, 50, tzinfo=WINTER)


def test_a_status_needs_nothing_but_its_value() -> None:
    assert decode(b'{"statusValue":"KON_ACCEPTED_AND_QUEUED"}', PaymentStatus) == PaymentStatus(
        StatusValue.KON_ACCEPTED_AND_QUEUED
    )
    seen = b'{"statusValue":"FIN_UPLOAD_FAILED","error":{"errorCode":"ERR-1","timestamp":"2021-10-19T15:10:45.767"}}'
    status = decode(seen, PaymentStatus)
    assert status.error is not None
    assert status.error.timestamp == datetime(2021, 10, 19, 15, 10, 45, 767000)  # noqa: DTZ001 (as it came)


def test_a_payment() -> None:
    payment = decode(sample("payment"), Payment)
    assert payment.rid == RID
    assert payment.batch == Batch("522743d3-778c-4f2f-9f0b-3133c671f4a2", 5)
    assert payment.order == PaymentOrder(
        type="TRF",
        amount=Decimal(10055),
        currency="EUR",
        execution_date=date(2025, 2, 17),
        end_to_end_id="NOTPROVIDED",
        country="DE",
        purpose_code="SALA",
        charge_bearer="SLEV",
        instruction_id="ABC123456789",
        remittance_information="Reference from the payer to the bank",
    )
    assert payment.own == Party(
        "fa727310-3072-4abc-a982-b511b8b81108", "DE12345678901234567890", description="Alice Mayer"
    )
    assert payment.other == Party(
        "b32e7cd2-d9d4-44d4-878e-18a5c971c97b", "DE09876543210987654321", description="Bob Mayer"
    )
    assert payment.payment_file is not None
    assert payment.payment_file.payment_type == "CBTRF"
    assert not payment.is_open


def test_payments_out_of_a_file() -> None:
    first, second = decode(sample("payments-extracted"), list[Payment])
    assert first.batch == second.batch == Batch("522743d3-778c-4f2f-9f0b-3133c671f4a2", 2)
    assert first.is_open


def test_a_new_payment_is_written_as_the_api_reads_one_back() -> None:
    """No body of a create is documented: it has the names of the documented answer."""
    payment = decode(sample("payment"), Payment)
    assert payment.order is not None
    assert payment.own is not None
    assert payment.other is not None
    documented = json.loads(sample("payment"))
    written = json.loads(encode([NewPayment(payment.order, payment.own, payment.other)]))
    names = ("transaction", "initPartyBankAccount", "otherPartyBankAccount")
    assert written == [{name: documented[name] for name in names}]


@given(st.decimals(min_value=0, max_value=10**15, places=2))
def test_an_amount_leaves_digit_by_digit(amount) -> None:
    body = encode(NewPayment(PaymentOrder("TRF", amount, "EUR"), Party(iban="x"), Party(iban="y")))
    assert f'"amount":{amount}'.encode() in body
    assert decode(body, NewPayment).order.amount == amount


def test_a_deletion() -> None:
    scheduled = decode(sample("delete-scheduled"), DeleteStatus)
    assert scheduled == DeleteStatus(
        rid=RID,
        status_code=1,
        status_name="Scheduled",
        details="Additional information 1",
        operation_status_url=f"https://portal.konfipay.de/api/v6.0/delete/status/{RID}",
        operation_status_method="GET",
    )
    finished = decode(sample("delete-finished"), DeleteStatus)
    assert (finished.status_code, finished.operation_status_url) == (3, None)
    assert (scheduled.is_under_way, scheduled.is_finished) == (True, False)
    assert (finished.is_under_way, finished.is_finished) == (False, True)


@pytest.mark.parametrize("code", [-1, 0, 4, 5, 99])
def test_a_deletion_that_neither_runs_nor_ended_well_has_failed(code) -> None:
    status = DeleteStatus(RID, code)
    assert not status.is_under_way
    assert not status.is_finished


def test_a_deletion_that_runs() -> None:
    assert DeleteStatus(RID, 2).is_under_way
    assert decode(b'{"rId":"a","statusCode":"2"}', DeleteStatus).is_under_way


def test_a_bank_account_is_written_by_the_names_of_the_api() -> None:
    account = NewBankAccount("DE02120300000000202051", "EUR", "Main", is_active=False)
    assert json.loads(encode_with(account, rId="r-1")) == {
        "rId": "r-1",
        "iban": "DE02120300000000202051",
        "currency": "EUR",
        "description": "Main",
        "isActive": False,
    }


def test_a_paypal_account_is_written_like_the_sample() -> None:
    documented = json.loads(sample("paypal-account-request"))
    account = NewPayPalAccount(
        description="Description1",
        client_id=documented["clientId"],
        client_secret=documented["clientSecret"],
        is_active=True,
        start_fetch_date=datetime(2025, 1, 18, 8, 53, 51, tzinfo=WINTER),
        is_sandbox=False,
    )
    assert json.loads(encode_with(account, rId=RID)) == documented
    assert json.loads(encode(account)) == {name: value for name, value in documented.items() if name != "rId"}


def test_a_paypal_account_comes_back_without_its_secret() -> None:
    account = decode(sample("paypal-account"), PayPalAccount)
    assert (account.rid, account.description, account.is_active, account.is_sandbox) == (
        RID,
        "Description1",
        True,
        False,
    )
    assert account.balances == []
    told = json.loads(sample("paypal-account")) | {"clientSecret": "geheim", "payPalBalances": [{"value": 1.5}]}
    account = decode(json.dumps(told).replace("1.5", "12345678901234567.80").encode(), PayPalAccount)
    assert str(account.balances[0]["value"]) == "12345678901234567.80"
    assert "geheim" not in repr(account)


@pytest.mark.parametrize(
    "holder",
    [
        NewPayPalAccount("d", "c", "geheim"),
        TokenRequest("geheim", ClientInfo("a", "b")),
        TokenAnswer("geheim"),
    ],
    ids=lambda holder: type(holder).__name__,
)
def test_a_secret_is_shown_in_no_way_that_values_are_shown(holder) -> None:
    """By rich neither: its tracebacks and prints ask a value for its parts."""
    assert "geheim" in encode(holder).decode()
    shown = [str(holder), repr(holder), f"{holder}", *map(repr, getattr(holder, "__rich_repr__", tuple)())]
    assert "geheim" not in " ".join(shown)


# --- how a payment file stands -------------------------------------------------------------------------------------

FINAL_AND_BAD = {"KON_REJECTED", "FIN_VEU_CANCELED", "FIN_PARTIALLY_ACCEPTED", "FIN_REJECTED"}


@pytest.mark.parametrize("value", list(StatusValue))
def test_which_status_is_final_and_which_has_failed(value) -> None:
    assert value.has_failed is (value in FINAL_AND_BAD or value == "FIN_UPLOAD_FAILED")
    assert value.is_final is (value in FINAL_AND_BAD or value == "FIN_CONFIRMED")


def test_there_are_eleven_values() -> None:
    assert len(StatusValue) == 11


@pytest.mark.parametrize("value", ["KON_STORED", "FIN_SOMETHING_NEW", "fin_confirmed", "", "is_final", "Ü"])
def test_a_value_nobody_knows_is_kept_and_neither_final_nor_failed(value) -> None:
    status = decode(json.dumps({"statusValue": value}).encode(), PaymentStatus)
    assert status.value == value
    assert isinstance(status.value, StatusValue)
    assert status.value.is_final is False
    assert status.value.has_failed is False
    assert pickle.loads(pickle.dumps(status)) == status  # noqa: S301
    assert json.loads(msgspec.json.encode(status))["statusValue"] == value
    assert value not in [known.value for known in StatusValue]


# --- models that keep what they do not know ------------------------------------------------------------------------

RECORDS = [Account, Bank, ExchangeRate, PaymentProvider, User, UserGroup, PayPalTransaction]

names = st.text(min_size=1, max_size=12)
values: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)


@given(kind=st.sampled_from(RECORDS), fields=st.dictionaries(names, values, max_size=6))
def test_whatever_is_not_known_is_kept_as_it_came(kind, fields) -> None:
    known = {field.encode_name for field in msgspec.structs.fields(kind)}
    fields = {name: value for name, value in fields.items() if name not in known}
    got = decode(json.dumps({"rId": "r-1", **fields}).encode(), kind)
    assert isinstance(got, OpenWire)
    assert (got.rid, got.extra) == ("r-1", fields)
    assert decode(json.dumps([{"rId": "r-1", **fields}]).encode(), list[kind]) == [got]
    assert pickle.loads(pickle.dumps(got)) == got  # noqa: S301


def test_rows_of_a_page_keep_what_is_not_known() -> None:
    body = (
        b'{"pageNumber":1,"pageSize":10,"totalPages":1,"totalItems":1,"links":[],'
        b'"results":[{"rId":"r","currency":"USD","rate":1.0830,"deep":{"a":[1.10,{"b":null}]}}]}'
    )
    page = page_of(ExchangeRate, "GET", "exchange-rates", 1)(Response(200, {}, body))
    assert page is not None
    (rate,) = page.items
    assert (rate.rid, rate.currency, rate.name) == ("r", "USD", None)
    # Digits of money never pass through a float, wherever they stand.
    assert str(rate.extra["rate"]) == "1.0830"
    assert isinstance(rate.extra["rate"], Decimal)
    assert str(rate.extra["deep"]["a"][0]) == "1.10"
    assert rate.extra["deep"]["a"][1] == {"b": None}


def test_a_paypal_transaction() -> None:
    body = (
        b'{"rId":"p-1","timestamp":"2025-02-18T08:53:51+01:00","transactionId":"8XY","amount":10.90,"fee":-0.62,'
        b'"currency":"EUR","status":"Completed","name":"Zo\xc3\xab","isNew":true,"payPalAccount":{"rId":"a-1",'
        b'"description":"Shop"},"invoiceId":"RE-1","nested":{"x":[1]}}'
    )
    got = decode(body, PayPalTransaction)
    assert (got.rid, got.transaction_id, str(got.amount), str(got.fee)) == ("p-1", "8XY", "10.90", "-0.62")
    assert (got.status, got.name, got.is_new) == ("Completed", "Zoë", True)
    assert got.account is not None
    assert (got.account.rid, got.account.description) == ("a-1", "Shop")
    assert got.extra == {"invoiceId": "RE-1", "nested": {"x": [1]}}


@pytest.mark.parametrize("number", ["NaN", "sNaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (PayPalTransaction, '{"rId":"a","amount":"%s"}'),
        (PayPalTransaction, '{"rId":"a","fee":"%s"}'),
        (Payment, '{"rId":"a","transaction":{"type":"TRF","amount":"%s","currency":"EUR"}}'),
    ],
)
def test_money_that_is_no_number_is_refused_wherever_it_stands(kind, body, number) -> None:
    with pytest.raises(DecodeError):
        decode((body % number).encode(), kind)


@pytest.mark.parametrize(
    ("body", "scopes"),
    [
        (b'["Accounts","Banks"]', ["Accounts", "Banks"]),
        (b"[]", []),
        (b'{"scopes":["Accounts","Banks"]}', ["Accounts", "Banks"]),
    ],
)
def test_scopes_in_an_array_or_inside_an_object(body, scopes) -> None:
    assert scopes_of("GET", "authentication/scopes")(Response(200, {}, body)) == scopes


@pytest.mark.parametrize("body", [b'"Accounts"', b"5", b'[{"name":"Accounts"}]', b"null", b"<html>"])
def test_scopes_in_another_shape_are_an_error_and_not_none(body) -> None:
    with pytest.raises(DecodeError, match="authentication/scopes"):
        scopes_of("GET", "authentication/scopes")(Response(200, {}, body))


# --- links ---------------------------------------------------------------------------------------------------------

BASE = "https://portal.konfipay.de/api/v6"


@pytest.mark.parametrize(
    ("link", "path"),
    [
        (f"https://portal.konfipay.de/api/v6.0/delete/status/{RID}", f"api/v6.0/delete/status/{RID}"),
        (f"HTTPS://Portal.Konfipay.DE:443/api/v6.0/delete/status/{RID}", f"api/v6.0/delete/status/{RID}"),
        ("/api/v6.0/delete/status/a", "api/v6.0/delete/status/a"),
        ("api/v6.0/delete/status/a", "api/v6.0/delete/status/a"),
        ("api/v6.0/delete/status/a?x=1&y=%20z", "api/v6.0/delete/status/a?x=1&y=%20z"),
        ("api/v6.0/status?back=https://other.example/x", "api/v6.0/status?back=https://other.example/x"),
        ("https://portal.konfipay.de/a%2Fb/c", "a%2Fb/c"),
        ("https://portal.konfipay.de/a b", "a%20b"),
        ("https://portal.konfipay.de/a?b c=ü", "a?b%20c=%C3%BC"),
        ("https://portal.konfipay.de/a#part", "a"),
        # Not of another host, as a browser would read it: the token stays here.
        ("//other.example/a", "other.example/a"),
        ("https:///a", "a"),
        ("https://portal.konfipay.de", ""),
    ],
)
def test_a_link_of_the_origin_is_its_path(link, path) -> None:
    assert path_at_origin(link, BASE) == path


@pytest.mark.parametrize(
    "link",
    [
        "https://other.example/api/v6.0/delete/status/a",
        "https://portal.konfipay.de.other.example/a",
        "https://portal.konfipay.de@other.example/a",
        "https://other.example\\@portal.konfipay.de/a",
        "https://user:word@portal.konfipay.de/a",
        "https://portal.konfipay.de:8443/a",
        "http://portal.konfipay.de/a",
        "http://portal.konfipay.de:443/a",
        "ftp://portal.konfipay.de/a",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://[::1/a",
        "https://portal.konfipay.de:port/a",
        "https://portal.konfipay.de:99999/a",
        "https://xn--portal-konfipay.de/a",
    ],
)
def test_a_link_that_leads_away_is_refused_and_not_repeated(link) -> None:
    with pytest.raises(LinkRefusedError) as caught:
        path_at_origin(link, BASE)
    assert link not in str(caught.value)


def test_links_of_a_base_url_with_a_port() -> None:
    base = "http://127.0.0.1:8080/api/v6"
    assert path_at_origin("http://127.0.0.1:8080/x", base) == "x"
    for other in (
        "http://127.0.0.1/x",
        "http://127.0.0.1:8081/x",
        "https://127.0.0.1:8080/x",
        "http://localhost:8080/x",
    ):
        with pytest.raises(LinkRefusedError):
            path_at_origin(other, base)


@given(st.text(max_size=60))
def test_whatever_the_server_calls_a_link_it_stays_here_or_is_refused(text) -> None:
    for link in (text, f"https://portal.konfipay.de/{text}", f"https://portal.konfipay.de{text}", f"https://{text}"):
        try:
            path = path_at_origin(link, BASE)
        except LinkRefusedError:
            continue
        assert path.isascii()
        assert not set(path) & set(" \r\n\t\\#")
        assert not path.startswith("/")


# --- waiting -------------------------------------------------------------------------------------------------------


def test_pauses_grow_by_half_up_to_the_most(virtual) -> None:
    async def main() -> list[float]:
        pauses = Pauses(virtual, 100.0, first=2.0, most=10.0)
        moments = [virtual.monotonic()]
        for _ in range(7):
            assert await pauses.pause()
            moments.append(virtual.monotonic())
        return [after - before for before, after in pairwise(moments)]

    assert virtual.run(main()) == pytest.approx([2.0, 3.0, 4.5, 6.75, 10.0, 10.0, 10.0], abs=1e-4)


@pytest.mark.parametrize("timeout", [0.5, 1.0, 7.3, 60.0])
def test_the_last_pause_is_cut_so_that_a_look_comes_at_the_end(virtual, timeout) -> None:
    async def main() -> float:
        began = virtual.monotonic()
        pauses = Pauses(virtual, timeout, first=1.0, most=30.0)
        while await pauses.pause():
            pass
        return virtual.monotonic() - began

    assert virtual.run(main()) == pytest.approx(timeout, abs=1e-3)


def test_what_looks_take_counts(virtual) -> None:
    """The time is that of the whole wait, not of its pauses."""

    async def main() -> int:
        pauses = Pauses(virtual, 60.0, first=1.0, most=1.0)
        looks = 0
        while await pauses.pause():
            looks += 1
            await virtual.sleep(9.0)
        return looks

    assert virtual.run(main()) == 6
