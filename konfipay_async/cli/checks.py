"""What `konfipay doctor` checks: key, machine and API, without changing anything."""

import re
import time
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any

import msgspec

from konfipay_async.client import KonfipayClient
from konfipay_async.errors import (
    ConfigurationError,
    ForbiddenError,
    KonfipayError,
    NotFoundError,
    RouteUnknownError,
    StatusError,
    TransportError,
    UnauthorizedError,
)
from konfipay_async.routes import ROUTES, Route
from konfipay_async.session.message import Response

__all__ = ["Check", "Outcome", "checks", "compare"]

# Seconds. A token's life is measured here, but the API's dates and reconciling uploads lean on both clocks.
_CLOCKS_APART = 60.0

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
    yield await _paging_names(client, transactions)
    yield await _is_new(client, transactions)
    for name, route in routes.items():
        if name.endswith(".list"):
            yield await _list(client, name, route)
    yield await _acknowledging(client, acknowledge)
    changing = [name for name, route in routes.items() if route.mark == "INF" and route.method != "GET"]
    yield Check("routes that change something", Outcome.UNKNOWN, f"not asked: {', '.join(changing)}")


def compare(openapi: Mapping[str, Any], routes: Mapping[str, Route] = ROUTES) -> list[Check]:
    """Compare the routes with the portal's own OpenAPI description, read from JSON."""
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
            found.append(_queries(name, route, there[1]))
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
    try:
        date = parsedate_to_datetime((response.headers if response is not None else {}).get("date", ""))
    except (ValueError, TypeError):
        return Check("clock", Outcome.UNKNOWN, "the answer has no date")
    apart = time.time() - date.timestamp()
    if abs(apart) > _CLOCKS_APART:
        ahead = "ahead of" if apart > 0 else "behind"
        return Check("clock", Outcome.FAILED, f"this machine is {abs(apart):.0f} s {ahead} the server: set its clock")
    return Check("clock", Outcome.GOOD, f"within {_CLOCKS_APART:.0f} s of the server's")


def _scopes(response: Response | None) -> Check:
    if response is None:
        return Check("scopes", Outcome.UNKNOWN, "the key's scopes could not be read")
    try:
        value = msgspec.json.decode(response.body)
    except msgspec.DecodeError:
        return Check("scopes", Outcome.DIFFERS, "the answer is no JSON")
    listed = value if isinstance(value, list) else [name for names in value.values() for name in names]
    scopes = {str(name) for name in listed}
    needed = {route.scope for route in ROUTES.values() if route.scope is not None}
    missing = sorted(needed - scopes)
    without = f"; without {', '.join(missing)}" if missing else ""
    return Check("scopes", Outcome.GOOD, f"{', '.join(sorted(scopes)) or 'none'}{without}")


async def _asked(client: KonfipayClient, path: str, query: Mapping[str, object]) -> dict[str, Any] | None:
    """One page; None for 204."""
    response = await client.request("GET", path, query=query)
    if response.status == 204:
        return None
    page = msgspec.json.decode(response.body)
    if not isinstance(page, dict):
        raise ConfigurationError(f"GET {path} answers without the wrapper of lists")
    return page


async def _paging_names(client: KonfipayClient, path: str) -> Check:
    for names in (("page-number", "page-size"), ("pageNumber", "pageSize")):
        try:
            page = await _asked(client, path, {names[0]: 1, names[1]: 7})
        except StatusError as error:
            if isinstance(error, ForbiddenError | NotFoundError):
                return Check("paging names", Outcome.UNKNOWN, str(error))
            continue
        except (KonfipayError, msgspec.DecodeError) as error:
            return Check("paging names", Outcome.UNKNOWN, str(error))
        if page is None:
            return Check("paging names", Outcome.UNKNOWN, "there are no transactions to page through")
        if page.get("pageSize") == 7:
            mend = {} if names[0] == "page-number" else {"paging_names": names}
            outcome = Outcome.DIFFERS if mend else Outcome.GOOD
            return Check("paging names", outcome, " and ".join(names), mend)
    return Check("paging names", Outcome.FAILED, "neither page-size nor pageSize is understood")


async def _is_new(client: KonfipayClient, path: str) -> Check:
    totals: dict[str, int] = {}
    try:
        for label, query in (("all", {}), ("new", {"is-new": True}), ("not new", {"is-new": False})):
            page = await _asked(client, path, {**query, "page-number": 1, "page-size": 100})
            totals[label] = 0 if page is None else int(page["totalItems"])
            rows = [] if page is None else page["results"]["transactions"]
            if query and any(row.get("isNew") is (not query["is-new"]) for row in rows):
                return Check(
                    "is-new filter",
                    Outcome.FAILED,
                    "is-new is ignored: find its name in the portal's API documentation",
                    {"filter_names": {"is_new": "…"}},
                )
    except (KonfipayError, msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
        return Check("is-new filter", Outcome.UNKNOWN, str(error) or type(error).__name__)
    if totals["new"] + totals["not new"] == totals["all"] and totals["all"]:
        return Check("is-new filter", Outcome.GOOD, f"{totals['new']:,} of {totals['all']:,} transactions are new")
    return Check("is-new filter", Outcome.UNKNOWN, "the list moved, or there is nothing in it")


async def _list(client: KonfipayClient, name: str, route: Route) -> Check:
    """Whether the list is there; where it is not, whether it is under another likely name."""
    outcome, detail = await _there(client, route.path)
    if outcome is not Outcome.FAILED:
        return Check(name, outcome, detail)
    for path in _OTHER_PATHS.get(name, ()):
        if (await _there(client, path))[0] is Outcome.GOOD:
            mend = {"routes": {name: f"GET {path}"}}
            return Check(name, Outcome.DIFFERS, f"not at {route.path}, but at {path}", mend)
    return Check(name, Outcome.FAILED, detail)


async def _there(client: KonfipayClient, path: str) -> tuple[Outcome, str]:
    try:
        page = await _asked(client, path, {"page-number": 1, "page-size": 1})
    except RouteUnknownError:
        return Outcome.FAILED, f"the API has no {path}"
    except ForbiddenError:
        return Outcome.UNKNOWN, f"{path}: the key lacks the scope"
    except (KonfipayError, msgspec.DecodeError) as error:
        return Outcome.FAILED, str(error)
    total = 0 if page is None else page.get("totalItems")
    return Outcome.GOOD, f"{path}, {total} there"


async def _acknowledging(client: KonfipayClient, acknowledge: bool) -> Check:
    if not acknowledge:
        return Check("acknowledging", Outcome.UNKNOWN, "not tried: --acknowledge would, with one page of one row")
    pages = client.transactions.pages(1, is_new=True)
    try:
        page = await anext(pages, None)
        if page is None:
            return Check("acknowledging", Outcome.UNKNOWN, "nothing is new")
        result = await client.transactions.acknowledge(page.acknowledgement_id)
    except KonfipayError as error:
        return Check("acknowledging", Outcome.FAILED, str(error))
    finally:
        await pages.aclose()
    return Check("acknowledging", Outcome.GOOD, f"one transaction: {result}")


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


def _queries(name: str, route: Route, operation: Mapping[str, Any]) -> Check:
    """Whether a list that is described knows the query names of ours."""
    named = {
        str(parameter.get("name"))
        for parameter in operation.get("parameters", ())
        if isinstance(parameter, Mapping) and parameter.get("in") == "query"
    }
    text = f"{route.method} {route.path}"
    if not name.endswith(".list") or not named:
        return Check(name, Outcome.GOOD, text)
    mend: dict[str, Any] = {}
    if not {"page-number", "page-size"} <= named:
        sized = [(n, s) for n, s in (("pageNumber", "pageSize"), ("page", "page-size")) if {n, s} <= named]
        if sized:
            mend["paging_names"] = sized[0]
    new = [other for other in sorted(named) if re.fullmatch(r"(is-?|only-?)?new(-?only)?", other, re.IGNORECASE)]
    if "is-new" not in named and new and name == "transactions.list":
        mend["filter_names"] = {"is_new": new[0]}
    detail = f"{text}, with {', '.join(sorted(named))}"
    return Check(name, Outcome.DIFFERS if mend else Outcome.GOOD, detail, mend)
