"""The pages of the log under real servers, asked by a real client, and what is in them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser

import aiohttp
import uvicorn
from aiohttp import web
from fastapi import FastAPI

from konfipay_async.communication.pages import Pages
from konfipay_async.integrations import asgi
from konfipay_async.integrations.aiohttp import log_app

__all__ = ["MOUNT", "SERVERS", "Shown", "Site", "by_aiohttp", "by_fastapi", "shown", "under_uvicorn"]

MOUNT = "/api-log"


@dataclass
class Shown:
    """What is in a page: its elements with their attributes, its text, and the texts of the cells of each table."""

    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    text: str = ""
    tables: dict[str, list[list[str]]] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)

    def rows(self, name: str = "entries") -> list[list[str]]:
        """Of a table, without its head."""
        return self.tables[name][1:]

    def named(self, tag: str, **attributes: str) -> list[dict[str, str | None]]:
        return [
            found for kind, found in self.elements if kind == tag and attributes.items() <= {**found, "": ""}.items()
        ]


def shown(markup: str) -> Shown:
    reader = _Reader()
    reader.feed(markup)
    reader.close()
    return reader.page


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Shown()
        self._cells: list[list[str]] = []
        self._in_cell = False
        self._link: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.page.elements.append((tag, found))
        if tag == "table":
            self._cells = self.page.tables.setdefault(found.get("class") or "", [])
        elif tag == "tr":
            self._cells.append([])
        elif tag in ("td", "th"):
            self._cells[-1].append("")
            self._in_cell = True
        elif tag == "a":
            self._link = found.get("href")

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self._cells = []
        elif tag in ("td", "th"):
            self._in_cell = False
        elif tag == "a":
            self._link = None

    def handle_data(self, data: str) -> None:
        self.page.text += data
        if self._link is not None:
            self.page.links.setdefault(data, self._link)
        if self._in_cell:
            self._cells[-1][-1] += data


@dataclass
class Site:
    """Where the pages are."""

    url: str
    session: aiohttp.ClientSession

    async def ask(self, path: str = "/", method: str = "GET", **headers: str) -> tuple[aiohttp.ClientResponse, str]:
        """An answer and its text; `path` is below the mount, and as it is."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"{self.url}{MOUNT}{path}"
        async with self.session.request(method, url, headers=names, allow_redirects=False) as answer:
            return answer, await answer.text()

    async def page(self, path: str = "/", status: int = 200, **headers: str) -> Shown:
        answer, text = await self.ask(path, **headers)
        assert answer.status == status, text
        return shown(text)


@asynccontextmanager
async def by_aiohttp(pages: Pages) -> AsyncIterator[Site]:
    """Below an aiohttp app."""
    app = web.Application()
    app.add_subapp(MOUNT, log_app(pages))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        async with _site(runner.addresses[0][1]) as site:
            yield site
    finally:
        await runner.cleanup()


@asynccontextmanager
async def by_fastapi(pages: Pages) -> AsyncIterator[Site]:
    """Below a FastAPI app, under uvicorn."""
    app = FastAPI()
    app.mount(MOUNT, asgi.log_app(pages))
    async with under_uvicorn(app) as site:
        yield site


@asynccontextmanager
async def under_uvicorn(app: FastAPI) -> AsyncIterator[Site]:
    """An app of one's own, in which the pages are."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, proxy_headers=False))
    serving = asyncio.create_task(server.serve())
    try:
        while not server.started:  # noqa: ASYNC110 (it sets no event)
            await asyncio.sleep(0)
        async with _site(server.servers[0].sockets[0].getsockname()[1]) as site:
            yield site
    finally:
        server.should_exit = True
        await serving


SERVERS: dict[str, Callable[..., object]] = {"aiohttp": by_aiohttp, "fastapi": by_fastapi}


@asynccontextmanager
async def _site(port: int) -> AsyncIterator[Site]:
    async with aiohttp.ClientSession() as session:
        yield Site(f"http://127.0.0.1:{port}", session)
