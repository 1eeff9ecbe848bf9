"""Transactions: bookings in pages, each page with an id that acknowledges it."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import partial
from json import loads
from typing import Any, ClassVar

from konfipay_async.sandbox.arguments import choice, whole
from konfipay_async.sandbox.konfipay.answers import no_content, rid_not_found
from konfipay_async.sandbox.konfipay.areas.transaction_files import TransactionFiles
from konfipay_async.sandbox.konfipay.banks import Account
from konfipay_async.sandbox.konfipay.calls import Call, Endpoint
from konfipay_async.sandbox.konfipay.data import MOST_ROWS
from konfipay_async.sandbox.konfipay.lists import Lists
from konfipay_async.sandbox.konfipay.queries import is_new, transaction_criteria
from konfipay_async.sandbox.konfipay.state import Journal
from konfipay_async.sandbox.konfipay.store import Store, Where
from konfipay_async.sandbox.sending import Answer

__all__ = ["Transactions"]


class Transactions:
    """The rows of a store, which come from `files`. `accounts` are looked at for each request, so they may change.

    After each list `arrivals` new rows arrive, `arrivals_left` in all (None: without an end).
    """

    def __init__(
        self,
        store: Store,
        files: TransactionFiles,
        journal: Journal | None,
        accounts: Sequence[Account],
        lists: Lists,
        arrivals: int,
        arrivals_left: int | None,
    ) -> None:
        self._store = store
        self._files = files
        self._journal = journal
        self._accounts = accounts
        self._lists = lists
        self._arrivals = arrivals
        self._arrivals_left = arrivals_left

    def __len__(self) -> int:
        return len(self._store)

    def arrive(self, n: int, where: Where | None, pending: bool) -> list[str]:
        """`n` new rows; their rIds, oldest first. Where: None is where the list's order wants them."""
        whole("n", n, 0, MOST_ROWS - len(self._store))
        if where is None:
            where = self._store.natural
        choice("where", where, ("start", "end"))
        if n == 0:
            return []
        rows = self._store.arrive(n, where, pending=pending)
        if self._journal is not None:
            self._journal.arrived(n, where, pending)
        self._files.follow()
        return self._rids(rows)

    def flag(self, rids: Iterable[str], new: bool, whose: int) -> int:
        """Set flags; how many were another one before. An unknown rId is a ValueError, and nothing is set then."""
        return self._flag(self._store.rows_of(rids), new, whose)

    def _flag(self, rows: Iterable[int], new: bool, whose: int) -> int:
        changed = self._store.set_new(rows, new, whose)
        if self._journal is not None:
            self._journal.flagged(changed, new, whose)
        return len(changed)

    def rids(self) -> list[str]:
        """All rIds in list order."""
        return self._rids(self._store.all_rows())

    def new_rids(self, whose: int) -> list[str]:
        """The rIds of what is new, in list order."""
        return self._rids(self._store.new_rows(whose))

    def _rids(self, rows: Iterable[int]) -> list[str]:
        return list(map(self._store.ledger.rid, rows))

    def served(self, rid: str, whose: int) -> dict[str, Any]:
        """One row as it would be served; an unknown rId is a ValueError."""
        served: dict[str, Any] = loads(self._reader(whose)(self._store.rows_of([rid])[0]), parse_float=Decimal)
        return served

    def _reader(self, whose: int) -> Callable[[int], str]:
        return self._store.reader(whose, partial(self._files.is_new, whose=whose))

    def _list(self, call: Call) -> Answer:
        asked = self._lists.asked(call)
        new = is_new(call.query)
        criteria = transaction_criteria(call.query, self._accounts)
        whose = call.access.whose
        selection = self._store.select(criteria, None if call.fault == "ignored-filter" else new, whose)
        rows = selection.rows(asked.first, asked.size)
        if not rows:
            answer = no_content()
        else:
            name = call.access.acknowledgements.issue(rows, call.at)
            served = ",".join(map(self._reader(whose), rows))
            results = f'{{"acknowledgementId":"{name}","transactions":[{served}]}}'
            answer = self._lists.wrapped(call, asked, len(selection), results, rows=len(rows))
        self._let_rows_arrive()
        return answer

    def _let_rows_arrive(self) -> None:
        count = self._arrivals
        if self._arrivals_left is not None:
            count = min(count, self._arrivals_left)
            self._arrivals_left -= count
        self.arrive(min(count, MOST_ROWS - len(self._store)), None, False)

    def _acknowledge(self, call: Call) -> Answer:
        """The rows of that page are no longer new to this key. Path, method and answer are not documented (inferred),
        and neither is that only the key to which the page was served can acknowledge it (inferred).
        """
        rows = call.access.acknowledgements.use(call.arguments[0].lower(), call.at)
        if rows is None:
            return rid_not_found("The acknowledgementId is unknown, used, or its time is over.")
        if call.fault != "acknowledge-without-effect":
            self._flag(rows, False, call.access.whose)
        return no_content()

    endpoints: ClassVar[tuple[Endpoint, ...]] = (
        Endpoint("transactions.acknowledge", "POST", "transactions/{id}/acknowledge", "Transactions", _acknowledge),
        Endpoint("transactions.list", "GET", "transactions", "Transactions", _list),
    )
