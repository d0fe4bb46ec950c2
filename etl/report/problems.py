"""Which kinds of problem are there, how many rows have each, and what do they look like?"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from etl.frames import PROBLEM_CODE, PROBLEM_FIELD, PROBLEM_MESSAGE, PROBLEM_VALUE, ROW, PreparedBatch
from etl.records import Outcome

EXAMPLES = 5
"""Examples kept of each kind, the first rows that have it."""

LISTED_VALUES = 1_000
"""Distinct values told of each kind, most frequent first."""

VALUE_CHARACTERS = 300
"""Longer values are cut: a kind is told by its values, a description of a million characters is no name."""

_COUNTED_VALUES = 10_000
_KIND = [PROBLEM_CODE, PROBLEM_FIELD]
_ROWS = "rows"
_VALUE_SCHEMA = {PROBLEM_CODE: pl.String, PROBLEM_FIELD: pl.String, PROBLEM_VALUE: pl.String, _ROWS: pl.UInt32}
_PROBLEM_SCHEMA = {
    ROW: pl.UInt32,
    PROBLEM_CODE: pl.String,
    PROBLEM_FIELD: pl.String,
    PROBLEM_MESSAGE: pl.String,
    PROBLEM_VALUE: pl.String,
}


@dataclass(frozen=True, slots=True)
class ProblemExample:
    """One row that has the problem. ``row`` and ``file`` are None for a task that stands in no row; ``value`` is the cell."""

    row: int | None
    file: str | None
    value: str | None
    message: str


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """All problems of one code in one field.

    Attributes:
        code, field: As in the records.
        rows: Rows that have it.
        examples: The first EXAMPLES of them.
        values: The most frequent distinct values, each with its rows; at most LISTED_VALUES.
        distinct_values: How many there are; a lower bound where they are more than ten thousand.
    """

    code: str
    field: str | None
    rows: int
    examples: tuple[ProblemExample, ...] = ()
    values: tuple[tuple[str, int], ...] = ()
    distinct_values: int = 0


@dataclass(slots=True)
class _Found:
    rows: int = 0
    examples: list[ProblemExample] = field(default_factory=list)


class ProblemTally:
    """Counts problems as batches and outcomes go by; its memory does not grow with the rows."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str | None], _Found] = {}
        self._values = pl.DataFrame(schema=_VALUE_SCHEMA)

    def add(self, prepared: PreparedBatch) -> None:
        """Counts the problems of a batch."""
        self.add_problems(prepared.problems, file=prepared.raw.file.path)

    def add_problems(self, problems: pl.DataFrame, *, file: str | None) -> None:
        """Counts the problems of rows of one file.

        Args:
            problems: ROW, ``code``, ``field``, ``message``, ``value``; in the order of rows.
            file: As shown to the user.
        """
        if problems.is_empty():
            return
        cut = pl.col(PROBLEM_VALUE).str.slice(0, VALUE_CHARACTERS)
        problems = problems.select(pl.col(name).cast(kind) for name, kind in _PROBLEM_SCHEMA.items()).with_columns(cut)
        self._count_rows(problems)
        self._keep_examples(problems, file)
        self._count_values(problems)

    def add_outcome(self, outcome: Outcome, *, file: str | None = None) -> None:
        """Counts the problem of an outcome, if it has one.

        Args:
            outcome: Of a row that was sent.
            file: As shown to the user, where the row stands in one.
        """
        problem = outcome.problem
        if problem is not None:
            found = self._found.setdefault((problem.code, problem.field), _Found())
            found.rows += 1
            if len(found.examples) < EXAMPLES:
                found.examples.append(ProblemExample(outcome.operation.row, file, None, problem.message))

    def kinds(self) -> tuple[ProblemKind, ...]:
        """All kinds, the most frequent first."""
        kinds = (self._kind(code, field, found) for (code, field), found in self._found.items())
        return tuple(sorted(kinds, key=lambda kind: (-kind.rows, kind.code, kind.field or "")))

    def _kind(self, code: str, field: str | None, found: _Found) -> ProblemKind:
        of_kind = pl.col(PROBLEM_CODE).eq(code) & pl.col(PROBLEM_FIELD).eq_missing(pl.lit(field, pl.String))
        values = self._values.filter(of_kind).sort(_ROWS, PROBLEM_VALUE, descending=[True, False])
        listed = tuple(values.head(LISTED_VALUES).select(PROBLEM_VALUE, _ROWS).iter_rows())
        return ProblemKind(code, field, found.rows, tuple(found.examples), listed, values.height)

    def _count_rows(self, problems: pl.DataFrame) -> None:
        for code, name, rows in problems.group_by(_KIND).agg(pl.col(ROW).n_unique()).iter_rows():
            self._found.setdefault((code, name), _Found()).rows += rows

    def _keep_examples(self, problems: pl.DataFrame, file: str | None) -> None:
        first = problems.unique([*_KIND, ROW], keep="first", maintain_order=True).group_by(_KIND, maintain_order=True).head(EXAMPLES)
        for code, name, row, value, message in first.select(*_KIND, ROW, PROBLEM_VALUE, PROBLEM_MESSAGE).iter_rows():
            examples = self._found[code, name].examples
            if len(examples) < EXAMPLES:
                examples.append(ProblemExample(row, file, value, message))

    def _count_values(self, problems: pl.DataFrame) -> None:
        named = problems.drop_nulls(PROBLEM_VALUE)
        counted = named.group_by(*_KIND, PROBLEM_VALUE).agg(pl.col(ROW).n_unique().cast(pl.UInt32).alias(_ROWS))
        both = pl.concat([self._values, counted]).group_by(*_KIND, PROBLEM_VALUE).agg(pl.col(_ROWS).sum())
        self._values = both.sort(_ROWS, PROBLEM_VALUE, descending=[True, False]).group_by(_KIND).head(_COUNTED_VALUES)
