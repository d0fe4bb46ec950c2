"""Which rows need a person, with all the source's own columns as they were, so that they can be mended and run again?

The file is only there when at least one row needs a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

import polars as pl

from etl.cells import protect, protect_text
from etl.failures_format import FAILURE_COLUMNS, KEY_MARK
from etl.frames import ROW, SourceFile
from etl.report.folder import RunFolder, local_failures, write_all
from etl.report.lines import ACTION, FILE, KEY, KNOWN, needs_a_person

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LAST_ASCII = 127


class FailuresFile:
    """``failures.csv``: UTF-8 with BOM, cells that a spreadsheet would run protected.

    The delimiter is the first file's, comma where that is columnar; the columns are those of all files, in order of first appearance.
    """

    def __init__(self, folder: RunFolder, files: Sequence[SourceFile]) -> None:
        self._folder = folder
        self._columns = tuple(dict.fromkeys(column for file in files for column in file.columns))
        self._separator = _separator(files)
        self._stream: BinaryIO | None = None

    def write(self, lines: pl.DataFrame, sources: pl.DataFrame) -> None:
        """Adds those of the lines that need a person.

        Args:
            lines: LINE_SCHEMA, in input order.
            sources: ROW, then columns of their file, of at least the rows that need a person.

        Raises:
            LocalFailureError: The folder vanished or the disk is full.
        """
        failed = lines.filter(needs_a_person())
        if failed.is_empty():
            return
        # Names of our own making, because a source column may be called like one of ours.
        cells = sources.rename({name: f"source_{place}" for place, name in enumerate(self._columns) if name in sources.columns})
        rows = failed.join(cells, on=ROW, how="left", maintain_order="left")
        with local_failures(self._folder.failures):
            stream = self._opened()
            rows.select(*self._source_cells(rows), *_our_cells()).write_csv(stream, include_header=False, separator=self._separator)

    def end(self) -> None:
        """Ends the file, if there is one.

        Raises:
            LocalFailureError: The disk is full.
        """
        if self._stream is not None:
            with local_failures(self._folder.failures):
                self._stream.close()

    def _source_cells(self, rows: pl.DataFrame) -> list[pl.Expr]:
        names = [f"source_{place}" for place in range(len(self._columns))]
        return [protect(pl.col(name)) if name in rows.columns else pl.lit(None, pl.String).alias(name) for name in names]

    def _opened(self) -> BinaryIO:
        if self._stream is None:
            self._stream = self._folder.open_new(self._folder.failures)
            write_all(self._stream, _BYTE_ORDER_MARK)
            self._header().write_csv(self._stream, include_header=False, separator=self._separator)
        return self._stream

    def _header(self) -> pl.DataFrame:
        names = [*map(protect_text, self._columns), *FAILURE_COLUMNS]
        return pl.DataFrame({str(place): [name] for place, name in enumerate(names)})


def _our_cells() -> list[pl.Expr]:
    marked_key = pl.when(KNOWN).then(pl.concat_str(pl.lit(KEY_MARK), KEY))
    cells = {
        "_row": pl.col(ROW),
        "_file": protect(pl.col(FILE)),
        "_source_key": marked_key,
        "_action": pl.col(ACTION),
        "_error_code": pl.col("error_code"),
        "_error_field": protect(pl.col("error_field")),
        "_error_message": protect(pl.col("error_message")),
        "_http_status": pl.col("http_status"),
        "_attempts": pl.col("attempts"),
    }
    return [cells[name].alias(name) for name in FAILURE_COLUMNS]


def _separator(files: Sequence[SourceFile]) -> str:
    """The first file's, unless it is columnar or has one that a CSV writer cannot use (more than a byte)."""
    delimiter = files[0].delimiter if files else None
    return delimiter if delimiter and len(delimiter) == 1 and ord(delimiter) <= _LAST_ASCII else ","
