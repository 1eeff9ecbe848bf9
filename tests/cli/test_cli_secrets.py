"""Nothing that `konfipay pull` shows, on a terminal or elsewhere, holds a key, a token or what is in the bookings.

The server of these tests says canaries wherever a server can say something: in every field, header and error.
"""

import asyncio
import json
import os
import pty
import re
import signal
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import warm
from aiohttp import web

from konfipay_async.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("program")

KEY = "CanaryKey" + "7" * 40
TOKEN = "CanaryToken" + "8" * 40
IBAN = "DE89370400440532013000"
EVERYTHING = f"{KEY} {TOKEN} {IBAN} Kanaria Vogelsang, Zwitscherpfad 4711"
# Parts that no break of a line can tear.
CANARIES = ("CanaryKey", "7" * 20, "CanaryToken", "8" * 20, "DE8937", "04004405", "Kanaria", "Vogelsang", "Zwitscher")

LOOKS = ("bar", "lines", "json")


def row(rid: str, **changes: Any) -> dict[str, Any]:
    texts = ("name", "bookingText", "bankReference", "paymentIdentificationId", "primaNota", "purpose", "endToEndId")
    return {
        "rId": rid,
        "amount": 1.5,
        "currency": "EUR",
        "creditDebitIndicator": "CRDT",
        "iban": IBAN,
        "bic": "KANARIAXXX",
        "customerReference": EVERYTHING,
        "isNew": True,
        "unknown": {EVERYTHING: [EVERYTHING]},
        "document": {"rId": "document", "format": EVERYTHING},
        "bankAccount": {"rId": "account", "iban": IBAN, "currency": "EUR"},
        **dict.fromkeys(texts, EVERYTHING),
    } | changes


def page(rids: list[str], number: int = 2, **changes: Any) -> dict[str, Any]:
    return {
        "pageNumber": number,
        "pageSize": 2,
        "totalPages": 3,
        "totalItems": 6,
        "links": [{"rel": EVERYTHING, "href": EVERYTHING, "method": EVERYTHING}],
        "results": {
            "acknowledgementId": f"id-of-{rids[0]}",
            "transactions": [row(rid, **changes) for rid in rids],
        },
    }


def says(status: int, body: object, **headers: str) -> web.Response:
    text = body if isinstance(body, str) else json.dumps(body)
    everywhere = dict.fromkeys(("Server", "Request-Id", "Content-Location", "Set-Cookie"), EVERYTHING)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.Response(status=status, text=text, headers=everywhere | named, reason=EVERYTHING)


REFUSED = partial(says, 401, "", WWW_Authenticate=f'Bearer error="invalid_token", error_description="{EVERYTHING}"')
LIMITED = partial(says, 429, {"errors": [{"errorCode": EVERYTHING, "errorMessage": EVERYTHING}]}, Retry_After="1")
FAILED = partial(says, 500, {"errors": [{"errorCode": "ERR-01-0002", "errorMessage": "x", "errorDetails": EVERYTHING}]})
GARBAGE = partial(says, 200, f"\x00{EVERYTHING}")
XML = partial(
    says, 400, f"<ErrorItem><ErrorCode>{IBAN}</ErrorCode><ErrorMessage>{EVERYTHING}</ErrorMessage></ErrorItem>"
)
UNREADABLE = partial(says, 200, page(["row-2", "row-3"], amount=EVERYTHING))


Answer = Callable[[], web.Response]


@dataclass
class Server:
    """Serves six rows of canaries, two on a page, until they are acknowledged.

    From the second page on that is asked for it says what `instead` holds first. What `hangs` is never answered.
    """

    instead: list[Answer] = field(default_factory=list)
    hangs: str = ""
    hanging: asyncio.Event = field(default_factory=asyncio.Event)
    new: list[str] = field(default_factory=lambda: [f"row-{number}" for number in range(6)])
    asked: int = 0
    url: str = ""

    async def answer(self, request: web.BaseRequest) -> web.Response:
        if request.path == "/authentication/token":
            assert KEY in await request.text()
            return says(200, {"accessToken": TOKEN, "tokenType": "Bearer", "expiresIn": 1800})
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        if request.path == "/transactions":
            return await self._page(int(request.query["page-number"]))
        if self.hangs == "acknowledgement":
            await self._hang()
        first = self.new.index(request.path.removeprefix("/transactions/id-of-").removesuffix("/acknowledge"))
        del self.new[first : first + 2]
        return says(200, "")

    async def _page(self, number: int) -> web.Response:
        self.asked += 1
        if self.asked > 1:
            if self.hangs == "page":
                await self._hang()
            if self.instead:
                return self.instead.pop(0)()
        rids = self.new[2 * number - 2 : 2 * number]
        return says(200, page(rids, number)) if rids else web.Response(status=204)

    async def _hang(self) -> None:
        self.hanging.set()
        await asyncio.Event().wait()


@asynccontextmanager
async def listening(server: Server) -> AsyncIterator[Server]:
    runner = web.ServerRunner(web.Server(server.answer, access_log=None), shutdown_timeout=0.05)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield server
    finally:
        await runner.cleanup()


async def shown(
    look: str,
    folder: Path,
    url: str,
    *arguments: str,
    key: str = KEY,
    meanwhile: Callable[[asyncio.subprocess.Process], Any] | None = None,
) -> tuple[int, str]:
    """Pull as it looks on a terminal ("bar"), in a pipe ("lines") or as JSON; exit code and all that was shown."""
    folder.mkdir()
    ours, theirs = pty.openpty() if look == "bar" else os.pipe()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KONFIPAY_", "NO_COLOR"))}
    settings = {"KONFIPAY_API_KEY": key, "KONFIPAY_BASE_URL": url, "PYTHONWARNINGS": "error"}
    settings |= {"TERM": "xterm", "COLUMNS": "150"}
    try:
        process = await asyncio.create_subprocess_exec(
            *(*warm.COMMAND, "pull", "--acknowledge", "--concurrency", "1"),
            *(["--json"] if look == "json" else []),
            *arguments,
            cwd=folder,
            env=kept | settings,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
        )
    finally:
        os.close(theirs)
    reading = asyncio.get_running_loop().run_in_executor(None, read_to_the_end, ours)
    try:
        if meanwhile is not None:
            await meanwhile(process)
        text = (await reading).decode()
        code = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await reading
        os.close(ours)
    assert "Traceback" not in text, text
    assert ("\x1b[" in text and "requests left" in text) == (look == "bar"), text
    return code, re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def read_to_the_end(end: int) -> bytes:
    read = bytearray()
    try:
        while chunk := os.read(end, 65536):
            read += chunk
    except OSError:  # how a terminal says that its other end is closed
        pass
    return bytes(read)


def assert_no_canary(text: str) -> None:
    assert not [canary for canary in CANARIES if canary.casefold() in text.casefold()], text


@pytest.mark.parametrize(
    ("instead", "code", "says_so"),
    [
        ([GARBAGE, FAILED, REFUSED, LIMITED], 0, "stored"),
        ([REFUSED] * 9, 3, "invalid_token"),
        ([partial(FAILED, Retry_After="300")], 3, "500"),  # longer than a client is ready to wait
        ([XML], 3, "400"),
        ([GARBAGE] * 9, 3, "page 2"),
        ([UNREADABLE], 3, "amount"),
    ],
    ids=["ends well", "401", "500", "400 in XML", "garbage", "a field that cannot be read"],
)
async def test_what_a_server_says_is_not_shown(tmp_path: Path, instead: list[Answer], code: int, says_so: str) -> None:
    """However it looks, and however it ends; what is stored is the proof that the canaries came."""

    async def see(look: str) -> None:
        async with listening(Server(list(instead))) as server:
            ended, text = await shown(look, tmp_path / look, server.url, "--page-size", "2")
        assert ended == code, text
        assert says_so.casefold() in text.casefold()
        assert_no_canary(text)
        with closing(sqlite3.connect(tmp_path / look / "transactions.db")) as connection:
            stored = repr(connection.execute("SELECT * FROM transactions").fetchall())
        assert stored.count(f"'{IBAN}'") >= 2
        assert "Kanaria" in stored

    async with asyncio.TaskGroup() as all_at_once:
        for look in LOOKS:
            all_at_once.create_task(see(look))


@pytest.mark.parametrize(
    ("hangs", "signals", "says_so"),
    [
        ("page", [signal.SIGINT], "page in hand"),
        ("acknowledgement", [signal.SIGINT, signal.SIGTERM], "stopped"),
    ],
    ids=["once", "twice"],
)
async def test_an_interrupt_shows_nothing_of_what_was_in_hand(
    tmp_path: Path, hangs: str, signals: list[signal.Signals], says_so: str
) -> None:
    """Neither the one that lets it finish, nor the second that ends it."""

    async def see(look: str) -> None:
        async with listening(Server(hangs=hangs)) as server:

            async def interrupt(process: asyncio.subprocess.Process) -> None:
                await server.hanging.wait()
                for number in signals:
                    process.send_signal(number)

            ended, text = await shown(look, tmp_path / look, server.url, "--page-size", "2", meanwhile=interrupt)
        assert ended == 6, text
        assert says_so in text
        assert_no_canary(text)

    async with asyncio.TaskGroup() as all_at_once:
        for look in LOOKS:
            all_at_once.create_task(see(look))


async def test_nothing_of_the_sandbox_s_bookings_is_shown(tmp_path: Path) -> None:
    """Bookings as they are in life, through faults that are met on the way: no field of any row is repeated."""
    faults = ["401:transactions.list@2", "500:transactions.list@4", "garbage:transactions.list@6"]

    async def see(look: str) -> None:
        async with Sandbox(transactions=60, faults=faults) as sandbox:
            ended, text = await shown(look, tmp_path / look, sandbox.base_url, "--page-size", "10", key=sandbox.api_key)
            assert sandbox.new_rids() == []
        assert ended == 0, text
        assert sandbox.api_key not in text
        with closing(sqlite3.connect(tmp_path / look / "transactions.db")) as connection:
            fields = "iban, name, purpose, booking_text, bank_reference, bank_account_iban"
            rows = connection.execute(f"SELECT {fields} FROM transactions").fetchall()
        values = {value for one in rows for value in one if value}
        assert len(values) > 100
        assert not [value for value in values if value in text]

    async with asyncio.TaskGroup() as all_at_once:
        for look in LOOKS:
            all_at_once.create_task(see(look))
