"""What does every reader, delimited or columnar, hand to the scan?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from etl.records import RESERVED


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
