"""How does a packed file (.gz, .zst) become a plain one, and which files are archives?"""

from __future__ import annotations

import gzip
import importlib.util
import shlex
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import PurePath
from typing import BinaryIO, cast

from etl.errors import SourceError
from etl.extract.scratch import Scratch
from etl.extract.spool import PlainFile, copy_stream, sha256_of
from etl.extract.workbook_parts import WORKBOOK
from etl.extract.zstd import DamagedError, ZstdStream

ZIP = ".zip"

_GZIP, _ZSTD = ".gz", ".zst"
_MAGIC = ((b"\x1f\x8b", _GZIP), (b"\x28\xb5\x2f\xfd", _ZSTD), (b"PK\x03\x04", ZIP))


def packing(plain: PlainFile) -> str | None:
    """``.gz``, ``.zst`` or ``.zip``: by the suffix, else (standard input has no name) by the first bytes; None for a plain file."""
    suffix = PurePath(plain.name).suffix.lower()
    if suffix in {_GZIP, _ZSTD, ZIP}:
        return suffix
    if suffix:
        return None
    with plain.path.open("rb") as file:
        head = file.read(4)
    found = next((name for magic, name in _MAGIC if head.startswith(magic)), None)
    return None if found == ZIP and _is_workbook(plain) else found


def unpacked(plain: PlainFile, scratch: Scratch) -> PlainFile:
    """The file itself, or, where it is a ``.gz`` or ``.zst``, a plain copy in ``scratch``.

    Raises:
        SourceError: It is damaged, or would not fit on the disk.
    """
    opener = _OPENERS.get(packing(plain) or "")
    if opener is None:
        return plain
    with opener(plain) as stream:
        return unpack_stream(plain, stream, PurePath(plain.name).stem, plain.path.stat().st_size, scratch)


def unpack_stream(  # noqa: PLR0913, PLR0917  one member of an archive and where it goes
    plain: PlainFile, stream: BinaryIO, name: str, packed_bytes: int, scratch: Scratch, sha256: str | None = None
) -> PlainFile:
    """What a stream unpacks, as a plain file of this name.

    Raises:
        SourceError: It is damaged, or grows too large.
    """
    target = scratch.new_file(".unpacked")
    try:
        copy_stream(stream, target, plain.shown, scratch, packed_bytes=packed_bytes)
    except (gzip.BadGzipFile, EOFError, zlib.error, zipfile.BadZipFile, DamagedError) as error:
        raise SourceError(f"{plain.shown}: is damaged or cut off: {error}", next_step="export or download it again") from None
    return replace(plain, path=target, name=name, sha256=sha256 or plain.sha256 or sha256_of(plain.path))


@contextmanager
def _open_gzip(plain: PlainFile) -> Iterator[BinaryIO]:
    with gzip.open(plain.path, "rb") as stream:
        yield cast("BinaryIO", stream)


@contextmanager
def _open_zstd(plain: PlainFile) -> Iterator[BinaryIO]:
    if importlib.util.find_spec("zstandard") is None:
        raise SourceError(
            f"{plain.shown}: .zst files need the extra zst",
            next_step=f"pip install 'lightfield-etl[zst]', or unpack it: zstd -d {shlex.quote(plain.shown)}",
        )
    with plain.path.open("rb") as file:
        yield cast("BinaryIO", ZstdStream(file))


_OPENERS: dict[str, Callable[[PlainFile], AbstractContextManager[BinaryIO]]] = {_GZIP: _open_gzip, _ZSTD: _open_zstd}


def _is_workbook(plain: PlainFile) -> bool:
    try:
        with zipfile.ZipFile(plain.path) as archive:
            return WORKBOOK in archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError):
        return False
