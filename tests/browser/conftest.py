"""The pages of the log in a real browser. `nox -s browser` runs these: not everybody has one."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

if "KONFIPAY_BROWSER" not in os.environ:
    collect_ignore_glob = ["test_*"]
else:
    import browsing
    from chromium import chromium
    from logbook import NOON, an_hour, hostile, keep
    from playwright.async_api import Browser, Page, Request

    from konfipay_async.communication.pages import Pages

    class Noon:
        """A clock that stands."""

        def time(self) -> float:
            return NOON.timestamp()

        def monotonic(self) -> float:
            return 0.0

        async def sleep(self, seconds: float) -> None:
            raise AssertionError("nobody waits here")

    @pytest_asyncio.fixture(scope="session", loop_scope="session")
    async def browser() -> AsyncIterator[Browser]:
        async with chromium() as running:
            yield running

    @pytest_asyncio.fixture(scope="session", loop_scope="session", params=browsing.SERVERS)
    async def calm(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
        """Where the pages of an hour are; its end has a slash."""
        async with AsyncExitStack() as stack:
            yield await _served(stack, request.param, tmp_path_factory.mktemp("calm"), an_hour())

    @pytest_asyncio.fixture(scope="session", loop_scope="session")
    async def evil(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
        """Where the pages are in which everything is hostile."""
        async with AsyncExitStack() as stack:
            yield await _served(stack, "aiohttp", tmp_path_factory.mktemp("evil"), hostile())

    async def _served(stack: AsyncExitStack, server: str, folder: Path, entries: list[Any]) -> str:
        url = f"sqlite:///{folder / 'api.db'}"
        keep(url, entries, [(2, entry.url) for entry in entries[:2]])
        site = await stack.enter_async_context(browsing.SERVERS[server](Pages(url, clock=Noon())))
        return f"{site.url}{browsing.MOUNT}/"

    class Tripwire:
        """What a page did that no page of ours may do."""

        def __init__(self, page: Page, origin: str) -> None:
            self.page = page
            self.trips: list[str] = []
            self._origin = origin
            page.on("dialog", self._dialog)
            page.on("request", self._request)
            page.on("console", self._console)
            page.on("pageerror", lambda error: self.trips.append(f"error: {error}"))
            page.on("popup", lambda _: self.trips.append("popup"))
            page.on("frameattached", lambda _: self.trips.append("frame"))

        async def _dialog(self, dialog: Any) -> None:
            self.trips.append(f"dialog: {dialog.message}")
            await dialog.dismiss()

        def _console(self, said: Any) -> None:
            if "the server responded with a status of 400" not in said.text:  # which it tells of every page that is one
                self.trips.append(f"console: {said.text}")

        def _request(self, request: Request) -> None:
            if not request.url.startswith(f"{self._origin}/"):
                self.trips.append(f"request: {request.url}")

        async def look(self) -> list[str]:
            """All that was done, and what is in the page now that we did not put there."""
            found = await self.page.evaluate(_STRANGERS)
            return [*self.trips, *found]

    @pytest_asyncio.fixture(loop_scope="session")
    async def new_page(browser: Browser) -> AsyncIterator[Callable[..., Any]]:
        """``await new_page(**context)``: a tab of a visitor of their own."""
        async with AsyncExitStack() as stack:

            async def make(**options: Any) -> Page:
                context = await stack.enter_async_context(await browser.new_context(**options))
                context.set_default_timeout(20_000)
                return await context.new_page()

            yield make

    @pytest_asyncio.fixture(loop_scope="session")
    async def watched(new_page: Callable[..., Any]) -> Callable[..., Any]:
        """``await watched(url)``: a tripwire around a tab, of which the policy may be taken off."""

        async def make(url: str, *, without_policy: bool = False) -> Tripwire:
            page = await new_page()
            await page.add_init_script(_LISTEN)
            if without_policy:

                async def take_off(route: Any) -> None:
                    if not route.request.is_navigation_request():
                        return await route.continue_()
                    answer = await route.fetch()
                    headers = {
                        name: value
                        for name, value in answer.headers.items()
                        if name.lower() != "content-security-policy"
                    }
                    return await route.fulfill(response=answer, headers=headers)

                await page.route("**/*", take_off)
            return Tripwire(page, url[: url.index("/", len("http://"))])

        return make


# Reports of the policy arrive as events; the page has no script of its own in which they could be heard.
_LISTEN = """
addEventListener("securitypolicyviolation", event =>
    (window.violations ??= []).push(`policy: ${event.violatedDirective} ${event.sample} ${event.blockedURI}`));
"""

_STRANGERS = """() => {
    const found = [...(window.violations ?? [])];
    if (!/ · konfipay-async$/.test(document.title)) found.push(`title: ${document.title}`);
    const never = "script, style, iframe, frame, object, embed, img, base, textarea, template, audio, video, math," +
        "meta[http-equiv], [style], [autofocus], [srcdoc], [src]";
    for (const element of document.querySelectorAll(never)) found.push(`element: ${element.outerHTML}`);
    for (const element of document.querySelectorAll("*")) {
        for (const {name} of element.attributes) if (/^on/i.test(name)) found.push(`attribute: ${name}`);
        for (const place of [element.href, element.action])
            if (typeof place === "string" && !place.startsWith(`${location.origin}/`)) found.push(`leads to ${place}`);
    }
    return found;
}"""
