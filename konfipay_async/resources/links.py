"""Links that the server sends: followed on the client's own origin only, for the token goes along."""

from urllib.parse import SplitResult, quote, urljoin, urlsplit

from konfipay_async.errors import LinkRefusedError

__all__ = ["path_at_origin"]

# What a query may hold as it is (RFC 3986).
_IN_QUERIES = "%/?:@!$&'()*+,;=~"
_PORTS = {"https": 443, "http": 80}


def path_at_origin(link: str, base_url: str) -> str:
    """The link's path, relative to the origin of the base URL. LinkRefusedError where it leads elsewhere.

    Links without a host are read from the origin on (public code shows them without a leading slash).
    """
    try:
        absolute = link if urlsplit(link).scheme else f"/{link.lstrip('/')}"
        own, there = urlsplit(base_url), urlsplit(urljoin(base_url, absolute))
        same = _origin(own) == _origin(there) and not there.username and not there.password
    except ValueError:
        same = False
    if not same:
        raise LinkRefusedError("the server sent a link that leads away from where this client talks to: not followed")
    query = f"?{quote(there.query, safe=_IN_QUERIES)}" if there.query else ""
    return quote(there.path.lstrip("/"), safe="/%~") + query


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)
