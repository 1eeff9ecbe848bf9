"""A FastAPI app: bookings as they come, bank accounts, what is left of the budget, and a pull in the background.

``pip install 'konfipay-async[fastapi,sql,cli]' uvicorn`` and ``python examples/fastapi_app.py``. To try it, run
`konfipay sandbox` in another terminal; it prints the two variables to set.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec
import uvicorn
from fastapi import FastAPI, Query, Response

from konfipay_async import BudgetStatus, KonfipayClient, KonfipayError
from konfipay_async.integrations.fastapi import Client, LinesResponse, State, answer_error
from konfipay_async.pull import pull
from konfipay_async.pull.sinks.sql import SqlSink

logger = logging.getLogger("bookings")

PORT = int(os.environ.get("PORT", "8000"))
DATABASE = os.environ.get("DATABASE", "sqlite:///bookings.db")
# The is-new flags belong to all programs of a konfipay client: acknowledge only where no other one waits for them.
ACKNOWLEDGE = os.environ.get("ACKNOWLEDGE") == "yes"
PULL_EVERY = 900.0
SHUTDOWN = 20.0


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[State]:
    async with KonfipayClient() as client, pulling(client):  # KONFIPAY_API_KEY and KONFIPAY_BASE_URL
        yield State(konfipay=client)


@asynccontextmanager
async def pulling(client: KonfipayClient) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(keep_pulling(client, stop))
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


app = FastAPI(lifespan=lifespan, exception_handlers={KonfipayError: answer_error})


@app.get("/transactions")
async def transactions(
    client: Client, since: date, page_size: Annotated[int, Query(ge=1, le=1000)] = 1000
) -> LinesResponse:
    return LinesResponse(client.transactions.pages(page_size, min_booking_date=since))


@app.get("/bank-accounts")
async def bank_accounts(client: Client) -> Response:
    accounts = [account async for account in client.bank_accounts.list()]
    return Response(msgspec.json.encode(accounts), media_type="application/json")


@app.get("/bank-accounts/{rid}")
async def bank_account(client: Client, rid: UUID) -> Response:
    answer = await client.request("GET", f"bank-accounts/{rid}")
    return Response(answer.body, media_type="application/json")


@app.get("/budget")
async def budget(client: Client) -> BudgetStatus:
    return client.budgets.authenticated.status()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    # Without a bound, one reader who has stopped reading would keep the app from ending.
    uvicorn.run(app, port=PORT, timeout_graceful_shutdown=10)
