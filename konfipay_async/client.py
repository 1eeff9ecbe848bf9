"""The client: opens a session and hangs the resources on it."""

import copy
import os
import re
import ssl as ssl_module
from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, get_args

import aiohttp
import msgspec

from konfipay_async import answers
from konfipay_async._version import __version__
from konfipay_async.errors import ConfigurationError
from konfipay_async.filters import query_value
from konfipay_async.holding import close_all
from konfipay_async.models.authentication import ClientInfo, encode_token_request
from konfipay_async.models.records import Account, Bank, ExchangeRate, PaymentProvider, User, UserGroup
from konfipay_async.paging.acknowledgements import Acknowledgements
from konfipay_async.paging.names import PagingNames
from konfipay_async.resources.wiring import Options, Uploads, Wiring
from konfipay_async.routes import Route, checked_timeout, routes_with
from konfipay_async.session.bearer import Bearer, Token
from konfipay_async.session.budget import Budgets, Limits
from konfipay_async.session.clock import Clock, SystemClock
from konfipay_async.session.manager import Recorder, Session
from konfipay_async.session.message import Lane, Request, Response, RetryClass
from konfipay_async.session.retry import Retry
from konfipay_async.session.transport import AiohttpTransport, checked_base_url, relative_path

if TYPE_CHECKING:
    from konfipay_async.communication import CommunicationLog
    from konfipay_async.communication.using import LogUse
    from konfipay_async.ledger import Ledger
    from konfipay_async.resources.authentication import Authentication
    from konfipay_async.resources.bank_accounts import BankAccounts
    from konfipay_async.resources.documents import Documents
    from konfipay_async.resources.payment_files import PaymentFiles
    from konfipay_async.resources.payments import Payments
    from konfipay_async.resources.paypal import PayPal
    from konfipay_async.resources.records import Records
    from konfipay_async.resources.transaction_files import TransactionFiles
    from konfipay_async.resources.transactions import Transactions
    from konfipay_async.session.shared_token import SharedLogin

__all__ = ["BASE_URL", "KonfipayClient", "check_settings"]

R = TypeVar("R")

BASE_URL = "https://portal.konfipay.de/api/v6"

# The first is what the rule for query names makes of it and what public code sends, the second what the text says.
_PAGING_NAMES = ("page-number", "page-size")
_OTHER_PAGING_NAMES = ("pageNumber", "pageSize")

_MiB = 1024 * 1024


class KonfipayClient:
    """An async client of the konfipay REST API, version 6.

    ::

        async with KonfipayClient() as client:
            async for page in client.transactions.drain():
                await save(page.transactions)
                await page.acknowledge()

    Every request goes through one budget and one token, so use one client per API key and share it. Closing it revokes
    nothing. It belongs to the event loop it was opened in.

    `api_key` and `base_url` fall back to ``KONFIPAY_API_KEY`` and ``KONFIPAY_BASE_URL``. `client_name` and
    `client_version` are what konfipay's support sees of your software. `limits` are the API's, raised for some
    customers; hand `budgets` of one client to another to share them, and ``Limits(shared=…)``, the address of a Redis,
    to all your processes (it falls back to ``KONFIPAY_SHARED_LIMITS``). `concurrency` is how many pages of one list are
    fetched at once. `retry` says how patiently, `timeouts` names seconds by route. `routes`, `filter_names` and
    `paging_names` correct what is not documented and was inferred (the names of paging are page-number and page-size,
    and where the server does not understand these, pageNumber and pageSize). `uploads` says how payment files go out:
    "raw", as they are (seen in public code), or "json", as base64 inside JSON (the description says JSON only, and not
    how). A `ledger` notes what must happen once before it leaves, and refuses what was sent before. `session` lends an
    aiohttp session's connector, proxy, headers and traces; `proxy`, `trust_env` and `ssl` mean what they mean to
    aiohttp. Answers above `max_response_bytes` are refused.

    A `recorder` is told of every attempt. A `communication_log` keeps each of them, masked, in a database: its URL
    (``sqlite:///api.db``; it falls back to ``KONFIPAY_COMMUNICATION_LOG``), or a `CommunicationLog`, which several
    clients may share. `key_name` is what the log calls the key.

    Raises ConfigurationError for arguments that cannot be.
    """

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        client_name: str = "konfipay-async",
        client_version: str = __version__,
        limits: Limits | None = None,
        budgets: Budgets | None = None,
        concurrency: int = 8,
        retry: Retry | None = None,
        routes: Mapping[str, str] | None = None,
        timeouts: Mapping[str, float] | None = None,
        filter_names: Mapping[str, str] | None = None,
        paging_names: tuple[str, str] | None = None,
        uploads: Uploads = "raw",
        ledger: "Ledger | None" = None,
        session: aiohttp.ClientSession | None = None,
        proxy: str | None = None,
        trust_env: bool = False,
        ssl: ssl_module.SSLContext | bool = True,
        max_response_bytes: int = 64 * _MiB,
        clock: Clock | None = None,
        recorder: Recorder | None = None,
        communication_log: "str | CommunicationLog | None" = None,
        key_name: str = "",
    ) -> None:
        if limits is not None and budgets is not None:
            raise ConfigurationError("give limits or budgets, not both: budgets have their limits already")
        if isinstance(concurrency, bool) or not isinstance(concurrency, int) or concurrency < 1:
            raise ConfigurationError(f"concurrency={concurrency!r}: give a whole number, 1 or more")
        if not client_name or not client_version:
            raise ConfigurationError("client_name and client_version are mandatory since API version 6")
        if isinstance(max_response_bytes, bool) or not isinstance(max_response_bytes, int) or max_response_bytes < 1:
            raise ConfigurationError(f"max_response_bytes={max_response_bytes!r}: give a whole number of bytes")
        # An argument that is there but empty is a mistake; the environment must not paper over it.
        url = checked_base_url(os.environ.get("KONFIPAY_BASE_URL") or BASE_URL if base_url is None else base_url)
        clock = clock or SystemClock()
        user_agent = f"konfipay-async/{__version__}"
        self._api_key = _checked_key(os.environ.get("KONFIPAY_API_KEY") if api_key is None else api_key)
        self._client_info = ClientInfo(client_name, client_version)
        self._base_url = str(url)
        self._owned: list[SharedLogin | Budgets | LogUse] = []
        login: Callable[[], Awaitable[Token]] = self._login
        if budgets is None:
            limits = limits or Limits(shared=os.environ.get("KONFIPAY_SHARED_LIMITS") or None)
            origin = str(url.origin())
            if limits.shared is not None:
                login = _shared_login(login, limits.shared, origin=origin, api_key=self._api_key, clock=clock)
                self._owned.append(login)
            budgets = Budgets.from_limits(limits, clock, origin=origin, api_key=self._api_key)
            self._owned.append(budgets)
        self._bearer = Bearer(login, clock=clock)
        self._log = _log_use(communication_log, clock)
        if self._log is not None:
            self._owned.append(self._log)
            recorder = self._log.log.recorder(
                base_url=self._base_url,
                key_name=key_name,
                headers={"User-Agent": user_agent, "Accept": "application/json"},
                secrets=(self._api_key,),
                also=recorder,
            )
        self._session = Session(
            AiohttpTransport(
                url,
                session=session,
                user_agent=user_agent,
                trust_env=trust_env,
                proxy=proxy,
                ssl=ssl,
                max_response_bytes=max_response_bytes,
            ),
            budgets=budgets,
            auth=self._bearer,
            retry=retry or Retry(),
            clock=clock,
            recorder=recorder,
        )
        self._wiring = Wiring(
            session=self._session,
            routes=routes_with(routes, timeouts),
            concurrency=concurrency,
            paging_names=_paging_names(paging_names),
            filter_names=_checked_filter_names(filter_names or {}),
            acknowledgements=Acknowledgements(clock),
            origin=self._base_url,
            ledger=ledger,
            uploads=_checked_uploads(uploads),
        )

    # Resources are made, and their modules imported, when they are asked for: most programs need one or two.

    @cached_property
    def authentication(self) -> "Authentication":
        """The token and the rights of the key."""
        from konfipay_async.resources.authentication import Authentication

        return Authentication(self._wiring, self._bearer)

    @cached_property
    def transactions(self) -> "Transactions":
        """Bookings, as JSON."""
        from konfipay_async.resources.transactions import Transactions

        return Transactions(self._wiring)

    @cached_property
    def transaction_files(self) -> "TransactionFiles":
        """Statements as the bank made them."""
        from konfipay_async.resources.transaction_files import TransactionFiles

        return TransactionFiles(self._wiring)

    @cached_property
    def documents(self) -> "Documents":
        """What else banks send and take."""
        from konfipay_async.resources.documents import Documents

        return Documents(self._wiring)

    @cached_property
    def bank_accounts(self) -> "BankAccounts":
        """The accounts."""
        from konfipay_async.resources.bank_accounts import BankAccounts

        return BankAccounts(self._wiring)

    @cached_property
    def payment_files(self) -> "PaymentFiles":
        """Payment files: uploaded, submitted, followed."""
        from konfipay_async.resources.payment_files import PaymentFiles

        return PaymentFiles(self._wiring)

    @cached_property
    def payments(self) -> "Payments":
        """Single payments."""
        from konfipay_async.resources.payments import Payments

        return Payments(self._wiring)

    @cached_property
    def paypal(self) -> "PayPal":
        """PayPal accounts and transactions."""
        from konfipay_async.resources.paypal import PayPal

        return PayPal(self._wiring)

    @cached_property
    def exchange_rates(self) -> "Records[ExchangeRate]":
        """Exchange rates."""
        return self._records("exchange_rates", ExchangeRate)

    @cached_property
    def accounts(self) -> "Records[Account]":
        """Clients, as partners manage them."""
        return self._records("accounts", Account)

    @cached_property
    def banks(self) -> "Records[Bank]":
        """Banks."""
        return self._records("banks", Bank)

    @cached_property
    def payment_providers(self) -> "Records[PaymentProvider]":
        """Payment providers."""
        return self._records("payment_providers", PaymentProvider)

    @cached_property
    def users(self) -> "Records[User]":
        """Users."""
        return self._records("users", User)

    @cached_property
    def user_groups(self) -> "Records[UserGroup]":
        """Groups of users."""
        return self._records("user_groups", UserGroup)

    def _records(self, resource: str, row: type[R]) -> "Records[R]":
        from konfipay_async.resources.records import Records

        return Records(self._wiring, resource, row)

    def with_options(
        self, *, timeout: float | None = None, retry: Retry | None = None, lane: Lane | None = None
    ) -> Self:
        """The same client, whose requests have another timeout (seconds for one attempt), retry or lane.

        Session, budgets, token and lists under way are shared: open and close the original. Logins stay as they are.
        """
        if timeout is not None:
            timeout = checked_timeout(timeout, "timeout")
        if not isinstance(retry, Retry | None):
            raise ConfigurationError(f"retry={retry!r}: give a Retry(…)")
        if not isinstance(lane, Lane | None):
            raise ConfigurationError(f"lane={lane!r}: give a Lane")
        given = self._wiring.options
        options = Options(
            timeout=given.timeout if timeout is None else timeout,
            retry=given.retry if retry is None else retry,
            lane=given.lane if lane is None else lane,
        )
        view = copy.copy(self)
        for name in [name for name in vars(view) if isinstance(getattr(type(view), name, None), cached_property)]:
            del vars(view)[name]  # the original's
        view._wiring = msgspec.structs.replace(self._wiring, options=options)
        return view

    @property
    def base_url(self) -> str:
        """Where requests go."""
        return self._base_url

    @property
    def routes(self) -> Mapping[str, Route]:
        """Every endpoint by its name, with the corrections this client was given."""
        return self._wiring.routes

    @property
    def filter_names(self) -> Mapping[str, str]:
        """The corrections of filters' names that this client was given."""
        return self._wiring.filter_names

    @property
    def paging_names(self) -> tuple[str, str]:
        """By which names pages are asked for: of the page number, and of the page size."""
        return self._wiring.paging_names.current

    @property
    def budgets(self) -> Budgets:
        """The budgets this client draws from; ``budgets.authenticated.status()`` tells what is left and what waits."""
        return self._session.budgets

    async def open(self) -> None:
        """Make the client ready; `async with` does it. Sends nothing: the first request logs in.

        StorageError where a communication log cannot be opened.
        """
        await self._session.open()
        if self._log is not None:
            try:
                await self._log.open()
            except BaseException:
                await self.close()
                raise

    async def close(self) -> None:
        """Wait for requests that must happen once, then close. Revokes nothing; closing twice is fine."""
        try:
            await self._session.close()
        finally:
            await close_all(self._owned)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        json: Any = None,
        lane: Lane | None = None,
        retry: RetryClass | None = None,
        timeout: float | None = None,
    ) -> Response:
        """Send what no resource covers, through the same budget and token; the raw answer of a success.

        `path` is relative to the base URL, `timeout` in seconds for one attempt (default: 60, or that of
        `with_options`). GET is of class READ, all else of class ONCE, which is not repeated where it may have been
        done; say otherwise with `retry`.
        Raises StatusError for other answers, TransportError, OutcomeUnknownError, ConfigurationError.
        """
        if not isinstance(retry, RetryClass | None):
            raise ConfigurationError(f"retry={retry!r}: give a RetryClass; patience is with_options(retry=Retry(…))")
        if not isinstance(lane, Lane | None):
            raise ConfigurationError(f"lane={lane!r}: give a Lane")
        options = self._wiring.options
        timeout = checked_timeout((options.timeout or 60.0) if timeout is None else timeout, "timeout")
        lane = lane if lane is not None else options.lane if options.lane is not None else Lane.SINGLE
        method = method.upper()
        if not re.fullmatch(r"[A-Z]+", method):
            raise ConfigurationError(f"method={method!r}: give one like 'GET'")
        relative = relative_path(path)
        return await self._session.send(
            Request(
                method=method,
                path=relative,
                read=answers.raw(method, relative),
                query=tuple((name, query_value(name, value)) for name, value in (query or {}).items()),
                headers={} if json is None else {"Content-Type": "application/json"},
                body=None if json is None else _encoded(json),
                lane=lane,
                retry=retry or (RetryClass.READ if method == "GET" else RetryClass.ONCE),
                timeout=timeout,
            ),
            options.retry,
        )

    async def _login(self) -> Token:
        body = encode_token_request(self._api_key, self._client_info)
        answer = await self._session.send(self._wiring.request("authentication.token", answers.token, body=body))
        return Token(answer.access_token, answer.expires_in)

    def __repr__(self) -> str:
        return f"KonfipayClient(base_url={self._base_url!r})"


def check_settings(
    *,
    base_url: str = BASE_URL,
    routes: Mapping[str, str] | None = None,
    timeouts: Mapping[str, float] | None = None,
    filter_names: Mapping[str, str] | None = None,
    paging_names: tuple[str, str] | None = None,
) -> None:
    """Raise ConfigurationError where a client would not take these. Makes none, and minds no environment."""
    checked_base_url(base_url)
    routes_with(routes, timeouts)
    _checked_filter_names(filter_names or {})
    _paging_names(paging_names)


def _shared_login(
    login: Callable[[], Awaitable[Token]], redis: str, *, origin: str, api_key: str, clock: Clock
) -> "SharedLogin":
    from konfipay_async.session.shared_link import Link
    from konfipay_async.session.shared_token import SharedLogin

    link = Link(redis, clock=clock, meanwhile="each process logs in by itself until it does")
    return SharedLogin(login, link=link, origin=origin, api_key=api_key, clock=clock)


def _log_use(given: "str | CommunicationLog | None", clock: Clock) -> "LogUse | None":
    given = os.environ.get("KONFIPAY_COMMUNICATION_LOG") or None if given is None else given
    if given is None:
        return None
    from konfipay_async.communication.using import LogUse

    return LogUse(given, clock)


def _paging_names(names: tuple[str, str] | None) -> PagingNames:
    if names is None:
        return PagingNames(_PAGING_NAMES, _OTHER_PAGING_NAMES)
    if len(names) != 2 or names[0] == names[1] or not all(isinstance(name, str) and name for name in names):
        raise ConfigurationError(f"paging_names={names!r}: give two names, of the page number and of the page size")
    return PagingNames(names, None)


def _checked_uploads(uploads: Uploads) -> Uploads:
    if uploads not in get_args(Uploads):
        raise ConfigurationError(f"uploads={uploads!r}: give 'raw' or 'json'")
    return uploads


def _checked_filter_names(names: Mapping[str, str]) -> dict[str, str]:
    if not names:
        return {}
    known = _all_filters()
    for name, wire_name in names.items():
        if name not in known:
            raise ConfigurationError(f"filter_names: there is no filter {name!r}; there are {', '.join(sorted(known))}")
        if not isinstance(wire_name, str) or not wire_name:
            raise ConfigurationError(f"filter_names[{name!r}]: give the name the API has for it")
    return dict(names)


def _all_filters() -> set[str]:
    from konfipay_async.resources.bank_accounts import BankAccountFilters
    from konfipay_async.resources.documents import DocumentFilters
    from konfipay_async.resources.payment_files import PaymentFileFilters
    from konfipay_async.resources.payments import PaymentFilters
    from konfipay_async.resources.paypal import PayPalTransactionFilters
    from konfipay_async.resources.transaction_files import TransactionFileFilters
    from konfipay_async.resources.transactions import TransactionFilters

    kinds: dict[str, type] = {
        "transactions": TransactionFilters,
        "transaction_files": TransactionFileFilters,
        "documents": DocumentFilters,
        "bank_accounts": BankAccountFilters,
        "payment_files": PaymentFileFilters,
        "payments": PaymentFilters,
        "paypal.transactions": PayPalTransactionFilters,
    }
    listed = {f"{resource}.{name}" for resource, kind in kinds.items() for name in kind.__annotations__}
    return listed | {name.rpartition(".")[2] for name in listed}


def _encoded(value: Any) -> bytes:
    try:
        return msgspec.json.Encoder(decimal_format="number").encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"json= cannot be written as JSON ({type(error).__name__})") from None


def _checked_key(api_key: str | None) -> str:
    if not isinstance(api_key, str | None):
        raise ConfigurationError(f"the API key must be a str, not {type(api_key).__name__}")
    key = (api_key or "").strip()
    if not key:
        raise ConfigurationError(
            "there is no API key: hand one to KonfipayClient(…) or set KONFIPAY_API_KEY. Keys are made in konfipay "
            "under Client management > API > API keys."
        )
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ConfigurationError("the API key holds characters no key has (a line break, a space, a quote?)")
    return key
