"""Which rows does the page list: the first that need a person?"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from etl.frames import ROW
from etl.report.lines import ACTION, FILE, KEY, needs_a_person

ATTENTION_ROWS = 2_000
"""How many are kept in memory."""


@dataclass(frozen=True, slots=True)
class AttentionRow:
    """A row that needs a person; texts are empty where there is nothing to say."""

    row: int | None
    file: str
    source_key: str
    action: str
    code: str
    field: str
    message: str
    url: str


class Attention:
    """Picks them from the lines as these are written."""

    def __init__(self) -> None:
        self._rows: list[AttentionRow] = []

    @property
    def rows(self) -> tuple[AttentionRow, ...]:
        """At most ATTENTION_ROWS, in the order in which they were written."""
        return tuple(self._rows)

    def add(self, lines: pl.DataFrame) -> None:
        """Looks through more lines (LINE_SCHEMA)."""
        room = ATTENTION_ROWS - len(self._rows)
        if room <= 0:
            return
        failed = lines.filter(needs_a_person()).head(room)
        told = failed.select(ROW, FILE, KEY, ACTION, "error_code", "error_field", "error_message", "url")
        self._rows += [AttentionRow(row, *(text or "" for text in texts)) for row, *texts in told.iter_rows()]
