"""`konfipay pull`"""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console

from konfipay_async.cli.connection import CONNECTION, Connection
from konfipay_async.cli.display import Bar, Display, Json, Lines, Quiet
from konfipay_async.cli.exits import Exit, exit_of
from konfipay_async.client import KonfipayClient
from konfipay_async.errors import ConfigurationError, KonfipayError
from konfipay_async.pull import Report, Step
from konfipay_async.pull import pull as pull_into
from konfipay_async.pull.sinks.sql import SqlSink
from konfipay_async.sandbox import Sandbox

__all__ = ["pull"]

# Enough to watch for a few seconds; the pending ones are there to be left out.
_SANDBOX_BOOKINGS = 25_000
_SANDBOX_PENDING = 200
_SANDBOX_LATENCY = 0.3
_SANDBOX_ORIGIN = "the embedded sandbox"

_Flag = Parameter(negative=(), show_default=False)


def pull(
    *,
    sandbox: Annotated[bool, _Flag] = False,
    acknowledge: Annotated[bool, _Flag] = False,
    to: str | None = None,
    source: str = "default",
    page_size: int = 1000,
    concurrency: int = 8,
    pending: Annotated[bool, _Flag] = False,
    quiet: Annotated[bool, _Flag] = False,
    json: Annotated[bool, _Flag] = False,
    connection: Connection = CONNECTION,
) -> int:
    """Pull new bank transactions into a database, each once.

    A page is acknowledged only after it was committed; a run that was killed is finished by the next one. The key
    is read from KONFIPAY_API_KEY or from --api-key-file, a proxy from HTTPS_PROXY.

    **Examples:**

    `konfipay pull --sandbox`: see it work, no key needed

    `konfipay pull`: store what is new, leave it new at konfipay

    `konfipay pull --acknowledge --to sqlite:////var/lib/erp/bank.db`: and mark it as retrieved

    Parameters
    ----------
    sandbox
        Pull from a konfipay embedded in this command, with 25 000 made-up bookings, into sandbox.db. It is always
        acknowledged, and remembers what was in a file beside the database.
    acknowledge
        Mark what is stored as retrieved. The is-new flags belong to all applications of your konfipay client unless
        the API key has its own: other programs that read what is new will not see these transactions any more.
    to
        The database, as a URL. Default: sqlite:///transactions.db, with --sandbox sqlite:///sandbox.db.
    source
        A name for the API key; part of the key of every row, so that several keys can share a database.
    page_size
        Rows per request, 1 to 1000.
    concurrency
        Pages fetched at the same time.
    pending
        Take pending entries too. They come again as bookings, as rows of their own.
    quiet
        Print nothing but errors.
    json
        Print one JSON object at the end and nothing else.
    """
    if quiet and json:
        raise ConfigurationError("--quiet and --json exclude each other: leave one out")
    if sandbox and (connection.base_url or connection.api_key_file):
        raise ConfigurationError("--sandbox brings its own API and key: leave --base-url and --api-key-file out")
    database = to if to is not None else "sqlite:///sandbox.db" if sandbox else "sqlite:///transactions.db"
    display = _display(quiet, json)
    report = Report()

    async def work(stop: asyncio.Event) -> Report:
        async with AsyncExitStack() as stack:
            if sandbox:
                client = await stack.enter_async_context(_sandbox_client(database, source, concurrency))
            else:
                client = await stack.enter_async_context(connection.client(concurrency=concurrency))
            sink = SqlSink(database, source=source, origin=_SANDBOX_ORIGIN if sandbox else client.base_url)
            await stack.enter_async_context(_refreshing(display, client))

            def watch(step: Step, counts: Report) -> None:
                nonlocal report
                report = counts
                display.watch(step, counts)

            return await pull_into(
                client,
                sink,
                acknowledge=acknowledge or sandbox,
                pending=pending,
                page_size=page_size,
                stop=stop,
                watch=watch,
            )

    try:
        with display:
            report = asyncio.run(_until_signal(work, display))
    except KonfipayError as error:
        display.fail(report, str(error), exit_of(error))
        raise
    except (KeyboardInterrupt, asyncio.CancelledError):
        display.fail(report, "stopped at once", Exit.PARTIAL)
        raise
    display.close(report, _summary(report, database, acknowledge or sandbox))
    return Exit.DONE if report.complete else Exit.PARTIAL


def _display(quiet: bool, json: bool) -> Display:
    console = Console(soft_wrap=True, highlight=False)
    if json:
        return Json(console)
    if quiet:
        return Quiet()
    return Bar(console) if console.is_terminal else Lines(console)


@asynccontextmanager
async def _sandbox_client(database: str, source: str, concurrency: int) -> AsyncIterator[KonfipayClient]:
    state: Path | None = None
    file = _file(database)
    if file is not None and file.parent.is_dir():  # where there is no such folder the database is the one to say so
        state = file.with_name(f"{file.name}.state")
        if not file.exists() and _is_sandbox_state(state):
            state.unlink()  # what it remembers went with the database
        # Whoever pulls into this database already has the state in use as well.
        with SqlSink(database, source=source, origin=_SANDBOX_ORIGIN):
            pass
    async with (
        Sandbox(
            transactions=_SANDBOX_BOOKINGS + _SANDBOX_PENDING,
            pending=_SANDBOX_PENDING,
            latency=_SANDBOX_LATENCY,
            state=state,
        ) as sandbox,
        KonfipayClient(sandbox.api_key, base_url=sandbox.base_url, concurrency=concurrency) as client,
    ):
        yield client


def _is_sandbox_state(file: Path) -> bool:
    try:
        with file.open("rb") as lines:
            return b"konfipay-async sandbox state" in lines.readline(1000)
    except OSError:
        return False


@asynccontextmanager
async def _refreshing(display: Display, client: KonfipayClient) -> AsyncIterator[None]:
    async def refresh() -> None:
        while True:
            display.refresh(client.budgets)
            await asyncio.sleep(0.2)

    task = asyncio.create_task(refresh())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _until_signal(work: Callable[[asyncio.Event], Awaitable[Report]], display: Display) -> Report:
    """Do the work. The first Ctrl-C or SIGTERM lets it finish the page in hand, the second ends it."""
    stop = asyncio.Event()
    task = asyncio.ensure_future(work(stop))

    def ask() -> None:
        if stop.is_set():
            task.cancel()
        else:
            display.note("Finishing the page in hand; once more stops at once.")
            stop.set()

    with _signals(asyncio.get_running_loop(), ask):
        return await task


@contextmanager
def _signals(loop: asyncio.AbstractEventLoop, ask: Callable[[], None]) -> Iterator[None]:
    wanted = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in wanted}
    for number in wanted:
        try:
            loop.add_signal_handler(number, ask)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(ask) and None)
    try:
        yield
    finally:
        for number in wanted:
            if sys.platform != "win32":
                loop.remove_signal_handler(number)
            signal.signal(number, before[number])


def _summary(report: Report, database: str, acknowledged: bool) -> str:
    place = _shown(database)
    if not report.complete:
        return f"Stopped after the page in hand. What is stored in {place} stays; run it again for the rest."
    if not report.transactions:
        return f"Nothing new. {place} is up to date."
    if not acknowledged:
        return (
            f"Stored in {place}, and still new at konfipay: the next pull reads it again. --acknowledge marks it as "
            f"retrieved, for every application that shares this key's flags."
        )
    if not report.new:
        return f"Nothing that {place} did not know already."
    return f"Stored in {place}. Run it again: what is known is not stored twice."


def _shown(database: str) -> str:
    """The database without a password its URL may hold."""
    file = _file(database)
    return str(file) if file is not None else f"the database ({database.partition(':')[0]})"


def _file(database: str) -> Path | None:
    """The file behind an SQLite address; None for memory, and for addresses the sink will have a word about."""
    scheme, _, path = database.partition(":///")
    return Path(path) if scheme.startswith("sqlite") and path not in ("", ":memory:") else None
