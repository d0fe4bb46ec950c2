"""What do the interpreter and polars need to be told before anything large is imported?"""

from __future__ import annotations

import gc
from collections.abc import MutableMapping

_SETTINGS = {
    # polars reads a CSV file far ahead of whoever consumes it. With smaller pieces, fewer ahead, `check` of a million rows (310 MB) takes
    # 420 MB instead of 510 MB, and a twentieth less time. They are settings of polars 2.1 without documentation: a version that does not
    # know them ignores them.
    "POLARS_CSV_CHUNK_SIZE": "1000000",
    "POLARS_CSV_CHUNK_PREFETCH_LIMIT": "2",
    # The same of Parquet, whose row groups of 250,000 rows filled 860 MB after 1.5 million rows, and 350 MB after 2 million with these.
    "POLARS_ROW_GROUP_PREFETCH_SIZE": "1",
    "POLARS_IDEAL_MORSEL_SIZE": "25000",
}

_FEW_PROCESSORS = 2
"""With so many, our own threads keep them busy, and one of polars' is enough: with more, `check` took a tenth longer, and 100 MB more.
A container's share is not asked for: polars asks by itself."""

# Of Python's own 700. What is made at a start are modules, which stay: looking through them for garbage took an eighth of it.
_OBJECTS_BEFORE_COLLECTING = 50_000


def tune_collector() -> None:
    """Look for garbage less often; for a process that is ours alone."""
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTING)


def spare_collector() -> None:
    """Before the end: what is still there goes with the process. To look through all of it first took a quarter of a second."""
    gc.freeze()


def tune_polars(environment: MutableMapping[str, str], processors: int | None) -> None:
    """Set what the user has not set; to be called before the first import of polars.

    Args:
        environment: The process's own.
        processors: How many the machine has; None where that is not known.
    """
    for name, value in _SETTINGS.items():
        environment.setdefault(name, value)
    if processors is not None and processors <= _FEW_PROCESSORS:
        environment.setdefault("POLARS_MAX_THREADS", "1")
