"""The log in a browser: what the pages show, and what they do with questions that cannot be."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.parse import urlencode

import anyio.to_thread
import browsing
import pytest
from logbook import NOON, entry, keep

from konfipay_async import Limits
from konfipay_async.communication import Content
from konfipay_async.communication.pages import Pages, Visitor
from konfipay_async.errors import ConfigurationError
from konfipay_async.sandbox import Sandbox


class Noon:
    """A clock that stands."""

    def time(self):
        return NOON.timestamp()

    def monotonic(self):
        return 0.0

    async def sleep(self, seconds):
        raise AssertionError("nobody waits here")


@pytest.fixture(params=browsing.SERVERS)
def serve(request, url):
    """``async with serve() as site``: the pages of the log at `url` under each kind of server."""

    @asynccontextmanager
    async def run(**options):
        async with browsing.SERVERS[request.param](Pages(url, clock=Noon(), **options)) as site:
            yield site

    return run


@pytest.fixture
async def site(url):
    """The pages of the log at `url` under aiohttp."""
    async with browsing.by_aiohttp(Pages(url, clock=Noon())) as site:
        yield site


def names(page):
    """What the paths of the entries end with."""
    return [row[2].rpartition("/")[2].partition(" ")[0] for row in page.rows()]


async def test_the_overview_shows_what_the_portal_s_does(serve, url):
    """Timestamp, URL, method, status, time taken, and the way to the details; the newest first."""
    keep(url, [entry(2, path="old"), entry(1, "POST", "new", status=500, duration=1.5, waited=0.25)])
    async with serve() as site:
        page = await site.page()
    head, *rows = page.tables["entries"]
    assert head == ["Time (UTC)", "Method", "URL at https://portal.konfipay.de", "Status", "Duration", "Details"]
    assert rows[0][:5] == [
        "2026-01-31 11:59:00.000",
        "POST",
        "/api/v6/new",
        "500 Internal Server Error",
        "1.50 s after 250 ms waiting",
    ]
    assert [row[1] for row in rows] == ["POST", "GET"]
    assert page.links["Details of GET /api/v6/old, 200 OK, entry 1"] == "./entries/1"


async def test_the_details_show_what_the_portal_s_do(serve, url):
    """All eight, with the bodies as one reads them, each number to the digit; and how to send it again."""
    keep(
        url,
        [
            entry(
                method="POST",
                path="payments",
                status=201,
                request_headers={"accept": "application/json", "authorization": "Bearer <secret>"},
                request_content=Content(size=31, type="application/json", text='{"n":1.10000000000000000001}'),
                response_headers={"content-type": "application/json"},
                response_content=Content(size=7000, text='{"items":[{"rId":"***"}]}', left_out=1997),
                key_name="shop",
            )
        ],
    )
    async with serve() as site:
        page = await site.page("/entries/1")
    facts = page.text
    for fact in ("2026-01-31 12:00:00.000 UTC", "POST", "https://portal.konfipay.de/api/v6/payments", "201 Created"):
        assert fact in facts
    assert '{\n  "n": 1.10000000000000000001\n}' in facts
    assert '{\n  "items": [\n    {\n      "rId": "***"' in facts
    assert "1,997 rows left out" in facts
    assert [tables[1:] for name, tables in page.tables.items() if name == "headers"] == [
        [
            ["accept", "application/json"],
            ["authorization", "Bearer <secret>"],
            ["Name", "Value"],
            ["content-type", "application/json"],
        ]
    ]
    assert "curl -g -X POST https://portal.konfipay.de/api/v6/payments" in facts
    for title in ("Request header", "Request content", "Response header", "Response content"):
        assert title in facts


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "Only the overview was recorded."),
        ({"request_headers": {}, "status": None}, "No answer came."),
        ({"request_headers": {}, "response_headers": {}}, "There was none."),
        ({"request_headers": {}, "request_content": Content(size=9, sha256="ab" * 32)}, "Its SHA-256 is abab"),
        ({"response_headers": {}, "response_content": Content(size=None)}, "It went to a file of the caller"),
    ],
)
async def test_what_was_not_kept_is_said(site, url, more, said):
    """And why."""
    keep(url, [entry(**more)])
    assert said in (await site.page("/entries/1")).text


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ({}, ["e", "d", "c", "b", "a"]),
        ({"status": "404"}, ["c"]),
        ({"status": "4xx"}, ["c", "b"]),
        ({"status": "4XX"}, ["c", "b"]),
        ({"status": "404,5xx"}, ["d", "c"]),
        ({"status": "none"}, ["e"]),
        ({"errors": "1"}, ["e", "d", "c", "b"]),
        ({"method": "post"}, ["b"]),
        ({"url": "V6/C"}, ["c"]),
        ({"url": "%"}, []),
        ({"from": "2026-01-31T11:58"}, ["e", "d", "c"]),
        ({"from": "2026-01-31T12:58+01:00"}, ["e", "d", "c"]),
        ({"to": "2026-01-31T11:58:00Z"}, ["b", "a"]),
        ({"from": "2026-01-31", "to": "2026-01-31"}, ["e", "d", "c", "b", "a"]),
        ({"to": "2026-01-30"}, []),
        ({"key": "shop"}, ["b"]),
        ({"call": "x"}, ["d", "c"]),
        ({"errors": "1", "method": "GET", "status": "4xx", "from": "2026-01-31"}, ["c"]),
        ({"what-nobody-knows": "1"}, ["e", "d", "c", "b", "a"]),
    ],
)
async def test_a_filter_leaves_what_fits(site, url, query, left):
    """And the form shows what was asked for."""
    keep(
        url,
        [
            entry(4, path="a"),
            entry(3, "POST", "b", status=401, key_name="shop"),
            entry(2, path="c", status=404, call="x"),
            entry(1, path="d", status=503, call="x"),
            entry(0, path="e", status=None, error="ConnectionLostError"),
        ],
    )
    page = await site.page(f"/?{urlencode(query)}")
    assert (names(page) if page.tables else []) == left
    chosen = [found["value"] for found in page.named("option") if "selected" in found]
    assert chosen == [query.get("status", "").lower(), query.get("method", "").upper()]
    assert page.named("input", name="url")[0]["value"] == query.get("url", "")
    assert ("checked" in page.named("input", name="errors")[0]) == ("errors" in query)
    assert left or "No request fits this filter." in page.text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"from": "2026-02-31"}, "From: '2026-02-31' is no date"),
        ({"to": "9999-12-31"}, "To: '9999-12-31' is no date"),
        ({"from": "yesterday"}, "'yesterday' is no date"),
        ({"from": "2026-02-01", "to": "2026-01-01"}, "give the earlier moment first"),
        ({"status": "700"}, "'700' is no status"),
        ({"status": "40x"}, "'40x' is no status"),
        ({"method": "GET /"}, "'GET /' is no method"),
        ({"url": "a\0b"}, "a character that nothing has"),
        ({"at": "here"}, "no place in the log"),
        ({"at": "<99999999999999999999.1"}, "no place in the log"),
        ({f"f{number}": "1" for number in range(51)}, "asks for too much"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_a_filter_that_cannot_be_is_explained(site, url, query, said):
    """In a page with the form as it was filled in."""
    keep(url, [entry()])
    page = await site.page(f"/?{urlencode(query)}", status=400)
    assert said in page.text
    assert page.named("p", role="alert")
    assert page.tables == {}
    if query.get("from") == "yesterday":
        (field,) = page.named("input", name="from")
        assert field["value"] == "yesterday"
        assert field["aria-invalid"] == "true"


@pytest.mark.parametrize("count", [0, 1, 50, 51, 100, 101])
async def test_one_pages_from_the_newest_to_the_oldest_and_back(site, url, count):
    """Each entry once, however many have the same moment."""
    if count:
        keep(url, [entry(number // 7, path=f"{number:03d}") for number in reversed(range(count))])
    else:
        keep(url, [])
    path, seen, way = "/", [], []
    while True:
        page = await site.page(path)
        seen += names(page) if page.tables else []
        way.append(path)
        if "Older" not in page.links:
            break
        path = page.links["Older"].removeprefix(".")
    assert seen == [f"{number:03d}" for number in sorted(range(count), key=lambda number: (number // 7, number))]
    assert len(way) == max(1, -(-count // 50))
    for _ in way[1:]:
        page = await site.page(page.links["Newer"].removeprefix("."))
    assert "Newer" not in page.links
    assert count or "Nothing was recorded yet." in page.text


async def test_paging_keeps_the_filter(site, url):
    """On the way, to the details, and back from them."""
    keep(url, [entry(number, path="x" if number % 2 else "y") for number in range(120)])
    page = await site.page("/?url=%2Fx&errors=")
    older = page.links["Older"]
    assert older.startswith("./?url=%2Fx&at=")
    page = await site.page(older[1:])
    assert names(page) == ["x"] * 10
    (details,) = {link.partition("?")[2] for link in page.links.values() if "entries/" in link}
    assert details == older.partition("?")[2]
    back = (await site.page(f"/entries/1?{details}")).links["Back to the log"]
    assert back == f"../?{details}"


async def test_what_few_entries_fit_is_searched_for_step_by_step(site, url, monkeypatch):
    """No page looks at more than so many entries: it says how far it came, and leads further."""
    monkeypatch.setattr("konfipay_async.communication.pages.overview._LOOKS_AT", 50)
    keep(url, [entry(number, path="x" if number == 119 else "y") for number in reversed(range(120))])
    page = await site.page("/?url=%2Fx")
    assert page.tables == {}
    assert "No request down to 2026-01-31 11:10:00.000 UTC fits this filter." in page.text
    page = await site.page(page.links["Look further"][1:])
    assert "down to 2026-01-31 10:20" in page.text
    page = await site.page(page.links["Look further"][1:])
    assert names(page) == ["x"]
    assert "Look further" not in page.links


async def test_what_was_found_on_the_way_is_shown(site, url, monkeypatch):
    """And how far that was, whichever way one went."""
    monkeypatch.setattr("konfipay_async.communication.pages.overview._LOOKS_AT", 50)
    keep(url, [entry(number, path="x" if number in (10, 60) else "y") for number in range(120)])
    page = await site.page("/?url=%2Fx")
    assert names(page) == ["x"]
    assert "Only requests down to 2026-01-31 11:10:00.000 UTC were looked at." in page.text
    assert page.links["Look further"] == page.links["Older"]
    page = await site.page(f"/?{urlencode({'url': '/x', 'at': '>0.0'})}")
    assert "No request up to 2026-01-31 10:51:00.000 UTC fits this filter." in page.text
    assert page.links["Look further"] == page.links["Newer"]


async def test_the_pages_do_not_take_the_application_s_threads(url):
    """Nor wait for them: they have a few of their own."""
    keep(url, [entry(path="planted")])
    threads = anyio.to_thread.current_default_thread_limiter()
    before, threads.total_tokens = threads.total_tokens, 1
    try:
        async with threads:
            answer = await asyncio.wait_for(
                Pages(url).answer("GET", "/", "", Visitor({"host": "localhost"}, "127.0.0.1")), 5
            )
    finally:
        threads.total_tokens = before
    assert b"planted" in answer.body


async def test_beyond_the_last_entry_is_a_way_back(site, url):
    """Entries go while one looks at them."""
    keep(url, [entry()])
    page = await site.page("/?at=%3C0.0")
    assert "There is nothing more." in page.text
    assert page.links["To the newest"] == "./"


@pytest.mark.parametrize(
    "path", ["/entries/2", "/entries/0", "/entries/", "/entries/x", f"/entries/{'9' * 30}", "/x", "//"]
)
async def test_what_is_not_there_is_not_found(site, url, path):
    """With a page that says so, and a way that leads back."""
    keep(url, [entry()])
    page = await site.page(path, status=404)
    assert page.links["To the log"] == ("./" if path == "/x" else "../")


async def test_head_is_get_without_a_body(serve, url):
    """With the same headers; other methods are refused."""
    keep(url, [entry()])
    async with serve() as site:
        for path in ("/", "/entries/1", "/x", "/style.css"):
            asked, text = await site.ask(path)
            head, nothing = await site.ask(path, "HEAD")
            assert nothing == ""
            assert head.status == asked.status
            assert int(head.headers["Content-Length"]) == len(text.encode())
            drop = ("Date", "Server")
            assert {k: v for k, v in head.headers.items() if k.title() not in drop} == {
                k: v for k, v in asked.headers.items() if k.title() not in drop
            }
        refused, _ = await site.ask("/", "POST")
        assert refused.status == 405
        assert refused.headers["Allow"] == "GET, HEAD"


async def test_without_its_last_slash_the_mount_leads_to_the_overview(serve, url):
    """Links in pages are relative to it."""
    keep(url, [entry()])
    async with serve() as site:
        answer, _ = await site.ask("")
        assert answer.status in (307, 308)
        async with site.session.get(f"{site.url}{browsing.MOUNT}") as followed:
            assert followed.status == 200
            assert followed.url.path == f"{browsing.MOUNT}/"


async def test_every_answer_is_guarded(serve, url):
    """Nothing runs in it, nothing frames it, nobody keeps it."""
    keep(url, [entry()])
    async with serve() as site:
        for path in ("/", "/minutes", "/entries/1", "/x", "/?status=1", "/minutes?hours=x"):
            answer, _ = await site.ask(path)
            policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
            assert policy["default-src"] == "'none'"
            assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
            assert policy["style-src"] == policy["form-action"] == "'self'"
            assert not {"script-src", "script-src-elem", "script-src-attr"} & set(policy)
            assert "unsafe" not in answer.headers["Content-Security-Policy"]
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        style, _ = await site.ask("/style.css")
        assert style.headers["Content-Type"] == "text/css; charset=utf-8"
        assert style.headers["X-Content-Type-Options"] == "nosniff"
        icon, _ = await site.ask("/icon.svg")
        assert icon.headers["Content-Type"] == "image/svg+xml"


async def test_a_log_that_is_not_there_yet(serve, url):
    """Says so; it may come later, for it is opened for each page."""
    async with serve() as site:
        assert "there is no communication log" in (await site.page(status=503)).text
        keep(url, [entry()])
        assert len((await site.page()).rows()) == 1


async def test_a_log_that_is_none_is_explained(tmp_path):
    """Also where it is a folder."""
    (tmp_path / "other.db").write_text("not a database, but long enough to be one" * 100)
    for name, said in (("other.db", "no communication log"), ("", "is a folder")):
        async with browsing.by_aiohttp(Pages(f"sqlite:///{tmp_path}/{name}")) as site:
            assert said in (await site.page(status=503)).text
    with pytest.raises(ConfigurationError, match="cannot read the address"):
        Pages("mysql://host/db")


async def test_the_attempts_of_a_call_lead_to_each_other(site, url):
    """The login it made and its repetitions, from any of them; others are not among them."""
    keep(
        url,
        [
            entry(9, path="first", call="x", status=401, error="UnauthorizedError"),
            entry(8, "POST", "authentication/token", call="x", budget="public"),
            entry(7, path="again", call="x", attempt=2),
            entry(6, path="other", call="y"),
        ],
    )
    page = await site.page()
    assert [row[2].removeprefix("/api/v6/") for row in page.rows()] == [
        "other",
        "again attempt 2 same call",
        "authentication/token login same call",
        "first same call",
    ]
    call = await site.page(page.links["same call"][1:])
    assert names(call) == ["again", "token", "first"]
    assert call.links["Show others too"] == "./"
    details = await site.page("/entries/2")
    assert names(details) == ["first", "token", "again"]
    assert [found.get("class") for found in details.named("tr", role="row")] == [None, None, "here", None]
    assert "All attempts of this call" not in (await site.page("/entries/4")).text


async def test_what_could_not_be_kept_is_shown(site, url):
    """How many, when, and why."""
    keep(url, [entry()], [(2, "too many were waiting"), (1, "the disk was full")])
    text = (await site.page()).text
    assert "3 entries could not be kept" in text
    assert "2026-01-31 12:00:00.000 UTC: 2, too many were waiting" in text


async def test_entries_of_two_origins_tell_theirs(site, url):
    """Where all have the same it is said once."""
    keep(url, [entry(path="a"), entry(path="b", url="https://app-wallee.com/api/v2/b"), entry(url="odd")])
    page = await site.page()
    assert page.tables["entries"][0][2] == "URL"
    assert [row[2] for row in page.rows()] == [
        "odd",
        "https://app-wallee.com/api/v2/b",
        "https://portal.konfipay.de/api/v6/a",
    ]


# --- requests per minute -------------------------------------------------------------------------------------------


async def test_requests_per_minute_are_counted_against_the_limits(serve, url):
    """In pictures that say the same in words, and in numbers."""
    keep(
        url,
        [
            *(entry(3) for _ in range(40)),
            *(entry(2, status=429) for _ in range(2)),
            *(entry(1, "POST", "authentication/token", budget="public") for _ in range(4)),
            entry(1, "POST", "authentication/token", budget="public", status=429),
            entry(200),
        ],
    )
    async with serve(limits=Limits(authenticated=80, public=10)) as site:
        page = await site.page("/minutes")
    assert page.rows("numbers") == [
        ["2026-01-31 11:59", "0", "5 (429: 1)"],
        ["2026-01-31 11:58", "2 (429: 2)", "0"],
        ["2026-01-31 11:57", "40", "0"],
    ]
    pictures = [found["aria-label"] for found in page.named("svg", role="img")]
    assert pictures == [
        "Authenticated: requests per minute, limit 80. At most 40, 50% of it, at 2026-01-31 11:57.",
        "Public, as logins are: requests per minute, limit 10. At most 5, 50% of it, at 2026-01-31 11:59.",
        "When they were: Answers of 429 (too many requests): 2 authenticated and 1 public.",
    ]
    assert len(page.named("rect")) == 2 + 1 + 2
    assert "2026-01-31 11:59: 1 public" in page.text


@pytest.mark.parametrize(
    ("query", "bars", "busiest"),
    [
        ("hours=6", "3 minutes from (UTC)", "30"),
        ("hours=24", "12 minutes from (UTC)", "30"),
        ("hours=168", "84 minutes from (UTC)", "30"),
        ("from=2026-01-31T09:00&to=2026-01-31T10:00", "Minute (UTC)", "20"),
        ("to=2026-01-31T10:00:00", "Minute (UTC)", "20"),
        ("key=shop", "Minute (UTC)", "10"),
    ],
)
async def test_a_time_can_be_chosen(site, url, query, bars, busiest):
    """A bar is the busiest of its minutes, not their sum."""
    keep(
        url,
        [
            *(entry(5) for _ in range(20)),
            *(entry(5, key_name="shop") for _ in range(10)),
            *(entry(4) for _ in range(9)),
            *(entry(130) for _ in range(20)),
        ],
    )
    page = await site.page(f"/minutes?{query}")
    head, *rows = page.tables["numbers"]
    assert head[0] == bars
    assert max(int(row[1]) for row in rows) == int(busiest)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("hours=2", "hours: '2' is none of 1, 6, 24, 168"),
        ("hours=%C2%B2", "is none of"),
        ("from=2026-01-31&to=2026-01-01", "give the earlier moment first"),
        ("from=2020-01-01", "no more than 7 days"),
        ("to=0001-01-01T00:10", "there is no time before it"),
        ("from=x", "is no date"),
    ],
)
async def test_a_time_that_cannot_be_is_explained(site, url, query, said):
    """With the ways to those that can."""
    keep(url, [entry()])
    page = await site.page(f"/minutes?{query}", status=400)
    assert said in page.text
    assert page.links["6 hours"] == "minutes?hours=6"


async def test_a_time_without_requests(site, url):
    """Is a page too."""
    keep(url, [])
    page = await site.page("/minutes")
    assert "There were no requests." in page.text
    assert page.named("rect") == []


# --- with all that is around it ------------------------------------------------------------------------------------


async def test_what_a_client_does_is_shown(url, site, new_client):
    """From a request to its details, with nothing of its token."""
    async with (
        Sandbox(transactions=30, faults=["500:transactions.list@1"]) as sandbox,
        new_client(sandbox, communication_log=f"{url}?level=details", key_name="shop") as client,
    ):
        assert [page async for page in client.transactions.pages()]
    page = await site.page()
    assert sorted(row[1] for row in page.rows()) == ["GET", "GET", "POST"]
    number = next(link for link in page.links.values() if "entries/" in link)
    text = (await site.page(number[1:])).text
    assert "Bearer <secret>" in text
    assert "Response content" in text
    assert sandbox.api_key not in text


async def test_a_log_in_postgresql_is_shown(postgres):
    """As one in a file."""
    url = postgres.url()
    keep(url, [entry(1, path="a"), entry(0, path="b", status=500)])
    async with browsing.by_aiohttp(Pages(url, clock=Noon())) as site:
        assert names(await site.page("/?errors=1")) == ["b"]
        assert "500 Internal Server Error" in (await site.page("/entries/2")).text
        assert (await site.page("/minutes")).rows("numbers")
        await site.page("/?url=a%00", status=400)


def test_moments_of_entries_are_told_to_the_millisecond():
    """And rounded down, as clocks do."""
    from konfipay_async.communication.pages.layout import time_of

    assert ">2026-01-31 12:00:00.999</time>" in time_of(NOON + timedelta(microseconds=999_999)).text
