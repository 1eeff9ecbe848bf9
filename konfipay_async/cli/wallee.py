"""`konfipay wallee`: the signed REST API on the command line. It reads, and checks webhooks; it changes nothing."""

import difflib
import inspect
import os
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import cyclopts
from cyclopts import Parameter

from konfipay_async.cli.connection import read_file, read_secret
from konfipay_async.cli.output import LIST_OUTPUT, OUTPUT, ListOutput, Output, note, show_one
from konfipay_async.cli.wallee_rows import PAGE, by_names, show_stream
from konfipay_async.errors import ConfigurationError, StorageError

if TYPE_CHECKING:
    from konfipay_async.wallee.client import WalleeClient
    from konfipay_async.wallee.services import Operation

__all__ = ["app"]

app = cyclopts.App(
    name="wallee",
    help="The signed REST API (wallee, under any of its names): get, list, search, export, and check webhooks.",
)


@Parameter(name="*", group="Connection")
@dataclass(frozen=True, kw_only=True)
class _Connection:
    """Where the signed API is, and who asks."""

    user_id: str | None = None
    """The id of the application user (or WALLEE_USER_ID)."""
    authentication_key_file: Path | None = None
    """A file that holds the user's authentication key and nothing else. Without it the key is that in
    WALLEE_AUTHENTICATION_KEY."""
    space: int | None = None
    """The id of the space to ask (or WALLEE_SPACE). Most services need one."""
    account: int | None = None
    """The id of the account to ask (or WALLEE_ACCOUNT). Analytics needs one."""
    base_url: str | None = None
    """The API, if it is not https://app-wallee.com/api/v2.0 (or WALLEE_BASE_URL)."""

    def client(self) -> "WalleeClient":
        """A client, not opened yet. ConfigurationError where there is no key, or a setting is none."""
        from konfipay_async.wallee.client import WalleeClient

        key = self.authentication_key_file
        if key is None and not os.environ.get("WALLEE_AUTHENTICATION_KEY", "").strip():
            raise ConfigurationError(
                "there is no authentication key: set WALLEE_AUTHENTICATION_KEY, or name a file with "
                "--authentication-key-file. It is shown once, when an application user is made under Account > Users"
            )
        return WalleeClient(
            self.user_id,
            None if key is None else read_secret(key, "--authentication-key-file").strip(),
            base_url=self.base_url,
            space=self.space,
            account=self.account,
            trust_env=True,
        )


_CONNECTION = _Connection()

_Several = Annotated[list[str] | None, Parameter(negative=())]


@app.command(name="get")
async def _get(
    service: str,
    id: str,  # noqa: A002 (what help calls it)
    /,
    *,
    of: _Several = None,
    expand: _Several = None,
    output: Output = OUTPUT,
    connection: _Connection = _CONNECTION,
) -> None:
    """Show one object, field by field.

    **Examples:**

    `konfipay wallee get transactions 4711`

    `konfipay wallee get payment.refunds 17 --expand transaction,labels --json`

    Parameters
    ----------
    service
        Which objects: the words of the API's path, or the last of them (payment.transactions, or transactions).
    id
        The object's id.
    of
        The id of what it is part of, for services such as customers.addresses; in the path's order, where several.
    expand
        Links to be sent in full, with dots to what is inside; may be given several times.
    """
    operation = _operation(service, "get")
    async with connection.client() as client:
        row = by_names(await _method(client, operation)(*(of or ()), id, expand=expand))
    show_one(row if isinstance(row, dict) else {"value": row}, output)


@app.command(name="list")
async def _list(
    service: str,
    /,
    *,
    of: _Several = None,
    after: int | None = None,
    before: int | None = None,
    order: str | None = None,
    expand: _Several = None,
    start_date: str | None = None,
    end_date: str | None = None,
    output: ListOutput = LIST_OUTPUT,
    connection: _Connection = _CONNECTION,
) -> None:
    """List objects by time, the oldest first.

    **Examples:**

    `konfipay wallee list transactions --order DESC --limit 20`

    `konfipay wallee list customers --json > customers.jsonl`

    `konfipay wallee list customers.addresses --of 4711`

    `konfipay wallee list spaces.consumed-resources --start-date 2026-01-01 --end-date 2026-02-01`

    Parameters
    ----------
    service
        Which objects: the words of the API's path, or the last of them.
    of
        The id of what they are part of, for services such as customers.addresses.
    after
        Those that follow the object with this id.
    before
        Those before the object with this id, the nearest first; with --after those in between.
    order
        ASC, or DESC for the newest first.
    expand
        Links to be sent in full, with dots to what is inside; may be given several times.
    start_date
        What is listed of a time needs its beginning, such as 2026-01-01 (spaces.consumed-resources).
    end_date
        And its end.
    """
    operation = _operation(service, "list")
    given = {"after": after, "before": before, "order": order, "expand": expand}
    given |= {"start_date": start_date, "end_date": end_date}
    async with connection.client() as client:
        rows = _method(client, operation)(*(of or ()), **given, **_sizes(operation, output))
        await show_stream(rows, operation, output)


@app.command(name="search")
async def _search(
    service: str,
    query: str = "",
    /,
    *,
    of: _Several = None,
    order: str | None = None,
    expand: _Several = None,
    output: ListOutput = LIST_OUTPUT,
    connection: _Connection = _CONNECTION,
) -> None:
    """Search objects. A query that cannot be read is shown with the place, and nothing is sent.

    **Examples:**

    `konfipay wallee search transactions "state:FAILED createdOn:>=2026-01-01"`

    `konfipay wallee search customers 'familyName:"von Arx" OR emailAddress:~example.com' --order familyName:DESC`

    `konfipay wallee search payment.refunds "-state:SUCCESSFUL amount:>100" --json`

    Parameters
    ----------
    service
        Which objects: the words of the API's path, or the last of them.
    query
        Terms such as state:FAILED, amount:>100, name:~tea or token:* (has none), with AND, OR, - (not) and brackets.
    of
        The id of what they are part of, for services such as customers.addresses.
    order
        Fields, each with :ASC or :DESC behind it, divided by spaces. By id where left out. In another order rows that
        come or go while it is read make it miss others, or show them twice.
    expand
        Links to be sent in full, with dots to what is inside; may be given several times.
    """
    operation = _operation(service, "search")
    given = {"order": order, "expand": expand, "query": _checked_query(query)}
    async with connection.client() as client:
        rows = _method(client, operation)(*(of or ()), **given, **_sizes(operation, output))
        await show_stream(rows, operation, output)


@app.command(name="export")
async def _export(
    service: str,
    query: str = "",
    /,
    *,
    field: _Several = None,
    order: str | None = None,
    limit: int | None = None,
    to: Path | None = None,
    connection: _Connection = _CONNECTION,
) -> None:
    """Fetch the API's own CSV of transactions or human users, as it comes.

    **Examples:**

    `konfipay wallee export transactions "state:FULFILL" --to transactions.csv`

    `konfipay wallee export human-users --field id --field emailAddress`

    Parameters
    ----------
    service
        payment.transactions or human_users.
    query
        As for search; all of them where left out.
    field
        A column, by the API's name; may be given several times. The API's choice where left out.
    order
        Fields, each with :ASC or :DESC behind it, divided by spaces.
    limit
        At most so many rows, and as many as the API puts into one answer. All of them where left out.
    to
        A file, which is there when it is whole. Standard output where left out.
    """
    operation = _operation(service, "export")
    given = {"query": _checked_query(query), "fields": field, "order": order, "limit": limit}
    async with connection.client() as client:
        chunks = _method(client, operation)(**given)
        if to is None:
            async with aclosing(chunks):
                async for chunk in chunks:
                    sys.stdout.buffer.write(chunk)
            sys.stdout.flush()
        else:
            note(f"{to}: {await _saved(chunks, to):,} bytes")


@app.command(name="verify-webhook")
async def _verify_webhook(
    body: Path,
    /,
    *,
    signature: str,
    key_file: Path | None = None,
    output: Output = OUTPUT,
    connection: _Connection = _CONNECTION,
) -> None:
    """Say whether a webhook's message is the API's own and of your space, and show it. Ends with 3 where it is not.

    **Examples:**

    `konfipay wallee verify-webhook body.json --signature "algorithm=SHA256withECDSA, keyId=…, signature=…"`

    `konfipay wallee verify-webhook - --signature "$HEADER" --key-file key.txt < body.json`: asks nobody

    Parameters
    ----------
    body
        The file with the request's body, byte by byte as it came; - for standard input.
    signature
        What stood in the header X-Signature.
    key_file
        The public key, as the API gives it out or as PEM. Fetched from the API where left out.
    """
    from konfipay_async.wallee.webhooks import WebhookVerifier

    content = sys.stdin.buffer.read() if str(body) == "-" else read_file(body)
    if key_file is not None:
        key = read_secret(key_file, "--key-file")

        async def fetch(_: str) -> str:
            return key

        space = connection.space or os.environ.get("WALLEE_SPACE")
        if not space:
            raise ConfigurationError("whose messages are to be believed? Give --space, or set WALLEE_SPACE")
        message = await WebhookVerifier(fetch, spaces=space).verify(content, signature)
    else:
        async with connection.client() as client:
            message = await WebhookVerifier.of(client).verify(content, signature)
    note("The signature is right.")
    show_one(by_names(message), output)


def _operation(service: str, name: str) -> "Operation":
    """Of a service by its words, or by its last ones where only one ends in them. ConfigurationError."""
    from konfipay_async.wallee.services import tree

    words = tuple(service.replace("-", "_").split("."))
    able = {chain: there for chain, here in tree().items() if (there := here.get(name)) is not None}
    found = [words] if words in able else [chain for chain in able if chain[-len(words) :] == words]
    if len(found) > 1:
        raise ConfigurationError(f"{service!r} is several services: {', '.join('.'.join(chain) for chain in found)}")
    for chain in found:
        return able[chain]
    names = [".".join(chain) for chain in able]
    close = difflib.get_close_matches(".".join(words), [*names, *(chain[-1] for chain in able)], n=3)
    hint = f"did you mean {', '.join(dict.fromkeys(close))}?" if close else f"there are {', '.join(sorted(names))}"
    exists = any(chain[-len(words) :] == words for chain in tree() if chain)
    what = f"{service!r} has no {name}" if exists else f"there is no service {service!r}"
    raise ConfigurationError(f"{what}: {hint}")


def _method(client: "WalleeClient", operation: "Operation") -> Any:
    """The operation's method. None is what was not typed; what it does not take, or lacks, is a ConfigurationError."""
    from konfipay_async.wallee.calls import signature_of

    takes = signature_of(operation).parameters
    found: Any = client
    for word in (*operation.chain, operation.name):
        found = getattr(found, word)

    def call(*arguments: str, **named: Any) -> Any:
        wanted = operation.arguments
        if len(arguments) != len(wanted):
            above = len(wanted) - (operation.name == "get")
            raise ConfigurationError(
                f"{operation.dotted}: give --of once for each of {', '.join(wanted[:above])}"
                if above
                else f"{operation.dotted} is part of nothing: leave --of out"
            )
        given = {name: value for name, value in named.items() if value is not None}
        if foreign := [name for name in given if name not in takes]:
            raise ConfigurationError(f"{operation.dotted} takes no {_options(foreign)}")
        needed = [name for name in named if name not in given and name in takes]
        if missing := [name for name in needed if takes[name].default is inspect.Parameter.empty]:
            raise ConfigurationError(f"{operation.dotted} needs {_options(missing)}")
        return found(*arguments, **given)

    return call


def _options(names: Sequence[str]) -> str:
    return ", ".join(f"--{name.replace('_', '-')}" for name in names)


def _checked_query(text: str) -> str | None:
    from konfipay_async.wallee.parsing import query_text

    return query_text(text) if text.strip() else None


def _sizes(operation: "Operation", output: ListOutput) -> dict[str, Any]:
    """What a list is asked for, where it has pages."""
    if operation.shape not in ("list", "search", "portions"):
        return {}
    return {"limit": min(output.rows or PAGE, PAGE), "max_items": output.rows or None}


async def _saved(chunks: AsyncGenerator[bytes], to: Path) -> int:
    """Write a file that is there when it is whole; how many bytes. StorageError."""
    unfinished, size = to.with_name(f"{to.name}.part"), 0
    try:
        async with aclosing(chunks):
            with unfinished.open("wb") as file:
                async for chunk in chunks:
                    size += file.write(chunk)
        unfinished.replace(to)
        return size
    except OSError as error:
        raise StorageError(f"{to} cannot be written: {(error.strerror or str(error)).lower()}") from None
    finally:
        unfinished.unlink(missing_ok=True)
