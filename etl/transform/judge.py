"""What is wrong with the rows of a batch? The problems and remarks that ``prepare`` finds, without making tasks of the rows.

Whoever only looks needs no values. So what nothing can be told of is not worked out, markdown of HTML above all, and cells that are alike
are judged once: a third of the work of ``prepare``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import xor
from typing import Protocol

import polars as pl

from etl.cells import column
from etl.config.fields import REJECT
from etl.frames import (
    CONTENT_HASH,
    EXCLUDED,
    FINGERPRINT,
    HAS_PROBLEM,
    KEY_DIGEST,
    KEY_HASH,
    ROW,
    SOURCE_KEY,
    PreparedBatch,
    RawBatch,
)
from etl.transform.chain import FieldResult
from etl.transform.compile import FieldPlan, Recipe
from etl.transform.hashes import key_hash
from etl.transform.identity import ContentCounter
from etl.transform.prepare import distinct_rows, gather_problems, gather_remarks, map_field, read_cells, read_keys
from etl.transform.problems import PROBLEM_FRAME_SCHEMA, no_problems

_CELL = "cell"
_MOST_REMEMBERED = 20_000
"""Distinct cells of a column whose judgement is remembered: batches are much alike."""
_NO_DIGEST = pl.lit(None, dtype=pl.Binary)


class Judge:
    """Judges the batches of one file in one pass. Several threads may ask at once: the worst is that one cell is judged twice."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._fields = [_judge_of(field, recipe) for field in recipe.fields]
        self._read = tuple(dict.fromkeys(name for field in recipe.fields for name in field.source.columns))

    def judge(self, raw: RawBatch, content: ContentCounter | None = None) -> PreparedBatch:
        """Judge a batch.

        Args:
            raw: Holds at least the recipe's columns.
            content: With ``key: content``, the counter of this pass over the input.

        Returns:
            As ``prepare``, without the targets and without digests. CONTENT_HASH may differ between rows of equal content, but for rows
            of one file whose cells are equal: what is written otherwise may read alike.
        """
        recipe = self._recipe
        cells = read_cells((), raw, recipe.key.columns, recipe.null_values)
        keys = read_keys(recipe, raw, cells, content)
        results = [field.judge(raw) for field in self._fields]
        problems = gather_problems(recipe, raw.frame, keys, results)
        frame = raw.frame.select(
            ROW,
            EXCLUDED,
            keys["key"].alias(SOURCE_KEY),
            keys.select(key_hash(pl.col("key"))).to_series().alias(KEY_HASH),
            self._hash(raw).alias(CONTENT_HASH),
            _NO_DIGEST.alias(KEY_DIGEST),
            _NO_DIGEST.alias(FINGERPRINT),
            pl.col(ROW).is_in(problems[ROW].unique().implode()).alias(HAS_PROBLEM),
        )
        return PreparedBatch(raw, frame, problems, gather_remarks(recipe, raw.frame, results))

    def _hash(self, raw: RawBatch) -> pl.Expr:
        # Rows of two files never count as equal: their recipes may differ.
        hashes = [column(name).hash(place) for place, name in enumerate(self._read, raw.file.index * len(self._read))]
        return reduce(xor, hashes, pl.lit(raw.file.index, dtype=pl.UInt64))


class _FieldJudge(Protocol):
    def judge(self, raw: RawBatch) -> FieldResult:
        """The batch's rows in one field; the value means nothing."""
        ...


def _judge_of(field: FieldPlan, recipe: Recipe) -> _FieldJudge:
    source, chain, rule = field.source, field.chain, field.rule
    if source.sql is not None:
        return _ByRow(field, recipe.null_values)
    if not (chain.repeats or chain.required or chain.empty == REJECT):
        return _Anything()
    if rule.template is not None or len(source.columns) > 1:
        return _ByRow(field, recipe.null_values)
    if not source.columns:
        return _Constant(field, recipe.null_values)
    if chain.repeats:
        return _ByCell(field, recipe.null_values)
    return _ByRow(field, recipe.null_values) if rule.html or rule.split is not None else _Filled(field, recipe.null_values)


_NOTHING_TOLD = FieldResult(pl.Series(dtype=pl.String), None, no_problems(), no_problems())


class _Anything:
    """A field in which any text will do, and none too."""

    def judge(self, raw: RawBatch) -> FieldResult:  # noqa: ARG002  as the others are asked
        return _NOTHING_TOLD


class _ByRow:
    """Each row by itself."""

    def __init__(self, field: FieldPlan, null_values: Sequence[str]) -> None:
        self._field = field
        self._null_values = null_values

    def judge(self, raw: RawBatch) -> FieldResult:
        cells = read_cells([self._field], raw, self._field.source.columns, self._null_values)
        return map_field(self._field, cells)[1]


class _Constant(_ByRow):
    """One text for all rows."""

    def judge(self, raw: RawBatch) -> FieldResult:
        one = super().judge(RawBatch(raw.file, raw.frame.head(1)))
        return one if one.problems.is_empty() and one.remarks.is_empty() else super().judge(raw)


class _Filled(_ByRow):
    """A text that may be anything but empty."""

    def judge(self, raw: RawBatch) -> FieldResult:
        cells = read_cells((), raw, self._field.source.columns, self._null_values)
        empty = cells[self._field.source.columns[0]].is_null().arg_true()
        if empty.is_empty():
            return _NOTHING_TOLD
        found = map_field(self._field, cells[empty])[1]
        return _told(_at(found.problems, empty), _at(found.remarks, empty))


class _ByCell(_ByRow):
    """A column with few different cells."""

    def __init__(self, field: FieldPlan, null_values: Sequence[str]) -> None:
        super().__init__(field, null_values)
        self._name = field.source.columns[0]
        self._known = _Known(pl.Series(_CELL, dtype=pl.String), _no_cells(), _no_cells())

    def judge(self, raw: RawBatch) -> FieldResult:
        cells, known = raw.frame[self._name].alias(_CELL), self._known
        distinct = cells.unique()
        new = distinct.filter(~distinct.is_in(known.cells.implode(), nulls_equal=True))
        if not new.is_empty():
            known = known.with_more(self._judged(raw, new))
            if known.cells.len() <= _MOST_REMEMBERED:
                self._known = known
        return _told(_of_rows(cells, known.problems), _of_rows(cells, known.remarks))

    def _judged(self, raw: RawBatch, cells: pl.Series) -> _Known:
        found = super().judge(distinct_rows(raw.file, [cells.alias(self._name)], cells.len()))
        return _Known(cells, _of_cells(cells, found.problems), _of_cells(cells, found.remarks))


class _Known:
    """Cells that were judged, and what is to be told of some: ``cell``, then PROBLEM_FRAME_SCHEMA without ``index``."""

    def __init__(self, cells: pl.Series, problems: pl.DataFrame, remarks: pl.DataFrame) -> None:
        self.cells = cells
        self.problems = problems
        self.remarks = remarks

    def with_more(self, more: _Known) -> _Known:
        """These and others."""
        pairs = ((self.problems, more.problems), (self.remarks, more.remarks))
        problems, remarks = (pl.concat(pair) if not pair[1].is_empty() else pair[0] for pair in pairs)
        return _Known(pl.concat([self.cells, more.cells]), problems, remarks)


def _no_cells() -> pl.DataFrame:
    return _of_cells(pl.Series(_CELL, dtype=pl.String), no_problems())


def _of_cells(cells: pl.Series, found: pl.DataFrame) -> pl.DataFrame:
    """What was found of cells by their position, by the cells themselves."""
    return found.select(cells.gather(found["index"]).alias(_CELL), pl.exclude("index"))


def _of_rows(cells: pl.Series, told: pl.DataFrame) -> pl.DataFrame:
    """PROBLEM_FRAME_SCHEMA of the rows with these cells."""
    if told.is_empty():
        return no_problems()
    rows = cells.to_frame().with_row_index()
    return rows.join(told, on=_CELL, how="inner", maintain_order="left_right", nulls_equal=True).select(*PROBLEM_FRAME_SCHEMA)


def _at(found: pl.DataFrame, places: pl.Series) -> pl.DataFrame:
    """What was found of some rows, by the position of each among all."""
    return found.with_columns(places.gather(found["index"]).cast(pl.UInt32).alias("index"))


def _told(problems: pl.DataFrame, remarks: pl.DataFrame) -> FieldResult:
    return FieldResult(_NOTHING_TOLD.value, None, problems, remarks)
