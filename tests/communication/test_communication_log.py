"""Every attempt is in the log when it is closed; what is not is counted; nobody who records notices anything."""

import asyncio
import json
import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import pytest

from konfipay_async import KonfipayClient
from konfipay_async.communication import CommunicationLog, Content, attempts, open_store, worker
from konfipay_async.errors import (
    ConfigurationError,
    ConnectionLostError,
    KonfipayError,
    ServerError,
    StorageAwayError,
    StorageError,
)
from konfipay_async.sandbox import Sandbox
from konfipay_async.wallee import WalleeClient

BASE = "https://api.example/api/v6"


@pytest.fixture
def log(url: str) -> Iterator[CommunicationLog]:
    with CommunicationLog(url, level="details") as log:
        yield log


def recorder(log: CommunicationLog, **options: Any) -> Any:
    return log.recorder(**{"base_url": BASE} | options)


# What an entry has


def test_an_entry_has_all_that_happened(url: str, recorded: Any, read: Any, attempt: Any) -> None:
    one = attempt(
        "POST",
        "payments/submit",
        at=1_800_000_000.25,
        status=201,
        body=b'{"batchBooking": true}',
        answer=b'{"isNew": true}',
        query=(("force", "true"),),
        headers={"Content-Type": "application/json"},
        authorisation={"Authorization": "Bearer geheim"},
        template="payments/submit",
        number=3,
        waited=1.5,
        call=17,
    )
    recorded(url, one, level="details")
    (entry,) = read(url)
    assert entry.timestamp == datetime.fromtimestamp(1_800_000_000.25, UTC)
    assert entry.call.endswith("-17")
    assert entry.id == 1
    assert (entry.method, entry.url) == ("POST", f"{BASE}/payments/submit?force=true")
    assert (entry.status, entry.error, entry.duration, entry.waited, entry.attempt) == (201, None, 0.25, 1.5, 3)
    assert (entry.key_name, entry.endpoint, entry.budget) == ("shop", "POST payments/submit", "authenticated")
    assert entry.request_headers == {"Content-Type": "application/json", "Authorization": "Bearer <secret>"}
    assert entry.request_content == Content(size=22, type="application/json", text='{"batchBooking":true}')
    assert entry.response_headers == {"content-type": "application/json"}
    assert entry.response_content == Content(size=15, type="application/json", text='{"isNew":true}')


def test_an_overview_has_neither_headers_nor_contents(url: str, recorded: Any, read: Any, attempt: Any) -> None:
    recorded(url, attempt("POST", body=b"{}", answer=b"{}", query=(("iban", "DE1"),)))
    (entry,) = read(url)
    assert entry.url == f"{BASE}/transactions?iban=***"
    assert (entry.request_headers, entry.request_content) == (None, None)
    assert (entry.response_headers, entry.response_content) == (None, None)


def test_an_overview_holds_on_to_no_body(attempt: Any) -> None:
    source = attempts.Source(BASE, BASE, "", {})
    heard = attempts.heard(source, attempt("POST", body=b"request", answer=b"x" * 1000), details=False)
    assert heard.details is None
    assert heard.size == 0


@pytest.mark.parametrize(
    ("options", "status", "error"),
    [
        ({"status": None, "error": ConnectionLostError("x")}, None, "ConnectionLostError"),
        ({"status": None}, None, "cancelled"),
        ({"status": 500, "error": ServerError("x", status=500)}, 500, "ServerError"),
    ],
    ids=["no answer", "cancelled", "an error"],
)
def test_what_went_wrong_is_told_by_its_name(
    url: str, recorded: Any, read: Any, attempt: Any, options: Any, status: int | None, error: str
) -> None:
    recorded(url, attempt(**options), level="details")
    (entry,) = read(url)
    assert (entry.status, entry.error) == (status, error)


def test_a_download_is_told_by_its_announced_size(url: str, recorded: Any, read: Any, attempt: Any) -> None:
    one = attempt(answered={"content-length": "4711", "content-type": "application/pdf"})
    object.__setattr__(one.request, "download", object())
    recorded(url, one, level="details")
    (entry,) = read(url)
    assert entry.response_content == Content(size=4711, type="application/pdf")


# From a client


async def test_retries_and_logins_belong_to_their_call(url: str, new_client: Any, read: Any) -> None:
    faults = ["401:transactions.list@1", "500:transactions.list@2"]
    async with (
        Sandbox(transactions=3, faults=faults) as sandbox,
        new_client(sandbox, communication_log=url, key_name="shop") as client,
    ):
        await client.request("GET", "transactions")
        await client.request("GET", "bank-accounts")
    entries = read(url)
    assert [(entry.endpoint, entry.status, entry.attempt) for entry in entries] == [
        ("POST authentication/token", 200, 1),
        ("GET transactions", 401, 1),
        ("POST authentication/token", 200, 1),
        ("GET transactions", 500, 2),
        ("GET transactions", 200, 3),
        ("GET bank-accounts", 200, 1),
    ]
    assert len({entry.call for entry in entries[:5]}) == 1
    assert entries[5].call != entries[0].call
    assert {entry.key_name for entry in entries} == {"shop"}
    assert [entry.budget for entry in entries][:2] == ["public", "authenticated"]


async def test_calls_at_once_have_calls_of_their_own(url: str, new_client: Any, read: Any) -> None:
    async with Sandbox(transactions=3) as sandbox, new_client(sandbox, communication_log=url) as client:
        await asyncio.gather(*(client.request("GET", "bank-accounts") for _ in range(5)))
        with pytest.raises(KonfipayError):
            await client.request("POST", "payments/submit", json={"paymentRids": []})
    entries = [entry for entry in read(url) if entry.budget == "authenticated"]
    assert len({entry.call for entry in entries}) == len(entries) == 6


async def test_the_recorder_is_told_too(url: str, new_client: Any, read: Any) -> None:
    told: list[str] = []

    class Recorder:
        def record(self, attempt: Any) -> None:
            told.append(attempt.request.path)

    async with (
        Sandbox(transactions=3) as sandbox,
        new_client(sandbox, communication_log=url, recorder=Recorder()) as client,
    ):
        await client.request("GET", "bank-accounts")
    assert told == ["authentication/token", "bank-accounts"]
    assert len(read(url)) == 2


async def test_the_environment_switches_it_on(
    url: str, new_client: Any, read: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KONFIPAY_COMMUNICATION_LOG", f"{url}?level=details&rows=1&keep=currency,name")
    async with Sandbox(transactions=3) as sandbox, new_client(sandbox) as client:
        page = await client.request("GET", "transactions")
    content = read(url)[1].response_content
    assert content is not None and content.text is not None  # noqa: PT018
    name = json.loads(page.body)["results"]["transactions"][0]["name"]
    assert f'"name":{json.dumps(name, ensure_ascii=False)}' in content.text
    assert content.left_out == 2


async def test_without_one_there_is_none(new_client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KONFIPAY_COMMUNICATION_LOG", "")
    async with Sandbox(transactions=3) as sandbox, new_client(sandbox) as client:
        await client.request("GET", "bank-accounts")
    assert threading.active_count() == len([one for one in threading.enumerate() if "communication" not in one.name])
    assert list(tmp_path.iterdir()) == []


async def test_clients_share_one(url: str, new_client: Any, read: Any) -> None:
    log = CommunicationLog(url)
    async with Sandbox(transactions=3) as sandbox, new_client(sandbox, communication_log=log, key_name="a") as first:
        async with new_client(sandbox, communication_log=log, key_name="b") as second:
            await first.request("GET", "bank-accounts")
            await second.request("GET", "bank-accounts")
        assert len(read(url)) == 4  # whoever leaves has it written
        await first.request("GET", "bank-accounts")
    assert [entry.key_name for entry in read(url)].count("a") == 3
    assert log.status().written == 5


async def test_a_view_that_is_closed_too_closes_it_once(url: str, new_client: Any, read: Any) -> None:
    async with Sandbox(transactions=3) as sandbox:
        with CommunicationLog(url) as log:
            client = new_client(sandbox, communication_log=log)
            await client.open()
            view = client.with_options(timeout=5.0)
            await view.request("GET", "bank-accounts")
            await view.close()
            await client.close()
            assert log._users == 1
    assert len(read(url)) == 2


async def test_a_log_that_cannot_be_opened_stops_the_client(new_client: Any, tmp_path: Path) -> None:
    async with Sandbox(transactions=3) as sandbox:
        client = new_client(sandbox, communication_log=f"sqlite:///{tmp_path}")
        with pytest.raises(StorageError, match="is a folder"):
            await client.open()
        with pytest.raises(KonfipayError):
            await client.request("GET", "bank-accounts")


@pytest.mark.parametrize(
    "given",
    ["", "api.db", "sqlite://", "sqlite:///", "sqlite:///:memory:", "mysql://x/y", "sqlite:///a?wrong=1", 17, b"x"],
)
def test_an_address_that_is_none_is_refused(given: Any) -> None:
    with pytest.raises(ConfigurationError, match="communication"):
        KonfipayClient("AKeyForTestsOnly", communication_log=given)


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"level": "all"}, "overview"),
        ({"days": 0}, "days"),
        ({"days": "x"}, "days"),
        ({"megabytes": 0.5}, "megabytes"),
        ({"megabytes": True}, "megabytes"),
        ({"rows": -1}, "rows"),
        ({"keep": ("apiKey",)}, "never kept"),
    ],
)
def test_settings_that_cannot_be_are_refused(url: str, option: Any, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        CommunicationLog(url, **option)
    ((name, value),) = option.items()
    with pytest.raises(ConfigurationError, match=words):
        CommunicationLog(f"{url}?{name}={'apiKey' if name == 'keep' else value}")


def test_an_address_may_say_that_there_is_no_limit(url: str, recorded: Any, read: Any, attempt: Any) -> None:
    recorded(f"{url}?days=none&megabytes=none", attempt(at=0.0))
    assert len(read(url)) == 1


# While it runs


def test_a_pause_keeps_nothing(url: str, log: CommunicationLog, attempt: Any, read: Any) -> None:
    told = recorder(log)
    told.record(attempt(path="banks"))
    log.pause()
    assert log.status().is_paused
    told.record(attempt(path="users"))
    log.resume()
    told.record(attempt(path="accounts"))
    log.flush()
    assert [entry.endpoint for entry in read(url)] == ["GET banks", "GET accounts"]


def test_a_flood_is_bounded_and_counted(
    url: str, attempt: Any, read: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(worker, "_MOST_WAITING", 50)
    monkeypatch.setattr(worker, "_EVERY", 60.0)  # nothing is taken out meanwhile
    with CommunicationLog(url) as log:
        told = recorder(log)
        for number in range(500):
            told.record(attempt(call=number))
        assert log.status().waiting == 50
        assert log.status().lost == {"too many were waiting to be written": 450}
    assert len(read(url)) == 50
    assert "too many were waiting" in caplog.text


def test_bodies_that_wait_are_bounded_too(url: str, attempt: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_MOST_HELD", 10_000)
    monkeypatch.setattr(worker, "_EVERY", 60.0)
    with CommunicationLog(url, level="details") as log:
        for _ in range(30):
            recorder(log).record(attempt(answer=b"1" * 1000))
        assert (log.status().waiting, sum(log.status().lost.values())) == (10, 20)


def test_what_is_lost_is_told_in_the_log_itself(url: str, attempt: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_MOST_WAITING", 1)
    monkeypatch.setattr(worker, "_EVERY", 60.0)
    with CommunicationLog(url) as log:
        for _ in range(10):
            recorder(log).record(attempt())
    with open_store(url) as store:
        (loss,) = store.losses()
    assert (loss.entries, loss.reason) == (9, "too many were waiting to be written")


def test_recording_after_the_end_is_counted(url: str, attempt: Any) -> None:
    log = CommunicationLog(url)
    recorder(log).record(attempt())
    assert log.status().lost == {"the log was not open": 1}


def test_what_cannot_be_masked_is_counted(url: str, log: CommunicationLog, attempt: Any, read: Any) -> None:
    recorder(log).record(attempt(query=(("is-new", object()),)))
    recorder(log).record(attempt())
    log.flush()
    assert log.status().lost == {"they could not be masked": 1}
    assert len(read(url)) == 1


class Store:
    """A writer that fails as it is told."""

    def __init__(self, errors: list[Exception | None]) -> None:
        self.errors = errors
        self.entries: list[Any] = []
        self.losses: list[Any] = []
        self.opened = 0
        self.tried = threading.Semaphore(0)

    def connect(self) -> "Store":
        self.opened += 1
        return self

    def write(self, entries: Any, losses: Any, *, now: float, again: bool = False) -> None:
        error = self.errors.pop(0) if self.errors else None
        self.tried.release()
        if error is not None:
            raise error
        self.entries += entries
        self.losses += losses

    def forget(self, now: float, *, most: int) -> None:
        pass

    def is_there(self) -> bool:
        return True

    def close(self) -> None:
        pass


@pytest.fixture
def broken(url: str) -> Iterator[Any]:
    """A log whose store fails; closed at the end."""
    logs: list[CommunicationLog] = []

    def make(*errors: Exception | None) -> tuple[CommunicationLog, Store]:
        store = Store(list(errors))
        log = CommunicationLog(url)
        log._worker._connect = store.connect
        log.open()
        logs.append(log)
        return log, store

    yield make
    for log in logs:
        log.close()


def test_a_store_that_comes_back_gets_what_waited(broken: Any, attempt: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    log, store = broken(StorageAwayError("the disk is full"), StorageAwayError("the disk is full"))
    recorder(log).record(attempt(path="banks"))
    log.flush()
    assert (log.status().failure, log.status().waiting) == ("the disk is full", 1)
    recorder(log).record(attempt(path="users"))
    log.flush()
    log.flush()
    assert (log.status().failure, log.status().waiting, log.status().written) == (None, 0, 2)
    assert [entry.endpoint for entry in store.entries] == ["GET banks", "GET users"]
    assert [record.message.split(".")[0] for record in caplog.records] == [
        "the disk is full",
        "the communication log is written again",
    ]


def test_a_store_that_never_comes_back_costs_what_waited(
    broken: Any, attempt: Any, caplog: pytest.LogCaptureFixture
) -> None:
    log, store = broken(*[StorageError("gone")] * 50)
    for _ in range(3):
        recorder(log).record(attempt())
    log.flush()
    log.close()
    assert log.status().lost == {"the store could not be written": 3}
    assert store.entries == []
    assert "ended without 3 entries" in caplog.text


def test_an_error_nobody_expects_ends_nothing(broken: Any, attempt: Any) -> None:
    log, store = broken(ValueError("x"), ValueError("x"))
    recorder(log).record(attempt(path="banks"))
    log.flush()
    recorder(log).record(attempt(path="users"))
    log.flush()
    assert [entry.endpoint for entry in store.entries] == ["GET users"]
    assert store.losses == [(1, "writing them failed with ValueError")]


def test_a_store_that_is_away_at_first_is_for_later(url: str, attempt: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    log = CommunicationLog(url)
    store = Store([])
    answers: list[Any] = [StorageAwayError("away"), StorageAwayError("away")]

    def connect() -> Store:
        if answers:
            raise answers.pop()
        return store

    log._worker._connect = connect  # type: ignore[assignment]
    with log:
        recorder(log).record(attempt())
        log.flush()
        assert log.status().failure == "away"
    assert len(store.entries) == 1


def test_a_file_that_is_taken_away_is_made_anew(url: str, log: CommunicationLog, attempt: Any, read: Any) -> None:
    file = Path(url.removeprefix("sqlite:///"))
    recorder(log).record(attempt(path="banks"))
    log.flush()
    file.rename(file.with_name("moved.db"))
    recorder(log).record(attempt(path="users"))
    log.flush()
    assert [entry.endpoint for entry in read(url)] == ["GET users"]


def test_it_opens_again(url: str, attempt: Any, read: Any) -> None:
    log = CommunicationLog(url)
    for _ in range(2):
        with log:
            recorder(log).record(attempt())
    log.close()
    assert len(read(url)) == 2


def test_recording_holds_nobody_up_while_it_is_written(broken: Any, attempt: Any) -> None:
    log, store = broken()
    writes = threading.Event()
    goes_on = threading.Event()
    write = store.write

    def slow(*arguments: Any, **more: Any) -> None:
        writes.set()
        goes_on.wait(10)
        write(*arguments, **more)

    store.write = slow
    recorder(log).record(attempt())
    assert writes.wait(10)
    for _ in range(100):
        recorder(log).record(attempt())
    assert log.status().waiting == 101
    goes_on.set()
    log.flush()
    assert len(store.entries) == 101


async def test_a_client_that_is_cancelled_while_it_opens_leaves_nothing(url: str, new_client: Any) -> None:
    async with Sandbox(transactions=3) as sandbox:
        client = new_client(sandbox, communication_log=url)
        opening = asyncio.create_task(client.open())
        await asyncio.sleep(0)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
    assert not [one for one in threading.enumerate() if "communication" in one.name]


async def test_a_client_whose_scope_is_cancelled_closes_its_log(url: str, new_client: Any, read: Any) -> None:
    async with Sandbox(transactions=3) as sandbox:
        with anyio.CancelScope() as scope:
            async with new_client(sandbox, communication_log=url) as client:
                await client.request("GET", "bank-accounts")
                scope.cancel()
    assert not [one for one in threading.enumerate() if "communication" in one.name]
    assert len(read(url)) == 2


async def test_so_does_a_client_of_the_signed_api(url: str) -> None:
    with anyio.CancelScope() as scope:
        async with WalleeClient(17, "c2VjcmV0" * 5 + "c2U=", communication_log=url):
            scope.cancel()
    assert not [one for one in threading.enumerate() if "communication" in one.name]


def test_a_path_that_is_secret_is_told_by_its_template(url: str, recorded: Any, read: Any, attempt: Any) -> None:
    template = "payment/transactions/by-credentials/{credentials}"
    recorded(url, attempt(path=template.format(credentials=4711), template=template, secret_path=True))
    assert read(url)[0].url == f"{BASE}/payment/transactions/by-credentials/***"
    source = attempts.Source(BASE, BASE, "", {})
    one = attempt(path="payments/4711", template="payments/{id}", secret_path=True)
    assert "4711" not in repr(attempts.heard(source, one, details=True))


def test_a_request_without_a_template_has_no_id_in_its_endpoint(
    url: str, recorded: Any, read: Any, attempt: Any
) -> None:
    recorded(url, attempt(path="payments/0b7f3c52-5f1c-4f2b-8f4e-2d6e5c6f1a90"))
    assert read(url)[0].endpoint == "GET payments/{id}"
