"""The sandbox itself: its arguments, its start and stop, and what tests do to it and ask it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self

from aiohttp import web

from konfipay_async.errors import ConfigurationError
from konfipay_async.sandbox.arguments import choice, number, whole
from konfipay_async.sandbox.faults import Fault, FaultPlan
from konfipay_async.sandbox.konfipay.acknowledgements import Acknowledgements
from konfipay_async.sandbox.konfipay.areas.authentication import Authentication
from konfipay_async.sandbox.konfipay.areas.bank_accounts import BankAccounts
from konfipay_async.sandbox.konfipay.areas.documents import Documents
from konfipay_async.sandbox.konfipay.areas.master_data import MasterData
from konfipay_async.sandbox.konfipay.areas.payment_files import PaymentFiles
from konfipay_async.sandbox.konfipay.areas.payments import Payments
from konfipay_async.sandbox.konfipay.areas.paypal import PayPalAccounts, PayPalTransactions
from konfipay_async.sandbox.konfipay.areas.transaction_files import TransactionFiles
from konfipay_async.sandbox.konfipay.areas.transactions import Transactions
from konfipay_async.sandbox.konfipay.calls import Area
from konfipay_async.sandbox.konfipay.data import MOST_ACCOUNTS, MOST_ROWS, Ledger, Parent
from konfipay_async.sandbox.konfipay.front import Front
from konfipay_async.sandbox.konfipay.keys import Access, ApiKey, Keys, all_keys
from konfipay_async.sandbox.konfipay.lists import Lists
from konfipay_async.sandbox.konfipay.log import LoggedRequest
from konfipay_async.sandbox.konfipay.payment_book import PaymentBook, Transmission
from konfipay_async.sandbox.konfipay.payment_status import USUAL_PATH, PaymentStatus, StatusPath, usual_status
from konfipay_async.sandbox.konfipay.queries import LARGEST_PAGE
from konfipay_async.sandbox.konfipay.routes import BASE_PATH, ROUTES
from konfipay_async.sandbox.konfipay.shelf import MOST_THINGS, Shelf
from konfipay_async.sandbox.konfipay.state import Journal
from konfipay_async.sandbox.konfipay.store import Order, Store, Where
from konfipay_async.sandbox.konfipay.tokens import Tokens
from konfipay_async.sandbox.limits import Peak, make_window
from konfipay_async.sandbox.listening import Listener

__all__ = ["SANDBOX_API_KEY", "RouteKind", "Sandbox"]

SANDBOX_API_KEY: Final = "SandboxKeyForTestsOnly00000000000000000000000000000000NoRealData"
"""The API key every sandbox accepts unless it is given another one. 64 characters, like a real one."""

RouteKind = Literal["public", "authenticated"]


class Sandbox:
    """A konfipay REST API, version 6, on this machine, with made-up bookings.

    Use it with ``async with``; it listens from entering to leaving, and can be entered again with everything it
    knows, on the same port. It serves all that is publicly known of that API. Times are seconds.

    Data: `transactions` rows at start, the last `pending` of them from intraday reports, on `accounts` accounts,
    all of it a function of `seed`. `order` is that of the list. With `arrivals_per_request` new rows arrive
    after each answered page of transactions, `arrivals_total` in all (None: without an end).

    Other data: `transaction_files` is how many files there are at start; None is all of the days that have
    transactions, and then more come with the transactions. `documents`, `paypal_accounts` and `paypal_transactions`
    are how many there are of these. They and their flags are in memory only. See `files`, `documents` and
    `paypal_transactions` for what can be done to them.

    Bank accounts: a deletion is over after `delete_polls` looks at its state (0: at once). With `relative_links` the
    link to that state is one without scheme and host.

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

    Payments: `payment_statuses` are the values that a sent payment file's status takes, one after another; the answer
    that sends it has the first one. It is `status_every` seconds from one to the next, and with 0 each GET of the file
    is a step. A path that begins with KON_REJECTED sends nothing. With `duplicate_check` a file that came before is
    rejected. Payments are in memory only.

    `state` is a file in which arrivals of transactions and their is-new flags, the client's and those of keys,
    survive a restart, even after kill -9. `now` and `sleep` are the clock, for tests that do not want to wait.

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
        transaction_files: int | None = None,
        documents: int = 12,
        paypal_accounts: int = 2,
        paypal_transactions: int = 60,
        delete_polls: int = 2,
        relative_links: bool = False,
        payment_statuses: Sequence[str] = USUAL_PATH,
        status_every: float = 0.0,
        duplicate_check: bool = False,
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
        if transaction_files is not None:
            whole("transaction_files", transaction_files, 0, MOST_THINGS)
        whole("documents", documents, 0, MOST_THINGS)
        whole("paypal_accounts", paypal_accounts, 1, 1000)
        whole("paypal_transactions", paypal_transactions, 0, MOST_THINGS)
        whole("delete_polls", delete_polls, 0, 1_000_000)
        number("status_every", status_every, zero=True)
        whole("seed", seed, -(2**63), 2**63 - 1)
        keys = all_keys(api_key, api_keys)
        if len(paging_names) != 2 or len(set(paging_names)) != 2 or not all(paging_names):
            raise ConfigurationError(
                f"paging_names={paging_names!r} is not possible: allowed are two different names, "
                "of the page number and of the page size"
            )

        start = now()
        own = [key.name for key in keys if key.own_flags]
        self._first = keys[0]
        self._keys = Keys(
            Access(
                key,
                whose=own.index(key.name) + 1 if key.own_flags else 0,
                tokens=Tokens(token_lifetime, one_token=one_token),
                acknowledgements=Acknowledgements(acknowledgement_lifetime),
                window=make_window(window, authenticated_limit, period, start),
                peak=Peak(period),
            )
            for key in keys
        )
        self._faults = FaultPlan(seed, ROUTES)
        for fault in faults:
            self._faults.add(fault)
        ledger = Ledger(seed, accounts, parent)
        store = Store(ledger, transactions, pending, order, len(own))
        journal: Journal | None = None
        if state is not None:
            owner: dict[str, object] = {
                "seed": seed,
                "transactions": transactions,
                "pending": pending,
                "accounts": accounts,
                "order": order,
            }
            journal = Journal(Path(state), owner, store, own)

        lists = Lists(paging_names, page_size_default)
        shelf = partial(Shelf, own=len(own), order=order, whose=self._whose)
        self._bank_accounts = BankAccounts(ledger.accounts, lists, seed, delete_polls, relative_links=relative_links)
        files = TransactionFiles(store, transaction_files, shelf, lists)
        self._transactions = Transactions(
            store, files, journal, self._bank_accounts.ever, lists, arrivals_per_request, arrivals_total
        )
        documents_area = Documents(seed, documents, shelf, lists)
        paypal = PayPalAccounts(seed, paypal_accounts, lists)
        paypal_area = PayPalTransactions(seed, paypal, paypal_transactions, shelf, lists)
        self._shelves = (files.shelf, documents_area.shelf, paypal_area.shelf)
        self._payments = PaymentBook(
            self._bank_accounts.accounts,
            StatusPath(payment_statuses, status_every),
            duplicate_check=duplicate_check,
            seed=seed,
            start=start,
        )
        areas: tuple[Area, ...] = (
            Authentication(token_lifetime),
            self._bank_accounts,
            documents_area,
            MasterData(seed, lists),
            PaymentFiles(self._payments, lists),
            Payments(self._payments, lists),
            paypal,
            paypal_area,
            files,
            self._transactions,
        )
        self._front = Front(
            areas,
            self._keys,
            self._faults,
            make_window(window, public_limit, period, start),
            period,
            retry_after=retry_after,
            latency=latency,
            now=now,
            sleep=sleep,
        )

        self._listener = Listener(self._handle, host, port)

    def __repr__(self) -> str:
        return f"<Sandbox {self._listener}, {len(self._transactions)} transactions>"

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
        """Where the API is, e.g. ``http://127.0.0.1:50123/api/v6``; known once the sandbox has been started."""
        return self._listener.address + BASE_PATH

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
        what is new: the end with "oldest" first, the start with "newest" first. Files of a further day come with it.
        """
        return self._transactions.arrive(n, where, pending)

    def acknowledge_elsewhere(self, rids: Iterable[str], key: str | None = None) -> int:
        """A colleague marks these rows as retrieved in the portal; how many of them were new until now.

        The portal's "mark as retrieved" changes the client's flags and never those that a key has of its own
        (documented). With `key` it is the portal's "key acknowledgements", or another program with that key: the
        flags that this key sees are changed, its own or the client's.

        An rId that does not exist is a ValueError, and nothing is marked then.
        """
        return self._transactions.flag(rids, False, self._whose(key))

    def mark_new(self, rids: Iterable[str], key: str | None = None) -> int:
        """A colleague marks these rows as new again; how many of them were not. See `acknowledge_elsewhere`."""
        return self._transactions.flag(rids, True, self._whose(key))

    def _whose(self, key: str | None) -> int:
        return 0 if key is None else self._keys.named(key).whose

    def rids(self) -> list[str]:
        """The rIds of all transactions in list order."""
        return self._transactions.rids()

    def new_rids(self, key: str | None = None) -> list[str]:
        """The rIds of the transactions that are new to this key (None: to the client), in list order."""
        return self._transactions.new_rids(self._whose(key))

    def transaction(self, rid: str, key: str | None = None) -> dict[str, Any]:
        """One transaction as it would be served to this key now (None: to one without flags of its own).

        Amounts are int or Decimal. An unknown rId is a ValueError.
        """
        return self._transactions.served(rid, self._whose(key))

    @property
    def files(self) -> Shelf:
        """The transaction files: let some arrive, mark them, ask which are new."""
        return self._shelves[0]

    @property
    def documents(self) -> Shelf:
        """The documents: let some arrive, mark them, ask which are new."""
        return self._shelves[1]

    @property
    def paypal_transactions(self) -> Shelf:
        """The PayPal transactions: let some arrive, mark them, ask which are new."""
        return self._shelves[2]

    def fail_deletions(self, n: int = 1) -> None:
        """The next `n` deletions of bank accounts that begin end as failed, and the account stays."""
        whole("n", n, 0, 1_000_000_000)
        self._bank_accounts.failing = n

    def set_payment_status(
        self,
        rid: str,
        value: str,
        reason_code: str | None = None,
        *,
        reason: str | None = None,
        additional_information: str | None = None,
        error: tuple[str, str] | None = None,
    ) -> None:
        """The payment file has this status until it is sent again. `error` is the name of an error and its details.

        Without any explanation it has the one that is usual here. An unknown rId is a ValueError.
        """
        status = PaymentStatus(value, reason_code, reason, additional_information, error)
        self._payments.hold(rid, usual_status(value) if status == PaymentStatus(value) else status)

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

    @property
    def requests(self) -> list[LoggedRequest]:
        """Every request since the start or since you cleared the list."""
        return self._front.requests

    @property
    def served_rows(self) -> int:
        """Transactions sent in answers."""
        return self._front.served_rows

    @property
    def over_limit(self) -> int:
        """Requests refused with 429 as a limit was reached (those of a fault are not among them), of all keys."""
        return self._front.over_limit

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
            return self._front.peaks[route_kind].highest
        access = self._keys.named(key)
        if route_kind == "public":
            raise ConfigurationError("public requests are not counted by key: leave `key` out")
        return access.peak.highest

    def transmissions(self) -> list[Transmission]:
        """What went to the bank, in this order: nothing was paid twice when no order is in two of them."""
        return list(self._payments.transmissions)

    def payment_file_rids(self) -> list[str]:
        """The rIds of all payment files, oldest first."""
        return list(self._payments.files)

    def payment_rids(self) -> list[str]:
        """The rIds of all payments, those in files included, oldest first."""
        return list(self._payments.payments)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        return await self._front.serve(request, self.base_url)
