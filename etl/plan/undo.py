"""How is what a run wrote of a row taken back, where the task still is as we left it?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from etl.content import Content
from etl.plan.changes import LEFT, NOTHING_PUT_OUT, KeyOfWrite, payload_digest, told, trash
from etl.plan.payload import body_of
from etl.plan.three_way import Difference, Written, edits_shown, held_value, left_alone, touched, update_body
from etl.records import OTHER_FINGERPRINT, VANISHED_FINGERPRINT, Action, Operation, OperationKind, Outcome
from etl.task import CANCELLED, STATUS, TASK_FIELDS

EDITED = "edited_since"
NO_FORMER_VALUES = "former_values_gone"
GONE = "deleted_in_lightfield"


class TakeBack(StrEnum):
    """What undoing a row's writes means."""

    TRASH = "trash"
    CANCEL = "cancel"
    RESTORE = "restore"
    PUT_BACK = "put_back"
    NOTHING = "nothing"
    IMPOSSIBLE = "impossible"
    """The ledger has let go of the former values."""


@dataclass(frozen=True, slots=True)
class PastWrite:
    """One write of a row by the run that is undone.

    Attributes:
        kind: Which call.
        found_there: Nothing was sent: it was as it should be already.
        replaced: What it put out; None where it put out nothing, or where the ledger has let go of it.
    """

    kind: OperationKind
    found_there: bool
    replaced: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Undoing:
    """What happens to one row.

    Attributes:
        how: Which way.
        values: What is put back, by target; None empties.
    """

    how: TakeBack
    values: Mapping[str, Any]


def undoing(writes: Sequence[PastWrite], *, by_cancel: bool = False) -> Undoing:
    """What takes back a row's writes of one run.

    Args:
        writes: The oldest first.
        by_cancel: Tasks that were made are cancelled, not moved to the trash.
    """
    sent = [each for each in writes if not each.found_there]
    if any(each.kind is OperationKind.CREATE for each in sent) or (sent and sent[0].kind is OperationKind.RESTORE):
        return Undoing(TakeBack.CANCEL if by_cancel else TakeBack.TRASH, {})
    if any(each.kind is OperationKind.TRASH for each in sent):
        return Undoing(TakeBack.RESTORE, {})
    if any(each.replaced is None for each in sent):
        return Undoing(TakeBack.IMPOSSIBLE, {})
    values: dict[str, Any] = {}
    for each in sent:
        replaced = each.replaced or {}
        for target, value in {**replaced.get("fields", {}), **replaced.get("relationships", {})}.items():
            values.setdefault(target, value)
    return Undoing(TakeBack.PUT_BACK if values else TakeBack.NOTHING, values)


@dataclass(frozen=True, slots=True)
class UndoRules:
    """How it is undone.

    Attributes:
        even_if_edited: Also what people touched since.
        make_key: Makes the Idempotency-Keys.
    """

    even_if_edited: bool
    make_key: KeyOfWrite


@dataclass(frozen=True, slots=True)
class Planned:
    """One row that is to be taken back.

    Attributes:
        draft: An update without payload and key; its fingerprint is that of what is there now.
        undo: What is to happen.
        written: What we left there; None once the ledger has let go of it.
        left: What people had changed by then already, by target.
    """

    draft: Operation
    undo: Undoing
    written: Written | None
    left: Mapping[str, Any] = field(default_factory=dict)

    def touched(self, theirs: Content) -> tuple[Difference, ...]:
        """What people changed since; where the whole task is taken back, also what they had changed before."""
        if self.written is None:
            return ()
        return touched(self.written, theirs, self.left if self.undo.how is TakeBack.PUT_BACK else {})


def take_back(planned: Planned, theirs: Content | None, rules: UndoRules, now: datetime) -> Operation | Outcome:
    """The write that takes a row back, or what is told instead.

    Args:
        planned: The row.
        theirs: The task now; None where it is in the trash or gone.
        rules: How it is undone.
        now: UTC, for an outcome.
    """
    draft, how, written = planned.draft, planned.undo.how, planned.written
    if how is TakeBack.IMPOSSIBLE or written is None:
        return told(draft, now, NO_FORMER_VALUES, None, "the ledger has let go of what it held before (see retain): put it back by hand")
    if how is TakeBack.RESTORE:
        return _restored(draft, written, theirs, rules, now)
    if theirs is None:
        return _gone(draft, how, written, now)
    edited = planned.touched(theirs)
    if edited and not rules.even_if_edited:
        message = f"people changed it since ({edits_shown(edited)}), so it was left as it is: --even-if-edited takes it back too"
        return told(draft, now, EDITED, edited[0].target, message)
    if how is TakeBack.TRASH:
        return trash(draft, written, rules.make_key)
    return _put_back(planned, written, theirs, rules)


def _restored(draft: Operation, written: Written, theirs: Content | None, rules: UndoRules, now: datetime) -> Operation | Outcome:
    ready = replace(draft, kind=OperationKind.RESTORE, payload={}, content=written.content)
    if theirs is not None:
        return Outcome(ready, Action.ADOPTED, 0, now, task_id=draft.task_id)
    return replace(ready, idempotency_key=rules.make_key(ready, None))


def _gone(draft: Operation, how: TakeBack, written: Written, now: datetime) -> Outcome:
    if how is not TakeBack.TRASH:
        return told(draft, now, GONE, None, "its task was deleted in Lightfield: there is nothing to put back")
    ready = replace(draft, kind=OperationKind.TRASH, content=written.content, replaced=NOTHING_PUT_OUT)
    return Outcome(ready, Action.TRASHED, 0, now, task_id=draft.task_id)


def _put_back(planned: Planned, written: Written, theirs: Content, rules: UndoRules) -> Operation:
    values = {STATUS: CANCELLED} if planned.undo.how is TakeBack.CANCEL else planned.undo.values
    both = {**written.content.get("fields", {}), **written.content.get("relationships", {}), **values}
    # A row that had vanished from the source is not to be taken away again because its task was put back.
    vanished = planned.draft.fingerprint == VANISHED_FINGERPRINT
    ready = replace(
        planned.draft,
        kind=OperationKind.UPDATE,
        fingerprint=VANISHED_FINGERPRINT if vanished else OTHER_FINGERPRINT,
        payload=update_body(values),
        content=body_of({target: value for target, value in both.items() if value is not None}),
        replaced={
            **body_of({target: held_value(theirs, target) for target in values}),
            LEFT: left_alone(written, theirs, values),
        },
    )
    return replace(ready, idempotency_key=rules.make_key(ready, payload_digest(ready.payload)))


def edited_record(task_id: str, theirs: Content) -> dict[str, Any]:
    """A task as people have made it, for the file that is written before it is taken back all the same."""
    fields = {target: theirs.fields.get(target) for target in TASK_FIELDS}
    return {"id": task_id, "fields": fields, "relationships": {key: list(ids) for key, ids in theirs.relationships.items()}}
