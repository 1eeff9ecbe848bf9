"""`konfipay verify`"""

import time
from contextlib import AsyncExitStack
from datetime import date
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from konfipay_async.cli.connection import CONNECTION, Connection, connected
from konfipay_async.cli.exits import Exit
from konfipay_async.cli.looking import looked_into
from konfipay_async.cli.output import OUTPUT, Column, Output, note, writer
from konfipay_async.errors import ConfigurationError
from konfipay_async.models.times import german_day

if TYPE_CHECKING:
    from konfipay_async.pull.verify import AccountCheck

__all__ = ["verify"]


async def verify(
    *,
    to: str = "sqlite:///transactions.db",
    source: str | None = None,
    since: date | None = None,
    until: date | None = None,
    offline: Annotated[bool, Parameter(negative=(), show_default=False)] = False,
    output: Output = OUTPUT,
    connection: Connection = CONNECTION,
) -> int:
    """Check that the database of a pull has every booking, as far as that can be known.

    For each bank account: counts against konfipay's totals, day by day where they differ; gaps in the statement numbers
    (only a gap in both the bookings and konfipay's list of files is one); the bookings between two balances against
    their difference. konfipay gives only the current balance: each run notes it for the next. Says complete, gap, or
    cannot be known, and why. An account is complete when its counts agree.

    Ends with 6 where there is a gap, else with 0, also where something cannot be known.

    Examples:

    `konfipay verify`

    `konfipay verify --to postgresql://localhost/bank --since 2026-01-01 --until 2026-03-31`

    Parameters
    ----------
    to
        The database, as a URL.
    source
        The name of the API key in the database; may be left out where there is one only.
    since
        Count from this booking day on (yyyy-mm-dd). Default: the first in the database.
    until
        Count up to this booking day, which is included. Default: today.
    offline
        Ask the database only: then counts and balances cannot be known.
    """
    if since is not None and until is not None and since > until:
        raise ConfigurationError(f"--since {since} is after --until {until}: give the earlier day first")
    async with AsyncExitStack() as stack:
        database = stack.enter_context(looked_into(to))
        from konfipay_async.pull.sinks.evidence import Evidence
        from konfipay_async.pull.sinks.looking import origin, sources
        from konfipay_async.pull.verify import Verdict
        from konfipay_async.pull.verify import verify as check

        source = _source(source, sources(database))
        evidence = Evidence(database, source)
        client = None if offline else await stack.enter_async_context(connected(connection))
        if client is not None and (filled_from := origin(database)) not in (None, client.base_url):
            raise ConfigurationError(
                f"the database was filled from {filled_from}, and this would ask {client.base_url}: give --base-url, "
                "or --offline to ask the database only"
            )
        checks = await check(client, evidence, since=since, until=until, today=german_day(time.time()))
    writer(_COLUMNS, json=output.json, as_json=_as_json)(checks)
    verdicts = [one.verdict for one in checks]
    if not checks:
        note("There is no account to check.")
    for verdict, text in ((Verdict.GAP, "with a gap"), (Verdict.UNKNOWN, "of which it cannot be known")):
        if count := verdicts.count(verdict):
            note(f"{count} of {len(checks)} accounts {text}.")
    return Exit.PARTIAL if Verdict.GAP in verdicts else Exit.DONE


def _source(given: str | None, there: list[str]) -> str:
    if given is None and len(there) == 1:
        return there[0]
    if given in there:
        return given
    listed = ", ".join(there) or "none yet"
    if given is None:
        raise ConfigurationError(f"say which source with --source; there are {listed}")
    raise ConfigurationError(f"--source {given}: there is no such source in the database; there are {listed}")


def _as_json(check: "AccountCheck") -> dict[str, object]:
    findings = {"counts": check.counts, "sequence": check.sequence, "balance": check.balance}
    return {
        "bank_account_rid": check.account.rid,
        "iban": check.account.iban,
        "currency": check.account.currency,
        "verdict": check.verdict.value,
        **{name: {"verdict": one.verdict.value, "reason": one.reason} for name, one in findings.items()},
    }


_COLUMNS: list["Column[AccountCheck]"] = [
    Column("account", lambda check: check.account.iban or check.account.rid),
    Column("currency", lambda check: check.account.currency),
    Column("verdict", lambda check: check.verdict.value),
    Column("counts", lambda check: check.counts.reason),
    Column("sequence", lambda check: check.sequence.reason),
    Column("balance", lambda check: check.balance.reason),
]
