"""The job ``verify``: every row of the source held against Lightfield, over all runs of the import; a receipt whose numbers add up."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from etl.errors import LedgerError, SettingsError, SourceChangedError
from etl.jobs.connect import Connection
from etl.jobs.identify import Memory, look_into_memory
from etl.jobs.lookahead import first_pass, known_of, prepared_for
from etl.jobs.lost_ledger import reconcile_command
from etl.jobs.names import resolve_input
from etl.jobs.passes import drained, key_spec, open_and_connect
from etl.jobs.request import JobRequest, Surroundings
from etl.jobs.session import Session, give_up_if_asked
from etl.jobs.settings import ledger_url
from etl.jobs.verify_rows import Rows
from etl.jobs.verifying import Look, Verifying
from etl.jobs.work import carry_out
from etl.ledger.location import locate
from etl.ledger.runs import RunRecord
from etl.load.stop import StopSwitch
from etl.plan.verify import counted
from etl.records import IS_A_TASK, Action, RowClass
from etl.report.receipt import Receipt, ReceiptFile, ReceiptRun, write_receipt
from etl.report.receipt_page import write_receipt_page
from etl.report.summary import Summary
from etl.report.tally import faults_sentence, tasks_sentence
from etl.report.verified import VerifiedFile
from etl.report.wording import rows_text

RUNS_KEPT = 1_000
_RUNS_LOOKED_AT = 10_000

_ACTIONS = {
    RowClass.EQUAL: Action.UNCHANGED,
    RowClass.EDITED: Action.UNCHANGED,
    RowClass.DIFFERS: Action.CHANGED,
    RowClass.MISSING: Action.NOT_SENT,
    RowClass.EXCLUDED: Action.EXCLUDED,
    RowClass.DUPLICATE: Action.DUPLICATE,
    RowClass.REJECTED: Action.REJECTED,
    RowClass.FAILED: Action.FAILED,
}
"""Classes in the words of ``summary.json``'s counts."""


async def verify(request: JobRequest, around: Surroundings, stop: StopSwitch) -> Summary:
    """Hold the source against Lightfield; every way it can end is a Summary. Raises as ``carry_out`` does."""
    return await carry_out(_verify, request, around, stop)


async def _verify(session: Session, stop: StopSwitch) -> None:
    source, connection = await open_and_connect(session, stop, writes=False)
    memory = await _known_memory(session, connection)
    await memory.thread.call(memory.rows.check_key_spec, key_spec(session.config.job, source.files))
    runs = await memory.thread.call(memory.rows.last_runs, _RUNS_LOOKED_AT)
    _hold_run(session, memory, runs, await memory.thread.call(memory.rows.find_run, session.request.run or ""))
    given = await resolve_input(session, connection, source, stop)
    known = await asyncio.to_thread(known_of, memory)
    rows = Rows(session, memory, given)
    census = await drained(first_pass(session, prepared_for(known, given), known, rows.ask_about), stop)
    give_up_if_asked(stop)
    listed = VerifiedFile(session.folder)
    try:
        work = Verifying(session, connection, memory, listed)
        look = await work.over(rows, census, runs if len(runs) < _RUNS_LOOKED_AT else None)
    finally:
        listed.end()
    give_up_if_asked(stop)
    await _conclude(session, look, listed, runs)


async def _known_memory(session: Session, connection: Connection) -> Memory:
    """The import as the ledger knows it.

    Raises:
        LedgerError: It knows nothing of it, so that nobody can say which task is which row's.
    """
    memory = await look_into_memory(session, connection)
    if memory is None or not await memory.thread.call(memory.rows.knows_any):
        place = locate(ledger_url(session.request, session.around, session.config)).shown
        name = session.config.job.name
        found = f"the ledger {place} knows no row of {name!r} in this workspace" if session.ledger else f"there is no ledger at {place}"
        raise LedgerError(
            f"{found}, so that nothing tells which task is which row's: run the import first, name its ledger with --ledger, or rebuild a "
            "lost one",
            next_step=reconcile_command(session.request),
        )
    return memory


def _hold_run(session: Session, memory: Memory, runs: Sequence[RunRecord], found: RunRecord | None) -> None:
    run = session.request.run
    if run is not None and found is None:
        known = ", ".join(each.run_id for each in runs[:5]) or "none"
        raise SettingsError(f"the ledger knows no run {run!r} of {memory.rows.name!r}", next_step=f"its newest runs are: {known}")


async def _conclude(session: Session, look: Look, listed: VerifiedFile, runs: Sequence[RunRecord]) -> None:
    classes = counted(look.classes)
    _hold_rows(session, classes)
    session.classes, session.counts = classes, _counts(classes)
    session.out_of_reach = faults_sentence(classes)
    receipt = _receipt(session, look, classes, runs)
    await asyncio.to_thread(write_receipt, session.folder, receipt)
    await asyncio.to_thread(write_receipt_page, session.folder, receipt, listed.examples, lines_total=listed.total)
    _tell(session, receipt)


def _hold_rows(session: Session, classes: Mapping[RowClass, int]) -> None:
    """The two passes must have seen the same rows.

    Raises:
        SourceChangedError: They have not.
    """
    first, second = sum(session.rows_by_file.values()), sum(classes.values())
    if session.request.run is None and first != second:
        raise SourceChangedError(f"the input changed while it was read: it had {rows_text(first)}, and then {second:,}")


def _counts(classes: Mapping[RowClass, int]) -> dict[Action, int]:
    counts: dict[Action, int] = {}
    for row_class, action in _ACTIONS.items():
        counts[action] = counts.get(action, 0) + classes[row_class]
    return counts


def _receipt(session: Session, look: Look, classes: Mapping[RowClass, int], runs: Sequence[RunRecord]) -> Receipt:
    summary = session.summary(None)
    if summary.workspace is None or summary.config is None:
        raise ValueError("a receipt is made after Lightfield was asked who is there")
    return Receipt(
        run_id=summary.run_id,
        name=summary.name,
        of_run=session.request.run,
        verified_at=look.verified_at,
        as_of=look.as_of,
        looked_by=look.looked_by,
        classes=dict(classes),
        rows=sum(classes.values()),
        tasks_of_other_rows=look.tasks_of_other_rows,
        files=tuple(ReceiptFile(path=each.path, sha256=each.sha256, bytes=each.bytes, rows=each.rows or 0) for each in summary.data),
        config=summary.config,
        workspace=summary.workspace,
        first_run_at=runs[-1].started_at if runs else None,
        last_run_at=runs[0].started_at if runs else None,
        runs_total=len(runs),
        runs=tuple(_receipt_run(run) for run in runs[:RUNS_KEPT]),
        ledger=summary.ledger,
        versions=summary.versions,
        user=summary.user,
        host=summary.host,
    )


def _receipt_run(run: RunRecord) -> ReceiptRun:
    return ReceiptRun(
        run_id=run.run_id,
        command=run.command,
        started_at=run.started_at,
        finished_at=run.finished_at,
        status=run.status,
        counts={action: rows for action, rows in run.counts.items() if rows},
    )


def _tell(session: Session, receipt: Receipt) -> None:
    say = session.around.voice.say
    if sum(receipt.classes[each] for each in IS_A_TASK):
        say("info", "verified_tasks", tasks_sentence(receipt.classes))
    if receipt.tasks_of_other_rows:
        others = f"{receipt.tasks_of_other_rows:,} further tasks of this import belong to rows that are not in this input"
        say("info", "tasks_of_other_rows", others, tasks=receipt.tasks_of_other_rows)
    if not receipt.agrees:
        session.next_step = f"open {session.folder.verified.name} in {session.folder.path}: each line says what it is and what to do"
