"""The log of API communication in a FastAPI app, for colleagues: everybody's requests, and who may see what.

``pip install 'konfipay-async[fastapi,cli]' uvicorn`` and ``python examples/log_pages.py``. It stands behind a proxy
that knows people, tells their groups in X-Groups, and takes that header away from what others send. To try it, run
`konfipay sandbox` in another terminal (it prints the two variables to set), then

    curl http://127.0.0.1:8000/bank-accounts
    curl -H 'X-Groups: Management' http://127.0.0.1:8000/api-log/
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import uvicorn
from fastapi import FastAPI, Response

from konfipay_async import KonfipayClient, KonfipayError
from konfipay_async.communication.pages import Pages, Visitor
from konfipay_async.integrations.asgi import log_app
from konfipay_async.integrations.fastapi import Client, State, answer_error

PORT = int(os.environ.get("PORT", "8000"))
LOG = os.environ.get("LOG", "sqlite:///api.db?level=details")

# The user groups of konfipay's portal.
OVERVIEW = {"Admin", "Full access", "Management", "Administration"}
DETAILS = {"Admin", "Full access"}


def groups(visitor: Visitor) -> set[str]:
    return {group.strip() for group in visitor.headers.get("x-groups", "").split(",")}


def may_see_overview(visitor: Visitor) -> bool:
    return not OVERVIEW.isdisjoint(groups(visitor))


def may_see_details(visitor: Visitor) -> bool:
    return not DETAILS.isdisjoint(groups(visitor))


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[State]:
    async with KonfipayClient(communication_log=LOG) as client:  # KONFIPAY_API_KEY and KONFIPAY_BASE_URL
        yield State(konfipay=client)


app = FastAPI(lifespan=lifespan, exception_handlers={KonfipayError: answer_error})
app.mount("/api-log", log_app(Pages(LOG, may_see_overview=may_see_overview, may_see_details=may_see_details)))


@app.get("/bank-accounts")
async def bank_accounts(client: Client) -> Response:
    accounts = [account async for account in client.bank_accounts.list()]
    return Response(msgspec.json.encode(accounts), media_type="application/json")


if __name__ == "__main__":
    uvicorn.run(app, port=PORT)
