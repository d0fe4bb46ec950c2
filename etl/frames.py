"""The frames that travel between rooms, and which columns of ours they carry.

They stand beside the source's; ours all begin with ``RESERVED``, which no source column may.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

RESERVED = "__etl_"
"""Prefix of every column of ours; a source column that begins with it is refused."""

ROW = "__etl_row"
"""UInt32: the row's number as a spreadsheet shows it (header is row 1); 1 is the first record where there is no header."""
EXCLUDED = "__etl_excluded"
"""Boolean: ``source.exclude`` is true of this row."""
GIVEN_KEY = "__etl_given_key"
"""String or null: the identity that a failures file's ``_source_key`` gives back, without its ``key:``."""
EXTRACT_CODE = "__etl_extract_code"
"""String or null: code of a problem found while reading (``too_many_fields``, ``not_utf8``)."""
EXTRACT_MESSAGE = "__etl_extract_message"
"""String or null: the sentence that goes with EXTRACT_CODE."""

SOURCE_KEY = "__etl_source_key"
"""String or null: the normalised source key, the row's identity within its import."""
KEY_DIGEST = "__etl_key_digest"
"""Binary(16) or null: digest of the source key, what the ledger is looked up by."""
FINGERPRINT = "__etl_fingerprint"
"""Binary(16): digest of the mapped content; equal fingerprints mean equal tasks."""
KEY_HASH = "__etl_key_hash"
"""UInt64 or null: a quick hash of the source key, good for this process alone (polars may change it): to find duplicates."""
CONTENT_HASH = "__etl_content_hash"
"""UInt64: the same of the mapped content."""
HAS_PROBLEM = "__etl_has_problem"
"""Boolean: the row has at least one line in ``PreparedBatch.problems``."""

PROBLEM_CODE = "code"
PROBLEM_FIELD = "field"
PROBLEM_MESSAGE = "message"
PROBLEM_VALUE = "value"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of the input, and what was found out about it before its rows are read.

    Attributes:
        index: Position among the run's files, from 0.
        path: As shown to the user (the path they gave, or the name inside an archive).
        columns: The source's own column names, in file order, without those of a failures file.
        delimiter: One character, or None for a columnar format.
        encoding: As decided (``utf-8``, ``cp1252`` …), or None for a columnar format.
        first_row: The number of the first record (2 below a header on line 1).
        is_failures_file: Its header ends with our failure columns: ``_source_key`` gives identities back.
        notes: What was assumed, a sentence each, to be said aloud.
        size_bytes: Size of what was read.
        sha256: Hex digest of the bytes as they are on disk.
    """

    index: int
    path: str
    columns: tuple[str, ...]
    delimiter: str | None
    encoding: str | None
    first_row: int
    is_failures_file: bool
    notes: tuple[str, ...]
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class RawBatch:
    """A bounded frame of text as it stands in one file.

    ``frame`` columns: ROW, EXCLUDED, GIVEN_KEY, EXTRACT_CODE, EXTRACT_MESSAGE, then ``file.columns`` as String (null where the
    cell is empty). Blank lines are not in it, but count in ROW.
    """

    file: SourceFile
    frame: pl.DataFrame


@dataclass(frozen=True, slots=True)
class PreparedBatch:
    """The same rows, mapped.

    ``frame`` columns: ROW, EXCLUDED, SOURCE_KEY, KEY_HASH, CONTENT_HASH, KEY_DIGEST, FINGERPRINT (both null where digests were not
    asked for), HAS_PROBLEM, then one column a target field (``$title`` …), String or List(String) for many-valued relationships;
    null means left out of the request.
    ``problems`` columns: ROW, then ``code``, ``field``, ``message``, ``value`` (String, the cell that caused it): every problem of
    every row of the batch that has one, in the order of rows and then of the map. Excluded rows have none.
    ``remarks``: the same columns, of what was decided for rows that are none the worse for it; None where there was nothing to decide.
    """

    raw: RawBatch
    frame: pl.DataFrame
    problems: pl.DataFrame
    remarks: pl.DataFrame | None = None
