"""Which rows does the source hold, and which of them have a task that has to be looked at?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from etl.extract.scan import ROWS_PER_BATCH
from etl.frames import KEY_DIGEST, ROW, SOURCE_KEY, PreparedBatch
from etl.jobs.identify import Memory
from etl.jobs.passes import Input
from etl.jobs.session import Session
from etl.plan.choose import UPDATE, Choice, choice_targets, choose
from etl.plan.duplicates import Census, DuplicateMarker
from etl.plan.listed import AskedTasks
from etl.plan.missing import PresentKeys
from etl.plan.payload import task_body
from etl.plan.verify import LOOK, classed
from etl.records import Action, RowClass
from etl.report.verified import VerifiedLine
from etl.transform.hashes import key_hash

_TOLD = (RowClass.MISSING, RowClass.REJECTED, RowClass.FAILED)


@dataclass(frozen=True, slots=True)
class RowToLook:
    """A row that has a task: where it stands, who it is, and its content by the source, in the form of a create's body."""

    row: int
    file: str
    source_key: str
    key_digest: bytes
    task_id: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class VerifyBatch:
    """A batch: what is known without looking at a task, and the rows whose tasks have to be looked at.

    ``classes`` counts the rows that need no look; ``lines`` are those of them that are told.
    """

    classes: Mapping[RowClass, int]
    lines: Sequence[VerifiedLine]
    to_look: Sequence[RowToLook]


@dataclass(slots=True)
class Rows:
    """The input, read twice: first for the tasks that will be asked about, then row by row.

    Attributes:
        session, memory, given: The job's.
        asked: The tasks of the rows.
        present: The keys of the input, once it was read row by row.
    """

    session: Session
    memory: Memory
    given: Input
    asked: AskedTasks = field(default_factory=AskedTasks)
    present: PresentKeys = field(default_factory=PresentKeys)

    def ask_about(self, choice: Choice) -> None:
        """Take in a batch of the first pass, in a worker thread."""
        looked_at = [Action.UNCHANGED.value, Action.CHANGED.value, UPDATE]
        known = choice.frame.select(pl.coalesce("action", "intention").is_in(looked_at)).to_series()
        rows = pl.concat([choice.frame.select("task_id"), choice.prepared.frame.select(KEY_DIGEST)], how="horizontal").filter(known)
        self.asked.add(rows.filter(self._wanted(rows[KEY_DIGEST]))["task_id"])

    def batches(self, census: Census) -> Iterator[VerifyBatch]:
        """The second pass, in a worker thread."""
        marker = DuplicateMarker(census.duplicates)
        for prepared in self.given.prepared(rows_per_batch=ROWS_PER_BATCH, whole_rows=False):
            self.present.add(prepared)
            entries = self.memory.thread.wait_for(self.memory.rows.entries, prepared.frame[KEY_DIGEST])
            choice = choose(prepared, entries, marker.mark(prepared))
            self.session.tally.add_problems(choice.own_problems(), file=prepared.raw.file.path)
            yield self._batch(prepared, choice, classed(choice, entries))

    def of_others(self) -> int:
        """Tasks of the import whose rows are not in the input; those of rows that vanished before and were seen to are left out."""
        self.present.close()
        frames = self.memory.rows.live_rows()
        return sum(int(self.present.lacks(frame.select(key_hash(pl.col(SOURCE_KEY))).to_series()).sum()) for frame in frames)

    def _batch(self, prepared: PreparedBatch, choice: Choice, frame: pl.DataFrame) -> VerifyBatch:
        file = prepared.raw.file.path
        if self.session.request.run is not None:
            frame = frame.filter(self._wanted(frame[KEY_DIGEST]) & (frame["class"] != RowClass.DUPLICATE.value))
        decided = frame.filter(pl.col("class") != LOOK)
        classes = {RowClass(word): int(rows) for word, rows in decided["class"].value_counts().iter_rows()}
        told = decided.filter(pl.col("class").is_in([each.value for each in _TOLD]))
        columns = told.select(ROW, SOURCE_KEY, "class", "task_id", "field", "message").iter_rows()
        lines = [
            VerifiedLine(row, file, key, word, task_id, None, target, None, None, None, message)
            for row, key, word, task_id, target, message in columns
        ]
        return VerifyBatch(classes, lines, list(_rows_to_look(prepared, choice, frame.filter(pl.col("class") == LOOK), file)))

    def _wanted(self, digests: pl.Series) -> pl.Series:
        """Boolean, one a digest: every row, or with ``--run`` those that this run wrote last."""
        run = self.session.request.run
        if run is None:
            return pl.repeat(value=True, n=len(digests), dtype=pl.Boolean, eager=True)
        newest = self.memory.thread.wait_for(self.memory.rows.newest_writes, digests.drop_nulls().to_list())
        of_run = [digest for digest, written in newest.items() if written.run_id == run]
        return digests.is_in(pl.Series(of_run, dtype=pl.Binary).implode()).fill_null(value=False)


def _rows_to_look(prepared: PreparedBatch, choice: Choice, frame: pl.DataFrame, file: str) -> Iterator[RowToLook]:
    targets = choice_targets(choice)
    contents = prepared.frame.select(ROW, *targets).join(frame, on=ROW, how="semi", maintain_order="left")
    for row, values in zip(frame.iter_rows(named=True), contents.select(targets).iter_rows(named=True), strict=True):
        yield RowToLook(row[ROW], file, row[SOURCE_KEY], row[KEY_DIGEST], row["task_id"], task_body(values))
