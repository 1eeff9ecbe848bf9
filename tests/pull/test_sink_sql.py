"""The SQL sink, on real SQLite files."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import konfipay_async.errors
from konfipay_async.errors import (
    ClientStateError,
    ConfigurationError,
    StorageBusyError,
    StorageError,
)
from konfipay_async.models.transactions import (
    BankAccountRef,
    CreditDebitIndicator,
    DocumentRef,
    Transaction,
    TransactionFileRef,
)
from konfipay_async.pull.sinks import Sink, Written, lock, schema, sql, sqlite
from konfipay_async.pull.sinks.sql import SqlSink

ORIGIN = "https://portal.konfipay.de"
GERMAN = timezone(timedelta(hours=1))
ROOT = Path(konfipay_async.errors.__file__).parents[1]

IBAN = "DE02120300000000202051"
NAME = "Erika Kanarienvogel"
PURPOSE = "Miete Kanarienweg 3"


def booking(rid: str = "t-1", amount: Any = Decimal("10.90"), **fields: Any) -> Transaction:
    fields = {"name": NAME, "iban": IBAN, "purpose": PURPOSE} | fields
    indicator = fields.pop("credit_debit_indicator", CreditDebitIndicator.CRDT)
    return Transaction(rid=rid, amount=amount, currency="EUR", credit_debit_indicator=indicator, **fields)


def page(*rids: str) -> list[Transaction]:
    return [booking(rid) for rid in rids]


def address(path: Path) -> str:
    return f"sqlite:///{path.as_posix()}"


def make(path: Path, **rest: Any) -> SqlSink:
    return SqlSink(address(path), **({"origin": ORIGIN} | rest))


def read(path: Path, query: str) -> list[dict[str, Any]]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(found) for found in connection.execute(query)]


def change(path: Path, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def pragma(sink: SqlSink, text: str) -> Any:
    """Ask on the sink's own connection."""
    assert sink._connection is not None
    return sink._connection.connection.cursor().execute(f"PRAGMA {text}").fetchone()[0]


def assert_silent(error: BaseException) -> None:
    """Neither the text nor a printed traceback holds anything of a booking, nor SQL."""
    shown = str(error) + repr(error) + "".join(traceback.format_exception(error))
    for canary in (IBAN, NAME, PURPOSE, "INSERT INTO", "[SQL", "sqlalche.me"):
        assert canary not in shown


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bookings.db"


@pytest.fixture
def sink(path: Path) -> Iterator[SqlSink]:
    with make(path) as sink:
        yield sink


# What is written


def test_is_a_sink() -> None:
    sink: Sink = SqlSink("sqlite://", origin=ORIGIN)
    assert sink is not None


def test_counts_new_and_known(sink: SqlSink) -> None:
    assert sink.write(page("a", "b"), "ack-1") == Written(new=2, known=0)
    assert sink.write(page("b", "c"), "ack-2") == Written(new=1, known=1)
    assert sink.count() == 3
    assert sink.pending() == ["ack-1", "ack-2"]


def test_the_same_booking_twice_in_a_page_counts_once(sink: SqlSink, path: Path) -> None:
    twice = [booking("a", Decimal("1.00")), booking("b"), booking("a", Decimal("2.00"))]
    assert sink.write(twice, "ack-1") == Written(new=2, known=0)
    assert sink.write(twice, "ack-2") == Written(new=0, known=2)
    assert read(path, "SELECT amount FROM transactions WHERE rid = 'a'") == [{"amount": "2.00"}]


def test_an_empty_page_keeps_its_id(sink: SqlSink) -> None:
    assert sink.write([], "ack-1") == Written(0, 0)
    assert sink.pending() == ["ack-1"]
    assert sink.count() == 0


def test_a_page_without_an_id_leaves_nothing_to_acknowledge(sink: SqlSink) -> None:
    assert sink.write(page("a"), None) == Written(1, 0)
    assert sink.pending() == []
    assert sink.write([], None) == Written(0, 0)


def test_a_page_larger_than_one_statement_can_ask_for(sink: SqlSink) -> None:
    rids = [f"t-{number}" for number in range(2007)]
    assert sink.write(page(*rids), "ack-1") == Written(len(rids), 0)
    assert sink.write(page(*rids, "one more"), "ack-2") == Written(1, len(rids))


def test_every_field_has_its_column(sink: SqlSink, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "_now", lambda: datetime(2025, 3, 1, tzinfo=UTC))
    full = booking(
        "t-1",
        Decimal("10.90"),
        timestamp=datetime(2025, 2, 18, 10, 6, 4, tzinfo=GERMAN),
        electronic_sequence_number="74",
        bic="BYLADEM1001",
        booking_text="Gutschrift",
        booking_date=datetime(2025, 2, 18, 0, 30, tzinfo=GERMAN),
        value_date=datetime(2025, 2, 19, 23, 59, tzinfo=GERMAN),
        is_new=True,
        bank_reference="BR",
        payment_identification_id="konfipay-1-11111",
        prima_nota="9301",
        end_to_end_id="E2E",
        customer_reference="CR",
        document=DocumentRef(rid="d-1", timestamp=date(2025, 2, 18), is_new=True, format="camt.053"),
        bank_account=BankAccountRef(rid="ba-1", iban="DE00", currency="USD"),
    )
    sink.write([full], "ack-1")
    expected = {
        "source": "default",
        "rid": "t-1",
        "timestamp": "2025-02-18T10:06:04+01:00",
        "amount": "10.90",
        "currency": "EUR",
        "credit_debit_indicator": "CRDT",
        "electronic_sequence_number": "74",
        "name": NAME,
        "iban": IBAN,
        "bic": "BYLADEM1001",
        "booking_text": "Gutschrift",
        "booking_date": "2025-02-18",
        "value_date": "2025-02-19",
        "is_new": 1,
        "bank_reference": "BR",
        "payment_identification_id": "konfipay-1-11111",
        "prima_nota": "9301",
        "purpose": PURPOSE,
        "end_to_end_id": "E2E",
        "customer_reference": "CR",
        "file_kind": "document",
        "file_rid": "d-1",
        "file_format": "camt.053",
        "file_timestamp": "2025-02-18",
        "file_legal_sequence_number": None,
        "file_electronic_sequence_number": None,
        "bank_account_rid": "ba-1",
        "bank_account_iban": "DE00",
        "bank_account_currency": "USD",
        "first_seen_at": "2025-03-01T00:00:00.000000+00:00",
        "last_seen_at": "2025-03-01T00:00:00.000000+00:00",
        "changed_at": None,
    }
    assert read(path, "SELECT * FROM transactions") == [expected]
    assert list(expected) == [column.name for column in schema.TRANSACTIONS.columns]


def test_every_field_of_the_model_is_kept() -> None:
    columns = {column.name for column in schema.TRANSACTIONS.columns}
    nested = {"document", "transaction_file", "bank_account"}
    assert {field for field in Transaction.__struct_fields__ if field not in nested} <= columns


def test_a_transaction_file_is_kept_as_such(sink: SqlSink, path: Path) -> None:
    moment = datetime(2025, 2, 18, 6, 0, tzinfo=UTC)
    number = 2**70  # more than a database integer holds
    file = TransactionFileRef(
        rid="f-1",
        timestamp=moment,
        format="camt.052",
        legal_sequence_number=number,
        electronic_sequence_number="074",
    )
    sink.write([booking("a", transaction_file=file), booking("b")], "ack-1")
    query = (
        "SELECT file_kind, file_rid, file_format, file_timestamp, file_legal_sequence_number, "
        "file_electronic_sequence_number FROM transactions ORDER BY rid"
    )
    first, second = read(path, query)
    assert list(first.values()) == [
        "transactionFile",
        "f-1",
        "camt.052",
        "2025-02-18T06:00:00+00:00",
        str(number),
        "074",
    ]
    assert set(second.values()) == {None}


def test_an_indicator_nobody_knows_is_kept(sink: SqlSink, path: Path) -> None:
    sink.write([booking(credit_debit_indicator=CreditDebitIndicator("XXXX"))], None)
    assert read(path, "SELECT credit_debit_indicator AS it FROM transactions") == [{"it": "XXXX"}]


def test_a_delivery_that_comes_again_updates_all_but_first_seen(
    sink: SqlSink, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = "2025-03-01T00:00:00.000000+00:00", "2025-03-02T00:00:00.000000+00:00"
    monkeypatch.setattr(sql, "_now", lambda: datetime.fromisoformat(first))
    sink.write([booking("a", Decimal("1.00"), is_new=True)], "ack-1")
    monkeypatch.setattr(sql, "_now", lambda: datetime.fromisoformat(second))
    sink.write([booking("a", Decimal("1.50"), is_new=False, bic="NEW", name=None)], "ack-2")
    query = "SELECT amount, is_new, bic, name, first_seen_at, last_seen_at FROM transactions"
    [found] = read(path, query)
    assert list(found.values()) == ["1.50", 0, "NEW", None, first, second]


def test_moments_of_our_own_are_utc_with_their_offset(sink: SqlSink, path: Path) -> None:
    sink.write(page("a"), "ack-1")
    [found] = read(path, "SELECT first_seen_at, recorded_at FROM transactions, acknowledgements")
    for text in found.values():
        assert datetime.fromisoformat(text).utcoffset() == timedelta(0)


def test_days_are_indexed(sink: SqlSink, path: Path) -> None:
    for where, index in [
        ("booking_date = '2025-01-01'", "ix_transactions_booking_date"),
        ("bank_account_rid = 'b' AND booking_date > '2025-01-01'", "ix_transactions_account_booking_date"),
    ]:
        # The query is put together from the two texts above.
        [plan] = read(path, f"EXPLAIN QUERY PLAN SELECT * FROM transactions WHERE {where}")
        assert index in plan["detail"]


# Amounts

MONEY = st.decimals(allow_nan=False, allow_infinity=False).filter(lambda amount: abs(amount.adjusted()) <= 40)


@settings(deadline=None, max_examples=60)
@given(st.lists(MONEY | st.decimals(places=2, allow_nan=False, allow_infinity=False), max_size=20))
def test_every_digit_is_kept(amounts: list[Decimal]) -> None:
    amounts = [amount for amount in amounts if abs(amount.adjusted()) <= 40]
    with SqlSink("sqlite://", origin=ORIGIN) as sink:
        sink.write([booking(f"{number:03}", amount) for number, amount in enumerate(amounts)], None)
        query = "SELECT amount FROM transactions ORDER BY rid"
        texts = sink._run(lambda connection: list(connection.exec_driver_sql(query).scalars()))
    assert len(texts) == len(amounts)
    for amount, text in zip(amounts, texts, strict=True):
        assert Decimal(text) == amount
        assert set(text) <= set("-0123456789.")
        exponent = amount.as_tuple().exponent
        assert isinstance(exponent, int)
        assert len(text.partition(".")[2]) == max(0, -exponent)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("10.90", "10.90"),
        ("10.9", "10.9"),
        ("0.00", "0.00"),
        ("-0.00", "0.00"),
        ("-0", "0"),
        ("-1.10", "-1.10"),
        ("1E+3", "1000"),
        ("1E-7", "0.0000001"),
        ("9" * 41, "9" * 41),
        ("0." + "3" * 100, "0." + "3" * 100),
    ],
)
def test_amounts_are_plain(sink: SqlSink, path: Path, amount: str, text: str) -> None:
    sink.write([booking(amount=Decimal(amount))], None)
    assert read(path, "SELECT amount FROM transactions") == [{"amount": text}]


@pytest.mark.parametrize(
    "amount",
    [*map(Decimal, ["NaN", "sNaN", "Infinity", "-Infinity", "1E+41", "1E-41", "1E+999999", "0E-41"]), 1.5, 1],
    ids=repr,
)
def test_an_amount_that_cannot_be_kept_refuses_the_page(sink: SqlSink, amount: Any) -> None:
    with pytest.raises(StorageError, match=r"booking bad: the field amount") as caught:
        sink.write([booking("good"), booking("bad", amount)], "ack-1")
    assert_silent(caught.value)
    assert sink.count() == 0
    assert sink.pending() == []


def test_amounts_add_up_exactly(sink: SqlSink, path: Path) -> None:
    sink.write([booking(str(number), Decimal("0.10")) for number in range(3)], None)
    assert sum(Decimal(found["amount"]) for found in read(path, "SELECT amount FROM transactions")) == Decimal("0.30")


# Acknowledgements


def test_settled_ids_are_pending_no_longer(sink: SqlSink, path: Path) -> None:
    for number in range(4):
        sink.write(page("a", "b"), f"ack-{9 - number}")
    sink.settle("ack-8", "ACKNOWLEDGED")
    assert sink.pending() == ["ack-9", "ack-7", "ack-6"]
    [found] = read(path, "SELECT * FROM acknowledgements WHERE outcome IS NOT NULL")
    assert (found["acknowledgement_id"], found["outcome"], found["rows"]) == ("ack-8", "ACKNOWLEDGED", 2)
    assert datetime.fromisoformat(found["settled_at"]) >= datetime.fromisoformat(found["recorded_at"])


def test_ids_of_one_tick_stay_in_order(sink: SqlSink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "_now", lambda: datetime(2025, 3, 1, tzinfo=UTC))
    for name in ("c", "a", "b"):
        sink.write([], name)
    assert sink.pending() == ["c", "a", "b"]


def test_an_id_that_comes_again_is_pending_again(sink: SqlSink) -> None:
    sink.write(page("a"), "ack-1")
    sink.settle("ack-1", "GONE")
    sink.write(page("a"), "ack-1")
    assert sink.pending() == ["ack-1"]


def test_settling_what_was_never_kept_is_an_error(sink: SqlSink) -> None:
    with pytest.raises(StorageError, match="no acknowledgement ack-1 of the source 'default'"):
        sink.settle("ack-1", "ACKNOWLEDGED")


def test_pending_ids_survive_closing(path: Path) -> None:
    with make(path) as sink:
        sink.write(page("a"), "ack-1")
    with make(path) as sink:
        assert sink.pending() == ["ack-1"]
        assert sink.write(page("a"), "ack-2") == Written(0, 1)


def test_sources_do_not_meet(path: Path) -> None:
    with make(path) as one, make(path, source="other") as other:
        one.write(page("a"), "ack-1")
        assert other.write(page("a", "b"), "ack-1") == Written(2, 0)
        other.settle("ack-1", "ACKNOWLEDGED")
        assert (one.count(), other.count()) == (1, 2)
        assert (one.pending(), other.pending()) == (["ack-1"], [])


def test_rows_and_id_are_committed_together(sink: SqlSink, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        assert read(path, "SELECT * FROM transactions") == []
        raise sqlite3.OperationalError

    with monkeypatch.context() as patch:
        patch.setattr(sink, "_record", fail)
        with pytest.raises(StorageError):
            sink.write(page("a"), "ack-1")
    assert sink.count() == 0
    assert sink.pending() == []
    assert sink.write(page("a"), "ack-1") == Written(1, 0)


# Processes


def child(code: str, *arguments: str) -> "subprocess.Popen[str]":
    """A process that runs `code` with an import of the sink before it."""
    code = f"import os, sys\nfrom konfipay_async.pull.sinks.sql import SqlSink\nORIGIN = {ORIGIN!r}\n{code}"
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-W", "error", "-c", code, *arguments]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", env=environment
    )


@contextlib.contextmanager
def running(*children: "subprocess.Popen[str]") -> Iterator[None]:
    try:
        yield
    finally:
        for process in children:
            process.kill()
            process.communicate()


def line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


HOLD = """
sink = SqlSink(sys.argv[1], origin=ORIGIN)
sink.open()
print(os.getpid(), flush=True)
sys.stdin.read()
"""

HALF = """
from konfipay_async.models.transactions import CreditDebitIndicator, Transaction
from decimal import Decimal
def write(sink, rid):
    row = Transaction(rid=rid, amount=Decimal(1), currency="EUR", credit_debit_indicator=CreditDebitIndicator.DBIT)
    sink.write([row], "ack-" + rid)
def stop(*_):
    print("half", flush=True)
    sys.stdin.read()
sink = SqlSink(sys.argv[1], origin=ORIGIN)
sink.open()
write(sink, "whole")
sink._record = stop
write(sink, "half")
"""

RACE = """
from konfipay_async.errors import StorageBusyError
from konfipay_async.pull.sinks import lock
lock._PATIENCE = 10.0
sink = SqlSink(sys.argv[1], origin=ORIGIN, source=sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
try:
    sink.open()
    sink.write([], "ack")
    print("open", flush=True)
except StorageBusyError as error:
    print(error, flush=True)
sys.stdin.readline()
"""


def killed(process: "subprocess.Popen[str]") -> None:
    process.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
    process.wait()


def test_the_lock_dies_with_its_holder(path: Path) -> None:
    holder = child(HOLD, address(path))
    with running(holder):
        pid = line(holder)
        with pytest.raises(StorageBusyError, match=rf"source 'default' .*: process {pid} on .+, since 2\d{{3}}-"):
            make(path).open()
        killed(holder)
        with make(path) as sink:
            assert sink.write(page("a"), None) == Written(1, 0)


def test_a_process_killed_half_way_through_a_page_leaves_none_of_it(path: Path) -> None:
    writer = child(HALF, address(path))
    with running(writer):
        assert line(writer) == "half"
        killed(writer)
    with make(path) as sink:
        assert sink.pending() == ["ack-whole"]
        assert sink.count() == 1


def test_of_many_who_come_at_once_one_gets_it_and_the_others_are_told_who(path: Path) -> None:
    racers = [child(RACE, address(path), "default") for _ in range(5)]
    answers = race(racers)
    [winner] = [process.pid for process, answer in answers if answer == "open"]
    for _, answer in answers:
        assert answer == "open" or f"process {winner} on " in answer


def test_many_sources_may_open_a_new_database_at_once(path: Path) -> None:
    racers = [child(RACE, address(path), f"source {number}") for number in range(5)]
    assert {answer for _, answer in race(racers)} == {"open"}
    assert len(read(path, "SELECT * FROM acknowledgements")) == 5


def race(racers: "list[subprocess.Popen[str]]") -> "list[tuple[subprocess.Popen[str], str]]":
    with running(*racers):
        for process in racers:
            assert line(process) == "ready"
        for process in racers:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        return [(process, line(process)) for process in racers]


# The lock


def test_two_sinks_of_one_source_are_kept_apart(path: Path) -> None:
    with make(path):
        with pytest.raises(StorageBusyError, match=rf"process {os.getpid()} on ") as caught:
            make(path).open()
        assert_silent(caught.value)
    with make(path) as sink:
        assert sink.count() == 0


def test_another_name_of_the_file_is_the_same_database(path: Path) -> None:
    other = path.with_name("link.db")
    with make(path):
        try:
            other.symlink_to(path)
        except OSError:
            pytest.skip("no symbolic links here")
        with pytest.raises(StorageBusyError):
            make(other).open()


def test_whoever_finds_another_name_in_the_lock_writes_its_own_again(tmp_path: Path) -> None:
    class Interrupted:
        """Between the holder's name and its lock, a rival writes its own name."""

        def __init__(self, connection: sqlite3.Connection) -> None:
            self.connection = connection
            self.rivals = 3

        def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
            found = self.connection.execute(statement, *values)
            if statement == "COMMIT" and self.rivals:
                self.rivals -= 1
                self.connection.execute("UPDATE holder SET token = 'rival', pid = -1")
            return found

    with contextlib.closing(sqlite3.connect(tmp_path / "lock", isolation_level=None)) as connection:
        lock._hold(Interrupted(connection))  # type: ignore[arg-type]
        assert connection.in_transaction
        assert connection.execute("SELECT pid FROM holder").fetchall() == [(os.getpid(),)]


def test_a_holder_who_said_nothing_is_a_holder(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "_PATIENCE", 0)
    with make(path):
        pass
    with contextlib.closing(sqlite3.connect(lock.lock_path(str(path), "default"), isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StorageBusyError, match="it did not say who it is"):
            make(path).open()


def test_a_damaged_lock_file_says_so(path: Path) -> None:
    Path(lock.lock_path(str(path), "default")).write_bytes(b"no database, " * 100)
    with pytest.raises(StorageError, match=r"bookings\.db\.default\.lock is damaged; delete it"):
        make(path).open()


def test_a_lock_file_that_cannot_be_made_says_so(path: Path) -> None:
    Path(lock.lock_path(str(path), "default")).mkdir()
    with pytest.raises(StorageError, match=r"lock cannot be written \(SQLITE_CANTOPEN"):
        make(path).open()


def test_sources_have_locks_of_their_own_on_every_file_system() -> None:
    sources = ["default", "Default", "a b", "a_b", "a/b", "../x", "Bücher", "", "x" * 300, "x" * 301, "con:"]
    paths = [lock.lock_path("/x/bookings.db", source) for source in sources]
    assert paths[0] == os.path.realpath("/x/bookings.db") + ".default.lock"
    assert len({path.lower() for path in paths}) == len(sources)
    for path in paths:
        name = os.path.basename(path)
        assert os.path.dirname(path) == os.path.realpath("/x")
        assert name.isascii()
        assert len(name) < 120


def test_memory_needs_no_lock() -> None:
    for url in ("sqlite://", "sqlite:///:memory:", "sqlite:///file::memory:?uri=true"):
        with SqlSink(url, origin=ORIGIN) as one, SqlSink(url, origin=ORIGIN) as two:
            assert one.write(page("a"), "ack-1") == Written(1, 0)
            assert two.count() == 0


# Opening and closing


def test_any_thread_may_use_it(path: Path) -> None:
    sink = make(path)

    def elsewhere(call: Any, *arguments: Any) -> Any:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(call, *arguments).result()

    elsewhere(sink.open)
    assert elsewhere(sink.write, page("a"), "ack-1") == Written(1, 0)
    assert elsewhere(sink.pending) == ["ack-1"]
    elsewhere(sink.settle, "ack-1", "ACKNOWLEDGED")
    assert elsewhere(sink.count) == 1
    elsewhere(sink.close)


def test_commits_last(sink: SqlSink) -> None:
    assert pragma(sink, "journal_mode") == "wal"
    assert pragma(sink, "synchronous") == 3
    assert pragma(sink, "busy_timeout") == 5000


def test_only_an_open_sink_works(path: Path) -> None:
    sink = make(path)
    calls: list[Any] = [sink.pending, sink.count, lambda: sink.write([], None), lambda: sink.settle("a", "b")]
    for call in calls:
        with pytest.raises(ClientStateError, match="not open"):
            call()
    sink.open()
    with pytest.raises(ClientStateError, match="open already"):
        sink.open()
    sink.close()
    sink.close()
    with pytest.raises(ClientStateError, match="not open"):
        sink.count()
    sink.open()
    assert sink.count() == 0
    sink.close()


def test_importing_the_pull_loads_no_sqlalchemy() -> None:
    code = "import sys, konfipay_async.pull.sinks; import konfipay_async.pull; assert 'sqlalchemy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | {"PYTHONPATH": str(ROOT)})


def test_without_sqlalchemy_opening_names_the_extra() -> None:
    code = """
import sys
sys.modules["sqlalchemy"] = None
from konfipay_async.errors import MissingExtraError
from konfipay_async.pull.sinks.sql import SqlSink
sink = SqlSink("sqlite://", origin="https://portal.konfipay.de")
try:
    sink.open()
except MissingExtraError as error:
    assert error.extra == "sql" and "a database" in str(error), error
else:
    raise SystemExit("opened")
sink.close()
"""
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | {"PYTHONPATH": str(ROOT)})


def test_every_connection_is_closed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where opening fails: counted here, because only newer Pythons warn of one left open."""
    living = set()

    class Counted(sqlite3.Connection):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            living.add(self)

        def close(self) -> None:
            super().close()
            living.discard(self)

    connect = sqlite3.connect

    def counted(*arguments: Any, **options: Any) -> sqlite3.Connection:
        return connect(*arguments, **options, factory=Counted)

    monkeypatch.setattr(sqlite3, "connect", counted)
    monkeypatch.setattr(sqlite3.dbapi2, "connect", counted)
    with make(path) as sink:
        sink.write(page("a"), "ack-1")
        assert len(living) == 2
        with pytest.raises(StorageBusyError):
            make(path).open()
        assert len(living) == 2
    assert not living
    with pytest.raises(StorageError):
        make(path, origin="https://elsewhere.example").open()
    broken = path.with_name("broken.db")
    broken.write_bytes(b"no database, " * 100)
    with pytest.raises(StorageError):
        make(broken).open()
    with pytest.raises(StorageError):
        make(path.parent).open()
    assert not living


# Whose database it is


def test_a_database_says_what_it_is(sink: SqlSink, path: Path) -> None:
    facts = {found["key"]: found["value"] for found in read(path, "SELECT * FROM konfipay_meta")}
    assert facts["schema_version"] == schema.VERSION
    assert "origin" not in facts  # a pull that reached nobody binds it to nothing
    sink.write(page("a"), None)
    assert read(path, "SELECT value FROM konfipay_meta WHERE key = 'origin'")[0]["value"] == ORIGIN
    assert facts["created_by"].startswith("konfipay-async ")


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE TABLE transactions (source, rid)", "INSERT INTO transactions VALUES ('x', 'y')"],
        ["CREATE TABLE customers (name)"],
        ["CREATE VIEW transactions AS SELECT 1"],
    ],
    ids=["a table of our name", "another table", "a view"],
)
def test_a_database_of_another_program_is_left_alone(path: Path, statements: list[str]) -> None:
    change(path, *statements)
    before = path.read_bytes()
    with pytest.raises(StorageError, match=r"not ours: it has (transactions|customers) and no konfipay_meta.*--to"):
        make(path).open()
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_a_foreign_database_with_many_tables_is_described_briefly(path: Path) -> None:
    change(path, *(f"CREATE TABLE t{number} (x)" for number in range(8)))
    with pytest.raises(StorageError, match="it has t0, t1, t2, t3, t4, … and no"):
        make(path).open()


def test_a_database_belongs_to_one_origin(path: Path) -> None:
    with make(path) as sink:
        sink.write(page("a"), "ack-1")
    with pytest.raises(StorageError) as caught:
        make(path, origin="https://sandbox.example").open()
    for part in (str(path), ORIGIN, "https://sandbox.example", "--to"):
        assert part in str(caught.value)


def test_the_first_page_decides_the_origin(path: Path) -> None:
    """Two pulls may open an empty database; whoever writes first has it."""
    with make(path, source="a") as first, make(path, source="b", origin="https://sandbox.example") as second:
        first.write(page("a"), "ack-1")
        with pytest.raises(StorageError, match="was filled from"):
            second.write(page("b"), "ack-2")
    assert [found["rid"] for found in read(path, "SELECT rid FROM transactions")] == ["a"]


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        (
            "UPDATE konfipay_meta SET value = '3' WHERE key = 'schema_version'",
            "schema version 3, .* version 2 and knows",
        ),
        ("DELETE FROM konfipay_meta", "schema version unknown"),
        ("ALTER TABLE transactions DROP COLUMN purpose", "table transactions .* purpose is missing"),
        ("ALTER TABLE transactions ADD COLUMN note TEXT", "table transactions .* note is not ours"),
        ("DROP TABLE acknowledgements", "table acknowledgements .* it is missing"),
        ("ALTER TABLE konfipay_meta RENAME COLUMN value TO wert", "konfipay_meta .* value is missing, wert is not"),
    ],
)
def test_another_schema_is_not_written_to(path: Path, statement: str, says: str) -> None:
    with make(path):
        pass
    change(path, statement)
    with pytest.raises(StorageError, match=says):
        make(path).open()


def test_tables_of_ones_own_may_live_beside(path: Path) -> None:
    with make(path):
        pass
    change(path, "CREATE TABLE paid (rid)", "CREATE VIEW big AS SELECT * FROM transactions")
    with make(path) as sink:
        assert sink.write(page("a"), "ack-1") == Written(1, 0)


# Addresses


@pytest.mark.parametrize(
    "url",
    [
        "foo://user:geheim@host/x",
        "sqlite+foo://user:geheim@host/x",
        "no address geheim",
        "",
        "sqlite://user:geheim@host/x",
        "sqlite:///x.db?password=geheim",
        "sqlite:///x.db?mode=geheim",
        "sqlite:///x.db?cached_statements=geheim&uri=true",
    ],
)
def test_an_address_that_is_none_says_how_one_is_written(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match=r"sqlite:///bookings\.db") as caught:
        SqlSink(url, origin=ORIGIN).open()
    assert "geheim" not in str(caught.value)
    assert "geheim" not in repr(SqlSink(url, origin=ORIGIN))


@pytest.mark.parametrize("kind", ["oracle", "postgresql+asyncpg", "sqlite+aiosqlite", "sqlite+pysqlcipher"])
def test_another_kind_of_database_names_what_is_supported(kind: str) -> None:
    with pytest.raises(ConfigurationError, match=r"not supported; an SQLite file") as caught:
        SqlSink(f"{kind}://user:geheim@host/x", origin=ORIGIN).open()
    assert "geheim" not in str(caught.value)
    assert f"{kind!r}" in str(caught.value)


# What can be wrong with a file


def refused(sink: SqlSink, says: str, kind: type[StorageError] = StorageError) -> None:
    with pytest.raises(StorageError, match=says) as caught:
        sink.open()
    assert type(caught.value) is kind
    assert_silent(caught.value)


def test_a_directory_that_is_missing(tmp_path: Path) -> None:
    refused(make(tmp_path / "missing" / "bookings.db"), r"there is no directory .*missing; make it")


def test_a_directory_instead_of_a_file(tmp_path: Path) -> None:
    refused(make(tmp_path), "it is a directory")


def test_a_file_that_is_missing_and_may_not_be_made(path: Path) -> None:
    refused(SqlSink(f"sqlite:///file:{path.as_posix()}?mode=rw&uri=true", origin=ORIGIN), "must exist and be readable")


def test_a_file_that_is_no_database(path: Path) -> None:
    path.write_text(f"{NAME};{IBAN};" * 100)
    refused(make(path), "no SQLite database; choose another file")
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("how", ["mode=ro", "immutable=1"])
def test_a_file_that_is_read_only(path: Path, how: str) -> None:
    with make(path) as sink:
        sink.write(page("a"), None)
    refused(SqlSink(f"sqlite:///file:{path.as_posix()}?{how}&uri=true", origin=ORIGIN), "read-only; allow writing")


def test_a_damaged_database(path: Path) -> None:
    with make(path) as sink:
        sink.write([booking(str(number), purpose=PURPOSE * 20) for number in range(200)], None)
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    refused(make(path), "is damaged; restore it")


def test_a_database_another_program_locks(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "_PATIENCE", 0)
    with make(path) as sink, contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="locked by another program") as caught:
            sink.write(page("a"), "ack-1")
        assert_silent(caught.value)
        refused(make(path, source="other"), "locked by another program", StorageBusyError)
        other.execute("ROLLBACK")
        assert sink.write(page("a"), "ack-1") == Written(1, 0)


def test_a_reader_keeps_nobody_from_opening(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database whose journal mode cannot be changed just now is used as it is."""
    monkeypatch.setattr(sqlite, "_PATIENCE", 0)
    take = lock.take
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as reader:

        def read_meanwhile(*arguments: str) -> sqlite3.Connection:
            reader.execute("BEGIN")
            assert reader.execute("SELECT count(*) FROM transactions").fetchone() == (0,)
            return take(*arguments)

        monkeypatch.setattr(lock, "take", read_meanwhile)
        with make(path) as sink:
            assert pragma(sink, "journal_mode") == "delete"
            assert pragma(sink, "synchronous") == 3  # EXTRA: a rollback journal's end is to last as well
            reader.execute("COMMIT")
            assert sink.write(page("b"), None) == Written(1, 0)


def test_readers_see_the_last_page_while_the_next_is_written(sink: SqlSink, path: Path) -> None:
    sink.write(page("a"), None)

    def delete(connection: Any) -> None:
        connection.exec_driver_sql("DELETE FROM transactions")
        assert len(read(path, "SELECT * FROM transactions")) == 1

    sink._run(delete)


def test_a_full_disk_loses_nothing_that_was_committed(sink: SqlSink) -> None:
    sink.write(page("a"), "ack-1")
    many = [booking(str(number), purpose=PURPOSE * 50) for number in range(500)]
    limit = pragma(sink, "max_page_count = 1")
    with pytest.raises(StorageError, match=r"no room is left .* nothing was written; make room") as caught:
        sink.write(many, "ack-2")
    assert_silent(caught.value)
    assert sink.count() == 1
    assert sink.pending() == ["ack-1"]
    pragma(sink, f"max_page_count = {limit + 10_000}")
    assert sink.write(many, "ack-2") == Written(500, 0)


def test_what_sqlalchemy_says_holds_no_booking(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither its log nor its own error, which a debugger or a reporter of errors may dig out."""
    monkeypatch.setattr(sqlite, "_PATIENCE", 0)
    with caplog.at_level("DEBUG", "sqlalchemy"), make(path) as sink:
        sink.write(page("a"), "ack-1")
        pragma(sink, "max_page_count = 1")
        with pytest.raises(StorageError) as caught:
            sink.write([booking(str(number), purpose=PURPOSE * 50) for number in range(500)], "ack-2")
    hidden = caught.value.__context__
    assert hidden is not None
    assert "INSERT INTO transactions" in caplog.text
    for canary in (IBAN, NAME, PURPOSE):
        assert canary not in caplog.text + str(hidden) + repr(hidden)


def test_a_text_the_database_cannot_hold(sink: SqlSink) -> None:
    with pytest.raises(StorageError, match="no valid Unicode") as caught:
        sink.write([booking("a"), booking("b", booking_text=IBAN + "\ud800")], "ack-1")
    assert_silent(caught.value)
    assert sink.count() == 0
    assert sink.pending() == []


def test_a_value_the_database_cannot_hold(sink: SqlSink) -> None:
    with pytest.raises(StorageError, match="failed with") as caught:
        sink.write([booking("a", booking_text=[IBAN])], "ack-1")
    assert_silent(caught.value)
    assert sink.count() == 0


def test_any_text_comes_back_as_it_was(sink: SqlSink, path: Path) -> None:
    texts = {"a": "Ä😀\0ß'\";--", "b": "", "c": "x" * 100_000}
    sink.write([booking(rid, booking_text=text) for rid, text in texts.items()], None)
    found = read(path, "SELECT rid, booking_text FROM transactions")
    assert {row["rid"]: row["booking_text"] for row in found} == texts
