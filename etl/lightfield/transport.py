"""How do requests of httpx get to the server and back, at little cost, and never twice?

httpx's own transport takes three to five times as much processor time for a small request. This one speaks HTTP/1.1 to one server at a
time, without a proxy, and knows of every request whether a byte of it has left: an error before is a ConnectError, ConnectTimeout or
PoolTimeout, one after it none of these.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections import deque
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from etl.errors import SettingsError
from etl.lean_httpx import httpx
from etl.lightfield.connection import Connection
from etl.lightfield.secret import is_loopback

_NEXT_ADDRESS_SECONDS = 0.25
_DEFAULT_PORTS = {"http": 80, "https": 443}

Address = tuple[str, str, int]
"""Scheme, host, port."""


def transport_to(origin: str, *, max_connections: int, keep_idle_seconds: float) -> httpx.AsyncBaseTransport:
    """The transport to that origin: httpx's own where the environment sends its requests through a proxy, else ours.

    Args:
        origin: Scheme, host, port.
        max_connections: Requests in flight at most.
        keep_idle_seconds: How long a connection is kept for the next request.

    Raises:
        SettingsError: The proxy is none, or the certificates that the environment names cannot be read.
    """
    proxy = _proxy_to(origin)
    tls = _tls_context() if origin.startswith("https:") else None
    if proxy is None:
        return Http1Transport(max_connections=max_connections, keep_idle_seconds=keep_idle_seconds, tls=tls)
    limits = httpx.Limits(max_connections=max_connections, max_keepalive_connections=max_connections, keepalive_expiry=keep_idle_seconds)
    try:
        return httpx.AsyncHTTPTransport(proxy=proxy, limits=limits, verify=tls or True)
    except (ValueError, ImportError, httpx.InvalidURL):
        # Its address is not shown: it may hold a password.
        raise SettingsError(
            "the proxy that the environment names cannot be used", next_step="correct HTTPS_PROXY or ALL_PROXY (http://host:port)"
        ) from None


def _tls_context() -> ssl.SSLContext:
    """As httpx's own transport makes it: certifi's authorities, or those of SSL_CERT_FILE and SSL_CERT_DIR."""
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        named = " and ".join(name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)) or "certifi's file"
        raise SettingsError(
            f"the certificates by which Lightfield is known cannot be read ({named}: {error.strerror or error})",
            next_step="name a file of certificates in SSL_CERT_FILE that is there, or leave it out, then run the same command again",
        ) from None


def _proxy_to(origin: str) -> str | None:
    """The proxy that the environment names for it, if any."""
    parts, proxies = urlsplit(origin), getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    # An http proxy would see the key of a plain http request to this machine.
    if not proxy or is_loopback(parts.hostname or "") or proxy_bypass(parts.netloc):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


class Http1Transport(httpx.AsyncBaseTransport):
    """Sends each request once, over kept connections; honours httpx's timeouts.

    Args:
        max_connections: Requests in flight at most; more wait, up to their pool timeout.
        keep_idle_seconds: A connection that idled longer is not used again.
        tls: For https; None where only http is spoken.
    """

    def __init__(self, *, max_connections: int, keep_idle_seconds: float, tls: ssl.SSLContext | None = None) -> None:
        self._keep_idle_seconds = keep_idle_seconds
        self._room = asyncio.Semaphore(max_connections)
        self._idle: dict[Address, deque[Connection]] = {}
        self._busy: set[Connection] = set()
        self._tls = tls
        if tls is not None:
            tls.set_alpn_protocols(["http/1.1"])

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None = None, error: BaseException | None = None, trace: TracebackType | None = None
    ) -> None:
        await self.aclose()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One request, one answer, whose body is still to be read.

        Raises:
            httpx.TransportError: There is none.
        """
        whole = _head(request) + await request.aread()
        seconds = request.extensions.get("timeout", {})
        await self._wait_for_room(seconds.get("pool"))
        address = _address(request.url)
        connection: Connection | None = None
        try:
            connection = self._kept(address) or await self._opened(address, seconds.get("connect"))
            self._busy.add(connection)
            connection.send(whole, seconds.get("read"))
            await connection.head()
        except BaseException:
            self._give_back(address, connection)
            raise
        return httpx.Response(
            connection.status,
            headers=connection.headers,
            stream=_Body(self, address, connection),
            extensions={"http_version": b"HTTP/1.1"},
        )

    async def aclose(self) -> None:
        """Close every connection."""
        for connection in [*self._busy, *(each for kept in self._idle.values() for each in kept)]:
            connection.abort()
        self._idle.clear()
        # The loop closes their sockets in its next round.
        await asyncio.sleep(0)

    def _give_back(self, address: Address, connection: Connection | None) -> None:
        """The exchange is over: keep the connection where that is sound."""
        self._room.release()
        if connection is None:
            return
        self._busy.discard(connection)
        if connection.reusable:
            self._idle.setdefault(address, deque()).append(connection)
        else:
            connection.abort()

    async def _wait_for_room(self, seconds: float | None) -> None:
        if not self._room.locked():
            await self._room.acquire()
            return
        try:
            async with asyncio.timeout(seconds):
                await self._room.acquire()
        except TimeoutError:
            raise httpx.PoolTimeout(f"no free connection for {seconds} s") from None

    def _kept(self, address: Address) -> Connection | None:
        """The connection that was used last: the others grow old and go."""
        kept = self._idle.get(address)
        oldest = asyncio.get_running_loop().time() - self._keep_idle_seconds
        while kept and kept[0].idle_since < oldest:
            kept.popleft().abort()
        while kept:
            connection = kept.pop()
            if connection.is_open:
                return connection
        return None

    async def _opened(self, address: Address, seconds: float | None) -> Connection:
        loop = asyncio.get_running_loop()
        scheme, host, port = address
        tls = self._tls if scheme == "https" else None
        if scheme == "https" and tls is None:
            # The API key goes over no open line because somebody forgot the certificates.
            raise httpx.UnsupportedProtocol("this transport was made for http alone")
        try:
            async with asyncio.timeout(seconds):
                _, connection = await loop.create_connection(
                    lambda: Connection(loop),
                    host,
                    port,
                    ssl=tls,
                    # On this machine there is nothing to race for, and Python 3.11 leaves a race's winner open where it is cancelled.
                    happy_eyeballs_delay=None if is_loopback(host) else _NEXT_ADDRESS_SECONDS,
                )
        except TimeoutError as error:
            raise httpx.ConnectTimeout(str(error)) from error
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError(str(error)) from error
        return connection


class _Body(httpx.AsyncByteStream):
    """The body of an answer, in one piece; once it is closed its connection is free."""

    def __init__(self, transport: Http1Transport, address: Address, connection: Connection) -> None:
        self._transport: Http1Transport | None = transport
        self._address = address
        self._connection = connection

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield await self._connection.body()

    async def aclose(self) -> None:
        transport, self._transport = self._transport, None
        if transport is not None:
            transport._give_back(self._address, self._connection)  # noqa: SLF001  one thing in two classes


def _address(url: httpx.URL) -> Address:
    port = url.port or _DEFAULT_PORTS.get(url.scheme)
    if port is None:
        raise httpx.UnsupportedProtocol(f"{url.scheme} is not http or https")
    return url.scheme, url.raw_host.decode("ascii"), port


def _head(request: httpx.Request) -> bytes:
    """Request line and headers; a line break in one of them would begin another header, or another request."""
    lines = [b"%s %s HTTP/1.1" % (request.method.encode("ascii"), request.url.raw_path)]
    lines += [b"%s: %s" % header for header in request.headers.raw]
    head = b"\r\n".join([*lines, b"", b""])
    breaks = len(lines) + 1
    if head.count(b"\n") != breaks or head.count(b"\r") != breaks or b"\0" in head:
        raise httpx.LocalProtocolError("a header holds a line break")
    return head
