"""How is a failures file of ours read, and what was in its cells before they were made safe for a spreadsheet?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from etl.cells import unprotect
from etl.config.model import SourceConfig
from etl.extract.encoding import encoding_of_bom, encoding_of_sample, read_sample
from etl.extract.table import cell_columns
from etl.failures_format import FAILURE_COLUMNS, KEY_MARK
from etl.frames import EXTRACT_CODE, EXTRACT_MESSAGE, GIVEN_KEY

TOO_MANY_FIELDS = "too_many_fields"
NOT_UTF8 = "not_utf8"

_MEND = {
    TOO_MANY_FIELDS: (
        "its cells may stand in the wrong columns, and what was too much is in the last of them: put every cell in its column, then "
        "empty the row's _error_code"
    ),
    NOT_UTF8: "letters of it were lost, and stand there as \\xNN: write them anew, then empty the row's _error_code",
}
"""What has to be done to a row before it is read again: only a person can see whether it was."""

_HEAD_BYTES = 1 << 18
_CODE_POSITION = FAILURE_COLUMNS.index("_error_code") - len(FAILURE_COLUMNS)
_KEY_POSITION = FAILURE_COLUMNS.index("_source_key") - len(FAILURE_COLUMNS)
_OF_THE_SOURCE = frozenset({"format", "encoding", "delimiter", "header"})
_OUR_HEADER = re.compile('"?[,;\t|]"?'.join(FAILURE_COLUMNS) + '"?[\r\n]')


def restored(frame: pl.LazyFrame, columns: Sequence[str]) -> pl.LazyFrame:
    """Adds GIVEN_KEY and takes the leading ``'`` off the source's own cells where the report puts one.

    Args:
        frame: Has ``cell_columns`` for ``columns``.
        columns: All of the failures file's columns.
    """
    cells = cell_columns(len(columns))
    own, key = cells[: -len(FAILURE_COLUMNS)], pl.col(cells[_KEY_POSITION])
    given = pl.when(key.str.strip_chars() != "").then(key.str.strip_prefix(KEY_MARK)).alias(GIVEN_KEY)
    return _still_unmended(frame.with_columns(given, *(unprotect(pl.col(cell)) for cell in own)), cells)


def _still_unmended(frame: pl.LazyFrame, cells: Sequence[str]) -> pl.LazyFrame:
    """A row whose record was damaged stays rejected for as long as it says so."""
    code = pl.col(cells[_CODE_POSITION]).str.strip_chars()
    marked = code.is_in(list(_MEND)) & pl.col(EXTRACT_CODE).is_null()
    return frame.with_columns(
        pl.when(marked).then(code).otherwise(EXTRACT_CODE).alias(EXTRACT_CODE),
        pl.when(marked)
        .then(code.replace_strict(_MEND, default=None, return_dtype=pl.String))
        .otherwise(EXTRACT_MESSAGE)
        .alias(EXTRACT_MESSAGE),
    )


def reading_of(path: Path, source: SourceConfig) -> SourceConfig:
    """How a file is read that may be a failures file of ours: that one is CSV and shows itself how, whatever its source was."""
    if not source.model_fields_set & _OF_THE_SOURCE:
        return source
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not _OUR_HEADER.search(read_sample(head, encoding_of_bom(head) or encoding_of_sample(head))):
        return source
    return source.model_copy(update={name: SourceConfig.model_fields[name].default for name in _OF_THE_SOURCE})


def without_keys(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Adds an empty GIVEN_KEY: the file is an ordinary one."""
    return frame.with_columns(pl.lit(None, dtype=pl.String).alias(GIVEN_KEY))
