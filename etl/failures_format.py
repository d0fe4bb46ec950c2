"""How does ``failures.csv`` say whose row it was and why it failed, so that the file can be mended and given back?"""

from __future__ import annotations

from collections.abc import Sequence

FAILURE_COLUMNS = (
    "_row",
    "_file",
    "_source_key",
    "_action",
    "_error_code",
    "_error_field",
    "_error_message",
    "_http_status",
    "_attempts",
)
"""What ``failures.csv`` has behind the source's own columns; a file whose header ends with exactly these is a failures file."""

KEY_MARK = "key:"
"""Stands before an identity in ``failures.csv``, so that no spreadsheet makes a number of it."""


def is_failures_file(columns: Sequence[str]) -> bool:
    """The header ends with exactly our columns; only then are they special."""
    return tuple(columns[-len(FAILURE_COLUMNS) :]) == FAILURE_COLUMNS
