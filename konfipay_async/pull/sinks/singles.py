"""What is acknowledged one by one, in a database: transaction files that were saved, and PayPal transactions.

A row and the wish to acknowledge it are committed together. What is wished for and not settled yet is pending.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    PrimaryKeyConstraint,
    Table,
    Text,
    and_,
    insert,
    select,
    update,
)

from konfipay_async.errors import StorageError
from konfipay_async.models.paypal import PayPalAccountRef, PayPalTransaction
from konfipay_async.models.transaction_files import TransactionFile
from konfipay_async.models.transactions import BankAccountRef
from konfipay_async.pull.sinks import Written
from konfipay_async.pull.sinks.columns import Amount, Moment
from konfipay_async.pull.sinks.notes import METADATA, RunInTransaction
from konfipay_async.pull.sinks.noting import SavedFile, Single

__all__ = ["FILES", "PAYPAL", "SqlSingles"]

# SQLite before 3.32 takes 999 variables in a statement.
_CHUNK = 900
# Nobody pays 10**41 of anything.
_MOST_DIGITS = 40


def _bookkeeping() -> list[Column[Any]]:
    return [
        Column("first_seen_at", Moment, nullable=False),
        Column("last_seen_at", Moment, nullable=False),
        Column("acknowledge", Boolean, nullable=False),
        Column("settled_at", Moment),
        Column("outcome", Text),
        PrimaryKeyConstraint("source", "rid"),  # type: ignore[list-item]
    ]


FILES = Table(
    "transaction_files",
    METADATA,
    Column("source", Text, nullable=False),
    Column("rid", Text, nullable=False),
    Column("timestamp", Moment),
    Column("format", Text),
    Column("file_name", Text),
    Column("electronic_sequence_number", BigInteger),
    Column("legal_sequence_number", BigInteger),
    Column("bank_account_rid", Text),
    Column("bank_account_iban", Text),
    Column("bank_account_currency", Text),
    Column("saved_as", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    *_bookkeeping(),
)

PAYPAL = Table(
    "paypal_transactions",
    METADATA,
    Column("source", Text, nullable=False),
    Column("rid", Text, nullable=False),
    Column("timestamp", Moment),
    Column("transaction_id", Text),
    Column("amount", Amount),
    Column("fee", Amount),
    Column("currency", Text),
    Column("status", Text),
    Column("name", Text),
    Column("is_new", Boolean),
    Column("paypal_account_rid", Text),
    Column("paypal_account_description", Text),
    Column("extra", Text),
    *_bookkeeping(),
)

_TABLES: dict[Single, Table] = {"files": FILES, "paypal": PAYPAL}


class SqlSingles:
    """The files and PayPal transactions of one source; `run` does something in a transaction, perhaps twice.

    `belong` is called in each that keeps something, and binds the database to its origin.
    """

    def __init__(self, run: RunInTransaction, source: str, belong: Callable[[Connection], None]) -> None:
        self._run = run
        self._source = source
        self._belong = belong

    def saved(self, rid: str) -> SavedFile | None:
        """Where the file of this rid is, None where it was never kept."""
        query = select(FILES.c.saved_as, FILES.c.bytes, FILES.c.sha256).where(*self._this(FILES, rid))
        row = self._run(lambda connection: connection.execute(query).one_or_none())
        return None if row is None else SavedFile(*row)

    def keep_file(self, file: TransactionFile, saved: SavedFile, *, acknowledge: bool) -> Written:
        """Keep what is known of a file that is on the disk, and the wish to acknowledge it: both or neither."""
        account = file.bank_account or BankAccountRef()
        values = {
            "rid": file.rid,
            "timestamp": file.timestamp,
            "format": file.format,
            "file_name": file.file_name,
            "electronic_sequence_number": file.electronic_sequence_number,
            "legal_sequence_number": file.legal_sequence_number,
            "bank_account_rid": account.rid,
            "bank_account_iban": account.iban,
            "bank_account_currency": account.currency,
            "saved_as": saved.name,
            "bytes": saved.size,
            "sha256": saved.sha256,
        }
        return self._keep(FILES, [values], acknowledge=acknowledge)

    def keep_paypal(self, transactions: Sequence[PayPalTransaction], *, acknowledge: bool) -> Written:
        """Keep transactions, and the wish to acknowledge them: all or nothing. StorageError for an absurd amount."""
        return self._keep(PAYPAL, list(map(_paypal_values, transactions)), acknowledge=acknowledge)

    def pending(self, what: Single) -> list[str]:
        """The rids whose acknowledgement was wished for and is not settled, oldest first."""
        table = _TABLES[what]
        mine = table.c.source == self._source, table.c.acknowledge, table.c.settled_at.is_(None)
        query = select(table.c.rid).where(*mine).order_by(table.c.last_seen_at)
        return self._run(lambda connection: list(connection.scalars(query)))

    def settle(self, what: Single, rid: str, outcome: str) -> None:
        """Note what became of an acknowledgement. StorageError where it was never wished for."""
        table = _TABLES[what]
        wished = update(table).values(settled_at=_now(), outcome=outcome).where(table.c.acknowledge)

        def work(connection: Connection) -> int:
            return connection.execute(wished.where(*self._this(table, _fitting(rid, connection)))).rowcount

        if self._run(work) == 0:
            raise StorageError(f"the table {table.name} has no acknowledgement of {rid} to settle")

    def _keep(self, table: Table, rows: Sequence[Mapping[str, Any]], *, acknowledge: bool) -> Written:
        now = _now()
        wish = {"acknowledge": True, "settled_at": None, "outcome": None} if acknowledge else {}

        def work(connection: Connection) -> Written:
            self._belong(connection)
            # One that is there twice is kept as it came last.
            fitting = [{name: _fitting(value, connection) for name, value in row.items()} for row in rows]
            by_rid = {row["rid"]: {"source": self._source, **row} for row in fitting}
            found = self._found(connection, table, list(by_rid))
            fresh = [
                {**row, "first_seen_at": now, "last_seen_at": now, "acknowledge": acknowledge}
                for rid, row in by_rid.items()
                if rid not in found
            ]
            if fresh:
                connection.execute(insert(table), fresh)
            for rid in found:
                again = update(table).where(*self._this(table, rid))
                connection.execute(again.values(**by_rid[rid], last_seen_at=now, **wish))
            # What a commit wrote whose answer was lost is of this moment: it was not there before.
            known = {rid: before for rid, before in found.items() if before["first_seen_at"] != now}
            changed = sum(
                any(before[name] != value for name, value in by_rid[rid].items()) for rid, before in known.items()
            )
            return Written(new=len(by_rid) - len(known), known=len(known), changed=changed)

        return self._run(work)

    def _found(self, connection: Connection, table: Table, rids: list[str]) -> dict[str, Mapping[str, Any]]:
        found: dict[str, Mapping[str, Any]] = {}
        for start in range(0, len(rids), _CHUNK):
            these = and_(table.c.source == self._source, table.c.rid.in_(rids[start : start + _CHUNK]))
            found.update({row["rid"]: row for row in connection.execute(select(table).where(these)).mappings()})
        return found

    def _this(self, table: Table, rid: str) -> tuple[Any, ...]:
        return table.c.source == self._source, table.c.rid == rid


def _fitting(value: Any, connection: Connection) -> Any:
    """What PostgreSQL can hold of it: no NUL in a text, which becomes U+FFFD, and no year 1, which stands for "never"
    and would in another time zone be one that Python cannot read. One value must not hold up all rows."""
    if connection.dialect.name != "postgresql":
        return value
    if isinstance(value, datetime):
        return value if 1 < value.year < 9999 else None
    return value.replace("\0", "\ufffd") if isinstance(value, str) else value


def _paypal_values(transaction: PayPalTransaction) -> dict[str, Any]:
    account = transaction.account or PayPalAccountRef()
    return {
        "rid": transaction.rid,
        "timestamp": transaction.timestamp,
        "transaction_id": transaction.transaction_id,
        "amount": _amount(transaction.rid, transaction.amount),
        "fee": _amount(transaction.rid, transaction.fee),
        "currency": transaction.currency,
        "status": transaction.status,
        "name": transaction.name,
        "is_new": transaction.is_new,
        "paypal_account_rid": account.rid,
        "paypal_account_description": account.description,
        "extra": json.dumps(transaction.extra, default=str, ensure_ascii=False, sort_keys=True),
    }


def _amount(rid: str, amount: Decimal | None) -> Decimal | None:
    if amount is not None and abs(amount.adjusted()) > _MOST_DIGITS:
        raise StorageError(
            f"PayPal transaction {rid}: an amount cannot be kept (not below 10^{_MOST_DIGITS + 1}); nothing of its "
            "page was written"
        )
    return amount


def _now() -> datetime:
    return datetime.now(UTC)
