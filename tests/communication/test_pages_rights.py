"""Who is shown the log: nobody but this machine, until the application's hooks say otherwise."""

import asyncio

import aiohttp
import browsing
import pytest
from aiohttp import web
from fastapi import FastAPI
from logbook import entry, keep

from konfipay_async.communication.pages import Pages, Rights, Visitor, from_loopback, respond
from konfipay_async.communication.store import open_store
from konfipay_async.integrations import asgi
from konfipay_async.integrations.aiohttp import log_app
from konfipay_async.session.budget import Limits


def yes(_):
    return True


def no(_):
    return False


@pytest.fixture(params=browsing.SERVERS)
def serve(request, url):
    """``async with serve(**hooks) as site``: a log with one entry under each kind of server."""
    keep(url, [entry(path="planted")])
    return lambda **hooks: browsing.SERVERS[request.param](Pages(url, **hooks))


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8602", "localhost", "LocalHost:1", "127.9.9.9", "[::1]:80", "[::1]"]
)
@pytest.mark.parametrize("peer", ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"])
def test_this_machine_by_its_own_names_is_let_in(peer, host):
    """Whatever the port."""
    assert from_loopback(Visitor({"host": host}, peer)) is True


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        ("192.168.0.7", {"host": "localhost"}),
        ("::ffff:192.168.0.7", {"host": "localhost"}),
        ("fe80::1%eth0", {"host": "localhost"}),
        ("", {"host": "localhost"}),
        ("localhost", {"host": "localhost"}),
        ("127.0.0.1", {}),
        ("127.0.0.1", {"host": ""}),
        ("127.0.0.1", {"host": "evil.example"}),
        ("127.0.0.1", {"host": "evil.example:8602"}),
        ("127.0.0.1", {"host": "localhost.evil.example"}),
        ("127.0.0.1", {"host": "localhost@evil.example"}),
        ("127.0.0.1", {"host": "localhost:80@evil.example"}),
        ("127.0.0.1", {"host": "127.0.0.1.evil.example"}),
        ("127.0.0.1", {"host": "[::1].evil.example"}),
        ("127.0.0.1", {"host": "evil[::1]"}),
        ("127.0.0.1", {"host": "::1"}),
        ("127.0.0.1", {"host": "localhost:"}),
        ("127.0.0.1", {"host": "localhost, evil.example"}),
        ("127.0.0.1", {"host": "0.0.0.0:80"}),
        ("127.0.0.1", {"host": "192.168.0.7"}),
        ("127.0.0.1", {"host": "localhost", "x-forwarded-for": "203.0.113.9"}),
        ("127.0.0.1", {"host": "localhost", "forwarded": "for=203.0.113.9"}),
        ("127.0.0.1", {"host": "localhost", "x-real-ip": "127.0.0.1"}),
        ("127.0.0.1", {"host": "localhost", "via": "1.1 proxy"}),
        *(
            ("127.0.0.1", {"host": "127.0.0.1:8000", name: "1"})
            for name in (
                *("x-forwarded", "x-forwarded-proto", "x-forwarded-server", "x-original-host", "x-client-ip"),
                *("x-cluster-client-ip", "true-client-ip", "cf-connecting-ip", "cf-ray", "x-envoy-external-address"),
            )
        ),
        ("127.0.0.1", {"host": "127.0.0.1:8000", "connection": "close"}),
        ("127.0.0.1", {"host": "127.0.0.1:8000", "connection": "TE, Close"}),
    ],
)
def test_anybody_else_is_not(peer, headers):
    """Nor who comes from here under another's name, nor who comes through a proxy."""
    assert from_loopback(Visitor(headers, peer)) is False


def test_what_browsers_send_tells_of_no_proxy():
    """Among it headers whose names begin alike."""
    headers = {"host": "localhost", "connection": "keep-alive", "x-requested-with": "x", "origin": "http://localhost"}
    assert from_loopback(Visitor(headers, "127.0.0.1")) is True


@pytest.mark.parametrize("ask", ["GET /log/ HTTP/1.0", "GET /log/ HTTP/1.1\r\nConnection: close"])
async def test_a_proxy_that_says_nothing_is_known_by_how_it_asks(serve, ask):
    """An nginx before 1.29.7 that is told only where to pass things on asks by HTTP/1.0, and by our own name."""
    ask = ask.replace("/log/", f"{browsing.MOUNT}/")
    async with serve() as site:
        host = site.url.removeprefix("http://")
        reader, writer = await asyncio.open_connection(*host.split(":"))
        writer.write(f"{ask}\r\nHost: {host}\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
    assert answer.split(b" ", 2)[1] == b"403"
    assert b"planted" not in answer


async def test_without_hooks_the_default_holds(serve):
    """All pages for this machine; for a name that leads here, or through a proxy, none, and nothing of the log."""
    async with serve() as site:
        await site.page()
        await site.page("/entries/1")
        for headers in ({"Host": "evil.example"}, {"X_Forwarded_For": "203.0.113.9"}):
            for path in ("/", "/entries/1", "/entries/2", "/minutes", "/x"):
                page = await site.page(path, status=403, **headers)
                assert "You may not see the log of API communication." in page.text
                assert "planted" not in page.text
                assert "Log" not in page.links
            # It needs its style all the same.
            assert (await site.ask("/style.css", **headers))[0].status == 200


async def test_over_a_unix_socket_nobody_is_known(url, tmp_path):
    """So nobody is let in."""
    keep(url, [entry()])
    runner = web.AppRunner(log_app(Pages(url)))
    await runner.setup()
    try:
        await web.UnixSite(runner, str(tmp_path / "s")).start()
        async with (
            aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(tmp_path / "s"))) as session,
            session.get("http://localhost/") as answer,
        ):
            assert answer.status == 403
    finally:
        await runner.cleanup()


async def test_a_hook_is_told_who_asks(serve):
    """By the address, and by headers in small letters; it may be async."""
    seen = []

    async def may(visitor):
        await asyncio.sleep(0)
        seen.append(visitor)
        return visitor.headers["cookie"] == "session=colleague"

    async with serve(may_see_overview=may, may_see_details=may) as site:
        await site.page(Cookie="session=colleague", Host="intern.example")
        await site.page("/entries/1", Cookie="session=colleague", Host="intern.example")
        await site.page(status=403, Cookie="session=guest")
    assert {visitor.peer for visitor in seen} == {"127.0.0.1"}
    assert seen[0].headers["host"] == "intern.example"
    assert "colleague" not in repr(seen[0])


async def test_the_administration_sees_the_overview_alone(serve):
    """As in the portal: no magnifier, no details, and not even whether an entry is there."""
    async with serve(may_see_overview=yes, may_see_details=no) as site:
        page = await site.page()
        assert page.tables["entries"][0][-1] == "Duration"
        assert "planted" in page.text
        assert not any("entries/" in target for target in page.links.values())
        await site.page("/minutes")
        for number in (1, 2):
            page = await site.page(f"/entries/{number}", status=403)
            assert "You may not see the details of API communication." in page.text


async def test_details_alone_are_not_to_be_had(serve):
    """And their hook is not asked where the overview may not be seen."""
    asked = []
    async with serve(may_see_overview=no, may_see_details=asked.append) as site:
        await site.page("/entries/1", status=403)
    assert asked == []


@pytest.mark.parametrize("answer", [1, "yes", object(), None, [False]])
async def test_nothing_but_true_lets_in(serve, answer):
    """What a hook forgot to compare would be a yes."""
    async with serve(may_see_overview=lambda _: answer) as site:
        await site.page(status=403)


async def test_a_hook_that_fails_lets_nobody_in(url):
    """The server answers as to any failure of a handler's."""

    def fails(_):
        raise RuntimeError("the session store is away")

    keep(url, [entry()])
    async with browsing.by_aiohttp(Pages(url, may_see_overview=fails)) as site:
        answer, text = await site.ask()
    assert answer.status == 500
    assert "planted" not in text


def test_the_core_asks_for_rights_itself(url):
    """Whoever writes an adapter cannot forget them."""
    keep(url, [entry(path="planted")])
    with open_store(url) as store:
        for path in ("/", "/minutes", "/entries/1", "/x"):
            answer = respond(store, path, "", Rights(), now=0.0, limits=Limits())
            assert answer.status == 403
            assert b"planted" not in answer.body


# --- ASGI without a server ----------------------------------------------------------------------------------------


async def talk(app, scope, *events):
    """What an app sends."""
    heard, sent = list(events), []

    async def receive():
        return heard.pop(0)

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    return sent


def scope(**more):
    return {"type": "http", "method": "GET", "headers": [(b"Host", b"localhost")], "client": ("127.0.0.1", 1), **more}


@pytest.mark.parametrize(
    ("path", "root", "status"),
    [
        ("/log/entries/1", "/log", 200),
        ("/entries/1", "/log", 200),
        ("/entries/1", "", 200),
        ("/log", "/log", 308),
        ("/logs/entries/1", "/log", 404),
        ("/log/entries/1", "/log/", 200),
        ("/entries/1", "/", 200),
        ("/log/entries/1", "/proxy/log", 200),
        ("/log/entries/1", "/proxy//log", 200),
        ("/proxy/log/entries/1", "/proxy/log", 200),
        ("/log", "/proxy/log", 308),
        ("/g/entries/1", "/proxy/log", 404),
    ],
)
async def test_servers_differ_in_what_the_path_has(url, path, root, status):
    """With the mount or without it, and without what a proxy before them took off."""
    keep(url, [entry()])
    sent = await talk(asgi.log_app(Pages(url)), scope(path=path, root_path=root))
    assert sent[0]["status"] == status


@pytest.mark.parametrize("root", ["/proxy", "/proxy/"])
async def test_behind_a_proxy_that_strips_its_prefix_the_pages_are_there(url, root):
    """Servers tell of the prefix by root_path."""
    keep(url, [entry(path="planted")])
    app = FastAPI()
    app.mount(browsing.MOUNT, asgi.log_app(Pages(url)))

    async def told(scope, receive, send):
        await app({**scope, "root_path": root}, receive, send)

    async with browsing.under_uvicorn(told) as site:
        page = await site.page()
        await site.page(next(link for link in page.links.values() if "entries/" in link)[1:])
        answer, _ = await site.ask("")
    assert "planted" in page.text
    assert answer.status in (307, 308)


async def test_a_header_given_twice_is_both(url):
    """One of two hosts is not enough."""
    keep(url, [entry()])
    twice = [(b"host", b"localhost"), (b"host", b"evil.example")]
    sent = await talk(asgi.log_app(Pages(url)), scope(path="/", headers=twice))
    assert sent[0]["status"] == 403


async def test_an_asgi_server_of_its_own_starts_and_ends_it(url):
    """And there are no web sockets."""
    app = asgi.log_app(Pages(url))
    events = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent = await talk(app, {"type": "lifespan"}, *events)
    assert [message["type"] for message in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert (await talk(app, {"type": "websocket"}))[0]["type"] == "websocket.close"


async def test_where_no_address_is_known_nobody_is_let_in(url):
    """As on a Unix socket."""
    keep(url, [entry()])
    for nobody in (None, ("", 0)):
        sent = await talk(asgi.log_app(Pages(url)), scope(path="/", client=nobody))
        assert sent[0]["status"] == 403
