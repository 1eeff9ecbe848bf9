"""Which handler serves which operation: by its name, and all others by their kind."""

from typing import Final

from konfipay_async.sandbox.sending import Answer
from konfipay_async.sandbox.wallee.calls import Call, Handler
from konfipay_async.sandbox.wallee.crud import create, delete, get, update
from konfipay_async.sandbox.wallee.lists import list_page, search_page, unpaged
from konfipay_async.sandbox.wallee.wire import RefusedError

__all__ = ["HANDLERS"]


def _not_yet(call: Call) -> Answer:
    raise RefusedError(500, f"{call.operation.name} is not served yet")


HANDLERS: Final[dict[str, Handler]] = {
    "create": create,
    "delete": delete,
    "get": get,
    "list": list_page,
    "search": search_page,
    "unpaged": unpaged,
    "update": update,
    **dict.fromkeys(("array", "bool", "bulk", "csv", "document", "nothing", "one", "text", "thing"), _not_yet),
}
