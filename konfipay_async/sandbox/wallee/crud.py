"""Get, create, update and delete, of whatever service."""

from typing import Any, Final

from konfipay_async.sandbox.sending import Answer
from konfipay_async.sandbox.wallee.calls import Call
from konfipay_async.sandbox.wallee.collection import Collection
from konfipay_async.sandbox.wallee.links import stub_links
from konfipay_async.sandbox.wallee.wire import RefusedError, stamp

__all__ = ["create", "create_one", "delete", "delete_one", "get", "update", "update_one"]

_READ_ONLY: Final = frozenset({"id", "version", "createdOn", "linkedSpaceId", "plannedPurgeDate"})

_MANDATORY: Final[dict[str, tuple[str, ...]]] = {
    "/debt-collection/cases": ("externalId",),
    "/payment/links": ("externalId", "protectionMode"),
    "/payment/refunds": ("externalId", "type"),
    "/payment/terminals": ("externalId",),
    "/payment/tokens": ("externalId",),
    "/payment/transactions": ("lineItems",),
    "/payment/transactions/line-item-versions": ("externalId",),
    "/spaces": ("account",),
    "/subscriptions/affiliates": ("externalId",),
    "/subscriptions/charges": ("externalId",),
    "/subscriptions/ledger-entries": ("externalId",),
    "/subscriptions/metric-usage-reports": ("externalId",),
    "/subscriptions/subscribers": ("externalId",),
    "/webhooks/listeners": ("entity", "url"),
}
"""What a new object must have (official SDK)."""

_FIRST_STATE: Final[dict[str, str | None]] = {
    "/customers": None,
    "/payment/refunds": "SUCCESSFUL",
    "/payment/terminals": "ACTIVE",
    "/payment/transactions": "PENDING",
    "/subscriptions": "PENDING",
}
"""The state of a new object where it is not ACTIVE."""

_MOST_KEYS, _LONGEST_KEY, _LONGEST_VALUE = 25, 40, 512


def get(call: Call) -> Answer:
    """The object with this id."""
    return call.answer(call.named())


def create(call: Call) -> Answer:
    """201; with an externalId that was there before nothing is done, and the first object comes once more."""
    return call.answer(create_one(call, call.fields), 201)


def create_one(call: Call, fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Check and keep a new object; `more` is what its creation sets beside what was sent."""
    base, collection = call.operation.base, call.collection
    missing = [name for name in _MANDATORY.get(base, ()) if fields.get(name) is None]
    if missing:
        raise RefusedError(400, "Something is missing", dict.fromkeys(missing, "must be given"))
    _check_metadata(fields)
    before = collection.external(fields["externalId"]) if isinstance(fields.get("externalId"), str) else None
    if before is not None:
        return before
    state = _FIRST_STATE.get(base, "ACTIVE")
    around: dict[str, Any] = {"createdOn": stamp(call.at)} | ({} if state is None else {"state": state})
    if call.space is not None:
        around["linkedSpaceId"] = call.space
    sent = {name: value for name, value in fields.items() if name not in _READ_ONLY and value is not None}
    return collection.create(around | stub_links(sent, base) | more)


def update(call: Call) -> Answer:
    """The object with the fields that were sent; null takes one away. Without the current version it is 409."""
    return call.answer(update_one(call, call.named(), call.fields))


def update_one(call: Call, thing: dict[str, Any], fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Check and keep the change; `more` is what changes beside what was sent."""
    base = call.operation.base
    _check_version(thing, fields)
    if thing.get("state") in ("DELETING", "DELETED"):
        raise RefusedError(422, "What is deleted cannot be changed")
    if base == "/payment/transactions" and thing["state"] != "PENDING":
        raise RefusedError(422, "Only a pending transaction can be changed", {"state": f"it is {thing['state']}"})
    _check_metadata(fields)
    sent = {name: value for name, value in fields.items() if name not in _READ_ONLY}
    return call.collection.change(thing["id"], **stub_links(sent, base) | more)


def _check_version(thing: dict[str, Any], fields: dict[str, Any]) -> None:
    """The version must be the current one; 409 when it is missing or another one (documented)."""
    if type(fields.get("version")) is not int or fields["version"] != thing["version"]:
        given = f"{fields['version']!r} was given" if "version" in fields else "it is missing"
        raise RefusedError(409, "The object has been changed meanwhile", {"version": f"{given}, it is another one"})


def delete(call: Call) -> Answer:
    """204. An object that has a state stays readable as DELETED (vendor's tests), any other is gone."""
    delete_one(call.collection, call.named(), call.at)
    return Answer(204)


def delete_one(collection: Collection, thing: dict[str, Any], at: float) -> None:
    """Delete it; what is deleted already stays so."""
    if "state" in thing:
        purge = stamp(at + 30 * 86_400)
        if thing["state"] != "DELETED":
            collection.change(thing["id"], state="DELETED", plannedPurgeDate=purge)
    else:
        collection.remove(thing["id"])


def _check_metadata(fields: dict[str, Any]) -> None:
    """The limits the description names; beyond them it is 422."""
    data = fields.get("metaData")
    if data is None:
        return
    if not isinstance(data, dict) or not all(isinstance(value, str) for value in data.values()):
        raise RefusedError(422, "Metadata is not possible", {"metaData": "texts by keys are expected"})
    if len(data) > _MOST_KEYS:
        raise RefusedError(422, "Metadata is not possible", {"metaData": f"at most {_MOST_KEYS} keys"})
    if any(len(key) > _LONGEST_KEY or len(value) > _LONGEST_VALUE for key, value in data.items()):
        raise RefusedError(
            422, "Metadata is not possible", {"metaData": f"keys to {_LONGEST_KEY}, values to {_LONGEST_VALUE}"}
        )
