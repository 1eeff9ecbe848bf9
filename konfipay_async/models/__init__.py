"""What the API sends and takes, as immutable msgspec Structs; one module per resource."""

from konfipay_async.models.bank_accounts import AccountHolder, Balance, BankAccount
from konfipay_async.models.page import Link, Page
from konfipay_async.models.transactions import (
    BankAccountRef,
    CreditDebitIndicator,
    DocumentRef,
    Transaction,
    TransactionFileRef,
)

__all__ = [
    "AccountHolder",
    "Balance",
    "BankAccount",
    "BankAccountRef",
    "CreditDebitIndicator",
    "DocumentRef",
    "Link",
    "Page",
    "Transaction",
    "TransactionFileRef",
]
