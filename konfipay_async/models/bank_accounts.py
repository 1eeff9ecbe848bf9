"""Bank accounts (fields seen in public code; holder and currency documented)."""

from datetime import datetime
from decimal import Decimal

import msgspec

from konfipay_async.models.wire import Wire

__all__ = ["AccountHolder", "Balance", "BankAccount"]


class Balance(Wire, frozen=True, gc=False):
    """A balance as of `date`; konfipay refreshes it about every four hours."""

    amount: Decimal | None = None
    currency: str | None = None
    date: datetime | None = None

    def __post_init__(self) -> None:
        if self.amount is not None and not self.amount.is_finite():
            raise ValueError("not a finite number")


class AccountHolder(Wire, frozen=True, gc=False):
    """Who holds the account."""

    name: str | None = None
    creditor_id: str | None = None


class BankAccount(Wire, frozen=True, gc=False):
    """One bank account. `iban` may hold a plain account number; (iban, currency) is unique, the IBAN alone is not."""

    rid: str = msgspec.field(name="rId")
    description: str | None = None
    iban: str | None = None
    bic: str | None = None
    currency: str | None = None
    is_test: bool | None = None
    is_active: bool | None = None
    balance: Balance | None = None
    account_holder: AccountHolder | None = None
