"""What does a cell say, and what do templates make of cells?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from etl.cells import column

_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


@dataclass(frozen=True, slots=True)
class Literal:
    """Text that a template holds as it stands."""

    text: str


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A column that a template names, trimmed."""

    column: str


def trim(text: pl.Expr) -> pl.Expr:
    """Without the Unicode white space at both ends; an empty text becomes null."""
    trimmed = text.str.strip_chars()
    return pl.when(trimmed != "").then(trimmed)


def clean_cells(cells: pl.DataFrame, columns: Sequence[str], null_values: Sequence[str]) -> pl.DataFrame:
    """These columns' cells trimmed, null where they are empty or one of ``null_values``."""
    meaningless = pl.Series(["", *null_values], dtype=pl.String).str.strip_chars().unique(maintain_order=True).to_list()
    # In two steps: an expression that speaks of a trimmed cell three times trims it three times.
    trimmed = cells.select(column(name).str.strip_chars() for name in columns)
    return trimmed.select(pl.when(pl.all_horizontal([column(name) != word for word in meaningless])).then(column(name)) for name in columns)


def parse_template(template: str) -> tuple[Literal | Placeholder, ...]:
    """``{Column}`` is a column, ``{{`` and ``}}`` are braces, all else is text.

    Raises:
        ValueError: A brace stands alone, or names nothing.
    """
    parts: list[Literal | Placeholder] = []
    position = 0
    for token in _TOKEN.finditer(template):
        parts.append(Literal(template[position : token.start()]))
        parts.append(_read_token(token, template))
        position = token.end()
    parts.append(Literal(template[position:]))
    return tuple(part for part in parts if part != Literal(""))


def _read_token(token: re.Match[str], template: str) -> Literal | Placeholder:
    if token.group() in ("{{", "}}"):
        return Literal(token.group()[0])
    column = (token.group(1) or "").strip()
    if not column:
        raise ValueError(
            f"{template!r} has a brace at character {token.start() + 1} that names no column; write {{Column}}, or {{{{ for a brace"
        )
    return Placeholder(column)


def template_columns(parts: Iterable[Literal | Placeholder]) -> tuple[str, ...]:
    """The columns that a template names, as written there, each once."""
    return tuple(dict.fromkeys(part.column for part in parts if isinstance(part, Placeholder)))


def fill_template(parts: Sequence[Literal | Placeholder], cells: Mapping[str, str]) -> pl.Expr:
    """The template's text; null when it names columns and all of them are empty.

    Args:
        parts: From ``parse_template``.
        cells: The frame's column for each name in the template.
    """
    texts = [pl.lit(part.text) if isinstance(part, Literal) else column(cells[part.column]) for part in parts]
    filled = pl.concat_str(texts, ignore_nulls=True) if texts else pl.lit("")
    named = template_columns(parts)
    if not named:
        return filled
    return pl.when(pl.any_horizontal(column(cells[name]).is_not_null() for name in named)).then(filled)


def first_line(text: pl.Expr) -> pl.Expr:
    """The first line of a trimmed text, so the first that has text."""
    return text.str.extract(r"^([^\r\n]*)", 1).str.strip_chars_end()


def cut(text: pl.Expr, max_characters: int) -> pl.Expr:
    """At most so many characters, without white space where it was cut."""
    return pl.when(text.str.len_chars() > max_characters).then(text.str.slice(0, max_characters).str.strip_chars_end()).otherwise(text)
