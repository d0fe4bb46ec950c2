"""Which column of a file does a config mean?"""

from __future__ import annotations

from collections.abc import Iterable


def fold_column(name: str) -> str:
    """The form in which column names are compared: trimmed, without a BOM, case-folded."""
    return name.strip("\ufeff \t\r\n\u00a0").casefold()


def find_column(columns: Iterable[str], aliases: Iterable[str]) -> str | None:
    """The file's own name of the first alias that it has, or None.

    An exact match of an alias wins over a folded one.
    """
    columns = tuple(columns)
    folded = {fold_column(column): column for column in reversed(columns)}
    for alias in aliases:
        if alias in columns:
            return alias
        found = folded.get(fold_column(alias))
        if found is not None:
            return found
    return None
