"""`konfipay sandbox`"""

import asyncio
import signal
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console

from konfipay_async.cli.exits import Exit
from konfipay_async.errors import ConfigurationError
from konfipay_async.sandbox import FAULTS, ApiKey, Sandbox

__all__ = ["sandbox"]


def sandbox(
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
    console = Console(soft_wrap=True, highlight=False)
    if faults:
        for name, text in FAULTS.items():
            console.print(f"{name:28}{text}", markup=False)
        return Exit.DONE
    if not 0 <= port <= 65535:
        raise ConfigurationError(f"--port {port}: give a number from 0 to 65535")
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


async def _serve(served: Sandbox, console: Console) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # Windows: asyncio.run turns Ctrl-C into cancellation
            break
    try:
        async with served:
            console.print(f"A konfipay listens on {served.base_url}. In another terminal:", markup=False)
            console.print(f"  export KONFIPAY_BASE_URL={served.base_url}", markup=False)
            for name, key in served.api_keys.items():
                kind = "flags of its own" if key.own_flags else "the client's flags"
                console.print(f"  export KONFIPAY_API_KEY={key.value}  # {name}, {kind}", markup=False)
            console.print("  konfipay pull --acknowledge --to sqlite:///try.db", markup=False)
            await stop.wait()
    except OSError as error:
        raise ConfigurationError(f"--port: cannot listen there ({error.strerror or error})") from None
    console.print(f"{len(served.requests)} requests served, {served.over_limit} over the limit.", markup=False)
