"""Which records of a file are not rows of its table? A report's trailer, and what a board writes between its groups.

No row may be lost, so a record is left out only where its form leaves no doubt:

- A **repeated header** has the header's own text in each of its two or more cells.
- A **group title** has text in one cell alone, the first; the next record that is not blank is a repeated header; and the first header
  has such a title above it, too. (Two files glued together have no titles: the last row of the first, however empty, stays.)
- A **subitem header** says ``Subitems`` and then the name of the first column. The records below it whose first cell is empty are
  rows of that other table. They are kept, and refused (SUBITEM): nobody's work vanishes, unless ``source.exclude`` says so.
- A **trailer** is at the very end: a record with one of the sentences that reports end in, and what follows it; with what stands between
  the last blank record and it (the report's name). All of these have text in one cell alone, but for a total's numbers. A bare
  ``Total`` counts only below a blank record.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import polars as pl

from etl.extract.table import Table, has_text
from etl.frames import EXTRACT_CODE, EXTRACT_MESSAGE, ROW

SUBITEM = "subitem"
"""Code of a row that stands under another header."""

_LAST_RECORDS = 60
_TAIL_BYTES = 64 << 10
_BLOCK_BYTES = 4 << 20
_EXCERPT = 60
_LISTED = 5

_CLOSING = re.compile(
    r"confidential information - do not distribute"
    r"|copyright (\(c\)|©) ?\d{4}\s?-\s?\d{4} salesforce.*"
    r"|grand totals? \(\d[\d,.]* records?\)",
    re.IGNORECASE | re.DOTALL,
)
_TOTAL = re.compile(r"(grand )?totals?:?( \(\d[\d,.]* records?\))?", re.IGNORECASE)
_NUMBER = re.compile(r"[-\d.,\s%$€£]+")
_TRACES = re.compile(rb"do not distribute|salesforce|totals?\b", re.IGNORECASE)
_SUBITEMS = "subitems"
_ABOUT_SUBITEM = (
    "this is a subitem: it stands under a header of its own, and its cells are not those of the table's columns; to import it, move it "
    "into the table; else exclude it"
)


@dataclass(frozen=True, slots=True)
class Strays:
    """Records, by their row number.

    Attributes:
        left_out: Not read at all.
        subitems: Rows of another table.
        notes: What is left out, a sentence each.
    """

    left_out: tuple[int, ...] = ()
    subitems: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Records:
    """What is looked through: the records below a header.

    Attributes:
        frame: ROW and ``cells`` (String), blank records included.
        cells: The frame's cell columns; the first ones are the header's, and what a record has beyond them follows.
        header: The header's cells.
        titled: The header has a title above it.
    """

    frame: pl.LazyFrame
    cells: tuple[str, ...]
    header: tuple[str, ...]
    titled: bool


def is_titled(above: Sequence[Sequence[str]]) -> bool:
    """Has the last record with text above a header only one cell with text, the first?"""
    filled = [record for record in above if any(cell.strip() for cell in record)]
    return bool(filled) and bool(filled[-1][0].strip()) and not any(cell.strip() for cell in filled[-1][1:])


def line_starts(first: str, delimiter: str) -> tuple[str, ...]:
    """How lines begin that repeat a header whose first cell this is, and how headers of subitems do."""
    return tuple(f"{cell}{delimiter}" for text in (first, _SUBITEMS.title(), _SUBITEMS) for cell in _written(text))


def in_text(records: Records, path: Path, delimiter: str, absent_starts: frozenset[str]) -> Strays:
    """The strays of UTF-8 text; read twice only where its bytes bear traces of them.

    Args:
        records: The text's records.
        path: The text.
        delimiter: One character.
        absent_starts: Texts with which no line but the first is known to begin.
    """
    size = path.stat().st_size
    if len(records.header) < 2 or size == 0:  # noqa: PLR2004  in a table of one column every row has one cell
        return Strays()
    # Block by block: the pages of a mapped file would all count as this process's memory.
    with path.open("rb") as file:
        starts = line_starts(records.header[0], delimiter)
        again = not absent_starts.issuperset(starts) and _header_stands_again(file, starts)
        file.seek(max(0, size - _TAIL_BYTES))
        closing = _TRACES.search(file.read()) is not None
    return _together(_groups(records) if again else Strays(), _trailer(records) if closing else Strays())


def in_sheet(records: Records) -> Strays:
    """The strays of a sheet that is held in memory."""
    return _together(_groups(records), _trailer(records)) if len(records.header) > 1 else Strays()


def without_strays(table: Table, strays: Strays) -> Table:
    """The table without them; subitems are refused."""
    if not strays.left_out and not strays.subitems:
        return table
    left_out, subitems = _among(strays.left_out), _among(strays.subitems)
    coded = table.frame.filter(~left_out).with_columns(
        pl.when(subitems).then(pl.lit(SUBITEM)).otherwise(EXTRACT_CODE).alias(EXTRACT_CODE),
        pl.when(subitems).then(pl.lit(_ABOUT_SUBITEM)).otherwise(EXTRACT_MESSAGE).alias(EXTRACT_MESSAGE),
    )
    return replace(table, frame=coded, quick=table.quick.filter(~(left_out | subitems)), notes=(*table.notes, *strays.notes))


def _among(rows: Sequence[int]) -> pl.Expr:
    return pl.col(ROW).is_in(pl.Series(rows, dtype=pl.UInt32).implode()) if rows else pl.lit(value=False)


def _together(groups: Strays, trailer: Strays) -> Strays:
    return Strays(groups.left_out + trailer.left_out, groups.subitems, groups.notes + trailer.notes)


def _header_stands_again(file: BinaryIO, starts: Sequence[str]) -> bool:
    """Does a line below the header begin with one of these, of which the first two are the header's own?"""
    begins = [start.encode() for start in starts]
    block = file.read(_BLOCK_BYTES)
    below = max((start for begin in begins[:2] if (start := block.find(begin)) >= 0), default=0)
    # One search that looks closer at line ends alone: three times as fast as a search for each.
    line, overlap = re.compile(rb"\n(?:" + b"|".join(map(re.escape, begins)) + rb")"), max(map(len, begins))
    window = block[below:]
    while block:
        if line.search(window):
            return True
        block = file.read(_BLOCK_BYTES)
        window = window[-overlap:] + block
    return False


def _written(cell: str) -> tuple[str, str]:
    """A cell without quotes and with them."""
    quoted = cell.replace('"', '""')
    return cell, f'"{quoted}"'


def _groups(records: Records) -> Strays:
    own = records.cells[: len(records.header)]
    first, others = pl.col(own[0]), records.cells[1:]
    is_header = pl.all_horizontal([_text(name).eq(text.strip()) for name, text in zip(own, records.header, strict=True)]) & ~_has_text(
        records.cells[len(own) :]
    )
    begins = _text(own[0]) != ""
    is_sub = (_text(own[0]).str.to_lowercase() == _SUBITEMS) & (_text(own[1]) == records.header[0].strip())
    marked = records.frame.filter(has_text(records.cells)).select(
        ROW, header=is_header, alone=begins & ~has_text(others), sub=is_sub, begins=begins, text=first.str.slice(0, _EXCERPT)
    )
    marked = marked.with_columns(
        title=pl.col("alone") & pl.col("header").shift(-1, fill_value=False) & records.titled,
        under=pl.when("begins").then("sub").forward_fill().fill_null(value=False) & ~pl.col("begins"),
    )
    found = marked.filter(pl.any_horizontal("header", "title", "sub", "under")).collect(engine="streaming")
    if not found["header"].any() and not found["sub"].any():
        return Strays()
    left_out = found.filter(~pl.col("under"))
    subitems = tuple(found.filter("under")[ROW])
    notes = (_about_groups(left_out, len(subitems)),)
    return Strays(tuple(left_out[ROW]), subitems, notes)


def _about_groups(left_out: pl.DataFrame, subitems: int) -> str:
    titles = left_out.filter("title")
    kinds = (
        (left_out["header"].sum(), "repeated header"),
        (titles.height, "group title"),
        (left_out["sub"].sum(), "subitem header"),
    )
    counted = [f"{count} {kind}{'s' if count > 1 else ''}" for count, kind in kinds if count]
    named = f" ({_listed(titles['text'].to_list())})" if titles.height else ""
    below = (
        f"; the {subitems} row{'s' if subitems > 1 else ''} below subitem headers: refused, but for those that source.exclude keeps out"
        if subitems
        else ""
    )
    return f"not read, as no rows of the table: {', '.join(counted)}{named}; rows {_listed(left_out[ROW].to_list())}{below}"


def _trailer(records: Records) -> Strays:
    # What follows the table is short; a frame's tail is found in one pass that holds little.
    last = records.frame.select(ROW, *records.cells).tail(_LAST_RECORDS).collect(engine="streaming")
    rows = [(row, [cell.strip() for cell in cells if cell and cell.strip()]) for row, *cells in last.iter_rows()]
    start = _start_of_trailer([texts for _, texts in rows])
    cut = [(row, texts[0]) for row, texts in rows[start:] if texts]
    if not cut:
        return Strays()
    count = f"{len(cut)} line{'s' if len(cut) > 1 else ''} below the table {'are' if len(cut) > 1 else 'is'} not read"
    return Strays(tuple(row for row, _ in cut), (), (f"{count}: {_listed([text[:_EXCERPT] for _, text in cut])}",))


def _start_of_trailer(records: Sequence[Sequence[str]]) -> int:
    """Where the trailer begins among the last records, each the texts of its filled cells; their number where there is none."""
    end = len(records)
    begin = end
    while begin and _may_close(records[begin - 1]):
        begin -= 1
    for place in range(begin, end):
        texts = records[place]
        if not texts or not (_CLOSING.fullmatch(texts[0]) or _TOTAL.fullmatch(texts[0])):
            continue
        blanks = [before for before in range(begin, place) if not records[before]]
        if blanks:
            return blanks[-1] + 1
        if _CLOSING.fullmatch(texts[0]):
            return place
    return end


def _may_close(texts: Sequence[str]) -> bool:
    """Is it blank, has it text in one cell alone, or is it a total with its numbers?"""
    return len(texts) <= 1 or (_TOTAL.fullmatch(texts[0]) is not None and all(_NUMBER.fullmatch(text) for text in texts[1:]))


def _text(name: str) -> pl.Expr:
    return pl.col(name).fill_null("").str.strip_chars()


def _has_text(names: Sequence[str]) -> pl.Expr:
    return has_text(names) if names else pl.lit(value=False)


def _listed(items: Sequence[object]) -> str:
    return ", ".join(map(str, items[:_LISTED])) + (" …" if len(items) > _LISTED else "")
