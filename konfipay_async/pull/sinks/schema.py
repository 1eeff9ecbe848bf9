"""The tables, what makes a database ours, and how one made by an earlier version is brought up to date.

`transactions` holds one row for each delivery, `pending_transactions` the pending ones where they were asked for apart,
`acknowledgements` the ids that acknowledge pages, `konfipay_meta` what the database is: the version of this schema and
the origin it was filled from. Nobody else's database is written to: it is ours when `konfipay_meta` says so and these
tables have exactly these columns. Tables and views of your own may live beside them once it is ours.

In SQLite, which has no exact numbers and no times, amounts are text with every digit the API sent ("10.90"), days are
ISO text and moments ISO text with their offset. In PostgreSQL they are numeric, date and timestamptz. What each column
means is written in docs/schema.md.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Date,
    DateTime,
    Dialect,
    Index,
    Integer,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    Table,
    Text,
    case,
    delete,
    false,
    insert,
    inspect,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from konfipay_async._version import __version__
from konfipay_async.errors import StorageError
from konfipay_async.pull.sinks.rows import BOOKKEEPING

__all__ = [
    "ACKNOWLEDGEMENTS",
    "INSERTS",
    "META",
    "METADATA",
    "PENDING",
    "TRANSACTIONS",
    "VERSION",
    "belong_to",
    "keep",
    "make",
    "move",
    "prepare",
    "upsert",
]

VERSION = "2"
INSERTS: dict[str, Callable[[Table], sqlite.Insert | postgresql.Insert]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}

_AMOUNT = Text().with_variant(Numeric(), "postgresql")
_DAY = Text().with_variant(Date(), "postgresql")
_MOMENT = Text().with_variant(DateTime(timezone=True), "postgresql")

METADATA = MetaData()


def _bookings(name: str) -> Table:
    # The order of these columns is the order of the values that `rows.row` builds.
    return Table(
        name,
        METADATA,
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
        Column("changed_at", _MOMENT),
        PrimaryKeyConstraint("source", "rid"),
        Index(f"ix_{name}_booking_date", "booking_date"),
        Index(f"ix_{name}_account_booking_date", "bank_account_rid", "booking_date"),
    )


TRANSACTIONS = _bookings("transactions")
PENDING = _bookings("pending_transactions")

ACKNOWLEDGEMENTS = Table(
    "acknowledgements",
    METADATA,
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
    METADATA,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)


def upsert(table: Table, dialect: Dialect, *, rows_from: Table | None = None) -> str:
    """The statement that keeps deliveries, as the driver takes it: one whose values are those of `rows.row`, in order,
    or all that are in another table.

    Of a row that is known `first_seen_at` stays; `changed_at` becomes this delivery's time where it says anything else
    than the row did.
    """
    statement = INSERTS[dialect.name](table)
    if rows_from is not None:
        statement = statement.from_select([column.name for column in table.columns], select(*rows_from.columns))
    new = statement.excluded
    differs = or_(
        *(column.is_distinct_from(new[column.name]) for column in table.columns if column.name not in BOOKKEEPING)
    )
    kept = ("source", "rid", "first_seen_at")
    changes: dict[str, ColumnElement[Any]] = {
        column.name: new[column.name] for column in table.columns if column.name not in kept
    }
    changes["changed_at"] = case((differs, new.last_seen_at), else_=table.c.changed_at)
    return str(statement.on_conflict_do_update(index_elements=["source", "rid"], set_=changes).compile(dialect=dialect))


def move(connection: Connection, there: Table, here: Table, source: str, these: ColumnElement[bool]) -> None:
    """Take these rows over from one table to the other, as they are."""
    theirs = there.c.source == source, these
    names = list(here.columns.keys())
    connection.execute(insert(here).from_select(names, select(*(there.c[name] for name in names)).where(*theirs)))
    connection.execute(delete(there).where(*theirs))


def prepare(connection: Connection, *, origin: str, database: str) -> None:
    """Make an empty database ours, or see that it is ours already, and bring it up to date; StorageError where it is
    not.

    It belongs to an origin from the first page on, see `belong_to`. Call it inside a transaction that writes, so that
    two who come at once make the tables once; where anything is wrong, nothing of it stays.
    """
    found = _found(connection)
    if not found:
        make(connection)
        return
    if META.name not in found:
        names = ", ".join(list(found)[:5]) + (", …" if len(found) > 5 else "")
        raise StorageError(
            f"the database {database} is not ours: it has {names} and no {META.name}, so another program made it; "
            "choose another database, or a new one (--to)"
        )
    _expect_columns(META, found, database)
    if _bring_up_to_date(connection, _fact(connection, "schema_version"), database):
        found = _found(connection)
    for table in (TRANSACTIONS, PENDING, ACKNOWLEDGEMENTS):
        _expect_columns(table, found, database)
    _expect_origin(_fact(connection, "origin"), origin, database)
    # What may only be read lets a transaction begin, and refuses the first change: here, one of nothing.
    connection.execute(delete(META).where(false()))


def make(connection: Connection, metadata: MetaData = METADATA) -> None:
    """Make the tables, as they are in `metadata`, and note of which version they are."""
    metadata.create_all(connection, checkfirst=False)
    facts = {"schema_version": VERSION, "created_by": f"konfipay-async {__version__}"}
    connection.execute(insert(META), [{"key": key, "value": value} for key, value in facts.items()])


def keep(
    connection: Connection, table: Table, key: Mapping[str, Any], values: Mapping[str, Any], *, replace: bool
) -> None:
    """Insert one row; where there is one of this key it gets these values, if `replace`, and else stays."""
    if connection.dialect.name in INSERTS:
        new = INSERTS[connection.dialect.name](table).values(**key, **values)
        names = list(key)
        connection.execute(
            new.on_conflict_do_update(index_elements=names, set_=dict(values))
            if replace
            else new.on_conflict_do_nothing(index_elements=names)
        )
        return
    this = [table.c[name] == value for name, value in key.items()]
    if connection.execute(select(*(table.c[name] for name in key)).where(*this)).first() is None:
        connection.execute(insert(table).values(**key, **values))
    elif replace:
        connection.execute(update(table).where(*this).values(**values))


def belong_to(connection: Connection, *, origin: str, database: str) -> None:
    """Note the origin with the first page that is written; StorageError where another was first.

    Not when the database is made: a pull that reached nobody must not bind it to a mistyped address.
    """
    keep(connection, META, {"key": "origin"}, {"value": origin}, replace=False)
    _expect_origin(_fact(connection, "origin"), origin, database)


def _found(connection: Connection) -> dict[str, set[str]]:
    """What is there: the tables and views, in order, and their columns."""
    inspector = inspect(connection)
    names = sorted({*inspector.get_table_names(), *inspector.get_view_names()})
    return {name: {str(column["name"]) for column in inspector.get_columns(name)} for name in names}


def _fact(connection: Connection, key: str) -> str | None:
    return connection.execute(select(META.c.value).where(META.c.key == key)).scalar_one_or_none()


def _bring_up_to_date(connection: Connection, version: str | None, database: str) -> bool:
    """Whether anything had to be done for it."""
    if version == VERSION:
        return False
    if version not in _STEPS:
        raise StorageError(
            f"the database {database} has schema version {version or 'unknown'}, this konfipay-async writes version "
            f"{VERSION} and knows older ones only; use the konfipay-async that made it, or choose another database "
            "(--to)"
        )
    while version != VERSION:
        version = _STEPS[version](connection, database)
    connection.execute(update(META).where(META.c.key == "schema_version").values(value=VERSION))
    return True


def _from_1(connection: Connection, database: str) -> str:
    """Version 2 notes when a booking changed, and can keep pending ones apart. Version 1 was for SQLite alone."""
    found = _found(connection)
    if PENDING.name in found:
        raise StorageError(
            f"the database {database} has a table {PENDING.name} that is not ours, and this version needs one of that "
            "name; rename yours, or choose another database (--to)"
        )
    if TRANSACTIONS.name in found:  # where it is missing, that is said later
        connection.execute(text("ALTER TABLE transactions ADD COLUMN changed_at TEXT"))
    PENDING.create(connection)
    return "2"


_STEPS: dict[str, Callable[[Connection, str], str]] = {"1": _from_1}


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
            "or choose another database (--to)"
        )


def _expect_origin(found: str | None, given: str, database: str) -> None:
    if found not in (None, given):
        raise StorageError(
            f"the database {database} was filled from {found}, this pull reads from {given}; "
            "choose another database for it (--to), or pull from the origin the database belongs to"
        )
