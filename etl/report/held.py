"""Which rows are not written yet, because a row before them is still in flight?

A batch is held as frames, in memory or in a private file of the scratch folder.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import polars as pl

from etl.frames import ROW, PreparedBatch, SourceFile
from etl.report.folder import local_failures, open_private
from etl.report.lines import ACTION, OutcomeLine, decided_lines, needs_a_person, with_outcomes, without_outcome_as_not_sent


class ParkedFrame:
    """A frame that lies in memory until it is sent to disk; it is taken back once."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame: pl.DataFrame | None = frame
        self._path: Path | None = None

    @property
    def rows_in_memory(self) -> int:
        """How many rows it costs memory for."""
        return 0 if self._frame is None else self._frame.height

    def spill(self, path: Path) -> None:
        """Moves the frame to a new private file.

        Raises:
            LocalFailureError: The scratch folder vanished or is full.
        """
        if self._frame is None:
            return
        with local_failures(path):
            with open_private(path) as stream:
                self._frame.write_ipc(stream, compression="lz4")
            self._path, self._frame = path, None

    def take(self) -> pl.DataFrame:
        """The frame; its file is removed.

        Raises:
            LocalFailureError: The file is gone.
        """
        if self._frame is None and self._path is not None:
            with local_failures(self._path):
                with self._path.open("rb") as stream:
                    self._frame = pl.read_ipc(stream)
                self._path.unlink()
            self._path = None
        if self._frame is None:
            raise ValueError("a parked frame can be taken once")
        frame, self._frame = self._frame, None
        return frame


class HeldBatch:
    """One batch on its way to the report.

    Attributes:
        file: Where its rows stand.
        first: Its place in the input: file index and first row.
        waiting: Rows that an outcome will still come for.

    Args:
        prepared: The batch.
        decided: What the plan says of its rows (DECIDED_COLUMNS).
        keep_cells: Hold the source's cells of rows that may need a person; where there are any, the batch must have all its file's columns.
    """

    def __init__(self, prepared: PreparedBatch, decided: pl.DataFrame, *, keep_cells: bool) -> None:
        lines = decided_lines(prepared, decided)
        waits = lines[ACTION].is_null()
        may_fail = waits | lines.select(needs_a_person().fill_null(value=False)).to_series()
        self.file: SourceFile = prepared.raw.file
        self.first: tuple[int, int] = (self.file.index, int(lines[ROW][0]))
        # Looked into for every outcome; an array takes four bytes a row, and bisecting it a hundredth of a polars search.
        self._waiting_rows = array("I", lines.filter(waits)[ROW].to_list())
        self.waiting = len(self._waiting_rows)
        self._outcomes: dict[int, OutcomeLine] = {}
        self._lines = ParkedFrame(lines)
        columns = self.file.columns if keep_cells and may_fail.any() else ()
        self._sources = ParkedFrame(_columns_of(prepared.raw.frame.filter(may_fail), (ROW, *columns)))

    @property
    def rows_in_memory(self) -> int:
        """How many rows it costs memory for."""
        return self._lines.rows_in_memory

    def awaits(self, file: int, row: int) -> bool:
        """Is it a row of this batch that was left without a decision?"""
        place = bisect_left(self._waiting_rows, row)
        return file == self.file.index and place < len(self._waiting_rows) and self._waiting_rows[place] == row

    def finish(self, row: int, line: OutcomeLine) -> OutcomeLine | None:
        """Keeps what became of a row; returns what was said of it before, if anything."""
        before = self._outcomes.get(row)
        self._outcomes[row] = line
        self.waiting -= before is None
        return before

    def settle(self) -> None:
        """Once nothing waits: only the lines, and the source's cells of those that need a person, are held on."""
        lines, sources = self.take()
        self._outcomes = {}
        self._lines = ParkedFrame(lines)
        self._sources = ParkedFrame(sources.join(lines.filter(needs_a_person()), on=ROW, how="semi", maintain_order="left"))

    def spill(self, scratch: Path, number: int) -> None:
        """Moves the frames to private files in ``scratch``.

        Raises:
            LocalFailureError: The scratch folder vanished or is full.
        """
        self._lines.spill(scratch / f"held-{number}-lines.arrow")
        self._sources.spill(scratch / f"held-{number}-sources.arrow")

    def take(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The lines (LINE_SCHEMA) with their outcomes, and the source's cells (ROW, the file's columns) of those that may need a person."""
        return with_outcomes(self._lines.take(), self._outcomes.values()), self._sources.take()

    def take_unsent(self, now: datetime) -> tuple[pl.DataFrame, pl.DataFrame]:
        """As ``take``, with ``not_sent`` for the rows that no outcome came for."""
        lines, sources = self.take()
        return without_outcome_as_not_sent(lines, now), sources


def _columns_of(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """By name and not by expression: polars takes a source's column ``*`` or ``^a$`` for a pattern."""
    return pl.DataFrame([frame.get_column(name) for name in names])
