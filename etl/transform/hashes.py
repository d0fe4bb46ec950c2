"""By what are keys compared within one process?"""

from __future__ import annotations

import polars as pl


def key_hash(key: pl.Expr) -> pl.Expr:
    """UInt64 or null, the same for the same key; another version of polars may hash otherwise, so that it must not be kept."""
    return pl.when(key.is_not_null()).then(key.hash())
