"""`konfipay sandbox`"""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import cyclopts
from cyclopts import Parameter
from rich.console import Console

from konfipay_async.cli.exits import Exit
from konfipay_async.cli.output import plain_console
from konfipay_async.errors import ConfigurationError
from konfipay_async.sandbox import FAULTS, ApiKey, Sandbox, WalleeSandbox

__all__ = ["app"]

app = cyclopts.App(name="sandbox")


@app.default
def _konfipay(
    *,
    port: int = 8600,
    transactions: int = 25_000,
    pending: int = 0,
    accounts: int = 4,
    latency: float = 0.0,
    fault: Annotated[list[str] | None, Parameter(negative=())] = None,
    faults: Annotated[bool, Parameter(negative=())] = False,
    key: Annotated[list[str] | None, Parameter(negative=())] = None,
    own_key: Annotated[list[str] | None, Parameter(negative=())] = None,
    state: Path | None = None,
    seed: int = 0,
) -> int:
    """Run a konfipay on this machine, for your own tests and experiments, until Ctrl-C.

    **Examples:**

    `konfipay sandbox --port 8600`

    `konfipay sandbox --fault 429@3 --fault reset-after:transactions.acknowledge`

    Parameters
    ----------
    port
        Where it listens on 127.0.0.1; 0 takes a free one.
    transactions
        How many transactions it has.
    pending
        How many of them are pending.
    accounts
        How many bank accounts they are spread over.
    latency
        Seconds before each answer.
    fault
        A fault to show, NAME[:ROUTE][@NTH][xTIMES][%PROBABILITY][=VALUE]; may be given several times.
    faults
        List the names of faults, and do nothing else.
    key
        One more API key, by name; it shares the is-new flags of the first. May be given several times.
    own_key
        One more API key, by name, with is-new flags of its own. May be given several times.
    state
        A file that keeps what is new from one run to the next. Keys with flags of their own must be named again.
    seed
        Other numbers make other data.
    """
    console = plain_console()
    if faults:
        for name, text in FAULTS.items():
            console.print(f"{name:28}{text}", markup=False)
        return Exit.DONE
    _check_port(port)
    served = Sandbox(
        transactions=transactions,
        pending=pending,
        accounts=accounts,
        latency=latency,
        faults=fault or (),
        api_keys=[
            *(ApiKey(name) for name in key or ()),
            *(ApiKey(name, own_flags=True) for name in own_key or ()),
        ],
        state=state,
        seed=seed,
        port=port,
    )
    asyncio.run(_serve(served, console))
    return Exit.DONE


@app.command(name="wallee")
def _wallee(
    *,
    port: int = 8601,
    transactions: int = 1000,
    spaces: int = 2,
    request_limit: int = 1000,
    latency: float = 0.0,
    fault: Annotated[list[str] | None, Parameter(negative=())] = None,
    seed: int = 0,
) -> int:
    """Run the signed REST API on this machine, for your own tests and experiments, until Ctrl-C.

    **Examples:**

    `konfipay sandbox wallee --transactions 10000`

    `konfipay sandbox wallee --fault 429@3 --fault reset-after:payment.transactions.create`

    Parameters
    ----------
    port
        Where it listens on 127.0.0.1; 0 takes a free one.
    transactions
        How many transactions each space has.
    spaces
        How many spaces the account has.
    request_limit
        Requests within two minutes that the user, and each space, may have.
    latency
        Seconds before each answer.
    fault
        A fault to show, NAME[:ROUTE][@NTH][xTIMES][%PROBABILITY][=VALUE]; may be given several times.
    seed
        Other numbers make other data.
    """
    _check_port(port)
    served = WalleeSandbox(
        transactions=transactions,
        spaces=spaces,
        request_limit=request_limit,
        latency=latency,
        faults=fault or (),
        seed=seed,
        port=port,
    )
    asyncio.run(_serve(served, plain_console()))
    return Exit.DONE


def _check_port(port: int) -> None:
    if not 0 <= port <= 65535:
        raise ConfigurationError(f"--port {port}: give a number from 0 to 65535")


async def _serve(served: Sandbox | WalleeSandbox, console: Console) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # Windows: asyncio.run turns Ctrl-C into cancellation
            break
    try:
        async with served:
            for line in _how_to_use_konfipay(served) if isinstance(served, Sandbox) else _how_to_use_wallee(served):
                console.print(line, markup=False)
            await stop.wait()
    except OSError as error:
        raise ConfigurationError(f"--port: cannot listen there ({error.strerror or error})") from None
    console.print(f"{len(served.requests)} requests served, {served.over_limit} over the limit.", markup=False)


def _how_to_use_konfipay(served: Sandbox) -> Iterator[str]:
    yield f"A konfipay listens on {served.base_url}. In another terminal:"
    yield f"  export KONFIPAY_BASE_URL={served.base_url}"
    for name, key in served.api_keys.items():
        kind = "flags of its own" if key.own_flags else "the client's flags"
        yield f"  export KONFIPAY_API_KEY={key.value}  # {name}, {kind}"
    yield "  konfipay pull --acknowledge --to sqlite:///try.db"


def _how_to_use_wallee(served: WalleeSandbox) -> Iterator[str]:
    yield f"The signed REST API listens on {served.base_url}. In another terminal:"
    yield f"  export WALLEE_BASE_URL={served.base_url}"
    yield f"  export WALLEE_USER_ID={served.user_id}"
    yield f"  export WALLEE_AUTHENTICATION_KEY={served.authentication_key}  # made up"
    yield f"  export WALLEE_SPACE={served.space} WALLEE_ACCOUNT={served.account}"
    yield "  konfipay wallee list transactions"
