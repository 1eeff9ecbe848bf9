"""aiohttp's web server: one client for all requests, lists as they come, and errors as answers.

::

    app = web.Application(middlewares=[answer_errors])
    app.cleanup_ctx.append(client_ctx())

    async def transactions(request: web.Request) -> web.StreamResponse:
        pages = request.app[CLIENT].transactions.pages(min_booking_date=date(2026, 1, 1))
        return await stream_lines(request, pages)

Webhooks of the signed API come verified::

    async def handle(message: WebhookMessage) -> None:
        await queue.put(message.entity_id)

    app[WEBHOOKS] = WebhookVerifier.of(client)
    app.router.add_post("/webhooks", webhook(handle))

The log of API communication is an app below yours::

    pages = Pages("sqlite:///api.db", may_see_overview=is_colleague, may_see_details=is_admin)
    app.add_subapp("/api-log", log_app(pages))
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, suppress

from aiohttp import web
from aiohttp.typedefs import Handler

from konfipay_async import KonfipayClient, KonfipayError, TransactionPage
from konfipay_async.communication.pages import Pages, Visitor
from konfipay_async.errors import ClientStateError
from konfipay_async.integrations.web import LINES, LONGEST_WEBHOOK, lines, problem_of
from konfipay_async.wallee.webhooks import SIGNATURE_HEADER, WebhookMessage, WebhookVerifier

__all__ = ["CLIENT", "WEBHOOKS", "answer_errors", "client_ctx", "log_app", "stream_lines", "webhook"]

CLIENT = web.AppKey("CLIENT", KonfipayClient)
"""``request.app[CLIENT]`` is the client."""

WEBHOOKS = web.AppKey("WEBHOOKS", WebhookVerifier)
"""``app[WEBHOOKS]`` is what verifies webhooks; it is set by you."""


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
        return _answer(error)


def webhook(handle: Callable[[WebhookMessage], Awaitable[None]]) -> Handler:
    """A handler of webhooks: `handle` is awaited with each message whose signature holds, then the answer is 204.

    Otherwise the answer is 401 (forged, cut, not signed, of another space), 400 (cannot be read), 413 (longer than a
    webhook is), or 5xx where the key cannot be had: then the API sends the message again. It does so too where `handle`
    fails, so let that end only when the message is safe.
    """

    async def handler(request: web.Request) -> web.StreamResponse:
        verifier = request.config_dict.get(WEBHOOKS)
        if verifier is None:
            raise ClientStateError("the app verifies no webhooks: set app[WEBHOOKS] = WebhookVerifier.of(client)")
        # What a middleware has read before is kept there, and does not come again.
        body = bytearray(await request.read() if request.content.at_eof() else b"")
        async for chunk in request.content.iter_any():
            body += chunk
            if len(body) > LONGEST_WEBHOOK:
                break
        if len(body) > LONGEST_WEBHOOK:
            raise web.HTTPRequestEntityTooLarge(LONGEST_WEBHOOK, len(body))
        try:
            message = await verifier.verify(bytes(body), request.headers.get(SIGNATURE_HEADER))
        except KonfipayError as error:
            return _answer(error)
        await handle(message)
        return web.Response(status=204)

    return handler


def log_app(pages: Pages) -> web.Application:
    """The log of API communication as pages, to be mounted where nothing else is, or to be run by itself."""

    async def handler(request: web.Request) -> web.StreamResponse:
        path = f"/{request.match_info['path']}" if "path" in request.match_info else ""
        names = {name.lower() for name in request.headers}
        headers = {name: ", ".join(request.headers.getall(name)) for name in names}
        version = f"{request.version.major}.{request.version.minor}"
        visitor = Visitor(headers, request.remote or "", version)
        mount = request.path.removesuffix(path)
        answer = await pages.answer(request.method, path, request.rel_url.raw_query_string, visitor, mount=mount)
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    app.router.add_route("*", "", handler)  # without the slash, where it is mounted
    return app


def _answer(error: KonfipayError) -> web.Response:
    problem = problem_of(error)
    return web.Response(
        body=problem.body, status=problem.status, headers=problem.headers, content_type=problem.media_type
    )
