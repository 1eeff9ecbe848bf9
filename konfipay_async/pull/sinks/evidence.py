"""What a database can say about the completeness of one source: which statements, how many bookings on which day."""

import re
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import sqlalchemy as sa

from konfipay_async.pull.balances import Booked, Seen
from konfipay_async.pull.sinks import schema
from konfipay_async.pull.sinks.notes import BALANCES
from konfipay_async.pull.sinks.rows import is_interim_format
from konfipay_async.pull.sinks.singles import FILES

__all__ = ["Account", "Evidence", "Statements", "is_statement"]

Statements = Mapping[object, tuple[int, date]]
"""Statements by what tells them apart: the number and the day of each."""

# SQLite before 3.32 takes 999 variables in a statement.
_CHUNK = 900


class Account(NamedTuple):
    """An account that bookings are on. The rid is None where they do not say it."""

    rid: str | None
    iban: str | None = None
    currency: str | None = None


def is_statement(file_format: str | None) -> bool:
    """Whether a file of this format is a statement of what is booked: camt.053 or MT940, also by the short names that
    filters have. Interim reports and notifications are counted apart. Where no format is said it is taken for one.
    """
    return file_format is None or re.search(r"(?<!\d)(0?53|940)(?!\d)", file_format) is not None


class Evidence:
    """Asks the database, in transactions that only read, unless it says otherwise."""

    def __init__(self, connection: sa.Connection, source: str) -> None:
        self._connection = connection
        self._source = source

    def accounts(self) -> list[Account]:
        """The accounts that have rows."""
        table = schema.TRANSACTIONS
        rid, of_account = table.c.bank_account_rid, (table.c.bank_account_iban, table.c.bank_account_currency)
        query = sa.select(rid, *map(sa.func.max, of_account)).where(table.c.source == self._source)
        return [Account(*row) for row in self._all(query.group_by(rid).order_by(rid))]

    def span(self, account: Account | None = None) -> tuple[date, date] | None:
        """The first and the last booking day, of all accounts where None is given; None where there are no bookings."""
        day = schema.TRANSACTIONS.c.booking_date
        ((first, last),) = self._all(sa.select(sa.func.min(day), sa.func.max(day)).where(self._of(account)))
        return None if first is None else (_known(first), _known(last))

    def days(self, account: Account | None, first: date, last: date) -> dict[date, int]:
        """How many rows each booking day has, interim entries apart; None is all accounts."""
        day, made_as = schema.TRANSACTIONS.c.booking_date, schema.TRANSACTIONS.c.file_format
        query = sa.select(day, made_as, sa.func.count()).where(*self._between(account, first, last))
        found: dict[date, int] = {}
        for said, file_format, count in self._all(query.group_by(day, made_as)):
            if not is_interim_format(file_format):
                found[_known(said)] = found.get(_known(said), 0) + count
        return found

    def known(self, rids: Collection[str]) -> set[str]:
        """Those of these rids that the database has, on whatever day."""
        table, listed = schema.TRANSACTIONS, list(rids)
        found: set[str] = set()
        for start in range(0, len(listed), _CHUNK):
            these = table.c.source == self._source, table.c.rid.in_(listed[start : start + _CHUNK])
            found.update(rid for (rid,) in self._all(sa.select(table.c.rid).where(*these)))
        return found

    def statements(self, account: Account) -> Statements:
        """The statements that booked rows came from, those whose number is one. The day is the last that was booked.

        What tells statements of the same number apart is the rid of their file, or where there is none, the year.
        """
        table = schema.TRANSACTIONS
        number = sa.func.coalesce(table.c.file_electronic_sequence_number, table.c.electronic_sequence_number)
        columns = number, table.c.file_rid, table.c.file_format, table.c.booking_date
        query = sa.select(*columns).where(self._of(account), table.c.booking_date.is_not(None)).distinct()
        found: dict[object, tuple[int, date]] = {}
        for said, file, made_as, booked in self._all(query):
            day = _known(booked)
            if is_statement(made_as) and re.fullmatch(r"[0-9]{1,18}", (said or "").strip()):
                key = file or (int(said), day.year)
                found[key] = int(said), max(day, found[key][1] if key in found else day)
        return found

    def files(self, account: Account) -> Statements:
        """The statements that were saved as files. The day is the one they were made on."""
        table = FILES
        columns = table.c.rid, table.c.electronic_sequence_number, table.c.timestamp, table.c.format
        mine = table.c.source == self._source, table.c.bank_account_rid == account.rid
        return {
            rid: (number, made.date())
            for rid, number, made, made_as in self._all(sa.select(*columns).where(*mine))
            if number is not None and made is not None and is_statement(made_as)
        }

    def bookings(self, account: Account, currency: str, first: date, last: date) -> list[Booked]:
        """What the booked rows of these days change, in the order they were booked in."""
        table = schema.TRANSACTIONS
        order = table.c.booking_date, table.c.timestamp, table.c.rid
        # As text: for "never" the API says the year 1, which a driver may not read. It is compared, and no more.
        at = sa.cast(table.c.timestamp, sa.Text)
        columns = table.c.booking_date, at, table.c.amount, table.c.credit_debit_indicator, table.c.file_format
        query = sa.select(*columns).where(*self._between(account, first, last), table.c.currency == currency)
        return [
            Booked(_known(day), _signed(amount, sign), at)
            for day, at, amount, sign, file_format in self._all(query.order_by(*order))
            if not is_interim_format(file_format)
        ]

    def balances(self, account: Account, currency: str) -> list[Seen]:
        """The balances that were noted, oldest first, one a day: the last of it."""
        table = BALANCES
        mine = table.c.source == self._source, table.c.bank_account_rid == account.rid, table.c.currency == currency
        rows = self._all(sa.select(table.c.date, table.c.amount).where(*mine))
        of_day = {moment.date(): amount for moment, amount in sorted(rows, key=lambda row: row[0])}
        return [Seen(day, amount) for day, amount in of_day.items()]

    def note_balance(self, account: Account, currency: str, moment: datetime, amount: Decimal) -> None:
        """Write down a balance, for the next time."""
        table = BALANCES
        key = {"source": self._source, "bank_account_rid": account.rid, "currency": currency, "date": moment}
        with self._connection.begin():
            self._connection.execute(sa.delete(table).where(*(table.c[name] == value for name, value in key.items())))
            self._connection.execute(sa.insert(table).values(**key, amount=amount, noted_at=datetime.now(UTC)))

    def _all(self, query: sa.Select[Any]) -> list[Any]:
        with self._connection.begin():
            return list(self._connection.execute(query))

    def _of(self, account: Account | None) -> sa.ColumnElement[bool]:
        table = schema.TRANSACTIONS
        mine = table.c.source == self._source
        if account is None:
            return mine
        return sa.and_(mine, table.c.bank_account_rid.is_not_distinct_from(account.rid))

    def _between(self, account: Account | None, first: date, last: date) -> list[sa.ColumnElement[bool]]:
        return [self._of(account), schema.TRANSACTIONS.c.booking_date.between(_stored(first), _stored(last))]


def _stored(day: date) -> Any:
    """A day as the column takes it: SQLite keeps text, and an ISO text is a date to PostgreSQL too."""
    return sa.cast(sa.literal(day.isoformat()), schema.TRANSACTIONS.c.booking_date.type)


def _known(day: date | str) -> date:
    """A day as the database gave it."""
    return date.fromisoformat(day) if isinstance(day, str) else day


def _signed(amount: Any, sign: str) -> Decimal:
    value = Decimal(amount).copy_abs()
    return value.copy_negate() if sign == "DBIT" else value
