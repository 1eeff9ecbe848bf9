"""Looking into the database of a pull."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from konfipay_async.errors import MissingExtraError

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["looked_into"]


@contextmanager
def looked_into(to: str) -> "Iterator[Connection]":
    """A connection to the database at an address. MissingExtraError, ConfigurationError, StorageError."""
    try:
        from konfipay_async.pull.sinks.looking import look
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "sqlalchemy":
            raise
        raise MissingExtraError("a database", "sql") from None
    with look(to) as connection:
        yield connection
