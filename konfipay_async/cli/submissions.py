"""`konfipay payments ledger`, `reconcile` and `settle`: what was sent, and what became of it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from konfipay_async.cli.asking import confirmed
from konfipay_async.cli.connection import CONNECTION, Connection, LedgerPlace, connected
from konfipay_async.cli.exits import LOOKS, RECONCILED, Exit
from konfipay_async.cli.output import (
    LIST_OUTPUT,
    OUTPUT,
    Column,
    ListOutput,
    Output,
    note,
    plain,
    show_rows,
    spinner,
    table_on_stderr,
)
from konfipay_async.client import KonfipayClient
from konfipay_async.errors import ConfigurationError, NotFoundError
from konfipay_async.ledger import Entry, server_of
from konfipay_async.resources.reconcile import Candidates, Found

__all__ = ["ledger", "reconcile", "settle"]

_Flag = Parameter(negative=(), show_default=False)
_File = Annotated[Path | None, Parameter(name="--ledger", group="Ledger")]


def ledger(
    *,
    only_open: Annotated[bool, Parameter(name="--open", negative=(), show_default=False)] = False,
    file: _File = None,
    output: ListOutput = LIST_OUTPUT,
) -> None:
    """List what was sent from this machine and must happen once, the newest first. Asks nobody but the ledger.

    Of `done` and `refused` entries the outcome is known, `not sent` never left. Of `intended` and `unknown` ones nobody
    knows: `konfipay payments reconcile` looks them up.

    **Examples:**

    `konfipay payments ledger --open`

    Parameters
    ----------
    only_open
        Only those of which nobody knows whether they arrived.
    file
        The ledger's file. Default: KONFIPAY_LEDGER, or konfipay-async/ledger.db in your state directory.
    """
    entries = _entries(LedgerPlace(ledger=file))
    if only_open:
        entries = [entry for entry in entries if entry.is_open]
    show_rows(entries, _ENTRY_COLUMNS, output, as_json=_as_json)


async def reconcile(
    *entries: int,
    file: _File = None,
    output: Output = OUTPUT,
    connection: Connection = CONNECTION,
) -> int:
    """Look up what became of what was sent, where nobody knows whether it arrived.

    For uploads and extractions, what was created since is compared by its orders; for submissions, each payment or file
    is looked at. What certainly is it is noted in the ledger; where some could be it, look at them. That none is there
    yet says nothing: it may still arrive. Ends with 6 where something stays open.

    **Examples:**

    `konfipay payments reconcile`

    `konfipay payments reconcile 17`

    Parameters
    ----------
    entries
        Entries of the ledger, by number. Default: all open ones of this API.
    file
        The ledger's file. Default: KONFIPAY_LEDGER, or konfipay-async/ledger.db in your state directory.
    """
    place = LedgerPlace(ledger=file)
    rows: list[_LookedUp] = []
    async with connected(connection, place) as client:
        for entry in _chosen(_entries(place), entries, client.base_url):
            with spinner(f"looking for entry {entry.id}"):
                rows.append(await _looked_up(client, entry))
    show_rows(rows, _LOOKED_UP_COLUMNS, output, as_json=_looked_up_as_json)
    if not rows:
        note("Nothing is open.")
    for row in rows:
        if row.result != "found":
            note(_to_do(row))
    return Exit.DONE if all(row.result == "found" for row in rows) else Exit.PARTIAL


def settle(
    entry: int,
    outcome: Literal["arrived", "absent"],
    /,
    *,
    rid: str | None = None,
    yes: Annotated[bool, _Flag] = False,
    file: _File = None,
) -> int:
    """Say what became of an open entry of the ledger, after you have looked it up yourself.

    **Examples:**

    `konfipay payments settle 17 arrived --rid 5d3f0c1e-0d8f-4f4e-9a55-1c2f5d0a7b11`

    `konfipay payments settle 17 absent`: from then on the same may be sent again

    Parameters
    ----------
    entry
        The entry's number.
    outcome
        Whether it arrived, or certainly never will. That it is not there yet is not enough for `absent`.
    rid
        What konfipay calls it.
    yes
        Do it unasked.
    file
        The ledger's file. Default: KONFIPAY_LEDGER, or konfipay-async/ledger.db in your state directory.
    """
    place = LedgerPlace(ledger=file)
    # That something was not sent may turn out to be wrong.
    (chosen,) = _chosen(_entries(place), [entry], also="not sent" if outcome == "arrived" else None)
    if outcome == "absent" and rid is not None:
        raise ConfigurationError("--rid: what is absent has no id")
    if outcome == "absent" and _may_be_under_way(chosen):
        raise ConfigurationError(f"entry {entry} {_LOOK_LATER}")
    table_on_stderr([chosen], _ENTRY_COLUMNS)
    means = "it arrived" if outcome == "arrived" else "it never arrived, so that the same may be sent again"
    if not confirmed(f"Note that {means}?", yes=yes):
        return Exit.USAGE
    opened = place.opened()
    assert opened is not None, "the place of these commands is a file"  # noqa: S101
    with opened:
        opened.settle(entry, "done" if outcome == "arrived" else "not sent", rid)
    return Exit.DONE


@dataclass(frozen=True)
class _LookedUp:
    """What was found of an entry: "found", "candidates", "undecided", or "look" where a person must."""

    entry: Entry
    result: Literal["found", "candidates", "undecided", "look"]
    rids: tuple[str, ...] = ()


# Seconds: an upload may take ten minutes.
_LONGEST_REQUEST = 900.0
_LOOK_LATER = "may be on its way this moment: look again in a quarter of an hour"


def _may_be_under_way(entry: Entry) -> bool:
    """Whether the request that it is about may still be waiting for its answer."""
    return entry.outcome == "intended" and time.time() - entry.sent_at < _LONGEST_REQUEST


def _entries(place: LedgerPlace) -> list[Entry]:
    """What the ledger holds; where there is no file, nothing was sent, and none is made."""
    path = place.path()
    opened = place.opened() if path is not None and path.exists() else None
    if opened is None:
        return []
    with opened:
        return opened.entries()


def _chosen(
    known: Sequence[Entry], numbers: Sequence[int], origin: str | None = None, also: str | None = None
) -> list[Entry]:
    """The entries with these numbers that are open or have the outcome `also`, or all open ones of this origin.

    ConfigurationError for others.
    """
    by_number = {entry.id: entry for entry in known}
    for number in numbers:
        entry = by_number.get(number)
        if entry is None:
            raise ConfigurationError(f"the ledger has no entry {number}: konfipay payments ledger lists them")
        if not entry.is_open and entry.outcome != also:
            raise ConfigurationError(f"entry {number} is settled already, as {entry.outcome!r}")
        if origin is not None and server_of(entry.origin) != server_of(origin):
            raise ConfigurationError(f"entry {number} was sent to {entry.origin}: say --base-url {entry.origin}")
    if numbers:
        return [by_number[number] for number in dict.fromkeys(numbers)]
    server = None if origin is None else server_of(origin)
    return [entry for entry in known if entry.is_open and server_of(entry.origin) == server]


async def _looked_up(client: KonfipayClient, entry: Entry) -> _LookedUp:
    if entry.kind not in RECONCILED:
        return _LookedUp(entry, "look")
    try:
        answer = await client.payment_files.reconcile(entry)
    except NotFoundError:  # with another API key than this one, perhaps
        return _LookedUp(entry, "look")
    match answer:
        case Found(rid, further):
            return _LookedUp(entry, "found", (rid, *further))
        case Candidates(rids):
            return _LookedUp(entry, "candidates", rids)
    return _LookedUp(entry, "undecided")


def _to_do(row: _LookedUp) -> str:
    number = row.entry.id
    match row.result:
        case "candidates":
            in_batches = row.entry.kind in ("payment_files.extract", "payments.create")
            look = "orders list --batch-rid RID" if in_batches else "get RID"
            return (
                f"Entry {number}: one of these may be it. Look at them (konfipay payments {look}), then say which: "
                f"konfipay payments settle {number} arrived --rid RID"
            )
        case "undecided" if _may_be_under_way(row.entry):
            return f"Entry {number} {_LOOK_LATER}"
        case "undecided":
            return (
                f"Entry {number}: nothing like it is there for this API key (was it sent with this one?), and it may "
                f"still arrive: look again later. When you are certain that it never will: konfipay payments settle "
                f"{number} absent"
            )
    look = LOOKS.get(row.entry.kind, "konfipay payments ledger")
    return (
        f"Entry {number} ({row.entry.kind}): look it up with {look}, then say what you found: "
        f"konfipay payments settle {number} arrived (or: absent)"
    )


def _moment(entry: Entry) -> datetime:
    return datetime.fromtimestamp(entry.sent_at, UTC)


def _as_json(entry: Entry) -> dict[str, object]:
    # Hashes of accounts stay out: they are of no use to a reader, and personal.
    return {
        "entry": entry.id,
        "sent_at": plain(_moment(entry)),
        "kind": entry.kind,
        "outcome": entry.outcome,
        "rid": entry.rid,
        "orders": entry.orders,
        "control_sum": plain(entry.control_sum),
        "message_id": entry.message_id,
        "forced": entry.forced,
        "sha256": entry.sha256,
        "origin": entry.origin,
    }


def _looked_up_as_json(row: _LookedUp) -> dict[str, object]:
    return {"entry": row.entry.id, "kind": row.entry.kind, "result": row.result, "rids": list(row.rids)}


_ENTRY_COLUMNS: list[Column[Entry]] = [
    Column("entry", lambda entry: entry.id, right=True),
    Column("sent_at", _moment),
    Column("kind", lambda entry: entry.kind),
    Column("orders", lambda entry: entry.orders, right=True),
    Column("sum", lambda entry: entry.control_sum, right=True),
    Column("outcome", lambda entry: entry.outcome),
    Column("forced", lambda entry: entry.forced, table=False),
    Column("origin", lambda entry: entry.origin, table=False),
    Column("rid", lambda entry: entry.rid, whole=True),
]

_LOOKED_UP_COLUMNS: list[Column[_LookedUp]] = [
    Column("entry", lambda row: row.entry.id, right=True),
    Column("kind", lambda row: row.entry.kind),
    Column("result", lambda row: row.result),
    Column("rids", lambda row: " ".join(row.rids), whole=True),
]
