"""What does polars need to be told before it is imported?"""

from __future__ import annotations

from collections.abc import MutableMapping

_SETTINGS = {
    # polars reads a CSV file far ahead of whoever consumes it. With smaller pieces, fewer ahead, a pass over a file of a million rows
    # (316 MB) took 192 MB instead of 398 MB, and no longer. They are settings of polars 2.1 without documentation: a version that does
    # not know them ignores them.
    "POLARS_CSV_CHUNK_SIZE": "4000000",
    "POLARS_CSV_CHUNK_PREFETCH_LIMIT": "2",
}


def tune_polars(environment: MutableMapping[str, str]) -> None:
    """Set what the user has not set; to be called before the first import of polars."""
    for name, value in _SETTINGS.items():
        environment.setdefault(name, value)
