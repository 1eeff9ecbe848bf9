"""Nothing that is in the log, or in an address, does anything in a browser: with our policy, and without it."""

from urllib.parse import urlencode

import pytest
from aiohttp import web
from logbook import HOSTILE

pytestmark = pytest.mark.asyncio(loop_scope="session")

POLICY = pytest.mark.parametrize("without_policy", [False, True], ids=["policy", "no-policy"])


@POLICY
async def test_what_is_in_the_log_does_nothing(evil, watched, without_policy):
    """In the overview, in each entry, and in what leads from one to the other."""
    wire = await watched(evil, without_policy=without_policy)
    for path in ("", *(f"entries/{number}" for number in range(1, len(HOSTILE) + 1)), "minutes?hours=6", "?errors=1"):
        answer = await wire.page.goto(f"{evil}{path}")
        assert answer.status == 200
        assert ("content-security-policy" in answer.headers) != without_policy
        assert await wire.look() == []
    assert HOSTILE[0] in await wire.page.locator("body").inner_text()


@POLICY
@pytest.mark.parametrize("path", ["", "minutes", "entries/1"])
async def test_what_is_in_an_address_does_nothing(evil, watched, path, without_policy):
    """In none of its fields."""
    wire = await watched(evil, without_policy=without_policy)
    names = ("from", "to", "status", "method", "url", "key", "call", "errors", "at", "hours")
    for text in HOSTILE:
        answer = await wire.page.goto(f"{evil}{path}?{urlencode(dict.fromkeys(names, text))}#{text}")
        assert answer.status in (200, 400)
        assert await wire.look() == []


async def test_all_that_can_be_clicked_stays_here(evil, watched):
    """Links made of what is hostile lead to pages of ours."""
    wire = await watched(evil, without_policy=True)
    await wire.page.goto(evil)
    targets = await wire.page.locator("main a").evaluate_all("links => links.map(link => link.href)")
    assert len(targets) > len(HOSTILE)
    for target in sorted(set(targets)):
        answer = await wire.page.goto(target)
        assert answer.status in (200, 400)  # of a call that cannot be one
        assert await wire.look() == []


async def test_no_other_page_frames_ours(evil, new_page):
    """Nor reads what is in it."""
    page = await new_page()
    outside = f"<iframe src='{evil}'></iframe>"
    await page.route("http://elsewhere.example/", lambda route: route.fulfill(body=outside, content_type="text/html"))
    await page.goto("http://elsewhere.example/")
    frame = page.frames[1]
    assert "API communication" not in await frame.content()
    failed = await page.evaluate("url => fetch(url).then(() => 'read', () => 'refused')", evil)
    assert failed == "refused"


@pytest.mark.parametrize("text", HOSTILE[:2] + HOSTILE[3:7])
async def test_the_tripwire_trips(watched, text):
    """Where a page is made without escaping: the tests above could fail."""

    async def careless(_):
        return web.Response(text=f"<title>x · konfipay-async</title><pre>{text}</pre>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/", careless)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        wire = await watched(url)
        await wire.page.goto(url, wait_until="commit")
        assert await wire.look() != []
    finally:
        await runner.cleanup()
