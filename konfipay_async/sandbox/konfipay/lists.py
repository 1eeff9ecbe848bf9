"""Lists in pages: the same for every list endpoint (API version 6, documented)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from konfipay_async.sandbox.konfipay.answers import no_content, page
from konfipay_async.sandbox.konfipay.calls import Call
from konfipay_async.sandbox.konfipay.queries import Paging, paging
from konfipay_async.sandbox.sending import Answer

__all__ = ["Lists"]

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Lists:
    """How lists of one sandbox are paged. `names` are those of page number and page size."""

    names: tuple[str, str]
    default_size: int

    def asked(self, call: Call) -> Paging:
        """The page that is asked for; a page number or size that is not possible is a BadParameterError."""
        return paging(call.query, self.names, self.default_size)

    def answer(self, call: Call, items: Sequence[Item], show: Callable[[Item], object]) -> Answer:
        """The asked page of `items`, each as `show` makes it; 204 when nothing is on that page."""
        asked = self.asked(call)
        shown = items[asked.first : asked.first + asked.size]
        if not shown:
            return no_content()
        return self.wrapped(call, asked, len(items), msgspec.json.encode(list(map(show, shown))).decode())

    def wrapped(self, call: Call, asked: Paging, total: int, results: str, rows: int = 0) -> Answer:
        """The wrapper of a list around `results`, which is JSON; acts the fault ``wrong-echo`` out."""
        echo = asked.number + 1 if call.fault == "wrong-echo" else None
        return page(f"{call.base_url}/{call.path}", asked.number, asked.size, total, results, echo=echo, rows=rows)
