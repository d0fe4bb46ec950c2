"""Which rows did runs leave failed or uncertain, as the ledger still holds them?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import case, func, select

from etl.ledger.database import AnyRow, Database
from etl.ledger.payloads import unpack
from etl.ledger.schema import INTENT, RUN
from etl.ledger.state import FAILED
from etl.ledger.work import Work
from etl.records import OperationKind, Problem

FAILED_ROW: Final = "failed"
"""Refused, or never executed."""
UNCERTAIN_ROW: Final = "uncertain"
"""It may have been executed; attempts ran out, or the answer is not to be trusted."""
IN_DOUBT_ROW: Final = "in_doubt"
"""Begun, and never heard of again: its run is still at work, or its process died."""

ROWS_AT_ONCE = 5_000

_STATE = case((INTENT.c.state == FAILED, FAILED_ROW), (INTENT.c.finished_at.is_(None), IN_DOUBT_ROW), else_=UNCERTAIN_ROW)


@dataclass(frozen=True, slots=True)
class LeftRow:
    """A write without a good end, under the run that read its row last.

    Attributes:
        source_key: The row.
        state: FAILED_ROW, UNCERTAIN_ROW or IN_DOUBT_ROW.
        kind: Which call.
        payload: What was sent: a create's body, of an update what changes; empty for trash and restore.
        task_id: Of the task to change; None for a create.
        attempts: Requests in all runs whose outcome was recorded.
        first_sent_at: By the server's clock, UTC.
        http_status, problem: Of the last outcome; None where there was none.
    """

    source_key: str
    state: str
    kind: OperationKind
    payload: Mapping[str, Any]
    task_id: str | None
    attempts: int
    first_sent_at: datetime
    http_status: int | None
    problem: Problem | None


def count_left(work: Work) -> dict[str, dict[str, int]]:
    """Run id -> state -> rows; runs that left none are not there."""
    query = (
        select(RUN.c.run_id, _STATE.label("left_as"), func.count().label("rows"))
        .join(RUN, RUN.c.number == INTENT.c.run)
        .where(INTENT.c.import_id == work.import_id)
        # By its label: a server would take the words in the expression, sent apart, for others than those above.
        .group_by(RUN.c.run_id, "left_as")
    )
    counts: dict[str, dict[str, int]] = {}
    for row in work.connection.execute(query):
        counts.setdefault(row.run_id, {})[row.left_as] = row.rows
    return counts


def left_by_run(database: Database, import_id: int, run_id: str, limit: int | None = None) -> Iterator[list[LeftRow]]:
    """The rows that a run left, the first sent first, in lists of bounded size.

    One transaction for all of them, so that they fit together: not for a consumer that waits for people.
    """
    query = (
        select(INTENT, _STATE.label("left_as"))
        .join(RUN, RUN.c.number == INTENT.c.run)
        .where(INTENT.c.import_id == import_id, RUN.c.run_id == run_id)
        .order_by(INTENT.c.first_sent_at, INTENT.c.key_digest)
        .limit(limit)
    )
    with database.reading() as connection:
        for rows in connection.execute(query.execution_options(yield_per=ROWS_AT_ONCE)).partitions():
            yield [_left_row(row) for row in rows]


def _left_row(row: AnyRow) -> LeftRow:
    return LeftRow(
        source_key=row.source_key,
        state=row.left_as,
        kind=OperationKind(row.kind),
        payload=unpack(row.payload),
        task_id=row.task_id,
        attempts=row.attempts,
        first_sent_at=row.first_sent_at,
        http_status=row.http_status,
        problem=None if row.error_code is None else Problem(row.error_code, row.error_field, row.error_message or ""),
    )
