"""Which words of one file stand for something in Lightfield, and what will look-ups be asked for?"""

from __future__ import annotations

import polars as pl

from etl.cells import column
from etl.frames import RESERVED, RawBatch
from etl.transform.compile import FieldPlan, Recipe
from etl.transform.prepare import distinct_rows, read_cells, read_texts, readable
from etl.transform.words import WORD_SCHEMA, field_words

_ROWS = f"{RESERVED}rows"
_SUM = pl.col(_ROWS).sum()
_MOST_HELD_BYTES = 16 << 20
"""Of different cells that are counted before their words are taken."""


class WantedNames:
    """Counts the cells of fields that have words. Those that are alike are looked at once, over many batches.

    Args:
        recipe: Compiled for the file, with any tables.
    """

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._fields = [field for field in recipe.fields if field.has_words]
        self._counted: dict[str, list[pl.DataFrame]] = {}
        self._held_bytes = 0

    @property
    def is_full(self) -> bool:
        """Should the words be taken before more is added?"""
        return self._held_bytes > _MOST_HELD_BYTES

    def add(self, raw: RawBatch) -> None:
        """Take in a batch; excluded and unreadable rows are left out.

        Args:
            raw: Holds at least the recipe's ``lookup_columns``.
        """
        rows = readable(raw).frame
        if rows.is_empty():
            return
        for field in self._fields:
            counted = _counted(rows, field.source.columns)
            self._counted.setdefault(field.target, []).append(counted)
            self._held_bytes += int(counted.estimated_size())

    def take_words(self) -> pl.DataFrame:
        """The words since they were last taken, with the names for the look-ups, and in how many rows each stands (WORD_SCHEMA)."""
        counted, self._counted, self._held_bytes = self._counted, {}, 0
        found = [self._words_of(field, pl.concat(counted[field.target])) for field in self._fields if field.target in counted]
        return pl.concat([pl.DataFrame(schema=WORD_SCHEMA), *found])

    def _words_of(self, field: FieldPlan, counted: pl.DataFrame) -> pl.DataFrame:
        names = field.source.columns
        counted = counted.group_by(map(column, names)).agg(_SUM) if names else counted.select(_SUM)
        distinct = distinct_rows(self._recipe.file, [counted[name] for name in names], counted.height)
        cells = read_cells([field], distinct, names, self._recipe.null_values)
        return field_words(field, read_texts(field, cells)[0], counted[_ROWS])


def _counted(rows: pl.DataFrame, names: tuple[str, ...]) -> pl.DataFrame:
    """Each different combination of these cells once, and in how many rows it stands."""
    if len(names) == 1:  # as mostly; twice as fast as grouping
        return rows[names[0]].value_counts(name=_ROWS)
    number = pl.len().alias(_ROWS)
    return rows.group_by(map(column, names)).agg(number) if names else rows.select(number)
