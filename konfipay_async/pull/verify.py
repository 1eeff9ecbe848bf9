"""Whether a database has everything, as far as that can be known. Reads only, but for one note.

Three things are asked of each bank account. **Counts**: does konfipay list as many bookings of these days as the
database holds; where not, which rows are missing. **Sequence**: are there statement numbers between the first and the
last that neither the database nor konfipay's list of files has; then konfipay itself did not get a statement.
**Balance**: do the bookings between two balances add up to their difference. konfipay gives only the current one, so
each look notes it for the next, and the first can conclude nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from itertools import pairwise

from konfipay_async.client import KonfipayClient
from konfipay_async.errors import StatusError
from konfipay_async.models.bank_accounts import BankAccount
from konfipay_async.models.transactions import Transaction
from konfipay_async.pull.balances import difference
from konfipay_async.pull.days import differing, each_day
from konfipay_async.pull.sequences import gaps, numbers_by_year
from konfipay_async.pull.sinks.evidence import Account, Evidence, is_statement

__all__ = ["AccountCheck", "Finding", "Verdict", "verify"]

# Days whose rows are fetched to say what is missing. Where more differ, saying so is enough.
_MOST_DAYS = 31
# Gaps and days that are named; of more, how many there are.
_MOST_NAMED = 5


class Verdict(StrEnum):
    """What can be said."""

    COMPLETE = "complete"
    GAP = "gap"
    UNKNOWN = "cannot be known"


@dataclass(frozen=True)
class Finding:
    """One check of one account, and why it came out so."""

    verdict: Verdict
    reason: str


@dataclass(frozen=True)
class AccountCheck:
    """What was found of one account."""

    account: Account
    counts: Finding
    sequence: Finding
    balance: Finding

    @property
    def verdict(self) -> Verdict:
        """GAP where any check shows one; else that of the counts, for they alone look at every booking."""
        if Verdict.GAP in (self.counts.verdict, self.sequence.verdict, self.balance.verdict):
            return Verdict.GAP
        return self.counts.verdict


async def verify(
    client: KonfipayClient | None,
    evidence: Evidence,
    *,
    since: date | None = None,
    until: date | None = None,
    today: date,
) -> list[AccountCheck]:
    """Check every account, from `since` (default: the first booking day of all) to `until` (default: `today`).

    Without a client only the database is asked. Accounts that only konfipay knows are checked too. What the key may not
    ask cannot be known, but for the bookings themselves: then the error is raised, as is StorageError.
    """
    span = evidence.span()
    until = today if until is None else until
    since = since or (span[0] if span else until)
    asked = _Asked() if client is None else await _ask(client, min(since, span[0] if span else since))
    return [
        AccountCheck(
            account,
            await _counts(client, evidence, account, since, max(since, until)),
            _sequence(evidence, account, asked),
            _balance(evidence, account, asked),
        )
        for account in _accounts(evidence, asked)
    ]


@dataclass
class _Asked:
    """What konfipay says: the accounts by rid, None where it does not say; and the statements of each, by rid."""

    accounts: dict[str, BankAccount] | None = None
    why_none: str = "konfipay was not asked"
    files: dict[str | None, dict[object, tuple[int, date]]] = field(default_factory=dict)


async def _ask(client: KonfipayClient, since: date) -> _Asked:
    asked = _Asked()
    try:
        asked.accounts = {account.rid: account async for account in client.bank_accounts.list()}
    except StatusError as error:
        asked.why_none = f"konfipay does not give the accounts to this key (status {error.status})"
    try:
        async for file in client.transaction_files.list(min_date=since):
            number, made = file.electronic_sequence_number, file.timestamp
            if number is not None and made is not None and is_statement(file.format):
                rid = file.bank_account.rid if file.bank_account else None
                asked.files.setdefault(rid, {})[file.rid] = number, made.date()
    except StatusError:
        asked.files.clear()  # half a list would show gaps that are none
    return asked


def _accounts(evidence: Evidence, asked: _Asked) -> list[Account]:
    accounts = {account.rid: account for account in evidence.accounts()}
    for rid, one in (asked.accounts or {}).items():
        accounts.setdefault(rid, Account(rid, one.iban, one.currency))
    return sorted(accounts.values(), key=lambda account: (account.iban or "", account.rid or ""))


# Counts


async def _counts(
    client: KonfipayClient | None, evidence: Evidence, account: Account, first: date, last: date
) -> Finding:
    if client is None:
        return Finding(Verdict.UNKNOWN, "konfipay was not asked")
    if account.rid is None:
        return Finding(Verdict.UNKNOWN, "these bookings name no account that could be asked for")

    async def count(since: date, until: date) -> int:
        return await client.transactions.count(
            min_booking_date=since, max_booking_date=until, bank_account_rid=account.rid, booking_status="booked"
        )

    here = evidence.days(account, first, last)
    total, there = sum(here.values()), await count(first, last)
    if total == there:
        return Finding(Verdict.COMPLETE, f"{total:,} of {there:,}")
    days = await differing(count, here, each_day(first, last))
    if len(days) > _MOST_DAYS:
        return Finding(Verdict.GAP, f"{total:,} of {there:,}; they differ on {len(days)} days")
    missing = [row for day in days for row in await _missing(client, evidence, account, day)]
    if not missing:
        more = f", and {total - there:,} that konfipay does not list" if total > there else ""
        return Finding(Verdict.COMPLETE, f"all {there:,}{more}")
    new = sum(row.is_new is True for row in missing)
    hint = f"; {new:,} of them are new and not pulled yet" if new else ""
    lacking = sorted({str(row.booking_date.date()) for row in missing if row.booking_date is not None})
    return Finding(Verdict.GAP, f"{total:,} of {there:,}; {len(missing):,} missing of {_named(lacking)}{hint}")


async def _missing(client: KonfipayClient, evidence: Evidence, account: Account, day: date) -> list[Transaction]:
    """The rows of a day that konfipay lists and the database does not have, on whatever day."""
    rows: dict[str, Transaction] = {}
    async for page in client.transactions.pages(
        min_booking_date=day, max_booking_date=day, bank_account_rid=account.rid, booking_status="booked"
    ):
        rows.update({row.rid: row for row in page.transactions})
    known = evidence.known(rows)
    return [row for rid, row in rows.items() if rid not in known]


# Sequence


def _sequence(evidence: Evidence, account: Account, asked: _Asked) -> Finding:
    files = {**evidence.files(account), **asked.files.get(account.rid, {})}
    # Where a statement has bookings, their day says better which year it was counted in than the day of its file.
    statements = {**files, **evidence.statements(account)}
    if not statements:
        return Finding(Verdict.UNKNOWN, "there are no statement numbers")
    numbers = numbers_by_year(statements.values())
    found = gaps(numbers)
    if not found:
        return Finding(Verdict.COMPLETE, f"none missing of {sum(map(len, numbers.values())):,} statements")
    named = _named(list(map(str, found)))
    if files:
        return Finding(Verdict.GAP, f"statement {named} is neither here nor at konfipay")
    return Finding(
        Verdict.UNKNOWN, f"no booking of statement {named}; without its file, nobody knows whether it has any"
    )


# Balance


def _balance(evidence: Evidence, account: Account, asked: _Asked) -> Finding:
    if asked.accounts is None:
        return Finding(Verdict.UNKNOWN, asked.why_none)
    one = asked.accounts.get(account.rid or "")
    balance = None if one is None else one.balance
    currency = (balance and balance.currency) or account.currency
    if balance is None or balance.amount is None or balance.date is None or currency is None:
        return Finding(Verdict.UNKNOWN, "konfipay gives no balance")
    evidence.note_balance(account, currency, balance.date, balance.amount)
    span = evidence.span(account)
    if span is None:
        return Finding(Verdict.UNKNOWN, "there are no bookings to compare it with")
    seen = [one for one in evidence.balances(account, currency) if one.day >= span[0]]
    if len(seen) < 2:
        return Finding(Verdict.UNKNOWN, "one balance says nothing; it is noted, the next is compared with it")
    unknown: Finding | None = None
    for before, after in pairwise(seen):
        off = difference(before, after, evidence.bookings(account, currency, before.day, after.day))
        if not off.amount:
            continue
        what = f"off by {off.amount:f} {currency} between {before.day} and {after.day}"
        if after.day >= span[1]:
            unknown = unknown or Finding(Verdict.UNKNOWN, f"{what}; bookings of that day may still come")
        elif off.certain:
            return Finding(Verdict.GAP, what)
        else:
            why = "bookings of these days came at one time, in an order nobody knows"
            unknown = unknown or Finding(Verdict.UNKNOWN, f"{what}, or not: {why}")
    return unknown or Finding(Verdict.COMPLETE, f"agrees from {seen[0].day} to {seen[-1].day}")


def _named(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - _MOST_NAMED} more" if len(texts) > _MOST_NAMED else ""
    return ", ".join(texts[:_MOST_NAMED]) + more
