"""What became of the writes that earlier runs left in doubt?"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from etl.content import differences
from etl.jobs.connect import Connection
from etl.jobs.identify import Memory
from etl.jobs.loading import Load
from etl.jobs.session import Session
from etl.jobs.settle_changes import settle_changes
from etl.jobs.tasks import not_owned, survey_tasks
from etl.key_window import KEYS_FORGOTTEN_AFTER
from etl.lightfield.models import TaskView
from etl.load.replay import UNSETTLED
from etl.plan.choose import STILL_UNCERTAIN
from etl.plan.doubt import Remedy, last_attempt_by, remedy
from etl.plan.match import Doubt, Finding, Match, Seen, match, uncertain_message
from etl.records import OTHER_FINGERPRINT, REPLAYED_OLDER, Action, Operation, OperationKind, Outcome, Problem
from etl.report.wording import rows_text

if TYPE_CHECKING:
    from etl.ledger.intents import OpenIntent

NOT_EXECUTED = "not_executed"
"""The code of a row that a complete search has not found in Lightfield."""


async def settle(load: Load) -> None:
    """Before anything else is sent: intents that their keys still protect are sent again, the others are looked for (rule 4)."""
    found = await load.memory.thread.call(load.memory.rows.open_intents)
    await settle_changes(load, [each for each in found if each.operation.kind is not OperationKind.CREATE])
    intents = [each for each in found if each.operation.kind is OperationKind.CREATE]
    if not intents or load.connection.stop.asked:
        return
    now = load.connection.server_clock.now()
    again = [each for each in intents if _is_protected(each, load.connection)]
    left = len(intents) - len(again)
    load.session.around.voice.say("info", "in_doubt", _doubt_sentence(len(again), left), again=len(again), left=left, at=str(now))
    await load.ask_again([each.operation for each in again])
    if left and not load.connection.stop.asked:
        for outcome in await look_for_the_rest(load):
            load.note_settled(outcome)


async def look_for_the_rest(load: Load, *, keep_absent: bool = False) -> list[Outcome]:
    """Look for what is too old to be sent again among Lightfield's tasks, and record what is found.

    Args:
        load: The run's.
        keep_absent: As ``settle_by`` takes it.

    Returns:
        The outcomes of ``settle_by``, and those of rows that were answered with older tasks, which stay as they are.

    Raises:
        KeyRefusedError, ServiceDownError: As the reader does.
    """
    stay = await _answered_by_others(load)
    doubts = await open_doubts(load.memory, load.connection)
    if load.connection.stop.asked or all(doubt.sent_again_later for doubt in doubts):
        return stay
    seen = await _seen_in_their_time(load.connection, load.memory, doubts)
    return stay + await settle_by(load.session, load.memory, doubts, seen, keep_absent=keep_absent)


async def _answered_by_others(load: Load) -> list[Outcome]:
    """Rows that were answered with older tasks stay as they are; the third of them stops this run too, unless a reconcile has looked."""
    rows, now = load.memory.rows, load.session.around.clock.now()
    intents = [each for each in await load.memory.thread.call(rows.open_intents) if answered_with_older(each)]
    reconciled = await load.memory.thread.call(rows.newest_run, "reconcile")
    stay = []
    for intent in intents:
        if not _is_protected(intent, load.connection):
            outcome = Outcome(intent.operation, Action.UNCERTAIN, 0, now, problem=intent.problem)
            stay.append(outcome)
            if reconciled is None or (intent.finished_at or now) > reconciled.started_at:
                load.means.breaker.outcome(outcome)
    return stay


async def open_doubts(memory: Memory, connection: Connection, *, all_here: bool = False) -> list[Doubt]:
    """The creates that may have been executed.

    Those that were answered with an older task are not among them: they made none, and the ledger does not know whose that task is.

    Args:
        memory: Knows the open intents.
        connection: Knows the server's time.
        all_here: Settle those too that their keys still protect: nothing is going to be sent.
    """
    intents = await memory.thread.call(memory.rows.open_intents)
    creates = [each for each in intents if each.operation.kind is OperationKind.CREATE and not answered_with_older(each)]
    return [_doubt(each, connection, all_here=all_here) for each in creates]


def answered_with_older(intent: OpenIntent) -> bool:
    """Was it answered with a task that an earlier request had made (rule 5)?"""
    return intent.problem is not None and intent.problem.code == REPLAYED_OLDER and intent.finished_at is not None


async def settle_by(session: Session, memory: Memory, doubts: Sequence[Doubt], seen: Seen, *, keep_absent: bool = False) -> list[Outcome]:
    """Record what the search says of the intents: adopted ones are their rows', absent ones are no longer in doubt.

    Args:
        session: The job.
        memory: Where to.
        doubts: The intents.
        seen: The tasks.
        keep_absent: The ledger alone knows what absent rows say: they stay in it as failed, and are among the outcomes.

    Returns:
        The outcomes of those that were adopted or stay uncertain; absent rows can be sent anew.
    """
    # Each doubt against each task that nobody owns: of many, that takes longer than the lock waits for its heartbeat.
    matches = await asyncio.to_thread(match, doubts, seen, name=session.config.job.name)
    outcomes = [_outcome(session, each) for each in matches if each.finding is not Finding.ABSENT]
    adopted = [outcome for outcome in outcomes if outcome.action is Action.ADOPTED]
    absent = [each.doubt.operation for each in matches if each.finding is Finding.ABSENT]
    failed = [_never_executed(operation, session) for operation in absent] if keep_absent else []
    await memory.thread.call(memory.rows.finish, session.run_id, adopted + failed)
    if not keep_absent:
        await memory.thread.call(memory.rows.settle_absent, absent)
    counts = Counter(each.finding for each in matches)
    session.around.voice.say("info", "looked_for", _found_sentence(counts), **{finding.value: counts[finding] for finding in Finding})
    return outcomes + failed


async def _seen_in_their_time(connection: Connection, memory: Memory, doubts: Sequence[Doubt]) -> Seen:
    """The tasks that no row owns, of the times of these intents alone."""
    found: dict[str, TaskView] = {}

    def see(task: TaskView, _in_trash: bool) -> None:  # noqa: FBT001  called by place
        if any(doubt.could_have_made(task) for doubt in doubts):
            found[task.id] = task

    survey = await survey_tasks(connection, see, since=min(doubt.begins for doubt in doubts))
    free = await memory.thread.call(not_owned, memory.rows, set(found))
    tasks = [task for task_id, task in found.items() if task_id in free]
    return Seen(tasks, survey.why_incomplete, survey.until, keys_known_since(connection))


def keys_known_since(connection: Connection) -> datetime:
    """Of a task created later Lightfield may still know the key."""
    return connection.server_clock.now() - KEYS_FORGOTTEN_AFTER


def _is_protected(intent: OpenIntent, connection: Connection) -> bool:
    first = intent.operation.first_sent_at or intent.begun_at
    return remedy(first, connection.server_clock.now()) is Remedy.SEND_AGAIN


def _doubt(intent: OpenIntent, connection: Connection, *, all_here: bool) -> Doubt:
    protects = _is_protected(intent, connection)
    return Doubt(
        operation=intent.operation,
        first_sent_at=intent.operation.first_sent_at or intent.begun_at,
        last_attempt_by=last_attempt_by(intent.begun_at, intent.finished_at),
        earlier_payloads=intent.earlier_payloads,
        sent_again_later=protects and not all_here,
        was_answered=intent.problem is not None and intent.problem.code == UNSETTLED,
    )


def _outcome(session: Session, found: Match) -> Outcome:
    operation, now = found.doubt.operation, session.around.clock.now()
    if found.task is None:
        message = uncertain_message(found.why or "", found.candidates, name=session.config.job.name, source_key=operation.source_key)
        return Outcome(operation, Action.UNCERTAIN, 0, now, problem=Problem(STILL_UNCERTAIN, None, message))
    observed = differences(found.payload, found.task) or None
    if observed or found.payload != operation.payload:
        # People have changed it, or an earlier content was executed: the ledger must not take the task for what the row says now.
        operation = replace(operation, payload=found.payload, fingerprint=OTHER_FINGERPRINT)
    return Outcome(operation, Action.ADOPTED, 0, now, task_id=found.task.id, url=found.task.http_link, observed=observed)


def _never_executed(operation: Operation, session: Session) -> Outcome:
    problem = Problem(NOT_EXECUTED, None, "no request for it was executed: it is not in Lightfield; run lightfield-etl retry")
    return Outcome(operation, Action.FAILED, 0, session.around.clock.now(), problem=problem)


def _doubt_sentence(again: int, left: int) -> str:
    parts = [f"{rows_text(again + left)} of earlier runs {'is' if again + left == 1 else 'are'} in doubt"]
    if again:
        parts.append(f"{again:,} asked for again with {'its' if again == 1 else 'their'} own key, which creates nothing twice")
    if left:
        parts.append(f"{left:,} too old for that: looked for among Lightfield's tasks")
    return "; ".join(parts)


def _found_sentence(counts: Counter[Finding]) -> str:
    told = {
        Finding.ADOPT: "found in Lightfield and adopted",
        Finding.ABSENT: "not there, so that they can be sent anew",
        Finding.UNCERTAIN: "still uncertain and left alone",
    }
    return "looked for: " + ", ".join(f"{counts[finding]:,} {words}" for finding, words in told.items() if counts[finding])
