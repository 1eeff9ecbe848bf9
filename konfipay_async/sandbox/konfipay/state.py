"""The flags of a sandbox in a file, so that they survive a restart, even after kill -9.

The file is a journal of JSON lines: a head that says whose it is, then what happened, oldest first. A line is
appended in one write. A last line without its end is a write that was killed, and what it says was not answered
yet, so it is dropped. A new or shortened journal is written beside and put in place with os.replace.
There is no fsync: the file survives the end of the process, not necessarily that of the machine.

A line about flags of a key's own ends in the key's name. Lines without one are about the client's flags, so a file
that was begun with a single key goes on with several.
"""

from __future__ import annotations  # array[int] is an expression from Python 3.12 on only

import os
from array import array
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, cast

import msgspec

from konfipay_async.errors import ConfigurationError
from konfipay_async.sandbox.konfipay.store import Store, Where

__all__ = ["Journal"]

_FORMAT: Final = "konfipay-async sandbox state 1"
_LONG: Final = 200
"""Lines above which a journal is rewritten in short form when it is opened."""


def _runs(rows: Iterable[int]) -> list[int]:
    """First and last row of every run, one behind the other."""
    pairs: list[int] = []
    for row in sorted(rows):
        if pairs and pairs[-1] + 1 == row:
            pairs[-1] = row
        else:
            pairs += (row, row)
    return pairs


def _line(value: object) -> bytes:
    return msgspec.json.encode(value) + b"\n"


class Journal:
    """The state file of one store. Opening it brings the store to the state written there.

    `own` names the keys with flags of their own, in the order in which the store has them. Flags of another key in
    the file are refused: they could be neither used nor kept.
    """

    def __init__(self, path: Path, owner: dict[str, object], store: Store, own: Sequence[str] = ()) -> None:
        self._path = path
        self._names = ("", *own)
        self._owner = {"format": _FORMAT, **owner}
        self._arrivals: list[list[object]] = []
        try:
            self._open(store)
        except OSError as error:
            raise ConfigurationError(f"the state file {path} cannot be used: {error.strerror or error}") from error

    def _open(self, store: Store) -> None:
        try:
            raw = self._path.read_bytes()
        except FileNotFoundError:
            raw = b""
        if not raw:
            self._rewrite(store)
            return
        lines = raw.split(b"\n")
        torn = lines.pop()
        self._check_head(lines[0] if lines else torn)
        for number, line in enumerate(lines[1:], start=2):
            try:
                self._apply(msgspec.json.decode(line, type=list[str | int | list[int]]), store)
            except (ValueError, IndexError, TypeError) as error:
                raise ConfigurationError(f"line {number} of the state file {self._path} cannot be read") from error
        self._size = len(raw)
        if torn or len(lines) > _LONG:
            self._rewrite(store)

    def _check_head(self, line: bytes) -> None:
        try:
            head = msgspec.json.decode(line, type=dict[str, object])
        except ValueError:
            head = {}
        if head.get("format") != _FORMAT:
            raise ConfigurationError(f"the file {self._path} is no state file of this sandbox; it was left alone")
        others = [
            f"{name} {head.get(name)!r} instead of {value!r}"
            for name, value in self._owner.items()
            if head.get(name) != value
        ]
        if others:
            raise ConfigurationError(
                f"the state file {self._path} belongs to a sandbox with other data ({', '.join(others)}); "
                "it was left alone"
            )

    def _apply(self, entry: list[str | int | list[int]], store: Store) -> None:
        match entry:
            case ["arrive", int(count), ("start" | "end") as where, int(pending)] if count > 0:
                store.arrive(count, where, pending=bool(pending))
                self._note_arrival(count, where, bool(pending))
            case [("new" | "retrieved") as word, list() as pairs, *named] if len(pairs) % 2 == 0 and len(named) < 2:
                whose = self._whose(named[0]) if named else 0
                for first, last in zip(pairs[::2], pairs[1::2], strict=True):
                    if not 0 <= first <= last < len(store):
                        raise ValueError(pairs)
                    store.set_new(range(first, last + 1), word == "new", whose)
            case _:
                raise ValueError(entry)

    def _whose(self, name: str | int | list[int]) -> int:
        if not isinstance(name, str) or not name:
            raise ValueError(name)
        if name not in self._names:
            raise ConfigurationError(
                f"the state file {self._path} keeps flags of the API key {name!r}, and this sandbox has no key of that "
                "name with flags of its own; it was left alone"
            )
        return self._names.index(name)

    def _note_arrival(self, count: int, where: Where, pending: bool) -> list[object]:
        entry: list[object] = ["arrive", count, where, int(pending)]
        if self._arrivals and where == "end" and self._arrivals[-1][2:] == entry[2:]:
            # The order of rows that came in at the end does not depend on how many came at once.
            self._arrivals[-1] = ["arrive", cast(int, self._arrivals[-1][1]) + count, *entry[2:]]
        else:
            self._arrivals.append(entry)
        return entry

    def arrived(self, count: int, where: Where, pending: bool) -> None:
        """Rows have come in."""
        self._append(self._note_arrival(count, where, pending))

    def flagged(self, rows: array[int], new: bool, whose: int = 0) -> None:
        """The flags of these rows have changed."""
        if rows:
            self._append(self._flags("new" if new else "retrieved", rows, whose))

    def _flags(self, word: str, rows: Iterable[int], whose: int) -> list[object]:
        return [word, _runs(rows), *([self._names[whose]] if whose else [])]

    def _append(self, entry: list[object]) -> None:
        with self._path.open("ab", buffering=0) as file:
            # Two sandboxes that write the same file would both be wrong from then on.
            if file.tell() != self._size:
                raise ConfigurationError(f"another process writes the state file {self._path}")
            self._size += file.write(_line(entry)) or 0

    def _rewrite(self, store: Store) -> None:
        entries: list[object] = [self._owner, *self._arrivals]
        retrieved = enumerate(map(store.retrieved_rows, range(len(self._names))))
        entries += [self._flags("retrieved", rows, whose) for whose, rows in retrieved if rows]
        raw = b"".join(map(_line, entries))
        beside = self._path.with_name(f".{self._path.name}.{os.getpid()}.new")
        try:
            beside.write_bytes(raw)
            beside.replace(self._path)
        finally:
            beside.unlink(missing_ok=True)
        self._size = len(raw)
