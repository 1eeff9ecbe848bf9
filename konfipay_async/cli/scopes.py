"""`konfipay scopes`"""

from typing import Annotated

from cyclopts import Parameter

from konfipay_async.cli.connection import CONNECTION, Connection, connected
from konfipay_async.cli.output import OUTPUT, Column, Output, show_rows

__all__ = ["scopes"]


async def scopes(
    *,
    everything: Annotated[bool, Parameter(name="--all", negative=(), show_default=False)] = False,
    output: Output = OUTPUT,
    connection: Connection = CONNECTION,
) -> None:
    """List the rights of the API key.

    **Examples:**

    `konfipay scopes`: what the key may do

    `konfipay scopes --all`: all rights there are, and which of them the key has

    Parameters
    ----------
    everything
        List the rights the key does not have, too.
    """
    async with connected(connection) as client:
        granted = await client.authentication.scopes()
        names = await client.authentication.all_scopes() if everything else granted
    # A right may have been granted that the list of all does not know.
    rows = [
        {"scope": name, "granted": name in granted}
        for name in [*names, *(name for name in granted if name not in names)]
    ]
    show_rows(rows, [Column("scope", lambda row: row["scope"]), Column("granted", lambda row: row["granted"])], output)
