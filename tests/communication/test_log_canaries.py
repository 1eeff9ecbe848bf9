"""A canary in every field of every endpoint, in requests, answers, headers, addresses and errors: none gets out.

The log's files are searched as they are, and what the command line makes of an entry as well.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from konfipay_async import KonfipayClient, Limits
from konfipay_async.communication import CommunicationLog, open_store
from konfipay_async.communication.curl import curl
from konfipay_async.communication.har import har_file
from konfipay_async.errors import KonfipayError
from konfipay_async.routes import ROUTES, Route
from konfipay_async.sandbox import Sandbox
from konfipay_async.session.message import RetryClass
from konfipay_async.session.retry import Retry

SAMPLES = Path(__file__).parents[1] / "samples"
KEY = "CanaryKey" + "7" * 40
# Its numbers are longer than what durations and hashes may hold by chance.
CANARY = "Kanaria Vogelsang, Zwitscherpfad 47114711, DE89370400440532013000, 4111111111111111"
# Parts that no encoding tears apart, and that no time or port happens to have.
CANARIES = (b"canarykey", b"kanaria", b"vogelsang", b"zwitscher", b"de893704", b"04004405", b"41111111", b"84729.84729")
NUMBER = 84729.84729
RID = "0b7f3c52-5f1c-4f2b-8f4e-2d6e5c6f1a90"


def poisoned(value: Any) -> Any:
    """The same shape, with a canary in every place, and one more."""
    match value:
        case dict():
            return {name: poisoned(item) for name, item in value.items()} | {CANARY: CANARY, "unknown": [CANARY]}
        case list():
            return [*map(poisoned, value), CANARY, NUMBER]
        case str():
            return CANARY
        case None | bool():
            return value
    return NUMBER


def wallee() -> dict[str, Any]:
    """What the signed API has, of what its documentation says is personal or secret."""
    card = {"cardNumber": "4111111111111111", "cvc": "Kanaria", "cardHolderName": CANARY, "expiryDate": "Kanaria"}
    address = dict.fromkeys(("givenName", "familyName", "street", "city", "emailAddress", "dateOfBirth"), CANARY)
    return {
        "state": CANARY,
        "id": NUMBER,
        "metaData": {CANARY: CANARY},
        "billingAddress": address,
        "customerEmailAddress": CANARY,
        "authorizationAmount": NUMBER,
        "card": card,
        "macKey": CANARY,
        "labels": [{"contentAsString": CANARY}],
        "entityStates": [CANARY],
        "version": CANARY,
        "code": CANARY,
        "message": CANARY,
        "errors": {CANARY: CANARY},
    }


def bodies() -> dict[str, Any]:
    return {path.stem: poisoned(json.loads(path.read_bytes())) for path in SAMPLES.glob("*.json")} | {
        "data": [wallee()]
    }


NAMES = ("Server", "Request-Id", "ETag", "Set-Cookie", "X-Kanaria", "Link", "Vary", "Cache-Control", "Age")
HEADERS = dict.fromkeys(NAMES, CANARY)
ENDINGS = [200, 204, 301, 400, 401, 403, 404, 409, 422, 500, 502, "html", "xml", "cut", "bytes", "reset"]


class Hostile:
    """Answers everything with canaries, one ending after the other."""

    def __init__(self) -> None:
        self.endings: list[Any] = []
        self.body = json.dumps(bodies()).encode()

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        await request.read()
        if request.path.endswith("authentication/token"):
            token = {"accessToken": f"Kanaria{'8' * 50}", "tokenType": CANARY, "expiresIn": 1800, "unknown": CANARY}
            return web.json_response(token, headers=HEADERS, reason=CANARY)
        ending = self.endings.pop(0) if self.endings else 200
        more = {"WWW-Authenticate": f'Bearer error="{CANARY}", error_description="{CANARY}"', "Retry-After": CANARY}
        headers = HEADERS | more | {"Location": f"https://kanaria.example/{CANARY}?iban={CANARY}"}
        match ending:
            case int():
                content = headers | {"Content-Type": "application/json"}
                return web.Response(status=ending, body=self.body, headers=content, reason=CANARY)
            case "reset":
                assert request.transport is not None
                request.transport.abort()
                return web.Response()
            case "cut":
                return web.Response(body=self.body[:-20], headers=headers, content_type="application/json")
            case "bytes":
                return web.Response(body=b"\xff\x00" + CANARY.encode(), headers=headers)
        return web.Response(text=f"<p>{CANARY}</p>", headers=headers | {"Content-Type": f"text/{ending}; x={CANARY}"})


@pytest.fixture
async def hostile() -> Any:
    server = Hostile()
    runner = web.ServerRunner(web.Server(server.answer, access_log=None), shutdown_timeout=0.05)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield server, f"http://127.0.0.1:{runner.addresses[0][1]}/api/v6"
    await runner.cleanup()


def assert_silent(url: str, folder: Path) -> int:
    """How many entries there are; nothing in their files, or in what is made of them, is a canary."""
    stored = b"".join(file.read_bytes() for file in folder.iterdir())
    assert b"authentication/token" in stored
    with open_store(url) as store:
        entries = [whole for entry in store.search(limit=10_000).entries if (whole := store.get(entry.id))]
    shown = "".join([*map(repr, entries), *map(curl, entries), *har_file(entries, version="1")]).encode()
    for canary in CANARIES:
        assert canary not in stored.lower(), around(stored, canary)
        assert canary not in shown.lower(), around(shown, canary)
    return len(entries)


def around(text: bytes, canary: bytes) -> bytes:
    at = text.lower().index(canary)
    return text[max(0, at - 100) : at + 100]


def path_of(route: Route, rid: str) -> str:
    return route.fill(**dict.fromkeys(["rid"] if "{rid}" in route.path else ["acknowledgement_id"], rid))


@pytest.mark.parametrize("level", ["overview", "details"])
async def test_no_endpoint_lets_a_canary_into_the_log(hostile: Any, url: str, tmp_path: Path, level: Any) -> None:
    """Requests and answers of all of them, and every way an answer can go wrong."""
    server, base_url = hostile
    log = CommunicationLog(url, level=level)
    limits = Limits(per_second=100_000, public=10_000, authenticated=100_000)
    once = Retry(attempts=1)
    sent = 0
    async with KonfipayClient(KEY, base_url=base_url, communication_log=log, limits=limits, retry=once) as client:
        for number, route in enumerate(ROUTES.values()):
            if route.budget == "public":
                continue
            server.endings = [ENDINGS[number % len(ENDINGS)]]
            query = {"iban": CANARY, "Kanaria": CANARY, "page-number": CANARY, "is-new": CANARY, "apiKey": CANARY}
            body = None if route.method == "GET" else bodies()
            with suppress(KonfipayError):
                await client.request(
                    route.method,
                    path_of(route, "Kanaria-Vogelsang-4711"),
                    query=query,
                    json=body,
                    retry=RetryClass.READ,
                    timeout=5,
                )
            sent += 1
        for ending in [*ENDINGS, 429]:  # after the last one the client would wait
            server.endings = [ending]
            with suppress(KonfipayError):
                await client.request("GET", f"Kanaria/{RID}/transactions", query={"iban": CANARY})
            sent += 1
    assert log.status().lost == {}
    assert assert_silent(url, tmp_path) > sent


async def test_whole_files_as_they_are_uploaded_leave_no_trace(hostile: Any, url: str, tmp_path: Path) -> None:
    _, base_url = hostile
    file = f'<?xml version="1.0"?><Document><CstmrCdtTrfInitn>{CANARY}</CstmrCdtTrfInitn></Document>'.encode()
    for uploads in ("raw", "json"):
        options: Any = {"uploads": uploads, "communication_log": f"{url}?level=details", "retry": Retry(attempts=1)}
        async with KonfipayClient(KEY, base_url=base_url, **options) as client:
            with suppress(KonfipayError):
                await client.documents.upload(file, file_name=CANARY, order_type="Kanaria")
    assert assert_silent(url, tmp_path) >= 4


def strings(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    match value:
        case dict():
            for inner, item in value.items():
                yield from strings(item, inner)
        case list():
            for item in value:
                yield from strings(item, name)
        case str() | float():
            yield name, str(value)


PERSONAL = {
    *("iban", "name", "purpose", "bookingText", "bankReference", "endToEndId", "customerReference", "description"),
    *("accountHolder", "amount", "fileName", "email", "holder", "additionalInformation", "rmtInfoUStrd", "subject"),
    *("primaNota", "paymentIdentificationId", "fee", "clientId", "bic", "invoiceId"),
}


async def test_nothing_of_the_sandbox_s_data_is_in_the_log(url: str, tmp_path: Path, new_client: Any) -> None:
    """Data as it is in life, of all lists, and the key."""
    seen: set[str] = set()
    async with Sandbox(transactions=30, transaction_files=5) as sandbox:
        async with new_client(sandbox, communication_log=f"{url}?level=details&rows=50") as client:
            for route in ROUTES.values():
                if route.method != "GET" or "{" in route.path:
                    continue
                answer = await client.request("GET", route.path)
                rows = json.loads(answer.body) if answer.body else {}
                found = [
                    text
                    for name, text in strings(rows)
                    if name in PERSONAL and len(text) > (7 if text.isdigit() else 3)
                ]
                seen.update(found)
        key = sandbox.api_key
    stored = b"".join(file.read_bytes() for file in tmp_path.iterdir()).decode(errors="replace")
    assert len(seen) > 100
    assert r"\"amount\":\"<number>\"" in stored
    assert not [text for text in (*seen - {"PayPal"}, key) if text in stored]  # which is the name of a right, too
