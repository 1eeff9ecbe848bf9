"""What the commands named `acknowledge` have in common: they ask, because other programs share the flags."""

from collections.abc import Awaitable, Callable, Sequence

from konfipay_async.cli.asking import confirmed
from konfipay_async.cli.connection import Connection, connected
from konfipay_async.cli.exits import Exit
from konfipay_async.cli.output import Column, Output, note, show_rows
from konfipay_async.client import KonfipayClient
from konfipay_async.errors import ConfigurationError
from konfipay_async.resources.results import Acknowledgement

__all__ = ["acknowledge"]


async def acknowledge(
    ids: Sequence[str],
    what: str,
    how: Callable[[KonfipayClient], Callable[[str], Awaitable[Acknowledgement]]],
    *,
    yes: bool,
    output: Output,
    connection: Connection,
) -> int:
    """Ask, then acknowledge each by `how` and show what became of it; REFUSED where one is unknown to konfipay.

    `what` is what they are, in the plural. What was done is shown also where one fails.
    """
    ids = list(dict.fromkeys(ids))
    if not ids:
        raise ConfigurationError("name what to acknowledge, by id")
    question = f"Mark {what} as retrieved, {len(ids)} in all, for every application that shares this key's flags?"
    if not confirmed(question, yes=yes):
        return Exit.USAGE
    done: list[tuple[str, Acknowledgement]] = []
    async with connected(connection) as client:
        send = how(client)
        try:
            for id_ in ids:
                done.append((id_, await send(id_)))  # noqa: PERF401 (what was done is told where one fails)
        finally:
            rows = [{"id": id_, "outcome": outcome.value} for id_, outcome in done]
            show_rows(rows, _COLUMNS, output)
    gone = sum(outcome is Acknowledgement.GONE for _, outcome in done)
    if gone:
        note(f"{gone} of {len(ids)} expired, used before or unknown: what is still new is listed again.")
    return Exit.REFUSED if gone else Exit.DONE


_COLUMNS: list[Column[dict[str, str]]] = [
    Column("id", lambda row: row["id"], whole=True),
    Column("outcome", lambda row: row["outcome"]),
]
