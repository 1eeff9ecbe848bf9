"""Writes the pictures of docs/communication-pages.md into a folder; `nox -s browser -- pictures` runs it."""

import asyncio
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import browsing
from chromium import chromium
from logbook import NOON, an_hour, keep

from konfipay_async.communication.pages import Pages
from konfipay_async.session.clock import SystemClock

PICTURES = {
    "overview": ("", 1100, 720, "light"),
    "overview-dark": ("", 1100, 720, "dark"),
    "details": ("entries/11255", 1100, 760, "light"),
    "minutes": ("minutes", 1100, 720, "light"),
    "phone": ("?errors=1", 390, 760, "dark"),
}


class Noon(SystemClock):
    """A clock that stands."""

    def time(self) -> float:
        return NOON.timestamp()


async def main(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as place:
        url = f"sqlite:///{place}/api.db"
        keep(url, an_hour())
        async with browsing.by_aiohttp(Pages(url, clock=Noon())) as site, chromium() as browser:
            for name, (path, width, height, scheme) in PICTURES.items():
                page = await browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
                await page.goto(f"{site.url}{browsing.MOUNT}/{path}")
                await page.screenshot(path=folder / f"communication-{name}.png")
                await page.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
