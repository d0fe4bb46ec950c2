"""Which rows are in the input? Opens its files and cuts them into batches, as often as they are asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import BinaryIO, Self

import polars as pl

from etl.cells import unprotect_text
from etl.config.model import SourceConfig
from etl.errors import SourceError
from etl.extract.columnar import open_ndjson, open_parquet, open_xlsx
from etl.extract.delimited import open_delimited
from etl.extract.exclude import with_excluded
from etl.extract.failures_file import is_failures_file, restored, without_keys
from etl.extract.paths import find_files
from etl.extract.scratch import Scratch
from etl.extract.spool import PlainFile, make_plain
from etl.extract.stamp import Stamp
from etl.extract.table import Table, cell_columns
from etl.records import EXCLUDED, EXTRACT_CODE, EXTRACT_MESSAGE, FAILURE_COLUMNS, GIVEN_KEY, ROW, RawBatch, SourceFile

ROWS_PER_BATCH = 10_000

_OURS = (ROW, EXCLUDED, GIVEN_KEY, EXTRACT_CODE, EXTRACT_MESSAGE)

_FORMATS = {
    ".csv": "csv",
    ".txt": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".xlsx": "xlsx",
}


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
    """

    def __init__(self, opened: Sequence[_OpenFile], scratch: Scratch) -> None:
        self.files = tuple(one.file for one in opened)
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
    stdin: BinaryIO | None = None,
) -> OpenSource:
    """Find and open the input; every byte of it is read once.

    Args:
        source: How to read it.
        patterns: Paths, globs and ``-``, relative to ``folder``.
        folder: The working directory, or the config's folder.
        names: Every column name that the config mentions, by which header and delimiter are found.
        scratch: Folder for private copies of what is packed, piped or not plain UTF-8; made when needed.
        stdin: What ``-`` means.

    Raises:
        SourceError: Some file cannot be used; the message says which, where and why.
        SourceChangedError: A file changed while it was looked at.
    """
    room = Scratch(scratch)
    try:
        plain_files = (make_plain(found, room, stdin) for found in find_files(patterns, folder))
        opened = [_open(plain, index, _table(plain, source, names, room), source.exclude) for index, plain in enumerate(plain_files)]
        result = OpenSource(opened, room)
        result.ensure_unchanged()
    except BaseException:
        room.close()
        raise
    return result


def _open(plain: PlainFile, index: int, table: Table, exclude: str | None) -> _OpenFile:
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
        notes=table.notes,
        size_bytes=plain.path.stat().st_size,
        sha256=table.sha256,
    )
    whole, quick = (with_excluded(each, exclude, own, plain.shown) for each in (whole, quick))
    return _OpenFile(file, whole, quick, plain.stamp)


def _table(plain: PlainFile, source: SourceConfig, names: frozenset[str], scratch: Scratch) -> Table:
    kind = source.format or _kind(plain)
    if plain.path.stat().st_size == 0:
        raise SourceError(f"{plain.shown} is empty: there is not even a header in it", next_step="check the export, or name another file")
    if kind == "parquet":
        return open_parquet(plain)
    if kind == "ndjson":
        return open_ndjson(plain)
    if kind == "xlsx":
        return open_xlsx(plain, source, names)
    return open_delimited(plain, source, names, scratch, tabbed=kind == "tsv")


def _kind(plain: PlainFile) -> str:
    by_suffix = _FORMATS.get(PurePath(plain.name).suffix.lower())
    if by_suffix is not None:
        return by_suffix
    with plain.path.open("rb") as file:
        return "parquet" if file.read(4) == b"PAR1" else "csv"


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
