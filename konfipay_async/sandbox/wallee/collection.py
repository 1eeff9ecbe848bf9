"""The objects of one service in one space: made up when they are asked for, kept only once they differ from that."""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any, Final

__all__ = ["STEP", "Collection"]

STEP: Final = 3
"""From one id to the next that is given: ids of the API are not consecutive."""


class Collection:
    """`count` objects that `make(number, id)` makes up, and those that were added. Ids grow in the order of creation.

    Objects are dicts in wire names. Whoever `get`s one may change it freely, it is a copy.
    """

    def __init__(
        self, first: int, count: int, make: Callable[[int, int], dict[str, Any]], changed: Callable[[], None]
    ) -> None:
        self._first = first
        self._made = count
        self._make = make
        self._say = changed
        self._ids: range | list[int] = range(first, first + count * STEP, STEP)
        self._given = count
        self._kept: dict[int, dict[str, Any]] = {}
        self._external: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, id_: object) -> bool:
        if not isinstance(id_, int):
            return False
        where = bisect_left(self._ids, id_)
        return where < len(self._ids) and self._ids[where] == id_

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return map(self.view, self._ids)

    def ids(self) -> list[int]:
        """All ids, oldest first."""
        return list(self._ids)

    def window(self, start: int, stop: int) -> list[int]:
        """The ids in these places, oldest first."""
        return list(self._ids[max(start, 0) : max(stop, 0)])

    def place(self, id_: int) -> int:
        """How many objects are older than this id."""
        return bisect_left(self._ids, id_)

    def get(self, id_: int) -> dict[str, Any]:
        """The object; an id that is nobody's is a KeyError."""
        return deepcopy(self.view(id_))

    def view(self, id_: int) -> dict[str, Any]:
        """The object itself, not to be changed."""
        kept = self._kept.get(id_)
        if kept is not None:
            return kept
        if id_ not in self:
            raise KeyError(id_)
        return self._make((id_ - self._first) // STEP, id_)

    def find(self, **fields: object) -> dict[str, Any] | None:
        """The oldest object with these values."""
        return next((deepcopy(found) for found in self if fields.items() <= found.items()), None)

    def external(self, external_id: str) -> dict[str, Any] | None:
        """The added object with this externalId."""
        id_ = self._external.get(external_id)
        return None if id_ is None or id_ not in self else self.get(id_)

    def add(self, **fields: object) -> dict[str, Any]:
        """One more object, made up but for these fields."""
        number = self._given
        return self._put(self._make(number, self._next()) | fields)

    def create(self, fields: dict[str, Any]) -> dict[str, Any]:
        """One more object with exactly these fields, an id and version 1."""
        return self._put({"id": self._next(), "version": 1} | fields)

    def change(self, id_: int, **fields: object) -> dict[str, Any]:
        """Set these fields, None takes one away; the version is one more. An id that is nobody's is a KeyError."""
        changed = self.get(id_) | fields
        changed["version"] = changed.get("version", 0) + 1
        self._kept[id_] = {name: value for name, value in changed.items() if value is not None}
        self._say()
        return self.get(id_)

    def remove(self, id_: int) -> None:
        """It was never there. An id that is nobody's is a KeyError."""
        if id_ not in self:
            raise KeyError(id_)
        if isinstance(self._ids, range):
            self._ids = list(self._ids)
        del self._ids[bisect_left(self._ids, id_)]
        self._kept.pop(id_, None)
        self._say()

    def _next(self) -> int:
        return self._first + self._given * STEP

    def _put(self, thing: dict[str, Any]) -> dict[str, Any]:
        id_ = self._next()
        if isinstance(self._ids, range):
            self._ids = list(self._ids)
        self._ids.append(id_)
        self._given += 1
        self._kept[id_] = deepcopy(thing) | {"id": id_}
        if isinstance(thing.get("externalId"), str):
            self._external[thing["externalId"]] = id_
        self._say()
        return self.get(id_)
