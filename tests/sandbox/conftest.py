"""A sandbox on the loopback socket, and a caller that knows nothing but HTTP."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from konfipay_async.sandbox import Sandbox


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body, parse_float=Decimal)

    @property
    def transactions(self) -> list[dict[str, Any]]:
        return self.json["results"]["transactions"] if self.status == 200 else []

    @property
    def rids(self) -> list[str]:
        return [row["rId"] for row in self.transactions]

    @property
    def results(self) -> list[dict[str, Any]]:
        """The rows of a list other than that of transactions."""
        return self.json["results"] if self.status == 200 else []

    @property
    def result_rids(self) -> list[str]:
        return [row["rId"] for row in self.results]

    @property
    def error_code(self) -> str:
        return str(self.json["errors"][0]["errorCode"])

    @property
    def acknowledgement_id(self) -> str:
        return str(self.json["results"]["acknowledgementId"])


@dataclass
class Caller:
    """Plain HTTP against one sandbox."""

    sandbox: Sandbox
    http: aiohttp.ClientSession
    token: str | None = None

    async def send(self, method: str, path: str, *, token: str | None = None, **options: Any) -> Reply:
        token = token or self.token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = self.sandbox.base_url + path if path.startswith("/") else path
        async with self.http.request(method, url, headers=headers, **options) as answer:
            return Reply(answer.status, dict(answer.headers), await answer.read())

    async def get(self, path: str, **query: object) -> Reply:
        params = {name.replace("_", "-"): str(value) for name, value in query.items()}
        return await self.send("GET", path, params=params)

    async def transactions(self, **query: object) -> Reply:
        return await self.get("/transactions", **query)

    async def acknowledge(self, name: str) -> Reply:
        return await self.send("POST", f"/transactions/{name}/acknowledge")

    async def log_in(self, **changes: Any) -> Reply:
        body = {"apiKey": self.sandbox.api_key, "client": {"name": "tests", "version": "1.0"}} | changes
        reply = await self.send("POST", "/authentication/token", json=body)
        if reply.status == 200:
            self.token = reply.json["accessToken"]
        return reply


Open = Callable[..., Any]


@pytest.fixture
def open_sandbox() -> Open:
    """``async with open_sandbox(**arguments) as caller``: a started sandbox, and a caller that is logged in."""

    @asynccontextmanager
    async def opened(*, log_in: bool = True, **arguments: Any) -> AsyncIterator[Caller]:
        async with Sandbox(**arguments) as sandbox, aiohttp.ClientSession() as http:
            caller = Caller(sandbox, http)
            if log_in:
                await caller.log_in()
                sandbox.requests.clear()
            yield caller

    return opened


class Clock:
    """A clock that stands still until it is told or slept on."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds

    @property
    def arguments(self) -> dict[str, Callable[[], float] | Callable[[float], Awaitable[None]]]:
        return {"now": self.now, "sleep": self.sleep}


@pytest.fixture
def clock() -> Clock:
    return Clock()
