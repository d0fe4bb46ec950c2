"""Where does a field's text come from? A column, a template, sql or a constant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from etl.config.fields import FieldRule
from etl.records import RESERVED
from etl.transform.html import cells_to_markdown
from etl.transform.row_sql import RowSql, parse_row_sql, sql_columns
from etl.transform.text import fill_template, parse_template, template_columns, trim

FindColumn = Callable[[Sequence[str]], str | None]
"""From aliases to the file's own name of the first that it has; None (and a fault noted) when it has none of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """How a field's text is made of a row's cells.

    Attributes:
        columns: The file's own names of the columns that are read.
        described: For sentences, such as ``column Task Status``.
        label: For a line in the description, such as ``Company``.
        expression: Over the cells; None for sql.
        sql: Sql, else None.
        html_columns: Columns that are turned into markdown before the expression reads them.
        html_result: The result of sql is HTML.
    """

    columns: tuple[str, ...]
    described: str
    label: str
    expression: pl.Expr | None
    sql: RowSql | None = None
    html_columns: tuple[str, ...] = ()
    html_result: bool = False

    def read(self, cells: pl.DataFrame) -> tuple[pl.Series, pl.Series | None]:
        """The trimmed text of each row (null where empty), and for sql the rows (Boolean) for which it failed."""
        if self.sql is None:
            return cells.select(self.expression).to_series(), None
        texts, failed = self.sql.texts(cells)
        texts = cells_to_markdown(texts) if self.html_result else texts
        return texts.to_frame("text").select(trim(pl.col("text"))).to_series(), failed


def build_source(target: str, rule: FieldRule, find: FindColumn) -> Source | None:
    """The source of a rule; None when a column is missing, which ``find`` has noted.

    Raises:
        ValueError: The template or the sql is not usable.
    """
    bare = target.lstrip("$")
    if rule.value is not None:
        return Source((), "value", bare, pl.lit(rule.value.strip()))
    if rule.sql is not None:
        return _sql_source(bare, rule, find)
    if rule.template is not None:
        return _template_source(bare, rule.template, find, html=rule.html)
    own = find(rule.column)
    if own is None:
        return None
    read = html_name(own) if rule.html else own
    return Source((own,), f"column {own.strip()}", own.strip(), pl.col(read), html_columns=(own,) if rule.html else ())


def _template_source(bare: str, template: str, find: FindColumn, *, html: bool) -> Source | None:
    parts = parse_template(template)
    own_names = _find_all(template_columns(parts), find)
    if own_names is None:
        return None
    columns = tuple(dict.fromkeys(own_names.values()))
    read = {written: html_name(own) if html else own for written, own in own_names.items()}
    expression = trim(fill_template(parts, read))
    described = f"template of {', '.join(columns)}" if columns else "template"
    return Source(columns, described, bare, expression, html_columns=columns if html else ())


def _sql_source(bare: str, rule: FieldRule, find: FindColumn) -> Source | None:
    expression = parse_row_sql(rule.sql or "")
    own_names = _find_all(sql_columns(expression), find)
    if own_names is None:
        return None
    sql = RowSql(expression, own_names)
    sql.probe()
    columns = tuple(dict.fromkeys(own_names.values()))
    return Source(columns, f"sql of {', '.join(columns)}" if columns else "sql", bare, None, sql=sql, html_result=rule.html)


def _find_all(written: Iterable[str], find: FindColumn) -> Mapping[str, str] | None:
    found = {name: find((name,)) for name in written}
    own_names = {name: own for name, own in found.items() if own is not None}
    return own_names if len(own_names) == len(found) else None


def html_name(column: str) -> str:
    """Our name of a column's cells as markdown."""
    return f"{RESERVED}html:{column}"


def add_markdown(cells: pl.DataFrame, sources: Iterable[Source]) -> pl.DataFrame:
    """The cells, and beside them as markdown those that are HTML."""
    columns = dict.fromkeys(column for source in sources for column in source.html_columns)
    if not columns:
        return cells
    converted = cells.with_columns(cells_to_markdown(cells[column]).alias(html_name(column)) for column in columns)
    return converted.with_columns(trim(pl.col(html_name(column))) for column in columns)
