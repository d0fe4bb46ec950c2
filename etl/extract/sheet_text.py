"""What text does a cell of a sheet become, once it is known what it shows?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from etl.errors import SourceError
from etl.extract.long_numbers import judged
from etl.extract.number_formats import CLOCK, DAY, MOMENT, SPAN
from etl.extract.sheet_cells import COLUMN, ERROR, KIND, LONG_NUMBER, UNCALCULATED, VALUE
from etl.extract.table import cell_columns
from etl.frames import ROW

_DATE, _CLOCK = "%Y-%m-%d", "%H:%M:%S%.f"
_DAY_MS = 86_400_000
_LAST_DAY = 2_958_465
"""The 31st of December 9999, beyond which there are no dates."""

_IS_MIDNIGHT = "is midnight"


@dataclass(frozen=True, slots=True)
class Told:
    """A sheet whose cells say what they show.

    Attributes:
        frame: ROW and ``cell_columns``.
        days: Positions of columns of dates with a time, all of which are midnight: taken for dates without one.
        uncalculated: Rows of formulas whose value was never worked out: empty cells.
    """

    frame: pl.DataFrame
    days: tuple[int, ...]
    uncalculated: tuple[int, ...]


def with_telling_cells(frame: pl.DataFrame, telling: pl.DataFrame, first_column: int, epoch: datetime, shown: str) -> Told:
    """The sheet with these cells' own texts.

    A date is ``2026-01-02``, with a time ``2026-01-02 09:30:00``, a time alone ``09:30:00``, a span of time ``36:00:00``, an error
    ``#N/A``; a number of 16 and more digits is what ``long_numbers`` believes of it. A date whose format shows a time has none where
    that is so of its whole column: every one is midnight.

    Args:
        frame: ROW and, as the engine writes them, ``cell_columns``.
        telling: From ``sheet_cells.telling_cells``.
        first_column: Which column of the sheet the frame's first one is, from 0.
        epoch: The day that dates are counted from.
        shown: The file's name for messages.

    Raises:
        SourceError: The cells do not say where they stand.
    """
    if telling[ROW].null_count() or telling[COLUMN].null_count():
        raise SourceError(f"{shown}: its cells do not say where they stand", next_step="open it in a spreadsheet and save it again")
    names = cell_columns(frame.width - 1)
    days, columns = [], []
    is_value = pl.col(KIND) != UNCALCULATED
    for (number,), cells in telling.filter(is_value).group_by(COLUMN, maintain_order=True):
        position = int(str(number)) - first_column
        joined = frame.select(ROW, cell=names[position]).join(cells.drop(COLUMN), on=ROW, how="left", maintain_order="left")
        marked = joined.with_columns(_is_midnight().alias(_IS_MIDNIGHT))
        moments = marked.filter(pl.col(KIND) == MOMENT)[_IS_MIDNIGHT]
        all_midnight = bool(moments.len()) and bool(moments.all())
        columns.append(marked.select(_text(epoch, all_midnight=all_midnight).alias(names[position])).to_series())
        days += [position] if all_midnight else []
    uncalculated = telling.filter(~is_value)[ROW].unique().sort()
    return Told(frame.with_columns(columns), tuple(days), tuple(uncalculated))


def _number() -> pl.Expr:
    return pl.col(VALUE).cast(pl.Float64, strict=False)


def _is_midnight() -> pl.Expr:
    """A whole number of days."""
    return (_number() == _number().floor()) & (_number() >= 1)


def _text(epoch: datetime, *, all_midnight: bool) -> pl.Expr:
    cell, kind = pl.col("cell"), pl.col(KIND)
    is_date = kind.is_in([DAY, MOMENT, CLOCK]) & _number().is_between(0, _LAST_DAY + 1, closed="left")
    moment = pl.lit(epoch) + pl.duration(milliseconds=(_number() * _DAY_MS).round().cast(pl.Int64, strict=False))
    is_day = pl.col(_IS_MIDNIGHT) & ((kind == DAY) | ((kind == MOMENT) & all_midnight))
    is_clock = (kind != DAY) & (_number() < 1)
    return (
        pl.when(is_date & is_day)
        .then(moment.dt.strftime(_DATE))
        .when(is_date & is_clock)
        .then(moment.dt.strftime(_CLOCK))
        .when(is_date)
        .then(moment.dt.strftime(f"{_DATE} {_CLOCK}"))
        .when(kind == SPAN)
        .then(_span())
        .when(kind == ERROR)
        .then(VALUE)
        .when(kind == LONG_NUMBER)
        .then(judged(pl.when(kind == LONG_NUMBER).then(VALUE)))
        .otherwise(cell)
    )


def _span() -> pl.Expr:
    seconds = (_number() * (_DAY_MS // 1000)).round().cast(pl.Int64, strict=False)
    parts = (seconds // 3600, seconds // 60 % 60, seconds % 60)
    return pl.concat_str([part.cast(pl.String).str.zfill(2) for part in parts], separator=":")
