"""The wrapper that every list of API version 6 comes in."""

from typing import Generic, TypeVar

import msgspec

from konfipay_async.models.wire import Wire

__all__ = ["Envelope", "Link", "Page"]

T = TypeVar("T")


class Link(Wire, frozen=True, gc=False):
    """A link as the API sends it; documented is only ``rel="self"``. Never followed to another origin."""

    href: str
    rel: str = ""
    method: str = "GET"


class Envelope(Wire, Generic[T], frozen=True, gc=False):
    """One page on the wire (API version 6, documented): `results` is an array, or an object for transactions."""

    page_number: int
    page_size: int
    total_pages: int
    total_items: int
    results: T
    links: list[Link] = msgspec.field(default_factory=list)


class Page(Wire, Generic[T], frozen=True, gc=False):
    """One page of a list.

    `number` counts from 1, `size` is the page size (rows), `total_pages` and `total_items` are what the server counted
    when it made this page.
    """

    number: int
    size: int
    total_pages: int
    total_items: int
    links: list[Link]
    items: list[T]
