"""Does the ledger of this run know what is in Lightfield? Asked before anything is created (rule 9)."""

from __future__ import annotations

import asyncio
import shlex
from dataclasses import dataclass

from etl.errors import LedgerError
from etl.jobs.connect import READ_SCOPE, Connection
from etl.jobs.identify import Memory
from etl.jobs.lookahead import decided, known_of, refuse_zoneless
from etl.jobs.passes import Input
from etl.jobs.request import JobRequest
from etl.jobs.session import Session
from etl.jobs.tasks import not_owned
from etl.lightfield.client import PAGE_SIZE
from etl.lightfield.models import TaskView
from etl.lightfield.pages import gather
from etl.lightfield.walk import TaskPage, task_page_or_none
from etl.plan.choose import Choice
from etl.plan.duplicates import NothingKnown
from etl.plan.lost_ledger import UnknownRows, spread_offsets

FIRST_ROWS = 10_000
"""So many are held against Lightfield's tasks where nobody looks at all of them."""


@dataclass(frozen=True, slots=True)
class LostLedgerGuard:
    """Listens to the look ahead, then asks Lightfield; ``newest`` is the list's first page, None where it was not asked for yet."""

    unknown: UnknownRows
    newest: TaskPage | None

    def see(self, choice: Choice) -> None:
        """Take in a batch of the look ahead."""
        self.unknown.add(choice)

    async def hold(self, session: Session, connection: Connection, memory: Memory) -> None:
        """Compare tasks of the whole list with the rows that would be created.

        Raises:
            LedgerError: Too many of them are there already.
            LockLostError: So it seems, but the lock is no longer ours.
            KeyRefusedError, ServiceDownError: As the reader does.
        """
        if not len(self.unknown):
            return
        newest = self.newest or await task_page_or_none(connection.reader, connection.client, 0)
        if newest is None or not newest.tasks:
            return
        tasks = await _sampled(connection, newest)
        free = await memory.thread.call(not_owned, memory.rows, set(tasks))
        in_doubt = [intent.operation.payload for intent in await memory.thread.call(memory.rows.open_intents)]
        matches = self.unknown.matches([tasks[task_id] for task_id in sorted(free)], in_doubt)
        if self.unknown.look_lost(matches):
            # Where another run has taken the lock meanwhile, these are its tasks, and the ledger knows them by now.
            await memory.thread.call(memory.rows.lease.renew)
            raise LedgerError(_sentence(session, matches, len(tasks)), next_step=reconcile_command(session.request))


async def _sampled(connection: Connection, newest: TaskPage) -> dict[str, TaskView]:
    offsets = spread_offsets(newest.total or 0, PAGE_SIZE)[1:]
    further = await gather([task_page_or_none(connection.reader, connection.client, offset) for offset in offsets])
    # An offset that Lightfield refuses shows nothing: the other pages have to do.
    pages = [newest, *(page for page in further if page is not None)]
    return {task.id: task for page in pages for task in page.tasks}


async def lost_ledger_guard(session: Session, connection: Connection, *, knows_rows: bool = False) -> LostLedgerGuard | None:
    """The guard; None where there is nothing to compare with, or ``--force-new`` was given.

    Args:
        session: The run's.
        connection: To Lightfield.
        knows_rows: The ledger knows rows of this import, so that there are tasks: whether there may be more than it knows is only asked
            once the look ahead has met a row that it does not know.

    Raises:
        KeyRefusedError, ServiceDownError: As the reader does.
    """
    if session.request.force_new or session.around.practice is not None or not connection.info.allows(READ_SCOPE):
        return None
    newest = None if knows_rows else await task_page_or_none(connection.reader, connection.client, 0)
    if not knows_rows and (newest is None or not newest.tasks):
        return None
    job = session.config.job
    return LostLedgerGuard(UnknownRows(job.name, by_stamp=job.stamp), newest)


async def guard_first_rows(session: Session, connection: Connection, memory: Memory, given: Input) -> None:
    """For a run without a look ahead: only the rows of its first batch are looked at, and held against what Lightfield has.

    Raises:
        LedgerError: As ``LostLedgerGuard.hold``.
        SourceError: The rows cannot be read, or their times carry no zone and none is configured.
        KeyRefusedError, ServiceDownError: As the reader does.
    """
    guard = await lost_ledger_guard(session, connection)

    def see_first() -> None:
        known = known_of(memory)
        first = next(given.prepared(rows_per_batch=FIRST_ROWS, whole_rows=False, with_digests=known is not None), None)
        if first is not None:
            refuse_zoneless(session, first)
            if guard is not None:
                guard.see(decided(first, known, NothingKnown()))

    await asyncio.to_thread(see_first)
    if guard is not None:
        await guard.hold(session, connection, memory)


def reconcile_command(request: JobRequest) -> str:
    """The command that rebuilds the ledger of this run."""
    return command_alike(request, "reconcile")


def command_alike(request: JobRequest, command: str) -> str:
    """Another command on the same import: its config, data, ledger and address."""
    options = (("--ledger", request.ledger), ("--base-url", request.base_url), ("--api-key-file", request.api_key_file))
    given = [word for name, value in options if value is not None for word in (name, str(value))]
    return shlex.join(["lightfield-etl", command, str(request.config_path), *request.data, *given])


def _sentence(session: Session, matches: int, looked_at: int) -> str:
    return (
        f"of {looked_at:,} tasks of this workspace that were looked at, {matches:,} are like rows of this input that the ledger "
        f"{session.ledger} does not know: it is lost, or an old copy, and to go on would make second tasks; nothing was sent. "
        "If these rows are new all the same: run --force-new"
    )
