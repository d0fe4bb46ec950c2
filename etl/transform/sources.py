"""Where does a field's text come from? A column, a template, sql or a constant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from etl.cells import column
from etl.config.fields import FieldRule
from etl.frames import RESERVED
from etl.transform.html import cells_to_markdown
from etl.transform.row_sql import RowSql, parse_row_sql, sql_columns
from etl.transform.text import Literal, fill_template, parse_template, template_columns, trim

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


def no_source(target: str) -> Source:
    """Of a field whose columns the file lacks, and may lack: empty in every row."""
    return Source((), "nothing", target.lstrip("$"), pl.lit(None, dtype=pl.String))


def build_source(
    target: str, rule: FieldRule, find: FindColumn, *, spare: bool = False, also: Callable[[Sequence[str]], Sequence[str]] = lambda _: ()
) -> Source | None:
    """The source of a rule; None when a column is missing, which ``find`` has noted.

    Args:
        target: The field.
        rule: What the config says of it.
        find: Finds a column.
        spare: A template or sql may name columns that the file lacks: they are empty. It names at least one that is there.
        also: Other columns that stand for a rule's column, in rows in which that one is empty: a failures file has those of all its files.

    Raises:
        ValueError: The template or the sql is not usable.
    """
    bare = target.lstrip("$")
    if rule.value is not None:
        return Source((), "value", bare, pl.lit(rule.value.strip()))
    if rule.sql is not None:
        return _sql_source(bare, rule, find, spare=spare)
    if rule.template is not None:
        return _template_source(bare, rule, find, spare=spare)
    own = find(rule.column)
    if own is None:
        return None
    columns = tuple(dict.fromkeys((own, *also(rule.column))))
    texts = [column(html_name(each) if rule.html else each) for each in columns]
    text = texts[0] if len(texts) == 1 else pl.coalesce(texts)
    return Source(columns, f"column {own.strip()}", own.strip(), text, html_columns=columns if rule.html else ())


def _template_source(bare: str, rule: FieldRule, find: FindColumn, *, spare: bool) -> Source | None:
    parts = parse_template(rule.template or "")
    own_names = _find_all(template_columns(parts), find)
    if None in own_names.values() and not spare:
        return None
    parts = tuple(part for part in parts if isinstance(part, Literal) or own_names[part.column] is not None)
    columns = _present(own_names)
    read = {written: html_name(own) if rule.html else own for written, own in own_names.items() if own is not None}
    expression = trim(fill_template(parts, read))
    described = f"template of {', '.join(columns)}" if columns else "template"
    return Source(columns, described, bare, expression, html_columns=columns if rule.html else ())


def _sql_source(bare: str, rule: FieldRule, find: FindColumn, *, spare: bool) -> Source | None:
    expression = parse_row_sql(rule.sql or "")
    own_names = _find_all(sql_columns(expression), find)
    if None in own_names.values() and not spare:
        return None
    sql = RowSql(expression, own_names)
    sql.probe()
    columns = _present(own_names)
    return Source(columns, f"sql of {', '.join(columns)}" if columns else "sql", bare, None, sql=sql, html_result=rule.html)


def _find_all(written: Iterable[str], find: FindColumn) -> Mapping[str, str | None]:
    return {name: find((name,)) for name in written}


def _present(own_names: Mapping[str, str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(own for own in own_names.values() if own is not None))


def html_name(column: str) -> str:
    """Our name of a column's cells as markdown."""
    return f"{RESERVED}html:{column}"


def add_markdown(cells: pl.DataFrame, sources: Iterable[Source]) -> pl.DataFrame:
    """The trimmed cells, and beside them as markdown, trimmed too, those that are HTML."""
    columns = dict.fromkeys(column for source in sources for column in source.html_columns)
    if not columns:
        return cells
    return cells.with_columns(cells_to_markdown(cells[column].rename("cell")).alias(html_name(column)) for column in columns)
