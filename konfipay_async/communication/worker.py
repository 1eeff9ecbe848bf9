"""The thread that masks and writes, and the bounded queue in front of it.

What is put here waits for a moment, so that entries are written together. Where the store cannot be written, they wait
for longer, as long as there is room; what finds none is counted, and the store is told as soon as it can be.
"""

import logging
import secrets as random
import threading
from collections import deque
from collections.abc import Callable
from typing import Final

from konfipay_async.communication.attempts import Heard, entry_of
from konfipay_async.communication.entry import Entry
from konfipay_async.communication.masking import Masker
from konfipay_async.communication.writing import Writer
from konfipay_async.errors import StorageAwayError, StorageBusyError, StorageError
from konfipay_async.session.clock import Clock

__all__ = ["Worker"]

logger = logging.getLogger(__name__)

_MiB: Final = 1024 * 1024
# Seconds that entries gather before they are written; what a killed process loses.
_EVERY: Final = 0.25
# Attempts, and bytes of bodies, that wait at most.
_MOST_WAITING: Final = 10_000
_MOST_HELD: Final = 64 * _MiB
# Entries, and characters of details, that are written at once.
_AT_ONCE: Final = 500
_LARGEST_BATCH: Final = 256 * 1024
# Bytes of bodies that are masked at once.
_MASKED_AT_ONCE: Final = _MiB
# Entries that go at once because they are too old, or too many; and when somebody waits for the end.
_GO_AT_ONCE: Final = 1000
_GO_AT_THE_END: Final = 100
# Seconds without an entry being written, after which nobody waits any longer: a server that stands still ends no
# statement, and its connection looks alive.
_PATIENCE: Final = 15.0
# Seconds until a store that could not be written is tried again, first and at most.
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 30.0

_NO_ROOM: Final = "too many were waiting to be written"
_NOT_MASKED: Final = "they could not be masked"
_NOT_OPEN: Final = "the log was not open"

_DOES_NOT_ANSWER: Final = "the communication log's store does not answer"


class Worker:
    """Writes what it is given, in a thread of its own, from `start` to `stop`.

    `connect` opens the store.
    """

    def __init__(self, connect: Callable[[], Writer], *, masker: Masker, clock: Clock) -> None:
        self._connect = connect
        self._masker = masker
        self._clock = clock
        # What another process had open.
        self._others: list[Writer | None] = []
        self._begin_anew()

    def _begin_anew(self) -> None:
        # Makes the numbers of calls different from those of other processes.
        self._run = random.token_hex(4)
        # Shared with those who put something here; the lock is held for moments only.
        self._lock = threading.Lock()
        self._queue: deque[Heard] = deque()
        self._held = 0
        self._is_awake = False
        self._is_running = False
        # How often it was opened; a thread that was left goes on where it was opened anew.
        self._opened = 0
        self._stands_still = False
        self._asked = 0
        self._answered = threading.Condition(self._lock)
        self._answers = 0
        self._lost: dict[str, int] = {}
        self._untold: dict[str, int] = {}
        self._wake = threading.Event()
        self._hurry = threading.Event()
        self._thread: threading.Thread | None = None
        # The thread's own.
        self._writer: Writer | None = None
        self._batch: list[Entry] = []
        # How many of the batch are written at once, and what was tried and may have been written.
        self._most = _AT_ONCE
        self._tried: tuple[int, dict[str, int]] | None = None
        self._pause = _FIRST_PAUSE
        self.written = 0
        self.failure: str | None = None

    def start(self) -> None:
        """Open the store and begin. StorageError for one that will never do; one that is away or full is for later."""
        with self._lock:
            self._opened += 1
            if self._thread is not None and self._thread.is_alive():  # still, since it was stopped
                self._is_running = True
                return
        self.failure, self._pause = None, _FIRST_PAUSE
        try:
            self._writer = self._connect()
        except (StorageAwayError, StorageBusyError) as error:
            self._fails(error)
        with self._lock:  # or who puts something here in between starts another
            self._is_running = True
            self._start_thread()

    def fork(self) -> None:
        """Go on in a child of the process, where the thread is no more: it begins again with what is put here next.

        What waited is the parent's, who writes it, and so is its connection: closing it would close the parent's.
        """
        is_running = self._is_running
        self._others.append(self._writer)
        self._begin_anew()
        self._is_running = is_running

    def _start_thread(self) -> None:
        self._thread = threading.Thread(target=self._work, name="konfipay communication log", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, and end. What cannot be written is lost, and counted; a store that stands still is left."""
        with self._lock:
            self._is_running = False
            thread = self._thread
        if thread is None:
            return
        self._hurry.set()
        self._wake.set()
        written = -1
        while thread.is_alive() and written != self.written:
            written = self.written
            thread.join(_PATIENCE)
        if thread.is_alive():
            logger.warning("the communication log is left with %d entries: its store does not answer", self.waiting)

    def flush(self) -> None:
        """Return when all that was put here is written, or was tried to be, or the store stands still."""
        thread = self._thread
        if thread is None:
            return
        with self._lock:
            self._asked += 1
            asked = self._asked
        self._hurry.set()
        self._wake.set()
        written = -1
        with self._answered:
            while self._answers < asked and thread.is_alive():
                if written == self.written:
                    self._stands_still = True
                    break
                written = self.written
                self._answered.wait_for(lambda: self._answers >= asked, _PATIENCE)
        if self._stands_still:  # said without the lock: a handler may ask for the status
            logger.warning("%s", _DOES_NOT_ANSWER)

    def put(self, one: Heard) -> None:
        """Have it written. Neither blocks nor raises."""
        with self._lock:
            if len(self._queue) >= _MOST_WAITING or self._held + one.size > _MOST_HELD or not self._is_running:
                self._lose(_NO_ROOM if self._is_running else _NOT_OPEN)
                return
            self._queue.append(one)
            self._held += one.size
            if self._is_awake:
                return
            self._is_awake = True
            if self._thread is None or not self._thread.is_alive():
                self._start_thread()
        self._wake.set()

    @property
    def trouble(self) -> str | None:
        """What keeps it from being written, if anything does."""
        return _DOES_NOT_ANSWER if self._stands_still else self.failure

    @property
    def waiting(self) -> int:
        """How many are not written yet."""
        with self._lock:
            return len(self._queue) + len(self._batch)

    @property
    def lost(self) -> dict[str, int]:
        """How many could not be kept, by reason."""
        with self._lock:
            return dict(self._lost)

    def _lose(self, reason: str, count: int = 1) -> None:
        """With the lock held."""
        self._lost[reason] = self._lost.get(reason, 0) + count
        self._untold[reason] = self._untold.get(reason, 0) + count

    def _work(self) -> None:
        while True:
            # A thread has no clock of the session's to sleep by.
            if self.failure is None:
                self._wake.wait()
            self._hurry.wait(_EVERY if self.failure is None else self._pause)
            with self._lock:
                is_last, opened, asked = not self._is_running, self._opened, self._asked
                self._wake.clear()
                self._hurry.clear()
                self._is_awake = False
            self._round()
            self._forget(_GO_AT_THE_END if is_last else _GO_AT_ONCE)
            with self._answered:
                self._answers, self._stands_still = asked, False
                self._answered.notify_all()
            if is_last and self._ended(opened):
                return

    def _round(self) -> None:
        """Write what waits. While the store cannot be written, what was put here last is not taken out."""
        while True:
            if not self._batch:
                self._batch = self._taken()
            if not self._batch and not self._untold:
                return
            try:
                self._write()
            except StorageError as error:
                self._fails(error)
                return
            except Exception as error:
                # Of nothing we know, or of one of them. It must neither end the thread nor be tried for ever.
                count, self._tried = self._tried[0] if self._tried else 0, None
                if not count:
                    logger.warning("the communication log failed with %s", type(error).__name__)
                    return
                self._most = count // 2
                if count == 1:
                    self._most = 1
                    del self._batch[0]
                    with self._lock:
                        self._lose(f"writing them failed with {type(error).__name__}")

    def _forget(self, most: int) -> None:
        if self._writer is None:
            return
        try:
            self._writer.forget(self._clock.time(), most=most)
        except StorageError as error:
            self._fails(error)
        except Exception as error:
            logger.warning("the communication log failed with %s", type(error).__name__)

    def _taken(self) -> list[Entry]:
        """Of what waited as much as is written soon, masked."""
        notes: list[Heard] = []
        size = 0
        with self._lock:
            while self._queue and len(notes) < _AT_ONCE and size < _MASKED_AT_ONCE:
                notes.append(self._queue.popleft())
                size += notes[-1].size
            self._held -= size
        entries = []
        for note in notes:
            try:
                entries.append(entry_of(note, self._masker, run=self._run))
            except Exception as error:
                logger.debug("an entry of the communication log could not be masked: %s", type(error).__name__)
                with self._lock:
                    self._lose(_NOT_MASKED)
        return entries

    def _write(self) -> None:
        if self._writer is not None and not self._writer.is_there():
            self._let_go()
        if self._writer is None:
            self._writer = self._connect()
        again = self._tried is not None
        count, losses = self._tried = self._tried or self._next()
        told = [(lost, reason) for reason, lost in losses.items()]
        self._writer.write(self._batch[:count], told, now=self._clock.time(), again=again)
        self.written += count
        del self._batch[:count]
        self._tried, self._most = None, _AT_ONCE
        with self._lock:
            for reason, lost in losses.items():
                self._untold[reason] -= lost
                if not self._untold[reason]:
                    del self._untold[reason]
        if self.failure is not None:
            logger.warning("the communication log is written again")
            self.failure, self._pause = None, _FIRST_PAUSE
        if losses:
            logger.warning("%d entries of the communication log were lost: %s", sum(losses.values()), "; ".join(losses))

    def _next(self) -> tuple[int, dict[str, int]]:
        """How many of the batch are written next, and the losses that are told with them."""
        with self._lock:
            losses = dict(self._untold)
        count, size = 0, 0
        for entry in self._batch[: self._most]:
            size += sum(
                len(content.text or "") for content in (entry.request_content, entry.response_content) if content
            )
            if count and size > _LARGEST_BATCH:
                break
            count += 1
        return count, losses

    def _fails(self, error: StorageError) -> None:
        if self.failure is None:
            logger.warning("%s. What happens meanwhile waits, and is counted where there is no room for it", error)
        else:
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        self.failure = str(error)
        self._let_go()

    def _let_go(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    def _ended(self, opened: int) -> bool:
        """Whether it is over: not where it was opened anew since."""
        with self._lock:
            if self._opened != opened:
                return False
            left = len(self._batch) + len(self._queue)
            if left:
                self._lose("the store could not be written", left)
            self._queue.clear()
            self._held = 0
            self._batch, self._tried = [], None
            untold, self._untold = self._untold, {}
            writer, self._writer = self._writer, None
            self._thread = None
        if untold:
            logger.warning(
                "the communication log ended without %d entries: %s", sum(untold.values()), "; ".join(untold)
            )
        if writer is not None:
            writer.close()
        return True
