"""The SQL sink, on a real PostgreSQL."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from konfipay_async.errors import ConfigurationError, StorageAwayError, StorageBusyError, StorageError
from konfipay_async.models.transactions import BankAccountRef, CreditDebitIndicator, DocumentRef, Transaction
from konfipay_async.pull.sinks import Written, postgresql, schema, sql
from konfipay_async.pull.sinks.postgresql import Postgresql
from konfipay_async.pull.sinks.sql import SqlSink

ORIGIN = "https://portal.konfipay.de"
SUMMER = timezone(timedelta(hours=2))

IBAN = "DE02120300000000202051"
NAME = "Erika Kanarienvogel"
PURPOSE = "Miete Kanarienweg 3"


def booking(rid: str = "t-1", amount: Any = Decimal("10.90"), **fields: Any) -> Transaction:
    fields = {"name": NAME, "iban": IBAN, "purpose": PURPOSE} | fields
    indicator = fields.pop("credit_debit_indicator", CreditDebitIndicator.CRDT)
    return Transaction(rid=rid, amount=amount, currency="EUR", credit_debit_indicator=indicator, **fields)


def page(*rids: str) -> list[Transaction]:
    return [booking(rid) for rid in rids]


def make(server: Any, **rest: Any) -> SqlSink:
    return SqlSink(rest.pop("url", None) or server.url(), **({"origin": ORIGIN} | rest))


def assert_silent(error: BaseException) -> None:
    """Neither the text nor a printed traceback holds anything of a booking, nor SQL."""
    shown = str(error) + repr(error) + "".join(traceback.format_exception(error))
    for canary in (IBAN, NAME, PURPOSE, "INSERT INTO", "[SQL", "sqlalche.me"):
        assert canary not in shown


def sessions(server: Any) -> list[int]:
    """The server's processes that work for our sinks."""
    query = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'konfipay pull%'"
    return [pid for (pid,) in server.execute(query)]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch, postgres_server: Any) -> None:
    # Of the last test: the server ends them a moment after they were closed.
    give_up = time.monotonic() + 20
    while left := sessions(postgres_server):
        assert time.monotonic() < give_up, f"a test left sessions behind: {left}"
    monkeypatch.setattr(postgresql, "_PATIENCE", "50ms")


@pytest.fixture
def sink(postgres: Any) -> Iterator[SqlSink]:
    with make(postgres) as sink:
        yield sink


# What is written


def test_every_column_has_its_exact_type(sink: SqlSink, postgres: Any) -> None:
    """Numbers, days and moments are what they are."""
    full = booking(
        "t-1",
        Decimal("10.90"),
        timestamp=datetime(2025, 7, 18, 10, 6, 4, tzinfo=SUMMER),
        booking_date=datetime(2025, 7, 18, 0, 30, tzinfo=SUMMER),
        value_date=datetime(2025, 7, 19, 23, 59, tzinfo=SUMMER),
        is_new=True,
        document=DocumentRef(rid="d-1", timestamp=date(2025, 7, 18), is_new=True, format="camt.053"),
        bank_account=BankAccountRef(rid="ba-1", iban="DE00", currency="USD"),
    )
    sink.write([full], "ack-1")
    query = (
        "SELECT amount, timestamp, booking_date, value_date, is_new, file_timestamp, bank_account_rid, "
        "bank_account_currency, source, changed_at FROM konfipay.transactions"
    )
    moment = datetime(2025, 7, 18, 8, 6, 4, tzinfo=UTC)
    expected = (moment, date(2025, 7, 18), date(2025, 7, 19), True, "2025-07-18", "ba-1", "USD", "default", None)
    assert postgres.execute(query) == [(Decimal("10.90"), *expected)]
    assert str(postgres.execute(query)[0][0]) == "10.90"


def test_a_time_without_an_offset_is_german(sink: SqlSink, postgres: Any) -> None:
    """Whatever time zone the server, the session's user or this machine keeps."""
    summer, winter = datetime.fromisoformat("2025-07-01T12:00:00"), datetime.fromisoformat("2025-01-01T12:00:00")
    sink.write([booking("a", timestamp=summer), booking("b", timestamp=winter)], None)
    found = postgres.execute("SELECT timestamp FROM konfipay.transactions ORDER BY rid")
    assert [moment.astimezone(UTC).hour for (moment,) in found] == [10, 11]


def test_amounts_keep_their_digits_and_add_up_exactly(sink: SqlSink, postgres: Any) -> None:
    """For PostgreSQL's own sum too."""
    amounts = ["0.10", "0.20", "9" * 41, "-0.00", "1E+3", "0." + "3" * 100]
    sink.write([booking(str(number), Decimal(amount)) for number, amount in enumerate(amounts)], None)
    found = postgres.execute("SELECT amount::text FROM konfipay.transactions ORDER BY rid")
    assert [text for (text,) in found] == ["0.10", "0.20", "9" * 41, "0.00", "1000", "0." + "3" * 100]
    assert postgres.execute("SELECT sum(amount) FROM konfipay.transactions WHERE rid < '2'") == [(Decimal("0.30"),)]


MONEY = st.decimals(allow_nan=False, allow_infinity=False).filter(lambda amount: abs(amount.adjusted()) <= 40)


@settings(deadline=None, max_examples=20)
@given(amounts=st.lists(MONEY, min_size=1, max_size=20))
def test_every_digit_is_kept(postgres_server: Any, amounts: list[Decimal]) -> None:
    postgres_server.execute("DROP SCHEMA IF EXISTS konfipay CASCADE")
    with make(postgres_server) as sink:
        sink.write([booking(f"{number:03}", amount) for number, amount in enumerate(amounts)], None)
    found = postgres_server.execute("SELECT amount FROM konfipay.transactions ORDER BY rid")
    assert [amount for (amount,) in found] == amounts


def test_any_text_is_kept_but_for_nul(sink: SqlSink, postgres: Any) -> None:
    """Which PostgreSQL has not, and which must not hold up all bookings."""
    texts = {"a": "Ä😀ß'\";--\\N\t\r\n\\.", "b": "", "c": "x" * 100_000, "d\0": "be\0fore"}
    assert sink.write([booking(rid, booking_text=text) for rid, text in texts.items()], None) == Written(4, 0)
    assert sink.write([booking(rid, booking_text=text) for rid, text in texts.items()], None) == Written(0, 4)
    found = dict(postgres.execute("SELECT rid, booking_text FROM konfipay.transactions"))
    assert found == {rid.replace("\0", "\ufffd"): text.replace("\0", "\ufffd") for rid, text in texts.items()}


def test_a_text_that_is_no_unicode(sink: SqlSink) -> None:
    with pytest.raises(StorageError, match="no valid Unicode") as caught:
        sink.write([booking("a"), booking("b", booking_text=IBAN + "\ud800")], "ack-1")
    assert_silent(caught.value)
    assert (sink.count(), sink.pending()) == (0, [])
    assert sink.write(page("a"), "ack-2") == Written(1, 0)


def test_an_id_that_is_too_long_for_an_index(sink: SqlSink) -> None:
    """Nothing of the page is written, and nothing of it is told."""
    with pytest.raises(StorageError, match="an id that is too long") as caught:
        sink.write([booking("a"), booking(os.urandom(5000).hex())], "ack-1")
    assert_silent(caught.value)
    assert (sink.count(), sink.pending()) == (0, [])


def test_commits_last(postgres_server: Any) -> None:
    """Also where the database was set up to forget the last of them in a crash."""
    postgres_server.execute("ALTER ROLE postgres SET synchronous_commit = off")
    try:
        with make(postgres_server) as sink:
            assert sink._run(lambda connection: connection.exec_driver_sql("SHOW synchronous_commit").scalar()) == "on"
    finally:
        postgres_server.execute("ALTER ROLE postgres RESET synchronous_commit")


def test_readers_see_the_last_page_while_the_next_is_written(sink: SqlSink, postgres: Any) -> None:
    sink.write(page("a"), None)
    count = "SELECT count(*) FROM konfipay.transactions"

    def work(connection: Any) -> None:
        connection.exec_driver_sql("DELETE FROM transactions")
        assert postgres.execute(count) == [(1,)]

    sink._run(work)
    assert postgres.execute(count) == [(0,)]


def test_days_are_indexed(sink: SqlSink, postgres: Any) -> None:
    """Both ways of looking for them."""
    names = {name for (name,) in postgres.execute("SELECT indexname FROM pg_indexes WHERE schemaname = 'konfipay'")}
    assert {"ix_transactions_booking_date", "ix_transactions_account_booking_date"} <= names


# The lock

HOLD = """
import os, sys
from konfipay_async.pull.sinks.sql import SqlSink
sink = SqlSink(sys.argv[1], origin="https://portal.konfipay.de")
sink.open()
print(os.getpid(), flush=True)
sys.stdin.read()
"""


def test_the_lock_dies_with_its_holder(postgres: Any) -> None:
    """kill -9; until then others are told who it is."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, postgres.url()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        pid = holder.stdout.readline().strip()
        with pytest.raises(
            StorageBusyError, match=rf"source 'default' .* process {pid} on .+, since 2\d{{3}}-"
        ) as caught:
            make(postgres).open()
        assert_silent(caught.value)
        with make(postgres, source="other") as other:
            assert other.write(page("a"), None) == Written(1, 0)
        assert_sessions(postgres, 1)
        [session] = sessions(postgres)
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        wait_for_end(postgres, session)
        with make(postgres) as sink:
            assert sink.write(page("a"), None) == Written(1, 0)
    finally:
        holder.kill()
        holder.communicate()


def wait_for_end(server: Any, session: int) -> None:
    """The server learns from the closed socket; a moment that is asked for, not slept through."""
    server.execute(f"SELECT pg_terminate_backend({session}, 10000)")


def test_a_lock_that_went_to_another_with_the_connection_stops_the_first(
    sink: SqlSink, postgres: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written without it."""
    monkeypatch.setattr(sql, "_AWAY", 0.3)
    sink.write(page("a"), "ack-1")
    assert_sessions(postgres, 1)
    [session] = sessions(postgres)
    wait_for_end(postgres, session)
    with make(postgres) as second:
        with pytest.raises(StorageBusyError, match=f"process {os.getpid()} on"):
            sink.write(page("b"), "ack-2")
        assert second.count() == 1
    monkeypatch.setattr(sql, "_AWAY", 30.0)
    assert sink.write(page("b"), "ack-2") == Written(1, 0)


def test_every_session_is_closed(postgres: Any) -> None:
    """Also where opening fails."""
    with make(postgres) as sink:
        sink.write(page("a"), None)
        with pytest.raises(StorageBusyError):
            make(postgres).open()
        assert_sessions(postgres, 1)
    with pytest.raises(StorageError):
        make(postgres, origin="https://elsewhere.example").open()
    assert_sessions(postgres, 0)


def assert_sessions(server: Any, count: int) -> None:
    """The server notices the end of a connection a moment after it, so it is asked again."""
    for _ in range(500):
        if len(sessions(server)) == count:
            return
    raise AssertionError(sessions(server))


# A connection that breaks


@pytest.mark.parametrize("how", ["fast", "immediate"])
def test_a_restart_between_two_pages_is_nobodys_business(sink: SqlSink, postgres: Any, how: str) -> None:
    """The sink comes back, with its lock."""
    sink.write(page("a"), "ack-1")
    postgres.stop(how)
    postgres.start()
    assert sink.write(page("a", "b"), "ack-2") == Written(1, 1)
    assert sink.pending() == ["ack-1", "ack-2"]
    with pytest.raises(StorageBusyError):
        make(postgres).open()


def test_a_restart_in_the_middle_of_a_page_repeats_it(
    sink: SqlSink, postgres: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that were rolled back are new, once."""
    record = sink._record
    restarts = iter(["immediate"])

    def restarting(*arguments: Any) -> None:
        record(*arguments)
        for how in restarts:
            postgres.stop(how)
            postgres.start()

    monkeypatch.setattr(sink, "_record", restarting)
    assert sink.write(page("a", "b"), "ack-1") == Written(2, 0)
    assert (sink.count(), sink.pending()) == (2, ["ack-1"])


def test_a_server_that_comes_back_late_is_waited_for(sink: SqlSink, postgres: Any) -> None:
    """It is away when the page comes, and starts while it waits."""
    sink.write(page("a"), "ack-1")
    postgres.stop()
    starting = threading.Thread(target=postgres.start)
    attempts = []
    connect = sink._database.connect  # type: ignore[union-attr]

    def connecting() -> Any:
        attempts.append(None)
        if len(attempts) == 2:
            starting.start()
        return connect()

    sink._database.connect = connecting  # type: ignore[method-assign, union-attr]
    assert sink.write(page("b"), "ack-2") == Written(1, 0)
    starting.join()
    assert len(attempts) >= 2


def test_a_server_that_stays_away_is_an_error(sink: SqlSink, postgres: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the page is not written; once it is back, the same sink goes on."""
    monkeypatch.setattr(sql, "_AWAY", 0.2)
    postgres.stop()
    try:
        with pytest.raises(StorageError, match="cannot be reached: no server listens there") as caught:
            sink.write(page("a"), "ack-1")
    finally:
        postgres.start()
    assert_silent(caught.value)
    assert sink.write(page("a"), "ack-1") == Written(1, 0)


class Wire:
    """A socket in front of the server's. Armed, it lets one COMMIT through and hangs up before the answer."""

    def __init__(self, server: Any, folder: Path) -> None:
        self.url = f"postgresql://postgres@/postgres?host={folder}"
        self.armed = False
        self.lost = 0
        self._target = str(server.folder / ".s.PGSQL.5432")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / ".s.PGSQL.5432"))
        self._listener.listen()
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)
        for one in self._sockets:
            one.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._target)
                self._sockets += [client, server]
                losing = threading.Event()
                for one, other, forward in ((client, server, self._to_server), (server, client, self._to_client)):
                    self._threads.append(threading.Thread(target=forward, args=(one, other, losing)))
                    self._threads[-1].start()

    def _to_server(self, client: socket.socket, server: socket.socket, losing: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while sent := client.recv(65536):
                if self.armed and b"COMMIT" in sent:
                    self.armed = False
                    losing.set()
                server.sendall(sent)
        self._hang_up(client, server)

    def _to_client(self, server: socket.socket, client: socket.socket, losing: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while answered := server.recv(65536):
                if losing.is_set():
                    self.lost += 1
                    break
                client.sendall(answered)
        self._hang_up(client, server)

    def _hang_up(self, *sockets: socket.socket) -> None:
        for one in sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def wire(postgres: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    folder = postgres.folder / "wire"
    folder.mkdir(exist_ok=True)
    (folder / ".s.PGSQL.5432").unlink(missing_ok=True)
    wire = Wire(postgres, folder)
    yield wire
    wire.close()


def test_a_commit_whose_answer_was_lost_counts_once(wire: Wire, postgres: Any) -> None:
    """It happened; the repeat changes nothing, and the counts are those of the first."""
    with make(postgres, url=wire.url) as sink:
        sink.write([booking("known"), booking("changes")], "ack-1")
        wire.armed = True
        rows = [booking("known"), booking("changes", bic="NEW"), booking("new")]
        assert sink.write(rows, "ack-2") == Written(new=1, known=2, changed=1)
        assert wire.lost == 1
        assert sink.pending() == ["ack-1", "ack-2"]
        wire.armed = True
        sink.settle("ack-1", "ACKNOWLEDGED")
        assert wire.lost == 2
        assert sink.pending() == ["ack-2"]
    assert postgres.execute("SELECT count(*) FROM konfipay.transactions") == [(3,)]


# Whose database it is


def test_other_tables_of_the_database_are_left_alone(postgres: Any) -> None:
    """Ours have a schema of their own."""
    postgres.execute("DROP TABLE IF EXISTS transactions", "CREATE TABLE transactions (mine int)")
    try:
        with make(postgres) as sink:
            assert sink.write(page("a"), None) == Written(1, 0)
        assert postgres.execute("SELECT count(*) FROM public.transactions") == [(0,)]
    finally:
        postgres.execute("DROP TABLE public.transactions")


def test_a_schema_of_another_program_is_left_alone(postgres: Any) -> None:
    postgres.execute("CREATE SCHEMA konfipay", "CREATE TABLE konfipay.customers (name text)")
    with pytest.raises(StorageError, match=r"not ours: it has customers and no konfipay_meta.*--to"):
        make(postgres).open()
    assert postgres.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'konfipay'") == [("customers",)]


def test_a_newer_schema_is_not_written_to(postgres: Any) -> None:
    with make(postgres):
        pass
    postgres.execute("UPDATE konfipay.konfipay_meta SET value = '99' WHERE key = 'schema_version'")
    with pytest.raises(StorageError, match=f"schema version 99, .* version {schema.VERSION} and knows older"):
        make(postgres).open()


def test_tables_that_were_changed_are_not_written_to(postgres: Any) -> None:
    with make(postgres):
        pass
    postgres.execute("ALTER TABLE konfipay.transactions ADD COLUMN note text")
    with pytest.raises(StorageError, match="note is not ours"):
        make(postgres).open()


def test_the_first_page_decides_the_origin(postgres: Any) -> None:
    with make(postgres, source="a") as first, make(postgres, source="b", origin="https://sandbox.example") as second:
        first.write(page("a"), "ack-1")
        with pytest.raises(StorageError, match="was filled from"):
            second.write(page("b"), "ack-2")
        assert (first.count(), second.count()) == (1, 0)


def test_many_may_open_an_empty_database_at_once(postgres: Any) -> None:
    """The tables are made once, whoever comes first."""
    opened: list[object] = []
    barrier = threading.Barrier(4)

    def open_one(source: str) -> None:
        barrier.wait()
        try:
            with make(postgres, source=source) as sink:
                opened.append(sink.write(page("a"), None))
        except StorageError as error:
            opened.append(error)

    threads = [threading.Thread(target=open_one, args=(str(number),)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert opened == [Written(1, 0)] * 4


# What can be wrong with a server


@contextlib.contextmanager
def made(server: Any, make_it: str, undo_it: str) -> Iterator[None]:
    server.execute(make_it)
    try:
        yield
    finally:
        server.execute(undo_it)


def refused(open_it: Callable[[], object], says: str, kind: type[Exception] = StorageError) -> None:
    with pytest.raises(kind, match=says) as caught:
        open_it()
    assert type(caught.value) is kind
    assert_silent(caught.value)
    assert "geheim" not in str(caught.value)


def test_a_database_that_cannot_hold_every_text(postgres: Any) -> None:
    create = "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"
    with made(postgres, create, "DROP DATABASE latin WITH (FORCE)"):
        refused(make(postgres, url=postgres.url("latin")).open, "has the encoding LATIN1")


def test_a_database_that_is_read_only(postgres: Any) -> None:
    with make(postgres):
        pass
    read_only = "ALTER ROLE postgres SET default_transaction_read_only = "
    with made(postgres, f"{read_only}on", f"BEGIN READ WRITE; {read_only}off; COMMIT"):
        refused(make(postgres).open, "is read-only")
    postgres.execute("ALTER ROLE postgres RESET default_transaction_read_only")


def test_a_user_who_may_not(postgres: Any) -> None:
    """Neither make the schema, nor temporary tables; with both it works."""
    guest = make(postgres, url=postgres.url(user="guest"))
    with made(postgres, "CREATE ROLE guest LOGIN", "DROP OWNED BY guest; DROP ROLE guest"):
        refused(guest.open, "may not write .* the right to make the schema konfipay")
        postgres.execute(
            "CREATE SCHEMA konfipay AUTHORIZATION guest", "REVOKE TEMPORARY ON DATABASE postgres FROM PUBLIC"
        )
        try:
            refused(guest.open, "the right to make temporary tables")
        finally:
            postgres.execute("GRANT TEMPORARY ON DATABASE postgres TO PUBLIC")
        with guest as sink:
            assert sink.write(page("a"), None) == Written(1, 0)


def test_tables_another_program_locks(sink: SqlSink, postgres: Any) -> None:
    """They are waited for, not for ever."""
    sink._run(lambda connection: connection.exec_driver_sql("SET lock_timeout = '50ms'"))
    with psycopg.connect(postgres.url()) as other:
        other.execute("LOCK TABLE konfipay.transactions")
        refused(lambda: sink.write(page("a"), "ack-1"), "locked by another program", StorageBusyError)
    assert sink.write(page("a"), "ack-1") == Written(1, 0)


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("postgresql://postgres:geheim@127.0.0.1:1/x", "no server listens there"),
        ("postgresql://postgres:geheim@/x?host=/nowhere", "no server listens there"),
        ("postgresql://postgres:geheim@/nix?host={folder}", "there is no such database"),
        ("postgresql://nix:geheim@/postgres?host={folder}", "does not know this user"),
        (
            "postgres://postgres:geheim@/postgres?host={folder}&sslmode=geheim",
            "no encrypted connection|failed with|reached",
        ),
    ],
)
def test_a_server_that_cannot_be_reached_says_why(postgres: Any, address: str, says: str) -> None:
    kind = StorageAwayError if "listens" in says else StorageError  # where it may be back later
    refused(make(postgres, url=address.format(folder=postgres.folder)).open, says, kind)


CONNECTION = 'connection to server at "db-controller.example" (10.0.0.1), port 5432 failed: '


@pytest.mark.parametrize(
    "text",
    [
        CONNECTION + "No route to host\n\tIs the server running on that host and accepting TCP/IP connections?",
        CONNECTION + "Network is unreachable",
        CONNECTION + "Connection timed out",
        CONNECTION + "Host is down",
        CONNECTION + "FATAL:  the database system is in recovery mode",
        CONNECTION + "FATAL:  the database system is not yet accepting connections",
        CONNECTION + "FATAL:  das Datenbanksystem startet",
        CONNECTION + "FATAL:  tut mir leid, schon zu viele Verbindungen",
        CONNECTION + "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute",
        CONNECTION + 'FATAL:  too many connections for role "x"',
        "consuming input failed: SSL SYSCALL error: Connection timed out",
        "consuming input failed: could not receive data from server: Connection reset by peer",
        "could not send data to server: Broken pipe",
    ],
)
def test_what_passes_by_itself_is_an_error_that_passes(text: str) -> None:
    kind = Postgresql(sa.make_url("postgresql://db-controller.example/bank"), "default")
    assert type(kind.explain(psycopg.OperationalError(text))) is StorageAwayError


@pytest.mark.parametrize(
    "text",
    [
        CONNECTION + 'FATAL:  password authentication failed for user "refused"',
        CONNECTION + "FATAL:  Passwort-Authentifizierung für Benutzer »x« fehlgeschlagen",
        CONNECTION + 'FATAL:  no pg_hba.conf entry for host "10.0.0.2", user "x", database "y", no encryption',
        CONNECTION + 'FATAL:  role "x" does not exist',
        CONNECTION + "SSL error: certificate verify failed",
        CONNECTION + "server does not support SSL, but SSL was required",
        CONNECTION + "session is read-only",
        CONNECTION + "ERROR: no such database: bank",
        'invalid sslmode value: "geheim"',
    ],
)
def test_what_does_not_pass_by_itself_is_none(text: str) -> None:
    kind = Postgresql(sa.make_url("postgresql://db-controller.example/bank"), "default")
    assert type(kind.explain(psycopg.OperationalError(text))) is StorageError


@pytest.mark.parametrize("options", ["passwort=geheim", "connect_timeout=geheim"])
def test_options_that_are_none(postgres: Any, options: str) -> None:
    url = f"{postgres.url()}&{options}"
    refused(make(postgres, url=url).open, "postgresql://user:password@host", ConfigurationError)


def test_without_psycopg_opening_names_the_extra() -> None:
    code = """
import sys
sys.modules["psycopg"] = None
from konfipay_async.errors import MissingExtraError
from konfipay_async.pull.sinks.sql import SqlSink
try:
    SqlSink("postgresql://host/name", origin="x").open()
except MissingExtraError as error:
    assert error.extra == "postgres", error
else:
    raise SystemExit("opened")
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_keepalives_of_the_address_go_before_ours() -> None:
    """What a user says of the connection holds."""
    import sqlalchemy as sa

    made_of = postgresql.Postgresql(sa.make_url("postgresql://h/n?connect_timeout=3&application_name=mine"), "x")
    _, options = made_of._new_engine().dialect.create_connect_args(made_of._url)
    assert (options["connect_timeout"], options["application_name"]) == ("3", "mine")
