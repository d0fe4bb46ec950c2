"""What was written of a row, and what did that put out?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, select

from etl.ledger.database import AnyRow, Database
from etl.ledger.payloads import unpack
from etl.ledger.schema import ENTRY, RUN, WRITTEN
from etl.ledger.work import Work
from etl.records import Action, EntryState, OperationKind

ROWS_AT_ONCE = 5_000
"""In one list: a slow consumer holds up nobody, and memory stays flat."""

_IN_LIST = 500


@dataclass(frozen=True, slots=True)
class WrittenRow:
    """One write of a row, and whether it is the row's newest.

    Attributes:
        seq: Its place in the order of writing within the import.
        previous: ``seq`` of the row's write before; None for its first.
        key_digest, source_key: The row.
        kind: Which call.
        action: What became of it.
        task_id, url: The task.
        generation, revision: As it was sent.
        run_id: Of the run that wrote it.
        finished_at: UTC, by our clock.
        content: The row's whole content after it, in the form of a create's body; None once the ledger has let go of it.
        replaced: What it put out; None where it put out nothing, or once the ledger has let go of it.
        observed: What Lightfield was seen to make of the content, by target, where that differed.
        fingerprint: Of the content; None of writes by earlier versions.
        entry_state, entry_generation, entry_revision: The row's own, today.
        newest: Nothing of ours was written to the row since.
    """

    seq: int
    previous: int | None
    key_digest: bytes
    source_key: str
    kind: OperationKind
    action: Action
    task_id: str
    url: str | None
    generation: int
    revision: int
    run_id: str
    finished_at: datetime
    content: Mapping[str, Any] | None
    replaced: Mapping[str, Any] | None
    observed: Mapping[str, Any]
    fingerprint: bytes | None
    entry_state: EntryState
    entry_generation: int
    entry_revision: int
    newest: bool


def newest_writes(work: Work, digests: Sequence[bytes]) -> dict[bytes, WrittenRow]:
    """The newest write of each of these rows that has one, by key digest."""
    found: dict[bytes, WrittenRow] = {}
    for start in range(0, len(digests), _IN_LIST):
        query = _writes(work.import_id).where(ENTRY.c.key_digest.in_(digests[start : start + _IN_LIST]), ENTRY.c.written == WRITTEN.c.seq)
        found.update({bytes(row.key_digest): _written_row(row) for row in work.connection.execute(query)})
    return found


def write_at(work: Work, seq: int) -> WrittenRow | None:
    """One write by its place in the order; None where there is none."""
    row = work.connection.execute(_writes(work.import_id).where(WRITTEN.c.seq == seq)).first()
    return None if row is None else _written_row(row)


def rows_with_task(database: Database, import_id: int) -> Iterator[list[WrittenRow]]:
    """The newest write of every row that has a live task (``done``), in lists of bounded size, in the order of writing."""
    query = _writes(import_id).where(ENTRY.c.written == WRITTEN.c.seq, ENTRY.c.state == EntryState.DONE.value)
    return _in_lists(database, query, newest_first=False)


def writes_of_run(database: Database, import_id: int, run_id: str) -> Iterator[list[WrittenRow]]:
    """Every write of a run, in lists of bounded size, the newest first."""
    return _in_lists(database, _writes(import_id).where(RUN.c.run_id == run_id), newest_first=True)


def _writes(import_id: int) -> Select[Any]:
    same_row = and_(ENTRY.c.import_id == WRITTEN.c.import_id, ENTRY.c.key_digest == WRITTEN.c.key_digest)
    return (
        select(
            WRITTEN,
            RUN.c.run_id,
            ENTRY.c.source_key,
            ENTRY.c.state.label("entry_state"),
            ENTRY.c.generation.label("entry_generation"),
            ENTRY.c.revision.label("entry_revision"),
            (ENTRY.c.written == WRITTEN.c.seq).label("newest"),
        )
        .join(ENTRY, same_row)
        .join(RUN, RUN.c.number == WRITTEN.c.run)
        .where(WRITTEN.c.import_id == import_id)
    )


def _in_lists(database: Database, query: Select[Any], *, newest_first: bool) -> Iterator[list[WrittenRow]]:
    after: int | None = None
    order = WRITTEN.c.seq.desc() if newest_first else WRITTEN.c.seq
    while True:
        page = query.order_by(order).limit(ROWS_AT_ONCE)
        if after is not None:
            page = page.where(WRITTEN.c.seq < after if newest_first else WRITTEN.c.seq > after)
        with database.reading() as connection:
            rows = [_written_row(row) for row in connection.execute(page)]
        if not rows:
            return
        yield rows
        after = rows[-1].seq


def _written_row(row: AnyRow) -> WrittenRow:
    return WrittenRow(
        seq=row.seq,
        previous=row.previous,
        key_digest=bytes(row.key_digest),
        source_key=row.source_key,
        kind=OperationKind(row.kind),
        action=Action(row.action),
        task_id=row.task_id,
        url=row.url,
        generation=row.generation,
        revision=row.revision,
        run_id=row.run_id,
        finished_at=row.finished_at,
        content=None if row.payload is None else unpack(row.payload),
        replaced=None if row.replaced is None else unpack(row.replaced),
        observed={} if row.observed is None else unpack(row.observed),
        fingerprint=None if row.fingerprint is None else bytes(row.fingerprint),
        entry_state=EntryState(row.entry_state),
        entry_generation=row.entry_generation,
        entry_revision=row.entry_revision,
        newest=bool(row.newest),
    )
