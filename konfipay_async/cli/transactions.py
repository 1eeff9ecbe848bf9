"""`konfipay transactions`"""

import sys
from collections.abc import AsyncGenerator
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

import cyclopts
import msgspec
from cyclopts import Parameter

from konfipay_async.cli.acknowledging import acknowledge
from konfipay_async.cli.connection import CONNECTION, Connection, connected
from konfipay_async.cli.output import LIST_OUTPUT, OUTPUT, Column, ListOutput, Output, note, plain, show_pages
from konfipay_async.models.page import Page
from konfipay_async.models.transactions import Transaction
from konfipay_async.resources.transactions import TransactionPage

__all__ = ["app"]

app = cyclopts.App(name="transactions", help="Bookings: list them, and mark them as retrieved.")


@app.command(name="list")
async def _list(
    *,
    is_new: Annotated[bool | None, Parameter(name="--new", negative="--not-new")] = None,
    min_booking_date: date | None = None,
    max_booking_date: date | None = None,
    booking_status: Literal["booked", "pending"] | None = None,
    bank_account_rid: str | None = None,
    credit_or_debit_indicator: Literal["CRDT", "DBIT"] | None = None,
    min_amount: Decimal | None = None,
    max_amount: Decimal | None = None,
    iban: str | None = None,
    account_description: str | None = None,
    account_holder: str | None = None,
    remittance_text: str | None = None,
    customer_reference: str | None = None,
    payment_type: str | None = None,
    output: ListOutput = LIST_OUTPUT,
    connection: Connection = CONNECTION,
) -> None:
    """List transactions. Nothing is acknowledged: what is new stays new.

    **Examples:**

    `konfipay transactions list --min-booking-date 2026-01-01`

    `konfipay transactions list --new --json > new.jsonl`: with the id that acknowledges each

    `konfipay transactions list --credit-or-debit-indicator CRDT --min-amount 1000.00 | cut -f 1,2`

    Parameters
    ----------
    is_new
        Only what is new, or only what is not.
    min_booking_date
        Booked on this day or later (yyyy-mm-dd).
    max_booking_date
        Booked on this day or earlier.
    booking_status
        Booked, or still pending.
    bank_account_rid
        On this account of yours.
    credit_or_debit_indicator
        Money that came (CRDT) or went (DBIT).
    min_amount
        Of this amount or more.
    max_amount
        Of this amount or less.
    iban
        On the account with this IBAN, of yours.
    account_description
        On accounts of yours that are described like this.
    account_holder
        On accounts that this holder has.
    remittance_text
        With this in the remittance text.
    customer_reference
        With this customer reference.
    payment_type
        Of this type of payment.
    """
    async with connected(connection) as client:
        pages = client.transactions.pages(
            output.page_size,
            is_new=is_new,
            min_booking_date=min_booking_date,
            max_booking_date=max_booking_date,
            booking_status=booking_status,
            bank_account_rid=bank_account_rid,
            credit_or_debit_indicator=credit_or_debit_indicator,
            min_amount=min_amount,
            max_amount=max_amount,
            iban=iban,
            account_description=account_description,
            account_holder=account_holder,
            remittance_text=remittance_text,
            customer_reference=customer_reference,
            payment_type=payment_type,
        )
        listed = _WithIds(pages, output.rows)
        await show_pages(listed.pages(), _COLUMNS, output, as_json=_as_json)
    if is_new and sys.stdout.isatty():
        for acknowledgement_id, count in listed.shown.items():
            note(f"konfipay transactions acknowledge {acknowledgement_id} marks {count} of them as retrieved.")


@app.command(name="acknowledge")
async def _acknowledge(
    *acknowledgement_ids: str,
    yes: Annotated[bool, Parameter(negative=(), show_default=False)] = False,
    output: Output = OUTPUT,
    connection: Connection = CONNECTION,
) -> int:
    """Mark listed transactions as retrieved, by the id that came with them; an id lives for one hour.

    One id covers the rows it was listed with and no others. The is-new flags belong to all applications of your
    konfipay client unless the API key has its own: other programs that read what is new will not see these
    transactions any more. Ends with 3 where an id is expired, used or unknown.

    **Examples:**

    `konfipay transactions acknowledge 0b7f3c52-5f1c-4f2b-8f4e-2d6e5c6f1a90`

    Parameters
    ----------
    acknowledgement_ids
        The acknowledgement_id of rows that `konfipay transactions list --new` has shown. Rows of a page that --limit
        cut have none.
    yes
        Do it unasked.
    """
    return await acknowledge(
        acknowledgement_ids,
        "the transactions of these acknowledgement ids",
        lambda client: client.transactions.acknowledge,
        yes=yes,
        output=output,
        connection=connection,
    )


class _Listed(msgspec.Struct):
    """A transaction, and what acknowledges the page it came on, if all of that is shown."""

    transaction: Transaction
    acknowledgement_id: str | None


class _WithIds:
    """Pages whose rows know their acknowledgement id. `shown` are the ids of whole pages, with the number of rows."""

    def __init__(self, pages: AsyncGenerator[TransactionPage], limit: int) -> None:
        self._pages = pages
        self._limit = limit
        self.shown: dict[str, int] = {}

    async def pages(self) -> AsyncGenerator[Page[_Listed]]:
        """The pages. An id covers all of its page: where the limit cuts one, nobody may acknowledge it."""
        rows = 0
        try:
            async for page in self._pages:
                rows += len(page.transactions)
                known = page.acknowledgement_id if not self._limit or rows <= self._limit else None
                if known is not None:
                    self.shown[known] = len(page.transactions)
                yield Page(
                    number=page.number,
                    size=page.size,
                    total_pages=page.total_pages,
                    total_items=page.total_items,
                    links=page.links,
                    items=[_Listed(transaction, known) for transaction in page.transactions],
                )
        finally:
            await self._pages.aclose()


def _as_json(row: _Listed) -> dict[str, object]:
    return {**plain(row.transaction), "acknowledgement_id": row.acknowledgement_id}


def _day(row: _Listed) -> date | None:
    booked = row.transaction.booking_date
    return None if booked is None else booked.date()


def _signed(row: _Listed) -> Decimal:
    try:
        return row.transaction.signed_amount
    except ValueError:  # neither credit nor debit
        return row.transaction.amount


_COLUMNS: list[Column[_Listed]] = [
    Column("booking_date", _day),
    Column("amount", _signed, right=True),
    Column("currency", lambda row: row.transaction.currency),
    Column("name", lambda row: row.transaction.name),
    Column("purpose", lambda row: row.transaction.purpose),
    Column("iban", lambda row: row.transaction.iban, table=False),
    Column("booking_text", lambda row: row.transaction.booking_text, table=False),
    Column("account", lambda row: row.transaction.bank_account and row.transaction.bank_account.iban, table=False),
    Column("is_new", lambda row: row.transaction.is_new, table=False),
    Column("rid", lambda row: row.transaction.rid, table=False),
    Column("acknowledgement_id", lambda row: row.acknowledgement_id, table=False),
]
