"""What every resource stands on: the session, the route table, a client's settings, and requests made of them."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal, TypedDict, TypeVar, Unpack

import msgspec

from konfipay_async.errors import ForbiddenError
from konfipay_async.filters import Query
from konfipay_async.paging.acknowledgements import Acknowledgements
from konfipay_async.paging.names import EchoingPage, PagingNames
from konfipay_async.routes import Route
from konfipay_async.session.manager import Session
from konfipay_async.session.message import Download, Lane, Note, Request, Response, RetryClass
from konfipay_async.session.retry import Retry

if TYPE_CHECKING:
    from konfipay_async.ledger import Ledger

__all__ = ["Options", "Parts", "Uploads", "Wiring"]

Uploads = Literal["raw", "json"]
"""How a file goes out: as it is, or as base64 inside JSON."""

T = TypeVar("T")
P = TypeVar("P", bound=EchoingPage)


class Options(msgspec.Struct, frozen=True):
    """What a view of a client does otherwise; None leaves it as the routes and the client have it."""

    timeout: float | None = None
    retry: Retry | None = None
    lane: Lane | None = None


class Parts(TypedDict, total=False):
    """What a request has beside its route.

    A body is JSON unless `headers` say otherwise. `retry` replaces the route's class, `at_origin` its path, by one that
    is relative to the origin. `rid` and `acknowledgement_id` fill the path.
    """

    query: Query
    body: bytes | None
    headers: Mapping[str, str]
    retry: RetryClass
    download: Download
    note: Note | None
    at_origin: str | None
    rid: str
    acknowledgement_id: str


def _general_first(named: tuple[str, str]) -> bool:
    return "." in named[0]


_NAMES: tuple[Literal["rid", "acknowledgement_id"], ...] = ("rid", "acknowledgement_id")


class Wiring(msgspec.Struct, frozen=True):
    """One client's settings, shared by its resources."""

    session: Session
    routes: Mapping[str, Route]
    concurrency: int
    paging_names: PagingNames
    filter_names: Mapping[str, str]
    acknowledgements: Acknowledgements
    origin: str
    ledger: "Ledger | None" = None
    uploads: Uploads = "raw"
    options: Options = Options()

    def request(
        self, route: str, read: Callable[[str, str], Callable[[Response], T]], **parts: Unpack[Parts]
    ) -> Request[T]:
        """The request for a route. `read` is given method and path, for its errors, and makes the reader."""
        at = self.routes[route]
        names = {name: parts[name] for name in _NAMES if name in parts}
        at_origin = parts.get("at_origin")
        path = at.fill(**names) if at_origin is None else at_origin
        body = parts.get("body")
        return Request(
            method=at.method,
            path=path,
            read=read(at.method, path),
            query=parts.get("query", ()),
            headers={**({} if body is None else {"Content-Type": "application/json"}), **parts.get("headers", {})},
            body=body,
            budget=at.budget,
            lane=at.lane if self.options.lane is None else self.options.lane,
            retry=parts.get("retry", at.retry),
            timeout=at.timeout if self.options.timeout is None else self.options.timeout,
            download=parts.get("download"),
            note=parts.get("note"),
            from_origin=at_origin is not None,
            template=at.path,
        )

    async def send(self, route: str, read: Callable[[str, str], Callable[[Response], T]], **parts: Unpack[Parts]) -> T:
        """What the request for a route answers; arguments as for `request`."""
        request = self.request(route, read, **parts)
        try:
            return await self.session.send(request, self.options.retry)
        except ForbiddenError as error:
            scope = self.routes[route].scope
            if scope is not None and error.path == request.path:  # else it is the login's
                error.args = (f"{error} It is the scope {scope!r} that this needs.",)
            raise

    def names_of(self, route: str) -> Mapping[str, str]:
        """The corrected names of a list's filters: those for all lists, and those for this one."""
        own = route.removesuffix("list")
        return {name.removeprefix(own): wire for name, wire in sorted(self.filter_names.items(), key=_general_first)}

    async def page(
        self,
        route: str,
        read: Callable[[str, str], Callable[[Response], P | None]],
        query: Query,
        number: int,
        size: int,
    ) -> P | None:
        """Fetch one page of a list; None where there is nothing (204)."""

        async def ask(names: tuple[str, str]) -> P | None:
            number_name, size_name = names
            paged = (*query, (number_name, str(number)), (size_name, str(size)))
            return await self.send(route, read, query=paged)

        return await self.paging_names.fetch(ask, number=number, size=size)
