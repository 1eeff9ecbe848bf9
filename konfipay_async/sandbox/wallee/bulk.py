"""Several operations in one request: each has a result of its own, and the answer is 200 whatever they are.

How an object to change is named is not said in the official SDK; here it is by `id`. The largest number of operations
is documented nowhere, the one here is made up.
"""

from typing import Any, Final

from konfipay_async.sandbox.sending import Answer
from konfipay_async.sandbox.wallee.calls import Call
from konfipay_async.sandbox.wallee.crud import create_one, delete_one, update_one
from konfipay_async.sandbox.wallee.wire import RefusedError, json_answer

__all__ = ["LARGEST_BULK", "bulk"]

LARGEST_BULK: Final = 100


def bulk(call: Call) -> Answer:
    """An array of objects to create, of objects with `id` and `version` to change, or of ids to delete."""
    if not isinstance(call.body, list):
        raise RefusedError(400, "The body is no JSON array")
    if len(call.body) > LARGEST_BULK:
        raise RefusedError(413, f"There are {len(call.body)} operations, {LARGEST_BULK} are possible")
    return json_answer([_one(call, item) for item in call.body], rows=len(call.body))


def _one(call: Call, item: Any) -> dict[str, Any]:
    wanted = item.get("id") if isinstance(item, dict) else item
    result: dict[str, Any] = {"id": wanted} if type(wanted) is int else {}
    try:
        result["statusCode"], result["id"] = _carry_out(call, item)
    except RefusedError as error:
        return result | {"statusCode": error.status, "error": error.body(0, call.at)}
    return result | {"link": f"/api/v2.0{call.operation.base}/{result['id']}"}


def _carry_out(call: Call, item: Any) -> tuple[int, int]:
    if call.operation.method == "DELETE":
        thing = _named(call, item)
        delete_one(call.collection, thing, call.at)
        return 204, thing["id"]
    if not isinstance(item, dict):
        raise RefusedError(400, "An operation is no JSON object")
    if call.operation.method == "POST":
        return 201, create_one(call, item)["id"]
    return 200, update_one(call, _named(call, item.get("id")), item)["id"]


def _named(call: Call, id_: object) -> dict[str, Any]:
    if type(id_) is not int:
        raise RefusedError(400, "An id is missing", {"id": "a whole number is expected"})
    try:
        return call.collection.get(id_)
    except KeyError:
        raise RefusedError(404, f"There is no object with the id {id_} here") from None
