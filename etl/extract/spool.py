"""How does input that can be read only once, or that lies elsewhere, become a plain file?"""

from __future__ import annotations

import errno
import gzip
import hashlib
import shutil
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from etl.config.addresses import file_name
from etl.errors import SourceError
from etl.extract.bucket import fetch_object
from etl.extract.paths import Found
from etl.extract.remote import download
from etl.extract.scratch import Scratch
from etl.extract.stamp import Stamp, stamp

BLOCK_BYTES = 1 << 20

MAX_UNPACKED_BYTES = 32 << 30
"""A file may not grow beyond this when it is unpacked or fetched, whatever the disk would hold."""

MAX_RATIO = 300
"""Nor beyond so many times its packed size: tables shrink to a tenth, and a bomb to a thousandth."""

_HARMLESS_BYTES = 1 << 30
"""What the ratio is not held against: a small file of blanks is none."""

_SPARE_BYTES = 256 << 20
"""Left free on the disk of the scratch folder."""

S3 = "s3://"


@dataclass(frozen=True, slots=True)
class PlainFile:
    """Plain bytes on disk, that can be read as often as needed.

    Attributes:
        path: Where they are.
        name: What tells the format by its suffix; packing suffixes are taken off.
        shown: As the user named it; of a member of an archive ``archive/member``.
        stamp: Of the user's own file; None for standard input, pipes and addresses.
        sha256: Hex digest of the user's own bytes, when they were read on the way here, else None.
    """

    path: Path
    name: str
    shown: str
    stamp: Stamp | None
    sha256: str | None


class Readable(Protocol):
    """What is read to its end."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""
        ...


def local_file(found: Found, scratch: Scratch, stdin: Readable | None, sleep: Callable[[float], None] = time.sleep) -> PlainFile:
    """The input as a file, packed or not: itself where it is one, else a private copy in ``scratch``.

    Args:
        found: What the user named.
        scratch: For the copy.
        stdin: What ``-`` means.
        sleep: Waits so many seconds before a download is tried again.

    Raises:
        SourceError: It cannot be read or fetched, or would not fit on the disk.
    """
    if found.address is not None:
        return _fetched(found.address, found.shown, scratch, sleep)
    if found.path is None:
        if stdin is None:
            raise SourceError("- means standard input, and there is none here", next_step="name a file")
        return _spooled(stdin, "", found.shown, scratch)
    if not stat.S_ISREG(found.path.stat().st_mode):
        with found.path.open("rb") as pipe:
            return _spooled(pipe, "", found.shown, scratch)
    return PlainFile(found.path, found.path.name, found.shown, stamp(found.path, found.shown), None)


def sha256_of(path: Path) -> str:
    """Hex digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def copy_stream(stream: Readable, target: Path, shown: str, scratch: Scratch, *, packed_bytes: int | None = None) -> str:
    """Write all that a stream gives; returns its SHA-256.

    Args:
        stream: Read to its end.
        target: A file of ``scratch``.
        shown: The file's name for messages.
        scratch: Its disk must keep some room.
        packed_bytes: What is being unpacked has this size.

    Raises:
        SourceError: It grows too large, or cannot be read or written.
    """
    room = _room(scratch, packed_bytes)
    digest, size = hashlib.sha256(), 0
    try:
        with target.open("wb") as out:
            while block := stream.read(BLOCK_BYTES):
                size += len(block)
                if size > room:
                    raise too_large(shown, room, scratch)
                digest.update(block)
                out.write(block)
    except OSError as error:
        if isinstance(error, gzip.BadGzipFile):
            raise
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        hint = f"make room in {scratch.folder}" if full else "check the file"
        raise SourceError(f"{shown}: cannot be copied: {error.strerror or error}", next_step=hint) from None
    return digest.hexdigest()


def refuse_too_large(announced_bytes: int, packed_bytes: int, shown: str, scratch: Scratch) -> None:
    """Hold what an archive announces against the bounds, before anything is written.

    Raises:
        SourceError: It would grow too large.
    """
    room = _room(scratch, packed_bytes)
    if announced_bytes > room:
        raise too_large(shown, room, scratch)


def too_large(shown: str, room: int, scratch: Scratch) -> SourceError:
    """What is said of a file that would outgrow its bound."""
    return SourceError(
        f"{shown}: more than {room:,} bytes when unpacked", next_step=f"make room in {scratch.folder}, or unpack it and split the file"
    )


def _room(scratch: Scratch, packed_bytes: int | None) -> int:
    free = shutil.disk_usage(scratch.folder).free - _SPARE_BYTES
    ratio = MAX_UNPACKED_BYTES if packed_bytes is None else max(_HARMLESS_BYTES, packed_bytes * MAX_RATIO)
    return min(MAX_UNPACKED_BYTES, free, ratio)


def _fetched(address: str, shown: str, scratch: Scratch, sleep: Callable[[float], None]) -> PlainFile:
    name, target = file_name(address), scratch.new_file(".spool")
    if address.lower().startswith(S3):
        fetch_object(address, shown, target)
        return PlainFile(target, name, shown, None, sha256_of(target))
    sha256 = download(address, shown, lambda stream: copy_stream(stream, target, shown, scratch), sleep=sleep)
    return PlainFile(target, name, shown, None, sha256)


def _spooled(stream: Readable, name: str, shown: str, scratch: Scratch) -> PlainFile:
    target = scratch.new_file(".spool")
    return PlainFile(target, name, shown, None, copy_stream(stream, target, shown, scratch))
