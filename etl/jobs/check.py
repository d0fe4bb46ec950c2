"""The job ``check``: everything but the load; asks, and sends nothing."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import polars as pl

from etl.frames import PROBLEM_CODE, PreparedBatch, RawBatch
from etl.jobs.connect import write_rate
from etl.jobs.guards import Guards
from etl.jobs.identify import look_into_memory
from etl.jobs.kept import Known
from etl.jobs.lookahead import decided, expected, first_pass, known_of, plan_view
from etl.jobs.lookups_csv import Told, settle_lookups
from etl.jobs.names import offline_input, resolve_input
from etl.jobs.passes import LOOK_AHEAD_ROWS, Input, drained, key_spec, open_and_connect, open_input, until_asked
from etl.jobs.request import JobRequest, Surroundings
from etl.jobs.session import Session, give_up_if_asked
from etl.jobs.vanishing import Vanishing, vanishing_of
from etl.jobs.work import carry_out
from etl.load.stop import StopSwitch
from etl.load.throttle import DOCUMENTED_RATE
from etl.plan.choose import DUPLICATE_KEY, Choice
from etl.plan.duplicates import Census, DuplicateMarker
from etl.records import NEEDS_A_PERSON, Action
from etl.report.remarks import show_remarks
from etl.report.results import RowReport
from etl.report.screen import show_check
from etl.report.summary import Summary

_PERSON = [action.value for action in NEEDS_A_PERSON]


async def check(request: JobRequest, around: Surroundings, stop: StopSwitch) -> Summary:
    """Look at the input; every way it can end is a Summary. Raises as ``carry_out`` does."""
    return await carry_out(_check, request, around, stop)


async def _check(session: Session, stop: StopSwitch) -> None:
    if session.request.offline:
        source = await asyncio.to_thread(open_input, session, stop)
        given, rate = await asyncio.to_thread(offline_input, session, source), DOCUMENTED_RATE
        memory = None
    else:
        source, connection = await open_and_connect(session, stop, writes=False)
        memory = await look_into_memory(session, connection)
        given = await resolve_input(session, connection, source, stop)
        rate = write_rate(connection)
    if memory is not None:
        await memory.thread.call(memory.rows.check_key_spec, key_spec(session.config.job, source.files))
    guards = Guards(session, given)
    await guards.look(stop)
    vanishing = None if memory is None else vanishing_of(session, memory)
    census = await _look(session, given, await asyncio.to_thread(known_of, memory), vanishing, stop)
    session.counts = expected(census.counts)
    view = plan_view(session, census.counts, rate)
    told = await _settle_lookups(session, given)
    show_check(session.around.voice, session.tally.kinds(), view, unchecked=given.unchecked, unknown=told.kinds)
    show_remarks(session.around.voice, session.remarks.kinds())
    for hint in told.hints:
        session.around.voice.say("info", "lookups_unread", hint)
    if told.file is not None:
        session.around.voice.say("info", "lookups", f"{told.file.name:<14}{_shown(session, told.file)}", path=str(told.file))
    session.next_step = told.next_step
    guards.hold(census.counts)
    if vanishing:
        await vanishing.hold(given)


def _shown(session: Session, path: Path) -> str:
    folder = session.around.working_folder
    return str(path.relative_to(folder) if path.is_relative_to(folder) else path)


async def _settle_lookups(session: Session, given: Input) -> Told:
    if given.unsettled is None:
        return Told()
    rejected = session.counts.get(Action.REJECTED, 0)
    return await asyncio.to_thread(settle_lookups, session, given.unsettled, rejected=rejected)


async def _look(session: Session, given: Input, known: Known | None, vanishing: Vanishing | None, stop: StopSwitch) -> Census:
    """One pass; further ones only where rows contradict each other, which the first finds out at its end."""
    # Only a ledger that knows rows asks what would be sent.
    batches = given.judged() if known is None else given.prepared(rows_per_batch=LOOK_AHEAD_ROWS, whole_rows=True)
    with _failures_report(session) as report:
        see = partial(_see, session, report, vanishing)
        census = await drained(first_pass(session, batches, known, see, keep_repeated=known is None), stop)
        report.close(session.around.clock.now())
    give_up_if_asked(stop)
    if census.duplicates.any_conflict and known is None:
        census = await asyncio.to_thread(_with_contents, given, census, stop)
    if census.duplicates.any_conflict:
        session.folder.failures.unlink(missing_ok=True)
        with _failures_report(session) as report:
            await asyncio.to_thread(_look_again, session, given, known, census, report, stop)
            report.close(session.around.clock.now())
    session.attention = report.attention
    return census


def _with_contents(given: Input, census: Census, stop: StopSwitch) -> Census:
    """Rows that share a key and were judged by their cells, compared by what would be sent."""
    return census.with_contents(until_asked(given.prepared(rows_per_batch=LOOK_AHEAD_ROWS, whole_rows=False, with_digests=False), stop))


def _failures_report(session: Session) -> RowReport:
    return RowReport(session.folder, files=session.files, scratch=session.scratch, results=False)


def _look_again(  # noqa: PLR0913, PLR0917  what a pass has in hand
    session: Session, given: Input, known: Known | None, census: Census, report: RowReport, stop: StopSwitch
) -> None:
    marker = DuplicateMarker(census.duplicates)
    for prepared in until_asked(given.prepared(rows_per_batch=LOOK_AHEAD_ROWS, whole_rows=True), stop):
        choice = decided(prepared, known, marker, sync=session.syncs, trust_keys=session.request.offline)
        # The first look has told of keys that are unknown; that rows contradict each other, it could not know.
        contradictions = choice.own_problems().filter(pl.col(PROBLEM_CODE) == DUPLICATE_KEY)
        session.tally.add_problems(contradictions, file=prepared.raw.file.path)
        _write_problems(report, choice)


def _see(session: Session, report: RowReport, vanishing: Vanishing | None, choice: Choice) -> None:
    if vanishing:
        vanishing.see(choice.prepared)
    session.tally.add_problems(choice.own_problems(), file=choice.prepared.raw.file.path)
    _write_problems(report, choice)


def _write_problems(report: RowReport, choice: Choice) -> None:
    """Only rows that need a person are written."""
    needy = choice.frame["action"].is_in(_PERSON)
    if needy.any():
        prepared = choice.prepared
        raw = RawBatch(prepared.raw.file, prepared.raw.frame.filter(needy))
        report.add(PreparedBatch(raw, prepared.frame.filter(needy), prepared.problems), choice.frame.filter(needy), 0)
