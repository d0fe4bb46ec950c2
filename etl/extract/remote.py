"""How is input that an ``https://`` address names read, without telling anybody the address's secrets?"""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, BinaryIO, cast
from urllib.parse import urlsplit

from etl.errors import SourceError

TIMEOUT_SECONDS = 60.0
"""Without a byte for so long, a download has failed."""

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_CHECK = "check the address; a pre-signed one may have expired; or download the file and name the copy"
_EXPIRED = frozenset({400, 401, 403})


@contextmanager
def download(address: str, shown: str, *, timeout_seconds: float = TIMEOUT_SECONDS) -> Iterator[BinaryIO]:
    """The bytes behind an address; a proxy from the environment is used.

    Args:
        address: ``https://``; ``http://`` of this machine only.
        shown: The address for messages, without its query.
        timeout_seconds: Between two answers of the server.

    Raises:
        SourceError: It may not be read, is not there, or breaks off. No message has the address's query.
    """
    refuse_unsafe(address, shown)
    opener = urllib.request.build_opener(_SafeRedirects(shown))
    try:
        response = opener.open(urllib.request.Request(address), timeout=timeout_seconds)  # noqa: S310  refuse_unsafe let only http(s) pass
    except urllib.error.HTTPError as error:
        error.close()
        hint = _CHECK if error.code in _EXPIRED else "check the address, or download the file and name the copy"
        raise SourceError(f"{shown}: the server answers {error.code} {http.client.responses.get(error.code, '')}", next_step=hint) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise SourceError(f"{shown}: cannot be fetched: {_reason(error)}", next_step=_CHECK) from None
    with response:
        yield cast("BinaryIO", _Body(response, shown))


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
            SourceError: The connection broke.
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

    def _broken(self, reason: str) -> SourceError:
        return SourceError(f"{self._shown}: the download broke off: {reason}", next_step="run the same command again")


def _reason(error: Exception) -> str:
    """What failed, in words that cannot hold the address: other errors' texts may."""
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, TimeoutError):
        return "no answer in time"
    if isinstance(cause, OSError):
        return cause.strerror or type(cause).__name__
    return type(cause).__name__
