"""All objects of one sandbox: which service has which, in which space, and which ids they have.

Everything is made up from the seed when it is asked for: ten thousand transactions cost nothing until one is changed.
"""

import zlib
from typing import Any, Final

from konfipay_async.sandbox.wallee.collection import STEP, Collection
from konfipay_async.sandbox.wallee.draws import count_of
from konfipay_async.sandbox.wallee.links import LINKS, Follow
from konfipay_async.sandbox.wallee.made_up import make
from konfipay_async.sandbox.wallee.routing import OPERATIONS, SERVICES

__all__ = ["BASES", "MOST_TRANSACTIONS", "World", "in_space"]

BASES: Final[tuple[str, ...]] = tuple(
    dict.fromkeys(
        (
            *SERVICES,
            *(target for links in LINKS.values() for target in links.values()),
            *(operation.target for operation in OPERATIONS),
        )
    )
)
"""Everything objects are kept of: the services, and a few kinds that are only seen in other objects."""

_NUMBERS: Final = {base: number for number, base in enumerate(BASES, start=1)}
_FREE: Final = frozenset(operation.target for operation in OPERATIONS if operation.header is None)
_BLOCK: Final = 10_000_000
"""Ids of one service in one space."""
_NESTED: Final = 10_000
"""Ids of what belongs to one other object."""
_EMPTY: Final = ("/accounts", "/application-users", "/spaces")

MOST_TRANSACTIONS: Final = 1_000_000


def in_space(base: str) -> bool:
    """Whether each space has its own objects of this service."""
    return base not in _FREE


class World:
    """The collections, and what was made of them to be served again: what searches found, and pages as they were sent.

    Each change of anything empties `found` and `pages`.
    """

    def __init__(self, seed: int, spaces: int, transactions: int, request_limit: int) -> None:
        self._seed = seed
        self._transactions = transactions
        self._collections: dict[tuple[str, int | None, tuple[str, ...]], Collection] = {}
        self.found: dict[object, list[int]] = {}
        self.pages: dict[object, bytes] = {}
        self.account: int = self.collection("/accounts").create(
            {"name": "Sample company", "state": "ACTIVE", "active": True}
        )["id"]
        self.user: int = self.collection("/application-users").create(
            {"name": "Sandbox", "state": "ACTIVE", "requestLimit": request_limit, "userType": "APPLICATION_USER"}
        )["id"]
        for number in range(spaces):
            fields = {"name": f"Sample space {number + 1}", "state": "ACTIVE", "active": True, "timeZone": "UTC"}
            links = {"account": {"id": self.account}, "primaryCurrency": "CHF", "requestLimit": request_limit}
            self.collection("/spaces").create(fields | links)

    def collection(self, base: str, space: int | None = None, parents: tuple[str, ...] = ()) -> Collection:
        """The objects of a service, e.g. "/payment/refunds".

        `space` counts only where spaces have their own. `parents` are the ids of the objects whose part they are.
        """
        space = space if in_space(base) else None
        key = (base, space, parents)
        if key not in self._collections:
            first = self._first(base, space, parents)
            count = 0 if base in _EMPTY else 2 if parents else count_of(base, self._transactions)

            def one(number: int, id_: int) -> dict[str, Any]:
                return make(self._seed, base, number, id_, space, lambda other, n: self._id_of(other, n, space))

            self._collections[key] = Collection(first, count, one, self._changed)
        return self._collections[key]

    def follow(self, space: int | None) -> Follow:
        """How links are followed from objects of this space."""

        def follow(base: str, id_: int) -> dict[str, Any] | None:
            try:
                return self.collection(base, space).view(id_)
            except KeyError:
                return None

        return follow

    def _changed(self) -> None:
        self.found.clear()
        self.pages.clear()

    def _id_of(self, base: str, number: int, space: int | None) -> int:
        return self._first(base, space if in_space(base) else None, ()) + number * STEP

    def _first(self, base: str, space: int | None, parents: tuple[str, ...]) -> int:
        if parents:
            return 10**12 + zlib.crc32("|".join((base, str(space), *parents)).encode()) * _NESTED + 1
        place = 0
        if space is not None:
            place = 1 + (space - self._first("/spaces", None, ())) // STEP
        return (_NUMBERS[base] * 100 + place) * _BLOCK + 1
