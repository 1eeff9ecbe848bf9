"""Databases nobody has tried: their statements run on SQLite here, and are compiled for the others."""

import sqlite3
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mssql, mysql
from sqlalchemy.schema import CreateTable

from konfipay_async import KonfipayClient
from konfipay_async.errors import ConfigurationError, StorageBusyError, StorageError
from konfipay_async.models.transactions import BankAccountRef, CreditDebitIndicator, DocumentRef, Transaction
from konfipay_async.pull import pull
from konfipay_async.pull.ranges import pull_range
from konfipay_async.pull.singles import pull_paypal
from konfipay_async.pull.sinks import Written, notes, other, schema, sql
from konfipay_async.pull.sinks.sql import SqlSink
from konfipay_async.sandbox import Sandbox

DIALECTS: dict[str, Any] = {"mysql": mysql.dialect(), "mssql": mssql.dialect()}  # type: ignore[no-untyped-call]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the plain statements write to, through SQLite as if it were such a database. A lock ends with its
    session."""
    sessions: dict[str, sa.Connection] = {}

    def lock(connection: sa.Connection, name: str) -> str | None:
        if name in sessions and not sessions[name].closed:
            return "the session 7"
        sessions[name] = connection
        return None

    monkeypatch.setattr(other, "_LOCKS", {"sqlite": lock})
    monkeypatch.setattr(sql, "_database", lambda address, source: other.Other(sa.make_url(address), source))
    monkeypatch.setattr(schema, "INSERTS", {})
    return tmp_path / "other.db"


def sink_of(path: Path, source: str = "default", **rest: Any) -> SqlSink:
    return SqlSink(f"sqlite:///{path}", source=source, **({"origin": "https://portal.konfipay.de"} | rest))


def booking(rid: str, amount: str = "10.90", **fields: Any) -> Transaction:
    fields = {"bank_account": BankAccountRef(rid="b-1")} | fields
    return Transaction(
        rid=rid, amount=Decimal(amount), currency="EUR", credit_debit_indicator=CreditDebitIndicator.CRDT, **fields
    )


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


async def test_whole_pulls_of_every_kind(path: Path) -> None:
    async with (
        Sandbox(transactions=95, pending=0) as sandbox,
        KonfipayClient(sandbox.api_key, base_url=sandbox.base_url) as client,
    ):
        for source, expected in (("a", 95), ("b", 0)):
            report = await pull(client, sink_of(path, source), acknowledge=True, page_size=10)
            assert (report.complete, report.new) == (True, expected)
        first, last = date(2022, 1, 3), date(2022, 1, 14)
        found = await pull_range(client, sink_of(path, "c"), first, last, page_size=5)
        assert (found.new, found.transactions) == (found.expected, found.expected)
        again = await pull_range(client, sink_of(path, "c"), first, last, page_size=5)
        assert again.pages == 0
        assert (await pull_paypal(client, sink_of(path), acknowledge=False)).new > 0
        assert not sandbox.new_rids()
        assert sorted(rid for (rid,) in rows(path, "SELECT rid FROM transactions WHERE source = 'a'")) == sorted(
            sandbox.rids()
        )
    assert rows(path, "SELECT count(*) FROM acknowledgements WHERE settled_at IS NULL") == [(0,)]
    assert {outcome for (outcome,) in rows(path, "SELECT outcome FROM pull_runs")} == {"done"}


def test_a_row_that_comes_again_is_known_and_changes_where_it_says_something_else(path: Path) -> None:
    with sink_of(path) as sink:
        assert sink.write([booking("1"), booking("2"), booking("2", "3")], "ack-1") == Written(2, 0)
        assert sink.write([booking("1"), booking("2", "4", is_new=True), booking("3")], "ack-1") == Written(1, 2, 1)
        assert sink.write([booking("1", is_new=False)], None) == Written(0, 1, 0)
        assert sink.pending() == ["ack-1"]
        sink.settle("ack-1", "acknowledged")
        assert sink.pending() == []
        with pytest.raises(StorageError, match="has no acknowledgement"):
            sink.settle("ack-2", "acknowledged")
    assert rows(path, "SELECT rid, amount, changed_at IS NULL FROM transactions ORDER BY rid") == [
        ("1", "10.90", 1),
        ("2", "4", 0),
        ("3", "10.90", 1),
    ]
    assert rows(path, "SELECT count(*) FROM transactions WHERE first_seen_at < last_seen_at") == [(2,)]


def test_an_interim_entry_that_comes_as_a_booking_moves(path: Path) -> None:
    interim = DocumentRef(rid="d", timestamp=date(2025, 2, 17), format="camt.052")
    with sink_of(path, pending_to_own_table=True) as sink:
        sink.write([booking("1", document=interim), booking("2", document=interim)], None)
        assert sink.write([booking("1")], None) == Written(0, 1, 1)
    assert rows(path, "SELECT rid FROM pending_transactions") == [("2",)]
    assert rows(path, "SELECT rid FROM transactions") == [("1",)]


def test_what_is_wrong_is_said_as_by_others(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Another origin, another pull, another program's tables; and that nobody has tried it."""
    with sink_of(path) as sink:
        sink.write([booking("1")], None)
        with pytest.raises(StorageBusyError, match="the session 7"):
            sink_of(path).open()
    assert "never tested" in caplog.text
    with pytest.raises(StorageError, match="was filled from"):
        sink_of(path, "another", origin="https://elsewhere.example").open()
    with closing(sqlite3.connect(path.with_name("theirs.db"))) as connection:
        connection.execute("CREATE TABLE customers (id)")
    with pytest.raises(StorageError, match="is not ours: it has customers"):
        sink_of(path.with_name("theirs.db")).open()
    path.with_name("damaged.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(StorageError, match="nothing was written") as caught:
        sink_of(path.with_name("damaged.db")).open()
    assert "SELECT" not in str(caught.value)


@pytest.mark.parametrize("kind", ["mysql+pymysql", "mariadb+mariadbconnector", "mssql+pymssql"])
def test_a_driver_that_is_not_installed_is_named(kind: str) -> None:
    with pytest.raises(ConfigurationError, match=r"needs the driver \w+: pip install") as caught:
        SqlSink(f"{kind}://user:geheim@host/bank", origin="x").open()
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_tables_are_such_as_these_databases_take(dialect: str) -> None:
    """A key has a length, and tells "a" from "A"; nothing that is text is cut, or without umlauts."""
    tables = [*other.fitted(schema.METADATA).sorted_tables, *other.fitted(notes.METADATA).sorted_tables]
    assert {table.name for table in tables} >= {"transactions", "acknowledgements", "pull_runs", "paypal_transactions"}
    for table in tables:
        made = str(CreateTable(table).compile(dialect=DIALECTS[dialect]))
        indexed = {column.name for index in table.indexes for column in index.columns}
        for column in table.columns:
            kind = column.type.compile(dialect=DIALECTS[dialect])
            if column.primary_key or column.name in indexed:
                assert "191" in kind, column
                assert "_bin" in kind.lower(), column
            else:
                assert not kind.startswith(("TEXT", "VARCHAR", "NUMERIC", "DATE", "TIMESTAMP")), column
        assert " TEXT" not in made


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_statements_are_such_as_these_databases_know(dialect: str) -> None:
    table = schema.TRANSACTIONS
    update = str(other._update(table).compile(dialect=DIALECTS[dialect]))
    assert update.startswith("UPDATE transactions SET ")
    assert "first_seen_at" not in update
    for statement in (
        sa.insert(table),
        sa.select(table).where(table.c.rid.in_(["a"])),
        sa.delete(table).where(table.c.source == "a"),
        sa.insert(schema.PENDING).from_select(list(table.columns.keys()), sa.select(*table.columns)),
        sa.select(sa.func.GET_LOCK("a", 2)),
    ):
        assert str(statement.compile(dialect=DIALECTS[dialect]))
