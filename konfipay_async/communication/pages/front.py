"""What a web server's adapter needs: who asks for what, in; an answer, out."""

from typing import Final
from urllib.parse import quote

import anyio
import anyio.to_thread

from konfipay_async.communication.addresses import address_of
from konfipay_async.communication.pages.answering import forbidden, respond, unavailable
from konfipay_async.communication.pages.layout import GUARDS, Answer, asset
from konfipay_async.communication.pages.rights import Hook, Rights, Visitor, from_loopback, granted
from konfipay_async.communication.store import open_store
from konfipay_async.errors import MissingExtraError, StorageError
from konfipay_async.session.budget import Limits
from konfipay_async.session.clock import Clock, SystemClock

__all__ = ["Pages"]

_METHODS: Final = ("GET", "HEAD")
# Pages that are made at a time.
_AT_ONCE: Final = 2


class Pages:
    """The log at `url` as pages: an overview, details, and requests per minute against `limits`.

    `may_see_overview` is asked for each page, `may_see_details` for what the overview has no room for: in konfipay's
    portal the overview is for the user groups Admin, Full access, Management and Administration, the details for Admin
    and Full access alone (its description). They are handed a `Visitor`, may be async, and let nobody in by
    anything but True. Without them everybody on this machine may see everything, and nobody else: see `from_loopback`,
    also for what a proxy changes.

    The log is opened for each page, so it may be made later. Two pages at a time are made, in threads that the
    application does not miss. ConfigurationError for a URL that is none.
    """

    def __init__(
        self,
        url: str,
        *,
        may_see_overview: Hook = from_loopback,
        may_see_details: Hook = from_loopback,
        limits: Limits = Limits(),  # noqa: B008 (a frozen value)
        clock: Clock | None = None,
    ) -> None:
        address_of(url)
        self._url = url
        self._may_see_overview = may_see_overview
        self._may_see_details = may_see_details
        self._limits = limits
        self._clock = clock or SystemClock()
        self._threads = anyio.CapacityLimiter(_AT_ONCE)

    async def answer(self, method: str, path: str, query: str, visitor: Visitor, *, mount: str = "") -> Answer:
        """The answer to a request, complete also for HEAD (of which the body is not sent).

        `path` is what follows the place where the pages are mounted, which `mount` is: "/api-log".
        """
        if method not in _METHODS:
            headers = {**GUARDS, "Allow": ", ".join(_METHODS), "Content-Type": "text/plain; charset=utf-8"}
            return Answer(405, headers, b"These pages are only read: GET or HEAD.\n")
        if not path:
            # Links in pages are relative, for nobody knows what a proxy before us makes of our path.
            name = quote(mount.rpartition("/")[2], safe="")
            return Answer(308, {**GUARDS, "Location": f"./{name}/"}, b"")
        if (found := asset(path.removeprefix("/"))) is not None:
            return found
        rights = await granted(visitor, self._may_see_overview, self._may_see_details)
        if not rights.overview:
            return forbidden("the log of API communication", path)
        # Whoever goes away meanwhile waits for it: otherwise there were more threads than two.
        return await anyio.to_thread.run_sync(self._respond, path, query, rights, limiter=self._threads)

    def _respond(self, path: str, query: str, rights: Rights) -> Answer:
        try:
            with open_store(self._url) as store:
                return respond(store, path, query, rights, now=self._clock.time(), limits=self._limits)
        except (StorageError, MissingExtraError) as error:
            return unavailable(str(error), path)
