"""What is read from, in a process of its own: ``sandbox`` as it is, or its pages made beforehand.

The sandbox makes its pages when they are asked for, which takes it longer than reading them takes a client. Where the
client is measured, `rendered` therefore hands out pages the sandbox made at the start: a few distinct ones, over and
over, with their numbers and acknowledgement ids put in afresh. How many there are and how late each answer comes is
part of the address: ``http://127.0.0.1:<port>/<milliseconds>/<pages>/api/v6``. `new` does the same for a list of what
is new: each row is there once, and an acknowledgement takes its page out of the list.
"""

import asyncio
import json
import re
import sys
import threading
import time
import uuid
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import Any

import aiohttp
from aiohttp import web

from benchmarks.children import answer_until_closed
from konfipay_async.sandbox import ApiKey, Sandbox

PAGE_SIZE = 1000
_DISTINCT_PAGES = 20
_NO_LIMIT = 1_000_000_000
_ROWS = b'"transactions":['
_MARK = b"@@@@@@@@"
_MARKING = rb"\g<1>" + _MARK


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
            return _token()
        number = int(request.query["page-number"])
        if number > pages:
            return web.Response(status=204)
        rows = self._rows[(number - 1) % len(self._rows)]
        return _page(request, number, pages, uuid.uuid4(), rows)


class _New:
    """So many pages that are new, until each was acknowledged."""

    def __init__(self, rows: list[bytes]) -> None:
        self._rows = [_marked(body) for body in rows]
        self._left: dict[str, int] = {}

    def fill(self, pages: int) -> None:
        self._left = {str(uuid.uuid4()): place for place in range(pages)}

    def __len__(self) -> int:
        return len(self._left) * PAGE_SIZE

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        await request.read()
        if request.path.endswith("token"):
            return _token()
        if request.path.endswith("/acknowledge"):
            del self._left[request.path.split("/")[-2]]
            return web.json_response({})
        number = int(request.query["page-number"])
        if number > len(self._left):
            return web.Response(status=204)
        key, place = list(self._left.items())[number - 1]
        rows = self._rows[place % len(self._rows)].replace(_MARK, b"%08x" % place)
        return _page(request, number, len(self._left), key, rows)


def _marked(body: bytes) -> bytes:
    """The rows of a page, the end of their ids to be filled in: the beginning is what makes them lie anywhere."""
    marked, count = re.subn(rb'("rId":"[0-9a-f-]{28})[0-9a-f]{8}(?=","timestamp":"[^"]*","amount":)', _MARKING, body)
    assert count == PAGE_SIZE  # noqa: S101
    return marked


def _token() -> web.Response:
    return web.json_response({"accessToken": "token", "expiresIn": 1800, "tokenType": "bearer"})


def _page(request: web.BaseRequest, number: int, pages: int, key: object, rows: bytes) -> web.Response:
    head = (
        f'{{"pageNumber":{number},"pageSize":{PAGE_SIZE},"totalPages":{pages},'
        f'"totalItems":{pages * PAGE_SIZE},"links":[{{"href":"{request.path}?pageNumber={number}",'
        f'"rel":"self","method":"GET"}}],"results":{{"acknowledgementId":"{key}",'
    )
    body = b"".join((head.encode(), _ROWS, rows))
    return web.Response(body=body, content_type="application/json", charset="utf-8")


async def _serve_rendered(listening: "Future[Any]") -> None:
    await _serve(_Rendered(await _rows_of_the_sandbox()).handle, listening)


async def _serve_new(listening: "Future[Any]", shown: "list[_New | Sandbox]") -> None:
    new = _New(await _rows_of_the_sandbox())
    shown.append(new)
    await _serve(new.handle, listening)


async def _serve(handle: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]], listening: "Future[Any]") -> None:
    runner = web.ServerRunner(web.Server(handle, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    listening.set_result({"origin": f"http://127.0.0.1:{runner.addresses[0][1]}"})
    await asyncio.Event().wait()


async def _serve_sandbox(settings: dict[str, Any], listening: "Future[Any]", shown: "list[_New | Sandbox]") -> None:
    keys = [ApiKey(f"key {number}", own_flags=True) for number in range(settings.pop("keys", 0))]
    settings = {"authenticated_limit": _NO_LIMIT, "public_limit": _NO_LIMIT, "api_keys": keys, **settings}
    async with Sandbox(**settings) as sandbox:
        shown.append(sandbox)
        values = [key.value for key in keys]
        listening.set_result({"url": sandbox.base_url, "key": sandbox.api_key, "keys": values})
        await asyncio.Event().wait()


def main() -> None:
    """Serve until the parent is gone. Any question is answered with what happened so far; ``{"pages": 100}`` puts so
    many new pages into the list of `new`."""
    kind, *settings = sys.argv[1:]
    listening: Future[Any] = Future()
    shown: list[_New | Sandbox] = []
    match kind:
        case "rendered":
            serve = _serve_rendered(listening)
        case "new":
            serve = _serve_new(listening, shown)
        case _:
            serve = _serve_sandbox(json.loads(*settings), listening, shown)

    def run() -> None:
        try:
            asyncio.run(serve)
        except BaseException as error:
            listening.set_exception(error)

    # A daemon: it need not be stopped, there is nothing to save.
    threading.Thread(target=run, daemon=True).start()

    def tell(question: Any) -> dict[str, object]:
        facts: dict[str, object] = {"cpu": time.process_time()}
        for server in shown:
            if isinstance(server, _New):
                if isinstance(question, dict):
                    server.fill(question["pages"])
                facts["new"] = len(server)
            else:
                facts["over_limit"] = server.over_limit
                facts["peak"] = server.peak("authenticated")
                facts["new"] = len(server.new_rids())
        return facts

    answer_until_closed(listening.result(), tell)


if __name__ == "__main__":
    main()
