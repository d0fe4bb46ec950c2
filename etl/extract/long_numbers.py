"""Which numbers of a workbook lost digits that they once had?

A spreadsheet keeps 15 digits of what is typed or opened in it and makes the others 0; a program that counts in doubles keeps 53 bits. A
number of 16 and more digits is therefore believed only where its column proves that whoever wrote it keeps all digits: some of the
numbers (below 2^53) do not end in 0, or (above) are none that a double can hold.
"""

from __future__ import annotations

import polars as pl

LONG = r"^-?[0-9]{16,}$|[eE]\+?(?:1[5-9]|[2-9][0-9]|[0-9]{3})$"
"""A number as a workbook holds it, with 16 or more digits before its point."""

_EXACT_BELOW = 2.0**53


def judged(values: pl.Expr) -> pl.Expr:
    """The numbers of one column: with all digits where these are proven, else as ``1.23456789012345E+18``, which no key may be.

    Args:
        values: Text (String) of the form LONG, as the workbook holds it; null in other rows.
    """
    digits = values.str.strip_prefix("-")
    is_plain = digits.str.contains(r"^[0-9]+$")
    double = digits.cast(pl.Float64, strict=False)
    is_small = double < _EXACT_BELOW
    proves_small = is_plain & is_small & ~digits.str.ends_with("0")
    proves_all = is_plain & ~is_small & _is_no_double(digits, double)
    believed = is_plain & (proves_all.any() | (is_small & proves_small.any()))
    return pl.when(believed).then(values).when(is_plain).then(_scientific(values, digits)).otherwise(values.str.to_uppercase())


def _is_no_double(digits: pl.Expr, double: pl.Expr) -> pl.Expr:
    """Neither the whole number that a double holds nor its shortest text, filled up with 0: programs write one or the other."""
    whole = digits.cast(pl.Int128, strict=False)
    shortest = double.cast(pl.String).str.replace(r"\.0$|e.*$", "").str.replace(".", "", literal=True).str.strip_chars_end("0")
    held = double.cast(pl.Int128, strict=False)
    return (whole != held).fill_null(value=False) & (digits.str.strip_chars_end("0") != shortest)


def _scientific(values: pl.Expr, digits: pl.Expr) -> pl.Expr:
    sign = pl.when(values.str.starts_with("-")).then(pl.lit("-")).otherwise(pl.lit(""))
    rest = digits.str.slice(1).str.strip_chars_end("0")
    point = pl.when(rest == "").then(pl.lit("")).otherwise(pl.lit("."))
    return pl.concat_str(sign, digits.str.head(1), point, rest, pl.lit("E+"), digits.str.len_bytes() - 1)
