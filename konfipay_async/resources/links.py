"""Links that the server sends: followed on the client's own origin only, for the token goes along."""

from urllib.parse import SplitResult, quote, urljoin, urlsplit

from konfipay_async.errors import LinkRefusedError

__all__ = ["path_at_origin"]

_PORTS = {"https": 443, "http": 80}


def path_at_origin(link: str, base_url: str) -> str:
    """The link's path, relative to the origin of the base URL. LinkRefusedError where it leads elsewhere.

    Links without a host are read from the origin on (public code shows them without a leading slash).
    """
    try:
        own, there = urlsplit(base_url), urlsplit(urljoin(base_url, link if "://" in link else f"/{link.lstrip('/')}"))
        same = _origin(own) == _origin(there) and not there.username and not there.password
    except ValueError:
        same = False
    if not same:
        raise LinkRefusedError("the server sent a link that leads away from where this client talks to: not followed")
    return quote(there.path.lstrip("/"), safe="/%~") + (f"?{there.query}" if there.query else "")


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)
