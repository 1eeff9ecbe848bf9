"""Many keys: the file that names them, and their pulls at once."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import date
from pathlib import Path
from textwrap import dedent

import pytest

from konfipay_async import errors
from konfipay_async.pull import Report, Step
from konfipay_async.pull.keyfile import Entry, read_keys
from konfipay_async.pull.many import Ended, KeyBudgets, pull_each
from konfipay_async.pull.sinks.sql import SqlSink
from konfipay_async.sandbox import ApiKey, Sandbox

KEY = "k" * 32 + "K" * 16 + "0" * 16


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KONFIPAY_API_KEY", "KONFIPAY_BASE_URL", "KONFIPAY_SHARED_LIMITS"):
        monkeypatch.delenv(name, raising=False)


def read(tmp_path: Path, text: str) -> list[Entry]:
    (tmp_path / "keys.toml").write_text(dedent(text), encoding="utf-8")
    return read_keys(tmp_path / "keys.toml")


# The file


def test_defaults_hold_where_a_key_says_nothing_else(tmp_path):
    north, south = read(
        tmp_path,
        """
        [defaults]
        to = "sqlite:///bank.db"
        acknowledge = true
        page_size = 500

        [keys.north]
        api_key_env = "NORTH"

        [keys.south]
        api_key_file = "secrets/south"
        source = "s"
        acknowledge = false
        pending_table = true
        base_url = "https://example.org/api/v6"
        requests_per_minute = 3000
        routes = { "transactions.list" = "GET bookings" }
        paging_names = ["pageNumber", "pageSize"]
        timeouts = { "transactions.list" = 90 }
        schedule = "15m"
        """,
    )
    assert (north.name, north.source, north.to, north.api_key_env) == ("north", "north", "sqlite:///bank.db", "NORTH")
    assert (north.plan.acknowledge, north.plan.page_size, north.base_url) == (True, 500, None)
    assert (south.source, south.api_key_file) == ("s", tmp_path / "secrets" / "south")
    assert (south.plan.acknowledge, south.plan.pending, south.requests_per_minute) == (False, True, 3000)
    assert south.pending_table
    assert south.routes == {"transactions.list": "GET bookings"}
    assert (south.paging_names, south.timeouts) == (("pageNumber", "pageSize"), {"transactions.list": 90})
    assert (north.schedule, south.schedule) == (None, "15m")


def test_days_and_files(tmp_path):
    """Days are not acknowledged, also where that is the default; a folder is beside the file."""
    days, files = read(
        tmp_path,
        """
        defaults = { acknowledge = true, folder = "statements" }
        [keys.days]
        api_key_env = "A"
        since = 2026-01-01
        [keys.files]
        api_key_env = "A"
        what = "files"
        """,
    )
    assert (days.plan.since, days.plan.acknowledge, days.plan.folder) == (date(2026, 1, 1), False, None)
    assert (files.plan.what, files.plan.acknowledge, files.plan.folder) == ("files", True, tmp_path / "statements")


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ('[keys.a]\napi_key_env = "A"\nacknowlege = true\n', 3, 1, "did you mean 'acknowledge'"),
        ('[key.a]\napi_key_env = "A"\n', 1, 2, "did you mean 'keys'"),
        ('# acknowlege\n[keys.a]\napi_key_env = """\nacknowlege"""\n  acknowlege=1\n', 5, 3, "acknowledge"),
        ('[keys.a]\napi_key_env = "A"\n[keys.b]\napi_key_env = "B"\nto = 5\n', 5, 1, "an address in quotes"),
        ('[keys.a]\napi_key_env = "A"\nto = ""\n', 3, 1, "an address in quotes"),
        ('[keys.a]\napi_key_env = "A"\npage_size = 1001\n', 3, 1, "1 to 1000"),
        ('[keys.a]\napi_key_env = "A"\npage_size = true\n', 3, 1, "1 to 1000"),
        ('[keys.a]\napi_key_env = "A"\nsince = "2026-01-01"\n', 3, 1, "without quotes"),
        ('[keys.a]\napi_key_env = "A"\nsince = 2026-01-01T00:00:00\n', 3, 1, "without quotes"),
        ('[keys.a]\napi_key_env = "A"\nwhat = "paypall"\n', 3, 1, '"paypal"'),
        ('[keys.a]\napi_key_env = "A"\nroutes = { "x" = 1 }\n', 3, 1, "a table of texts"),
        ('[keys.a]\napi_key_env = "A"\nroutes = { "transactions.lists" = "GET x" }\n', 3, 1, "transactions.lists"),
        ('[keys.a]\napi_key_env = "A"\nfilter_names = { "" = "" }\n', 3, 1, ""),
        ('[defaults]\nbase_url = "portal.konfipay.de"\n[keys.a]\napi_key_env = "A"\n', 2, 1, "portal.konfipay.de"),
        ('[keys.a]\napi_key_env = "A"\npaging_names = ["page"]\n', 3, 1, "two names"),
        ('[keys.a]\napi_key_env = "A"\npaging_names = ["page", "page"]\n', 3, 1, "page"),
        ('[keys.a]\napi_key_env = "A"\ntimeouts = { "transactions.list" = "9" }\n', 3, 1, "a table of seconds"),
        ('[keys.a]\napi_key_env = "A"\ntimeouts = { "transactions.list" = -1 }\n', 3, 1, "transactions.list"),
        ('[keys.a]\napi_key_env = "A"\ntimeouts = { "transaction.list" = 9 }\n', 3, 1, "transaction.list"),
        ('[keys.a]\napi_key_env = "A"\nschedule = "7m"\n', 3, 1, "divides neither"),
        ('[keys.a]\napi_key_env = "A"\nschedule = "61 * * * *"\n', 3, 1, "five fields of cron"),
        ('[keys.a]\napi_key_env = "A"\nuntil = 2026-01-01\n', 1, 7, "until needs since"),
        ('[keys.a]\napi_key_env = "A"\nsince = 2026-01-01\nacknowledge = true\n', 1, 7, "exclude each other"),
        ('[keys.a]\napi_key_env = "A"\nwhat = "files"\n', 1, 7, "folder"),
        ("[keys.a]\n", 1, 7, "api_key_env or api_key_file"),
        ('[keys.a]\napi_key_env = "A"\napi_key_file = "a"\n', 1, 7, "one of the two"),
        ("[keys]\na = 5\n", 2, 1, "[keys.a]"),
        ('[defaults]\napi_key_env = "A"\n', 2, 1, "belongs to one key"),
        ('[keys.a]\napi_key_env = "A"\n[keys.b]\napi_key_env = "B"\nsource = "a"\n', 3, 7, "same source 'a'"),
        ('[keys.a]\napi_key_env = "A\n', 2, 17, ""),
        ('[keys.a]\napi_key_env = "A"\n[keys.a]\n', 3, 8, ""),
    ],
)
def test_a_mistake_is_named_with_line_and_column(tmp_path, text, line, column, says):
    with pytest.raises(errors.ConfigurationError) as caught:
        read(tmp_path, text)
    assert f"keys.toml: line {line}, column {column}: " in str(caught.value)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        f'api_key = "{KEY}"',
        f'API-KEY = "{KEY}"',
        f'api_key_env = "{KEY}"',
        f'api_key_file = "{KEY}"',
        f'token = "{KEY}"',
    ],
)
def test_a_key_in_the_file_is_refused_and_not_repeated(tmp_path, text):
    """Wherever it stands."""
    for table in ("[keys.a]", "[defaults]\n[keys.a]"):
        with pytest.raises(errors.ConfigurationError, match="api_key_env") as caught:
            read(tmp_path, f"{table}\n{text}\n")
        assert KEY not in str(caught.value)
        assert "column 1" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "cannot be read"), (b"\xff\xfe", "UTF-8"), (b"", "no keys"), (b"[defaults]", "no keys")],
)
def test_a_file_that_is_none(tmp_path, content, says):
    if content is not None:
        (tmp_path / "keys.toml").write_bytes(content)
    with pytest.raises(errors.ConfigurationError, match=says):
        read_keys(tmp_path / "keys.toml")


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path):
    (tmp_path / "keys.toml").write_bytes('\ufeff[keys.a]\r\napi_key_env = "A"\r\n'.encode())
    assert [entry.name for entry in read_keys(tmp_path / "keys.toml")] == ["a"]


def test_a_mistake_in_a_long_file_is_found_quickly(tmp_path):
    """Ten thousand keys, and the last of them is wrong."""
    text = "".join(f'[keys.k{number}]\napi_key_env = "K{number}"\nto = "sqlite:///x"\n' for number in range(2_000))
    before = time.perf_counter()
    with pytest.raises(errors.ConfigurationError, match=r"line 6003, column 1: .* 'too'"):
        read(tmp_path, text + '[keys.last]\napi_key_env = "A"\ntoo = "x"\n')
    assert time.perf_counter() - before < 10


def test_what_is_wrong_with_the_environment_is_no_mistake_of_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("KONFIPAY_COMMUNICATION_LOG", "nonsense")
    monkeypatch.setenv("KONFIPAY_SHARED_LIMITS", "nonsense")
    monkeypatch.setenv("KONFIPAY_BASE_URL", "nonsense")
    text = (
        '[keys.a]\napi_key_env = "A"\nbase_url = "https://example.org/api/v6"\ntimeouts = { "transactions.list" = 9 }\n'
    )
    (entry,) = read(
        tmp_path, text + 'paging_names = ["number", "size"]\nfilter_names = { "transactions.is_new" = "isNew" }\n'
    )
    assert entry.base_url == "https://example.org/api/v6"


def test_where_a_key_is_but_cannot_be_had(tmp_path, monkeypatch):
    monkeypatch.setenv("EMPTY", " ")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\xff")
    text = '[keys.a]\napi_key_env = "EMPTY"\n[keys.b]\napi_key_file = "nothing"\n[keys.c]\napi_key_file = "binary"\n'
    for entry, says in zip(read(tmp_path, text), ("EMPTY", "nothing", "no text"), strict=True):
        with pytest.raises(errors.ConfigurationError, match=says):
            entry.api_key()


# At once


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    keys = [ApiKey(f"key{number}", own_flags=True) for number in range(3)]
    async with Sandbox(transactions=40, api_keys=keys) as sandbox:
        yield sandbox


@pytest.fixture
def entries(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Entry]:
    lines = [
        f'[defaults]\nto = "sqlite:///{tmp_path}/bank.db"\nbase_url = "{sandbox.base_url}"\n',
        "acknowledge = true\npage_size = 10\n",
    ]
    for number in range(3):
        monkeypatch.setenv(f"KEY{number}", sandbox.api_keys[f"key{number}"].value)
        lines.append(f'[keys.key{number}]\napi_key_env = "KEY{number}"\n')
    return read(tmp_path, "".join(lines))


def sink_of(entry: Entry, origin: str) -> SqlSink:
    return SqlSink(entry.to, source=entry.source, origin=origin)


def stored(tmp_path: Path) -> dict[str, int]:
    with closing(sqlite3.connect(tmp_path / "bank.db")) as connection:
        return dict(connection.execute("SELECT source, count(*) FROM transactions GROUP BY source"))


async def test_each_key_is_pulled_whole(sandbox, entries, tmp_path):
    """Side by side, each into rows of its own."""
    ended = await pull_each(entries, sink_of, budgets=KeyBudgets())
    assert [one.name for one in ended] == ["key0", "key1", "key2"]
    assert all(one.is_done and one.report.new == 40 for one in ended)
    assert stored(tmp_path) == {"key0": 40, "key1": 40, "key2": 40}
    assert [len(sandbox.new_rids(f"key{number}")) for number in range(3)] == [0, 0, 0]


async def test_a_budget_for_each_key_and_one_public_budget_for_the_origin(sandbox, entries):
    """Logins are counted together, all else by the key."""
    budgets = KeyBudgets()
    of_each = [budgets.of(entry.base_url, entry.api_key()) for entry in entries]
    assert len({id(one.public) for one in of_each}) == 1
    assert len({id(one.authenticated) for one in of_each}) == 3
    assert budgets.of(entries[0].base_url, entries[0].api_key() + "\n") is of_each[0]
    assert budgets.of("https://elsewhere.example/api", entries[0].api_key()).public is not of_each[0].public
    await pull_each(entries, sink_of, budgets=budgets)
    assert of_each[0].public.status().granted == 3
    assert [one.authenticated.status().granted for one in of_each] == [
        sandbox.count("transactions.list", key=f"key{number}")
        + sandbox.count("transactions.acknowledge", key=f"key{number}")
        for number in range(3)
    ]


async def test_a_key_that_fails_does_not_stop_the_others(sandbox, entries, tmp_path, monkeypatch):
    """One is refused, one is not there."""
    sandbox.deactivate("key0")
    monkeypatch.delenv("KEY2")
    told: list[Ended] = []
    ended = await pull_each(entries, sink_of, budgets=KeyBudgets(), tell=told.append)
    assert [type(one.error) for one in ended] == [errors.UnauthorizedError, type(None), errors.ConfigurationError]
    assert [one.is_done for one in ended] == [False, True, False]
    assert sorted(one.name for one in told) == ["key0", "key1", "key2"]
    assert stored(tmp_path) == {"key1": 40}


async def test_a_bug_that_one_key_meets_does_not_stop_the_others_either(sandbox, entries, tmp_path):
    """It is told by its kind and place: its words may say anything."""

    def buggy(entry: Entry, origin: str) -> SqlSink:
        if entry.name == "key1":
            raise KeyError("DE89370400440532013000")
        return sink_of(entry, origin)

    ended = await pull_each(entries, buggy, budgets=KeyBudgets())
    assert [one.is_done for one in ended] == [True, False, True]
    assert ended[1].message is not None
    assert ended[1].message.startswith("a bug, KeyError in line ")
    assert "DE89" not in ended[1].message
    assert ended[0].message is None


async def test_the_same_key_twice_is_refused_where_each_would_get_a_part(sandbox, entries, tmp_path, monkeypatch):
    """Of what both acknowledge; the first goes on."""
    monkeypatch.setenv("KEY1", sandbox.api_keys["key0"].value + "\n")
    ended = await pull_each(entries, sink_of, budgets=KeyBudgets())
    assert ended[0].is_done
    assert isinstance(ended[1].error, errors.ConfigurationError)
    assert "'key0'" in str(ended[1].error)


async def test_no_more_than_so_many_at_once(sandbox, entries):
    under_way: set[str] = set()
    most = 0

    def watch(name: str, step: Step, report: Report) -> None:
        nonlocal most
        under_way.add(name)
        most = max(most, len(under_way))

    await pull_each(
        entries, sink_of, budgets=KeyBudgets(), at_once=1, watch=watch, tell=lambda ended: under_way.discard(ended.name)
    )
    assert most == 1


async def test_stop_finishes_the_pages_in_hand_and_begins_no_more(sandbox, entries, tmp_path):
    stop = asyncio.Event()

    def watch(name: str, step: Step, report: Report) -> None:
        if step is Step.COMMITTED:
            stop.set()

    ended = await pull_each(entries, sink_of, budgets=KeyBudgets(), at_once=1, stop=stop, watch=watch)
    assert [(one.error, one.report.complete, one.report.new) for one in ended] == [
        (None, False, 10),
        (None, False, 0),
        (None, False, 0),
    ]
    assert len(sandbox.new_rids("key0")) == 30


async def test_cancelled_all_of_them_end(sandbox, entries, tmp_path):
    """And the next run ends what they began."""

    def watch(name: str, step: Step, report: Report) -> None:
        if step is Step.COMMITTED:
            task.cancel()

    task = asyncio.create_task(pull_each(entries, sink_of, budgets=KeyBudgets(), watch=watch))
    await asyncio.wait([task])
    assert task.cancelled()
    ended = await pull_each(entries, sink_of, budgets=KeyBudgets())
    assert all(one.is_done for one in ended)
    assert stored(tmp_path) == {"key0": 40, "key1": 40, "key2": 40}


async def test_two_pulls_of_one_source_at_once(sandbox, entries, tmp_path):
    """The second says who holds it, and leaves."""
    with SqlSink(entries[0].to, source="key0", origin=sandbox.base_url):
        ended = await pull_each(entries, sink_of, budgets=KeyBudgets())
    assert isinstance(ended[0].error, errors.StorageBusyError)
    assert "process" in str(ended[0].error)
    assert [one.is_done for one in ended] == [False, True, True]
