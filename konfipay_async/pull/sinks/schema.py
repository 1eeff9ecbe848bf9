"""The tables, and what makes a database ours.

`transactions` holds one row for each delivery, `acknowledgements` the ids that acknowledge pages, `konfipay_meta` what
the database is: the version of this schema and the origin it was filled from. Nobody else's database is written to:
it is ours when `konfipay_meta` says so and these three tables have exactly these columns. Tables and views of your
own may live beside them once it is ours.

In SQLite amounts are text with every digit the API sent ("10.90"), days are ISO text and moments ISO text with their
offset. Another database needs three things: its `insert` in `INSERTS`, `with_variant(...)` on the three types below,
and its own lock.
"""

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    false,
    inspect,
    select,
)
from sqlalchemy.dialects import sqlite

from konfipay_async._version import __version__
from konfipay_async.errors import StorageError

__all__ = ["ACKNOWLEDGEMENTS", "INSERTS", "META", "TRANSACTIONS", "VERSION", "belong_to", "prepare"]

VERSION = "1"
INSERTS = {"sqlite": sqlite.insert}

_AMOUNT = Text()
_DAY = Text()
_MOMENT = Text()

_METADATA = MetaData()

# The order of these columns is the order of the values that `rows.row` builds.
TRANSACTIONS = Table(
    "transactions",
    _METADATA,
    Column("source", Text, nullable=False),
    Column("rid", Text, nullable=False),
    Column("timestamp", _MOMENT),
    Column("amount", _AMOUNT, nullable=False),
    Column("currency", Text, nullable=False),
    Column("credit_debit_indicator", Text, nullable=False),
    Column("electronic_sequence_number", Text),
    Column("name", Text),
    Column("iban", Text),
    Column("bic", Text),
    Column("booking_text", Text),
    Column("booking_date", _DAY),
    Column("value_date", _DAY),
    Column("is_new", Boolean),
    Column("bank_reference", Text),
    Column("payment_identification_id", Text),
    Column("prima_nota", Text),
    Column("purpose", Text),
    Column("end_to_end_id", Text),
    Column("customer_reference", Text),
    Column("file_kind", Text),
    Column("file_rid", Text),
    Column("file_format", Text),
    Column("file_timestamp", Text),  # a day for a document, a moment for a transaction file
    Column("file_legal_sequence_number", Text),
    Column("file_electronic_sequence_number", Text),
    Column("bank_account_rid", Text),
    Column("bank_account_iban", Text),
    Column("bank_account_currency", Text),
    Column("first_seen_at", _MOMENT, nullable=False),
    Column("last_seen_at", _MOMENT, nullable=False),
    PrimaryKeyConstraint("source", "rid"),
    Index("ix_transactions_booking_date", "booking_date"),
    Index("ix_transactions_account_booking_date", "bank_account_rid", "booking_date"),
)

ACKNOWLEDGEMENTS = Table(
    "acknowledgements",
    _METADATA,
    Column("source", Text, nullable=False),
    Column("acknowledgement_id", Text, nullable=False),
    Column("recorded_at", _MOMENT, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("settled_at", _MOMENT),
    Column("outcome", Text),
    PrimaryKeyConstraint("source", "acknowledgement_id"),
)

META = Table(
    "konfipay_meta",
    _METADATA,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)


def prepare(connection: Connection, *, origin: str, database: str) -> None:
    """Make an empty database ours, or see that it is ours already; StorageError where it is not.

    It belongs to an origin from the first page on, see `belong_to`. Call it inside a transaction that writes, so that
    two who come at once make the tables once.
    """
    inspector = inspect(connection)
    found = sorted({*inspector.get_table_names(), *inspector.get_view_names()})
    if not found:
        _METADATA.create_all(connection, checkfirst=False)
        facts = {"schema_version": VERSION, "created_by": f"konfipay-async {__version__}"}
        connection.execute(META.insert(), [{"key": key, "value": value} for key, value in facts.items()])
        return
    if META.name not in found:
        names = ", ".join(found[:5]) + (", …" if len(found) > 5 else "")
        raise StorageError(
            f"the database {database} is not ours: it has {names} and no {META.name}, so another program made it; "
            "choose another file, or a new one (--to)"
        )
    columns = {name: {str(column["name"]) for column in inspector.get_columns(name)} for name in found}
    _expect_columns(META, columns, database)
    _expect_version(_fact(connection, "schema_version"), database)
    for table in (TRANSACTIONS, ACKNOWLEDGEMENTS):
        _expect_columns(table, columns, database)
    _expect_origin(_fact(connection, "origin"), origin, database)
    # What may only be read lets a transaction begin, and refuses the first change: here, one of nothing.
    connection.execute(META.delete().where(false()))


def belong_to(connection: Connection, *, origin: str, database: str) -> None:
    """Note the origin with the first page that is written; StorageError where another was first.

    Not when the database is made: a pull that reached nobody must not bind it to a mistyped address.
    """
    if _fact(connection, "origin") is None:
        connection.execute(META.insert().values(key="origin", value=origin))
    _expect_origin(_fact(connection, "origin"), origin, database)


def _fact(connection: Connection, key: str) -> str | None:
    return connection.execute(select(META.c.value).where(META.c.key == key)).scalar_one_or_none()


def _expect_version(found: str | None, database: str) -> None:
    if found != VERSION:
        raise StorageError(
            f"the database {database} has schema version {found or 'unknown'}, this konfipay-async writes version "
            f"{VERSION}; use the konfipay-async that made it, or choose another file (--to)"
        )


def _expect_columns(table: Table, found: dict[str, set[str]], database: str) -> None:
    if table.name not in found:
        differences = ["it is missing"]
    else:
        ours, theirs = set(table.columns.keys()), found[table.name]
        differences = [f"{name} is missing" for name in sorted(ours - theirs)]
        differences += [f"{name} is not ours" for name in sorted(theirs - ours)]
    if differences:
        raise StorageError(
            f"the table {table.name} of the database {database} is not as konfipay-async makes it: "
            f"{', '.join(differences)}; undo that (tables of your own may have any columns), "
            "or choose another file (--to)"
        )


def _expect_origin(found: str | None, given: str, database: str) -> None:
    if found not in (None, given):
        raise StorageError(
            f"the database {database} was filled from {found}, this pull reads from {given}; "
            "choose another file for it (--to), or pull from the origin the database belongs to"
        )
