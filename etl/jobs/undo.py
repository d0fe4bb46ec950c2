"""The job ``undo``: what runs wrote is taken back, where the tasks still are as they were left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from etl.errors import GuardError, KeyRefusedError, LedgerError, SettingsError
from etl.jobs.connect import CREATE_SCOPE, DELETE_SCOPE, READ_SCOPE, RESTORE_SCOPE, UPDATE_SCOPE, Connection, connect
from etl.jobs.identify import Memory, note_run, open_memory, take_lock
from etl.jobs.loading import loading
from etl.jobs.lost_ledger import reconcile_command
from etl.jobs.request import JobRequest, Surroundings
from etl.jobs.session import Session, give_up_if_asked
from etl.jobs.settle import settle
from etl.jobs.undoing import UNDOES, Undo
from etl.jobs.waiting import tell_waiting
from etl.jobs.work import carry_out
from etl.ledger.runs import RunRecord
from etl.load.stop import StopSwitch
from etl.plan.undo import TakeBack
from etl.records import WROTE, OperationKind
from etl.report.summary import Summary
from etl.report.wording import rows_text

_RUNS_LOOKED_AT = 10_000
_SHOWN_RUNS = 20
_SCOPES = {
    TakeBack.TRASH: DELETE_SCOPE,
    TakeBack.CANCEL: UPDATE_SCOPE,
    TakeBack.PUT_BACK: UPDATE_SCOPE,
    TakeBack.RESTORE: RESTORE_SCOPE,
}
_SETTLING = {OperationKind.CREATE: CREATE_SCOPE, OperationKind.UPDATE: UPDATE_SCOPE, OperationKind.RESTORE: RESTORE_SCOPE}
"""What sending again what is in doubt needs; whether a trash was executed is only looked at."""

_TOLD = {
    TakeBack.TRASH: "to move to the trash",
    TakeBack.CANCEL: "to cancel",
    TakeBack.PUT_BACK: "to put back",
    TakeBack.RESTORE: "to take out of the trash",
    TakeBack.NOTHING: "left, because a later run wrote to them",
    TakeBack.IMPOSSIBLE: "whose former values the ledger has let go of",
}


async def undo(request: JobRequest, around: Surroundings, stop: StopSwitch) -> Summary:
    """Take back a run, or the whole import; every way it can end is a Summary. Raises as ``carry_out`` does."""
    return await carry_out(_undo, request, around, stop)


async def _undo(session: Session, stop: StopSwitch) -> None:
    connection = await connect(session, stop, scopes=(READ_SCOPE,), by_map=False)
    memory = await open_memory(session, connection, create=False)
    await take_lock(session, connection, memory, stop)
    await _hold_known(session, memory)
    runs = await memory.thread.call(_runs_to_undo, memory, session.request.run)
    work = Undo(session, connection, memory)
    ways = await memory.thread.call(work.count)
    doubts = [each.operation.kind for each in await memory.thread.call(memory.rows.open_intents)]
    _hold_scopes(connection, ways, doubts, session.request)
    _show(session, runs, ways)
    if not sum(ways.values()) and not doubts:
        return
    _ask(session)
    await note_run(session, memory, more={UNDOES: session.request.run or ""})
    async with loading(session, connection, memory, count_problems=False) as load:
        await settle(load)
        left = await memory.thread.call(memory.rows.open_intents)
        work.in_doubt = frozenset(each.operation.key_digest for each in left)
        if not stop.asked:
            await load.send_looked_at(work.drafts(), work.decide, total=sum(ways.values()))
    if session.request.run is None and not stop.asked:
        await memory.thread.call(memory.rows.drop_failed_of_others, session.run_id)
    session.folder.point_latest()
    await tell_waiting(session, memory, besides=session.run_id)
    give_up_if_asked(stop)


async def _hold_known(session: Session, memory: Memory) -> None:
    """A ledger that knows nothing is lost more often than new; "nothing left to undo" would sound like the truth.

    Raises:
        LedgerError: It knows no row of the import.
    """
    if not await memory.thread.call(memory.rows.knows_any):
        raise LedgerError(
            f"the ledger {session.ledger} knows no row of {session.config.job.name!r} in this workspace, so nothing tells what to take "
            "back: name its ledger with --ledger, or rebuild a lost one",
            next_step=reconcile_command(session.request),
        )


def _runs_to_undo(memory: Memory, run_id: str | None) -> Sequence[RunRecord]:
    """The run that was named, or all that wrote something; the newest first.

    Raises:
        SettingsError: The ledger knows no such run.
    """
    runs = [run for run in memory.rows.last_runs(_RUNS_LOOKED_AT) if any(run.counts.get(action) for action in WROTE) or not run.finished_at]
    if run_id is None:
        return runs
    found = memory.rows.find_run(run_id)
    if found is None:
        known = ", ".join(run.run_id for run in runs[:5]) or "none that wrote anything"
        raise SettingsError(f"the ledger knows no run {run_id!r} of {memory.rows.name!r}", next_step=f"its newest runs are: {known}")
    return [found]


def _hold_scopes(connection: Connection, ways: Counter[TakeBack], doubts: Sequence[OperationKind], request: JobRequest) -> None:
    """Before anything is sent, also what settles the rows in doubt, and what takes them back with the rest.

    Raises:
        KeyRefusedError: The API key may not do something of it.
    """
    settling = {_SETTLING[kind] for kind in doubts if kind in _SETTLING}
    then = {TakeBack.CANCEL if request.by_cancel else TakeBack.TRASH} if doubts and not request.run else set()
    missing = sorted(
        scope for scope in {_SCOPES[way] for way in {*ways, *then} & {*_SCOPES}} | settling if not connection.info.allows(scope)
    )
    if missing:
        instead = ", or cancel the tasks instead with --by cancel" if DELETE_SCOPE in missing else ""
        instead += "; or let a run settle first what earlier ones left in doubt" if settling & {*missing} else ""
        raise KeyRefusedError(
            f"the API key lacks {', '.join(missing)}, which this undo needs; nothing was changed",
            next_step=f"give another key with --api-key-file, made for this alone{instead}",
        )


def _show(session: Session, runs: Sequence[RunRecord], ways: Counter[TakeBack]) -> None:
    say = session.around.voice.say
    for run in runs[:_SHOWN_RUNS]:
        counts = ", ".join(f"{rows:,} {action}" for action, rows in run.counts.items() if rows) or "it never ended"
        say("info", "undo_run", f"{run.run_id}  {run.command}  {counts}", run=run.run_id, counts=dict(run.counts))
    if len(runs) > _SHOWN_RUNS:
        say("info", "undo_runs", f"and {len(runs) - _SHOWN_RUNS:,} older runs")
    told = ", ".join(f"{rows_text(ways[way])} {words}" for way, words in _TOLD.items() if ways[way])
    say("info", "undo", told or "nothing of it is left to undo", **{way.value: ways[way] for way in _TOLD})


def _ask(session: Session) -> None:
    """The import's name has to be typed.

    Raises:
        SettingsError: There is nobody to ask, and no ``--yes``.
        GuardError: Something else was typed.
    """
    request, ask, name = session.request, session.around.ask, session.config.job.name
    if request.assume_yes:
        return
    if ask is None:
        raise SettingsError("undo changes tasks in Lightfield, and there is nobody to ask", next_step=f"{request.typed} --yes")
    what = f"the run {request.run}" if request.run else "the whole import"
    prompt = f"This takes back {what}. What people touched since is {_about_edited(session)}.\nType the import's name ({name}) to go on: "
    if ask(prompt).strip() != name:
        raise GuardError("that is not the import's name", next_step=f"when you are ready: {request.typed}")


def _about_edited(session: Session) -> str:
    return "taken back too, and written to edited.ndjson before" if session.request.even_if_edited else "left as it is, and listed"
