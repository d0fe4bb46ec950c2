"""Which members of a .zip are the table of tasks?"""

from __future__ import annotations

import zipfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import PurePath, PurePosixPath
from typing import BinaryIO, cast

from etl.config.columns import fold_column
from etl.config.model import SourceConfig
from etl.errors import SourceError
from etl.extract.candidates import Candidate, likeliest_tables, listed
from etl.extract.delimited import head_columns
from etl.extract.paths import natural_key
from etl.extract.reader import FORMATS, open_table
from etl.extract.scratch import Scratch
from etl.extract.spool import PlainFile, refuse_too_large, sha256_of
from etl.extract.unpack import unpack_stream

_HEAD_BYTES = 1 << 20
_TEXT = frozenset({".csv", ".txt", ".tsv", ".tab"})
_TABBED = frozenset({".tsv", ".tab"})
_ENCRYPTED = 0x1
_UNPACK = "unpack it and name the file that is meant"


def task_members(plain: PlainFile, source: SourceConfig, names: frozenset[str], scratch: Scratch) -> list[PlainFile]:
    """The members that hold the tasks, unpacked into ``scratch``, in the order of their names.

    Of several tables those are the tasks whose header has every column of the source key, and the most of the columns that the
    config names; all members with that same header are parts of one table. One table alone is taken as it is. Nothing but these is
    unpacked, and always under a name of ours, so that no member's path reaches the disk.

    Args:
        plain: The archive.
        source: How to read its members.
        names: Every column name that the config mentions.
        scratch: For the copies.

    Raises:
        SourceError: It is damaged, protected or too large; or no table, or more than one, could be the tasks.
    """
    with opened_archive(plain) as archive:
        members = _tables(archive, plain.shown)
        chosen = members if len(members) == 1 else _choose(archive, plain, members, source, names, scratch)
        sha256 = plain.sha256 or sha256_of(plain.path)
        return [unpack_member(archive, member, replace(plain, sha256=sha256), scratch) for member in chosen]


def find_member(archive: zipfile.ZipFile, file: str, shown: str) -> zipfile.ZipInfo | None:
    """The member that a side file's name means: by its whole path, else by its last part, whatever the case.

    Raises:
        SourceError: Several members have that name.
    """
    members = [member for member in archive.infolist() if not member.is_dir()]
    for key in (str, _base_name):
        found = [member for member in members if key(member.filename) == key(PurePath(file).as_posix())]
        if len(found) > 1:
            twice = listed([member.filename for member in found])
            raise SourceError(f"{shown}: several members are called {file}: {twice}", next_step="write the path within the archive")
        if found:
            return found[0]
    return None


def unpack_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, plain: PlainFile, scratch: Scratch) -> PlainFile:
    """One member as a plain file.

    Raises:
        SourceError: It is damaged, protected with a password, or too large.
    """
    inner = replace(plain, shown=f"{plain.shown}/{member.filename}")
    if member.flag_bits & _ENCRYPTED:
        raise SourceError(f"{inner.shown}: is protected with a password", next_step="unpack it with the password and name the file in it")
    refuse_too_large(member.file_size, member.compress_size, inner.shown, scratch)
    with archive.open(member) as stream:
        return unpack_stream(inner, cast("BinaryIO", stream), PurePosixPath(member.filename).name, member.compress_size, scratch)


@contextmanager
def opened_archive(plain: PlainFile) -> Iterator[zipfile.ZipFile]:
    """The archive.

    Raises:
        SourceError: It is none, or damaged.
    """
    try:
        with zipfile.ZipFile(plain.path) as archive:
            yield archive
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, UnicodeDecodeError) as error:
        raise SourceError(f"{plain.shown}: cannot be unpacked: {error}", next_step="unpack it and name the file in it") from None


def _base_name(name: str) -> str:
    return PurePosixPath(name).name.casefold()


def _tables(archive: zipfile.ZipFile, shown: str) -> list[zipfile.ZipInfo]:
    inside = [member for member in archive.infolist() if not member.is_dir() and not _is_litter(member.filename)]
    tables = [member for member in inside if PurePosixPath(member.filename).suffix.lower() in FORMATS]
    if tables:
        return sorted(tables, key=lambda member: natural_key(member.filename))
    held = listed([member.filename for member in inside]) or "nothing"
    raise SourceError(f"{shown}: there is no table in it, but: {held}", next_step=f"tables are files that end in {', '.join(FORMATS)}")


def _is_litter(name: str) -> bool:
    """What a Mac puts beside every file."""
    return name.startswith("__MACOSX/") or PurePosixPath(name).name.startswith("._")


def _choose(  # noqa: PLR0913, PLR0917  the archive, how to read it, and what is looked for
    archive: zipfile.ZipFile,
    plain: PlainFile,
    members: Sequence[zipfile.ZipInfo],
    source: SourceConfig,
    names: frozenset[str],
    scratch: Scratch,
) -> list[zipfile.ZipInfo]:
    candidates = [Candidate(member, member.filename, _columns(archive, plain, member, source, names, scratch)) for member in members]
    by_header: dict[tuple[str, ...], list[zipfile.ZipInfo]] = defaultdict(list)
    for candidate in likeliest_tables(candidates, source, names, plain.shown, _UNPACK):
        by_header[tuple(map(fold_column, candidate.columns))].append(candidate.place)
    if len(by_header) > 1:
        tied = listed([member.filename for group in by_header.values() for member in group])
        raise SourceError(f"{plain.shown}: several tables in it could be the tasks: {tied}", next_step=_UNPACK)
    return next(iter(by_header.values()))


def _columns(  # noqa: PLR0913, PLR0917  as _choose
    archive: zipfile.ZipFile,
    plain: PlainFile,
    member: zipfile.ZipInfo,
    source: SourceConfig,
    names: frozenset[str],
    scratch: Scratch,
) -> tuple[str, ...]:
    """The header of one member; none where it is not to be read, as only the tasks have to be."""
    suffix = PurePosixPath(member.filename).suffix.lower()
    if suffix in _TEXT and not member.flag_bits & _ENCRYPTED:
        with archive.open(member) as stream:
            return head_columns(stream.read(_HEAD_BYTES), source, names, tabbed=suffix in _TABBED)
    inner = unpack_member(archive, member, plain, scratch)
    try:
        return open_table(inner, source, names, scratch).columns
    except SourceError:
        return ()
    finally:
        scratch.discard(inner.path)
