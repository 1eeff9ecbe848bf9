"""Exports: all rows, in one file, and nothing else in it."""

import asyncio
import csv
import io
from collections.abc import AsyncGenerator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from konfipay_async.errors import ConfigurationError, DecodeError, ListError, PageEchoError
from konfipay_async.session.retry import Retry

NAMES = ["plain", 'with "quotes"', "two\r\nlines", "a,b", "", 'ends in "', '""\n""']


def rows_of(answer: list[bytes]) -> list[list[str]]:
    return list(csv.reader(io.StringIO(b"".join(answer).decode(), newline="")))


async def or_error(rows: AsyncGenerator[bytes]) -> bytes | BaseException | None:
    """What comes next, or instead."""
    (ended,) = await asyncio.gather(anext(rows, None), return_exceptions=True)
    return ended


@pytest.fixture
def table(against, raw_server):
    """``async with table(count) as (server, client)``: so many rows, served as they are asked for."""

    def serve(count: int, end: str = "\r\n", last: str | None = None, **headers: str) -> Any:
        def answer(request: Any) -> bytes:
            asked = dict(parse_qsl(urlsplit(request.target).query))
            limit, offset = int(asked.get("limit", 2000)), int(asked.get("offset", 0))
            text = io.StringIO()
            lines = csv.writer(text, lineterminator=end)
            lines.writerow(["id", "the\nname"])
            lines.writerows([n, NAMES[n % len(NAMES)]] for n in range(count)[offset : offset + limit])
            body = text.getvalue()
            body = body if last is None else body.removesuffix(end) + last
            return raw_server.reply(200, body.encode(), **({"Content_Type": "text/csv"} | headers))

        return against(answer)

    return serve


@pytest.mark.parametrize("count", [0, 1, 1999, 2000, 2001, 5500])
@pytest.mark.parametrize(("end", "last"), [("\r\n", None), ("\n", None), ("\r\n", "")])
async def test_every_row_is_in_it_once_under_one_header(table, count, end, last):
    """However lines end, and whatever stands in them; the API gives 2,000 rows where it is not asked for more."""
    async with table(count, end, last) as (server, client):
        rows = rows_of([chunk async for chunk in client.payment.transactions.export()])
        assert rows[0] == ["id", "the\nname"]
        assert rows[1:] == [[str(n), NAMES[n % len(NAMES)]] for n in range(count)]
        assert len(server.requests) == count // 2000 + 1
        assert all("order=id%3AASC" in request.target for request in server.requests)


async def test_chunks_may_be_cut_anywhere(table, monkeypatch):
    """In a header, in quotes, in a line's end."""

    async def readany(self):
        return await self.read(7)

    async with table(2003) as (_, client):
        whole = [chunk async for chunk in client.payment.transactions.export()]
        monkeypatch.setattr("aiohttp.StreamReader.readany", readany)
        cut = [chunk async for chunk in client.payment.transactions.export(offset=1999)]
    assert rows_of(cut) == [rows_of(whole)[0], *rows_of(whole)[2000:]]


async def test_one_answer_where_a_limit_is_given(table):
    async with table(5000) as (server, client):
        rows = rows_of([chunk async for chunk in client.payment.transactions.export(limit=3000, order="state")])
        assert len(rows) == 3001
        (request,) = server.requests
        assert "limit=3000" in request.target
        assert "order=state" in request.target


async def test_further_than_the_api_goes(table):
    """It skips 100,000 rows at most; that there were more is not kept quiet."""
    async with table(200_000) as (server, client):
        count = 0
        rows = client.payment.transactions.export(offset=97_000)
        while (chunk := await or_error(rows)) and isinstance(chunk, bytes):
            count += chunk.count(b"plain")
        assert isinstance(chunk, ListError)
        assert "no further than" in str(chunk)
        assert [dict(parse_qsl(urlsplit(r.target).query))["offset"] for r in server.requests] == ["97000", "99000"]
        assert count == len([n for n in range(97_000, 101_000) if n % len(NAMES) == 0])


@pytest.mark.parametrize(
    ("second", "told"),
    [
        (b"id,other\r\n1,a\r\n", "other columns"),
        (b"id\r\n" + b"1\r\n" * 2001, "2001 rows"),
    ],
)
async def test_pages_that_do_not_go_together(against, raw_server, second, told):
    def answer(request: Any) -> bytes:
        body = b"id\r\n" + b"1\r\n" * 2000 if "offset=0" in request.target else second
        return raw_server.reply(200, body, Content_Type="text/csv")

    async with against(answer) as (_, client):
        with pytest.raises(PageEchoError, match=told):
            [chunk async for chunk in client.human_users.export()]


@pytest.mark.parametrize(
    ("body", "type_"),
    [
        (b"<!DOCTYPE html><p>Maintenance", "text/html"),
        (b"\xef\xbb\xbf \n<html>sorry", "text/csv"),
        (b'{"message": "canary"}', "application/json"),
        (b'  {"message": "canary"}', "text/csv"),
        (b"[]", "text/csv"),
        (b"We are sorry\n", "text/html; charset=utf-8"),
        (b'"canary"', "application/json"),
    ],
)
@pytest.mark.parametrize("limit", [None, 5])
async def test_what_is_no_file_is_not_taken_for_one(against, raw_server, body, type_, limit):
    reply = raw_server.reply(200, body, Content_Type=type_)
    async with against(lambda request: reply, retry=Retry(attempts=1)) as (_, client):
        rows, handed_out = client.payment.transactions.export(limit=limit), b""
        while (chunk := await or_error(rows)) and isinstance(chunk, bytes):
            handed_out += chunk
        assert isinstance(chunk, DecodeError)
        assert "expected a file" in str(chunk)
        assert "canary" not in str(chunk)
        assert b"html" not in handed_out.lower()


@pytest.mark.parametrize("wrong", [{"offset": -1}, {"offset": 100_001}, {"offset": True}, {"limit": 0}, {"limit": "x"}])
async def test_rows_that_cannot_be_asked_for(table, wrong):
    async with table(1) as (server, client):
        with pytest.raises(ConfigurationError, match=next(iter(wrong))):
            client.payment.transactions.export(**wrong)
        assert not server.requests


async def test_a_first_line_without_an_end(against, raw_server):
    reply = raw_server.reply(200, b"x" * 3_000_000, Content_Type="text/csv")
    async with against(lambda request: reply) as (_, client):
        with pytest.raises(DecodeError, match="no line ends"):
            [chunk async for chunk in client.payment.transactions.export()]
