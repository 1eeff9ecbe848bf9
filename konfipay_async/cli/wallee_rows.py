"""How rows of the signed API are shown: tables of what their models have, and all of it as JSON."""

import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from konfipay_async.cli.output import Column, ListOutput, cell, note, plain, writer

if TYPE_CHECKING:
    from konfipay_async.wallee.services import Operation

__all__ = ["PAGE", "by_names", "show_stream"]

PAGE = 100
"""Rows that are asked for, and shown, at once."""


async def show_stream(rows: AsyncGenerator[Any], operation: "Operation", output: ListOutput) -> None:
    """Show them as they come, a page at a time."""
    limit, shown = output.rows, 0
    write = writer(_columns(operation), json=output.json, as_json=by_names)
    held: list[Any] = []
    async with aclosing(rows):
        async for row in rows:
            held.append(row)
            if limit and shown + len(held) >= limit:
                break
            if len(held) == PAGE:
                write(held)
                sys.stdout.flush()
                shown += len(held)
                held = []
    write(held)
    shown += len(held)
    if sys.stdout.isatty():
        if not shown:
            note("There are none.")
        elif limit and shown == limit:
            note(f"The first {shown:,}; --limit 0 shows all of them.")


# What is shown of a row in a table, where its model has it. A Record has what it has.
_SHOWN: Sequence[tuple[str, bool]] = (
    ("id", True),
    ("state", True),
    ("type", False),
    ("amount", True),
    ("authorization_amount", True),
    ("completed_amount", True),
    ("refunded_amount", False),
    ("outstanding_amount", True),
    ("currency", True),
    ("given_name", True),
    ("family_name", True),
    ("name", True),
    ("email_address", True),
    ("merchant_reference", True),
    ("external_id", False),
    ("linked_transaction", True),
    ("created_on", True),
    ("version", False),
)


def _columns(operation: "Operation") -> list[Column[Any]]:
    from konfipay_async.wallee.models import Record, model

    kind: Any = model(operation.model)
    if kind is Record:
        return [_column(name, table=True) for name in ("id", "state", "name", "created_on")]
    return [_column(name, table=table) for name, table in _SHOWN if name in kind.__struct_fields__]


def _column(name: str, *, table: bool) -> Column[Any]:
    def value(row: Any) -> object:
        found = row.get(name) if hasattr(row, "raw") else getattr(row, name)
        return cell(by_names(found)) if isinstance(found, msgspec.Struct) or hasattr(found, "raw") else found

    return Column(name, value, right=name.endswith("amount"), whole=name == "id", table=table)


def by_names(value: Any) -> Any:
    """As JSON has it, by names in snake_case; of a Record, what came."""
    from konfipay_async.wallee.models import Record
    from konfipay_async.wallee.services import snake

    match value:
        case Record():
            return {snake(name): by_names(item) for name, item in value.raw.items()}
        case msgspec.Struct():
            return {name: by_names(getattr(value, name)) for name in value.__struct_fields__}
        case dict():
            return {name: by_names(item) for name, item in value.items()}
        case list():
            return [by_names(item) for item in value]
        case Decimal():
            return format(value, "f")
    return plain(value)
