"""The client of the signed API: opens a session that signs, and hangs the services on it."""

import copy
import os
import re
import ssl as ssl_module
from collections.abc import Mapping
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

import aiohttp
from msgspec import UNSET, UnsetType
from yarl import URL

from konfipay_async._version import __version__
from konfipay_async.errors import ConfigurationError, ForbiddenError, NotFoundError
from konfipay_async.holding import close_all
from konfipay_async.session.budget import Budget, Budgets, Limits
from konfipay_async.session.clock import Clock, SystemClock
from konfipay_async.session.manager import Recorder, Session
from konfipay_async.session.message import Lane, Request, Response, RetryClass
from konfipay_async.session.retry import Retry
from konfipay_async.session.transport import AiohttpTransport, checked_base_url, relative_path
from konfipay_async.wallee.secrecy import told
from konfipay_async.wallee.shape import identifier, seconds
from konfipay_async.wallee.signing import Signer, checked_key, checked_user_id
from konfipay_async.wallee.tree import Services
from konfipay_async.wallee.wiring import Options, Wiring, pair_of

if TYPE_CHECKING:
    from konfipay_async.communication import CommunicationLog
    from konfipay_async.communication.using import LogUse

__all__ = ["BASE_URL", "LIMITS", "WalleeClient"]

BASE_URL = "https://app-wallee.com/api/v2.0"

LIMITS = Limits(authenticated=600, period=120.0, per_second=100.0)
"""What a client keeps to unless told otherwise. The window is the API's, the number made up: it is set for each space
and each user, and told by ``limits="ask"``."""

_MiB = 1024 * 1024
_USER_AGENT = f"konfipay-async/{__version__}"


class WalleeClient(Services):
    """An async client of the signed REST API, version 2.0: wallee's, and of those who run it under their own names.

    ::

        async with WalleeClient(space=405) as client:
            async for transaction in client.payment.transactions.search(query=Q.state == "PENDING"):
                print(transaction.id, transaction.completed_amount)

    The words of a path are the attributes and its last, or what is done, the method: ``dir(client.payment)`` and
    ``help(client.payment.transactions)`` tell what there is. Use one client per application user and share it: every
    request goes through one budget. It belongs to the event loop it was opened in.

    `user_id`, `authentication_key`, `base_url`, `space` and `account` fall back to ``WALLEE_USER_ID``,
    ``WALLEE_AUTHENTICATION_KEY``, ``WALLEE_BASE_URL``, ``WALLEE_SPACE`` and ``WALLEE_ACCOUNT``; most services need the
    id of a space, `with_options(space=…)` names another one. `limits` are requests per 120 seconds, a number or a
    ``Limits(authenticated=…, period=120)``, 600 unless told; with "ask" the client asks for them when it is opened, see
    `learn_limit`. Hand `budgets` of one client to another to
    share them, and ``Limits(shared=…)``, the address of a Redis, to all your processes (``WALLEE_SHARED_LIMITS``).
    `concurrency` is how many pages of one search are fetched at once. `retry` says how patiently, `timeouts` names
    seconds by operation ("payment.transactions.export"). `session` lends an aiohttp session's connector, proxy, headers
    and traces; `proxy`, `trust_env` and `ssl` mean what they mean to aiohttp. Answers above `max_response_bytes` are
    refused.

    A `recorder` is told of every attempt. A `communication_log` keeps each of them, masked, in a database: its URL
    (``sqlite:///api.db``; it falls back to ``WALLEE_COMMUNICATION_LOG``), or a `CommunicationLog`, which several
    clients may share. `key_name` is what the log calls the user.

    Raises ConfigurationError for arguments that cannot be, MissingExtraError.
    """

    def __init__(
        self,
        user_id: int | str | None = None,
        authentication_key: str | None = None,
        *,
        base_url: str | None = None,
        space: int | str | None = None,
        account: int | str | None = None,
        limits: Limits | int | Literal["ask"] | None = None,
        budgets: Budgets | None = None,
        concurrency: int = 16,
        retry: Retry | None = None,
        timeouts: Mapping[str, float] | None = None,
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
        asks, limits = limits == "ask", _checked_limits(limits)
        concurrency = _whole("concurrency", concurrency)
        max_response_bytes = _whole("max_response_bytes", max_response_bytes)
        # An argument that is there but empty is a mistake; the environment must not paper over it.
        url = checked_base_url(
            os.environ.get("WALLEE_BASE_URL") or BASE_URL if base_url is None else base_url, BASE_URL
        )
        clock = clock or SystemClock()
        self._user_id = checked_user_id(os.environ.get("WALLEE_USER_ID") if user_id is None else user_id)
        self._base_url = str(url)
        self._asks = asks
        given_key = os.environ.get("WALLEE_AUTHENTICATION_KEY") if authentication_key is None else authentication_key
        key = checked_key(given_key)
        signer = Signer(url, self._user_id, key, clock=clock)
        self._owned: list[Budgets | LogUse] = []
        if budgets is None:
            # Who asks learns of a limit for this process alone.
            shared = None if asks else os.environ.get("WALLEE_SHARED_LIMITS") or None
            chosen = replace(LIMITS, shared=shared) if limits is None else limits
            # The limit is the user's, whichever key it signs with.
            budgets = Budgets.from_limits(chosen, clock, origin=str(url.origin()), api_key=f"wallee {self._user_id}")
            self._owned.append(budgets)

        def transport(base: URL, *, bare: bool = False) -> AiohttpTransport:
            return AiohttpTransport(
                base,
                session=session,
                user_agent=_USER_AGENT,
                trust_env=trust_env,
                proxy=proxy,
                ssl=ssl,
                max_response_bytes=max_response_bytes,
                bare=bare,
            )

        def elsewhere(base: URL) -> Session:
            """With another host, for requests of the public budget: those are not signed."""
            budgets = Budgets.from_limits(LIMITS, clock)
            way = transport(checked_base_url(str(base)), bare=True)
            return Session(way, budgets=budgets, auth=signer, retry=retry or Retry(), clock=clock)

        self._log = _log_use(communication_log, clock)
        if self._log is not None:
            self._owned.append(self._log)
            recorder = self._log.log.recorder(
                base_url=self._base_url,
                key_name=key_name,
                headers={"User-Agent": _USER_AGENT, "Accept": "application/json"},
                secrets=(str(given_key).strip(),),
                also=recorder,
            )
        self._session = Session(
            transport(url),
            budgets=budgets,
            auth=signer,
            retry=retry or Retry(),
            clock=clock,
            recorder=recorder,
        )
        self._wiring = Wiring(
            session=self._session,
            space=_checked_id("space", os.environ.get("WALLEE_SPACE") or None if space is None else space),
            account=_checked_id("account", os.environ.get("WALLEE_ACCOUNT") or None if account is None else account),
            concurrency=concurrency,
            timeouts=_checked_timeouts(timeouts or {}),
            elsewhere=elsewhere,
        )

    def with_options(
        self,
        *,
        space: int | str | None = None,
        account: int | str | None = None,
        timeout: float | None = None,
        retry: Retry | None = None,
        lane: Lane | None = None,
    ) -> Self:
        """The same client in another space or account, or with another timeout (seconds), retry or lane.

        Session, budgets and what the signer learnt are shared: open and close the original.
        """
        if timeout is not None:
            timeout = seconds(timeout, "timeout")
        if not isinstance(retry, Retry | None):
            raise ConfigurationError(f"retry={retry!r}: give a Retry(…)")
        if not isinstance(lane, Lane | None):
            raise ConfigurationError(f"lane={lane!r}: give a Lane")
        wiring, given = self._wiring, self._wiring.options
        view = copy.copy(self)
        view._wiring = replace(
            wiring,
            space=wiring.space if space is None else _checked_id("space", space),
            account=wiring.account if account is None else _checked_id("account", account),
            options=Options(
                timeout=given.timeout if timeout is None else timeout,
                retry=given.retry if retry is None else retry,
                lane=given.lane if lane is None else lane,
            ),
        )
        return view

    @property
    def base_url(self) -> str:
        """Where requests go."""
        return self._base_url

    @property
    def space(self) -> int | None:
        """The space that is asked."""
        return self._wiring.space

    @property
    def account(self) -> int | None:
        """The account that is asked, by the services that belong to one."""
        return self._wiring.account

    @property
    def budgets(self) -> Budgets:
        """The budgets this client draws from; ``budgets.authenticated.status()`` tells what is left and what waits."""
        return self._session.budgets

    async def open(self) -> None:
        """Make the client ready; `async with` does it. Sends nothing, unless it was told to ask for its limit.

        StorageError where a communication log cannot be opened.
        """
        await self._session.open()
        try:
            if self._log is not None:
                await self._log.open()
            if self._asks:
                await self.learn_limit()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Wait for requests that must happen once, then close. Closing twice is fine."""
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

    async def learn_limit(self) -> int | None:
        """Ask the space and the application user for their `requestLimit`, and keep to the lower one from now on.

        It is requests per 2 minutes (official SDK). The answer is None, and all stays as it was, where the user may
        read neither. Raises ConfigurationError where the budget is shared with other processes: they would not know.
        """
        budget = self.budgets.authenticated
        if not isinstance(budget, Budget):
            raise ConfigurationError(
                "limits that are shared through Redis are given, not asked for: Limits(authenticated=…)"
            )
        told = [await self._limit_of(f"application-users/{self._user_id}")]
        if self.space is not None:
            told.append(await self._limit_of(f"spaces/{self.space}"))
        known = [limit for limit in told if limit is not None]
        if not known:
            return None
        budget.resize(min(known))
        return min(known)

    async def _limit_of(self, path: str) -> int | None:
        from konfipay_async.wallee.models import Record, decode

        try:
            answer = await self.request("GET", path, space=None, account=None)
        except (ForbiddenError, NotFoundError):
            return None
        limit = decode(answer.body, Record, where=f"GET {path}").get("requestLimit")
        return limit if isinstance(limit, int) and limit > 0 else None

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        json: Any = None,
        space: int | str | UnsetType | None = UNSET,
        account: int | str | UnsetType | None = UNSET,
        lane: Lane | None = None,
        retry: RetryClass | None = None,
        timeout: float | None = None,
    ) -> Response:
        """Send what no service covers, signed and through the same budget; the raw answer of a success.

        `path` is relative to the base URL; a list in `query` repeats the name. The client's space and account go along
        where it has them; `space` and `account` name others, or None. `timeout` is in seconds for one attempt (default:
        30, or that of `with_options`). GET is of class READ, all else of class ONCE, which is not repeated where it may
        have been done; say otherwise with `retry`. Raises StatusError for other answers, TransportError,
        OutcomeUnknownError, ConfigurationError.
        """
        from konfipay_async.wallee import answers
        from konfipay_async.wallee.models import encode

        if not isinstance(retry, RetryClass | None):
            raise ConfigurationError(f"retry={retry!r}: give a RetryClass; patience is with_options(retry=Retry(…))")
        if not isinstance(lane, Lane | None):
            raise ConfigurationError(f"lane={lane!r}: give a Lane")
        options = self._wiring.options
        method = method.upper()
        if not re.fullmatch(r"[A-Z]+", method):
            raise ConfigurationError(f"method={method!r}: give one like 'GET'")
        relative = relative_path(path)
        shown = told(relative)
        headers = {} if json is None else {"Content-Type": "application/json"}
        named = {
            "Space": self.space if space is UNSET else _checked_id("space", space),
            "Account": self.account if account is UNSET else _checked_id("account", account),
        }
        headers |= {name: str(given) for name, given in named.items() if given is not None}
        return await self._wiring.send(
            Request(
                method=method,
                path=relative,
                read=answers.raw(method, shown),
                query=tuple(pair for name, value in (query or {}).items() for pair in pair_of(name, value)),
                headers=headers,
                body=None if json is None else encode(json),
                lane=lane if lane is not None else options.lane if options.lane is not None else Lane.SINGLE,
                retry=retry or (RetryClass.READ if method == "GET" else RetryClass.ONCE),
                timeout=seconds((options.timeout or 30.0) if timeout is None else timeout, "timeout"),
                template=shown if shown != relative else "",
                secret_path=shown != relative,
            )
        )

    def __repr__(self) -> str:
        return f"WalleeClient(user_id={self._user_id}, base_url={self._base_url!r}, space={self.space})"


def _log_use(given: "str | CommunicationLog | None", clock: Clock) -> "LogUse | None":
    given = os.environ.get("WALLEE_COMMUNICATION_LOG") or None if given is None else given
    if given is None:
        return None
    from konfipay_async.communication.using import LogUse

    return LogUse(given, clock)


def _checked_limits(limits: object) -> Limits | None:
    if limits is None or limits == "ask":
        return None
    if isinstance(limits, int) and not isinstance(limits, bool):
        return replace(LIMITS, authenticated=limits)
    if not isinstance(limits, Limits):
        raise ConfigurationError("limits: give a number of requests per 120 seconds, a Limits(…), or 'ask'")
    if limits.period < LIMITS.period:
        raise ConfigurationError(
            f"Limits(period={limits.period:g}): this API counts in windows of {LIMITS.period:g} seconds: give "
            f"Limits(…, period={LIMITS.period:g})"
        )
    return limits


def _whole(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigurationError(f"{name}={value!r}: give a whole number, 1 or more")
    return value


def _checked_id(name: str, value: object) -> int | None:
    return None if value is None else identifier(value, name)


def _checked_timeouts(given: Mapping[str, float]) -> dict[str, float]:
    if not given:
        return {}
    from konfipay_async.wallee.services import operations

    known = {operation.dotted for operation in operations()}
    for name in given:
        if name not in known:
            import difflib

            close = difflib.get_close_matches(name, known, n=1)
            hint = f" (did you mean {close[0]!r}?)" if close else ""
            raise ConfigurationError(f"timeouts: there is no operation {name!r}{hint}; names are like 'customers.list'")
    return {name: seconds(value, f"timeouts[{name!r}]") for name, value in given.items()}
