"""Attempts that were never made, a log to keep them in, and a client whose requests are quickly done."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from konfipay_async import Attempt, KonfipayClient, Limits
from konfipay_async.communication import CommunicationLog, Entry, Store, open_store
from konfipay_async.session.message import Request, Response
from konfipay_async.session.retry import Retry

BASE = "https://api.example/api/v6"


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("KONFIPAY_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Of a log that is not there yet."""
    return f"sqlite:///{tmp_path / 'api.db'}"


@pytest.fixture
def read() -> Callable[[str], list[Entry]]:
    """All entries of a log, with their details, oldest first."""

    def entries(url: str) -> list[Entry]:
        with open_store(url) as store:
            return [whole(store, entry.id) for entry in reversed(store.search(limit=10_000).entries)]

    return entries


def whole(store: Store, number: int) -> Entry:
    entry = store.get(number)
    assert entry is not None
    return entry


@pytest.fixture
def attempt() -> Callable[..., Attempt]:
    """An attempt that went well, or as it is said."""

    def make(
        method: str = "GET",
        path: str = "transactions",
        *,
        status: int | None = 200,
        at: float = 1_800_000_000.0,
        body: bytes | None = None,
        answer: bytes = b"",
        **more: Any,
    ) -> Attempt:
        names = ("query", "headers", "budget", "template", "secret_path")
        of_request = {name: more.pop(name) for name in names if name in more}
        request = Request(method, path, read=lambda response: None, body=body, **of_request)
        answered = more.pop("answered", {"content-type": "application/json"})
        response = None if status is None else Response(status, answered, answer)
        fields = {"number": 1, "duration": 0.25, "waited": 0.0, "call": 1} | more
        return Attempt(request=request, started_at=at, response=response, **fields)

    return make


@pytest.fixture
def recorded(attempt: Any) -> Callable[..., None]:
    """Keep these attempts in a log at a URL, and close it."""

    def record(url: str, *attempts: Attempt, **options: Any) -> None:
        with CommunicationLog(url, **options) as log:
            recorder = log.recorder(base_url=BASE, key_name="shop")
            for one in attempts:
                recorder.record(one)

    return record


@pytest.fixture
def new_client() -> Callable[..., KonfipayClient]:
    """A client of a sandbox that neither waits nor is patient."""

    def make(sandbox: Any, **options: Any) -> KonfipayClient:
        impatient = Retry(attempts=3, base=0.001, cap=0.001)
        return KonfipayClient(
            options.pop("api_key", None) or sandbox.api_key,
            base_url=sandbox.base_url,
            **{"limits": Limits(per_second=100_000), "retry": impatient} | options,
        )

    return make
