"""Things that arrive and are fetched one by one: files, documents, PayPal transactions."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, Protocol

from konfipay_async.sandbox.arguments import whole
from konfipay_async.sandbox.konfipay.store import Order

__all__ = ["MOST_THINGS", "MakeShelf", "Shelf"]

MOST_THINGS: Final = 10_000_000
"""Things on one shelf at most."""


class Shelf:
    """Things with numbers in the order of their arrival, and to whom each of them is new.

    Is-new flags exist once for the client as a whole and once for each API key that has its own. Where a method takes
    a `key`, that is the name of one, and None is the client.

    Handlers use numbers: of things, and of sets of flags (`whose`, 0 is the client's).
    """

    def __init__(
        self, rid: Callable[[int], str], count: int, *, own: int, order: Order, whose: Callable[[str | None], int]
    ) -> None:
        self._rid = rid
        self._count = count
        self._retrieved: list[set[int]] = [set() for _ in range(1 + own)]
        self._order = order
        self._whose = whose
        self._numbers: dict[str, int] = {}  # of the first so many; filled when somebody asks

    def __len__(self) -> int:
        return self._count

    def arrive(self, n: int) -> list[str]:
        """`n` new things arrive now; their rIds, oldest first. The list's order says where they are listed."""
        return [self._rid(number) for number in self.add(n)]

    def rids(self) -> list[str]:
        """All rIds in list order."""
        return list(map(self._rid, self.listed(None)))

    def new_rids(self, key: str | None = None) -> list[str]:
        """The rIds of what is new to this key, in list order."""
        return list(map(self._rid, self.listed(True, self._whose(key))))

    def acknowledge_elsewhere(self, rids: Iterable[str], key: str | None = None) -> int:
        """A colleague marks these as retrieved in the portal; how many were new until now.

        With `key` it is the portal's "key acknowledgements", or another program with that key. An rId that does not
        exist is a ValueError, and nothing is marked then.
        """
        return self._flag(rids, False, key)

    def mark_new(self, rids: Iterable[str], key: str | None = None) -> int:
        """A colleague marks these as new again; how many were not. See `acknowledge_elsewhere`."""
        return self._flag(rids, True, key)

    def _flag(self, rids: Iterable[str], new: bool, key: str | None) -> int:
        whose = self._whose(key)
        numbers = [self._known(rid) for rid in rids]
        return sum(self.set_new(number, new, whose) for number in numbers)

    def _known(self, rid: str) -> int:
        number = self.number(rid)
        if number is None:
            raise ValueError(f"there is no {rid!r} in this sandbox")
        return number

    # For handlers

    def add(self, n: int, *, new: bool = True) -> range:
        """`n` more things; their numbers."""
        whole("n", n, 0, MOST_THINGS - len(self))
        numbers = range(self._count, self._count + n)
        self._count += n
        if not new:
            for retrieved in self._retrieved:
                retrieved.update(numbers)
        return numbers

    def number(self, rid: str) -> int | None:
        """The number of the thing with this rId, None when there is none."""
        for number in range(len(self._numbers), len(self)):
            self._numbers[self._rid(number)] = number
        return self._numbers.get(rid.lower())

    def listed(self, new: bool | None, whose: int = 0) -> Iterator[int]:
        """The numbers in list order: of all (None), of what is new, or of what is not."""
        retrieved = self._retrieved[whose]
        numbers = range(self._count) if self._order == "oldest" else reversed(range(self._count))
        return (number for number in numbers if new is None or (number not in retrieved) == new)

    def is_new(self, number: int, whose: int) -> bool:
        """Whether the thing is new. One that has not arrived yet is."""
        return number not in self._retrieved[whose]

    def set_new(self, number: int, new: bool, whose: int) -> bool:
        """Set the flag; whether it was another one before."""
        changed = self.is_new(number, whose) != new
        if new:
            self._retrieved[whose].discard(number)
        else:
            self._retrieved[whose].add(number)
        return changed


class MakeShelf(Protocol):
    """Makes the shelf of an area, for the keys of one sandbox."""

    def __call__(self, rid: Callable[[int], str], count: int) -> Shelf:
        """`rid` gives the rId of each number, always the same; `count` things are there, all of them new."""
        ...
