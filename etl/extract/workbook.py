"""Which sheet of a workbook is the table, and what do its cells say?"""

from __future__ import annotations

import importlib.util
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from etl.config.model import SourceConfig
from etl.errors import EtlError, SourceError
from etl.extract.candidates import Candidate, likeliest_tables, listed
from etl.extract.dialect import HEAD_RECORDS
from etl.extract.header import Header, find_header, likeliest
from etl.extract.number_formats import date_styles
from etl.extract.scratch import Scratch
from etl.extract.sheet_cells import telling_cells
from etl.extract.sheet_text import Told, with_telling_cells
from etl.extract.spool import PlainFile, refuse_too_large
from etl.extract.strays import Records, in_sheet, is_titled, without_strays
from etl.extract.table import Table, cell_columns, text_table, unreadable
from etl.extract.workbook_parts import Sheet, epoch_of, sheets_of, styles_of
from etl.frames import ROW

if TYPE_CHECKING:
    from fastexcel import ExcelReader

_OWN_FILE = "save the sheet that is meant as a file of its own (CSV UTF-8)"


def open_xlsx(plain: PlainFile, source: SourceConfig, names: frozenset[str], scratch: Scratch) -> Table:
    """A sheet of an Excel workbook, held in memory; its rows count as the sheet shows them.

    Of several sheets that are shown, the one that has the source key and most of the columns that the config names.

    Args:
        plain: The workbook.
        source: How to read it.
        names: Every column name that the config mentions.
        scratch: Its disk bounds what the workbook may unpack to.

    Raises:
        SourceError: The extra ``xlsx`` is not installed, it is no workbook, its sheet cannot be known, or its header cannot be used.
    """
    if importlib.util.find_spec("fastexcel") is None:
        raise SourceError(
            f"{plain.shown}: xlsx files need the extra xlsx", next_step="pip install 'lightfield-etl[xlsx]', or save it as CSV UTF-8"
        )
    _refuse_old(plain)
    try:
        return _opened(plain, source, names, scratch)
    except EtlError:
        raise
    except Exception as error:  # noqa: BLE001  the engine is a library of its own, and so are its errors; the package may be anything
        raise unreadable(plain, "Excel", error) from None


def _refuse_old(plain: PlainFile) -> None:
    if not zipfile.is_zipfile(plain.path):
        with plain.path.open("rb") as file:
            is_container = file.read(4) == b"\xd0\xcf\x11\xe0"
        fault = "is a workbook of the old format (.xls), or has a password" if is_container else "is no whole Excel file"
        raise SourceError(f"{plain.shown}: {fault}", next_step="save it as .xlsx without a password, or as CSV UTF-8")


def _opened(plain: PlainFile, source: SourceConfig, names: frozenset[str], scratch: Scratch) -> Table:
    import fastexcel

    with zipfile.ZipFile(plain.path) as archive:
        refuse_too_large(sum(member.file_size for member in archive.infolist()), plain.path.stat().st_size, plain.shown, scratch)
        sheets = sheets_of(archive)
        reader = fastexcel.read_excel(str(plain.path))
        sheet = _chosen(reader, sheets, source, names, plain)
        frame, first_column = _cells(reader, sheet, None)
        with archive.open(sheet.part) as part:
            telling = telling_cells(part, date_styles(styles_of(archive)))
        told = with_telling_cells(frame, telling, first_column, epoch_of(archive), plain.shown)
    others = [each.name for each in sheets if each is not sheet]
    notes = (f"sheet {sheet.name} is read; not read: {listed(others)}",) if others else ()
    return _table(told, plain, source, names, notes)


def _table(told: Told, plain: PlainFile, source: SourceConfig, names: frozenset[str], notes: tuple[str, ...]) -> Table:
    head, cells = _head(told.frame, source), cell_columns(told.frame.width - 1)
    header = find_header(head, source.header, names, plain.shown)
    frame = told.frame.lazy().filter(pl.col(ROW) > header.row)
    notes = (*notes, *header.notes, *_about(told, header))
    table = text_table(frame, [pl.col(name) for name in cells], replace(header, notes=notes), header.row + 1, plain)
    above = head[: header.row - 1]
    return without_strays(table, in_sheet(Records(frame, cells, tuple(head[header.row - 1]), is_titled(above))))


def _about(told: Told, header: Header) -> Iterator[str]:
    for position in told.days:
        yield f"every time in {header.columns[position]} is midnight: its dates are taken for dates without a time"
    if told.uncalculated:
        count = len(told.uncalculated)
        yield (
            f"{count} row{'s' if count > 1 else ''} (first: {told.uncalculated[0]}) {'have' if count > 1 else 'has'} a formula whose value "
            "was never worked out: the cell counts as empty; open the workbook in a spreadsheet and save it to have it worked out"
        )


def _chosen(reader: ExcelReader, sheets: Sequence[Sheet], source: SourceConfig, names: frozenset[str], plain: PlainFile) -> Sheet:
    shown = [sheet for sheet in sheets if not sheet.hidden] or list(sheets)
    if len(shown) == 1:
        return shown[0]
    candidates = [Candidate(sheet, sheet.name, _columns(reader, sheet, source, names)) for sheet in shown]
    best = likeliest_tables(candidates, source, names, plain.shown, _OWN_FILE)
    if len(best) > 1:
        raise SourceError(
            f"{plain.shown}: several of its sheets could be the tasks: {listed([each.name for each in best])}", next_step=_OWN_FILE
        )
    return best[0].place


def _columns(reader: ExcelReader, sheet: Sheet, source: SourceConfig, names: frozenset[str]) -> tuple[str, ...]:
    head = _head(_cells(reader, sheet, _head_rows(source))[0], source)
    if not any(any(cell.strip() for cell in row) for row in head):
        return ()
    row = likeliest(head, names) if source.header == "auto" else source.header
    return tuple(head[row - 1]) if row <= len(head) else ()


def _cells(reader: ExcelReader, sheet: Sheet, rows: int | None) -> tuple[pl.DataFrame, int]:
    """ROW and, as String, ``cell_columns``; and which column of the sheet is the first of these."""
    # With 0 rows to skip, blank ones at the top are kept, and rows are numbered as the sheet shows them.
    loaded = reader.load_sheet(sheet.name, header_row=None, skip_rows=0, n_rows=rows, dtypes="string")
    columns = loaded.available_columns()
    frame = pl.DataFrame(loaded)
    frame.columns = list(cell_columns(frame.width))
    return frame.with_row_index(ROW, 1), columns[0].absolute_index if columns else 0


def _head_rows(source: SourceConfig) -> int:
    return HEAD_RECORDS if source.header == "auto" else max(HEAD_RECORDS, source.header)


def _head(frame: pl.DataFrame, source: SourceConfig) -> list[list[str]]:
    return [list(row) for row in frame.head(_head_rows(source)).drop(ROW).fill_null("").iter_rows()]
