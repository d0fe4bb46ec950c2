"""Which cells would a spreadsheet run as a formula, and how do they travel through one and come back unchanged?

A cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return, however many ``'`` stand before that character, gets
one more ``'`` on the way out; on the way in, a cell that has at least one ``'`` before such a character loses one. So any text comes
back as it was.
"""

from __future__ import annotations

import re

import polars as pl

_OUTWARD = r"^('*[=+\-@\t\r])"
_INWARD = r"^'('*[=+\-@\t\r])"

_OUTWARD_TEXT = re.compile(_OUTWARD)
_INWARD_TEXT = re.compile(_INWARD)


def column(name: str) -> pl.Expr:
    """The column of that very name: ``pl.col`` takes ``*`` and ``^…$`` for patterns, and files have columns that are called so."""
    return pl.selectors.by_name(name).as_expr()


def protect(expr: pl.Expr) -> pl.Expr:
    """Cells that a spreadsheet won't run.

    Args:
        expr: Text (String); nulls stay null.
    """
    return expr.str.replace(_OUTWARD, "'${1}")


def unprotect(expr: pl.Expr) -> pl.Expr:
    """The cells that ``protect`` was given, String."""
    return expr.str.replace(_INWARD, "${1}")


def protect_text(text: str) -> str:
    """``protect`` for one text."""
    return f"'{text}" if _OUTWARD_TEXT.match(text) else text


def unprotect_text(text: str) -> str:
    """``unprotect`` for one text."""
    return text[1:] if _INWARD_TEXT.match(text) else text
