"""An aiohttp app: bookings as they come, bank accounts, what is left of the budget, and a pull in the background.

``pip install 'konfipay-async[sql,cli]'`` and ``python examples/aiohttp_app.py``. To try it, run `konfipay sandbox` in
another terminal; it prints the two variables to set.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from datetime import date

import msgspec
from aiohttp import web

from konfipay_async import KonfipayClient
from konfipay_async.integrations.aiohttp import CLIENT, answer_errors, client_ctx, stream_lines
from konfipay_async.pull import pull
from konfipay_async.pull.sinks.sql import SqlSink

logger = logging.getLogger("bookings")

PORT = int(os.environ.get("PORT", "8000"))
DATABASE = os.environ.get("DATABASE", "sqlite:///bookings.db")
# The is-new flags belong to all programs of a konfipay client: acknowledge only where no other one waits for them.
ACKNOWLEDGE = os.environ.get("ACKNOWLEDGE") == "yes"
PULL_EVERY = 900.0
SHUTDOWN = 20.0

routes = web.RouteTableDef()


@routes.get("/transactions")
async def transactions(request: web.Request) -> web.StreamResponse:
    try:
        since = date.fromisoformat(request.query["since"])
        page_size = int(request.query.get("page_size", "1000"))
    except (KeyError, ValueError):
        raise web.HTTPBadRequest(text="since=YYYY-MM-DD, and perhaps page_size=1000") from None
    return await stream_lines(request, request.app[CLIENT].transactions.pages(page_size, min_booking_date=since))


@routes.get("/bank-accounts")
async def bank_accounts(request: web.Request) -> web.Response:
    accounts = [account async for account in request.app[CLIENT].bank_accounts.list()]
    return web.Response(body=msgspec.json.encode(accounts), content_type="application/json")


@routes.get("/bank-accounts/{rid:[0-9a-fA-F-]{36}}")
async def bank_account(request: web.Request) -> web.Response:
    answer = await request.app[CLIENT].request("GET", f"bank-accounts/{request.match_info['rid']}")
    return web.Response(body=answer.body, content_type="application/json")


@routes.get("/budget")
async def budget(request: web.Request) -> web.Response:
    return web.json_response(asdict(request.app[CLIENT].budgets.authenticated.status()))


@asynccontextmanager
async def pulling(app: web.Application) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(keep_pulling(app[CLIENT], stop))
    try:
        yield
    finally:
        stop.set()
        # The page in hand is finished. Where that takes too long it is given up, and the next start goes on with it.
        with suppress(TimeoutError):
            await asyncio.wait_for(task, SHUTDOWN)


async def keep_pulling(client: KonfipayClient, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            sink = SqlSink(DATABASE, origin=client.base_url)
            report = await pull(client, sink, acknowledge=ACKNOWLEDGE, stop=stop)
            logger.info("%d new bookings, %d known", report.new, report.known)
        except Exception:  # whatever it was, the app lives on and the next pull may do better
            logger.exception("the pull failed")
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), PULL_EVERY)


def make_app() -> web.Application:
    app = web.Application(middlewares=[answer_errors])
    app.add_routes(routes)
    app.cleanup_ctx.append(client_ctx(KonfipayClient))  # KONFIPAY_API_KEY and KONFIPAY_BASE_URL
    app.cleanup_ctx.append(pulling)  # ended first, while the client is still open
    return app


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    # A browser that goes away ends its handler, and with it the pages being fetched for it.
    web.run_app(make_app(), host="127.0.0.1", port=PORT, handler_cancellation=True, shutdown_timeout=10)
