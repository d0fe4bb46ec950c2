"""Why is a row no task? The codes, what each means, what to do about it, and the sentences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

MISSING_REQUIRED = "missing_required"
UNKNOWN_STATUS = "unknown_status"
INVALID_DATE = "invalid_date"
NO_TIMEZONE = "no_timezone"
NOT_FOUND = "not_found"
AMBIGUOUS = "ambiguous"
INVALID_ID = "invalid_id"
SQL_FAILED = "sql_failed"
MISSING_KEY = "missing_key"
MANGLED_KEY = "mangled_key"
DUPLICATE_KEY = "duplicate_key"
UNKNOWN_SOURCE_KEY = "unknown_source_key"
TOO_MANY_FIELDS = "too_many_fields"
NOT_UTF8 = "not_utf8"
SUBITEM = "subitem"

SKIPPED_TIME = "skipped_time"
REPEATED_TIME = "repeated_time"

SHOWN_CHARACTERS = 80
"""A cell is cut to this length in a sentence; the problem's ``value`` holds all of it."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code means, and what a person can do about it; a line each."""

    meaning: str
    remedy: str


CODES: dict[str, Meaning] = {
    MISSING_REQUIRED: Meaning("A field that must have a value has none.", "Fill the cell in, or give the field a value with `empty`."),
    UNKNOWN_STATUS: Meaning("The status is none of Lightfield's.", "Translate it under `values`, or set `unknown`."),
    INVALID_DATE: Meaning(
        "The date fits none of the formats, or is before 1900 or after 9999.",
        "Correct it, add its format under `formats`, or set `unknown`.",
    ),
    NO_TIMEZONE: Meaning("The time carries no zone, and none is configured.", "Set `timezone`, for the field or for the whole config."),
    NOT_FOUND: Meaning("Nothing in Lightfield has this name.", "Create it in Lightfield, translate it under `values`, or set `unknown`."),
    AMBIGUOUS: Meaning(
        "Several records in Lightfield have this name.", "Rename all but one, or translate it under `values` to a name that fits one."
    ),
    INVALID_ID: Meaning("The value cannot be an id.", "Give an id, or say with `lookup` what the value names."),
    SQL_FAILED: Meaning(
        "The field's sql cannot be worked out for this row.", "Write TRY_CAST instead of CAST, or catch the case with CASE."
    ),
    MISSING_KEY: Meaning("A column of the source key is empty.", "Fill it in, or choose other columns under `source.key`."),
    MANGLED_KEY: Meaning("A spreadsheet has rounded the source key.", "Export the file again and do not save it in a spreadsheet."),
    DUPLICATE_KEY: Meaning(
        "Several rows have this source key, and their content differs.", "Keep one of them, or add a column to `source.key`."
    ),
    UNKNOWN_SOURCE_KEY: Meaning("The ledger does not know this row of a failures file.", "Give `_source_key` back as it was, or empty it."),
    TOO_MANY_FIELDS: Meaning("The record has more fields than the header.", "Quote the cell that holds the delimiter."),
    NOT_UTF8: Meaning("The record is not valid UTF-8.", "Save the file as UTF-8, or name its `source.encoding`."),
    SUBITEM: Meaning("The row stands under a header of its own (monday.com's subitems).", "Move it into the table, or exclude it."),
}
"""Every code of a row that is refused before it is sent. Codes are stable: people filter on them."""

REMARKS: dict[str, Meaning] = {
    SKIPPED_TIME: Meaning(
        "The zone skips this local time, as clocks go forward; it is read as if they had not yet: 02:30 becomes 03:30.",
        "Nothing, or correct the time.",
    ),
    REPEATED_TIME: Meaning(
        "The zone has this local time twice, as clocks go back; the first of the two is taken.", "Nothing, or write the offset."
    ),
}
"""What is counted and shown of rows that are none the worse for it."""

RESOLVABLE = (UNKNOWN_STATUS, INVALID_DATE, NOT_FOUND, INVALID_ID)
"""The codes that ``unknown`` decides about. An ambiguous name is never guessed, and a missing zone is the config's fault."""

NOTE_WORDS = {NOT_FOUND: "not found in Lightfield", INVALID_DATE: "not a date", INVALID_ID: "not an id", UNKNOWN_STATUS: "not a status"}
"""What the description says in brackets of a value that was left out by ``unknown: note``."""

REMARK_WORDS = {
    SKIPPED_TIME: "does not exist in its zone, as clocks go forward then",
    REPEATED_TIME: "comes twice in its zone, as clocks go back then, and the first is meant",
}
"""What a sentence says of a value with this remark."""

PROBLEM_FRAME_SCHEMA = {"index": pl.UInt32, "code": pl.String, "message": pl.String, "value": pl.String}
"""Problems of one field within a batch: position of the row, code, sentence, the cell that caused it."""


def no_problems() -> pl.DataFrame:
    """An empty frame of PROBLEM_FRAME_SCHEMA."""
    return pl.DataFrame(schema=PROBLEM_FRAME_SCHEMA)


def shorten(text: pl.Expr) -> pl.Expr:
    """The first SHOWN_CHARACTERS of a text on one line, with an ellipsis where it was cut."""
    one_line = text.str.slice(0, SHOWN_CHARACTERS).str.replace_all(r"[\r\n]+", " ")
    return pl.when(text.str.len_chars() > SHOWN_CHARACTERS).then(one_line + pl.lit("…")).otherwise(one_line)


def quoted(text: pl.Expr) -> pl.Expr:
    """The shortened text in quotes; null stays null."""
    return pl.concat_str([pl.lit("'"), shorten(text), pl.lit("'")])


def sentence(parts: Iterable[str | pl.Expr]) -> pl.Expr:
    """Text and expressions put together; a null part counts as empty."""
    return pl.concat_str([pl.lit(part) if isinstance(part, str) else part for part in parts], ignore_nulls=True)
