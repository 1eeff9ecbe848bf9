"""`konfipay doctor`"""

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from konfipay_async.cli.checks import Check, Outcome, checks, compare
from konfipay_async.cli.connection import CONNECTION, Connection, connected
from konfipay_async.cli.exits import Exit, exit_of
from konfipay_async.cli.output import OUTPUT, Column, Output, note, spinner, writer
from konfipay_async.cli.surroundings import Steadiness, database_checks, redis_checks
from konfipay_async.errors import ConfigurationError
from konfipay_async.session.clock import SystemClock
from konfipay_async.session.transport import checked_base_url

__all__ = ["doctor"]

_COLUMNS: Sequence[Column[Check]] = (
    Column("check", lambda check: check.name, whole=True),
    Column("outcome", lambda check: check.outcome.value, whole=True),
    Column("detail", lambda check: check.detail, whole=True),
)


async def doctor(
    *,
    acknowledge: Annotated[bool, Parameter(negative=(), show_default=False)] = False,
    openapi: Path | None = None,
    to: str | None = None,
    source: str = "default",
    redis: str | None = None,
    offline: Annotated[bool, Parameter(negative=(), show_default=False)] = False,
    output: Output = OUTPUT,
    connection: Connection = CONNECTION,
) -> int:
    """Check whether key, machine and API fit together, without changing anything.

    It looks at the connection, the key and its scopes, the clock, the names of paging, the is-new filter, at every
    list, and at how the first thing in it is read. What differs is printed as the settings that mend it; give these,
    and it asks by them. With --to it looks into the database of the pulls, and, where limits are shared, at the Redis.
    Exit code 0 where nothing differs, 3 where something does, 4 where there is no connection, 5 where the database
    cannot be used.

    Examples:

    `konfipay doctor`: with the key in KONFIPAY_API_KEY

    `konfipay doctor --to postgresql://localhost/bank --redis redis://localhost:6379/0`: and what the pulls stand on

    `konfipay doctor --offline --to sqlite:///bank.db`: the database alone, no key needed

    `konfipay doctor --openapi swagger.json`: compare with the description the portal offers; sends nothing

    `konfipay doctor --acknowledge`: try that, too, with one transaction, which is then no longer new

    Parameters
    ----------
    acknowledge
        Acknowledge one page of one transaction, to see that it works. The is-new flags belong to all applications of
        your konfipay client unless the key has its own.
    openapi
        A file with the portal's OpenAPI description, as JSON.
    to
        The database of the pulls, as a URL.
    source
        The name of the API key in the database.
    redis
        The Redis through which limits are shared. Default: KONFIPAY_SHARED_LIMITS.
    offline
        Do not ask the API: only the database, the Redis, and this machine.
    """
    found: list[Check] = []
    show = writer(_COLUMNS, json=output.json, as_json=_as_json)
    if openapi is not None:
        client = connection.client(api_key="none")  # which is never opened: it is asked for its names
        found = compare(
            _description(openapi), client.routes, paging_names=client.paging_names, filter_names=client.filter_names
        )
        show(found)
    else:
        clock = Steadiness(SystemClock())
        with spinner("asking") as say:
            base_url = connection.base_url or os.environ.get("KONFIPAY_BASE_URL") or None
            base_url = base_url and str(checked_base_url(base_url))
            if not offline:
                async with connected(connection) as client:
                    base_url = client.base_url
                    async for check in checks(client, routes=client.routes, acknowledge=acknowledge):
                        found.append(check)
                        say(check.name)
            if to is not None:
                found += await asyncio.to_thread(database_checks, to, source, base_url)
            if shared := redis or os.environ.get("KONFIPAY_SHARED_LIMITS"):
                found += [check async for check in redis_checks(shared, base_url)]
        found.append(clock.check())
        show(found)
    mend = _mended(found)
    if mend:
        note(f"\nThis mends it: KonfipayClient({', '.join(f'{name}={value!r}' for name, value in mend.items())})")
        for name, text in mend.get("routes", {}).items():
            note(f"  or on the command line: --route {name}='{text}'")
        for name, text in mend.get("filter_names", {}).items():
            note(f"  or on the command line: --filter-name {name}={text}")
        if "paging_names" in mend:
            note(f"  or on the command line: --paging-names {','.join(mend['paging_names'])}")
    refused = next((check.error for check in found if check.error is not None), None)
    if refused is not None:
        return exit_of(refused)
    return Exit.REFUSED if any(check.outcome in (Outcome.FAILED, Outcome.DIFFERS) for check in found) else Exit.DONE


def _description(path: Path) -> Mapping[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigurationError(f"--openapi: cannot read {path}: {error.strerror}") from None
    except ValueError:
        raise ConfigurationError(
            f"--openapi: {path} is no JSON; choose JSON where the portal offers YAML too"
        ) from None
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"--openapi: {path} is no OpenAPI description")
    return value


def _mended(found: Sequence[Check]) -> dict[str, Any]:
    """All settings that mend something, put together."""
    together: dict[str, Any] = {}
    for check in found:
        for name, value in check.mend.items():
            together[name] = {**together.get(name, {}), **value} if isinstance(value, Mapping) else value
    return together


def _as_json(check: Check) -> dict[str, object]:
    return {"check": check.name, "outcome": check.outcome.value, "detail": check.detail, "mend": dict(check.mend)}
