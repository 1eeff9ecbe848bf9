"""Bank accounts as values: what an update sends."""

from typing import Any

import pytest

from konfipay_async.errors import ConfigurationError
from konfipay_async.models.bank_accounts import AccountHolder, BankAccount, NewBankAccount

HOLDER = AccountHolder(name="Nordlicht", creditor_id="DE98ZZZ09999999999")


def test_what_is_not_changed_is_sent_as_it_is() -> None:
    account = BankAccount(
        rid="x", iban="0815", currency="EUR", description="Rent", bic="BIC", is_active=True, account_holder=HOLDER
    )
    same = NewBankAccount("0815", "EUR", "Rent", "BIC", True, HOLDER)
    assert account.as_new() == same
    assert account.as_new(is_active=False) == NewBankAccount("0815", "EUR", "Rent", "BIC", False, HOLDER)
    other = account.as_new(iban="1", currency="CHF", description="", bic="B", account_holder=AccountHolder())
    assert other == NewBankAccount("1", "CHF", "", "B", True, AccountHolder())


@pytest.mark.parametrize("missing", ["iban", "currency"])
def test_what_an_update_needs_must_come_from_somewhere(missing: str) -> None:
    known: dict[str, Any] = {"iban": "0815", "currency": "EUR"}
    account = BankAccount(rid="x", **{name: value for name, value in known.items() if name != missing})
    with pytest.raises(ConfigurationError, match=f"give {missing}"):
        account.as_new(is_active=False)
    assert account.as_new(**{missing: known[missing]}) == NewBankAccount("0815", "EUR")
