"""Updates, trashes and restores that failed or are in doubt: which of them are still right, now that the source is gone?"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from etl.jobs.loading import Load
from etl.jobs.settle_changes import DONE_AS
from etl.jobs.syncing import left_unread
from etl.key_window import KEY_WINDOW
from etl.lightfield.models import TaskView
from etl.load.task_look import UnreadableTaskError
from etl.plan.changes import told
from etl.plan.doubtful_change import Happened, as_found, happened
from etl.plan.three_way import Written, touched
from etl.records import Operation, OperationKind, Outcome

CHANGED_SINCE = "changed_since"


@dataclass(frozen=True, slots=True)
class RetryChanges:
    """Looks at each task before its change is sent again."""

    load: Load

    async def send(self, operations: Sequence[Operation]) -> None:
        """Send those that still are as they were planned; what was done meanwhile is recorded, and the rest is told and forgotten."""
        if operations:
            await self.load.send_looked_at(_each(operations), self._decide, total=len(operations))

    async def _decide(self, operation: Operation) -> Operation | Outcome:
        load, rows = self.load, self.load.memory.rows
        try:
            theirs = await load.connection.look.retrieve(operation.task_id or "")
        except UnreadableTaskError as error:
            return left_unread(operation, error, load.session.around.clock.now())
        what, now = self._happened(operation, theirs), load.session.around.clock.now()
        if what is Happened.AGAIN:
            return operation
        if what is Happened.DONE:
            outcome = Outcome(operation, DONE_AS[operation.kind], 0, now, task_id=operation.task_id)
            await load.memory.thread.call(rows.finish, load.session.run_id, [outcome])
            return outcome
        if what is Happened.PARTLY and theirs is not None:
            there = Outcome(as_found(operation, theirs), DONE_AS[operation.kind], 0, now, task_id=operation.task_id)
            await load.memory.thread.call(rows.finish, load.session.run_id, [there])
        await load.memory.thread.call(rows.settle_absent, [operation])
        return told(operation, now, CHANGED_SINCE, None, "its task was changed or deleted since, so it is not sent again: compare the two")

    def _happened(self, operation: Operation, theirs: TaskView | None) -> Happened:
        first = operation.first_sent_at
        protected = first is None or self.load.connection.server_clock.now() - first < KEY_WINDOW
        what = happened(operation, theirs, protected=protected)
        if what is not Happened.NOT_DONE:
            return what
        # With the source gone nobody plans them anew: a trash or a restore is still right where the task still is as it was.
        if operation.kind is OperationKind.RESTORE and theirs is None:
            return Happened.AGAIN
        if operation.kind is OperationKind.TRASH and theirs is not None and not touched(Written(operation.content or {}, {}), theirs):
            return Happened.AGAIN
        return what


async def _each(operations: Sequence[Operation]) -> AsyncIterator[Operation]:
    for operation in operations:
        yield operation
