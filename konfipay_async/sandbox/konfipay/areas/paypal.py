"""PayPal: accounts, and the transactions konfipay has read from them."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, ClassVar, Final

import msgspec

from konfipay_async.sandbox.konfipay.answers import json_answer
from konfipay_async.sandbox.konfipay.banks import PARTIES, make_parties, make_uuid
from konfipay_async.sandbox.konfipay.bodies import flag, json_object, required, text
from konfipay_async.sandbox.konfipay.calls import Call, Endpoint, UnknownRidError
from konfipay_async.sandbox.konfipay.data import amount_text
from konfipay_async.sandbox.konfipay.fetching import acknowledge_thing, asked_number, get_thing, list_things
from konfipay_async.sandbox.konfipay.lists import Lists
from konfipay_async.sandbox.konfipay.queries import INVALID_PARAMETER, BadParameterError, in_period, switch
from konfipay_async.sandbox.konfipay.shelf import MakeShelf
from konfipay_async.sandbox.konfipay.times import FIRST_DAY, stamp, stamp_now, working_day
from konfipay_async.sandbox.sending import Answer

__all__ = ["PayPalAccounts", "PayPalTransactions"]

_A_DAY: Final = 8
"""Transactions of each working day."""


@dataclass(frozen=True, slots=True)
class _Account:
    rid: str
    timestamp: str
    description: str
    client_id: str
    is_active: bool
    start_fetch_date: str
    is_sandbox: bool


def _shown_account(account: _Account) -> dict[str, object]:
    """An account as it is served (API version 6, documented): without its secret. Balances are left empty."""
    return {
        "rId": account.rid,
        "timestamp": account.timestamp,
        "description": account.description,
        "clientId": account.client_id,
        "isActive": account.is_active,
        "startFetchDate": account.start_fetch_date,
        "isSandbox": account.is_sandbox,
        "payPalBalances": [],
    }


class PayPalAccounts:
    """`count` made-up accounts, and those that are created. Secrets are looked at and forgotten.

    The objects and the update with the rId in the body are documented, the paths are inferred.
    """

    def __init__(self, seed: int, count: int, lists: Lists) -> None:
        self._seed = seed
        self._lists = lists
        self.accounts = [
            _Account(
                rid=make_uuid("paypal account", seed, number),
                timestamp=stamp(FIRST_DAY, "08:00:00"),
                description=f"PayPal Shop {number + 1}",
                client_id=f"client-{make_uuid('paypal client', seed, number)}",
                is_active=True,
                start_fetch_date=stamp(FIRST_DAY, "00:00:00"),
                is_sandbox=number % 2 == 1,
            )
            for number in range(count)
        ]

    def _find(self, rid: str) -> int:
        for number, account in enumerate(self.accounts):
            if account.rid == rid.lower():
                return number
        raise UnknownRidError("There is no PayPal account with this rId.")

    def _list(self, call: Call) -> Answer:
        return self._lists.answer(call, self.accounts, _shown_account)

    def _get(self, call: Call) -> Answer:
        return json_answer(_shown_account(self.accounts[self._find(call.arguments[0])]))

    def _create(self, call: Call) -> Answer:
        """A new account. Which fields are mandatory is inferred, that `isSandbox` is false by default documented."""
        fields = json_object(call.body)
        required(fields, "clientSecret")
        account = _Account(
            rid=make_uuid("paypal account", self._seed, len(self.accounts)),
            timestamp=stamp_now(),
            description=required(fields, "description"),
            client_id=required(fields, "clientId"),
            is_active=flag(fields, "isActive") is not False,
            start_fetch_date=_time(fields.get("startFetchDate")) or stamp_now(),
            is_sandbox=flag(fields, "isSandbox") is True,
        )
        self.accounts.append(account)
        return json_answer(_shown_account(account), 201)

    def _update(self, call: Call) -> Answer:
        """The fields that are given are changed (inferred)."""
        fields = json_object(call.body)
        number = self._find(required(fields, "rId"))
        text(fields, "clientSecret")
        given: dict[str, Any] = {
            "description": text(fields, "description"),
            "client_id": text(fields, "clientId"),
            "is_active": flag(fields, "isActive"),
            "start_fetch_date": _time(fields.get("startFetchDate")),
            "is_sandbox": flag(fields, "isSandbox"),
        }
        changes = {name: value for name, value in given.items() if value is not None}
        self.accounts[number] = replace(self.accounts[number], timestamp=stamp_now(), **changes)
        return json_answer(_shown_account(self.accounts[number]))

    endpoints: ClassVar[tuple[Endpoint, ...]] = (
        Endpoint("paypal.accounts.list", "GET", "paypal/accounts", "PayPal", _list),
        Endpoint("paypal.accounts.create", "POST", "paypal/accounts", "PayPal", _create),
        Endpoint("paypal.accounts.update", "PUT", "paypal/accounts", "PayPal", _update),
        Endpoint("paypal.accounts.get", "GET", "paypal/accounts/{rid}", "PayPal", _get),
    )


def _time(value: object) -> str | None:
    """A date-time as it came, None for none."""
    if value is None:
        return None
    try:
        datetime.fromisoformat(str(value))
    except ValueError:
        raise BadParameterError(INVALID_PARAMETER, "startFetchDate: allowed is a date-time") from None
    return str(value)


class PayPalTransactions:
    """`count` made-up transactions of the accounts that were there from the start.

    Every fifth is pending until konfipay is asked to look at PayPal again. Path and update parameter of a single one
    are documented, the object, the list and the acknowledgement are inferred.
    """

    def __init__(self, seed: int, accounts: PayPalAccounts, count: int, shelf: MakeShelf, lists: Lists) -> None:
        self._seed = seed
        self._accounts = accounts.accounts
        self._first = len(accounts.accounts)
        self._lists = lists
        self._parties = make_parties(seed, "DE")
        self._updated: dict[int, str] = {}
        self.shelf = shelf(lambda number: make_uuid("paypal", seed, number), count)

    def _shown(self, number: int, new: bool) -> dict[str, object]:
        rid = make_uuid("paypal", self._seed, number)
        random = bytes.fromhex(rid.replace("-", ""))
        cents = 100 + int.from_bytes(random[:2], "big")
        party = self._parties[random[2] % PARTIES]
        account = self._accounts[number % self._first]
        pending = number % 5 == 4 and number not in self._updated
        return {
            "rId": rid,
            "timestamp": self._updated.get(number) or self._made_at(number),
            "transactionId": rid.replace("-", "")[:17].upper(),
            "amount": _amount(cents),
            "fee": _amount(-(35 + cents * 249 // 10_000)),
            "currency": "EUR",
            "status": "Pending" if pending else "Completed",
            "name": party.name,
            "email": f"kunde{random[2]}@example.com",
            "subject": f"Bestellung {number + 1}",
            "invoiceId": f"RE-{10_000 + number}",
            "isNew": new,
            "payPalAccount": {"rId": account.rid, "description": account.description},
        }

    def _made_at(self, number: int) -> str:
        day, place = divmod(number, _A_DAY)
        return stamp(working_day(day), f"{8 + place:02d}:{number % 60:02d}:00")

    def _list(self, call: Call) -> Answer:
        inside, rid = in_period(call.query), call.query.get("paypal-account-rid")

        def wanted(number: int) -> bool:
            account = self._accounts[number % self._first]
            made_at = self._updated.get(number) or self._made_at(number)
            return rid in (None, account.rid) and inside(date.fromisoformat(made_at[:10]))

        return list_things(call, self._lists, self.shelf, wanted, self._shown)

    def _get(self, call: Call) -> Answer:
        """With ``force-update=true`` konfipay looks at PayPal again: a new timestamp, and nothing pending any more."""
        if switch(call.query, "force-update"):
            self._updated[asked_number(call, self.shelf)] = stamp_now()
        return get_thing(call, self.shelf, self._shown)

    def _acknowledge(self, call: Call) -> Answer:
        return acknowledge_thing(call, self.shelf, self._shown)

    endpoints: ClassVar[tuple[Endpoint, ...]] = (
        Endpoint("paypal.transactions.list", "GET", "paypal/transactions", "PayPal", _list),
        Endpoint("paypal.transactions.get", "GET", "paypal/transactions/{rid}", "PayPal", _get),
        Endpoint(
            "paypal.transactions.acknowledge", "POST", "paypal/transactions/{rid}/acknowledge", "PayPal", _acknowledge
        ),
    )


def _amount(cents: int) -> msgspec.Raw:
    return msgspec.Raw(amount_text(cents).encode())
