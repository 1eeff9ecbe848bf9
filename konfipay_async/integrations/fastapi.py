"""FastAPI: one client for all requests, lists as they come, and errors as answers (the extra ``fastapi``).

::

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[State]:
        async with KonfipayClient() as client:
            yield State(konfipay=client)

    app = FastAPI(lifespan=lifespan, exception_handlers={KonfipayError: answer_error})

    @app.get("/transactions")
    async def transactions(client: Client, since: date) -> LinesResponse:
        return LinesResponse(client.transactions.pages(min_booking_date=since))

Webhooks of the signed API come verified; its lifespan yields a verifier, see `WebhookState`::

    @app.post("/webhooks")
    async def webhook(message: Webhook) -> None:
        await queue.put(message.entity_id)
"""

from collections.abc import AsyncGenerator
from typing import Annotated, TypedDict

import anyio

from konfipay_async import KonfipayClient, KonfipayError, TransactionPage
from konfipay_async.errors import ClientStateError, MissingExtraError
from konfipay_async.integrations.web import LINES, LONGEST_WEBHOOK, lines, problem_of
from konfipay_async.wallee.webhooks import SIGNATURE_HEADER, WebhookMessage, WebhookVerifier

try:
    from fastapi import Depends, HTTPException, Request, Response
    from fastapi.requests import HTTPConnection
    from fastapi.responses import StreamingResponse
    from starlette.types import Send
except ModuleNotFoundError as error:
    raise MissingExtraError("konfipay_async.integrations.fastapi", "fastapi") from error

__all__ = ["Client", "LinesResponse", "State", "Webhook", "WebhookState", "answer_error", "client_of", "webhook_of"]


class State(TypedDict):
    """What the app's lifespan yields, alone or with more of its own beside it."""

    konfipay: KonfipayClient


async def client_of(connection: HTTPConnection) -> KonfipayClient:
    """The client the lifespan opened; a test replaces it with `app.dependency_overrides`."""
    client: KonfipayClient | None = getattr(connection.state, "konfipay", None)
    if client is None:
        raise ClientStateError("the app has no client: let its lifespan yield State(konfipay=client)")
    return client


Client = Annotated[KonfipayClient, Depends(client_of)]
"""Annotate a parameter of an endpoint with it to be handed the client."""


class LinesResponse(StreamingResponse):
    """Transactions as lines of JSON, page by page as they are fetched, and no faster than they are read.

    The first page is fetched before the status is sent, so that an error there has one of its own; after that an
    error breaks the transfer off. Nothing is fetched for a reader who went away.
    """

    media_type = LINES

    def __init__(self, pages: AsyncGenerator[TransactionPage]) -> None:
        self._lines = lines(pages)
        super().__init__(self._lines)

    async def stream_response(self, send: Send) -> None:
        """Called by Starlette, and cancelled by it when the reader goes away."""
        try:
            chunk = await anext(self._lines, None)
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            while chunk is not None:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
                chunk = await anext(self._lines, None)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            # Starlette leaves closing to the garbage collector, and its cancellation would come again in here.
            with anyio.CancelScope(shield=True):
                await self._lines.aclose()


async def answer_error(_: Request, error: Exception) -> Response:
    """The handler of KonfipayError."""
    if not isinstance(error, KonfipayError):
        raise error
    problem = problem_of(error)
    return Response(problem.body, problem.status, problem.headers, problem.media_type)


class WebhookState(TypedDict):
    """What the lifespan yields for webhooks: ``WebhookState(webhooks=WebhookVerifier.of(client))``, or more."""

    webhooks: WebhookVerifier


async def webhook_of(request: Request) -> WebhookMessage:
    """The message of this request, where its signature holds.

    Otherwise the endpoint is not run, and the answer is 401 (forged, cut, not signed, of another space), 400 (cannot be
    read), 413 (longer than a webhook is), or 5xx where the key cannot be had: then the API sends the message again. It
    does so too where the endpoint fails, so let it end only when the message is safe.
    """
    verifier: WebhookVerifier | None = getattr(request.state, "webhooks", None)
    if verifier is None:
        raise ClientStateError("the app verifies no webhooks: let its lifespan yield WebhookState(webhooks=verifier)")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_WEBHOOK:
            raise HTTPException(413, f"a webhook has at most {LONGEST_WEBHOOK} bytes")
    try:
        return await verifier.verify(bytes(body), request.headers.get(SIGNATURE_HEADER))
    except KonfipayError as error:
        problem = problem_of(error)
        raise HTTPException(problem.status, str(error), dict(problem.headers)) from None


Webhook = Annotated[WebhookMessage, Depends(webhook_of)]
"""Annotate a parameter of an endpoint with it to be handed the verified message of a webhook."""
