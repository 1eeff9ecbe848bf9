"""Pulls with many keys at once: a budget for each key, one public budget for each origin, and no key stops another."""

import asyncio
import hashlib
import os
import traceback
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from konfipay_async import BASE_URL, Budgets, KonfipayClient, Limits
from konfipay_async.errors import ConfigurationError, KonfipayError
from konfipay_async.pull.keyfile import Entry
from konfipay_async.pull.plan import carry_out
from konfipay_async.pull.report import Report
from konfipay_async.pull.sinks import Sink
from konfipay_async.pull.sinks.addresses import sink_at
from konfipay_async.pull.work import Step

__all__ = ["Ended", "KeyBudgets", "Keys", "pull_each", "sink_of"]


@dataclass(frozen=True)
class Ended:
    """How the pull of one key ended: what it counted, and the error that ended it, if one did.

    What is no KonfipayError is a bug: it ends this key's pull and no other.
    """

    name: str
    report: Report
    error: Exception | None = None

    @property
    def is_done(self) -> bool:
        """Whether everything was pulled."""
        return self.error is None and self.report.complete

    @property
    def message(self) -> str | None:
        """The error in words; of a bug, where it is, for its own words may say anything."""
        error = self.error
        if error is None or isinstance(error, KonfipayError):
            return None if error is None else str(error)
        where = traceback.extract_tb(error.__traceback__)[-1]
        return f"a bug, {type(error).__name__} in line {where.lineno} of {where.filename}; please report it"


class KeyBudgets:
    """Budgets for clients of many keys: the public one belongs to an origin, the authenticated one to a key there.

    Where limits are shared through Redis (KONFIPAY_SHARED_LIMITS) it is Redis that has them in common, and each client
    makes its own.
    """

    def __init__(self) -> None:
        self._first: dict[str, Budgets] = {}
        self._of_key: dict[tuple[str, str], Budgets] = {}

    def of(self, base_url: str | None, api_key: str, limits: Limits | None = None) -> Budgets | None:
        """The budgets for a client; None where it is to make its own."""
        if _shared() is not None:
            return None
        origin = _origin(base_url)
        key = origin, hashlib.sha256(api_key.strip().encode()).hexdigest()
        if key not in self._of_key:
            own = Budgets.from_limits(limits or Limits())
            first = self._first.setdefault(origin, own)
            self._of_key[key] = Budgets(public=first.public, authenticated=own.authenticated)
        return self._of_key[key]


async def pull_each(
    entries: Sequence[Entry],
    sink_of: Callable[[Entry, str], Sink],
    *,
    budgets: KeyBudgets,
    keys: "Keys | None" = None,
    at_once: int = 8,
    stop: asyncio.Event | None = None,
    watch: Callable[[str, Step, Report], None] = lambda name, step, report: None,
    tell: Callable[[Ended], None] = lambda ended: None,
) -> list[Ended]:
    """Pull with each key, so many at once, and say how each ended, in their order.

    `sink_of` is given an entry and the origin it is read from. When `stop` is set those under way finish the page in
    hand, and the rest does not begin. `keys` are those in use elsewhere in the program. `watch` is told of every step
    and `tell` of every key that has ended.
    """
    stop = stop or asyncio.Event()
    slots = asyncio.Semaphore(at_once)
    keys = keys or Keys()

    async def one(entry: Entry) -> Ended:
        async with slots:
            counts = Report()

            def step_taken(step: Step, report: Report) -> None:
                nonlocal counts
                counts = report
                watch(entry.name, step, report)

            try:
                if not stop.is_set():
                    api_key = keys.take(entry)
                    async with _client(entry, api_key, budgets) as client:
                        sink = sink_of(entry, client.base_url)
                        counts = await carry_out(entry.plan, client, sink, stop=stop, watch=step_taken)
                ended = Ended(entry.name, counts)
            except Exception as error:  # whatever is wrong with one key is no reason to leave out the others
                ended = Ended(entry.name, counts, error)
        tell(ended)
        return ended

    return await _all([one(entry) for entry in entries])


def sink_of(entry: Entry, origin: str) -> Sink:
    """Where an entry says that it is to be stored."""
    return sink_at(entry.to, source=entry.source, origin=origin, pending_apart=entry.pending_table)


class Keys:
    """The keys in use. Two drains of one list by one key would each get a part of it."""

    def __init__(self) -> None:
        self._draining: dict[tuple[str, str, str], str] = {}

    def take(self, entry: Entry) -> str:
        """The key of an entry. ConfigurationError where another entry drains the same list with it."""
        key = entry.api_key()
        if entry.plan.acknowledge:
            drain = _origin(entry.base_url), key.strip(), entry.plan.what
            first = self._draining.setdefault(drain, entry.name)
            if first != entry.name:
                raise ConfigurationError(
                    f"it has the same API key as {first!r}: of what both acknowledge, each would get a part"
                )
        return key


def _client(entry: Entry, api_key: str, budgets: KeyBudgets) -> KonfipayClient:
    limit = entry.requests_per_minute
    limits = Limits(shared=_shared()) if limit is None else Limits(authenticated=limit, shared=_shared())
    of_key = budgets.of(entry.base_url, api_key, limits)
    return KonfipayClient(
        api_key,
        base_url=entry.base_url,
        budgets=of_key,
        limits=limits if of_key is None else None,
        concurrency=entry.concurrency,
        routes=entry.routes,
        filter_names=entry.filter_names,
        paging_names=entry.paging_names,
        timeouts=entry.timeouts,
        trust_env=True,
        key_name=entry.source,
    )


def _shared() -> str | None:
    return os.environ.get("KONFIPAY_SHARED_LIMITS") or None


def _origin(base_url: str | None) -> str:
    url = base_url or os.environ.get("KONFIPAY_BASE_URL") or BASE_URL
    try:
        parts = urlsplit(url)
    except ValueError:  # the client will have a word about it
        return url
    return f"{parts.scheme}://{parts.netloc}".lower()


async def _all(pulls: Sequence[Awaitable[Ended]]) -> list[Ended]:
    """Wait for all of them, or end them all."""
    tasks = [asyncio.ensure_future(pull) for pull in pulls]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
