"""`konfipay payments orders`: single payments, which konfipay makes payment files of."""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal

import cyclopts
from cyclopts import Parameter

from konfipay_async.cli.asking import confirmed
from konfipay_async.cli.connection import CONNECTION, LEDGER, Connection, LedgerPlace, connected
from konfipay_async.cli.exits import Exit
from konfipay_async.cli.output import (
    LIST_OUTPUT,
    OUTPUT,
    Column,
    ListOutput,
    Output,
    note,
    show_one,
    show_pages,
    show_rows,
    spinner,
    table_on_stderr,
)
from konfipay_async.cli.waiting import exit_of_files
from konfipay_async.client import KonfipayClient
from konfipay_async.errors import ConfigurationError
from konfipay_async.models.payments import Payment
from konfipay_async.resources.payments import SubmittedPayment

__all__ = ["COLUMNS", "account_of", "app", "summed"]

app = cyclopts.App(name="orders", help="Single payments: list, submit and delete them.")

_Flag = Parameter(negative=(), show_default=False)


@app.command(name="list")
async def _list(
    *,
    status: Literal["Open", "Pending", "Processed"] | None = None,
    batch_rid: str | None = None,
    payment_file_rid: str | None = None,
    output: ListOutput = LIST_OUTPUT,
    connection: Connection = CONNECTION,
) -> None:
    """List single payments.

    **Examples:**

    `konfipay payments orders list --status Pending`

    `konfipay payments orders list --payment-file-rid 5d3f0c1e-0d8f-4f4e-9a55-1c2f5d0a7b11 --json`

    Parameters
    ----------
    status
        Processed are those in a payment file. The API's documents call the others Open, and Pending.
    batch_rid
        Only those that were created together.
    payment_file_rid
        Only those in this payment file.
    """
    async with connected(connection) as client:
        pages = client.payments.pages(
            output.page_size, status=status, batch_rid=batch_rid, payment_file_rid=payment_file_rid
        )
        await show_pages(pages, COLUMNS, output)


@app.command(name="get")
async def _get(rid: str, /, *, output: Output = OUTPUT, connection: Connection = CONNECTION) -> None:
    """Show one payment.

    **Examples:**

    `konfipay payments orders get 5d3f0c1e-0d8f-4f4e-9a55-1c2f5d0a7b11`

    Parameters
    ----------
    rid
        The payment's id.
    """
    async with connected(connection) as client:
        show_one(await client.payments.get(rid), output)


@app.command(name="submit")
async def _submit(
    *rids: str,
    batch_booking: bool = True,
    skip_submitted: Annotated[bool, _Flag] = False,
    yes: Annotated[bool, _Flag] = False,
    again: Annotated[bool, _Flag] = False,
    output: Output = OUTPUT,
    connection: Connection = CONNECTION,
    ledger: LedgerPlace = LEDGER,
) -> int:
    """Have konfipay make payment files of open payments, and send them to the bank. Shows what it is, and asks.

    Nothing is sent where one of them was submitted before. It is sent once: the ledger notes it before it leaves, and
    refuses the same while nobody knows whether it arrived. Ends with 3 where a file is rejected, with 6 where some are
    still open after it or could not be read back, or where an upload failed that konfipay tries again by itself.

    **Examples:**

    `konfipay payments orders submit 5d3f0c1e-0d8f-4f4e-9a55-1c2f5d0a7b11 --yes`

    Parameters
    ----------
    rids
        The payments' ids.
    batch_booking
        Have them booked as one sum.
    skip_submitted
        Leave out those that were submitted before, instead of refusing all.
    yes
        Do it unasked.
    again
        Send it although the ledger has an attempt of which nobody knows whether it arrived.
    """
    async with connected(connection, ledger) as client:
        payments = await _read(client, rids)
        table_on_stderr(list(_groups(payments)), _GROUP_COLUMNS)
        in_files = sum(not payment.is_open for payment in payments)
        if in_files and not skip_submitted:
            raise ConfigurationError(
                f"{in_files} of {len(payments)} payments were submitted before, and nothing was sent now: leave them "
                f"out, or say --skip-submitted"
            )
        sent = [payment for payment in payments if payment.is_open]
        if not confirmed(f"Send {len(sent):,} payments, {summed(sent) or 'nothing'}, to the bank?", yes=yes):
            return Exit.USAGE
        with spinner("the payments go to the bank"):
            submitted = await client.payments.submit(
                [payment.rid for payment in payments],
                batch_booking=batch_booking,
                fail_on_submitted_payments=not skip_submitted,
                again=again,
            )
    show_rows(submitted, _SUBMITTED_COLUMNS, output)
    unread = sum(one.error is not None for one in submitted)
    if unread:
        note(
            f"The submission was accepted, and {unread} of {len(submitted)} could not be read back. Look whether they "
            f"are in a payment file before they are submitted again: konfipay payments orders get"
        )
    still_open = sum(one.error is None and one.payment_file is None for one in submitted)
    if still_open:
        note(f"{still_open} of {len(submitted)} are still open: nothing of them went to the bank so far.")
    if unread or still_open:
        return Exit.PARTIAL
    return exit_of_files(one.payment_file for one in submitted if one.payment_file is not None)


@app.command(name="delete")
async def _delete(
    *rids: str,
    yes: Annotated[bool, _Flag] = False,
    output: Output = OUTPUT,
    connection: Connection = CONNECTION,
) -> int:
    """Delete open payments. One that is in a payment file cannot be deleted.

    **Examples:**

    `konfipay payments orders delete 5d3f0c1e-0d8f-4f4e-9a55-1c2f5d0a7b11`

    Parameters
    ----------
    rids
        The payments' ids.
    yes
        Do it unasked.
    """
    deleted: list[Payment] = []
    async with connected(connection) as client:
        payments = await _read(client, rids)
        table_on_stderr(payments, COLUMNS)
        if not confirmed(f"Delete {len(payments)} of them?", yes=yes):
            return Exit.USAGE
        try:
            for payment in payments:
                await client.payments.delete(payment.rid)
                deleted.append(payment)
        finally:
            show_rows(deleted, [Column("deleted", lambda payment: payment.rid, whole=True)], output)
    return Exit.DONE


def summed(payments: Iterable[Payment]) -> str:
    """The sums by currency, as in ``11.00 EUR + 5.00 CHF``; empty where there is no amount."""
    sums: dict[str, Decimal] = {}
    for payment in payments:
        if payment.order is not None:
            sums[payment.order.currency] = sums.get(payment.order.currency, Decimal(0)) + payment.order.amount
    return " + ".join(f"{amount:,} {currency}" for currency, amount in sorted(sums.items()))


def account_of(payment: Payment) -> str:
    """The account of yours that it is paid from, or collected to."""
    own = payment.own
    return "" if own is None else " ".join(part for part in (own.description, own.iban) if part)


@dataclass(frozen=True)
class _Group:
    """Payments that will probably be one file."""

    account: str
    type: str
    execution_date: object
    payments: Sequence[Payment]


def _groups(payments: Sequence[Payment]) -> Iterable[_Group]:
    members: dict[tuple[str, str, object], list[Payment]] = {}
    for payment in payments:
        order = payment.order
        key = (account_of(payment), order.type if order else "", order.execution_date if order else None)
        members.setdefault(key, []).append(payment)
    return [_Group(*key, payments) for key, payments in members.items()]


async def _read(client: KonfipayClient, rids: Collection[str]) -> Sequence[Payment]:
    wanted = list(dict.fromkeys(rids))
    if not wanted:
        raise ConfigurationError("name the payments, by id")
    return await asyncio.gather(*(client.payments.get(rid) for rid in wanted))


COLUMNS: list[Column[Payment]] = [
    Column("execution_date", lambda payment: payment.order and payment.order.execution_date),
    Column("amount", lambda payment: payment.order and payment.order.amount, right=True),
    Column("currency", lambda payment: payment.order and payment.order.currency),
    Column("to", lambda payment: payment.other and payment.other.description),
    Column("iban", lambda payment: payment.other and payment.other.iban, table=False),
    Column("remittance", lambda payment: payment.order and payment.order.remittance_information, table=False),
    Column("account", account_of, table=False),
    Column("open", lambda payment: payment.is_open),
    Column("batch", lambda payment: payment.batch and payment.batch.rid, table=False),
    Column("payment_file", lambda payment: payment.payment_file and payment.payment_file.rid, table=False),
    Column("rid", lambda payment: payment.rid, whole=True),
]

_GROUP_COLUMNS: list[Column[_Group]] = [
    Column("orders", lambda group: len(group.payments), right=True),
    Column("sum", lambda group: summed(group.payments), right=True),
    Column("type", lambda group: group.type),
    Column("execution_date", lambda group: group.execution_date),
    Column("account", lambda group: group.account),
]

_SUBMITTED_COLUMNS: list[Column[SubmittedPayment]] = [
    Column("payment", lambda one: one.rid, whole=True),
    Column("payment_file", lambda one: one.payment_file and one.payment_file.rid, whole=True),
    Column("status", lambda one: one.payment_file and one.payment_file.status and one.payment_file.status.value),
]
