"""What was sent and must happen once: a ledger on this machine, in one SQLite file.

The intent is committed before a request leaves, its outcome when it is known. A program that is killed in between
leaves an open entry, and what is open is not sent again unseen: not by this program, not by another that uses the
same file. The check and the entry are one transaction, so of two who want to send the same only one may.

The file has SQLite's rollback journal with ``synchronous=EXTRA``, which is FULL and also survives a power cut right
after the commit. It holds no names and no account numbers: payments are told apart by hashes and sums. It is made for
its owner alone (0600). SQLite's locks are not safe on network file systems, so keep it on a local disk.

Calls block for a few milliseconds, and up to `patience` seconds where another program writes: await them in a thread.
They may come from any thread.
"""

import os
import re
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias, get_args
from urllib.parse import urlsplit

from konfipay_async.errors import (
    AlreadySubmittedError,
    ClientStateError,
    ConfigurationError,
    StorageBusyError,
    StorageError,
)

__all__ = ["Entry", "Ledger", "Outcome", "Settled", "server_of"]

Settled: TypeAlias = Literal["done", "refused", "not sent", "unknown"]
Outcome: TypeAlias = Literal["intended", "done", "refused", "not sent", "unknown"]
"""What became of an entry. "intended" and "unknown" are open: nobody knows whether it arrived."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One submission, as the ledger has it.

    `kind` says what was sent, `origin` to which base URL, `sha256` which bytes, `sent_at` when (seconds since the
    epoch), `rid` what the server calls it. `forced` ones were let pass although the same had been sent before. Of a
    payment file there are its message id, the number and sum of its orders, and hashes of the accounts it pays; of new
    payments all but the id; of a submission the ids of what was submitted (`rids`).
    """

    id: int
    kind: str
    origin: str
    sha256: str
    sent_at: float
    outcome: Outcome
    rid: str | None = None
    forced: bool = False
    message_id: str | None = field(default=None, repr=False)
    orders: int | None = None
    control_sum: Decimal | None = None
    counterparties: frozenset[str] = field(default=frozenset(), repr=False)
    rids: tuple[str, ...] = field(default=(), repr=False)

    @property
    def is_open(self) -> bool:
        """Whether nobody knows if it arrived."""
        return self.outcome in _OPEN


def server_of(origin: str) -> str:
    """The server of a base URL, as scheme, host and port: what entries are compared by, whatever the path is."""
    try:
        parts = urlsplit(origin)
        port = parts.port or _PORTS.get(parts.scheme)
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return origin
    return f"{parts.scheme}://{host}:{port}" if host else origin


class Ledger:
    """The ledger in the file `path`, which is made where there is none.

    `period`: for how many seconds what arrived stands against sending it again; later it counts as something new. What
    is open stands until it is settled.
    `patience`: for how many seconds to wait for another program's write.
    """

    def __init__(self, path: Path | str, *, period: float = 48 * 3600.0, patience: float = 5.0) -> None:
        if path == ":memory:":
            raise ConfigurationError("a ledger must outlive the program that writes it: give it a file, not memory")
        self._path = os.path.realpath(path)
        self._period = _positive("period", period)
        self._patience = _positive("patience", patience)
        self._connection: sqlite3.Connection | None = None
        self._turn = threading.Lock()

    def open(self) -> None:
        """Open the file, or make it.

        StorageError where it cannot be used: another program's database, written by a newer version, damaged, not
        writable. StorageBusyError where another program does not let go of it.
        """
        with self._turn:
            if self._connection is not None:
                raise ClientStateError("the ledger is open already")
            with self._explained():
                self._connection = _opened(self._path, self._patience)

    def close(self) -> None:
        """Let go of the file; closing again does nothing."""
        with self._turn:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def intend(
        self,
        kind: str,
        origin: str,
        sha256: str,
        *,
        message_id: str | None = None,
        orders: int | None = None,
        control_sum: Decimal | None = None,
        counterparties: Iterable[str] = frozenset(),
        rids: Iterable[str] = (),
        at: float,
        force: bool = False,
        refuse_done: bool,
    ) -> int:
        """Note that something is about to leave, and return its entry for `settle`.

        AlreadySubmittedError where the same went to the same server and nobody knows whether it arrived, or, with
        `refuse_done`, where it did arrive within the period. The same are the same bytes as the same kind, where an
        upload and an extraction of a file are one kind. A file that was built anew has other bytes, so while the
        outcome of an entry is open, one with the same message id, or with the same number, sum and counterparties of
        orders, counts as the same, whatever its kind; where both are the same, also when it did arrive. So does, while
        it is open, a submission of which some payments are the same.

        What was refused or not sent stands against nothing, and with `force` nothing does. An entry later than `at` (a
        clock was set back) counts as within the period. `at` is in seconds since the epoch; `counterparties` are
        hashes.
        """
        accounts = frozenset(_hash("counterparties", account) for account in counterparties)
        new = Entry(
            id=0,
            kind=_text("kind", kind),
            origin=_text("origin", origin),
            sha256=_hash("sha256", sha256),
            sent_at=_moment("at", at),
            outcome="intended",
            forced=bool(force),
            message_id=message_id if message_id is None else _text("message_id", message_id),
            orders=orders if orders is None else _count("orders", orders),
            control_sum=control_sum,
            counterparties=accounts,
            rids=tuple(_word("rids", rid) for rid in rids),
        )
        row = (
            *(new.kind, new.origin, new.sha256, new.sent_at, new.forced, new.message_id, new.orders),
            control_sum if control_sum is None else _canonical("control_sum", control_sum),
            " ".join(sorted(accounts)),
            " ".join(new.rids),
        )
        with self._connected() as connection, _immediately(connection):
            if not force:
                known = connection.execute(_ALIKE, (new.sent_at - self._period, new.sha256, new.message_id))
                for entry in map(_entry, known):
                    same = _same(entry, new, refuse_done=refuse_done)
                    if same is not None:
                        raise _already(entry, same)
            noted = connection.execute(_INTEND, row)
            assert noted.lastrowid is not None  # noqa: S101
            return noted.lastrowid

    def settle(self, entry: int, outcome: Settled, rid: str | None = None) -> None:
        """Note what became of an entry, and what the server calls it, if that is known.

        What is open may be settled, and "unknown" is settled again when it was looked up. "not sent" becomes "done" or
        "refused" where the server says so after all: a person may have been wrong. Saying the same again does nothing.
        StorageError where there is no such entry, or where it has another outcome or rid already.
        """
        if outcome not in get_args(Settled):
            allowed = ", ".join(map(repr, get_args(Settled)))
            raise ConfigurationError(f"outcome={outcome!r}: an entry is settled as {allowed}")
        with self._connected() as connection, _immediately(connection):
            row = connection.execute(f"{_SELECT} WHERE id = ?", (entry,)).fetchone()
            if row is None:
                raise StorageError(f"the ledger {self._path} has no entry {entry} to settle")
            known = _entry(row)
            is_evidence = known.outcome == "not sent" and outcome in ("done", "refused")
            if known.outcome != outcome and not known.is_open and not is_evidence:
                raise StorageError(
                    f"entry {entry} of the ledger {self._path} is settled as {known.outcome!r}, not as {outcome!r}"
                )
            if known.rid and rid and known.rid != rid:
                raise StorageError(f"entry {entry} of the ledger {self._path} has the rId {known.rid}, not {rid}")
            connection.execute(
                "UPDATE submissions SET outcome = ?, rid = ? WHERE id = ?", (outcome, known.rid or rid or None, entry)
            )

    def entries(
        self, *, origin: str | None = None, kind: str | None = None, outcome: Outcome | None = None
    ) -> list[Entry]:
        """What the ledger holds, the newest entry first; None does not filter, and `origin` is any URL of a server."""
        wanted = {"kind": kind, "outcome": outcome}
        given = {name: value for name, value in wanted.items() if value is not None}
        where = " AND ".join(["1", *(f"{name} = :{name}" for name in given)])
        with self._connected() as connection:
            rows = connection.execute(f"{_SELECT} WHERE {where} ORDER BY id DESC", given).fetchall()
        server = None if origin is None else server_of(origin)
        return [entry for entry in map(_entry, rows) if server in (None, server_of(entry.origin))]

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        with self._turn:
            connection = self._connection
            if connection is None:
                raise ClientStateError("the ledger is not open: open() it, or use it in a with statement")
            with self._explained():
                yield connection

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _explained(error, self._path) from None
        except OSError as error:
            raise StorageError(f"the ledger {self._path} cannot be opened: {error.strerror}") from None


# Says whose file it is: "kfpl".
_APPLICATION = 0x6B66706C
_VERSION = 2

_TABLES = (
    """
    CREATE TABLE submissions (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL,
        origin TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        sent_at REAL NOT NULL,
        forced INTEGER NOT NULL,
        message_id TEXT,
        orders INTEGER,
        control_sum TEXT,
        counterparties TEXT NOT NULL,
        outcome TEXT NOT NULL CHECK (outcome IN ('intended', 'done', 'refused', 'not sent', 'unknown')),
        rid TEXT
    )
    """,
    "CREATE INDEX same ON submissions (sha256, kind, origin)",
)
# Since version 2.
_ADDITIONS = (
    "ALTER TABLE submissions ADD COLUMN rids TEXT NOT NULL DEFAULT ''",
    "CREATE INDEX same_message ON submissions (message_id)",
    "CREATE INDEX outcomes ON submissions (outcome)",
    f"PRAGMA user_version = {_VERSION}",
    f"PRAGMA application_id = {_APPLICATION}",
)

_COLUMNS = (
    "id, kind, origin, sha256, sent_at, outcome, rid, forced, message_id, orders, control_sum, counterparties, rids"
)
_SELECT = f"SELECT {_COLUMNS} FROM submissions"  # noqa: S608
_ALIKE = f"""
    {_SELECT}
    WHERE outcome IN ('intended', 'unknown') OR (sent_at > ? AND (sha256 = ? OR message_id = ?))
    ORDER BY id DESC
    """
_INTEND = """
    INSERT INTO submissions
        (kind, origin, sha256, sent_at, forced, message_id, orders, control_sum, counterparties, rids, outcome)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'intended')
    """

_PORTS = {"https": 443, "http": 80}
_OPEN: tuple[Outcome, ...] = ("intended", "unknown")


def _opened(path: str, patience: float) -> sqlite3.Connection:
    # Made by hand where it is not there, because SQLite would let others of this machine read it.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    connection = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA synchronous = EXTRA")
        with _immediately(connection):
            _prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: str) -> None:
    """Make the table in an empty file, and see that another is ours."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application == _APPLICATION:
        if version > _VERSION:
            raise StorageError(
                f"the ledger {path} was written by a newer version of konfipay-async (its format is {version}, this "
                f"version knows {_VERSION}); use that version"
            )
        if version < _VERSION:
            _execute_all(connection, _ADDITIONS)
        return
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application or version or tables:
        raise StorageError(f"{path} is a database of another program, no ledger; give the ledger a file of its own")
    _execute_all(connection, (*_TABLES, *_ADDITIONS))


def _execute_all(connection: sqlite3.Connection, statements: Iterable[str]) -> None:
    for statement in statements:
        connection.execute(statement)


@contextmanager
def _immediately(connection: sqlite3.Connection) -> Iterator[None]:
    """A transaction that holds the right to write from its begin: what it reads stays true until it commits."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # SQLite has ended the transaction by itself after some errors.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _entry(row: tuple[Any, ...]) -> Entry:
    id_, kind, origin, sha256, sent_at, outcome, rid, forced, message_id, orders, control_sum, others, rids = row
    return Entry(
        id=id_,
        kind=kind,
        origin=origin,
        sha256=sha256,
        sent_at=sent_at,
        outcome=outcome,
        rid=rid,
        forced=bool(forced),
        message_id=message_id,
        orders=orders,
        control_sum=None if control_sum is None else Decimal(control_sum),
        counterparties=frozenset(others.split()),
        rids=tuple(rids.split()),
    )


def _same(known: Entry, new: Entry, *, refuse_done: bool) -> str | None:
    """What is the same of both, where the one that is known stands against the new one."""
    stands = known.is_open or (known.outcome == "done" and refuse_done)
    if not stands or server_of(known.origin) != server_of(new.origin):
        return None
    if known.sha256 == new.sha256 and _FAMILY.get(known.kind, known.kind) == _FAMILY.get(new.kind, new.kind):
        return "the same"
    if known.is_open and known.kind == new.kind and not set(known.rids).isdisjoint(new.rids):
        return "some of the same payments"
    is_named_alike = known.message_id is not None and known.message_id == new.message_id
    has_its_orders = known.orders is not None and (
        (known.orders, known.control_sum, known.counterparties) == (new.orders, new.control_sum, new.counterparties)
    )
    if is_named_alike and (has_its_orders or known.is_open):
        return "a file with the same message id"
    return "the same orders" if has_its_orders and known.is_open else None


# Either way its orders are there, and may be paid.
_FAMILY = {"payment_files.extract": "payment_files.upload"}


def _already(entry: Entry, same: str) -> AlreadySubmittedError:
    moment = datetime.fromtimestamp(entry.sent_at, UTC).isoformat(" ", "seconds")
    became = {
        "intended": "and nobody noted what became of it (it is being sent now, or its program was ended)",
        "unknown": "and nobody knows whether it arrived",
        "done": f"with success{f' (rId {entry.rid})' if entry.rid else ''}",
    }[entry.outcome]
    advice = "look it up first (reconcile) and settle it" if entry.is_open else "look it up"
    return AlreadySubmittedError(
        f"{same} ({entry.kind}) was sent at {moment} {became}, entry {entry.id} of the ledger; nothing was sent now: "
        f"{advice}, or send it with again=True (--again) if it is meant to be sent twice",
        sent_at=entry.sent_at,
        rid=entry.rid,
        outcome=entry.outcome,
    )


def _explained(error: sqlite3.Error, path: str) -> StorageError:
    code: int = getattr(error, "sqlite_errorcode", 0) & 0xFF
    match code:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StorageBusyError(f"another program writes into the ledger {path} and does not let go of it")
        case sqlite3.SQLITE_FULL:
            return StorageError(f"there is no space for the ledger {path}: its disk is full")
        case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
            return StorageError(
                f"the ledger {path} is damaged, or no database; keep it to look up what was sent, and begin another"
            )
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return StorageError(f"the ledger {path} cannot be written: it and its directory must be writable")
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    return StorageError(f"the ledger {path} cannot be used ({name})")


# --- what may be written ---------------------------------------------------------------------------------------------

_SHA256 = re.compile(r"[0-9a-f]{64}")
# Nobody pays 10**41 of anything; written without an exponent, 1E+999999 would be a megabyte of zeros.
_MOST_DIGITS = 40
_YEAR_10000 = 253_402_300_800


def _text(name: str, value: object) -> str:
    try:
        if isinstance(value, str) and value.encode():
            return value
    except UnicodeEncodeError:  # half a character: not to be written
        pass
    raise ConfigurationError(f"{name}: give a text that is not empty")


def _word(name: str, value: object) -> str:
    text = _text(name, value)
    if text.split() != [text]:
        raise ConfigurationError(f"{name}: an id has no white space")
    return text


def _hash(name: str, value: object) -> str:
    # Nothing else is let in, so that no account number ever is.
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise ConfigurationError(f"{name}: give SHA-256 in hex, 64 small letters and digits")
    return value


def _count(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise ConfigurationError(f"{name}: give a number, 0 or more")
    return value


def _canonical(name: str, value: object) -> str:
    if not isinstance(value, Decimal) or not value.is_finite() or abs(value.adjusted()) > _MOST_DIGITS:
        raise ConfigurationError(f"{name}: give a finite Decimal; a float has no exact digits")
    return format(value if value else value.copy_abs(), "f")


def _moment(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _YEAR_10000:
        raise ConfigurationError(f"{name}={value!r}: give seconds since the epoch")
    return float(value)


def _positive(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise ConfigurationError(f"{name}={value!r}: give seconds, more than 0")
    return float(value)
