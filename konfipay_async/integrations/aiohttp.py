"""aiohttp's web server: one client for all requests, lists as they come, and errors as answers.

::

    app = web.Application(middlewares=[answer_errors])
    app.cleanup_ctx.append(client_ctx())

    async def transactions(request: web.Request) -> web.StreamResponse:
        pages = request.app[CLIENT].transactions.pages(min_booking_date=date(2026, 1, 1))
        return await stream_lines(request, pages)
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, suppress

from aiohttp import web
from aiohttp.typedefs import Handler

from konfipay_async import KonfipayClient, KonfipayError, TransactionPage
from konfipay_async.integrations.web import LINES, lines, problem_of

__all__ = ["CLIENT", "answer_errors", "client_ctx", "stream_lines"]

CLIENT = web.AppKey("CLIENT", KonfipayClient)
"""``request.app[CLIENT]`` is the client."""


def client_ctx(
    make_client: Callable[[], KonfipayClient] = KonfipayClient,
) -> Callable[[web.Application], AbstractAsyncContextManager[None]]:
    """For `app.cleanup_ctx`: the client is opened when the app starts, and closed when it ends."""

    @asynccontextmanager
    async def context(app: web.Application) -> AsyncIterator[None]:
        async with make_client() as client:
            app[CLIENT] = client
            yield

    return context


async def stream_lines(request: web.Request, pages: AsyncGenerator[TransactionPage]) -> web.StreamResponse:
    """Answer with transactions as lines of JSON, page by page as they are fetched, and no faster than they are read.

    The first page is fetched before the status is sent, so that an error there has one of its own; after that an
    error breaks the transfer off. That a reader went away shows when the next page is sent; with aiohttp's
    ``handler_cancellation=True`` at once.
    """
    response = web.StreamResponse(headers={"Content-Type": LINES})
    async with aclosing(lines(pages)) as chunks:
        chunk = await anext(chunks, None)
        with suppress(ConnectionError):  # the reader went away, which is no error of anyone's
            await response.prepare(request)
            while chunk is not None:
                await response.write(chunk)
                chunk = await anext(chunks, None)
            await response.write_eof()
    return response


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer KonfipayError, unless an answer is under way already: then aiohttp breaks it off."""
    try:
        return await handler(request)
    except KonfipayError as error:
        if request.writer.output_size:
            raise
        problem = problem_of(error)
        return web.Response(
            body=problem.body, status=problem.status, headers=problem.headers, content_type=problem.media_type
        )
