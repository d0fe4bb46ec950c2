"""Which rows of a run need a person? Read back from its ``results.csv``, which knows every row and is flat to read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import polars as pl

from etl.records import NEEDS_A_PERSON
from etl.report.folder import RunFolder

MOST_KEPT = 10_000
"""More rows than these are only counted."""

_DIGEST_BYTES = 8


@dataclass(frozen=True, slots=True)
class NeedyRows:
    """The rows that need a person; ``digests`` are of those that have a key, None where they are too many."""

    rows: int
    digests: frozenset[bytes] | None


def needy_rows(folder: RunFolder) -> NeedyRows | None:
    """Those of a run; None where its ``results.csv`` is not there or cannot be read."""
    lines = pl.scan_csv(folder.results, infer_schema=False).filter(pl.col("action").is_in([action.value for action in NEEDS_A_PERSON]))
    try:
        rows = int(lines.select(pl.len()).collect(engine="streaming").item())
        if rows > MOST_KEPT:
            return NeedyRows(rows, None)
        keys = lines.select("source_key").collect()["source_key"].drop_nulls()
    except (OSError, pl.exceptions.PolarsError):
        return None
    return NeedyRows(rows, frozenset(hashlib.blake2b(key.encode(), digest_size=_DIGEST_BYTES).digest() for key in keys))
