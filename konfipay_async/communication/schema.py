"""The tables of the log, and how a log that an older version made becomes one of today.

`entries` holds what the overview shows and `details` the rest, so that looking through many entries reads little. Ids
are given by a counter in `about`: whoever writes holds its row, so they rise in the order of commits, and none is given
twice. How many bytes the entries say they take is there too, so that nobody has to add them up. Moments are
microseconds since the epoch, durations seconds, and 0 is the status of what got no answer. `failed` is 1 for that, for
statuses of 400 and above, and for answers that could not be read.
"""

from typing import Any, Final, Protocol

from konfipay_async.errors import StorageError

__all__ = [
    "DETAILS",
    "ENTRIES",
    "VERSIONS",
    "WHAT",
    "Database",
    "Row",
    "grow",
    "is_current",
    "last_id",
    "next_ids",
    "prepare",
    "size_of",
    "version_of",
]

Row = tuple[Any, ...]
"""Values of a statement, or what it finds."""

WHAT: Final = "konfipay-async communication log"

ENTRIES: Final = (
    *("id", "at", "method", "url", "status", "error", "duration", "waited", "attempt", "call", "key_name", "endpoint"),
    *("budget", "failed", "bytes"),
)
DETAILS: Final = ("id", "request_headers", "request_content", "response_headers", "response_content")

VERSIONS: Final[list[tuple[str, ...]]] = [
    (
        "CREATE TABLE entries (id {integer} PRIMARY KEY, at BIGINT NOT NULL, method TEXT NOT NULL, url TEXT NOT NULL, "
        "status SMALLINT NOT NULL, error TEXT, duration DOUBLE PRECISION NOT NULL, waited DOUBLE PRECISION NOT NULL, "
        "attempt INTEGER NOT NULL, call TEXT NOT NULL, key_name TEXT NOT NULL, endpoint TEXT NOT NULL, "
        "budget TEXT NOT NULL, failed SMALLINT NOT NULL, bytes INTEGER NOT NULL)",
        "CREATE INDEX entries_at ON entries (at, id)",
        "CREATE INDEX entries_status ON entries (status, at, id)",
        "CREATE INDEX entries_failed ON entries (failed, at, id)",
        "CREATE INDEX entries_call ON entries (call)",
        "CREATE TABLE details (id {integer} PRIMARY KEY, request_headers TEXT, request_content TEXT, "
        "response_headers TEXT, response_content TEXT)",
        "CREATE TABLE losses (at BIGINT NOT NULL, entries BIGINT NOT NULL, reason TEXT NOT NULL)",
    ),
    ("INSERT INTO about SELECT 'bytes', coalesce(sum(bytes), 0) FROM entries",),
    (
        # Minutes are counted from the index alone.
        "DROP INDEX entries_at",
        "CREATE INDEX entries_at ON entries (at, id, budget, status)",
    ),
]
"""What leads from each version to the next; the last one is today's."""

_LAST_ID: Final = "last_id"
_BYTES: Final = "bytes"
_VERSION: Final = "version"


class Database(Protocol):
    """What a kind of database does in its own way. Values stand in statements as ``?``."""

    name: str
    errors: type[Exception]
    of_values: tuple[type[Exception], ...]
    """Those of them that are about what should be written: other values could be."""
    integer: str
    """What the type of an id is called."""

    def execute(self, statement: str, values: Row = ()) -> list[Row]:
        """What one statement finds."""

    def execute_many(self, statement: str, rows: list[Row]) -> None: ...

    def begin(self) -> None:
        """Begin a transaction that writes."""

    def commit(self) -> None: ...

    def roll_back(self) -> None: ...

    def is_there(self) -> bool:
        """Whether what was opened is still what the address leads to."""

    def size(self) -> int:
        """Bytes that are used, and could not be used again."""

    def give_back(self, limit: int) -> None:
        """Return room to the system until no more than `limit` bytes are taken, as far as that is quickly done."""

    def explain(self, error: BaseException) -> StorageError:
        """A sentence for what the driver raised, without statements and values."""

    def close(self) -> None: ...


def prepare(database: Database, version: int) -> None:
    """Make a new log (version 0), or today's of an older one, in the transaction that is under way."""
    if version == 0:
        database.execute("CREATE TABLE about (name TEXT PRIMARY KEY, value BIGINT NOT NULL)")
        database.execute_many("INSERT INTO about VALUES (?, ?)", [(_LAST_ID, 0), (_VERSION, 0), (WHAT, 1)])
    for statements in VERSIONS[version:]:
        for statement in statements:
            database.execute(statement.format(integer=database.integer))
    database.execute("UPDATE about SET value = ? WHERE name = ?", (len(VERSIONS), _VERSION))


def is_current(database: Database, version: int) -> bool:
    """Whether it can be used as it is. StorageError for a log that a newer version made."""
    if version > len(VERSIONS):
        raise StorageError(
            f"the communication log {database.name} was made by a newer konfipay-async (its version is {version}, "
            f"this one knows {len(VERSIONS)}): update konfipay-async, or choose another log"
        )
    return version == len(VERSIONS)


def version_of(database: Database) -> int | None:
    """The version a table `about` tells of, None where it is another's table."""
    found: dict[str, Any] = dict(database.execute("SELECT name, value FROM about"))
    version = found.get(_VERSION)
    return version if WHAT in found and isinstance(version, int) else None


def next_ids(database: Database, count: int) -> int:
    """Take so many ids, in a transaction; the first of them. Others who write wait until it is over."""
    database.execute("UPDATE about SET value = value + ? WHERE name = ?", (count, _LAST_ID))
    return last_id(database) - count + 1


def last_id(database: Database) -> int:
    """The id that was given last."""
    return _value(database, _LAST_ID)


def grow(database: Database, size: int) -> None:
    """Count so many bytes more, or fewer, in a transaction."""
    database.execute("UPDATE about SET value = value + ? WHERE name = ?", (size, _BYTES))


def size_of(database: Database) -> int:
    """How many bytes all entries say they take."""
    return _value(database, _BYTES)


def _value(database: Database, name: str) -> int:
    ((value,),) = database.execute("SELECT value FROM about WHERE name = ?", (name,))
    return int(value)
