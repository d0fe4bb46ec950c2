"""A row's task was looked at: which write follows, or what is told instead?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from json import dumps
from typing import Any, Literal

from etl.content import Content
from etl.plan.payload import task_body
from etl.plan.three_way import Difference, Written, differences_shown, left_alone, merge, touched
from etl.records import OTHER_FINGERPRINT, VANISHED_FINGERPRINT, Action, Operation, OperationKind, Outcome, Problem
from etl.task import CANCELLED, COMPLETE, STATUS

CONFLICT = "conflict"
DELETED = "deleted_in_lightfield"
NO_BASE = "nothing_to_compare"

LEFT = "left"
"""In what an update replaced, beside fields and relationships: what people had changed and it left alone, by target."""

NOTHING_PUT_OUT: Mapping[str, Any] = {"fields": {}, "relationships": {}}
"""What a trash replaced that found its task in the trash already: an undo of it has nothing to take out."""

_MISSING_STATUS = {"cancel": CANCELLED, "complete": COMPLETE}

OnMissing = Literal["ignore", "cancel", "complete", "trash"]

KeyOfWrite = Callable[[Operation, bytes | None], str]
"""(the operation without its key, digest of an update's payload) to an Idempotency-Key."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the config says of rows that changed.

    Attributes:
        targets: The fields that the map speaks of.
        source_wins: ``on_conflict: overwrite``.
        recreate: A task that was deleted in Lightfield is made anew.
        make_key: Makes the Idempotency-Keys.
        on_missing: What becomes of the tasks of rows that vanished.
        updates: It is a sync: rows that changed are updated.
    """

    targets: Sequence[str]
    source_wins: bool
    recreate: bool
    make_key: KeyOfWrite
    on_missing: OnMissing = "ignore"
    updates: bool = True


@dataclass(frozen=True, slots=True)
class Former:
    """The task that a row had before we moved it to the trash; ``written`` is None once the ledger has let go of it."""

    task_id: str
    written: Written | None


def change(draft: Operation, written: Written | None, theirs: Content | None, rules: Rules, now: datetime) -> Operation | Outcome:
    """The write that a changed row needs, or its outcome where it needs none or may have none.

    Args:
        draft: An update whose ``content`` is the row's by the source.
        written: What was last written; None where the ledger no longer knows.
        theirs: The task as it was retrieved just now; None where it is in the trash or gone.
        rules: The config's.
        now: UTC, for an outcome.
    """
    if theirs is None:
        return _deleted(draft, rules, now)
    if written is None:
        return told(
            draft, now, NO_BASE, None, "the ledger does not hold what was last written of it, so that nobody can tell who changed what"
        )
    ours = draft.content or {}
    found = merge(written, ours, theirs, rules.targets, source_wins=rules.source_wins)
    if found.conflicts:
        return told(draft, now, CONFLICT, found.conflicts[0].target, _about(found.conflicts))
    sent = {*found.replaced["fields"], *found.replaced["relationships"]}
    replaced = {**found.replaced, LEFT: left_alone(written, theirs, sent)}
    complete = replace(draft, content=found.content, replaced=replaced, payload=found.payload or {})
    if found.payload is None:
        return Outcome(complete, Action.ADOPTED, 0, now, task_id=draft.task_id)
    return replace(complete, idempotency_key=rules.make_key(complete, payload_digest(found.payload)))


def back_again(anew: Operation, former: Former, theirs: Content, rules: Rules, now: datetime) -> Operation | Outcome:
    """A row was to get a new task, but people took its former one out of the trash: that is its task again.

    Args:
        anew: The create that was planned.
        former: What the row had.
        theirs: That task as it was retrieved just now.
        rules: The config's.
        now: UTC, for an outcome.
    """
    draft = replace(anew, kind=OperationKind.UPDATE, payload={}, idempotency_key="", task_id=former.task_id, content=anew.payload)
    decided = change(draft, former.written, theirs, rules, now)
    adopted = isinstance(decided, Outcome) and decided.action is Action.ADOPTED
    if rules.updates or adopted or former.written is None:
        return decided
    # No sync: it stays as it is, and the next run counts the row as changed.
    as_it_was = replace(draft, content=former.written.content, fingerprint=OTHER_FINGERPRINT)
    return Outcome(as_it_was, Action.ADOPTED, 0, now, task_id=former.task_id)


def vanished(draft: Operation, written: Written, theirs: Content | None, rules: Rules, now: datetime) -> Operation | Outcome:
    """The write that a row needs which is no longer in the source, by ``rules.on_missing``.

    Args:
        draft: An update without content.
        written: What was last written.
        theirs: As for ``change``.
        rules: The config's.
        now: UTC, for an outcome.
    """
    gone = replace(draft, fingerprint=VANISHED_FINGERPRINT)
    if theirs is None:
        # It is where a row that vanished belongs; nothing has to be sent, and the next run need not look again.
        there = replace(gone, kind=OperationKind.TRASH, content=written.content, replaced=NOTHING_PUT_OUT)
        return Outcome(there, Action.TRASHED, 0, now, task_id=draft.task_id)
    if rules.on_missing == "trash":
        edited = () if rules.source_wins else touched(written, theirs)
        if edited:
            return told(
                draft, now, CONFLICT, edited[0].target, "its row vanished from the source, but people changed it: " + _about(edited)
            )
        return trash(gone, written, rules.make_key)
    values = {**written.content.get("fields", {}), STATUS: _MISSING_STATUS[rules.on_missing]}
    ours = {"fields": values, "relationships": written.content.get("relationships", {})}
    return change(replace(gone, content=ours), written, theirs, replace(rules, targets=(STATUS,)), now)


def trash(draft: Operation, written: Written, make_key: KeyOfWrite) -> Operation:
    """The write that moves a row's task to the trash."""
    ready = replace(draft, kind=OperationKind.TRASH, payload={}, content=written.content, replaced=written.content)
    return replace(ready, idempotency_key=make_key(ready, None))


def told(draft: Operation, now: datetime, code: str, target: str | None, message: str) -> Outcome:
    """A row whose task is left as it is, and why."""
    return Outcome(draft, Action.CONFLICT, 0, now, task_id=draft.task_id, problem=Problem(code, target, message))


def payload_digest(payload: Mapping[str, Any]) -> bytes:
    """Of what an update sends: 16 bytes, the same for the same JSON value."""
    return blake2b(dumps(payload, sort_keys=True, ensure_ascii=True).encode(), digest_size=16).digest()


def _deleted(draft: Operation, rules: Rules, now: datetime) -> Operation | Outcome:
    if not rules.recreate:
        return told(
            draft,
            now,
            DELETED,
            None,
            "its task was deleted in Lightfield: restore it there, or set sync.recreate: true to have it made anew",
        )
    anew = replace(
        draft,
        kind=OperationKind.CREATE,
        payload=_given(draft.content or {}),
        content=None,
        task_id=None,
        generation=draft.generation + 1,
        revision=0,
    )
    return replace(anew, idempotency_key=rules.make_key(anew, None))


def _given(content: Mapping[str, Any]) -> dict[str, Any]:
    return task_body({**content.get("fields", {}), **content.get("relationships", {})})


def _about(found: Sequence[Difference]) -> str:
    """Base, ours and theirs of each field, and what to do."""
    return differences_shown(found) + ": nothing of the row was sent; make the two agree, or set sync.on_conflict: overwrite"
