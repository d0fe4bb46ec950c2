"""Which rows does an undo take back, and what is written for each?"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from etl.jobs.connect import Connection
from etl.jobs.identify import Memory
from etl.jobs.keys import key_of_write
from etl.jobs.session import Session
from etl.jobs.syncing import left_unread, written_of
from etl.ledger.history import WrittenRow
from etl.lightfield.models import TaskView
from etl.load.task_look import UnreadableTaskError
from etl.plan.changes import LEFT, told
from etl.plan.undo import PastWrite, Planned, TakeBack, Undoing, UndoRules, edited_record, take_back, undoing
from etl.records import WROTE, Action, Operation, OperationKind, Outcome
from etl.report.folder import local_failures, write_all
from etl.task import CANCELLED, STATUS

UNDOES = "undoes"
"""In a run's settings: the run that it takes back; empty for the whole import."""

EDITED_FILE = "edited.ndjson"
WRITTEN_SINCE = "written_since"
IN_DOUBT = "in_doubt"
STILL_IN_DOUBT = "an earlier write of it may or may not have been executed, and could not be settled: undo again later"

Step = Planned | Outcome


@dataclass(slots=True)
class Undo:
    """One undo: of ``request.run``, or of everything.

    Attributes:
        session, connection, memory: The job's.
        in_doubt: Digests of the rows of which an earlier write could not be settled: they get no other one (rule 3).
    """

    session: Session
    connection: Connection
    memory: Memory
    in_doubt: frozenset[bytes] = frozenset()
    _edited: BinaryIO | None = field(default=None)

    def count(self) -> Counter[TakeBack]:
        """How many rows are taken back in which way, NOTHING for those that are left; in the ledger's thread."""
        return Counter(step.undo.how if isinstance(step, Planned) else TakeBack.NOTHING for step in self._steps())

    async def drafts(self) -> AsyncIterator[Step]:
        """The rows, the newest write first; those that cannot be taken back with their outcome."""
        steps = self._steps()
        while chunk := await self.memory.thread.call(_next_chunk, steps):
            for step in chunk:
                yield step

    async def decide(self, step: Step) -> Operation | Outcome:
        """The write that a row needs by what its task holds now, or its outcome."""
        if isinstance(step, Outcome):
            return step
        now = self.session.around.clock.now()
        if step.draft.key_digest in self.in_doubt:
            return told(step.draft, now, IN_DOUBT, None, STILL_IN_DOUBT)
        try:
            theirs = await self.connection.look.retrieve(step.draft.task_id or "")
        except UnreadableTaskError as error:
            return left_unread(step.draft, error, now)
        rules = UndoRules(self.session.request.even_if_edited, key_of_write(self.session.config.job.name))
        decided = take_back(step, theirs, rules, now)
        if isinstance(decided, Outcome):
            if decided.action in WROTE:
                await self.memory.thread.call(self.memory.rows.finish, self.session.run_id, [decided])
        elif theirs is not None and step.touched(theirs):
            self._note_edited(theirs)
        return decided

    def _note_edited(self, theirs: TaskView) -> None:
        """Before its write: what people have made of the task is not to be lost."""
        path = self.session.folder.path / EDITED_FILE
        if self._edited is None:
            self._edited = self.session.folder.open_new(path)
            self.session.cleanup.callback(self._edited.close)
        line = json.dumps(edited_record(theirs.id, theirs), ensure_ascii=False) + "\n"
        with local_failures(path):
            write_all(self._edited, line.encode("utf-8", "surrogatepass"))

    def _steps(self) -> Iterator[Step]:
        run = self.session.request.run
        return self._of_run(run) if run else self._of_all()

    def _of_all(self) -> Iterator[Step]:
        """Every row with a live task: whatever was written to it, it is gone with its task."""
        how = TakeBack.CANCEL if self.session.request.by_cancel else TakeBack.TRASH
        for rows in self.memory.rows.rows_with_task():
            for row in rows:
                if how is TakeBack.TRASH or not _is_cancelled(row):
                    yield Planned(_draft(row), Undoing(how, {}), written_of(row))

    def _of_run(self, run: str) -> Iterator[Step]:
        done: set[bytes] = set()
        for rows in self.memory.rows.writes_of_run(run):
            fresh = [row for row in rows if row.key_digest not in done]
            newest = self.memory.rows.newest_writes([row.key_digest for row in fresh if not row.newest])
            for row in fresh:
                if row.key_digest not in done:
                    done.add(row.key_digest)
                    yield from self._of_row(run, row, newest)

    def _of_row(self, run: str, last: WrittenRow, newest: Mapping[bytes, WrittenRow]) -> Iterator[Step]:
        """``last`` is the row's newest write of the run."""
        if not last.newest:
            later = newest[last.key_digest]
            if not self._undid(later.run_id, run):
                yield self._written_since(last, later)
            return
        undo = undoing(self._writes_of_row(last), by_cancel=self.session.request.by_cancel)
        if undo.how is not TakeBack.NOTHING:
            yield Planned(_draft(last), undo, written_of(last), (last.replaced or {}).get(LEFT, {}))

    def _writes_of_row(self, last: WrittenRow) -> Sequence[PastWrite]:
        """The row's writes of the same run, the oldest first."""
        writes = [last]
        while writes[0].previous is not None:
            before = self.memory.rows.write_at(writes[0].previous)
            if before is None or before.run_id != last.run_id:
                break
            writes.insert(0, before)
        return [PastWrite(each.kind, _found_there(each), each.replaced) for each in writes]

    def _undid(self, later_run: str, run: str) -> bool:
        """Did an undo of this run, one that was interrupted for example, write it?"""
        record = self.memory.rows.find_run(later_run)
        return record is not None and record.settings.get(UNDOES) == run

    def _written_since(self, last: WrittenRow, later: WrittenRow) -> Outcome:
        message = f"the run {later.run_id} wrote to it later, so it was left as it is: undo that run first, or the whole import"
        return told(_draft(last), self.session.around.clock.now(), WRITTEN_SINCE, None, message)


def _next_chunk(steps: Iterator[Step]) -> list[Step]:
    return [step for _, step in zip(range(100), steps, strict=False)]


def _found_there(row: WrittenRow) -> bool:
    if row.kind is OperationKind.TRASH:
        # A trash of ours replaced a whole task, if the ledger still holds it.
        return row.replaced is not None and not any(row.replaced.values())
    return row.action is Action.ADOPTED and row.kind is not OperationKind.CREATE


def _is_cancelled(row: WrittenRow) -> bool:
    return row.content is not None and row.content.get("fields", {}).get(STATUS) == CANCELLED


def _draft(row: WrittenRow) -> Operation:
    return Operation(
        kind=OperationKind.UPDATE,
        source_key=row.source_key,
        key_digest=row.key_digest,
        fingerprint=row.fingerprint or bytes(16),
        payload={},
        idempotency_key="",
        generation=row.entry_generation,
        revision=row.entry_revision,
        task_id=row.task_id,
    )
