"""`konfipay accounts`"""

from typing import Annotated, Literal

import cyclopts
import msgspec
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
    spinner,
    table_on_stderr,
)
from konfipay_async.errors import ConfigurationError
from konfipay_async.models.bank_accounts import AccountHolder, BankAccount, NewBankAccount
from konfipay_async.routes import checked_timeout

__all__ = ["app"]

app = cyclopts.App(name="accounts", help="Bank accounts: list, create, change and delete them.")

_Flag = Parameter(negative=(), show_default=False)


@app.command(name="list")
async def _list(
    *,
    status: Literal["active", "inactive"] | None = None,
    bank_account_type: str | None = None,
    output: ListOutput = LIST_OUTPUT,
    connection: Connection = CONNECTION,
) -> None:
    """List bank accounts with their balances.

    **Examples:**

    `konfipay accounts list --status active`

    `konfipay accounts list --json | jq -r .rid`

    Parameters
    ----------
    status
        Only those that are active, or inactive.
    bank_account_type
        Only those of this type, such as production.
    """
    async with connected(connection) as client:
        pages = client.bank_accounts.pages(output.page_size, status=status, bank_account_type=bank_account_type)
        await show_pages(pages, _COLUMNS, output)


@app.command(name="get")
async def _get(rid: str, /, *, output: Output = OUTPUT, connection: Connection = CONNECTION) -> None:
    """Show one bank account.

    **Examples:**

    `konfipay accounts get 5d3f0c1e-0d8f-4f4e-9a55-1c2f5d0a7b11`

    Parameters
    ----------
    rid
        The account's id, as `konfipay accounts list` shows it.
    """
    async with connected(connection) as client:
        show_one(await client.bank_accounts.get(rid), output)


@app.command(name="create")
async def _create(
    *,
    iban: str,
    currency: str,
    description: str | None = None,
    bic: str | None = None,
    holder: str | None = None,
    inactive: Annotated[bool, _Flag] = False,
    again: Annotated[bool, _Flag] = False,
    output: Output = OUTPUT,
    connection: Connection = CONNECTION,
    ledger: LedgerPlace = LEDGER,
) -> None:
    """Create a bank account. IBAN and currency together are unique.

    **Examples:**

    `konfipay accounts create --iban "$IBAN" --currency EUR --description "Rent"`

    Parameters
    ----------
    iban
        Its IBAN, or a plain account number.
    currency
        Its currency, three letters.
    description
        What you call it.
    bic
        The bank's BIC.
    holder
        Who holds it.
    inactive
        Create it inactive: nothing is fetched for it, and it takes no payments.
    again
        Send it although the ledger has an attempt of which nobody knows whether it arrived.
    """
    new = NewBankAccount(
        iban=iban,
        currency=currency,
        description=description,
        bic=bic,
        is_active=False if inactive else None,
        account_holder=None if holder is None else AccountHolder(name=holder),
    )
    async with connected(connection, ledger) as client:
        show_one(await client.bank_accounts.create(new, again=again), output)


@app.command(name="update")
async def _update(
    rid: str,
    /,
    *,
    activate: Annotated[bool, _Flag] = False,
    deactivate: Annotated[bool, _Flag] = False,
    description: str | None = None,
    iban: str | None = None,
    currency: str | None = None,
    bic: str | None = None,
    holder: str | None = None,
    output: Output = OUTPUT,
    connection: Connection = CONNECTION,
) -> None:
    """Change a bank account; what is not named stays as it is.

    **Examples:**

    `konfipay accounts update 5d3f0c1e-0d8f-4f4e-9a55-1c2f5d0a7b11 --deactivate`

    Parameters
    ----------
    rid
        The account's id.
    activate
        Fetch for it, and let it take payments.
    deactivate
        Fetch nothing for it any more, and let it take no payments.
    description
        What you call it.
    iban
        Another IBAN.
    currency
        Another currency.
    bic
        Another BIC.
    holder
        Another holder.
    """
    if activate and deactivate:
        raise ConfigurationError("--activate and --deactivate exclude each other: leave one out")
    is_active = True if activate else False if deactivate else None
    if all(given is None for given in (iban, currency, description, bic, is_active, holder)):
        raise ConfigurationError("say what to change, such as --deactivate or --description")
    async with connected(connection) as client:
        before = await client.bank_accounts.get(rid)
        kept = before.account_holder or AccountHolder()
        account = before.as_new(
            iban=iban,
            currency=currency,
            description=description,
            bic=bic,
            is_active=is_active,
            account_holder=None if holder is None else msgspec.structs.replace(kept, name=holder),
        )
        show_one(await client.bank_accounts.update(rid, account), output)


@app.command(name="delete")
async def _delete(
    rid: str,
    /,
    *,
    yes: Annotated[bool, _Flag] = False,
    timeout: float = 300.0,
    output: Output = OUTPUT,
    connection: Connection = CONNECTION,
) -> int:
    """Delete a bank account, and wait until it is gone.

    **Examples:**

    `konfipay accounts delete 5d3f0c1e-0d8f-4f4e-9a55-1c2f5d0a7b11`

    Parameters
    ----------
    rid
        The account's id.
    yes
        Do it unasked.
    timeout
        Seconds to wait; konfipay goes on deleting afterwards (exit code 6).
    """
    checked_timeout(timeout, "--timeout")  # before anything begins
    async with connected(connection) as client:
        account = await client.bank_accounts.get(rid)
        table_on_stderr([account], _COLUMNS)
        if not confirmed("Delete this account in konfipay?", yes=yes):
            return Exit.USAGE
        with spinner("konfipay deletes the account"):
            status = await (await client.bank_accounts.delete(account.rid)).wait(timeout)
    note("The account is gone.")
    show_one(status, output)
    return Exit.DONE


_COLUMNS: list[Column[BankAccount]] = [
    Column("description", lambda account: account.description),
    Column("iban", lambda account: account.iban),
    Column("currency", lambda account: account.currency),
    Column("balance", lambda account: account.balance and account.balance.amount, right=True),
    Column("active", lambda account: account.is_active),
    Column("rid", lambda account: account.rid, whole=True),
]
