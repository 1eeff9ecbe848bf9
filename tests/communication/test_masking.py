"""Nothing that is not known to be harmless is left, whatever it is called and wherever it is."""

import hashlib
import json
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from konfipay_async.communication.harmless import FIELDS, HEADERS, NAMES, PARAMETERS, PATHS, URLS
from konfipay_async.communication.masking import Masker, is_secret
from konfipay_async.errors import ConfigurationError

BASE = "https://api.example/api/v6"
ORIGIN = "https://api.example"
IBAN = "DE89370400440532013000"
CARD = "4111 1111 1111 1111"
RID = "0b7f3c52-5f1c-4f2b-8f4e-2d6e5c6f1a90"


def masked(body: object, **options: Any) -> Any:
    """What becomes of a JSON body."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    content = Masker(**options).content(raw, "application/json", origin=ORIGIN)
    assert content.size == len(raw)
    assert content.text is not None
    return json.loads(content.text)


# What is kept, and what is not


def test_a_page_keeps_its_frame_and_no_booking() -> None:
    row = {
        "rId": RID,
        "timestamp": "2026-01-01T10:00:00+01:00",
        "amount": 10.99,
        "currency": "EUR",
        "creditDebitIndicator": "DBIT",
        "name": "Käthe Müller",
        "iban": IBAN,
        "purpose": None,
        "endToEndId": "",
        "isNew": True,
        "bankAccount": {"rId": RID, "iban": IBAN, "currency": "EUR"},
    }
    assert masked(
        {"pageNumber": 1, "totalItems": 3000, "results": {"acknowledgementId": RID, "transactions": [row]}}
    ) == {
        "pageNumber": 1,
        "totalItems": 3000,
        "results": {
            "acknowledgementId": RID,
            "transactions": [
                row
                | {
                    "amount": "<number>",
                    "name": "<text>",
                    "iban": "<text>",
                    "bankAccount": {"rId": RID, "iban": "<text>", "currency": "EUR"},
                }
            ],
        },
    }


@pytest.mark.parametrize(
    "name", ["currency", "rId", "timestamp", "status", "isNew", "pageNumber", "errorMessage", "rel"]
)
def test_a_harmless_name_does_not_make_a_value_harmless(name: str) -> None:
    assert masked({name: "Kanaria Vogelsang"}) == {name: "<text>"}
    assert masked({name: 4711.25}) == {name: "<number>"}
    assert masked({name: [{name: IBAN}]}) == {name: [{name: "<text>"}]}


def test_names_that_nobody_knows_are_masked_too() -> None:
    assert masked({IBAN: "Kanaria", "Vogelsang": {"Kanaria": 1}}) == {
        "<field>": "<text>",
        "<field 2>": {"<field>": "<number>"},
    }


def test_what_is_asked_for_by_name_is_kept_with_every_digit() -> None:
    body = b'{"amount": 12345678901234567.89, "name": "K\xc3\xa4the", "orderID": "A1B2", "fee": 10.90}'
    assert Masker(keep=("amount", "name", "fee")).content(body).text == (
        '{"amount":12345678901234567.89,"name":"Käthe","orderID":"<text>","fee":10.90}'
    )


def test_a_name_that_is_asked_for_is_shown_where_it_was_not_known() -> None:
    assert masked({"novelty": {"other": 1}}, keep=("novelty",)) == {"novelty": {"<field>": "<number>"}}


@pytest.mark.parametrize(
    "name",
    [
        *("apiKey", "accessToken", "clientSecret", "secret", "password", "Authorization", "macKey", "credentials"),
        *("cardNumber", "card-number", "pan", "cvc", "cardHolderName", "X-Api-Key", "Set-Cookie", "processorToken"),
        *("token", "queryToken", "cardExpiry", "access_token", "signature"),
        *("passwd", "pass", "pw", "pwd", "kennwort", "hmac"),
    ],
)
def test_secrets_are_never_kept(name: str) -> None:
    assert is_secret(name)
    assert masked({name: "geheim1", "n": [{name: {"a": 17, "b": ["x"]}}]}) in (
        {name: "<secret>", "<field>": [{name: {"<field>": "<secret>", "<field 2>": ["<secret>"]}}]},
        {"<field>": "<secret>", "<field 2>": [{"<field>": {"<field>": "<secret>", "<field 2>": ["<secret>"]}}]},
    )
    with pytest.raises(ConfigurationError, match="never kept"):
        Masker(keep=("amount", name))


def test_a_secret_is_masked_wherever_it_turns_up_again() -> None:
    masker = Masker(keep=("errorDetails", "message"))
    masker.know("TheKeyOfTheShop")
    assert masker.headers({"Authorization": "Bearer short-token"}) == {"Authorization": "Bearer <secret>"}
    said = {"errorDetails": "short-token of TheKeyOfTheShop", "message": f"card {CARD}, iban {IBAN}"}
    assert json.loads(masker.content(json.dumps(said).encode()).text or "") == {
        "errorDetails": "<secret> of <secret>",
        "message": f"card <secret>, iban {IBAN}",
    }
    url = masker.url(BASE, "payments", [("message", "TheKeyOfTheShop")])
    assert url == f"{BASE}/payments?message=%3Csecret%3E"


@pytest.mark.parametrize(
    "text",
    [
        *("Bearer abc", "basic YTpi", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.etOGWpmxL", "7" * 64),
        *("sk_live_abcdef123456", "whsec_test_4711", "4111-1111-1111-1111", "4111.1111.1111.1111"),
        *("4111  1111  1111  1111", "411111111111 1111", "٤١١١١١١١١١١١١١١١"),
        "\uff14" + "\uff11" * 15,
    ],
)
def test_what_looks_like_a_secret_is_none_of_what_is_kept(text: str) -> None:
    assert masked({"message": f"so: {text}"}, keep=("message",)) == {"message": "so: <secret>"}


def test_a_number_that_is_that_of_a_card_is_not_kept() -> None:
    assert masked({"amount": 4111111111111111, "id": 4111111111111111}, keep=("amount",)) == {
        "amount": "<secret>",
        "id": "<number>",
    }
    for number in ("4111111111111111.0", "4.111111111111111E+15", "-4111111111111111"):
        assert masked(f'{{"amount": {number}}}'.encode(), keep=("amount",)) == {"amount": "<secret>"}
    assert masked(b'{"amount": 1E+300000}', keep=("amount",)) is not None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2026-01-01 4111 1111 1111 1111", "2026-01-01 <secret>"),
        ("KD4111111111111111abc", "KD<secret>abc"),
        (f"{CARD}, {CARD}", "<secret>, <secret>"),
        (f"iban {IBAN}", f"iban {IBAN}"),
        ("4111 1111 1111 1112", "4111 1111 1111 1112"),
    ],
)
def test_only_the_number_of_a_card_is_masked(text: str, shown: str) -> None:
    assert masked({"message": text}, keep=("message",)) == {"message": shown}


def test_a_text_that_is_kept_is_looked_through_only_as_far_as_it_is_shown() -> None:
    assert masked({"message": "7 " * 5000}, keep=("message",))["message"].endswith("… <6000 more>")
    secrets = masked({"message": "Bearer x " * 1776 + "sk_live_abcdef123456"}, keep=("message",))
    assert "sk_live" not in secrets["message"]
    few = masked({"message": "a" * 15990 + CARD}, keep=("message",))
    assert few == {"message": "<text of 16009 characters>"}


def test_lists_keep_their_first_rows() -> None:
    content = Masker(rows=2).content(json.dumps([{"pageNumber": number} for number in range(1000)]).encode())
    assert json.loads(content.text or "") == [{"pageNumber": 0}, {"pageNumber": 1}, "<998 more>"]
    assert content.left_out == 998


def test_a_large_body_is_masked_as_a_small_one() -> None:
    row = {"rId": RID, "name": "x" * 50, "links": list(range(5)), "document": {"iban": IBAN}}
    large = masked({"results": {"transactions": [row] * 1000}, "status": "Open"})
    small = masked({"results": {"transactions": [row] * 4}, "status": "Open"})
    assert large["results"]["transactions"][:3] == small["results"]["transactions"][:3]
    assert large["results"]["transactions"][3] == "<997 more>"
    assert large["status"] == "Open"


@pytest.mark.parametrize(
    "body",
    [
        b"<Document><IBAN>DE89370400440532013000</IBAN></Document>",
        b'{"name": "Kanaria',
        b"\xff\xfe\x00{",
        b'{"a": NaN}',
        b"--b\r\nContent-Disposition: form-data\r\n\r\nKanaria\r\n--b--",
        b"[" * 100_000,
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        ("[" * 2000 + "]" * 2000).encode(),
    ],
    ids=lambda body: repr(body[:12]),
)
def test_what_is_no_json_is_told_by_its_size_and_hash(body: bytes) -> None:
    content = Masker().content(body, "application/xml")
    assert content.size == len(body)
    if content.text is None:
        assert content.sha256 == hashlib.sha256(body).hexdigest()
    else:
        assert len(content.text) < 500  # so deep that the rest does not matter
    assert "Kanaria" not in repr(content)


def test_a_base64_upload_is_told_by_its_length() -> None:
    assert masked({"content": "QUJD" * 3000, "format": "pain.001"}) == {
        "content": "<text of 12000 characters>",
        "format": "pain.001",
    }


def test_an_object_with_very_many_fields_keeps_some() -> None:
    found = masked({f"Kanaria{number}": number for number in range(5000)})
    assert len(found) == 201
    assert found["<more>"] == "<4800 more fields>"


# Addresses and headers


def test_an_address_keeps_words_and_ids() -> None:
    masker = Masker()
    assert masker.url(BASE, f"transactions/{RID}/acknowledge") == f"{BASE}/transactions/{RID}/acknowledge"
    assert masker.url(BASE, f"bank-accounts/{IBAN}") == f"{BASE}/bank-accounts/***"
    assert masker.url(BASE, "payment/transactions/by-credentials/1234-abc/mobile-sdk-url").endswith(
        "/by-credentials/***/mobile-sdk-url"
    )
    query = [("page-number", "2"), ("iban", IBAN), ("is-new", "true"), ("status", "Kanaria"), ("Kanaria", "1")]
    assert masker.url(BASE, "transactions", query) == (
        f"{BASE}/transactions?page-number=2&iban=***&is-new=true&status=***&***=***"
    )
    assert masker.path_without_ids(f"payments/{RID}/{IBAN}/4711") == "payments/{id}/{id}/{id}"


@pytest.mark.parametrize(
    ("path", "template", "shown"),
    [
        ("payment/tokens/4711", "payment/tokens/{id}", "payment/tokens/4711"),
        ("payment/tokens/4711", "", "payment/tokens/***"),
        ("payments/1234567890", "payments/{rid}", "payments/***"),
        (f"payments/{RID}", "", f"payments/{RID}"),
        ("transactions/4711/1234", "transactions/{id}", "transactions/***/***"),
        (f"analytics/queries/queryToken/{RID}", "", "analytics/queries/queryToken/***"),
    ],
)
def test_a_number_is_kept_where_the_server_gives_numbers(path: str, template: str, shown: str) -> None:
    assert Masker().url(BASE, path, template=template) == f"{BASE}/{shown}"


def test_what_cannot_be_stored_is_replaced() -> None:
    masker = Masker(keep=("content-disposition", "iban"))
    assert masker.headers({"Content-Disposition": "a\udcfc\0.xml"}) == {"Content-Disposition": "a\ufffd\ufffd.xml"}
    assert masker.url(BASE, "banks", [("iban", "\udcfc"), ("apiKey", "\udcfc" * 8), ("iban", "x")]).endswith("&iban=x")


def test_a_parameter_is_kept_when_asked_for() -> None:
    assert Masker(keep=("iban",)).url(BASE, "transactions", [("iban", IBAN)]) == f"{BASE}/transactions?iban={IBAN}"


def test_addresses_of_the_server_are_masked_as_ours() -> None:
    assert masked(
        [
            {"href": f"{BASE}/transactions?pageNumber=2&iban={IBAN}"},
            {"href": f"https://kanaria.example/{IBAN}"},
            {"operationStatusUrl": f"/api/v6.0/delete/status/{RID}"},
        ]
    ) == [
        {"href": f"{BASE}/transactions?pageNumber=2&iban=***"},
        {"href": "***/***"},
        {"operationStatusUrl": f"/api/v6.0/delete/status/{RID}"},
    ]


def test_headers_keep_what_is_about_the_way() -> None:
    assert Masker().headers(
        {
            "Authorization": "Bearer geheim",
            "Space": "17",
            "Content-Type": "application/json; charset=utf-8",
            "content-length": "4711",
            "Date": "Sat, 21 Nov 2026 13:36:31 GMT",
            "Server": "Kanaria/1.0",
            "Set-Cookie": "a=b",
            "Retry-After": "17",
            "WWW-Authenticate": 'Bearer error="invalid_token", error_description="Kanaria"',
            "X-Kanaria": "1",
            "X-Other": "2",
            "Location": f"https://elsewhere.example/{IBAN}?a=b",
        }
    ) == {
        "Authorization": "Bearer <secret>",
        "Space": "17",
        "Content-Type": "application/json; charset=utf-8",
        "content-length": "4711",
        "Date": "Sat, 21 Nov 2026 13:36:31 GMT",
        "Server": "<text>",
        "Set-Cookie": "<secret>",
        "Retry-After": "17",
        "WWW-Authenticate": 'Bearer error="invalid_token", <text>',
        "<header>": "<text>",
        "<header 2>": "<text>",
        "Location": "***/***?***=***",
    }


# Whatever there is


CANARY = "Kanaria"
NAMED = st.sampled_from(sorted({*FIELDS, *NAMES, *URLS}))
ANY_NAME = st.one_of(NAMED, st.text(max_size=12).map(lambda text: CANARY + text))
CANARIES = st.text(max_size=80).map(lambda text: CANARY + text)
HARMFUL = st.one_of(
    CANARIES,
    CANARIES.map(lambda text: "https://api.example/" + quote(text) + "?x=" + quote(text)),
    CANARIES.map(lambda text: f"/transactions?iban={quote(text)}"),
    st.sampled_from([84729.25, 847290000000000001, None, ""]),
)
BODIES = st.recursive(
    HARMFUL,
    lambda inside: st.one_of(st.lists(inside, max_size=6), st.dictionaries(ANY_NAME, inside, max_size=6)),
    max_leaves=25,
)


@given(BODIES, st.booleans())
def test_no_body_lets_a_canary_out(body: Any, is_large: bool) -> None:
    raw = json.dumps({"padding": [0] * 5000, "body": body} if is_large else body).encode()
    content = Masker(keep=("neverThere",)).content(raw, f"text/plain; charset={CANARY}", origin=ORIGIN)
    assert CANARY not in repr(content)
    assert "84729" not in repr(content)
    assert content.text is not None
    json.loads(content.text)


@given(st.binary(max_size=200), st.booleans())
def test_no_bytes_are_too_odd(raw: bytes, ends_well: bool) -> None:
    body = raw + CANARY.encode() if ends_well else b'{"name": "' + raw + CANARY.encode()
    assert CANARY not in repr(Masker().content(body))


@given(
    st.lists(st.one_of(st.sampled_from(sorted(PATHS)), CANARIES.map(lambda text: quote(text, safe="")))),
    st.lists(st.tuples(st.one_of(st.sampled_from(sorted(PARAMETERS)), CANARIES), CANARIES)),
)
def test_no_address_lets_a_canary_out(segments: list[str], query: list[tuple[str, str]]) -> None:
    masker = Masker()
    url = masker.url(BASE, "/".join(segments), query)
    assert CANARY not in url
    assert CANARY not in masker.path_without_ids("/".join(segments))
    assert url.startswith(f"{BASE}/")


@given(st.dictionaries(st.one_of(st.sampled_from([*HEADERS, "location", "cookie"]), CANARIES), HARMFUL.map(str)))
def test_no_header_lets_a_canary_out(headers: dict[str, str]) -> None:
    assert CANARY not in repr(Masker().headers(headers, origin=ORIGIN))


@given(st.dictionaries(st.sampled_from(sorted(NAMES)), st.text(min_size=1)), st.data())
def test_what_is_kept_is_that_and_nothing_else(body: dict[str, str], data: Any) -> None:
    names = [name for name in body if not is_secret(name)]
    assume(names)
    kept = data.draw(st.sampled_from(names))
    found = masked(body, keep=(kept,))
    assert all(value == body[name] or value.startswith("<") for name, value in found.items())
    assert {name for name, value in found.items() if not value.startswith("<")} <= {kept}


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**20), max_value=10**20))
def test_a_kept_amount_loses_no_digit(amount: Decimal) -> None:
    text = Masker(keep=("amount",)).content(f'{{"amount": {amount:f}}}'.encode()).text
    assert text is not None
    assert text in (f'{{"amount":{amount:f}}}', '{"amount":"<secret>"}') or json.loads(
        text, parse_float=Decimal, parse_int=Decimal
    ) == {"amount": amount}


@pytest.mark.parametrize("options", [{"keep": "amount"}, {"keep": (17,)}, {"rows": -1}, {"rows": 1.5}, {"rows": True}])
def test_settings_that_cannot_be_are_refused(options: Any) -> None:
    with pytest.raises(ConfigurationError):
        Masker(**options)
