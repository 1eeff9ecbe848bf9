"""The only place where requests leave this machine, through aiohttp.

TLS is required except on loopback, redirects are never followed, answers are read whole and only up to a size.
aiohttp's own re-send on a dead keep-alive connection is switched off: it would go past the budget.
"""

import asyncio
import io
import ipaddress
import os
import re
import ssl as ssl_module
import time
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import quote, unquote

import aiohttp
from yarl import URL

from konfipay_async.errors import (
    ClientStateError,
    ConfigurationError,
    ConnectFailedError,
    ConnectionLostError,
    KonfipayError,
    RequestTimeoutError,
    ResponseTooLargeError,
)
from konfipay_async.session.message import Download, Request, Response, RetryClass

__all__ = ["AiohttpTransport", "Transport", "checked_base_url", "relative_path", "url_of"]

_CONNECT_TIMEOUT = 15.0
# Bytes of an answer that is kept whole anyway, which may come before the connection is made to wait for its reader.
_READ_AHEAD = 2**20


class Transport(Protocol):
    """Sends one attempt of a request. Raises a TransportError whose `sent` tells whether it may have arrived."""

    async def open(self) -> None: ...

    async def send(self, request: Request[Any], headers: Mapping[str, str]) -> Response: ...

    async def close(self) -> None: ...


def checked_base_url(text: str, example: str = "https://portal.konfipay.de/api/v6") -> URL:
    """The base URL requests go to, or a ConfigurationError that says what is wrong with it, and shows an example."""
    if not isinstance(text, str):
        raise ConfigurationError(f"base_url must be a str, not {type(text).__name__}")
    text = text.strip()
    try:
        url = URL(text.rstrip("/"))
        host = None if re.search(r"[\s\x00-\x1f\x7f]", text) else url.host
    except (ValueError, IndexError):  # the second one is yarl's for ``https://[]@``
        host = None
    if not host or url.scheme not in ("https", "http"):
        raise ConfigurationError(f"base_url {_shown(text)!r} is no address of an API: give one like {example!r}")
    if url.user or url.password or url.query_string or url.fragment:
        raise ConfigurationError("base_url must not carry a user, a password, a query or a fragment")
    if url.scheme == "http" and not _is_loopback(host):
        raise ConfigurationError(
            f"base_url {_shown(text)!r} is not encrypted: use https:// (plain http:// is for this machine only, "
            f"since the API key and the bookings would be readable on the way)"
        )
    return url


def relative_path(path: str) -> str:
    """A path below the base URL, percent-encoded where it is not yet. ConfigurationError for what leads elsewhere."""
    relative = path.removeprefix("/")
    climbs = any(unquote(segment) in (".", "..") for segment in relative.split("/"))
    if not relative or climbs or re.search(r"[?#\\\x00-\x1f]|^\w+:|^/", relative):
        raise ConfigurationError(
            # Not the path itself: what was meant for the query may be a secret.
            "path: give it relative to the base URL, without a host, '..' or a query (the query goes into query={…})"
        )
    return quote(relative, safe="/%:@!$&'()*+,;=~")


def url_of(base_url: URL, request: Request[Any]) -> URL:
    """Where a request goes, encoded to the byte: its `raw_path_qs` is what stands on the wire, and can be signed.

    ConfigurationError for what could not be sent as it is: yarl would cut it at a '#', or drop an empty query.
    """
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in request.query)
    base = "" if request.from_origin else base_url.raw_path.rstrip("/")
    target = f"{base}/{request.path}{'?' if query else ''}{query}"
    # `encoded`: yarl would otherwise rewrite what is percent-encoded with care.
    url = URL(f"{base_url.origin()}{target}", encoded=True)
    if url.raw_path_qs != target or not _SENDABLE.fullmatch(request.path):
        raise ConfigurationError(
            f"the path of {request.method} {request.template or '…'} cannot be sent as it is: percent-encode blanks, "
            f"'#', backslashes and what is not ASCII, and leave no empty query behind"
        )
    return url


# What is ASCII and visible, but for '#' and the backslash.
_SENDABLE = re.compile(r"[!\"$-\[\]-~]*")


def _checked_proxy(proxy: str | None) -> str | None:
    try:
        good = proxy is None or (URL(proxy).scheme in ("http", "https") and URL(proxy).host)
    except (ValueError, IndexError, TypeError):
        good = False
    if not good:
        raise ConfigurationError("proxy is no address of a proxy: give one like 'http://proxy.example:3128'")
    return proxy


def _shown(text: str) -> str:
    return re.split(r"[?#]", text.rpartition("@")[2])[0][:200]


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class AiohttpTransport:
    """Requests through an aiohttp session, owned or handed in.

    A handed-in session lends its connector (pool, resolver), proxy, headers, traces and `trust_env`; it stays the
    caller's to close, and its other requests are not touched. To a host it was not handed in for nothing is told that
    may be a secret: with `bare` it lends neither headers nor traces. `proxy` and `ssl` mean what they mean to aiohttp.
    """

    def __init__(
        self,
        base_url: URL,
        *,
        session: aiohttp.ClientSession | None = None,
        user_agent: str,
        trust_env: bool = False,
        proxy: str | None = None,
        ssl: ssl_module.SSLContext | bool = True,
        max_response_bytes: int,
        bare: bool = False,
    ) -> None:
        self._base_url = base_url
        self._lent = session
        self._bare = bare
        self._user_agent = user_agent
        self._trust_env = trust_env
        # A lent session's own proxy is part of what it lends.
        self._proxy = _checked_proxy(proxy) if session is None or proxy else getattr(session, "_default_proxy", None)
        self._ssl = ssl
        self._max_response_bytes = max_response_bytes
        self._session: aiohttp.ClientSession | None = None
        self._once: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        if self._lent is not None and self._lent.closed:
            raise ClientStateError("the aiohttp session handed in is closed: open it before the client")
        self._session = self._new_session(aiohttp.TCPConnector(limit=0) if self._lent is None else None)
        # What must happen once goes out on a connection of its own, which cannot have died while it was idle.
        self._once = self._new_session(aiohttp.TCPConnector(limit=0, force_close=True)) if self._lent is None else None

    def _new_session(self, connector: aiohttp.TCPConnector | None) -> aiohttp.ClientSession:
        """A session on this connector (unbounded: the budget bounds what is in flight), or on the lent one."""
        lent = self._lent
        headers = {"User-Agent": self._user_agent, "Accept": "application/json"}
        session = aiohttp.ClientSession(
            connector=connector or (lent.connector if lent is not None else None),
            connector_owner=connector is not None,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={**headers, **(lent.headers if lent is not None and not self._bare else {})},
            trust_env=self._trust_env or (lent is not None and lent.trust_env),
            trace_configs=list(lent.trace_configs) if lent is not None and not self._bare else None,
        )
        session._retry_connection = False
        return session

    async def close(self) -> None:
        for session in (self._session, self._once):
            if session is not None:
                await session.close()

    async def send(self, request: Request[Any], headers: Mapping[str, str]) -> Response:
        assert self._session is not None, "the session opens its transport before it sends"  # noqa: S101
        once = request.retry is RetryClass.ONCE
        session = self._once if once and self._once is not None else self._session
        if session.closed:
            raise ClientStateError("the aiohttp session was closed while the client used it")
        # Below the whole: a connection that is not made in time is then known to have carried nothing.
        connect_timeout = min(_CONNECT_TIMEOUT, 0.8 * request.timeout)
        started = time.perf_counter()
        try:
            async with session.request(
                request.method,
                url_of(self._base_url, request),
                # As a stream: of bytes above a megabyte aiohttp warns, for it would copy them at once.
                data=None if request.body is None else io.BytesIO(request.body),
                headers={**request.headers, **headers, **({"Connection": "close"} if once else {})},
                skip_auto_headers=() if request.body else ("Content-Type",),
                timeout=aiohttp.ClientTimeout(total=request.timeout, sock_connect=connect_timeout),
                allow_redirects=False,
                raise_for_status=False,
                proxy=self._proxy,
                # A lent connector keeps connections apart by this name; with "Connection: close" the server ends those
                # that carry it, so that there as well a request that must happen once finds none that is idle.
                server_hostname=self._base_url.raw_host if once else None,
                ssl=self._ssl,
                read_bufsize=_READ_AHEAD if request.download is None else None,
            ) as answer:
                into = request.download if 200 <= answer.status < 300 else None
                body = await (self._read(answer) if into is None else self._pass_on(answer, into))
                return Response(
                    status=answer.status,
                    headers={name.lower(): value for name, value in answer.headers.items()},
                    body=body,
                    elapsed=time.perf_counter() - started,
                )
        except aiohttp.ConnectionTimeoutError:
            raise ConnectFailedError(f"no connection to {self._host} within {connect_timeout:g} s") from None
        except (aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError) as error:
            said = f"it answers {error.status}" if isinstance(error, aiohttp.ClientHttpProxyError) else _reason(error)
            raise ConnectFailedError(f"no connection to {self._host} through the proxy: {said}") from None
        except aiohttp.ClientConnectorError as error:
            raise ConnectFailedError(f"cannot connect to {self._host}: {_reason(error)}") from None
        except TimeoutError:
            raise RequestTimeoutError(
                f"{request.method} {request.told}: no complete answer within {request.timeout:g} s"
            ) from None
        except (aiohttp.ClientError, OSError, asyncio.IncompleteReadError) as error:
            raise ConnectionLostError(
                f"{request.method} {request.told}: the connection broke before the answer was complete "
                f"({type(error).__name__})"
            ) from None
        except KonfipayError:
            raise
        except Exception as error:
            # Of a trace of a lent session, at any moment, or in an interpreter that ends: whether it was sent is not
            # known. Else a value that aiohttp refuses before it sends; its text may hold the header.
            if not isinstance(error, ValueError) or session.trace_configs:
                raise ConnectionLostError(
                    f"{request.method} {request.told}: sending it failed inside aiohttp ({type(error).__name__})"
                ) from (None if isinstance(error, ValueError) else error)
            raise ConfigurationError(
                "aiohttp refuses to build the request. With trust_env, an entry for this host in .netrc does that: it "
                "would replace the token."
            ) from None

    @property
    def _host(self) -> str:
        return self._base_url.authority

    async def _read(self, answer: aiohttp.ClientResponse) -> bytes:
        limit = self._max_response_bytes
        chunks: list[bytes] = []
        size = 0
        while chunk := await answer.content.readany():
            size += len(chunk)
            if size > limit:
                raise ResponseTooLargeError(
                    f"the answer is larger than {limit} bytes and was not read to its end; if that is expected, "
                    f"raise max_response_bytes"
                )
            chunks.append(chunk)
        return b"".join(chunks)

    async def _pass_on(self, answer: aiohttp.ClientResponse, into: Download) -> bytes:
        # What is encoded for the way (gzip) is announced with its size on the way.
        await into.begin(None if answer.headers.get("Content-Encoding") else answer.content_length)
        while chunk := await answer.content.readany():
            await into.write(chunk)
        return b""


def _reason(error: aiohttp.ClientConnectorError) -> str:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return "its TLS certificate cannot be verified (a company CA? hand in ssl=your SSLContext)"
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return "TLS could not be established"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its name cannot be resolved"
    number = error.os_error.errno
    return os.strerror(number).lower() if number else type(error.os_error).__name__
