"""The pages as people use them: without JavaScript, on a phone, in the dark, by keyboard, and by ear."""

from itertools import groupby, pairwise

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="session")

EVERY = (
    "",
    "?errors=1",
    "?from=yesterday",
    "?url=nothing",
    "?call=a",
    "entries/11256",
    "entries/11252",
    "minutes",
    "x",
)


async def test_everything_works_without_javascript(calm, new_page):
    """The filter, paging, the magnifier and the way back, and the chart."""
    page = await new_page(java_script_enabled=False)
    await page.goto(calm.removesuffix("/"))
    assert page.url == calm
    await page.get_by_label("Status").select_option("4xx")
    await page.get_by_label("URL contains").fill("bank-accounts")
    await page.get_by_role("button", name="Filter").click()
    rows = page.get_by_role("table").get_by_role("row")
    assert await rows.count() == 2
    assert await page.get_by_label("URL contains").input_value() == "bank-accounts"
    await page.get_by_role("link", name="Details of GET /api/v6/bank-accounts, 429").click()
    await page.get_by_role("heading", level=1, name="Entry ").wait_for()
    await page.get_by_role("link", name="Back to the log").click()
    assert await rows.count() == 2
    await page.get_by_role("link", name="Show all").click()
    first = await rows.nth(1).inner_text()
    await page.get_by_role("link", name="Older").click()
    assert await rows.nth(1).inner_text() != first
    await page.get_by_role("link", name="Newer").click()
    assert await rows.nth(1).inner_text() == first
    await page.get_by_role("link", name="Requests per minute").click()
    assert await page.get_by_role("img", name="Authenticated: requests per minute, limit 1,000").is_visible()
    numbers = page.get_by_role("table", name="Minutes with requests")
    assert not await numbers.is_visible()
    await page.get_by_text("The same in numbers").click()
    assert await numbers.is_visible()
    await page.get_by_role("link", name="6 hours").click()
    assert "busiest of 3 minutes" in await page.locator("main").inner_text()


async def test_a_moment_chosen_in_the_form_is_understood(calm, new_page):
    """As a browser sends it, and shows it again."""
    page = await new_page()
    await page.goto(calm)
    await page.get_by_label("From (UTC)").fill("2026-01-31T11:56:30")
    await page.get_by_label("To (UTC)").fill("2026-01-31T11:58:00")
    await page.get_by_role("button", name="Filter").click()
    times = await page.get_by_role("table").locator("time").all_inner_texts()
    assert times == ["2026-01-31 11:57:48.000", "2026-01-31 11:57:00.000", "2026-01-31 11:56:48.000"]
    assert await page.get_by_label("From (UTC)").input_value() == "2026-01-31T11:56:30"


@pytest.mark.parametrize("width", [320, 390, 800])
async def test_no_page_is_wider_than_the_screen(calm, evil, new_page, width):
    """Nor is anything cut off that cannot be scrolled to."""
    page = await new_page(viewport={"width": width, "height": 700})
    for url in (*(f"{calm}{path}" for path in EVERY), evil, *(f"{evil}entries/{number}" for number in range(1, 10))):
        await page.goto(url)
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, url
        assert await page.evaluate(_CUT, width) == [], url


_CUT = """width => [...document.querySelectorAll("main *")].filter(element => {
    if (element.closest("pre, .unseen, thead, svg")) return false;
    const {left, right} = element.getBoundingClientRect();
    return left < -1 || right > width + 1;
}).map(element => element.outerHTML.slice(0, 200))"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_text_stands_out_from_what_is_behind_it(calm, new_page, scheme):
    """By 4.5 to 1 (WCAG 2.2, 1.4.3), also under the pointer, and the page is as dark as the visitor's."""
    page = await new_page(color_scheme=scheme)
    for path in EVERY:
        await page.goto(f"{calm}{path}")
        assert await page.evaluate(_FAINT) == []
    brightness = await page.evaluate("parseInt(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])")
    assert (brightness < 50) == (scheme == "dark")


_FAINT = """() => {
    const parts = colour => (colour.match(/[\\d.]+/g) ?? []).map(Number);
    const light = colour => colour.slice(0, 3).map(v => v / 255)
        .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = element => {
        for (let one = element; one; one = one.parentElement) {
            const colour = parts(getComputedStyle(one).backgroundColor);
            if (colour.length === 3) return colour;
        }
    };
    const faint = [];
    for (const element of document.querySelectorAll("body *")) {
        if (![...element.childNodes].some(node => node.nodeType === 3 && node.data.trim())) continue;
        const [a, b] = [light(parts(getComputedStyle(element).color)), light(behind(element))].sort((x, y) => y - x);
        const contrast = (a + 0.05) / (b + 0.05);
        if (!(contrast >= 4.5)) faint.push(`${contrast} ${element.outerHTML.slice(0, 200)}`);
    }
    return faint;
}"""


@pytest.mark.parametrize("width", [390, 1100])
async def test_a_screen_reader_finds_its_way(calm, new_page, width):
    """Landmarks, headings in their order, tables with heads, and a name for all that can be used."""
    page = await new_page(viewport={"width": width, "height": 800})
    for path in EVERY:
        await page.goto(f"{calm}{path}")
        assert await page.evaluate("document.documentElement.lang") == "en"
        assert await page.evaluate("!document.title.startsWith(' ')")
        tree = await _tree(page)
        roles = [role for role, _ in tree]
        for landmark in ("banner", "main", "contentinfo"):
            assert roles.count(landmark) == 1, path
        navigations = [name for role, name in tree if role == "navigation"]
        assert "Sections" in navigations
        assert len(set(navigations)) == len(navigations)
        assert all(navigations)
        usable = (
            "link",
            "button",
            "textbox",
            "searchbox",
            "combobox",
            "checkbox",
            "image",
            "region",
            "table",
            "search",
        )
        nameless = [role for role, name in tree if role in usable and not name.strip()]
        assert nameless == [], path
        levels = await page.locator("h1, h2, h3").evaluate_all("all => all.map(one => Number(one.tagName[1]))")
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))
        unlabelled = await page.locator("input:not([type=hidden]), select").evaluate_all(
            "all => all.filter(one => !one.labels.length).length"
        )
        assert unlabelled == 0
        assert await page.locator("th:not([scope])").count() == 0
        assert await page.locator("table:not(:has(caption))").count() == 0
        ids = await page.locator("[id]").evaluate_all("all => all.map(one => one.id)")
        assert len(set(ids)) == len(ids)


async def _tree(page):
    """What a screen reader is told: roles and names."""
    session = await page.context.new_cdp_session(page)
    nodes = (await session.send("Accessibility.getFullAXTree"))["nodes"]
    await session.detach()
    return [
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in nodes
        if not node.get("ignored") and "role" in node
    ]


@pytest.mark.parametrize("width", [390, 1100])
async def test_a_table_is_a_table_on_a_phone_too(calm, new_page, width):
    """Although its rows look like cards there."""
    page = await new_page(viewport={"width": width, "height": 800})
    await page.goto(f"{calm}?errors=1")
    table = page.get_by_role("table", name="Requests")
    assert await table.get_by_role("row").count() == 6
    cells = table.get_by_role("row").nth(1).get_by_role("cell")
    assert await cells.count() == 6
    tree = await _tree(page)
    heads = [name for role, name in tree if role == "columnheader"]
    assert heads == ["Time (UTC)", "Method", "URL at https://portal.konfipay.de", "Status", "Duration", "Details"]


async def test_where_one_is_is_said(calm, new_page):
    """Of the sections, of the attempts of a call, and of the times that can be chosen."""
    page = await new_page()
    for path, current in (("", "Log"), ("minutes?hours=6", "Requests per minute")):
        await page.goto(f"{calm}{path}")
        assert await page.locator("[aria-current=page]").all_inner_texts() == [current]
    assert await page.locator("[aria-current=true]").all_inner_texts() == ["6 hours"]
    await page.goto(f"{calm}entries/11252")
    assert "/authentication/token" in await page.locator("[aria-current=true]").inner_text()


async def test_a_keyboard_is_enough(calm, new_page):
    """All that can be used is reached in its order, and seen when it is; a filter is sent with Enter."""
    page = await new_page(viewport={"width": 1100, "height": 800})
    for path in ("?errors=1", "entries/11256", "minutes"):
        await page.goto(f"{calm}{path}")
        await page.keyboard.press("Tab")
        skip = page.get_by_role("link", name="Skip to content")
        assert await skip.evaluate("one => one === document.activeElement")
        assert (await skip.bounding_box())["x"] >= 0
        seen = []
        for _ in range(200):
            state = await page.evaluate(_FOCUSED)
            if state is None:
                break
            assert state["outline"] >= 2, state
            seen.append(state["name"])
            await page.keyboard.press("Tab")
        wanted = await page.evaluate(_USABLE)
        assert [name for name, _ in groupby(seen)] == wanted  # a date has several places
    await page.goto(calm)
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.id") == "content"
    await page.get_by_label("URL contains").focus()
    await page.keyboard.type("payment-files")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**url=payment-files**")
    assert await page.get_by_role("table").get_by_role("row").count() == 2


_USABLE = """() => [...document.querySelectorAll("a, input:not([type=hidden]), select, button, summary, pre")]
    .map(one => one.outerHTML.slice(0, 300))"""

_FOCUSED = """() => {
    const one = document.activeElement;
    if (!one || one === document.body) return null;
    const {outlineStyle, outlineWidth} = getComputedStyle(one);
    return {name: one.outerHTML.slice(0, 300), outline: outlineStyle === "none" ? 0 : parseFloat(outlineWidth)};
}"""
