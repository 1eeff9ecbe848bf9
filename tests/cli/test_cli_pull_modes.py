"""`konfipay pull`: days, again and again, files, many keys, and events as JSON."""

import asyncio
import json
import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import warm

from konfipay_async.cli.watching import in_words, seconds_of
from konfipay_async.errors import ConfigurationError
from konfipay_async.sandbox import ApiKey, Sandbox

pytestmark = pytest.mark.usefixtures("program")


def environment_of(sandbox: Sandbox) -> dict[str, str]:
    return {"KONFIPAY_API_KEY": sandbox.api_key, "KONFIPAY_BASE_URL": sandbox.base_url}


def rows_of(file: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(query).fetchall()


KEY = "k" * 64


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--until", "2026-01-31"], "--since"),
        (["--since", "2026-02-01", "--until", "2026-01-31"], "2026-02-01"),
        (["--since", "2026-01-01", "--acknowledge"], "exclude each other"),
        (["--what", "files"], "--folder"),
        (["--every", "15"], "15m"),
        (["--heartbeat", "alive"], "--every"),
        (["--every", "1m", "--heartbeat", "no/such/folder/alive"], "no/such/folder"),
        (["--config", "nothing.toml"], "nothing.toml"),
        (["--config", "keys.toml", "--base-url", "https://example.org"], "--base-url stands in the file"),
        (["--config", "keys.toml"], "line 2, column 1"),
    ],
)
async def test_bad_input_gets_one_clear_message(konfipay, tmp_path, arguments, says):
    """Nothing is sent, no database is made."""
    (tmp_path / "keys.toml").write_text('[keys.a]\napi_key = "not so"\n')
    ended = await konfipay("pull", *arguments, KONFIPAY_API_KEY=KEY)
    assert ended.code == 2, ended.err
    assert says in ended.err
    assert list(tmp_path.glob("*.db")) == []


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("15m", 900), ("15 min", 900), ("2h", 7200), ("1d", 86400), ("1.5h", 5400)]
)
def test_how_often(text, seconds):
    assert seconds_of(text) == seconds
    for wrong in (f"-{text}", f"{text} {text}", "32d", "0.5s", "1e3s", "١٥m"):
        with pytest.raises(ConfigurationError):
            seconds_of(wrong)


def test_times_in_words():
    assert [in_words(seconds) for seconds in (0.4, 89, 900, 5399, 7200)] == ["0 s", "89 s", "15 min", "90 min", "2.0 h"]


async def test_the_bookings_of_some_days(konfipay, tmp_path):
    """New or not; the second run has nothing to read."""
    async with Sandbox(transactions=95) as sandbox:
        arguments = ("pull", "--since", "2022-01-05", "--until", "2022-01-10")
        first = await konfipay(*arguments, **environment_of(sandbox))
        assert first.code == 0, first.err
        assert "Pulling the transactions from 2022-01-05 to 2022-01-10." in first.out
        assert "new 32, known 0" in first.out
        assert len(sandbox.new_rids()) == 95
        again = await konfipay(*arguments, "--json", **environment_of(sandbox))
        assert json.loads(again.out)["transactions"] == 0
    assert rows_of(tmp_path / "transactions.db", "SELECT count(*) FROM transactions") == [(32,)]


async def test_statements_as_files(konfipay, tmp_path):
    """In a folder, acknowledged, and in a table."""
    async with Sandbox(transactions=5, accounts=1, transaction_files=6) as sandbox:
        ended = await konfipay(
            "pull", "--what", "files", "--folder", "statements", "--acknowledge", **environment_of(sandbox)
        )
        assert ended.code == 0, ended.err
        assert "Pulling new files." in ended.out
        assert "Stored in statements and transactions.db" in ended.out
        assert sandbox.files.new_rids() == []
    assert len(list((tmp_path / "statements").iterdir())) == 6
    assert rows_of(tmp_path / "transactions.db", "SELECT count(*) FROM transaction_files") == [(6,)]


async def test_paypal_transactions(konfipay, tmp_path):
    async with Sandbox(transactions=0, paypal_transactions=7) as sandbox:
        ended = await konfipay("pull", "--what", "paypal", "--json", **environment_of(sandbox))
        assert json.loads(ended.out)["new"] == 7
        assert len(sandbox.paypal_transactions.new_rids()) == 7


async def test_events_as_json(konfipay, kept_port):
    """One object a line on standard error, also for what fails; nothing of anybody's bookings."""
    async with Sandbox(transactions=25, port=kept_port) as sandbox:
        ended = await konfipay(
            "pull", "--acknowledge", "--page-size", "10", "--log", "json", "--quiet", **environment_of(sandbox)
        )
        events = [json.loads(line) for line in ended.err.splitlines()]
        assert [one["event"] for one in events].count("committed") == 3
        assert events[0]["event"] == "opened"
        assert events[-1] == events[-1] | {"event": "ended", "outcome": "done", "source": "default", "new": 25}
        booking = sandbox.transaction(sandbox.rids()[0])
        for personal in (booking["name"], booking["iban"], booking["purpose"], sandbox.api_key):
            assert personal not in ended.err
        assert ended.out == ""
    failed = await konfipay("pull", "--log", "json", KONFIPAY_API_KEY=KEY, KONFIPAY_BASE_URL=sandbox.base_url)
    assert failed.code == 4
    (event,) = [json.loads(line) for line in failed.err.splitlines() if '"failed"' in line]
    assert (event["error"], event["exit"]) == ("ConnectFailedError", 4)


async def start(tmp_path: Path, *arguments: str, **environment: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *warm.COMMAND, "pull", *arguments, cwd=tmp_path,
        env=os.environ | environment | {"PYTHONWARNINGS": "error"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def lines_until(process: asyncio.subprocess.Process, wanted: str) -> list[str]:
    """What it writes to standard output, up to the line with this in it."""
    assert process.stdout is not None
    lines: list[str] = []
    while not (lines and wanted in lines[-1]):
        line = await process.stdout.readline()
        assert line, (lines, await process.stderr.read() if process.stderr else b"")
        lines.append(line.decode())
    return lines


async def test_again_and_again_until_sigterm(tmp_path):
    """What arrives between two rounds is in the next one; the heartbeat says how it fares."""
    async with Sandbox(transactions=20) as sandbox:
        process = await start(
            tmp_path, "--acknowledge", "--every", "1s", "--heartbeat", "alive", "--log", "json", "--quiet",
            **environment_of(sandbox),
        )  # fmt: skip
        assert process.stderr is not None
        rounds: list[dict[str, object]] = []
        new: list[int] = []
        arrived = 20
        while sum(new) < 30:
            event = json.loads(await process.stderr.readline())
            if event["event"] == "ended":
                new.append(event["new"])
            if event["event"] == "waiting":
                rounds.append(event)
                # The next round may have begun before this is read.
                assert json.loads((tmp_path / "alive").read_text())["round"] >= len(rounds)
                if sum(new) == arrived:
                    arrived += 5
                    sandbox.arrive(5)
        process.send_signal(signal.SIGTERM)
        await process.communicate()
    assert process.returncode == 0
    assert [count for count in new if count] == [20, 5, 5]
    assert [one["round"] for one in rounds] == list(range(1, len(rounds) + 1))
    outcomes = rows_of(tmp_path / "transactions.db", "SELECT DISTINCT outcome FROM pull_runs")
    assert {("done",)} <= set(outcomes) <= {("done",), ("stopped",)}  # where the signal met one more round


async def test_sigterm_in_a_round_finishes_the_page_in_hand(tmp_path):
    """And that is a good end for what would go on for ever."""
    second = asyncio.Event()

    async def sleep(seconds: float) -> None:
        # The first page is served; the fetch of the second never ends, so that the signal meets it.
        if sandbox.count("transactions.list") > 1 and not second.is_set():
            second.set()
            await asyncio.Event().wait()

    async with Sandbox(transactions=50, latency=0.01, sleep=sleep) as sandbox:
        process = await start(
            tmp_path, "--acknowledge", "--page-size", "10", "--concurrency", "1", "--every", "1h",
            **environment_of(sandbox),
        )  # fmt: skip
        await second.wait()
        process.send_signal(signal.SIGTERM)
        out, err = await process.communicate()
        assert process.returncode == 0, err
        assert b"acknowledged 1 pages" in out
        assert len(sandbox.new_rids()) == 40


async def test_an_error_that_passes_is_told_and_the_next_round_goes_on(tmp_path):
    """Here a page of a proxy in the place of every answer, for longer than a request is tried again."""
    async with Sandbox(transactions=20) as sandbox:
        sandbox.add_fault("html:transactions.listx7")
        process = await start(tmp_path, "--acknowledge", "--every", "1s", **environment_of(sandbox))
        await lines_until(process, "new 20")
        process.send_signal(signal.SIGINT)
        _, err = await process.communicate()
    assert process.returncode == 0, err


async def test_an_error_that_does_not_pass_ends_it_with_its_code(konfipay, tmp_path):
    """A refused key, a database that is another program's."""
    async with Sandbox(transactions=5) as sandbox:
        refused = await konfipay("pull", "--every", "1s", KONFIPAY_API_KEY=KEY, KONFIPAY_BASE_URL=sandbox.base_url)
        assert refused.code == 3
        assert refused.err.count("refuses the API key") == 1
        with closing(sqlite3.connect(tmp_path / "theirs.db")) as connection:
            connection.execute("CREATE TABLE customers (name TEXT)")
        theirs = await konfipay("pull", "--every", "1s", "--to", "sqlite:///theirs.db", **environment_of(sandbox))
        assert theirs.code == 5


async def test_a_key_that_is_revoked_between_two_rounds_ends_it(tmp_path):
    """With the code of a refusal."""
    async with Sandbox(transactions=5, api_key=ApiKey("main")) as sandbox:
        process = await start(tmp_path, "--every", "1s", **environment_of(sandbox))
        await lines_until(process, "Next pull in 1 s.")
        sandbox.deactivate("main")
        _, err = await process.communicate()
    assert process.returncode == 3
    assert b"refuses the API key" in err


async def test_no_connection_is_told(tmp_path):
    """Standard output is left to what was done."""
    process = await start(
        tmp_path, "--every", "1s", KONFIPAY_API_KEY=KEY, KONFIPAY_BASE_URL="http://127.0.0.1:1/api/v6"
    )
    assert process.stderr is not None
    said = [(await process.stderr.readline()).decode() for _ in range(2)]
    process.send_signal(signal.SIGTERM)
    await process.communicate()
    assert process.returncode == 0
    assert "127.0.0.1:1" in said[0]
    assert "failure 1 in a row; next try in 1 s" in said[1]


# Many keys


def keys_of(sandbox: Sandbox, tmp_path: Path, names: list[str]) -> dict[str, str]:
    """Writes keys.toml; the environment that goes with it."""
    tables = [f'[keys.{name}]\napi_key_env = "KEY_{name}"\n' for name in names]
    defaults = f'[defaults]\nto = "sqlite:///bank.db"\nbase_url = "{sandbox.base_url}"\nacknowledge = true\n'
    (tmp_path / "keys.toml").write_text(defaults + "".join(tables))
    return {f"KEY_{name}": sandbox.api_keys[name].value for name in names}


async def test_many_keys_with_a_table_at_the_end(konfipay, tmp_path):
    """Each on a line of its own."""
    names = ["north", "south", "west"]
    async with Sandbox(transactions=20, api_keys=[ApiKey(name, own_flags=True) for name in names]) as sandbox:
        ended = await konfipay("pull", "--config", "keys.toml", **keys_of(sandbox, tmp_path, names))
    assert ended.code == 0, ended.err
    assert [line.split()[:3] for line in ended.out.splitlines()[1:]] == [[name, "done", "20"] for name in names]
    assert rows_of(tmp_path / "bank.db", "SELECT source, count(*) FROM transactions GROUP BY source") == [
        (name, 20) for name in names
    ]


async def test_one_failing_key_does_not_stop_the_rest(konfipay, tmp_path):
    """It is partial work; where all fail alike it is their code."""
    names = ["north", "south"]
    async with Sandbox(transactions=20, api_keys=[ApiKey(name, own_flags=True) for name in names]) as sandbox:
        environment = keys_of(sandbox, tmp_path, names)
        sandbox.deactivate("north")
        partly = await konfipay("pull", "--config", "keys.toml", "--json", **environment)
        assert partly.code == 6
        said = json.loads(partly.out)
        assert (said["exit"], said["keys"]["north"]["outcome"], said["keys"]["south"]["new"]) == (6, "Unauthorized", 20)
        assert "konfipay: north: " in partly.err
        sandbox.deactivate("south")
        assert (await konfipay("pull", "--config", "keys.toml", **environment)).code == 3
        del environment["KEY_south"]
        assert (await konfipay("pull", "--config", "keys.toml", **environment)).code == 6  # not for the same reason
    for value in environment.values():
        assert value not in partly.out + partly.err


async def test_many_keys_again_and_again(tmp_path):
    """A key that fails is told of each time; SIGTERM ends it."""
    names = ["north", "south"]
    async with Sandbox(transactions=20, api_keys=[ApiKey(name, own_flags=True) for name in names]) as sandbox:
        environment = keys_of(sandbox, tmp_path, names)
        sandbox.deactivate("north")
        process = await start(tmp_path, "--config", "keys.toml", "--every", "1s", **environment)
        await lines_until(process, "Next pull")
        sandbox.arrive(3)
        later: list[str] = []
        while not any(line.split()[:3] == ["south", "done", "3"] for line in later):
            later = await lines_until(process, "Next pull")
        process.send_signal(signal.SIGTERM)
        await process.communicate()
    assert process.returncode == 0


async def test_many_keys_of_which_none_can_be_pulled_end_it(konfipay, tmp_path):
    """With their code."""
    async with Sandbox(transactions=20, api_keys=[ApiKey("north"), ApiKey("south")]) as sandbox:
        environment = keys_of(sandbox, tmp_path, ["north", "south"])
        sandbox.deactivate("north")
        sandbox.deactivate("south")
        assert (await konfipay("pull", "--config", "keys.toml", "--every", "1s", **environment)).code == 3
