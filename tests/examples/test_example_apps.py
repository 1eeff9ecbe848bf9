"""The two web apps: the same tests for both."""

import asyncio
import json
import socket
from decimal import Decimal
from functools import partial
from urllib.parse import urlsplit

import aiohttp
import pytest

from konfipay_async import KonfipayClient, Limits
from konfipay_async.pull import Step, pull
from konfipay_async.sandbox import Sandbox


def page_fetches():
    return [task for task in asyncio.all_tasks() if "Pages._page" in repr(task.get_coro())]


async def test_every_transaction_is_a_line(serve):
    """In order, with the API's names, and amounts with every digit."""
    async with Sandbox(transactions=95) as sandbox, serve(sandbox) as app:
        rows = [json.loads(line) for line in await app.rows()]
        assert [row["rId"] for row in rows] == sandbox.rids()
        assert [Decimal(row["amount"]) for row in rows] == [
            sandbox.transaction(rid)["amount"] for rid in sandbox.rids()
        ]
        assert len(sandbox.new_rids()) == 95


async def test_nothing_is_no_line(serve):
    """A list without rows is an answer all the same."""
    async with Sandbox(transactions=0) as sandbox, serve(sandbox) as app:
        assert await app.rows() == []


async def test_the_first_page_goes_out_before_the_second_is_there(serve, new_gate):
    """The login and one page are let out; all others are held until their rows have been read."""
    gate = new_gate(free=2)
    async with Sandbox(transactions=95, latency=1.0, sleep=gate.sleep) as sandbox, serve(sandbox) as app:
        async with app.get("/transactions?since=2020-01-01&page_size=10") as answer:
            assert answer.headers["Content-Type"] == "application/x-ndjson"
            first = [json.loads(await answer.content.readline())["rId"] for _ in range(10)]
            assert sandbox.count("transactions.list", 200) == 1
            gate.open()
            rest = [json.loads(line)["rId"] async for line in answer.content]
        assert first + rest == sandbox.rids()


async def test_a_reader_who_does_not_read_stops_the_fetching(serve, until):
    """What nobody reads is not fetched, beyond what is under way; when reading goes on, so does fetching."""
    client = partial(KonfipayClient, concurrency=2)
    async with Sandbox(transactions=30_000) as sandbox, serve(sandbox, KonfipayClient=client) as app:
        reader, writer = await small_reader(app.url, "/transactions?since=2020-01-01")
        quiet = 0

        def is_quiet():
            nonlocal quiet
            quiet = 0 if page_fetches_in_flight(sandbox) or not sandbox.served_rows else quiet + 1
            return quiet > 500

        await until(is_quiet)
        assert sandbox.served_rows < 25_000
        body = await reader.read()
        assert body.count(b'"rId":') >= 30_000
        assert sandbox.served_rows == 30_000
        writer.close()
        await writer.wait_closed()


def page_fetches_in_flight(sandbox):
    return [request for request in sandbox.requests if not request.status]


async def small_reader(url, path):
    """A connection with small buffers, that has asked and does not read yet."""
    parts = urlsplit(url)
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    connection.setblocking(False)
    await asyncio.get_running_loop().sock_connect(connection, (parts.hostname, parts.port))
    reader, writer = await asyncio.open_connection(sock=connection, limit=1024)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n".encode())
    await writer.drain()
    return reader, writer


@pytest.mark.parametrize("noticed", ["at once", "at the next page"])
async def test_a_reader_who_goes_away_leaves_nothing(serve, new_gate, until, caplog, noticed):
    """No page fetch goes on, nothing is said in the log, and the app answers the next."""
    gate = new_gate(free=2)
    cancels = noticed == "at once"
    async with (
        Sandbox(transactions=400, latency=1.0, sleep=gate.sleep) as sandbox,
        serve(sandbox, handler_cancellation=cancels) as app,
    ):
        answer = await app.get("/transactions?since=2020-01-01&page_size=10")
        await answer.content.readline()
        await until(lambda: gate.held == 8)
        answer.close()
        if cancels:
            await until(lambda: not page_fetches())
        gate.open()
        await until(lambda: not page_fetches())
        assert sandbox.count("transactions.list") < 40
        async with app.get("/budget") as other:
            assert (await other.json())["in_flight"] == 0
        assert len(await app.rows(100)) == 400
    said = [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]
    assert [record for record in said if record.name != "asyncio"] == []  # its debug mode calls an import slow


async def test_bank_accounts(serve):
    """All of them, one of them, and one there is not."""
    async with Sandbox(accounts=3) as sandbox, serve(sandbox) as app:
        async with app.get("/bank-accounts") as answer:
            accounts = await answer.json()
        assert len(accounts) == 3
        async with app.get(f"/bank-accounts/{accounts[1]['rId']}") as answer:
            assert (await answer.json())["iban"] == accounts[1]["iban"]
        async with app.get("/bank-accounts/00000000-0000-0000-0000-000000000000") as answer:
            assert answer.status == 404
            assert (await answer.json(content_type="application/problem+json"))["title"] == "NotFoundError"


@pytest.mark.parametrize("query", ["", "?since=yesterday", "?since=2020-01-01&page_size=many"])
async def test_a_question_that_makes_no_sense(serve, query):
    """Is the asker's mistake, and nothing is sent to konfipay."""
    async with Sandbox() as sandbox, serve(sandbox) as app:
        async with app.get(f"/transactions{query}") as answer:
            assert answer.status in (400, 422)
        assert sandbox.requests == []


async def test_an_error_before_the_first_row_has_a_status(serve):
    """The key of the app is refused: that is no 401 for a browser."""
    async with Sandbox(faults=["403:transactions.list"]) as sandbox, serve(sandbox) as app:
        async with app.get("/transactions?since=2020-01-01") as answer:
            assert (answer.status, answer.content_type) == (502, "application/problem+json")
            problem = json.loads(await answer.read())
        assert (problem["title"], problem["status"]) == ("ForbiddenError", 502)
        assert len(await app.rows(1000)) == 1000


async def test_an_error_after_it_breaks_the_transfer_off(serve):
    """What is not whole must not look so; and the app lives on."""
    async with Sandbox(transactions=95, faults=["403:transactions.list@5"]) as sandbox, serve(sandbox) as app:
        async with app.get("/transactions?since=2020-01-01&page_size=10") as answer:
            assert answer.status == 200
            with pytest.raises(aiohttp.ClientPayloadError):
                await answer.read()
        assert len(await app.rows()) == 95


async def test_a_single_call_does_not_wait_behind_a_pull(serve, until):
    """The pull has used up what it may and waits for a minute; the reserve answers the browser."""
    changes = {
        "KonfipayClient": partial(KonfipayClient, limits=Limits(authenticated=20, reserve=0.25, per_second=1000)),
        "pull": partial(pull, page_size=1),
    }
    async with Sandbox(transactions=100) as sandbox, serve(sandbox, pulls=True, **changes) as app:

        async def budget():
            async with app.get("/budget") as answer:
                return await answer.json()

        while (before := await budget())["waiting"] == 0 or before["in_flight"]:
            pass
        assert before["left"] == 5
        rid = sandbox.transaction(sandbox.rids()[0])["bankAccount"]["rId"]
        async with app.get(f"/bank-accounts/{rid}") as answer:
            assert answer.status == 200
        after = await budget()
        assert (after["left"], after["waiting"]) == (4, before["waiting"])


class Watched:
    """A pull by small pages, in the place of an app's; its events say where it is."""

    def __init__(self, page_size=10):
        self.page_size = page_size
        self.stop = asyncio.Event()
        self.committed = asyncio.Event()
        self.finished = asyncio.Event()

    async def __call__(self, client, sink, *, acknowledge, stop):
        self.stop = stop
        return await pull(client, sink, acknowledge=acknowledge, page_size=self.page_size, stop=stop, watch=self.watch)

    def watch(self, step, _):
        if step is Step.COMMITTED:
            self.committed.set()
        elif step is Step.FINISHED:
            self.finished.set()


async def test_bookings_are_pulled_in_the_background(serve, stored):
    """Each once, acknowledged where the app is told to."""
    pulled = Watched(page_size=1000)
    async with (
        Sandbox(transactions=3500) as sandbox,
        serve(sandbox, pulls=True, ACKNOWLEDGE=True, pull=pulled),
    ):
        await pulled.finished.wait()
    assert sandbox.new_rids() == []
    assert sorted(rid for (rid,) in stored()) == sorted(sandbox.rids())


@pytest.mark.parametrize("let_out", [1, 3, 4, 6])  # a first page, a later one, an acknowledgement, the last of them
async def test_an_app_that_ends_in_mid_pull(serve, until, new_gate, stored, let_out):
    """The request in hand gets no answer: the app ends all the same, and the next run doubles and loses nothing."""
    gate = new_gate(free=let_out)
    second = Watched()
    changes = {"pulls": True, "ACKNOWLEDGE": True, "SHUTDOWN": 0.05}
    async with Sandbox(transactions=30, latency=1.0, sleep=gate.sleep) as sandbox:
        async with serve(sandbox, **changes, pull=Watched()):
            await until(lambda: gate.held)
        assert sandbox.new_rids()
        gate.open()
        async with serve(sandbox, **changes, pull=second):
            await second.finished.wait()
        assert sandbox.new_rids() == []
    assert stored("SELECT count(*) FROM acknowledgements WHERE settled_at IS NULL") == [(0,)]
    assert sorted(rid for (rid,) in stored()) == sorted(sandbox.rids())


async def test_an_app_that_ends_finishes_the_page_in_hand(serve, stored):
    """Whatever is committed is acknowledged and settled; of the others nothing."""
    pulled = Watched()

    async def sleep(_):
        if pulled.committed.is_set():
            await pulled.stop.wait()

    async with Sandbox(transactions=30, latency=1.0, sleep=sleep) as sandbox:
        async with serve(sandbox, pulls=True, ACKNOWLEDGE=True, pull=pulled):
            await pulled.committed.wait()
        pages = len(stored()) // 10
        assert pages in (1, 2, 3)  # how many were on their way to the database is the scheduler's to say
        assert len(sandbox.new_rids()) == 30 - 10 * pages
        assert stored("SELECT outcome FROM acknowledgements") == [("acknowledged",)] * pages


async def test_a_pull_that_fails_is_tried_again(serve, stored, caplog):
    """The app lives on, and says so in its log."""
    pulled = Watched()
    async with (
        Sandbox(transactions=30, faults=["403:transactions.list"]) as sandbox,
        serve(sandbox, pulls=True, ACKNOWLEDGE=True, PULL_EVERY=0.0, pull=pulled) as app,
    ):
        await pulled.finished.wait()
        assert (await app.get("/budget")).status == 200
    assert len(stored()) == 30
    assert "the pull failed" in caplog.text
    assert sandbox.api_key not in caplog.text
