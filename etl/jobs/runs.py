"""The job ``runs``: the history, or one run of it, from the ledger alone. It asks nobody, changes nothing and makes no results folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from etl.config.reader import read_config
from etl.config.words import nearest_word
from etl.errors import SettingsError
from etl.jobs.past_runs import one_run, past_import
from etl.jobs.request import JobRequest, RunsRequest, Surroundings
from etl.jobs.settings import given_ledger_url, ledger_url
from etl.ledger.imports import ImportLedger
from etl.ledger.runs import RunRecord
from etl.ledger.store import Ledger, open_ledger
from etl.report.folder import LATEST
from etl.report.past import History, OneRun

_NAMED = 5


class _Found(NamedTuple):
    """A run, and the import that it is of."""

    rows: ImportLedger
    record: RunRecord


def look_back(request: RunsRequest, around: Surroundings) -> History | OneRun:
    """The history, or the run that is asked for.

    Raises:
        ConfigError: The config cannot be read.
        SettingsError: No ledger was named, it knows no such run or import, or the file cannot be written.
        LedgerError: The ledger is not there, or cannot be used.
        LocalFailureError: It gave out, or the disk is full.
    """
    url, name = _where(request, around)
    with open_ledger(url, clock=around.clock, create=False, config=request.config_path) as ledger:
        imports = _imports(ledger, name, request)
        return _history(ledger, imports, request.limit) if request.run is None else one_run(*_find(imports, request.run), request, around)


def _where(request: RunsRequest, around: Surroundings) -> tuple[str, str | None]:
    """The ledger's URL, and the import's name where a config tells it."""
    if request.config_path is not None:
        config = read_config(around.working_folder / request.config_path, around.environment)
        asked = JobRequest(command="runs", config_path=request.config_path, ledger=request.ledger)
        return ledger_url(asked, around, config), config.job.name
    return given_ledger_url(request.ledger, around) or str(_only_ledger(around.working_folder)), None


def _only_ledger(folder: Path) -> Path:
    found = sorted(path for path in folder.glob("*.ledger") if path.is_file())
    if len(found) == 1:
        return found[0]
    if not found:
        raise SettingsError(
            f"there is no ledger in {folder}", next_step="name the config (lightfield-etl runs CONFIG), or the ledger with --ledger"
        )
    names = ", ".join(path.name for path in found)
    raise SettingsError(f"there are {len(found)} ledgers here: {names}", next_step=f"name one, such as --ledger {found[0].name}")


def _imports(ledger: Ledger, name: str | None, request: RunsRequest) -> list[ImportLedger]:
    """Those of that name, one a workspace; the one that ran last first."""
    found = ledger.imports(name)
    if name is not None and not found and (known := sorted({each.name for each in ledger.imports()})):
        raise SettingsError(
            f"the ledger {ledger.location} knows no import {name!r}; it knows: {', '.join(known[:_NAMED])}",
            next_step=f"give the ledger of {request.config_path} with --ledger, or see all of this one: "
            f"lightfield-etl runs --ledger {ledger.location}",
        )
    return sorted(found, key=_last_start, reverse=True)


def _last_start(rows: ImportLedger) -> float:
    return max((run.started_at.timestamp() for run in rows.last_runs(1)), default=0.0)


def _history(ledger: Ledger, imports: Sequence[ImportLedger], limit: int) -> History:
    return History(ledger=ledger.location, imports=tuple(past_import(each, limit) for each in imports))


def _find(imports: Sequence[ImportLedger], wanted: str) -> _Found:
    newest = [_Found(rows, record) for rows in imports for record in rows.last_runs(_NAMED)]
    newest.sort(key=lambda found: found.record.started_at, reverse=True)
    if wanted == LATEST and newest:
        return newest[0]
    for rows in imports:
        if (record := rows.find_run(wanted)) is not None:
            return _Found(rows, record)
    raise _unknown(imports, wanted, [found.record.run_id for found in newest[:_NAMED]])


def _unknown(imports: Sequence[ImportLedger], wanted: str, newest: Sequence[str]) -> SettingsError:
    if not newest:
        return SettingsError("the ledger knows no run yet", next_step="import something first: lightfield-etl run CONFIG")
    near = nearest_word(wanted, [run_id for rows in imports for run_id in rows.run_ids()])
    question = f"; did you mean {near}?" if near else ""
    return SettingsError(f"the ledger knows no run {wanted!r}{question}", next_step=f"the newest runs are: {', '.join(newest)}")
