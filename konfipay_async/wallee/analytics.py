"""Analytics queries: submitted, waited for with patience, and their results fetched, which costs."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import TYPE_CHECKING

from yarl import URL

from konfipay_async.errors import (
    ConfigurationError,
    LinkRefusedError,
    RequestTimeoutError,
    WaitError,
    WaitTimeoutError,
)
from konfipay_async.paging.chunks import Chunks
from konfipay_async.session.message import Download, Request, Response, RetryClass
from konfipay_async.wallee import answers
from konfipay_async.wallee.models import AnalyticsState, SubmittedAnalyticsQueryExecution
from konfipay_async.wallee.secrecy import hushed
from konfipay_async.wallee.services import tree
from konfipay_async.wallee.shape import seconds

if TYPE_CHECKING:
    from konfipay_async.wallee.wiring import Wiring

__all__ = ["AnalyticsQueries"]

# Seconds. A query takes minutes, and asking often does not speed it up (description).
_FIRST_PAUSE, _LONGEST_PAUSE, _GROWTH = 5.0, 60.0, 1.5
_SHORTEST = 1.0  # for one request: 0 would mean for ever
_FOR_THE_FILE = 600.0


class AnalyticsQueries:
    """What ``client.analytics.queries`` can beside the API's own operations."""

    _wiring: "Wiring"

    async def wait(
        self, *, query_token: str | None = None, query_external_id: str | None = None, timeout: float = 3600.0
    ) -> SubmittedAnalyticsQueryExecution:
        """Its state when it has succeeded; asked for in pauses that grow to a minute, for at most `timeout` seconds.

        An answer that says nothing is taken for "not yet". Raises WaitError where it failed or was cancelled,
        WaitTimeoutError; `last` of both is its last state.
        """
        timeout = seconds(timeout, "timeout")
        asking = self._asking(*_which(query_token, query_external_id))
        clock = self._wiring.session.clock
        until = clock.monotonic() + timeout
        pause = _FIRST_PAUSE
        told: SubmittedAnalyticsQueryExecution | None = None
        while True:
            left = max(_SHORTEST, until - clock.monotonic())
            try:
                told = await self._wiring.send(replace(asking, timeout=min(asking.timeout, left))) or told
            except RequestTimeoutError:
                if clock.monotonic() < until:
                    raise
            if told is not None and told.status is AnalyticsState.SUCCESS:
                return told
            if told is not None and told.status in (AnalyticsState.FAILED, AnalyticsState.CANCELLED):
                raise WaitError(f"the analytics query ended as {told.status}", last=told)
            left = until - clock.monotonic()
            if left <= 0:
                raise WaitTimeoutError(f"the analytics query did not end within {timeout:g} s", last=told)
            await clock.sleep(min(pause, left))
            pause = min(_LONGEST_PAUSE, pause * _GROWTH)

    async def download(
        self, *, query_token: str | None = None, query_external_id: str | None = None
    ) -> AsyncGenerator[bytes]:
        """The result as it comes, chunk by chunk. Each call is billed as a download.

        The file is on another host, which is asked without a signature, and again at the same address where that
        fails before the first chunk. Raises WaitError where there is no result (yet), LinkRefusedError where the
        address is not encrypted.
        """
        name, value = _which(query_token, query_external_id)
        address = await getattr(self, name).result(value)
        if address is None:
            raise WaitError("there is no result (yet): wait() for the query first")
        chunks = Chunks(lambda download: _fetch(self._wiring, address.strip(), download))
        try:
            while (chunk := await chunks.next()) is not None:
                yield chunk
        finally:
            await chunks.close()

    def _asking(self, name: str, value: str) -> "Request[SubmittedAnalyticsQueryExecution | None]":
        operation = tree()["analytics", "queries", name]["get"]
        assert operation is not None  # noqa: S101 (the table has it)
        kind = SubmittedAnalyticsQueryExecution
        return self._wiring.request(
            operation, lambda method, path: answers.value_or_none_of(kind, method, path), {name: value}
        )


def _which(query_token: str | None, query_external_id: str | None) -> tuple[str, str]:
    """Where to ask, and for what."""
    if (query_token is None) == (query_external_id is None):
        raise ConfigurationError("give query_token= or query_external_id=, one of both")
    if query_token is not None:
        return "query_token", query_token
    return "query_external_id", str(query_external_id)


async def _fetch(wiring: "Wiring", address: str, download: Download) -> None:
    """Pass on a file of another host. Who knows its address has the file, for five minutes: it is told to nobody."""
    try:
        url = URL(address, encoded=True)
        origin = url.origin()
    except (ValueError, IndexError):
        raise LinkRefusedError("the address of the result is none: not followed") from None
    try:
        session = wiring.elsewhere(origin)
    except ConfigurationError:
        raise LinkRefusedError("the address of the result is not encrypted: not followed") from None
    request: Request[Response] = Request(
        "GET",
        url.raw_path_qs.removeprefix("/"),
        read=answers.raw("GET", "result"),
        headers={"Accept": "*/*"},
        budget="public",
        retry=RetryClass.READ,
        timeout=_FOR_THE_FILE,
        download=download,
        template="(the result's address)",
        secret_path=True,
    )
    await session.open()
    try:
        await hushed(session.send(request, wiring.options.retry))  # stores of files tend to repeat the address
    finally:
        await session.close()
