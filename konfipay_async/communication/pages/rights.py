"""Who may see the log: hooks of the application's, asked for every page; nobody but this machine without them."""

import ipaddress
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Final, TypeAlias

__all__ = ["Hook", "Rights", "Visitor", "from_loopback", "granted"]


@dataclass(frozen=True)
class Visitor:
    """Who asks for a page: the headers of the request, by names in small letters, and the address it comes from (empty
    where it has none, as on a Unix socket)."""

    headers: Mapping[str, str] = field(repr=False)
    peer: str = ""


@dataclass(frozen=True)
class Rights:
    """What a visitor may see. Without the overview there are no details either."""

    overview: bool = False
    details: bool = False


Hook: TypeAlias = Callable[[Visitor], bool | Awaitable[bool]]
"""Says whether a visitor may see something; it may be async."""

# What proxies add: then the address is the proxy's, and the visitor's is not known.
_FORWARDED: Final = frozenset({"forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"})


def from_loopback(visitor: Visitor) -> bool:
    """Whether the visitor is on this machine, and asks for it by a name of its own.

    The name (the header Host) matters because any page of the web may let its own name lead to 127.0.0.1, and would
    then read the log in the browser of whoever visits it (DNS rebinding).

    Behind a proxy on the same machine everybody comes from there. What tells of a proxy (X-Forwarded-For and the like)
    is refused, but not all of them tell: an application behind one must give hooks of its own.
    """
    host = visitor.headers.get("host", "")
    return _is_loopback(visitor.peer) and _names_loopback(host) and _FORWARDED.isdisjoint(visitor.headers)


async def granted(visitor: Visitor, overview: Hook, details: Hook) -> Rights:
    """What the hooks say. That for details is asked only where the overview may be seen."""
    if not await _says(overview, visitor):
        return Rights()
    return Rights(overview=True, details=await _says(details, visitor))


async def _says(hook: Hook, visitor: Visitor) -> bool:
    answer = hook(visitor)
    # Nothing else counts as a yes: what a hook forgot to await, or to compare, would.
    return (await answer if isawaitable(answer) else answer) is True


def _is_loopback(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_loopback


def _names_loopback(host: str) -> bool:
    name, bracket, port = host.rpartition("]")
    if bracket:
        return name.startswith("[") and _is_loopback(name[1:]) and (not port or _is_port(port))
    name, colon, port = host.partition(":")
    return (name.lower() == "localhost" or _is_loopback(name)) and (not colon or _is_port(f":{port}"))


def _is_port(text: str) -> bool:
    return text.startswith(":") and text[1:].isascii() and text[1:].isdigit()
