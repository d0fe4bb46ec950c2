"""Which runs were there, and how did they end?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from etl.errors import LedgerError
from etl.ledger.database import AnyRow
from etl.ledger.schema import RUN, WRITTEN
from etl.ledger.work import Work


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run in the history.

    Attributes:
        run_id: Its name; unique within the import.
        command: ``run``, ``retry``, ``reconcile`` …
        started_at: UTC.
        settings: JSON object: versions, user, host, files and digests, whatever tells it from others; no secrets.
        finished_at: UTC; None while it runs, or when it crashed.
        status: As in ``summary.json``; None without an end.
        exit_code: None without an end.
        counts: Rows by action.
    """

    run_id: str
    command: str
    started_at: datetime
    settings: Mapping[str, Any] = field(default_factory=dict)
    finished_at: datetime | None = None
    status: str | None = None
    exit_code: int | None = None
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended; the attributes are those of ``RunRecord``."""

    status: str
    exit_code: int
    counts: Mapping[str, int]
    finished_at: datetime


def start(work: Work, record: RunRecord) -> None:
    """Notes a run that begins."""
    settings = json.dumps(dict(record.settings), ensure_ascii=True, default=str)
    work.connection.execute(
        RUN.insert().values(
            import_id=work.import_id, run_id=record.run_id, command=record.command, settings=settings, started_at=record.started_at
        )
    )


def end(work: Work, run_id: str, ending: Ending) -> None:
    """Notes how a run ended."""
    counts = json.dumps(dict(ending.counts))
    values = {"finished_at": ending.finished_at, "status": ending.status, "exit_code": ending.exit_code, "counts": counts}
    work.connection.execute(RUN.update().where(RUN.c.import_id == work.import_id, RUN.c.run_id == run_id).values(**values))


def number_of(work: Work, run_id: str) -> int:
    """The run's number in this ledger.

    Raises:
        LookupError: ``start`` was not called for it.
    """
    number = work.connection.scalar(select(RUN.c.number).where(RUN.c.import_id == work.import_id, RUN.c.run_id == run_id))
    if number is None:
        raise LookupError(f"the run {run_id!r} was never started in this ledger")
    return int(number)


def find(work: Work, run_id: str) -> RunRecord | None:
    """The run of that name."""
    row = work.connection.execute(select(RUN).where(RUN.c.import_id == work.import_id, RUN.c.run_id == run_id)).first()
    return None if row is None else _record(row)


def newest(work: Work, command: str) -> RunRecord | None:
    """The newest run of that command."""
    query = select(RUN).where(RUN.c.import_id == work.import_id, RUN.c.command == command).order_by(RUN.c.number.desc()).limit(1)
    row = work.connection.execute(query).first()
    return None if row is None else _record(row)


def last(work: Work, limit: int) -> list[RunRecord]:
    """The newest first."""
    query = select(RUN).where(RUN.c.import_id == work.import_id).order_by(RUN.c.number.desc()).limit(limit)
    return [_record(row) for row in work.connection.execute(query)]


def count(work: Work) -> int:
    """How many there are."""
    return int(work.connection.execute(select(func.count()).select_from(RUN).where(RUN.c.import_id == work.import_id)).scalar_one())


def names(work: Work) -> list[str]:
    """Of all, the newest first."""
    return list(work.connection.scalars(select(RUN.c.run_id).where(RUN.c.import_id == work.import_id).order_by(RUN.c.number.desc())))


def count_writes(work: Work, run_id: str) -> dict[str, int]:
    """Action -> writes that this run has recorded until now; what it left is not among them."""
    query = (
        select(WRITTEN.c.action, func.count())
        .join(RUN, RUN.c.number == WRITTEN.c.run)
        .where(RUN.c.import_id == work.import_id, RUN.c.run_id == run_id)
        .group_by(WRITTEN.c.action)
    )
    return {str(action): int(rows) for action, rows in work.connection.execute(query)}


def _record(row: AnyRow) -> RunRecord:
    return RunRecord(
        run_id=row.run_id,
        command=row.command,
        started_at=row.started_at,
        settings=_object(row.settings, row.run_id),
        finished_at=row.finished_at,
        status=row.status,
        exit_code=row.exit_code,
        counts=_object(row.counts, row.run_id) if row.counts else {},
    )


def _object(text: str, run_id: str) -> dict[str, Any]:
    """A JSON object that was written here.

    Raises:
        LedgerError: It is none any more.
    """
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise LedgerError(
            f"the ledger is damaged: what it holds of the run {run_id} cannot be read",
            next_step="restore it from a backup; or move it away and rebuild it from Lightfield: lightfield-etl reconcile CONFIG",
        )
    return found
