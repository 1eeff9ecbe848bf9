"""Whatever is in the log or in an address is text in the pages, all of it, and nothing else."""

import re
from urllib.parse import quote, urlencode

import browsing
import pytest
from hypothesis import given
from hypothesis import strategies as st
from logbook import HOSTILE, NOON, hostile, keep

from konfipay_async.communication.pages import Pages, Rights, respond
from konfipay_async.communication.pages.markup import document, shown, tag
from konfipay_async.communication.store import open_store
from konfipay_async.session.budget import Limits

ELEMENTS = frozenset(
    re.findall(
        r"\w+",
        """html head meta title link body a header p nav main h1 h2 h3 footer form label span input select option button
        table caption thead tbody tr th td time svg circle path rect g line figure figcaption details summary ul li dl
        dt dd section pre code strong div wbr""",
    )
)
ATTRIBUTES = frozenset(
    re.findall(
        r"[\w-]+",
        """charset name content rel href type class aria-label aria-labelledby aria-current aria-hidden aria-disabled
        aria-invalid id tabindex lang method action role value selected checked autocomplete step scope datetime title
        viewbox focusable preserveaspectratio cx cy r d x y x1 x2 y1 y2 width height""",
    )
)


def look(answer):
    """Nothing is in a page that we did not put there; what it shows."""
    text = answer.body.decode()
    page = browsing.shown(text)
    for kind, attributes in page.elements:
        assert kind in ELEMENTS, kind
        assert set(attributes) <= ATTRIBUTES, attributes
        for name in ("href", "action"):
            target = attributes.get(name) or ""
            assert re.fullmatch(
                r"#content|(\./|(\.\./)+)?(style\.css|icon\.svg|minutes|entries/\d+)?(\?[\w=&.%*+-]*)?", target
            ), target
    assert [found["id"] for _, found in page.elements if found.get("id") == "content"] == ["content"]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\ufeff]", text)
    return page


@pytest.fixture
def ask(url):
    """``ask(path, query)``: a page of a log in which everything is hostile."""
    keep(url, hostile(), [(1, text) for text in HOSTILE])
    with open_store(url) as store:
        yield lambda path, query="": respond(
            store, path, query, Rights(overview=True, details=True), now=NOON.timestamp(), limits=Limits()
        )


def test_what_is_in_the_log_is_text(ask):
    """In the overview each URL, status and error, in the details all, and none of it is missing."""
    overview = look(ask("/"))
    for text in HOSTILE:
        assert shown(text).partition("/")[0] in overview.text
    for number, text in enumerate(HOSTILE, 1):
        answer = ask(f"/entries/{number}")
        assert answer.status == 200
        # Headers, their names and values, contents, types, the key, the error.
        assert look(answer).text.count(shown(text)) >= 7, text


@pytest.mark.parametrize("path", ["/", "/minutes", "/entries/1"])
@pytest.mark.parametrize("name", ["from", "to", "status", "method", "url", "key", "call", "errors", "at", "hours", "x"])
def test_what_is_in_an_address_is_text(ask, path, name):
    """Also where it makes no sense."""
    for text in HOSTILE:
        answer = ask(path, urlencode({name: text}))
        assert answer.status in (200, 400)
        look(answer)


def test_a_path_is_shown_nowhere(ask):
    """So nothing needs to be made of it."""
    for text in HOSTILE:
        for path in (f"/{text}", f"/entries/{text}", f"/entries/1/{text}"):
            answer = ask(path)
            assert answer.status == 404
            assert "evil" not in look(answer).text


async def test_a_path_of_a_redirect_leads_nowhere_else(url):
    """The mount's name is quoted, and below where one is."""
    pages = Pages(url)
    for mount in ("//evil.example", "/\\evil.example", "/a\r\nSet-Cookie: x=1", "/ä?#", "/javascript:alert(1)"):
        answer = await pages.answer("GET", "", "", None, mount=mount)
        place = answer.headers["Location"]
        assert re.fullmatch(r"\./[\w.%-]*/", place, re.ASCII), place
        assert place == f"./{quote(mount.rpartition('/')[2], safe='')}/"


@given(st.text())
def test_any_text_comes_out_as_it_went_in(text):
    """But for what cannot be seen, which is told by its number."""
    markup = document([tag("title", "x")], [tag("p", text), tag("input", value=text)])
    page = browsing.shown(markup)
    assert page.text.strip("\n") in (f"x{shown(text)}", f"x{shown(text)}".strip("\n"))
    assert page.named("input")[0]["value"] == shown(text)
    assert [kind for kind, _ in page.elements] == ["html", "head", "title", "body", "p", "input"]
    markup.encode()


@pytest.mark.parametrize("name", ["script", "SCRIPT", "style", "a b", "a>", "", "x-y", "<"])
def test_elements_in_which_escaping_is_another_are_not_made(name):
    """Nor what is no name."""
    with pytest.raises(ValueError, match="is made here"):
        tag(name)


def test_what_cannot_be_seen_is_told():
    """A text that turns around, or hides, would show another than it is."""
    assert shown("a\u202eb\x00\x1b\u200b\ud800ä\n\t") == "a\\u202eb\\u0000\\u001b\\u200b\\ud800ä\n\t"
