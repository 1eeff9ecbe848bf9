"""Sandboxes on the loopback socket, and callers that know nothing but HTTP."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import aiohttp
import pytest
import yarl

from konfipay_async.sandbox import Sandbox, WalleeSandbox


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


def sign(sandbox: WalleeSandbox, method: str, target: str, **changes: Any) -> str:
    """A token for this method and target, by hand. `changes` are other claims; `header` and `key` too."""
    header = changes.pop("header", {"alg": "HS256", "typ": "JWT", "ver": 1})
    key = base64.b64decode(changes.pop("key", sandbox.authentication_key))
    claims = {"sub": sandbox.user_id, "iat": int(time.time()), "requestPath": target, "requestMethod": method}
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims | changes)
    ]
    signed = ".".join(parts)
    signature = hmac.new(key, signed.encode(), hashlib.sha256).digest()
    return signed + "." + base64.urlsafe_b64encode(signature).rstrip(b"=").decode()


@dataclass
class SignedCaller:
    """Plain HTTP against one sandbox of the signed API. `target` is a path behind the base, with its query as text."""

    sandbox: WalleeSandbox
    http: aiohttp.ClientSession

    async def send(
        self,
        method: str,
        target: str,
        body: object = None,
        *,
        space: int | None = None,
        headers: dict[str, str | None] | None = None,
        **claims: Any,
    ) -> Reply:
        whole = f"/api/v2.0{target}"
        sent: dict[str, str | None] = {
            "Authorization": f"Bearer {sign(self.sandbox, method, whole, **claims)}",
            "Space": str(space or self.sandbox.space),
            "Account": str(self.sandbox.account),
            "Accept": "text/plain,text/csv,application/json",
            "Content-Type": None if body is None else "application/json",
        }
        sent |= headers or {}
        url = yarl.URL(self.sandbox.base_url.removesuffix("/api/v2.0") + whole, encoded=True)
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        only = {name: value for name, value in sent.items() if value is not None}
        async with self.http.request(method, url, data=data, headers=only, skip_auto_headers=["Content-Type"]) as reply:
            return Reply(reply.status, dict(reply.headers), await reply.read())

    async def get(self, target: str, **options: Any) -> Reply:
        return await self.send("GET", target, **options)

    async def ids(self, target: str) -> list[int]:
        """The ids on one page."""
        return [thing["id"] for thing in (await self.get(target)).json["data"]]


@pytest.fixture
def open_wallee() -> Open:
    """``async with open_wallee(**arguments) as caller``: a started sandbox of the signed API, and a caller."""

    @asynccontextmanager
    async def opened(**arguments: Any) -> AsyncIterator[SignedCaller]:
        async with WalleeSandbox(**arguments) as sandbox, aiohttp.ClientSession() as http:
            yield SignedCaller(sandbox, http)

    return opened
