"""Which encoding is a file in, and how does its text become UTF-8?"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

from etl.errors import SourceError
from etl.extract.spool import BLOCK_BYTES

AUTO = "auto"
UTF_8 = "utf-8"
CP1252 = "cp1252"

MARK = "\ufdd0\\x"
"""Stands before the two hex digits of a byte that is no UTF-8; U+FDD0 is no character, so it is in no text."""
MARK_CHARACTER = "\ufdd0"

KEEP_MARKED = "etl-mark-bytes"
"""Error handler: a byte that does not fit becomes ``MARK`` and its hex digits."""

_BOMS = (
    (codecs.BOM_UTF8, UTF_8),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_NUL_SHARE = 0.3
"""From this share of NULs on, text without a BOM is UTF-16: Western text has nearly half."""


def _mark_bytes(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(f"{MARK}{byte:02X}" for byte in error.object[error.start : error.end]), error.end


codecs.register_error(KEEP_MARKED, _mark_bytes)


def named_encoding(name: str) -> str | None:
    """The encoding's own name, or None for ``auto``.

    Raises:
        SourceError: There is no such encoding of text.
    """
    if name.strip().lower() == AUTO:
        return None
    try:
        found = codecs.lookup(name.strip()).name
        b"\0\0\0\0".decode(found, "replace")
        codecs.getincrementaldecoder(found)()
    except (LookupError, ValueError):
        raise SourceError(
            f"source.encoding: there is no text encoding {name!r}",
            next_step="write auto, or a name such as utf-8, cp1252, iso-8859-15, utf-16",
        ) from None
    return UTF_8 if found == "utf-8-sig" else found


def encoding_of_bom(head: bytes) -> str | None:
    """What a byte order mark says, if there is one."""
    return next((encoding for bom, encoding in _BOMS if head.startswith(bom)), None)


def looks_like_bare_utf_16(head: bytes) -> bool:
    """True of UTF-16 without a byte order mark."""
    return len(head) > 1 and head.count(0) / len(head) > _NUL_SHARE


def encoding_of_sample(head: bytes) -> str:
    """What the first bytes of a file without a mark seem to be; they may end within a character."""
    try:
        codecs.getincrementaldecoder(UTF_8)().decode(head)
    except UnicodeDecodeError:
        return CP1252
    return UTF_8


def read_sample(head: bytes, encoding: str) -> str:
    """The text of a file's first bytes, good enough to find its delimiter."""
    return head.decode(encoding, "ignore").removeprefix("\ufeff")


def decoded_blocks(path: Path, encoding: str, shown: str, *, errors: str = "strict") -> Iterator[str]:
    """The file's text without its byte order mark, in blocks.

    Raises:
        SourceError: Bytes do not fit the encoding, and ``errors`` is ``strict``; the message has offset and line.
    """
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    offset, lines, first = 0, 1, True
    with path.open("rb") as file:
        while True:
            block = file.read(BLOCK_BYTES)
            pending = len(decoder.getstate()[0])
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                raise _misfit(error, encoding, shown, offset - pending, lines) from None
            except UnicodeError as error:
                raise SourceError(f"{shown}: is not {encoding}: {error}", next_step="name the encoding that the file is in") from None
            yield text.removeprefix("\ufeff") if first else text
            first = first and not text
            lines += text.count("\n")
            offset += len(block)
            if not block:
                return


def transcode(path: Path, encoding: str, shown: str, target: Path, *, errors: str = "strict") -> None:
    """Write the file's text as UTF-8 without a byte order mark.

    Raises:
        SourceError: Bytes do not fit the encoding, and ``errors`` is ``strict``.
    """
    with target.open("wb") as out:
        for text in decoded_blocks(path, encoding, shown, errors=errors):
            try:
                out.write(text.encode(UTF_8))
            except UnicodeEncodeError as error:
                raise SourceError(
                    f"{shown}: holds half a character in {encoding}: {error.reason}", next_step="export the file again as UTF-8"
                ) from None


def _misfit(error: UnicodeDecodeError, encoding: str, shown: str, base: int, lines: int) -> SourceError:
    before = error.object[: error.start].decode(encoding, "ignore").count("\n")
    found = " ".join(f"{byte:02X}" for byte in error.object[error.start : error.end][:4])
    return SourceError(
        f"{shown}: line {lines + before}, byte offset {base + error.start:,}: {found} is not {encoding}",
        next_step="set source.encoding to the encoding that the file is in",
    )
