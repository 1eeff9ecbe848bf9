"""A bank statement as plain values: what all its formats are written from."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Self

from konfipay_async.sandbox.konfipay.banks import Account

__all__ = ["Entry", "Statement"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One booking. The amount is positive, `credit` says which way. Texts that a pending one lacks are empty."""

    amount: Decimal
    credit: bool
    booked: date
    value: date
    name: str
    iban: str
    bic: str
    booking_text: str
    purpose: str
    bank_reference: str
    end_to_end: str

    @classmethod
    def of(cls, row: dict[str, Any]) -> Self:
        """The booking of a transaction as it is served."""
        return cls(
            amount=Decimal(row["amount"]),
            credit=row["creditDebitIndicator"] == "CRDT",
            booked=date.fromisoformat(row["bookingDate"][:10]),
            value=date.fromisoformat(row["valueDate"][:10]),
            name=row.get("name") or "",
            iban=row.get("iban") or "",
            bic=row.get("bic") or "",
            booking_text=row["bookingText"],
            purpose=row["purpose"],
            bank_reference=row.get("bankReference") or "",
            end_to_end=row.get("endToEndId") or "NOTPROVIDED",
        )

    @property
    def signed(self) -> Decimal:
        """The amount, negative for a debit."""
        return self.amount if self.credit else -self.amount


@dataclass(frozen=True, slots=True)
class Statement:
    """The bookings of one account on one day. `number` is its place among the account's statements, from 1.

    The closing balance is the opening one and the bookings; an opening balance is made up, and not the closing
    one of the day before. `created` is a date-time with offset.
    """

    name: str
    account: Account
    day: date
    number: int
    created: str
    opening: Decimal
    entries: tuple[Entry, ...]
    pending: bool

    @property
    def closing(self) -> Decimal:
        """The balance at the end of the day."""
        return self.opening + sum(entry.signed for entry in self.entries)
