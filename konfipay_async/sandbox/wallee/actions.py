"""Operations that are neither lists nor the usual four: what they do where it is plain, and what they answer.

The states are those of the official SDK's models as far as they are known, what leads to which is inferred.
"""

import base64
from typing import Any, Final

from konfipay_async.sandbox.sending import Answer
from konfipay_async.sandbox.wallee.calls import Call, whole_number
from konfipay_async.sandbox.wallee.lists import unpaged
from konfipay_async.sandbox.wallee.wire import RefusedError, json_answer, stamp, text_answer

__all__ = [
    "array",
    "boolean",
    "by_code",
    "document",
    "email_addresses",
    "listed",
    "merge",
    "nothing",
    "one",
    "rendered",
    "text",
    "thing",
]

_UNDECIDED: Final = ("MANUAL_CHECK", "PENDING")
_OPEN: Final = ("OPEN", "OVERDUE")

_EFFECTS: Final[dict[str, dict[str, Any]]] = {
    "accounts.activate": {"state": "ACTIVE", "active": True},
    "accounts.deactivate": {"state": "INACTIVE", "active": False},
    "customers.addresses.default": {"defaultAddress": True},
    "debt-collection.cases.close": {"state": "CLOSED"},
    "debt-collection.cases.mark-prepared": {"state": "PREPARED"},
    "debt-collection.cases.mark-reviewed": {"state": "REVIEWED"},
    "manual-tasks.action.create": {"state": "DONE"},
    "payment.delivery-indications.mark-not-suitable": {"state": "NOT_SUITABLE"},
    "payment.delivery-indications.mark-suitable": {"state": "SUITABLE"},
    "payment.dunning-cases.suspend": {"state": "SUSPENDED"},
    "payment.refunds.mark-failed": {"state": "FAILED"},
    "payment.refunds.mark-succeeded": {"state": "SUCCESSFUL"},
    "payment.terminals.link": {"state": "ACTIVE"},
    "payment.terminals.unlink": {"state": "INACTIVE"},
    "payment.transactions.invoices.derecognize": {"state": "DERECOGNIZED"},
    "payment.transactions.invoices.mark-paid": {"state": "PAID", "outstandingAmount": 0},
    "subscriptions.apply-changes": {},
    "subscriptions.charges.discard": {"state": "DISCARDED"},
    "subscriptions.initialize": {"state": "ACTIVE"},
    "subscriptions.initialize-subscriber-present": {"state": "ACTIVE"},
    "subscriptions.period-bills.close": {"state": "CLOSED"},
    "subscriptions.products.retire": {"state": "RETIRING"},
    "subscriptions.products.versions.activate": {"state": "ACTIVE"},
    "subscriptions.products.versions.retire": {"state": "RETIRING"},
    "subscriptions.reactivate": {"state": "ACTIVE"},
    "subscriptions.suspend": {"state": "SUSPENDED"},
    "subscriptions.terminate": {"state": "TERMINATING"},
}
"""What becomes of the object that the path names."""

_ONLY_FROM: Final[dict[str, tuple[str, ...]]] = {
    "payment.refunds.mark-failed": _UNDECIDED,
    "payment.refunds.mark-succeeded": _UNDECIDED,
    "payment.transactions.invoices.derecognize": _OPEN,
    "payment.transactions.invoices.mark-paid": _OPEN,
}
"""The states that allow it; from any other it is 422."""


def _affected(call: Call) -> dict[str, Any]:
    """The object that the path names, after the effect of the operation."""
    name, base = call.operation.name, call.operation.base
    found = call.named()
    allowed = _ONLY_FROM.get(name)
    if allowed is not None and found.get("state") not in allowed:
        raise RefusedError(422, "The state does not allow it", {"state": f"it is {found.get('state')}"})
    effect = dict(_EFFECTS.get(name, {}))
    if name.endswith((".pin", ".unpin")):
        effect["pinnedOn"] = stamp(call.at) if name.endswith(".pin") else None
    if name == "payment.delivery-indications.mark-suitable" and "transaction" in found:
        call.of("/payment/transactions").change(found["transaction"]["id"], state="FULFILL")
    return call.of(base, nested=True).change(found["id"], **effect) if effect else found


def one(call: Call) -> Answer:
    """The object after the action; or a new object of another service that the action has made."""
    operation = call.operation
    if operation.base == "/payment/web-apps":
        found = call.named(operation.target)
        return call.answer(call.collection.change(found["id"], **call.fields))
    if operation.target == operation.base or operation.method == "GET":
        return call.answer(_affected(call) if operation.target == operation.base else call.named(operation.target))
    made: dict[str, Any] = {"createdOn": stamp(call.at), "state": "ACTIVE"}
    if operation.base == "/subscriptions":
        made["subscription"] = {"id": _affected(call)["id"]}
    else:
        _affected(call)
    return call.answer(call.collection.create(made | (call.body if isinstance(call.body, dict) else {})))


def nothing(call: Call) -> Answer:
    """204, after the effect."""
    if "{id}" in call.operation.path:
        _affected(call)
    return Answer(204)


def thing(call: Call) -> Answer:
    """An object that is kept nowhere: what was sent, and an id."""
    if call.operation.base == "/payment/terminals" and "{id}" in call.operation.path:
        call.named()
    body = call.body if isinstance(call.body, dict) else {}
    return json_answer({"id": 1, "version": 1, "createdOn": stamp(call.at)} | body, rows=1)


def text(call: Call) -> Answer:
    """A bare text: a URL, as most of them are."""
    if "{id}" in call.operation.path:
        call.named()
    return text_answer(f"https://pay.example.com/{call.operation.name}/{call.arguments.get('id', '')}")


def boolean(call: Call) -> Answer:
    """A bare ``true``."""
    if "{id}" in call.operation.path:
        call.named()
    return json_answer(True)


def array(call: Call) -> Answer:
    """A bare array; of the states of one country if the path names it."""
    code = call.arguments.get("countryCode")
    return json_answer([call.served(found) for found in call.collection if code in (None, found["countryCode"])])


def by_code(call: Call) -> Answer:
    """A country, currency or language by its code."""
    for found in call.collection:
        if call.arguments["code"] in (found.get("isoCode2"), found.get("currencyCode"), found.get("ietfCode")):
            return call.answer(found)
    raise RefusedError(404, f"There is no code {call.arguments['code']!r}")


def rendered(title: str, **more: Any) -> dict[str, Any]:
    """A document in the way of the API: base64 in JSON. It is a PDF with a title and nothing on it."""
    pdf = f"%PDF-1.4\n% {title}\n%%EOF\n".encode()
    data = base64.b64encode(pdf).decode()
    return {"data": data, "mimeType": "application/pdf", "title": title, **more}


def document(call: Call) -> Answer:
    """A rendered document."""
    found = call.named()
    return json_answer(rendered(f"{call.operation.name} {found['id']}", documentTemplateType=1), rows=1)


def email_addresses(call: Call) -> Answer:
    """The addresses of a customer, in the shape of a list."""
    address = call.named().get("emailAddress")
    data = [] if address is None else [{"emailAddress": address}]
    return json_answer({"data": data, "hasMore": False, "limit": 100}, rows=len(data))


def merge(call: Call) -> Answer:
    """The customer, into whom the other one has gone."""
    found, other = call.named(), whole_number("other", call.arguments["other"])
    if other not in call.collection or other == found["id"]:
        raise RefusedError(404, f"There is no other customer with the id {other} here")
    call.collection.remove(other)
    return call.answer(found)


def listed(call: Call) -> Answer:
    """All objects of a kind, once the object that the path names has been found."""
    call.named()
    return unpaged(call)
