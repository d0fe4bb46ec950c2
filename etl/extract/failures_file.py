"""Is a file one of our failures files, and what was in its cells before they were made safe for a spreadsheet?"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from etl.cells import unprotect
from etl.extract.table import cell_columns
from etl.failures_format import FAILURE_COLUMNS, KEY_MARK
from etl.frames import EXTRACT_CODE, EXTRACT_MESSAGE, GIVEN_KEY

TOO_MANY_FIELDS = "too_many_fields"

_MEND = (
    "its cells may stand in the wrong columns, and what was too much is in the last of them: put every cell in its column, then empty "
    "the row's _error_code"
)
_CODE_POSITION = FAILURE_COLUMNS.index("_error_code") - len(FAILURE_COLUMNS)
_KEY_POSITION = FAILURE_COLUMNS.index("_source_key") - len(FAILURE_COLUMNS)


def is_failures_file(columns: Sequence[str]) -> bool:
    """The header ends with exactly our columns; only then are they special."""
    return tuple(columns[-len(FAILURE_COLUMNS) :]) == FAILURE_COLUMNS


def restored(frame: pl.LazyFrame, columns: Sequence[str]) -> pl.LazyFrame:
    """Adds GIVEN_KEY and takes the leading ``'`` off the source's own cells where the report puts one.

    Args:
        frame: Has ``cell_columns`` for ``columns``.
        columns: All of the failures file's columns.
    """
    cells = cell_columns(len(columns))
    own, key = cells[: -len(FAILURE_COLUMNS)], pl.col(cells[_KEY_POSITION])
    given = pl.when(key.str.strip_chars() != "").then(key.str.strip_prefix(KEY_MARK)).alias(GIVEN_KEY)
    return _still_too_long(frame.with_columns(given, *(unprotect(pl.col(cell)) for cell in own)), cells)


def _still_too_long(frame: pl.LazyFrame, cells: Sequence[str]) -> pl.LazyFrame:
    """A row with too many fields stays rejected for as long as it says so.

    Its cells may stand in the wrong columns, which nobody but a person can see.
    """
    marked = (pl.col(cells[_CODE_POSITION]).str.strip_chars() == TOO_MANY_FIELDS) & pl.col(EXTRACT_CODE).is_null()
    return frame.with_columns(
        pl.when(marked).then(pl.lit(TOO_MANY_FIELDS)).otherwise(EXTRACT_CODE).alias(EXTRACT_CODE),
        pl.when(marked).then(pl.lit(_MEND)).otherwise(EXTRACT_MESSAGE).alias(EXTRACT_MESSAGE),
    )


def without_keys(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Adds an empty GIVEN_KEY: the file is an ordinary one."""
    return frame.with_columns(pl.lit(None, dtype=pl.String).alias(GIVEN_KEY))
