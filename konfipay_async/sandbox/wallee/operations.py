"""Which handler serves which operation: by its name, and all others by their kind."""

from typing import Final

from konfipay_async.sandbox.wallee.actions import (
    array,
    boolean,
    by_code,
    document,
    email_addresses,
    listed,
    merge,
    nothing,
    one,
    text,
    thing,
)
from konfipay_async.sandbox.wallee.bulk import bulk
from konfipay_async.sandbox.wallee.calls import Handler
from konfipay_async.sandbox.wallee.crud import create, delete, get, update
from konfipay_async.sandbox.wallee.exports import export
from konfipay_async.sandbox.wallee.lists import list_page, search_page, unpaged
from konfipay_async.sandbox.wallee.transactions import TRANSACTION_HANDLERS
from konfipay_async.sandbox.wallee.users import ROLE_HANDLERS

__all__ = ["HANDLERS"]

HANDLERS: Final[dict[str, Handler]] = {
    "array": array,
    "bool": boolean,
    "bulk": bulk,
    "create": create,
    "csv": export,
    "delete": delete,
    "document": document,
    "get": get,
    "list": list_page,
    "nothing": nothing,
    "one": one,
    "search": search_page,
    "text": text,
    "thing": thing,
    "unpaged": unpaged,
    "update": update,
    "countries.get": by_code,
    "currencies.get": by_code,
    "customers.email-addresses.list": email_addresses,
    "customers.merge.create": merge,
    "debt-collection.cases.documents.list": listed,
    "languages.get": by_code,
    "payment.transactions.payment-method-configurations.list": listed,
    **ROLE_HANDLERS,
    **TRANSACTION_HANDLERS,
}
"""Those that need no more than the objects of the sandbox. The first sixteen are kinds of operations."""
