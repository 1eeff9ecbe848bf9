"""Payments: single orders that are kept, changed, deleted, and sent in files that konfipay makes of them.

Paths, the object, the body of a submit and the filters are documented. The body of a create and of an update is
inferred from the object, and so is that an update is a PUT of the whole. That batchBooking and
failOnSubmittedPayments are false when they are missing is inferred too.
"""

from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, ClassVar, Final, Literal, TypeVar

import msgspec

from konfipay_async.sandbox.konfipay.answers import conflict, json_answer, no_content, rid_not_found
from konfipay_async.sandbox.konfipay.banks import Account
from konfipay_async.sandbox.konfipay.calls import Call, Endpoint
from konfipay_async.sandbox.konfipay.lists import Lists
from konfipay_async.sandbox.konfipay.payment_book import Payment, PaymentBook
from konfipay_async.sandbox.konfipay.payment_reading import Order
from konfipay_async.sandbox.konfipay.queries import INVALID_PARAMETER, BadParameterError
from konfipay_async.sandbox.sending import Answer

__all__ = ["Payments"]

_RID_NOT_FOUND: Final = ("ERR-01-0001", "RIdNotFound")
_NO_PAYMENT: Final = "There is no payment with this rId."
_IN_A_FILE: Final = "The payment is in a payment file: it can be neither changed nor deleted."
_STATUSES: Final = {"Open": False, "Pending": False, "Processed": True}
"""Which of the words means that a payment is in a file. The documents use the first two for the same (inferred)."""

_Text = Annotated[str, msgspec.Meta(min_length=1)]


class _Transaction(msgspec.Struct, rename="camel"):
    type: Literal["TRF", "CBTRF", "DD"]
    amount: msgspec.Raw
    currency: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]
    execution_date: date
    country: str | None = None
    end_to_end_id: Annotated[str, msgspec.Meta(max_length=35)] | None = None
    purpose_code: str | None = None
    charge_bearer: str | None = None
    instr_id: str | None = None
    remittance: Annotated[str, msgspec.Meta(max_length=140)] | None = msgspec.field(default=None, name="rmtInfoUStrd")


class _Own(msgspec.Struct, rename="camel"):
    r_id: str | None = None
    iban: str | None = None
    description: str | None = None


class _Other(msgspec.Struct):
    iban: _Text
    description: _Text
    bic: str | None = None


class _Body(msgspec.Struct, rename="camel"):
    transaction: _Transaction
    init_party_bank_account: _Own
    other_party_bank_account: _Other


class _Submission(msgspec.Struct, rename="camel"):
    payment_rids: Annotated[list[str], msgspec.Meta(min_length=1)]
    batch_booking: bool = False
    fail_on_submitted_payments: bool = False


class Payments:
    """The payments of a book."""

    def __init__(self, book: PaymentBook, lists: Lists) -> None:
        self._book = book
        self._lists = lists

    def _create(self, call: Call) -> Answer:
        """Open payments, all of them or none. Nothing is sent (documented)."""
        bodies = _decode(call, list[_Body])
        if not bodies:
            raise BadParameterError(INVALID_PARAMETER, "There is no payment in the body.")
        payments = self._book.add(list(map(self._read, bodies)), call.at)
        return json_answer(list(map(self._shown_at(call.at), payments)), 201)

    def _list(self, call: Call) -> Answer:
        return self._lists.answer(
            call, list(filter(_wanted(call), self._book.payments.values())), self._shown_at(call.at)
        )

    def _get(self, call: Call) -> Answer:
        payment = self._find(call)
        if payment is None:
            return rid_not_found(_NO_PAYMENT)
        return json_answer(self._shown_at(call.at)(payment))

    def _update(self, call: Call) -> Answer:
        payment = self._find(call)
        if payment is None:
            return rid_not_found(_NO_PAYMENT)
        read = self._read(_decode(call, _Body))
        if payment.file is not None:
            return conflict(_IN_A_FILE)
        payment.account, payment.own_name, payment.order = read
        return json_answer(self._shown_at(call.at)(payment))

    def _delete(self, call: Call) -> Answer:
        payment = self._find(call)
        if payment is None:
            return rid_not_found(_NO_PAYMENT)
        if payment.file is not None:
            return conflict(_IN_A_FILE)
        del self._book.payments[payment.rid]
        return no_content()

    def _submit(self, call: Call) -> Answer:
        """Files of the open ones among these payments, sent at once. All or nothing, but for what the bank says.

        That files cannot be made and the payments stay open is documented, not what the answer is then: with the fault
        ``submit-without-effect`` it is a success.
        """
        submission = _decode(call, _Submission)
        rids = dict.fromkeys(rid.lower() for rid in submission.payment_rids)
        if not rids.keys() <= self._book.payments.keys():
            raise BadParameterError(_RID_NOT_FOUND, "There is no payment with one of these rIds.")
        chosen = [self._book.payments[rid] for rid in rids]
        still_open = [payment for payment in chosen if payment.file is None]
        if submission.fail_on_submitted_payments and len(still_open) < len(chosen):
            return conflict("Some of the payments are in a payment file already.")
        if call.fault == "submit-without-effect":
            return json_answer([])
        files = self._book.bundle(still_open, submission.batch_booking, call.at)
        for file in files:
            self._book.transmit(file, call.at)
        return json_answer([{"paymentInfo": self._book.info(file, call.at)} for file in files])

    def _find(self, call: Call) -> Payment | None:
        return self._book.payments.get(call.arguments[0].lower())

    def _shown_at(self, at: float) -> Callable[[Payment], object]:
        return lambda payment: self._book.shown_payment(payment, at)

    def _read(self, body: _Body) -> tuple[Account, str | None, Order]:
        given, own, other = body.transaction, body.init_party_bank_account, body.other_party_bank_account
        account = self._book.account_with(own.r_id, own.iban, None, given.currency)
        order = Order(
            type=given.type,
            amount=_amount(given.amount),
            currency=given.currency,
            execution_date=given.execution_date,
            other_iban=other.iban,
            other_name=other.description,
            other_bic=other.bic,
            country=given.country,
            end_to_end_id=given.end_to_end_id or "NOTPROVIDED",
            purpose_code=given.purpose_code,
            charge_bearer=given.charge_bearer,
            instr_id=given.instr_id,
            remittance=given.remittance,
        )
        return account, own.description, order

    endpoints: ClassVar[tuple[Endpoint, ...]] = (
        Endpoint("payments.create", "POST", "payments", "Payments", _create),
        Endpoint("payments.delete", "DELETE", "payments/{rid}", "Payments", _delete),
        Endpoint("payments.get", "GET", "payments/{rid}", "Payments", _get),
        Endpoint("payments.list", "GET", "payments", "Payments", _list),
        Endpoint("payments.submit", "POST", "payments/submit", "Payments", _submit),
        Endpoint("payments.update", "PUT", "payments/{rid}", "Payments", _update),
    )


_Kind = TypeVar("_Kind")


def _decode(call: Call, kind: type[_Kind]) -> _Kind:
    try:
        return msgspec.json.decode(call.body, type=kind)
    except (msgspec.MsgspecError, ValueError) as error:
        raise BadParameterError(INVALID_PARAMETER, f"The body cannot be read: {error}") from None


def _amount(raw: msgspec.Raw) -> Decimal:
    """The amount, from the digits of a JSON number. A text is refused, and so is what has parts of a cent."""
    text = bytes(raw).decode()
    try:
        if text[:1].isdigit() and Decimal(text).quantize(Decimal("0.01")) == Decimal(text) > 0:
            return Decimal(text)
    except InvalidOperation:
        pass
    raise BadParameterError(INVALID_PARAMETER, "amount: allowed is a number above zero with at most two decimals")


def _wanted(call: Call) -> Callable[[Payment], bool]:
    """Filters by batch and status are documented, that by file was seen in public code."""
    batch = call.query.get("batch-rid", "").lower()
    file = call.query.get("payment-file-rid", "").lower()
    status = call.query.get("status")
    if status is not None and status not in _STATUSES:
        raise BadParameterError(INVALID_PARAMETER, f"status: allowed are {', '.join(_STATUSES)}")
    processed = None if status is None else _STATUSES[status]
    return lambda payment: (
        batch in ("", payment.batch.rid)
        and processed in (None, payment.file is not None)
        and (not file or (payment.file is not None and payment.file.rid == file))
    )
