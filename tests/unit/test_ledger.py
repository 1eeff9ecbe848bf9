"""The ledger of what was sent: what it refuses, what survives, and what it never holds."""

import hashlib
import json
import math
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from konfipay_async.errors import (
    AlreadySubmittedError,
    ClientStateError,
    ConfigurationError,
    KonfipayError,
    StorageBusyError,
    StorageError,
)
from konfipay_async.ledger import Entry, Ledger, server_of

ORIGIN = "https://portal.example"
FILE = hashlib.sha256(b"file").hexdigest()
OTHER_FILE = hashlib.sha256(b"another").hexdigest()
ACCOUNT = hashlib.sha256(b"account").hexdigest()
NOW = 1_700_000_000.0
HOUR = 3600.0
UPLOAD, EXTRACT = "payment_files.upload", "payment_files.extract"
KINDS = [UPLOAD, "payments.create"]


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path) -> Iterator[Ledger]:
    with Ledger(path) as ledger:
        yield ledger


def intend(ledger: Ledger, sha256: str = FILE, *, at: float = NOW, **arguments) -> int:
    given = {"kind": KINDS[0], "origin": ORIGIN, "refuse_done": True, **arguments}
    return ledger.intend(given.pop("kind"), given.pop("origin"), sha256, at=at, **given)


# --- what is kept ----------------------------------------------------------------------------------------------------


def test_an_entry_is_kept_as_it_was_given(ledger, path) -> None:
    entry = intend(
        ledger, message_id="M1", orders=2, control_sum=Decimal("1234567890123456789.10"), counterparties=[ACCOUNT, FILE]
    )
    wanted = Entry(
        id=entry,
        kind=KINDS[0],
        origin=ORIGIN,
        sha256=FILE,
        sent_at=NOW,
        outcome="intended",
        message_id="M1",
        orders=2,
        control_sum=Decimal("1234567890123456789.10"),
        counterparties=frozenset({ACCOUNT, FILE}),
    )
    assert ledger.entries() == [wanted]
    with Ledger(path) as again:
        assert again.entries() == [wanted]
        assert str(again.entries()[0].control_sum) == "1234567890123456789.10"


def test_what_was_not_told_stays_untold(ledger) -> None:
    intend(ledger)
    (entry,) = ledger.entries()
    assert (entry.message_id, entry.orders, entry.control_sum, entry.counterparties) == (None, None, None, frozenset())
    assert entry.rid is None
    assert not entry.forced
    assert entry.is_open


def test_a_sum_is_text_without_an_exponent(ledger, path) -> None:
    for number, amount in enumerate(["1E+3", "-0.00", "0.10"]):
        intend(ledger, hashlib.sha256(bytes([number])).hexdigest(), control_sum=Decimal(amount))
    with sqlite3.connect(path) as connection:
        kept = [text for (text,) in connection.execute("SELECT control_sum FROM submissions ORDER BY id")]
    connection.close()
    assert kept == ["1000", "0.00", "0.10"]


def test_entries_come_newest_first_and_can_be_filtered(ledger) -> None:
    first = intend(ledger, at=NOW)
    second = intend(ledger, OTHER_FILE, at=NOW - HOUR, kind=KINDS[1])
    third = intend(ledger, OTHER_FILE, at=NOW, origin="https://other.example")
    ledger.settle(first, "done", "r-1")
    assert [entry.id for entry in ledger.entries()] == [third, second, first]
    assert [entry.id for entry in ledger.entries(origin=ORIGIN)] == [second, first]
    assert [entry.id for entry in ledger.entries(kind=KINDS[1])] == [second]
    assert [entry.id for entry in ledger.entries(origin=ORIGIN, outcome="intended")] == [second]


def test_the_ids_of_what_was_submitted_are_kept(ledger, path) -> None:
    intend(ledger, rids=["p-2", "p-1"])
    with Ledger(path) as again:
        assert again.entries()[0].rids == ("p-2", "p-1")
    for bad in ("p-1 p-2", "", " p-1"):
        with pytest.raises(ConfigurationError, match="rids"):
            intend(ledger, OTHER_FILE, rids=[bad])


@pytest.mark.parametrize(
    "same",
    [
        "https://portal.example/api/v6",
        "https://portal.example/api/v6.0",
        "https://portal.example//api/v6/",
        "https://PORTAL.example:443/api/v6",
        "HTTPS://portal.example./api/v7",
    ],
)
def test_a_server_is_the_same_whatever_its_path_and_spelling(ledger, same) -> None:
    assert server_of(same) == "https://portal.example:443"
    intend(ledger, origin="https://portal.example/api/v6")
    with pytest.raises(AlreadySubmittedError):
        intend(ledger, origin=same)
    assert [entry.origin for entry in ledger.entries(origin=same)] == ["https://portal.example/api/v6"]


@pytest.mark.parametrize(
    "other", ["http://portal.example", "https://portal.example:444", "https://test.portal.example"]
)
def test_another_server_is_another(ledger, other) -> None:
    intend(ledger, origin="https://portal.example/api/v6")
    assert intend(ledger, origin=other)
    assert [entry.origin for entry in ledger.entries(origin=other)] == [other]


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("refuse_done", [True, False])
@pytest.mark.parametrize("outcome", ["intended", "unknown"])
def test_what_is_open_is_not_sent_again(ledger, outcome, refuse_done) -> None:
    entry = intend(ledger)
    if outcome == "unknown":
        ledger.settle(entry, "unknown")
    with pytest.raises(AlreadySubmittedError, match="2023-11-14 22:13:20") as caught:
        intend(ledger, at=NOW + 60, refuse_done=refuse_done)
    assert (caught.value.sent_at, caught.value.rid, caught.value.outcome) == (NOW, None, outcome)
    assert "reconcile" in str(caught.value)
    assert "again=True" in str(caught.value)
    assert len(ledger.entries()) == 1


def test_what_arrived_is_refused_only_where_that_is_asked_for(ledger) -> None:
    ledger.settle(intend(ledger), "done", "r-1")
    with pytest.raises(AlreadySubmittedError, match="r-1") as caught:
        intend(ledger, refuse_done=True)
    assert (caught.value.sent_at, caught.value.rid, caught.value.outcome) == (NOW, "r-1", "done")
    assert intend(ledger, refuse_done=False)


@pytest.mark.parametrize("outcome", ["refused", "not sent"])
def test_what_certainly_did_not_happen_stands_against_nothing(ledger, outcome) -> None:
    ledger.settle(intend(ledger), outcome)
    assert intend(ledger, refuse_done=True)


def test_only_the_same_is_the_same(ledger) -> None:
    intend(ledger)
    assert intend(ledger, OTHER_FILE)
    assert intend(ledger, kind=KINDS[1])
    assert intend(ledger, origin="https://other.example")


def test_an_upload_and_an_extraction_of_a_file_are_the_same(ledger) -> None:
    for first, second in (EXTRACT, UPLOAD), (UPLOAD, EXTRACT):
        sha256 = hashlib.sha256(first.encode()).hexdigest()
        entry = intend(ledger, sha256, kind=first)
        with pytest.raises(AlreadySubmittedError, match=f"the same \\({first}\\)"):
            intend(ledger, sha256, kind=second)
        ledger.settle(entry, "done", "r-1")
        with pytest.raises(AlreadySubmittedError, match="r-1"):
            intend(ledger, sha256, kind=second)
        assert intend(ledger, sha256, kind=second, refuse_done=False)


ORDERS = {"orders": 2, "control_sum": Decimal("10.90"), "counterparties": [ACCOUNT, OTHER_FILE]}


@pytest.mark.parametrize("kind", ["payment_files.upload", "payment_files.extract", "payments.create"])
@pytest.mark.parametrize("outcome", ["intended", "unknown"])
def test_a_file_that_was_built_anew_is_not_sent_while_its_twin_is_open(ledger, outcome, kind) -> None:
    """With another message id, time and so other bytes."""
    entry = intend(ledger, message_id="M-1", **ORDERS)
    if outcome == "unknown":
        ledger.settle(entry, "unknown")
    anew = {"kind": kind, "message_id": "M-2", **ORDERS, "control_sum": Decimal("10.9")}
    with pytest.raises(AlreadySubmittedError, match=r"the same orders \(payment_files.upload\)") as caught:
        intend(ledger, OTHER_FILE, **anew, refuse_done=False)
    assert (caught.value.outcome, caught.value.sent_at) == (outcome, NOW)
    forced = intend(ledger, OTHER_FILE, **anew, force=True)
    ledger.settle(forced, "refused")
    ledger.settle(entry, "done")
    assert intend(ledger, OTHER_FILE, **anew), "it is known to have arrived, so these are further orders"


@pytest.mark.parametrize("changed", [{"orders": 3}, {"control_sum": Decimal("10.91")}, {"counterparties": [ACCOUNT]}])
def test_other_orders_are_something_else(ledger, changed) -> None:
    intend(ledger, message_id="M-1", **ORDERS)
    assert intend(ledger, OTHER_FILE, **{**ORDERS, "message_id": "M-2", **changed})


def test_a_file_with_the_message_id_of_one_that_is_open_is_not_sent(ledger) -> None:
    entry = intend(ledger, message_id="M-1", orders=1)
    with pytest.raises(AlreadySubmittedError, match="a file with the same message id"):
        intend(ledger, OTHER_FILE, message_id="M-1", orders=2)
    ledger.settle(entry, "done")
    assert intend(ledger, OTHER_FILE, message_id="M-1", orders=2)


def test_a_file_with_message_id_and_orders_of_one_that_arrived_is_not_sent(ledger) -> None:
    """It was built anew, so only the time in it is another."""
    ledger.settle(intend(ledger, message_id="M-1", **ORDERS), "done", "r-1")
    with pytest.raises(AlreadySubmittedError, match="r-1"):
        intend(ledger, OTHER_FILE, message_id="M-1", **ORDERS)
    assert intend(ledger, OTHER_FILE, message_id="M-1", **ORDERS, refuse_done=False)


@pytest.mark.parametrize("outcome", ["refused", "not sent"])
def test_a_twin_that_did_nothing_stands_against_nothing(ledger, outcome) -> None:
    ledger.settle(intend(ledger, message_id="M-1", **ORDERS), outcome)
    assert intend(ledger, OTHER_FILE, message_id="M-1", **ORDERS)


def test_of_which_nothing_is_known_is_nobody_s_twin(ledger) -> None:
    intend(ledger)
    assert intend(ledger, OTHER_FILE)
    intend(ledger, hashlib.sha256(b"a").hexdigest(), message_id="M-1", **ORDERS)
    assert intend(ledger, hashlib.sha256(b"b").hexdigest())
    with pytest.raises(AlreadySubmittedError):
        intend(ledger, hashlib.sha256(b"c").hexdigest(), **ORDERS)
    assert intend(ledger, hashlib.sha256(b"d").hexdigest(), **ORDERS, origin="https://other.example")


def test_some_of_the_payments_of_an_open_submission_are_not_submitted(ledger) -> None:
    entry = intend(ledger, kind="payments.submit", rids=["p-1", "p-2", "p-3"])
    with pytest.raises(AlreadySubmittedError, match="some of the same payments"):
        intend(ledger, OTHER_FILE, kind="payments.submit", rids=["p-4", "p-2"], refuse_done=False)
    assert intend(ledger, OTHER_FILE, kind="payments.submit", rids=["p-4"])
    assert intend(ledger, OTHER_FILE, kind="payment_files.submit", rids=["p-2"])
    ledger.settle(entry, "done")
    assert intend(ledger, ACCOUNT, kind="payments.submit", rids=["p-2"]), "the server knows which are in a file"


def test_force_lets_everything_pass_and_is_noted(ledger) -> None:
    first = intend(ledger)
    second = intend(ledger, force=True)
    ledger.settle(first, "done", "r-1")
    third = intend(ledger, force=True)
    assert [(entry.id, entry.forced) for entry in ledger.entries()] == [(third, True), (second, True), (first, False)]


def test_an_older_open_entry_still_stands_when_a_newer_was_refused(ledger) -> None:
    first = intend(ledger)
    ledger.settle(first, "unknown")
    ledger.settle(intend(ledger, force=True), "refused")
    with pytest.raises(AlreadySubmittedError, match=f"entry {first} "):
        intend(ledger)


def test_the_newest_that_stands_is_named(ledger) -> None:
    intend(ledger)
    second = intend(ledger, at=NOW + 5, force=True)
    with pytest.raises(AlreadySubmittedError, match=f"entry {second} ") as caught:
        intend(ledger, at=NOW + 10)
    assert caught.value.sent_at == NOW + 5


def test_what_arrived_counts_as_new_after_the_period(path) -> None:
    with Ledger(path, period=HOUR) as ledger:
        ledger.settle(intend(ledger), "done")
        for at in (NOW, NOW + HOUR - 1):
            with pytest.raises(AlreadySubmittedError):
                intend(ledger, at=at)
        assert intend(ledger, at=NOW + HOUR)


@pytest.mark.parametrize("refuse_done", [True, False])
@pytest.mark.parametrize("outcome", ["intended", "unknown"])
def test_what_is_open_stands_until_it_is_settled(ledger, outcome, refuse_done) -> None:
    """A weekend is longer than the period, and what nobody looked up may have arrived all the same."""
    entry = intend(ledger, message_id="M-1", **ORDERS)
    if outcome == "unknown":
        ledger.settle(entry, outcome)
    for later in (72 * HOUR, 365 * 24 * HOUR):
        with pytest.raises(AlreadySubmittedError, match="the same "):
            intend(ledger, at=NOW + later, refuse_done=refuse_done)
        with pytest.raises(AlreadySubmittedError, match="the same orders"):
            intend(ledger, OTHER_FILE, message_id="M-2", **ORDERS, at=NOW + later, refuse_done=refuse_done)
    ledger.settle(entry, "done")
    assert intend(ledger, at=NOW + 72 * HOUR)


def test_a_period_without_end_forgets_nothing(path) -> None:
    with Ledger(path, period=math.inf) as ledger:
        ledger.settle(intend(ledger, at=0), "done")
        with pytest.raises(AlreadySubmittedError):
            intend(ledger, at=100 * 365 * 24 * HOUR)


def test_a_clock_that_was_set_back_hides_nothing(ledger) -> None:
    intend(ledger, at=NOW)
    with pytest.raises(AlreadySubmittedError):
        intend(ledger, at=NOW - 1000 * HOUR)


def test_the_period_is_two_days_unless_told_otherwise(ledger) -> None:
    ledger.settle(intend(ledger), "done")
    with pytest.raises(AlreadySubmittedError):
        intend(ledger, at=NOW + 48 * HOUR - 1)
    assert intend(ledger, at=NOW + 48 * HOUR)


# --- settling --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", ["done", "refused", "not sent", "unknown"])
def test_an_outcome_is_kept(ledger, outcome) -> None:
    ledger.settle(intend(ledger), outcome, "r-1" if outcome == "done" else None)
    (entry,) = ledger.entries()
    assert (entry.outcome, entry.rid, entry.is_open) == (
        outcome,
        "r-1" if outcome == "done" else None,
        outcome == "unknown",
    )


def test_what_was_unknown_is_settled_when_it_was_looked_up(ledger) -> None:
    entry = intend(ledger)
    ledger.settle(entry, "unknown")
    ledger.settle(entry, "done", "r-1")
    ledger.settle(entry, "done", "r-1")
    ledger.settle(entry, "done")
    assert [(entry.outcome, entry.rid) for entry in ledger.entries()] == [("done", "r-1")]


def test_a_rid_may_come_later(ledger) -> None:
    entry = intend(ledger)
    ledger.settle(entry, "done")
    ledger.settle(entry, "done", "r-1")
    assert ledger.entries()[0].rid == "r-1"


@pytest.mark.parametrize("other", ["done", "refused"])
def test_what_was_said_not_to_be_sent_arrived_where_the_server_says_so(ledger, other) -> None:
    """A person may have been wrong, or too early."""
    entry = intend(ledger)
    ledger.settle(entry, "not sent")
    ledger.settle(entry, other, "r-1")
    (found,) = ledger.entries()
    assert (found.outcome, found.rid) == (other, "r-1")


@pytest.mark.parametrize(
    ("settled", "other"),
    [
        *((settled, other) for settled in ("done", "refused") for other in ("done", "refused", "not sent", "unknown")),
        ("not sent", "not sent"),
        ("not sent", "unknown"),
    ],
)
def test_what_is_settled_does_not_become_something_else(ledger, settled, other) -> None:
    entry = intend(ledger)
    ledger.settle(entry, settled)
    if settled != other:
        with pytest.raises(StorageError, match=f"settled as '{settled}'"):
            ledger.settle(entry, other)
    assert ledger.entries()[0].outcome == settled


def test_a_rid_does_not_become_another(ledger) -> None:
    entry = intend(ledger)
    ledger.settle(entry, "done", "r-1")
    with pytest.raises(StorageError, match="r-1"):
        ledger.settle(entry, "done", "r-2")
    assert ledger.entries()[0].rid == "r-1"


def test_an_entry_that_is_not_there_cannot_be_settled(ledger) -> None:
    with pytest.raises(StorageError, match="no entry 7"):
        ledger.settle(7, "done")


def test_an_outcome_has_one_of_four_names(ledger) -> None:
    entry = intend(ledger)
    for outcome in ("intended", "DONE", "", None):
        with pytest.raises(ConfigurationError, match="'done', 'refused', 'not sent', 'unknown'"):
            ledger.settle(entry, outcome)
    assert ledger.entries()[0].outcome == "intended"


# --- what may be written ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"kind": ""}, "kind"),
        ({"origin": None}, "origin"),
        ({"origin": "\ud800"}, "origin"),
        ({"sha256": FILE.upper()}, "sha256"),
        ({"sha256": b"x"}, "sha256"),
        ({"sha256": FILE + "\n"}, "sha256"),
        ({"message_id": ""}, "message_id"),
        ({"message_id": 5}, "message_id"),
        ({"orders": -1}, "orders"),
        ({"orders": True}, "orders"),
        ({"orders": 2**63}, "orders"),
        ({"control_sum": 1.5}, "control_sum"),
        ({"control_sum": 1}, "control_sum"),
        ({"control_sum": Decimal("NaN")}, "control_sum"),
        ({"control_sum": Decimal("Infinity")}, "control_sum"),
        ({"control_sum": Decimal("1E+999999")}, "control_sum"),
        ({"counterparties": ["DE89370400440532013000"]}, "counterparties"),
        ({"counterparties": [FILE, 5]}, "counterparties"),
        ({"at": math.nan}, "at"),
        ({"at": math.inf}, "at"),
        ({"at": -1}, "at"),
        ({"at": 1e12}, "at"),
        ({"at": "now"}, "at"),
        ({"at": True}, "at"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_name(ledger, arguments, named) -> None:
    with pytest.raises(ConfigurationError, match=f"^{named}") as caught:
        intend(ledger, **arguments)
    assert "DE89" not in str(caught.value)
    assert ledger.entries() == []


@pytest.mark.parametrize("name", ["period", "patience"])
@pytest.mark.parametrize("value", [0, -1.0, math.nan, "48", True, None])
def test_a_time_span_is_a_positive_number(path, name, value) -> None:
    with pytest.raises(ConfigurationError, match=name):
        Ledger(path, **{name: value})
    assert not path.exists()


def test_neither_reprs_nor_errors_hold_what_tells_people_apart(ledger) -> None:
    intend(ledger, message_id="Mustermann-1", counterparties=[ACCOUNT])
    with pytest.raises(AlreadySubmittedError) as caught:
        intend(ledger)
    for shown in (repr(ledger.entries()), str(caught.value), repr(caught.value)):
        assert "Mustermann" not in shown
        assert ACCOUNT not in shown


# --- the file --------------------------------------------------------------------------------------------------------


def test_only_its_owner_may_read_it(path) -> None:
    before = os.umask(0)
    try:
        with Ledger(path) as ledger:
            intend(ledger)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_link_to_a_file_that_is_not_there_makes_it_for_its_owner(path, tmp_path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(path)
    with Ledger(link):
        pass
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_empty_file_becomes_a_ledger(path) -> None:
    path.touch()
    with Ledger(str(path)) as ledger:
        assert intend(ledger) == 1


def test_a_ledger_is_used_open(path) -> None:
    ledger = Ledger(path)
    for use in (
        lambda: intend(ledger),
        ledger.entries,
        lambda: ledger.settle(1, "done"),
    ):
        with pytest.raises(ClientStateError, match="not open"):
            use()
    assert not path.exists()
    with ledger:
        with pytest.raises(ClientStateError, match="open already"):
            ledger.open()
        intend(ledger)
    ledger.close()
    with pytest.raises(ClientStateError):
        ledger.entries()
    with ledger:
        assert len(ledger.entries()) == 1


def test_memory_is_no_place_for_a_ledger() -> None:
    with pytest.raises(ConfigurationError, match="memory"):
        Ledger(":memory:")


def test_a_directory_that_is_not_there_is_named(tmp_path) -> None:
    with pytest.raises(StorageError, match=r"missing/ledger\.db cannot be opened: No such file"):
        Ledger(tmp_path / "missing" / "ledger.db").open()


def test_a_directory_is_no_ledger(tmp_path) -> None:
    with pytest.raises(StorageError, match="cannot be written"):
        Ledger(tmp_path).open()


def test_what_is_no_database_is_left_as_it_is(path) -> None:
    path.write_bytes(b"some notes of mine" * 100)
    with pytest.raises(StorageError, match="damaged, or no database"):
        Ledger(path).open()
    assert path.read_bytes() == b"some notes of mine" * 100


@pytest.mark.parametrize("statement", ["CREATE TABLE t (a)", "PRAGMA user_version = 1", "PRAGMA application_id = 5"])
def test_another_program_s_database_is_left_as_it_is(path, statement) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StorageError, match="another program"):
        Ledger(path).open()
    assert path.read_bytes() == before


def test_a_newer_ledger_is_left_as_it_is(path) -> None:
    with Ledger(path) as ledger:
        intend(ledger)
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    connection.execute("PRAGMA user_version = 3")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StorageError, match="newer version"):
        Ledger(path).open()
    assert path.read_bytes() == before


def test_a_ledger_of_the_first_version_goes_on(path) -> None:
    with Ledger(path) as ledger:
        ledger.settle(intend(ledger), "done", "r-1")
        assert ledger._connection is not None
        for undo in ("DROP INDEX outcomes", "DROP INDEX same_message", "ALTER TABLE submissions DROP COLUMN rids"):
            ledger._connection.execute(undo)
        ledger._connection.execute("PRAGMA user_version = 1")
    for _ in range(2):
        with Ledger(path) as ledger:
            with pytest.raises(AlreadySubmittedError, match="r-1"):
                intend(ledger)
            assert ledger.entries()[0].rids == ()


def test_a_damaged_ledger_says_so(path) -> None:
    with Ledger(path) as ledger:
        intend(ledger)
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    with Ledger(path) as ledger:
        for use in (ledger.entries, lambda: intend(ledger)):
            with pytest.raises(StorageError, match="damaged"):
                use()


def test_another_program_that_does_not_let_go_is_busy(path) -> None:
    with Ledger(path, patience=0.05) as ledger:
        entry = intend(ledger)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        for use in (
            lambda: intend(ledger, OTHER_FILE),
            lambda: ledger.settle(entry, "done"),
            ledger.entries,
            Ledger(path, patience=0.05).open,
        ):
            with pytest.raises(StorageBusyError, match="does not let go"):
                use()
        other.execute("ROLLBACK")
        other.close()
        assert intend(ledger, OTHER_FILE)
        ledger.settle(entry, "done")


def test_another_program_that_lets_go_is_waited_for(path) -> None:
    with Ledger(path, patience=30) as ledger:
        other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN EXCLUSIVE")
        timer = threading.Timer(0.1, other.execute, ["ROLLBACK"])
        timer.start()
        assert intend(ledger)
        timer.join()
        other.close()


def test_a_full_disk_is_said_and_leaves_the_ledger_usable(ledger) -> None:
    connection = ledger._connection
    assert connection is not None
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    many = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(200)]
    with pytest.raises(StorageError, match="disk is full"):
        intend(ledger, counterparties=many)
    assert ledger.entries() == []
    connection.execute("PRAGMA max_page_count = 10000")
    assert intend(ledger, counterparties=many)


def test_a_write_that_fails_leaves_nothing_behind(path) -> None:
    with Ledger(path) as ledger:
        entry = intend(ledger)
    done = _python(
        f"""
        import resource
        ledger = Ledger({str(path)!r})
        ledger.open()
        size = {path.stat().st_size}
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        for number in range(50):
            try:
                ledger.intend("k", "o", f"{{number:064x}}", counterparties=[f"{{n:064x}}" for n in range(100)],
                              at={NOW}, refuse_done=True)
            except StorageError as error:
                print("StorageError", error)
                break
        ledger.settle({entry}, "unknown")
        """
    )
    assert "StorageError the ledger" in done.stdout, done
    assert done.returncode == 0, done
    with Ledger(path) as ledger:
        assert ledger.entries()[-1].outcome == "unknown"
        assert ledger.entries(kind="k") == []


def test_open_files_run_out_is_said(path) -> None:
    done = _python(
        f"""
        import os, resource
        resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))
        held = []
        try:
            while True:
                held.append(os.open("/dev/null", os.O_RDONLY))
        except OSError:
            pass
        try:
            Ledger({str(path)!r}).open()
        except StorageError as error:
            print("StorageError", error)
        """
    )
    assert "StorageError the ledger" in done.stdout, done
    assert "Too many open files" in done.stdout, done


# --- several programs, and those that die ----------------------------------------------------------------------------


def _code(body: str) -> str:
    lines = body.strip("\n").splitlines()
    margin = len(lines[0]) - len(lines[0].lstrip())
    head = ["import sys, os, signal", "from konfipay_async.errors import *", "from konfipay_async.ledger import Ledger"]
    return "\n".join([*head, *(line[margin:] for line in lines)])


def _python(body: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", _code(body)], capture_output=True, text=True, check=False, timeout=50)


def _started(body: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _code(body)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_of_two_programs_that_want_to_send_the_same_one_may(path) -> None:
    """Both open the same new file at once, and race for a hundred hashes."""
    body = f"""
        print("ready", flush=True)
        sys.stdin.readline()
        won = []
        with Ledger({str(path)!r}, patience=40) as ledger:
            for number in range(100):
                try:
                    ledger.intend("k", "o", f"{{number:064x}}", at={NOW}, refuse_done=True)
                    won.append(number)
                except AlreadySubmittedError:
                    pass
        print(won)
        """
    racers = [_started(body) for _ in range(2)]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    outputs = [_finish(racer) for racer in racers]
    won = [json.loads(output) for output in outputs]
    assert sorted(won[0] + won[1]) == list(range(100))
    with Ledger(path) as ledger:
        assert len(ledger.entries()) == 100


def _finish(process: subprocess.Popen[str]) -> str:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()
    output, problems = process.communicate(timeout=50)
    assert process.returncode == 0, problems
    return output


def test_what_another_program_is_just_noting_is_waited_for_and_seen(ledger, path) -> None:
    """The check and the entry are one transaction, which begins before it looks."""
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    other.execute(
        "INSERT INTO submissions (kind, origin, sha256, sent_at, forced, counterparties, outcome) "
        "VALUES (?, ?, ?, ?, 0, '', 'intended')",
        (KINDS[0], ORIGIN, FILE, NOW),
    )
    timer = threading.Timer(0.2, other.execute, ["COMMIT"])
    timer.start()
    with pytest.raises(AlreadySubmittedError):
        intend(ledger)
    timer.join()
    other.close()


def test_of_many_threads_that_want_to_send_the_same_one_may(ledger) -> None:
    barrier = threading.Barrier(8)
    results: list[object] = []

    def run() -> None:
        barrier.wait()
        try:
            results.append(intend(ledger))
        except KonfipayError as error:
            results.append(type(error))

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results.count(AlreadySubmittedError) == 7
    assert len(ledger.entries()) == 1


def test_a_program_killed_between_intent_and_outcome_leaves_it_open(path) -> None:
    done = _python(
        f"""
        ledger = Ledger({str(path)!r})
        ledger.open()
        ledger.intend("{KINDS[0]}", "{ORIGIN}", "{FILE}", at={NOW}, refuse_done=True)
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    with Ledger(path) as ledger:
        (entry,) = ledger.entries()
        assert entry.outcome == "intended"
        with pytest.raises(AlreadySubmittedError, match="nobody noted") as caught:
            intend(ledger, at=NOW + 1)
        assert caught.value.sent_at == NOW
        ledger.settle(entry.id, "done", "r-1")
        assert ledger.entries()[0].rid == "r-1"


def test_a_program_killed_inside_a_transaction_holds_nobody_up_and_leaves_nothing(path) -> None:
    """Its journal is rolled back by the next who opens the file."""
    with Ledger(path) as ledger:
        intend(ledger)
    done = _python(
        f"""
        import sqlite3
        connection = sqlite3.connect({str(path)!r}, isolation_level=None)
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("PRAGMA cache_spill = 1")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE submissions SET outcome = 'done'")
        insert = '''INSERT INTO submissions (kind, origin, sha256, sent_at, forced, counterparties, outcome)
                    VALUES ('k', 'o', ?, 0, 0, '', 'done')'''
        for number in range(500):
            connection.execute(insert, (f"{{number:0500}}",))
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert path.with_name("ledger.db-journal").stat().st_size > 0
    with Ledger(path, patience=0.5) as ledger:
        assert [entry.outcome for entry in ledger.entries()] == ["intended"]
    assert not path.with_name("ledger.db-journal").exists()


def test_killed_at_any_moment_what_left_is_in_the_ledger(path) -> None:
    """The child says a number only after its intent returned, as a request leaves only then."""
    body = f"""
        ledger = Ledger({str(path)!r}, patience=40)
        ledger.open()
        for number in range(10**6):
            ledger.intend("k", "o", f"{{os.getpid():032x}}{{number:032x}}", at={NOW}, refuse_done=True)
            print(number, flush=True)
        """
    for lines in (1, 4, 9):
        child = _started(body)
        assert child.stdout is not None
        said = [child.stdout.readline() for _ in range(lines)]
        child.send_signal(signal.SIGKILL)
        rest = child.stdout.read().splitlines(keepends=True)
        child.communicate(timeout=50)
        whole = [line for line in said + rest if line.endswith("\n")]
        with Ledger(path) as ledger:
            kept = {entry.sha256 for entry in ledger.entries(outcome="intended")}
        assert len(whole) >= lines
        assert {f"{child.pid:032x}{int(line):032x}" for line in whole} <= kept


# --- against a model -------------------------------------------------------------------------------------------------


@dataclass
class Known:
    key: tuple[str, str, str]
    at: float
    named: str | None = None
    orders: int | None = None
    outcome: str = "intended"
    rid: str | None = None


ORIGINS = [ORIGIN, f"{ORIGIN}:443/api/v6", "https://other.example"]


class LedgerMachine(RuleBasedStateMachine):
    """Whatever is done in whatever order, the ledger refuses, keeps and tells what a plain list would."""

    PERIOD = 100.0

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp())
        self.known: dict[int, Known] = {}
        self.now = NOW

    @initialize()
    def begin(self) -> None:
        self.ledger = Ledger(self.directory / "ledger.db", period=self.PERIOD)
        self.ledger.open()

    def teardown(self) -> None:
        self.ledger.close()
        shutil.rmtree(self.directory)

    @rule(
        kind=st.sampled_from([*KINDS, EXTRACT]),
        origin=st.sampled_from(ORIGINS),
        sha256=st.sampled_from([FILE, OTHER_FILE]),
        later=st.sampled_from([-10.0, 0.0, 1.0, 49.0, 50.0, 100.0]),
        force=st.booleans(),
        refuse_done=st.booleans(),
        named=st.sampled_from([None, None, "M-1", "M-2"]),
        orders=st.sampled_from([None, None, 1, 2]),
    )
    def intend(self, kind, origin, sha256, later, force, refuse_done, named, orders) -> None:
        self.now += later
        key = (kind, origin, sha256)

        def stands(known: Known) -> bool:
            is_open = known.outcome in ("intended", "unknown")
            if (not is_open and self.now - known.at >= self.PERIOD) or known.key[1][:20] != origin[:20]:
                return False
            if not (is_open or (refuse_done and known.outcome == "done")):
                return False
            kinds = {known.key[0], kind}
            same = known.key[2] == sha256 and (len(kinds) == 1 or kinds == {UPLOAD, EXTRACT})
            name, what = known.named is not None and known.named == named, known.orders == orders is not None
            return same or (name and what) or (is_open and (name or what))

        standing = list(filter(stands, self.known.values()))
        try:
            entry = self.ledger.intend(
                *key, at=self.now, force=force, refuse_done=refuse_done, message_id=named, orders=orders
            )
        except AlreadySubmittedError as error:
            assert standing
            assert not force
            told = (error.sent_at, error.outcome, error.rid)
            assert told == (standing[-1].at, standing[-1].outcome, standing[-1].rid)
        else:
            assert force or not standing
            assert entry not in self.known
            self.known[entry] = Known(key, self.now, named, orders)

    @precondition(lambda self: self.known)
    @rule(
        data=st.data(),
        outcome=st.sampled_from(["done", "refused", "not sent", "unknown"]),
        rid=st.sampled_from([None, "r-1", "r-2"]),
    )
    def settle(self, data, outcome, rid) -> None:
        entry = data.draw(st.sampled_from(sorted(self.known)))
        known = self.known[entry]
        is_evidence = known.outcome == "not sent" and outcome in ("done", "refused")
        is_open = known.outcome in ("intended", "unknown", outcome)
        may = (is_open or is_evidence) and (None in (known.rid, rid) or known.rid == rid)
        try:
            self.ledger.settle(entry, outcome, rid)
        except StorageError:
            assert not may
        else:
            assert may
            known.outcome = outcome
            known.rid = known.rid or rid

    @rule()
    def reopen(self) -> None:
        self.ledger.close()
        self.ledger.open()

    @rule(origin=st.sampled_from(ORIGINS))
    def look(self, origin) -> None:
        told = {
            entry.id: Known(
                (entry.kind, entry.origin, entry.sha256),
                *(entry.sent_at, entry.message_id, entry.orders, entry.outcome, entry.rid),
            )
            for entry in self.ledger.entries()
        }
        assert told == self.known
        assert list(told) == sorted(self.known, reverse=True)
        of_server = [number for number in told if told[number].key[1][:20] == origin[:20]]
        assert [entry.id for entry in self.ledger.entries(origin=origin)] == of_server


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
