"""What lists and single things look like: on a terminal, in a pipe, as JSON."""

import asyncio
import json
import sys
from decimal import Decimal

import pytest

from konfipay_async.cli.exits import Exit
from konfipay_async.sandbox import ApiKey, Sandbox

# A group of commands, and what its JSON has beside the rid.
LISTS = {
    "accounts": "iban",
    "transactions": "acknowledgement_id",
    "files": "file_name",
    "documents": "file_name",
    "payments": "execution_date",
    "payments orders": "order",
    "paypal accounts": "client_id",
    "paypal transactions": "transaction_id",
}


@pytest.fixture
async def sandbox(piped, payment_file):
    """A sandbox in which there is something of everything."""
    async with Sandbox(transactions=12, accounts=4, documents=3, paypal_transactions=5) as sandbox:
        assert (await piped(sandbox, "payments", "upload", str(payment_file()))).code == Exit.DONE
        yield sandbox


@pytest.mark.parametrize("group", LISTS)
async def test_a_list_in_a_pipe_is_lines_with_titles_and_as_json_an_object_each(piped, sandbox, group):
    ended = await piped(sandbox, *group.split(), "list")
    assert (ended.code, ended.err) == (Exit.DONE, "")
    titles, *lines = [line.split("\t") for line in ended.out.splitlines()]
    assert lines
    assert {len(line) for line in lines} == {len(titles)}
    ended = await piped(sandbox, *group.split(), "list", "--json")
    rows = [json.loads(line) for line in ended.out.splitlines()]
    assert [row["rid"] for row in rows] == [line[titles.index("rid")] for line in lines]
    assert all(LISTS[group] in row for row in rows)


@pytest.mark.parametrize("group", [group for group in LISTS if group != "transactions"])
async def test_one_thing_is_shown_field_by_field(piped, on_terminal, sandbox, group):
    listed = json.loads((await piped(sandbox, *group.split(), "list", "--json", "--limit", "1")).out)
    assert json.loads((await piped(sandbox, *group.split(), "get", listed["rid"], "--json")).out) == listed
    lines = dict(
        line.split("\t") for line in (await piped(sandbox, *group.split(), "get", listed["rid"])).out.splitlines()
    )
    assert lines["rid"] == listed["rid"]
    shown = await on_terminal(sandbox, *group.split(), "get", listed["rid"])
    assert listed["rid"] in shown.out
    unknown = await piped(sandbox, *group.split(), "get", "00000000-0000-0000-0000-000000000000")
    assert (unknown.code, unknown.out) == (Exit.REFUSED, "")
    assert "ERR-01-0001" in unknown.err


@pytest.mark.parametrize("group", LISTS)
async def test_a_list_on_a_terminal_is_a_table(on_terminal, sandbox, group):
    ended = await on_terminal(sandbox, *group.split(), "list", "--limit", "2")
    assert ended.code == Exit.DONE
    assert "\t" not in ended.out
    assert len(ended.out.splitlines()) in (2, 3, 4)


@pytest.mark.parametrize("group", ["accounts", "files", "documents", "paypal transactions"])
async def test_an_id_is_whole_on_a_narrow_terminal(piped, on_terminal, sandbox, group):
    listed = json.loads((await piped(sandbox, *group.split(), "list", "--json", "--limit", "1")).out)
    ended = await on_terminal(sandbox, *group.split(), "list", columns=80)
    assert listed["rid"] in ended.out
    assert max(map(len, ended.out.splitlines())) <= 80


async def test_a_terminal_shows_a_hundred_rows_and_says_that_there_are_more(on_terminal, piped):
    async with Sandbox(transactions=150) as sandbox:
        ended = await on_terminal(sandbox, "transactions", "list")
        assert len(ended.out.splitlines()) == 102
        assert "100 of 150; --limit 0 shows all of them." in ended.out
        every = await on_terminal(sandbox, "transactions", "list", "--limit", "0")
        # A table of one screenful, and one of what is left.
        assert len(every.out.splitlines()) == 152
        assert "--limit" not in every.out
        assert len((await piped(sandbox, "transactions", "list")).out.splitlines()) == 151


async def test_where_there_is_nothing_a_terminal_says_so_and_a_pipe_has_the_titles(on_terminal, piped):
    async with Sandbox(transactions=0) as sandbox:
        assert "There are none." in (await on_terminal(sandbox, "transactions", "list")).out
        ended = await piped(sandbox, "transactions", "list")
        assert ended.out.startswith("booking_date\tamount\t")
        assert len(ended.out.splitlines()) == 1
        assert (await piped(sandbox, "transactions", "list", "--json")).out == ""


@pytest.mark.parametrize("value", ["-1", "many"])
async def test_a_limit_that_is_none(piped, value):
    async with Sandbox() as sandbox:
        ended = await piped(sandbox, "transactions", "list", "--limit", value)
    assert ended.code == Exit.USAGE
    assert "--limit" in ended.err


async def test_amounts_keep_every_digit(piped):
    async with Sandbox(transactions=40) as sandbox:
        rows = [json.loads(line) for line in (await piped(sandbox, "transactions", "list", "--json")).out.splitlines()]
        for row in rows:
            assert isinstance(row["amount"], str)
            assert Decimal(row["amount"]) == Decimal(str(sandbox.transaction(row["rid"])["amount"]))
        lines = [line.split("\t") for line in (await piped(sandbox, "transactions", "list")).out.splitlines()[1:]]
    signs = {"CRDT": 1, "DBIT": -1}
    for row, line in zip(rows, lines, strict=True):
        assert Decimal(line[1]) == Decimal(row["amount"]) * signs[row["credit_debit_indicator"]]


async def test_filters_of_transactions_reach_the_server(piped):
    asked = {
        "--min-booking-date": "2022-01-04",
        "--max-booking-date": "2030-01-01",
        "--booking-status": "booked",
        "--credit-or-debit-indicator": "CRDT",
        "--min-amount": "1.50",
        "--max-amount": "100000",
        "--bank-account-rid": "5959a0c1-5c5d-4dca-9fe7-8c25fee4927e",
        "--iban": "DE13200505500722877069",
        "--remittance-text": "Rechnung",
        "--account-description": "Konto",
        "--account-holder": "Nordlicht",
        "--customer-reference": "KD-1",
        "--payment-type": "TRF",
    }
    async with Sandbox(transactions=50) as sandbox:
        words = [word for pair in asked.items() for word in pair]
        assert (await piped(sandbox, "transactions", "list", "--not-new", *words)).code == Exit.DONE
        query = sandbox.requests[-1].query
    assert query["is-new"] == "false"
    assert {f"--{name}": value for name, value in query.items() if f"--{name}" in asked} == asked


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        (("accounts", "list", "--status", "active"), "status", "active"),
        (("files", "list", "--format", "53"), "format", "53"),
        (("files", "list", "--new"), "is-new", "true"),
        (("documents", "list", "--min-date", "2022-01-05"), "min-date", "2022-01-05"),
        (("paypal", "transactions", "list", "--not-new"), "is-new", "false"),
        (("payments", "list", "--min-execution-date", "2022-01-05"), "min-execution-date", "2022-01-05"),
        (("payments", "orders", "list", "--status", "Processed"), "status", "Processed"),
    ],
)
async def test_filters_of_other_lists_reach_the_server(piped, words, name, value):
    async with Sandbox(transactions=5) as sandbox:
        assert (await piped(sandbox, *words)).code == Exit.DONE
        assert sandbox.requests[-1].query[name] == value


async def test_what_a_bank_writes_does_nothing_to_a_terminal(piped, on_terminal, payment_file):
    async with Sandbox(transactions=1) as sandbox:
        file = payment_file()
        file.write_text(file.read_text("utf-8").replace("Käthe Müller", "Käthe\u009b31m\u202e\tMüller"), "utf-8")
        assert (await piped(sandbox, "payments", "extract", str(file))).code == Exit.DONE
        ended = await on_terminal(sandbox, "payments", "orders", "list")
        assert "Käthe 31m  Müller" in ended.out
        piped_out = (await piped(sandbox, "payments", "orders", "list")).out.splitlines()
        assert piped_out[1].count("\t") == piped_out[0].count("\t")
        as_json = (await piped(sandbox, "payments", "orders", "list", "--json")).out
        assert "\u009b" not in as_json
        assert json.loads(as_json.splitlines()[0])["other"]["description"] == "Käthe\u009b31m\u202e\tMüller"


async def test_scopes(piped, on_terminal):
    async with Sandbox(api_key=ApiKey("main", scopes=["Transactions", "Payments"])) as sandbox:
        ended = await piped(sandbox, "scopes")
        titles, *lines = ended.out.splitlines()
        assert (titles, sorted(lines)) == ("scope\tgranted", ["Payments\tyes", "Transactions\tyes"])
        every = [json.loads(line) for line in (await piped(sandbox, "scopes", "--all", "--json")).out.splitlines()]
        assert {row["scope"] for row in every if row["granted"]} == {"Transactions", "Payments"}
        assert {"scope": "PayPal", "granted": False} in every
        assert "Transactions" in (await on_terminal(sandbox, "scopes")).out
        refused = await piped(sandbox, "documents", "list")
    assert refused.code == Exit.REFUSED
    assert "'Documents'" in refused.err


async def test_the_ids_that_acknowledge_are_those_of_pages_that_were_shown_whole(piped, on_terminal):
    async with Sandbox(transactions=30) as sandbox:
        ended = await piped(sandbox, "transactions", "list", "--new", "--json", "--limit", "20")
        (id_,) = {json.loads(line)["acknowledgement_id"] for line in ended.out.splitlines()}
        done = await piped(sandbox, "transactions", "acknowledge", id_, "--yes")
        assert (done.code, done.out) == (Exit.DONE, f"id\toutcome\n{id_}\tacknowledged\n")
        assert len(sandbox.new_rids()) == 10
        again = await piped(sandbox, "transactions", "acknowledge", id_, "--yes", "--json")
        assert (again.code, json.loads(again.out)) == (Exit.REFUSED, {"id": id_, "outcome": "gone"})
        shown = await on_terminal(sandbox, "transactions", "list", "--new")
        assert "marks 10 of them as retrieved" in shown.out


async def test_rows_of_a_page_that_is_cut_have_no_id(piped):
    async with Sandbox(transactions=2500) as sandbox:
        ended = await piped(sandbox, "transactions", "list", "--json", "--limit", "1500")
    ids = [json.loads(line)["acknowledgement_id"] for line in ended.out.splitlines()]
    assert len(ids) == 1500
    assert None not in ids[:1000]
    assert set(ids[1000:]) == {None}


@pytest.mark.parametrize(
    "words",
    [
        ("transactions", "acknowledge"),
        ("files", "acknowledge"),
        ("documents", "acknowledge"),
        ("paypal", "transactions", "acknowledge"),
    ],
    ids=" ".join,
)
async def test_acknowledging_asks_because_others_share_the_flags(piped, on_terminal, words):
    """Nobody to ask is no yes, and neither is an empty line."""
    async with Sandbox(transactions=5, documents=1, paypal_transactions=1) as sandbox:
        (listed, *_) = (await piped(sandbox, *words[:-1], "list", "--new", "--json")).out.splitlines()
        id_ = json.loads(listed)["acknowledgement_id" if words[0] == "transactions" else "rid"]
        sandbox.requests.clear()
        for ended in (await piped(sandbox, *words, id_), await on_terminal(sandbox, *words, id_, typed="\n")):
            assert ended.code == Exit.USAGE
        assert not sandbox.requests
        assert "--yes" in (await piped(sandbox, *words, id_)).err
        assert (await piped(sandbox, *words)).code == Exit.USAGE
        ended = await on_terminal(sandbox, *words, id_, typed="y\n")
        assert ended.code == Exit.DONE
        assert "every application that shares this key's flags" in ended.out
        assert [request.method for request in sandbox.requests][-1] == "POST"


async def test_a_reader_that_has_enough_is_no_error(settled):
    async with Sandbox(transactions=20_000) as sandbox:
        settled(sandbox)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "konfipay_async", "transactions", "list",
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, limit=2**16,
        )  # fmt: skip
        assert process.stdout is not None
        assert (await process.stdout.readline()).startswith(b"booking_date")
        process.stdout._transport.close()  # type: ignore[attr-defined]
        assert process.stderr is not None
        assert await process.stderr.read() == b""
        assert await process.wait() == Exit.PARTIAL


async def test_what_may_be_an_account_or_a_key_is_not_repeated_in_a_complaint(piped):
    async with Sandbox() as sandbox:
        for words in (("accounts", "list", "DE89370400440532013000"), ("accounts", "get", "a", sandbox.api_key)):
            ended = await piped(sandbox, *words)
            assert ended.code == Exit.USAGE
            assert "DE8937" not in ended.err
            assert "…" in ended.err
