"""How are the tasks of the rows read, in the fewest requests, and what does each row come to?"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Literal

from etl.jobs.connect import Connection
from etl.jobs.identify import Memory
from etl.jobs.session import Session, give_up_if_asked
from etl.jobs.syncing import AheadInOrder, written_of
from etl.jobs.threads import in_thread
from etl.jobs.verify_rows import Rows, RowToLook, VerifyBatch
from etl.ledger.runs import RunRecord
from etl.lightfield.answer import Category
from etl.lightfield.models import TaskView
from etl.lightfield.walk import LIST_LAG, STEP, task_page_or_none, walk_tasks
from etl.load.task_look import UnreadableTaskError
from etl.plan.duplicates import Census
from etl.plan.listed import ListedTasks
from etl.plan.three_way import Written
from etl.plan.verify import EQUAL, MISSING, Compared, Digester, Finding, compare_row
from etl.records import OTHER_FINGERPRINT, Action, RowClass
from etl.report.verified import VerifiedFile, VerifiedLine, value_text
from etl.report.wording import duration_text, rows_text

TOLD_EVERY_SECONDS = 15.0

_TASKS_AT_ONCE = 1_000
_CLOCKS_DIFFER = timedelta(hours=1)

Shown = tuple[RowToLook, int | None]
"""A row, and the digest of what the list shows of its task; None where that is not known."""


@dataclass(slots=True)
class Look:
    """What came out.

    Attributes:
        as_of: What was changed in Lightfield later than this may not have been seen.
        looked_by: How the tasks were read.
        verified_at: When the last was read.
        classes: Rows by class.
        tasks_of_other_rows: See ``Rows.of_others``; None where only some rows were asked about.
    """

    as_of: datetime
    looked_by: Literal["list", "retrieve"]
    verified_at: datetime
    classes: Counter[RowClass] = field(default_factory=Counter)
    tasks_of_other_rows: int | None = None


class Verifying:
    """Looks at the tasks of the rows. One for a job.

    Args:
        session, connection, memory: The job's.
        told: Where rows that are not as their tasks are told.
    """

    def __init__(self, session: Session, connection: Connection, memory: Memory, told: VerifiedFile) -> None:
        self._session = session
        self._connection = connection
        self._memory = memory
        self._told = told
        self._listed: ListedTasks | None = None
        self._digester = Digester((), ())
        self._last_told = session.around.clock.elapsed_seconds()

    async def over(self, rows: Rows, census: Census, runs: Sequence[RunRecord] | None) -> Look:
        """Every row.

        Args:
            rows: After its first pass.
            census: Of that pass.
            runs: The whole history of the import, the newest first; None where it is longer than was read.

        Raises:
            KeyRefusedError, ServiceDownError: As the reader does.
            LocalFailureError: A line cannot be written.
        """
        self._digester = Digester.of(rows.given.recipes[0].targets)
        asked = await asyncio.to_thread(rows.asked.close)
        now = self._connection.server_clock.now()
        tasks = len(asked)
        by_list = await self._is_listed_in_fewer(tasks)
        self._listed = ListedTasks(asked) if by_list else None
        del asked  # eight bytes a row
        if self._listed is not None:
            await self._walk(self._listed, now, _oldest_task(runs))
        look = Look(now - LIST_LAG if by_list else now, "list" if by_list else "retrieve", now)
        done = 0
        async for batch in in_thread(rows.batches(census)):
            give_up_if_asked(self._connection.stop)
            done = await self._look_at(batch, look, done, tasks)
        look.verified_at = self._connection.server_clock.now()
        if self._session.request.run is None:
            look.tasks_of_other_rows = await self._memory.thread.call(rows.of_others)
        return look

    async def _is_listed_in_fewer(self, tasks: int) -> bool:
        """Would going through the whole list take fewer requests than a retrieve a task?"""
        page = await task_page_or_none(self._connection.reader, self._connection.client, 0) if tasks > 1 else None
        pages = None if page is None or page.total is None else max(1, ceil(page.total / STEP))
        by_list = pages is not None and pages < tasks
        requests = pages if by_list and pages is not None else tasks
        rate = self._connection.throttles[Category.SEARCH if by_list else Category.READ].rate_per_second
        kind = ("list page" if by_list else "retrieve") + ("" if requests == 1 else "s")
        things = "1 task" if tasks == 1 else f"{tasks:,} tasks"
        sentence = f"{things} to look at, by {requests:,} {kind}: about {duration_text(requests / rate)}"
        self._session.around.voice.say("info", "verify", sentence, tasks=tasks, requests=requests, by="list" if by_list else "retrieve")
        return by_list

    async def _walk(self, listed: ListedTasks, now: datetime, since: datetime | None) -> None:
        seen, waiting = 0, list[tuple[str, int]]()

        def see(task: TaskView) -> None:
            nonlocal seen
            seen += 1
            waiting.append((task.id, self._digester.of_task(task)))
            if len(waiting) >= _TASKS_AT_ONCE:
                listed.see(waiting)
                waiting.clear()
                self._tell(f"{seen:,} tasks of the list read")

        await walk_tasks(self._connection.reader, self._connection.client, see, server_now=now, since=since)
        listed.see(waiting)

    async def _look_at(self, batch: VerifyBatch, look: Look, done: int, total: int) -> int:
        rest = self._not_equal_in_list(batch.to_look)
        look.classes.update(batch.classes)
        look.classes[RowClass.EQUAL] += len(batch.to_look) - len(rest)
        done += len(batch.to_look) - len(rest)
        decided = deque(batch.lines)
        async for row, theirs, compared in AheadInOrder(self._compared).over(_each(rest)):
            look.classes[compared.row_class] += 1
            if compared.findings:
                await asyncio.to_thread(self._told.add, [*_taken_before(row.row, decided), *_lines(row, theirs, compared)])
            done += 1
            self._tell(f"{done:,} of {rows_text(total)} looked at")
        await asyncio.to_thread(self._told.add, list(decided))
        return done

    def _not_equal_in_list(self, rows: Sequence[RowToLook]) -> list[Shown]:
        """The rows of which the list does not show what the source says, with what it shows; all of them where it was not read."""
        if self._listed is None:
            return [(row, None) for row in rows]
        shown = self._listed.shown([row.task_id for row in rows])
        return [(row, seen) for row, seen in zip(rows, shown, strict=True) if seen is None or seen != self._digester.of_row(row.content)]

    async def _compared(self, item: Shown) -> tuple[RowToLook, TaskView | None, Compared]:
        row, shown = item
        if shown is not None:
            written = await self._written(row)
            if written is not None and shown == self._digester.of_row_as_kept(row.content, written):
                return row, None, EQUAL
        try:
            theirs = await self._connection.look.retrieve(row.task_id)
        except UnreadableTaskError as error:
            return row, None, Compared(RowClass.FAILED, (Finding(error.message),))
        if theirs is None:
            return row, None, MISSING
        if self._digester.of_task(theirs) == self._digester.of_row(row.content):
            return row, theirs, EQUAL
        targets = (*self._digester.fields, *self._digester.relationships)
        return row, theirs, compare_row(targets, await self._written(row), row.content, theirs)

    async def _written(self, row: RowToLook) -> Written | None:
        """What was last written of it; None of a task that was found to say something else, when the ledger was rebuilt."""
        known = (await self._memory.thread.call(self._memory.rows.newest_writes, [row.key_digest])).get(row.key_digest)
        if known is None or (known.fingerprint == OTHER_FINGERPRINT and known.action is Action.ADOPTED):
            return None
        return written_of(known)

    def _tell(self, sentence: str) -> None:
        now = self._session.around.clock.elapsed_seconds()
        if now - self._last_told >= TOLD_EVERY_SECONDS:
            self._last_told = now
            self._session.around.voice.say("info", "progress", sentence)


def _taken_before(row: int, decided: deque[VerifiedLine]) -> list[VerifiedLine]:
    """Off the left end, so that lines stand in the order of rows."""
    taken = []
    while decided and decided[0].row < row:
        taken.append(decided.popleft())
    return taken


async def _each(rows: Sequence[Shown]) -> AsyncIterator[Shown]:
    for row in rows:
        yield row


def _lines(row: RowToLook, theirs: TaskView | None, compared: Compared) -> list[VerifiedLine]:
    url = None if theirs is None else theirs.http_link
    return [
        VerifiedLine(
            row.row,
            row.file,
            row.source_key,
            compared.row_class.value,
            row.task_id,
            url,
            finding.target,
            value_text(finding.written),
            value_text(finding.source),
            value_text(finding.lightfield),
            finding.message,
        )
        for finding in compared.findings
    ]


def _oldest_task(runs: Sequence[RunRecord] | None) -> datetime | None:
    """Before this the import made no task; None where that is not known: the history is long, or a ledger was lost once."""
    if not runs or any(run.command == "reconcile" for run in runs):
        return None
    return runs[-1].started_at - _CLOCKS_DIFFER
