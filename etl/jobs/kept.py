"""What did the look ahead find out about each row, so that the load need not find it out again?

Only where most rows need no call: kept on disk are the rows' identities, what the ledger knows of them, and the content of those that may
need a call. A night in which nothing happened then reads, maps and looks up every row once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from etl.errors import LocalFailureError, SourceChangedError
from etl.extract.scan import OpenSource
from etl.frames import GIVEN_KEY, ROW, PreparedBatch, RawBatch, SourceFile
from etl.jobs.passes import LOOK_AHEAD_ROWS
from etl.plan.choose import Choice, choice_targets, choose
from etl.plan.duplicates import Marker
from etl.records import NEEDS_A_PERSON, Action, EntryState
from etl.report.folder import local_failures
from etl.report.held import ParkedFrame

Known = Callable[[pl.Series], pl.DataFrame]
"""Key digests to what the ledger knows of them (``ImportLedger.entries``); called in a worker thread."""

MOST_WITH_CONTENT = 100_000
"""Rows that may need a call: with more, what is kept would be as large as the input, and the writing takes an hour anyway."""

_MAY_NEED_A_CALL = pl.col("action").is_null() | (pl.col("action") == Action.UNCERTAIN.value)
_MAY_HAVE_CHANGED = pl.col("has_intent") | (pl.col("state") == EntryState.UNCERTAIN.value)
_PERSON = [action.value for action in NEEDS_A_PERSON]


@dataclass(frozen=True, slots=True)
class _KeptBatch:
    file: SourceFile
    rows: ParkedFrame
    entries: ParkedFrame
    problems: ParkedFrame


class KeptPass:
    """The batches of a look ahead, in private files of the scratch folder; they are taken once.

    Args:
        scratch: The run's private folder.
        limit: Only the first N rows were looked at; None for all.
    """

    def __init__(self, scratch: Path, limit: int | None) -> None:
        self._limit = limit
        self._folder = scratch / "kept"
        self._batches: list[_KeptBatch] | None = []
        self._with_content = 0

    def holds(self, limit: int | None) -> bool:
        """Whether it has the same rows as a pass with that limit; else the input has to be read again."""
        return self._batches is not None and self._limit == limit

    def add(self, choice: Choice, entries: pl.DataFrame) -> None:
        """Take in one batch of the look ahead, and what the ledger knew of its rows."""
        if self._batches is None:
            return
        may_need_a_call = choice.frame.select(_MAY_NEED_A_CALL).to_series()
        self._with_content += int(may_need_a_call.sum())
        if self._with_content > MOST_WITH_CONTENT:
            self.drop()
            return
        prepared = choice.prepared
        contents = [pl.when(may_need_a_call).then(pl.col(target)).alias(target) for target in choice_targets(choice)]
        rows = prepared.frame.with_columns(*contents, prepared.raw.frame[GIVEN_KEY])
        batch = _KeptBatch(prepared.raw.file, ParkedFrame(rows), ParkedFrame(entries), ParkedFrame(prepared.problems))
        self._batches.append(batch)
        try:
            self._spill(batch, len(self._batches))
        except LocalFailureError:
            # Where there is no room for it, the input is read again, which needs none.
            self.drop()

    def drop(self) -> None:
        """Nothing is kept; the files go with the scratch folder."""
        self._batches = None

    def choices(self, source: OpenSource, known: Known, marker: Marker, *, sync: bool, all_cells: bool) -> Iterator[Choice]:
        """Every batch, decided by what is known now; frees each as it goes.

        Args:
            source: The same input.
            known: What the ledger knows now: asked for rows that were in doubt.
            marker: Knows the duplicates.
            sync: As ``choose`` takes it.
            all_cells: Every batch gets all the source's columns; else only one with rows that may end in ``failures.csv``.

        Raises:
            SourceChangedError: A file is not what it was.
            SourceError: It cannot be read again.
            LocalFailureError: What was kept is gone.
        """
        cells = CellsAgain(source, self._limit)
        batches, self._batches = self._batches or [], None
        for batch in batches:
            source.ensure_unchanged()
            prepared, entries = _taken(batch), _refreshed(batch.entries.take(), known)
            choice = choose(prepared, entries, marker.mark(prepared), sync=sync)
            if all_cells or _may_fail(choice):
                choice = Choice(cells.restored(prepared), choice.frame)
            yield choice

    def _spill(self, batch: _KeptBatch, number: int) -> None:
        with local_failures(self._folder):
            self._folder.mkdir(mode=0o700, exist_ok=True)
        batch.rows.spill(self._folder / f"{number}-rows.arrow")
        batch.entries.spill(self._folder / f"{number}-entries.arrow")
        batch.problems.spill(self._folder / f"{number}-problems.arrow")


class CellsAgain:
    """Reads the source's own cells once more, no further than to the batches that ask for them, and not at all where none does.

    Args:
        source: The input.
        limit: Only the first N rows, as in the pass that was kept.
    """

    def __init__(self, source: OpenSource, limit: int | None) -> None:
        self._raw = source.batches(rows_per_batch=LOOK_AHEAD_ROWS, limit=limit)
        self._read: RawBatch | None = None

    def restored(self, prepared: PreparedBatch) -> PreparedBatch:
        """The batch with all the columns of its file. Batches come in input order.

        Raises:
            SourceChangedError: The rows are no longer there.
            SourceError: They cannot be read.
        """
        rows, file = prepared.frame[ROW], prepared.raw.file
        frames = [raw.frame.filter(pl.col(ROW).is_between(rows[0], rows[-1])) for raw in self._up_to(file.index, rows[-1])]
        found = pl.concat(frames) if frames else prepared.raw.frame.clear()
        if not found[ROW].equals(rows):
            raise SourceChangedError(f"{file.path} changed while it was read", next_step="run the same command again once it is complete")
        return PreparedBatch(RawBatch(file, found), prepared.frame, prepared.problems)

    def _up_to(self, file: int, last_row: int) -> Iterator[RawBatch]:
        """What is read up to that row; a batch that goes beyond it will be looked at again."""
        while True:
            self._read = self._read or next(self._raw, None)
            if self._read is None or self._read.file.index > file:
                return
            if self._read.file.index == file:
                yield self._read
                if self._read.frame[ROW][-1] > last_row:
                    return
            self._read = None


def _taken(batch: _KeptBatch) -> PreparedBatch:
    rows = batch.rows.take()
    return PreparedBatch(RawBatch(batch.file, rows.select(ROW, GIVEN_KEY)), rows.drop(GIVEN_KEY), batch.problems.take())


def _refreshed(entries: pl.DataFrame, known: Known) -> pl.DataFrame:
    """Rows in doubt may have been settled since."""
    in_doubt = entries.filter(_MAY_HAVE_CHANGED)
    return entries if in_doubt.is_empty() else pl.concat([entries.filter(~_MAY_HAVE_CHANGED), known(in_doubt["key_digest"])])


def _may_fail(choice: Choice) -> bool:
    action = choice.frame["action"]
    return action.null_count() > 0 or bool(action.is_in(_PERSON).any())
