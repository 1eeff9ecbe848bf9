"""`konfipay verify` and `konfipay status`."""

import json
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from konfipay_async.sandbox import Sandbox

KEY = "k" * 64


def environment_of(sandbox: Sandbox) -> dict[str, str]:
    return {"KONFIPAY_API_KEY": sandbox.api_key, "KONFIPAY_BASE_URL": sandbox.base_url}


def change(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


# verify


async def test_complete_is_0_and_a_gap_is_6(konfipay, tmp_path):
    """A line for each account, and why."""
    async with Sandbox(transactions=100, accounts=2) as sandbox:
        await konfipay("pull", "--acknowledge", **environment_of(sandbox))
        complete = await konfipay("verify", **environment_of(sandbox))
        assert complete.code == 0, complete.err
        rows = [line.split("\t") for line in complete.out.splitlines()]
        assert rows[0][:4] == ["account", "currency", "verdict", "counts"]
        assert [row[2] for row in rows[1:]] == ["complete", "complete"]
        change(tmp_path / "transactions.db", "DELETE FROM transactions WHERE booking_date = '2022-01-05'")
        gap = await konfipay("verify", "--json", **environment_of(sandbox))
    assert gap.code == 6
    found = [json.loads(line) for line in gap.out.splitlines()]
    assert [one["verdict"] for one in found] == ["gap", "gap"]
    assert all("missing of 2022-01-05" in one["counts"]["reason"] for one in found)
    assert "2 of 2 accounts with a gap." in gap.err


async def test_what_cannot_be_known_is_said_and_is_0(konfipay, tmp_path):
    """Offline, without a key."""
    async with Sandbox(transactions=100, accounts=2) as sandbox:
        await konfipay("pull", "--acknowledge", **environment_of(sandbox))
    ended = await konfipay("verify", "--offline")
    assert ended.code == 0, ended.err
    assert "2 of 2 accounts of which it cannot be known." in ended.err


async def test_a_source_must_be_one_of_the_database(konfipay):
    """Where there is one only it need not be said."""
    async with Sandbox(transactions=10) as sandbox:
        for source in ("a", "b"):
            await konfipay("pull", "--source", source, **environment_of(sandbox))
    unsaid = await konfipay("verify", "--offline")
    assert unsaid.code == 2
    assert "there are a, b" in unsaid.err
    wrong = await konfipay("verify", "--offline", "--source", "c")
    assert wrong.code == 2
    assert "there are a, b" in wrong.err
    assert (await konfipay("verify", "--offline", "--source", "b")).code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["verify"], 5, "konfipay pull makes it"),
        (["verify", "--to", "nonsense"], 2, "sqlite:///"),
        (["verify", "--since", "2026-02-01", "--until", "2026-01-01"], 2, "2026-02-01"),
        (["status"], 5, "konfipay pull makes it"),
        (["status", "--to", "nonsense"], 2, "sqlite:///"),
    ],
)
async def test_bad_input_gets_one_clear_message(konfipay, tmp_path, arguments, code, says):
    """And no database is made."""
    ended = await konfipay(*arguments, KONFIPAY_API_KEY=KEY)
    assert ended.code == code, ended.err
    assert says in ended.err
    assert list(tmp_path.iterdir()) == []


# status


def statuses(out: str) -> dict[tuple[str, str], dict[str, object]]:
    found = [json.loads(line) for line in out.splitlines()]
    return {(one["source"], one["what"]): one for one in found}


async def test_a_database_is_checked_against_the_origin_it_was_filled_from(konfipay, tmp_path):
    """Another one has other bookings, and its balances are not to be noted here."""
    async with Sandbox(transactions=10) as sandbox, Sandbox(transactions=10, seed=7) as other:
        await konfipay("pull", **environment_of(sandbox))
        ended = await konfipay("verify", **environment_of(other))
        assert ended.code == 2
        assert f"filled from {sandbox.base_url}" in ended.err
        assert other.requests == []
        assert (await konfipay("verify", "--offline", **environment_of(other))).code == 0
        for driver in ("sqlite+aiosqlite", "postgresql+asyncpg"):
            ended = await konfipay("status", "--to", f"{driver}:///transactions.db")
            assert (ended.code, "sqlite:///" in ended.err) == (2, True)


async def test_the_last_pulls_of_each_key_and_kind(konfipay, tmp_path):
    """Done, failed, what is left, and how old what is known is."""
    async with Sandbox(transactions=10, paypal_transactions=3) as sandbox:
        await konfipay("pull", "--acknowledge", **environment_of(sandbox))
        await konfipay("pull", "--what", "paypal", **environment_of(sandbox))
        sandbox.arrive(5)
        sandbox.add_fault("403:transactions.acknowledge")
        assert (await konfipay("pull", "--acknowledge", **environment_of(sandbox))).code == 3
        ended = await konfipay("status", "--json")
    assert ended.code == 0, ended.err
    found = statuses(ended.out)
    assert set(found) == {("default", "transactions"), ("default", "paypal")}
    failed = found["default", "transactions"]
    assert (failed["outcome"], failed["error"], failed["failures"]) == ("failed", "ForbiddenError", 1)
    assert int(str(failed["pending"])) >= 1
    assert failed["pending_since"] is not None
    lag = failed["lag_seconds"]
    assert isinstance(lag, int)
    assert 0 <= lag < 60
    assert datetime.fromisoformat(str(failed["complete_at"])) < datetime.fromisoformat(str(failed["started_at"]))
    done = found["default", "paypal"]
    assert (done["outcome"], done["new"], done["failures"], done["pending"]) == ("done", 3, 0, 0)


async def test_a_pull_that_goes_on_or_was_killed_is_said_to_be_so(konfipay, tmp_path):
    """The database cannot tell the two apart, and names the process."""
    async with Sandbox(transactions=10) as sandbox:
        await konfipay("pull", **environment_of(sandbox))
    change(tmp_path / "transactions.db", "UPDATE pull_runs SET ended_at = NULL, outcome = NULL, process = 4711")
    ended = await konfipay("status")
    assert ended.code == 0
    assert "goes on in process 4711 on" in ended.out
    assert "never complete" in ended.out


async def test_days_that_are_over_say_nothing_of_what_is_new(konfipay, tmp_path):
    """A look back into last year does not hide that nothing came for a week."""
    async with Sandbox(transactions=10) as sandbox:
        await konfipay("pull", **environment_of(sandbox))
        change(tmp_path / "transactions.db", "UPDATE pull_runs SET started_at = '2026-01-01T00:00:00.000000+00:00'")
        await konfipay("pull", "--since", "2022-01-01", "--until", "2022-01-31", **environment_of(sandbox))
        assert (await konfipay("status", "--max-lag", "1h")).code == 6
        sandbox.add_fault("403:transactions.list")
        assert (await konfipay("pull", **environment_of(sandbox))).code == 3
        sandbox.clear_faults()
        assert statuses((await konfipay("status", "--json")).out)["default", "transactions"]["failures"] == 1
        await konfipay("pull", "--since", "2022-01-01", "--until", "2022-01-31", **environment_of(sandbox))
        assert statuses((await konfipay("status", "--json")).out)["default", "transactions"]["failures"] == 0
        assert (await konfipay("status", "--max-lag", "1h")).code == 6
        await konfipay("pull", "--since", "2022-01-01", **environment_of(sandbox))
        assert (await konfipay("status", "--max-lag", "1h")).code == 0


async def test_it_ends_with_6_where_what_is_known_is_too_old(konfipay, tmp_path):
    """For whoever watches the night's pulls."""
    async with Sandbox(transactions=10) as sandbox:
        await konfipay("pull", **environment_of(sandbox))
    assert (await konfipay("status", "--max-lag", "1h")).code == 0
    change(tmp_path / "transactions.db", "UPDATE pull_runs SET started_at = '2026-01-01T00:00:00.000000+00:00'")
    late = await konfipay("status", "--max-lag", "26h")
    assert late.code == 6
    assert "default: transactions are older than 26h." in late.err
    assert (await konfipay("status", "--max-lag", "soon")).code == 2


async def test_a_database_of_before_is_brought_up_to_date_by_a_pull(konfipay, tmp_path):
    """It has no runs yet."""
    async with Sandbox(transactions=10) as sandbox:
        await konfipay("pull", **environment_of(sandbox))
        change(tmp_path / "transactions.db", "DROP TABLE pull_runs", "DROP TABLE pull_days", "DROP TABLE pull_balances")
        before = await konfipay("status")
        assert before.code == 5
        assert "konfipay pull brings it up to date" in before.err
        await konfipay("pull", **environment_of(sandbox))
    assert (await konfipay("status")).code == 0
