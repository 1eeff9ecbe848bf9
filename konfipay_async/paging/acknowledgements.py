"""Which acknowledgement may be sent, and when: an acknowledgement covers exactly what was handed out with it.

An id is withheld while rows of its page have not been handed out, and goes through the gate of the list its page came
from, so that it does not shift that list under a fetch.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

from konfipay_async.errors import AcknowledgementTooEarlyError
from konfipay_async.session.clock import Clock

__all__ = ["Acknowledgements", "Gate"]

# An id lives for an hour (documented); after that the server refuses it itself.
_LIFE = 3600.0


class Gate(Protocol):
    """A list that wants to know of acknowledgements of its pages."""

    async def acknowledge(self, key: str, send: Callable[[], Awaitable[bool]]) -> bool: ...


class Acknowledgements:
    """The ids of one client."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._gates: dict[str, Gate] = {}
        self._withheld: dict[str, float] = {}

    def came_from(self, key: str, gate: Gate) -> None:
        """The page of this id was handed out by this list."""
        self._gates[key] = gate

    def closed(self, gate: Gate) -> None:
        """That list is read no more: its ids go out at once."""
        self._gates = {key: other for key, other in self._gates.items() if other is not gate}

    def withhold(self, key: str) -> None:
        """Rows of this page are about to be handed out one by one."""
        now = self._clock.monotonic()
        self._withheld = {key: since for key, since in self._withheld.items() if since > now - _LIFE}
        self._withheld[key] = now

    def release(self, key: str) -> None:
        """The last row of this page is handed out."""
        self._withheld.pop(key, None)

    async def settle(self, key: str, send: Callable[[], Awaitable[bool]]) -> bool:
        """Send it when it may be sent; whether it took effect. Raises AcknowledgementTooEarlyError."""
        if key in self._withheld:
            raise AcknowledgementTooEarlyError(
                f"page {key} has rows that were not handed out yet: acknowledge it after stream() has yielded its last "
                f"row, or read whole pages with pages() or drain(). Pages that were left in the middle stay new."
            )
        gate = self._gates.get(key)
        took_effect = await (send() if gate is None else gate.acknowledge(key, send))
        self._gates.pop(key, None)
        return took_effect
