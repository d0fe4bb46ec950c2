"""How do the ledger's records of runs become what is shown of them?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from shlex import quote
from typing import Any

from etl.jobs.identify import HELD_AS, REPORTS
from etl.jobs.request import RunsRequest, Surroundings
from etl.ledger.imports import ImportLedger
from etl.ledger.left import IN_DOUBT_ROW, LeftRow
from etl.ledger.lock import Held
from etl.ledger.runs import RunRecord
from etl.records import Action
from etl.report.past import NEVER_ENDED, UNDER_WAY, HeldBy, OneRun, PastImport, PastRun, PastWorkspace, WaitingRow
from etl.report.rebuilt import write_rebuilt

SHOWN_ROWS = 20
"""Of one run, without ``--failures``."""

_TO_THE_END = {0, 1}


def past_import(rows: ImportLedger, limit: int) -> PastImport:
    """An import and its newest runs."""
    held, waiting = rows.lease.look(), rows.left_by_runs()
    records = rows.last_runs(limit)
    runs = tuple(_past_run(rows, record, held if not place else None, waiting) for place, record in enumerate(records))
    return PastImport(
        name=rows.name, workspace=_workspace(rows), held_by=_held_by(held), runs=runs, older_runs=rows.count_runs() - len(runs)
    )


def _workspace(rows: ImportLedger) -> PastWorkspace:
    return PastWorkspace(label=rows.workspace.label, origin=rows.workspace.origin)


def _held_by(held: Held | None) -> HeldBy | None:
    return None if held is None else HeldBy(holder=held.holder, since=held.since)


def _past_run(rows: ImportLedger, record: RunRecord, held: Held | None, waiting: Mapping[str, Mapping[str, int]]) -> PastRun:
    """``held`` of the import's newest run alone: none before it can be under way."""
    ended = record.finished_at is not None
    return PastRun(
        run_id=record.run_id,
        command=record.command,
        state=record.status or _without_end(record, held),
        exit_code=record.exit_code,
        started_at=record.started_at,
        finished_at=record.finished_at,
        counts=dict(record.counts) if ended else None,
        written=None if ended else rows.writes_counted(record.run_id),
        waiting=dict(waiting.get(record.run_id, {})),
    )


def _without_end(record: RunRecord, held: Held | None) -> str:
    """Who holds the lock may still be preparing: the newest run is theirs only where it says so."""
    return UNDER_WAY if held is not None and record.settings.get(HELD_AS, held.holder) == held.holder else NEVER_ENDED


def one_run(rows: ImportLedger, record: RunRecord, request: RunsRequest, around: Surroundings) -> OneRun:
    """A run with its settings and the rows that wait; with ``request.failures`` all of these are written to a file.

    Raises:
        SettingsError: The file cannot be made.
        LocalFailureError: The disk is full, or the ledger gave out.
    """
    held = rows.lease.look()
    is_newest = [run.run_id for run in rows.last_runs(1)] == [record.run_id]
    run = _past_run(rows, record, held if is_newest else None, rows.left_by_runs())
    failures_csv = _failures_csv(record, request, around)
    return OneRun(
        ledger=rows.location,
        name=rows.name,
        workspace=_workspace(rows),
        held_by=_held_by(held),
        run=run,
        settings=dict(record.settings),
        rows=tuple(_waiting_row(row) for left in rows.rows_left_by(record.run_id, SHOWN_ROWS) for row in left),
        failures_csv=failures_csv,
        rebuilt=_rebuild(rows, record, request, around) if request.failures and run.rows_waiting else None,
        next_command=_next_command(run, record, request, failures_csv, is_newest=is_newest),
    )


def _failures_csv(record: RunRecord, request: RunsRequest, around: Surroundings) -> str | None:
    """Where the run left it, else where ``--out`` says that runs lie."""
    folders = [Path(record.settings[REPORTS])] if REPORTS in record.settings else []
    folders.append(around.working_folder / request.out / record.run_id)
    return next((_shown(path, around) for path in (folder / "failures.csv" for folder in folders) if path.is_file()), None)


def _shown(path: Path, around: Surroundings) -> str:
    return str(path.relative_to(around.working_folder) if path.is_relative_to(around.working_folder) else path)


def _waiting_row(row: LeftRow) -> WaitingRow:
    problem = row.problem
    return WaitingRow(
        source_key=row.source_key,
        state=row.state,
        operation=row.kind.value,
        task_id=row.task_id,
        error_code=problem.code if problem else None,
        error_field=problem.field if problem else None,
        error_message=problem.message if problem else None,
        http_status=row.http_status,
        attempts=row.attempts,
        first_sent_at=row.first_sent_at,
        values=_values(row.payload),
    )


def _values(payload: Mapping[str, Any]) -> dict[str, str]:
    """Target field -> what was sent; of several values the ids with a semicolon between them."""
    parts = {**(payload.get("fields") or {}), **(payload.get("relationships") or {})}
    return {target: _cell(value) for target, value in parts.items() if value is not None}


def _cell(value: Any) -> str:
    if isinstance(value, Mapping) and list(value) == ["replace"]:
        return _cell(value["replace"])
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return "; ".join(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _rebuild(rows: ImportLedger, record: RunRecord, request: RunsRequest, around: Surroundings) -> str:
    """Two walks over the rows: the header needs to know all fields that they hold."""
    targets = dict.fromkeys(target for row in _left(rows, record) for target in _values(row.payload))
    path = around.working_folder / request.out / f"{record.run_id}-failures.csv"
    batches = ([_waiting_row(row) for row in left] for left in rows.rows_left_by(record.run_id))
    write_rebuilt(path, list(targets), batches)
    return _shown(path, around)


def _left(rows: ImportLedger, record: RunRecord) -> Iterator[LeftRow]:
    lists: Iterable[list[LeftRow]] = rows.rows_left_by(record.run_id)
    return (row for left in lists for row in left)


def _next_command(run: PastRun, record: RunRecord, request: RunsRequest, failures_csv: str | None, *, is_newest: bool) -> str | None:
    config = quote(str(request.config_path or record.settings.get("config") or "CONFIG"))
    if run.state == UNDER_WAY:
        return None
    was_stopped = run.state == NEVER_ENDED or run.exit_code not in _TO_THE_END
    if run.waiting.get(IN_DOUBT_ROW) or (was_stopped and (is_newest or run.rows_waiting)):
        return f"run the same command again ({run.command} of {config}, options and data as above): what is in doubt is settled first"
    if run.rows_waiting:
        only = f" {run.run_id}" if run.command == "run" else ""
        return f"lightfield-etl retry {config}{only}"
    if run.counts and run.counts.get(Action.REJECTED):
        mended = f"mend a copy of {failures_csv}, then: lightfield-etl run {config} COPY"
        return mended if failures_csv else f"to see the rejected rows again: lightfield-etl check {config} DATA"
    return None
