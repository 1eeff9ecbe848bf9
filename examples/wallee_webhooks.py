"""An aiohttp app that takes webhooks of the signed API: verified, and no state stored twice or backwards.

``pip install 'konfipay-async[wallee]'`` and ``python examples/wallee_webhooks.py``, with WALLEE_USER_ID,
WALLEE_AUTHENTICATION_KEY and WALLEE_SPACE set. The listener needs "Payload signature and state" (portal).
"""

import asyncio
import logging
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

from aiohttp import web

from konfipay_async.integrations.aiohttp import WEBHOOKS, webhook
from konfipay_async.wallee import WalleeClient
from konfipay_async.wallee.webhooks import WebhookMessage, WebhookVerifier

logger = logging.getLogger("webhooks")

PORT = int(os.environ.get("PORT", "8000"))
DATABASE = os.environ.get("DATABASE", "webhooks.db")

CLIENT = web.AppKey("CLIENT", WalleeClient)


@asynccontextmanager
async def client_ctx(app: web.Application) -> AsyncIterator[None]:
    async with WalleeClient() as client:
        app[CLIENT] = client
        app[WEBHOOKS] = WebhookVerifier.of(client)
        yield


async def handle(app: web.Application, message: WebhookMessage) -> None:
    if message.listener_entity_technical_name != "Transaction":
        return
    # Messages overtake one another: what counts is the transaction as it is now, by its version.
    transaction = await app[CLIENT].payment.transactions.get(message.entity_id)
    if await asyncio.to_thread(store, transaction.id, transaction.version or 0, str(transaction.state)):
        logger.info("transaction %d is %s", transaction.id, transaction.state)


def store(transaction: int, version: int, state: str) -> bool:
    """Whether that was news. Committed when it returns: only then the API may be told that the message arrived."""
    with closing(sqlite3.connect(DATABASE)) as database, database:
        database.execute("CREATE TABLE IF NOT EXISTS states (id INTEGER PRIMARY KEY, version INTEGER, state TEXT)")
        stored = database.execute(
            "INSERT INTO states VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE "
            "SET version = excluded.version, state = excluded.state WHERE excluded.version > version",
            (transaction, version, state),
        )
        return stored.rowcount == 1


def make_app() -> web.Application:
    app = web.Application()
    app.cleanup_ctx.append(client_ctx)
    app.router.add_post("/webhooks", webhook(lambda message: handle(app, message)))
    return app


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    web.run_app(make_app(), host="127.0.0.1", port=PORT)
