"""What an endpoint is, and what its handler gets: a table row and a plain value.

An area is a class that holds the state of one part of the API. Its `endpoints` name its own methods, so a further
endpoint is one row and one method.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from konfipay_async.sandbox.konfipay.keys import Access
from konfipay_async.sandbox.sending import Answer

__all__ = ["Area", "Call", "Endpoint", "UnknownRidError"]


@dataclass(frozen=True, slots=True)
class Call:
    """One request that has passed limits, token and scope.

    `route` is the endpoint's name, `path` is relative to `base_url` and as it came, `arguments` are what stands at
    the placeholders of the endpoint's path. Of a query name that comes several times the first one counts.
    `content_type` is the media type alone, in lower case, "" without one. `fault` is the name of the fault that
    strikes this request, "" without one; of faults that are an answer of their own no handler hears. `at` is the
    sandbox's clock now, when the work is done. `token` is the one the request came with.
    """

    route: str
    path: str
    arguments: tuple[str, ...]
    query: dict[str, str]
    body: bytes = field(repr=False)
    content_type: str
    caller: Access | None
    token: str = field(repr=False)
    fault: str
    at: float
    base_url: str

    @property
    def access(self) -> Access:
        """The key of this request. Every request has one, but a login with a value that is no key."""
        if self.caller is None:
            raise RuntimeError(f"a request to {self.route} came without a key")
        return self.caller


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A row of an area's table.

    `path` is relative to the base, like ``bank-accounts/{rid}``. `scope` is what a key must be allowed, None is for
    every key. `handler` is a function of the area's class. Only a `public` endpoint needs no token.
    """

    name: str
    method: str
    path: str
    scope: str | None
    handler: Callable[[Any, Call], Answer]
    public: bool = False


class Area(Protocol):
    """One part of the API."""

    endpoints: ClassVar[tuple[Endpoint, ...]]


class UnknownRidError(Exception):
    """The rId in the path or the body is nobody's; to be answered with 404. The text says of what it should be."""
