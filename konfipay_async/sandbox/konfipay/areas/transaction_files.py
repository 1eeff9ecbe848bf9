"""Transaction files: statements of the banks, as the files they came in.

For each working day and each bank account there is one file of each format, made when somebody fetches it: the
booked transactions of that day as camt.053, MT940 and PDF, the credits among them as camt.054, the pending ones as
camt.052 and MT942. A transaction refers to its camt file by the file's rId.
"""

import zlib
from decimal import Decimal
from json import loads
from math import isqrt
from typing import ClassVar

from konfipay_async.sandbox.konfipay.calls import Call, Endpoint
from konfipay_async.sandbox.konfipay.data import file_rid
from konfipay_async.sandbox.konfipay.fetching import (
    acknowledge_thing,
    asked_number,
    file_answer,
    get_thing,
    list_things,
)
from konfipay_async.sandbox.konfipay.formats import FORMATS, Format
from konfipay_async.sandbox.konfipay.lists import Lists
from konfipay_async.sandbox.konfipay.queries import in_period, one_of
from konfipay_async.sandbox.konfipay.shelf import MOST_THINGS, MakeShelf
from konfipay_async.sandbox.konfipay.statements import Entry, Statement
from konfipay_async.sandbox.konfipay.store import Store
from konfipay_async.sandbox.konfipay.times import stamp, working_day
from konfipay_async.sandbox.sending import Answer

__all__ = ["TransactionFiles"]


class TransactionFiles:
    """The files, in the order of days. `count` are there at start; None is all of the days that have transactions,
    and then the files of a day arrive with its first transaction.
    """

    def __init__(self, store: Store, count: int | None, shelf: MakeShelf, lists: Lists) -> None:
        self._store = store
        self._ledger = store.ledger
        self._accounts = store.ledger.accounts
        self._lists = lists
        self._follows = count is None
        self.shelf = shelf(self._rid, self._wanted() if count is None else count)

    def follow(self) -> None:
        """Transactions have arrived, and with them perhaps the files of further days."""
        missing = self._wanted() - len(self.shelf)
        if self._follows and missing > 0:
            self.shelf.add(missing)

    def _wanted(self) -> int:
        days = isqrt(len(self._store) - 1) + 1 if len(self._store) else 0
        return min(days * len(self._accounts) * len(FORMATS), MOST_THINGS)

    def is_new(self, account: int, day: int, pending: bool, *, whose: int) -> bool:
        """Whether the file that a transaction comes from is new."""
        return self.shelf.is_new((day * len(self._accounts) + account) * len(FORMATS) + pending, whose)

    def _facts(self, number: int) -> tuple[int, int, Format]:
        """The index of the account, the working day, and the format."""
        rest, kind = divmod(number, len(FORMATS))
        day, account = divmod(rest, len(self._accounts))
        return account, day, FORMATS[kind]

    def _rid(self, number: int) -> str:
        account, day, kind = self._facts(number)
        return file_rid(self._ledger.seed, account, day, kind.name)

    def _shown(self, number: int, new: bool) -> dict[str, object]:
        """The object of a file (API version 6, documented). A PDF has no sequence numbers, which are optional."""
        index, day, kind = self._facts(number)
        account, rid, date_of = self._accounts[index], self._rid(number), working_day(day)
        shown: dict[str, object] = {
            "rId": rid,
            "href": f"api/v6.0/transaction-files/{rid}",
            "timestamp": stamp(date_of, "20:30:00"),
            "isNew": new,
            "format": kind.name,
            "fileName": f"{date_of}_{kind.order_type}_{account.iban}_{account.currency}"
            f"_{date_of:%y}-{day + 1:05d}.{kind.ending}",
            "bankAccount": {"rId": account.rid, "iban": account.iban, "currency": account.currency},
        }
        if kind.ending != "pdf":
            shown |= {"electronicSequenceNumber": day + 1, "legalSequenceNumber": day + 1}
        return shown

    def _written(self, number: int) -> bytes:
        """The file itself, from the transactions as they are now."""
        index, day, kind = self._facts(number)
        rows = range(min(day * day, len(self._store)), min((day + 1) ** 2, len(self._store)))
        read = self._store.reader()
        entries = (
            Entry.of(loads(read(row), parse_float=Decimal))
            for row in rows
            if self._ledger.account_of(row) == index and self._store.is_pending(row) == kind.pending
        )
        rid, date_of = self._rid(number), working_day(day)
        # The same in all formats of that account and day.
        opening = zlib.crc32(f"opening|{self._ledger.seed}|{index}|{day}".encode()) >> 8
        statement = Statement(
            name=f"{kind.order_type}-{rid[:8]}-{day + 1}",
            account=self._accounts[index],
            day=date_of,
            number=day + 1,
            created=stamp(date_of, "20:30:00"),
            opening=Decimal(opening) / 100,
            entries=tuple(entry for entry in entries if entry.credit or not kind.credits_only),
            pending=kind.pending,
        )
        return kind.write(statement)

    def _list(self, call: Call) -> Answer:
        inside = in_period(call.query)
        word = one_of(call.query, "format", tuple(kind.word for kind in FORMATS))
        rid = call.query.get("bank-account-rid")

        def wanted(number: int) -> bool:
            account, day, kind = self._facts(number)
            return (
                word in (None, kind.word)
                and (rid is None or self._accounts[account].rid == rid.lower())
                and inside(working_day(day))
            )

        return list_things(call, self._lists, self.shelf, wanted, self._shown)

    def _get(self, call: Call) -> Answer:
        return get_thing(call, self.shelf, self._shown)

    def _acknowledge(self, call: Call) -> Answer:
        return acknowledge_thing(call, self.shelf, self._shown)

    def _content(self, call: Call) -> Answer:
        number = asked_number(call, self.shelf)
        return file_answer(call.query, self._written(number), self._facts(number)[2].media_type)

    endpoints: ClassVar[tuple[Endpoint, ...]] = (
        Endpoint("transaction-files.list", "GET", "transaction-files", "Transactions", _list),
        Endpoint("transaction-files.get", "GET", "transaction-files/{rid}", "Transactions", _get),
        Endpoint("transaction-files.content", "GET", "transaction-files/{rid}/content", "Transactions", _content),
        Endpoint(
            "transaction-files.acknowledge", "POST", "transaction-files/{rid}/acknowledge", "Transactions", _acknowledge
        ),
    )
