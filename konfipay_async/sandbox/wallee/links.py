"""Objects that point to others, and what of an object is served only when it is asked for.

An object that is not expanded is served as a stub with its id (vendor's tests). Which properties can be expanded is
published nowhere in one place: those here are documented, used by the vendor's tests, or inferred from the models.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from konfipay_async.sandbox.wallee.wire import RefusedError

__all__ = ["DEEPEST", "LINKS", "ON_REQUEST", "Expand", "Follow", "lookup", "parse_expand", "render", "stub_links"]

DEEPEST: Final = 4
"""Levels that may be expanded (documented)."""

_ATTRIBUTES: Final = {"transaction": "/payment/transactions"}

LINKS: Final[dict[str, dict[str, str]]] = {
    "/payment/bank-transactions": {"currencyBankAccount": "/payment/currency-bank-accounts"},
    "/payment/bank-transactions/charges": {
        "bankTransaction": "/payment/bank-transactions",
        "completion": "/payment/transactions/completions",
        "transaction": "/payment/transactions",
    },
    "/payment/bank-transactions/refunds": {
        "bankTransaction": "/payment/bank-transactions",
        "refund": "/payment/refunds",
    },
    "/payment/charge-attempts": {
        "charge": "/payment/charges",
        "connectorConfiguration": "/payment/connector-configurations",
        "terminal": "/payment/terminals",
        "tokenVersion": "/payment/token-versions",
    },
    "/payment/charges": _ATTRIBUTES,
    "/payment/connector-configurations": {
        "connector": "/payment/connectors",
        "paymentMethodConfiguration": "/payment/method-configurations",
        "processorConfiguration": "/payment/processor-configurations",
    },
    "/payment/currency-bank-accounts": {"bankAccount": "/payment/bank-accounts"},
    "/payment/delivery-indications": _ATTRIBUTES,
    "/payment/method-configurations": {"paymentMethod": "/payment/methods"},
    "/payment/processor-configurations": {"processor": "/payment/processors"},
    "/payment/refunds": _ATTRIBUTES,
    "/payment/terminals": {"configuration": "/payment/terminal-configurations"},
    "/payment/token-versions": {
        "paymentConnectorConfiguration": "/payment/connector-configurations",
        "paymentMethod": "/payment/methods",
        "paymentMethodBrand": "/payment/method-brands",
        "token": "/payment/tokens",
    },
    "/payment/transactions": {
        "group": "/payment/transaction-groups",
        "parent": "/payment/transactions",
        "paymentConnectorConfiguration": "/payment/connector-configurations",
        "terminal": "/payment/terminals",
        "token": "/payment/tokens",
    },
    "/payment/transactions/completions": {"lineItemVersion": "/payment/transactions/line-item-versions"},
    "/payment/transactions/invoices": {"completion": "/payment/transactions/completions"},
    "/payment/transactions/line-item-versions": _ATTRIBUTES,
    "/payment/transactions/voids": _ATTRIBUTES,
    "/spaces": {"account": "/accounts"},
    "/subscriptions/charges": {"subscription": "/subscriptions", "transaction": "/payment/transactions"},
    "/subscriptions/suspensions": {"subscription": "/subscriptions"},
    "/subscriptions/versions": {"subscription": "/subscriptions"},
    "/webhooks/listeners": {"url": "/webhooks/urls"},
}
"""For each service the fields that point to an object of another one."""

ON_REQUEST: Final[dict[str, frozenset[str]]] = {
    "/customers": frozenset({"metaData"}),
    "/payment/charge-attempts": frozenset({"labels"}),
    "/payment/refunds": frozenset({"baseLineItems", "labels", "lineItems", "reducedLineItems"}),
    "/payment/transactions": frozenset({"lineItems", "metaData"}),
    "/payment/transactions/completions": frozenset({"baseLineItems", "labels", "lineItems", "remainingLineItems"}),
    "/payment/transactions/voids": frozenset({"labels"}),
    "/subscriptions/affiliates": frozenset({"metaData"}),
    "/subscriptions/subscribers": frozenset({"metaData"}),
}
"""For each service the fields that are left out unless they are expanded (inferred)."""

_NONE: Final[frozenset[str]] = frozenset()

Expand = dict[str, "Expand"]
"""What is to be expanded, and in that what again."""
Follow = Callable[[str, int], dict[str, Any] | None]
"""Gives the object of a service with this id, None when there is none."""


def parse_expand(values: Iterable[str]) -> Expand:
    """What the parameter says: the key repeated, or values joined by commas (both are known)."""
    wanted: Expand = {}
    for path in (path for value in values if value for path in value.split(",")):
        names = path.split(".")
        if not all(name.isidentifier() for name in names):
            raise RefusedError(400, "expand cannot be read", {"expand": f"{path!r} is no name of a property"})
        if len(names) > DEEPEST:
            raise RefusedError(400, "expand is too deep", {"expand": f"{path!r}: allowed are {DEEPEST} levels"})
        level = wanted
        for name in names:
            level = level.setdefault(name, {})
    return wanted


def render(thing: dict[str, Any], base: str, expand: Expand, follow: Follow) -> dict[str, Any]:
    """The object as it is served."""
    hidden = ON_REQUEST.get(base, _NONE)
    served = {name: value for name, value in thing.items() if name not in hidden or name in expand}
    links = LINKS.get(base)
    if links:
        for name in expand.keys() & links.keys() & served.keys():
            target = served[name] and follow(links[name], served[name]["id"])
            if target:
                served[name] = render(target, links[name], expand[name], follow)
    return served


def lookup(thing: dict[str, Any], base: str, name: str, follow: Follow) -> Any:
    """The value of a name that may be dotted across links; a list when there are several."""
    head, _, rest = name.partition(".")
    found = thing.get(head)
    if not rest or found is None:
        return found
    target = LINKS.get(base, {}).get(head)
    if target is not None:
        linked = follow(target, found["id"])
        return None if linked is None else lookup(linked, target, rest, follow)
    if isinstance(found, dict):
        return lookup(found, "", rest, follow)
    if isinstance(found, list):
        return [lookup(member, "", rest, follow) for member in found if isinstance(member, dict)]
    return None


def stub_links(fields: dict[str, Any], base: str) -> dict[str, Any]:
    """The fields of a request with the links in them, which come as ids, as stubs."""
    links = LINKS.get(base, {})
    return {
        name: {"id": value} if name in links and isinstance(value, int) else value for name, value in fields.items()
    }
