"""A pull at work: the open sink and the one thread its calls run in, the counts, and the note of how it ended."""

import asyncio
import inspect
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from enum import Enum
from typing import Any, TypeVar, cast

from konfipay_async.client import KonfipayClient
from konfipay_async.errors import ConfigurationError, KonfipayError
from konfipay_async.holding import to_the_end
from konfipay_async.pull.report import Report
from konfipay_async.pull.sinks import Sink
from konfipay_async.pull.sinks.noting import Notes, Run, notes_of

__all__ = ["ATTEMPTS", "Step", "Watch", "Work", "at_work", "stood_still", "upcoming"]

T = TypeVar("T")

ATTEMPTS = 3
"""How often a list that moves while it is read is read."""


class Step(Enum):
    """Where a pull is; each is told to `watch` right after it happened."""

    OPENED = "the sink is open and held"
    RESENT = "an acknowledgement of an earlier pull was sent and noted"
    COUNTED = "the server has said how many rows there are"
    FETCHED = "a page is here"
    SAVED = "a file is on the disk"
    COMMITTED = "its rows and its acknowledgement id are committed"
    MARKED = "days are noted as read to their end"
    ACKNOWLEDGED = "konfipay has answered the acknowledgement"
    SETTLED = "the answer is noted"
    FINISHED = "the pull is at its end, or was asked to stop, and nothing is under way"


Watch = Callable[[Step, Report], None]
"""Is told of every step, on the event loop."""


@asynccontextmanager
async def at_work(client: KonfipayClient, sink: Sink, run: Run, watch: Watch | None) -> AsyncIterator["Work"]:
    """Open the sink, note the run in it where it takes notes, and close it at the end.

    Raises ConfigurationError where a run acknowledges and the sink does not last, and StorageError.
    """
    # One thread, so that whatever is under way when the pull is cancelled ends before the sink is closed.
    async with _thread_of(sink) as thread:
        work = Work(client, sink, thread, watch)
        await work.do(sink.open)
        if run.acknowledges and not sink.lasts:
            raise ConfigurationError(
                "this database is gone with the process: acknowledged transactions would be lost with it. Name a file."
            )
        notes = notes_of(sink)
        if notes is None:
            work.tell(Step.OPENED)
            yield work
            return
        async with _noted(work, notes, run):
            work.tell(Step.OPENED)
            yield work


class Work:
    """What the modes of a pull have in common."""

    def __init__(self, client: KonfipayClient, sink: Sink, thread: ThreadPoolExecutor, watch: Watch | None) -> None:
        self.report = Report()
        self.client = client
        self._sink = sink
        self._thread = thread
        self._watch = watch
        self._started = time.monotonic()
        self._sent_before = self._requests()

    def do(self, work: Callable[..., T | Coroutine[Any, Any, T]], *arguments: Any) -> "asyncio.Future[T]":
        """Call a method of the sink: in its thread, or here where it is a coroutine function."""
        if inspect.iscoroutinefunction(work):
            return asyncio.ensure_future(work(*arguments))
        blocking = cast("Callable[..., T]", work)
        called = asyncio.get_running_loop().run_in_executor(self._thread, blocking, *arguments)
        called.add_done_callback(self._cancelled)
        return called

    def _cancelled(self, call: "asyncio.Future[Any]") -> None:
        """Nobody waits for this call any more; it goes on in its thread until it ends."""
        give_up = getattr(self._sink, "give_up", None)
        if call.cancelled() and give_up is not None:
            give_up()

    def tell(self, step: Step) -> None:
        """Say that a step was taken."""
        self.report.seconds = time.monotonic() - self._started
        self.report.requests = self._requests() - self._sent_before
        if self._watch is not None:
            self._watch(step, self.report)

    def finish(self, stop: asyncio.Event) -> None:
        """Say that nothing is under way any more. It is complete unless it was asked to stop."""
        self.report.complete = not stop.is_set()
        self.tell(Step.FINISHED)

    def _requests(self) -> int:
        budgets = self.client.budgets
        return budgets.public.status().granted + budgets.authenticated.status().granted


async def upcoming(rows: AsyncGenerator[T], stop: asyncio.Event) -> T | None:
    """The next of them; None at the end, or when `stop` is set: a fetch that is under way then is given up."""

    async def following() -> T | None:
        return await anext(rows, None)

    fetched = asyncio.ensure_future(following())
    stopped = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({fetched, stopped}, return_when=asyncio.FIRST_COMPLETED)
        return fetched.result() if fetched.done() else None
    finally:
        for future in (fetched, stopped):
            future.cancel()
        await asyncio.gather(fetched, stopped, return_exceptions=True)


@asynccontextmanager
async def _thread_of(sink: Sink) -> AsyncIterator[ThreadPoolExecutor]:
    thread = ThreadPoolExecutor(1, thread_name_prefix="konfipay sink")
    try:
        yield thread
    finally:
        try:
            await to_the_end(asyncio.get_running_loop().run_in_executor(thread, sink.close))
        finally:
            thread.shutdown()


@asynccontextmanager
async def _noted(work: Work, notes: Notes, run: Run) -> AsyncIterator[None]:
    """Note the run, and how it ended. A process that is killed leaves a run without an end."""

    async def end(outcome: str, error: str | None) -> None:
        await to_the_end(work.do(notes.end, run_id, outcome, error, work.report.counts()))

    run_id = await work.do(notes.begin, run)
    try:
        yield
    except asyncio.CancelledError:
        with suppress(KonfipayError):
            await end("stopped", None)
        raise
    except BaseException as error:
        # Where the storage failed it cannot be noted either; what went wrong first is what is told.
        with suppress(KonfipayError):
            await end("failed", type(error).__name__)
        raise
    await end("done" if work.report.complete else "stopped", None)


def stood_still(totals: Collection[int], rids: Collection[str]) -> bool:
    """Whether as many rows came as the server counted with every page. If not, one may be missing."""
    return (set(totals) or {0}) == {len(rids)}
