"""What does every reader, delimited or columnar, hand to the scan?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from etl.errors import SourceError
from etl.extract.header import Header
from etl.extract.spool import PlainFile, sha256_of
from etl.frames import EXTRACT_CODE, EXTRACT_MESSAGE, RESERVED, ROW


@dataclass(frozen=True, slots=True)
class Table:
    """One file, opened.

    Attributes:
        frame: ROW, EXTRACT_CODE, EXTRACT_MESSAGE and, as String, ``cell_columns`` in the order of ``columns``; without blank rows.
        quick: The same with blank rows, and without a word of faults: what polars reads much faster where few cells are wanted.
        columns: The names of all of the file's columns, those of a failures file included.
        delimiter: One character, or None for a columnar format.
        encoding: As decided, or None for a columnar format.
        first_row: The number of the first record.
        notes: What was assumed, a sentence each.
        sha256: Hex digest of the user's own bytes.
    """

    frame: pl.LazyFrame
    quick: pl.LazyFrame
    columns: tuple[str, ...]
    delimiter: str | None
    encoding: str | None
    first_row: int
    notes: tuple[str, ...]
    sha256: str


def cell_columns(count: int) -> tuple[str, ...]:
    """Our names for a file's columns by their position: polars takes a source's ``*`` or ``^a$`` for a pattern."""
    return tuple(f"{RESERVED}cell_{position}" for position in range(count))


def has_text(names: Iterable[str]) -> pl.Expr:
    """Boolean: some of these columns hold more than blanks."""
    return pl.any_horizontal([pl.col(name).str.strip_chars() != "" for name in names]).fill_null(value=False)


def text_table(frame: pl.LazyFrame, texts: Sequence[pl.Expr], header: Header, first_row: int, plain: PlainFile) -> Table:
    """The table of a columnar file.

    Args:
        frame: Has ROW and what ``texts`` read.
        texts: Each column as String.
        header: Its columns, and the notes on it.
        first_row: The number of the first record.
        plain: The file.
    """
    cells = cell_columns(len(texts))
    nothing = [pl.lit(None, dtype=pl.String).alias(name) for name in (EXTRACT_CODE, EXTRACT_MESSAGE)]
    named = [pl.when(text != "").then(text).alias(cell) for text, cell in zip(texts, cells, strict=True)]
    texts_alone = frame.select(pl.col(ROW), *nothing, *named)
    return Table(
        frame=texts_alone.filter(has_text(cells)),
        quick=texts_alone,
        columns=header.columns,
        delimiter=None,
        encoding=None,
        first_row=first_row,
        notes=header.notes,
        sha256=plain.sha256 or sha256_of(plain.path),
    )


def unreadable(plain: PlainFile, kind: str, error: Exception) -> SourceError:
    """What is said of a file that its format's reader cannot read."""
    reason = str(error).partition("\n")[0]
    return SourceError(f"{plain.shown}: is no whole {kind} file: {reason}", next_step="export or copy it again, or correct source.format")
