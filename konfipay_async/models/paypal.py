"""PayPal accounts (documented) and transactions (fields inferred)."""

from datetime import datetime
from decimal import Decimal
from typing import Any, NoReturn

import msgspec

from konfipay_async.models.wire import OpenWire, Wire

__all__ = ["NewPayPalAccount", "PayPalAccount", "PayPalAccountRef", "PayPalTransaction"]


class PayPalAccount(Wire, frozen=True, gc=False):
    """One PayPal account. The client secret never comes back, elements of balances are not documented: numbers in them
    with a point are Decimal."""

    rid: str = msgspec.field(name="rId")
    description: str | None = None
    client_id: str | None = None
    is_active: bool | None = None
    is_sandbox: bool | None = None
    timestamp: datetime | None = None
    start_fetch_date: datetime | None = None
    balances: list[dict[str, Any]] = msgspec.field(name="payPalBalances", default_factory=list)


class NewPayPalAccount(Wire, frozen=True, gc=False, omit_defaults=True):
    """What a PayPal account is created or updated with (documented). Its secret is in no repr.

    Times must have an offset. With `is_sandbox` it is an account of PayPal's own sandbox.
    """

    description: str
    client_id: str
    client_secret: str
    is_active: bool | None = None
    start_fetch_date: datetime | None = None
    is_sandbox: bool | None = None

    def __repr__(self) -> str:
        return f"NewPayPalAccount(description={self.description!r}, client_id={self.client_id!r}, client_secret=…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("it holds a secret: it is not pickled")

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("description", self.description), ("client_id", self.client_id)]


class PayPalAccountRef(Wire, frozen=True, gc=False):
    """The PayPal account a transaction belongs to (inferred)."""

    rid: str | None = msgspec.field(name="rId", default=None)
    description: str | None = None


class PayPalTransaction(OpenWire, frozen=True, gc=False, kw_only=True):
    """One PayPal transaction. Names but `rid` and `is_new` are inferred: what the API calls otherwise is in `extra`.

    It may change for weeks: konfipay reads the last seven days again every day.
    """

    rid: str = msgspec.field(name="rId")
    timestamp: datetime | None = None
    transaction_id: str | None = None
    amount: Decimal | None = None
    fee: Decimal | None = None
    currency: str | None = None
    status: str | None = None
    name: str | None = None
    is_new: bool | None = None
    account: PayPalAccountRef | None = msgspec.field(name="payPalAccount", default=None)

    def __post_init__(self) -> None:
        for amount in (self.amount, self.fee):
            if amount is not None and not amount.is_finite():
                raise ValueError("not a finite number")
