"""What became of an upload whose outcome nobody knows: looked up, never guessed.

A file that is found may be it; that none is found says nothing, for a late request may still arrive.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from konfipay_async.answers import server_time
from konfipay_async.errors import ConfigurationError, OutcomeUnknownError
from konfipay_async.models.payments import Payment, PaymentFile
from konfipay_async.pain import account_hash
from konfipay_async.resources.lists import Listing
from konfipay_async.resources.wiring import Wiring

__all__ = ["Candidates", "Found", "Undecided", "reconciled"]

# Seconds. Before this nothing can be it, even where clocks differ; from the other on, nothing else is (timestamps and
# the Date header are cut to whole seconds).
_EARLIEST, _CERTAIN = 300.0, 2.0


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
    wiring: Wiring, files: Listing[PaymentFile], payments: Listing[Payment], error: OutcomeUnknownError
) -> Found | Candidates | Undecided:
    """Compare the files created since with what was sent; what is found is noted in the ledger."""
    if error.kind != "payment_files.upload":
        raise ConfigurationError(
            f"reconcile looks up uploads of payment files; this was {error.method} {error.path}: look at "
            f"{error.look_up or 'what it should have made'}"
        )
    ledger = wiring.ledger
    others = frozenset() if ledger is None else await asyncio.to_thread(ledger.known_rids, wiring.origin)
    server_now = await wiring.send("payment_files.list", server_time)
    ahead = 0.0 if server_now is None else server_now - wiring.session.clock.time()
    sent_at = error.sent_at + ahead
    certain: list[str] = []
    possible: list[str] = []
    # A day earlier: days are German, and clocks may differ.
    since = (datetime.fromtimestamp(sent_at, UTC) - timedelta(days=1)).date()
    async for file in files.rows(1000, None, {"min_date": since}):
        created = None if file.timestamp is None else file.timestamp.timestamp()
        if file.rid in others or (created is not None and created < sent_at - _EARLIEST):
            continue
        alike = _alike(error, [payment async for payment in payments.rows(1000, None, {"payment_file_rid": file.rid})])
        if alike is None or (alike and (created is None or created < sent_at - _CERTAIN)):
            possible.append(file.rid)
        elif alike:
            certain.append(file.rid)
    if len(certain) == 1 and not possible:
        if ledger is not None and error.ledger_entry is not None:
            await asyncio.to_thread(ledger.settle, error.ledger_entry, "done", certain[0])
        return Found(certain[0])
    return Candidates((*certain, *possible)) if certain or possible else Undecided()


def _alike(error: OutcomeUnknownError, payments: list[Payment]) -> bool | None:
    """Whether a file's orders are those that were sent; None where too little is known of either to tell."""
    amounts = [payment.order.amount for payment in payments if payment.order is not None]
    others = {account_hash(payment.other.iban) for payment in payments if payment.other and payment.other.iban}
    if not payments or error.orders is None:
        return None
    if len(payments) != error.orders or sum(amounts, Decimal(0)) != error.control_sum:
        return False
    if not error.counterparties or not others:
        return None
    return others == error.counterparties
