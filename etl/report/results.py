"""What became of every row of the input, in input order?"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

import polars as pl

from etl.cells import protect
from etl.errors import LocalFailureError
from etl.frames import PreparedBatch, SourceFile
from etl.records import Action, Outcome
from etl.report.attention import Attention, AttentionRow
from etl.report.counts import Counts, no_rows
from etl.report.failures import FailuresFile
from etl.report.folder import RunFolder, local_failures, write_all
from etl.report.held import HeldBatch
from etl.report.lines import ACTION, FILE, KEY, LINE_SCHEMA, OutcomeLine, outcome_lines

RESULT_COLUMNS = (
    "row",
    "file",
    "source_key",
    "action",
    "task_id",
    "url",
    "idempotency_key",
    "attempts",
    "http_status",
    "error_code",
    "error_field",
    "error_message",
    "finished_at",
)
"""The header of ``results.csv``."""

HELD_ROWS = 10_000
"""Rows held back in memory for the sake of the order; beyond, they go to the scratch folder."""

_LOOSE_LINES = 1_000
_LINE_COLUMNS = tuple(LINE_SCHEMA)[: len(RESULT_COLUMNS)]
_TEXTS_OF_OTHERS = (FILE, KEY, "task_id", "url", "error_field", "error_message")


class ResultsFile:
    """``results.csv``: UTF-8, comma, cells that a spreadsheet would run protected; a header from the start."""

    def __init__(self, folder: RunFolder) -> None:
        self._path = folder.results
        self._stream = folder.open_new(folder.results)
        try:
            with local_failures(self._path):
                write_all(self._stream, (",".join(RESULT_COLUMNS) + "\n").encode())
        except LocalFailureError:
            self._stream.close()
            raise

    def write(self, lines: pl.DataFrame) -> None:
        """Adds lines (LINE_SCHEMA).

        Raises:
            LocalFailureError: The disk is full.
        """
        cells = lines.select(protect(pl.col(name)) if name in _TEXTS_OF_OTHERS else pl.col(name) for name in _LINE_COLUMNS)
        with local_failures(self._path):
            cells.write_csv(self._stream, include_header=False)

    def close(self) -> None:
        """Ends the file.

        Raises:
            LocalFailureError: It is no longer where it was, or the disk is full.
        """
        self.end()
        if not self._path.is_file():
            raise LocalFailureError(
                f"{self._path} vanished during the run; what was written to Lightfield is in the ledger",
                next_step="run the same command again",
            )

    def end(self) -> None:
        """Ends the file, wherever it is by now.

        Raises:
            LocalFailureError: The disk is full.
        """
        with local_failures(self._path):
            self._stream.close()


class RowReport:
    """``results.csv`` and ``failures.csv`` together: a batch is written when all its rows are decided, batches in input order.

    An outcome without a row (a task whose row vanished from the source, an undo, a retry from the ledger) has its line in
    ``results.csv`` after the input's, with ``row`` and ``file`` empty, and none in ``failures.csv``, which could not be run again with it.
    Use it as a context manager, so that its files are ended whatever happens; ``close`` says that the run is over.

    Args:
        folder: The run's.
        files: All files of the input: the header of ``failures.csv`` is made of their columns.
        scratch: A private folder for rows that are held back.
        failures: Write ``failures.csv``.
        results: Write ``results.csv``.

    Raises:
        LocalFailureError: The folder vanished or the disk is full; so do all methods.
    """

    def __init__(
        self,
        folder: RunFolder,
        *,
        files: Sequence[SourceFile],
        scratch: Path,
        failures: bool = True,
        results: bool = True,
    ) -> None:
        self._folder = folder
        self._scratch = scratch
        self._has_input = bool(files)
        self._failures = FailuresFile(folder, files) if failures else None
        self._results = ResultsFile(folder) if results else None
        self._pending: list[HeldBatch] = []
        self._loose: list[OutcomeLine] = []
        self._attention = Attention()
        self._counts = no_rows()
        self._spilled = 0
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Ends the files as they are; what is still held is lost unless ``close`` was called."""
        self._closed = True
        for file in (self._failures, self._results):
            if file is not None:
                file.end()

    @property
    def counts(self) -> Mapping[Action, int]:
        """Rows by action so far, live; every action is there."""
        return MappingProxyType(self._counts)

    @property
    def attention(self) -> tuple[AttentionRow, ...]:
        """The first ATTENTION_ROWS rows that need a person, of those that are written."""
        return self._attention.rows

    def add(self, prepared: PreparedBatch, decided: pl.DataFrame, waiting: int) -> None:
        """Takes the next batch of the input.

        Args:
            prepared: The batch; with all columns of its file, unless ``failures`` is off or no row of it may need a person.
            decided: One row for each of the batch's, in the same order: ROW, ``action`` (null: an outcome will come), ``task_id``, ``url``,
                ``idempotency_key``, ``error_code``, ``error_field``, ``error_message`` (String or null), ``known_to_ledger`` (Boolean).
            waiting: How many actions are null.

        Raises:
            ValueError: ``decided`` is not about the rows of the batch, or ``waiting`` is another number.
            LocalFailureError: A row cannot be written.
        """
        if waiting != decided[ACTION].null_count():
            raise ValueError(f"waiting is {waiting}, but {decided[ACTION].null_count()} actions are null")
        if decided.is_empty():
            return
        self._count(decided)
        self._pending.append(HeldBatch(prepared, decided, keep_cells=self._failures is not None))
        self._write_what_is_decided()
        self._spill_the_newest()

    def finish(self, outcome: Outcome) -> None:
        """Takes what became of a row that waits.

        Raises:
            ValueError: No such row waits.
            LocalFailureError: A row cannot be written.
        """
        line, file, row = OutcomeLine.of(outcome), outcome.operation.file, outcome.operation.row
        if file is None or row is None:
            self._counts[outcome.action] += 1
            self._finish_loose(line)
            return
        batch = self._batch_of(file, row)
        before = batch.finish(row, line)
        self._counts[outcome.action] += 1
        if before is not None:
            self._counts[Action(before.action)] -= 1
        if batch.waiting == 0:
            self._write_or_settle(batch)

    def close(self, now: datetime) -> Counts:
        """Writes everything that is held; rows without an outcome become ``not_sent``. A second call changes nothing.

        Returns:
            Rows by action.

        Raises:
            LocalFailureError: A row cannot be written, or the files are no longer where they were.
        """
        if not self._closed:
            self._closed = True
            try:
                self._write_all(now)
            finally:
                self._close_files()
        return dict(self._counts)

    def _count(self, decided: pl.DataFrame) -> None:
        for action, rows in decided[ACTION].drop_nulls().value_counts().iter_rows():
            self._counts[Action(action)] += rows

    def _batch_of(self, file: int, row: int) -> HeldBatch:
        place = bisect_right(self._pending, (file, row), key=lambda batch: batch.first) - 1
        if place < 0 or not self._pending[place].awaits(file, row):
            raise ValueError(f"no row {row} of file {file} waits for an outcome")
        return self._pending[place]

    def _write_or_settle(self, batch: HeldBatch) -> None:
        if batch is self._pending[0]:
            self._write_what_is_decided()
            return
        batch.settle()
        self._spill_beyond_measure(batch)

    def _write_what_is_decided(self) -> None:
        while self._pending and self._pending[0].waiting == 0:
            self._write(*self._pending.pop(0).take())

    def _spill_the_newest(self) -> None:
        if self._pending:
            self._spill_beyond_measure(self._pending[-1])

    def _spill_beyond_measure(self, batch: HeldBatch) -> None:
        if sum(held.rows_in_memory for held in self._pending) > HELD_ROWS:
            self._spilled += 1
            batch.spill(self._scratch, self._spilled)

    def _finish_loose(self, line: OutcomeLine) -> None:
        self._loose.append(line)
        if not self._has_input and len(self._loose) >= _LOOSE_LINES:
            self._write_loose()

    def _write_loose(self) -> None:
        loose, self._loose = self._loose, []
        self._write_lines(outcome_lines(loose))

    def _write_all(self, now: datetime) -> None:
        while self._pending:
            batch = self._pending.pop(0)
            self._counts[Action.NOT_SENT] += batch.waiting
            self._write(*batch.take_unsent(now))
        self._write_loose()

    def _write(self, lines: pl.DataFrame, sources: pl.DataFrame) -> None:
        self._write_lines(lines)
        if self._failures is not None:
            self._failures.write(lines, sources)

    def _write_lines(self, lines: pl.DataFrame) -> None:
        if self._results is not None:
            self._results.write(lines)
        self._attention.add(lines)

    def _close_files(self) -> None:
        if self._failures is not None:
            self._failures.end()
        if self._results is not None:
            self._results.close()
