"""Which endpoint a request is for. The endpoints stand in their areas; how well each is known stands there too."""

from collections.abc import Sequence
from typing import Final

from konfipay_async.sandbox.konfipay.areas.authentication import Authentication
from konfipay_async.sandbox.konfipay.areas.bank_accounts import BankAccounts
from konfipay_async.sandbox.konfipay.areas.documents import Documents
from konfipay_async.sandbox.konfipay.areas.master_data import MasterData
from konfipay_async.sandbox.konfipay.areas.payment_files import PaymentFiles
from konfipay_async.sandbox.konfipay.areas.payments import Payments
from konfipay_async.sandbox.konfipay.areas.paypal import PayPalAccounts, PayPalTransactions
from konfipay_async.sandbox.konfipay.areas.transaction_files import TransactionFiles
from konfipay_async.sandbox.konfipay.areas.transactions import Transactions
from konfipay_async.sandbox.konfipay.calls import Area, Endpoint

__all__ = ["AREAS", "BASE_PATH", "ROUTES", "UNKNOWN", "find_endpoint"]

BASE_PATH: Final = "/api/v6"
UNKNOWN: Final = "unknown"

AREAS: Final[tuple[type[Area], ...]] = (
    *(Authentication, BankAccounts, Documents, MasterData, PaymentFiles, Payments),
    *(PayPalAccounts, PayPalTransactions, TransactionFiles, Transactions),
)
"""The classes of all areas; a sandbox has one of each."""

_BASES: Final = (BASE_PATH + "/", BASE_PATH + ".0/")
"""Links in answers say v6.0 (documented), so both are served."""

_ENDPOINTS: Final = tuple(endpoint for area in AREAS for endpoint in area.endpoints)
_PATTERNS: Final = tuple((endpoint, endpoint.path.split("/")) for endpoint in _ENDPOINTS)

ROUTES: Final[tuple[str, ...]] = (*(endpoint.name for endpoint in _ENDPOINTS), UNKNOWN)
"""Every route name, for faults and for counting requests."""


def find_endpoint(method: str, path: str) -> tuple[Endpoint | None, str, tuple[str, ...]]:
    """The endpoint, None for an unknown one; its path relative to the base; what stands at its placeholders.

    `path` has no query.
    """
    base = next(filter(path.startswith, _BASES), None)
    if base is None:
        return None, "", ()
    relative = path[len(base) :]
    parts = relative.split("/")
    for endpoint, pattern in _PATTERNS:
        if method == endpoint.method and _fits(parts, pattern):
            found = (part for part, want in zip(parts, pattern, strict=True) if want.startswith("{"))
            return endpoint, relative, tuple(found)
    return None, relative, ()


def _fits(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    return len(parts) == len(pattern) and all(
        part != "" and (want.startswith("{") or part == want) for part, want in zip(parts, pattern, strict=True)
    )
