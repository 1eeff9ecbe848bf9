"""What apps answer, and how the adapters behave without their libraries."""

import ast
import asyncio
import importlib
import sys
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from fastapi import FastAPI
from fastapi.requests import HTTPConnection
from starlette.requests import ClientDisconnect

import konfipay_async.integrations
from konfipay_async import KonfipayError, errors
from konfipay_async.integrations.fastapi import LinesResponse, State, client_of
from konfipay_async.integrations.web import problem_of

HERE = Path(konfipay_async.integrations.__path__[0])


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.BadRequestError("", status=400), 400),
        (errors.NotFoundError("", status=404), 404),
        (errors.ConflictError("", status=409), 409),
        (errors.UnprocessableError("", status=422), 422),
        (errors.RouteUnknownError("", status=404), 502),
        (errors.UnauthorizedError("", status=401), 502),
        (errors.ForbiddenError("", status=403), 502),
        (errors.RedirectRefusedError("", status=302), 502),
        (errors.ServerError("", status=500), 502),
        (errors.ConnectFailedError(""), 502),
        (errors.ConnectionLostError(""), 502),
        (errors.DecodeError(""), 502),
        (errors.PageEchoError(""), 502),
        (errors.RequestTimeoutError(""), 504),
        (errors.RateLimitedError("", status=429), 503),
        (errors.StorageBusyError(""), 503),
        (errors.ClientStateError(""), 503),
        (errors.SignatureError(""), 401),
        (errors.WebhookError(""), 400),
        (errors.WebhookKeyError(""), 503),
        (errors.ConfigurationError(""), 500),
        (errors.OutcomeUnknownError(""), 500),
        (KonfipayError(""), 500),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_every_kind_of_error_has_its_status(error, status):
    """And a body that says which it is."""
    problem = problem_of(error)
    assert problem.status == status
    assert msgspec.json.decode(problem.body)["title"] == type(error).__name__


def test_a_wish_of_the_server_is_passed_on():
    """In whole seconds, as the header has them."""
    assert problem_of(errors.RateLimitedError("", status=429, retry_after=2.1)).headers == {"Retry-After": "3"}
    assert problem_of(errors.RateLimitedError("", status=429)).headers == {}


def test_what_the_server_said_is_not_passed_on(caplog):
    """Neither to the browser nor to the log: it may hold personal data."""
    item = errors.ErrorItem("ERR-01-0001", "Canary", "canary@example.com")
    problem = problem_of(errors.BadRequestError("no", status=400, errors=[item], body=b"canary"))
    assert b"anary" not in problem.body
    assert "anary" not in caplog.text


async def test_an_app_without_a_client_says_so():
    """And what is to be done."""
    connection = HTTPConnection({"type": "http", "app": FastAPI(), "state": {}})
    with pytest.raises(errors.ClientStateError, match="lifespan"):
        await client_of(connection)
    assert State(konfipay=None) == {"konfipay": None}


@pytest.mark.parametrize("spec_version", ["2.3", "2.4"])
async def test_pages_are_closed_when_the_reader_goes_away(spec_version):
    """Not when the garbage collector comes; and closing may take its time, although Starlette cancels on and on."""
    reading = asyncio.Event()
    closed = False

    async def pages():
        nonlocal closed
        try:
            while True:
                yield SimpleNamespace(transactions=[])
        finally:
            for _ in range(5):
                await asyncio.sleep(0)
            closed = True

    async def send(message):
        if message["type"] == "http.response.body":
            reading.set()
            if spec_version == "2.4":
                raise OSError
            await asyncio.Event().wait()

    async def receive():
        await reading.wait()
        return {"type": "http.disconnect"}

    kept = pages()
    scope = {"type": "http", "asgi": {"spec_version": spec_version}}
    with suppress(ClientDisconnect):
        await LinesResponse(kept)(scope, receive, send)
    assert closed


def test_a_library_that_is_not_there_is_named(monkeypatch):
    """With the extra that brings it."""
    monkeypatch.delitem(sys.modules, "konfipay_async.integrations.fastapi")
    monkeypatch.setitem(sys.modules, "fastapi", None)
    with pytest.raises(errors.MissingExtraError, match=r"konfipay-async\[fastapi\]"):
        importlib.import_module("konfipay_async.integrations.fastapi")


@pytest.mark.parametrize("path", sorted(HERE.glob("*.py")), ids=lambda path: path.stem)
def test_integrations_import_only_public_names(path):
    """Of the package, and what they are for in their own module only."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("konfipay_async"):
            public = importlib.import_module(node.module).__all__
            assert {alias.name for alias in node.names} <= set(public)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            roots = {str(name).partition(".")[0] for name in names}
            foreign = roots & {"fastapi", "starlette", "aiohttp", "pytest", "pytest_asyncio", "uvicorn"}
            allowed = {"fastapi": {"fastapi", "starlette"}, "pytest": {"pytest", "pytest_asyncio"}}
            assert foreign <= allowed.get(path.stem, {path.stem})
