"""A port for a server that is to be away for a while."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def kept_port() -> Iterator[int]:
    """A port of ours while this lasts: a server may listen there, and while none does connections are refused.

    The port of a server that stopped is anybody's: another test's server may get it at once.
    """
    with socket.socket() as held:
        # asyncio sets it too. Only two that both do can be bound to one port.
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]
