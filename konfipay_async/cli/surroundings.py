"""What `konfipay doctor` checks beside the API: the database of the pulls, the Redis of shared limits, the clock."""

from collections.abc import AsyncGenerator, Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from konfipay_async.cli.checks import Check, Outcome
from konfipay_async.cli.looking import looked_into
from konfipay_async.cli.watching import in_words
from konfipay_async.errors import StorageError
from konfipay_async.session.clock import Clock
from konfipay_async.session.shared_survey import survey

__all__ = ["Steadiness", "database_checks", "redis_checks"]

# Seconds. konfipay forgets the id of an acknowledgement after an hour.
_FORGOTTEN_AFTER = timedelta(hours=1)
# By how many seconds two clocks may differ, and how far one may move by itself while we look.
_CLOCKS_APART = 60.0
_JUMP = 1.0


def database_checks(to: str, source: str, base_url: str | None) -> list[Check]:
    """Look into the database of the pulls of a source, which read from `base_url` (None: not known). Blocks."""
    try:
        return list(_database(to, source, base_url))
    except StorageError as error:
        return [Check("database", Outcome.FAILED, str(error), error=error)]


def _database(to: str, source: str, base_url: str | None) -> Iterator[Check]:
    with looked_into(to) as connection:
        from konfipay_async.pull.sinks.looking import facts
        from konfipay_async.pull.status import statuses

        found = facts(connection, source)
        mine = [status for status in statuses(connection) if status.source == source]
    yield Check("database", Outcome.GOOD, f"{found.version}, ours, of schema version {found.schema_version}")
    if found.refusal is None:
        yield Check("database, writing", Outcome.GOOD, "allowed")
    else:
        yield Check("database, writing", Outcome.FAILED, f"refused ({found.refusal}): a pull cannot store anything")
    if found.origin is None or base_url is None:
        said = f"filled from {found.origin}" if found.origin else "nothing was pulled into it yet"
        yield Check("database, origin", Outcome.UNKNOWN if found.origin is None else Outcome.GOOD, said)
    elif found.origin == base_url:
        yield Check("database, origin", Outcome.GOOD, f"filled from {found.origin}")
    else:
        detail = f"filled from {found.origin}, not from {base_url}: give --base-url, or another database"
        yield Check("database, origin", Outcome.FAILED, detail)
    who = "nobody pulls into it" if found.holder is None else f"held by {found.holder}"
    yield Check("database, lock", Outcome.GOOD, f"source {source!r}: {who}")
    pending = sum(status.pending for status in mine)
    since = min((status.pending_since for status in mine if status.pending_since), default=None)
    if since is None or not pending:
        yield Check("database, acknowledgements", Outcome.GOOD, "none is pending")
        return
    age = datetime.now(UTC) - since
    detail = f"{pending} pending, the oldest for {in_words(age.total_seconds())}: the next pull sends them"
    if age > _FORGOTTEN_AFTER and found.holder is None:
        detail += "; konfipay may have forgotten them, then their rows come again, and are known"
    yield Check("database, acknowledgements", Outcome.GOOD, detail)


async def redis_checks(url: str, base_url: str | None) -> AsyncGenerator[Check]:
    """Look at the Redis through which limits are shared. ConfigurationError, MissingExtraError."""
    found = await survey(url)
    if found is None:
        yield Check("redis", Outcome.FAILED, "no answer: each process goes by itself with a tenth of the limits")
        return
    yield Check("redis", Outcome.GOOD, f"Redis {found.version}, answers in {1000 * found.delay:.0f} ms")
    apart = abs(found.ahead)
    detail = f"{found.ahead:+.1f} s to this machine's"
    yield Check("redis, clock", Outcome.GOOD if apart <= _CLOCKS_APART else Outcome.DIFFERS, detail)
    if found.counting_for is None:
        yield Check("redis, epoch", Outcome.UNKNOWN, "nothing is known of what was sent: the first one waits a period")
    else:
        yield Check("redis, epoch", Outcome.GOOD, f"counts since {in_words(found.counting_for)}")
    if found.forgets is None:
        yield Check("redis, memory", Outcome.UNKNOWN, "it does not tell what it does when its memory is full")
    elif found.forgets:
        detail = "it may drop what it knows when its memory is full: set maxmemory-policy noeviction"
        yield Check("redis, memory", Outcome.FAILED, detail)
    else:
        yield Check("redis, memory", Outcome.GOOD, "nothing is dropped")
    mine = _origin(base_url)
    shares = [
        f"{_short(name)}: {state.permits} permits out, taken by {state.processes}"
        for name, state in sorted(found.budgets.items())
        if state.permits and (mine is None or name.startswith(f"{mine}:"))
    ]
    yield Check("redis, sharers", Outcome.GOOD, "; ".join(shares) or "nobody sent anything of late")


def _origin(base_url: str | None) -> str | None:
    if base_url is None:
        return None
    parts = urlsplit(base_url)
    return f"{parts.scheme}://{parts.netloc}"


def _short(name: str) -> str:
    """The name of a budget, without most of a hash."""
    origin, _, rest = name.rpartition(":")
    return f"{origin} {rest if rest == 'public' else f'key {rest[:8]}…'}"


class Steadiness:
    """Whether the machine's clock runs as time does, from when this was made."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._apart = clock.time() - clock.monotonic()

    def check(self) -> Check:
        """By how much it has jumped meanwhile."""
        jump = self._clock.time() - self._clock.monotonic() - self._apart
        if abs(jump) > _JUMP:
            detail = f"this machine's clock jumped by {jump:+.1f} s while this looked: see to whatever sets it"
            return Check("clock, steady", Outcome.FAILED, detail)
        return Check("clock, steady", Outcome.GOOD, "it did not jump while this looked")
