"""The address of a log: where it is, and what else it says of how to record."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import parse_qsl, urlencode

from konfipay_async.communication.schema import Database
from konfipay_async.errors import ConfigurationError, MissingExtraError

__all__ = ["OPTIONS", "Address", "address_of", "connect"]

OPTIONS: Final = ("level", "keep", "rows", "days", "megabytes")
"""What an address may say behind its question mark; other options are the database's."""

_HOW: Final = (
    "an SQLite file is written sqlite:///api.db, with its whole path sqlite:////var/log/api.db, a PostgreSQL database "
    "postgresql://user:password@host:5432/name"
)


@dataclass(frozen=True)
class Address:
    """A file, or the URL of a server's database (with a password, so it is not shown), and the options."""

    kind: Literal["sqlite", "postgresql"]
    target: str = field(repr=False)
    options: Mapping[str, str] = field(default_factory=dict)


def address_of(url: str) -> Address:
    """What a URL says. ConfigurationError for one that is none."""
    if not isinstance(url, str):
        raise ConfigurationError(f"the address of a communication log must be a str, not {type(url).__name__}; {_HOW}")
    where, _, query = url.strip().partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    options = {name: value for name, value in pairs if name in OPTIONS}
    others = [(name, value) for name, value in pairs if name not in OPTIONS]
    scheme, separator, rest = where.partition("://")
    if scheme in ("postgresql", "postgres", "postgresql+psycopg") and separator and rest:
        return Address("postgresql", f"postgresql://{rest}{'?' if others else ''}{urlencode(others)}", options)
    path = rest.removeprefix("/")
    if scheme != "sqlite" or not rest.startswith("/") or not path or path == ":memory:":
        raise ConfigurationError(f"cannot read the address of the communication log; {_HOW}")
    if others:
        raise ConfigurationError(
            f"the address of the communication log has an option {others[0][0][:20]!r} that is none; there are "
            f"{', '.join(OPTIONS)}"
        )
    return Address("sqlite", path, options)


def connect(address: Address, *, writes: bool) -> Database:
    """The log there, made where there is none and it is to be written. MissingExtraError, StorageError."""
    if address.kind == "sqlite":
        from konfipay_async.communication.sqlite import SqliteFile

        return SqliteFile(address.target, writes=writes)
    try:
        from konfipay_async.communication.postgresql import Postgresql
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "psycopg":
            raise
        raise MissingExtraError("a communication log in PostgreSQL", "postgres") from None
    return Postgresql(address.target, writes=writes)
