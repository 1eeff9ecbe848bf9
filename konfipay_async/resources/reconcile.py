"""What became of an upload whose outcome nobody knows: looked up, never guessed.

A file that is found may be it; that none is found says nothing, for a late request may still arrive. Timestamps and the
server's clock show whole seconds, so a file counts as created since when it is at most two seconds older.
"""

import asyncio
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from functools import reduce
from typing import TYPE_CHECKING

from konfipay_async.answers import server_time
from konfipay_async.errors import ConfigurationError, OutcomeUnknownError, StorageError
from konfipay_async.models.payments import Payment, PaymentFile, StatusValue
from konfipay_async.pain import account_hash
from konfipay_async.resources.lists import Listing
from konfipay_async.resources.wiring import Wiring
from konfipay_async.session.message import Response

if TYPE_CHECKING:
    from konfipay_async.ledger import Entry

__all__ = ["Candidates", "Found", "Undecided", "reconciled"]

logger = logging.getLogger(__name__)

# Seconds before it was sent. What is older than the first cannot be it, even where clocks differ; what is no older than
# the second counts as created since.
_EARLIEST, _CERTAIN = 300.0, 2.0
# Seconds. So long after it was sent, what another entry of the ledger left open may have arrived and be what is found.
_LATEST = 3600.0


@dataclass(frozen=True, slots=True)
class Found:
    """This payment file is the one that was sent: created after that with the same orders, and no other is like it."""

    rid: str


@dataclass(frozen=True, slots=True)
class Candidates:
    """Each of these may be it: look at them before anything is sent again."""

    rids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Undecided:
    """None is like it, so far. It may still arrive: look again later."""


async def reconciled(
    wiring: Wiring, files: Listing[PaymentFile], payments: Listing[Payment], sent: "OutcomeUnknownError | Entry"
) -> Found | Candidates | Undecided:
    """Compare the files created since with what was sent; what is found is noted in the ledger.

    An entry of the ledger tells as much as the error, also of what a program sent that was killed then.
    """
    if sent.kind != _UPLOAD:
        what, where = sent.kind, "what it should have made"
        if isinstance(sent, OutcomeUnknownError):
            what, where = f"{sent.method} {sent.path}", sent.look_up or where
        raise ConfigurationError(f"reconcile looks up uploads of payment files; this was {what}: look at {where}")
    mine, rivals, others = await _noted(wiring, sent)
    if mine is not None and mine.rid is not None:
        return Found(mine.rid)
    not_before, at_latest = await _on_the_servers_clock(wiring, sent.sent_at)
    certain: list[PaymentFile] = []
    possible: list[PaymentFile] = []
    # A day earlier: days are German, and clocks may differ.
    since = (datetime.fromtimestamp(not_before, UTC) - timedelta(days=1)).date()
    seen = set(others)
    async for file in files.rows(1000, None, {"min_date": since}):
        # A time without an offset is of no use: it could be hours off.
        timestamp = file.timestamp if file.timestamp is not None and file.timestamp.tzinfo is not None else None
        created = None if timestamp is None else timestamp.timestamp()
        # A list that moves while it is read may show a file twice.
        if file.rid in seen or (created is not None and created < not_before - _EARLIEST):
            continue
        seen.add(file.rid)
        rows = [payment async for payment in payments.rows(1000, None, {"payment_file_rid": file.rid})]
        alike = _alike(sent, file.rid, rows)
        if alike and created is not None and created >= at_latest - _CERTAIN:
            on_our_clock = created - (not_before - sent.sent_at)
            is_contested = any(rival <= on_our_clock + _CERTAIN for rival in rivals)
            (possible if is_contested else certain).append(file)
        elif alike is not False:
            possible.append(file)
    if len(certain) == 1 and not possible:
        if mine is not None:
            await _settle(wiring, mine, certain[0])
        return Found(certain[0].rid)
    rids = tuple(file.rid for file in (*certain, *possible))
    return Candidates(rids) if rids else Undecided()


_UPLOAD = "payment_files.upload"


async def _noted(
    wiring: Wiring, sent: "OutcomeUnknownError | Entry"
) -> "tuple[Entry | None, list[float], frozenset[str]]":
    """What the ledger knows: its entry of what was sent; when others like it were sent whose outcome is unknown too;
    and the files that are known to be something else."""
    ledger = wiring.ledger
    if ledger is None:
        return None, [], frozenset()
    # Those of uploads: what else has a file's id, as a submission, made no file.
    entries = await asyncio.to_thread(ledger.entries, origin=wiring.origin, kind=_UPLOAD)
    known = frozenset(entry.rid for entry in entries if entry.rid is not None)
    mine = next((entry for entry in entries if _is_of(entry, sent)), None)
    facts = (sent.orders, sent.control_sum, sent.counterparties)
    rivals = [
        entry.sent_at
        for entry in entries
        if entry.is_open
        and entry is not mine
        and entry.sent_at > sent.sent_at - _LATEST
        and (entry.orders, entry.control_sum, entry.counterparties) == facts
    ]
    return mine, rivals, known


def _is_of(entry: "Entry", sent: "OutcomeUnknownError | Entry") -> bool:
    if isinstance(sent, OutcomeUnknownError):
        # It may come from a process with another ledger, whose entry of that number is something else.
        return (entry.id, entry.sha256) == (sent.ledger_entry, sent.body_sha256)
    return (entry.id, entry.sha256) == (sent.id, sent.sha256)


async def _on_the_servers_clock(wiring: Wiring, moment: float) -> tuple[float, float]:
    """The earliest and the latest that this moment of our clock can have been on the server's (seconds)."""

    def clock(method: str, path: str) -> Callable[[Response], tuple[float | None, float]]:
        read = server_time(method, path)
        return lambda response: (read(response), response.elapsed)

    says, elapsed = await wiring.send("payment_files.list", clock)
    if says is None:
        return moment, math.inf  # then nothing is certain
    # It looked at its clock somewhere between question and answer.
    ahead = says - wiring.session.clock.time()
    return moment + ahead, moment + ahead + elapsed


async def _settle(wiring: Wiring, entry: "Entry", file: PaymentFile) -> None:
    if wiring.ledger is None:
        return
    rejected = file.status is not None and file.status.value == StatusValue.KON_REJECTED
    try:
        await asyncio.to_thread(wiring.ledger.settle, entry.id, "refused" if rejected else "done", file.rid)
    except StorageError as failure:
        # What was found is the caller's; the entry stays open, which does no harm.
        logger.error("the ledger could not note what was found: %s", failure)


# Wide enough for every digit of every order, whatever context the program has set.
_EXACT = Context(prec=80)


def _alike(sent: "OutcomeUnknownError | Entry", rid: str, payments: list[Payment]) -> bool | None:
    """Whether a file's orders are those that were sent; None where too little is known of either to tell."""
    if not payments or sent.orders is None:
        return None
    if any(payment.payment_file is not None and payment.payment_file.rid != rid for payment in payments):
        return None  # of other files: the server does not know the filter
    amounts = [payment.order.amount for payment in payments if payment.order is not None]
    ibans = [payment.other.iban for payment in payments if payment.other is not None and payment.other.iban]
    if len(payments) != sent.orders:
        return False
    if len(amounts) < len(payments):
        return None
    if reduce(_EXACT.add, amounts, Decimal(0)) != sent.control_sum:
        return False
    if not sent.counterparties or len(ibans) < len(payments):
        return None
    return {account_hash(iban) for iban in ibans} == sent.counterparties
