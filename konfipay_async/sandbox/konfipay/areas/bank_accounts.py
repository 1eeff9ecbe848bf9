"""Bank accounts."""

from datetime import timedelta
from typing import ClassVar, Final

import msgspec

from konfipay_async.sandbox.konfipay.answers import Answer, json_answer, rid_not_found
from konfipay_async.sandbox.konfipay.banks import Account
from konfipay_async.sandbox.konfipay.calls import Call, Endpoint
from konfipay_async.sandbox.konfipay.data import amount_text
from konfipay_async.sandbox.konfipay.lists import Lists
from konfipay_async.sandbox.konfipay.queries import bank_account_filter
from konfipay_async.sandbox.konfipay.times import FIRST_DAY

__all__ = ["BankAccounts"]

_BALANCE_DATE: Final = (FIRST_DAY + timedelta(days=56)).isoformat()


def _shown(account: Account) -> dict[str, object]:
    """An account as it is served (seen in public code; the account holder from version 5's documentation)."""
    fields: dict[str, object] = {
        "rId": account.rid,
        "description": account.description,
        "iban": account.iban,
        "bic": account.bic,
        "currency": account.currency,
        "isTest": account.is_test,
        "isActive": account.is_active,
        "accountHolder": {"name": account.holder},
    }
    if account.bic is None:
        del fields["bic"]
    if account.balance_cents is not None:
        amount = msgspec.Raw(amount_text(account.balance_cents).encode())
        fields["balance"] = {"amount": amount, "currency": account.currency, "date": _BALANCE_DATE}
    return fields


class BankAccounts:
    """The accounts of the client."""

    def __init__(self, accounts: tuple[Account, ...], lists: Lists) -> None:
        self.accounts = list(accounts)
        self._lists = lists

    def _list(self, call: Call) -> Answer:
        wanted = bank_account_filter(call.query)
        return self._lists.answer(call, list(filter(wanted, self.accounts)), _shown)

    def _get(self, call: Call) -> Answer:
        rid = call.arguments[0].lower()
        account = next((account for account in self.accounts if account.rid == rid), None)
        if account is None:
            return rid_not_found("There is no bank account with this rId.")
        return json_answer(_shown(account))

    endpoints: ClassVar[tuple[Endpoint, ...]] = (
        Endpoint("bank-accounts.get", "GET", "bank-accounts/{rid}", "BankAccounts", _get),
        Endpoint("bank-accounts.list", "GET", "bank-accounts", "BankAccounts", _list),
    )
