"""Sinks by their address, as `--to` takes it."""

from konfipay_async.errors import ConfigurationError
from konfipay_async.pull.sinks import Sink
from konfipay_async.pull.sinks.formats import FORMATS

__all__ = ["sink_at"]


def sink_at(address: str, *, source: str = "default", origin: str, pending_apart: bool = False) -> Sink:
    """The sink at an address, not opened yet.

    ``sqlite:///FILE`` and ``postgresql://USER:PASSWORD@HOST/NAME`` are databases, ``jsonl:FOLDER``, ``csv:FOLDER`` and
    ``parquet:FOLDER`` files; what `source` and `origin` are is said there. `pending_apart` keeps what was read from
    interim reports in a table, or a folder, of its own. ConfigurationError for an address that is none, here or when
    the sink is opened.
    """
    kind, colon, rest = address.partition(":")
    if kind not in FORMATS or not colon:
        from konfipay_async.pull.sinks.sql import SqlSink

        return SqlSink(address, source=source, origin=origin, pending_to_own_table=pending_apart)
    if not rest or (rest.startswith("//") and not rest.startswith("///")):
        raise ConfigurationError(f"the address {address!r} names no folder; write {kind}:FOLDER, like {kind}:bookings")
    from konfipay_async.pull.sinks.files import FileSink

    return FileSink(kind, rest, source=source, origin=origin, pending_to_own_folder=pending_apart)
