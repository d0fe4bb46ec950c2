"""The job ``retry``: what is failed or uncertain is sent again, from the ledger alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from etl.jobs.connect import Connection, connect, scopes_to_map, scopes_to_write
from etl.jobs.identify import Memory, note_run, open_memory, take_lock
from etl.jobs.loading import Load, loading
from etl.jobs.request import JobRequest, Surroundings
from etl.jobs.retry_changes import RetryChanges
from etl.jobs.session import Session, give_up_if_asked
from etl.jobs.settle import look_for_the_rest
from etl.jobs.waiting import left_by, run_to_retry, tell_waiting
from etl.jobs.work import carry_out
from etl.ledger.runs import RunRecord
from etl.load.progress import Progress
from etl.load.stop import StopSwitch
from etl.plan.doubt import Remedy, remedy
from etl.records import Action, Operation, OperationKind
from etl.report.summary import Summary
from etl.report.wording import rows_text


async def retry(request: JobRequest, around: Surroundings, stop: StopSwitch) -> Summary:
    """Send again what earlier runs left; every way it can end is a Summary. Raises as ``carry_out`` does."""
    return await carry_out(_retry, request, around, stop)


async def _retry(session: Session, stop: StopSwitch) -> None:
    connection = await connect(session, stop, scopes=[*scopes_to_write(session), *scopes_to_map(session.config)])
    memory = await open_memory(session, connection, create=False)
    await take_lock(session, connection, memory, stop)
    wanted = session.request.run
    record = await memory.thread.call(run_to_retry, memory.rows, wanted)
    operations = await memory.thread.call(left_by, memory.rows, wanted)
    lost = await memory.thread.call(memory.rows.count_beyond_retry)
    session.out_of_reach = _out_of_reach(record, lost)
    await note_run(session, memory)
    await _send(session, connection, memory, operations)
    if wanted is not None:
        await tell_waiting(session, memory, besides=wanted)
    give_up_if_asked(stop)


async def _send(session: Session, connection: Connection, memory: Memory, operations: Sequence[Operation]) -> None:
    server_now = connection.server_clock.now()
    changes = [each for each in operations if each.kind is not OperationKind.CREATE]
    creates = [each for each in operations if each.kind is OperationKind.CREATE]
    failed = [each for each in creates if not each.first_sent_at]
    in_doubt = [each for each in creates if each.first_sent_at and remedy(each.first_sent_at, server_now) is Remedy.SEND_AGAIN]
    too_old = [each for each in creates if each.first_sent_at and remedy(each.first_sent_at, server_now) is Remedy.LOOK]
    again = len(failed) + len(in_doubt) + len(changes)
    session.around.voice.say("info", "retry", _plan_sentence(again, len(too_old)), again=again, too_old=len(too_old))
    async with loading(session, connection, memory, count_problems=False) as load:
        # As run does: first what its key still protects, then the search for the others, which may turn out to be tasks of the first.
        await load.send_again(in_doubt)
        absent = await _look_for(load, too_old)
        await load.send_again([*failed, *absent])
        if not connection.stop.asked:
            await RetryChanges(load).send(changes)
    session.folder.point_latest()


async def _look_for(load: Load, too_old: Sequence[Operation]) -> list[Operation]:
    """Settle those that are too old to be sent again; the ones that are not in Lightfield are returned, to be sent anew."""
    if not too_old:
        return []
    outcomes = [] if load.connection.stop.asked else await look_for_the_rest(load, keep_absent=True)
    found = {outcome.operation.key_digest: outcome for outcome in outcomes}
    now = load.session.around.clock.now()
    settled = [found.get(operation.key_digest) or Progress(operation).too_old(now) for operation in too_old]
    load.leave([outcome for outcome in settled if outcome.action is not Action.FAILED])
    return [replace(outcome.operation, first_sent_at=None, seen_before=False) for outcome in settled if outcome.action is Action.FAILED]


def _plan_sentence(again: int, too_old: int) -> str:
    if not again + too_old:
        return "nothing is failed or uncertain: there is nothing to send again"
    told = f"{rows_text(again)} to send again, from the ledger"
    return told + (f"; {rows_text(too_old)} too old for that: looked for among Lightfield's tasks" if too_old else "")


def _out_of_reach(record: RunRecord | None, lost: int) -> str | None:
    """What retry cannot do; None where there is nothing.

    Args:
        record: The run whose rows are sent again.
        lost: Rows that are uncertain since a ledger was lost.
    """
    sentences = [_about_rejected(record), _about_lost(lost)]
    return ". ".join(sentence for sentence in sentences if sentence) or None


def _about_lost(lost: int) -> str | None:
    if not lost:
        return None
    return (
        f"{rows_text(lost)} that a reconcile left uncertain {'is' if lost == 1 else 'are'} out of reach of retry: what was sent of them "
        "went with the lost ledger; look for their tasks in Lightfield, then run reconcile again"
    )


def _about_rejected(record: RunRecord | None) -> str | None:
    rejected = 0 if record is None else record.counts.get(Action.REJECTED, 0)
    if record is None or not rejected:
        return None
    return (
        f"{rows_text(rejected)} rejected by the run {record.run_id} {'is' if rejected == 1 else 'are'} out of reach of retry: "
        "they were never sent; mend them in its failures.csv (or in the source), then run that file with the same config"
    )
