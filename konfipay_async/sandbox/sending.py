"""Between aiohttp and plain values: a body comes in, an answer goes out, whole, cut short or not at all."""

import socket
import struct
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

__all__ = ["LARGEST_BODY", "Answer", "read_body", "reset", "truncate", "whole_response"]

LARGEST_BODY: Final = 64 << 20
"""Bytes of a request that are kept."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the client. `rows` is how many things of a list are in it."""

    status: int
    body: bytes = b""
    content_type: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    rows: int = 0


async def read_body(request: web.BaseRequest) -> bytes | None:
    """The body, None when it is larger than `LARGEST_BODY`. It is read to its end in any case."""
    body = bytearray()
    async for chunk in request.content.iter_any():
        if len(body) <= LARGEST_BODY:
            body += chunk
    return None if len(body) > LARGEST_BODY else bytes(body)


def whole_response(answer: Answer) -> web.Response:
    """The answer as it should be."""
    headers = dict(answer.headers)
    if answer.content_type is not None:
        headers["Content-Type"] = answer.content_type
    return web.Response(status=answer.status, body=answer.body or None, headers=headers)


def reset(request: web.BaseRequest) -> web.Response:
    """End the connection with a TCP reset: with no time to linger, closing discards what is left and says RST."""
    transport = request.transport
    if transport is not None:
        connection: socket.socket | None = transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    # Never sent: the connection is gone, and the server notices that when it tries.
    return web.Response(status=204)


async def truncate(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    """Announce the whole body, send half of it, and hang up. An answer without a body gets one to cut."""
    whole_body = answer.body or b'{"results": null}'
    response = web.StreamResponse(status=200 if answer.status == 204 else answer.status, headers=answer.headers)
    response.content_type = "application/json"
    response.content_length = len(whole_body)
    await response.prepare(request)
    await response.write(whole_body[: len(whole_body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response
