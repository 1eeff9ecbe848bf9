"""Bank accounts (fields seen in public code; holder and currency documented), and how one is deleted."""

from datetime import datetime
from decimal import Decimal

import msgspec

from konfipay_async.errors import ConfigurationError
from konfipay_async.models.wire import Wire

__all__ = ["DELETED", "AccountHolder", "Balance", "BankAccount", "DeleteStatus", "NewBankAccount"]


class Balance(Wire, frozen=True, gc=False):
    """A balance as of `date`; konfipay refreshes it about every four hours."""

    amount: Decimal | None = None
    currency: str | None = None
    date: datetime | None = None

    def __post_init__(self) -> None:
        if self.amount is not None and not self.amount.is_finite():
            raise ValueError("not a finite number")


class AccountHolder(Wire, frozen=True, gc=False, omit_defaults=True):
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

    def as_new(
        self,
        *,
        iban: str | None = None,
        currency: str | None = None,
        description: str | None = None,
        bic: str | None = None,
        is_active: bool | None = None,
        account_holder: AccountHolder | None = None,
    ) -> "NewBankAccount":
        """What an update sends that changes this, and leaves all else as it is: ``account.as_new(is_active=False)``.

        Raises ConfigurationError where neither this nor the API says an IBAN or a currency: an update needs both.
        """
        iban = self.iban if iban is None else iban
        currency = self.currency if currency is None else currency
        for name, value in (("iban", iban), ("currency", currency)):
            if value is None:
                raise ConfigurationError(
                    f"konfipay tells no {name} of this account, and a change needs it: give {name}"
                )
        return NewBankAccount(
            iban=iban or "",
            currency=currency or "",
            description=self.description if description is None else description,
            bic=self.bic if bic is None else bic,
            is_active=self.is_active if is_active is None else is_active,
            account_holder=self.account_holder if account_holder is None else account_holder,
        )


class NewBankAccount(Wire, frozen=True, gc=False, omit_defaults=True):
    """What an account is created or updated with (documented are currency and is_active, the rest is inferred).

    An inactive account is left out of all that happens by itself, and takes no payments (documented).
    """

    iban: str
    currency: str
    description: str | None = None
    bic: str | None = None
    is_active: bool | None = None
    account_holder: AccountHolder | None = None


class DeleteStatus(Wire, frozen=True, gc=False):
    """How far the deletion of an account is (documented: 1 Scheduled, 3 Finished; what a failure says is not).

    `operation_status_url` is in the first answer only.
    """

    rid: str = msgspec.field(name="rId")
    status_code: int
    status_name: str | None = None
    details: str | None = None
    operation_status_url: str | None = None
    operation_status_method: str | None = None

    @property
    def is_finished(self) -> bool:
        """Whether the account is gone."""
        return self.status_code == DELETED

    @property
    def is_under_way(self) -> bool:
        """Whether it goes on; neither this nor finished is a failure."""
        return self.status_code in (_SCHEDULED, _RUNNING)


# The one between is not documented; that 2 is neither the beginning nor the end is inferred from its neighbours.
_SCHEDULED, _RUNNING = 1, 2
DELETED = 3
"""The status code of a deletion that is finished (documented)."""
