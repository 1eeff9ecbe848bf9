"""Transaction files: bank statements as the bank made them (camt, MT94x, PDF)."""

from datetime import datetime

import msgspec

from konfipay_async.models.transactions import BankAccountRef
from konfipay_async.models.wire import Wire

__all__ = ["TransactionFile"]


class TransactionFile(Wire, frozen=True, gc=False):
    """One file (documented). Its sequence numbers are what the bank put into it, and may be missing.

    `format` is the bank's, like "camt.053"; `bank_account` tells accounts apart that share an IBAN.
    """

    rid: str = msgspec.field(name="rId")
    href: str | None = None
    timestamp: datetime | None = None
    is_new: bool | None = None
    format: str | None = None
    file_name: str | None = None
    electronic_sequence_number: int | None = None
    legal_sequence_number: int | None = None
    bank_account: BankAccountRef | None = None
