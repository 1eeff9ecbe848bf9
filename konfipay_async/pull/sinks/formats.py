"""Rows as the content of files. Pure: a format gives, for each folder that gets a file, that file's bytes.

All have the columns of `rows.COLUMNS`, in this order. In JSON lines and CSV every value is text as the database sink
keeps it in SQLite, amounts with every digit ("10.90"), moments with the offset they came with.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from konfipay_async.pull.arrow import of_rows
from konfipay_async.pull.sinks.rows import COLUMNS, Value

__all__ = ["FORMATS", "Format"]

_Rows = Sequence[tuple[Value, ...]]


class Format(NamedTuple):
    """The ending of its files' names, and what makes their content."""

    ending: str
    encode: Callable[[_Rows], dict[str, bytes]]


def _jsonl(rows: _Rows) -> dict[str, bytes]:
    """An object a line, in UTF-8. What is missing is null."""
    lines = [msgspec.json.encode(dict(zip(COLUMNS, row, strict=True))) for row in rows]
    return {"": b"\n".join([*lines, b""])}


def _csv(rows: _Rows) -> dict[str, bytes]:
    """RFC 4180 in UTF-8, with a head. What is missing is empty, as an empty text is; booleans are true and false."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([_WORDS[value] if isinstance(value, bool) else value for value in row] for row in rows)
    return {"": text.getvalue().encode()}


_WORDS = {True: "true", False: "false"}


def _parquet(rows: _Rows) -> dict[str, bytes]:
    """A file for each month of booking ("2025-02", or "unknown"), in a folder named as Hive and its readers do it."""
    import pyarrow
    import pyarrow.parquet

    months: defaultdict[str, list[tuple[Value, ...]]] = defaultdict(list)
    for row in rows:
        day = row[_BOOKING_DATE]
        months[day[:7] if isinstance(day, str) else "unknown"].append(row)
    files = {}
    for month, these in months.items():
        content = pyarrow.BufferOutputStream()
        pyarrow.parquet.write_table(of_rows(these), content)
        files[f"booking_month={month}"] = content.getvalue().to_pybytes()
    return files


_BOOKING_DATE = COLUMNS.index("booking_date")

FORMATS = {"jsonl": Format("jsonl", _jsonl), "csv": Format("csv", _csv), "parquet": Format("parquet", _parquet)}
"""By the name an address has before its colon."""
