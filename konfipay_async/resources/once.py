"""What must happen once: noted in the ledger before it leaves and when its outcome is known, and found again."""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from functools import reduce
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, Unpack

from konfipay_async.errors import (
    ClientStateError,
    ConfigurationError,
    DecodeError,
    KonfipayError,
    OutcomeUnknownError,
    StatusError,
    TransportError,
)
from konfipay_async.resources.wiring import Parts, Wiring
from konfipay_async.session.message import Response, RetryClass
from konfipay_async.session.retry import Outcome, outcome_of

if TYPE_CHECKING:
    from konfipay_async.pain import FileFacts

__all__ = ["Facts", "exact_sum", "facts_of", "send_once"]

logger = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Facts:
    """What tells apart what is sent, as far as it has it: see `OutcomeUnknownError`."""

    message_id: str | None = None
    orders: int | None = None
    control_sum: Decimal | None = None
    counterparties: frozenset[str] = frozenset()
    rids: tuple[str, ...] = ()


def facts_of(file: "FileFacts") -> Facts:
    """What tells a payment file apart."""
    return Facts(file.message_id, file.orders, file.control_sum, file.counterparties)


def exact_sum(amounts: Iterable[Decimal]) -> Decimal:
    """With every digit, whatever context the program has set."""
    return reduce(_EXACT.add, amounts, Decimal(0))


_EXACT = Context(prec=80)


async def send_once(
    wiring: Wiring,
    route: str,
    read: Callable[[str, str], Callable[[Response], T]],
    *,
    made: Callable[[T], str | None],
    look_up: str,
    content: bytes | None = None,
    facts: Facts = Facts(),
    refuse_done: bool = False,
    was_refused: Callable[[T], bool] = lambda value: False,
    again: bool = False,
    **parts: Unpack[Parts],
) -> T:
    """Send it once; `made` finds the id of what was made in the answer, `look_up` says where to look when none came.

    What was sent is known by `content` (default: the body). The ledger refuses it while the outcome of the same sent
    before is open, with `refuse_done` also where it was sent with success; with `again` it lets it pass. An answer
    that `was_refused` does not count as sent.
    Raises OutcomeUnknownError with what was sent, AlreadySubmittedError, StorageError, and what requests raise.
    """
    sha256 = hashlib.sha256(content or parts.get("body") or b"").hexdigest()
    note = None
    if wiring.ledger is not None:
        note = _LedgerNote(wiring, route, sha256, facts, made, was_refused, refuse_done=refuse_done, again=again)
    try:
        together: Parts = {**parts, "retry": RetryClass.ONCE, "note": note}
        return await wiring.send(route, read, **together)
    except OutcomeUnknownError as error:
        error.kind = route
        error.body_sha256 = sha256
        error.look_up = look_up
        error.ledger_entry = None if note is None else note.entry
        error.message_id = facts.message_id
        error.orders = facts.orders
        error.control_sum = facts.control_sum
        error.counterparties = facts.counterparties
        error.rids = facts.rids
        raise


class _LedgerNote(Generic[T]):
    """Writes one submission into the ledger; an attempt that is repeated is written again."""

    def __init__(
        self,
        wiring: Wiring,
        kind: str,
        sha256: str,
        facts: Facts,
        made: Callable[[T], str | None],
        was_refused: Callable[[T], bool],
        *,
        refuse_done: bool,
        again: bool,
    ) -> None:
        self._wiring = wiring
        self._kind = kind
        self._sha256 = sha256
        self._facts = facts
        self._made = made
        self._was_refused = was_refused
        self._refuse_done = refuse_done
        self._again = again
        self.entry: int | None = None

    async def leaving(self) -> None:
        ledger, facts = self._wiring.ledger, self._facts
        if ledger is None:
            return
        self.entry = await asyncio.to_thread(
            ledger.intend,
            self._kind,
            self._wiring.origin,
            self._sha256,
            message_id=facts.message_id,
            orders=facts.orders,
            control_sum=facts.control_sum,
            counterparties=facts.counterparties,
            rids=facts.rids,
            at=self._wiring.session.clock.time(),
            force=self._again,
            refuse_done=self._refuse_done,
        )

    async def settled(self, value: Any, error: KonfipayError | None) -> None:
        ledger = self._wiring.ledger
        if ledger is None or self.entry is None:
            return
        try:
            rid = None if error is not None else self._made(value)
            outcome = "refused" if error is None and self._was_refused(value) else _outcome(error)
            await asyncio.to_thread(ledger.settle, self.entry, outcome, rid)
        except Exception as failure:
            # Whatever it is, the outcome itself is the caller's. The entry stays open, so that the same is not sent
            # again unseen.
            what = failure if isinstance(failure, KonfipayError) else type(failure).__name__
            logger.error("the ledger could not note what became of %s: %s", self._kind, what)


def _outcome(error: KonfipayError | None) -> Literal["done", "not sent", "refused", "unknown"]:
    match error:
        case None:
            return "done"
        case ConfigurationError() | ClientStateError():
            return "not sent"
        case TransportError() | StatusError() | DecodeError():
            return _OUTCOMES.get(outcome_of(error), "unknown")
        case _:
            return "unknown"


_OUTCOMES: Mapping[Outcome, Literal["not sent", "refused"]] = {
    Outcome.NOT_SENT: "not sent",
    Outcome.REFUSED: "refused",
    Outcome.UNAUTHORISED: "refused",
    Outcome.LIMITED: "refused",
}
