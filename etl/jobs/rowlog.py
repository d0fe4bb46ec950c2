"""What do machines hear of single rows? Which one, its key, the attempt and a code: nothing that stands in its cells."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from etl.frames import ROW, SOURCE_KEY, SourceFile
from etl.load.retry import Tried
from etl.plan.choose import Choice
from etl.records import NEEDS_A_PERSON, Action, Operation, Outcome
from etl.report.voice import Level, Voice

MOST_LINES = 1_000
"""Of one run: half a million rejected rows stand in ``results.csv``, and need not be in a log besides."""


class RowLog:
    """Says it in the JSON log alone; people read tables.

    Args:
        voice: Says it.
        files: Of the input, in order.
    """

    def __init__(self, voice: Voice, files: Sequence[SourceFile]) -> None:
        self._voice = voice
        self._files = files
        self._left = MOST_LINES if voice.mode == "json" else 0

    def rejected(self, choice: Choice) -> None:
        """Rows that will not be sent."""
        if not self._left:
            return
        whole = pl.concat(
            [choice.frame.select("action", "error_code", "error_field"), choice.prepared.frame.select(ROW, SOURCE_KEY)], how="horizontal"
        )
        refused = whole.filter(pl.col("action") == Action.REJECTED.value).head(self._left)
        path = choice.prepared.raw.file.path
        for row, key, code, field in refused.select(ROW, SOURCE_KEY, "error_code", "error_field").iter_rows():
            self._say("warning", "row_rejected", row=row, file=path, key=key, code=code, field=field)

    def attempt_failed(self, operation: Operation, attempt: int, tried: Tried) -> None:
        """A request that will be repeated."""
        status = None if tried.answer is None else tried.answer.status
        self._say("info", "attempt_failed", **self._who(operation), attempt=attempt, code=tried.verdict.code, http_status=status)

    def outcome(self, outcome: Outcome) -> None:
        """A row that was sent and needs a person."""
        if outcome.action not in NEEDS_A_PERSON:
            return
        problem = outcome.problem
        self._say(
            "warning",
            f"row_{outcome.action.value}",
            **self._who(outcome.operation),
            attempt=outcome.attempts,
            code=None if problem is None else problem.code,
            field=None if problem is None else problem.field,
            http_status=outcome.http_status,
        )

    def _who(self, operation: Operation) -> dict[str, object]:
        file = None if operation.file is None else self._files[operation.file].path
        return {"row": operation.row, "file": file, "key": operation.source_key, "idempotency_key": operation.idempotency_key}

    def _say(self, level: Level, event: str, **fields: object) -> None:
        if not self._left:
            return
        self._left -= 1
        self._voice.say(level, event, "", **fields)
        if not self._left:
            self._voice.say("info", "rows_not_logged", f"of further rows nothing is logged after {MOST_LINES:,} lines: see results.csv")
