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
"""

from collections.abc import AsyncGenerator
from typing import Annotated, TypedDict

import anyio

from konfipay_async import KonfipayClient, KonfipayError, TransactionPage
from konfipay_async.errors import ClientStateError, MissingExtraError
from konfipay_async.integrations.web import LINES, lines, problem_of

try:
    from fastapi import Depends, Request, Response
    from fastapi.requests import HTTPConnection
    from fastapi.responses import StreamingResponse
    from starlette.types import Send
except ModuleNotFoundError as error:
    raise MissingExtraError("konfipay_async.integrations.fastapi", "fastapi") from error

__all__ = ["Client", "LinesResponse", "State", "answer_error", "client_of"]


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
