"""The sandbox itself: its arguments, its start and stop, and what tests do to it and ask it."""

import base64
import hashlib
from collections.abc import Iterable
from types import TracebackType
from typing import Final, Self

from aiohttp import web

from konfipay_async.errors import ConfigurationError
from konfipay_async.sandbox.arguments import number, whole
from konfipay_async.sandbox.faults import Fault, FaultPlan
from konfipay_async.sandbox.listening import Listener
from konfipay_async.sandbox.wallee.analytics import Analytics
from konfipay_async.sandbox.wallee.clock import Clock, SystemClock
from konfipay_async.sandbox.wallee.collection import Collection
from konfipay_async.sandbox.wallee.front import BASE_PATH, ROUTES, Front
from konfipay_async.sandbox.wallee.log import SeenRequest
from konfipay_async.sandbox.wallee.operations import HANDLERS
from konfipay_async.sandbox.wallee.terminals import Terminals
from konfipay_async.sandbox.wallee.users import UserKeys
from konfipay_async.sandbox.wallee.webhooks import Webhooks
from konfipay_async.sandbox.wallee.world import BASES, MOST_TRANSACTIONS, World

__all__ = ["SANDBOX_AUTHENTICATION_KEY", "WalleeSandbox"]

SANDBOX_AUTHENTICATION_KEY: Final = base64.b64encode(hashlib.sha256(b"no real key").digest()).decode()
"""The authentication key every sandbox accepts. 32 bytes in base64, like a real one."""

_FOREIGN_FAULTS: Final = (
    "400-xml",
    "acknowledge-without-effect",
    "ignored-filter",
    "submit-without-effect",
    "wrong-echo",
)


class WalleeSandbox:
    """The signed REST API, version 2.0, on this machine, with made-up data.

    ::

        async with WalleeSandbox(transactions=5_000) as sandbox:
            ...  # a client at sandbox.base_url with sandbox.user_id, sandbox.authentication_key and sandbox.space

    Use it with ``async with``; it listens from entering to leaving, and can be entered again with everything it knows,
    on the same port. It serves all operations of the official SDK. Times are seconds.

    Data: `transactions` in each of so many `spaces` of one account, and a few of all else, a function of `seed`. They
    can be read and changed: `sandbox.transactions`, `collection`. Ids are numbers and differ from one service to the
    next.

    Signatures are verified over method, path and query exactly as they came over the wire; the `iat` of a token may be
    `tolerance` away from the server's time (what the real one allows is documented nowhere). `skew` moves that time,
    which is also that of the Date header. What was wrong with a refused one stands in `requests[…].wrong`.

    Limits: `request_limit` requests within 120 seconds (documented) for the user and for each space, which have it as
    their `requestLimit` and may be changed; 429 above that. `retry_after` says whether it carries Retry-After
    (documented nowhere).

    Slow things: an analytics query is processed for `analytics_seconds`; a transaction at a terminal takes
    `terminal_seconds`, of which one request waits `terminal_patience` at most. See `analytics`, `terminals`.

    Wire: `latency` passes before each answer. `faults` go wrong, see `Fault`; those that are konfipay's alone are
    refused. `clock` is where time comes from, for tests that do not want to wait.

    Raises ConfigurationError for arguments that are not possible.
    """

    def __init__(
        self,
        *,
        transactions: int = 1000,
        spaces: int = 2,
        host: str = "127.0.0.1",
        port: int = 0,
        request_limit: int = 1000,
        retry_after: bool = False,
        tolerance: float = 180.0,
        skew: float = 0.0,
        latency: float = 0.0,
        analytics_seconds: float = 0.0,
        terminal_seconds: float = 0.0,
        terminal_patience: float = 90.0,
        faults: Iterable[Fault | str] = (),
        seed: int = 0,
        clock: Clock | None = None,
    ) -> None:
        whole("transactions", transactions, 0, MOST_TRANSACTIONS)
        whole("spaces", spaces, 1, 50)
        whole("port", port, 0, 65_535)
        whole("request_limit", request_limit, 1, 1_000_000_000)
        number("tolerance", tolerance, zero=True)
        number("latency", latency, zero=True)
        number("analytics_seconds", analytics_seconds, zero=True)
        number("terminal_seconds", terminal_seconds, zero=True)
        number("terminal_patience", terminal_patience, zero=False)
        whole("seed", seed, -(2**63), 2**63 - 1)
        self._world = World(seed, spaces, transactions, request_limit)
        self._faults = FaultPlan(seed, ROUTES)
        for fault in faults:
            self.add_fault(fault)
        clock = clock or SystemClock()
        keys = UserKeys(self._world.user, self.authentication_key)
        self._analytics = Analytics(analytics_seconds)
        self._terminals = Terminals(clock, terminal_seconds, terminal_patience)
        self._webhooks = Webhooks(clock, self.space)
        self._front = Front(
            self._world,
            HANDLERS | keys.handlers | self._analytics.handlers | self._terminals.handlers | self._webhooks.handlers,
            keys,
            self._analytics,
            self._faults,
            clock,
            tolerance=tolerance,
            retry_after=retry_after,
            latency=latency,
        )
        self._front.skew = skew
        self._listener = Listener(self._handle, host, port)

    def __repr__(self) -> str:
        return f"<WalleeSandbox {self._listener}, {len(self.transactions)} transactions>"

    # Start and stop

    async def __aenter__(self) -> Self:
        """Start to listen. A port that is not free is an OSError."""
        await self._listener.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop at once: requests that are still being answered are cut off."""
        await self._listener.stop()

    @property
    def base_url(self) -> str:
        """Where the API is, e.g. ``http://127.0.0.1:50123/api/v2.0``; known once the sandbox has been started."""
        return self._listener.address + BASE_PATH

    @property
    def user_id(self) -> str:
        """The id of the application user."""
        return str(self._world.user)

    @property
    def authentication_key(self) -> str:
        """Its key, in base64."""
        return SANDBOX_AUTHENTICATION_KEY

    @property
    def space(self) -> int:
        """The id of the first space."""
        return self.spaces[0]

    @property
    def spaces(self) -> list[int]:
        """The ids of all spaces."""
        return self._world.collection("/spaces").ids()

    @property
    def account(self) -> int:
        """The id of the account."""
        return self._world.account

    # What tests do to the data, and ask it

    @property
    def transactions(self) -> Collection:
        """The transactions of the first space: add some, change them, look."""
        return self.collection("/payment/transactions")

    def collection(self, base: str, *, space: int | None = None, of: int | None = None) -> Collection:
        """The objects of a service by its path, e.g. "/payment/refunds", in this space or in the first one.

        Where they are part of another object, as "/customers/{customerId}/addresses" are, `of` is its id.
        """
        if base not in BASES:
            raise ConfigurationError(f"there is no service {base!r}: known are {', '.join(sorted(BASES))}")
        if (of is None) == ("{" in base):
            raise ConfigurationError(f"{base}: `of` is for services with a placeholder in their path, and needed there")
        return self._world.collection(base, space or self.space, () if of is None else (str(of),))

    @property
    def analytics(self) -> Analytics:
        """The analytics queries: let one fail, ask what was billed."""
        return self._analytics

    @property
    def terminals(self) -> Terminals:
        """What has begun at terminals."""
        return self._terminals

    @property
    def webhooks(self) -> Webhooks:
        """Signed messages to hand to a receiver or to send to a URL, and forged ones."""
        return self._webhooks

    # What tests do to the server

    @property
    def skew(self) -> float:
        """How many seconds the server's clock is ahead of the one that was handed in. May be set at any time."""
        return self._front.skew

    @skew.setter
    def skew(self, seconds: float) -> None:
        self._front.skew = seconds

    def add_fault(self, fault: Fault | str) -> Fault:
        """One more fault, counting from now on; as a `Fault` or as text for `Fault.parse`."""
        if isinstance(fault, str):
            fault = Fault.parse(fault)
        if fault.name in _FOREIGN_FAULTS:
            raise ConfigurationError(f"the fault {fault.name} is one of konfipay, this API has nothing of the kind")
        return self._faults.add(fault)

    def clear_faults(self) -> None:
        """From now on nothing goes wrong."""
        self._faults.clear()

    # What tests ask

    @property
    def requests(self) -> list[SeenRequest]:
        """Every request since the start or since you cleared the list."""
        return self._front.requests

    @property
    def over_limit(self) -> int:
        """Requests refused with 429 as a limit was reached (those of a fault are not among them)."""
        return self._front.over_limit

    def count(self, route: str, status: int | None = None) -> int:
        """The requests in `requests` for this route name, answered with this status (None: any, or none)."""
        if route not in ROUTES:
            raise ConfigurationError(f"there is no route {route!r}, names are like 'payment.transactions.list'")
        return sum(entry.route == route and status in (None, entry.status) for entry in self.requests)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        return await self._front.serve(request, self.base_url)
