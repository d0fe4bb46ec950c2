"""Which rows vanished from the source, and what becomes of their tasks?"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from etl.errors import GuardError
from etl.frames import KEY_DIGEST, SOURCE_KEY, PreparedBatch
from etl.jobs.identify import Memory
from etl.jobs.passes import Input
from etl.jobs.session import Session
from etl.jobs.syncing import Draft, written_of
from etl.plan.missing import InputView, PresentKeys, too_many, why_not_known
from etl.records import VANISHED_FINGERPRINT, Operation, OperationKind, Outcome
from etl.report.wording import CHECK, rows_text
from etl.transform.hashes import key_hash

if TYPE_CHECKING:
    from etl.ledger.history import WrittenRow
    from etl.ledger.runs import RunRecord

COMPLETE = "complete"
"""In a run's settings: its input was known to be the whole source."""

_RUNS_LOOKED_AT = 100
_DIGESTS_AT_ONCE = 500
_MAKES_LIVE = {OperationKind.CREATE, OperationKind.RESTORE}
_DONE_TO = {"cancel": "cancelled", "complete": "completed", "trash": "moved to the trash"}


@dataclass(slots=True)
class Vanishing:
    """Finds the rows that are no longer there. One for a run.

    Attributes:
        session, memory: The run's.
        present: The input's keys.
        digests: The rows that vanished, once ``hold`` has looked.
        complete: The input is the whole source.
    """

    session: Session
    memory: Memory
    present: PresentKeys = field(default_factory=PresentKeys)
    digests: list[bytes] = field(default_factory=list)
    complete: bool = False
    _known: int = 0

    def see(self, prepared: PreparedBatch) -> None:
        """Take in a batch of the look ahead."""
        self.present.add(prepared)

    async def hold(self, given: Input) -> None:
        """Find what vanished, say so, and stop where it is too much.

        Raises:
            GuardError: More rows vanished than ``sync.max_missing`` allows.
        """
        self.present.close()
        why_not = await self._why_not_known(given)
        self.complete = why_not is None
        if why_not is not None:
            self.session.around.voice.say("warning", "vanished_unknown", f"rows that vanished from the source are left alone: {why_not}")
            return
        self._known = await self.memory.thread.call(self._look)
        sync = self.session.config.job.sync
        sentence = too_many(len(self.digests), self._known, sync)
        if sentence:
            raise GuardError(
                sentence, next_step=f"look at the input; if it is meant to be so, raise sync.max_missing in {self.session.config.path}"
            )
        if self.digests:
            becomes = "would be" if self.session.request.command == CHECK else "are"
            gone = f"{rows_text(len(self.digests))} vanished from the source: their tasks {becomes} {_DONE_TO[sync.on_missing]}"
            self.session.around.voice.say("info", "vanished", gone, rows=len(self.digests))

    def add_settled(self, settled: Collection[Outcome]) -> None:
        """Take in writes of earlier runs whose end only this run has learned: their rows may have vanished too.

        Where that would be more than ``sync.max_missing`` allows, they are left to the next run, whose guard counts them.
        """
        begun = [each.operation for each in settled if each.operation.kind in _MAKES_LIVE]
        begun = [each for each in begun if each.fingerprint != VANISHED_FINGERPRINT]
        if not self.complete or not begun:
            return
        hashes = pl.DataFrame({SOURCE_KEY: [each.source_key for each in begun]}).select(key_hash(pl.col(SOURCE_KEY))).to_series()
        lacking = [each.key_digest for each, lacks in zip(begun, self.present.lacks(hashes), strict=True) if lacks]
        gone = sorted(set(lacking) - set(self.digests))
        if not too_many(len(self.digests) + len(gone), self._known + len(begun), self.session.config.job.sync):
            self.digests += gone

    async def drafts(self) -> AsyncIterator[Draft]:
        """The changes of the rows that vanished; those that are in doubt are left to the next run."""
        for start in range(0, len(self.digests), _DIGESTS_AT_ONCE):
            digests = self.digests[start : start + _DIGESTS_AT_ONCE]
            entries = await self.memory.thread.call(self.memory.rows.entries, pl.Series(digests, dtype=pl.Binary))
            doubtful = set(entries.filter(pl.col("has_intent"))["key_digest"].to_list())
            known = await self.memory.thread.call(self.memory.rows.newest_writes, digests)
            for digest in digests:
                if digest in known and digest not in doubtful:
                    yield _draft(known[digest])

    def _look(self) -> int:
        """Finds the digests; returns how many rows are known to have a task that did not vanish before."""
        known = 0
        for frame in self.memory.rows.live_rows():
            known += frame.height
            hashes = frame.select(key_hash(pl.col(SOURCE_KEY))).to_series()
            self.digests += frame.filter(self.present.lacks(hashes))[KEY_DIGEST].to_list()
        return known

    async def _why_not_known(self, given: Input) -> str | None:
        request = self.session.request
        runs = await self.memory.thread.call(self.memory.rows.last_runs, _RUNS_LOOKED_AT)
        return why_not_known(
            InputView(
                given_by_hand=bool(request.data) and not request.complete,
                limited=given.limit is not None,
                failures_file=any(file.is_failures_file for file in self.session.files),
                files=len(self.session.files),
                files_before=None if request.complete else _files_before(runs),
                unreadable=self.present.unreadable,
            )
        )


def vanishing_of(session: Session, memory: Memory) -> Vanishing | None:
    """None where nothing is to happen to the tasks of rows that vanished."""
    if not session.syncs or session.config.job.sync.on_missing == "ignore":
        return None
    if session.request.stream:
        session.around.voice.say(
            "warning", "vanished_unknown", "rows that vanished from the source are left alone: --stream does not look ahead"
        )
        return None
    return Vanishing(session, memory)


def _files_before(runs: list[RunRecord]) -> int | None:
    """Files of the newest run whose input was the whole source; of the newest run at all where none says so."""
    counts = [(bool(run.settings.get(COMPLETE)), len(run.settings.get("data") or ())) for run in runs if run.command == "run"]
    return next(_complete_ones(counts), counts[0][1] if counts else None)


def _complete_ones(counts: list[tuple[bool, int]]) -> Iterator[int]:
    return (files for complete, files in counts if complete)


def _draft(row: WrittenRow) -> Draft:
    operation = Operation(
        kind=OperationKind.UPDATE,
        source_key=row.source_key,
        key_digest=row.key_digest,
        fingerprint=row.fingerprint or b"",
        payload={},
        idempotency_key="",
        generation=row.entry_generation,
        revision=row.entry_revision,
        task_id=row.task_id,
    )
    return Draft(operation, written_of(row), gone=True)
