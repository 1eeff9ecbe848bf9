"""Models of the signed API: what may come, and what is written."""

import copy
import enum
import json
import pickle
import types
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from konfipay_async.errors import ConfigurationError, DecodeError
from konfipay_async.tolerance import OpenEnum
from konfipay_async.wallee import models
from konfipay_async.wallee.models import (
    Address,
    BulkOperationResult,
    Customer,
    LineItem,
    LineItemType,
    PaymentLink,
    Portion,
    Record,
    Refund,
    RenderedDocument,
    Resource,
    RestApiErrorResponse,
    SubmittedAnalyticsQueryExecution,
    TokenVersion,
    Transaction,
    TransactionState,
    WebhookListener,
    decode,
    encode,
    model,
)

STRUCTS: list[Any] = [
    value
    for name in models.__all__
    if isinstance(value := getattr(models, name), type) and issubclass(value, msgspec.Struct)
]
ENUMS = [
    value
    for name in models.__all__
    if isinstance(value := getattr(models, name), type) and issubclass(value, OpenEnum) and value is not OpenEnum
]

TRANSACTION = {
    "id": 42,
    "version": 3,
    "linkedSpaceId": 405,
    "createdOn": "2026-03-01T08:00:00.123Z",
    "state": "FULFILL",
    "currency": "EUR",
    "authorizationAmount": 12.30,
    "completedAmount": 12.30,
    "refundedAmount": 0,
    "lineItems": [
        {"uniqueId": "a", "name": "Tea", "type": "PRODUCT", "quantity": 2, "amountIncludingTax": 12.30, "taxes": []}
    ],
    "billingAddress": {"givenName": "Erika", "dateOfBirth": "1980-02-29"},
    "metaData": {"order_id": "17"},
    "allowedPaymentMethodConfigurations": [1, 2],
    "group": {"id": 7},
    "token": {"id": 8, "version": 1, "state": "ACTIVE"},
    "failureReason": {"id": 9, "category": "END_USER", "name": {"en-US": "No"}},
    "somethingNew": {"a": 1},
}


def read(kind: Any, **fields: Any) -> Any:
    return decode(json.dumps(fields).encode(), kind)


# --- what comes ----------------------------------------------------------------------------------------------------


def test_a_transaction() -> None:
    transaction = read(Transaction, **TRANSACTION)
    assert transaction.id == 42
    assert transaction.state is TransactionState.FULFILL
    assert str(transaction.completed_amount) == "12.3"
    assert transaction.created_on == datetime(2026, 3, 1, 8, 0, 0, 123000, UTC)
    assert transaction.line_items[0].type is LineItemType.PRODUCT
    assert transaction.line_items[0].taxes == []
    assert transaction.billing_address.date_of_birth == date(1980, 2, 29)
    assert transaction.meta_data == {"order_id": "17"}
    assert transaction.group.id == 7
    assert transaction.token.state == "ACTIVE"
    assert transaction.failure_reason.name == {"en-US": "No"}
    assert transaction.completed_on is None


@pytest.mark.parametrize("digits", ["0.1", "1.10", "123456789012345678.12345678", "1E+2", "-0.00", "1e-7"])
def test_money_keeps_its_digits(digits: str) -> None:
    """As a number and as a text, in a model and in a Record."""
    for written in (digits, f'"{digits}"'):
        body = f'{{"id":1,"completedAmount":{written}}}'.encode()
        amount = decode(body, Transaction).completed_amount
        assert str(amount) == str(Decimal(digits))
    amount = decode(f'{{"amount":{digits}}}'.encode(), Record).amount
    assert isinstance(amount, Decimal)
    assert str(amount) == str(Decimal(digits))


def _decimals() -> list[tuple[Any, str]]:
    return [
        (kind, field.encode_name)
        for kind in STRUCTS
        for field in msgspec.structs.fields(kind)
        if Decimal in get_args(field.type)
    ]


@pytest.mark.parametrize("text", ["NaN", "sNaN1", "-Infinity", "inf"])
@pytest.mark.parametrize(("kind", "name"), _decimals(), ids=lambda value: getattr(value, "__name__", value))
def test_no_amount_of_any_model_is_not_a_number(kind: Any, name: str, text: str) -> None:
    """Nor infinite; the text is not repeated."""
    body = {field.encode_name: 1 for field in msgspec.structs.fields(kind) if field.required} | {name: text}
    with pytest.raises(DecodeError, match="not a finite number") as caught:
        decode(json.dumps(body).encode(), kind)
    assert text not in str(caught.value)


@pytest.mark.parametrize(
    "link", [{"id": 7}, {"id": "7"}, 7, "7", {"id": 7, "version": 3, "state": "PENDING", "new": [{}]}], ids=str
)
def test_a_link_has_its_id_however_it_comes(link: Any) -> None:
    """As a stub, as an id, or in full; in a page, too."""
    portion = read(Portion[Refund], data=[{"id": 1, "transaction": link, "labels": [{"descriptor": link}]}])
    refund = portion.data[0]
    assert refund.transaction.id == 7
    assert refund.transaction.is_stub == (not isinstance(link, dict) or "version" not in link)
    assert int(refund.labels[0].descriptor.id) == 7


def test_a_link_that_does_not_come_is_none() -> None:
    assert read(Refund, id=1).transaction is None
    assert read(Refund, id=1, transaction=None).transaction is None


def test_lists_of_links_and_ids_are_understood_both_ways() -> None:
    link = read(PaymentLink, id=1, allowedPaymentMethodConfigurations=[5, {"id": 6}])
    assert [one.id for one in link.allowed_payment_method_configurations] == [5, 6]
    transaction = read(Transaction, id=1, allowedPaymentMethodConfigurations=[5, {"id": 6, "name": "x"}])
    assert transaction.allowed_payment_method_configurations == [5, 6]
    assert read(WebhookListener, id=1, entity={"id": 1472041829003}, url=9).entity == 1472041829003


@pytest.mark.parametrize("kind", ENUMS)
def test_a_value_nobody_knows_stays_readable(kind: Any) -> None:
    """It equals its text; known ones are members."""
    new = kind("BRAND_NEW")
    assert (new, str(new), new.name, new.value) == ("BRAND_NEW",) * 4
    assert "BRAND_NEW" not in kind.__members__
    assert all(kind(name) is member for name, member in kind.__members__.items())
    with pytest.raises(ValueError, match="not a valid"):
        kind(5)


def test_an_unknown_state_does_not_cost_the_page() -> None:
    portion = read(Portion[Transaction], data=[{"id": 1, "state": "NEW"}, {"id": 2, "state": "FAILED"}], hasMore=True)
    assert [one.state for one in portion.data] == ["NEW", TransactionState.FAILED]
    assert json.loads(msgspec.json.encode(portion.data[0])) == {"id": 1, "state": "NEW"}


@pytest.mark.parametrize(
    ("fields", "name", "value"),
    [
        ({"id": "5"}, "id", 5),
        ({"id": 5.0}, "id", 5),
        ({"completedOn": "2026-03-01"}, "completed_on", datetime(2026, 3, 1, tzinfo=UTC)),
        ({"completedOn": "2026-03-01T08:00:00+0000"}, "completed_on", datetime(2026, 3, 1, 8, tzinfo=UTC)),
        ({"completedOn": ""}, "completed_on", None),
        ({"merchantReference": 17}, "merchant_reference", "17"),
        ({"merchantReference": 1.50}, "merchant_reference", "1.5"),
        ({"emailsDisabled": "True"}, "emails_disabled", True),
        ({"emailsDisabled": 1}, "emails_disabled", True),
        ({"yearsToKeep": "10"}, "years_to_keep", 10),
        ({"metaData": {"a": 1}}, "meta_data", {"a": "1"}),
        ({"lineItems": None}, "line_items", None),
        ({"lineItems": []}, "line_items", []),
        ({"billingAddress": ""}, "billing_address", None),
        (
            {"billingAddress": {"dateOfBirth": "1980-02-29T00:00:00Z"}},
            "billing_address",
            Address(date_of_birth=date(1980, 2, 29)),
        ),
    ],
    ids=str,
)
def test_what_is_nearly_right_is_understood(fields: dict[str, Any], name: str, value: Any) -> None:
    assert getattr(read(Transaction, **{"id": 5, **fields}), name) == value


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"data":[{"id":1},{"id":"canary"}]}', r"\$\.data\[1\]\.id of GET x: Expected `int`"),
        (b'{"data":[{"state":"canary"}]}', r"\$\.data\[0\] of GET x: .*`id`"),
        (b'{"data":[{"id":1,"completedOn":"canary"}]}', r"completedOn of GET x"),
        (b'{"data":[{"id":1,"group":"canary"}]}', r"group of GET x"),
        (b'{"data":"canary"}', r"\$\.data of GET x"),
        (b"[]", "the body of GET x: Expected `object`"),
        (b'{"data":[{"id":true}]}', r"id of GET x"),
        (b'{"data":[{"id":1,"completedAmount":1e99999999999999999999}]}', r"completedAmount"),
        (b"", "an empty body"),
        (b"<!DOCTYPE html>canary", "an HTML page"),
        (b"canary", "6 bytes that are not valid JSON"),
        (b'{"data":[{"id":1,"currency":"\xff"}]}', "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
    ],
)
def test_what_cannot_be_read_is_named_and_not_repeated(body: bytes, told: str) -> None:
    with pytest.raises(DecodeError, match=told) as caught:
        decode(body, Portion[Transaction], where="GET x")
    assert "canary" not in str(caught.value)
    assert caught.value.body == body
    assert b"canary" not in pickle.dumps(caught.value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["id", "state", "lineItems", "group", "token", "completedAmount", "failureReason", "x"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_whatever_comes_is_read_or_a_decode_error(value: Any) -> None:
    """In a typed list, and in one of Records."""
    body = json.dumps({"data": [value]}).encode()
    for kind in (Transaction, Record):
        try:
            portion = decode(body, Portion[kind])  # type: ignore[valid-type]
        except DecodeError:
            continue
        assert all(isinstance(row, kind) for row in portion.data or [])


def test_a_portion_says_whether_there_is_more() -> None:
    """And nothing where the server says nothing."""
    assert read(Portion[Customer], data=[], hasMore=False, limit=10, offset=20) == Portion(
        data=[], has_more=False, limit=10, offset=20
    )
    assert read(Portion[Customer]).has_more is None


def test_a_repr_shows_what_came() -> None:
    assert repr(read(Customer, id=1, givenName="Erika")) == "Customer(id=1, given_name='Erika')"


def test_no_repr_shows_what_a_card_is_charged_by() -> None:
    assert "geheim" not in repr(read(TokenVersion, id=1, processorToken="geheim"))
    assert "geheim" not in repr(read(RestApiErrorResponse, code="a", message="geheim", errors={"card": "geheim"}))
    assert "geheim" not in repr(read(Record, id=1, key="geheim"))


def test_models_can_be_copied_and_do_not_change() -> None:
    transaction = read(Transaction, **TRANSACTION)
    assert pickle.loads(pickle.dumps(transaction)) == transaction  # noqa: S301
    assert copy.deepcopy(transaction) == transaction
    with pytest.raises(AttributeError):
        transaction.state = "X"


@pytest.mark.parametrize("kind", STRUCTS)
def test_every_model_reads_what_is_least(kind: Any) -> None:
    """The id of a resource; everything is optional elsewhere."""
    least = {field.encode_name: 1 for field in msgspec.structs.fields(kind) if field.required}
    assert set(least) <= {"id", "queryToken"}
    assert isinstance(decode(json.dumps(least).encode(), kind), kind)
    assert issubclass(kind, Resource) == ("version" in kind.__struct_fields__)


def test_every_field_is_written_as_the_api_writes_it() -> None:
    """In camelCase, without exception."""
    for kind in STRUCTS:
        for ours, wire in zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True):
            assert models.record.wire_name(ours) == wire


def test_a_name_has_its_model() -> None:
    """And a Record where there is none."""
    for name in ("Transaction", "Refund", "Customer", "WebhookUrl", "RestApiErrorResponse"):
        assert model(name).__name__ == name
    assert model("SubscriptionProduct") is Record
    assert model("") is Record


def test_what_is_no_resource() -> None:
    done = read(BulkOperationResult, id=1, link="/customers/1", statusCode=200)
    assert done.succeeded
    failed = read(BulkOperationResult, statusCode=409, error={"code": "x", "date": "2026-03-01T00:00:00Z"})
    assert (failed.succeeded, failed.error.code) == (False, "x")
    assert read(RenderedDocument, data="JVBERg==").content == b"%PDF"
    with pytest.raises(ValueError, match="not base64"):
        read(RenderedDocument, data="%").content  # noqa: B018
    assert read(SubmittedAnalyticsQueryExecution, status="SUCCESS").status == "SUCCESS"


# --- records -------------------------------------------------------------------------------------------------------


def test_a_record_loses_nothing() -> None:
    record = read(Record, id=1, createdOn="2026", items=[{"aB": {"cD": 1.10}}], name={"en-US": "x"}, raw=5, get=6)
    assert (record.id, record.created_on, record.createdOn) == (1, "2026", "2026")
    assert record.items[0].a_b.c_d == Decimal("1.1")
    assert record.name["en-US"] == "x"
    assert (record["raw"], record["get"], record.raw["id"]) == (5, 6, 1)
    assert ("id" in record, "nothing" in record) == (True, False)
    assert list(record)[:2] == ["id", "createdOn"]
    assert record.get("created_on") == "2026"
    assert record.get("nothing") is None
    assert record.get("nothing", 7) == 7


def test_what_a_record_does_not_have_is_said() -> None:
    record = read(Record, id=1, createdOn="2026")
    with pytest.raises(AttributeError, match="no field completedOn came; there is createdOn, id"):
        record.completed_on  # noqa: B018
    with pytest.raises(KeyError):
        record["completedOn"]
    assert not hasattr(record, "completed_on")


def test_records_are_values() -> None:
    record = read(Record, id=1, a=[{"b": 1}])
    assert record == Record({"id": 1, "a": [{"b": 1}]})
    assert record != 5
    assert copy.deepcopy(record) == pickle.loads(pickle.dumps(record)) == record  # noqa: S301
    with pytest.raises(TypeError):
        hash(record)


# --- what is written -----------------------------------------------------------------------------------------------


class Kind(enum.Enum):
    A = "B"


@pytest.mark.parametrize(
    ("body", "written"),
    [
        ({"version": 3, "given_name": "Jane"}, b'{"version":3,"givenName":"Jane"}'),
        ({"version": 3, "givenName": "Jane"}, b'{"version":3,"givenName":"Jane"}'),
        ({"given_name": None}, b'{"givenName":null}'),
        ({"given_name": msgspec.UNSET}, b"{}"),
        ({"amount": Decimal("10.50")}, b'{"amount":10.50}'),
        ({"amount": Decimal("1E-8")}, b'{"amount":1E-8}'),
        ({"amount": Decimal("123456789012345678901.12345678")}, b'{"amount":123456789012345678901.12345678}'),
        ({"amount": 10, "a": True}, b'{"amount":10,"a":true}'),
        ({"day": date(2026, 3, 1)}, b'{"day":"2026-03-01"}'),
        ({"at": datetime(2026, 3, 1, tzinfo=timezone(timedelta(hours=1)))}, b'{"at":"2026-03-01T00:00:00+01:00"}'),
        ({"type": Kind.A, "state": TransactionState.FAILED}, b'{"type":"B","state":"FAILED"}'),
        ({"meta_data": {"order_id": "7"}}, b'{"metaData":{"order_id":"7"}}'),
        ({"meta_data": None}, b'{"metaData":null}'),
        (
            {"attributes": {"my_key": {"label": "a", "in_side": "b"}}},
            b'{"attributes":{"my_key":{"label":"a","in_side":"b"}}}',
        ),
        ({"title": {"en-US": "a", "de_CH": "b"}}, b'{"title":{"en-US":"a","de_CH":"b"}}'),
        ({"line_items": ({"unique_id": "a"},)}, b'{"lineItems":[{"uniqueId":"a"}]}'),
        (
            {"line_items": [LineItem(unique_id="a", type=LineItemType.FEE, quantity=Decimal(1))]},
            b'{"lineItems":[{"uniqueId":"a","type":"FEE","quantity":1}]}',
        ),
        (types.MappingProxyType({"a_b": 1}), b'{"aB":1}'),
        ([1, 2], b"[1,2]"),
        ([{"external_id": "x"}], b'[{"externalId":"x"}]'),
        (Record({"aB": 1, "a_b": 2}), b'{"aB":1,"a_b":2}'),
    ],
    ids=str,
)
def test_a_body_is_written_exactly(body: Any, written: bytes) -> None:
    """Names in snake_case become the API's; keys that are the user's own do not."""
    assert encode(body) == written


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"amount": 1.5}, "amount: a float has no exact digits"),
        ({"amount": float("nan")}, "amount: a float"),
        ({"line_items": [{}, {"quantity": 1.0}]}, r"lineItems\[1\].quantity: a float"),
        ({"amount": Decimal("NaN")}, "amount: give a finite number"),
        ({"amount": Decimal("Infinity")}, "amount: give a finite number"),
        ({"id": 2**63}, "id: an integer has at most 64 bits"),
        ({"at": datetime(2026, 3, 1)}, "at: this time has no offset"),  # noqa: DTZ001
        ({"a": {1, 2}}, "a: a set has no JSON"),
        ({"a": b"canary"}, "a: a bytes has no JSON"),
        ({1: "a"}, "the body: a key is a int"),
        ({"a_b": 1, "aB": 2}, "aB is given twice"),
        ({"name": "\ud800canary"}, "no valid Unicode"),
        ({"meta_data": {"k" * 41: "v"}}, "41 characters"),
        ({"meta_data": {"k": "canary" * 100}}, "600 characters"),
        ({"meta_data": {str(n): "v" for n in range(26)}}, "26 keys"),
        ({"meta_data": {"k": 5}}, "texts"),
        ({"meta_data": "canary"}, "mapping of texts"),
        (1.5, "the body: a float"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_written_is_named_and_not_repeated(body: Any, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told) as caught:
        encode(body)
    assert "canary" not in str(caught.value)


def test_a_model_takes_no_float_for_an_amount() -> None:
    """Nor anything that is not finite; an integer will do."""
    assert encode(LineItem(quantity=2)) == b'{"quantity":2}'  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="give a Decimal"):
        LineItem(amount_including_tax=1.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="finite"):
        LineItem(amount_including_tax=Decimal("NaN"))


def test_a_body_that_holds_itself_is_refused() -> None:
    body: dict[str, Any] = {}
    body["a"] = body
    with pytest.raises(ConfigurationError, match="holds itself"):
        encode(body)


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_every_amount_arrives_as_it_was_given(amount: Decimal) -> None:
    """Digit by digit: what is written is read as the same number with the same exponent."""
    again = decode(encode({"id": 1, "completed_amount": amount}), Transaction).completed_amount
    assert again is not None
    assert again.as_tuple() == amount.as_tuple()


def test_a_model_that_was_read_is_written_as_it_was_sent() -> None:
    """Without what the model does not know."""
    body = json.loads(encode(read(Transaction, **TRANSACTION)))
    sent = {name: value for name, value in TRANSACTION.items() if name not in ("somethingNew", "createdOn")}
    assert datetime.fromisoformat(body.pop("createdOn")) == datetime(2026, 3, 1, 8, 0, 0, 123000, UTC)
    assert body == sent


def test_types_are_what_they_say() -> None:
    """No field of a model is of a type that passes through float."""
    for kind in STRUCTS:
        for hint in get_type_hints(kind).values():
            assert "float" not in str(hint)
