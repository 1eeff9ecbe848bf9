"""The two query names of paging. The description of version 6 spells them in two ways, so the other one is tried, once.

Servers tend to ignore names they do not know, which shows in the echo: page 1 again, or another page size.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from konfipay_async.errors import BadRequestError
from konfipay_async.paging.pages import NumberedPage

__all__ = ["EchoingPage", "PagingNames"]


class EchoingPage(NumberedPage, Protocol):
    """What a page says of itself: its number, and how many rows a page has."""

    @property
    def size(self) -> int: ...


P = TypeVar("P", bound=EchoingPage)


class PagingNames:
    """`current` are the names for page number and page size; `other` what to try where they are not understood."""

    def __init__(self, current: tuple[str, str], other: tuple[str, str] | None) -> None:
        self.current = current
        self._other = other
        self._trying = asyncio.Lock()

    @property
    def reserved(self) -> tuple[str, ...]:
        """Names a filter may not have."""
        return (*self.current, *(self._other or ()))

    async def fetch(self, ask: Callable[[tuple[str, str]], Awaitable[P | None]], *, number: int, size: int) -> P | None:
        """The page, asked for by the names that are understood; as the server gave it where neither are."""
        names = self.current
        page, refused = await _asked(ask, names)
        if refused is None and _understood(page, number, size):
            return page
        async with self._trying:
            if self.current == names and self._other is not None:
                other = self._other
                page_by_other, refused_too = await _asked(ask, other)
                self._other = None  # only now: a try that was cancelled or met an error was none
                if refused_too is None and _understood(page_by_other, number, size):
                    self.current = other
                    return page_by_other
        if self.current != names:  # somebody else found out meanwhile
            return await ask(self.current)
        if refused is not None:
            raise refused
        return page


async def _asked(
    ask: Callable[[tuple[str, str]], Awaitable[P | None]], names: tuple[str, str]
) -> tuple[P | None, BadRequestError | None]:
    try:
        return await ask(names), None
    except BadRequestError as error:
        if not any(name.encode() in error.body for name in names):
            raise
        return None, error


def _understood(page: EchoingPage | None, number: int, size: int) -> bool:
    if page is None:
        return True
    is_end_of_shorter_list = page.number < number and page.number == page.total_pages
    return page.size == size and (page.number == number or is_end_of_shorter_list)
