"""Answers of konfipay, read: every status and every kind of body becomes a value or a typed error."""

import json
import pickle
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from konfipay_async import answers, errors
from konfipay_async.models import BankAccount, Page
from konfipay_async.session.headers import retry_after
from konfipay_async.session.message import Response

GET = ("GET", "transactions")


def response(status: int, body: bytes | str = b"", **headers: str) -> Response:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, names, body.encode() if isinstance(body, str) else body)


def error(status: int, body: bytes | str = b"", **headers: str) -> errors.StatusError:
    found = answers.error_of(response(status, body, **headers), *GET)
    assert found is not None
    return found


ITEM = {
    "errorCode": "ERR-01-0012",
    "errorMessage": "MissingParameter",
    "errorDetails": "Erika Mustermann, DE02120300000000202051",
    "timestamp": "2021-10-19T15:10:45.767",
}

XML = """<?xml version="1.0" encoding="utf-8"?>
<ErrorItemContainer xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns="urn:konfipay">
  <ErrorItems>
    <ErrorItem>
      <ErrorCode>ERR-01-0012</ErrorCode>
      <ErrorMessage>MissingParameter</ErrorMessage>
      <ErrorDetails>Erika Mustermann, DE02120300000000202051</ErrorDetails>
      <Timestamp>2021-10-19T15:10:45.767</Timestamp>
    </ErrorItem>
  </ErrorItems>
</ErrorItemContainer>"""

UNKNOWN_ENDPOINT = json.dumps(
    {"Message": "No HTTP resource was found", "ApiDocumentationLink": "https://portal.konfipay.de/Info/Api_Doc"}
)


# --- statuses ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201, 202, 204, 206, 299])
def test_a_success_is_no_error(status) -> None:
    assert answers.error_of(response(status, b"whatever"), *GET) is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (300, errors.RedirectRefusedError),
        (301, errors.RedirectRefusedError),
        (302, errors.RedirectRefusedError),
        (304, errors.RedirectRefusedError),
        (308, errors.RedirectRefusedError),
        (400, errors.BadRequestError),
        (401, errors.UnauthorizedError),
        (402, errors.StatusError),
        (403, errors.ForbiddenError),
        (404, errors.NotFoundError),
        (405, errors.StatusError),
        (406, errors.NotAcceptableError),
        (408, errors.StatusError),
        (409, errors.ConflictError),
        (410, errors.GoneError),
        (413, errors.ContentTooLargeError),
        (415, errors.UnsupportedMediaError),
        (416, errors.RangeError),
        (418, errors.StatusError),
        (422, errors.UnprocessableError),
        (429, errors.RateLimitedError),
        (500, errors.ServerError),
        (502, errors.ServerError),
        (503, errors.ServerError),
        (504, errors.ServerError),
        (599, errors.ServerError),
        (199, errors.StatusError),
    ],
)
@pytest.mark.parametrize("body", [b"", json.dumps({"errors": [ITEM]}), b"<html>no</html>"])
def test_every_status_has_its_error(status, kind, body) -> None:
    found = error(status, body)
    assert type(found) is kind
    assert (found.status, found.method, found.path) == (status, "GET", "transactions")
    assert f"GET transactions: HTTP {status}" in str(found)
    assert found.body == (body.encode() if isinstance(body, str) else body)


# --- bodies --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"errors": [ITEM]}),
        json.dumps({"errorItems": [ITEM]}),
        json.dumps({"error": ITEM}),
        json.dumps({"errorItem": ITEM}),
        json.dumps({"errors": None, "errorItems": [ITEM]}),
        json.dumps({"statusValue": "KON_REJECTED", "error": ITEM}),
        "\n  " + json.dumps({"errors": [ITEM, "no object", 5, None]}),
        XML,
        XML.replace(' xmlns="urn:konfipay"', ""),
        "\r\n  " + XML.partition("?>")[2],
    ],
)
def test_the_errors_of_a_body_are_read_in_all_its_spellings(body) -> None:
    found = error(400, body)
    assert found.codes == ("ERR-01-0012",)
    (item,) = found.errors
    assert item.code == "ERR-01-0012"
    assert item.message == "MissingParameter"
    assert item.details == "Erika Mustermann, DE02120300000000202051"
    assert item.timestamp == "2021-10-19T15:10:45.767"
    assert "ERR-01-0012 MissingParameter" in str(found)


def test_more_errors_than_a_text_can_hold_are_all_kept() -> None:
    found = error(400, json.dumps({"errors": [ITEM] * 50}))
    assert len(found.errors) == len(found.codes) == 50
    assert len(str(found)) < 400


def test_missing_parts_of_an_error_read_as_empty() -> None:
    found = error(400, json.dumps({"errors": [{"errorCode": "ERR-01-0001"}, {}, {"errorCode": None}]}))
    assert found.codes == ("ERR-01-0001",)
    assert [item.code for item in found.errors] == ["ERR-01-0001", "", ""]
    assert found.errors[0] == errors.ErrorItem("ERR-01-0001", "", "", "")


def test_parts_that_are_no_text_are_read_as_text() -> None:
    found = error(400, json.dumps({"errors": [{"errorCode": 5, "errorMessage": ["x"], "errorDetails": {"a": 1}}]}))
    assert found.errors[0] == errors.ErrorItem("5", "['x']", "{'a': 1}", "")
    assert found.codes == ()  # what is no code may be anything
    assert "an error without a code" in str(found)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"null",
        b"[]",
        b'"text"',
        b"{}",
        b'{"errors": "text"}',
        b'{"errors": 5}',
        b'{"errors": []}',
        b'{"errors": {}}',
        b"not json",
        b"\xff\xfe\x00",
        b"{" * 50_000,
        b"[" * 200_000,
        b"<",
        b"<<<>>>",
        b"<a/>",
        b"<a>&undefined;</a>",
        b"<?xml version='1.0' encoding='no-such-encoding'?><a/>",
        b"<?xml version='1.0' encoding='utf-16'?><a/>",
        b"<html><body>Bad gateway</body></html>",
        b'{"errors":[{"errorCode":' + b"9" * 5000 + b"}]}",
        b'{"errors":[{"errorCode":1e400}]}',
        b'{"errors":[{"errorCode":"\\ud800"}]}',
    ],
)
def test_garbage_is_an_error_of_its_status_all_the_same(body) -> None:
    found = error(503, body)
    assert type(found) is errors.ServerError
    assert found.body == body
    assert len(str(found)) < 300


def _bomb(declaration: str = "") -> str:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    return (
        f'{declaration}<!DOCTYPE b [<!ENTITY e0 "ERR-01-0001">{entities}]>'
        "<ErrorItems><ErrorItem><ErrorCode>&e0;</ErrorCode><ErrorDetails>&e9;</ErrorDetails></ErrorItem></ErrorItems>"
    )


def test_xml_that_declares_entities_is_not_even_parsed() -> None:
    begun = time.perf_counter()
    assert error(400, _bomb()).errors == ()
    assert error(400, '<?xml version="1.0"?>' + _bomb()).errors == ()
    assert error(400, b"<a>" + b"<b/>" * 500_000 + b"</a>").errors == ()
    assert time.perf_counter() - begun < 5


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "utf-16", "utf-16-le", "utf-16-be"])
def test_entities_are_not_replaced_in_any_encoding(encoding) -> None:
    """The declaration is looked for in bytes; UTF-16 writes it with zeros in between."""
    declaration = f'<?xml version="1.0" encoding="{encoding[:6] if encoding.startswith("utf-16") else encoding}"?>'
    entity = '<!DOCTYPE b [<!ENTITY e0 "ERR-01-0001">]>'
    harmless = f"{declaration}{entity}<x><ErrorItem><ErrorCode>&e0;</ErrorCode></ErrorItem></x>"
    assert error(400, harmless.encode(encoding)).errors == ()


def test_an_external_entity_is_not_read() -> None:
    body = '<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/hostname">]><x><ErrorItem><ErrorCode>&f;</ErrorCode></ErrorItem></x>'
    assert error(400, body).errors == ()


@pytest.mark.parametrize("link", ["ApiDocumentationLink", "apiDocumentationLink"])
def test_an_unknown_endpoint_is_our_wrong_route(link) -> None:
    found = error(404, UNKNOWN_ENDPOINT.replace("ApiDocumentationLink", link))
    assert type(found) is errors.RouteUnknownError
    assert isinstance(found, errors.NotFoundError)
    assert "routes=" in str(found)


def test_the_body_of_an_unknown_endpoint_counts_only_with_404() -> None:
    assert type(error(400, UNKNOWN_ENDPOINT)) is errors.BadRequestError
    assert type(error(500, UNKNOWN_ENDPOINT)) is errors.ServerError


def test_a_404_without_that_body_is_no_wrong_route() -> None:
    assert type(error(404, json.dumps({"errors": [{"errorCode": "ERR-01-0001"}]}))) is errors.NotFoundError
    assert type(error(404, json.dumps({"Message": "gone"}))) is errors.NotFoundError
    assert type(error(404)) is errors.NotFoundError


def test_a_401_has_its_reason_in_its_header() -> None:
    found = error(401, b"", www_authenticate='Bearer error="invalid_token", error_description="Erika Mustermann"')
    assert type(found) is errors.UnauthorizedError
    assert "invalid_token" in str(found)
    assert "Mustermann" not in str(found)


@pytest.mark.parametrize("header", ["Bearer", 'Bearer error=""', 'Basic realm="x"', 'Bearer error="' + "x" * 100 + '"'])
def test_a_401_without_a_reason_we_understand(header) -> None:
    assert str(error(401, b"", www_authenticate=header)) == "GET transactions: HTTP 401."


@pytest.mark.parametrize(
    ("status", "body", "hint"),
    [
        (302, b"", "base URL"),
        (403, b"", "scope"),
        (429, b"", "limit"),
        (502, b"<!DOCTYPE html><title>x", "HTML page"),
        (502, b"  <HTML>", "HTML page"),
    ],
)
def test_an_error_says_what_may_be_wrong(status, body, hint) -> None:
    assert hint in str(error(status, body))


def test_correlation_ids_are_kept_to_quote_them() -> None:
    found = error(
        500, b"", request_id="a", x_request_id="b", x_correlation_id="c", cf_ray="d", authorization="secret", date="now"
    )
    assert found.request_ids == {"request-id": "a", "x-request-id": "b", "x-correlation-id": "c", "cf-ray": "d"}
    assert error(500).request_ids == {}


# --- secrets and personal data -------------------------------------------------------------------------------------

CANARIES = ("DE02120300000000202051", "Erika Mustermann", "Miete Mai", "geheim")
EVERYTHING = " ".join(CANARIES)


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 409, 410, 422, 429, 500, 503])
@pytest.mark.parametrize(
    "body",
    [
        *(
            json.dumps({wrapper: [{**ITEM, field: EVERYTHING}]})
            for wrapper in ("errors", "errorItems")
            for field in ("errorCode", "errorMessage", "errorDetails", "timestamp")
        ),
        json.dumps({"error": {**ITEM, "errorMessage": EVERYTHING}}),
        XML.replace("MissingParameter", EVERYTHING),
        XML.replace("ERR-01-0012", EVERYTHING),
        json.dumps({"Message": EVERYTHING, "ApiDocumentationLink": EVERYTHING}),
        f"<html><body>{EVERYTHING}</body></html>",
        EVERYTHING,
    ],
)
def test_no_text_of_an_error_holds_what_the_body_said(status, body) -> None:
    found = error(status, body, www_authenticate=f'Bearer error="invalid_token" error_description="{EVERYTHING}"')
    for text in (str(found), repr(found), repr(found.args)):
        for canary in CANARIES:
            assert canary not in text


@pytest.mark.parametrize("field", ["errorCode", "errorMessage", "errorDetails", "timestamp"])
def test_no_repr_of_an_error_s_items_holds_what_the_body_said(field) -> None:
    """They are shown by debuggers, and by error trackers that print the attributes of an exception."""
    shown = repr(error(400, json.dumps({"errors": [{**ITEM, field: EVERYTHING}]})).errors)
    for canary in CANARIES:
        assert canary not in shown


@pytest.mark.parametrize("field", ["errorCode", "errorMessage", "errorDetails", "timestamp"])
def test_no_pickle_of_an_error_holds_what_the_body_said(field) -> None:
    pickled = pickle.dumps(error(400, json.dumps({"errors": [{**ITEM, field: EVERYTHING}]})))
    for canary in CANARIES:
        assert canary.encode() not in pickled


# --- Retry-After ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        ("5", 5.0),
        ("  17 ", 17.0),
        ("0.5", 0.5),
        ("999999999999", 999999999999.0),
        ("", None),
        ("-5", None),
        ("+5", None),
        ("1e3", None),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("5 seconds", None),
        ("9" * 400, None),
        ("0x10", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 60.0),
        ("Wed, 21 Oct 2015 09:28:00 +0200", 60.0),
        ("Wednesday, 21-Oct-15 07:28:00 GMT", 60.0),
        ("Wed Oct 21 07:28:00 2015", 60.0),
        ("Wed, 21 Oct 2015 07:26:00 GMT", 0.0),
        ("Wed, 99 Oct 2015 07:26:00 GMT", None),
        ("Wed, 21 Oct 2015 99:99:99 GMT", None),
        ("Wed, 21 Oct 2015 07:28:00 +9999", None),
    ],
)
def test_retry_after(header, seconds) -> None:
    """A date counts from the answer's own Date."""
    assert retry_after({"retry-after": header, "date": "Wed, 21 Oct 2015 07:27:00 GMT"}) == seconds


def test_no_retry_after() -> None:
    assert retry_after({}) is None
    assert error(429).retry_after is None


def test_retry_after_reaches_the_error() -> None:
    assert error(429, b"", retry_after="7").retry_after == 7.0
    assert error(503, b"", retry_after="7").retry_after == 7.0


@pytest.mark.parametrize("date", ["", "yesterday", "Wed, 99 Oct 2015 07:27:00 GMT"])
def test_a_date_that_makes_no_sense_does_not_crash_retry_after(date) -> None:
    assert retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT", "date": date}) is None


def test_without_a_date_this_machine_s_clock_has_to_do() -> None:
    assert retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0.0
    later = retry_after({"retry-after": "Wed, 21 Oct 2115 07:28:00 GMT"})
    assert later is not None
    assert later > 1e9


DATELIKE = st.lists(
    st.sampled_from(
        ["Wed", ",", " ", "21", "Oct", "2015", "07:28:00", "GMT", "+0000", "-", ":", "99", "(", ")", "\x00"]
    ),
    max_size=12,
).map("".join)


@given(header=st.one_of(st.text(max_size=60), DATELIKE), date=st.one_of(st.none(), st.text(max_size=60), DATELIKE))
@settings(max_examples=300)
def test_any_retry_after_is_seconds_or_none(header, date) -> None:
    headers = {"retry-after": header} if date is None else {"retry-after": header, "date": date}
    seconds = retry_after(headers)
    assert seconds is None or seconds >= 0


# --- readers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201, 204])
@pytest.mark.parametrize("body", [b"", b"{}", b"null", b'{"errors":[]}'])
def test_any_success_acknowledges(status, body) -> None:
    assert answers.acknowledged("POST", "x")(response(status, body)) is True


@pytest.mark.parametrize("body", [b"<html>", b"{", b"done"])
def test_a_success_that_is_not_the_api_s_acknowledges_nothing(body) -> None:
    with pytest.raises(errors.DecodeError) as caught:
        answers.acknowledged("POST", "x")(response(200, body))
    assert caught.value.malformed


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (410, ""),
        (410, json.dumps({"errors": [ITEM]})),
        (404, json.dumps({"errors": [{"errorCode": "ERR-01-0001", "errorMessage": "RIdNotFound"}]})),
        (400, json.dumps({"errorItems": [{"errorCode": "ERR-01-0001", "errorMessage": "another name"}]})),
        (400, XML.replace("ERR-01-0012", "ERR-01-0001")),
    ],
)
def test_an_id_that_is_used_up_or_unknown_is_gone(status, body) -> None:
    assert answers.acknowledged("POST", "x")(response(status, body)) is False


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (404, "", errors.NotFoundError),
        (404, UNKNOWN_ENDPOINT, errors.RouteUnknownError),
        (404, "<html>", errors.NotFoundError),
        (404, json.dumps({"errors": [ITEM]}), errors.NotFoundError),
        (400, json.dumps({"errors": [ITEM]}), errors.BadRequestError),
        (409, json.dumps({"errors": [{"errorCode": "ERR-01-0001"}]}), errors.ConflictError),
        (500, json.dumps({"errors": [{"errorCode": "ERR-01-0001"}]}), errors.ServerError),
        (302, "", errors.RedirectRefusedError),
        (403, "", errors.ForbiddenError),
    ],
)
def test_nothing_else_passes_for_gone(status, body, kind) -> None:
    """Least of all a route we got wrong: it would look as if ids expired."""
    with pytest.raises(errors.StatusError) as caught:
        answers.acknowledged("POST", "x")(response(status, body))
    assert type(caught.value) is kind


def test_a_login() -> None:
    answer = answers.token("POST", "authentication/token")(
        response(200, '{"accessToken":"geheim","expiresIn":1800,"tokenType":"bearer"}')
    )
    assert (answer.access_token, answer.expires_in) == ("geheim", 1800.0)


@pytest.mark.parametrize(
    "body",
    [
        '{"accessToken":"","expiresIn":1800}',
        '{"accessToken":"geheim","expiresIn":0}',
        '{"accessToken":"geheim","expiresIn":-5}',
        '{"accessToken":"geheim","expiresIn":1e400}',
        '{"accessToken":null,"expiresIn":1800}',
        '{"token":"geheim"}',
        "[]",
        "",
        "<html>geheim",
    ],
)
def test_a_login_without_a_token_that_lives_is_an_error(body) -> None:
    with pytest.raises(errors.DecodeError) as caught:
        answers.token("POST", "authentication/token")(response(200, body))
    assert "geheim" not in f"{caught.value} {caught.value!r}"
    assert b"geheim" not in pickle.dumps(caught.value)


def test_a_refused_key_is_explained() -> None:
    with pytest.raises(errors.UnauthorizedError) as caught:
        answers.token("POST", "authentication/token")(response(401, b"", www_authenticate='Bearer error="invalid_key"'))
    assert "API key" in str(caught.value)
    assert "invalid_key" in str(caught.value)
    assert caught.value.status == 401


def test_a_page_of_a_list() -> None:
    read = answers.page_of(BankAccount, "GET", "bank-accounts", 2)
    page = read(
        response(
            200, '{"pageNumber":2,"pageSize":100,"totalPages":3,"totalItems":11,"links":[],"results":[{"rId":"a"}]}'
        )
    )
    assert page == Page(number=2, size=100, total_pages=3, total_items=11, links=[], items=[BankAccount(rid="a")])
    assert read(response(204)) is None
    with pytest.raises(errors.ForbiddenError):
        read(response(403))
    with pytest.raises(errors.DecodeError, match="GET bank-accounts page 2"):
        read(response(200, "{}"))


def test_a_page_of_transactions() -> None:
    read = answers.transactions_of("GET", "transactions", 4)
    envelope = read(
        response(
            200,
            '{"pageNumber":4,"pageSize":1,"totalPages":4,"totalItems":4,"results":{"acknowledgementId":"key",'
            '"transactions":[{"rId":"a","amount":1,"currency":"EUR","creditDebitIndicator":"CRDT"}]}}',
        )
    )
    assert envelope is not None
    assert envelope.results.acknowledgement_id == "key"
    assert [row.rid for row in envelope.results.transactions] == ["a"]
    assert read(response(204)) is None
    with pytest.raises(errors.ServerError):
        read(response(500))
    with pytest.raises(errors.DecodeError, match="page 4"):
        read(response(200, b""))


def test_a_raw_answer() -> None:
    answer = response(200, b"\x00\x01")
    assert answers.raw("GET", "x")(answer) is answer
    with pytest.raises(errors.NotFoundError):
        answers.raw("GET", "x")(response(404))


def test_a_json_value() -> None:
    assert answers.json_value(BankAccount, "GET", "x")(response(200, '{"rId":"a"}')) == BankAccount(rid="a")
    with pytest.raises(errors.BadRequestError):
        answers.json_value(BankAccount, "GET", "x")(response(400))


# --- anything at all -----------------------------------------------------------------------------------------------

READERS: list[Callable[[Response], Any]] = [
    answers.raw(*GET),
    answers.json_value(BankAccount, *GET),
    answers.page_of(BankAccount, *GET, 1),
    answers.transactions_of(*GET, 1),
    answers.token(*GET),
    answers.acknowledged(*GET),
]

# fmt: off
KEYS = st.sampled_from(
    [
        "pageNumber", "pageSize", "totalPages", "totalItems", "links", "results", "acknowledgementId",
        "transactions", "rId", "amount", "currency", "creditDebitIndicator", "document", "timestamp",
        "balance", "date", "errors", "errorItems", "error", "errorCode", "errorMessage", "href", "isNew",
        "bookingDate", "accessToken", "expiresIn", "transactionFile", "electronicSequenceNumber", "name",
    ]
)
# fmt: on
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.dates().map(str),
    st.sampled_from(["NaN", "2025-02-30", "0001-01-01", "CRDT", "true", "9" * 30, "2025-02-18T10:00:00"]),
)
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6))
ROWS = st.lists(
    st.fixed_dictionaries(
        {"rId": SCALARS, "amount": SCALARS, "currency": SCALARS, "creditDebitIndicator": SCALARS},
        optional={"bookingDate": SCALARS, "document": JSON, "isNew": SCALARS, "name": SCALARS, "bankAccount": JSON},
    ),
    max_size=2,
)
PAGES = st.fixed_dictionaries(
    {
        "pageNumber": SCALARS | st.just(1),
        "pageSize": SCALARS | st.just(1),
        "totalPages": SCALARS | st.just(1),
        "totalItems": SCALARS | st.just(1),
        "results": st.one_of(st.fixed_dictionaries({"acknowledgementId": SCALARS, "transactions": ROWS}), JSON, ROWS),
    }
)
BODIES = st.one_of(
    st.binary(max_size=200),
    JSON.map(lambda value: json.dumps(value).encode()),
    PAGES.map(lambda value: json.dumps(value).encode()),
    st.text(max_size=100).map(
        lambda text: f"<?xml version='1.0'?><ErrorItem>{text}</ErrorItem>".encode("utf-8", "replace")
    ),
)
STATUSES = st.one_of(st.integers(100, 599), st.sampled_from([200, 200, 204, 400, 404, 410]))
HEADERS = st.dictionaries(
    st.sampled_from(["retry-after", "date", "www-authenticate", "x-request-id", "content-type"]), st.text(max_size=30)
)


@given(status=STATUSES, body=BODIES, headers=HEADERS)
@settings(max_examples=400, deadline=None)
def test_any_answer_is_a_value_or_an_error_of_ours(status, body, headers) -> None:
    answer = Response(status, headers, body)
    for read in READERS:
        refusal: errors.KonfipayError | None = None
        try:
            read(answer)
        except errors.KonfipayError as found:
            refusal = found
        if refusal is not None:
            assert str(pickle.loads(pickle.dumps(refusal))) == str(refusal) != ""  # noqa: S301
