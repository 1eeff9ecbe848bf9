"""The file sink: folders that are not ours, disks that fail, and what is left behind."""

import errno
import os
import sqlite3
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from konfipay_async.errors import ConfigurationError, StorageError
from konfipay_async.models.transactions import CreditDebitIndicator, Transaction
from konfipay_async.pull.sinks import Written, files
from konfipay_async.pull.sinks.files import FileSink

ORIGIN = "https://portal.konfipay.de"
IBAN = "DE02120300000000202051"


def booking(rid: str = "t-1", amount: str = "10.90", **fields: Any) -> Transaction:
    return Transaction(
        rid=rid, amount=Decimal(amount), currency="EUR", credit_debit_indicator=CreditDebitIndicator.CRDT, **fields
    )


def make(folder: Path, kind: str = "jsonl", **rest: Any) -> FileSink:
    return FileSink(kind, folder, **({"origin": ORIGIN} | rest))


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def refused(open_it: Callable[[], object], says: str) -> None:
    with pytest.raises(StorageError, match=says) as caught:
        open_it()
    assert IBAN not in str(caught.value) + "".join(traceback.format_exception(caught.value))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "bookings"


def test_a_page_that_could_not_be_committed_is_in_no_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program reads the index for longer than we wait, and then the same page comes once more."""
    monkeypatch.setattr(files, "_PATIENCE", 0.05)
    with make(folder) as sink:
        sink.write([booking("a")], "ack-1")
        other = sqlite3.connect(folder / "_konfipay.db", isolation_level=None)
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM bookings").fetchone()
        for _ in range(2):
            with pytest.raises(StorageError):
                sink.write([booking("b")], "ack-2")
        assert names(folder).count("part-default-00000002.jsonl") == 0
        other.close()
        assert sink.write([booking("b")], "ack-2") == Written(new=1, known=0)
        assert sink.pending() == ["ack-1", "ack-2"]
    assert [name for name in names(folder) if name.startswith("part")] == [
        "part-default-00000001.jsonl",
        "part-default-00000002.jsonl",
    ]


def test_each_page_is_a_file_and_the_rest_readers_pass_over(folder: Path) -> None:
    """A page of which nothing is new or changed is none."""
    with make(folder) as sink:
        sink.write([booking("a"), booking("b")], "ack-1")
        sink.write([booking("a")], "ack-2")
        sink.write([booking("c")], "ack-3")
    parts = ["part-default-00000001.jsonl", "part-default-00000002.jsonl"]
    assert names(folder) == ["_konfipay.db", "_konfipay.db.default.lock", *parts]


def test_parquet_has_a_folder_for_each_month(folder: Path) -> None:
    from datetime import UTC, datetime

    days = {"a": datetime(2025, 1, 31, tzinfo=UTC), "b": datetime(2025, 2, 1, tzinfo=UTC), "c": None}
    with make(folder, "parquet") as sink:
        sink.write([booking(rid, booking_date=day) for rid, day in days.items()], None)
    assert [name for name in names(folder) if not name.startswith("_")] == [
        "booking_month=2025-01/part-default-00000001.parquet",
        "booking_month=2025-02/part-default-00000001.parquet",
        "booking_month=unknown/part-default-00000001.parquet",
    ]


def test_a_folder_of_somebody_else(folder: Path) -> None:
    folder.mkdir()
    (folder / "letter.txt").write_text("Dear")
    refused(make(folder).open, r"is not ours: there are files in it and no _konfipay\.db.*--to")
    assert names(folder) == ["letter.txt"]


def test_a_folder_that_another_pull_takes_at_the_same_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it finds there then is its own."""
    listed = Path.iterdir

    def meanwhile(path: Path) -> Iterator[Path]:
        monkeypatch.setattr(Path, "iterdir", listed)
        with make(path, source="another") as other:
            other.write([booking("b")], None)
        return listed(path)

    monkeypatch.setattr(Path, "iterdir", meanwhile)
    with make(folder) as sink:
        assert sink.write([booking("a")], None) == Written(1, 0)


def test_commits_last(folder: Path) -> None:
    """The end of the rollback journal too."""
    with make(folder) as sink:
        assert sink._opened().execute("PRAGMA synchronous").fetchone() == (3,)


def test_a_folder_of_another_kind(folder: Path) -> None:
    with make(folder, "csv"):
        pass
    refused(make(folder, "jsonl").open, "has kind csv, this pull writes jsonl")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    refused(make(tmp_path / "missing" / "bookings").open, r"cannot be written into \(No such file")
    (tmp_path / "file").write_text("")
    refused(make(tmp_path / "file").open, r"cannot be written into \(Not a directory")


def test_an_index_that_is_none(folder: Path) -> None:
    folder.mkdir()
    (folder / "_konfipay.db").write_text("no database, " * 100)
    refused(make(folder).open, "no SQLite database")


@pytest.mark.parametrize("arguments", [{"kind": "xlsx"}, {"source": ""}])
def test_arguments_that_are_none(folder: Path, arguments: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError):
        make(folder, **arguments)
    assert not folder.exists()


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_a_text_that_is_no_unicode(folder: Path, kind: str) -> None:
    """The page is refused, and nothing of it stays."""
    with make(folder, kind) as sink:
        refused(lambda: sink.write([booking(name=IBAN + "\ud800")], "ack-1"), "no valid Unicode")
        assert (sink.count(), sink.pending()) == (0, [])
        assert sink.write([booking()], "ack-1") == Written(1, 0)


def test_an_amount_that_parquet_cannot_hold(folder: Path) -> None:
    """Exactly, or not at all."""
    with make(folder, "parquet") as sink:
        for amount in ("0.00000000001", "9" * 29):
            refused(
                lambda amount=amount: sink.write([booking("good"), booking("bad", amount)], "ack-1"),
                r"booking bad: the field amount does not fit decimal128\(38, 10\)",
            )
        assert (sink.count(), sink.pending()) == (0, [])
        assert sink.write([booking(amount="9" * 28 + ".0000000001000")], "ack-1") == Written(1, 0)


@pytest.mark.parametrize(("call", "nth"), [("fsync", 1), ("fsync", 2), ("replace", 1)])
def test_a_disk_that_fails_loses_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch, call: str, nth: int) -> None:
    """The same sink, and the next, go on where it works again; before the entry there is nothing, after it all."""
    with make(folder) as sink:
        sink.write([booking("a")], "ack-1")
        calls = 0
        real = getattr(os, call)

        def failing(*arguments: Any, **options: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == nth:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(*arguments, **options)

        with monkeypatch.context() as patch:
            patch.setattr(os, call, failing)
            refused(lambda: sink.write([booking("b")], "ack-2"), "cannot be written into .No space left")
        entered = call == "replace"
        assert sink.pending() == (["ack-1", "ack-2"] if entered else ["ack-1"])
        assert sink.write([booking("b"), booking("c")], "ack-3") == Written(2 - entered, entered)
    texts = [path.read_text() for path in sorted(folder.glob("part-*"))]
    assert len(texts) == 2 + entered
    assert [text.count('"rid":"b"') for text in texts].count(1) == 1
    assert not list(folder.glob(".part-*"))


def test_what_another_source_is_just_writing_is_left_alone(folder: Path) -> None:
    """Only files of one's own that were never entered are thrown away."""
    with make(folder, source="a"):
        pass
    theirs = folder / ".part-a-2-00000001-0000.tmp"
    mine = folder / ".part-a-00000001-0000.tmp"
    for path in (theirs, mine):
        path.write_text("")
    with make(folder, source="a"):
        pass
    assert theirs.exists()
    assert not mine.exists()


def test_without_pyarrow_opening_names_the_extra(tmp_path: Path) -> None:
    code = """
import sys
sys.modules["pyarrow"] = None
from konfipay_async.errors import MissingExtraError
from konfipay_async.pull.sinks.files import FileSink
from konfipay_async.pull.arrow import table
FileSink("csv", "csv", origin="x").open()
for open_it in (FileSink("parquet", "parquet", origin="x").open, lambda: table([])):
    try:
        open_it()
    except MissingExtraError as error:
        assert error.extra == "parquet", error
    else:
        raise SystemExit("opened")
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
    assert not (tmp_path / "parquet").exists()
