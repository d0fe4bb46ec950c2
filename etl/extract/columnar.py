"""How do parquet, ndjson and xlsx files become LazyFrames of text?"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence

import polars as pl
from polars.datatypes import DataTypeClass

from etl.config.columns import fold_column
from etl.config.model import SourceConfig
from etl.errors import SourceError
from etl.extract.dialect import HEAD_RECORDS
from etl.extract.header import Header, find_header, name_columns
from etl.extract.spool import PlainFile, sha256_of
from etl.extract.strays import Records, in_sheet, is_titled, without_strays
from etl.extract.table import Table, cell_columns, has_text
from etl.extract.wording import flat_columns, holds_bytes
from etl.records import EXTRACT_CODE, EXTRACT_MESSAGE, ROW

_BLANK_BYTES = 64
"""So far a list's bracket is looked for."""


def open_parquet(plain: PlainFile, names: frozenset[str]) -> Table:
    """A Parquet file; its rows count from 1.

    Args:
        plain: The file.
        names: Every column name that the config mentions.

    Raises:
        SourceError: It is cut off or damaged, its column names cannot be used, or one that the config mentions holds bytes.
    """
    try:
        frame = pl.scan_parquet(plain.path, glob=False, row_index_name=ROW, row_index_offset=1)
        schema = _readable(frame, frame.collect_schema())
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _unreadable(plain, "Parquet", error) from None
    return _typed_table(frame, schema, plain, names)


def open_ndjson(plain: PlainFile, names: frozenset[str]) -> Table:
    """A file with one JSON object a line; its rows count from 1. Numbers are the text that was written, at any depth.

    Args:
        plain: The file.
        names: Every column name that the config mentions.

    Raises:
        SourceError: It is not such a file, or its names cannot be used.
    """
    with plain.path.open("rb") as file:
        if file.read(_BLANK_BYTES).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
            raise SourceError(
                f"{plain.shown}: is one JSON list, and not one object a line", next_step="convert it: jq -c '.[]' FILE > tasks.ndjson"
            )
    try:
        found = pl.scan_ndjson(plain.path, infer_schema_length=None).collect_schema()
        schema = pl.Schema({name: _all_text(dtype) for name, dtype in found.items()})
        frame = pl.scan_ndjson(plain.path, schema=schema, row_index_name=ROW, row_index_offset=1)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _unreadable(plain, "NDJSON", error) from None
    return _typed_table(frame, schema, plain, names)


def open_xlsx(plain: PlainFile, source: SourceConfig, names: frozenset[str]) -> Table:
    """The first sheet of an Excel workbook, held in memory; its rows count as the sheet shows them.

    Raises:
        SourceError: The extra ``xlsx`` is not installed, it is no workbook, or its header cannot be used.
    """
    if importlib.util.find_spec("fastexcel") is None:
        raise SourceError(
            f"{plain.shown}: xlsx files need the extra xlsx", next_step="pip install 'lightfield-etl[xlsx]', or save it as CSV UTF-8"
        )
    sheet = _read_sheet(plain)
    head = [["" if cell is None else str(cell) for cell in row] for row in sheet.head(_head_rows(source)).iter_rows()]
    header = find_header(head, source.header, names, plain.shown)
    frame = sheet.with_row_index(ROW, 1).rename(dict(zip(sheet.columns, cell_columns(sheet.width), strict=True))).lazy()
    frame = frame.filter(pl.col(ROW) > header.row)
    cells = cell_columns(sheet.width)
    strays = in_sheet(Records(frame, cells, tuple(head[header.row - 1]), is_titled(head[: header.row - 1])))
    return without_strays(_table(frame, [pl.col(name) for name in cells], header, header.row + 1, plain), strays)


def _head_rows(source: SourceConfig) -> int:
    return HEAD_RECORDS if source.header == "auto" else max(HEAD_RECORDS, source.header)


def _read_sheet(plain: PlainFile) -> pl.DataFrame:
    try:
        return pl.read_excel(
            plain.path,
            engine="calamine",
            has_header=False,
            drop_empty_rows=False,
            drop_empty_cols=False,
            infer_schema_length=0,
            raise_if_empty=False,
            # Else the engine leaves out blank rows at the top, and rows would be numbered otherwise than the sheet shows.
            read_options={"skip_rows": 0},
        ).cast(pl.String)
    except Exception as error:  # noqa: BLE001  the engine is a library of its own, and so are its errors
        raise _unreadable(plain, "Excel", error) from None


def _readable(frame: pl.LazyFrame, schema: pl.Schema) -> pl.Schema:
    """The schema without ROW, in which Binary columns that hold UTF-8 text, as older writers mark none, are String."""
    return pl.Schema(
        {name: pl.String() if dtype == pl.Binary and _is_text(frame, name) else dtype for name, dtype in schema.items() if name != ROW}
    )


def _is_text(frame: pl.LazyFrame, name: str) -> bool:
    try:
        frame.select(pl.nth(frame.collect_schema().names().index(name)).cast(pl.String).count()).collect(engine="streaming")
    except pl.exceptions.ComputeError:
        return False
    return True


def _all_text(dtype: pl.DataType | DataTypeClass) -> pl.DataType:
    if isinstance(dtype, pl.Struct):
        return pl.Struct({field.name: _all_text(field.dtype) for field in dtype.fields})
    return pl.List(_all_text(dtype.inner)) if isinstance(dtype, pl.List) else pl.String()


def _typed_table(frame: pl.LazyFrame, schema: pl.Schema, plain: PlainFile, names: frozenset[str]) -> Table:
    _refuse_bytes(schema, names, plain)
    read = frame.collect_schema().names()
    flat = [
        (path, text, path == name)
        for name, dtype in schema.items()
        for path, text in flat_columns(
            name, dtype, pl.nth(read.index(name)).cast(dtype) if dtype == pl.String else pl.nth(read.index(name))
        )
    ]
    if not flat:
        raise SourceError(f"{plain.shown} has no columns", next_step="check the export, or name another file")
    paths = _distinct_paths([(path, own) for path, _, own in flat])
    columns, notes = name_columns(paths, names, plain.shown)
    moved = [f"{path} is called {new}: a column has its name" for (path, *_), new in zip(flat, paths, strict=True) if path != new]
    return _table(frame, [text for _, text, _ in flat], Header(0, columns, (*notes, *moved)), 1, plain)


def _distinct_paths(names: Sequence[tuple[str, bool]]) -> list[str]:
    """A column that is itself called ``owner.email`` keeps its name, and the path of the same name gets a number."""
    taken = {name for name, own in names if own}
    distinct = []
    for name, own in names:
        new, number = name, 2
        while new in taken and not own:
            new, number = f"{name}_{number}", number + 1
        taken.add(new)
        distinct.append(new)
    return distinct


def _refuse_bytes(schema: pl.Schema, names: frozenset[str], plain: PlainFile) -> None:
    wanted = frozenset(map(fold_column, names))
    for name, dtype in schema.items():
        if holds_bytes(dtype) and any(mention == fold_column(name) or mention.startswith(f"{fold_column(name)}.") for mention in wanted):
            raise SourceError(
                f"{plain.shown}: column {name!r} holds bytes, not text", next_step="export it as text, or leave it out of the map"
            )


def _table(frame: pl.LazyFrame, texts: list[pl.Expr], header: Header, first_row: int, plain: PlainFile) -> Table:
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


def _unreadable(plain: PlainFile, kind: str, error: Exception) -> SourceError:
    reason = str(error).partition("\n")[0]
    return SourceError(f"{plain.shown}: is no whole {kind} file: {reason}", next_step="export or copy it again, or correct source.format")
