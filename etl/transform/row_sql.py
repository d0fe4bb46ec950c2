"""Does an SQL expression work on one row alone, and what does it say of each?"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from etl.config.fickle_words import FICKLE_REMEDY, fickle_fault, fickle_word

_LOOKS_AROUND = "looks at more than one row; aggregates, windows, sub-queries and table functions are not allowed"
_NOT_OF_ONE_ROW = frozenset(
    "Agg AnonymousAgg AnonymousFunction Explode Filter Gather Len Over Rolling Slice Sort SortBy SubPlan Window".split()  # noqa: SIM905  words
)
_LEAVES = frozenset({"Column", "Literal"})
_SAMPLES = ("2", "a", None, "2")


def parse_row_sql(sql: str) -> pl.Expr:
    """The expression.

    Raises:
        ValueError: It is no SQL, looks at more than its own row, or says another thing each time.
    """
    if word := fickle_word(sql):
        raise ValueError(f"found {sql!r}, which {fickle_fault(word)}; {FICKLE_REMEDY}")
    try:
        expression = pl.sql_expr(sql)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise ValueError(f"found {sql!r}, which is no SQL that is known here: {_reason(error)}") from None
    if _looks_around(json.loads(expression.meta.serialize(format="json"))):
        raise ValueError(f"found {sql!r}, which {_LOOKS_AROUND}")
    return expression


def _looks_around(node: object) -> bool:
    """Is there, below a node of polars' expression tree, one that is not of one row?

    ``meta.is_row_separable`` would be the question to ask, but polars 2.1 says yes to ``COUNT(*)`` and fails on ``IN``.
    """
    if isinstance(node, dict):
        return any(kind in _NOT_OF_ONE_ROW or (kind not in _LEAVES and _looks_around(inner)) for kind, inner in node.items())
    if isinstance(node, list):
        return any(_looks_around(inner) for inner in node)
    return node == "Len"


def _reason(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]


def sql_columns(expression: pl.Expr) -> tuple[str, ...]:
    """The columns that it names, as written, each once."""
    return tuple(dict.fromkeys(expression.meta.root_names()))


@dataclass(frozen=True, slots=True, eq=False)
class RowSql:
    """A checked expression, and the file's own name for each column that it names; None of a column that it lacks, which is null."""

    expression: pl.Expr
    columns: Mapping[str, str | None]

    def probe(self) -> None:
        """Try it on a few rows, together and alone.

        Raises:
            ValueError: The types do not fit, the result is no single text, or depends on the other rows.
        """
        together, failed = self.texts(self._sample(_SAMPLES))
        alone = [self.texts(self._sample([sample]))[0].item() for sample in _SAMPLES]
        if failed.all():
            raise ValueError(f"cannot be worked out: {self._why(self._sample([None]))}")
        if together.to_list() != alone:
            raise ValueError(_LOOKS_AROUND)

    def _sample(self, cells: Sequence[str | None]) -> pl.DataFrame:
        own = [column for column in self.columns.values() if column is not None]
        return pl.DataFrame({column: pl.Series(cells, dtype=pl.String) for column in own or ["none"]})

    def _why(self, cells: pl.DataFrame) -> str:
        try:
            self._evaluate(cells)
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            return _reason(error)
        return "its types do not fit"

    def texts(self, cells: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
        """The result as String for each row, and (Boolean) the rows for which it cannot be worked out.

        One bad cell fails a whole frame, so a frame that fails is halved until the bad rows stand alone.
        """
        try:
            return self._evaluate(cells), pl.repeat(value=False, n=cells.height, eager=True)
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
            if cells.height <= 1:
                return pl.Series([None] * cells.height, dtype=pl.String), pl.repeat(value=True, n=cells.height, eager=True)
        middle = cells.height // 2
        first, second = self.texts(cells.head(middle)), self.texts(cells.tail(cells.height - middle))
        return pl.concat([first[0], second[0]]), pl.concat([first[1], second[1]])

    def _evaluate(self, cells: pl.DataFrame) -> pl.Series:
        read = ((pl.lit(None, dtype=pl.String) if own is None else pl.col(own)).alias(written) for written, own in self.columns.items())
        named = cells.select(read) if self.columns else cells.select(pl.first())
        result = named.with_columns(self.expression.alias("result")).get_column("result")
        if result.dtype.is_nested():
            raise pl.exceptions.InvalidOperationError("the result is a list, not one value")
        return result.cast(pl.String)
