"""`konfipay files`"""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import cyclopts
from cyclopts import Parameter

from konfipay_async.cli.acknowledging import acknowledge as acknowledge_each
from konfipay_async.cli.connection import CONNECTION, Connection, connected
from konfipay_async.cli.output import LIST_OUTPUT, OUTPUT, Column, ListOutput, Output, show_one, show_pages
from konfipay_async.cli.saving import checked_choice, save
from konfipay_async.models.transaction_files import TransactionFile

__all__ = ["app"]

app = cyclopts.App(name="files", help="Transaction files: statements as the bank made them (camt, MT94x, PDF).")

_Flag = Parameter(negative=(), show_default=False)


@app.command(name="list")
async def _list(
    *,
    is_new: Annotated[bool | None, Parameter(name="--new", negative="--not-new")] = None,
    min_date: date | None = None,
    max_date: date | None = None,
    bank_account_rid: str | None = None,
    format: Literal["52", "53", "54", "940", "942", "Pdf"] | None = None,  # noqa: A002 (the name of the option)
    output: ListOutput = LIST_OUTPUT,
    connection: Connection = CONNECTION,
) -> None:
    """List transaction files.

    **Examples:**

    `konfipay files list --new`

    `konfipay files list --format 53 --min-date 2026-01-01 --json`

    Parameters
    ----------
    is_new
        Only what is new, or only what is not.
    min_date
        Of this day or later (yyyy-mm-dd).
    max_date
        Of this day or earlier.
    bank_account_rid
        Of this account of yours.
    format
        Only of this format: 53 is camt.053, 940 is MT940.
    """
    async with connected(connection) as client:
        pages = client.transaction_files.pages(
            output.page_size,
            is_new=is_new,
            min_date=min_date,
            max_date=max_date,
            bank_account_rid=bank_account_rid,
            format=format,
        )
        await show_pages(pages, _COLUMNS, output)


@app.command(name="get")
async def _get(rid: str, /, *, output: Output = OUTPUT, connection: Connection = CONNECTION) -> None:
    """Show what is known about one file; `save` has the file itself.

    **Examples:**

    `konfipay files get 5d3f0c1e-0d8f-4f4e-9a55-1c2f5d0a7b11`

    Parameters
    ----------
    rid
        The file's id, as `konfipay files list` shows it.
    """
    async with connected(connection) as client:
        show_one(await client.transaction_files.get(rid), output)


@app.command(name="save")
async def _save(
    *rids: str,
    is_new: Annotated[bool, Parameter(name="--new", negative=(), show_default=False)] = False,
    to: Path = Path(),
    acknowledge: Annotated[bool, _Flag] = False,
    output: Output = OUTPUT,
    connection: Connection = CONNECTION,
) -> None:
    """Save files as they are, each whole or not at all, and print where.

    **Examples:**

    `konfipay files save 5d3f0c1e-0d8f-4f4e-9a55-1c2f5d0a7b11 --to statement.xml`

    `konfipay files save --new --to statements`: all new ones; they stay new

    `konfipay files save --new --to statements --acknowledge`: and mark each as retrieved when it is on the disk

    Parameters
    ----------
    rids
        The files' ids.
    is_new
        Save all that are new.
    to
        A folder, or for a single id the file to write. In a folder files are named as the bank named them, with the id.
    acknowledge
        Mark what is saved as retrieved. The is-new flags belong to all applications of your konfipay client unless
        the API key has its own: other programs that read what is new will not see these files any more.
    """
    checked_choice(rids, is_new)
    async with connected(connection) as client:
        await save(client.transaction_files, rids, to, is_new=is_new, acknowledge=acknowledge, output=output)


@app.command(name="acknowledge")
async def _acknowledge(
    *rids: str,
    yes: Annotated[bool, _Flag] = False,
    output: Output = OUTPUT,
    connection: Connection = CONNECTION,
) -> int:
    """Mark files as retrieved, without saving them.

    The is-new flags belong to all applications of your konfipay client unless the API key has its own: other programs
    that read what is new will not see these files any more. Ends with 3 where konfipay does not know one.

    **Examples:**

    `konfipay files acknowledge 5d3f0c1e-0d8f-4f4e-9a55-1c2f5d0a7b11`

    Parameters
    ----------
    rids
        The files' ids.
    yes
        Do it unasked.
    """
    return await acknowledge_each(
        rids,
        "these files",
        lambda client: client.transaction_files.acknowledge,
        yes=yes,
        output=output,
        connection=connection,
    )


_COLUMNS: list[Column[TransactionFile]] = [
    Column("timestamp", lambda file: file.timestamp),
    Column("format", lambda file: file.format),
    Column("account", lambda file: file.bank_account and file.bank_account.iban),
    Column("file_name", lambda file: file.file_name, table=False),
    Column("new", lambda file: file.is_new),
    Column("rid", lambda file: file.rid, whole=True),
]
