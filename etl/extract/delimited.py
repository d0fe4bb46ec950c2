"""How do csv and tsv files become LazyFrames of text?"""

from __future__ import annotations

import csv
import itertools
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import polars as pl

from etl.config.model import SourceConfig
from etl.errors import SourceError
from etl.extract.dialect import (
    DELIMITER_NAMES,
    HEAD_RECORDS,
    guess_delimiter,
    head_records,
    large_cells,
    named_delimiter,
    stated_delimiter,
)
from etl.extract.encoding import (
    MARK,
    MARK_CHARACTER,
    UTF_8,
    encoding_of_bom,
    encoding_of_sample,
    looks_like_bare_utf_16,
    named_encoding,
    read_sample,
)
from etl.extract.header import find_header, likeliest
from etl.extract.rewrite import LONGEST_CELL
from etl.extract.scratch import Scratch
from etl.extract.spool import PlainFile
from etl.extract.strays import Records, in_text, is_titled, line_starts, without_strays
from etl.extract.table import Table, cell_columns, has_text
from etl.extract.utf8 import Utf8Maker, Utf8Text
from etl.frames import EXTRACT_CODE, EXTRACT_MESSAGE, ROW

_BYTES_AT_ONCE = 1 << 20
"""Polars reads 400 MB ahead of whoever takes the rows; with smaller pieces 100 MB, just as fast. It can be told in no other way."""

SURPLUS_FIELDS = 8
"""So many fields beyond the header's are told apart; a record with more has its last ones joined."""

_SAMPLE_BYTES = 1 << 20
_EXCERPT = 200
_LONGEST_START = 1_000
_NOTHING = pl.lit(None, pl.String)


def open_delimited(plain: PlainFile, source: SourceConfig, names: frozenset[str], scratch: Scratch, *, tabbed: bool) -> Table:
    """A file of delimited text, all of whose bytes were looked at.

    Args:
        plain: The file.
        source: Its encoding, delimiter and header, each of which may be ``auto``.
        names: Every column name that the config mentions.
        scratch: For copies.
        tabbed: The file's name or ``source.format`` says that it is tsv.

    Raises:
        SourceError: It is empty, not in the encoding, has a quote that is not closed, or a header that cannot be used.
    """
    with plain.path.open("rb") as file:
        head = file.read(_SAMPLE_BYTES)
    named, preferred = named_encoding(source.encoding), "\t" if tabbed else ","
    _refuse_other_kinds(head, named, plain.shown)
    provisional = named or encoding_of_bom(head) or encoding_of_sample(head)
    sample = read_sample(head, provisional)
    sample = sample if len(head) < _SAMPLE_BYTES else sample[: sample.rfind("\n") + 1] or sample
    delimiter = named_delimiter(source.delimiter) or stated_delimiter(sample) or guess_delimiter(sample, names, preferred=preferred)
    at_least = HEAD_RECORDS if source.header == "auto" else max(HEAD_RECORDS, source.header)
    head_cells = list(_first_records(plain.path, provisional, delimiter, at_least))
    usual = max((1, *map(len, head_cells)))
    maker = Utf8Maker(plain, delimiter, usual, usual + SURPLUS_FIELDS, _likely_starts(head_cells, source, names, delimiter), scratch)
    text = maker.read_by_itself(encoding_of_bom(head)) if named is None else maker.read_as(named)
    first = _without_statement(list(_first_records(text.path, UTF_8, delimiter, at_least)), delimiter)
    header = find_header(first, source.header, names, plain.shown)
    guessed = source.delimiter == "auto" and delimiter != preferred
    notes = (f"cells are separated by {DELIMITER_NAMES[delimiter]}",) if guessed else ()
    surplus = _surplus(len(header.columns), text.max_fields)
    cells = (*cell_columns(len(header.columns)), *surplus)
    scanned = _scan(text, delimiter, cells, header.row)
    table = Table(
        frame=_judged(scanned, text, delimiter, header.columns, surplus),
        quick=scanned.with_columns(_NOTHING.alias(EXTRACT_MESSAGE), _NOTHING.alias(EXTRACT_CODE)),
        columns=header.columns,
        delimiter=delimiter,
        encoding=text.encoding,
        first_row=header.row + 1,
        notes=(*text.notes, *notes, *header.notes),
        sha256=plain.sha256 or text.sha256,
    )
    records = Records(scanned, cells, tuple(first[header.row - 1]), is_titled(first[: header.row - 1]))
    return without_strays(table, in_text(records, text.path, delimiter, text.absent_starts))


def head_columns(head: bytes, source: SourceConfig, names: frozenset[str], *, tabbed: bool) -> tuple[str, ...]:
    """The header's cells, as the first bytes of a file show them; none where they show no table.

    Args:
        head: May end within a record.
        source: Its encoding, delimiter and header, each of which may be ``auto``.
        names: Every column name that the config mentions.
        tabbed: The file's name or ``source.format`` says that it is tsv.

    Raises:
        SourceError: The config names no encoding or delimiter.
    """
    sample = read_sample(head, named_encoding(source.encoding) or encoding_of_bom(head) or encoding_of_sample(head))
    usual = "\t" if tabbed else ","
    delimiter = named_delimiter(source.delimiter) or stated_delimiter(sample) or guess_delimiter(sample, names, preferred=usual)
    return _likely_header(_without_statement(list(head_records(sample, delimiter)), delimiter), source, names)


def _likely_header(records: list[list[str]], source: SourceConfig, names: frozenset[str]) -> tuple[str, ...]:
    if not any(cell.strip() for record in records for cell in record):
        return ()
    row = likeliest(records, names) if source.header == "auto" else source.header
    return tuple(records[row - 1]) if row <= len(records) else ()


def _likely_starts(records: list[list[str]], source: SourceConfig, names: frozenset[str], delimiter: str) -> tuple[str, ...]:
    # A longer cell is a quote that is not closed, or no header that stands again; and no pattern can be as long as a file.
    first = [cell for cell in _likely_header(records, source, names)[:1] if len(cell) <= _LONGEST_START]
    return tuple(start for cell in first for start in line_starts(cell, delimiter))


def _without_statement(records: list[list[str]], delimiter: str) -> list[list[str]]:
    """The records, with a blank one for Excel's ``sep=;``, which is no part of the table."""
    stated = bool(records) and delimiter.join(records[0]).lower() == f"sep={delimiter}"
    return [[], *records[1:]] if stated else records


def _refuse_other_kinds(head: bytes, encoding: str | None, shown: str) -> None:
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise SourceError(
            f"{shown}: is an Excel workbook or an archive, not text", next_step="save it as CSV UTF-8, or set source.format: xlsx"
        )
    if head.startswith(b"PAR1"):
        raise SourceError(f"{shown}: is a Parquet file, not text", next_step="set source.format: parquet")
    if encoding is None and encoding_of_bom(head) is None and looks_like_bare_utf_16(head):
        raise SourceError(
            f"{shown}: looks like UTF-16 without a byte order mark", next_step="set source.encoding: utf-16-le (or utf-16-be)"
        )


def _first_records(path: Path, encoding: str, delimiter: str, at_least: int) -> Iterator[list[str]]:
    """Records from the top: enough for the header, and on to the first that is not blank; fewer where the text ends in a fault."""
    filled = False
    with path.open(encoding=encoding, errors="replace", newline="") as text, large_cells(LONGEST_CELL):
        reader = csv.reader(_without_bom(text), delimiter=delimiter)
        for number in itertools.count(1):
            try:
                record = next(reader)
            except (StopIteration, csv.Error, UnicodeError):
                return
            filled = filled or any(cell.strip() for cell in record)
            yield record
            if number >= at_least and filled:
                return


def _without_bom(lines: Iterable[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        yield line if number else line.removeprefix("\ufeff")


def _surplus(columns: int, width: int) -> tuple[str, ...]:
    """Our names for what a record may have beyond the header: mostly none, as each is read for every record."""
    return tuple(f"__etl_surplus_{number}" for number in range(width - columns))


def _scan(text: Utf8Text, delimiter: str, cells: Sequence[str], header_row: int) -> pl.LazyFrame:
    """ROW and every cell of every record below the header, the surplus ones too."""
    os.environ.setdefault("POLARS_CSV_CHUNK_SIZE", str(_BYTES_AT_ONCE))
    # One pass from the very top: what polars calls a row with has_header=False is what a spreadsheet calls one, blank lines included.
    frame = pl.scan_csv(
        text.path,
        has_header=False,
        schema=dict.fromkeys(cells, pl.String),
        separator=delimiter,
        null_values=[""],
        row_index_name=ROW,
        row_index_offset=1,
        extra_columns="ignore",
        missing_columns="insert",
        glob=False,
    )
    return frame.filter(pl.col(ROW) > header_row)


def _judged(scanned: pl.LazyFrame, text: Utf8Text, delimiter: str, columns: tuple[str, ...], surplus: tuple[str, ...]) -> pl.LazyFrame:
    """Without blank rows, and with the faults of the others."""
    cells = cell_columns(len(columns))

    def judge(frame: pl.DataFrame) -> pl.DataFrame:
        if not text.has_marks and _is_faultless(frame, cells[0], surplus):
            return frame.select(ROW, *cells, _NOTHING.alias(EXTRACT_MESSAGE), _NOTHING.alias(EXTRACT_CODE))
        return _with_faults(frame, text, delimiter, columns, surplus)

    # Each piece as it is read, so that what no row of it has is not looked for in each: half the price of reading.
    schema = {ROW: pl.UInt32, **dict.fromkeys((*cells, EXTRACT_MESSAGE, EXTRACT_CODE), pl.String)}
    return scanned.map_batches(
        judge, schema=schema, streamable=True, predicate_pushdown=False, projection_pushdown=False, slice_pushdown=False
    )


def _is_faultless(frame: pl.DataFrame, first: str, surplus: tuple[str, ...]) -> bool:
    """Has every record text in its first cell, and none beyond the header? Most pieces of most files are like that."""
    return all(frame[name].null_count() == frame.height for name in surplus) and bool(
        frame.select((pl.col(first).str.strip_chars() != "").fill_null(value=False).all()).item()
    )


def _with_faults(frame: pl.DataFrame, text: Utf8Text, delimiter: str, columns: tuple[str, ...], surplus: tuple[str, ...]) -> pl.DataFrame:
    cells = cell_columns(len(columns))
    faults = [(_too_many_fields(surplus, len(columns), delimiter), "too_many_fields")] if surplus else []
    if text.has_marks:
        faults.append((_not_utf8(cells, columns), "not_utf8"))
    rows = frame.filter(has_text((*cells, *surplus)))
    judged = rows.select(
        ROW,
        *cells[:-1],
        _with_surplus(pl.col(cells[-1]), surplus, delimiter) if surplus else cells[-1],
        pl.coalesce(_NOTHING, *(message for message, _ in faults)).alias(EXTRACT_MESSAGE),
        pl.coalesce(_NOTHING, *(pl.when(message.is_not_null()).then(pl.lit(code)) for message, code in faults)).alias(EXTRACT_CODE),
    )
    return judged.with_columns(_unmarked(pl.col(EXTRACT_MESSAGE, *cells))) if text.has_marks else judged


def _with_surplus(last: pl.Expr, surplus: tuple[str, ...], delimiter: str) -> pl.Expr:
    """The last cell, and behind it what stands beyond the header: nothing of the row may be missing from failures.csv."""
    whole = pl.concat_str(last.fill_null(""), *surplus, separator=delimiter, ignore_nulls=True)
    return pl.when(has_text(surplus)).then(whole).otherwise(last)


def _too_many_fields(surplus: tuple[str, ...], expected: int, delimiter: str) -> pl.Expr:
    # Null where there is nothing beyond, and then so is the sentence: written out for every row, it took longer than the scan.
    beyond = pl.when(has_text(surplus)).then(pl.concat_str(surplus, separator=delimiter, ignore_nulls=True))
    return pl.format(
        "the header has {} and this row has more; beyond them stands: {}. A cell that holds the delimiter must be quoted. In failures.csv "
        "it stands at the end of the last cell: put every cell in its column, then empty the row's _error_code",
        pl.lit(f"{expected} field{'s' if expected > 1 else ''}"),
        beyond.str.slice(0, _EXCERPT),
    )


def _not_utf8(cells: tuple[str, ...], columns: tuple[str, ...]) -> pl.Expr:
    return pl.coalesce([_not_utf8_cell(pl.col(cell), column) for cell, column in zip(cells, columns, strict=True)])


def _not_utf8_cell(cell: pl.Expr, column: str) -> pl.Expr:
    sentence = pl.format(
        "{} holds bytes that are not UTF-8, shown as \\xNN: {}. Save the file as UTF-8, or set source.encoding",
        pl.lit(column),
        cell.str.slice(0, _EXCERPT),
    )
    return pl.when(cell.str.contains(MARK, literal=True)).then(sentence)


def _unmarked(text: pl.Expr) -> pl.Expr:
    return text.str.replace_all(MARK_CHARACTER, "", literal=True)
