"""How is input that an ``https://`` address names read, without telling anybody the address's secrets?"""

from __future__ import annotations

import http.client
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any, BinaryIO, TypeVar, cast
from urllib.parse import urlsplit

from etl.errors import SourceError

TIMEOUT_SECONDS = 60.0
"""Without a byte for so long, a download has failed."""

PAUSES_SECONDS = (1.0, 4.0)
"""Before the second attempt and the third, which is the last."""

Taken = TypeVar("Taken")

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_CHECK = "check the address; a pre-signed one may have expired; or download the file and name the copy"
_EXPIRED = frozenset({400, 401, 403})
_BUSY = frozenset({408, 429})
_LASTING = (ssl.SSLCertVerificationError, ValueError, http.client.InvalidURL)
"""Another attempt would end alike."""


class _PassingError(Exception):
    """An attempt failed with what the next may be spared."""

    def __init__(self, fault: SourceError) -> None:
        super().__init__(fault.message)
        self.fault = fault


def download(
    address: str,
    shown: str,
    take: Callable[[BinaryIO], Taken],
    *,
    sleep: Callable[[float], None] = time.sleep,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> Taken:
    """What ``take`` makes of the bytes behind an address; a proxy from the environment is used.

    A connection that fails or breaks off, and a server in trouble, are tried again, from the first byte.

    Args:
        address: ``https://``; ``http://`` of this machine only.
        shown: The address for messages, without its query.
        take: Reads the bytes to their end; called once for each attempt that gets an answer.
        sleep: Waits so many seconds.
        timeout_seconds: Between two answers of the server.

    Raises:
        SourceError: It may not be read, is not there, or breaks off each time. No message has the address's query.
    """
    refuse_unsafe(address, shown)
    for pause in PAUSES_SECONDS:
        try:
            return _attempt(address, shown, take, timeout_seconds)
        except _PassingError:
            sleep(pause)
    try:
        return _attempt(address, shown, take, timeout_seconds)
    except _PassingError as error:
        attempts = len(PAUSES_SECONDS) + 1
        raise SourceError(f"{error.fault.message} ({attempts} attempts)", next_step=error.fault.next_step) from None


def _attempt(address: str, shown: str, take: Callable[[BinaryIO], Taken], timeout_seconds: float) -> Taken:
    with _opened(address, shown, timeout_seconds) as response:
        return take(cast("BinaryIO", _Body(response, shown)))


@contextmanager
def _opened(address: str, shown: str, timeout_seconds: float) -> Iterator[Any]:
    opener = urllib.request.build_opener(_SafeRedirects(shown))
    try:
        response = opener.open(urllib.request.Request(address), timeout=timeout_seconds)  # noqa: S310  refuse_unsafe let only http(s) pass
    except urllib.error.HTTPError as error:
        error.close()
        raise _refusal(error.code, shown) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        fault = SourceError(f"{shown}: cannot be fetched: {_reason(error)}", next_step=_CHECK)
        raise (_PassingError(fault) if _may_pass(error) else fault) from None
    with response:
        yield response


def _refusal(status: int, shown: str) -> Exception:
    hint = _CHECK if status in _EXPIRED else "check the address, or download the file and name the copy"
    fault = SourceError(f"{shown}: the server answers {status} {http.client.responses.get(status, '')}", next_step=hint)
    return _PassingError(fault) if status in _BUSY or status >= http.client.INTERNAL_SERVER_ERROR else fault


def refuse_unsafe(address: str, shown: str) -> None:
    """Only ``https`` is read, ``http`` of this machine excepted, and no user or password stands in an address.

    Raises:
        SourceError: It is another one.
    """
    try:
        parts = urlsplit(address)
        local = parts.hostname in _LOCAL
    except ValueError:
        raise SourceError(f"{shown}: is no address", next_step="write https://host/path, or name a file") from None
    if parts.username is not None:
        raise SourceError(
            f"{shown}: user and password stand in the address", next_step="use a pre-signed address, or pipe the file in as -"
        )
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise SourceError(
            f"{shown}: {parts.scheme}:// is not read; https:// and s3:// are",
            next_step="download the file and name the copy, or pipe it in as -",
        )


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows a redirect only to where ``refuse_unsafe`` would have let the user go."""

    def __init__(self, shown: str) -> None:
        self._shown = shown

    def redirect_request(  # noqa: PLR0913, PLR0917  the signature is the library's
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        """The next request.

        Raises:
            SourceError: It leads to an address that is not safe.
        """
        try:
            refuse_unsafe(newurl, f"{self._shown} (redirected)")
        except SourceError:
            fp.close()
            raise
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class _Body:
    """Reads a response to its announced end: the library takes a connection that breaks off for the end."""

    def __init__(self, response: Any, shown: str) -> None:
        self._response = response
        self._shown = shown
        announced = response.headers.get("Content-Length", "")
        self._left = int(announced) if announced.isdecimal() else None

    def read(self, size: int) -> bytes:
        """The next bytes, none at the end.

        Raises:
            _PassingError: The connection broke.
        """
        try:
            block: bytes = self._response.read(size)
        except (OSError, http.client.HTTPException) as error:
            raise self._broken(_reason(error)) from None
        if self._left is not None:
            self._left -= len(block)
            if not block and self._left > 0:
                raise self._broken(f"{self._left:,} bytes are missing")
        return block

    def _broken(self, reason: str) -> _PassingError:
        return _PassingError(SourceError(f"{self._shown}: the download broke off: {reason}", next_step="run the same command again"))


def _may_pass(error: Exception) -> bool:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, socket.gaierror):
        return cause.errno == socket.EAI_AGAIN
    return not isinstance(cause, _LASTING)


def _reason(error: Exception) -> str:
    """What failed, in words that cannot hold the address: other errors' texts may."""
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, TimeoutError):
        return "no answer in time"
    if isinstance(cause, OSError):
        return cause.strerror or type(cause).__name__
    return type(cause).__name__
