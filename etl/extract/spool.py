"""How does input that is packed, or that can be read only once, become a plain file?"""

from __future__ import annotations

import errno
import gzip
import hashlib
import importlib
import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import IO, BinaryIO, cast

from etl.errors import SourceError
from etl.extract.paths import Found
from etl.extract.scratch import Scratch
from etl.extract.stamp import Stamp, stamp

BLOCK_BYTES = 1 << 20

MAX_UNPACKED_BYTES = 32 << 30
"""A packed file may not grow beyond this, whatever the disk would hold."""

_SPARE_BYTES = 256 << 20
"""Left free on the disk of the scratch folder."""

_DATA_SUFFIXES = frozenset({".csv", ".tsv", ".tab", ".txt", ".parquet", ".pq", ".ndjson", ".jsonl", ".xlsx"})


@dataclass(frozen=True, slots=True)
class PlainFile:
    """Plain bytes on disk, that can be read as often as needed.

    Attributes:
        path: Where they are.
        name: What tells the format by its suffix; packing suffixes are taken off.
        shown: As the user named it.
        stamp: Of the user's own file; None for standard input and pipes.
        sha256: Hex digest of the user's own bytes, when they were read on the way here, else None.
    """

    path: Path
    name: str
    shown: str
    stamp: Stamp | None
    sha256: str | None


def make_plain(found: Found, scratch: Scratch, stdin: BinaryIO | None) -> PlainFile:
    """The input as a plain file: itself where it is one, else a private copy in ``scratch``.

    Raises:
        SourceError: It cannot be read or unpacked, or would not fit on the disk.
    """
    if found.path is None:
        if stdin is None:
            raise SourceError("- means standard input, and there is none here", next_step="name a file")
        return _spooled(stdin, found.shown, scratch)
    if not stat.S_ISREG(found.path.stat().st_mode):
        with found.path.open("rb") as pipe:
            return _spooled(pipe, found.shown, scratch)
    mark = stamp(found.path, found.shown)
    plain = PlainFile(found.path, found.path.name, found.shown, mark, None)
    unpack = _UNPACKERS.get(found.path.suffix.lower())
    return plain if unpack is None else unpack(plain, scratch)


def sha256_of(path: Path) -> str:
    """Hex digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _spooled(stream: BinaryIO, shown: str, scratch: Scratch) -> PlainFile:
    target = scratch.new_file(".spool")
    return PlainFile(target, "", shown, None, _copy(stream, target, shown, scratch))


def _ungzip(plain: PlainFile, scratch: Scratch) -> PlainFile:
    with ExitStack() as stack:
        return _unpacked(plain, scratch, cast("BinaryIO", stack.enter_context(gzip.open(plain.path, "rb"))), PurePath(plain.name).stem)


def _unzstd(plain: PlainFile, scratch: Scratch) -> PlainFile:
    for module in ("compression.zstd", "backports.zstd", "zstandard"):
        try:
            opener = importlib.import_module(module).open
        except ImportError:
            continue
        with opener(plain.path, "rb") as stream:
            return _unpacked(plain, scratch, stream, PurePath(plain.name).stem)
    raise SourceError(f"{plain.shown}: .zst needs the package zstandard", next_step=f"unpack it with: zstd -d {plain.shown}")


def _unzip(plain: PlainFile, scratch: Scratch) -> PlainFile:
    try:
        with zipfile.ZipFile(plain.path) as archive:
            member = _only_table(archive, plain.shown)
            with archive.open(member) as stream:
                inner = PlainFile(plain.path, plain.name, f"{plain.shown}/{member}", plain.stamp, None)
                return _unpacked(inner, scratch, cast("BinaryIO", stream), member)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise SourceError(f"{plain.shown}: cannot be unpacked: {error}", next_step="unpack it and name the file in it") from None


_UNPACKERS: dict[str, Callable[[PlainFile, Scratch], PlainFile]] = {".gz": _ungzip, ".zst": _unzstd, ".zip": _unzip}


def _only_table(archive: zipfile.ZipFile, shown: str) -> str:
    names = [name for name in archive.namelist() if PurePath(name).suffix.lower() in _DATA_SUFFIXES and not name.startswith("__MACOSX/")]
    if len(names) == 1:
        return names[0]
    held = ", ".join(names[:10]) or "none"
    raise SourceError(
        f"{shown}: one table is wanted, and it holds {len(names)}: {held}", next_step="unpack it and name the file that is meant"
    )


def _unpacked(plain: PlainFile, scratch: Scratch, stream: BinaryIO, name: str) -> PlainFile:
    target = scratch.new_file(".unpacked")
    try:
        _copy(stream, target, plain.shown, scratch)
    except (gzip.BadGzipFile, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise SourceError(f"{plain.shown}: is damaged or cut off: {error}", next_step="export or download it again") from None
    return PlainFile(target, PurePath(name).name, plain.shown, plain.stamp, sha256_of(plain.path))


def _copy(stream: IO[bytes], target: Path, shown: str, scratch: Scratch) -> str:
    """Copies, and returns the SHA-256 of what was copied."""
    room = min(MAX_UNPACKED_BYTES, shutil.disk_usage(scratch.folder).free - _SPARE_BYTES)
    digest, size = hashlib.sha256(), 0
    try:
        with target.open("wb") as out:
            while block := stream.read(BLOCK_BYTES):
                size += len(block)
                if size > room:
                    raise SourceError(
                        f"{shown}: more than {room:,} bytes when unpacked", next_step=f"make room in {scratch.folder}, or split the file"
                    )
                digest.update(block)
                out.write(block)
    except OSError as error:
        if isinstance(error, gzip.BadGzipFile):
            raise
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        hint = f"make room in {scratch.folder}" if full else "check the file"
        raise SourceError(f"{shown}: cannot be copied: {error.strerror or error}", next_step=hint) from None
    return digest.hexdigest()
