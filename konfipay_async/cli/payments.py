"""`konfipay payments`: payment files, from the upload to what became of them."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import cyclopts
from cyclopts import Parameter

from konfipay_async.cli import orders, submissions
from konfipay_async.cli.asking import confirmed
from konfipay_async.cli.connection import CONNECTION, LEDGER, Connection, LedgerPlace, connected, read_file
from konfipay_async.cli.exits import Exit
from konfipay_async.cli.orders import account_of, summed
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
from konfipay_async.cli.waiting import exit_of_files, follow, reason_of
from konfipay_async.client import KonfipayClient
from konfipay_async.errors import ConfigurationError
from konfipay_async.models.payments import Payment, PaymentFile, StatusValue
from konfipay_async.pain import FileFacts, checked
from konfipay_async.routes import checked_timeout

__all__ = ["app"]

app = cyclopts.App(
    name="payments",
    help="Payments: upload payment files, send them to the bank, and follow what becomes of them.",
)
app.command(orders.app)
app.command(submissions.ledger, name="ledger")
app.command(submissions.reconcile, name="reconcile")
app.command(submissions.settle, name="settle")

_Flag = Parameter(negative=(), show_default=False)


@app.command(name="upload")
async def _upload(
    file: Path,
    /,
    *,
    scope: str | None = None,
    verification_of_payee: bool | None = None,
    again: Annotated[bool, _Flag] = False,
    output: Output = OUTPUT,
    connection: Connection = CONNECTION,
    ledger: LedgerPlace = LEDGER,
) -> int:
    """Store a payment file in konfipay. Nothing goes to the bank before `konfipay payments submit`.

    A file that the API would refuse, or that contradicts itself, is refused before it leaves. It is sent once: the
    ledger notes it before it leaves, and refuses the same file for two days. Ends with 3 where konfipay rejects it,
    and with 6 where no answer came: then `konfipay payments reconcile` looks what became of it.

    **Examples:**

    `konfipay payments upload salaries.xml`

    `RID=$(konfipay payments upload salaries.xml --json | jq -r .rid)`

    Parameters
    ----------
    file
        A payment file: pain.001, pain.008, a container of these, or DTAZV.
    scope
        What it is, where konfipay's own detection would be wrong.
    verification_of_payee
        Whether the bank is to compare the payees' names with their accounts.
    again
        Send it although the ledger says that it was sent before.
    """
    content = read_file(file)
    facts = await asyncio.to_thread(checked, content)
    note(_described(facts))
    async with connected(connection, ledger) as client:
        with spinner(f"{file.name} goes to konfipay"):
            stored = await client.payment_files.upload(
                content, scope=scope, verification_of_payee=verification_of_payee, again=again
            )
    show_one(
        stored,
        output,
        orders=facts.orders,
        control_sum=facts.control_sum,
        currencies=facts.currencies,
        message_id=facts.message_id,
        sha256=facts.sha256,
    )
    if stored.status is not None and stored.status.value.has_failed:
        note("konfipay rejected the file: nothing of it goes to the bank.")
        return Exit.REFUSED
    note(f"It is stored, not sent: konfipay payments submit {stored.rid}")
    return Exit.DONE


@app.command(name="submit")
async def _submit(
    *rids: str,
    force: Annotated[bool, _Flag] = False,
    verification_of_payee: bool | None = None,
    yes: Annotated[bool, _Flag] = False,
    again: Annotated[bool, _Flag] = False,
    output: Output = OUTPUT,
    connection: Connection = CONNECTION,
    ledger: LedgerPlace = LEDGER,
) -> int:
    """Send stored payment files to the bank. Shows what they hold, and asks.

    A file that was sent is not sent again, so this may be repeated. Single payments are sent by `konfipay payments
    orders submit`. Ends with 3 where a file is rejected, with 6 where nobody knows what became of one, or its upload
    failed: konfipay tries that again by itself.

    **Examples:**

    `konfipay payments submit 5d3f0c1e-0d8f-4f4e-9a55-1c2f5d0a7b11`

    `konfipay payments submit "$RID" --yes && konfipay payments wait "$RID" --until FIN_ACCEPTED`

    Parameters
    ----------
    rids
        The files' ids, as `konfipay payments upload` and `konfipay payments list` show them.
    force
        Send them again although they were sent before. Right where the bank rejected a file; where its upload failed,
        once konfipay has given it up, which tries again by itself; wrong everywhere else, because then the bank gets
        it twice, and pays twice.
    verification_of_payee
        Whether the bank is to compare the payees' names with their accounts.
    yes
        Do it unasked.
    again
        With --force: do it although the file did not come back with an error, and whatever the ledger says.
    """
    wanted = list(dict.fromkeys(rids))
    if not wanted:
        raise ConfigurationError("name the payment files to send, by id")
    sent: list[PaymentFile] = []
    moved: list[str] = []
    # Without force it may be repeated, and the ledger has nothing to note.
    async with connected(connection, ledger if force else None) as client:
        with spinner("reading what will be sent"):
            files = await asyncio.gather(*(_content(client, rid) for rid in wanted))
        table_on_stderr(files, _CONTENT_COLUMNS)
        _warn(files, force=force)
        kept = [content.file.rid for content in files if _status(content.file) not in _CAME_BACK]
        if force and kept and yes and not again:
            raise ConfigurationError(
                f"nothing was sent: {', '.join(kept)} did not come back with an error, and by --force the bank may get "
                f"it twice. Leave out --force, or leave out --yes and answer, or say --again too"
            )
        if not confirmed(_question(files, force=force), yes=yes):
            return Exit.USAGE
        try:
            for content in files:
                rid = content.file.rid
                # Whoever was asked may have taken their time, and konfipay tries some files again by itself.
                if force and (by_now := _status(await client.payment_files.get(rid))) != _status(content.file):
                    moved.append(f"{rid} is {by_now} by now, and was not sent: look at it again.")
                    continue
                with spinner(f"{rid} goes to the bank"):
                    sent.append(
                        await client.payment_files.submit(
                            rid,
                            force=force,
                            verification_of_payee=verification_of_payee,
                            again=again,
                        )
                    )
        finally:
            # Also where a later one fails: these are with the bank.
            show_rows(sent, _COLUMNS, output)
            for text in moved:
                note(text)
    unread = [file.rid for file in sent if file.status is None]
    for rid in unread:
        note(f"{rid} is sent; its status could not be read: konfipay payments get {rid}")
    if unread or (moved and sent):
        return Exit.PARTIAL
    if moved:
        return Exit.USAGE
    return exit_of_files(sent)


@app.command(name="list")
async def _list(
    *,
    status: str | None = None,
    payment_type: str | None = None,
    purpose: str | None = None,
    min_date: date | None = None,
    max_date: date | None = None,
    min_execution_date: date | None = None,
    max_execution_date: date | None = None,
    bank_account_rid: str | None = None,
    output: ListOutput = LIST_OUTPUT,
    connection: Connection = CONNECTION,
) -> None:
    """List payment files.

    **Examples:**

    `konfipay payments list --min-date 2026-01-01`

    `konfipay payments list --status FIN_REJECTED --json`

    Parameters
    ----------
    status
        Only those with this status.
    payment_type
        Only those of this type, such as TRF.
    purpose
        Only those with this purpose.
    min_date
        Created on this day or later (yyyy-mm-dd).
    max_date
        Created on this day or earlier.
    min_execution_date
        To be executed on this day or later.
    max_execution_date
        To be executed on this day or earlier.
    bank_account_rid
        From this account of yours.
    """
    async with connected(connection) as client:
        pages = client.payment_files.pages(
            output.page_size,
            status=status,
            payment_type=payment_type,
            purpose=purpose,
            min_date=min_date,
            max_date=max_date,
            min_execution_date=min_execution_date,
            max_execution_date=max_execution_date,
            bank_account_rid=bank_account_rid,
        )
        await show_pages(pages, _COLUMNS, output)


@app.command(name="get")
async def _get(rid: str, /, *, output: Output = OUTPUT, connection: Connection = CONNECTION) -> None:
    """Show one payment file with its status.

    **Examples:**

    `konfipay payments get 5d3f0c1e-0d8f-4f4e-9a55-1c2f5d0a7b11`

    Parameters
    ----------
    rid
        The file's id.
    """
    async with connected(connection) as client:
        show_one(await client.payment_files.get(rid), output)


@app.command(name="wait")
async def _wait(
    rid: str,
    /,
    *,
    until: Annotated[list[str] | None, Parameter(negative=())] = None,
    timeout: float = 3600.0,
    output: Output = OUTPUT,
    connection: Connection = CONNECTION,
) -> int:
    """Wait for what becomes of a payment file, and show each status as it comes.

    It is over at a status that changes no more. FIN_ACCEPTED is none, and yet all that many banks ever say: name it
    with --until where that is enough; nor is FIN_UPLOAD_FAILED, after which konfipay tries again by itself for some
    time. Ends with 3 where it ended badly, with 6 where it is not over in time.

    **Examples:**

    `konfipay payments wait 5d3f0c1e-0d8f-4f4e-9a55-1c2f5d0a7b11 --until FIN_ACCEPTED`

    Parameters
    ----------
    rid
        The file's id.
    until
        A status that is enough; may be given several times.
    timeout
        Seconds to wait.
    """
    checked_timeout(timeout, "--timeout")
    enough = [value.upper() for value in until or ()]
    for value in enough:
        if value not in set(StatusValue):
            note(f"--until {value}: no status of this name is known. Known are {', '.join(StatusValue)}.")
    async with connected(connection) as client:
        last = await follow(client.payment_files.changes(rid, until=enough, timeout=timeout), output)
    return Exit.DONE if last is None else exit_of_files([last])


@app.command(name="extract")
async def _extract(
    file: Path,
    /,
    *,
    again: Annotated[bool, _Flag] = False,
    output: ListOutput = LIST_OUTPUT,
    connection: Connection = CONNECTION,
    ledger: LedgerPlace = LEDGER,
) -> None:
    """Take the orders of a payment file into konfipay as open payments, which can be changed, deleted and submitted.

    The file itself is neither kept nor sent. It may have several collections. It is sent once: the ledger notes it
    before it leaves, and refuses the same file for two days.

    **Examples:**

    `konfipay payments extract suppliers.xml`

    Parameters
    ----------
    file
        A payment file.
    again
        Send it although the ledger says that it was sent before.
    """
    content = read_file(file)
    note(_described(await asyncio.to_thread(checked, content, several_collections=True)))
    async with connected(connection, ledger) as client:
        with spinner(f"{file.name} goes to konfipay"):
            payments = await client.payment_files.extract(content, again=again)
    show_rows(payments, orders.COLUMNS, output)
    note("They are open: nothing goes to the bank before konfipay payments orders submit.")


@dataclass(frozen=True)
class _Content:
    """A payment file, and the orders in it, as far as konfipay lists them."""

    file: PaymentFile
    orders: Sequence[Payment]

    @property
    def count(self) -> int | None:
        return len(self.orders) or None


async def _content(client: KonfipayClient, rid: str) -> _Content:
    file = await client.payment_files.get(rid)
    payments = client.payments.list(payment_file_rid=file.rid)
    async with aclosing(payments):
        every = [payment async for payment in payments]
    # The filter's name was only seen: where a server ignores it, what is in other files must not be shown as in this.
    inside = [payment for payment in every if payment.payment_file is not None and payment.payment_file.rid == file.rid]
    return _Content(file, inside)


def _described(facts: FileFacts) -> str:
    if facts.orders is None:
        return f"{facts.format or 'an unknown format'}, {facts.size:,} bytes: what is in it was not read"
    days = ", ".join(day.isoformat() for day in sorted(facts.execution_dates)) or "no execution date"
    orders = f"{facts.orders:,} {'order' if facts.orders == 1 else 'orders'}"
    return f"{facts.format}: {orders}, together {facts.control_sum:,} {'/'.join(sorted(facts.currencies))}, {days}"


def _question(files: Sequence[_Content], *, force: bool) -> str:
    payments = [payment for content in files for payment in content.orders]
    what = "1 payment file" if len(files) == 1 else f"{len(files)} payment files"
    holding = f" with {len(payments):,} orders, {summed(payments)}," if payments else ""
    return f"Send {what}{holding} to the bank{' AGAIN' if force else ''}?"


# What came back with an error. All else that was sent before comes to the bank twice, if it is sent again; also what
# failed on its way, which konfipay sends again by itself for some time.
_CAME_BACK = {
    StatusValue.KON_REJECTED,
    StatusValue.FIN_VEU_CANCELED,
    StatusValue.FIN_REJECTED,
}


def _warn(files: Sequence[_Content], *, force: bool) -> None:
    for content in files:
        rid, status = content.file.rid, _status(content.file)
        if content.count is None:
            note(f"{rid}: konfipay does not list what is in it.")
        if force and status not in _CAME_BACK:
            note(f"CAREFUL: {rid} is {status or 'without a status'}. The bank may have it: then it is paid twice.")
        # What a file is before it is sent is not documented. These are the bank's.
        elif not force and status is not None and status.startswith("FIN_"):
            unless = " without --force" if status in _CAME_BACK else ""
            note(f"{rid} is {status}: it was sent before, and is not sent again{unless}.")


def _status(file: PaymentFile) -> str | None:
    return None if file.status is None else file.status.value


def _currencies(content: _Content) -> str:
    return "/".join(sorted({payment.order.currency for payment in content.orders if payment.order}))


def _sum(content: _Content) -> Decimal | None:
    amounts = [payment.order.amount for payment in content.orders if payment.order is not None]
    return sum(amounts, Decimal(0)) if amounts else None


_COLUMNS: list[Column[PaymentFile]] = [
    Column("timestamp", lambda file: file.timestamp),
    Column("format", lambda file: file.format, table=False),
    Column("type", lambda file: file.payment_type),
    Column("execution_date", lambda file: file.execution_date),
    Column("status", lambda file: file.status and file.status.value),
    Column("reason", reason_of, table=False),
    Column("rid", lambda file: file.rid, whole=True),
]

_CONTENT_COLUMNS: list[Column[_Content]] = [
    Column("orders", lambda content: content.count, right=True),
    Column("sum", _sum, right=True),
    Column("currency", _currencies),
    Column("execution_date", lambda content: content.file.execution_date),
    Column("account", lambda content: " / ".join(sorted({account_of(payment) for payment in content.orders}))),
    Column("status", lambda content: content.file.status and content.file.status.value),
    Column("rid", lambda content: content.file.rid, whole=True),
]
