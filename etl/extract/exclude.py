"""Which rows does ``source.exclude`` keep out?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import polars as pl

from etl.config.columns import find_column
from etl.config.fickle_words import FICKLE_REMEDY, fickle_fault, fickle_word
from etl.errors import SourceError
from etl.extract.paths import nearest
from etl.extract.table import cell_columns
from etl.frames import EXCLUDED

_NOT_OF_ONE_ROW = frozenset({"Agg", "Over", "Rolling", "SubPlan", "Explode", "Len", "Slice", "Gather", "Sort", "SortBy"})
"""Nodes of polars' expression tree that look at other rows."""

_TEXT_NODES = frozenset({"Column", "Literal"})
_LISTED_COLUMNS = 30
_EXAMPLE = "write a condition such as `Task Type` = 'EMAIL'"


def excluded_columns(sql: str | None) -> tuple[str, ...]:
    """The columns that a condition names, each once; none where the condition is broken."""
    try:
        return () if sql is None else tuple(dict.fromkeys(_parsed(sql).meta.root_names()))
    except SourceError:
        return ()


def absent_columns(sql: str | None, columns: Sequence[str]) -> tuple[str, ...]:
    """The columns that a condition names, and that are not among ``columns``; none where the condition is broken."""
    return tuple(name for name in excluded_columns(sql) if find_column(columns, (name,)) is None)


def with_excluded(frame: pl.LazyFrame, sql: str | None, columns: Sequence[str], shown: str, *, spare: bool = False) -> pl.LazyFrame:
    """Adds EXCLUDED: true of the rows that stay out; what is unknown (null) does not.

    Args:
        frame: Has ``cell_columns`` for ``columns``.
        sql: A condition over the file's columns, on one row at a time; None keeps all rows in.
        columns: The file's columns.
        shown: The file's name for messages.
        spare: A column that the file lacks is null, as a preset wants it.

    Raises:
        SourceError: It is no such condition, or names a column that the file lacks.
    """
    if sql is None:
        return frame.with_columns(pl.lit(value=False).alias(EXCLUDED))
    if word := fickle_word(sql):
        raise _refused(sql, fickle_fault(word), FICKLE_REMEDY)
    condition = _parsed(sql)
    if any(node in _NOT_OF_ONE_ROW for node in _nodes(json.loads(condition.meta.serialize(format="json")))):
        raise _refused(sql, "it looks at more than one row", "use a condition on the cells of one row: no aggregate, window or subquery")
    cells = dict(zip(columns, cell_columns(len(columns)), strict=True))
    absent = absent_columns(sql, columns) if spare else ()
    named = {
        name: pl.lit(None, dtype=pl.String) if name in absent else pl.col(cells[_column(name, columns, sql, shown)])
        for name in condition.meta.root_names()
    }
    _try_out(condition, named, sql)
    # The condition sees the cells under the names that it uses; ours, which begin with RESERVED, cannot be among them.
    return frame.with_columns(**named).with_columns(condition.fill_null(value=False).alias(EXCLUDED)).drop(named)


def _parsed(sql: str) -> pl.Expr:
    try:
        return pl.sql_expr(sql)
    except (pl.exceptions.PolarsError, ValueError) as error:
        raise _refused(sql, _first_line(error), _EXAMPLE) from None


def _column(name: str, columns: Sequence[str], sql: str, shown: str) -> str:
    found = find_column(columns, (name,))
    if found is not None:
        return found
    near = nearest(name, columns)
    listed = ", ".join(columns[:_LISTED_COLUMNS]) + (" …" if len(columns) > _LISTED_COLUMNS else "")
    hint = f"did you mean {near}? " if near else ""
    raise _refused(sql, f"{shown} has no column {name!r}", f"{hint}its columns are: {listed}")


def _try_out(condition: pl.Expr, names: Iterable[str], sql: str) -> None:
    """On no rows, so that faults of type show before any are read."""
    try:
        tried = pl.DataFrame(schema=dict.fromkeys(names, pl.String)).select(condition)
    except pl.exceptions.PolarsError as error:
        raise _refused(sql, _first_line(error), "cells are text: compare them with text, or use TRY_CAST") from None
    if tried.dtypes != [pl.Boolean]:
        raise _refused(sql, "it is neither true nor false of a row", _EXAMPLE)


def _nodes(tree: Any) -> Iterator[str]:
    if isinstance(tree, list):
        for part in tree:
            yield from _nodes(part)
    elif tree == "Len":
        # The one node that has no parts. Other words are names of functions: LEFT of a text is a slice, too.
        yield "Len"
    elif isinstance(tree, dict):
        for kind, part in tree.items():
            yield kind
            if kind not in _TEXT_NODES:
                yield from _nodes(part)


def _refused(sql: str, fault: str, next_step: str) -> SourceError:
    return SourceError(f"source.exclude: {sql}: {fault}", next_step=next_step, setting=("source", "exclude"))


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
