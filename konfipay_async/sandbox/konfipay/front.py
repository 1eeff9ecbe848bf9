"""The way of one request: log, limit, fault, token, scope, and then the endpoint's handler."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from aiohttp import web

from konfipay_async.sandbox.faults import Fault, FaultPlan
from konfipay_async.sandbox.konfipay.answers import (
    bad_request,
    fault_answer,
    forbidden,
    rid_not_found,
    too_large,
    too_many,
    unauthorized,
    unknown_endpoint,
)
from konfipay_async.sandbox.konfipay.areas.authentication import value_in_login
from konfipay_async.sandbox.konfipay.calls import Area, Call, UnknownRidError
from konfipay_async.sandbox.konfipay.keys import Keys
from konfipay_async.sandbox.konfipay.log import LoggedRequest
from konfipay_async.sandbox.konfipay.queries import BadParameterError
from konfipay_async.sandbox.konfipay.routes import UNKNOWN, find_endpoint
from konfipay_async.sandbox.limits import Peak, Window
from konfipay_async.sandbox.sending import read_body, reset, truncate, whole_response

__all__ = ["Front"]

_FILTER_FAULT: Final = "ignored-filter"


class Front:
    """Receives every request, and keeps count. `retry_after` says whether a 429 carries Retry-After."""

    def __init__(
        self,
        areas: Iterable[Area],
        keys: Keys,
        faults: FaultPlan,
        public_window: Window,
        period: float,
        *,
        retry_after: bool,
        latency: float,
        now: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self.requests: list[LoggedRequest] = []
        self.served_rows = 0
        self.over_limit = 0
        self.peaks = {"public": Peak(period), "authenticated": Peak(period)}
        self._areas = {endpoint.name: area for area in areas for endpoint in area.endpoints}
        self._keys = keys
        self._faults = faults
        self._public_window = public_window
        self._retry_after = retry_after
        self._latency = latency
        self._now = now
        self._sleep = sleep

    async def serve(self, request: web.BaseRequest, base_url: str) -> web.StreamResponse:
        """Answer one request, or end its connection if a fault says so."""
        # Everything about limits and tokens is decided when the request arrives, before any waiting.
        at = self._now()
        path = request.rel_url.raw_path
        endpoint, relative, arguments = find_endpoint(request.method, path)
        query: dict[str, str] = {}
        for name, value in request.rel_url.query.items():
            query.setdefault(name, value)
        entry = LoggedRequest(at, request.method, path, endpoint.name if endpoint else UNKNOWN, query)
        self.requests.append(entry)
        public = endpoint is not None and endpoint.public
        token = request.headers.get("Authorization", "")
        access = None if public else self._keys.of_token(token, at)
        if access is None:
            self.peaks["public"].add(at)
            wait = self._public_window.admit(at)
        else:
            entry.key = access.key.name
            access.peak.add(at)
            self.peaks["authenticated"].add(at)
            wait = access.window.admit(at)
        fault: Fault | None = None
        if wait is None:
            fault = self._faults.strike(
                entry.route, applies=lambda fault: fault.name != _FILTER_FAULT or "is-new" in query
            )
        else:
            self.over_limit += 1
        entry.fault = fault.name if fault else None
        name = entry.fault or ""

        body = await read_body(request)
        if public and body is not None:
            access = self._keys.of_value(value_in_login(body))
            entry.key = None if access is None else access.key.name
        if self._latency:
            await self._sleep(self._latency)
        if name == "reset-before":
            return reset(request)
        stand_in = fault_answer(name, fault.retry_after) if fault else None
        if wait is not None:
            answer = too_many(wait if self._retry_after else None)
        elif stand_in is not None:
            answer = stand_in
        elif endpoint is None:
            answer = unknown_endpoint()
        elif access is None and not public:
            answer = unauthorized("The access token is missing, unknown or expired")
        elif access is not None and not access.key.allows(endpoint.scope):
            answer = forbidden()
        elif body is None:
            answer = too_large()
        else:
            media_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            call = Call(
                route=endpoint.name,
                path=relative,
                arguments=arguments,
                query=query,
                body=body,
                content_type=media_type,
                caller=access,
                token=token.partition(" ")[2].strip(),
                fault=name,
                at=self._now(),
                base_url=base_url,
            )
            try:
                answer = endpoint.handler(self._areas[endpoint.name], call)
            except BadParameterError as error:
                answer = bad_request(error.code, error.details)
            except UnknownRidError as error:
                answer = rid_not_found(str(error))
        if name == "reset-after":
            return reset(request)
        if fault is not None and name == "slow":
            await self._sleep(1.0 if fault.delay is None else fault.delay)
        entry.status, entry.rows = answer.status, answer.rows
        self.served_rows += answer.rows
        if name == "truncated":
            return await truncate(request, answer)
        return whole_response(answer)
