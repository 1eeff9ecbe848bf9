"""What can be done to transactions: confirm, process, complete, void, refund, and look at them with credentials.

Created they are PENDING; confirmed, processed, completed and voided they move on as the names say (the states are the
official SDK's, the ways between them inferred). What a state does not allow is 422.
"""

import hashlib
from decimal import Decimal
from typing import Any, Final

from konfipay_async.sandbox.sending import Answer
from konfipay_async.sandbox.wallee.actions import rendered
from konfipay_async.sandbox.wallee.calls import Call, Handler
from konfipay_async.sandbox.wallee.crud import create_one, update_one
from konfipay_async.sandbox.wallee.lists import unpaged
from konfipay_async.sandbox.wallee.wire import RefusedError, json_answer, stamp, text_answer

__all__ = ["TRANSACTION_HANDLERS"]

_BASE: Final = "/payment/transactions"
_ITEM: Final = ("uniqueId", "name", "type", "quantity", "amountIncludingTax")


def _in_state(found: dict[str, Any], *states: str) -> dict[str, Any]:
    if found["state"] not in states:
        raise RefusedError(422, "The state does not allow it", {"state": f"it is {found['state']}"})
    return found


def _amount(value: Any, name: str) -> Decimal:
    if type(value) not in (int, Decimal):
        raise RefusedError(422, "An amount is not possible", {name: "a number is expected"})
    return Decimal(value)


def _total(fields: dict[str, Any]) -> Decimal:
    """What the line items come to; 422 names what they lack."""
    items = fields.get("lineItems")
    if not isinstance(items, list) or not items:
        raise RefusedError(422, "There are no line items", {"lineItems": "at least one is expected"})
    total = Decimal(0)
    for number, item in enumerate(items):
        missing = [name for name in _ITEM if not isinstance(item, dict) or item.get(name) is None]
        if missing:
            errors = {f"lineItems[{number}].{name}": "must be given" for name in missing}
            raise RefusedError(422, "A line item is not complete", errors)
        total += _amount(item["amountIncludingTax"], f"lineItems[{number}].amountIncludingTax")
    return total


def _create(call: Call) -> Answer:
    if call.fields.get("lineItems") is None:
        raise RefusedError(400, "Something is missing", {"lineItems": "must be given"})
    nought = Decimal(0)
    amounts = {"authorizationAmount": _total(call.fields), "completedAmount": nought, "refundedAmount": nought}
    group = {"group": {"id": call.of("/payment/transaction-groups").add(state="PENDING")["id"]}}
    return call.answer(create_one(call, call.fields, **amounts, **group), 201)


def _update(call: Call) -> Answer:
    more = {"authorizationAmount": _total(call.fields)} if "lineItems" in call.fields else {}
    return call.answer(update_one(call, call.named(), call.fields, **more))


def _confirm(call: Call) -> Answer:
    now = stamp(call.at)
    return call.answer(update_one(call, call.named(), call.fields, state="CONFIRMED", confirmedOn=now))


def _authorized(call: Call) -> dict[str, Any]:
    found = _in_state(call.named(_BASE), "PENDING", "CONFIRMED")
    now = stamp(call.at)
    return call.of(_BASE).change(found["id"], state="AUTHORIZED", processingOn=now, authorizedOn=now)


def _process(call: Call) -> Answer:
    return call.answer(_authorized(call))


def _process_threed(call: Call) -> Answer:
    """The buyer must go to this URL first."""
    found = _in_state(call.named(), "PENDING", "CONFIRMED")
    call.collection.change(found["id"], state="PROCESSING", processingOn=stamp(call.at))
    return text_answer(f"https://pay.example.com/three-d-secure/{found['id']}")


def _process_with_token(call: Call) -> Answer:
    if call.named().get("token") is None:
        raise RefusedError(422, "The transaction has no token", {"token": "must be given"})
    stub = {"id": _authorized(call)["id"]}
    charge = {"createdOn": stamp(call.at), "state": "SUCCESSFUL", "type": "TOKEN", "transaction": stub}
    return call.answer(call.of("/payment/charges").create(charge), base="/payment/charges")


def _complete(call: Call) -> Answer:
    found = _in_state(call.named(_BASE), "AUTHORIZED")
    rest = Decimal(found["authorizationAmount"]) - Decimal(found["completedAmount"])
    return call.answer(_completion(call, found, rest, {"lastCompletion": True, "lineItems": found["lineItems"]}))


def _complete_partially(call: Call) -> Answer:
    """The amounts that are sent; the transaction is completed with the last of them, or when nothing is left."""
    external = call.fields.get("externalId")
    before = call.collection.external(external) if isinstance(external, str) else None
    if before is not None:
        return call.answer(before)
    found = _in_state(call.named(_BASE), "AUTHORIZED")
    items = call.fields.get("lineItems")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise RefusedError(422, "The line items are not possible", {"lineItems": "an array of objects is expected"})
    amount = sum((_amount(item.get("amount"), "lineItems.amount") for item in items), Decimal(0))
    rest = Decimal(found["authorizationAmount"]) - Decimal(found["completedAmount"])
    if not 0 < amount <= rest:
        raise RefusedError(422, "The amount is not possible", {"lineItems": f"more than zero to {rest} is left"})
    last = bool(call.fields.get("lastCompletion")) or amount == rest
    return call.answer(_completion(call, found, amount, {**call.fields, "lastCompletion": last}))


def _completion(call: Call, found: dict[str, Any], amount: Decimal, fields: dict[str, Any]) -> dict[str, Any]:
    now = stamp(call.at)
    made = call.of("/payment/transactions/completions").create(
        fields
        | {"state": "SUCCESSFUL", "mode": "OFFLINE" if "offline" in call.operation.name else "ONLINE"}
        | {"amount": amount, "linkedTransaction": found["id"], "createdOn": now, "succeededOn": now}
        | {"linkedSpaceId": call.space}
    )
    call.of("/payment/transactions/invoices").create(
        {"state": "PAID", "amount": amount, "outstandingAmount": Decimal(0), "linkedTransaction": found["id"]}
        | {"completion": {"id": made["id"]}, "createdOn": now, "paidOn": now, "linkedSpaceId": call.space}
    )
    changes: dict[str, Any] = {"completedAmount": Decimal(found["completedAmount"]) + amount}
    if fields["lastCompletion"]:
        changes |= {"state": "COMPLETED", "completedOn": now}
    call.of(_BASE).change(found["id"], **changes)
    return made


def _void(call: Call) -> Answer:
    found = _in_state(call.named(_BASE), "AUTHORIZED")
    now = stamp(call.at)
    call.of(_BASE).change(found["id"], state="VOIDED")
    mode = "OFFLINE" if "offline" in call.operation.name else "ONLINE"
    fields = {"state": "SUCCESSFUL", "mode": mode, "createdOn": now, "succeededOn": now, "linkedSpaceId": call.space}
    links = {"transaction": {"id": found["id"]}, "linkedTransaction": found["id"]}
    return call.answer(call.collection.create(fields | links))


def _refund(call: Call) -> Answer:
    """At most what was completed and is not refunded yet. One that is made offline stays PENDING until it is marked."""
    external = call.fields.get("externalId")
    if isinstance(external, str) and call.collection.external(external) is not None:
        return call.answer(create_one(call, call.fields), 201)
    id_ = call.fields.get("transaction")
    if type(id_) is not int or id_ not in call.of(_BASE):
        raise RefusedError(422, "The transaction is not possible", {"transaction": "the id of one is expected"})
    found = _in_state(call.of(_BASE).get(id_), "COMPLETED", "FULFILL")
    rest = Decimal(found["completedAmount"]) - Decimal(found["refundedAmount"])
    amount = _amount(call.fields["amount"], "amount") if "amount" in call.fields else rest
    if not 0 < amount <= rest:
        raise RefusedError(422, "The amount is not possible", {"amount": f"more than zero to {rest} is left"})
    state = "PENDING" if call.fields.get("type") == "MERCHANT_INITIATED_OFFLINE" else "SUCCESSFUL"
    made = create_one(call, call.fields, amount=amount, state=state)
    call.of(_BASE).change(id_, refundedAmount=Decimal(found["refundedAmount"]) + amount)
    return call.answer(made, 201)


def _secret(call: Call, id_: int) -> str:
    return hashlib.sha256(f"credentials of {call.space}/{id_}".encode()).hexdigest()[:24]


def _credentials(call: Call) -> Answer:
    """They stand for the id in paths ``by-credentials/…``."""
    return text_answer(f"{call.named()['id']}-{_secret(call, call.id)}")


def _of_credentials(call: Call) -> dict[str, Any]:
    number, _, secret = call.arguments["credentials"].partition("-")
    id_ = int(number) if number.isascii() and number.isdigit() else 0
    if id_ not in call.of(_BASE) or secret != _secret(call, id_):
        raise RefusedError(404, "There is no transaction with these credentials here")
    return call.of(_BASE).get(id_)


def _by_credentials(call: Call) -> Answer:
    return call.answer(_of_credentials(call))


def _list_by_credentials(call: Call) -> Answer:
    _of_credentials(call)
    return unpaged(call)


def _text_by_credentials(call: Call) -> Answer:
    return text_answer(f"https://pay.example.com/{call.operation.name}/{_of_credentials(call)['id']}")


def _nothing_by_credentials(call: Call) -> Answer:
    _of_credentials(call)
    return Answer(204)


def _line_item_version(call: Call) -> Answer:
    found, versions = call.named(_BASE), call.collection
    latest = versions.find(transaction={"id": found["id"]})
    fields = {"state": "ACTIVE", "transaction": {"id": found["id"]}, "lineItems": found.get("lineItems", [])}
    return call.answer(latest or versions.create(fields))


def _receipts(call: Call) -> Answer:
    receipt = rendered(f"Receipt {call.named(_BASE)['id']}", printed=False)
    return json_answer({"data": [receipt], "hasMore": False, "limit": 100}, rows=1)


def _replace_invoice(call: Call) -> Answer:
    invoice = call.named()
    missing = [name for name in ("externalId", "lineItems") if call.fields.get(name) is None]
    if missing:
        raise RefusedError(400, "Something is missing", dict.fromkeys(missing, "must be given"))
    return call.answer(call.collection.change(invoice["id"], amount=_total(call.fields), **call.fields))


def _token_update(call: Call) -> Answer:
    token = call.named()
    fields = {"state": "PENDING", "token": {"id": token["id"]}, "createdOn": stamp(call.at), "lineItems": []}
    return call.answer(call.collection.create(fields | {"linkedSpaceId": call.space}))


def _active_version(call: Call) -> Answer:
    token = call.named("/payment/tokens")
    found = call.collection.find(token={"id": token["id"]}, state="ACTIVE")
    if found is None:
        raise RefusedError(404, "The token has no active version")
    return call.answer(found)


TRANSACTION_HANDLERS: Final[dict[str, Handler]] = {
    "payment.refunds.create": _refund,
    "payment.tokens.active-version": _active_version,
    "payment.tokens.create-transaction-for-token-update": _token_update,
    "payment.transactions.by-credentials.get": _by_credentials,
    "payment.transactions.by-credentials.mobile-sdk-url": _text_by_credentials,
    "payment.transactions.by-credentials.one-click-tokens.delete": _nothing_by_credentials,
    "payment.transactions.by-credentials.one-click-tokens.list": _list_by_credentials,
    "payment.transactions.by-credentials.one-click-tokens.process": _text_by_credentials,
    "payment.transactions.by-credentials.payment-method-configurations.list": _list_by_credentials,
    "payment.transactions.complete-offline": _complete,
    "payment.transactions.complete-online": _complete,
    "payment.transactions.complete-partially-offline": _complete_partially,
    "payment.transactions.complete-partially-online": _complete_partially,
    "payment.transactions.confirm": _confirm,
    "payment.transactions.create": _create,
    "payment.transactions.credentials": _credentials,
    "payment.transactions.invoices.replace": _replace_invoice,
    "payment.transactions.latest-line-item-version": _line_item_version,
    "payment.transactions.process-card-details": _process,
    "payment.transactions.process-card-details-threed": _process_threed,
    "payment.transactions.process-with-token": _process_with_token,
    "payment.transactions.process-without-interaction": _process,
    "payment.transactions.terminal-receipts.list": _receipts,
    "payment.transactions.update": _update,
    "payment.transactions.void-offline": _void,
    "payment.transactions.void-online": _void,
}
