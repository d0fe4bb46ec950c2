"""What was the receiver of an import's messages last told?"""

from __future__ import annotations

import json

from sqlalchemy import select

from etl.ledger.database import Database
from etl.ledger.schema import TOLD
from etl.records import JobState

DIGEST_BYTES = 8


def read(database: Database, name: str, receiver: bytes) -> JobState | None:
    """The state that it was told of; None where it was never told anything."""
    query = select(TOLD).where(TOLD.c.name == name, TOLD.c.receiver == receiver)
    with database.reading() as connection:
        row = connection.execute(query).first()
    if row is None:
        return None
    standing = json.loads(row.standing)
    return JobState(
        failing=bool(standing["failing"]),
        since=row.since,
        stopped_by=tuple(standing["stopped_by"]),
        codes=tuple(standing["codes"]),
        rows=int(standing["rows"]),
        row_digests=None if row.row_digests is None else frozenset(_cut(bytes(row.row_digests))),
    )


def note(database: Database, name: str, receiver: bytes, state: JobState) -> None:
    """Notes what it knows by now."""
    standing = {"failing": state.failing, "stopped_by": state.stopped_by, "codes": state.codes, "rows": state.rows}
    values = {
        "name": name,
        "receiver": receiver,
        "since": state.since,
        "standing": json.dumps(standing),
        "row_digests": None if state.row_digests is None else b"".join(sorted(state.row_digests)),
    }
    with database.writing() as connection:
        connection.execute(database.upsert(TOLD, ("since", "standing", "row_digests")), [values])


def _cut(joined: bytes) -> list[bytes]:
    return [joined[start : start + DIGEST_BYTES] for start in range(0, len(joined), DIGEST_BYTES)]
