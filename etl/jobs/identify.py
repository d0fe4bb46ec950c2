"""Which ledger, which workspace, which import, and is it ours alone?"""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from etl.errors import EtlError, LockedError, WorkspaceError
from etl.jobs.connect import Connection
from etl.jobs.journal import keep_lease
from etl.jobs.session import Session, give_up_if_asked, user_name, versions
from etl.jobs.settings import ledger_url
from etl.jobs.threads import LedgerThread
from etl.ledger.find import find_ledger
from etl.ledger.lease_terms import LEASE_SECONDS
from etl.lightfield.answer import Answer, Category
from etl.load.stop import StopSwitch
from etl.report.summary import Summary

if TYPE_CHECKING:
    from etl.ledger.imports import ImportLedger
    from etl.ledger.store import Ledger
    from etl.ledger.workspaces import Workspace

HELD_AS = "process"
"""In a run's settings: the lock's holder as it calls itself; tells the run that is under way from one that crashed before it."""

REPORTS = "reports"
"""In a run's settings: the folder with its files."""

DAY_ORDER = "day_order"
"""In a run's settings: a ``transform.day_order.DayOrder`` that the dates of its input proved."""

_LOCK_POLL_SECONDS = 1.0
# Of ``JobRequest``: what makes a run another one; where things lie is told apart from them, and a question that was asked is none.
_NOTED_OPTIONS = (
    "limit",
    "rate",
    "concurrency",
    "max_failures",
    "max_duration_seconds",
    "stream",
    "run",
    "force_new",
    "complete",
    "by_cancel",
    "even_if_edited",
)


@dataclass(frozen=True, slots=True)
class Memory:
    """The ledger of this run, and the thread in which it is called."""

    thread: LedgerThread
    ledger: Ledger
    rows: ImportLedger


async def open_memory(session: Session, connection: Connection, *, create: bool) -> Memory:
    """Open the ledger and find this import in it; the session's cleanup closes it.

    Args:
        session: The job.
        connection: Says which workspace it is.
        create: Make the ledger where there is none.

    Raises:
        LedgerError: It cannot be used.
        WorkspaceError: This import's rows are known in another workspace than the one that the key opens.
    """
    from etl.ledger.store import open_ledger

    thread = session.cleanup.enter_context(LedgerThread())
    url = ledger_url(session.request, session.around, session.config)
    ledger = await thread.call(open_ledger, url, clock=session.around.clock, create=create, config=session.request.config_path)
    session.cleanup.push_async_callback(thread.call, ledger.close)
    session.ledger = ledger.location
    if ledger.created and not session.around.practice:
        session.around.voice.say(
            "info", "ledger_created", f"made a new ledger: {ledger.location} (keep it: it remembers what each row became)"
        )
    workspace = await _remember_workspace(session, connection, thread, ledger)
    rows = await thread.call(ledger.open_import, workspace, session.config.job.name)
    return Memory(thread, ledger, rows)


async def _remember_workspace(session: Session, connection: Connection, thread: LedgerThread, ledger: Ledger) -> Workspace:
    found = await _known_workspace(session, connection, thread, ledger)
    origin, members = connection.client.origin, _member_ids(connection)
    label = ", ".join((session.workspace.domains if session.workspace else ())[:1]) or origin
    workspace = await thread.call(ledger.remember_workspace, origin, members, label=label, workspace=found)
    await thread.call(ledger.remember_api_key, workspace, connection.key.reveal())
    return workspace


async def _known_workspace(session: Session, connection: Connection, thread: LedgerThread, ledger: Ledger) -> Workspace | None:
    """Rule 8: known by its members; where they cannot be read, by a key that opened it before, or by a task of ours."""
    origin, name, members = connection.client.origin, session.config.job.name, _member_ids(connection)
    elsewhere = await thread.call(ledger.workspaces_with_rows, origin, name)
    if members:
        found = await thread.call(ledger.find_workspace, origin, members)
    else:
        found = await _by_task_or_key(connection, thread, ledger, elsewhere, name)
    if elsewhere and (found is None or found.id not in {workspace.id for workspace in elsewhere}) and session.config.job.workspace is None:
        raise WorkspaceError(_other_workspace(name, elsewhere), next_step=_OTHER_STEP)
    return found


def _member_ids(connection: Connection) -> list[str]:
    return [member.id for member in connection.members or ()]


async def _by_task_or_key(
    connection: Connection, thread: LedgerThread, ledger: Ledger, elsewhere: list[Workspace], name: str
) -> Workspace | None:
    opened = await thread.call(ledger.known_api_key, connection.client.origin, connection.key.reveal())
    if opened:
        return opened[0]
    for workspace in elsewhere:
        task_id = await thread.call(_one_task, ledger, workspace, name)
        if task_id is not None and await _opens(connection, task_id):
            return workspace
    return None


def _one_task(ledger: Ledger, workspace: Workspace, name: str) -> str | None:
    task_ids = next(ledger.open_import(workspace, name).owned_task_ids(), [])
    return task_ids[0] if task_ids else None


async def _opens(connection: Connection, task_id: str) -> bool:
    async def retrieve() -> Answer:
        return await connection.client.retrieve_task(task_id)

    answer = await connection.reader.answer(retrieve, Category.READ)
    return answer.body is not None and answer.fault is None


_OTHER_STEP = (
    "use the key of that workspace; or, if another one is meant, say so in the config: workspace: {member: <an e-mail of this workspace>}"
)


def _other_workspace(name: str, elsewhere: list[Workspace]) -> str:
    labels = ", ".join(workspace.label for workspace in elsewhere)
    return f"the ledger knows rows of {name!r} in another workspace ({labels}) than the one that this API key opens; nothing was sent"


async def look_into_memory(session: Session, connection: Connection) -> Memory | None:
    """The same for who only looks: nothing is made or noted. None where there is no ledger, or it knows nothing of this import.

    Raises:
        LedgerError, WorkspaceError: As ``open_memory``.
    """
    url = ledger_url(session.request, session.around, session.config)
    thread = session.cleanup.enter_context(LedgerThread())
    ledger = await thread.call(find_ledger, url, clock=session.around.clock)
    if ledger is None:
        return None
    session.cleanup.push_async_callback(thread.call, ledger.close)
    session.ledger = ledger.location
    workspace = await _known_workspace(session, connection, thread, ledger)
    if workspace is None:
        return None
    return Memory(thread, ledger, await thread.call(ledger.open_import, workspace, session.config.job.name))


async def take_lock(session: Session, connection: Connection, memory: Memory, stop: StopSwitch) -> None:
    """Take the lock of this import, waiting as long as was asked for; it is renewed until the session's cleanup gives it back.

    Where another run had it a moment ago, whether it ended or died, that run's writes count against the limit too.

    Raises:
        LockedError: Another run holds it.
        EtlError: The job was asked to stop.
    """
    clock = session.around.clock
    deadline, waited = clock.elapsed_seconds() + session.request.wait_seconds, False
    while not await _acquired(memory, last_try=clock.elapsed_seconds() >= deadline):
        give_up_if_asked(stop)
        waited = True
        await clock.sleep(min(_LOCK_POLL_SECONDS, max(0.0, deadline - clock.elapsed_seconds())))
    session.cleanup.push_async_callback(_give_back, session, memory)
    # From here on, not from the load: a look ahead at ten million rows, or at a slow Lightfield, outlasts the lease.
    heartbeat = asyncio.create_task(keep_lease(memory.thread, memory.rows, clock, stop))
    session.cleanup.push_async_callback(_end, heartbeat)
    if waited or memory.rows.lease.taken_from is not None:
        connection.throttles[Category.WRITE].others_were_here()


async def _end(heartbeat: asyncio.Task[None]) -> None:
    heartbeat.cancel()
    await asyncio.gather(heartbeat, return_exceptions=True)


async def _give_back(session: Session, memory: Memory) -> None:
    """What the run did is done: a lock that cannot be given back runs out by itself."""
    try:
        await memory.thread.call(memory.rows.lease.release)
    except EtlError as error:
        session.around.voice.say(
            "warning", "lock_kept", f"the lock was not given back, it expires within {LEASE_SECONDS:g} s: {error.message}"
        )


async def _acquired(memory: Memory, *, last_try: bool) -> bool:
    try:
        # The lease remembers between tries how long it has watched its holder.
        await memory.thread.call(memory.rows.lease.acquire)
    except LockedError:
        if last_try:
            raise
        return False
    return True


def _told_of(session: Session) -> dict[str, Any]:
    """What a run's settings say of every run; the data, of which more is known later, as far as it was found."""
    request = session.request
    options = {name: getattr(request, name) for name in _NOTED_OPTIONS}
    if request.command == "run":
        options["sync"] = session.syncs
    return {
        "config": str(session.config.path),
        "config_sha256": session.config.sha256,
        "data": [{"path": file.path, "sha256": file.sha256} for file in session.files],
        "user": user_name(),
        "host": platform.node(),
        "versions": versions().model_dump(exclude_none=True),
        "options": {name: value if isinstance(value, int | float | str) else str(value) for name, value in options.items() if value},
        REPORTS: str(session.folder.path),
        **({DAY_ORDER: session.day_order} if session.day_order else {}),
    }


async def note_run(session: Session, memory: Memory, *, rows: int | None = None, more: Mapping[str, Any] | None = None) -> None:
    """Write the run into the ledger's history, and its end when it has one.

    Args:
        session: The job.
        memory: Where to.
        rows: Of the whole input, where a look ahead has counted them.
        more: What else its settings are to say.
    """
    settings = {**_told_of(session), HELD_AS: memory.rows.lease.holder, "rows": rows, **(more or {})}
    from etl.ledger.runs import RunRecord

    record = RunRecord(run_id=session.run_id, command=session.request.command, started_at=session.started_at, settings=settings)
    await memory.thread.call(memory.rows.start_run, record)
    ledger = memory.rows

    async def end(summary: Summary) -> None:
        counts = {action.value: number for action, number in summary.counts.items()}
        await memory.thread.call(ledger.finish_run, summary.run_id, summary.status.value, summary.exit_code, counts, summary.finished_at)

    session.books = end
