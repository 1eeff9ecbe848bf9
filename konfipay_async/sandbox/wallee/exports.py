"""Exports: what a search finds, as CSV."""

import csv
import io
from decimal import Decimal
from typing import Any, Final

from konfipay_async.sandbox.sending import Answer
from konfipay_async.sandbox.wallee.calls import Call
from konfipay_async.sandbox.wallee.links import lookup
from konfipay_async.sandbox.wallee.lists import matching
from konfipay_async.sandbox.wallee.wire import CSV, RefusedError

__all__ = ["LARGEST_EXPORT_OFFSET", "export"]

LARGEST_EXPORT_OFFSET: Final = 100_000
_USUAL: Final = 2000
_FIELDS: Final = ("id", "state", "createdOn")


def export(call: Call) -> Answer:
    """`fields` are the columns, in this order (id, state and createdOn unless others are named, which is made up).

    `limit` is 2000 when it is left out, `offset` at most 100 000 (official SDK).
    """
    limit, offset = call.query.whole("limit", _USUAL, 1) or _USUAL, call.query.whole("offset", 0, 0) or 0
    if offset > LARGEST_EXPORT_OFFSET:
        raise RefusedError(416, "The offset is too large", {"offset": f"at most {LARGEST_EXPORT_OFFSET}"})
    fields = call.query.all("fields") or _FIELDS
    ids = matching(call)[offset : offset + limit]
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\r\n")
    lines.writerow(fields)
    follow = call.world.follow(call.space)
    for id_ in ids:
        found = call.collection.view(id_)
        lines.writerow([_cell(lookup(found, call.operation.base, name, follow)) for name in fields])
    return Answer(200, text.getvalue().encode(), CSV, rows=len(ids))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, dict) and "id" in value:
        return str(value["id"])
    return str(value)
