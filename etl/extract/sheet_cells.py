"""What do the cells of a sheet hold that the engine does not tell: how a date is shown, all digits, errors?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import IO

import polars as pl

from etl.extract.long_numbers import LONG
from etl.frames import ROW

COLUMN, KIND, VALUE, FORMULA = "column", "kind", "value", "formula"
ERROR, LONG_NUMBER, UNCALCULATED = "error", "long number", "uncalculated"
"""Kinds of a cell beside those of ``number_formats``: ``#N/A``; 16 and more digits; a formula whose value was never worked out."""

_BLOCK_BYTES = 4 << 20
_CELL = (
    r"<(?:\w+:)?c\b[^>]*>\s*"
    r"(?:<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)\s*)?"
    r"(?:<(?:\w+:)?v\b[^>]*>[^<]*|</(?:\w+:)?c>)"
)
_PARTS = (
    r"^<(?:\w+:)?c\b(?P<about>[^>]*)>\s*"
    r"(?P<formula><(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)\s*)?"
    r"(?:<(?:\w+:)?v\b[^>]*>(?P<value>[^<]*))?"
)
_LETTERS = 26


def telling_cells(part: IO[bytes], styles: Mapping[int, str]) -> pl.DataFrame:
    """The cells that the engine's text does not tell enough of.

    Args:
        part: The sheet's XML; read once, block by block.
        styles: From ``number_formats.date_styles``.

    Returns:
        ROW (UInt32, from 1) and COLUMN (UInt32, from 0), both null where a cell does not say where it stands; KIND and VALUE (String), the
        latter as the workbook holds it, a date as a number of days.

    Raises:
        polars.exceptions.ComputeError: It is not UTF-8.
    """
    kinds = pl.DataFrame({"style": list(styles), "shown": list(styles.values())}, schema={"style": pl.UInt32, "shown": pl.String})
    found = [_telling(block, kinds) for block in _whole_rows(part)]
    cells = pl.concat(found) if found else _telling(b"", kinds)
    numbers = {letters: _column_number(letters) for letters in cells["letters"].drop_nulls().unique()}
    return cells.select(ROW, pl.col("letters").replace_strict(numbers, default=None, return_dtype=pl.UInt32).alias(COLUMN), KIND, VALUE)


def _whole_rows(part: IO[bytes]) -> Iterator[bytes]:
    rest = b""
    while block := part.read(_BLOCK_BYTES):
        rest += block
        # The end tag of a row, with a prefix or without.
        end = max(rest.rfind(b"</row>") + len(b"</row>"), rest.rfind(b":row>") + len(b":row>"))
        if end >= len(b"</row>") + len(b"<"):
            yield rest[:end]
            rest = rest[end:]
    if rest:
        yield rest


def _telling(block: bytes, kinds: pl.DataFrame) -> pl.DataFrame:
    text = pl.Series([block], dtype=pl.Binary).cast(pl.String)
    cells = text.str.extract_all(_CELL).explode().drop_nulls().str.extract_groups(_PARTS).struct.unnest()
    about, value = pl.col("about"), pl.col("value").str.strip_chars()
    frame = cells.select(
        about.str.extract(r"""\br=["'][A-Z]+([0-9]+)""").cast(pl.UInt32, strict=False).alias(ROW),
        about.str.extract(r"""\br=["']([A-Z]+)""").alias("letters"),
        about.str.extract(r"""\bs=["']([0-9]+)""").cast(pl.UInt32, strict=False).alias("style"),
        about.str.extract(r"""\bt=["'](\w+)""").fill_null("n").alias("type"),
        (pl.col("formula").fill_null("") != "").alias(FORMULA),
        value.alias(VALUE),
    )
    frame = frame.filter(pl.col("type").is_in(["n", "e"])).join(kinds, on="style", how="left", maintain_order="left")
    return frame.select(ROW, "letters", _kind().alias(KIND), VALUE).filter(pl.col(KIND).is_not_null())


def _kind() -> pl.Expr:
    is_empty = pl.col(VALUE).fill_null("") == ""
    return (
        pl.when(pl.col("type") == "e")
        .then(pl.lit(ERROR))
        .when(is_empty & pl.col(FORMULA))
        .then(pl.lit(UNCALCULATED))
        .when(~is_empty & pl.col("shown").is_not_null())
        .then(pl.col("shown"))
        .when(pl.col(VALUE).str.contains(LONG))
        .then(pl.lit(LONG_NUMBER))
    )


def _column_number(letters: str) -> int:
    """``A`` is 0, ``AA`` 26."""
    number = 0
    for letter in letters:
        number = number * _LETTERS + ord(letter) - ord("A") + 1
    return number - 1
