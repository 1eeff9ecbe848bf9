"""Bookings as an Arrow table, for pandas, polars, DuckDB and whatever else reads Arrow (the extra ``parquet``)::

    table = konfipay_async.pull.arrow.table(page.transactions)
    polars.from_arrow(table)
    table.to_pandas(types_mapper=pandas.ArrowDtype)

Amounts are exact decimals, days are days, and moments are UTC with microseconds; one without an offset is taken for
German local time (inferred: konfipay's are, with an offset).
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from konfipay_async.errors import MissingExtraError, StorageError
from konfipay_async.models.transactions import Transaction
from konfipay_async.pull.sinks.rows import COLUMNS, Value, row

if TYPE_CHECKING:
    import pyarrow

__all__ = ["SCALE", "of_rows", "table"]

SCALE = 10
"""Digits after the point that an amount has: it is decimal128(38, 10), so that all tables have one schema."""

_MOMENTS = ("timestamp", "first_seen_at", "last_seen_at", "changed_at")
_DAYS = ("booking_date", "value_date")
_KEPT_BY_SINKS = ("source", "first_seen_at", "last_seen_at", "changed_at")


def table(transactions: Iterable[Transaction], *, amounts: Literal["decimal", "text"] = "decimal") -> "pyarrow.Table":
    """One row for each transaction, in order; the columns are those of docs/schema.md that a booking itself has.

    The schema is the same for every table. With ``amounts="text"`` an amount is the text of its digits ("10.90"), as
    many as there are. MissingExtraError without pyarrow; StorageError where an amount does not fit decimal128(38, 10).
    """
    rows = [row(transaction, "", "") for transaction in transactions]
    return of_rows(rows, amounts=amounts, without=_KEPT_BY_SINKS)


def of_rows(
    rows: Sequence[tuple[Value, ...]],
    *,
    amounts: Literal["decimal", "text"] = "decimal",
    without: Sequence[str] = (),
) -> "pyarrow.Table":
    """The same of rows as `rows.row` builds them, with the columns that a sink adds."""
    try:
        import pyarrow as pa
    except ModuleNotFoundError:
        raise MissingExtraError("an Arrow table", "parquet") from None
    kinds: dict[str, tuple[Any, Callable[[Any], Any]]] = {
        **dict.fromkeys(_MOMENTS, (pa.timestamp("us", tz="UTC"), _moment)),
        **dict.fromkeys(_DAYS, (pa.date32(), date.fromisoformat)),
        "is_new": (pa.bool_(), bool),
    }
    if amounts == "decimal":
        kinds["amount"] = (pa.decimal128(38, SCALE), _amount)
    arrays, fields = [], []
    for index, name in enumerate(COLUMNS):
        if name in without:
            continue
        kind, convert = kinds.get(name, (pa.string(), str))
        values = [None if (value := values[index]) is None else convert(value) for values in rows]
        try:
            arrays.append(pa.array(values, type=kind))
        except pa.ArrowInvalid:
            raise _does_not_fit(rows, index) from None
        fields.append(pa.field(name, kind))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def _amount(text: str) -> Decimal:
    # Zeros at its end would count among the 38 digits.
    return Decimal(text.rstrip("0") if "." in text else text)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        from zoneinfo import ZoneInfo

        moment = moment.replace(tzinfo=ZoneInfo("Europe/Berlin"))
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # the year 1, which stands for "never", would begin in the year 0
        return moment.replace(tzinfo=UTC)


def _does_not_fit(rows: Sequence[tuple[Value, ...]], index: int) -> StorageError:
    rid = next((values[1] for values in rows if not _fits(values[index])), "?")
    return StorageError(
        f"booking {rid}: the field {COLUMNS[index]} does not fit decimal128(38, {SCALE}), which has "
        f"{38 - SCALE} digits before the point and {SCALE} after it; amounts as text fit"
    )


def _fits(text: Value) -> bool:
    whole, _, part = str(text).lstrip("-").partition(".")
    return len(whole) <= 38 - SCALE and len(part.rstrip("0")) <= SCALE
