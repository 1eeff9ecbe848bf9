"""Which rows there are, in which order they are listed, and which of them are still new.

Rows are numbers; all memory is a handful of bytes for each. Positions are places in the list as it is served.
Selections are byte strings with a 0 or 1 for each position, so that combining and counting runs in C.

Is-new flags exist once for the client as a whole (`whose` is 0) and once for each API key that has its own (from 1).
"""

from __future__ import annotations  # array[int] is an expression from Python 3.12 on only

from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import partial
from itertools import accumulate, compress, islice
from typing import Final, Literal

from konfipay_async.sandbox.konfipay.data import MOST_ROWS, Criteria, Ledger

__all__ = ["Order", "Selection", "Store", "Where"]

Order = Literal["oldest", "newest"]
Where = Literal["start", "end"]

_SWAP: Final = bytes((1, 0)) + bytes(254)
_STEP: Final = 4096
_KEPT: Final = 16
"""Filters, and selections, whose bytes are kept for the next request."""


class Selection:
    """Some of the listed rows, in list order."""

    def __init__(self, order: array[int], flags: bytes | None) -> None:
        self._order = order
        self._flags = flags
        if flags is None:
            self._before = [0, len(order)]
        else:
            counts = (flags.count(1, at, at + _STEP) for at in range(0, len(flags), _STEP))
            self._before = [0, *accumulate(counts)]

    def __len__(self) -> int:
        return self._before[-1]

    def rows(self, offset: int, limit: int) -> array[int]:
        """Row numbers from the offset-th selected one on, at most `limit`."""
        if offset >= len(self):
            return array("I")
        if self._flags is None:
            return self._order[offset : offset + limit]
        step = bisect_right(self._before, offset) - 1
        skip = offset - self._before[step]
        # The page ends in the step in which its last row is, the steps behind need not be looked at.
        last = bisect_right(self._before, min(offset + limit, len(self)) - 1)
        begin, end = step * _STEP, last * _STEP
        found = compress(self._order[begin:end], self._flags[begin:end])
        return array("I", islice(found, skip, skip + limit))


class Store:
    """The rows of a ledger with their flags: those of the client, and `own` more.

    `natural` is where the list's order puts what is new.
    """

    def __init__(self, ledger: Ledger, transactions: int, pending: int, order: Order, own: int = 0) -> None:
        self.ledger = ledger
        self.natural: Where = "end" if order == "oldest" else "start"
        numbers = range(transactions) if order == "oldest" else range(transactions - 1, -1, -1)
        self._order = array("I", numbers)
        # The position of a row is its place plus the number of rows that came in at the start since.
        self._places = array("q", numbers)
        self._front = 0
        self._new = [bytearray(b"\x01" * transactions) for _ in range(1 + own)]  # each by position
        # The latest rows are the pending ones, as in an intraday report.
        self._pending = bytearray(transactions - pending) + bytearray(b"\x01" * pending)  # by row number
        self._matching: OrderedDict[Criteria, bytearray] = OrderedDict()  # by row number
        self._selections: OrderedDict[tuple[Criteria, bool | None, int], Selection] = OrderedDict()

    def __len__(self) -> int:
        return len(self._order)

    def arrive(self, count: int, where: Where | None = None, *, pending: bool = False) -> range:
        """`count` new rows come into the list; their numbers. Where: None is where the list's order wants them."""
        if len(self._order) + count > MOST_ROWS:
            raise ValueError(f"{count} more rows are too many: at most {MOST_ROWS} rows are possible")
        rows = range(len(self._order), len(self._order) + count)
        if (where or self.natural) == "end":
            self._places.extend(range(len(self._order) - self._front, len(self._order) - self._front + count))
            self._order.extend(rows)
            for flags in self._new:
                flags.extend(b"\x01" * count)
        else:
            # The latest row comes first, as it would if they had come one by one.
            self._places.extend(range(-self._front - 1, -self._front - 1 - count, -1))
            self._front += count
            # A new array: selections hold on to the old one.
            self._order = array("I", reversed(rows)) + self._order
            for flags in self._new:
                flags[0:0] = b"\x01" * count
        self._pending.extend((b"\x01" if pending else b"\x00") * count)
        self._selections.clear()
        return rows

    def set_new(self, rows: Iterable[int], new: bool, whose: int = 0) -> array[int]:
        """Set the flags of these rows; the numbers of the rows whose flag was another one before."""
        changed = array("I")
        flags, flag = self._new[whose], int(new)
        for row in rows:
            position = self._places[row] + self._front
            if flags[position] != flag:
                flags[position] = flag
                changed.append(row)
        if changed:
            self._selections.clear()
        return changed

    def select(self, criteria: Criteria, is_new: bool | None, whose: int = 0) -> Selection:
        """The listed rows that meet the criteria and, unless `is_new` is None, have that flag."""
        key = (criteria, is_new, 0 if is_new is None else whose)
        found = self._selections.get(key)
        if found is None:
            found = self._selections[key] = Selection(self._order, self._flags(criteria, is_new, whose))
            if len(self._selections) > _KEPT:
                self._selections.popitem(last=False)
        return found

    def _flags(self, criteria: Criteria, is_new: bool | None, whose: int) -> bytes | None:
        flags = self._new[whose]
        new = None if is_new is None else bytes(flags if is_new else flags.translate(_SWAP))
        if criteria == Criteria():
            return new
        matching = self._by_row(criteria)
        listed = bytes(map(matching.__getitem__, self._order))
        if new is None:
            return listed
        both = int.from_bytes(new, "little") & int.from_bytes(listed, "little")
        return both.to_bytes(len(listed), "little")

    def _by_row(self, criteria: Criteria) -> bytearray:
        matching = self._matching.setdefault(criteria, bytearray())
        self._matching.move_to_end(criteria)
        if len(self._matching) > _KEPT:
            self._matching.popitem(last=False)
        # Rows only ever get added, and what the criteria ask for never changes.
        if len(matching) < len(self._order):
            matching += self.ledger.matches(criteria, self._pending, len(matching), len(self._order))
        return matching

    def all_rows(self) -> array[int]:
        """All row numbers in list order."""
        return self._order[:]

    def new_rows(self, whose: int = 0) -> array[int]:
        """The numbers of the new rows in list order."""
        return array("I", compress(self._order, self._new[whose]))

    def retrieved_rows(self, whose: int = 0) -> array[int]:
        """The numbers of the rows that are not new, in list order."""
        return array("I", compress(self._order, self._new[whose].translate(_SWAP)))

    def rows_of(self, rids: Iterable[str]) -> list[int]:
        """The row numbers of these rIds. One that does not exist is a ValueError."""
        rows = []
        for rid in rids:
            row = self.ledger.row_of(rid, len(self._order))
            if row is None:
                raise ValueError(f"there is no transaction {rid!r} in this sandbox")
            rows.append(row)
        return rows

    def is_pending(self, row: int) -> bool:
        """Whether the row comes from an intraday report."""
        return bool(self._pending[row])

    def reader(
        self, whose: int = 0, file_is_new: Callable[[int, int, bool], bool] | None = None
    ) -> Callable[[int], str]:
        """A function that gives the JSON of a row as it stands now; see `Ledger.json` for `file_is_new`."""
        make = self.ledger.json if file_is_new is None else partial(self.ledger.json, file_is_new=file_is_new)
        new, places, front, pending = self._new[whose], self._places, self._front, self._pending
        return lambda row: make(row, is_new=bool(new[places[row] + front]), pending=bool(pending[row]))
