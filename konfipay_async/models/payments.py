"""Payment files, their status, and single payments (orders)."""

from datetime import date, datetime
from decimal import Decimal

import msgspec

from konfipay_async.models.wire import Wire
from konfipay_async.tolerance import OpenEnum

__all__ = [
    "Batch",
    "NewPayment",
    "Party",
    "Payment",
    "PaymentFile",
    "PaymentInfo",
    "PaymentOrder",
    "PaymentStatus",
    "StatusReason",
    "StatusValue",
]


class StatusValue(OpenEnum):
    """Where a payment file is: KON in konfipay, FIN at the bank. A value that is new to us is kept as it is.

    Which of them are final, and how they ended, follows public code and the reference it cites.
    """

    KON_REJECTED = "KON_REJECTED"
    """Refused by konfipay, the reason is in `error`; nothing goes out."""
    KON_ACCEPTED_AND_QUEUED = "KON_ACCEPTED_AND_QUEUED"
    """Accepted, waiting for its upload."""
    FIN_UPLOAD_SUCCEEDED = "FIN_UPLOAD_SUCCEEDED"
    """With the bank."""
    FIN_UPLOAD_FAILED = "FIN_UPLOAD_FAILED"
    """The bank refused the upload; konfipay may try again by itself, and ``submit(force=True)`` does."""
    FIN_UPLOAD_UNCLEAR = "FIN_UPLOAD_UNCLEAR"
    """Nobody knows yet whether the bank has it; konfipay looks into it."""
    FIN_VEU_FORWARDED = "FIN_VEU_FORWARDED"
    """Waits for distributed signatures."""
    FIN_VEU_CANCELED = "FIN_VEU_CANCELED"
    """A signer cancelled it."""
    FIN_ACCEPTED = "FIN_ACCEPTED"
    """All steps of the transfer to the bank are done; no confirmation that it was executed. Banks that confirm go on
    to FIN_CONFIRMED, many never do."""
    FIN_PARTIALLY_ACCEPTED = "FIN_PARTIALLY_ACCEPTED"
    """Only some of the payments were accepted."""
    FIN_CONFIRMED = "FIN_CONFIRMED"
    """The bank confirmed the execution."""
    FIN_REJECTED = "FIN_REJECTED"
    """The bank refused it: see the reason."""

    @property
    def is_final(self) -> bool:
        """Whether it changes no more by itself. FIN_ACCEPTED may still become FIN_CONFIRMED, so it is not final; nor is
        FIN_UPLOAD_FAILED, because konfipay may send the file again."""
        return self in _FINAL

    @property
    def has_failed(self) -> bool:
        """Whether it ended without a payment, or with only a part of them; or failed so far, and is not final."""
        return self in _FAILED


_FAILED = frozenset(
    {
        StatusValue.KON_REJECTED,
        StatusValue.FIN_UPLOAD_FAILED,
        StatusValue.FIN_VEU_CANCELED,
        StatusValue.FIN_PARTIALLY_ACCEPTED,
        StatusValue.FIN_REJECTED,
    }
)
_FINAL = (_FAILED - {StatusValue.FIN_UPLOAD_FAILED}) | {StatusValue.FIN_CONFIRMED}


class StatusReason(Wire, frozen=True, gc=False):
    """Why konfipay refused a file. `details` may hold personal data."""

    code: str | None = msgspec.field(name="errorCode", default=None)
    message: str | None = msgspec.field(name="errorMessage", default=None)
    details: str | None = msgspec.field(name="errorDetails", default=None)
    timestamp: datetime | None = None


class PaymentStatus(Wire, frozen=True, gc=False):
    """A payment file's status (documented). All but `value` may be missing: a queued file has nothing else.

    `reason_code` is of ISO 20022 or EBICS, `reason` its text, maybe in German; `order_id` the bank's order.
    """

    value: StatusValue = msgspec.field(name="statusValue")
    upload_timestamp: datetime | None = None
    order_id: str | None = msgspec.field(name="orderID", default=None)
    reason_code: str | None = None
    reason: str | None = None
    additional_information: str | None = None
    error: StatusReason | None = None


class PaymentFile(Wire, frozen=True, gc=False):
    """One payment file (documented). `format` is like "pain.001", `payment_type` like "TRF" or "CBTRF"."""

    rid: str = msgspec.field(name="rId")
    timestamp: datetime | None = None
    format: str | None = None
    execution_date: date | None = None
    payment_type: str | None = None
    status: PaymentStatus | None = None


class PaymentInfo(Wire, frozen=True, gc=False):
    """How the API wraps a payment file, alone and in lists (documented)."""

    payment_info: PaymentFile


class Batch(Wire, frozen=True, gc=False):
    """Payments that were created together."""

    rid: str = msgspec.field(name="rId")
    number_of_elements: int | None = None


class PaymentOrder(Wire, frozen=True, gc=False, omit_defaults=True):
    """What is paid (documented sample). `remittance_information` is unstructured, `amount` positive."""

    type: str
    amount: Decimal
    currency: str
    execution_date: date | None = None
    end_to_end_id: str | None = None
    country: str | None = None
    purpose_code: str | None = None
    charge_bearer: str | None = None
    instruction_id: str | None = msgspec.field(name="instrId", default=None)
    remittance_information: str | None = msgspec.field(name="rmtInfoUStrd", default=None)


class Party(Wire, frozen=True, gc=False, omit_defaults=True):
    """One side of a payment: an account of yours by `rid` or `iban`, or the other side by `iban` and its holder's name
    in `description`."""

    rid: str | None = msgspec.field(name="rId", default=None)
    iban: str | None = None
    bic: str | None = None
    description: str | None = None


class NewPayment(Wire, frozen=True, gc=False):
    """A payment to create or to change one into (the body is not documented; inferred from what the API answers).

    `own` is the account it is paid from (or collected to), `other` the other side.
    """

    order: PaymentOrder = msgspec.field(name="transaction")
    own: Party = msgspec.field(name="initPartyBankAccount")
    other: Party = msgspec.field(name="otherPartyBankAccount")


class Payment(Wire, frozen=True, gc=False):
    """One payment (documented). While it is in no `payment_file` it is open: it can be changed and deleted."""

    rid: str = msgspec.field(name="rId")
    timestamp: datetime | None = None
    batch: Batch | None = None
    order: PaymentOrder | None = msgspec.field(name="transaction", default=None)
    own: Party | None = msgspec.field(name="initPartyBankAccount", default=None)
    other: Party | None = msgspec.field(name="otherPartyBankAccount", default=None)
    payment_file: PaymentFile | None = None

    def __post_init__(self) -> None:
        if self.order is not None and not self.order.amount.is_finite():
            raise ValueError("not a finite number")

    @property
    def is_open(self) -> bool:
        """Whether no payment file was made of it yet."""
        return self.payment_file is None
