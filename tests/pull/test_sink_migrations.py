"""Databases that an earlier version made are brought up to date, whole or not at all."""

import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from konfipay_async.errors import StorageError
from konfipay_async.models.transactions import CreditDebitIndicator, Transaction
from konfipay_async.pull.sinks import Written, schema
from konfipay_async.pull.sinks.sql import SqlSink

ORIGIN = "https://portal.konfipay.de"

# As version 0.1.0 made them.
VERSION_1 = """
CREATE TABLE transactions (
    source TEXT NOT NULL, rid TEXT NOT NULL, timestamp TEXT, amount TEXT NOT NULL, currency TEXT NOT NULL,
    credit_debit_indicator TEXT NOT NULL, electronic_sequence_number TEXT, name TEXT, iban TEXT, bic TEXT,
    booking_text TEXT, booking_date TEXT, value_date TEXT, is_new BOOLEAN, bank_reference TEXT,
    payment_identification_id TEXT, prima_nota TEXT, purpose TEXT, end_to_end_id TEXT, customer_reference TEXT,
    file_kind TEXT, file_rid TEXT, file_format TEXT, file_timestamp TEXT, file_legal_sequence_number TEXT,
    file_electronic_sequence_number TEXT, bank_account_rid TEXT, bank_account_iban TEXT, bank_account_currency TEXT,
    first_seen_at TEXT NOT NULL, last_seen_at TEXT NOT NULL, PRIMARY KEY (source, rid)
);
CREATE INDEX ix_transactions_booking_date ON transactions (booking_date);
CREATE INDEX ix_transactions_account_booking_date ON transactions (bank_account_rid, booking_date);
CREATE TABLE acknowledgements (
    source TEXT NOT NULL, acknowledgement_id TEXT NOT NULL, recorded_at TEXT NOT NULL, rows INTEGER NOT NULL,
    settled_at TEXT, outcome TEXT, PRIMARY KEY (source, acknowledgement_id)
);
CREATE TABLE konfipay_meta ("key" TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY ("key"));
INSERT INTO konfipay_meta VALUES ('schema_version', '1'), ('origin', 'https://portal.konfipay.de');
INSERT INTO transactions (source, rid, amount, currency, credit_debit_indicator, first_seen_at, last_seen_at)
VALUES ('default', 'a', '1.00', 'EUR', 'CRDT', '2025-01-01T00:00:00.000000+00:00', '2025-01-01T00:00:00.000000+00:00'),
       ('default', 'b', '1.00', 'EUR', 'CRDT', '2025-01-01T00:00:00.000000+00:00', '2025-01-01T00:00:00.000000+00:00');
INSERT INTO acknowledgements VALUES ('default', 'ack-0', '2025-01-01T00:00:00.000000+00:00', 1, NULL, NULL);
"""


def booking(rid: str, **fields: Any) -> Transaction:
    return Transaction(
        rid=rid, amount=Decimal("1.00"), currency="EUR", credit_debit_indicator=CreditDebitIndicator.CRDT, **fields
    )


def structure(path: Path) -> set[tuple[str, str]]:
    """The tables' columns and the indexes."""
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute("SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'").fetchall()
        found = set(names)
        for kind, table in names:
            if kind == "table":
                found |= {(table, column[1]) for column in connection.execute(f"PRAGMA table_info({table})")}
    return found


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(VERSION_1)
    return path


def test_a_database_of_version_1_goes_on(old: Path) -> None:
    """Its rows are known, its ids pending, and it is as a new one."""
    with SqlSink(f"sqlite:///{old}", origin=ORIGIN) as sink:
        assert sink.pending() == ["ack-0"]
        assert sink.write([booking("a"), booking("b", bic="NEW"), booking("c")], "ack-1") == Written(1, 2, 1)
    new = old.with_name("new.db")
    with SqlSink(f"sqlite:///{new}", origin=ORIGIN):
        pass
    assert structure(old) == structure(new)
    with closing(sqlite3.connect(old)) as connection:
        version = connection.execute("SELECT value FROM konfipay_meta WHERE key = 'schema_version'").fetchone()
        changed = connection.execute("SELECT rid FROM transactions WHERE changed_at IS NOT NULL").fetchall()
    assert version == (schema.VERSION,)
    assert changed == [("b",)]


@pytest.mark.parametrize(
    ("spoilt", "says"),
    [
        ("CREATE TABLE pending_transactions (mine)", "pending_transactions that is not ours"),
        ("ALTER TABLE transactions ADD COLUMN note TEXT", "note is not ours"),
        ("DROP TABLE acknowledgements", "acknowledgements .* it is missing"),
        ("DROP TABLE transactions", "transactions .* it is missing"),
        ("UPDATE konfipay_meta SET value = 'https://elsewhere.example' WHERE key = 'origin'", "was filled from"),
    ],
)
def test_one_that_is_not_as_it_was_made_stays_as_it_is(old: Path, spoilt: str, says: str) -> None:
    """Half a migration would be worse than none."""
    with closing(sqlite3.connect(old)) as connection:
        connection.execute(spoilt)
        connection.commit()
    before = structure(old)
    with pytest.raises(StorageError, match=says):
        SqlSink(f"sqlite:///{old}", origin=ORIGIN).open()
    assert structure(old) == before
    with closing(sqlite3.connect(old)) as connection:
        assert connection.execute("SELECT value FROM konfipay_meta WHERE key = 'schema_version'").fetchone() == ("1",)


def test_every_version_before_this_one_can_be_brought_up_to_date() -> None:
    """No gap in the steps."""
    assert set(schema._STEPS) == {str(number) for number in range(1, int(schema.VERSION))}
