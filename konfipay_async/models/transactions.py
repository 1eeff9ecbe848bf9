"""Transactions (bookings) as the Transactions API sends them."""

from datetime import date, datetime
from decimal import Decimal

import msgspec

from konfipay_async.models.wire import Wire
from konfipay_async.tolerance import OpenEnum

__all__ = [
    "BankAccountRef",
    "CreditDebitIndicator",
    "DocumentRef",
    "Transaction",
    "TransactionFileRef",
    "TransactionResults",
]


class CreditDebitIndicator(OpenEnum):
    """Whether money came (CRDT) or went (DBIT); an unknown value is kept as it is."""

    CRDT = "CRDT"
    DBIT = "DBIT"


class BankAccountRef(Wire, frozen=True, gc=False):
    """The account a booking belongs to. (iban, currency) is unique, the IBAN alone is not (documented)."""

    rid: str | None = msgspec.field(name="rId", default=None)
    iban: str | None = None
    currency: str | None = None


class DocumentRef(Wire, frozen=True, gc=False):
    """The bank document a booking was read from; `is_new` is the document's own flag (documented)."""

    rid: str = msgspec.field(name="rId")
    timestamp: date | None = None
    is_new: bool | None = None
    format: str | None = None


class TransactionFileRef(Wire, frozen=True, gc=False):
    """The transaction file a booking was read from (seen in public code, beside or instead of `document`)."""

    rid: str = msgspec.field(name="rId")
    timestamp: datetime | None = None
    is_new: bool | None = None
    format: str | None = None
    legal_sequence_number: int | str | None = None
    electronic_sequence_number: int | str | None = None


class Transaction(Wire, frozen=True, gc=False):
    """One booking.

    `amount` is positive for credits and debits alike (documented sample), `signed_amount` is not. `rid` makes
    deliveries unique, not bookings: an interim entry (camt.052) and its booking (camt.053) may be two rows.
    Fields without a default are always there; all others may be missing, in pending entries above all.
    `purpose`, `end_to_end_id`, `customer_reference` and `transaction_file` are seen in public code only.
    """

    rid: str = msgspec.field(name="rId")
    amount: Decimal
    currency: str
    credit_debit_indicator: CreditDebitIndicator
    timestamp: datetime | None = None
    electronic_sequence_number: str | None = None
    name: str | None = None
    iban: str | None = None
    bic: str | None = None
    booking_text: str | None = None
    booking_date: datetime | None = None
    value_date: datetime | None = None
    is_new: bool | None = None
    bank_reference: str | None = None
    payment_identification_id: str | None = None
    prima_nota: str | None = None
    purpose: str | None = None
    end_to_end_id: str | None = None
    customer_reference: str | None = None
    document: DocumentRef | None = None
    transaction_file: TransactionFileRef | None = None
    bank_account: BankAccountRef | None = None

    @property
    def signed_amount(self) -> Decimal:
        """The amount as it changes the balance: negative for DBIT. ValueError where the indicator is neither."""
        if self.credit_debit_indicator == CreditDebitIndicator.DBIT:
            return self.amount.copy_abs().copy_negate()
        if self.credit_debit_indicator == CreditDebitIndicator.CRDT:
            return self.amount.copy_abs()
        raise ValueError(f"neither credit nor debit: {self.credit_debit_indicator}")

    @property
    def origin(self) -> DocumentRef | TransactionFileRef | None:
        """The file the booking came from, by whichever of its two names the API sent it."""
        return self.transaction_file or self.document


class TransactionResults(Wire, frozen=True, gc=False):
    """What `results` holds for transactions: rows, and the id that acknowledges exactly these rows (documented)."""

    transactions: list[Transaction]
    acknowledgement_id: str
