"""The sandbox itself: arguments, the server's start and stop, and what each endpoint does."""

import asyncio
import socket
import struct
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from decimal import Decimal
from json import loads
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self

import msgspec
from aiohttp import web

from konfipay_async.errors import ConfigurationError
from konfipay_async.sandbox.arguments import choice, number, whole
from konfipay_async.sandbox.faults import Fault, FaultPlan
from konfipay_async.sandbox.konfipay.acknowledgements import Acknowledgements
from konfipay_async.sandbox.konfipay.answers import (
    Answer,
    bad_request,
    fault_answer,
    json_answer,
    no_content,
    page,
    rid_not_found,
    too_many,
    unauthorized,
    unknown_endpoint,
)
from konfipay_async.sandbox.konfipay.data import MOST_ACCOUNTS, MOST_ROWS, Ledger, Parent
from konfipay_async.sandbox.konfipay.keys import Access, ApiKey, Keys, all_keys
from konfipay_async.sandbox.konfipay.limits import Peak, make_window
from konfipay_async.sandbox.konfipay.log import LoggedRequest
from konfipay_async.sandbox.konfipay.queries import (
    LARGEST_PAGE,
    BadParameterError,
    bank_account_indexes,
    paging,
    transaction_criteria,
    transaction_is_new,
)
from konfipay_async.sandbox.konfipay.routes import BASE_PATH, ROUTES, UNKNOWN, find_route
from konfipay_async.sandbox.konfipay.state import Journal
from konfipay_async.sandbox.konfipay.store import Order, Store, Where
from konfipay_async.sandbox.konfipay.tokens import Tokens

__all__ = ["SANDBOX_API_KEY", "RouteKind", "Sandbox"]

SANDBOX_API_KEY: Final = "SandboxKeyForTestsOnly00000000000000000000000000000000NoRealData"
"""The API key every sandbox accepts unless it is given another one. 64 characters, like a real one."""

RouteKind = Literal["public", "authenticated"]

_MISSING_PARAMETER: Final = ("ERR-01-0012", "MissingParameter")
_LARGEST_BODY: Final = 1 << 20
_STOP: Final = 0.05
"""Seconds the server's own cleanup may wait; every request has been cancelled before."""


class Sandbox:
    """A konfipay REST API, version 6, on this machine, with made-up bookings.

    Use it with ``async with``; it listens from entering to leaving, and can be entered again with everything it
    knows, on the same port. It serves the login, the list of transactions with its acknowledgement, and bank
    accounts. Times are seconds.

    Data: `transactions` rows at start, the last `pending` of them from intraday reports, on `accounts` accounts,
    all of it a function of `seed`. `order` is that of the list. With `arrivals_per_request` new rows arrive
    after each answered page of transactions, `arrivals_total` in all (None: without an end).

    Keys: `api_key` is the first one; as plain text its name is "main" and its flags are the client's. `api_keys` are
    further ones, see `ApiKey`. Where a method takes a `key`, that is a name. Each key has its tokens, its
    acknowledgement ids and its count of authenticated requests.

    Limits: `public_limit` requests without a valid token, from everybody together, and for each key
    `authenticated_limit` requests with one, each within `period`; `window` says whether the period moves or is a slot
    of the clock. `retry_after` says whether a 429 carries Retry-After.

    Lives: `token_lifetime`, `acknowledgement_lifetime`; with `one_token` a login ends the key's tokens before.

    Wire: `page_size_default` applies when no size is asked for. `paging_names` are the only names of page number
    and page size that the server understands. `parent` is the name (and shape) of the file object in a row.
    `latency` passes before each answer. `faults` go wrong, see `Fault`.

    `state` is a file in which arrivals and is-new flags, the client's and those of keys, survive a restart, even
    after kill -9. `now` and `sleep` are the clock, for tests that do not want to wait.

    Raises ConfigurationError for arguments that are not possible and for a state file that is not this one's.
    """

    def __init__(
        self,
        *,
        transactions: int = 1000,
        pending: int = 0,
        accounts: int = 4,
        api_key: str | ApiKey = SANDBOX_API_KEY,
        api_keys: Iterable[ApiKey] = (),
        host: str = "127.0.0.1",
        port: int = 0,
        public_limit: int = 100,
        authenticated_limit: int = 1000,
        period: float = 60.0,
        window: Literal["moving", "fixed"] = "moving",
        retry_after: bool = True,
        token_lifetime: float = 1800.0,
        acknowledgement_lifetime: float = 3600.0,
        one_token: bool = False,
        latency: float = 0.0,
        page_size_default: int = 100,
        order: Order = "oldest",
        paging_names: tuple[str, str] = ("page-number", "page-size"),
        parent: Parent = "document",
        arrivals_per_request: int = 0,
        arrivals_total: int | None = None,
        faults: Iterable[Fault | str] = (),
        seed: int = 0,
        state: Path | str | None = None,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        whole("transactions", transactions, 0, MOST_ROWS)
        whole("pending", pending, 0, transactions)
        whole("accounts", accounts, 1, MOST_ACCOUNTS)
        whole("port", port, 0, 65_535)
        whole("public_limit", public_limit, 1, 1_000_000_000)
        whole("authenticated_limit", authenticated_limit, 1, 1_000_000_000)
        number("period", period, zero=False)
        choice("window", window, ("moving", "fixed"))
        number("token_lifetime", token_lifetime, zero=False)
        number("acknowledgement_lifetime", acknowledgement_lifetime, zero=False)
        number("latency", latency, zero=True)
        whole("page_size_default", page_size_default, 1, LARGEST_PAGE)
        choice("order", order, ("oldest", "newest"))
        choice("parent", parent, ("document", "transactionFile"))
        whole("arrivals_per_request", arrivals_per_request, 0, MOST_ROWS)
        if arrivals_total is not None:
            whole("arrivals_total", arrivals_total, 0, MOST_ROWS)
        whole("seed", seed, -(2**63), 2**63 - 1)
        keys = all_keys(api_key, api_keys)
        if len(paging_names) != 2 or len(set(paging_names)) != 2 or not all(paging_names):
            raise ConfigurationError(
                f"paging_names={paging_names!r} is not possible: allowed are two different names, "
                "of the page number and of the page size"
            )

        self.requests: list[LoggedRequest] = []
        """Every request since the start or since you cleared the list."""
        self.served_rows = 0
        """Transactions sent in answers."""
        self.over_limit = 0
        """Requests refused with 429 because a limit was reached (those of a fault are not among them), of all keys."""

        self._host = host
        self._port = port
        self._period = float(period)
        self._retry_after = retry_after
        self._token_lifetime = token_lifetime
        self._latency = latency
        self._page_size_default = page_size_default
        self._paging_names = paging_names
        self._order: Order = order
        self._arrivals_per_request = arrivals_per_request
        self._arrivals_left = arrivals_total
        self._now = now
        self._sleep = sleep

        start = now()
        own = [key.name for key in keys if key.own_flags]
        self._first = keys[0]
        self._keys = Keys(
            Access(
                key,
                whose=own.index(key.name) + 1 if key.own_flags else 0,
                tokens=Tokens(token_lifetime, one_token=one_token),
                acknowledgements=Acknowledgements(acknowledgement_lifetime),
                window=make_window(window, authenticated_limit, self._period, start),
                peak=Peak(self._period),
            )
            for key in keys
        )
        self._public_window = make_window(window, public_limit, self._period, start)
        self._peaks = {"public": Peak(self._period), "authenticated": Peak(self._period)}
        self._faults = FaultPlan(seed, ROUTES)
        for fault in faults:
            self._faults.add(fault)
        self._ledger = Ledger(seed, accounts, parent)
        self._store = Store(self._ledger, transactions, pending, order, len(own))
        self._journal: Journal | None = None
        if state is not None:
            owner: dict[str, object] = {
                "seed": seed,
                "transactions": transactions,
                "pending": pending,
                "accounts": accounts,
                "order": order,
            }
            self._journal = Journal(Path(state), owner, self._store, own)

        self._runner: web.ServerRunner | None = None
        self._stopping = False
        self._busy: set[asyncio.Task[Any]] = set()

    def __repr__(self) -> str:
        where = f"{self._host}:{self._port}" if self._runner else "not listening"
        return f"<Sandbox {where}, {len(self._store)} transactions>"

    # Start and stop

    async def __aenter__(self) -> Self:
        """Start to listen. A port that is not free is an OSError."""
        if self._runner is not None:
            raise RuntimeError("this sandbox is listening already")
        self._stopping = False
        runner = web.ServerRunner(web.Server(self._handle, access_log=None), shutdown_timeout=_STOP)
        await runner.setup()
        try:
            site = web.TCPSite(runner, self._host, self._port)
            await site.start()
        except BaseException:
            await runner.cleanup()
            raise
        self._port = runner.addresses[0][1]
        self._runner = runner
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop at once: requests that are still being answered are cut off."""
        runner, self._runner = self._runner, None
        if runner is None:
            return
        self._stopping = True
        try:
            for site in list(runner.sites):
                await site.stop()
            busy = list(self._busy)
            for task in busy:
                task.cancel()
            await asyncio.gather(*busy, return_exceptions=True)
        finally:
            await runner.cleanup()

    @property
    def base_url(self) -> str:
        """Where the API is, e.g. ``http://127.0.0.1:50123/api/v6``; known once the sandbox has been started."""
        if self._port == 0:
            raise RuntimeError("the sandbox has no address before it has been started")
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}{BASE_PATH}"

    @property
    def api_key(self) -> str:
        """The value of the first API key, the only one unless there are `api_keys`."""
        return self._first.value

    @property
    def api_keys(self) -> Mapping[str, ApiKey]:
        """All API keys by their names, the first one included, and deactivated ones too."""
        return self._keys.public

    # What tests do to the data

    def arrive(self, n: int, *, where: Where | None = None, pending: bool = False) -> list[str]:
        """`n` new bookings arrive now; their rIds, oldest first.

        `where` is the end or the start of the list as it is served; left out it is where the list's order puts
        what is new: the end with "oldest" first, the start with "newest" first.
        """
        whole("n", n, 0, MOST_ROWS - len(self._store))
        if where is None:
            where = "end" if self._order == "oldest" else "start"
        choice("where", where, ("start", "end"))
        if n == 0:
            return []
        return [self._ledger.rid(row) for row in self._let_arrive(n, where, pending)]

    def _let_arrive(self, n: int, where: Where, pending: bool) -> range:
        rows = self._store.arrive(n, where, pending=pending)
        if self._journal is not None:
            self._journal.arrived(n, where, pending)
        return rows

    def acknowledge_elsewhere(self, rids: Iterable[str], key: str | None = None) -> int:
        """A colleague marks these rows as retrieved in the portal; how many of them were new until now.

        The portal's "mark as retrieved" changes the client's flags and never those that a key has of its own
        (documented). With `key` it is the portal's "key acknowledgements", or another program with that key: the
        flags that this key sees are changed, its own or the client's.

        An rId that does not exist is a ValueError, and nothing is marked then.
        """
        return self._flag(self._store.rows_of(rids), False, self._whose(key))

    def mark_new(self, rids: Iterable[str], key: str | None = None) -> int:
        """A colleague marks these rows as new again; how many of them were not. See `acknowledge_elsewhere`."""
        return self._flag(self._store.rows_of(rids), True, self._whose(key))

    def _whose(self, key: str | None) -> int:
        return 0 if key is None else self._keys.named(key).whose

    def _flag(self, rows: Iterable[int], new: bool, whose: int) -> int:
        changed = self._store.set_new(rows, new, whose)
        if self._journal is not None:
            self._journal.flagged(changed, new, whose)
        return len(changed)

    def rids(self) -> list[str]:
        """The rIds of all transactions in list order."""
        return [self._ledger.rid(row) for row in self._store.all_rows()]

    def new_rids(self, key: str | None = None) -> list[str]:
        """The rIds of the transactions that are new to this key (None: to the client), in list order."""
        return [self._ledger.rid(row) for row in self._store.new_rows(self._whose(key))]

    def transaction(self, rid: str, key: str | None = None) -> dict[str, Any]:
        """One transaction as it would be served to this key now (None: to one without flags of its own).

        Amounts are int or Decimal. An unknown rId is a ValueError.
        """
        row = self._store.rows_of([rid])[0]
        served: dict[str, Any] = loads(self._store.reader(self._whose(key))(row), parse_float=Decimal)
        return served

    # What tests do to the server

    def add_fault(self, fault: Fault | str) -> Fault:
        """One more fault, counting from now on; as a `Fault` or as text for `Fault.parse`."""
        return self._faults.add(fault)

    def clear_faults(self) -> None:
        """From now on nothing goes wrong."""
        self._faults.clear()

    def end_tokens(self, key: str | None = None) -> None:
        """All tokens of this key (None: of all keys) die at once."""
        for access in self._keys.chosen(key):
            access.tokens.end_all()

    def deactivate(self, key: str) -> None:
        """The portal deactivates this key: its tokens die at once, and logins with it are refused with 401.

        That a key can be deactivated is documented, what happens to its tokens is inferred. Its flags stay as they
        are, and so do its acknowledgement ids, which nobody can use meanwhile. A state file does not keep it.
        """
        access = self._keys.named(key)
        access.active = False
        access.tokens.end_all()

    def reactivate(self, key: str) -> None:
        """Logins with this key are possible again; tokens that died stay dead."""
        self._keys.named(key).active = True

    # What tests ask

    def count(self, route: str, status: int | None = None, key: str | None = None) -> int:
        """The requests in `requests` for this route name, answered with this status (None: any, or none).

        With `key` only those of that key, see `LoggedRequest`.
        """
        if key is not None:
            self._keys.named(key)
        if route not in ROUTES:
            raise ConfigurationError(f"there is no route {route!r}: known are {', '.join(ROUTES)}")
        return sum(
            entry.route == route and status in (None, entry.status) and key in (None, entry.key)
            for entry in self.requests
        )

    def peak(self, route_kind: RouteKind, key: str | None = None) -> int:
        """The most requests of that kind that arrived within one `period`, those refused with 429 included.

        That is of all keys together, or of one `key`; public requests are counted together only.
        """
        choice("route_kind", route_kind, ("public", "authenticated"))
        if key is None:
            return self._peaks[route_kind].highest
        access = self._keys.named(key)
        if route_kind == "public":
            raise ConfigurationError("public requests are not counted by key: leave `key` out")
        return access.peak.highest

    # One request

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        task = asyncio.current_task()
        if self._stopping or task is None:
            return _reset(request)
        self._busy.add(task)
        try:
            return await self._serve(request)
        finally:
            self._busy.discard(task)

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        # Everything about limits and tokens is decided when the request arrives, before any waiting.
        at = self._now()
        path = request.rel_url.raw_path
        route, argument = find_route(request.method, path)
        query: dict[str, str] = {}
        for name, value in request.rel_url.query.items():
            query.setdefault(name, value)
        entry = LoggedRequest(at, request.method, path, route, query)
        self.requests.append(entry)
        login = route == "authentication.token"
        access = None if login else self._keys.of_token(request.headers.get("Authorization"), at)
        if access is None:
            self._peaks["public"].add(at)
            wait = self._public_window.admit(at)
        else:
            entry.key = access.key.name
            access.peak.add(at)
            self._peaks["authenticated"].add(at)
            wait = access.window.admit(at)
        fault: Fault | None = None
        if wait is None:
            fault = self._faults.strike(
                route, applies=lambda fault: fault.name != "ignored-filter" or "is-new" in query
            )
        else:
            self.over_limit += 1
        entry.fault = fault.name if fault else None
        name = entry.fault or ""

        body = await _read(request)
        credentials: dict[str, Any] | None = None
        if login:
            credentials = _object(body)
            sender = None if credentials is None else self._keys.of_value(credentials.get("apiKey"))
            entry.key = None if sender is None else sender.key.name
        if self._latency:
            await self._sleep(self._latency)
        if name == "reset-before":
            return _reset(request)
        if wait is not None:
            answer = too_many(wait if self._retry_after else None)
        else:
            stand_in = fault_answer(name, fault.retry_after) if fault else None
            if stand_in is not None:
                answer = stand_in
            elif route == UNKNOWN:
                answer = unknown_endpoint()
            elif login:
                answer = self._log_in(credentials)
            elif access is None:
                answer = unauthorized("The access token is missing, unknown or expired")
            else:
                answer = self._work(route, argument, query, access, name)
        if name == "reset-after":
            return _reset(request)
        if fault is not None and name == "slow":
            await self._sleep(1.0 if fault.delay is None else fault.delay)
        entry.status, entry.rows = answer.status, answer.rows
        self.served_rows += answer.rows
        if name == "truncated":
            return await _truncate(request, answer)
        return _response(answer)

    def _work(self, route: str, argument: str, query: dict[str, str], access: Access, fault: str) -> Answer:
        try:
            match route:
                case "transactions.list":
                    return self._list_transactions(query, access, fault)
                case "transactions.acknowledge":
                    return self._acknowledge(argument, access, fault)
                case "bank-accounts.list":
                    return self._list_bank_accounts(query, fault)
                case _:
                    return self._get_bank_account(argument)
        except BadParameterError as error:
            return bad_request(error.code, error.details)

    def _log_in(self, login: dict[str, Any] | None) -> Answer:
        """The API key for a token. `client` with name and version is mandatory (API version 6, documented)."""
        if login is None:
            return bad_request(_MISSING_PARAMETER, "The body is no JSON object.")
        client = login.get("client")
        for name, value in (
            ("apiKey", login.get("apiKey")),
            ("client.name", client.get("name") if isinstance(client, dict) else None),
            ("client.version", client.get("version") if isinstance(client, dict) else None),
        ):
            if not isinstance(value, str) or not value.strip():
                return bad_request(_MISSING_PARAMETER, f"{name} is missing.")
        access = self._keys.of_value(login["apiKey"])
        if access is None or not access.active:
            return unauthorized("The API key is not valid")
        lifetime = self._token_lifetime
        token = access.tokens.issue(self._now())
        expires_in = int(lifetime) if lifetime == int(lifetime) else lifetime
        return json_answer({"accessToken": token, "expiresIn": expires_in, "tokenType": "bearer"})

    def _list_transactions(self, query: dict[str, str], access: Access, fault: str) -> Answer:
        asked = paging(query, self._paging_names, self._page_size_default)
        is_new = transaction_is_new(query)
        criteria = transaction_criteria(query, self._ledger.accounts)
        selection = self._store.select(criteria, None if fault == "ignored-filter" else is_new, access.whose)
        rows = selection.rows((asked.number - 1) * asked.size, asked.size)
        if not rows:
            answer = no_content()
        else:
            read = self._store.reader(access.whose)
            name = access.acknowledgements.issue(rows, self._now())
            results = f'{{"acknowledgementId":"{name}","transactions":[{",".join(map(read, rows))}]}}'
            answer = page(
                f"{self.base_url}/transactions",
                asked.number,
                asked.size,
                len(selection),
                results,
                echo=asked.number + 1 if fault == "wrong-echo" else None,
                rows=len(rows),
            )
        self._let_rows_arrive()
        return answer

    def _let_rows_arrive(self) -> None:
        count = self._arrivals_per_request
        if self._arrivals_left is not None:
            count = min(count, self._arrivals_left)
            self._arrivals_left -= count
        self.arrive(min(count, MOST_ROWS - len(self._store)))

    def _acknowledge(self, name: str, access: Access, fault: str) -> Answer:
        """The rows of that page are no longer new to this key. Path, method and answer are not documented (inferred),
        and neither is that only the key to which the page was served can acknowledge it (inferred).
        """
        rows = access.acknowledgements.use(name.lower(), self._now())
        if rows is None:
            return rid_not_found("The acknowledgementId is unknown, used, or its time is over.")
        if fault != "acknowledge-without-effect":
            self._flag(rows, False, access.whose)
        return no_content()

    def _list_bank_accounts(self, query: dict[str, str], fault: str) -> Answer:
        asked = paging(query, self._paging_names, self._page_size_default)
        indexes = bank_account_indexes(query, self._ledger.accounts)
        shown = indexes[(asked.number - 1) * asked.size : asked.number * asked.size]
        if not shown:
            return no_content()
        return page(
            f"{self.base_url}/bank-accounts",
            asked.number,
            asked.size,
            len(indexes),
            f"[{','.join(map(self._ledger.account_json, shown))}]",
            echo=asked.number + 1 if fault == "wrong-echo" else None,
        )

    def _get_bank_account(self, rid: str) -> Answer:
        for index, account in enumerate(self._ledger.accounts):
            if account.rid == rid.lower():
                return Answer(200, self._ledger.account_json(index).encode(), "application/json; charset=utf-8")
        return rid_not_found("There is no bank account with this rId.")


async def _read(request: web.BaseRequest) -> bytes:
    """The body; of one that is too large only the beginning, which no endpoint can read."""
    body = bytearray()
    async for chunk in request.content.iter_any():
        if len(body) <= _LARGEST_BODY:
            body += chunk
    return bytes(body)


def _object(body: bytes) -> dict[str, Any] | None:
    """The JSON object in the body, None when there is none."""
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except ValueError:
        return None


def _response(answer: Answer) -> web.Response:
    headers = dict(answer.headers)
    if answer.content_type is not None:
        headers["Content-Type"] = answer.content_type
    return web.Response(status=answer.status, body=answer.body or None, headers=headers)


def _reset(request: web.BaseRequest) -> web.Response:
    """End the connection with a TCP reset: with no time to linger, closing discards what is left and says RST."""
    transport = request.transport
    if transport is not None:
        connection: socket.socket | None = transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    # Never sent: the connection is gone, and the server notices that when it tries.
    return web.Response(status=204)


async def _truncate(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    """Announce the whole body, send half of it, and hang up. An answer without a body gets one to cut."""
    whole_body = answer.body or b'{"results": null}'
    response = web.StreamResponse(status=200 if answer.status == 204 else answer.status, headers=answer.headers)
    response.content_type = "application/json"
    response.content_length = len(whole_body)
    await response.prepare(request)
    await response.write(whole_body[: len(whole_body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response
