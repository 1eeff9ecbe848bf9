"""The pull of transaction files and PayPal transactions."""

import asyncio
import hashlib
import os
import signal
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import warm

from konfipay_async import KonfipayClient, Retry, Transaction, errors
from konfipay_async.models.page import Page
from konfipay_async.models.paypal import PayPalTransaction
from konfipay_async.pull import Report, Step, Written, settling
from konfipay_async.pull.plan import Plan, carry_out
from konfipay_async.pull.singles import _standing, pull_files, pull_paypal
from konfipay_async.pull.sinks.sql import SqlSink
from konfipay_async.sandbox import Sandbox

CHILD = Path(__file__).with_name("pull_in_child.py")
pytestmark = pytest.mark.usefixtures("program")


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(transactions=30, accounts=2, transaction_files=25, paypal_transactions=25) as sandbox:
        yield sandbox


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[KonfipayClient]:
    async with KonfipayClient(
        sandbox.api_key, base_url=sandbox.base_url, concurrency=3, retry=Retry(attempts=1)
    ) as client:
        yield client


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "pull.db"


@pytest.fixture
def sink(file: Path) -> SqlSink:
    return SqlSink(f"sqlite:///{file}", origin="the sandbox of a test")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "files"


def rows_of(file: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(query).fetchall()


def plan_of(what: str, folder: Path, *, acknowledge: bool = True) -> Plan:
    return Plan(what=what, acknowledge=acknowledge, page_size=5, folder=folder if what == "files" else None)


TABLES = {"files": "transaction_files", "paypal": "paypal_transactions"}
ROUTES = {"files": "transaction-files", "paypal": "paypal.transactions"}


def shelf_of(sandbox: Sandbox, what: str):
    return sandbox.files if what == "files" else sandbox.paypal_transactions


async def test_each_file_is_on_the_disk_in_a_table_and_acknowledged(sandbox, client, sink, file, folder):
    """As the server has it, byte by byte, with its hash; no part is left."""
    report = await pull_files(client, sink, folder, acknowledge=True, page_size=5)
    assert (report.transactions, report.new, report.acknowledged, report.complete) == (25, 25, 25, True)
    assert sandbox.files.new_rids() == []
    rows = rows_of(file, "SELECT rid, saved_as, bytes, sha256, settled_at IS NULL, outcome FROM transaction_files")
    assert len(rows) == 25
    for rid, name, size, digest, is_pending, outcome in rows:
        content = (folder / name).read_bytes()
        assert content == await client.transaction_files.content(rid)
        assert (len(content), hashlib.sha256(content).hexdigest()) == (size, digest)
        assert (is_pending, outcome) == (0, "acknowledged")
    assert sorted(path.name for path in folder.iterdir()) == sorted(name for _, name, *_ in rows)


@pytest.mark.parametrize("what", ["files", "paypal"])
async def test_the_list_is_drained_whatever_its_pages(sandbox, sink, folder, what):
    """A row that is still on its way is not taken for one that comes back."""
    async with KonfipayClient(sandbox.api_key, base_url=sandbox.base_url, concurrency=8) as client:
        sandbox.add_fault(
            f"slow:{'transaction-files.content' if what == 'files' else 'paypal.transactions.list'}x3=0.3"
        )
        plan = Plan(what=what, acknowledge=True, page_size=1, folder=folder if what == "files" else None)
        report = await carry_out(plan, client, sink)
    assert (report.new, report.acknowledged, report.complete) == (25, 25, True)


async def test_the_name_of_a_file_holds_no_account_number(client, sandbox, sink, file, folder):
    """konfipay's own name is in the table."""
    await pull_files(client, sink, folder, acknowledge=False)
    for rid, saved_as, file_name, iban in rows_of(
        file, "SELECT rid, saved_as, file_name, bank_account_iban FROM transaction_files"
    ):
        assert iban in file_name
        assert saved_as.startswith(rid)
        assert saved_as.rpartition(".")[2] == file_name.rpartition(".")[2]


async def test_paypal_transactions_arrive_with_every_digit(sandbox, client, sink, file):
    """And what has no column of its own is kept beside."""
    report = await pull_paypal(client, sink, acknowledge=True, page_size=5)
    assert (report.new, report.known, report.acknowledged, report.complete) == (25, 0, 25, True)
    assert sandbox.paypal_transactions.new_rids() == []
    expected = {row.rid: (row.amount, row.fee, row.status) async for row in client.paypal.transactions.list()}
    stored = rows_of(file, "SELECT rid, amount, fee, status FROM paypal_transactions")
    assert {rid: (Decimal(amount), Decimal(fee), status) for rid, amount, fee, status in stored} == expected
    ((extra,),) = rows_of(file, "SELECT extra FROM paypal_transactions LIMIT 1")
    assert "invoiceId" in extra


@pytest.mark.parametrize("what", ["files", "paypal"])
async def test_a_second_pull_finds_nothing_new(sandbox, client, sink, folder, what):
    await carry_out(plan_of(what, folder), client, sink)
    report = await carry_out(plan_of(what, folder), client, sink)
    assert (report.transactions, report.new, report.complete, report.requests) == (0, 0, True, 1)


@pytest.mark.parametrize("what", ["files", "paypal"])
async def test_without_acknowledge_everything_stays_new_and_is_known(sandbox, client, sink, folder, what):
    """A file that is there is not fetched again."""
    await carry_out(plan_of(what, folder, acknowledge=False), client, sink)
    fetched = sandbox.count("transaction-files.content")
    report = await carry_out(plan_of(what, folder, acknowledge=False), client, sink)
    assert (report.new, report.known, report.changed, report.acknowledged) == (0, 25, 0, 0)
    assert sandbox.count("transaction-files.content") == fetched
    assert len(shelf_of(sandbox, what).new_rids()) == 25


async def test_a_file_that_is_gone_or_cut_is_fetched_again(sandbox, client, sink, folder):
    await pull_files(client, sink, folder, acknowledge=False)
    one, other, *_ = sorted(folder.iterdir())
    content = one.read_bytes()
    one.write_bytes(content[:-1])
    other.unlink()
    sandbox.requests.clear()
    await pull_files(client, sink, folder, acknowledge=False)
    assert sandbox.count("transaction-files.content") == 2
    assert one.read_bytes() == content
    assert other.exists()


async def test_a_paypal_transaction_that_changed_is_updated_and_said_to_be(sandbox, client, sink, file):
    """As konfipay reads them again for weeks."""
    await pull_paypal(client, sink, acknowledge=False)
    ((rid,),) = rows_of(file, "SELECT rid FROM paypal_transactions WHERE status = 'Pending' LIMIT 1")
    await client.paypal.transactions.get(rid, force_update=True)
    report = await pull_paypal(client, sink, acknowledge=False)
    assert (report.known, report.changed) == (25, 1)
    assert rows_of(file, f"SELECT status FROM paypal_transactions WHERE rid = '{rid}'") == [("Completed",)]


@pytest.mark.parametrize("what", ["files", "paypal"])
async def test_days_are_read_new_or_not_and_nothing_is_acknowledged(sandbox, client, sink, file, folder, what):
    """From the first to the last, both included."""
    shelf = shelf_of(sandbox, what)
    await carry_out(plan_of(what, folder), client, sink)
    day = date(2022, 1, 4)
    plan = Plan(what=what, since=day, until=day, folder=folder if what == "files" else None)
    report = await carry_out(plan, client, sink)
    table = TABLES[what]
    ((of_the_day,),) = rows_of(file, f"SELECT count(*) FROM {table} WHERE timestamp LIKE '2022-01-04%'")
    assert (report.new, report.known) == (0, of_the_day)
    assert 0 < of_the_day < 25
    assert shelf.new_rids() == []
    assert rows_of(file, f"SELECT count(*) FROM {table} WHERE settled_at IS NULL") == [(0,)]


@pytest.mark.parametrize("what", ["files", "paypal"])
async def test_what_arrives_meanwhile_comes_too(sandbox, client, sink, folder, what):
    arrived = False

    def watch(step: Step, report: Report) -> None:
        nonlocal arrived
        if step is Step.SETTLED and not arrived:
            arrived = True
            shelf_of(sandbox, what).arrive(7)

    report = await carry_out(plan_of(what, folder), client, sink, watch=watch)
    assert (report.new, report.complete) == (32, True)
    assert shelf_of(sandbox, what).new_rids() == []


@pytest.mark.parametrize("what", ["files", "paypal"])
@pytest.mark.parametrize("step", [Step.FETCHED, Step.SAVED, Step.COMMITTED, Step.ACKNOWLEDGED, Step.SETTLED])
async def test_cancelled_at_any_step_the_next_run_ends_it(sandbox, client, sink, file, folder, what, step):
    """Nothing is lost, nothing doubled, and pending acknowledgements of files go first."""
    if what == "paypal" and step is Step.SAVED:
        step = Step.OPENED
    seen = 0

    def watch(at: Step, report: Report) -> None:
        nonlocal seen
        seen += at is step
        if seen == 3 or at is step is Step.OPENED:
            task.cancel()

    task: asyncio.Task[Report] = asyncio.create_task(carry_out(plan_of(what, folder), client, sink, watch=watch))
    await asyncio.wait([task])
    assert task.cancelled()
    ((left,),) = rows_of(file, f"SELECT count(*) FROM {TABLES[what]} WHERE settled_at IS NULL")
    sandbox.requests.clear()
    report = await carry_out(plan_of(what, folder), client, sink)
    first = left if what == "files" else 0  # PayPal transactions change: they are read again first
    assert [entry.route for entry in sandbox.requests[:first]] == [f"{ROUTES[what]}.acknowledge"] * first
    assert (report.resent, report.complete) == (first, True)
    assert shelf_of(sandbox, what).new_rids() == []
    assert rows_of(file, f"SELECT count(*), count(settled_at) FROM {TABLES[what]}") == [(25, 25)]
    assert not list(folder.glob(".*")) if what == "files" else True


@pytest.mark.parametrize(
    ("what", "step", "nth"),
    [
        ("files", "FETCHED", 2),
        ("files", "SAVED", 3),
        ("files", "COMMITTED", 3),
        ("files", "ACKNOWLEDGED", 2),
        ("paypal", "COMMITTED", 3),
        ("paypal", "ACKNOWLEDGED", 2),
    ],
)
async def test_killed_anywhere_the_next_run_ends_it(tmp_path, sink, file, folder, what, step, nth):
    """kill -9: nothing is lost, nothing doubled, all is acknowledged in the end."""
    async with Sandbox(transactions=30, accounts=2, transaction_files=25, paypal_transactions=25) as sandbox:
        child = await asyncio.create_subprocess_exec(
            *warm.script(CHILD), sandbox.base_url, sandbox.api_key, f"sqlite:///{file}", step, str(nth), what,
            cwd=tmp_path,
        )  # fmt: skip
        assert await child.wait() == -signal.SIGKILL
        async with KonfipayClient(sandbox.api_key, base_url=sandbox.base_url) as client:
            assert (await carry_out(plan_of(what, folder), client, sink)).complete
            assert shelf_of(sandbox, what).new_rids() == []
            assert rows_of(file, f"SELECT count(*), count(settled_at) FROM {TABLES[what]}") == [(25, 25)]
            if what == "files":
                for rid, name in rows_of(file, "SELECT rid, saved_as FROM transaction_files"):
                    assert (folder / name).read_bytes() == await client.transaction_files.content(rid)


async def test_parts_that_a_killed_pull_left_long_ago_are_cleared_away(client, sandbox, sink, folder):
    """And those of a pull that may be under way are not."""
    folder.mkdir()
    old, fresh = folder / ".0011223344556677.part", folder / ".8899aabbccddeeff.part"
    old.touch()
    os.utime(old, (1_600_000_000, 1_600_000_000))
    fresh.touch()
    await pull_files(client, sink, folder, acknowledge=False)
    assert not old.exists()
    assert fresh.exists()


@pytest.mark.parametrize("what", ["files", "paypal"])
async def test_an_acknowledgement_that_fails_stays_pending(sandbox, client, sink, file, folder, what):
    """The error reaches the caller, and the next pull sends it first, or reads again what it is about."""
    sandbox.add_fault(f"403:{ROUTES[what]}.acknowledge@4")
    with pytest.raises(errors.ForbiddenError):
        await carry_out(plan_of(what, folder), client, sink)
    ((left,),) = rows_of(file, f"SELECT count(*) FROM {TABLES[what]} WHERE settled_at IS NULL")
    assert left >= 1
    report = await carry_out(plan_of(what, folder), client, sink)
    assert (report.resent, report.complete) == (left if what == "files" else 0, True)
    assert rows_of(file, f"SELECT count(*) FROM {TABLES[what]} WHERE settled_at IS NULL") == [(0,)]
    assert shelf_of(sandbox, what).new_rids() == []
    assert rows_of(file, "SELECT what, outcome, error FROM pull_runs ORDER BY started_at") == [
        (what, "failed", "ForbiddenError"),
        (what, "done", None),
    ]


async def test_a_paypal_transaction_that_changed_before_it_was_acknowledged_is_read_again(sandbox, client, sink, file):
    """To acknowledge it by its rid would be to acknowledge a state that nobody has read."""
    rows = [row async for row in client.paypal.transactions.list()]
    with sink:
        sink.singles.keep_paypal(rows, acknowledge=True)  # and then it was killed
    rid = next(row.rid for row in rows if row.status == "Pending")
    await client.paypal.transactions.get(rid, force_update=True)
    report = await pull_paypal(client, sink, acknowledge=True)
    assert report.changed == 1
    assert rows_of(file, f"SELECT status, outcome FROM paypal_transactions WHERE rid = '{rid}'") == [
        ("Completed", "acknowledged")
    ]
    assert sandbox.paypal_transactions.new_rids() == []


async def test_what_was_acknowledged_without_an_answer_is_settled_in_the_end(sandbox, client, sink, file):
    """It is new no longer, so it does not come again."""
    sandbox.add_fault("reset-after:paypal.transactions.acknowledge@3")
    with pytest.raises(errors.KonfipayError):
        await pull_paypal(client, sink, acknowledge=True)
    sandbox.clear_faults()
    assert (await pull_paypal(client, sink, acknowledge=True)).complete
    assert rows_of(file, "SELECT count(*), count(settled_at) FROM paypal_transactions") == [(25, 25)]
    assert "gone" in {outcome for (outcome,) in rows_of(file, "SELECT outcome FROM paypal_transactions")}


@pytest.mark.parametrize("what", ["files", "paypal"])
async def test_a_database_belongs_to_the_origin_of_its_first_row(client, sink, file, folder, what):
    """What is pending there is acknowledged nowhere else."""
    await carry_out(plan_of(what, folder, acknowledge=False), client, sink)
    other = SqlSink(f"sqlite:///{file}", origin="another one")
    with pytest.raises(errors.StorageError, match="filled from the sandbox of a test, this pull reads from another"):
        await carry_out(plan_of(what, folder), client, other)


def _page(number: int, total: int, *rids: str) -> Page[PayPalTransaction]:
    rows = [PayPalTransaction(rid=rid) for rid in rids]
    return Page(number=number, size=2, total_pages=-(-total // 2), total_items=total, links=[], items=rows)


async def test_days_whose_list_moves_are_read_again():
    """A row that left it before the page in hand hides another one."""
    looks = [
        [_page(1, 4, "a", "b"), _page(2, 3, "d")],
        [_page(1, 3, "b", "c"), _page(2, 3, "d")],
    ]

    async def look():
        for page in looks.pop(0):
            yield page

    seen = [row.rid async for page in _standing(look) for row in page.items]
    assert seen == ["a", "b", "d", "b", "c", "d"]


async def test_days_whose_list_moves_all_the_time_are_not_said_to_be_read():
    async def look():
        yield _page(1, 2, "a")

    with pytest.raises(errors.ListError, match="3 times"):
        [page async for page in _standing(look)]


async def test_a_list_that_is_empty_is_read_once():
    looks = []

    async def look():
        looks.append(1)
        return
        yield

    assert [page async for page in _standing(look)] == []
    assert looks == [1]


async def test_a_file_that_the_api_stumbles_over_does_not_stop_the_others(sandbox, client, sink, file, folder):
    """It stays new, and its error is raised at the end."""
    sandbox.add_fault("500:transaction-files.content@3")
    with pytest.raises(errors.ServerError):
        await pull_files(client, sink, folder, acknowledge=True, page_size=5)
    assert len(sandbox.files.new_rids()) == 1
    assert rows_of(file, "SELECT count(*) FROM transaction_files") == [(24,)]
    assert (await pull_files(client, sink, folder, acknowledge=True)).new == 1


async def test_a_file_whose_content_is_no_file_does_not_stop_the_others(sandbox, client, sink, file, folder):
    sandbox.add_fault("html:transaction-files.content@3")
    with pytest.raises(errors.DecodeError):
        await pull_files(client, sink, folder, acknowledge=True, page_size=5)
    assert rows_of(file, "SELECT count(*) FROM transaction_files") == [(24,)]
    assert len(sandbox.files.new_rids()) == 1


@pytest.mark.parametrize("what", ["files", "paypal"])
async def test_an_acknowledgement_that_fails_does_not_stop_the_others(sandbox, client, sink, file, folder, what):
    """Its error is raised at the end, when it was sent again with success."""
    route = ROUTES[what]
    sandbox.add_fault(f"500:{route}.acknowledge@3")
    with pytest.raises(errors.ServerError):
        await carry_out(plan_of(what, folder), client, sink)
    assert rows_of(file, f"SELECT count(*), count(settled_at) FROM {TABLES[what]}") == [(25, 25)]


@pytest.mark.parametrize("what", ["files", "paypal"])
async def test_where_all_acknowledgements_fail_not_all_of_them_are_tried(
    client, sandbox, sink, file, folder, what, monkeypatch
):
    """And yet all rows are pulled, by this pull and by the next."""
    monkeypatch.setattr(settling, "_MOST_UNDER_WAY", 4)
    route = ROUTES[what]
    sandbox.add_fault(f"500:{route}.acknowledge@3x1000")
    patient = client.with_options(retry=Retry(attempts=2, base=0))
    for rows in (25, 30):
        with pytest.raises(errors.ServerError):
            await carry_out(plan_of(what, folder), patient, sink)
        assert sandbox.count(f"{route}.acknowledge") <= 2 + 2 * (11 + 4) * (1 + rows // 30)
        assert rows_of(file, f"SELECT count(*) FROM {TABLES[what]}") == [(rows,)]
        shelf_of(sandbox, what).arrive(5)


@pytest.mark.parametrize("what", ["files", "paypal"])
async def test_an_acknowledgement_that_never_succeeds_is_the_error_of_the_pull(
    sandbox, client, sink, file, folder, what
):
    """Its row comes again until the list is given up, which is not what went wrong."""
    route = ROUTES[what]
    sandbox.add_fault(f"500:{route}.acknowledge@25x1000")
    with pytest.raises(errors.ServerError):
        await carry_out(plan_of(what, folder), client, sink)
    assert rows_of(file, f"SELECT count(*), count(settled_at) FROM {TABLES[what]}") == [(25, 24)]
    assert sandbox.count(f"{route}.acknowledge") > 26


async def test_two_pulls_of_files_share_a_folder(client, sandbox, sink, file, folder):
    """What one of them has in hand may be gone when the other looks at it."""
    folder.mkdir()
    (folder / ".dead.part").symlink_to("nothing-there")
    assert (await pull_files(client, sink, folder, acknowledge=True)).new == 25


@pytest.mark.parametrize("what", ["files", "paypal"])
async def test_stop_finishes_what_is_in_hand(sandbox, client, sink, file, folder, what):
    """All that was begun is committed, acknowledged and noted."""
    stop = asyncio.Event()

    def watch(step: Step, report: Report) -> None:
        if step is Step.COMMITTED and report.new >= 3:
            stop.set()

    report = await carry_out(plan_of(what, folder), client, sink, stop=stop, watch=watch)
    assert not report.complete
    assert 3 <= report.new < 25
    assert report.acknowledged == report.new
    assert rows_of(file, f"SELECT count(*), count(settled_at) FROM {TABLES[what]}") == [(report.new, report.new)]


async def test_a_folder_that_cannot_be_is_said_to_be_so(client, sandbox, sink, tmp_path):
    """A file in its place, or a folder missing above it."""
    (tmp_path / "taken").write_text("x")
    with pytest.raises(errors.StorageError, match="taken"):
        await pull_files(client, sink, tmp_path / "taken", acknowledge=False)
    with pytest.raises(errors.StorageError, match="no such file"):
        await pull_files(client, sink, tmp_path / "a" / "b", acknowledge=False)
    assert sandbox.count("transaction-files.content") == 0


async def test_an_absurd_amount_is_refused_by_its_rid(sink, file):
    """And nothing of its page is kept."""
    with sink, pytest.raises(errors.StorageError, match="the-rid"):
        sink.singles.keep_paypal(
            [PayPalTransaction(rid="a"), PayPalTransaction(rid="the-rid", amount=Decimal("1E+999999"))],
            acknowledge=False,
        )
    assert rows_of(file, "SELECT count(*) FROM paypal_transactions") == [(0,)]


class NoDatabase:
    """A sink that keeps bookings only."""

    lasts = True

    def open(self) -> None: ...

    def close(self) -> None: ...

    def write(self, transactions: Sequence[Transaction], acknowledgement_id: str | None) -> Written:
        return Written(0, 0)

    def pending(self) -> list[str]:
        return []

    def settle(self, acknowledgement_id: str, outcome: str) -> None: ...


@pytest.mark.parametrize("what", ["files", "paypal"])
async def test_a_sink_that_is_no_database_is_refused(client, sandbox, folder, what):
    with pytest.raises(errors.ConfigurationError, match="database"):
        await carry_out(plan_of(what, folder), client, NoDatabase())
    assert sandbox.requests == []


def test_postgresql_takes_texts_that_it_has_no_room_for(postgres):
    """One NUL, or a year before all, must not hold up all others."""
    sink = SqlSink(postgres.url(), origin="the sandbox of a test")
    row = PayPalTransaction(rid="\0", name="Jane\0Doe", timestamp=datetime(1, 1, 1, tzinfo=UTC))
    with sink:
        assert sink.singles.keep_paypal([row], acknowledge=True) == Written(1, 0)
        assert sink.singles.keep_paypal([row], acknowledge=True) == Written(0, 1)
        assert sink.singles.pending("paypal") == ["\ufffd"]
        sink.singles.settle("paypal", row.rid, "gone")
        assert sink.singles.pending("paypal") == []
    assert postgres.execute("SELECT name, timestamp FROM konfipay.paypal_transactions") == [("Jane\ufffdDoe", None)]


@pytest.mark.parametrize("what", ["files", "paypal"])
async def test_it_works_in_postgresql_too(sandbox, client, folder, what, postgres):
    """With numbers, times and truth values of its own."""
    sink = SqlSink(postgres.url(), origin="the sandbox of a test")
    await carry_out(plan_of(what, folder, acknowledge=False), client, sink)
    report = await carry_out(plan_of(what, folder), client, sink)
    assert (report.new, report.known, report.changed, report.acknowledged) == (0, 25, 0, 25)
    assert shelf_of(sandbox, what).new_rids() == []
    with sink:
        assert sink.singles.pending(what) == []


# Plans


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"until": date(2026, 1, 1)}, "until needs since"),
        ({"since": date(2026, 1, 2), "until": date(2026, 1, 1)}, "2026-01-02"),
        ({"since": date(2026, 1, 2), "acknowledge": True}, "exclude each other"),
        ({"what": "paypal", "pending": True}, "pending"),
        ({"what": "files"}, "folder"),
        ({"folder": Path("x")}, "folder"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(settings, says):
    with pytest.raises(errors.ConfigurationError, match=says):
        Plan(**settings)


async def test_a_plan_without_more_is_the_pull_of_new_transactions(client, sandbox, sink):
    report = await carry_out(Plan(acknowledge=True), client, sink)
    assert (report.new, report.acknowledged) == (30, 1)
    assert sandbox.new_rids() == []


async def test_a_plan_with_days_is_the_pull_of_a_range(client, sandbox, sink):
    plan = Plan(since=date(2022, 1, 4), until=date(2022, 1, 5))
    assert (await carry_out(plan, client, sink)).new == 8
    assert plan.title == "the transactions from 2022-01-04 to 2022-01-05"
