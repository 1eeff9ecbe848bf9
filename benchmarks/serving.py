"""What is read from, in a process of its own: ``sandbox`` as it is, or ``rendered``, its pages made beforehand.

The sandbox makes its pages when they are asked for, which takes it longer than reading them takes a client. Where the
client is measured, `rendered` therefore hands out pages the sandbox made at the start: a few distinct ones, over and
over, with their numbers and acknowledgement ids put in afresh. How many there are and how late each answer comes is
part of the address: ``http://127.0.0.1:<port>/<milliseconds>/<pages>/api/v6``.
"""

import asyncio
import json
import sys
import threading
import time
import uuid
from concurrent.futures import Future
from typing import Any

import aiohttp
from aiohttp import web

from benchmarks.children import answer_until_closed
from konfipay_async.sandbox import Sandbox

PAGE_SIZE = 1000
_DISTINCT_PAGES = 20
_NO_LIMIT = 1_000_000_000
_ROWS = b'"transactions":['


async def _rows_of_the_sandbox() -> list[bytes]:
    """The rows of each distinct page, from the first row's brace to the end of the body."""
    client = {"name": "benchmarks", "version": "1"}
    async with (
        Sandbox(transactions=_DISTINCT_PAGES * PAGE_SIZE, authenticated_limit=_NO_LIMIT) as sandbox,
        aiohttp.ClientSession() as session,
    ):
        login = {"apiKey": sandbox.api_key, "client": client}
        async with session.post(f"{sandbox.base_url}/authentication/token", json=login) as answer:
            headers = {"Authorization": f"Bearer {(await answer.json())['accessToken']}"}
        pages = []
        for number in range(1, _DISTINCT_PAGES + 1):
            query = {"page-number": number, "page-size": PAGE_SIZE}
            async with session.get(f"{sandbox.base_url}/transactions", params=query, headers=headers) as answer:
                pages.append((await answer.read()).partition(_ROWS)[2])
        return pages


class _Rendered:
    def __init__(self, rows: list[bytes]) -> None:
        self._rows = rows

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        _, milliseconds, pages, rest = request.path.split("/", 3)
        loop = asyncio.get_running_loop()
        due = loop.time() + int(milliseconds) / 1000
        await request.read()
        answer = self._answer(request, int(pages), rest)
        # Making the answer is part of the latency.
        if milliseconds != "0":
            await asyncio.sleep(due - loop.time())
        return answer

    def _answer(self, request: web.BaseRequest, pages: int, rest: str) -> web.Response:
        if rest.endswith("token"):
            return web.json_response({"accessToken": "token", "expiresIn": 1800, "tokenType": "bearer"})
        number = int(request.query["page-number"])
        if number > pages:
            return web.Response(status=204)
        head = (
            f'{{"pageNumber":{number},"pageSize":{PAGE_SIZE},"totalPages":{pages},'
            f'"totalItems":{pages * PAGE_SIZE},"links":[{{"href":"{request.path}?pageNumber={number}",'
            f'"rel":"self","method":"GET"}}],"results":{{"acknowledgementId":"{uuid.uuid4()}",'
        )
        body = b"".join((head.encode(), _ROWS, self._rows[(number - 1) % len(self._rows)]))
        return web.Response(body=body, content_type="application/json", charset="utf-8")


async def _serve_rendered(listening: "Future[Any]") -> None:
    rendered = _Rendered(await _rows_of_the_sandbox())
    runner = web.ServerRunner(web.Server(rendered.handle, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    listening.set_result({"origin": f"http://127.0.0.1:{runner.addresses[0][1]}"})
    await asyncio.Event().wait()


async def _serve_sandbox(settings: dict[str, Any], listening: "Future[Any]", shown: list[Sandbox]) -> None:
    async with Sandbox(**{"authenticated_limit": _NO_LIMIT, "public_limit": _NO_LIMIT, **settings}) as sandbox:
        shown.append(sandbox)
        listening.set_result({"url": sandbox.base_url, "key": sandbox.api_key})
        await asyncio.Event().wait()


def main() -> None:
    """Serve until the parent is gone. Any question is answered with what happened so far."""
    kind, *settings = sys.argv[1:]
    listening: Future[Any] = Future()
    shown: list[Sandbox] = []
    serve = (
        _serve_rendered(listening) if kind == "rendered" else _serve_sandbox(json.loads(*settings), listening, shown)
    )

    def run() -> None:
        try:
            asyncio.run(serve)
        except BaseException as error:
            listening.set_exception(error)

    # A daemon: it need not be stopped, there is nothing to save.
    threading.Thread(target=run, daemon=True).start()

    def tell(_: object) -> dict[str, object]:
        facts: dict[str, object] = {"cpu": time.process_time()}
        for sandbox in shown:
            facts |= {
                "over_limit": sandbox.over_limit,
                "peak": sandbox.peak("authenticated"),
                "new": len(sandbox.new_rids()),
            }
        return facts

    answer_until_closed(listening.result(), tell)


if __name__ == "__main__":
    main()
