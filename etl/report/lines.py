"""What does one line of ``results.csv`` say? Decisions and outcomes become the same frame."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

import polars as pl

from etl.frames import ROW, SOURCE_KEY, PreparedBatch
from etl.records import NEEDS_A_PERSON, Action, Outcome

FILE = "file"
KEY = "source_key"
ACTION = "action"
KNOWN = "known_to_ledger"
"""Boolean: the ledger already holds the row's key, or has learnt it in this run because the row was sent."""

LINE_SCHEMA = {
    ROW: pl.UInt32,
    FILE: pl.String,
    KEY: pl.String,
    ACTION: pl.String,
    "task_id": pl.String,
    "url": pl.String,
    "idempotency_key": pl.String,
    "attempts": pl.UInt32,
    "http_status": pl.UInt16,
    "error_code": pl.String,
    "error_field": pl.String,
    "error_message": pl.String,
    "finished_at": pl.String,
    KNOWN: pl.Boolean,
}
"""A line: the columns of ``results.csv`` in their order (ROW stands for ``row``), then KNOWN. ACTION is null while the row waits."""

DECIDED_COLUMNS = (ROW, ACTION, "task_id", "url", "idempotency_key", "error_code", "error_field", "error_message", KNOWN)
"""What the plan says of each row."""

_FROM_OUTCOME = tuple(name for name in LINE_SCHEMA if name not in {ROW, FILE, KEY})
_PERSON = [action.value for action in Action if action in NEEDS_A_PERSON]


class OutcomeLine(NamedTuple):
    """An outcome without its operation, whose payload would weigh too much to be held; fields as in LINE_SCHEMA."""

    row: int | None
    file: str | None
    source_key: str
    action: str
    task_id: str | None
    url: str | None
    idempotency_key: str
    attempts: int
    http_status: int | None
    error_code: str | None
    error_field: str | None
    error_message: str | None
    finished_at: str
    known_to_ledger: bool

    @classmethod
    def of(cls, outcome: Outcome) -> OutcomeLine:
        """The outcome as a line; the file's name is added by the batch that it belongs to."""
        problem = outcome.problem
        return cls(
            row=outcome.operation.row,
            file=None,
            source_key=outcome.operation.source_key,
            action=outcome.action.value,
            task_id=outcome.task_id,
            url=outcome.url,
            idempotency_key=outcome.operation.idempotency_key,
            attempts=outcome.attempts,
            http_status=outcome.http_status,
            error_code=problem.code if problem else None,
            error_field=problem.field if problem else None,
            error_message=problem.message if problem else None,
            finished_at=utc_text(outcome.finished_at),
            known_to_ledger=True,
        )


def decided_lines(prepared: PreparedBatch, decided: pl.DataFrame) -> pl.DataFrame:
    """The batch's lines before any outcome.

    Args:
        prepared: The batch.
        decided: DECIDED_COLUMNS, a row for each of the batch's, in the same order.

    Returns:
        LINE_SCHEMA.

    Raises:
        ValueError: ``decided`` is not about the rows of the batch.
    """
    if not decided[ROW].equals(prepared.frame[ROW]):
        raise ValueError("decided must hold one row for each row of the batch, in the same order")
    given = {
        FILE: pl.lit(prepared.raw.file.path),
        KEY: pl.lit(prepared.frame[SOURCE_KEY]),
        "attempts": pl.lit(0),
        "http_status": pl.lit(None),
        "finished_at": pl.lit(None),
        KNOWN: pl.col(KNOWN).fill_null(value=False),
    }
    return decided.select(given.get(name, pl.col(name)).cast(kind).alias(name) for name, kind in LINE_SCHEMA.items())


def outcome_lines(outcomes: Iterable[OutcomeLine]) -> pl.DataFrame:
    """LINE_SCHEMA, a row for each outcome."""
    return pl.DataFrame(list(outcomes), schema=LINE_SCHEMA, orient="row")


def with_outcomes(lines: pl.DataFrame, outcomes: Iterable[OutcomeLine]) -> pl.DataFrame:
    """The lines, with what became of those that were sent; in the order of ``lines`` (LINE_SCHEMA)."""
    found = outcome_lines(outcomes)
    if found.is_empty():
        return lines
    joined = lines.join(found.select(ROW, *_FROM_OUTCOME), on=ROW, how="left", suffix="_found", maintain_order="left")
    told = {name: pl.coalesce(pl.col(f"{name}_found"), pl.col(name)).alias(name) for name in _FROM_OUTCOME}
    return joined.select(told.get(name, pl.col(name)) for name in LINE_SCHEMA)


def without_outcome_as_not_sent(lines: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Lines that still wait become ``not_sent``, finished now."""
    waits = pl.col(ACTION).is_null()
    return lines.with_columns(
        pl.when(waits).then(pl.lit(utc_text(now))).otherwise(pl.col("finished_at")).alias("finished_at"),
        pl.col(ACTION).fill_null(Action.NOT_SENT.value),
    )


def needs_a_person() -> pl.Expr:
    """True of lines that belong into ``failures.csv``; null of lines that still wait."""
    return pl.col(ACTION).is_in(_PERSON)


def utc_text(moment: datetime) -> str:
    """ISO 8601 in UTC, to the millisecond: ``2026-11-22T23:56:41.120Z``."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
