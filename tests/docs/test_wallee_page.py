"""What docs/wallee.md shows works."""

import ast
import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import uvicorn

from konfipay_async.errors import QuerySyntaxError
from konfipay_async.sandbox import WalleeSandbox
from konfipay_async.wallee.models import encode
from konfipay_async.wallee.parsing import parse
from konfipay_async.wallee.query import Q
from konfipay_async.wallee.services import tree

PAGE = (Path(__file__).parents[2] / "docs" / "wallee.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
async def sandbox(monkeypatch: pytest.MonkeyPatch):
    async with WalleeSandbox(transactions=60) as running:
        monkeypatch.setenv("WALLEE_USER_ID", running.user_id)
        monkeypatch.setenv("WALLEE_AUTHENTICATION_KEY", running.authentication_key)
        monkeypatch.setenv("WALLEE_BASE_URL", running.base_url)
        monkeypatch.setenv("WALLEE_SPACE", str(running.space))
        yield running


def test_every_block_is_python() -> None:
    assert len(blocks("python")) == 4
    for block in blocks("python"):
        compile(block, "docs/wallee.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_every_query_is_written_as_the_page_says() -> None:
    rows = re.findall(r"^\| `(.*Q\..*)` \| `(.*)` \|$", PAGE, re.MULTILINE)
    assert len(rows) == 9
    for built, written in rows:
        query = eval(built, {"Q": Q, "date": date})  # noqa: S307
        assert str(query) == written
        assert parse(written) == query


def test_every_operation_of_the_page_is_one() -> None:
    """Of the API, or beside its own."""
    named = set(re.findall(r"client((?:\.[a-z_]+)+)\(", PAGE)) - {".request"}
    assert len(named) > 8
    for path in named:
        *chain, name = path.strip(".").split(".")
        beside = {"update_with", "wait", "download"}
        assert name in beside or tree()[tuple(chain)][name] is not None, path


def test_a_query_that_cannot_be_read_is_shown_like_that() -> None:
    (shown,) = re.findall(r"```\n(the query.*?)```", PAGE, re.DOTALL)
    with pytest.raises(QuerySyntaxError) as caught:
        parse("firstName:John Peter lastName:Doe")
    assert str(caught.value) == shown.rstrip("\n")


def test_the_body_is_written() -> None:
    names: dict[str, object] = {}
    exec(blocks("python")[1], names)  # noqa: S102
    assert encode(names["body"]) == (
        b'{"currency":"EUR","lineItems":[{"uniqueId":"tea","name":"Tea","type":"PRODUCT","quantity":2,'
        b'"amountIncludingTax":12.30}],"metaData":{"order_id":"17"}}'
    )


async def test_the_program_runs(sandbox: WalleeSandbox, capsys: pytest.CaptureFixture[str]) -> None:
    program = blocks("python")[0].replace("asyncio.run(main())", "")
    names: dict[str, object] = {}
    exec(program, names)  # noqa: S102
    await names["main"]()  # type: ignore[operator]
    pending = [
        each
        for each in sandbox.transactions.ids()
        if (row := sandbox.transactions.get(each))["state"] == "PENDING" and row["currency"] == "EUR"
    ]
    assert [int(line.split()[0]) for line in capsys.readouterr().out.splitlines()] == pending[:20]


async def test_the_app_believes_the_sandbox(sandbox: WalleeSandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """And nobody else; its client fetches the key, once."""
    names: dict[str, object] = {}
    exec(blocks("python")[2], names)  # noqa: S102
    app = names["app"]
    async with serving(app) as url:
        assert await sandbox.webhooks.send(url, 4711, state="FULFILL", copies=3) == [204] * 3
        assert await sandbox.webhooks.send(url, 4712, forged="body") == [401]
        assert await sandbox.webhooks.send(url, 4712, forged="key") == [401]
        assert await sandbox.webhooks.send(url, 4712, forged="foreign") == [401]
        async with aiohttp.ClientSession() as http, http.post(url, data=b"{}") as answer:
            assert answer.status == 401
    assert capsys.readouterr().out == "Transaction 4711 FULFILL\n" * 3
    fetched = [seen for seen in sandbox.requests if "encryption-keys" in seen.target]
    assert len(fetched) == 2


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, lifespan="on", log_config=None))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/webhooks"
        finally:
            server.should_exit = True
            await task
