"""Answers of the signed API become values or typed errors."""

import pickle
from typing import Any

import pytest

from konfipay_async import errors
from konfipay_async.errors import DecodeError, StatusError
from konfipay_async.session.message import Response
from konfipay_async.wallee import answers
from konfipay_async.wallee.models import Customer

SAID = {
    "date": "2026-01-01T00:00:00+0000",
    "code": "optimistic_lock",
    "id": "0f8fad5b-d9cb-469f-a165-70867728950e",
    "message": "Mr Doe's IBAN DE89370400440532013000 is wrong",
    "errors": {"lineItems[0].name": "Jane Doe", "DE89370400440532013000": "no"},
}


def response(status: int, body: object = b"", **headers: str) -> Response:
    import msgspec

    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw)


def error(status: int, body: object = b"", **headers: str) -> StatusError:
    read = answers.error_of(response(status, body, **headers), "GET", "customers/{id}")
    assert read is not None
    return read


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, errors.RedirectRefusedError),
        (400, errors.BadRequestError),
        (401, errors.UnauthorizedError),
        (403, errors.ForbiddenError),
        (404, errors.NotFoundError),
        (406, errors.NotAcceptableError),
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
        (599, errors.ServerError),
    ],
)
def test_the_whole_table_of_statuses(status, kind):
    read = error(status, SAID)
    assert type(read) is kind
    assert (read.status, read.method, read.path) == (status, "GET", "customers/{id}")
    assert (read.code, read.error_id) == ("optimistic_lock", SAID["id"])
    assert read.server_message == SAID["message"]
    assert read.field_errors == SAID["errors"]
    assert read.request_ids["error-id"] == SAID["id"]
    assert read.errors[0].code == "optimistic_lock"


def test_the_text_names_codes_and_fields_and_nothing_personal():
    text = str(error(422, SAID))
    assert "optimistic_lock" in text
    assert "lineItems[0].name" in text
    assert SAID["id"] in text
    for personal in ("Doe", "Jane", "DE89"):
        assert personal not in text
        assert personal not in repr(error(422, SAID))


def test_what_the_server_said_is_in_no_pickle():
    read = pickle.loads(pickle.dumps(error(409, SAID)))  # noqa: S301
    assert (read.code, read.error_id, read.server_message, dict(read.field_errors)) == (
        "optimistic_lock",
        SAID["id"],
        "",
        {},
    )
    assert b"Doe" not in pickle.dumps(error(409, SAID))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"5",
        b"{",
        b"\xff",
        b"<html><body>Bad gateway</body></html>",
        {},
        {"code": None, "errors": None},
        {"code": 5, "id": 7, "errors": []},
        {"errors": {"a": None}},
        b"[" * 100_000,
    ],
)
def test_bodies_of_errors_that_are_no_such(body):
    read = error(502, body)
    assert type(read) is errors.ServerError
    assert "HTTP 502" in str(read)


def test_a_code_that_is_none_is_not_told():
    assert "Mr Doe" not in str(error(400, {"code": "Mr Doe", "id": "DE89 3704"}))


def test_an_html_page_is_told():
    assert "a proxy, or maintenance?" in str(error(503, b"<!DOCTYPE html><p>"))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "7"}, 7.0),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "-1"}, None),
        ({}, None),
        ({"retry_after": "Fri, 02 Jan 2026 00:01:00 GMT", "date": "Fri, 02 Jan 2026 00:00:00 GMT"}, 60.0),
        ({"retry_after": "Fri, 02 Jan 2026 00:00:00 GMT", "date": "Fri, 02 Jan 2026 00:01:00 GMT"}, 0.0),
        ({"retry_after": "Fri, 02 Jan 2026 00:00:00 GMT", "date": "today"}, None),
    ],
)
def test_how_long_the_server_wants_to_be_left_alone(headers, seconds):
    assert error(429, **headers).retry_after == seconds


def test_a_success_is_no_error():
    assert answers.error_of(response(200), "GET", "x") is None


# Successes


def read(kind: Any, *given: Any) -> Any:
    *types, answer = given
    return kind(*types, "GET", "x")(answer)


def test_nothing_is_nothing_but_for_a_proxy_s_page():
    assert read(answers.nothing, response(204)) is None
    assert read(answers.nothing, response(200, {"id": 5})) is None
    with pytest.raises(DecodeError):
        read(answers.nothing, response(200, b"<html>sorry"))


def test_values():
    assert read(answers.value_of, Customer, response(200, {"id": 5})).id == 5
    assert read(answers.value_of, bool, response(200, b"true")) is True
    for body in (b"", b"<html>", b"{", b"[]"):
        with pytest.raises(DecodeError):
            read(answers.value_of, Customer, response(200, body))


@pytest.mark.parametrize("body", [[{"id": 1}, {"id": 2}], {"data": [{"id": 1}, {"id": 2}], "hasMore": False}])
def test_a_list_that_is_not_paged_comes_wrapped_or_bare(body):
    assert [row.id for row in read(answers.all_of, Customer, response(200, body))] == [1, 2]


@pytest.mark.parametrize("kind", [Customer, bool])
def test_nothing_where_something_is_promised(kind):
    with pytest.raises(DecodeError, match="nothing came"):
        read(answers.value_of, kind, response(204))
    assert read(answers.value_or_none_of, kind, response(204)) is None
    assert read(answers.value_or_none_of, kind, response(202)) is None
    with pytest.raises(DecodeError):
        read(answers.value_or_none_of, kind, response(200))


@pytest.mark.parametrize("body", [b'{"a": 1}', b' ["x"]', b"{", b"[1]"])
@pytest.mark.parametrize("type_", ["application/json", "text/plain", ""])
def test_an_object_is_no_text(body, type_):
    """An address, a key or credentials are none; what comes instead of them is not to be taken for them."""
    with pytest.raises(DecodeError, match="expected a text"):
        read(answers.text, response(200, body, content_type=type_))


@pytest.mark.parametrize("body", [b"5", b"true"])
def test_json_that_is_no_text(body):
    with pytest.raises(DecodeError, match="expected a text"):
        read(answers.text, response(200, body, content_type="application/json"))
    assert read(answers.text, response(200, body, content_type="text/plain")) == body.decode()
    assert read(answers.text, response(200, b"null", content_type="application/json")) is None


def test_portions_and_arrays():
    portion = read(answers.portion_of, Customer, response(200, {"data": [{"id": 1}], "hasMore": True, "offset": 3}))
    assert (portion.data[0].id, portion.has_more, portion.offset, portion.limit) == (1, True, 3, None)
    assert read(answers.portion_of, Customer, response(204)).data is None
    assert read(answers.array_of, Customer, response(204)) == []


@pytest.mark.parametrize("reader", [answers.raw, answers.nothing, answers.text, answers.bulk_of])
def test_every_reader_raises_typed_errors(reader):
    with pytest.raises(errors.ConflictError):
        read(reader, response(409))


def test_a_page_that_cannot_be_read_names_its_request():
    with pytest.raises(DecodeError, match=r"\$\.data\[0\]\.id of GET x"):
        read(answers.portion_of, Customer, response(200, {"data": [{"id": "a person"}]}))
