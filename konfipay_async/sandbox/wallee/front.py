"""The way of one request: log, signature, limits, fault, headers, and then the operation's handler."""

import math
from collections.abc import Mapping
from email.utils import formatdate
from typing import Final
from urllib.parse import parse_qsl

from aiohttp import web

from konfipay_async.sandbox.faults import Fault, FaultPlan
from konfipay_async.sandbox.limits import MovingWindow
from konfipay_async.sandbox.sending import Answer, read_body, reset, truncate, whole_response
from konfipay_async.sandbox.stand_ins import stand_in
from konfipay_async.sandbox.wallee.analytics import DOWNLOADS, Analytics
from konfipay_async.sandbox.wallee.calls import Call, Handler, Parameters
from konfipay_async.sandbox.wallee.clock import Clock
from konfipay_async.sandbox.wallee.headers import answers_with, body_of, number_in
from konfipay_async.sandbox.wallee.log import SeenRequest
from konfipay_async.sandbox.wallee.routing import OPERATIONS, Operation, find_operation
from konfipay_async.sandbox.wallee.signatures import BadSignatureError, signer_of
from konfipay_async.sandbox.wallee.users import UserKeys
from konfipay_async.sandbox.wallee.wire import RefusedError
from konfipay_async.sandbox.wallee.world import World

__all__ = ["BASE_PATH", "PERIOD", "ROUTES", "Front"]

BASE_PATH: Final = "/api/v2.0"
PERIOD: Final = 120.0
"""Seconds in which a space and a user may have `requestLimit` requests (official SDK)."""

_UNKNOWN: Final = "unknown"
ROUTES: Final = (*dict.fromkeys(operation.name for operation in OPERATIONS), "analytics.download", _UNKNOWN)
"""Every route name, for faults and for counting requests."""


class Front:
    """Receives every request. `handlers` are by route name, and for the rest by the kind of the operation.

    `skew` is how many seconds the server's clock is ahead of the one that was handed in.
    """

    def __init__(
        self,
        world: World,
        handlers: Mapping[str, Handler],
        keys: UserKeys,
        analytics: Analytics,
        faults: FaultPlan,
        clock: Clock,
        *,
        tolerance: float,
        retry_after: bool,
        latency: float,
    ) -> None:
        self.requests: list[SeenRequest] = []
        self.over_limit = 0
        self.skew = 0.0
        self._world = world
        self._handlers = handlers
        self._keys = keys
        self._analytics = analytics
        self._faults = faults
        self._clock = clock
        self._tolerance = tolerance
        self._windows: dict[tuple[str, int, int], MovingWindow] = {}
        self._retry_after = retry_after
        self._latency = latency
        self._errors = 0

    @property
    def now(self) -> float:
        """The server's time, seconds since the epoch."""
        return self._clock.time() + self.skew

    async def serve(self, request: web.BaseRequest, base_url: str) -> web.StreamResponse:
        """Answer one request, or end its connection if a fault says so."""
        # The request's own line, not `request.rel_url`, which is another spelling of it.
        target = request.raw_path
        path, _, query = target.partition("?")
        operation, arguments = None, dict[str, str]()
        if path.startswith(BASE_PATH):
            operation, arguments = find_operation(request.method, path.removeprefix(BASE_PATH))
        headers = {name.lower(): value for name, value in request.headers.items()}
        authorization = headers.pop("authorization", None)
        entry = SeenRequest(
            self._clock.monotonic(), request.method, target, operation.name if operation else _UNKNOWN, headers
        )
        self.requests.append(entry)
        if target.startswith(DOWNLOADS):
            return whole_response(self._download(entry, authorization))
        # Who it is and whether it is too much is decided when it arrives, before any waiting.
        user, refused = self._admitted(entry, operation, authorization)
        fault = self._faults.strike(entry.route)
        entry.fault = fault.name if fault else None

        raw = await read_body(request)
        if self._latency:
            await self._clock.sleep(self._latency)
        if entry.fault == "reset-before":
            return reset(request)
        answer = self._in_place(fault) if fault else None
        try:
            if answer is None and refused is not None:
                raise refused
            if answer is None:
                answer = await self._work(operation, arguments, query, headers, raw, user, base_url)
        except RefusedError as error:
            answer = self._refusal(error)
        if entry.fault == "reset-after":
            return reset(request)
        if fault is not None and fault.name == "slow":
            await self._clock.sleep(1.0 if fault.delay is None else fault.delay)
        answer.headers["Date"] = formatdate(self.now, usegmt=True)
        entry.status, entry.rows = answer.status, answer.rows
        if entry.fault == "truncated":
            return await truncate(request, answer)
        return whole_response(answer)

    def _download(self, entry: SeenRequest, authorization: str | None) -> Answer:
        """A result of analytics: its URL is all it needs, and a token beside it is refused, as stores of files do."""
        answer = self._analytics.download(entry.target, self.now) if authorization is None else Answer(400)
        entry.route, entry.status = "analytics.download", answer.status
        return answer

    def _admitted(
        self, entry: SeenRequest, operation: Operation | None, authorization: str | None
    ) -> tuple[str, RefusedError | None]:
        try:
            user = signer_of(
                authorization,
                method=entry.method,
                target=entry.target,
                keys_of=self._keys.of,
                now=self.now,
                tolerance=self._tolerance,
            )
        except BadSignatureError as error:
            entry.wrong = str(error)
            return "", RefusedError(401, f"The request is not authenticated: {error}")
        counted = [("/application-users", user)]
        if operation is not None and operation.header == "Space":
            counted.append(("/spaces", entry.headers.get("space", "")))
        waits = [window.admit(entry.at) for window in map(self._window, counted) if window is not None]
        wait = max((wait for wait in waits if wait is not None), default=None)
        if wait is None:
            return user, None
        self.over_limit += 1
        refused = RefusedError(429, "Too many requests")
        if self._retry_after:
            refused.headers["Retry-After"] = str(max(1, math.ceil(wait)))
        return user, refused

    def _window(self, counted: tuple[str, str]) -> MovingWindow | None:
        """Of this user or space; None when there is none, or it has no limit. Another limit begins to count anew."""
        base, text = counted
        id_ = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
        things = self._world.collection(base)
        limit = things.view(id_).get("requestLimit") if id_ in things else None
        if type(limit) is not int or limit < 1:
            return None
        return self._windows.setdefault((base, id_, limit), MovingWindow(limit, PERIOD))

    async def _work(
        self,
        operation: Operation | None,
        arguments: dict[str, str],
        query: str,
        headers: dict[str, str],
        raw: bytes | None,
        user: str,
        base_url: str,
    ) -> Answer:
        if operation is None:
            raise RefusedError(404, "There is nothing at this path for this method")
        space = None
        if operation.header == "Space":
            space = number_in(headers, "Space", self._world.collection("/spaces"))
        elif operation.header == "Account":
            number_in(headers, "Account", self._world.collection("/accounts"))
        answers_with(operation, headers)
        parameters = Parameters(parse_qsl(query, keep_blank_values=True))
        missing = [name for name in operation.needs if parameters.text(name) is None]
        if missing:
            raise RefusedError(400, "A parameter is missing", dict.fromkeys(missing, "must be given"))
        call = Call(
            operation=operation,
            arguments=arguments,
            query=parameters,
            body=body_of(operation, headers, raw),
            space=space,
            user=user,
            world=self._world,
            at=self.now,
            base_url=base_url,
        )
        handler = self._handlers.get(operation.name) or self._handlers[operation.kind]
        answer = handler(call)
        return answer if isinstance(answer, Answer) else await answer

    def _in_place(self, fault: Fault) -> Answer | None:
        """The answer of a fault that stands in for the real one."""
        texts = {
            "401": "The request is not authenticated: a fault of the sandbox",
            "403": "The application user has no permission: a fault of the sandbox",
            "429": "Too many requests: a fault of the sandbox",
            "500": "Something went wrong: a fault of the sandbox",
            "unknown-route": "There is nothing at this path for this method: a fault of the sandbox",
        }
        if fault.name not in texts:
            return stand_in(fault.name, fault.retry_after)
        status = 404 if fault.name == "unknown-route" else int(fault.name)
        refused = RefusedError(status, texts[fault.name])
        if fault.retry_after is not None:
            refused.headers["Retry-After"] = fault.retry_after
        return self._refusal(refused)

    def _refusal(self, error: RefusedError) -> Answer:
        self._errors += 1
        return error.answer(self._errors, self.now)
