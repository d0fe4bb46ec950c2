"""What does the ledger know of one import, and how does it learn more?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

import polars as pl
from sqlalchemy import select

from etl.ledger import entries, history, intents, left, outcomes, retention, runs
from etl.ledger.database import Database
from etl.ledger.history import WrittenRow
from etl.ledger.intents import OpenIntent
from etl.ledger.keyspec import KeySpec, key_spec_of_json, refuse_change
from etl.ledger.left import LeftRow
from etl.ledger.lock import Lease
from etl.ledger.runs import RunRecord
from etl.ledger.schema import IMPORT
from etl.ledger.state import FAILED, OPEN
from etl.ledger.work import Work
from etl.ledger.workspaces import Workspace
from etl.records import Operation, Outcome


class ImportLedger:
    """The rows of one import in one workspace. Not for two threads at a time.

    Everything that changes rows needs the lease and checks it in its own transaction (``LockLostError``); the disk or another process
    in the way is a ``LocalFailureError``, and then nothing of the call was recorded.

    Attributes:
        workspace: Where its tasks are.
        name: The import's.
        lease: To be acquired before the first change.
    """

    def __init__(self, database: Database, import_id: int, workspace: Workspace, name: str, lease: Lease) -> None:
        self.workspace = workspace
        self.name = name
        self.lease = lease
        self._database = database
        self._id = import_id
        self._run_numbers: dict[str, int] = {}

    @property
    def location(self) -> str:
        """Where its ledger is, for messages; passwords masked."""
        return self._database.location

    @property
    def key_spec(self) -> KeySpec | None:
        """By what the rows are identified; None before the first ``set_key_spec``."""
        with self._reading() as work:
            return self._key_spec(work)

    def check_key_spec(self, spec: KeySpec) -> None:
        """What ``set_key_spec`` would say, without recording anything: for a look ahead.

        Raises:
            LedgerError: It differs while rows are known; names what changed.
        """
        with self._reading() as work:
            self._refuse_other_key(work, spec)

    def set_key_spec(self, spec: KeySpec) -> None:
        """Records by what the rows are identified, before the first write.

        Raises:
            LedgerError: It differs while rows have a task, or may have one; names what changed.
        """
        with self._changing() as work:
            self._refuse_other_key(work, spec)
            known = self._key_spec(work)
            if known is None or not spec.continues(known):
                work.connection.execute(IMPORT.update().where(IMPORT.c.id == self._id).values(key_spec=spec.to_json()))

    def known_rows(self) -> int:
        """Rows with a task, one in the trash included."""
        with self._reading() as work:
            return entries.count_with_task(work)

    def has_written(self) -> bool:
        """Whether this import ever wrote to this workspace, or may have."""
        with self._reading() as work:
            return entries.has_written(work)

    def knows_any(self) -> bool:
        """Whether ``entries`` can have an answer for any row at all."""
        with self._reading() as work:
            return entries.knows_any(work)

    def entries(self, digests: pl.Series) -> pl.DataFrame:
        """What the ledger knows of these rows.

        Args:
            digests: Binary; nulls and repetitions are fine.

        Returns:
            A frame with the columns and types of ``entry_frame.ENTRY_FRAME``, one line for each row that is known, in no order.
        """
        with self._reading() as work:
            return entries.look_up(work, digests)

    def knows_keys(self, digests: pl.Series) -> pl.Series:
        """Boolean, one a digest (Binary) in the order given: the ledger has heard of the row, whatever became of it. Null is False."""
        with self._reading() as work:
            return entries.knows_keys(work, digests)

    def newest_writes(self, digests: Sequence[bytes]) -> Mapping[bytes, WrittenRow]:
        """What was last written of these rows, by key digest; those that were never written are left out."""
        with self._reading() as work:
            return history.newest_writes(work, digests)

    def write_at(self, seq: int) -> WrittenRow | None:
        """One write by its place in the order; None where there is none."""
        with self._reading() as work:
            return history.write_at(work, seq)

    def rows_with_task(self) -> Iterator[list[WrittenRow]]:
        """The newest write of every row that has a live task, in lists of bounded size, in the order of writing."""
        return history.rows_with_task(self._database, self._id)

    def live_rows(self) -> Iterator[pl.DataFrame]:
        """KEY_DIGEST and SOURCE_KEY of the rows that have a live task and did not vanish from the source before, in bounded frames."""
        return entries.live_rows(self._database, self._id)

    def writes_of_run(self, run_id: str) -> Iterator[list[WrittenRow]]:
        """Every write of a run, in lists of bounded size, the newest first."""
        return history.writes_of_run(self._database, self._id, run_id)

    def begin(self, run_id: str, operations: Sequence[Operation], now: datetime) -> list[Operation]:
        """Makes intents durable, all in one commit, before their first byte is sent.

        Args:
            run_id: Of a run that was started.
            operations: At most one a row.
            now: The server's time, UTC.

        Returns:
            The operations in the same order, ``first_sent_at`` set: ``now``, or that of an open intent with the same idempotency key,
            and then ``seen_before`` is True.

        Raises:
            UnsettledIntentError: A row has an open intent with another key; it must be settled first.
            LocalFailureError: The ledger's file is no longer in its place.
        """
        if not operations:
            return []
        self._database.ensure_in_place()
        with self._changing() as work:
            return intents.begin(work, self._run_number(work, run_id), operations, now)

    def finish(self, run_id: str, results: Sequence[Outcome]) -> None:
        """Makes outcomes durable, all in one commit.

        A row that was written becomes ``done`` (or ``trashed``), what was written is kept, and its intent goes. FAILED closes the
        intent and keeps it for ``retry``; UNCERTAIN leaves it open with the problem; both leave the entry of a row that has a task as it
        is. NOT_SENT and CONFLICT withdraw the intent; one that was open before it was begun stays open. An outcome without ``begin``
        before it (adopted by reconcile) is recorded alike.

        Args:
            run_id: Of a run that was started.
            results: At most one a row.
        """
        if not results:
            return
        with self._changing() as work:
            outcomes.finish(work, self._run_number(work, run_id), results)

    def let_go(self, before: datetime) -> None:
        """Lets go of what rows held before, of writes made before that moment (UTC); their identities stay."""
        more = True
        while more:
            with self._changing() as work:
                more = retention.let_go(work, before)

    def settle_absent(self, operations: Sequence[Operation]) -> None:
        """Removes open intents of which a complete search has shown that they were not executed: their next ``begin`` is a first one.

        Their rows are no longer uncertain. Of changes that are to be planned anew, the keys are not used again.
        """
        with self._changing() as work:
            intents.settle_absent(work, operations)
            entries.clear_uncertain(work, [operation.key_digest for operation in operations])

    def mark_uncertain(self, run_id: str, rows: pl.DataFrame) -> None:
        """Notes rows that may be in Lightfield although no intent says so (a lost ledger): no run sends them.

        Args:
            run_id: Of a run that was started.
            rows: Columns KEY_DIGEST, SOURCE_KEY of ``records``; a row that has a task stays as it is.
        """
        with self._changing() as work:
            self._run_number(work, run_id)
            entries.record_uncertain(work, rows)

    def mark_absent(self, run_id: str, digests: Sequence[bytes]) -> None:
        """Takes back ``mark_uncertain`` of rows that were found not to be in Lightfield; open intents stay open.

        Args:
            run_id: Of a run that was started.
            digests: Of the rows; those that are not uncertain stay as they are.
        """
        with self._changing() as work:
            self._run_number(work, run_id)
            entries.clear_uncertain(work, digests)

    def reject(self, run_id: str, rows: pl.DataFrame) -> None:
        """Notes rows that were refused before sending, so that their keys are known; never changes one that has or may have a task.

        Args:
            run_id: Of a run that was started.
            rows: Columns KEY_DIGEST, SOURCE_KEY of ``records``; lines with a null are left out.
        """
        if rows.is_empty():
            return
        with self._changing() as work:
            self._run_number(work, run_id)
            entries.record_rejected(work, rows)

    def open_intents(self) -> list[OpenIntent]:
        """What may have been executed and has no outcome, or an uncertain one; the first sent first."""
        with self._reading() as work:
            return intents.read_intents(work, OPEN)

    def failed_intents(self) -> list[OpenIntent]:
        """What failed and was not written since, for ``retry``."""
        with self._reading() as work:
            return intents.read_intents(work, FAILED)

    def failed_digests(self) -> list[bytes]:
        """The rows of ``failed_intents``."""
        with self._reading() as work:
            return intents.failed_digests(work)

    def drop_failed(self, run_id: str, digests: Sequence[bytes]) -> None:
        """Lets go of what failed of these rows: the source says by now what Lightfield has, or nothing at all.

        Args:
            run_id: Of a run that was started.
            digests: Of the rows; what is not failed stays.
        """
        with self._changing() as work:
            self._run_number(work, run_id)
            intents.drop_failed(work, digests)

    def drop_failed_of_others(self, run_id: str) -> None:
        """Lets go of all that failed in other runs: this one has taken back what they were about."""
        with self._changing() as work:
            intents.drop_failed_of_others(work, self._run_number(work, run_id))

    def waiting(self, *, besides: str | None = None) -> dict[str, int]:
        """Rows that runs left: ``failed``, ``uncertain``, and ``in_doubt`` (the run crashed before it knew).

        Args:
            besides: A run whose rows do not count.
        """
        with self._reading() as work:
            return intents.count_waiting(work, besides)

    def count_beyond_retry(self) -> int:
        """Rows that ``mark_uncertain`` left: nothing is known that could be sent again."""
        with self._reading() as work:
            return entries.count_beyond_retry(work)

    def count_runs(self) -> int:
        """How many runs the history holds."""
        with self._reading() as work:
            return runs.count(work)

    def run_ids(self) -> list[str]:
        """Of all runs, newest first."""
        with self._reading() as work:
            return runs.names(work)

    def left_by_runs(self) -> dict[str, dict[str, int]]:
        """Run id -> ``failed``, ``uncertain`` or ``in_doubt`` -> rows that still wait; runs of which none does are not there."""
        with self._reading() as work:
            return left.count_left(work)

    def rows_left_by(self, run_id: str, limit: int | None = None) -> Iterator[list[LeftRow]]:
        """The rows of a run that still wait, the first sent first, in lists of bounded size."""
        return left.left_by_run(self._database, self._id, run_id, limit)

    def writes_counted(self, run_id: str) -> dict[str, int]:
        """Action -> writes that a run has recorded until now: all that is known of one that never ended."""
        with self._reading() as work:
            return runs.count_writes(work, run_id)

    def owned_task_ids(self) -> Iterator[list[str]]:
        """The tasks that rows of this workspace own, of all its imports and generations, in lists; an id may come twice."""
        return entries.owned_task_ids(self._database, self.workspace.id)

    def start_run(self, record: RunRecord) -> None:
        """Notes a run that begins; before its first ``begin``."""
        with self._writing() as work:
            runs.start(work, record)

    def finish_run(self, run_id: str, status: str, exit_code: int, counts: Mapping[str, int], finished_at: datetime) -> None:
        """Notes how a run ended; needs no lease, so that a run that lost it can say so.

        Args:
            run_id: Of a run that was started.
            status: As in ``summary.json``.
            exit_code: The process's.
            counts: Rows by action.
            finished_at: UTC.
        """
        with self._writing() as work:
            runs.end(work, run_id, runs.Ending(status, exit_code, counts, finished_at))

    def find_run(self, run_id: str) -> RunRecord | None:
        """The run of that name; None where there is none."""
        with self._reading() as work:
            return runs.find(work, run_id)

    def newest_run(self, command: str) -> RunRecord | None:
        """The newest run of that command; None where there is none."""
        with self._reading() as work:
            return runs.newest(work, command)

    def last_runs(self, limit: int = 20) -> list[RunRecord]:
        """The history, newest first."""
        with self._reading() as work:
            return runs.last(work, limit)

    @contextmanager
    def _reading(self) -> Iterator[Work]:
        with self._database.reading() as connection:
            yield Work(self._database, connection, self._id)

    @contextmanager
    def _writing(self) -> Iterator[Work]:
        with self._database.writing() as connection:
            yield Work(self._database, connection, self._id)

    @contextmanager
    def _changing(self) -> Iterator[Work]:
        with self._writing() as work:
            self.lease.check(work.connection)
            yield work

    def _run_number(self, work: Work, run_id: str) -> int:
        if run_id not in self._run_numbers:
            self._run_numbers[run_id] = runs.number_of(work, run_id)
        return self._run_numbers[run_id]

    def _key_spec(self, work: Work) -> KeySpec | None:
        text = work.connection.scalar(select(IMPORT.c.key_spec).where(IMPORT.c.id == self._id))
        return None if text is None else key_spec_of_json(text)

    def _refuse_other_key(self, work: Work, spec: KeySpec) -> None:
        known = self._key_spec(work)
        if known is not None and known != spec and entries.has_rows_at_stake(work):
            refuse_change(self.name, known, spec)
