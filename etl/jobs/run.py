"""The job ``run``: look ahead, ask, settle, send, report."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from etl.errors import SettingsError
from etl.jobs.connect import Connection, write_rate
from etl.jobs.guards import Guards
from etl.jobs.identify import Memory, note_run, open_memory, take_lock
from etl.jobs.kept import KeptPass
from etl.jobs.loading import loading
from etl.jobs.lookahead import first_pass, known_of, plan_view, prepared_for
from etl.jobs.lost_ledger import guard_first_rows, lost_ledger_guard
from etl.jobs.names import resolve_input
from etl.jobs.passes import Input, drained, key_spec, open_and_connect
from etl.jobs.question import ask_person
from etl.jobs.request import JobRequest, Surroundings
from etl.jobs.session import Session, again, give_up_if_asked
from etl.jobs.settle import settle
from etl.jobs.syncing import syncing_of
from etl.jobs.vanishing import COMPLETE, Vanishing, vanishing_of
from etl.jobs.waiting import tell_waiting
from etl.jobs.work import carry_out
from etl.load.stop import StopSwitch
from etl.plan.choose import Choice
from etl.plan.duplicates import Census, DuplicateMarker, StreamMarker
from etl.plan.estimate import many_rejected, to_write
from etl.report.remarks import show_remarks
from etl.report.screen import show_plan
from etl.report.summary import Summary
from etl.report.wording import rows_text


async def run(request: JobRequest, around: Surroundings, stop: StopSwitch) -> Summary:
    """Import the input; every way it can end is a Summary. Raises as ``carry_out`` does."""
    return await carry_out(_run, request, around, stop)


async def _run(session: Session, stop: StopSwitch) -> None:
    _refuse_sync_by_content(session)
    source, connection = await open_and_connect(session, stop, writes=True)
    # Faults of the map, and a guard's column that is not there, come to light before a ledger is made.
    given = await resolve_input(session, connection, source, stop)
    guards = Guards(session, given)
    await guards.look(stop, count_rows=session.request.stream)
    memory = await open_memory(session, connection, create=True)
    await take_lock(session, connection, memory, stop)
    spec = key_spec(session.config.job, source.files)
    await memory.thread.call(memory.rows.check_key_spec, spec)
    vanishing = vanishing_of(session, memory)
    census = kept = None
    if session.request.stream:
        guards.hold(None)
        await guard_first_rows(session, connection, memory, given)
    else:
        census, kept = await _look_ahead(session, connection, memory, given, guards, vanishing, stop)
    await _ask(session, memory, given, census)
    await memory.thread.call(memory.rows.set_key_spec, spec)
    await note_run(session, memory, rows=_rows_of(given, census), more={COMPLETE: vanishing is not None and vanishing.complete})
    await _load(session, connection, memory, given, census, kept, vanishing)
    await memory.thread.call(memory.rows.let_go, session.started_at - timedelta(seconds=session.config.job.retain))
    await tell_waiting(session, memory, besides=session.run_id)
    give_up_if_asked(stop)


def _refuse_sync_by_content(session: Session) -> None:
    if session.syncs and session.config.job.source.key_is_content:
        raise SettingsError(
            "--sync needs a key: with key: content a row that changed is another row, and nobody knows which one it was",
            next_step=f"name the columns that identify a row under source.key in {session.config.path}, or leave --sync out",
        )


def _rows_of(given: Input, census: Census | None) -> int | None:
    if census is None:
        return None
    rows = sum(census.counts.values())
    return rows if given.limit is None else min(rows, given.limit)


def _most_writes(given: Input, census: Census) -> int:
    writes = to_write(census.counts)
    return writes if given.limit is None else min(writes, given.limit)


async def _look_ahead(  # noqa: PLR0913, PLR0917  what a run has in hand
    session: Session, connection: Connection, memory: Memory, given: Input, guards: Guards, vanishing: Vanishing | None, stop: StopSwitch
) -> tuple[Census, KeptPass | None]:
    known = await asyncio.to_thread(known_of, memory)
    # Of a ledger that knows nothing every row is sent: there is nothing worth keeping.
    kept = None if known is None else KeptPass(session.scratch, given.limit)
    guard = await lost_ledger_guard(session, connection, knows_rows=known is not None)

    def see(choice: Choice) -> None:
        if guard:
            guard.see(choice)
        if vanishing:
            vanishing.see(choice.prepared)

    census = await drained(first_pass(session, prepared_for(known, given), known, see, keep=kept), stop)
    give_up_if_asked(stop)
    show_plan(session.around.voice, plan_view(session, census.counts, write_rate(connection)))
    show_remarks(session.around.voice, session.remarks.kinds())
    guards.hold(census.counts)
    if guard:
        await guard.hold(session, connection, memory)
    if vanishing:
        await vanishing.hold(given)
    return census, kept


async def _ask(session: Session, memory: Memory, given: Input, census: Census | None) -> None:
    """On a terminal, before the first write ever to this workspace, or when many rows would be rejected."""
    request, ask = session.request, session.around.ask
    if request.assume_yes or ask is None or session.around.practice is not None:
        return
    if census is not None and not to_write(census.counts):
        return
    reasons = []
    if not await memory.thread.call(memory.rows.has_written):
        reasons.append(f"{session.config.job.name} has never written to this workspace")
    if census is not None and many_rejected(census.counts):
        reasons.append("more than 5 % of the rows would be rejected")
    if reasons:
        # In this thread, which alone hears of Ctrl-C; nothing else is under way.
        first = ask_person(ask, reasons, request.typed)
        if first is not None:
            given.limit = first if given.limit is None else min(first, given.limit)
            session.around.voice.say("info", "limited", f"only the first {rows_text(given.limit)}")
            session.next_step = f"for the rest, {again(request)}"


async def _load(  # noqa: PLR0913, PLR0917  what a run has in hand
    session: Session,
    connection: Connection,
    memory: Memory,
    given: Input,
    census: Census | None,
    kept: KeptPass | None,
    vanishing: Vanishing | None,
) -> None:
    # The tally of the look ahead is kept; without one, the load counts the problems as it goes.
    marker = StreamMarker() if census is None else DuplicateMarker(census.duplicates)
    async with loading(session, connection, memory, count_problems=census is None) as load:
        await settle(load)
        if not connection.stop.asked:
            if vanishing:
                vanishing.add_settled(load.settled.values())
            # Who wants only the first rows after all has not decided about those that are gone.
            gone = vanishing.drafts() if vanishing and given.limit is None else None
            total = None if census is None else _most_writes(given, census) + (len(vanishing.digests) if vanishing and gone else 0)
            syncing = syncing_of(session, connection, memory)
            await load.send(given, marker, total=total, kept=kept, syncing=syncing, gone=gone)
    if census is None:
        show_remarks(session.around.voice, session.remarks.kinds())
    session.folder.point_latest()
