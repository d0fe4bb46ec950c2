"""An update, trash or restore was begun, and nobody knows whether it was executed: what does its task say?"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from etl.content import Content, value_meaning
from etl.plan.payload import body_of, value_in
from etl.plan.three_way import held_value
from etl.records import OTHER_FINGERPRINT, VANISHED_FINGERPRINT, Operation, OperationKind


class Happened(StrEnum):
    """What the task tells of a change in doubt."""

    DONE = "done"
    PARTLY = "partly"
    """Some of its values are there, and some of the old ones: people put those back, or made the others themselves. See ``as_found``."""
    AGAIN = "again"
    """Nothing has changed since it was planned: the same request with the same key is right, executed before or not."""
    NOT_DONE = "not_done"
    """It is not there, or people have changed what it was about: it is planned anew, if it still is to be."""


def happened(operation: Operation, theirs: Content | None, *, protected: bool) -> Happened:
    """Judge by the task's present state.

    Args:
        operation: As it was begun.
        theirs: The task; None where it is in the trash or gone.
        protected: Lightfield still knows the key.
    """
    if operation.kind is OperationKind.TRASH:
        return Happened.DONE if theirs is None else Happened.NOT_DONE
    if theirs is None:
        return Happened.NOT_DONE
    if operation.kind is OperationKind.RESTORE:
        return Happened.DONE
    sent = [*operation.payload.get("fields", {}), *operation.payload.get("relationships", {})]
    arrived = [_same(theirs, target, value_in(operation.content or {}, target)) for target in sent]
    as_before = [_same(theirs, target, value_in(operation.replaced or {}, target)) for target in sent]
    # An update is carried out as a whole: where one of its values is there and none of the old ones, people have changed the others since.
    if any(arrived) and all(new or not old for new, old in zip(arrived, as_before, strict=True)):
        return Happened.DONE
    if any(arrived):
        return Happened.PARTLY
    return Happened.AGAIN if all(as_before) and protected else Happened.NOT_DONE


def as_found(operation: Operation, theirs: Content) -> Operation:
    """An update of which some values are there: what it comes to, so that the row is compared with that from now on.

    Args:
        operation: As it was begun.
        theirs: The task.
    """
    sent = [*operation.payload.get("fields", {}), *operation.payload.get("relationships", {})]
    content, replaced = operation.content or {}, operation.replaced or {}
    old = {target: value_in(replaced, target) for target in sent if _same(theirs, target, value_in(replaced, target))}
    both = {**content.get("fields", {}), **content.get("relationships", {}), **old}
    put_out = {**replaced.get("fields", {}), **replaced.get("relationships", {})}
    vanished = operation.fingerprint == VANISHED_FINGERPRINT
    return replace(
        operation,
        content=body_of({target: value for target, value in both.items() if value is not None}),
        replaced={**replaced, **body_of({target: value for target, value in put_out.items() if target not in old})},
        fingerprint=VANISHED_FINGERPRINT if vanished else OTHER_FINGERPRINT,
    )


def _same(theirs: Content, target: str, value: object) -> bool:
    return bool(value_meaning(target, held_value(theirs, target)) == value_meaning(target, value))
