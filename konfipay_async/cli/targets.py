"""Where a pull writes, from what was said with `--to`."""

from pathlib import Path

from konfipay_async.pull.sinks.formats import FORMATS

__all__ = ["shown", "sqlite_file"]


def shown(to: str) -> str:
    """The address without a password it may hold."""
    kind, _, folder = to.partition(":")
    if kind in FORMATS:
        return f"{folder} ({kind})"
    file = sqlite_file(to)
    return str(file) if file is not None else f"the database ({kind})"


def sqlite_file(to: str) -> Path | None:
    """The file behind an SQLite address; None for memory, and for addresses the sink will have a word about."""
    scheme, _, path = to.partition(":///")
    return Path(path) if scheme.startswith("sqlite") and path not in ("", ":memory:") else None
