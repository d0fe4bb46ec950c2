"""Which rows did earlier runs leave behind, and can they be sent from the ledger alone?"""

from __future__ import annotations

from dataclasses import replace

from etl.errors import SettingsError
from etl.jobs.identify import Memory
from etl.jobs.session import Session
from etl.ledger.imports import ImportLedger
from etl.ledger.runs import RunRecord
from etl.records import Action, Operation
from etl.report.wording import rows_text

_TO_THE_END = {0, 1}
_LISTED_RUNS = 5


async def tell_waiting(session: Session, memory: Memory, *, besides: str) -> None:
    """Say how many rows wait that are not of the run ``besides``; nothing where there are none."""
    counts = await memory.thread.call(memory.rows.waiting, besides=besides)
    waiting = {state: rows for state, rows in counts.items() if rows}
    if waiting:
        told = ", ".join(f"{rows:,} {state.replace('_', ' ')}" for state, rows in waiting.items())
        total = sum(waiting.values())
        sentence = f"{rows_text(total)} of earlier runs still wait{'s' if total == 1 else ''} ({told}): {retry_command(session)}"
        session.around.voice.say("info", "waiting", sentence, **waiting)


def retry_command(session: Session) -> str:
    """The command that sends them."""
    return f"lightfield-etl retry {session.request.config_path}"


def run_to_retry(rows: ImportLedger, run_id: str | None) -> RunRecord | None:
    """The run that was named, or the newest one that read an input; None where none did.

    Raises:
        SettingsError: There is no such run, it is not one that read rows, or it left rows unread that no ledger can know.
    """
    record = rows.newest_run("run") if run_id is None else rows.find_run(run_id)
    if record is None and run_id is not None:
        raise SettingsError(f"the ledger knows no run {run_id!r} of {rows.name!r}", next_step=_known_runs(rows))
    if record is not None:
        _refuse_without_rows(record)
        _refuse_unread(record)
    return record


def left_by(rows: ImportLedger, run_id: str | None) -> list[Operation]:
    """What failed, or is uncertain, as it is to be sent again; of one run, or of all.

    What failed was not executed, so its time begins anew; what is uncertain keeps its first sending, and with it the doubt.
    """
    failed = [replace(intent.operation, first_sent_at=None) for intent in rows.failed_intents() if run_id in {None, intent.run_id}]
    return failed + [intent.operation for intent in rows.open_intents() if run_id in {None, intent.run_id}]


def _known_runs(rows: ImportLedger) -> str:
    runs = [record.run_id for record in rows.last_runs() if record.command == "run"][:_LISTED_RUNS]
    return f"its newest runs are: {', '.join(runs)}" if runs else "it has no run yet: import something first, with lightfield-etl run"


def _refuse_without_rows(record: RunRecord) -> None:
    if record.command != "run":
        raise SettingsError(
            f"{record.run_id} was a {record.command}: rows that it left belong to the run that read them",
            next_step="name that run, or none, which takes the rows of all",
        )


def _refuse_unread(record: RunRecord) -> None:
    """Rows that were never read are in no ledger; a retry that passed over them would look like the end of the import."""
    unread = _unread(record)
    if record.exit_code not in _TO_THE_END and unread is not None:
        stopped = "was stopped" if record.finished_at else "never ended: its process died"
        raise SettingsError(f"the run {record.run_id} {stopped}; {unread} never read", next_step="run the same command again")


def _unread(record: RunRecord) -> str | None:
    total = record.settings.get("rows")
    if total is None:
        return "nobody knows how many of its rows were"
    if not record.finished_at:
        return f"some of its {total:,} rows were"
    unread = total - sum(rows for action, rows in record.counts.items() if action != Action.NOT_SENT)
    return f"{rows_text(unread)} {'was' if unread == 1 else 'were'}" if unread > 0 else None
