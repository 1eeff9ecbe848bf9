"""Logs of API communication that tell of what never happened: for tests of the pages, and for pictures of them."""

import random
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from konfipay_async.communication import Content, Entry
from konfipay_async.communication.addresses import address_of, connect
from konfipay_async.communication.writing import Writer

__all__ = ["HOSTILE", "NOON", "an_hour", "entry", "hostile", "keep"]

NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
BASE = "https://portal.konfipay.de/api/v6"
_HEADERS = {"accept": "application/json", "authorization": "Bearer <secret>", "user-agent": "konfipay-async"}
_ANSWERED = {"content-type": "application/json; charset=utf-8", "date": "Sat, 31 Jan 2026 11:58:02 GMT"}


def entry(minutes_ago: float = 0, method: str = "GET", path: str = "transactions", **more: Any) -> Entry:
    """An attempt that went well, or as it is said."""
    about: dict[str, Any] = {
        "id": 0,
        "timestamp": NOON - timedelta(minutes=minutes_ago),
        "method": method,
        "url": f"{BASE}/{path}",
        "status": 200,
        "duration": 0.123,
        "endpoint": f"{method} {path.partition('?')[0]}",
    }
    return Entry(**{**about, **more})


def keep(url: str, entries: Iterable[Entry], losses: Sequence[tuple[int, str]] = ()) -> None:
    """Write them into the log at a URL, which is made where there is none."""
    writer = Writer(connect(address_of(url), writes=True), keeps=None, limit=None)
    try:
        writer.write(list(entries), losses, now=NOON.timestamp())
    finally:
        writer.close()


HOSTILE = (
    "<script>document.title='owned';alert(1)</script>",
    "\"'><img src=x onerror=\"document.title='owned';alert(1)\">",
    "' autofocus onfocus='alert(1)' x='",
    "</title></textarea></style></script><svg onload=alert(1)>",
    "</pre></code><iframe srcdoc='<script>parent.document.title=`owned`</script>'>",
    '<a href="javascript:alert(1)" id=content>x</a><base href=//evil.example>',
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'><form action=//evil.example><button autofocus>",
    "{{7*7}}${7*7}<%= 7*7 %>\u202e\u0000\x1b[31m\r\n]]>--><!--",
    "javascript:document.title='owned'//%0aalert(1)",
)
"""What somebody would send who wants our pages to do something else."""


def hostile() -> list[Entry]:
    """Entries that have each of them in each of their fields."""
    return [
        entry(
            number,
            text,
            url=f"https://{text}/{text}?{text}={text}",
            status=(None, 200, 404, 500)[number % 4],
            error=text,
            key_name=text,
            call=text,
            endpoint=text,
            budget=text,
            attempt=2,
            request_headers={text: text, "x-other": text},
            request_content=Content(size=len(text), type=text, text=text),
            response_headers={text: text},
            response_content=Content(size=None, type=text, text=None if number % 3 else text, sha256=text),
        )
        for number, text in enumerate(HOSTILE)
    ]


def an_hour() -> list[Entry]:
    """What a pull looks like, with a payment that was refused and a limit that was met."""
    dice = random.Random(7)
    found: list[Entry] = []

    def say(minutes_ago: float, method: str, path: str, endpoint: str = "", **more: Any) -> None:
        details: dict[str, Any] = {"request_headers": _HEADERS, "response_headers": _ANSWERED, "key_name": "shop"}
        more = {"duration": dice.uniform(0.06, 0.4), "endpoint": f"{method} {endpoint or path}", **details, **more}
        found.append(entry(minutes_ago, method, path, **more))

    for minute in range(60, 6, -1):
        many = round(620 * max(0.0, 1 - ((minute - 34) / 16) ** 2)) + dice.randrange(4)
        for number in range(many // 10 * 10 if minute % 7 else 0):
            say(
                minute - number / (many + 1),
                "GET",
                f"transactions?is-new=true&page-number={number % 40 + 1}&page-size=1000",
                "transactions",
                call=f"p-{minute}-{number}",
            )
    page = '{"totalItems":3,"items":[{"rId":"***","amount":"***","currency":"***","bookingDate":"2026-01-30"}]}'
    list_ = Content(size=741_210, type="application/json; charset=utf-8", text=page, left_out=997)
    login = {
        "budget": "public",
        "request_content": Content(size=64, type="application/json", text='{"apiKey":"<secret>"}'),
    }
    say(
        5.2,
        "GET",
        "transactions?is-new=true&page-number=1&page-size=1000",
        "transactions",
        call="a",
        status=401,
        error="UnauthorizedError",
        response_content=Content(size=0),
    )
    say(5.1, "POST", "authentication/token", call="a", duration=0.212, **login)
    say(
        5.0,
        "GET",
        "transactions?is-new=true&page-number=1&page-size=1000",
        "transactions",
        call="a",
        attempt=2,
        duration=0.384,
        response_content=list_,
    )
    say(4.5, "POST", "transactions/***/acknowledge", "transactions/{id}/acknowledge", call="b", status=204)
    say(
        4.0,
        "POST",
        "payment-files",
        call="c",
        status=422,
        error="UnprocessableError",
        duration=0.731,
        request_content=Content(size=4_182, type="application/xml", sha256="9f2c1e" + "5b" * 29),
        response_content=Content(size=96, type="application/json", text='{"errorItems":[{"errorCode":"ERR-02-0004"}]}'),
    )
    say(3.2, "GET", "bank-accounts", call="d", status=429, error="RateLimitedError", waited=0.418, duration=0.031)
    say(3.0, "GET", "bank-accounts", call="d", attempt=2, waited=8.004, duration=0.094)
    say(
        2.2,
        "GET",
        "documents/***",
        "documents/{id}",
        call="e",
        status=None,
        error="ConnectionLostError",
        duration=30.0,
        response_headers=None,
    )
    say(
        2.0,
        "GET",
        "documents/***",
        "documents/{id}",
        call="e",
        attempt=2,
        status=503,
        error="ServerError",
        duration=1.204,
    )
    say(
        1.5,
        "GET",
        "documents/***",
        "documents/{id}",
        call="e",
        attempt=3,
        duration=0.377,
        response_content=Content(size=None),
    )
    say(0.5, "GET", "payments/***", "payments/{id}", call="f", duration=0.077)
    return found
