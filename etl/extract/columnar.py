"""How do parquet and ndjson files become LazyFrames of text?"""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl
from polars.datatypes import DataTypeClass

from etl.config.columns import fold_column
from etl.errors import SourceError
from etl.extract.header import Header, name_columns
from etl.extract.ndjson_fault import first_fault
from etl.extract.spool import PlainFile
from etl.extract.table import Table, text_table, unreadable
from etl.extract.wording import flat_columns, holds_bytes
from etl.frames import ROW

_ROWS_AT_ONCE = 125_000
"""Polars decodes several row groups of Parquet ahead of whoever takes the rows, and would hold a million rows at a time."""

_BLANK_BYTES = 64
"""So far a list's bracket is looked for."""

_LISTS_OF_A_PAGE = frozenset({"data", "results", "items", "value", "values", "records", "list", "tasks", "activities", "entries", "rows"})
_ABOUT_A_PAGE = frozenset({"request_id", "next_page_id", "status", "success", "message", "code", "name", "type", "object"})
"""Names beside such a list that are no record's, although they may look like it, or stand in a config."""


def open_parquet(plain: PlainFile, names: frozenset[str]) -> Table:
    """A Parquet file; its rows count from 1.

    Args:
        plain: The file.
        names: Every column name that the config mentions.

    Raises:
        SourceError: It is cut off or damaged, its column names cannot be used, or one that the config mentions holds bytes.
    """
    try:
        frame = _in_pieces(pl.scan_parquet(plain.path, glob=False, row_index_name=ROW, row_index_offset=1))
        schema = _readable(frame, frame.collect_schema())
    except (pl.exceptions.PolarsError, OSError) as error:
        raise unreadable(plain, "Parquet", error) from None
    return _typed_table(frame, schema, plain, names)


def _in_pieces(frame: pl.LazyFrame) -> pl.LazyFrame:
    """The same rows, a part of them decoded at a time."""
    rows = frame.select(pl.len()).collect().item()
    return pl.concat([frame.slice(first, _ROWS_AT_ONCE) for first in range(0, rows, _ROWS_AT_ONCE)]) if rows else frame


def open_ndjson(plain: PlainFile, names: frozenset[str]) -> Table:
    """A file with one JSON object a line; its rows count from 1. Numbers are the text that was written, at any depth.

    Args:
        plain: The file.
        names: Every column name that the config mentions.

    Raises:
        SourceError: It is not such a file, it holds pages of an API's answer, or its names cannot be used.
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
        fault = first_fault(plain.path)
        if fault is None:
            raise unreadable(plain, "NDJSON", error) from None
        raise SourceError(f"{plain.shown}: {fault}", next_step="correct the line, or export the file again") from None
    _refuse_pages(schema, names, plain)
    return _typed_table(frame, schema, plain, names)


def _refuse_pages(schema: pl.Schema, names: frozenset[str], plain: PlainFile) -> None:
    """A page of an API's answer is one object, too; read as a row, all of its records but the first would be lost."""
    lists = [name for name, dtype in schema.items() if name.lower() in _LISTS_OF_A_PAGE and _is_list_of_objects(dtype)]
    own = [name for name in schema.names() if name not in lists and fold_column(name) not in _ABOUT_A_PAGE]
    if lists and not any(_is_of_a_record(name, names) for name in own):
        raise SourceError(
            f"{plain.shown}: is a page of an API's answer, whose records are the list {lists[0]!r}, and not one object a line",
            next_step=f"convert it: jq -c '.{lists[0]}[]' FILE > tasks.ndjson",
        )


def _is_list_of_objects(dtype: pl.DataType) -> bool:
    return isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.Struct)


def _is_of_a_record(name: str, names: frozenset[str]) -> bool:
    """Does the column identify an object, or does the config speak of it? Then a list beside it is a part of that object."""
    return re.fullmatch(r"(?:.*[_ ])?(?:id|uuid|guid|gid|key)|.+I[dD]", name) is not None or _is_mentioned(name, names)


def _is_mentioned(name: str, names: frozenset[str]) -> bool:
    folded = fold_column(name)
    return any(mention == folded or mention.startswith(f"{folded}.") for mention in map(fold_column, names))


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
    return text_table(frame, [text for _, text, _ in flat], Header(0, columns, (*notes, *moved)), 1, plain)


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
    for name, dtype in schema.items():
        if holds_bytes(dtype) and _is_mentioned(name, names):
            raise SourceError(
                f"{plain.shown}: column {name!r} holds bytes, not text", next_step="export it as text, or leave it out of the map"
            )
