"""`konfipay pull`"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from konfipay_async.cli import embedded
from konfipay_async.cli.connection import CONNECTION, Connection
from konfipay_async.cli.display import Bar, Display, Json, Lines, Quiet
from konfipay_async.cli.events import EventLog
from konfipay_async.cli.exits import Exit, exit_of
from konfipay_async.cli.many import pull_many
from konfipay_async.cli.output import plain_console
from konfipay_async.cli.signals import until_signal
from konfipay_async.cli.targets import shown
from konfipay_async.cli.watching import Rhythm, rhythm_of
from konfipay_async.client import KonfipayClient
from konfipay_async.errors import ConfigurationError, KonfipayError
from konfipay_async.pull.plan import Plan, carry_out
from konfipay_async.pull.report import Report
from konfipay_async.pull.sinks.addresses import sink_at
from konfipay_async.pull.sinks.noting import What
from konfipay_async.pull.work import Step

__all__ = ["pull"]

_Flag = Parameter(negative=(), show_default=False)


def pull(
    *,
    sandbox: Annotated[bool, _Flag] = False,
    acknowledge: Annotated[bool, _Flag] = False,
    what: What = "transactions",
    since: date | None = None,
    until: date | None = None,
    pending: Annotated[bool, _Flag] = False,
    pending_table: Annotated[bool, _Flag] = False,
    to: str | None = None,
    folder: Path | None = None,
    source: str = "default",
    config: Path | None = None,
    at_once: int = 8,
    every: str | None = None,
    heartbeat: Path | None = None,
    page_size: int = 1000,
    concurrency: int = 8,
    quiet: Annotated[bool, _Flag] = False,
    json: Annotated[bool, _Flag] = False,
    log: Literal["json"] | None = None,
    connection: Connection = CONNECTION,
) -> int:
    """Pull new bank transactions into a database, each once.

    A page is acknowledged only after it was committed; a run that was killed is finished by the next one. The key
    is read from KONFIPAY_API_KEY or from --api-key-file, a proxy from HTTPS_PROXY.

    Examples:

    `konfipay pull --sandbox`: see it work, no key needed

    `konfipay pull`: store what is new, leave it new at konfipay

    `konfipay pull --acknowledge --to sqlite:////var/lib/erp/bank.db`: and mark it as retrieved

    `konfipay pull --since 2026-01-01 --until 2026-03-31`: the bookings of these days, new or not

    `konfipay pull --acknowledge --every 15m --heartbeat /run/konfipay.alive`: again and again

    `konfipay pull --config keys.toml`: with many keys

    `konfipay pull --what files --folder statements --acknowledge`: statements as files

    Parameters
    ----------
    sandbox
        Pull from a konfipay embedded in this command, with 25 000 made-up bookings, into sandbox.db. What is new there
        is always acknowledged, and the sandbox remembers it in a file beside the database.
    acknowledge
        Mark what is stored as retrieved. The is-new flags belong to all applications of your konfipay client unless
        the API key has its own: other programs that read what is new will not see these transactions any more.
    what
        Bookings, the bank's files (camt, MT94x, PDF), or PayPal transactions.
    since
        Read all from this day on (yyyy-mm-dd), new or not, and acknowledge nothing. Bookings are noted by the day: the
        next run reads only days that are not done or have changed, and always today and yesterday.
    until
        Up to this day, which is included. Default: today.
    pending
        Take pending entries too. They come again as bookings, as rows of their own.
    pending_table
        Take pending entries too, and keep what came from interim reports (camt.052, MT942) in a table of its own. An
        entry stays there until its own id comes as a booking; which booking it became konfipay does not say.
    to
        Where to store: sqlite:///FILE, postgresql://USER:PASSWORD@HOST/NAME, or files in jsonl:FOLDER, csv:FOLDER,
        parquet:FOLDER. Untested: mysql+DRIVER://…, mariadb+DRIVER://…, mssql+DRIVER://…. Default:
        sqlite:///transactions.db, with --sandbox sqlite:///sandbox.db.
    folder
        Where files are saved, each named after its id.
    source
        A name for the API key; part of the key of every row, so that several keys can share a database.
    config
        A TOML file with a table [keys.NAME] for each key: api_key_env or api_key_file, and what stands here as options
        (base_url, to, acknowledge, since, …), which [defaults] may give for all of them. Never the key itself.
    at_once
        Keys pulled at the same time, with --config.
    every
        Pull again and again: 90s, 15m, 2h, 1d from start to start, a tenth more or less. Errors that pass are told and
        the next round goes on; others end it. Ctrl-C and SIGTERM end it after the page in hand.
    heartbeat
        With --every, a file that is written anew while it lives, with how it fares.
    page_size
        Rows per request, 1 to 1000.
    concurrency
        Pages fetched at the same time.
    quiet
        Print nothing but errors.
    json
        Print one JSON object at the end, with --every after each round, and nothing else.
    log
        "json": write what happens to standard error, one JSON object a line.
    """
    if quiet and json:
        raise ConfigurationError("--quiet and --json exclude each other: leave one out")
    if config is not None:
        _refuse_beside_config(
            sandbox=sandbox, acknowledge=acknowledge, what=what != "transactions", since=since, until=until,
            pending=pending, pending_table=pending_table, to=to, folder=folder, source=source != "default",
            page_size=page_size != 1000, concurrency=concurrency != 8,
            **{name: value != getattr(CONNECTION, name) for name, value in vars(connection).items()},
        )  # fmt: skip
        rhythm = rhythm_of(every, heartbeat)
        return pull_many(config, at_once=at_once, rhythm=rhythm, log=_event_log(log), quiet=quiet, json=json)
    if sandbox and (connection.base_url or connection.api_key_file):
        raise ConfigurationError("--sandbox brings its own API and key: leave --base-url and --api-key-file out")
    if since is None and until is not None:
        raise ConfigurationError("--until needs --since: the first day of the range")
    if what == "files" and folder is None:
        raise ConfigurationError("--what files needs a folder to save them in: --folder statements")
    plan = Plan(
        what=what,
        acknowledge=acknowledge or (sandbox and since is None),
        since=since,
        until=until,
        pending=pending or pending_table,
        page_size=page_size,
        folder=folder,
    )
    rhythm = rhythm_of(every, heartbeat)
    database = to if to is not None else "sqlite:///sandbox.db" if sandbox else "sqlite:///transactions.db"
    display = _display(plan, quiet=quiet, json=json, lasting=rhythm is not None)
    one = _One(plan, database, source, display, _event_log(log), rhythm, pending_apart=pending_table)

    @asynccontextmanager
    async def connected() -> AsyncIterator[tuple[KonfipayClient, str]]:
        if sandbox:
            async with embedded.sandbox_client(database, source, concurrency) as client:
                yield client, embedded.ORIGIN
        else:
            async with connection.client(concurrency=concurrency) as client:
                yield client, client.base_url

    async def work(stop: asyncio.Event) -> None:
        async with AsyncExitStack() as stack:
            client, origin = await stack.enter_async_context(connected())
            await stack.enter_async_context(_refreshing(display, client))
            await one.run(client, origin, stop)

    try:
        with display:
            asyncio.run(until_signal(work, display.note))
    except KonfipayError as error:
        if one.fail(error):
            return exit_of(error)
        raise
    except (KeyboardInterrupt, asyncio.CancelledError):
        display.fail(one.report, "stopped at once", Exit.PARTIAL)
        raise
    if rhythm is not None:
        return Exit.DONE
    one.close()
    return Exit.DONE if one.report.complete else Exit.PARTIAL


class _One:
    """The pull with one key: what is done, and what is said about it."""

    def __init__(
        self,
        plan: Plan,
        to: str,
        source: str,
        display: Display,
        log: EventLog | None,
        rhythm: Rhythm | None,
        *,
        pending_apart: bool,
    ) -> None:
        self.report = Report()
        self._plan = plan
        self._to = to
        self._source = source
        self._display = display
        self._log = log
        self._rhythm = rhythm
        self._pending_apart = pending_apart

    async def run(self, client: KonfipayClient, origin: str, stop: asyncio.Event) -> None:
        async def once() -> None:
            self.report = Report()
            sink = sink_at(self._to, source=self._source, origin=origin, pending_apart=self._pending_apart)
            self.report = await carry_out(self._plan, client, sink, stop=stop, watch=self._step)
            if self._log is not None:
                outcome = "done" if self.report.complete else "stopped"
                self._log.write("ended", source=self._source, outcome=outcome, **self.report.as_dict())

        async def one_round() -> None:
            try:
                await once()
            except KonfipayError as error:
                self._display.fail(self.report, str(error), exit_of(error))
                raise
            self.close()

        if self._rhythm is None:
            await once()
        else:
            await self._rhythm.keep(one_round, stop, self._display.note, self._log)

    def close(self) -> None:
        """Show what was done."""
        self._display.close(self.report, _summary(self.report, self._plan, self._to))

    def fail(self, error: KonfipayError) -> bool:
        """Show what was done before the error; whether that said everything."""
        if self._rhythm is None:
            self._display.fail(self.report, str(error), exit_of(error))
        if self._log is None:
            return False
        kind, code = type(error).__name__, int(exit_of(error))
        self._log.write("failed", source=self._source, error=kind, message=str(error), exit=code)
        return True

    def _step(self, step: Step, report: Report) -> None:
        self.report = report
        self._display.watch(step, report)
        if self._log is not None:
            self._log.step(self._source, step, report)


def _refuse_beside_config(**given: object) -> None:
    for name, value in given.items():
        if value:
            option = "--" + name.replace("_", "-")
            raise ConfigurationError(f"{option} stands in the file with --config: write it there, for all or for one")


def _event_log(kind: Literal["json"] | None) -> EventLog | None:
    if kind is None:
        return None
    log = EventLog()
    log.install()
    return log


def _display(plan: Plan, *, quiet: bool, json: bool, lasting: bool) -> Display:
    console = plain_console()
    if json:
        return Json(console)
    if quiet:
        return Quiet()
    # Who pulls all day reads lines: a bar would be all that is seen of it.
    if console.is_terminal and not lasting:
        return Bar(console, plan.noun)
    return Lines(console, f"Pulling {plan.title}.", plan.noun)


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


def _summary(report: Report, plan: Plan, to: str) -> str:
    place = shown(to) if plan.folder is None else f"{plan.folder} and {shown(to)}"
    if not report.complete:
        return f"Stopped after the page in hand. What is stored in {place} stays; run it again for the rest."
    if plan.since is not None:
        if not report.transactions:
            return f"Nothing in these days that {place} did not have."
        return f"Stored in {place}. Run it again: days that are done and have not changed are not read again."
    if not report.transactions:
        return f"Nothing new. {place} is up to date."
    if not plan.acknowledge:
        return (
            f"Stored in {place}, and still new at konfipay: the next pull reads it again. --acknowledge marks it as "
            f"retrieved, for every application that shares this key's flags."
        )
    if not report.new:
        return f"Nothing that {place} did not know already."
    return f"Stored in {place}. Run it again: what is known is not stored twice."
