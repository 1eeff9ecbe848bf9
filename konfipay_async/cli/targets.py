"""Where a pull writes, from what was said with `--to`."""

from pathlib import Path

from konfipay_async.pull.sinks import Sink
from konfipay_async.pull.sinks.sql import SqlSink

__all__ = ["shown", "sink_at", "sqlite_file"]


def sink_at(to: str, *, source: str, origin: str) -> Sink:
    """The sink at an address, not opened yet."""
    return SqlSink(to, source=source, origin=origin)


def shown(to: str) -> str:
    """The address without a password it may hold."""
    file = sqlite_file(to)
    return str(file) if file is not None else f"the database ({to.partition(':')[0]})"


def sqlite_file(to: str) -> Path | None:
    """The file behind an SQLite address; None for memory, and for addresses the sink will have a word about."""
    scheme, _, path = to.partition(":///")
    return Path(path) if scheme.startswith("sqlite") and path not in ("", ":memory:") else None
