"""ASGI: the log of API communication as pages, in a FastAPI or Starlette app, or under a server of its own.

::

    app = FastAPI()
    app.mount("/api-log", log_app(Pages("sqlite:///api.db", may_see_overview=is_colleague, may_see_details=is_admin)))

It needs no library. A mounted app has no lifespan, and this one needs none.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from konfipay_async.communication.pages import Answer, Pages, Visitor

__all__ = ["Receive", "Scope", "Send", "log_app"]

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def log_app(pages: Pages) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """The pages as an ASGI app. They are at its root and below: mount it where nothing else is."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        match scope["type"]:
            case "http":
                await _send(await _answer(pages, scope), send, with_body=scope["method"] != "HEAD")
            case "lifespan":
                await _live(receive, send)
            case _:
                await send({"type": "websocket.close", "code": 1000})

    return app


async def _answer(pages: Pages, scope: Scope) -> Answer:
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    client = scope.get("client")
    visitor = Visitor(headers, client[0] if client else "", scope.get("http_version", "1.1"))
    mount = scope.get("root_path", "").rstrip("/")
    path = _below(mount, scope["path"])
    query = scope.get("query_string", b"").decode("latin-1")
    return await pages.answer(scope["method"], path, query, visitor, mount=mount)


def _below(mount: str, path: str) -> str:
    """What of the path follows the mount. Servers differ in whether the path has it too; and of one that begins with
    the prefix of a proxy, the proxy may have taken that off."""
    parts = mount.split("/")
    for first in range(1, len(parts)):
        part = f"/{'/'.join(parts[first:])}"
        if path == part or path.startswith(f"{part}/"):
            return path[len(part) :]
    return path


async def _send(answer: Answer, send: Send, *, with_body: bool) -> None:
    headers = [*answer.headers.items(), ("Content-Length", str(len(answer.body)))]
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    await send({"type": "http.response.body", "body": answer.body if with_body else b""})


async def _live(receive: Receive, send: Send) -> None:
    while True:
        event = (await receive())["type"]
        await send({"type": f"{event}.complete"})
        if event == "lifespan.shutdown":
            return
