"""What does Lightfield hold of the rows that changed, or whose task we had trashed? Looked at just before they are written."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from etl.jobs.connect import Connection
from etl.jobs.identify import Memory
from etl.jobs.keys import key_of_write
from etl.jobs.session import Session
from etl.lightfield.models import TaskView
from etl.load.task_look import UNREADABLE, UnreadableTaskError
from etl.plan.changes import Former, Rules, back_again, change, told, vanished
from etl.plan.three_way import Written
from etl.records import WROTE, Operation, OperationKind, Outcome

if TYPE_CHECKING:
    from etl.ledger.history import WrittenRow

LOOKED_AT_AHEAD = 50
"""Two seconds of the Read budget: a look is that much older than its write, at most."""

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Draft:
    """A write before which a task has to be looked at.

    Attributes:
        operation: A change, or the create of a row whose task we moved to the trash.
        written: What was last written of the row.
        gone: The row vanished from the source.
        former: Of a create: the task that the row had.
    """

    operation: Operation
    written: Written | None
    gone: bool = False
    former: str | None = None


@dataclass(slots=True)
class Syncing:
    """Looks at tasks and decides what is written. One for a run.

    Attributes:
        session, connection, memory: The run's.
        rules: The config's for rows that changed.
    """

    session: Session
    connection: Connection
    memory: Memory
    rules: Rules

    async def drafts(self, operations: AsyncIterator[Operation], gone: AsyncIterator[Draft] | None) -> AsyncIterator[Operation | Draft]:
        """Updates with what was last written of their rows, and then the rows that vanished; a row's first create passes through."""
        async for operation in operations:
            if operation.kind is OperationKind.UPDATE:
                yield await self._draft(operation)
            else:
                yield await self._anew(operation) if operation.generation else operation
        if gone is not None:
            async for draft in gone:
                yield draft

    async def decide(self, item: Operation | Draft) -> Operation | Outcome:
        """The write of a draft, or what it came to without one; durable in the ledger where that matters."""
        if isinstance(item, Operation):
            return item
        decided = await self._decided(item)
        if isinstance(decided, Outcome) and decided.action in WROTE:
            await self.memory.thread.call(self.memory.rows.finish, self.session.run_id, [decided])
        return decided

    async def _draft(self, operation: Operation) -> Draft:
        known = await self.memory.thread.call(self.memory.rows.newest_writes, [operation.key_digest])
        return Draft(operation, written_of(known.get(operation.key_digest)))

    async def _anew(self, operation: Operation) -> Operation | Draft:
        known = await self.memory.thread.call(self.memory.rows.newest_writes, [operation.key_digest])
        before = known.get(operation.key_digest)
        return operation if before is None else Draft(operation, written_of(before), former=before.task_id)

    async def _decided(self, draft: Draft) -> Operation | Outcome:
        now = self.session.around.clock.now
        try:
            theirs = await self.connection.look.retrieve(draft.former or draft.operation.task_id or "")
        except UnreadableTaskError as error:
            return left_unread(draft.operation, error, now())
        return self._by(draft, theirs, now())

    def _by(self, draft: Draft, theirs: TaskView | None, now: datetime) -> Operation | Outcome:
        if draft.former is not None:
            if theirs is None:
                return draft.operation
            return back_again(draft.operation, Former(draft.former, draft.written), theirs, self.rules, now)
        if draft.gone and draft.written is not None:
            return vanished(draft.operation, draft.written, theirs, self.rules, now)
        return change(draft.operation, draft.written, theirs, self.rules, now)


def left_unread(operation: Operation, error: UnreadableTaskError, now: datetime) -> Outcome:
    """A row whose task could not be looked at: nothing is sent, and nothing is forgotten."""
    return told(operation, now, UNREADABLE, None, f"{error.message}; nothing was sent, the next run looks again")


def syncing_of(session: Session, connection: Connection, memory: Memory) -> Syncing:
    """By the config's rules."""
    job = session.config.job
    rules = Rules(
        targets=tuple(job.map),
        source_wins=job.sync.on_conflict == "overwrite",
        recreate=job.sync.recreate,
        make_key=key_of_write(job.name),
        on_missing=job.sync.on_missing,
        updates=session.syncs,
    )
    return Syncing(session, connection, memory, rules)


def written_of(row: WrittenRow | None) -> Written | None:
    """The base of a comparison; None where the ledger does not hold it (any more)."""
    return None if row is None or row.content is None else Written(row.content, row.observed)


def needs_no_look(item: Operation | Draft) -> Operation | Outcome | None:
    """What ``Syncing.decide`` would hand back as it is."""
    return item if isinstance(item, Operation) else None


@dataclass(slots=True)
class AheadInOrder(Generic[Item, Result]):
    """Works on up to so many items at once, and hands their results out in the order of the items.

    Attributes:
        work: What happens to an item.
        at_once: How many.
        ready: The result of an item that needs no work, None of others: spares a task for each of a million creates.
    """

    work: Callable[[Item], Coroutine[Any, Any, Result]]
    at_once: int = LOOKED_AT_AHEAD
    ready: Callable[[Item], Result | None] = lambda _: None
    _running: deque[asyncio.Task[Result]] = field(default_factory=deque)

    async def over(self, items: AsyncIterator[Item]) -> AsyncIterator[Result]:
        """The results; an exception of the work ends them, and what else is under way."""
        try:
            async for item in items:
                if not self._running and (result := self.ready(item)) is not None:
                    yield result
                    continue
                self._running.append(asyncio.create_task(self.work(item)))
                while len(self._running) >= self.at_once or (self._running and self._running[0].done()):
                    yield await self._running.popleft()
            while self._running:
                yield await self._running.popleft()
        finally:
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)
