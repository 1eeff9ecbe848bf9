"""Who may see the log: hooks of the application's, asked for every page; nobody but this machine without them."""

import ipaddress
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Final, TypeAlias

__all__ = ["Hook", "Rights", "Visitor", "from_loopback", "granted"]


@dataclass(frozen=True)
class Visitor:
    """Who asks for a page: the headers of the request, by names in small letters, the address it comes from (empty
    where it has none, as on a Unix socket), and the version of HTTP it speaks."""

    headers: Mapping[str, str] = field(repr=False)
    peer: str = ""
    http_version: str = "1.1"


@dataclass(frozen=True)
class Rights:
    """What a visitor may see. Without the overview there are no details either."""

    overview: bool = False
    details: bool = False


Hook: TypeAlias = Callable[[Visitor], bool | Awaitable[bool]]
"""Says whether a visitor may see something; it may be async."""

# How the headers begin that proxies add: then the address is the proxy's, and the visitor's is not known.
_FORWARDED: Final = (
    *("forwarded", "via", "x-forwarded", "x-original", "x-real-", "x-client-ip", "x-cluster-", "x-host", "x-proxy"),
    *("x-envoy-", "x-arr-", "x-amzn-", "true-client-ip", "fastly-", "cf-", "cdn-"),
)


def from_loopback(visitor: Visitor) -> bool:
    """Whether the visitor is on this machine, and asks for it by a name of its own.

    The name (the header Host) matters because any page of the web may let its own name lead to 127.0.0.1, and would
    then read the log in the browser of whoever visits it (DNS rebinding).

    Behind a proxy on the same machine everybody comes from there. What tells of a proxy is refused: X-Forwarded-For and
    the like, HTTP/1.0, and a connection that is for one request only. By the last two an nginx asks that is told no
    more than where to pass things on, until its version 1.29.7. But not all of them can be told: an application behind
    a proxy must give hooks of its own.
    """
    host = visitor.headers.get("host", "")
    return _is_loopback(visitor.peer) and _names_loopback(host) and not _is_passed_on(visitor)


async def granted(visitor: Visitor, overview: Hook, details: Hook) -> Rights:
    """What the hooks say. That for details is asked only where the overview may be seen."""
    if not await _says(overview, visitor):
        return Rights()
    return Rights(overview=True, details=await _says(details, visitor))


async def _says(hook: Hook, visitor: Visitor) -> bool:
    answer = hook(visitor)
    # Nothing else counts as a yes: what a hook forgot to await, or to compare, would.
    return (await answer if isawaitable(answer) else answer) is True


def _is_passed_on(visitor: Visitor) -> bool:
    connection = [word.strip().lower() for word in visitor.headers.get("connection", "").split(",")]
    return (
        any(name.startswith(_FORWARDED) for name in visitor.headers)
        or visitor.http_version.startswith("0.")
        or visitor.http_version == "1.0"
        or "close" in connection
    )


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
