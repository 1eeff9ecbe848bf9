"""The route table, a user's corrections to it, path segments, and the base URL."""

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from konfipay_async import KonfipayClient
from konfipay_async.errors import ConfigurationError
from konfipay_async.routes import ROUTES, routes_with, segment
from konfipay_async.session.message import Lane, RetryClass
from konfipay_async.session.transport import checked_base_url

ACKNOWLEDGE = "transactions.acknowledge"


# --- the table -----------------------------------------------------------------------------------------------------


def test_the_login_draws_from_the_public_budget_and_nothing_else_does() -> None:
    assert {name for name, route in ROUTES.items() if route.budget == "public"} == {"authentication.token"}


def test_acknowledgements_go_first_and_paging_last() -> None:
    assert ROUTES[ACKNOWLEDGE].lane is Lane.ACKNOWLEDGE
    assert ROUTES[ACKNOWLEDGE].retry is RetryClass.ACKNOWLEDGE
    for name, route in ROUTES.items():
        if name.endswith(".list"):
            assert (route.retry, route.method) == (RetryClass.READ, "GET"), name
    assert ROUTES["transactions.list"].lane is Lane.BULK


@pytest.mark.parametrize("name", ROUTES)
def test_every_route_is_relative_and_says_how_well_it_is_known(name) -> None:
    route = ROUTES[name]
    assert not route.path.startswith("/")
    assert route.path == route.path.lower()
    assert route.mark in ("DOC", "OBS", "INF")
    assert route.timeout > 0
    if route.method == "GET":
        assert route.retry is RetryClass.READ


def test_the_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        ROUTES["x"] = ROUTES[ACKNOWLEDGE]  # type: ignore[index]
    with pytest.raises(TypeError):
        routes_with(None)["x"] = ROUTES[ACKNOWLEDGE]  # type: ignore[index]


def test_a_path_is_filled_with_encoded_segments() -> None:
    assert ROUTES[ACKNOWLEDGE].fill(acknowledgement_id="a+b?c") == "transactions/a%2Bb%3Fc/acknowledge"
    assert ROUTES["transactions.list"].fill() == "transactions"
    with pytest.raises(ConfigurationError, match="acknowledgement_id"):
        ROUTES[ACKNOWLEDGE].fill(acknowledgement_id="..")


def test_a_token_of_the_server_goes_back_as_it_came() -> None:
    """It may be base64; a slash in it is encoded, so it stays in its place."""
    assert segment("ab/cd==", "acknowledgement_id") == "ab%2Fcd%3D%3D"


# --- corrections ---------------------------------------------------------------------------------------------------


def test_without_corrections_the_table_is_as_it_is() -> None:
    assert dict(routes_with(None)) == dict(routes_with({})) == dict(ROUTES)


@pytest.mark.parametrize(
    ("text", "method", "path"),
    [
        ("POST transactions/acknowledge", "POST", "transactions/acknowledge"),
        ("PUT /transactions/{acknowledgement_id}", "PUT", "transactions/{acknowledgement_id}"),
        ("DELETE v6.1/a-b_c~d", "DELETE", "v6.1/a-b_c~d"),
        ("PATCH {acknowledgement_id}", "PATCH", "{acknowledgement_id}"),
    ],
)
def test_a_correction_changes_method_and_path_and_nothing_else(text, method, path) -> None:
    changed = routes_with({ACKNOWLEDGE: text})
    assert (changed[ACKNOWLEDGE].method, changed[ACKNOWLEDGE].path) == (method, path)
    assert changed[ACKNOWLEDGE] == msgspec.structs.replace(ROUTES[ACKNOWLEDGE], method=method, path=path)
    assert all(changed[name] == ROUTES[name] for name in ROUTES if name != ACKNOWLEDGE)
    assert ROUTES[ACKNOWLEDGE].method == "POST"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "transactions",
        "GET",
        "GET ",
        "get transactions",
        "FETCH transactions",
        "GET  transactions",
        "GET trans actions",
        "GET https://other.example/x",
        "GET transactions?x=1",
        "GET transactions#x",
        "GET transactions\n",
        "GET a\\b",
        "GET a%2fb",
        "GET {acknowledgement_id",
        "GET acknowledgement_id}",
        "GET {}",
        "GET {a.b}",
        "GET {a!r}",
    ],
)
def test_corrections_that_are_no_route_are_refused(text) -> None:
    with pytest.raises(ConfigurationError, match="write it like"):
        routes_with({ACKNOWLEDGE: text})


def test_a_correction_of_a_route_we_do_not_have_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"no route 'transaction\.list'; there are .*transactions\.list"):
        routes_with({"transaction.list": "GET x"})


def test_a_placeholder_nobody_fills_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"\{id\} is not known here.*\{acknowledgement_id\}"):
        routes_with({ACKNOWLEDGE: "POST transactions/{id}/acknowledge"})
    with pytest.raises(ConfigurationError, match="nothing"):
        routes_with({"transactions.list": "GET {acknowledgement_id}"})


# --- segments ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        ("5d12c087-be1e-456c-a33f-4f8750fa7814", "5d12c087-be1e-456c-a33f-4f8750fa7814"),
        ("a-b_c.d~e", "a-b_c.d~e"),
        ("a?b#c&d=e%f", "a%3Fb%23c%26d%3De%25f"),
        ("%2e%2e", "%252e%252e"),
        ("...", "..."),
        ("Ü", "%C3%9C"),
        ("\x85", "%C2%85"),
        (":", "%3A"),
    ],
)
def test_a_segment_is_encoded(value, encoded) -> None:
    assert segment(value, "id") == encoded


@pytest.mark.parametrize(
    "value",
    [
        "",
        ".",
        "..",
        "/",
        "a/b",
        "../x",
        "a\\b",
        " ",
        "a b",
        "\n",
        "a\r\nb",
        "\t",
        "\x00",
        "\x1f",
        "\x7f",
        None,
        5,
        b"a",
    ],
)
def test_what_would_leave_its_place_is_no_segment(value) -> None:
    with pytest.raises(ConfigurationError, match="rid"):
        segment(value, "rid")


@given(value=st.text(st.characters(exclude_categories=()), max_size=20))
@example(value="\ud800")
def test_any_text_is_one_segment_or_refused(value) -> None:
    """Whatever the text, also half a surrogate pair: no other error, no slash, nothing that is not ASCII."""
    try:
        encoded = segment(value, "id")
    except ConfigurationError:
        return
    assert encoded.isascii()
    assert encoded.isprintable()
    assert not set(encoded) & set("/\\?# ")
    assert encoded not in (".", "..")


# --- the base URL --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://portal.konfipay.de/api/v6", "https://portal.konfipay.de/api/v6"),
        ("https://portal.konfipay.de/api/v6/", "https://portal.konfipay.de/api/v6"),
        ("https://portal.konfipay.de/api/v6///", "https://portal.konfipay.de/api/v6"),
        ("https://PORTAL.konfipay.de:8443/x", "https://portal.konfipay.de:8443/x"),
        ("http://localhost:8080/api", "http://localhost:8080/api"),
        ("http://127.0.0.1:1/api", "http://127.0.0.1:1/api"),
        ("http://127.8.9.10/api", "http://127.8.9.10/api"),
        ("http://[::1]:8080/api", "http://[::1]:8080/api"),
        ("https://[2001:db8::1]/api", "https://[2001:db8::1]/api"),
    ],
)
def test_base_urls(text, url) -> None:
    assert str(checked_base_url(text)) == url


@pytest.mark.parametrize(
    "text",
    [
        "http://portal.konfipay.de/api/v6",
        "http://localhost.example.com/api",
        "http://127.0.0.1.example.com",
        "http://0.0.0.0",
        "http://10.0.0.1",
        "http://[::]",
        "http://[2001:db8::1]",
    ],
)
def test_plain_http_is_for_this_machine_only(text) -> None:
    with pytest.raises(ConfigurationError, match="not encrypted"):
        checked_base_url(text)


@pytest.mark.parametrize(
    "text",
    [
        "https://user:geheim@portal.konfipay.de/api",
        "https://geheim@portal.konfipay.de/api",
        "https://:geheim@portal.konfipay.de/api",
        "https://user:ge@heim:geheim@portal.konfipay.de/api",
        "http://user:geheim@portal.konfipay.de/api",
        "http://user:geheim@localhost/api",
        "https://portal.konfipay.de/api?apiKey=geheim",
        "http://portal.konfipay.de/api?apiKey=geheim",
        "https://portal.konfipay.de/api#geheim",
        "https://user:geheim@portal.konfipay.de:port/api",
        "https://user:geheim@[broken/api",
        "ftp://user:geheim@portal.konfipay.de/api",
        "user:geheim@portal.konfipay.de/api",
        "ftp://portal.konfipay.de/api?apiKey=geheim",
        "portal.konfipay.de/api?apiKey=geheim",
        "https://portal.konfipay.de:port/api?apiKey=geheim",
    ],
)
def test_credentials_in_a_base_url_are_refused_and_not_shown(text) -> None:
    with pytest.raises(ConfigurationError) as caught:
        checked_base_url(text)
    assert "geheim" not in f"{caught.value} {caught.value!r}"
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "/",
        "konfipay",
        "portal.konfipay.de/api/v6",
        "//portal.konfipay.de",
        "https://",
        "https:///api",
        "http:/localhost",
        "file:///etc/passwd",
        "ws://localhost",
        "https://[]@",
        "https://[::1",
        "https://host:99999/",
        "https://host:x/",
        "https:// host/",
        "https://ho st/",
        "https://host\x00/",
    ],
)
def test_garbage_is_no_base_url(text) -> None:
    with pytest.raises(ConfigurationError):
        checked_base_url(text)


@pytest.mark.parametrize("proxy", ["proxy.example:3128", "https://[]@", "https://[", "socks5://proxy.example", 5])
def test_garbage_is_no_proxy(proxy) -> None:
    with pytest.raises(ConfigurationError, match="no address of a proxy"):
        KonfipayClient("k" * 64, proxy=proxy)


@given(text=st.text(max_size=40) | st.text("htps:/@[]?#.%1 \\x", max_size=40).map(lambda tail: f"https://{tail}"))
def test_any_text_is_a_base_url_or_refused(text) -> None:
    try:
        url = checked_base_url(text)
    except ConfigurationError:
        return
    assert url.scheme in ("http", "https")
    assert url.host
