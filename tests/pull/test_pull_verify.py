"""Whether a database has everything: what is said of complete ones, of gaps, and of what cannot be known."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from konfipay_async import KonfipayClient, Transaction, errors
from konfipay_async.models.transactions import BankAccountRef, CreditDebitIndicator
from konfipay_async.pull import pull
from konfipay_async.pull.balances import Booked, Seen, difference
from konfipay_async.pull.sequences import Gap, gaps, numbers_by_year
from konfipay_async.pull.singles import pull_files
from konfipay_async.pull.sinks.evidence import Evidence, is_statement
from konfipay_async.pull.sinks.looking import look, sources
from konfipay_async.pull.sinks.sql import SqlSink
from konfipay_async.pull.verify import AccountCheck, Verdict, verify
from konfipay_async.sandbox import ApiKey, Sandbox

TODAY = date(2022, 3, 1)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(transactions=400, accounts=2) as sandbox:  # to 28 January 2022
        yield sandbox


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[KonfipayClient]:
    async with KonfipayClient(sandbox.api_key, base_url=sandbox.base_url) as client:
        yield client


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "pull.db"


@pytest.fixture
def sink(file: Path) -> SqlSink:
    return SqlSink(f"sqlite:///{file}", origin="the sandbox of a test")


@contextmanager
def evidence_of(file: Path) -> Iterator[Evidence]:
    with look(f"sqlite:///{file}") as connection:
        yield Evidence(connection, "default")


def change(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


async def checked(client: KonfipayClient | None, file: Path, **rest: date) -> list[AccountCheck]:
    with evidence_of(file) as evidence:
        return await verify(client, evidence, today=TODAY, **rest)


# Counts


async def test_a_database_that_has_everything_is_complete(client, sandbox, sink, file):
    """Each account, for as many rows as konfipay counts; asked in a request each."""
    await pull(client, sink, acknowledge=True)
    sandbox.requests.clear()
    checks = await checked(client, file)
    assert [one.verdict for one in checks] == [Verdict.COMPLETE] * 2
    counted = [one.counts.reason.split(" of ") for one in checks]
    assert all(here == there for here, there in counted)
    assert sum(int(here) for here, _ in counted) == 400
    assert all(one.sequence.verdict is Verdict.COMPLETE for one in checks)
    assert sandbox.count("transactions.list") == 2


async def test_a_row_that_is_lost_is_found_with_its_day(client, sandbox, sink, file):
    """And the other account is complete."""
    await pull(client, sink, acknowledge=True)
    rid = sandbox.rids()[200]
    change(file, f"DELETE FROM transactions WHERE rid = '{rid}'")
    checks = await checked(client, file)
    gap, whole = sorted(checks, key=lambda one: one.verdict is Verdict.COMPLETE)
    assert (gap.verdict, whole.verdict) == (Verdict.GAP, Verdict.COMPLETE)
    assert "1 missing of 2022-01-21" in gap.counts.reason
    assert "new" not in gap.counts.reason


async def test_rows_that_are_new_are_said_to_be_so(client, sandbox, sink, file):
    """They came after the last pull."""
    await pull(client, sink, acknowledge=True)
    sandbox.arrive(5)
    reasons = " ".join(one.counts.reason for one in await checked(client, file))
    assert "are new and not pulled yet" in reasons


async def test_more_rows_than_konfipay_lists_are_no_gap(client, sandbox, sink, file):
    """All that it lists are there."""
    await pull(client, sink, acknowledge=True)
    change(
        file,
        "CREATE TABLE copy AS SELECT * FROM transactions LIMIT 1",
        "UPDATE copy SET rid = 'gone'",
        "INSERT INTO transactions SELECT * FROM copy",
        "DROP TABLE copy",
    )
    checks = await checked(client, file)
    assert all(one.verdict is Verdict.COMPLETE for one in checks)
    assert any("1 that konfipay does not list" in one.counts.reason for one in checks)


async def test_only_the_days_asked_for_are_counted(client, sandbox, sink, file):
    """A row that is lost elsewhere is not seen."""
    await pull(client, sink, acknowledge=True)
    change(file, "DELETE FROM transactions WHERE booking_date = '2022-01-21'")
    whole = await checked(client, file, since=date(2022, 1, 5), until=date(2022, 1, 20))
    assert [one.counts.verdict for one in whole] == [Verdict.COMPLETE] * 2
    assert all(one.counts.verdict is Verdict.GAP for one in await checked(client, file, until=date(2022, 1, 21)))


async def test_where_much_is_missing_it_is_not_fetched_to_say_so(sink, file):
    """How many days differ is enough."""
    async with (
        Sandbox(transactions=2500, accounts=1) as sandbox,
        KonfipayClient(sandbox.api_key, base_url=sandbox.base_url) as client,
    ):
        await pull(client, sink, acknowledge=True)
        change(file, "DELETE FROM transactions WHERE rowid % 2 = 0")
        served = sandbox.served_rows
        (one,) = await checked(client, file, until=date(2022, 6, 1))
    assert one.counts.reason == "1,250 of 2,500; they differ on 49 days"
    assert sandbox.served_rows - served < 200


async def test_interim_entries_are_not_counted(sink, file):
    """Pending ones are beside the bookings in the same table."""
    async with (
        Sandbox(transactions=100, pending=10, accounts=1) as sandbox,
        KonfipayClient(sandbox.api_key, base_url=sandbox.base_url) as client,
    ):
        await pull(client, sink, acknowledge=True, pending=True)
        (one,) = await checked(client, file)
    assert one.counts.reason == "90 of 90"


@pytest.mark.parametrize("file_format", ["camt.052", "Camt052", "52", "MT942"])
async def test_a_row_that_looks_like_an_interim_entry_is_there_all_the_same(client, sandbox, sink, file, file_format):
    """It is not counted as booked, and found by its rid."""
    await pull(client, sink, acknowledge=True)
    change(file, f"UPDATE transactions SET file_format = '{file_format}' WHERE rid = '{sandbox.rids()[200]}'")
    checks = await checked(client, file)
    assert [one.counts.verdict for one in checks] == [Verdict.COMPLETE] * 2
    assert sum(one.counts.reason.startswith("all ") for one in checks) == 1
    assert not any("does not list" in one.counts.reason for one in checks)


async def test_an_account_that_only_konfipay_knows_is_checked_too(client, sandbox, sink, file):
    """The database lacks all of it."""
    await pull(client, sink, acknowledge=True)
    change(file, "DELETE FROM transactions WHERE bank_account_rid = (SELECT min(bank_account_rid) FROM transactions)")
    assert sorted(one.verdict for one in await checked(client, file)) == [Verdict.COMPLETE, Verdict.GAP]


async def test_bookings_without_an_account_cannot_be_asked_for(client, sandbox, sink, file):
    await pull(client, sink, acknowledge=True)
    change(file, "UPDATE transactions SET bank_account_rid = NULL WHERE rid = (SELECT min(rid) FROM transactions)")
    unnamed = [one for one in await checked(client, file) if one.account.rid is None]
    assert [one.counts.verdict for one in unnamed] == [Verdict.UNKNOWN]


async def test_without_konfipay_the_counts_cannot_be_known(client, sandbox, sink, file):
    await pull(client, sink, acknowledge=True)
    checks = await checked(None, file)
    assert [one.verdict for one in checks] == [Verdict.UNKNOWN] * 2
    assert {one.counts.reason for one in checks} == {"konfipay was not asked"}


async def test_a_key_without_the_right_to_read_accounts_or_files_says_so(sink, file):
    """What it may ask is checked all the same."""
    key = ApiKey("main", scopes=("Transactions",))
    async with (
        Sandbox(transactions=100, accounts=1, api_key=key) as sandbox,
        KonfipayClient(sandbox.api_key, base_url=sandbox.base_url) as client,
    ):
        await pull(client, sink, acknowledge=True)
        (one,) = await checked(client, file)
    assert one.counts.verdict is Verdict.COMPLETE
    assert "403" in one.balance.reason


async def test_a_key_that_is_refused_is_an_error(client, sandbox, sink, file):
    """Nothing was checked."""
    await pull(client, sink, acknowledge=True)
    async with KonfipayClient("k" * 64, base_url=sandbox.base_url) as stranger:
        with pytest.raises(errors.UnauthorizedError):
            await checked(stranger, file)


# Sequence


async def test_a_statement_that_neither_side_has_is_a_gap(sink, file):
    """Its bookings are gone, and the list of files ends before it."""
    async with (
        Sandbox(transactions=100, accounts=1, transaction_files=15) as sandbox,
        KonfipayClient(sandbox.api_key, base_url=sandbox.base_url) as client,
    ):
        await pull(client, sink, acknowledge=True)
        (one,) = await checked(client, file)
        assert one.sequence.reason == "none missing of 10 statements"
        change(file, "DELETE FROM transactions WHERE electronic_sequence_number IN ('6', '7')")
        (one,) = await checked(client, file)
        assert (one.sequence.verdict, one.verdict) == (Verdict.GAP, Verdict.GAP)
        assert one.sequence.reason == "statement 6 to 7 of 2022 is neither here nor at konfipay"


async def test_a_statement_without_bookings_is_no_gap_where_its_file_is_known(sink, file, tmp_path):
    """From konfipay's list, or from files that were saved."""
    async with (
        Sandbox(transactions=150, accounts=2) as sandbox,
        KonfipayClient(sandbox.api_key, base_url=sandbox.base_url) as client,
    ):
        await pull(client, sink, acknowledge=True)
        change(file, "DELETE FROM transactions WHERE electronic_sequence_number = '6'")
        assert all(one.sequence.verdict is Verdict.COMPLETE for one in await checked(client, file))
        offline = await checked(None, file)
        assert {one.sequence.verdict for one in offline} == {Verdict.UNKNOWN}
        assert all("statement 6 of 2022" in one.sequence.reason for one in offline)
        await pull_files(client, sink, tmp_path / "files", acknowledge=False)
        assert all(one.sequence.verdict is Verdict.COMPLETE for one in await checked(None, file))


async def test_without_numbers_nothing_can_be_said(sink, file):
    async with (
        Sandbox(transactions=10, accounts=1, transaction_files=0) as sandbox,
        KonfipayClient(sandbox.api_key, base_url=sandbox.base_url) as client,
    ):
        await pull(client, sink, acknowledge=True)
        change(file, "UPDATE transactions SET electronic_sequence_number = 'A7'")
        (one,) = await checked(client, file)
    assert (one.sequence.verdict, one.sequence.reason) == (Verdict.UNKNOWN, "there are no statement numbers")


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([], []),
        ([(7, "2026-01-05")], []),
        ([(7, "2026-01-05"), (8, "2026-01-06"), (9, "2026-01-07")], []),
        ([(7, "2026-01-05"), (9, "2026-01-07"), (13, "2026-01-08")], [Gap(2026, 8, 8), Gap(2026, 10, 12)]),
        # Late bookings and repeats: the same number again is no gap.
        ([(8, "2026-01-06"), (7, "2026-01-07"), (8, "2026-01-08")], []),
        # Counted on through the years.
        ([(250, "2025-12-30"), (251, "2026-01-02")], []),
        ([(250, "2025-12-30"), (253, "2026-01-02")], [Gap(2026, 251, 252)]),
        ([(250, "2025-12-30"), (250, "2026-01-02"), (251, "2026-01-05")], []),
        # Begun again each year.
        ([(250, "2025-12-30"), (1, "2026-01-02"), (2, "2026-01-05")], []),
        ([(250, "2025-12-30"), (3, "2026-01-02"), (4, "2026-01-05")], [Gap(2026, 1, 2)]),
        # The last of the old year, booked or made in the new one.
        ([(249, "2025-12-30"), (250, "2026-01-02"), (1, "2026-01-02"), (2, "2026-01-05")], []),
        ([(250, "2025-12-30"), (250, "2026-01-02"), (1, "2026-01-02"), (2, "2026-01-05")], []),
        ([(247, "2025-12-30"), (249, "2026-01-02"), (1, "2026-01-02")], [Gap(2026, 2, 248)]),
        # One that began again, and lacks some in the middle.
        ([(2, "2025-12-30"), (1, "2026-01-02"), (4, "2026-01-05")], [Gap(2026, 2, 3)]),
    ],
)
def test_gaps_in_numbers(statements, expected):
    assert gaps(numbers_by_year((number, day(text)) for number, text in statements)) == expected


def test_a_gap_in_words():
    assert [str(Gap(2026, 5, 5)), str(Gap(2026, 5, 7))] == ["5 of 2026", "5 to 7 of 2026"]


def test_which_files_are_statements():
    """By the names that answers have and by those that filters have."""
    assert all(map(is_statement, (None, "camt.053", "camt.053.001.08", "Camt053", "53", "MT940", "SWIFT_MT940", "940")))
    assert not any(map(is_statement, ("camt.052", "camt.054", "MT942", "Pdf", "52", "")))


# Balance


async def test_the_first_balance_says_nothing_and_is_noted(client, sandbox, sink, file):
    """And the sandbox's never changes: the second look knows no more."""
    await pull(client, sink, acknowledge=True)
    for _ in range(2):
        reasons = {one.balance.reason for one in await checked(client, file)}
        assert reasons <= {"one balance says nothing; it is noted, the next is compared with it"}
    with evidence_of(file) as evidence:
        assert [len(evidence.balances(one, one.currency or "")) for one in evidence.accounts()] == [1, 1]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_booking_of_never_is_compared_as_any_other(kind, tmp_path, request):
    """The API says the year 1 for it, which in UTC may lie before Christ."""
    at = f"sqlite:///{tmp_path / 'a.db'}" if kind == "sqlite" else request.getfixturevalue("postgres").url()
    never = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1)))
    account = BankAccountRef(rid="account-1", currency="EUR", iban="DE02120300000000202051")
    rows = [
        Transaction(
            rid=f"t-{number}",
            amount=Decimal("1.10"),
            currency="EUR",
            credit_debit_indicator=CreditDebitIndicator.CRDT,
            booking_date=datetime(2026, 1, 12, tzinfo=UTC),
            timestamp=never,
            bank_account=account,
        )
        for number in range(2)
    ]
    with SqlSink(at, origin="the sandbox of a test") as sink:
        sink.write(rows, None)
    with look(at) as connection:
        evidence = Evidence(connection, "default")
        booked = evidence.bookings(evidence.accounts()[0], "EUR", date(2026, 1, 12), date(2026, 1, 12))
    assert [(one.day, one.amount) for one in booked] == [(date(2026, 1, 12), Decimal("1.10"))] * 2
    assert booked[0].at == booked[1].at


async def noted(client, sandbox, sink, file, change_by: Decimal) -> AccountCheck:
    """An account whose earlier balance, of 12 January, fits the one of today but for an amount."""
    await pull(client, sink, acknowledge=True)
    with evidence_of(file) as evidence:
        account = evidence.accounts()[0]
        (one,) = [one async for one in client.bank_accounts.list() if one.rid == account.rid]
        assert one.balance is not None
        assert one.balance.amount is not None
        assert one.balance.date is not None
        # The sandbox's balances are of one day; the database is moved so that it lies in the middle of the bookings.
        shift = (one.balance.date.date() - date(2022, 1, 20)).days
        change(file, f"UPDATE transactions SET booking_date = date(booking_date, '{shift} days')")
        earlier = date.fromordinal(date(2022, 1, 12).toordinal() + shift)
        booked = evidence.bookings(account, one.balance.currency, earlier, one.balance.date.date())
        between = sum((row.amount for row in booked if row.day > earlier), Decimal(0))
        before = datetime(earlier.year, earlier.month, earlier.day, 20, tzinfo=UTC)
        evidence.note_balance(account, one.balance.currency, before, one.balance.amount - between - change_by)
        checks = await verify(client, evidence, today=one.balance.date.date())
    return next(check for check in checks if check.account.rid == account.rid)


async def test_two_balances_that_the_bookings_explain(client, sandbox, sink, file):
    check = await noted(client, sandbox, sink, file, Decimal(0))
    assert check.balance.verdict is Verdict.COMPLETE
    assert check.balance.reason.startswith("agrees from ")


async def test_two_balances_that_the_bookings_do_not_explain_are_a_gap(client, sandbox, sink, file):
    """By how much, and between which days."""
    check = await noted(client, sandbox, sink, file, Decimal("123456789.01"))
    assert (check.balance.verdict, check.verdict) == (Verdict.GAP, Verdict.GAP)
    assert "off by 123456789.01" in check.balance.reason


SOME = [Booked(day(f"2026-01-0{number}"), Decimal(number)) for number in (1, 2, 3, 4)]
TWICE = [Booked(day("2026-01-01"), Decimal(amount), at=amount) for amount in (5, 7, 11)]


@pytest.mark.parametrize(
    ("before", "after", "bookings", "off"),
    [
        (("2026-01-01", 0), ("2026-01-04", 9), SOME, 0),  # the evenings of both days
        (("2026-01-01", 0), ("2026-01-04", 10), SOME, 0),  # the morning of the first
        (("2026-01-01", 0), ("2026-01-04", 5), SOME, 0),  # the morning of the last
        (("2026-01-01", 0), ("2026-01-04", 11), SOME, 2),
        (("2026-01-01", 0), ("2026-01-04", 8), SOME, -1),
        (("2026-01-01", 0), ("2026-01-04", 0), [], 0),
        (("2026-01-01", 0), ("2026-01-01", 18), TWICE, 0),  # both of one day, between two bookings
        (("2026-01-01", 0), ("2026-01-01", 16), TWICE, 16),
        (("2026-01-01", 0), ("2026-01-03", 18), TWICE, 0),  # in the middle of the first day
        (("2026-01-01", 0), ("2026-01-03", 12), TWICE, 12),  # not the first without the last
    ],
)
def test_what_lies_between_two_balances(before, after, bookings, off):
    seen = [Seen(day(when), Decimal(amount)) for when, amount in (before, after)]
    assert difference(*seen, bookings) == (off, True)


@pytest.mark.parametrize(
    ("before", "after", "off"),
    [
        (("2026-01-01", 0), ("2026-01-03", 12), (12, False)),  # the first without the last may have been booked
        (("2025-12-31", 0), ("2026-01-01", 16), (-7, False)),
        (("2026-01-01", 0), ("2026-01-03", 24), (24, True)),  # more than all of them
        (("2026-01-01", 0), ("2026-01-03", -1), (-1, True)),
        (("2026-01-01", 0), ("2026-01-03", 23), (0, True)),  # the morning of the first
    ],
)
def test_bookings_that_came_at_one_time_may_be_in_any_order(before, after, off):
    """So a difference that one of the orders might explain is not certain."""
    seen = [Seen(day(when), Decimal(amount)) for when, amount in (before, after)]
    assert difference(*seen, [Booked(day("2026-01-01"), Decimal(amount)) for amount in (5, 7, 11)]) == off


# Looking into a database


async def test_it_looks_while_a_pull_holds_the_database(client, sandbox, sink, file):
    """And the pull writes while it looks."""
    await pull(client, sink, acknowledge=False)
    with sink, evidence_of(file) as evidence:
        before = evidence.accounts()
        sink.write([], None)
        assert evidence.accounts() == before


def test_what_is_no_database_of_ours_is_said_to_be_so(tmp_path):
    """Nothing is made."""
    missing = f"sqlite:///{tmp_path}/nothing.db"
    with pytest.raises(errors.StorageError, match="nothing"), look(missing):
        pass
    assert list(tmp_path.iterdir()) == []
    with closing(sqlite3.connect(tmp_path / "theirs.db")) as connection:
        connection.execute("CREATE TABLE customers (name TEXT)")
    with pytest.raises(errors.StorageError, match="theirs"), look(f"sqlite:///{tmp_path}/theirs.db"):
        pass
    (tmp_path / "text.db").write_text("no database at all, and longer than a header of SQLite would be, so there\n" * 3)
    with pytest.raises(errors.StorageError, match="text"), look(f"sqlite:///{tmp_path}/text.db"):
        pass
    for address in ("nonsense", "mysql://host/name", "parquet:folder"):
        with pytest.raises(errors.ConfigurationError), look(address):
            pass


async def test_it_works_in_postgresql_too(client, sandbox, postgres):
    """Where days are dates and amounts are numbers."""
    await pull(client, SqlSink(postgres.url(), origin="the sandbox of a test"), acknowledge=True)
    with look(postgres.url()) as connection:
        assert sources(connection) == ["default"]
        for _ in range(2):
            checks = await verify(client, Evidence(connection, "default"), today=TODAY)
            assert [one.verdict for one in checks] == [Verdict.COMPLETE] * 2
    postgres.execute("DELETE FROM konfipay.transactions WHERE booking_date = DATE '2022-01-21'")
    with look(postgres.url()) as connection:
        checks = await verify(client, Evidence(connection, "default"), today=TODAY)
    assert all("missing of 2022-01-21" in one.counts.reason for one in checks)
