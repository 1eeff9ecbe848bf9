"""`konfipay log serve`"""

import errno
from contextlib import suppress
from ipaddress import ip_address
from typing import Annotated

from aiohttp import web
from cyclopts import Parameter

from konfipay_async.cli.exits import Exit
from konfipay_async.cli.log_asking import PLACE, Place
from konfipay_async.cli.output import plain_console
from konfipay_async.cli.signals import until_signal
from konfipay_async.communication.pages import Pages, Visitor, from_loopback
from konfipay_async.errors import ConfigurationError
from konfipay_async.integrations.aiohttp import log_app

__all__ = ["serve"]

_SHUTDOWN = 2.0


async def serve(
    *,
    port: int = 8602,
    host: str = "127.0.0.1",
    anyone: Annotated[bool, Parameter(negative=(), show_default=False)] = False,
    place: Place = PLACE,
) -> int:
    """Show the log of API communication in a browser on this machine, until Ctrl-C.

    The overview with its filter, all of each entry, and requests per minute against the limits. There is no login:
    only this machine is shown anything, unless --anyone says otherwise. For others, mount the pages in an app of yours,
    which knows who may see what: `konfipay_async.communication.pages`.

    **Examples:**

    `konfipay log serve --store sqlite:///api.db`

    `konfipay log serve --host 0.0.0.0 --anyone`: in a container whose port is published for its own machine only

    Parameters
    ----------
    port
        Where it listens; 0 takes a free one.
    host
        The address it listens on.
    anyone
        Show everything to everybody who reaches it, from wherever and by whatever name.
    """
    console = plain_console()
    if not 0 <= port <= 65535:
        raise ConfigurationError(f"--port {port}: give a number from 0 to 65535")
    if not anyone and not _is_loopback(host):
        raise ConfigurationError(
            f"--host {host[:60]}: others than this machine would be shown nothing there, for there is no login. Say "
            f"--anyone to show the log to everybody who reaches it, or mount the pages in an app of yours"
        )
    with place.opened():
        pass  # rather now than on a page
    hook = _everybody if anyone else from_loopback
    pages = Pages(place.url(), may_see_overview=hook, may_see_details=hook)
    runner = web.AppRunner(log_app(pages), access_log=None, shutdown_timeout=_SHUTDOWN)
    await runner.setup()
    try:
        url = await _listen(runner, host, port)
        console.print(f"The log is at {url}", markup=False)
        if anyone:
            console.print("Everybody who reaches it may see all of it.", markup=False)
        await until_signal(lambda stop: stop.wait(), lambda _: None)
    finally:
        await runner.cleanup()
    return Exit.DONE


async def _listen(runner: web.AppRunner, host: str, port: int) -> str:
    site = web.TCPSite(runner, host, port)
    try:
        await site.start()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ConfigurationError(
                f"--port {port}: another program listens there already; give another port, or 0 for a free one"
            ) from None
        raise ConfigurationError(f"cannot listen on {host[:60]}, port {port}: {error.strerror or error}") from None
    number = runner.addresses[0][1]
    return f"http://{f'[{host}]' if ':' in host else host}:{number}/"


def _is_loopback(host: str) -> bool:
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return host == "localhost"


def _everybody(_: Visitor) -> bool:
    return True
