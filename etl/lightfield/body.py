"""What does the body of an answer say, whatever is sent in its place?"""

from __future__ import annotations

import json
import re
import zlib
from typing import Any

from etl.lean_httpx import httpx

LARGEST_BODY_BYTES = 32 * 1024 * 1024
"""A page of 25 tasks of more than a megabyte each; what is longer has no end."""

_PACKED = ("gzip", "x-gzip")
_GZIP_WINDOW_BITS = 16 + zlib.MAX_WBITS
_MAYBE_HALF_A_CHARACTER = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]")


async def read_body(response: httpx.Response) -> dict[str, Any] | None:
    """The JSON object of an answer; None where it is no such object, or has no end.

    Raises:
        httpx.TransportError: The connection broke, or the body came too slowly.
        zlib.error: It is not packed as its header says.
    """
    whole = await _whole(response)
    if whole is None:
        return None
    try:
        parsed = _parsed(_unpacked(whole) if response.headers.get("content-encoding", "").lower() in _PACKED else whole)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None


async def _whole(response: httpx.Response) -> bytes | bytearray | None:
    if not isinstance(response.stream, httpx.AsyncByteStream):
        raise TypeError("the body of an asynchronous transport is one too")
    whole = bytearray()
    async for part in response.stream:
        whole += part
        if len(whole) > LARGEST_BODY_BYTES:
            return None
    return whole


def _unpacked(packed: bytes | bytearray) -> bytes:
    # httpx would unpack all of it: a megabyte may hold a gigabyte.
    unpacking = zlib.decompressobj(_GZIP_WINDOW_BITS)
    whole = unpacking.decompress(packed, LARGEST_BODY_BYTES)
    if not unpacking.eof:
        raise ValueError("cut off, or too large")
    return whole


def _parsed(text: bytes | bytearray) -> Any:
    parsed = json.loads(text)
    if _MAYBE_HALF_A_CHARACTER.search(text):
        # Half a surrogate pair is no text: no database, file or terminal takes it.
        parsed = json.loads(json.dumps(parsed, ensure_ascii=False).encode("utf-8", "replace"))
    return parsed
