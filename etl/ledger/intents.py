"""What was about to be sent, and what is not known to have ended?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, case, func, select

from etl.errors import StoppedError
from etl.ledger.database import AnyRow
from etl.ledger.payloads import pack, pack_or_none, unpack
from etl.ledger.schema import ENTRY, INTENT, RUN
from etl.ledger.state import FAILED, OPEN
from etl.ledger.work import Work
from etl.records import REPLAYED_OLDER, Operation, OperationKind, Problem

_KEY = ("import_id", "key_digest")
_OUTCOME = ("attempts", "finished_at", "http_status", "error_code", "error_field", "error_message")
_ALL_BUT_KEY = tuple(column.name for column in INTENT.columns if column.name not in _KEY)
_KEYED_CHANGES = (OperationKind.UPDATE, OperationKind.RESTORE)
_OLD = ("key_digest", "idempotency_key", "generation", "state", "payload", "earlier_payloads", "run", *_OUTCOME, "first_sent_at")


class UnsettledIntentError(StoppedError):
    """A row was to get another operation while an earlier one of it is in doubt, or two at once."""

    reason = "unsettled_intent"


@dataclass(frozen=True, slots=True)
class OpenIntent:
    """A write that has no good end yet.

    Attributes:
        operation: As it was begun; ``first_sent_at`` set, ``seen_before`` True (False for one that failed, as nothing of it was
            executed, and for one that was answered with a task of another's making).
        run_id: The run that read its row last; sending it again from the ledger alone changes nothing about that.
        attempts: Requests sent for it in all runs whose outcome was recorded.
        begun_at: When it was last begun, by the clock that ``begin`` was given.
        finished_at: Of its last outcome; None in doubt after a crash.
        http_status: Of its last outcome.
        problem: Of its last outcome.
        earlier_payloads: What else was sent with this idempotency key before (the row was corrected in between).
    """

    operation: Operation
    run_id: str
    attempts: int
    begun_at: datetime
    finished_at: datetime | None
    http_status: int | None
    problem: Problem | None
    earlier_payloads: tuple[Mapping[str, Any], ...] = ()


def begin(work: Work, run: int, operations: Sequence[Operation], now: datetime) -> list[Operation]:
    """Notes intents within the caller's transaction; see ``ImportLedger.begin``."""
    digests = [operation.key_digest for operation in operations]
    if len(set(digests)) != len(digests):
        raise UnsettledIntentError("two operations for one row were to begin at once; nothing was sent")
    columns = [INTENT.c[name] for name in _OLD]
    query = select(*columns).where(INTENT.c.import_id == work.import_id, INTENT.c.key_digest.in_(digests))
    old = {row.key_digest: row for row in work.connection.execute(query)}
    begun = [_begun(operation, old.get(operation.key_digest), now) for operation in operations]
    rows = [_row(operation, old.get(operation.key_digest), now, run) | {"import_id": work.import_id} for operation in begun]
    work.connection.execute(work.upsert(INTENT, _ALL_BUT_KEY), rows)
    _raise_generations(work, begun)
    return begun


def read_intents(work: Work, state: str) -> list[OpenIntent]:
    """All of one state, the first sent first."""
    query = (
        select(INTENT, RUN.c.run_id)
        .join(RUN, RUN.c.number == INTENT.c.run)
        .where(INTENT.c.import_id == work.import_id, INTENT.c.state == state)
        .order_by(INTENT.c.first_sent_at, INTENT.c.key_digest)
    )
    return [_intent(row) for row in work.connection.execute(query)]


def withdraw(work: Work, operations: Sequence[Operation]) -> None:
    """What is known to have had no effect is no longer in doubt: new intents go, one that had failed before is failed again."""
    if not operations:
        return
    mine = _bound(work.import_id)
    keys = [{"digest": operation.key_digest, "sent_key": operation.idempotency_key} for operation in operations]
    work.connection.execute(INTENT.delete().where(*mine, INTENT.c.state == OPEN, INTENT.c.state_before.is_(None)), keys)
    work.connection.execute(
        INTENT.update().where(*mine, INTENT.c.state == OPEN, INTENT.c.state_before == FAILED).values(state=FAILED), keys
    )


def settle_absent(work: Work, operations: Sequence[Operation]) -> None:
    """Removes intents of which a complete search has shown that they were not executed, however often they were begun.

    A change may have been executed before people changed its task again: with the next revision, its key is not used a second time.
    """
    if operations:
        keys = [{"digest": operation.key_digest, "sent_key": operation.idempotency_key} for operation in operations]
        work.connection.execute(INTENT.delete().where(*_bound(work.import_id)), keys)
        _raise_revisions(work, [each for each in operations if each.kind in _KEYED_CHANGES])


def settle_row_intents(work: Work, digests: Sequence[bytes]) -> None:
    """Removes the intents of rows that are written now, whichever operation it was."""
    row = (INTENT.c.import_id == work.import_id, INTENT.c.key_digest == bindparam("digest"))
    work.connection.execute(INTENT.delete().where(*row), [{"digest": digest} for digest in digests])


def failed_digests(work: Work) -> list[bytes]:
    """The rows of which ``retry`` would send something that failed."""
    query = select(INTENT.c.key_digest).where(INTENT.c.import_id == work.import_id, INTENT.c.state == FAILED)
    return [bytes(digest) for (digest,) in work.connection.execute(query)]


def drop_failed(work: Work, digests: Sequence[bytes]) -> None:
    """What failed of these rows is not to be sent any more."""
    row = (INTENT.c.import_id == work.import_id, INTENT.c.key_digest == bindparam("digest"), INTENT.c.state == FAILED)
    work.connection.execute(INTENT.delete().where(*row), [{"digest": digest} for digest in digests])


def drop_failed_of_others(work: Work, run: int) -> None:
    """Nor what failed in any run but this one."""
    others = (INTENT.c.import_id == work.import_id, INTENT.c.state == FAILED, INTENT.c.run != run)
    work.connection.execute(INTENT.delete().where(*others))


def count_waiting(work: Work, besides: str | None = None) -> dict[str, int]:
    """``failed``, ``uncertain`` and ``in_doubt`` (begun, and never heard of again) -> rows; those of the run ``besides`` are left out."""
    kind = case((INTENT.c.state == FAILED, "failed"), (INTENT.c.finished_at.is_(None), "in_doubt"), else_="uncertain")
    query = select(kind, func.count()).where(INTENT.c.import_id == work.import_id).group_by(kind)
    if besides is not None:
        query = query.join(RUN, RUN.c.number == INTENT.c.run).where(RUN.c.run_id != besides)
    counts = dict.fromkeys(("failed", "uncertain", "in_doubt"), 0)
    counts.update({str(name): int(count) for name, count in work.connection.execute(query)})
    return counts


def _begun(operation: Operation, old: AnyRow | None, now: datetime) -> Operation:
    """The operation with its first sending: that of an open intent of the same key, else now."""
    if old is None or old.state != OPEN:
        return replace(operation, first_sent_at=now)
    if old.idempotency_key == operation.idempotency_key:
        dropped = _dropped(operation, old)
        return replace(operation, first_sent_at=old.first_sent_at, seen_before=_wrote_before(old), dropped=dropped)
    # A higher generation says that the earlier request is known to have been executed, and its task to be in the trash.
    if operation.generation > old.generation:
        return replace(operation, first_sent_at=now)
    raise UnsettledIntentError(
        f"the row {operation.source_key!r} was to be sent while it is unknown what became of an earlier request for it; nothing was sent",
        next_step="run the same command again: it settles what is in doubt first",
    )


def _dropped(operation: Operation, old: AnyRow) -> tuple[str, ...]:
    if operation.kind is not OperationKind.CREATE:
        return ()
    earlier = [unpack(old.payload), *([] if old.earlier_payloads is None else unpack(old.earlier_payloads))]
    return tuple(sorted({name for body in earlier for name in _names(body)} - _names(operation.payload)))


def _names(body: Mapping[str, Any]) -> set[str]:
    return {*body.get("fields", {}), *body.get("relationships", {})}


def _row(operation: Operation, old: AnyRow | None, now: datetime, run: int) -> dict[str, Any]:
    payload = pack(operation.payload)
    return {
        "key_digest": operation.key_digest,
        "source_key": operation.source_key,
        "kind": operation.kind.value,
        "idempotency_key": operation.idempotency_key,
        "fingerprint": operation.fingerprint,
        "payload": payload,
        "generation": operation.generation,
        "revision": operation.revision,
        "task_id": operation.task_id,
        "first_sent_at": operation.first_sent_at,
        "begun_at": now,
        "state": OPEN,
        # What is sent again from the ledger alone stays with the run that read its row: ``retry RUN`` finds it there as often as it fails.
        "run": run if old is None or operation.row is not None else old.run,
        "content": pack_or_none(operation.content),
        "replaced": pack_or_none(operation.replaced),
        **_inherited(operation, old, payload),
    }


def _inherited(operation: Operation, old: AnyRow | None, payload: bytes) -> dict[str, Any]:
    """What an intent takes over from the one before: of its own key, or one that failed (where it would be failed again)."""
    if old is None or (old.state == OPEN and old.idempotency_key != operation.idempotency_key):
        return dict.fromkeys(("state_before", "earlier_payloads", *_OUTCOME)) | {"attempts": 0}
    earlier = _earlier(old, payload) if old.state == OPEN else None
    return {"state_before": old.state, "earlier_payloads": earlier, **{name: getattr(old, name) for name in _OUTCOME}}


def _earlier(old: AnyRow, payload: bytes) -> bytes | None:
    """The packed list of other payloads that were sent with this key."""
    if old.payload == payload:
        return None if old.earlier_payloads is None else bytes(old.earlier_payloads)
    listed = [] if old.earlier_payloads is None else unpack(old.earlier_payloads)
    before = unpack(old.payload)
    return pack(listed if before in listed else [*listed, before])


def _raise_generations(work: Work, operations: Sequence[Operation]) -> None:
    """With the intent of a trash: once it may be executed, the keys of the row's old generation answer with the trashed task."""
    for operation in operations:
        if operation.kind is OperationKind.TRASH:
            row = (
                ENTRY.c.import_id == work.import_id,
                ENTRY.c.key_digest == operation.key_digest,
                ENTRY.c.generation <= operation.generation,
            )
            work.connection.execute(ENTRY.update().where(*row).values(generation=operation.generation + 1, revision=0))


def _raise_revisions(work: Work, operations: Sequence[Operation]) -> None:
    for operation in operations:
        row = (
            ENTRY.c.import_id == work.import_id,
            ENTRY.c.key_digest == operation.key_digest,
            ENTRY.c.generation == operation.generation,
            ENTRY.c.revision <= operation.revision,
        )
        work.connection.execute(ENTRY.update().where(*row).values(revision=operation.revision + 1))


def _bound(import_id: int) -> tuple[Any, ...]:
    """The row and key of ``digest`` and ``sent_key``, for statements over many."""
    return (
        INTENT.c.import_id == import_id,
        INTENT.c.key_digest == bindparam("digest"),
        INTENT.c.idempotency_key == bindparam("sent_key"),
    )


def _wrote_before(row: AnyRow) -> bool:
    """May the task that this key is answered with be of this ledger's making? Not where it already turned out to be another's."""
    return bool(row.state == OPEN and row.error_code != REPLAYED_OLDER)


def _intent(row: AnyRow) -> OpenIntent:
    operation = Operation(
        kind=OperationKind(row.kind),
        source_key=row.source_key,
        key_digest=bytes(row.key_digest),
        fingerprint=bytes(row.fingerprint),
        payload=unpack(row.payload),
        idempotency_key=row.idempotency_key,
        generation=row.generation,
        revision=row.revision,
        task_id=row.task_id,
        first_sent_at=row.first_sent_at,
        seen_before=_wrote_before(row),
        content=None if row.content is None else unpack(row.content),
        replaced=None if row.replaced is None else unpack(row.replaced),
    )
    return OpenIntent(
        operation=operation,
        run_id=row.run_id,
        attempts=row.attempts,
        begun_at=row.begun_at,
        finished_at=row.finished_at,
        http_status=row.http_status,
        problem=None if row.error_code is None else Problem(row.error_code, row.error_field, row.error_message or ""),
        earlier_payloads=() if row.earlier_payloads is None else tuple(unpack(row.earlier_payloads)),
    )
