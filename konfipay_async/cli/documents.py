"""`konfipay documents`"""

from datetime import date
from pathlib import Path
from typing import Annotated

import cyclopts
from cyclopts import Parameter

from konfipay_async.cli.acknowledging import acknowledge as acknowledge_each
from konfipay_async.cli.asking import confirmed
from konfipay_async.cli.connection import CONNECTION, LEDGER, Connection, LedgerPlace, connected, read_file
from konfipay_async.cli.exits import Exit
from konfipay_async.cli.output import (
    LIST_OUTPUT,
    OUTPUT,
    Column,
    ListOutput,
    Output,
    show_one,
    show_pages,
    spinner,
)
from konfipay_async.cli.saving import checked_choice, save
from konfipay_async.models.documents import Document

__all__ = ["app"]

app = cyclopts.App(name="documents", help="Documents: what else banks send and take.")

_Flag = Parameter(negative=(), show_default=False)


@app.command(name="list")
async def _list(
    *,
    is_new: Annotated[bool | None, Parameter(name="--new", negative="--not-new")] = None,
    min_date: date | None = None,
    max_date: date | None = None,
    format: str | None = None,  # noqa: A002 (the name of the option)
    output: ListOutput = LIST_OUTPUT,
    connection: Connection = CONNECTION,
) -> None:
    """List documents.

    **Examples:**

    `konfipay documents list --new`

    Parameters
    ----------
    is_new
        Only what is new, or only what is not.
    min_date
        Of this day or later (yyyy-mm-dd).
    max_date
        Of this day or earlier.
    format
        Only of this format.
    """
    async with connected(connection) as client:
        pages = client.documents.pages(
            output.page_size, is_new=is_new, min_date=min_date, max_date=max_date, format=format
        )
        await show_pages(pages, _COLUMNS, output)


@app.command(name="get")
async def _get(rid: str, /, *, output: Output = OUTPUT, connection: Connection = CONNECTION) -> None:
    """Show what is known about one document; `save` has the document itself.

    **Examples:**

    `konfipay documents get 5d3f0c1e-0d8f-4f4e-9a55-1c2f5d0a7b11`

    Parameters
    ----------
    rid
        The document's id, as `konfipay documents list` shows it.
    """
    async with connected(connection) as client:
        show_one(await client.documents.get(rid), output)


@app.command(name="save")
async def _save(
    *rids: str,
    is_new: Annotated[bool, Parameter(name="--new", negative=(), show_default=False)] = False,
    to: Path = Path(),
    acknowledge: Annotated[bool, _Flag] = False,
    output: Output = OUTPUT,
    connection: Connection = CONNECTION,
) -> None:
    """Save documents as they are, each whole or not at all, and print where.

    **Examples:**

    `konfipay documents save --new --to inbox --acknowledge`

    Parameters
    ----------
    rids
        The documents' ids.
    is_new
        Save all that are new.
    to
        A folder, or for a single id the file to write. In a folder documents are named as the bank named them, with
        the id.
    acknowledge
        Mark what is saved as retrieved. The is-new flags belong to all applications of your konfipay client unless
        the API key has its own: other programs that read what is new will not see these documents any more.
    """
    checked_choice(rids, is_new)
    async with connected(connection) as client:
        await save(client.documents, rids, to, is_new=is_new, acknowledge=acknowledge, output=output)


@app.command(name="upload")
async def _upload(
    file: Path,
    /,
    *,
    order_type: str,
    file_name: str | None = None,
    yes: Annotated[bool, _Flag] = False,
    again: Annotated[bool, _Flag] = False,
    output: Output = OUTPUT,
    connection: Connection = CONNECTION,
    ledger: LedgerPlace = LEDGER,
) -> int:
    """Hand a file to the bank, which does with it what the order type says. konfipay advises against 23:00 to 05:00.

    It is sent once: the ledger notes it before it leaves, and refuses the same file for two days.

    **Examples:**

    `konfipay documents upload advice.xml --order-type BKA`

    Parameters
    ----------
    file
        The file.
    order_type
        The bank's order type, such as BKA.
    file_name
        The name it is to have, if not its own.
    yes
        Do it unasked.
    again
        Send it although the ledger says that it was sent before.
    """
    content = read_file(file)
    name = file_name or file.name
    question = f"Send {name} ({len(content):,} bytes) to the bank, with the order type {order_type}?"
    if not confirmed(question, yes=yes):
        return Exit.USAGE
    async with connected(connection, ledger) as client:
        with spinner(f"{name} goes to the bank"):
            document = await client.documents.upload(content, file_name=name, order_type=order_type, again=again)
    show_one(document, output)
    return Exit.DONE


@app.command(name="acknowledge")
async def _acknowledge(
    *rids: str,
    yes: Annotated[bool, _Flag] = False,
    output: Output = OUTPUT,
    connection: Connection = CONNECTION,
) -> int:
    """Mark documents as retrieved, without saving them.

    The is-new flags belong to all applications of your konfipay client unless the API key has its own: other programs
    that read what is new will not see these documents any more. Ends with 3 where konfipay does not know one.

    **Examples:**

    `konfipay documents acknowledge 5d3f0c1e-0d8f-4f4e-9a55-1c2f5d0a7b11`

    Parameters
    ----------
    rids
        The documents' ids.
    yes
        Do it unasked.
    """
    return await acknowledge_each(
        rids,
        "these documents",
        lambda client: client.documents.acknowledge,
        yes=yes,
        output=output,
        connection=connection,
    )


_COLUMNS: list[Column[Document]] = [
    Column("timestamp", lambda document: document.timestamp),
    Column("format", lambda document: document.format),
    Column("file_name", lambda document: document.file_name),
    Column("new", lambda document: document.is_new),
    Column("rid", lambda document: document.rid, whole=True),
]
