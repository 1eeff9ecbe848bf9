"""Writes `tree.pyi`, which tells type checkers what the table holds (``nox -s stubs``). A test keeps it current."""

import inspect
from collections.abc import Mapping
from pathlib import Path

from konfipay_async.wallee.calls import signature_of
from konfipay_async.wallee.models import Record, model
from konfipay_async.wallee.services import Operation, tree

__all__ = ["PATH", "stubs"]

PATH = Path(__file__).with_name("tree.pyi")

_HEAD = '''"""Written from the table by ``nox -s stubs``. At run time `calls.py` makes the same of it."""

import builtins
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any, TypeAlias

from konfipay_async.wallee.analytics import AnalyticsQueries
from konfipay_async.wallee.bulk import BulkResult
from konfipay_async.wallee.models import {models}
from konfipay_async.wallee.query import Field, Query
from konfipay_async.wallee.wiring import Wiring

_Id: TypeAlias = int | str
_Body: TypeAlias = Mapping[str, Any] | {bodies}
_Fields: TypeAlias = str | Field | Iterable[str | Field]
_Value: TypeAlias = str | int | Decimal | date | Enum
_Extra: TypeAlias = Mapping[str, object] | None
'''

_TEXTS = frozenset(
    {"code", "connector_external_id", "country_code", "credentials", "external_id", "identifier", "key_id"}
)
_TYPES: Mapping[str, str] = {
    "after": "_Id | None",
    "before": "_Id | None",
    "body": "_Body",
    "chunk": "int",
    "expand": "_Fields",
    "external_id": "str",
    "extra": "_Extra",
    "fields": "Iterable[str]",
    "limit": "int",
    "max_items": "int | None",
    "offset": "int | None",
    "query": "Query | str | None",
    "query_external_id": "str",
    "watch": "Callable[[BulkResult], object] | None",
}
_EXTRA_BASES = {("analytics", "queries"): "AnalyticsQueries"}
_LONGEST = 120


def stubs() -> str:
    """The text of the file."""
    classes = [_class(chain) for chain in sorted(tree(), key=lambda chain: (-len(chain), chain))]
    used = {_model(one) for here in tree().values() for one in here.values() if one is not None}
    head = _HEAD.format(models=_imported(sorted(used)), bodies="Record")
    return f"{head}\n" + "\n".join(classes)


def _imported(names: list[str]) -> str:
    return "(\n" + "".join(f"    {name},\n" for name in names) + ")"


def _class(chain: tuple[str, ...]) -> str:
    here = tree()[chain]
    base = f"({_EXTRA_BASES[chain]})" if chain in _EXTRA_BASES else ""
    lines = [f"class {_name(chain)}{base}:"]
    if not chain:
        lines.append("    _wiring: Wiring")
    for name in sorted(here):
        operation = here[name]
        if operation is None:
            lines += ["    @property", f"    def {name}(self) -> {_name((*chain, name))}: ..."]
        else:
            lines.append(_method(name, operation))
    get, update = here.get("get"), here.get("update")
    if get is not None and update is not None and update.versioned:
        ids = [f"{name}: _Id" for name in signature_of(get).parameters if _is_positional(get, name)]
        change = f"change: Callable[[{_model(get)}], Mapping[str, Any] | None]"
        given = [*ids, change, "*", "attempts: int = ...", "expand: _Fields = ..."]
        lines.append(_wrapped("async def", "update_with", given, _model(get)))
    return "\n".join(lines) + "\n"


def _name(chain: tuple[str, ...]) -> str:
    return "_" + "".join(word.title().replace("_", "") for word in chain) if chain else "Services"


def _method(name: str, operation: Operation) -> str:
    given: list[str] = []
    for parameter in signature_of(operation).parameters.values():
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and "*" not in given:
            given.append("*")
        default = "" if parameter.default is inspect.Parameter.empty else " = ..."
        given.append(f"{parameter.name}: {_type(operation, parameter)}{default}")
    answer = _answer(operation)
    is_generator = answer.startswith("AsyncGenerator")
    return _wrapped("def" if is_generator else "async def", name, given, answer)


def _is_positional(operation: Operation, name: str) -> bool:
    return signature_of(operation).parameters[name].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD


def _type(operation: Operation, parameter: inspect.Parameter) -> str:
    name = parameter.name
    if parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD:
        if name == "items":
            return "Iterable[_Id]" if operation.method == "DELETE" else "Iterable[_Body]"
        if name == "body":
            return "_Body"
        return "str" if name in _TEXTS or name.startswith("query_") else "_Id"
    if name == "order":
        return "str | None" if operation.shape == "list" else "_Fields | None"
    if name == "limit" and operation.shape == "csv":
        return "int | None"
    plain = "_Value" if parameter.default is inspect.Parameter.empty else "_Value | None"
    return _TYPES.get(name, plain)


def _answer(operation: Operation) -> str:
    kind = _model(operation)
    match operation.shape:
        case "list" | "search":
            return f"AsyncGenerator[{kind}]"
        case "portions":
            return "AsyncGenerator[Record]"
        case "csv":
            return "AsyncGenerator[bytes]"
        case "many" | "all":
            return f"AsyncGenerator[{kind}]" if operation.is_listed else f"builtins.list[{kind}]"
        case "bulk":
            return "builtins.list[BulkResult]"
        case "text":
            return "str | None"
        case "bool":
            return "bool"
        case "none":
            return "None"
    return kind


def _model(operation: Operation) -> str:
    if operation.shape in ("text", "bool", "none", "csv", "bulk", "portions"):
        return Record.__name__
    return model(operation.model).__name__


def _wrapped(start: str, name: str, given: list[str], answer: str) -> str:
    """As the formatter would write it."""
    parameters = ["self", *given]
    for text in (
        f"    {start} {name}({', '.join(parameters)}) -> {answer}: ...",
        f"    {start} {name}(\n        {', '.join(parameters)}\n    ) -> {answer}: ...",
    ):
        if all(len(line) <= _LONGEST for line in text.splitlines()):
            return text
    lines = "".join(f"        {parameter},\n" for parameter in parameters)
    return f"    {start} {name}(\n{lines}    ) -> {answer}: ..."


if __name__ == "__main__":
    PATH.write_text(stubs(), encoding="utf-8")
