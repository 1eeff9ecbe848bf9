"""`konfipay paypal`"""

from datetime import date
from pathlib import Path
from typing import Annotated

import cyclopts
import msgspec
from cyclopts import Parameter

from konfipay_async.cli.acknowledging import acknowledge as acknowledge_each
from konfipay_async.cli.asking import asked_secret
from konfipay_async.cli.connection import CONNECTION, LEDGER, Connection, LedgerPlace, connected, read_secret
from konfipay_async.cli.output import LIST_OUTPUT, OUTPUT, Column, ListOutput, Output, show_one, show_pages
from konfipay_async.errors import ConfigurationError
from konfipay_async.models.paypal import NewPayPalAccount, PayPalAccount, PayPalTransaction
from konfipay_async.models.times import german_midnight

__all__ = ["app"]

app = cyclopts.App(name="paypal", help="PayPal: the accounts konfipay reads, and their transactions.")
_accounts = cyclopts.App(name="accounts", help="PayPal accounts: list, create and change them.")
_transactions = cyclopts.App(name="transactions", help="PayPal transactions: list them, and mark them as retrieved.")
app.command(_accounts)
app.command(_transactions)

_Flag = Parameter(negative=(), show_default=False)


@_accounts.command(name="list")
async def _list_accounts(*, output: ListOutput = LIST_OUTPUT, connection: Connection = CONNECTION) -> None:
    """List PayPal accounts.

    **Examples:**

    `konfipay paypal accounts list`
    """
    async with connected(connection) as client:
        await show_pages(client.paypal.accounts.pages(output.page_size), _ACCOUNT_COLUMNS, output)


@_accounts.command(name="get")
async def _get_account(rid: str, /, *, output: Output = OUTPUT, connection: Connection = CONNECTION) -> None:
    """Show one PayPal account. Its secret never comes back out.

    **Examples:**

    `konfipay paypal accounts get 5d3f0c1e-0d8f-4f4e-9a55-1c2f5d0a7b11`

    Parameters
    ----------
    rid
        The account's id, as `konfipay paypal accounts list` shows it.
    """
    async with connected(connection) as client:
        show_one(await client.paypal.accounts.get(rid), output)


@_accounts.command(name="create")
async def _create_account(
    *,
    description: str,
    client_id: str,
    client_secret_file: Path | None = None,
    start_fetch_date: date | None = None,
    paypal_sandbox: Annotated[bool, _Flag] = False,
    inactive: Annotated[bool, _Flag] = False,
    again: Annotated[bool, _Flag] = False,
    output: Output = OUTPUT,
    connection: Connection = CONNECTION,
    ledger: LedgerPlace = LEDGER,
) -> None:
    """Have konfipay read a PayPal account. Its client secret is asked for, or read from a file; it is no argument,
    because others of this machine can see those.

    **Examples:**

    `konfipay paypal accounts create --description Shop --client-id AX… --client-secret-file secret`

    Parameters
    ----------
    description
        What you call it.
    client_id
        The client id that PayPal gave you.
    client_secret_file
        A file that holds the client secret and nothing else.
    start_fetch_date
        Read what happened since this day (yyyy-mm-dd).
    paypal_sandbox
        It is an account of PayPal's own sandbox.
    inactive
        Create it inactive.
    again
        Send it although the ledger has an attempt of which nobody knows whether it arrived.
    """
    new = NewPayPalAccount(
        description=description,
        client_id=client_id,
        client_secret=_secret(client_secret_file),
        is_active=False if inactive else None,
        start_fetch_date=None if start_fetch_date is None else german_midnight(start_fetch_date.isoformat()),
        is_sandbox=True if paypal_sandbox else None,
    )
    async with connected(connection, ledger) as client:
        show_one(await client.paypal.accounts.create(new, again=again), output)


@_accounts.command(name="update")
async def _update_account(
    rid: str,
    /,
    *,
    activate: Annotated[bool, _Flag] = False,
    deactivate: Annotated[bool, _Flag] = False,
    description: str | None = None,
    client_id: str | None = None,
    client_secret_file: Path | None = None,
    output: Output = OUTPUT,
    connection: Connection = CONNECTION,
) -> None:
    """Change a PayPal account; what is not named stays as it is. The client secret is needed each time.

    **Examples:**

    `konfipay paypal accounts update 5d3f0c1e-0d8f-4f4e-9a55-1c2f5d0a7b11 --deactivate --client-secret-file secret`

    Parameters
    ----------
    rid
        The account's id.
    activate
        Read it.
    deactivate
        Read it no more.
    description
        What you call it.
    client_id
        Another client id.
    client_secret_file
        A file that holds the client secret and nothing else; without it you are asked.
    """
    if activate and deactivate:
        raise ConfigurationError("--activate and --deactivate exclude each other: leave one out")
    changes = {
        "description": description,
        "client_id": client_id,
        "is_active": True if activate else False if deactivate else None,
    }
    given = {name: value for name, value in changes.items() if value is not None}
    secret = _secret(client_secret_file)
    async with connected(connection) as client:
        before = await client.paypal.accounts.get(rid)
        account = NewPayPalAccount(
            description=before.description or "",
            client_id=before.client_id or "",
            client_secret=secret,
            is_active=before.is_active,
            start_fetch_date=before.start_fetch_date,
            is_sandbox=before.is_sandbox,
        )
        show_one(await client.paypal.accounts.update(rid, msgspec.structs.replace(account, **given)), output)


@_transactions.command(name="list")
async def _list_transactions(
    *,
    is_new: Annotated[bool | None, Parameter(name="--new", negative="--not-new")] = None,
    min_date: date | None = None,
    max_date: date | None = None,
    paypal_account_rid: str | None = None,
    output: ListOutput = LIST_OUTPUT,
    connection: Connection = CONNECTION,
) -> None:
    """List PayPal transactions.

    **Examples:**

    `konfipay paypal transactions list --new --json`

    Parameters
    ----------
    is_new
        Only what is new, or only what is not.
    min_date
        Of this day or later (yyyy-mm-dd).
    max_date
        Of this day or earlier.
    paypal_account_rid
        Of this PayPal account.
    """
    async with connected(connection) as client:
        pages = client.paypal.transactions.pages(
            output.page_size,
            is_new=is_new,
            min_date=min_date,
            max_date=max_date,
            paypal_account_rid=paypal_account_rid,
        )
        await show_pages(pages, _TRANSACTION_COLUMNS, output)


@_transactions.command(name="get")
async def _get_transaction(
    rid: str,
    /,
    *,
    force_update: Annotated[bool, _Flag] = False,
    output: Output = OUTPUT,
    connection: Connection = CONNECTION,
) -> None:
    """Show one PayPal transaction.

    **Examples:**

    `konfipay paypal transactions get 5d3f0c1e-0d8f-4f4e-9a55-1c2f5d0a7b11 --force-update`

    Parameters
    ----------
    rid
        The transaction's id.
    force_update
        Have konfipay ask PayPal first.
    """
    async with connected(connection) as client:
        show_one(await client.paypal.transactions.get(rid, force_update=force_update), output)


@_transactions.command(name="acknowledge")
async def _acknowledge(
    *rids: str,
    yes: Annotated[bool, _Flag] = False,
    output: Output = OUTPUT,
    connection: Connection = CONNECTION,
) -> int:
    """Mark PayPal transactions as retrieved, one by one.

    The is-new flags belong to all applications of your konfipay client unless the API key has its own: other programs
    that read what is new will not see these transactions any more. Ends with 3 where konfipay does not know one.

    **Examples:**

    `konfipay paypal transactions acknowledge 5d3f0c1e-0d8f-4f4e-9a55-1c2f5d0a7b11`

    Parameters
    ----------
    rids
        The transactions' ids.
    yes
        Do it unasked.
    """
    return await acknowledge_each(
        rids,
        "these PayPal transactions",
        lambda client: client.paypal.transactions.acknowledge,
        yes=yes,
        output=output,
        connection=connection,
    )


def _secret(file: Path | None) -> str:
    option = "--client-secret-file"
    secret = (asked_secret("PayPal's client secret", option) if file is None else read_secret(file, option)).strip()
    if not secret:
        raise ConfigurationError("the client secret is empty")
    return secret


_ACCOUNT_COLUMNS: list[Column[PayPalAccount]] = [
    Column("description", lambda account: account.description),
    Column("client_id", lambda account: account.client_id, table=False),
    Column("active", lambda account: account.is_active),
    Column("paypal_sandbox", lambda account: account.is_sandbox),
    Column("start_fetch_date", lambda account: account.start_fetch_date),
    Column("rid", lambda account: account.rid, whole=True),
]

_TRANSACTION_COLUMNS: list[Column[PayPalTransaction]] = [
    Column("timestamp", lambda row: row.timestamp),
    Column("amount", lambda row: row.amount, right=True),
    Column("fee", lambda row: row.fee, right=True, table=False),
    Column("currency", lambda row: row.currency),
    Column("name", lambda row: row.name),
    Column("status", lambda row: row.status, table=False),
    Column("transaction_id", lambda row: row.transaction_id, table=False),
    Column("new", lambda row: row.is_new, table=False),
    Column("rid", lambda row: row.rid, whole=True),
]
