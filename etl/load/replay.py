"""Is the task that a create was answered with the row's task, as the row is now?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from etl.content import differences
from etl.errors import EtlError
from etl.lightfield.models import TaskView
from etl.records import REPLAYED_OLDER, Action, Operation, OperationKind, Outcome, Problem
from etl.task import DESCRIPTION, TASK_FIELDS

TOLERANCE = timedelta(seconds=5)
"""A task this much older than the intent's first send was not made by it; ``Date`` is right to a second, clocks of servers differ."""

_IF_REWRITTEN = timedelta(seconds=1)
_IF_OTHER = timedelta(milliseconds=250)
"""The same of a task that says something else: all that may lie between the clocks of Lightfield's servers, for our own idea of their
time is never ahead (``headers.ServerClock``). Of a description alone, which Lightfield may write its own way, somewhat more."""

UNSETTLED = "unsettled"


class World(Protocol):
    """Asks Lightfield, and writes to it, as every other request is sent."""

    async def retrieve(self, task_id: str) -> TaskView | None:
        """The task's present state, None where it is in the trash or gone.

        Raises:
            EtlError: It could not be found out.
        """
        ...

    async def correct(self, correction: Operation) -> Outcome:
        """Send one more write for the same row."""
        ...


@dataclass(frozen=True, slots=True)
class Settled:
    """What a create came to; ``observed`` is what the task holds otherwise than it was sent."""

    action: Action
    task: TaskView
    observed: Mapping[str, Any] | None = None
    problem: Problem | None = None


async def settle_create(operation: Operation, task: TaskView, first_sent_at: datetime, world: World) -> Settled:
    """Rule 5: a replay returns the first request's task, whatever has become of it and whatever was sent now.

    Args:
        operation: The create.
        task: As it was answered.
        first_sent_at: When this intent was first sent, by the server's clock.
        world: For what the answer leaves open.
    """
    older = task.created_at is not None and task.created_at < first_sent_at - TOLERANCE
    differing = differences(_whole(operation), task)
    made_now = task.created_at is not None and task.created_at >= first_sent_at - _tolerance(differing) and operation.first_sent_at is None
    if made_now or not (older or differing):
        # What differs in a task that was made just now is how Lightfield writes it.
        return Settled(Action.CREATED, task, differing or None)
    try:
        present = await world.retrieve(task.id)
    except EtlError as error:
        return _doubt(task, UNSETTLED, f"its present state could not be read: {error.message}")
    if present is None:
        return _doubt(task, REPLAYED_OLDER, "that task is in the trash or deleted")
    return await _settle_present(operation, present, world, older=older)


def _tolerance(differing: Mapping[str, Any]) -> timedelta:
    """How much older than its intent a task may look that was made just now."""
    if not differing:
        return TOLERANCE
    return _IF_REWRITTEN if set(differing) == {DESCRIPTION} else _IF_OTHER


async def _settle_present(operation: Operation, present: TaskView, world: World, *, older: bool) -> Settled:
    differing = differences(_whole(operation), present)
    if not differing:
        return Settled(Action.ADOPTED if older else Action.CREATED, present)
    if older or not operation.seen_before:
        # It was there before this ledger's oldest intent: another ledger, or a lost one, made it.
        named = ", ".join(sorted(differing))
        return _doubt(present, REPLAYED_OLDER, f"that task differs from the row in {named}", differing)
    outcome = await world.correct(_correction(operation, present.id))
    if outcome.action is not Action.UPDATED:
        return Settled(Action.UNCERTAIN, present, differing, outcome.problem)
    return Settled(Action.UPDATED, present, await _still_differing(operation, present, world) or None)


async def _still_differing(operation: Operation, corrected: TaskView, world: World) -> Mapping[str, Any]:
    try:
        present = await world.retrieve(corrected.id)
    except EtlError:
        # The correction itself was acknowledged; only the look at it is missing.
        return {}
    return differences(_whole(operation), present) if present else {}


def _whole(operation: Operation) -> dict[str, dict[str, Any]]:
    """What the task has to hold: what an earlier request sent, and the row no longer has, has to be empty."""
    dropped_fields = {name: None for name in operation.dropped if name in TASK_FIELDS}
    dropped_relationships = {name: None for name in operation.dropped if name not in TASK_FIELDS}
    return {
        "fields": {**operation.payload.get("fields", {}), **dropped_fields},
        "relationships": {**operation.payload.get("relationships", {}), **dropped_relationships},
    }


def _correction(operation: Operation, task_id: str) -> Operation:
    whole = _whole(operation)
    relationships = {slug: {"replace": value} for slug, value in whole["relationships"].items()}
    return Operation(
        kind=OperationKind.UPDATE,
        source_key=operation.source_key,
        key_digest=operation.key_digest,
        fingerprint=operation.fingerprint,
        payload={"fields": whole["fields"], "relationships": relationships},
        # The content is part of it: a second correction within 24 hours must not be answered by the first one's response.
        idempotency_key=f"{operation.idempotency_key}-fix-{operation.fingerprint.hex()[:16]}",
        generation=operation.generation,
        revision=operation.revision,
        file=operation.file,
        row=operation.row,
        task_id=task_id,
    )


def _doubt(task: TaskView, code: str, what: str, observed: Mapping[str, Any] | None = None) -> Settled:
    message = (
        f"Lightfield answered with the task of an earlier request ({task.http_link or task.id}), and {what}; "
        "nothing was changed: compare the two, or run lightfield-etl reconcile"
    )
    return Settled(Action.UNCERTAIN, task, observed, Problem(code, None, message))
