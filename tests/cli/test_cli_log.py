"""`konfipay log`: what was recorded is found, shown whole, exported and counted; mistakes are told in a sentence."""

import asyncio
import json
import os
import re
import shlex
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from konfipay_async import Attempt
from konfipay_async.cli import log as log_command
from konfipay_async.cli.app import run as run_command
from konfipay_async.cli.log_asking import Place, Selection, moment
from konfipay_async.cli.log_stats import plot
from konfipay_async.communication import CommunicationLog, Store, open_store
from konfipay_async.errors import ServerError, StorageError
from konfipay_async.sandbox import Sandbox
from konfipay_async.session.message import Request, Response

NOW = datetime.now(UTC).replace(microsecond=0)
BASE = "https://portal.konfipay.de/api/v6"


def attempt(ago: float, method: str = "GET", path: str = "transactions", **more: Any) -> Attempt:
    status = more.pop("status", 200)
    body, answer = more.pop("body", None), more.pop("answer", b"")
    of_request = {name: more.pop(name) for name in ("budget", "headers", "query") if name in more}
    headers = {"content-type": "application/json"}
    return Attempt(
        request=Request(method, path, read=lambda response: None, body=body, **of_request),
        started_at=NOW.timestamp() - ago,
        response=None if status is None else Response(status, headers, answer),
        **{"number": 1, "duration": 0.25, "waited": 0.125, "call": 1} | more,
    )


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A log of four entries: 1 a login, 2 a page, 3 a server's error, 4 a payment."""
    global NOW  # the others of the suite may have taken their time
    NOW = datetime.now(UTC).replace(microsecond=0)
    url = f"sqlite:///{tmp_path / 'api.db'}"
    login = {"budget": "public", "headers": {"Content-Type": "application/json"}}
    with CommunicationLog(url, level="details") as log:
        recorder = log.recorder(base_url=BASE, key_name="shop", headers={"Accept": "application/json"})
        rows = [{"rId": "r", "name": f"Käthe {number}"} for number in range(10)]
        for one in (
            attempt(4000, "POST", "authentication/token", body=b'{"apiKey": "geheim"}', **login),
            # A minute apart to the second, so that no calendar minute holds two of them.
            attempt(125, query=(("iban", "DE1"),), answer=json.dumps({"transactions": rows}).encode()),
            attempt(65, status=500, error=ServerError("x", status=500), number=2, answer=b"<html>"),
            attempt(5, "POST", "payments", status=None, call=7, authorisation={"Authorization": "Bearer geheim"}),
        ):
            recorder.record(one)
    for name in ("KONFIPAY_COMMUNICATION_LOG", "KONFIPAY_API_KEY", "KONFIPAY_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.chdir(tmp_path)
    return url


@pytest.fixture
def shows(url: str, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """What a command of the log shows; it ends well."""

    def show(*arguments: str) -> str:
        assert run_command(["log", *arguments, "--store", url]) == 0
        return capsys.readouterr().out

    return show


@pytest.fixture
def fails(url: str, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    def fail(*arguments: str) -> tuple[int, str]:
        store = () if "--store" in arguments else ("--store", url)
        code = run_command(["log", *arguments, *store])
        shown = capsys.readouterr()
        assert shown.out == ""
        return code, shown.err

    return fail


def listed(shown: str) -> list[int]:
    return [json.loads(line)["id"] for line in shown.splitlines()]


def test_the_overview_is_newest_first(shows: Any) -> None:
    head, *lines = shows().splitlines()
    assert head.split("\t")[:6] == ["id", "timestamp", "method", "url", "status", "duration"]
    assert [line.split("\t")[0] for line in lines] == ["4", "3", "2", "1"]
    assert lines[2].split("\t")[2:6] == ["GET", f"{BASE}/transactions?iban=***", "200", "0.250"]


def test_an_entry_is_a_line_of_json(shows: Any) -> None:
    first = json.loads(shows("--json").splitlines()[-1])
    assert first | {"call": ""} == {
        "id": 1,
        "timestamp": (NOW - timedelta(seconds=4000)).isoformat(),
        "method": "POST",
        "url": f"{BASE}/authentication/token",
        "status": 200,
        "duration": 0.25,
        "waited": 0.125,
        "attempt": 1,
        "call": "",
        "error": None,
        "key_name": "shop",
        "endpoint": "POST authentication/token",
        "budget": "public",
    }


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["--from", "1h"], [4, 3, 2]),
        (["--to", "90s"], [2, 1]),
        (["--from", (NOW - timedelta(seconds=130)).isoformat(), "--to", "30s"], [3, 2]),
        (
            # Tomorrow: it may be past midnight when this runs.
            ["--from", f"{NOW - timedelta(days=2):%Y-%m-%d}", "--to", f"{NOW + timedelta(days=1):%Y-%m-%d}"],
            [4, 3, 2, 1],
        ),
        (["--status", "2xx"], [2, 1]),
        (["--status", "5XX,none"], [4, 3]),
        (["--only-errors"], [4, 3]),
        (["--url", "PAYMENTS"], [4]),
        (["--method", "post"], [4, 1]),
        (["--key", "other"], []),
        (["--limit", "2"], [4, 3]),
    ],
    ids=lambda value: value[0].strip("-") + str(len(value)) if value and isinstance(value[0], str) else "",
)
def test_what_is_asked_for_is_found(shows: Any, arguments: list[str], found: list[int]) -> None:
    assert listed(shows(*arguments, "--json")) == found


def test_a_day_ends_with_its_end() -> None:
    assert moment("2026-01-31", "--to", ends=True) - moment("2026-01-31", "--from") == timedelta(days=1)
    assert moment("2026-01-31T10:30", "--to", ends=True) == moment("2026-01-31T10:30", "--from")


def test_the_environment_says_which_log(url: str, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setenv("KONFIPAY_COMMUNICATION_LOG", f"{url}?level=details")
    assert run_command(["log", "--json"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 4


def test_one_entry_has_the_eight_details(shows: Any) -> None:
    shown = shows("show", "2")
    titles = [line for line in shown.splitlines() if not line.startswith(" ")]
    assert titles == [
        *("Timestamp:", "Method:", "URL:", "Request header:", "Request content:", "Response status:"),
        *("Response header:", "Response content:", "Of the client:"),
    ]
    assert '    "transactions": [\n' in shown
    assert '        "name": "<text>"\n' in shown
    assert "7 rows left out" in shown
    assert "  200, 0.250 s\n" in shown
    assert "geheim" not in shown + shows("show", "4") + shows("show", "1")
    assert "  Authorization: Bearer <secret>\n" in shows("show", "4")
    assert "  no answer, cancelled, 0.250 s\n" in shows("show", "4")
    assert "not kept, SHA-256" in shows("show", "3")


def test_one_entry_as_json(shows: Any) -> None:
    entry = json.loads(shows("show", "1", "--json"))
    assert entry["request_content"]["text"] == '{"apiKey":"<secret>"}'
    assert entry["response_headers"] == {"content-type": "application/json"}


def test_an_entry_is_a_command_for_curl(shows: Any) -> None:
    assert shows("curl", "1") == shows("show", "1", "--curl")
    assert shlex.split(shows("curl", "1").replace("\\\n", "")) == [
        *("curl", "-g", "-X", "POST", f"{BASE}/authentication/token", "-H", "Accept: application/json"),
        *("-H", "Content-Type: application/json", "--data-binary", '{"apiKey":"<secret>"}'),
    ]
    assert '-H "Authorization: Bearer $TOKEN"' in shows("curl", "4")
    assert "geheim" not in shows("curl", "4")


def test_a_har_file_is_what_the_specification_says(shows: Any, tmp_path: Path) -> None:
    shows("export", "--har", "api.har")
    har = json.loads((tmp_path / "api.har").read_text())["log"]
    assert har["version"] == "1.2"
    assert set(har["creator"]) == {"name", "version"}
    assert len(har["entries"]) == 4
    for entry in har["entries"]:
        datetime.fromisoformat(entry["startedDateTime"])
        assert entry["cache"] == {}
        assert entry["time"] == pytest.approx(sum(entry["timings"].values()))
        assert {"blocked", "send", "wait", "receive"} == set(entry["timings"])
        request, response = entry["request"], entry["response"]
        assert {"method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"} <= set(
            request
        )
        assert {"status", "statusText", "httpVersion", "cookies", "headers", "content", "redirectURL"} <= set(response)
        assert {"headersSize", "bodySize"} <= set(response)
        assert {"size", "mimeType"} <= set(response["content"])
        assert isinstance(response["status"], int)
        for pair in (*request["headers"], *request["queryString"], *response["headers"]):
            assert set(pair) == {"name", "value"}
        if "postData" in request:
            assert {"mimeType", "text", "params"} <= set(request["postData"])
    assert [entry["response"]["status"] for entry in har["entries"]] == [0, 500, 200, 200]
    assert [entry["response"]["statusText"] for entry in har["entries"]] == ["", "Internal Server Error", "OK", "OK"]
    assert har["entries"][2]["request"]["queryString"] == [{"name": "iban", "value": "***"}]
    assert har["entries"][3]["request"]["postData"]["text"] == '{"apiKey":"<secret>"}'
    assert "geheim" not in (tmp_path / "api.har").read_text()


def test_a_har_file_of_nothing(shows: Any, tmp_path: Path) -> None:
    shows("export", "--har", "api.har", "--url", "nowhere")
    assert json.loads((tmp_path / "api.har").read_text())["log"]["entries"] == []


@pytest.mark.parametrize("name", ["api.db", "link.har", "api.db-wal"])
def test_a_har_file_does_not_take_the_place_of_the_log(url: str, fails: Any, tmp_path: Path, name: str) -> None:
    """Under whatever name it is given."""
    (tmp_path / "link.har").symlink_to("api.db")
    with open_store(url):  # a reader, for which the write-ahead log is there
        before = (tmp_path / name).read_bytes()
        code, said = fails("export", "--har", name)
        assert (tmp_path / name).read_bytes() == before
    assert (code, "is the log itself" in said) == (2, True)


def test_what_cannot_be_exported_to_its_end_leaves_the_file_that_was_there(
    url: str, fails: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no other."""

    def breaks(store: Any, number: int) -> Any:
        raise StorageError("the disk is damaged")

    monkeypatch.setattr("konfipay_async.communication.Store.get", breaks)
    (tmp_path / "api.har").write_text("of yesterday")
    before = sorted(tmp_path.iterdir())
    assert fails("export", "--har", "api.har") == (5, "konfipay: the disk is damaged\n")
    assert (tmp_path / "api.har").read_text() == "of yesterday"
    assert sorted(tmp_path.iterdir()) == before


def test_a_har_file_goes_where_a_link_leads_and_into_a_pipe(shows: Any, tmp_path: Path) -> None:
    """What is no file is written to as it is."""
    (tmp_path / "there").mkdir()
    (tmp_path / "api.har").symlink_to("there/whole.har")
    shows("export", "--har", "api.har")
    assert len(json.loads((tmp_path / "there" / "whole.har").read_text())["log"]["entries"]) == 4
    assert (tmp_path / "api.har").is_symlink()
    os.mkfifo(tmp_path / "pipe")
    with ThreadPoolExecutor() as threads:
        read = threads.submit((tmp_path / "pipe").read_text)
        shows("export", "--har", "pipe")
        assert len(json.loads(read.result(timeout=5))["log"]["entries"]) == 4
    assert (tmp_path / "pipe").is_fifo()


def test_a_file_for_other_tools_goes_through_a_pipe_without_a_name(shows: Any) -> None:
    """As a shell makes them: ``--har >(gzip > api.har.gz)``, ``--har /dev/stdout |``."""
    reading, writing = os.pipe()
    with ThreadPoolExecutor() as threads, open(reading, encoding="utf-8") as pipe:
        read = threads.submit(pipe.read)
        try:
            shows("export", "--har", f"/dev/fd/{writing}")
        finally:
            os.close(writing)
        assert len(json.loads(read.result(timeout=5))["log"]["entries"]) == 4


def test_figures_tell_minutes_statuses_and_endpoints(shows: Any) -> None:
    shown = shows("stats")
    assert "Requests per minute, authenticated (limit 1,000, busiest 1)" in shown
    assert " 1000 ┤\n" in shown
    assert "3 requests (no answer: 1, 200: 1, 500: 1)" in shown
    assert "GET transactions\t2\t1\t0.250\t0.250" in shown
    assert "Requests per minute, public (limit 100, busiest 1)" in shows("stats", "--from", "2h")


def test_figures_as_json(shows: Any) -> None:
    found = json.loads(shows("stats", "--from", "2h", "--json"))
    assert found["attempts"] == 4
    assert found["statuses"] == {"none": 1, "200": 2, "500": 1}
    assert sum(minute["authenticated"] for minute in found["minutes"]) == 3
    assert found["endpoints"][0] == {
        "endpoint": "GET transactions",
        "attempts": 2,
        "failed": 1,
        "p50": 0.25,
        "p95": 0.25,
    }


def test_figures_of_nobody(shows: Any) -> None:
    assert shows("stats", "--key", "nobody") == ""


def test_figures_of_a_time_in_which_nothing_was_sent(url: str, capsys: Any) -> None:
    """What was not said is not complained of."""
    assert run_command(["log", "stats", "--from", "2s", "--store", url]) == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "There are no requests in the log from then on." in shown.err


def test_what_was_too_much_is_told_with_its_budget(url: str, shows: Any) -> None:
    with CommunicationLog(url) as log:
        for budget in ("public", "authenticated", "authenticated"):
            log.recorder(base_url=BASE).record(attempt(9, budget=budget, status=429))
    shown = shows("stats")
    assert re.search(r"authenticated \(limit 1,000, busiest [23], 429: 2\)", shown)
    assert "Requests per minute, public (limit 100, busiest 1, 429: 1)" in shown


def test_a_plot_shows_the_busiest_minute_of_each_column() -> None:
    lines = plot([0, 1, 500, 1000, 0, 0, 2000, 0], 1000, 4)
    assert lines == [
        " 2000 ┤   █",
        "      │   █",
        "      │   █",
        "      │   █",
        "      │ █ █",
        "      │ █ █",
        "      │ █ █",
        "    0 ┤▁█ █",
    ]


async def test_following_shows_what_comes(url: str, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """What is recorded while it looks on is shown once, then Ctrl-C ends it well."""
    looks = 0

    class Clock:
        async def sleep(self, seconds: float) -> None:
            nonlocal looks
            looks += 1
            if looks == 3:
                raise asyncio.CancelledError
            with CommunicationLog(url) as log:
                log.recorder(base_url=BASE).record(attempt(5000 - looks, path="banks"))

    monkeypatch.setattr(log_command, "SystemClock", Clock)
    code = await asyncio.to_thread(run_command, ["log", "--follow", "--limit", "2", "--json", "--store", url])
    assert code == 0
    assert listed(capsys.readouterr().out) == [3, 4, 5, 6]


async def test_following_looks_at_each_entry_once(url: str, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """Also where none fits; and the event loop is not kept from anything."""
    looks: list[tuple[int, bool]] = []
    after = Store.after

    def look(store: Store, number: int, *more: Any, **options: Any) -> Any:
        looks.append((number, threading.current_thread() is threading.main_thread()))
        return after(store, number, *more, **options)

    class Clock:
        async def sleep(self, seconds: float) -> None:
            if len(looks) == 2:
                raise asyncio.CancelledError
            with CommunicationLog(url) as log:
                log.recorder(base_url=BASE).record(attempt(1, path="banks"))

    monkeypatch.setattr(log_command, "SystemClock", Clock)
    monkeypatch.setattr(Store, "after", look)
    assert await log_command._overview(follow=True, selection=Selection(url="nowhere"), place=Place(store=url)) == 0
    assert looks == [(4, False), (5, False)]


def test_what_could_not_be_kept_is_told(url: str, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr("konfipay_async.communication.worker._MOST_WAITING", 1)
    monkeypatch.setattr("konfipay_async.communication.worker._EVERY", 60.0)
    with CommunicationLog(url) as log:
        for _ in range(5):
            log.recorder(base_url=BASE).record(attempt(1))
    assert run_command(["log", "--store", url]) == 0
    assert "4 entries could not be kept" in capsys.readouterr().err


async def test_a_command_is_recorded_from_the_environment(
    settled: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """The whole way: one command records, another one shows it."""
    async with Sandbox(transactions=3) as sandbox:
        settled(sandbox)
        monkeypatch.setenv("KONFIPAY_COMMUNICATION_LOG", f"sqlite:///{tmp_path / 'new.db'}")
        assert await asyncio.to_thread(run_command, ["accounts", "list"]) == 0
        capsys.readouterr()
        assert await asyncio.to_thread(run_command, ["log", "--method", "GET", "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["endpoint"] == "GET bank-accounts"


@pytest.mark.parametrize("columns", [80, 160])
async def test_a_terminal_shows_a_table(url: str, on_terminal: Any, columns: int) -> None:
    async with Sandbox() as sandbox:
        shown = (await on_terminal(sandbox, "log", "--store", url, columns=columns)).out
    assert "timestamp" in shown
    assert "500" in shown
    assert all(len(line) <= columns for line in shown.splitlines())


# Mistakes


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--from", "2026-02-01", "--to", "2026-01-01"], 2, "earlier moment first"),
        (["--from", "tomorrow"], 2, "no moment"),
        (["--to", "2026-13-01"], 2, "no moment"),
        (["--from", "9" * 400 + "d"], 2, "--from"),
        (["--status", "700"], 2, "no status"),
        (["--status", "4xx,"], 2, "no status"),
        (["--method", "GET /"], 2, "no method"),
        (["--limit", "-1"], 2, "--limit"),
        (["--follow", "--limit", "-1"], 2, "--limit"),
        (["show", "99"], 2, "no entry 99"),
        (["curl", "99"], 2, "no entry 99"),
        (["show", str(2**63)], 2, "there is no entry 9223372036854775808"),
        (["curl", "9" * 100], 2, "there is no entry"),
        (["show", "x"], 2, ""),
        (["stats", "--authenticated", "0"], 2, "--authenticated"),
        (["stats", "--from", "2026-02-01", "--to", "2026-01-01"], 2, "earlier moment first"),
        (["export", "--har", "nowhere/api.har"], 5, "cannot be written"),
        (["export", "--har", "."], 5, "cannot be written"),
        (["--store", "sqlite:///."], 5, "is a folder"),
        (["--store", "sqlite:///nowhere.db"], 5, "no communication log"),
        (["--store", "api.db"], 2, "sqlite:///api.db"),
        (["--store", "sqlite:///other.db"], 5, "other.db"),
        (["--store", "postgresql://nobody@127.0.0.1:1/none"], 5, "cannot be reached"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_told_in_a_sentence(
    fails: Any, tmp_path: Path, arguments: list[str], code: int, words: str
) -> None:
    (tmp_path / "other.db").write_text("something else")
    ended, said = fails(*arguments)
    assert ended == code, said
    assert words in said
    assert "Traceback" not in said


def test_without_a_log_it_asks_which(url: str, capsys: Any) -> None:
    assert run_command(["log"]) == 2
    assert "--store" in capsys.readouterr().err
