"""Payments: single orders, which konfipay makes payment files of when they are submitted."""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack

import msgspec

from konfipay_async.answers import json_value, nothing, page_of
from konfipay_async.errors import (
    ConfigurationError,
    KonfipayError,
    NotFoundError,
    OutcomeUnknownError,
    RouteUnknownError,
)
from konfipay_async.models.page import Page
from konfipay_async.models.payments import NewPayment, Payment, PaymentFile
from konfipay_async.models.wire import encode
from konfipay_async.pain import account_hash, is_iban
from konfipay_async.resources.lists import Listing
from konfipay_async.resources.once import Facts, exact_sum, send_once
from konfipay_async.resources.reconcile import Candidates, Found, Undecided, reconciled
from konfipay_async.resources.wiring import Wiring
from konfipay_async.routes import segment
from konfipay_async.session.message import Response

if TYPE_CHECKING:
    from konfipay_async.ledger import Entry

__all__ = ["PaymentFilters", "Payments", "SubmittedPayment"]


class PaymentFilters(TypedDict, total=False):
    """Filters of the list (batch and status documented, the payment file's seen in public code). Which of Open and
    Pending the API means by open payments is contradictory; Processed are those in a file."""

    batch_rid: str | None
    status: Literal["Open", "Pending", "Processed"] | None
    payment_file_rid: str | None


@dataclass(frozen=True, slots=True)
class SubmittedPayment:
    """What became of one payment of a submission, read back after it.

    `payment_file` is the file it is in now, None where it is still open, which means that nothing of it went to the
    bank so far. `error` is set where it could not be read back: then nothing is known of it but that the submission
    was accepted.
    """

    rid: str
    payment_file: PaymentFile | None = None
    error: KonfipayError | None = None


class Payments:
    """`client.payments`"""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._listing = Listing(wiring, "payments.list", partial(page_of, Payment), PaymentFilters)

    def list(
        self, page_size: int = 1000, *, extra: Mapping[str, object] | None = None, **filters: Unpack[PaymentFilters]
    ) -> AsyncGenerator[Payment]:
        """Yield every payment. An async generator: iterate it, do not await it.

        `page_size` is rows per request, 1 to 1000; `extra` passes query names the client does not know.
        Raises ConfigurationError at once, and while iterating what requests raise.
        """
        return self._listing.rows(page_size, extra, filters)

    def pages(
        self, page_size: int = 1000, *, extra: Mapping[str, object] | None = None, **filters: Unpack[PaymentFilters]
    ) -> AsyncGenerator[Page[Payment]]:
        """Yield the list page by page; see `list`."""
        return self._listing.pages(page_size, extra, filters)

    async def get(self, rid: str) -> Payment:
        """One payment. Raises NotFoundError."""
        return await self._wiring.send("payments.get", _payment, rid=rid)

    async def create(self, payments: Sequence[NewPayment], *, again: bool = False) -> Sequence[Payment]:
        """Store payments, which get one batch. Nothing is sent to the bank before they are submitted (documented).

        It is sent once: OutcomeUnknownError says that nobody knows, see `reconcile`. A ledger refuses what was created
        within its period, unless `again`: two payments that are meant belong into one call. Raises ConfigurationError
        for amounts and IBANs that cannot be. The shape of the body is inferred.
        """
        payments = [_checked(payment, number) for number, payment in enumerate(payments, 1)]
        if not payments:
            raise ConfigurationError("payments is empty: give at least one NewPayment")
        return await send_once(
            self._wiring,
            "payments.create",
            lambda method, path: json_value(list[Payment], method, path),
            body=encode(payments),
            made=lambda created: next((payment.batch.rid for payment in created if payment.batch), None),
            facts=Facts(
                orders=len(payments),
                control_sum=exact_sum(payment.order.amount for payment in payments),
                counterparties=frozenset(account_hash(payment.other.iban or "") for payment in payments),
            ),
            look_up="client.payments.reconcile(error)",
            refuse_done=True,
            again=again,
        )

    async def update(self, rid: str, payment: NewPayment) -> Payment:
        """Change an open payment into this (method and path are inferred). Raises ConflictError for one in a file."""
        body = encode(_checked(payment, 1))
        return await self._wiring.send("payments.update", _payment, body=body, rid=rid)

    async def delete(self, rid: str) -> None:
        """Delete an open payment. Raises ConflictError (inferred) for one in a file: it can no longer be deleted."""
        try:
            await self._wiring.send("payments.delete", nothing, rid=rid)
        except NotFoundError as error:
            if not error.may_be_done or isinstance(error, RouteUnknownError):
                raise

    async def submit(
        self,
        rids: Collection[str],
        *,
        batch_booking: bool = True,
        fail_on_submitted_payments: bool = True,
        again: bool = False,
    ) -> Sequence[SubmittedPayment]:
        """Have konfipay make payment files of these payments and send them to the bank; what became of each.

        With `fail_on_submitted_payments` nothing is sent where one of them was submitted before. It is sent once:
        OutcomeUnknownError says that nobody knows, see `reconcile`. What became of them is read back, because
        the answer's shape is not documented; where konfipay could not make a file of them they stay open (documented).
        """
        if isinstance(rids, str) or not rids:
            raise ConfigurationError("rids: give the ids of the payments, at least one, as a list")
        listed = list(rids)
        for rid in listed:
            segment(rid, "rid")
        if len(set(listed)) < len(listed):
            raise ConfigurationError("rids: a payment is named twice")
        order = {
            "batchBooking": batch_booking,
            "paymentRids": listed,
            "failOnSubmittedPayments": fail_on_submitted_payments,
        }
        await send_once(
            self._wiring,
            "payments.submit",
            nothing,
            body=msgspec.json.encode(order),
            content="\n".join(sorted(listed)).encode(),  # the same payments, in whatever order and however booked
            made=lambda _: None,
            facts=Facts(rids=tuple(listed)),
            look_up="client.payments.reconcile(error)",
            again=again,
        )
        return await asyncio.gather(*(self._read_back(rid) for rid in listed))

    async def reconcile(self, sent: "OutcomeUnknownError | Entry") -> Found | Candidates | Undecided:
        """Look up what became of a creation or submission whose outcome is unknown, by its error or its entry in the
        ledger; the same as `client.payment_files.reconcile`, and of a creation `Found` has the batch."""
        return await reconciled(self._wiring, sent)

    async def _read_back(self, rid: str) -> SubmittedPayment:
        try:
            return SubmittedPayment(rid, (await self.get(rid)).payment_file)
        except KonfipayError as error:
            # The submission was accepted: that must not be lost because one could not be read.
            return SubmittedPayment(rid, error=error)


def _checked(payment: NewPayment, number: int) -> NewPayment:
    """A payment that can be sent. ConfigurationError names the `number` of the one that cannot, and its field."""
    if not isinstance(payment, NewPayment):
        raise ConfigurationError(f"payment {number}: give a NewPayment, not {type(payment).__name__}")
    order = payment.order
    for name, value, pattern in (("type", order.type, "[A-Z0-9]{2,10}"), ("currency", order.currency, "[A-Z]{3}")):
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise ConfigurationError(f"payment {number}: order.{name} is not possible: give capitals, like TRF and EUR")
    if isinstance(order.execution_date, datetime) or not isinstance(order.execution_date, date | None):
        raise ConfigurationError(f"payment {number}: order.execution_date: give a datetime.date without a time")
    amount = order.amount
    if not isinstance(amount, Decimal):
        raise ConfigurationError(f"payment {number}: amount is a {type(amount).__name__}: give a decimal.Decimal")
    # By its digits: arithmetic would depend on the caller's decimal context.
    if not amount.is_finite() or not 0 < amount < _TOO_MUCH or not _WHOLE_CENTS.fullmatch(f"{amount:f}"):
        raise ConfigurationError(f"payment {number}: amount {amount} is not possible: above 0, at most two decimals")
    if not payment.own.rid and not payment.own.iban:
        raise ConfigurationError(f"payment {number}: own has neither rid nor iban: name the account it is paid from")
    for side, iban in (("own", payment.own.iban), ("other", payment.other.iban)):
        if (iban is None and side == "other") or (iban is not None and not is_iban(iban)):
            found = "missing" if iban is None else "no valid IBAN"
            raise ConfigurationError(f"payment {number}: {side}.iban is {found}")
    return payment


# One digit more than ISO 20022 has for an amount.
_TOO_MUCH = Decimal(10**18)
_WHOLE_CENTS = re.compile(r"[0-9]+(\.[0-9]{1,2}0*)?")


def _payment(method: str, path: str) -> Callable[[Response], Payment]:
    return json_value(Payment, method, path)
