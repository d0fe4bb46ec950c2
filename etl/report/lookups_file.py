"""What stands in ``lookups.csv``, where people fill in what words mean that Lightfield does not know?"""

from __future__ import annotations

import codecs
import io
import os
from pathlib import Path

import polars as pl

from etl.cells import protect, unprotect
from etl.report.folder import open_private, write_all

LOOKUPS_COLUMNS = ("field", "value", "rows", "problem", "suggestion_1", "suggestion_2", "use")
"""The header; columns that a person added stand behind them and are kept."""

LOOKUPS_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {name: pl.UInt32 if name == "rows" else pl.String for name in LOOKUPS_COLUMNS}

_NEEDED = ("field", "value", "use")
_DELIMITERS = (",", ";", "\t")


class UnreadableLookupsError(Exception):
    """The file is not one of ours, or cannot be read; the message says why."""


def read_lookups(path: Path) -> pl.DataFrame:
    """The lines of the file, also as a spreadsheet saved it; texts trimmed, null where empty.

    Returns:
        LOOKUPS_SCHEMA, and the columns that a person added (String); no lines where there is no file.

    Raises:
        UnreadableLookupsError: It has not the columns, or is no such file.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return pl.DataFrame(schema=LOOKUPS_SCHEMA)
    except OSError as error:
        raise UnreadableLookupsError(error.strerror or str(error)) from error
    if not content.strip():
        return pl.DataFrame(schema=LOOKUPS_SCHEMA)
    return _in_order(_parsed(_decoded(content)))


def _decoded(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


def _parsed(text: str) -> pl.DataFrame:
    first, _, rest = text.partition("\n")
    if first.strip().strip('"').lower().startswith("sep="):  # how spreadsheets note their delimiter
        text, first = rest, rest.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    try:
        return pl.read_csv(io.BytesIO(text.encode()), separator=delimiter, infer_schema=False, truncate_ragged_lines=True)
    except pl.exceptions.PolarsError as error:
        raise UnreadableLookupsError(str(error).partition("\n")[0]) from error


def _in_order(frame: pl.DataFrame) -> pl.DataFrame:
    names = {name: name.strip().lower() for name in frame.columns}
    ours = {name: own for own in LOOKUPS_COLUMNS for name in names if names[name] == own}
    missing = [name for name in _NEEDED if name not in ours.values()]
    if missing:
        raise UnreadableLookupsError(f"it has no column {' and no column '.join(missing)}")
    cells = frame.select(unprotect(pl.all().str.strip_chars()).replace("", None)).rename(ours)
    absent = [name for name in LOOKUPS_COLUMNS if name not in cells.columns]
    cells = cells.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in absent)
    cells = cells.with_columns(pl.col("rows").cast(pl.UInt32, strict=False))
    return cells.filter(pl.any_horizontal(pl.col(_NEEDED).is_not_null())).select(*LOOKUPS_COLUMNS, pl.exclude(LOOKUPS_COLUMNS))


def write_lookups(path: Path, lines: pl.DataFrame) -> None:
    """Writes the file in one step: UTF-8 with BOM, private, cells that a spreadsheet would run protected.

    Args:
        path: Where; an older file is replaced.
        lines: As ``read_lookups`` gives them.

    Raises:
        OSError: The folder cannot be written, or another program holds the file.
    """
    content = lines.select(protect(pl.col(pl.String)), pl.selectors.exclude(pl.String)).select(lines.columns)
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    try:
        with open_private(part) as stream:
            write_all(stream, content.write_csv(include_bom=True).encode())
            os.fsync(stream.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
