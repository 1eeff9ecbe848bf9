"""What every sink that lasts promises, on each kind of it: nothing is lost or doubled, whoever dies when."""

import asyncio
import csv
import json
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.dataset
import pytest
import warm

from konfipay_async import KonfipayClient, Transaction, errors
from konfipay_async.models.transactions import BankAccountRef, CreditDebitIndicator, DocumentRef
from konfipay_async.pull import Sink, Step, Written, pull
from konfipay_async.pull.sinks.addresses import sink_at
from konfipay_async.sandbox import Sandbox

ORIGIN = "the sandbox of a test"
CHILD = Path(__file__).with_name("sink_in_child.py")
pytestmark = pytest.mark.usefixtures("program")
KINDS = ("sqlite", "postgresql", "jsonl", "csv", "parquet")
FILES = ("jsonl", "csv", "parquet")


class Place:
    """Where a kind of sink writes to in this test, and a reader that knows nothing of ours."""

    def __init__(self, kind: str, path: Path, server: Any) -> None:
        self.kind = kind
        self.path = path
        self._server = server
        self.address = {"sqlite": f"sqlite:///{path}", "postgresql": server.url() if server else ""}.get(
            kind, f"{kind}:{path}"
        )

    def sink(self, **rest: Any) -> Any:
        return sink_at(self.address, **({"origin": ORIGIN} | rest))

    def rows(self, *, pending: bool = False) -> list[dict[str, Any]]:
        """All of them. What was written again because it changed is there twice in files."""
        table = "pending_transactions" if pending else "transactions"
        if self.kind == "sqlite":
            with closing(sqlite3.connect(self.path)) as connection:
                connection.row_factory = sqlite3.Row
                return [dict(row) for row in connection.execute(f"SELECT * FROM {table}")]
        if self.kind == "postgresql":
            names = self._server.execute(
                f"SELECT column_name FROM information_schema.columns WHERE table_schema = 'konfipay' "
                f"AND table_name = '{table}' ORDER BY ordinal_position"
            )
            rows = self._server.execute(f"SELECT * FROM konfipay.{table}")
            return [dict(zip([name for (name,) in names], row, strict=True)) for row in rows]
        folder = self.path / "_pending" if pending else self.path
        if self.kind == "parquet":
            return pyarrow.dataset.dataset(folder, format="parquet", partitioning="hive").to_table().to_pylist()
        found = []
        for path in sorted(folder.glob(f"*.{self.kind}")):
            with path.open(encoding="utf-8", newline="") as file:
                found += [json.loads(line) for line in file] if self.kind == "jsonl" else list(csv.DictReader(file))
        return found

    def rids(self) -> list[str]:
        return sorted(row["rid"] for row in self.rows())


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    kind = request.param
    server = request.getfixturevalue("postgres") if kind == "postgresql" else None
    return Place(kind, tmp_path / "bookings", server)


every_kind = pytest.mark.parametrize("place", KINDS, indirect=True)
every_kind_of_file = pytest.mark.parametrize("place", FILES, indirect=True)


def booking(rid: str = "t-1", amount: str = "10.90", **fields: Any) -> Transaction:
    return Transaction(
        rid=rid, amount=Decimal(amount), currency="EUR", credit_debit_indicator=CreditDebitIndicator.CRDT, **fields
    )


def page(*rids: str) -> list[Transaction]:
    return [booking(rid) for rid in rids]


def from_a(report: str) -> DocumentRef:
    return DocumentRef(rid="d-1", format=report)


# Pages and their ids


@every_kind
def test_counts_what_is_new_known_and_changed(place: Place) -> None:
    """A changed `is_new` is no change of the booking; one sent twice counts once, as it came last."""
    with place.sink() as sink:
        assert sink.write(page("a", "b"), "ack-1") == Written(2, 0, 0)
        again = [booking("a", is_new=False), booking("b", bic="NEW"), booking("c"), booking("c")]
        assert sink.write(again, "ack-2") == Written(new=1, known=2, changed=1)
        assert sink.write(again, "ack-3") == Written(new=0, known=3, changed=0)
        assert sink.write([booking("c", "1"), booking("c")], "ack-4") == Written(new=0, known=1, changed=0)
        assert sink.write([], "ack-5") == Written(0, 0, 0)
        assert sink.count() == 3


@every_kind
def test_a_booking_that_changed_says_when(place: Place) -> None:
    """And still when it came first. Where rows are updated in place there is one of it, in files the last counts."""
    with place.sink() as sink:
        sink.write(page("a", "b"), None)
        sink.write([booking("a", "11.00")], None)
        sink.write(page("b"), None)
    rows = [row for row in place.rows() if row["rid"] == "a"]
    assert len(rows) == (2 if place.kind in FILES else 1)
    last = max(rows, key=lambda row: row["last_seen_at"])
    assert Decimal(last["amount"]) == Decimal("11.00")
    assert last["changed_at"] == last["last_seen_at"] > last["first_seen_at"]
    assert {row["first_seen_at"] for row in rows} == {last["first_seen_at"]}
    [unchanged] = [row for row in place.rows() if row["rid"] == "b"]
    assert unchanged["changed_at"] in (None, "")


@every_kind
def test_ids_are_pending_in_order_until_they_are_settled(place: Place) -> None:
    """Through closing and opening; one that comes again is pending again."""
    with place.sink() as sink:
        for number in range(4):
            sink.write(page("a", "b"), f"ack-{9 - number}")
        sink.write(page("c"), None)
    with place.sink() as sink:
        assert sink.pending() == ["ack-9", "ack-8", "ack-7", "ack-6"]
        sink.settle("ack-8", "acknowledged")
        assert sink.pending() == ["ack-9", "ack-7", "ack-6"]
        sink.write(page("a"), "ack-8")
        assert sink.pending() == ["ack-9", "ack-7", "ack-6", "ack-8"]
        with pytest.raises(errors.StorageError, match="no acknowledgement ack-1 of the source 'default'"):
            sink.settle("ack-1", "acknowledged")


@every_kind
def test_sources_do_not_meet(place: Place) -> None:
    with place.sink() as one, place.sink(source="default-2") as other:
        one.write(page("a"), "ack-1")
        assert other.write(page("a", "b"), "ack-1") == Written(2, 0)
        other.settle("ack-1", "acknowledged")
        assert (one.count(), other.count()) == (1, 2)
        assert (one.pending(), other.pending()) == (["ack-1"], [])
    assert sorted((row["source"], row["rid"]) for row in place.rows()) == [
        ("default", "a"),
        ("default-2", "a"),
        ("default-2", "b"),
    ]


@every_kind
def test_one_pull_of_a_source_at_a_time(place: Place) -> None:
    """The second is told who the first is."""
    with place.sink() as sink:
        with pytest.raises(errors.StorageBusyError, match=r"source 'default' .* process \d+ on "):
            place.sink().open()
        assert sink.write(page("a"), None) == Written(1, 0)
    with place.sink() as sink:
        assert sink.count() == 1


@every_kind
def test_a_place_belongs_to_the_origin_of_its_first_page(place: Place) -> None:
    """Not to one that was only opened from."""
    with place.sink(origin="https://mistyped.example"):
        pass
    with place.sink() as sink:
        sink.write(page("a"), "ack-1")
    with pytest.raises(errors.StorageError, match=f"filled from {ORIGIN}, this pull reads from https://elsewhere"):
        place.sink(origin="https://elsewhere.example").open()


@every_kind
def test_only_an_open_sink_works(place: Place) -> None:
    sink = place.sink()
    calls: list[Callable[[], object]] = [
        sink.pending,
        sink.count,
        lambda: sink.write([], None),
        lambda: sink.settle("a", "b"),
    ]
    for call in calls:
        with pytest.raises(errors.ClientStateError, match="not open"):
            call()
    with sink, pytest.raises(errors.ClientStateError, match="open already"):
        sink.open()
    sink.close()
    with pytest.raises(errors.ClientStateError, match="not open"):
        sink.count()


@every_kind
def test_an_amount_that_cannot_be_kept_refuses_the_page(place: Place) -> None:
    with place.sink() as sink:
        with pytest.raises(errors.StorageError, match="booking bad: the field amount"):
            sink.write([booking("good"), booking("bad", "NaN")], "ack-1")
        assert (sink.count(), sink.pending()) == (0, [])
        assert sink.write(page("good"), "ack-1") == Written(1, 0)


# Interim reports


@every_kind
def test_pending_ones_apart_where_asked_for(place: Place) -> None:
    """Told by the report they come from; the booking of the same rid is a booking, of another rid another row."""
    interim = [booking("a", document=from_a("camt.052")), booking("b", document=from_a("MT942"))]
    with place.sink(pending_apart=True) as sink:
        assert sink.write([*interim, booking("c", document=from_a("camt.053"))], "ack-1") == Written(3, 0)
        assert sorted(row["rid"] for row in place.rows(pending=True)) == ["a", "b"]
        assert place.rids() == ["c"]
        assert sink.write([booking("a", document=from_a("camt.053"))], "ack-2") == Written(0, 1, 1)
    assert place.rids() == ["a", "c"]
    left = sorted(row["rid"] for row in place.rows(pending=True))
    assert left == (["a", "b"] if place.kind in FILES else ["b"])


@every_kind
def test_all_in_one_place_where_not(place: Place) -> None:
    with place.sink() as sink:
        sink.write([booking("a", document=from_a("camt.052")), booking("b")], None)
    assert place.rids() == ["a", "b"]


# Values


@every_kind
def test_a_booking_reads_back_as_it_was(place: Place) -> None:
    """Digits, days, moments, texts."""
    moment = datetime.fromisoformat("2025-07-18T10:06:04+02:00")
    text = 'Äpfel; "Birnen",\r\n=1+1 😀'
    full = booking(
        timestamp=moment, booking_date=moment, is_new=True, purpose=text, bank_account=BankAccountRef(rid="ba-1")
    )
    with place.sink() as sink:
        sink.write([full], None)
    [row] = place.rows()
    assert str(Decimal(row["amount"]).normalize()) == "10.9"
    assert row["purpose"] == text
    assert row["bank_account_rid"] == "ba-1"
    assert row["booking_date"] in (date(2025, 7, 18), "2025-07-18")
    assert row["is_new"] in (True, "true")
    assert row["name"] in (None, "")
    found = row["timestamp"]
    assert (found if isinstance(found, datetime) else datetime.fromisoformat(found)) == moment


@every_kind_of_file
def test_a_row_has_the_columns_of_the_database(place: Place) -> None:
    from konfipay_async.pull.sinks import rows, schema

    with place.sink() as sink:
        sink.write(page("a"), None)
    [row] = place.rows()
    assert [name for name in row if name != "booking_month"] == list(rows.COLUMNS)
    assert tuple(schema.TRANSACTIONS.columns.keys()) == tuple(schema.PENDING.columns.keys()) == rows.COLUMNS


# Pulls


async def child(place: Place, sandbox: Sandbox, step: str, nth: int) -> int:
    process = await asyncio.create_subprocess_exec(
        *warm.script(CHILD), sandbox.base_url, sandbox.api_key, place.address, step, str(nth)
    )
    return await process.wait()


async def assert_the_next_ends_it(place: Place, sandbox: Sandbox) -> None:
    async with KonfipayClient(sandbox.api_key, base_url=sandbox.base_url) as client:
        sink: Sink = place.sink()
        report = await pull(client, sink, acknowledge=True, page_size=10)
    assert report.complete
    assert sandbox.new_rids() == []
    assert place.rids() == sorted(sandbox.rids())
    with place.sink() as sink:
        assert sink.pending() == []


@every_kind
@pytest.mark.parametrize(
    ("step", "nth"),
    [(Step.FETCHED, 4), (Step.COMMITTED, 1), (Step.COMMITTED, 5), (Step.ACKNOWLEDGED, 3), (Step.SETTLED, 2)],
    ids=lambda value: value.name.lower() if isinstance(value, Step) else str(value),
)
async def test_killed_with_nine_the_next_pull_ends_it(place: Place, step: Step, nth: int) -> None:
    """Nothing is lost, nothing is doubled."""
    async with Sandbox(transactions=95, pending=0) as sandbox:
        assert await child(place, sandbox, step.name, nth) == -signal.SIGKILL
        await assert_the_next_ends_it(place, sandbox)


@every_kind_of_file
@pytest.mark.parametrize(("call", "nth"), [("fsync", 1), ("fsync", 6), ("fsync", 7), ("replace", 1), ("replace", 3)])
async def test_killed_while_files_are_laid_down(place: Place, call: str, nth: int) -> None:
    """Between writing, flushing, entering and naming; what readers see meanwhile is whole and committed."""
    async with Sandbox(transactions=45, pending=0) as sandbox:
        assert await child(place, sandbox, call, nth) == -signal.SIGKILL
        seen = place.rids() if any(place.path.rglob(f"part-*.{place.kind}")) else []
        assert len(seen) == len(set(seen))
        if place.kind != "parquet":  # a page is one file
            assert len(seen) % 10 == 0
        await assert_the_next_ends_it(place, sandbox)
        assert not list(place.path.glob(".part-*"))
