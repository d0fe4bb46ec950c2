"""Which rows are in the input? Opens its files and cuts them into batches, as often as they are asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import polars as pl

from etl.cells import unprotect_text
from etl.config.model import SourceConfig
from etl.errors import SourceError
from etl.extract.archive import task_members
from etl.extract.exclude import absent_columns, excluded_columns, with_excluded
from etl.extract.failures_file import reading_of, restored, without_keys
from etl.extract.paths import find_files
from etl.extract.reader import open_table
from etl.extract.scratch import Scratch
from etl.extract.side_table import SideTables
from etl.extract.spool import PlainFile, Readable, local_file
from etl.extract.stamp import Stamp
from etl.extract.table import Table, cell_columns
from etl.extract.unpack import ZIP, packing, unpacked
from etl.failures_format import FAILURE_COLUMNS, is_failures_file
from etl.frames import EXCLUDED, EXTRACT_CODE, EXTRACT_MESSAGE, GIVEN_KEY, ROW, RawBatch, SourceFile

ROWS_PER_BATCH = 10_000
"""Of every pass that hands rows on to the load or the reports; a pass that only counts takes more at once."""

_OURS = (ROW, EXCLUDED, GIVEN_KEY, EXTRACT_CODE, EXTRACT_MESSAGE)


@dataclass(frozen=True, slots=True)
class _OpenFile:
    """One file: what is known of it, its rows, and the state of the user's own file when it was opened."""

    file: SourceFile
    whole: pl.LazyFrame
    quick: pl.LazyFrame
    stamp: Stamp | None


class OpenSource:
    """The input, opened: every byte was looked at once, and its rows can be read as often as needed.

    Use it as a context manager, or call ``close``.

    Attributes:
        files: What was found out about each file, in input order.
        side_tables: Opens the side files that come with it.
    """

    def __init__(self, opened: Sequence[_OpenFile], scratch: Scratch, side_tables: SideTables) -> None:
        self.files = tuple(one.file for one in opened)
        self.side_tables = side_tables
        self._opened = tuple(opened)
        self._scratch = scratch

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def batches(
        self,
        *,
        rows_per_batch: int = ROWS_PER_BATCH,
        limit: int | None = None,
        columns: Sequence[Collection[str]] | None = None,
        quick: bool = False,
    ) -> Iterator[RawBatch]:
        """The rows, in input order; a batch never mixes files.

        Args:
            rows_per_batch: At most so many rows in a batch.
            limit: Only the first so many rows of the whole input.
            columns: For each file, the source columns that are wanted, in any order; the frames then have only those, in file order.
            quick: For a look at few columns: blank lines may be among the rows, and EXTRACT_CODE says nothing.

        Raises:
            SourceChangedError: A file is not what it was when it was opened.
            SourceError: A file turned out to be damaged, or ``source.exclude`` failed on a cell.
        """
        left = limit
        for position, opened in enumerate(self._opened):
            wanted = opened.file.columns if columns is None else [name for name in opened.file.columns if name in columns[position]]
            # A limit counts rows, and only the whole frame knows which records are rows.
            source = opened.quick if quick and limit is None else opened.whole
            for frame in _frames(opened, source, wanted, rows_per_batch, left):
                left = None if left is None else left - frame.height
                yield RawBatch(opened.file, frame)
            if left == 0:
                break
        self.ensure_unchanged()

    def ensure_unchanged(self) -> None:
        """Hold every file against what it was when it was opened.

        Raises:
            SourceChangedError: One was cut, rewritten, replaced or removed.
        """
        for opened in self._opened:
            _ensure_unchanged(opened)

    def close(self) -> None:
        """Remove the private copies."""
        self._scratch.close()


def open_source(  # noqa: PLR0913  the room's one door: what to read, how, and where copies may lie
    source: SourceConfig,
    patterns: Sequence[str],
    folder: Path,
    *,
    names: frozenset[str],
    scratch: Path,
    stdin: Readable | None = None,
    spare: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> OpenSource:
    """Find and open the input; every byte of it is read once.

    Args:
        source: How to read it.
        patterns: Paths, globs and ``-``, relative to ``folder``.
        folder: The working directory, or the config's folder.
        names: Every column name that the config mentions, by which header and delimiter are found.
        scratch: Folder for private copies of what is packed, piped or not plain UTF-8; made when needed.
        stdin: What ``-`` means.
        spare: ``source.exclude`` may name columns that a file lacks, as a preset's does.
        sleep: Waits so many seconds before a download is tried again.

    Raises:
        SourceError: Some file cannot be used; the message says which, where and why.
        SourceChangedError: A file changed while it was looked at.
    """
    room = Scratch(scratch)
    names = names.union(excluded_columns(source.exclude))
    try:
        local = [local_file(found, room, stdin, sleep) for found in find_files(patterns, folder)]
        plain_files = (plain for file in local for plain in _plain_files(file, source, names, room))
        opened = [
            _open(plain, index, open_table(plain, reading_of(plain.path, source), names, room), source.exclude, spare)
            for index, plain in enumerate(plain_files)
        ]
        result = OpenSource(opened, room, _side_tables(local, source, room))
        result.ensure_unchanged()
    except BaseException:
        room.close()
        raise
    return result


def _plain_files(file: PlainFile, source: SourceConfig, names: frozenset[str], scratch: Scratch) -> list[PlainFile]:
    return task_members(file, source, names, scratch) if packing(file) == ZIP else [unpacked(file, scratch)]


def _side_tables(local: Sequence[PlainFile], source: SourceConfig, scratch: Scratch) -> SideTables:
    archives = tuple(file for file in local if packing(file) == ZIP)
    # What was spooled lies nowhere that the user knows.
    folders = tuple(dict.fromkeys(file.path.parent for file in local if file.stamp is not None))
    return SideTables(archives, folders, source, scratch)


def _open(plain: PlainFile, index: int, table: Table, exclude: str | None, spare: bool) -> _OpenFile:  # noqa: FBT001  as open_source has it
    given_back = is_failures_file(table.columns)
    whole, quick = (restored(each, table.columns) if given_back else without_keys(each) for each in (table.frame, table.quick))
    # The report protects column names as it does cells.
    own = tuple(map(unprotect_text, table.columns[: -len(FAILURE_COLUMNS)])) if given_back else table.columns
    file = SourceFile(
        index=index,
        path=plain.shown,
        columns=own,
        delimiter=table.delimiter,
        encoding=table.encoding,
        first_row=table.first_row,
        is_failures_file=given_back,
        notes=(*table.notes, *_about_exclude(absent_columns(exclude, own))),
        size_bytes=plain.path.stat().st_size,
        sha256=table.sha256,
    )
    whole, quick = (with_excluded(each, exclude, own, plain.shown, spare=spare) for each in (whole, quick))
    return _OpenFile(file, whole, quick, plain.stamp)


def _about_exclude(absent: Sequence[str]) -> tuple[str, ...]:
    return (f"source.exclude reads columns that are not in this file; they count as empty: {', '.join(absent)}",) if absent else ()


def _frames(opened: _OpenFile, source: pl.LazyFrame, wanted: Sequence[str], rows: int, limit: int | None) -> Iterator[pl.DataFrame]:
    cells = dict(zip(opened.file.columns, cell_columns(len(opened.file.columns)), strict=True))
    frame = source.select(*_OURS, *(cells[name] for name in wanted))
    frame = frame if limit is None else frame.head(limit)
    try:
        for batch in frame.collect_batches(chunk_size=rows, maintain_order=True, lazy=True):
            _ensure_unchanged(opened)
            batch.columns = [*_OURS, *wanted]
            if batch.height:
                yield batch
    except (pl.exceptions.PolarsError, OSError) as error:
        _ensure_unchanged(opened)
        reason = str(error).partition("\n")[0]
        raise SourceError(
            f"{opened.file.path}: cannot be read to its end: {reason}", next_step="check the file and source.exclude"
        ) from None


def _ensure_unchanged(opened: _OpenFile) -> None:
    if opened.stamp is not None:
        opened.stamp.ensure_unchanged()
