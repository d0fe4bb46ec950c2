"""How is a typed column written as text without losing its meaning?"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import polars as pl
from polars.datatypes import DataTypeClass

LIST_SEPARATOR = ";"

_WHOLE_BELOW = 2.0**63
_DATE_TIME = "%Y-%m-%dT%H:%M:%S%.f"


def flat_columns(name: str, dtype: pl.DataType, column: pl.Expr) -> Iterator[tuple[str, pl.Expr]]:
    """The text columns that one typed column becomes, by their paths; which they are depends on the type alone.

    A struct becomes one for each field (``parent.child``); a list of structs its JSON, and one for each field of its first member
    (``parent[0].child``); any other just one.

    Args:
        name: The column's name.
        dtype: Its type.
        column: Its values.
    """
    if isinstance(dtype, pl.Struct):
        yield from _field_columns(name, dtype, column)
        return
    yield name, as_text(column, dtype)
    if isinstance(dtype, pl.List | pl.Array) and isinstance(dtype.inner, pl.Struct):
        yield from _field_columns(f"{name}[0]", dtype.inner, _as_list(column, dtype).list.first())


def _field_columns(path: str, dtype: pl.Struct, column: pl.Expr) -> Iterator[tuple[str, pl.Expr]]:
    for field in dtype.fields:
        yield from flat_columns(f"{path}.{field.name}", _instance(field.dtype), column.struct.field(field.name))


def holds_bytes(dtype: pl.DataType | DataTypeClass) -> bool:
    """Are there bytes in the type, which are no text?"""
    if isinstance(dtype, pl.Struct):
        return any(holds_bytes(field.dtype) for field in dtype.fields)
    if isinstance(dtype, pl.List | pl.Array):
        return holds_bytes(dtype.inner)
    return dtype == pl.Binary


def as_text(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """One typed column as String.

    Whole numbers have no ``.0`` and no number that is (NaN) is null; dates and times are ISO 8601, with the offset where there is a
    zone; booleans are ``true`` and ``false``; bytes that are not UTF-8 text are hex; a list's members are joined by ``;``; a list of
    structs or of lists is JSON.
    """
    if isinstance(dtype, pl.List | pl.Array):
        if _instance(dtype.inner).is_nested():
            return _json_text(column)
        return _as_list(column, dtype).list.eval(as_text(pl.element(), _instance(dtype.inner))).list.join(LIST_SEPARATOR)
    if isinstance(dtype, pl.Datetime):
        return column.dt.strftime(_DATE_TIME if dtype.time_zone is None else _DATE_TIME + "%:z")
    if dtype.is_float():
        return _float_text(column)
    writer = _WRITERS.get(type(dtype))
    return column.cast(pl.String) if writer is None else writer(column)


def _as_list(column: pl.Expr, dtype: pl.List | pl.Array) -> pl.Expr:
    return column.arr.to_list() if isinstance(dtype, pl.Array) else column


def _json_text(column: pl.Expr) -> pl.Expr:
    # Only structs are written as JSON: {"v":[…]} holds the list's own between its first five characters and its last.
    wrapped = pl.struct(column.alias("v")).struct.json_encode()
    return pl.when(column.is_not_null()).then(wrapped.str.slice(5).str.head(-1))


def _float_text(column: pl.Expr) -> pl.Expr:
    whole = column.is_finite() & (column == column.floor()) & (column.abs() < _WHOLE_BELOW)
    return (
        pl.when(column.is_nan())
        .then(pl.lit(None, dtype=pl.String))
        .when(whole)
        .then(column.cast(pl.Int64, strict=False).cast(pl.String))
        .otherwise(column.cast(pl.String))
    )


_WRITERS: dict[type[pl.DataType], Callable[[pl.Expr], pl.Expr]] = {
    pl.Struct: lambda column: column.struct.json_encode(),
    pl.Time: lambda column: column.dt.strftime("%H:%M:%S%.f"),
    pl.Duration: lambda column: column.dt.to_string("iso"),
    pl.Binary: lambda column: column.bin.encode("hex"),
}


def _instance(dtype: pl.DataType | DataTypeClass) -> pl.DataType:
    return dtype if isinstance(dtype, pl.DataType) else dtype()
