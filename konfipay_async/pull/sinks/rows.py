"""From a booking to the values of its row. Pure."""

import hashlib
import re
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from typing import TypeAlias

from konfipay_async.errors import StorageError
from konfipay_async.models.transactions import BankAccountRef, Transaction

__all__ = ["BOOKKEEPING", "COLUMNS", "Value", "digest", "is_interim", "is_interim_format", "row"]

Value: TypeAlias = str | bool | None

COLUMNS = (
    "source",
    "rid",
    "timestamp",
    "amount",
    "currency",
    "credit_debit_indicator",
    "electronic_sequence_number",
    "name",
    "iban",
    "bic",
    "booking_text",
    "booking_date",
    "value_date",
    "is_new",
    "bank_reference",
    "payment_identification_id",
    "prima_nota",
    "purpose",
    "end_to_end_id",
    "customer_reference",
    "file_kind",
    "file_rid",
    "file_format",
    "file_timestamp",
    "file_legal_sequence_number",
    "file_electronic_sequence_number",
    "bank_account_rid",
    "bank_account_iban",
    "bank_account_currency",
    "first_seen_at",
    "last_seen_at",
    "changed_at",
)
"""The columns of a row, in order; a test holds that the tables have the same."""

BOOKKEEPING = ("source", "rid", "is_new", "first_seen_at", "last_seen_at", "changed_at")
"""What is not said of the booking itself: acknowledging changes `is_new`, and no booking."""

_CONTENT = itemgetter(*(index for index, name in enumerate(COLUMNS) if name not in BOOKKEEPING))

# Nobody books 10**41 of anything; written without an exponent, 1E+999999 would be a megabyte of zeros.
_MOST_DIGITS = 40

_INTERIM = re.compile(r"(?<!\d)(052|52|942)(?!\d)")

_NO_FILE: tuple[Value, ...] = (None,) * 6
_NO_ACCOUNT = BankAccountRef()


def row(transaction: Transaction, source: str, seen_at: str) -> tuple[Value, ...]:
    """The values of one row, in the order of `COLUMNS`. StorageError where the amount is none that can be kept."""
    account = transaction.bank_account or _NO_ACCOUNT
    return (
        source,
        transaction.rid,
        _moment(transaction.timestamp),
        _amount(transaction),
        transaction.currency,
        transaction.credit_debit_indicator.value,
        transaction.electronic_sequence_number,
        transaction.name,
        transaction.iban,
        transaction.bic,
        transaction.booking_text,
        _day(transaction.booking_date),
        _day(transaction.value_date),
        transaction.is_new,
        transaction.bank_reference,
        transaction.payment_identification_id,
        transaction.prima_nota,
        transaction.purpose,
        transaction.end_to_end_id,
        transaction.customer_reference,
        *_file(transaction),
        account.rid,
        account.iban,
        account.currency,
        seen_at,
        seen_at,
        None,
    )


def digest(values: tuple[Value, ...]) -> bytes:
    """What a row says of its booking, in 16 bytes: another where anything of it is different."""
    return hashlib.blake2b(repr(_CONTENT(values)).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def is_interim(transaction: Transaction) -> bool:
    """Whether it was read from an interim report, camt.052 or MT942, and so may be pending.

    Inferred: a transaction does not say whether it is pending, and these are the formats of intraday reports.
    """
    file = transaction.origin
    return file is not None and is_interim_format(file.format)


def is_interim_format(file_format: str | None) -> bool:
    """Whether a file of this format is an interim report."""
    return file_format is not None and _INTERIM.search(file_format) is not None


def _amount(transaction: Transaction) -> str:
    """Plain notation, every digit as it was sent, and no negative zero."""
    amount = transaction.amount
    if not isinstance(amount, Decimal) or not amount.is_finite() or abs(amount.adjusted()) > _MOST_DIGITS:
        raise StorageError(
            f"booking {transaction.rid}: the field amount is no number that can be kept (not a finite decimal below "
            f"10^{_MOST_DIGITS + 1}); nothing of its page was written"
        )
    return format(amount if amount else amount.copy_abs(), "f")


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _day(moment: datetime | None) -> str | None:
    """The calendar day where the bank is: in the offset the moment was sent with."""
    return None if moment is None else moment.date().isoformat()


def _file(transaction: Transaction) -> tuple[Value, ...]:
    file = transaction.transaction_file
    if file is not None:
        return (
            "transactionFile",
            file.rid,
            file.format,
            _moment(file.timestamp),
            _text(file.legal_sequence_number),
            _text(file.electronic_sequence_number),
        )
    document = transaction.document
    if document is not None:
        day = None if document.timestamp is None else document.timestamp.isoformat()
        return ("document", document.rid, document.format, day, None, None)
    return _NO_FILE


def _text(number: int | str | None) -> str | None:
    return None if number is None else str(number)
