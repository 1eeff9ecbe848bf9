"""docs/schema.md says what the tables are."""

import re
from pathlib import Path

import pytest
from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite

from konfipay_async.pull.sinks import notes, schema, singles

PAGE = (Path(__file__).parents[2] / "docs" / "schema.md").read_text(encoding="utf-8")
SECTIONS = {part.partition("\n")[0]: part for part in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]}
TABLES = {table.name: table for table in [*schema.TRANSACTIONS.metadata.sorted_tables, *notes.METADATA.sorted_tables]}


def rows_of(section: str) -> list[list[str]]:
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if not line.startswith("| ---")][1:]


def test_every_table_has_its_section() -> None:
    assert singles.FILES.name in TABLES
    assert set(SECTIONS) == {*TABLES, "Files"}


@pytest.mark.parametrize("table", [table for table in TABLES.values() if table is not schema.PENDING], ids=str)
def test_every_column_is_there_with_its_types(table: Table) -> None:
    """In the order it has in the table."""
    described = [row[:3] for row in rows_of(SECTIONS[table.name])]
    assert described == [
        [
            column.name,
            column.type.compile(dialect=sqlite.dialect()),
            column.type.compile(dialect=postgresql.dialect()),
        ]
        for column in table.columns
    ]


@pytest.mark.parametrize("table", [schema.TRANSACTIONS, schema.ACKNOWLEDGEMENTS, schema.META], ids=str)
def test_every_column_of_a_booking_is_explained(table: Table) -> None:
    assert [row[0] for row in rows_of(SECTIONS[table.name]) if len(row[3]) < 10] == []


def test_the_query_for_the_newest_interim_report_runs(tmp_path: Path) -> None:
    import sqlite3
    from contextlib import closing
    from datetime import date
    from decimal import Decimal

    from konfipay_async.models.transactions import BankAccountRef, CreditDebitIndicator, DocumentRef, Transaction
    from konfipay_async.pull.sinks.sql import SqlSink

    (query,) = re.findall(r"```sql\n(.*?)```", SECTIONS["pending_transactions"], re.DOTALL)
    entries = [
        Transaction(
            rid=rid,
            amount=Decimal(1),
            currency="EUR",
            credit_debit_indicator=CreditDebitIndicator.CRDT,
            document=DocumentRef(rid=f"d-{day}", timestamp=date(2025, 2, day), format="camt.052"),
            bank_account=BankAccountRef(rid=account),
        )
        for rid, day, account in (("a", 17, "x"), ("b", 18, "x"), ("c", 18, "x"), ("d", 17, "y"))
    ]
    with SqlSink(f"sqlite:///{tmp_path / 'x.db'}", origin="x", pending_to_own_table=True) as sink:
        sink.write(entries, None)
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        assert sorted(row[1] for row in connection.execute(query)) == ["b", "c", "d"]
