"""The services as attributes, made from the table when they are asked for: ``client.payment.transactions.get(123)``.

Each place where something hangs has a class of its own, with a real method for each operation: so ``dir()``, ``help()``
and an editor know the names, and what is misspelt gets the nearest name told. Type checkers read `tree.pyi`, which is
written from the same table.
"""

import difflib
import inspect
import logging
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from konfipay_async.errors import ConfigurationError, OutcomeUnknownError
from konfipay_async.session.message import Lane, Request
from konfipay_async.wallee import answers, exports, lists, shape
from konfipay_async.wallee.analytics import AnalyticsQueries
from konfipay_async.wallee.bulk import in_chunks
from konfipay_async.wallee.locking import updated_with
from konfipay_async.wallee.models import model
from konfipay_async.wallee.parsing import query_text
from konfipay_async.wallee.services import EXTERNAL, Operation, Parameter, snake, tree
from konfipay_async.wallee.wiring import Pairs, Wiring, pair_of

__all__ = ["Node", "described", "node", "signature_of"]

logger = logging.getLogger(__name__)

_Chain = tuple[str, ...]

_EXTRAS: Mapping[_Chain, type] = {("analytics", "queries"): AnalyticsQueries}


class Node:
    """A place in the tree of services."""

    _chain: _Chain = ()

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # what copy, pickle and the like ask for
            raise AttributeError(name)
        raise AttributeError(_unknown(self._chain, name), name=name, obj=self)

    def __dir__(self) -> Iterable[str]:
        return [name for name in super().__dir__() if not name.startswith("_")]

    def __repr__(self) -> str:
        return f"<client.{'.'.join(self._chain)}: {', '.join(sorted(dir(self)))}>"


def node(wiring: Wiring, chain: _Chain) -> Any:
    """What hangs on this chain of attributes."""
    return _class_of(chain)(wiring)


def signature_of(operation: Operation) -> inspect.Signature:
    """What its method takes, without `self`."""
    positional = [
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        for name in (*map(snake, operation.arguments), *_body_name(operation))
    ]
    given = {snake(one.name): inspect.Parameter.empty for one in operation.query if one.mandatory}
    optional: dict[str, Any] = {snake(one.name): None for one in operation.query if not one.mandatory}
    if operation.expandable:
        optional["expand"] = ()
    match operation.shape:
        case "list":
            optional |= {"limit": 100, "max_items": None}
        case "search":
            del optional["offset"]
            optional |= {"limit": 100, "max_items": None}
        case "portions":
            given, optional = {}, {"limit": 100, "max_items": None}
        case "csv":
            optional["fields"] = ()
        case "bulk":
            optional |= {"chunk": 100, "watch": None}
    named = {**given, **optional, "extra": None}
    return inspect.Signature(
        [
            *positional,
            *(
                inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)
                for name, default in named.items()
            ),
        ]
    )


def _body_name(operation: Operation) -> tuple[str, ...]:
    return {None: (), "array": ("items",), "object": ("body",)}[operation.body]


@cache
def _class_of(chain: _Chain) -> type[Node]:
    here = tree()[chain]
    members: dict[str, Any] = {"_chain": chain, "__doc__": f"What hangs on ``client.{'.'.join(chain)}``."}
    for name, operation in here.items():
        members[name] = _child(chain, name) if operation is None else _method(operation)
    get, update = here.get("get"), here.get("update")
    if get is not None and update is not None and update.versioned:
        members["update_with"] = updated_with(get.arguments)
    bases = (_EXTRAS[chain], Node) if chain in _EXTRAS else (Node,)
    return type("".join(word.title().replace("_", "") for word in chain) or "Services", bases, members)


def _child(chain: _Chain, name: str) -> property:
    return property(lambda self: node(self._wiring, (*chain, name)), doc=f"``client.{'.'.join((*chain, name))}``")


def _method(operation: Operation) -> Callable[..., Any]:
    signature = signature_of(operation)

    def call(self: Node, /, *given: Any, **named: Any) -> Any:
        bound = signature.bind(*given, **named)
        bound.apply_defaults()
        return _run(self._wiring, operation, bound.arguments)

    call.__name__ = operation.name
    call.__qualname__ = operation.dotted
    call.__doc__ = described(operation)
    call.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[
            inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY),
            *signature.parameters.values(),
        ]
    )
    return call


_SENTENCES: Mapping[str, str] = {
    "one": "Await it: a {model}.",
    "many": "Await it: a list of {model}.",
    "all": "Await it: a list of {model}.",
    "listed": "An async generator of {model}; iterate it, do not await it.",
    "list": "An async generator of {model}, by time; iterate it, do not await it.",
    "search": "An async generator of {model}; iterate it, do not await it. It goes by id: all that matches while it is "
    "read comes, and once. In another order rows that come or go meanwhile make it miss others, or show them twice.",
    "portions": "An async generator of what was submitted; iterate it, do not await it.",
    "bulk": "Await it: what became of each, in the order given; one that failed is no exception. `watch` is called "
    "with each as soon as it is known.",
    "text": "Await it: a text, or None where there is none.",
    "bool": "Await it: True or False.",
    "csv": "An async generator of bytes, as they come: all rows, or with a `limit` one answer of the API.",
    "none": "Await it; it answers nothing.",
}


def described(operation: Operation) -> str:
    """Its docstring."""
    kind = "listed" if operation.is_listed and operation.shape in ("all", "many") else operation.shape
    sentences = [f"{operation.method} /{operation.path}. {_SENTENCES[kind].format(model=operation.model)}"]
    if operation.permanent:
        sentences.append("Deletes for good: it cannot be undone.")
    if operation.shape == "bulk" and operation.method == "PATCH":
        sentences.append("Each needs its id and its version (that it is the id is inferred).")
    if operation.versioned:
        sentences.append("The body needs the version of what it changes; a stale one is a ConflictError.")
    if operation.external == "mandatory":
        sentences.append("The body needs an externalId: by it a repeat does nothing twice.")
    elif operation.external == "optional":
        sentences.append("With an externalId in the body a repeat does nothing twice.")
    if operation.billed:
        sentences.append("Each success is billed as a download; it is not for finding out whether a result is there.")
    if operation.retry.value == "resumable":
        sentences.append("Waits for the terminal; a repeat after a timeout goes on where it was.")
    elif operation.retry.value == "once" and operation.method != "GET":
        sentences.append("Goes out once: OutcomeUnknownError where nobody knows what became of it.")
    if operation.header:
        sentences.append(f"Needs the client's {operation.header.lower()}.")
    return " ".join(sentences)


def _run(wiring: Wiring, operation: Operation, given: Mapping[str, Any]) -> Any:
    query = _query(operation, given)
    match operation.shape:
        case "list":
            return lists.listed(wiring, operation, given, query, given)
        case "search":
            return lists.searched(wiring, operation, given, query, given)
        case "portions":
            return lists.portioned(wiring, operation, given, query, given)
        case "csv":
            return exports.exported(wiring, operation, given, query)
        case "bulk":
            return in_chunks(wiring, operation, given)
        case "many" | "all":
            request: Request[Any] = lists.unpaged(wiring, operation, given, query)
            # Of what has no pages a list is a list of one page: it reads like the others.
            return lists.at_once(wiring, request) if operation.is_listed else _sent(wiring, operation, request)
    read = {"text": answers.text, "none": answers.nothing}.get(operation.shape) or _value_reader(operation)
    (body,) = [given[name] for name in _body_name(operation)] or [None]
    request = wiring.request(operation, read, given, query=query, body=body, lane=Lane.SINGLE)
    return _sent(wiring, operation, request)


def _value_reader(operation: Operation) -> Callable[[str, str], Callable[..., Any]]:
    kind = bool if operation.shape == "bool" else model(operation.model)
    return lambda method, path: answers.value_of(kind, method, path)


async def _sent(wiring: Wiring, operation: Operation, request: Request[Any]) -> Any:
    if operation.billed:
        logger.warning("%s: each address that is made is billed as a download", operation.dotted)
    try:
        return await wiring.send(request)
    except OutcomeUnknownError as error:
        error.kind = operation.dotted
        error.look_up = f"client.{'.'.join(operation.chain)}: look whether it did its work before you send it again"
        raise


_PAGING = frozenset({"after", "before", "limit", "offset", "order", "query"})


def _query(operation: Operation, given: Mapping[str, Any]) -> Pairs:
    """What goes into the URL, but for paging."""
    paged = _PAGING if operation.shape in ("list", "search", "portions") else frozenset()
    pairs = [
        pair for one in operation.query if one.name not in paged for pair in _pairs_of(one, given[snake(one.name)])
    ]
    if given.get("expand"):
        pairs += [("expand", path) for path in shape.expand(given["expand"])]
    extra = given["extra"]
    if not isinstance(extra, Mapping | None):
        raise ConfigurationError("extra: give a mapping of query names, as they are on the wire, to values")
    for name, value in (extra or {}).items():
        if name in {one.name for one in operation.query} | {"expand"}:
            raise ConfigurationError(f"extra={{{name!r}: …}}: this has a name here, {snake(name)}=…")
        pairs += pair_of(name, value)
    return tuple(pairs)


def _pairs_of(one: Parameter, value: Any) -> Pairs:
    if value is not None and one.name == "order":
        value = shape.order(value)
    elif value is not None and one.name == "query":
        value = query_text(value)
    elif one.mandatory and one.name in EXTERNAL:
        value = shape.external_id(value, snake(one.name))
    pairs = pair_of(one.name, value)
    if one.mandatory and not any(text.strip() for _, text in pairs):
        raise ConfigurationError(f"{snake(one.name)}: the API needs it, and this is nothing")
    return pairs


def _unknown(chain: _Chain, name: str) -> str:
    where = ".".join(("client", *chain))
    close = difflib.get_close_matches(name, tree()[chain], n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(sorted(tree()[chain]))}"
    return f"{where} has no {name!r}: {hint}"
