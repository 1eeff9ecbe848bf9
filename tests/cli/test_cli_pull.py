"""`konfipay pull` as a user sees it."""

import asyncio
import json
import os
import pty
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from konfipay_async.sandbox import Sandbox


def environment_of(sandbox: Sandbox) -> dict[str, str]:
    return {"KONFIPAY_API_KEY": sandbox.api_key, "KONFIPAY_BASE_URL": sandbox.base_url}


def count(file: Path) -> int:
    with closing(sqlite3.connect(file)) as connection:
        return int(connection.execute("SELECT count(*) FROM transactions").fetchone()[0])


async def test_the_first_command_of_the_readme(konfipay, tmp_path):
    """The embedded sandbox ends in a database, and a second run finds nothing new and says so."""
    first = await konfipay("pull", "--sandbox", "--json")
    assert first.code == 0, first.err
    report = json.loads(first.out)
    assert (report["new"], report["known"], report["acknowledged"], report["complete"]) == (25000, 0, 25, True)
    assert count(tmp_path / "sandbox.db") == 25000
    second = await konfipay("pull", "--sandbox")
    assert second.code == 0
    assert "Nothing new" in second.out
    assert count(tmp_path / "sandbox.db") == 25000


async def test_plain_lines_where_there_is_no_terminal(konfipay):
    """Counts and a sentence, no escape sequences."""
    async with Sandbox(transactions=25) as sandbox:
        ended = await konfipay("pull", "--acknowledge", "--page-size", "10", **environment_of(sandbox))
    assert ended.code == 0
    assert "new 25, known 0, acknowledged 3 pages" in ended.out
    assert "\x1b" not in ended.out + ended.err


async def test_without_acknowledge_it_says_what_that_means(konfipay, tmp_path):
    """Everything stays new at the server, and the user learns how to change that."""
    async with Sandbox(transactions=25) as sandbox:
        ended = await konfipay("pull", **environment_of(sandbox))
        assert len(sandbox.new_rids()) == 25
    assert ended.code == 0
    assert "--acknowledge" in ended.out
    assert count(tmp_path / "transactions.db") == 25


async def test_quiet_is_quiet(konfipay):
    """Not a word where all is well."""
    async with Sandbox(transactions=25) as sandbox:
        ended = await konfipay("pull", "--quiet", **environment_of(sandbox))
    assert (ended.code, ended.out, ended.err) == (0, "", "")


async def test_a_key_from_a_file(konfipay, tmp_path):
    """A line break at its end does no harm."""
    async with Sandbox(transactions=5) as sandbox:
        (tmp_path / "key").write_text(sandbox.api_key + "\n")
        ended = await konfipay("pull", "--api-key-file", "key", "--base-url", sandbox.base_url, "--json")
    assert json.loads(ended.out)["new"] == 5


KEY = "k" * 64


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ([], 2, "KONFIPAY_API_KEY"),
        (["--api-key-file", "nothing-there"], 2, "nothing-there"),
        (["--base-url", "http://bank.example/api/v6"], 2, "https://"),
        (["--base-url", "portal"], 2, "base_url"),
        (["--page-size", "0"], 2, "1 to 1000"),
        (["--page-size", "1001"], 2, "1 to 1000"),
        (["--page-size", "many"], 2, "--page-size"),
        (["--concurrency", "0"], 2, "concurrency=0"),
        (["--nonsense"], 2, "--nonsense"),
        (["--quiet", "--json"], 2, "--json"),
        (["--sandbox", "--base-url", "https://bank.example"], 2, "--base-url"),
        (["--base-url", "http://127.0.0.1:1/api/v6"], 4, "127.0.0.1:1"),
        (["--to", "sqlite:////no/such/folder/x.db"], 5, "/no/such/folder"),
        (["--to", "sqlite:////no/such/folder/x.db", "--sandbox"], 5, "/no/such/folder"),
        (["--to", "nonsense"], 2, "sqlite:///"),
        (["--to", ""], 2, "sqlite:///"),
        (["--to", "sqlite://", "--acknowledge"], 2, "Name a file"),
        (["--source", ""], 2, "source"),
    ],
)
async def test_bad_input_gets_one_clear_message(konfipay, tmp_path, arguments, code, says):
    """An exit code of its kind, the given and the allowed, no traceback, and no database left behind."""
    key = {} if says == "KONFIPAY_API_KEY" or "--sandbox" in arguments else {"KONFIPAY_API_KEY": KEY}
    ended = await konfipay("pull", *arguments, **key)
    assert ended.code == code, ended.err
    assert says in ended.err
    assert KEY not in ended.out + ended.err


async def test_a_wrong_key_is_refused(konfipay, tmp_path):
    """Refused by the API is exit code 3; the key is not shown."""
    async with Sandbox() as sandbox:
        ended = await konfipay("pull", "--base-url", sandbox.base_url, KONFIPAY_API_KEY=KEY)
    assert ended.code == 3
    assert "refuses the API key" in ended.err
    assert KEY not in ended.err


async def test_a_page_that_is_html(konfipay):
    """A proxy's page in the place of the API's is said to be one."""
    async with Sandbox(faults=["html:transactions.listx9"]) as sandbox:
        ended = await konfipay("pull", **environment_of(sandbox))
    assert ended.code == 3
    assert "HTML page" in ended.err


async def test_a_database_that_is_not_ours(konfipay, tmp_path):
    """Another program's database is not written to."""
    with closing(sqlite3.connect(tmp_path / "theirs.db")) as connection:
        connection.execute("CREATE TABLE customers (name TEXT)")
    ended = await konfipay("pull", "--sandbox", "--to", "sqlite:///theirs.db")
    assert ended.code == 5
    assert "not ours" in ended.err


async def test_the_sandbox_never_mixes_with_real_data(konfipay, tmp_path):
    """A database belongs to where it was filled from."""
    async with Sandbox(transactions=5) as sandbox:
        assert (await konfipay("pull", **environment_of(sandbox))).code == 0
    mixed = await konfipay("pull", "--sandbox", "--to", "sqlite:///transactions.db")
    assert mixed.code == 5
    assert "embedded sandbox" in mixed.err
    assert count(tmp_path / "transactions.db") == 5


async def test_a_pull_that_reached_nobody_binds_the_database_to_nothing(konfipay):
    """A mistyped address is corrected by typing it right."""
    assert (await konfipay("pull", "--base-url", "http://127.0.0.1:1/api", KONFIPAY_API_KEY=KEY)).code == 4
    async with Sandbox(transactions=5) as sandbox:
        assert (await konfipay("pull", **environment_of(sandbox))).code == 0


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_finishes_the_page_in_hand(tmp_path, signal_number):
    """Partial work is said to be so, and the next run has the rest."""
    second = asyncio.Event()

    async def sleep(seconds: float) -> None:
        # The first page is served; the fetch of the second never ends, so that the signal meets it.
        if sandbox.count("transactions.list") > 1 and not second.is_set():
            second.set()
            await asyncio.Event().wait()

    async with Sandbox(transactions=50, latency=0.01, sleep=sleep) as sandbox:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "konfipay_async", "pull", "--acknowledge", "--page-size", "10",
            "--concurrency", "1", "--to", f"sqlite:///{tmp_path / 'x.db'}",
            env=os.environ | environment_of(sandbox),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        await second.wait()
        process.send_signal(signal_number)
        out, err = await process.communicate()
        assert process.returncode == 6, err
        assert b"Finishing the page in hand" in out
        assert b"acknowledged 1 pages" in out
        assert len(sandbox.new_rids()) == 40
    assert count(tmp_path / "x.db") == 10


async def test_two_pulls_of_one_source_at_once(tmp_path, konfipay):
    """The second says who holds the database."""
    asked = asyncio.Event()
    never = asyncio.Event()

    async def sleep(seconds: float) -> None:
        asked.set()
        await never.wait()

    async with Sandbox(transactions=5, latency=0.01, sleep=sleep) as sandbox:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "konfipay_async", "pull", "--quiet", cwd=tmp_path,
            env=os.environ | environment_of(sandbox),
        )  # fmt: skip
        await asked.wait()
        second = await konfipay("pull", **environment_of(sandbox))
        process.kill()
        await process.wait()
    assert second.code == 5
    assert f"process {process.pid}" in second.err


async def test_a_terminal_shows_a_bar_and_a_table(tmp_path):
    """On a terminal there is something to see."""
    controller, terminal = pty.openpty()
    async with Sandbox(transactions=50) as sandbox:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "konfipay_async", "pull", "--acknowledge", "--page-size", "5", cwd=tmp_path,
            env=os.environ | environment_of(sandbox) | {"TERM": "xterm", "COLUMNS": "120"},
            stdout=terminal,
        )  # fmt: skip
        os.close(terminal)
        shown = bytearray()
        loop = asyncio.get_running_loop()
        ended = asyncio.ensure_future(process.wait())

        def read() -> bytes:
            try:
                return os.read(controller, 65536)
            except OSError:  # how a terminal says that its other end is closed
                return b""

        while chunk := await loop.run_in_executor(None, read):
            shown += chunk
        os.close(controller)
        assert await ended == 0
    text = shown.decode()
    for part in ("50 transactions", "rows/s", "requests left", "acknowledged", "\x1b["):
        assert part in text


async def test_a_key_without_the_right_to_acknowledge(konfipay):
    """All acknowledgements under way fail together: one message, and the rows are stored."""
    async with Sandbox(transactions=40, latency=0.01, faults=["403:transactions.acknowledgex1000"]) as sandbox:
        ended = await konfipay("pull", "--acknowledge", "--page-size", "5", **environment_of(sandbox))
    assert ended.code == 3
    assert ended.err.count("konfipay:") == 1
    assert "never retrieved" not in ended.err


async def test_what_is_kept_in_memory_is_not_acknowledged(konfipay):
    """It would be lost with the process; also where the address hides it."""
    async with Sandbox(transactions=5) as sandbox:
        for address in ("sqlite://", "sqlite:///file:x?mode=memory&uri=true"):
            ended = await konfipay("pull", "--acknowledge", "--to", address, **environment_of(sandbox))
            assert ended.code == 2
            assert "Name a file" in ended.err
        assert len(sandbox.new_rids()) == 5


async def test_the_sandbox_begins_afresh_with_each_database(konfipay, tmp_path):
    """What it remembers belongs to the database beside it."""
    assert json.loads((await konfipay("pull", "--sandbox", "--json")).out)["new"] == 25000
    (tmp_path / "sandbox.db").rename(tmp_path / "other.db")
    assert json.loads((await konfipay("pull", "--sandbox", "--json")).out)["new"] == 25000


async def test_a_file_that_is_not_the_sandboxs_is_left_alone(konfipay, tmp_path):
    """Although it has the name of its state."""
    (tmp_path / "mine.db.state").write_text("precious\n")
    ended = await konfipay("pull", "--sandbox", "--to", "sqlite:///mine.db")
    assert ended.code == 2
    assert "mine.db.state" in ended.err
    assert (tmp_path / "mine.db.state").read_text() == "precious\n"


async def test_inferred_names_can_be_corrected(konfipay):
    """A route and a filter, as the client takes them."""
    async with Sandbox(transactions=5) as sandbox:
        wrong = await konfipay(
            "pull", "--acknowledge", "--route", "transactions.acknowledge=POST acks", **environment_of(sandbox)
        )
        assert wrong.code == 3
        assert "transactions.acknowledge" in wrong.err or "routes=" in wrong.err
        named = await konfipay("pull", "--filter-name", "is_new=neu", **environment_of(sandbox))
        assert named.code == 0
        assert sandbox.requests[-1].query["neu"] == "true"
        assert (await konfipay("pull", "--route", "nonsense", **environment_of(sandbox))).code == 2


async def test_json_says_how_it_ended(konfipay):
    """Also where it failed."""
    ended = await konfipay("pull", "--json")
    assert json.loads(ended.out)["exit"] == ended.code == 2
    async with Sandbox(transactions=5) as sandbox:
        ended = await konfipay("pull", "--json", **environment_of(sandbox))
    assert json.loads(ended.out)["exit"] == ended.code == 0


async def test_an_output_that_takes_no_umlauts(konfipay):
    """Loses these, not the help."""
    ended = await konfipay("pull", "--help", PYTHONIOENCODING="ascii")
    assert ended.code == 0
    assert "Examples" in ended.out
