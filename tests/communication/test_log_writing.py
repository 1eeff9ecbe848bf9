"""What is written is written once, whatever else happens; what has to go goes bit by bit; who forks goes on."""

import logging
import os
import signal
import stat
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import logbook
import pytest

from konfipay_async.communication import CommunicationLog, Entry, open_store, worker
from konfipay_async.communication.addresses import address_of, connect
from konfipay_async.communication.recorder import shared_log
from konfipay_async.communication.writing import Writer
from konfipay_async.errors import ConfigurationError, StorageAwayError
from konfipay_async.session.clock import SystemClock

BASE = "https://api.example/api/v6"
NOON = logbook.NOON.timestamp()


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, url: str) -> str:
    """Where no log is yet."""
    if request.param == "sqlite":
        return url
    postgres = request.getfixturevalue("postgres_server")
    postgres.execute("DROP SCHEMA IF EXISTS konfipay_communication CASCADE")
    return str(postgres.url())


@contextmanager
def writing(url: str, *, keeps: float | None = None, limit: int | None = None) -> Iterator[Writer]:
    writer = Writer(connect(address_of(url), writes=True), keeps=keeps, limit=limit)
    try:
        yield writer
    finally:
        writer.close()


def many(count: int, **more: Any) -> list[Entry]:
    """Entries, the oldest first, a second apart."""
    return [logbook.entry((count - number) / 60, call=f"{number}", **more) for number in range(count)]


def count(url: str) -> int:
    with open_store(url) as store:
        return len(store.search(limit=1_000_000).entries)


# One that cannot be written


def test_one_that_cannot_be_written_takes_no_other_along(
    url: str, attempt: Any, read: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_EVERY", 60.0)
    with CommunicationLog(url) as log:
        for number in range(20):
            log.recorder(base_url=BASE).record(attempt(number=2**70 if number in (3, 17) else 1, call=number))
        log.flush()
        assert log.status().lost == {"writing them failed with OverflowError": 2}
    assert len(read(url)) == 18


def test_one_that_a_server_refuses_is_not_tried_for_ever(
    postgres_server: Any, attempt: Any, read: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres_server.execute("DROP SCHEMA IF EXISTS konfipay_communication CASCADE")
    monkeypatch.setattr(worker, "_EVERY", 60.0)
    with CommunicationLog(postgres_server.url()) as log:
        for number in (1, 2, 2**40, 4):
            log.recorder(base_url=BASE).record(attempt(number=number))
        log.flush()
        assert (log.status().failure, log.status().waiting) == (None, 0)
        assert sum(log.status().lost.values()) == 1
    assert [entry.attempt for entry in read(postgres_server.url())] == [1, 2, 4]


@contextmanager
def frozen(server: Any) -> Iterator[None]:
    """The server stands still, as where its machine is frozen: the connection looks alive, and no statement ends."""
    ((process,),) = server.execute(
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'konfipay communication log' "
        "ORDER BY backend_start DESC LIMIT 1"
    )
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


@pytest.mark.parametrize("users", [1, 2])
def test_nobody_waits_for_a_server_that_stands_still(
    postgres_server: Any, attempt: Any, read: Any, monkeypatch: pytest.MonkeyPatch, caplog: Any, users: int
) -> None:
    """What waits is written when it answers again, also where the log was closed and opened anew meanwhile."""
    asking = logging.Handler()
    monkeypatch.setattr(asking, "emit", lambda record: log.status())
    caplog.clear()
    monkeypatch.setattr(worker.logger, "handlers", [asking])
    postgres_server.execute("DROP SCHEMA IF EXISTS konfipay_communication CASCADE")
    log = CommunicationLog(postgres_server.url())
    for _ in range(users):
        log.open()
    recorder = log.recorder(base_url=BASE)
    recorder.record(attempt(call=1))
    log.flush()
    with frozen(postgres_server), monkeypatch.context() as patience:
        patience.setattr(worker, "_PATIENCE", 0.2)
        recorder.record(attempt(call=2))
        for _ in range(users):
            log.close()
        assert "does not answer" in caplog.text
        assert ("does not answer" in str(log.status().failure)) is (users > 1)
        log.open()
        recorder.record(attempt(call=3))
    log.flush()
    assert log.status().failure is None
    recorder.record(attempt(call=4))
    log.close()
    assert (log.status().written, log.status().lost) == (4, {})
    assert [entry.call[-1] for entry in read(postgres_server.url())] == ["1", "2", "3", "4"]


def test_a_key_may_be_called_anything(place: str, attempt: Any, read: Any) -> None:
    with CommunicationLog(place) as log:
        log.recorder(base_url=BASE, key_name="a\0b\udcfc").record(attempt())
    assert [entry.key_name for entry in read(place)] == ["a\ufffdb\ufffd"]


def test_a_header_in_another_encoding_is_kept_as_far_as_it_can_be(url: str, recorded: Any, read: Any, attempt: Any):
    header = {"content-disposition": 'attachment; filename="\udcfcber.xml"'}
    recorded(url, attempt(answered=header), level="details", keep=("content-disposition",))
    assert read(url)[0].response_headers == {"content-disposition": 'attachment; filename="\ufffdber.xml"'}


def test_a_size_that_is_no_number_is_none(url: str, recorded: Any, read: Any, attempt: Any) -> None:
    downloads = [attempt(answered={"content-length": size}) for size in ("9" * 5000, "٣")]
    for download in downloads:
        object.__setattr__(download.request, "download", object())
    recorded(url, *downloads, level="details")
    assert [entry.response_content.size for entry in read(url)] == [None, None]


# Once


def test_a_commit_whose_answer_was_lost_is_not_repeated(place: str) -> None:
    entries = many(3)
    with writing(place) as writer:
        writer.write(entries, [(2, "x")], now=NOON)
        writer.write(entries, [(2, "x")], now=NOON, again=True)
    with open_store(place) as store:
        assert len(store.search().entries) == 3
        assert [loss.entries for loss in store.losses()] == [2]
        assert store.last() == 3


def test_what_may_be_written_is_tried_again_as_it_was(url: str, attempt: Any, read: Any, monkeypatch: Any) -> None:
    """A connection that breaks when all is committed, and more that waits meanwhile."""
    write = Writer.write
    tried: list[bool] = []

    def breaks(writer: Writer, *arguments: Any, again: bool = False, **more: Any) -> None:
        tried.append(again)
        write(writer, *arguments, again=again, **more)
        if len(tried) == 1:
            raise StorageAwayError("gone")

    monkeypatch.setattr(Writer, "write", breaks)
    monkeypatch.setattr(worker, "_EVERY", 60.0)
    with CommunicationLog(url) as log:
        told = log.recorder(base_url=BASE)
        for number in range(2):
            told.record(attempt(call=number))
            log.flush()
    assert tried == [False, True, False]
    assert [entry.call.partition("-")[2] for entry in read(url)] == ["0", "1"]
    assert log.status().written == 2


def test_no_more_is_masked_than_is_written_next(url: str, attempt: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_EVERY", 60.0)
    monkeypatch.setattr(worker, "_AT_ONCE", 10)
    with CommunicationLog(url) as log:
        written: list[int] = []
        mask, write = worker.entry_of, Writer.write
        masked: list[int] = []

        def counted(note: Any, *arguments: Any, **more: Any) -> Entry:
            masked.append(1)
            return mask(note, *arguments, **more)

        def noted(*arguments: Any, **more: Any) -> None:
            written.append(len(masked))
            write(*arguments, **more)

        monkeypatch.setattr(worker, "entry_of", counted)
        monkeypatch.setattr(Writer, "write", noted)
        for number in range(35):
            log.recorder(base_url=BASE).record(attempt(call=number))
        log.flush()
    assert written == [10, 20, 30, 35]
    assert count(url) == 35


def test_losses_are_added_up_by_the_hour(place: str) -> None:
    with writing(place) as writer:
        for minute in range(0, 180, 10):
            writer.write([], [(1, "a"), (2, "b")], now=NOON + 60 * minute)
    with open_store(place) as store:
        losses = store.losses()
    assert sorted((loss.reason, loss.entries) for loss in losses) == [("a", 6)] * 3 + [("b", 12)] * 3


def test_losses_go_with_the_entries_of_their_time(url: str) -> None:
    with writing(url, limit=1024 * 1024) as writer:
        writer.write(many(500), [(1, "long ago")], now=NOON - 600)
        for _ in range(10):
            writer.write(many(500), [], now=NOON)
        writer.write([], [(1, "now")], now=NOON)
    with open_store(url) as store:
        assert [loss.reason for loss in store.losses()] == ["now"]


# What has to go


def test_what_is_too_old_goes_bit_by_bit(place: str) -> None:
    with writing(place, keeps=3600.0) as writer:
        writer.write(many(450), [], now=NOON)
        found = []
        for _ in range(4):
            writer.forget(NOON + 7200, most=200)
            found.append(count(place))
    assert found == [250, 50, 0, 0]


def test_closing_does_not_wait_for_what_is_too_old(url: str, attempt: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_EVERY", 60.0)
    logbook.keep(url, many(2000))
    with CommunicationLog(url) as log:
        log.recorder(base_url=BASE).record(attempt(at=time.time()))
    assert 1500 < count(url) < 2001


def test_an_hour_of_short_runs_forgets_too(url: str) -> None:
    logbook.keep(url, many(250))
    left = []
    for _ in range(4):
        with CommunicationLog(url):
            pass
        left.append(count(url))
    assert left == [150, 50, 0, 0]


def test_what_is_too_much_goes_bit_by_bit(place: str) -> None:
    """A limit that was lowered: each write makes room for itself at once, the rest is for later."""
    with writing(place) as writer:
        for _ in range(12):
            writer.write(many(500), [], now=NOON)
    with writing(place, limit=1024 * 1024) as writer:
        writer.write(many(1), [], now=NOON)
        assert count(place) > 5000
        for _ in range(20):
            writer.forget(NOON, most=200)
    assert 1500 < count(place) < 4500


def test_nobody_adds_up_all_entries(postgres_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    postgres_server.execute("DROP SCHEMA IF EXISTS konfipay_communication CASCADE")
    with writing(postgres_server.url(), limit=1024 * 1024, keeps=3600.0) as writer:
        database: Any = writer._database
        asked: list[str] = []
        execute = database.execute
        database.execute = lambda statement, values=(): (asked.append(statement), execute(statement, values))[1]
        for _ in range(3):
            writer.write(many(500), [], now=NOON)
        writer.forget(NOON + 3600 - 100, most=1000)
    assert not [one for one in asked if "sum(" in one]
    noted, true = postgres_server.execute(
        "SELECT value FROM konfipay_communication.about WHERE name = 'bytes' "
        "UNION ALL SELECT sum(bytes) FROM konfipay_communication.entries"
    )
    assert noted == true
    assert noted[0] > 0


# One for a process


def test_clients_of_one_process_share_what_is_at_one_address(url: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    log = shared_log("sqlite:///api.db", SystemClock())
    assert shared_log("sqlite:///api.db", SystemClock()) is log
    assert shared_log("sqlite:///api.db?level=details", SystemClock()) is not log
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert shared_log("sqlite:///api.db", SystemClock()) is not log


async def test_many_clients_need_one_thread(url: str, new_client: Any) -> None:
    class Nowhere:
        base_url, api_key = BASE, "AKeyForTestsOnly"

    clients = [new_client(Nowhere, communication_log=url, key_name=f"{number}") for number in range(20)]
    for client in clients:
        await client.open()
    threads = [one for one in threading.enumerate() if "communication" in one.name]
    for client in clients:
        await client.close()
    assert len(threads) == 1
    assert not [one for one in threading.enumerate() if "communication" in one.name]


def forked(work: Callable[[], None]) -> int:
    """What a child ends with; -14 for one that hung."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it has threads, that is what this is about
        child = os.fork()
    if not child:
        signal.alarm(10)
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_child_goes_on_by_itself(place: str, attempt: Any, read: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what its parent had not written yet it leaves to its parent."""
    monkeypatch.setattr(worker, "_EVERY", 60.0)
    with CommunicationLog(place) as log:
        told = log.recorder(base_url=BASE)
        told.record(attempt(path="banks", call=1))
        log.flush()
        told.record(attempt(path="users", call=2))

        def work() -> None:
            log.flush()
            told.record(attempt(path="accounts", call=3))
            log.flush()
            assert log.status().written == 1
            log.close()

        with log._opening, log._worker._lock:  # by another thread, as far as a child can know
            ended = forked(work)
        assert ended == 0
        assert count(place) == 2
    entries = read(place)
    assert [entry.endpoint for entry in entries] == ["GET banks", "GET accounts", "GET users"]
    assert entries[0].call.partition("-")[0] == entries[2].call.partition("-")[0] != entries[1].call.partition("-")[0]


def test_nobody_waits_for_a_thread_that_is_no_more(url: str, attempt: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    log = CommunicationLog(url)
    monkeypatch.setattr(log._worker, "_work", lambda: None)
    with log:
        log.recorder(base_url=BASE).record(attempt())
        log.flush()
        assert log.status().waiting == 1
    log._worker._let_go()


# Whose it is, and where


def test_a_log_is_for_its_owner_s_eyes(url: str, recorded: Any, attempt: Any) -> None:
    file = Path(url.removeprefix("sqlite:///"))
    before = os.umask(0o022)
    try:
        with CommunicationLog(url) as log:
            log.recorder(base_url=BASE).record(attempt())
            log.flush()
            assert {stat.S_IMODE(one.stat().st_mode) for one in file.parent.iterdir()} == {0o600}
        file.chmod(0o640)
        recorded(url, attempt())
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


@pytest.mark.parametrize("address", ["erp:geheim/S3cretPart@127.0.0.1:1/db", "[::1/db", "erp:geh@S3cret/x@h/db"])
def test_an_address_that_cannot_be_read_is_not_told(address: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ConfigurationError, match="cannot read the address") as caught:
        open_store(f"postgresql://{address}")
    assert "S3cret" not in f"{caught.value}{caplog.text}"


@pytest.mark.parametrize("option", ["rows=٣", "days=٣", "megabytes=٨"])
def test_numbers_are_written_in_ascii(url: str, option: str) -> None:
    with pytest.raises(ConfigurationError, match=option.partition("=")[0]):
        CommunicationLog(f"{url}?{option}")
