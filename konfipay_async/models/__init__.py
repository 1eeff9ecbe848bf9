"""What the API sends and takes, as immutable msgspec Structs; one module per resource."""

from konfipay_async.models.bank_accounts import AccountHolder, Balance, BankAccount, DeleteStatus, NewBankAccount
from konfipay_async.models.documents import Document
from konfipay_async.models.page import Link, Page
from konfipay_async.models.payments import (
    Batch,
    NewPayment,
    Party,
    Payment,
    PaymentFile,
    PaymentOrder,
    PaymentStatus,
    StatusReason,
    StatusValue,
)
from konfipay_async.models.paypal import NewPayPalAccount, PayPalAccount, PayPalAccountRef, PayPalTransaction
from konfipay_async.models.records import Account, Bank, ExchangeRate, PaymentProvider, User, UserGroup
from konfipay_async.models.transaction_files import TransactionFile
from konfipay_async.models.transactions import (
    BankAccountRef,
    CreditDebitIndicator,
    DocumentRef,
    Transaction,
    TransactionFileRef,
)

__all__ = [
    "Account",
    "AccountHolder",
    "Balance",
    "Bank",
    "BankAccount",
    "BankAccountRef",
    "Batch",
    "CreditDebitIndicator",
    "DeleteStatus",
    "Document",
    "DocumentRef",
    "ExchangeRate",
    "Link",
    "NewBankAccount",
    "NewPayPalAccount",
    "NewPayment",
    "Page",
    "Party",
    "PayPalAccount",
    "PayPalAccountRef",
    "PayPalTransaction",
    "Payment",
    "PaymentFile",
    "PaymentOrder",
    "PaymentProvider",
    "PaymentStatus",
    "StatusReason",
    "StatusValue",
    "Transaction",
    "TransactionFile",
    "TransactionFileRef",
    "User",
    "UserGroup",
]
