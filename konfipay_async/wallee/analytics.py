"""Analytics queries: submitted, waited for with patience, and their results fetched, which costs."""

import logging
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

from yarl import URL

from konfipay_async.errors import ConfigurationError, LinkRefusedError, StatusError, WaitError, WaitTimeoutError
from konfipay_async.paging.chunks import Chunks
from konfipay_async.session.message import Download, Request, Response, RetryClass
from konfipay_async.wallee import answers
from konfipay_async.wallee.models import AnalyticsState, SubmittedAnalyticsQueryExecution

if TYPE_CHECKING:
    from konfipay_async.wallee.wiring import Wiring

__all__ = ["AnalyticsQueries"]

logger = logging.getLogger(__name__)

# Seconds. A query takes minutes, and asking often does not speed it up (seed).
_FIRST_PAUSE, _LONGEST_PAUSE, _GROWTH = 5.0, 60.0, 1.5
_FOR_THE_FILE = 600.0


class AnalyticsQueries:
    """What ``client.analytics.queries`` can beside the API's own operations."""

    _wiring: "Wiring"

    async def wait(
        self, *, query_token: str | None = None, query_external_id: str | None = None, timeout: float = 3600.0
    ) -> SubmittedAnalyticsQueryExecution:
        """Its state when it has succeeded; asked for in pauses that grow to a minute, for at most `timeout` seconds.

        Raises WaitError where it failed or was cancelled, WaitTimeoutError; `last` of both is its last state.
        """
        where, name = self._of(query_token, query_external_id)
        clock = self._wiring.session.clock
        until = clock.monotonic() + timeout
        pause = _FIRST_PAUSE
        while True:
            told: SubmittedAnalyticsQueryExecution = await where.get(name)
            if told.status is AnalyticsState.SUCCESS:
                return told
            if told.status in (AnalyticsState.FAILED, AnalyticsState.CANCELLED):
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

        The file is on another host, which is asked without a signature. Raises WaitError where there is no result
        (yet), LinkRefusedError where the address is not encrypted.
        """
        where, name = self._of(query_token, query_external_id)
        logger.warning("an address for the result of an analytics query is made: each is billed as a download")
        address = await where.result(name)
        if address is None:
            raise WaitError("there is no result (yet): wait() for the query first")
        chunks = Chunks(lambda download: _fetch(self._wiring, address.strip(), download))
        try:
            while (chunk := await chunks.next()) is not None:
                yield chunk
        finally:
            await chunks.close()

    def _of(self, query_token: str | None, query_external_id: str | None) -> tuple[Any, str]:
        if (query_token is None) == (query_external_id is None):
            raise ConfigurationError("give query_token= or query_external_id=, one of both")
        service: Any = self
        if query_token is not None:
            return service.query_token, query_token
        return service.query_external_id, str(query_external_id)


async def _fetch(wiring: "Wiring", address: str, download: Download) -> None:
    """Pass on a file of another host. Who knows its address has the file, for five minutes: it is told to nobody."""
    try:
        url = URL(address, encoded=True)
        origin = url.origin()
    except ValueError:
        raise LinkRefusedError("the address of the result is none: not followed") from None
    try:
        transport = wiring.elsewhere(origin)
    except ConfigurationError:
        raise LinkRefusedError("the address of the result is not encrypted: not followed") from None
    request: Request[Response] = Request(
        "GET",
        url.raw_path_qs.removeprefix("/"),
        read=answers.raw("GET", "result"),
        headers={"Accept": "*/*"},
        retry=RetryClass.READ,
        timeout=_FOR_THE_FILE,
        download=download,
        template="(the result's address)",
        secret_path=True,
    )
    await transport.open()
    try:
        request.read(await transport.send(request, {}))
    except StatusError as error:
        error.body = b""  # it tends to repeat the address
        raise
    finally:
        await transport.close()
