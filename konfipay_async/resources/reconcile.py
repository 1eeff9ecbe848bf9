"""What became of something that was sent once and whose outcome nobody knows: looked up, never guessed.

What is found may be it; that none is found says nothing, for a late request may still arrive. Timestamps and the
server's clock show whole seconds, so what is there counts as created since when it is at most two seconds older.
"""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Literal, TypedDict

from konfipay_async.answers import json_value, page_of, payment_files_of, server_time
from konfipay_async.errors import (
    ConfigurationError,
    NotFoundError,
    OutcomeUnknownError,
    RouteUnknownError,
    StorageError,
)
from konfipay_async.models.payments import Payment, PaymentFile, PaymentInfo, StatusValue
from konfipay_async.pain import account_hash
from konfipay_async.resources.lists import Listing
from konfipay_async.resources.once import exact_sum
from konfipay_async.resources.wiring import Wiring
from konfipay_async.session.message import Response

if TYPE_CHECKING:
    from konfipay_async.ledger import Entry

__all__ = ["Candidates", "Found", "Undecided", "reconciled"]

logger = logging.getLogger(__name__)

# Seconds before it was sent. What is older than the first cannot be it, even where clocks differ; what is no older than
# the second counts as created since.
_EARLIEST, _CERTAIN = 300.0, 2.0
# Seconds. So long after it was sent it may have arrived; what was made later may be another of the same orders.
_LATEST = 3600.0


@dataclass(frozen=True, slots=True)
class Found:
    """It arrived, and this is what came of it; nothing else could be.

    `rid` is the payment file's, or for what was extracted or created the batch's. Where a submission of payments made
    several files, `further` are the others.
    """

    rid: str
    further: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidates:
    """Each of these may be it, or have come of it: look at them before anything is sent again."""

    rids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Undecided:
    """Nothing tells that it arrived, so far. It may still: look again later."""


async def reconciled(wiring: Wiring, sent: "OutcomeUnknownError | Entry") -> Found | Candidates | Undecided:
    """Look for what should have come of it; what is found is noted in the ledger.

    An entry of the ledger tells as much as the error, also of what a program sent that was killed then.
    """
    look = _LOOKS.get(sent.kind)
    if look is None:
        what = f"{sent.method} {sent.path}" if isinstance(sent, OutcomeUnknownError) else sent.kind
        raise ConfigurationError(
            f"reconcile looks up uploads of payment files, extractions, new payments and submissions; this was {what}: "
            f"look at what it should have made"
        )
    noted = await _noted(wiring, sent)
    if noted.mine is not None and noted.mine.rid is not None and sent.kind != _SUBMIT:
        return Found(noted.mine.rid)
    answer, outcome = await look(wiring, sent, noted)
    if isinstance(answer, Found) and noted.mine is not None:
        await _settle(wiring, noted.mine, outcome, answer.rid)
    return answer


_UPLOAD, _EXTRACT, _FORCE = "payment_files.upload", "payment_files.extract", "payment_files.submit"
_CREATE, _SUBMIT = "payments.create", "payments.submit"

_Answer = tuple[Found | Candidates | Undecided, Literal["done", "refused"]]
"""And as what to settle it, where it is found."""


# --- what was to be made of each -------------------------------------------------------------------------------------


class _FileFilters(TypedDict, total=False):
    min_date: date


class _PaymentFilters(TypedDict, total=False):
    payment_file_rid: str


async def _uploaded(wiring: Wiring, sent: "OutcomeUnknownError | Entry", noted: "_Noted") -> _Answer:
    """Among the files created since, by their orders."""
    when = await _on_the_servers_clock(wiring, sent.sent_at, noted.rivals)
    files = Listing(wiring, "payment_files.list", payment_files_of, _FileFilters)
    payments = _payments(wiring)
    certain: list[PaymentFile] = []
    possible: list[PaymentFile] = []
    # A day earlier: days are German, and clocks may differ.
    since = (datetime.fromtimestamp(when.earliest, UTC) - timedelta(days=1)).date()
    seen = set(noted.others)
    async for file in files.rows(1000, None, {"min_date": since}):
        created = _seconds(file.timestamp)
        # A list that moves while it is read may show a file twice.
        if file.rid in seen or when.is_after(created):
            continue
        seen.add(file.rid)
        rows = [payment async for payment in payments.rows(1000, None, {"payment_file_rid": file.rid})]
        is_filtered = all(row.payment_file is None or row.payment_file.rid == file.rid for row in rows)
        alike = _alike(sent, rows, len(rows)) if is_filtered and rows else None
        if alike and when.is_certainly_before(created):
            certain.append(file)
        elif alike is not False:
            possible.append(file)
    answer = _answer([file.rid for file in certain], [file.rid for file in possible])
    return answer, "refused" if certain and _is_rejected(certain[0]) else "done"


async def _batched(wiring: Wiring, sent: "OutcomeUnknownError | Entry", noted: "_Noted") -> _Answer:
    """Among the payments created since, batch by batch: the list cannot be asked for a time, so all of it is read."""
    when = await _on_the_servers_clock(wiring, sent.sent_at, noted.rivals)
    batches: dict[str, dict[str, Payment]] = {}
    async for payment in _payments(wiring).rows(1000, None, {}):
        if not when.is_after(_seconds(payment.timestamp)):
            rid = payment.rid if payment.batch is None else payment.batch.rid
            batches.setdefault(rid, {})[payment.rid] = payment
    certain: list[str] = []
    possible: list[str] = []
    for rid, members in batches.items():
        rows = list(members.values())
        files = {row.payment_file.rid for row in rows if row.payment_file is not None}
        if rid in noted.others or (files and files <= noted.files):
            continue
        batch = rows[0].batch
        size = len(rows) if batch is None or batch.number_of_elements is None else batch.number_of_elements
        alike = None if batch is None else _alike(sent, rows, size)
        moments = [_seconds(row.timestamp) for row in rows]
        created = None if None in moments else min(moment for moment in moments if moment is not None)
        # What is in a file may have come with that file.
        if alike and not files and when.is_certainly_before(created):
            certain.append(rid)
        elif alike is not False:
            possible.append(rid)
    return _answer(certain, possible), "done"


async def _submitted(wiring: Wiring, sent: "OutcomeUnknownError | Entry", noted: "_Noted") -> _Answer:
    """By looking at each payment: whether it is in a file, and in one that was made since."""
    when = await _on_the_servers_clock(wiring, sent.sent_at, noted.rivals)

    async def file_of(rid: str) -> PaymentFile | None:
        try:
            payment = await wiring.send("payments.get", partial(json_value, Payment), rid=rid)
        except RouteUnknownError:
            raise
        except NotFoundError:
            return None  # deleted, so it was open
        return payment.payment_file

    files = await asyncio.gather(*map(file_of, sent.rids), return_exceptions=True)
    made: dict[str, PaymentFile] = {}
    for file in files:
        if isinstance(file, BaseException):
            raise file
        if file is not None:
            made[file.rid] = file
    are_since = all(when.is_certainly_before(_seconds(file.timestamp)) for file in made.values())
    if not made:
        return Undecided(), "done"
    if None in files or not are_since or made.keys() & noted.others:
        return Candidates(tuple(made)), "done"
    first, *further = made
    return Found(first, tuple(further)), "done"


async def _forced(wiring: Wiring, sent: "OutcomeUnknownError | Entry", noted: "_Noted") -> _Answer:
    """By the file's status: it is with the bank, and went there since, or nothing is decided."""
    if not sent.rids:
        return Undecided(), "done"
    when = await _on_the_servers_clock(wiring, sent.sent_at, noted.rivals)
    (rid,) = sent.rids
    status = (await wiring.send("payment_files.get", partial(json_value, PaymentInfo), rid=rid)).payment_info.status
    if status is None:
        return Undecided(), "done"
    went_since = when.is_certainly_before(_seconds(status.upload_timestamp))
    if status.value in _ON_ITS_WAY:
        return Found(rid) if went_since else Candidates((rid,)), "done"
    # It was with the bank, which had something against it, or against the one before.
    return Candidates((rid,)) if went_since else Undecided(), "done"


_LOOKS: "Mapping[str, Callable[[Wiring, OutcomeUnknownError | Entry, _Noted], Awaitable[_Answer]]]" = {
    _UPLOAD: _uploaded,
    _EXTRACT: _batched,
    _CREATE: _batched,
    _SUBMIT: _submitted,
    _FORCE: _forced,
}

_ON_ITS_WAY = frozenset(
    {
        StatusValue.KON_ACCEPTED_AND_QUEUED,
        StatusValue.FIN_UPLOAD_SUCCEEDED,
        StatusValue.FIN_UPLOAD_UNCLEAR,
        StatusValue.FIN_VEU_FORWARDED,
        StatusValue.FIN_ACCEPTED,
        StatusValue.FIN_PARTIALLY_ACCEPTED,
        StatusValue.FIN_CONFIRMED,
    }
)


def _payments(wiring: Wiring) -> Listing[Payment]:
    return Listing(wiring, "payments.list", partial(page_of, Payment), _PaymentFilters)


def _answer(certain: Sequence[str], possible: Sequence[str]) -> Found | Candidates | Undecided:
    if len(certain) == 1 and not possible:
        return Found(certain[0])
    rids = (*certain, *possible)
    return Candidates(rids) if rids else Undecided()


def _is_rejected(file: PaymentFile) -> bool:
    return file.status is not None and file.status.value == StatusValue.KON_REJECTED


# --- what the ledger knows -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Noted:
    """What the ledger knows: the entry of what was sent; when others that may have made the same were sent; the ids of
    what is known to be something else; and the files that were uploaded."""

    mine: "Entry | None" = None
    rivals: Sequence[float] = ()
    others: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()


async def _noted(wiring: Wiring, sent: "OutcomeUnknownError | Entry") -> _Noted:
    ledger = wiring.ledger
    if ledger is None:
        return _Noted()
    entries = await asyncio.to_thread(ledger.entries, origin=wiring.origin)
    mine = next((entry for entry in entries if _is_of(entry, sent)), None)
    # A submission by force has the id of a file that something else made; one of payments makes files too.
    making_the_same = {_EXTRACT: (_EXTRACT, _CREATE), _CREATE: (_EXTRACT, _CREATE), _UPLOAD: (_UPLOAD, _SUBMIT)}
    kinds = making_the_same.get(sent.kind, (sent.kind,))
    near = [entry for entry in entries if entry is not mine and entry.kind in kinds]
    rivals = [
        entry.sent_at
        for entry in near
        if entry.sent_at > sent.sent_at - _LATEST and _may_be_it(entry) and _is_like(entry, sent)
    ]
    others = frozenset(entry.rid for entry in near if entry.rid is not None)
    files = frozenset(entry.rid for entry in entries if entry.kind == _UPLOAD and entry.rid is not None)
    return _Noted(mine, rivals, others, files)


def _is_of(entry: "Entry", sent: "OutcomeUnknownError | Entry") -> bool:
    number = sent.ledger_entry if isinstance(sent, OutcomeUnknownError) else sent.id
    sha256 = sent.body_sha256 if isinstance(sent, OutcomeUnknownError) else sent.sha256
    # The error may come from a process with another ledger, whose entry of that number is something else.
    return (entry.id, entry.sha256) == (number, sha256)


def _may_be_it(entry: "Entry") -> bool:
    """Whether what is found may have come of this entry: what is known to have come of others, by its id, is told
    apart, but for submissions: of one file by force, or of payments, which may have made more files than one."""
    return entry.is_open or (entry.outcome == "done" and (entry.rid is None or entry.kind in (_FORCE, _SUBMIT)))


def _is_like(entry: "Entry", sent: "OutcomeUnknownError | Entry") -> bool:
    if (sent.kind, entry.kind) == (_UPLOAD, _SUBMIT):
        return True  # its orders are not known
    if entry.rids or sent.rids:
        return not set(entry.rids).isdisjoint(sent.rids)
    facts = (sent.orders, sent.control_sum, sent.counterparties)
    return (entry.orders, entry.control_sum, entry.counterparties) == facts


async def _settle(wiring: Wiring, entry: "Entry", outcome: Literal["done", "refused"], rid: str) -> None:
    if wiring.ledger is None:
        return
    try:
        await asyncio.to_thread(wiring.ledger.settle, entry.id, outcome, rid)
    except StorageError as failure:
        # What was found is the caller's; an entry that stays open does no harm.
        logger.error("the ledger could not note what was found: %s", failure)


# --- when it was, and whether it is alike ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Moment:
    """When it was sent: the earliest and the latest that was on the server's clock, in seconds, which is so much
    `ahead` of ours; and when its rivals were, on ours."""

    earliest: float
    latest: float
    ahead: float
    rivals: Sequence[float]

    def is_after(self, created: float | None) -> bool:
        """Whether it was sent so long after this was created that this cannot have come of it."""
        return created is not None and created < self.earliest - _EARLIEST

    def is_certainly_before(self, created: float | None) -> bool:
        """Whether it was sent before this was created, not long before, and no rival was."""
        if created is None or not self.latest - _CERTAIN <= created <= self.latest + _LATEST:
            return False
        return not any(rival <= created - self.ahead + _CERTAIN for rival in self.rivals)


async def _on_the_servers_clock(wiring: Wiring, moment: float, rivals: Sequence[float]) -> _Moment:
    def clock(method: str, path: str) -> Callable[[Response], tuple[float | None, float]]:
        read = server_time(method, path)
        return lambda response: (read(response), response.elapsed)

    says, elapsed = await wiring.send("payment_files.list", clock)
    if says is None:
        return _Moment(moment, math.inf, 0.0, rivals)  # then nothing is certain
    # It looked at its clock somewhere between question and answer.
    ahead = says - wiring.session.clock.time()
    return _Moment(moment + ahead, moment + ahead + elapsed, ahead, rivals)


def _seconds(timestamp: datetime | None) -> float | None:
    # A time without an offset is of no use: it could be hours off.
    return timestamp.timestamp() if timestamp is not None and timestamp.tzinfo is not None else None


def _alike(sent: "OutcomeUnknownError | Entry", payments: Sequence[Payment], size: int) -> bool | None:
    """Whether these are the orders that were sent; None where too little is known of either to tell. `size` is how
    many there are or were."""
    if sent.orders is None:
        return None
    amounts = [payment.order.amount for payment in payments if payment.order is not None]
    ibans = [payment.other.iban for payment in payments if payment.other is not None and payment.other.iban]
    if size != sent.orders:
        return False
    if len(payments) != size or len(amounts) < len(payments):
        return None
    if exact_sum(amounts) != sent.control_sum:
        return False
    if not sent.counterparties or len(ibans) < len(payments):
        return None
    return {account_hash(iban) for iban in ibans} == sent.counterparties
