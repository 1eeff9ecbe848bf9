"""The recorder: takes what a session tells of each attempt, and has it masked and written by a thread of its own.

Recording neither blocks nor raises. What could not be kept is counted, by reason: `CommunicationLog.status` tells it, a
warning of the logger does, and the log itself as soon as it can be written again.
"""

import os
import threading
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, Self, cast, get_args

from konfipay_async.communication.addresses import address_of, connect
from konfipay_async.communication.attempts import Source, heard
from konfipay_async.communication.masking import Masker
from konfipay_async.communication.worker import Worker
from konfipay_async.communication.writing import SMALLEST, Writer
from konfipay_async.errors import ConfigurationError
from konfipay_async.session.clock import Clock, SystemClock
from konfipay_async.session.manager import Attempt, Recorder

__all__ = ["CommunicationLog", "Level", "LogStatus", "shared_log"]

Level = Literal["overview", "details"]
"""How much is kept: what the overview shows, or headers and contents too."""

_MiB: Final = 1024 * 1024
_DAY: Final = 86400.0


@dataclass(frozen=True)
class LogStatus:
    """How a log fares: entries written, lost (by reason) and waiting, and what keeps it from being written, if anything
    does."""

    written: int
    lost: Mapping[str, int]
    waiting: int
    is_paused: bool
    failure: str | None


class CommunicationLog:
    """Keeps each attempt of each request in the store at `url`: ``sqlite:///api.db``, or PostgreSQL.

    Hand it to clients as `communication_log`; any number of them, and of keys, may share one, also from several event
    loops. It opens with the first of them and closes with the last, or stays open as long as it is used as a context
    manager. Closing writes what waits.

    `level` is "overview" (method, URL, status, times) or "details" (headers and contents too). Keys, tokens, secrets
    and card data are never kept; other values that are not known to be harmless only where their names are in `keep`:
    of fields, parameters and headers. Lists keep their first `rows`. Entries stay for `days` (None: for ever) and take
    no more than `megabytes` (None: no limit); the oldest go first. The URL may say all of it too, and goes before:
    ``sqlite:///api.db?level=details&keep=amount,currency&rows=3&days=30&megabytes=256``.

    ConfigurationError for arguments that cannot be.
    """

    def __init__(
        self,
        url: str,
        *,
        level: Level = "overview",
        keep: Iterable[str] = (),
        rows: int = 3,
        days: float | None = 30,
        megabytes: float | None = 256,
        clock: Clock | None = None,
    ) -> None:
        address = address_of(url)
        said = address.options
        self.level = _level(said.get("level", level))
        kept = [name for name in said["keep"].split(",") if name] if "keep" in said else keep
        self._masker = Masker(keep=kept, rows=_whole(said["rows"]) if "rows" in said else rows)
        days = _number("days", said.get("days", days), least=0.01)
        megabytes = _number("megabytes", said.get("megabytes", megabytes), least=SMALLEST / _MiB)
        keeps = None if days is None else days * _DAY
        limit = None if megabytes is None else int(megabytes * _MiB)
        self._worker = Worker(
            lambda: Writer(connect(address, writes=True), keeps=keeps, limit=limit),
            masker=self._masker,
            clock=clock or SystemClock(),
        )
        self._users = 0
        self._opening = threading.Lock()
        self._is_paused = False
        _ALL.add(self)

    def open(self) -> None:
        """Open the store, or count one user more. Blocks.

        StorageError for a store that is not ours or can never be written, MissingExtraError without its library. One
        that is away or full is tried again later, and what happens meanwhile waits as far as there is room.
        """
        with self._opening:
            if not self._users:
                self._worker.start()
            self._users += 1

    def close(self) -> None:
        """Write what waits; the last user closes the store. Blocks, and never raises for what cannot be written."""
        with self._opening:
            if not self._users:
                return
            self._users -= 1
            if not self._users:
                self._worker.stop()
            elif self._worker.trouble is None:  # or it would be tried again for each of them
                self._worker.flush()

    def flush(self) -> None:
        """Return when what was recorded so far is written, or was tried to be. Blocks."""
        with self._opening:
            if self._users:
                self._worker.flush()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def pause(self) -> None:
        """Record nothing until `resume`."""
        self._is_paused = True

    def resume(self) -> None:
        """Record again."""
        self._is_paused = False

    def status(self) -> LogStatus:
        """How it fares."""
        worker = self._worker
        return LogStatus(worker.written, worker.lost, worker.waiting, self._is_paused, worker.trouble)

    def recorder(
        self,
        *,
        base_url: str,
        key_name: str = "",
        headers: Mapping[str, str] | None = None,
        secrets: Iterable[str] = (),
        also: Recorder | None = None,
    ) -> Recorder:
        """What a session of a client tells of its attempts; `also` is told the same.

        `headers` go with each of its requests, `secrets` (its key) are masked wherever they turn up.
        """
        self._masker.know(*secrets)
        scheme, _, rest = base_url.partition("://")
        return _Recorder(self, Source(base_url, f"{scheme}://{rest.partition('/')[0]}", key_name, headers or {}), also)


_ALL: "Final[weakref.WeakSet[CommunicationLog]]" = weakref.WeakSet()
_SHARED: "Final[weakref.WeakValueDictionary[tuple[str, str, int], CommunicationLog]]" = weakref.WeakValueDictionary()


def shared_log(url: str, clock: Clock) -> CommunicationLog:
    """The log at a URL that all clients of the process share which were given that URL: one thread is enough for it."""
    address = address_of(url)
    file = os.path.abspath(address.target) if address.kind == "sqlite" else ""
    key = (url, file, 0 if isinstance(clock, SystemClock) else id(clock))
    log = _SHARED.get(key)
    return log if log is not None else _SHARED.setdefault(key, CommunicationLog(url, clock=clock))


def _fork() -> None:
    for log in _ALL:
        # Another thread may have held it, and is not here to let go.
        log._opening = threading.Lock()
        log._worker.fork()


if hasattr(os, "register_at_fork"):  # not on Windows, where nobody forks
    os.register_at_fork(after_in_child=_fork)


class _Recorder:
    """Tells a log of the attempts of one client."""

    def __init__(self, log: CommunicationLog, source: Source, also: Recorder | None) -> None:
        self._log = log
        self._source = source
        self._also = also
        self._details = log.level == "details"

    def record(self, attempt: Attempt) -> None:
        if not self._log._is_paused:
            self._log._worker.put(heard(self._source, attempt, details=self._details))
        if self._also is not None:
            self._also.record(attempt)


def _level(level: str) -> Level:
    if level not in get_args(Level):
        raise ConfigurationError(f"level={level!r}: give 'overview' or 'details'")
    return cast("Level", level)


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise ConfigurationError(f"rows={text[:20]!r}: give a whole number of rows that are kept of a list")
    return int(text)


def _number(name: str, value: object, *, least: float) -> float | None:
    """None stays None, and so does the word of an address for it."""
    if value is None or value == "none":
        return None
    try:
        is_written = value.isascii() if isinstance(value, str) else not isinstance(value, bool)
        number = float(value) if isinstance(value, str | int | float) and is_written else -1.0
    except ValueError:
        number = -1.0
    if not least <= number < 1e9:
        raise ConfigurationError(f"{name}={str(value)[:20]!r}: give a number, {least:g} or more, or none for no limit")
    return number
