"""What became of what was sent?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from etl.ledger.intents import settle_row_intents, withdraw
from etl.ledger.payloads import pack, pack_or_none
from etl.ledger.retention import let_go_of_superseded
from etl.ledger.schema import ENTRY, INTENT, WRITTEN
from etl.ledger.state import FAILED, OPEN
from etl.ledger.work import Work
from etl.records import WROTE, Action, EntryState, Operation, Outcome

_NO_EFFECT = frozenset({Action.NOT_SENT, Action.CONFLICT})
_ENTRY_CHANGES = ("source_key", "state", "task_id", "fingerprint", "generation", "revision", "written")
_ENTRY_FAILS = ("state", "generation", "revision")
_INTENT_CHANGES = ("state", "attempts", "finished_at", "http_status", "error_code", "error_field", "error_message")


def finish(work: Work, run: int, outcomes: Sequence[Outcome]) -> None:
    """Records outcomes within the caller's transaction; see ``ImportLedger.finish``."""
    unknown = {outcome.action for outcome in outcomes} - WROTE - _NO_EFFECT - {Action.FAILED, Action.UNCERTAIN}
    if unknown:
        raise ValueError(f"not the outcome of an operation: {', '.join(sorted(unknown))}")
    _record_written(work, run, [outcome for outcome in outcomes if outcome.action in WROTE])
    _record_trouble(work, run, [o for o in outcomes if o.action in {Action.FAILED, Action.UNCERTAIN}])
    withdraw(work, [outcome.operation for outcome in outcomes if outcome.action in _NO_EFFECT])


def _record_written(work: Work, run: int, outcomes: Sequence[Outcome]) -> None:
    if not outcomes:
        return
    digests = [outcome.operation.key_digest for outcome in outcomes]
    previous = dict(work.by_digest(ENTRY, ["key_digest", "written"], digests))
    newest = select(func.coalesce(func.max(WRITTEN.c.seq), 0)).where(WRITTEN.c.import_id == work.import_id)
    first = int(work.connection.execute(newest).scalar_one()) + 1
    written = [
        {"import_id": work.import_id, "seq": seq, "run": run, "previous": previous.get(outcome.operation.key_digest), **_written(outcome)}
        for seq, outcome in enumerate(outcomes, first)
    ]
    work.connection.execute(WRITTEN.insert(), written)
    entries = [{"import_id": work.import_id, "written": seq, **_entry(outcome)} for seq, outcome in enumerate(outcomes, first)]
    work.connection.execute(work.upsert(ENTRY, _ENTRY_CHANGES), entries)
    settle_row_intents(work, digests)
    let_go_of_superseded(work, [seq for seq in previous.values() if seq is not None])


def _written(outcome: Outcome) -> dict[str, Any]:
    operation = outcome.operation
    return {
        "key_digest": operation.key_digest,
        "kind": operation.kind.value,
        "action": outcome.action.value,
        "task_id": _task_id(outcome),
        "url": outcome.url,
        "generation": operation.generation,
        "revision": operation.revision,
        "finished_at": outcome.finished_at,
        "payload": pack(operation.payload if operation.content is None else operation.content),
        "replaced": pack_or_none(operation.replaced),
        "observed": pack_or_none(outcome.observed),
        "fingerprint": operation.fingerprint,
    }


def _entry(outcome: Outcome) -> dict[str, Any]:
    """The entry after an acknowledged write. A trash begins the next generation, in which nothing was written yet."""
    operation, trashed = outcome.operation, outcome.action is Action.TRASHED
    return {
        "key_digest": operation.key_digest,
        "source_key": operation.source_key,
        "state": (EntryState.TRASHED if trashed else EntryState.DONE).value,
        "task_id": _task_id(outcome),
        "fingerprint": operation.fingerprint,
        "generation": operation.generation + 1 if trashed else operation.generation,
        "revision": 0 if trashed else operation.revision + 1,
    }


def _task_id(outcome: Outcome) -> str:
    task_id = outcome.task_id or outcome.operation.task_id
    if task_id is None:
        raise ValueError(f"{outcome.action} without a task id: {outcome.operation.source_key!r}")
    return task_id


def _record_trouble(work: Work, run: int, outcomes: Sequence[Outcome]) -> None:
    """A row that has a task keeps its entry: what failed is the change of it, and that stands in the intent."""
    if not outcomes:
        return
    entries = [{"import_id": work.import_id, **_entry_in_trouble(outcome)} for outcome in outcomes]
    work.connection.execute(work.upsert(ENTRY, _ENTRY_FAILS, "task_id"), entries)
    digests = [outcome.operation.key_digest for outcome in outcomes]
    before = dict(work.by_digest(INTENT, ["key_digest", "attempts"], digests))
    rows = [
        {"import_id": work.import_id, "run": run, **_intent_in_trouble(outcome, before.get(outcome.operation.key_digest, 0))}
        for outcome in outcomes
    ]
    work.connection.execute(work.upsert(INTENT, _INTENT_CHANGES), rows)


def _entry_in_trouble(outcome: Outcome) -> dict[str, Any]:
    operation: Operation = outcome.operation
    return {
        "key_digest": operation.key_digest,
        "source_key": operation.source_key,
        "state": (EntryState.FAILED if outcome.action is Action.FAILED else EntryState.UNCERTAIN).value,
        "generation": operation.generation,
        "revision": operation.revision,
    }


def _intent_in_trouble(outcome: Outcome, attempts_before: int) -> dict[str, Any]:
    """The whole row, although ``begin`` has made it: an outcome that needed no request comes without one."""
    operation, problem = outcome.operation, outcome.problem
    first_sent_at = operation.first_sent_at or outcome.finished_at
    return {
        "key_digest": operation.key_digest,
        "source_key": operation.source_key,
        "kind": operation.kind.value,
        "idempotency_key": operation.idempotency_key,
        "fingerprint": operation.fingerprint,
        "payload": pack(operation.payload),
        "generation": operation.generation,
        "revision": operation.revision,
        "task_id": operation.task_id,
        "first_sent_at": first_sent_at,
        "begun_at": first_sent_at,
        "state": FAILED if outcome.action is Action.FAILED else OPEN,
        "attempts": attempts_before + outcome.attempts,
        "finished_at": outcome.finished_at,
        "http_status": outcome.http_status,
        "error_code": None if problem is None else _storable(problem.code),
        "error_field": None if problem is None or problem.field is None else _storable(problem.field),
        "error_message": None if problem is None else _storable(problem.message),
        "content": pack_or_none(operation.content),
        "replaced": pack_or_none(operation.replaced),
    }


def _storable(text: str) -> str:
    """What an API says may hold half a surrogate pair, which no database takes."""
    return text.encode("utf-8", "replace").decode("utf-8")
