"""How is a typed column written as text without losing its meaning?"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import polars as pl
from polars.datatypes import DataTypeClass

LIST_SEPARATOR = ";"

_WHOLE_BELOW = 2.0**63
_DATE_TIME = "%Y-%m-%dT%H:%M:%S%.f"


def flat_columns(name: str, dtype: pl.DataType, column: pl.Expr) -> Iterator[tuple[str, pl.Expr]]:
    """The text columns that one typed column becomes: a struct one for each field, ``parent.child``, any other just one.

    Args:
        name: The column's name.
        dtype: Its type.
        column: Its values.
    """
    if isinstance(dtype, pl.Struct):
        for field in dtype.fields:
            yield from flat_columns(f"{name}.{field.name}", _instance(field.dtype), column.struct.field(field.name))
    else:
        yield name, as_text(column, dtype)


def as_text(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """One typed column as String.

    Whole numbers have no ``.0`` and no number that is (NaN) is null; dates and times are ISO 8601, with the offset where there is a
    zone; booleans are ``true`` and ``false``; bytes that are not UTF-8 text are hex; a list's members are joined by ``;``; a struct
    within a list is JSON.
    """
    if isinstance(dtype, pl.List | pl.Array):
        values = column.arr.to_list() if isinstance(dtype, pl.Array) else column
        return values.list.eval(as_text(pl.element(), _instance(dtype.inner))).list.join(LIST_SEPARATOR)
    if isinstance(dtype, pl.Datetime):
        return column.dt.strftime(_DATE_TIME if dtype.time_zone is None else _DATE_TIME + "%:z")
    if dtype.is_float():
        return _float_text(column)
    writer = _WRITERS.get(type(dtype))
    return column.cast(pl.String) if writer is None else writer(column)


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
