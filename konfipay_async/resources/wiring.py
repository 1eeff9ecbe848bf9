"""What every resource stands on: the session, the route table and how lists are asked for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from konfipay_async.filters import Query
from konfipay_async.paging.names import EchoingPage, PagingNames
from konfipay_async.routes import Route
from konfipay_async.session.manager import Session
from konfipay_async.session.message import Request, Response

__all__ = ["Wiring"]

T = TypeVar("T")
P = TypeVar("P", bound=EchoingPage)


@dataclass(frozen=True)
class Wiring:
    """One client's settings, shared by its resources."""

    session: Session
    routes: Mapping[str, Route]
    concurrency: int
    paging_names: PagingNames
    filter_names: Mapping[str, str]

    def request(
        self,
        route: str,
        read: Callable[[str, str], Callable[[Response], T]],
        *,
        query: Query = (),
        body: bytes | None = None,
        **names: str,
    ) -> Request[T]:
        """The request for a route. `read` is given method and path, for its errors, and makes the reader."""
        at = self.routes[route]
        path = at.fill(**names)
        return Request(
            method=at.method,
            path=path,
            read=read(at.method, path),
            query=query,
            headers={} if body is None else {"Content-Type": "application/json"},
            body=body,
            budget=at.budget,
            lane=at.lane,
            retry=at.retry,
            timeout=at.timeout,
        )

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
            return await self.session.send(self.request(route, read, query=paged))

        return await self.paging_names.fetch(ask, number=number, size=size)
