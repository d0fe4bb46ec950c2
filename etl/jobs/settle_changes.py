"""What became of the updates, trashes and restores that earlier runs left in doubt? Their tasks say."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from etl.jobs.loading import Load
from etl.key_window import KEY_WINDOW
from etl.ledger.intents import OpenIntent
from etl.load.task_look import UnreadableTaskError
from etl.plan.doubtful_change import Happened, as_found, happened
from etl.records import Action, Operation, OperationKind, Outcome
from etl.report.wording import rows_text

DONE_AS = {OperationKind.UPDATE: Action.UPDATED, OperationKind.TRASH: Action.TRASHED, OperationKind.RESTORE: Action.UPDATED}


async def settle_changes(load: Load, intents: Sequence[OpenIntent]) -> None:
    """Record what was executed, send again what still is as it was planned, and forget the rest: it is planned anew (rule 4).

    Args:
        load: The run's.
        intents: Open ones, none of them a create.

    Raises:
        KeyRefusedError, ServiceDownError: The tasks cannot be read.
    """
    if not intents:
        return
    looks = await asyncio.gather(*(_look(load, intent) for intent in intents))
    found = [each for each in looks if each is not None]
    done = [_outcome(load, operation) for operation, what in found if what is Happened.DONE]
    partly = [_outcome(load, operation) for operation, what in found if what is Happened.PARTLY]
    again = [operation for operation, what in found if what is Happened.AGAIN]
    not_done = [operation for operation, what in found if what is Happened.NOT_DONE]
    _say(load, len(done) + len(partly), len(again), len(not_done), len(looks) - len(found))
    await load.memory.thread.call(load.memory.rows.finish, load.session.run_id, done + partly)
    await load.memory.thread.call(load.memory.rows.settle_absent, not_done)
    for outcome in done:
        load.note_settled(outcome)
    if again:
        await load.ask_again(again)


async def _look(load: Load, intent: OpenIntent) -> tuple[Operation, Happened] | None:
    """None where the task cannot be read: the row stays in doubt."""
    try:
        theirs = await load.connection.look.retrieve(intent.operation.task_id or "")
    except UnreadableTaskError:
        return None
    first = intent.operation.first_sent_at
    protected = first is not None and load.connection.server_clock.now() - first < KEY_WINDOW
    what = happened(intent.operation, theirs, protected=protected)
    # Where it is partly there, its row is compared with that and planned anew.
    return (as_found(intent.operation, theirs) if theirs and what is Happened.PARTLY else intent.operation), what


def _outcome(load: Load, operation: Operation) -> Outcome:
    return Outcome(operation, DONE_AS[operation.kind], 0, load.session.around.clock.now(), task_id=operation.task_id)


def _say(load: Load, done: int, again: int, not_done: int, unread: int) -> None:
    told = f"{rows_text(done + again + not_done + unread)} of earlier runs had a change in doubt: {done:,} found done"
    told += f", {again:,} asked for again" if again else ""
    told += f", {not_done:,} not done" if not_done else ""
    told += f", {unread:,} still in doubt, because the task could not be read" if unread else ""
    load.session.around.voice.say("info", "changes_in_doubt", told, done=done, again=again, not_done=not_done, unread=unread)
