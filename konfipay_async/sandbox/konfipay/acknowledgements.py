"""Acknowledgement ids: one for each page served, standing for exactly the rows on it.

An id lives one hour or until it is used (API version 6, documented). What a second use answers is not documented;
here the id is gone then (inferred). Every API key has ids of its own: one that was served to another key is unknown
to it (inferred).
"""

from __future__ import annotations  # array[int] is an expression from Python 3.12 on only

import uuid
from array import array
from dataclasses import dataclass

__all__ = ["Acknowledgements"]


@dataclass(frozen=True, slots=True)
class _Page:
    ends_at: float
    runs: bool  # `numbers` holds first/last pairs instead of single rows
    numbers: array[int]


def _pack(rows: array[int]) -> tuple[bool, array[int]]:
    """First/last pairs where that is shorter. Most pages are one run of rows, which takes two numbers."""
    ordered = sorted(rows)
    pairs = array("I")
    for row in ordered:
        if pairs and pairs[-1] + 1 == row:
            pairs[-1] = row
        else:
            pairs.extend((row, row))
        if len(pairs) >= len(ordered) > 2:
            return False, array("I", ordered)
    return True, pairs


def _unpack(page: _Page) -> array[int]:
    if not page.runs:
        return page.numbers
    rows = array("I")
    for first, last in zip(page.numbers[::2], page.numbers[1::2], strict=True):
        rows.extend(range(first, last + 1))
    return rows


class Acknowledgements:
    """The ids that one API key can still use. Memory: a few numbers for each page served within `lifetime` seconds."""

    def __init__(self, lifetime: float) -> None:
        self._lifetime = lifetime
        self._pages: dict[str, _Page] = {}

    def issue(self, rows: array[int], now: float) -> str:
        """A new id for these rows. Ids whose time is over are dropped on the way."""
        pages = self._pages
        # All ids live equally long, so the oldest are the first ones.
        while pages and next(iter(pages.values())).ends_at <= now:
            del pages[next(iter(pages))]
        name = str(uuid.uuid4())
        runs, numbers = _pack(rows)
        pages[name] = _Page(now + self._lifetime, runs, numbers)
        return name

    def use(self, name: str, now: float) -> array[int] | None:
        """The rows of this id, once; None when it is unknown, used, or its time is over."""
        page = self._pages.pop(name, None)
        return None if page is None or page.ends_at <= now else _unpack(page)

    def __len__(self) -> int:
        return len(self._pages)
