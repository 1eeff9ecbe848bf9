"""Bank accounts, and their deletion, which takes its time."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, ClassVar, Final

import msgspec

from konfipay_async.sandbox.konfipay.answers import conflict, json_answer
from konfipay_async.sandbox.konfipay.banks import Account, make_uuid
from konfipay_async.sandbox.konfipay.bodies import flag, json_object, required, text
from konfipay_async.sandbox.konfipay.calls import Call, Endpoint, UnknownRidError
from konfipay_async.sandbox.konfipay.data import amount_text
from konfipay_async.sandbox.konfipay.lists import Lists
from konfipay_async.sandbox.konfipay.queries import INVALID_PARAMETER, BadParameterError, bank_account_filter
from konfipay_async.sandbox.konfipay.times import FIRST_DAY
from konfipay_async.sandbox.sending import Answer

__all__ = ["BankAccounts"]

_BALANCE_DATE: Final = (FIRST_DAY + timedelta(days=56)).isoformat()

_SCHEDULED: Final = (1, "Scheduled")
_RUNNING: Final = (2, "Running")
_FINISHED: Final = (3, "Finished")
_FAILED: Final = (4, "Failed")
"""States of a deletion. 1 and 3 are documented, 2 and 4 are made up."""


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


@dataclass(slots=True)
class _Deletion:
    rid: str
    account: Account
    fails: bool
    polls: int = 0


class BankAccounts:
    """The accounts of the client.

    `accounts` are those that are there now, `ever` are all that there were, the ledger's in its order: transactions
    outlive their account. Both are lists that change. A deletion is over after `delete_polls` looks at its state (0:
    at once), and until then the account is there. Links to the state are relative with `relative_links`.
    """

    def __init__(
        self, accounts: tuple[Account, ...], lists: Lists, seed: int, delete_polls: int, *, relative_links: bool
    ) -> None:
        self.accounts = list(accounts)
        self.ever = list(accounts)
        self.failing = 0
        """The next so many deletions fail."""
        self._lists = lists
        self._seed = seed
        self._delete_polls = delete_polls
        self._relative_links = relative_links
        self._deletions: dict[str, _Deletion] = {}

    def _find(self, rid: str) -> Account:
        found = next((account for account in self.accounts if account.rid == rid.lower()), None)
        if found is None:
            raise UnknownRidError("There is no bank account with this rId.")
        return found

    def _list(self, call: Call) -> Answer:
        wanted = bank_account_filter(call.query)
        return self._lists.answer(call, list(filter(wanted, self.accounts)), _shown)

    def _get(self, call: Call) -> Answer:
        return json_answer(_shown(self._find(call.arguments[0])))

    def _create(self, call: Call) -> Answer:
        """A new account (path and method documented). Which fields are mandatory is inferred."""
        fields = json_object(call.body)
        account = Account(
            rid=make_uuid("account", self._seed, len(self.ever)),
            description=required(fields, "description"),
            iban=required(fields, "iban"),
            bic=text(fields, "bic"),
            currency=required(fields, "currency"),
            country=required(fields, "iban")[:2].upper(),
            holder=_holder(fields) or "",
            is_test=flag(fields, "isTest") is True,
            is_active=flag(fields, "isActive") is not False,
            balance_cents=None,
        )
        if self._taken(account):
            return _twice()
        self.accounts.append(account)
        self.ever.append(account)
        return json_answer(_shown(account), 201)

    def _update(self, call: Call) -> Answer:
        """The fields that are given are changed (inferred; path and method are documented, the rId in the body not)."""
        fields = json_object(call.body)
        before = self._find(required(fields, "rId"))
        given: dict[str, Any] = {
            "description": text(fields, "description"),
            "iban": text(fields, "iban"),
            "bic": text(fields, "bic"),
            "currency": text(fields, "currency"),
            "holder": _holder(fields),
            "is_test": flag(fields, "isTest"),
            "is_active": flag(fields, "isActive"),
        }
        account = replace(before, **{name: value for name, value in given.items() if value is not None})
        if self._taken(account):
            return _twice()
        for known in (self.accounts, self.ever):
            known[known.index(before)] = account
        return json_answer(_shown(account))

    def _taken(self, account: Account) -> bool:
        """Whether another account has this IBAN and currency, which together are unique (documented)."""
        pair = (account.iban, account.currency)
        return any((other.iban, other.currency) == pair and other.rid != account.rid for other in self.accounts)

    def _delete(self, call: Call) -> Answer:
        """A deletion begins (documented; method, path and status are inferred), if none of this account runs."""
        account = self._find(call.arguments[0])
        deletion = next(
            (one for one in self._deletions.values() if one.account.rid == account.rid and self._runs(one)), None
        )
        if deletion is None:
            fails = self.failing > 0
            self.failing -= fails
            deletion = _Deletion(make_uuid("deletion", self._seed, len(self._deletions)), account, fails)
            self._deletions[deletion.rid] = deletion
            self._end(deletion)
        path = f"api/v6.0/delete/status/{deletion.rid}"
        link = path if self._relative_links else call.base_url.removesuffix("api/v6") + path
        return json_answer(
            self._state(deletion) | {"operationStatusUrl": link, "operationStatusMethod": "GET"}, status=202
        )

    def _runs(self, deletion: _Deletion) -> bool:
        return deletion.polls < self._delete_polls

    def _end(self, deletion: _Deletion) -> None:
        """Once it is over the account is gone, unless the deletion failed."""
        if not self._runs(deletion) and not deletion.fails:
            self.accounts[:] = [account for account in self.accounts if account.rid != deletion.account.rid]

    def _state(self, deletion: _Deletion) -> dict[str, object]:
        if self._runs(deletion):
            code, name = _RUNNING if deletion.polls else _SCHEDULED
        else:
            code, name = _FAILED if deletion.fails else _FINISHED
        details = "The bank account could not be deleted." if name == "Failed" else "Deletion of a bank account"
        return {"rId": deletion.rid, "statusCode": code, "statusName": name, "details": details}

    def _delete_status(self, call: Call) -> Answer:
        """How a deletion stands (path and object documented). Each look is a step."""
        deletion = self._deletions.get(call.arguments[0].lower())
        if deletion is None:
            raise UnknownRidError("There is no deletion with this rId.")
        if self._runs(deletion):
            deletion.polls += 1
            self._end(deletion)
        return json_answer(self._state(deletion))

    endpoints: ClassVar[tuple[Endpoint, ...]] = (
        Endpoint("bank-accounts.list", "GET", "bank-accounts", "BankAccounts", _list),
        Endpoint("bank-accounts.create", "POST", "bank-accounts", "BankAccounts", _create),
        Endpoint("bank-accounts.update", "PUT", "bank-accounts", "BankAccounts", _update),
        Endpoint("bank-accounts.get", "GET", "bank-accounts/{rid}", "BankAccounts", _get),
        Endpoint("bank-accounts.delete", "DELETE", "bank-accounts/{rid}", "BankAccounts", _delete),
        Endpoint("delete.status", "GET", "delete/status/{rid}", "BankAccounts", _delete_status),
    )


def _holder(fields: dict[str, Any]) -> str | None:
    """The account holder's name, None when it is not given."""
    holder = fields.get("accountHolder")
    if holder is None:
        return None
    if not isinstance(holder, dict):
        raise BadParameterError(INVALID_PARAMETER, "accountHolder: allowed is an object")
    return text(holder, "name")


def _twice() -> Answer:
    return conflict("There is a bank account with this IBAN and currency.")
