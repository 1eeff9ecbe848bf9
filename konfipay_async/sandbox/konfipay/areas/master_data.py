"""Lists to look things up in: exchange rates, clients, banks, payment providers, users and groups.

Only the names of their scopes are documented; paths and objects are inferred, and a handful of rows is made up.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar, Final

import msgspec

from konfipay_async.sandbox.konfipay.answers import json_answer
from konfipay_async.sandbox.konfipay.banks import make_uuid
from konfipay_async.sandbox.konfipay.calls import Call, Endpoint, UnknownRidError
from konfipay_async.sandbox.konfipay.lists import Lists
from konfipay_async.sandbox.konfipay.times import FIRST_DAY, stamp
from konfipay_async.sandbox.sending import Answer

__all__ = ["MasterData"]

_SCOPES: Final = {
    "exchange-rates": "ExchangeRates",
    "accounts": "Accounts",
    "banks": "Banks",
    "payment-providers": "PaymentProviders",
    "users": "Users",
    "user-groups": "UserGroups",
}


def _rows(seed: int) -> dict[str, list[dict[str, object]]]:
    users = ("Jürgen Weiß", "Seraina Lüthi", "Änne Köhler")
    members = [{"rId": make_uuid("users", seed, number), "name": name} for number, name in enumerate(users)]
    rows: dict[str, list[dict[str, object]]] = {
        "exchange-rates": [
            {
                "baseCurrency": "EUR",
                "currency": currency,
                "rate": msgspec.Raw(rate),
                "date": (FIRST_DAY + timedelta(days=day)).isoformat(),
            }
            for day in range(2)
            for currency, rate in (("USD", b"1.0830"), ("CHF", b"0.9415"), ("GBP", b"0.8337"), ("JPY", b"161.25"))
        ],
        "accounts": [
            {"name": "Nordlicht Handels GmbH", "isActive": True, "country": "DE"},
            {"name": "Nordlicht (Schweiz) AG", "isActive": True, "country": "CH"},
        ],
        "banks": [
            {"name": "Commerzbank", "bic": "COBADEFFXXX", "bankCode": "37040044", "country": "DE"},
            {"name": "Hamburger Sparkasse", "bic": "HASPDEHHXXX", "bankCode": "20050550", "country": "DE"},
            {"name": "GLS Gemeinschaftsbank", "bic": "GENODEM1GLS", "bankCode": "43060967", "country": "DE"},
            {"name": "Zürcher Kantonalbank", "bic": "ZKBKCHZZ80A", "bankCode": "00700", "country": "CH"},
        ],
        "payment-providers": [{"name": "PayPal", "isActive": True}, {"name": "Kartenzahlung", "isActive": False}],
        "users": [
            {"name": name, "email": f"user{number + 1}@example.com", "isActive": number != 2}
            for number, name in enumerate(users)
        ],
        "user-groups": [
            {"name": "Buchhaltung", "members": members},
            {"name": "Geschäftsführung", "members": members[:1]},
        ],
    }
    made = stamp(FIRST_DAY, "08:00:00")
    return {
        root: [{"rId": make_uuid(root, seed, number), "timestamp": made, **row} for number, row in enumerate(found)]
        for root, found in rows.items()
    }


def _endpoints(in_list: Callable[[Any, Call], Answer], single: Callable[[Any, Call], Answer]) -> tuple[Endpoint, ...]:
    lists = (Endpoint(f"{root}.list", "GET", root, scope, in_list) for root, scope in _SCOPES.items())
    singles = (Endpoint(f"{root}.get", "GET", f"{root}/{{rid}}", scope, single) for root, scope in _SCOPES.items())
    return (*lists, *singles)


class MasterData:
    """The rows of all these lists; nobody changes them."""

    def __init__(self, seed: int, lists: Lists) -> None:
        self._rows = _rows(seed)
        self._lists = lists

    def _list(self, call: Call) -> Answer:
        return self._lists.answer(call, self._rows[call.path], dict)

    def _get(self, call: Call) -> Answer:
        root = call.path.partition("/")[0]
        rid = call.arguments[0].lower()
        found = next((row for row in self._rows[root] if row["rId"] == rid), None)
        if found is None:
            raise UnknownRidError(f"There is nothing in {root} with this rId.")
        return json_answer(found)

    endpoints: ClassVar[tuple[Endpoint, ...]] = _endpoints(_list, _get)
