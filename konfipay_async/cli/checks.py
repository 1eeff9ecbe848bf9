"""What `konfipay doctor` checks: key, machine and API, without changing anything."""

import re
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from enum import StrEnum
from operator import attrgetter
from typing import Any

from konfipay_async.answers import json_value, scopes_of, server_time
from konfipay_async.client import KonfipayClient
from konfipay_async.errors import (
    ConfigurationError,
    DecodeError,
    ForbiddenError,
    KonfipayError,
    NotFoundError,
    RouteUnknownError,
    StatusError,
    TransportError,
    UnauthorizedError,
)
from konfipay_async.resources.transactions import TransactionPage
from konfipay_async.routes import ROUTES, Route
from konfipay_async.session.message import Response

__all__ = ["Check", "Outcome", "checks", "compare"]

# Seconds. A token's life is measured here, but the API's dates and reconciling uploads lean on both clocks.
_CLOCKS_APART = 60.0

# What the rule for query names makes of it, and what the text of the description says.
_PAGING_NAMES = (("page-number", "page-size"), ("pageNumber", "pageSize"))

# What else an inferred list might be called, by the other readings of the naming rules.
_OTHER_PATHS: Mapping[str, tuple[str, ...]] = {
    "documents.list": ("bank-documents", "document-files"),
    "paypal.accounts.list": ("pay-pal/accounts", "paypal-accounts", "paypal"),
    "paypal.transactions.list": ("pay-pal/transactions", "paypal-transactions"),
    "accounts.list": ("clients",),
    "user_groups.list": ("users/groups", "usergroups"),
    "payment_providers.list": ("providers", "paymentproviders"),
    "exchange_rates.list": ("exchangerates", "rates"),
    "transactions.list": ("bank-transactions",),
}


class Outcome(StrEnum):
    """How a check ended."""

    GOOD = "good"
    DIFFERS = "differs"
    """Not as the client expects it; `mend` says what to set."""
    FAILED = "failed"
    UNKNOWN = "cannot be known"
    """Not without changing something, or not with this key."""


@dataclass(frozen=True)
class Check:
    """One check. `mend` are the client's arguments that would mend it: ``{"routes": {…}}``; `error` is what kept all
    further checks from being made."""

    name: str
    outcome: Outcome
    detail: str = ""
    mend: Mapping[str, Any] = field(default_factory=dict)
    error: KonfipayError | None = None


async def checks(
    client: KonfipayClient, *, routes: Mapping[str, Route] = ROUTES, acknowledge: bool = False
) -> AsyncGenerator[Check]:
    """Yield one check after another; the ones behind a failed login are left out.

    Nothing is changed, unless `acknowledge` lets it acknowledge one page of one row, to see that this works.
    """
    response: Response | None = None
    try:
        response = await client.request("GET", routes["authentication.scopes"].path)
    except (UnauthorizedError, TransportError) as error:
        yield Check("connection and key", Outcome.FAILED, str(error), error=error)
        return
    except ForbiddenError:
        yield Check("connection and key", Outcome.GOOD, f"{client.base_url} takes the key")
    except KonfipayError as error:
        yield Check("connection and key", Outcome.DIFFERS, str(error))
    else:
        yield Check("connection and key", Outcome.GOOD, f"{client.base_url} takes the key")
    secure = client.base_url.startswith("https://")
    yield Check("encryption", Outcome.GOOD if secure else Outcome.UNKNOWN, "TLS" if secure else "none, on this machine")
    yield _clock(response)
    yield _scopes(response)
    transactions = routes["transactions.list"].path
    check, paging = await _paging_names(client, transactions)
    yield check
    yield await _is_new(client, transactions, paging)
    for name, route in routes.items():
        if name.endswith(".list"):
            check, rid = await _list(client, name, route, paging)
            yield check
            for reading in (name.removesuffix("list") + what for what in ("get", "content")):
                if reading in routes:
                    yield await _read(client, reading, routes[reading], rid)
    yield await _acknowledging(client, acknowledge)
    changing = [name for name, route in routes.items() if route.mark == "INF" and route.method != "GET"]
    yield Check("routes that change something", Outcome.UNKNOWN, f"not asked: {', '.join(changing)}")


def compare(
    openapi: Mapping[str, Any],
    routes: Mapping[str, Route] = ROUTES,
    *,
    paging_names: tuple[str, str] = _PAGING_NAMES[0],
    filter_names: Mapping[str, str] | None = None,
) -> list[Check]:
    """Compare routes and names with the portal's own OpenAPI description, read from JSON."""
    is_new = _is_new_name(filter_names or {})
    paths = openapi.get("paths")
    if not isinstance(paths, Mapping):
        raise ConfigurationError("this is no OpenAPI description: it has no `paths`")
    described: dict[tuple[str, str], tuple[str, Mapping[str, Any]]] = {}
    for path, operations in paths.items():
        for method, operation in operations.items() if isinstance(operations, Mapping) else ():
            described[method.upper(), _shape(path)] = path, operation if isinstance(operation, Mapping) else {}
    found = []
    for name, route in routes.items():
        there = described.get((route.method, _shape(route.path)))
        if there is not None:
            found.append(_queries(name, route, there[1], paging_names, is_new))
            continue
        like = [
            (method, path)
            for (method, shape), (path, _) in described.items()
            if _words(shape) == _words(_shape(route.path)) or (shape == _shape(route.path) and method != route.method)
        ]
        if len(like) == 1:
            text = f"{like[0][0]} {_as_ours(like[0][1], route)}"
            found.append(
                Check(name, Outcome.DIFFERS, f"{route.method} {route.path} is {text} there", {"routes": {name: text}})
            )
        else:
            found.append(Check(name, Outcome.FAILED, f"{route.method} {route.path} is not described"))
    return found


def _clock(response: Response | None) -> Check:
    theirs = None if response is None else server_time("GET", "authentication/scopes")(response)
    if theirs is None:
        return Check("clock", Outcome.UNKNOWN, "the answer has no date")
    apart = time.time() - theirs
    if abs(apart) > _CLOCKS_APART:
        ahead = "ahead of" if apart > 0 else "behind"
        return Check("clock", Outcome.FAILED, f"this machine is {abs(apart):.0f} s {ahead} the server: set its clock")
    # The date has no fractions of a second.
    return Check("clock", Outcome.GOOD, f"{round(apart):+d} s to the server's")


def _scopes(response: Response | None) -> Check:
    if response is None:
        return Check("scopes", Outcome.UNKNOWN, "the key's scopes could not be read")
    try:
        scopes = set(scopes_of("GET", "authentication/scopes")(response))
    except DecodeError as error:
        return Check("scopes", Outcome.DIFFERS, str(error))
    needed = {route.scope for route in ROUTES.values() if route.scope is not None}
    missing = sorted(needed - scopes)
    without = f"; without {', '.join(missing)}" if missing else ""
    return Check("scopes", Outcome.GOOD, f"{', '.join(sorted(scopes)) or 'none'}{without}")


async def _asked(client: KonfipayClient, path: str, query: Mapping[str, object]) -> dict[str, Any] | None:
    """One page; None for 204. DecodeError where it is not in the wrapper of lists."""
    response = await client.request("GET", path, query=query)
    return None if response.status == 204 else json_value(dict[str, Any], "GET", path)(response)


async def _paging_names(client: KonfipayClient, path: str) -> tuple[Check, tuple[str, str]]:
    """How the names of paging are understood, and the names to go on with."""
    ours = client.paging_names
    for names in dict.fromkeys((ours, *_PAGING_NAMES)):
        try:
            page = await _asked(client, path, {names[0]: 1, names[1]: 7})
        except StatusError as error:
            if isinstance(error, ForbiddenError | NotFoundError):
                return Check("paging names", Outcome.UNKNOWN, str(error)), ours
            continue
        except KonfipayError as error:
            return Check("paging names", Outcome.UNKNOWN, str(error)), ours
        if page is None:
            return Check("paging names", Outcome.UNKNOWN, "there are no transactions to page through"), ours
        if page.get("pageSize") == 7:
            mend = {} if names == ours else {"paging_names": names}
            return Check("paging names", Outcome.DIFFERS if mend else Outcome.GOOD, " and ".join(names), mend), names
    return Check("paging names", Outcome.FAILED, f"{' and '.join(ours)} are not understood"), ours


def _is_new_name(filter_names: Mapping[str, str]) -> str:
    return filter_names.get("transactions.is_new", filter_names.get("is_new", "is-new"))


async def _is_new(client: KonfipayClient, path: str, paging: tuple[str, str]) -> Check:
    name = _is_new_name(client.filter_names)
    totals: list[int] = []
    try:
        for wanted in (None, True, False):
            query: dict[str, object] = {} if wanted is None else {name: wanted}
            page = await _asked(client, path, {**query, paging[0]: 1, paging[1]: 100}) or {"totalItems": 0}
            totals.append(int(page["totalItems"]))
            if wanted is not None and any(row.get("isNew") is (not wanted) for row in _rows(page)):
                detail = (
                    f"{name} is ignored: find its name in the portal's API documentation, and set it (filter_names)"
                )
                return Check("is-new filter", Outcome.FAILED, detail)
    except (KonfipayError, KeyError, TypeError, ValueError) as error:
        return Check("is-new filter", Outcome.UNKNOWN, _said(error))
    every, new, old = totals
    if new + old == every and every:
        return Check("is-new filter", Outcome.GOOD, f"{new:,} of {every:,} transactions are new")
    return Check("is-new filter", Outcome.UNKNOWN, "the list moved, or there is nothing in it")


async def _list(client: KonfipayClient, name: str, route: Route, paging: tuple[str, str]) -> tuple[Check, str | None]:
    """Whether the list is there; where it is not, whether it is under another likely name. With the first row's id."""
    outcome, detail, rid = await _there(client, route.path, paging)
    if outcome is not Outcome.FAILED:
        return Check(name, outcome, detail), rid
    for path in _OTHER_PATHS.get(name, ()):
        there, _, rid = await _there(client, path, paging)
        if there is Outcome.GOOD:
            mend = {"routes": {name: f"GET {path}"}}
            return Check(name, Outcome.DIFFERS, f"not at {route.path}, but at {path}", mend), rid
    return Check(name, Outcome.FAILED, detail), None


async def _there(client: KonfipayClient, path: str, paging: tuple[str, str]) -> tuple[Outcome, str, str | None]:
    try:
        page = await _asked(client, path, {paging[0]: 1, paging[1]: 1})
    except ForbiddenError:
        return Outcome.UNKNOWN, f"{path}: the key lacks the scope", None
    except KonfipayError as error:
        return Outcome.FAILED, _said(error), None
    rids = [row["rId"] for row in _rows(page or {}) if isinstance(row.get("rId"), str)]
    total = 0 if page is None else page.get("totalItems")
    return Outcome.GOOD, f"{path}, {total} there", next(iter(rids), None)


async def _read(client: KonfipayClient, name: str, route: Route, rid: str | None) -> Check:
    """Whether what is in a list can be read by its id, as the client reads it."""
    if rid is None:
        return Check(name, Outcome.UNKNOWN, "not asked: the list gave no id")
    try:
        await attrgetter(name)(client)(rid)
    except ForbiddenError:
        return Check(name, Outcome.UNKNOWN, f"{route.path}: the key lacks the scope")
    except KonfipayError as error:
        return Check(name, Outcome.FAILED, _said(error))
    return Check(name, Outcome.GOOD, route.path)


def _said(error: Exception) -> str:
    if isinstance(error, RouteUnknownError):
        return f"the API has no {error.path}"
    return str(error) if isinstance(error, KonfipayError) else f"the answer has no {error}"


def _rows(page: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The rows of a page: in an array, or in one inside an object, each by itself or in a wrapper."""
    rows = page.get("results")
    if isinstance(rows, Mapping):
        rows = next((value for value in rows.values() if isinstance(value, list)), ())
    found = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, Sequence) else []
    return [row if "rId" in row else next((v for v in row.values() if isinstance(v, Mapping)), row) for row in found]


async def _acknowledging(client: KonfipayClient, acknowledge: bool) -> Check:
    if not acknowledge:
        return Check("acknowledging", Outcome.UNKNOWN, "not tried: --acknowledge would, with one page of one row")
    try:
        page = await _first_of_the_new(client)
        if page is None:
            return Check("acknowledging", Outcome.UNKNOWN, "nothing is new")
        result = await client.transactions.acknowledge(page.acknowledgement_id)
        then = await _first_of_the_new(client)
    except KonfipayError as error:
        return Check("acknowledging", Outcome.FAILED, str(error))
    # The answer's kind is inferred, so what counts is whether it comes again.
    if then is not None and then.rids == page.rids:
        return Check("acknowledging", Outcome.FAILED, f"one transaction: {result}, and it is new as before")
    return Check("acknowledging", Outcome.GOOD, f"one transaction: {result}")


async def _first_of_the_new(client: KonfipayClient) -> TransactionPage | None:
    async with aclosing(client.transactions.pages(1, is_new=True)) as pages:
        return await anext(pages, None)


def _shape(path: str) -> str:
    """A path as all spell it: from behind the version on, without the names of its placeholders."""
    path = re.sub(r"^/?(api/)?(v\d+(\.\d+)?|\{version\})/", "", path.lower())
    return re.sub(r"\{[^}]*\}", "{}", path.strip("/"))


def _words(shape: str) -> str:
    return re.sub(r"[-_]|s\b", "", shape)


def _as_ours(path: str, route: Route) -> str:
    """A described path with our names for its placeholders."""
    names = iter(re.findall(r"\{(\w+)\}", route.path))
    path = re.sub(r"^/?(api/)?(v\d+(\.\d+)?|\{version\})/", "", path).strip("/")
    return re.sub(r"\{[^}]*\}", lambda _: f"{{{next(names, 'rid')}}}", path)


def _queries(
    name: str, route: Route, operation: Mapping[str, Any], paging_names: tuple[str, str], is_new: str
) -> Check:
    """Whether a list that is described knows the query names of ours."""
    parameters = operation.get("parameters")
    named = {
        str(parameter.get("name"))
        for parameter in (parameters if isinstance(parameters, list) else ())
        if isinstance(parameter, Mapping) and parameter.get("in") == "query"
    }
    text = f"{route.method} {route.path}"
    if not name.endswith(".list") or not named:
        return Check(name, Outcome.GOOD, text)
    mend: dict[str, Any] = {}
    if not set(paging_names) <= named:
        sized = [(n, s) for n, s in (*_PAGING_NAMES, ("page", "page-size")) if {n, s} <= named]
        if sized:
            mend["paging_names"] = sized[0]
    new = [other for other in sorted(named) if re.fullmatch(r"(is-?|only-?)?new(-?only)?", other, re.IGNORECASE)]
    if is_new not in named and new and name == "transactions.list":
        mend["filter_names"] = {"is_new": new[0]}
    detail = f"{text}, with {', '.join(sorted(named))}"
    return Check(name, Outcome.DIFFERS if mend else Outcome.GOOD, detail, mend)
