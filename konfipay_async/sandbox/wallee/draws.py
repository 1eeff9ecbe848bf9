"""What made-up objects are made from: bytes that depend on the seed, the service and the number alone."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, Self

__all__ = ["Draw", "IdOf", "count_of"]

_FIRST_DAY: Final = date(2024, 1, 1)
"""When the first of everything was created; the others follow every ten minutes."""
_STEP: Final = 600

IdOf = Callable[[str, int], int]
"""Gives the id of the object of a service with this number, in the same space."""

_FOLLOWERS: Final = {
    "/payment/bank-transactions": 0,
    "/payment/bank-transactions/charges": 0,
    "/payment/bank-transactions/refunds": 0,
    "/payment/charge-attempts": 0,
    "/payment/charges": 0,
    "/payment/delivery-indications": 0,
    "/payment/refunds": 0,
    "/payment/transactions/completions": 0,
    "/payment/transactions/invoices": 0,
    "/payment/transactions/line-item-versions": 0,
    "/payment/transactions/voids": 1,
}
"""What every tenth transaction has, and which of ten that is."""
_FEW: Final = 5


def count_of(base: str, transactions: int) -> int:
    """How many objects of a service there are beside so many transactions."""
    if base in ("/payment/transactions", "/payment/transaction-groups"):
        return transactions
    return (transactions + 9 - _FOLLOWERS[base]) // 10 if base in _FOLLOWERS else _FEW


@lru_cache
def _day(number: int) -> str:
    return (_FIRST_DAY + timedelta(days=number)).isoformat()


@dataclass(frozen=True, slots=True)
class Draw:
    """What an object is made from: bytes that are always the same for it."""

    seed: int
    base: str
    space: int | None
    number: int
    id_of: IdOf
    raw: bytes

    @classmethod
    def of(cls, seed: int, base: str, space: int | None, number: int, id_of: IdOf) -> Self:
        """Of this object."""
        raw = hashlib.blake2b(f"{seed}|{base}|{space}|{number}".encode(), digest_size=32).digest()
        return cls(seed, base, space, number, id_of, raw)

    def transaction(self) -> Self:
        """Of the transaction that this object belongs to."""
        base = "/payment/transactions"
        return self.of(self.seed, base, self.space, self.number * 10 + _FOLLOWERS[self.base], self.id_of)

    @property
    def id(self) -> int:
        """Its id."""
        return self.id_of(self.base, self.number)

    @property
    def stub(self) -> dict[str, int]:
        """How others refer to it."""
        return {"id": self.id}

    def link(self, base: str, number: int) -> dict[str, int]:
        """A stub of another object."""
        return {"id": self.id_of(base, number)}

    def pick(self, place: int, choices: tuple[Any, ...]) -> Any:
        """One of the choices."""
        return choices[self.raw[place] % len(choices)]

    def amount(self, place: int) -> Decimal:
        """An amount of 1.00 to 656.35."""
        return Decimal(100 + (self.raw[place] << 8 | self.raw[place + 1])).scaleb(-2)

    def moment(self, later: int = 0) -> str:
        """When it was created, or so many seconds later."""
        day, seconds = divmod(self.number * _STEP + later, 86_400)
        minutes, second = divmod(seconds, 60)
        return f"{_day(day)}T{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}.000Z"

    def text(self, place: int) -> str:
        """Eight letters and digits."""
        return self.raw[place : place + 4].hex()
