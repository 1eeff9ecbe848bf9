"""konfipay-async: the async Python client for the konfipay REST API, version 6.

Start at `KonfipayClient`. Errors live in `konfipay_async.errors`, models in `konfipay_async.models`, a konfipay to
test against in `konfipay_async.sandbox`.
"""

from konfipay_async._version import __version__
from konfipay_async.client import BASE_URL, KonfipayClient
from konfipay_async.errors import KonfipayError, OutcomeUnknownError, RateLimitedError
from konfipay_async.models import BankAccount, CreditDebitIndicator, Page, Transaction
from konfipay_async.resources.results import Acknowledgement
from konfipay_async.resources.transactions import TransactionPage
from konfipay_async.session.budget import Budget, Budgets, BudgetStatus, Limits, RequestBudget
from konfipay_async.session.clock import Clock
from konfipay_async.session.manager import Attempt, Recorder
from konfipay_async.session.message import Lane, Request, Response, RetryClass
from konfipay_async.session.retry import Retry

__all__ = [
    "BASE_URL",
    "Acknowledgement",
    "Attempt",
    "BankAccount",
    "Budget",
    "BudgetStatus",
    "Budgets",
    "Clock",
    "CreditDebitIndicator",
    "KonfipayClient",
    "KonfipayError",
    "Lane",
    "Limits",
    "OutcomeUnknownError",
    "Page",
    "RateLimitedError",
    "Recorder",
    "Request",
    "RequestBudget",
    "Response",
    "Retry",
    "RetryClass",
    "Transaction",
    "TransactionPage",
    "__version__",
]
