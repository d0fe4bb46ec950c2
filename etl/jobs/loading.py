"""The second pass: every row is sent, or passes by to the report."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar

import polars as pl

from etl.errors import NothingWrittenError, StoppedError
from etl.extract.scan import ROWS_PER_BATCH
from etl.frames import KEY_DIGEST, ROW, PreparedBatch
from etl.jobs.connect import Connection
from etl.jobs.identify import Memory
from etl.jobs.journal import LedgerJournal
from etl.jobs.kept import KeptPass
from etl.jobs.keys import key_of_create
from etl.jobs.lookahead import decided
from etl.jobs.passes import Input
from etl.jobs.rowlog import RowLog
from etl.jobs.session import Session
from etl.jobs.syncing import AheadInOrder, Draft, Syncing, needs_no_look
from etl.jobs.threads import in_thread
from etl.lightfield.answer import Category
from etl.load.breaker import Breaker
from etl.load.send import Means
from etl.load.stats import LoadStats
from etl.load.workers import send_all
from etl.plan.choose import Choice, needed_operations
from etl.plan.duplicates import Marker
from etl.records import NEEDS_A_PERSON, Action, Operation, Outcome
from etl.report.progress import Progress, Standing
from etl.report.results import RowReport
from etl.report.summary import LoadSummary

_SHORTEST_TOLD_SECONDS = 20.0
"""In a shorter load the full bucket that leaves at once says too much; the demo's ten seconds stay below it on slow machines too."""

_SETTLED = frozenset({Action.CREATED, Action.ADOPTED, Action.UPDATED, Action.UNCERTAIN})
_NEEDS_NO_WRITE = (Action.UNCHANGED.value, Action.EXCLUDED.value)
_REPLACED = (Action.UNCHANGED.value, Action.UNCERTAIN.value)


Item = TypeVar("Item")
Decided = Operation | Outcome


class Note(Protocol):
    """Hears of one outcome after it is durable."""

    def __call__(self, outcome: Outcome) -> None:
        """Take it in."""
        ...


@dataclass(slots=True)
class Load:
    """One run's load: what it sends with, and what it has come to.

    Attributes:
        settled: Outcomes of intents that earlier runs left, by key digest.
        log: Hears of single rows.
        began_seconds, ended_seconds: Of the clock that never jumps: the first operation's begin, the newest outcome.
        done: Operations that came to something; what was not reached is none of them.
        count_problems: The look ahead did not count the rows and their problems.
    """

    session: Session
    connection: Connection
    memory: Memory
    report: RowReport
    means: Means
    log: RowLog
    count_problems: bool
    settled: dict[bytes, Outcome] = field(default_factory=dict)
    began_seconds: float | None = None
    ended_seconds: float = 0.0
    done: int = 0
    needs_a_person: int = 0

    async def ask_again(self, operations: Sequence[Operation]) -> None:
        """Intents of earlier runs that their keys still protect: the same request with the same key (rule 4)."""
        await self._send_all(iter(operations), self.note_settled, total=len(operations))

    def note_settled(self, outcome: Outcome) -> None:
        """An intent of an earlier run has come to this; its row gets this line."""
        if outcome.action in _SETTLED:
            self.settled[outcome.operation.key_digest] = outcome

    async def send(  # noqa: PLR0913  what is sent, and what is known of it
        self,
        given: Input,
        marker: Marker,
        *,
        total: int | None,
        kept: KeptPass | None = None,
        syncing: Syncing | None = None,
        gone: AsyncIterator[Draft] | None = None,
    ) -> None:
        """Every row of the input, once.

        Args:
            given: The input.
            marker: Knows the duplicates.
            total: How many writes are expected; None where nobody knows.
            kept: What the look ahead found out about the rows.
            syncing: Looks at the tasks of rows that changed or come back; None where nobody looks.
            gone: Rows that vanished from the source; they come last.
        """
        operations = self._operations(given, marker, kept)
        if syncing is not None:
            operations = self._writes_of(AheadInOrder(syncing.decide, ready=needs_no_look).over(syncing.drafts(operations, gone)))
        await self._send_all(operations, self._note, total=total)

    async def send_looked_at(
        self, items: AsyncIterator[Item], decide: Callable[[Item], Coroutine[Any, Any, Decided]], *, total: int
    ) -> None:
        """What follows for each item once its task was looked at: a write that is sent, or an outcome without one."""
        await self._send_all(self._writes_of(AheadInOrder(decide).over(items)), self._note, total=total)

    async def send_again(self, operations: Sequence[Operation]) -> None:
        """Operations of earlier runs, whose rows are not in hand."""
        if operations:
            self._begin()
        await self._send_all(iter(operations), self._note, total=len(operations))

    def leave(self, outcomes: Sequence[Outcome]) -> None:
        """Operations of earlier runs that are to stay as they are."""
        for outcome in outcomes:
            self._note(outcome)

    def summary(self) -> LoadSummary:
        """How it went, for ``summary.json``."""
        stats, limit = self.means.stats, self.connection.throttles[Category.WRITE].limit_per_second
        seconds = 0.0 if self.began_seconds is None else self.ended_seconds - self.began_seconds
        rate = self.done / seconds if seconds > 0 else None
        latency = stats.median_latency_seconds
        return LoadSummary(
            requests=stats.sent,
            retries=stats.retries,
            throttled_429=stats.throttled,
            rows_per_second=None if rate is None else round(rate, 2),
            limit_per_second=limit,
            share_of_limit=_share_of_limit(self.done, seconds, limit),
            latency_p50_ms=None if latency is None else round(latency * 1000, 1),
            in_doubt_settled=len(self.settled),
        )

    async def _send_all(self, operations: AsyncIterator[Operation] | Iterator[Operation], note: Note, *, total: int | None) -> None:
        clock, job = self.session.around.clock, self.session.config.job
        concurrency = self.session.request.concurrency or job.limits.concurrency
        done_before = self.done
        with Progress(self.session.around.voice, total=total, elapsed_seconds=clock.elapsed_seconds) as progress:

            def hear(outcomes: Sequence[Outcome]) -> None:
                for outcome in outcomes:
                    note(outcome)
                self._count(outcomes)
                stats = self.means.stats
                progress.show(
                    Standing(done=self.done - done_before, retries=stats.retries, failures=self.needs_a_person, in_flight=stats.in_flight)
                )

            await send_all(operations, self.means, hear, concurrency=concurrency)

    def _count(self, outcomes: Sequence[Outcome]) -> None:
        self.ended_seconds = self.session.around.clock.elapsed_seconds()
        self.done += sum(outcome.action is not Action.NOT_SENT for outcome in outcomes)
        self.needs_a_person += sum(outcome.action in NEEDS_A_PERSON for outcome in outcomes)

    async def _operations(self, given: Input, marker: Marker, kept: KeptPass | None) -> AsyncIterator[Operation]:
        """Batches are prepared and held against the ledger in a thread; the report hears of each before its operations leave."""
        async for choice in in_thread(self._choices(given, marker, kept)):
            known, early = self._with_settled(choice)
            self.log.rejected(known)
            self.report.add(known.prepared, known.frame, known.frame["action"].null_count())
            for outcome in early:
                self.report.finish(outcome)
            early_rows = {outcome.operation.row for outcome in early}
            for operation in needed_operations(known, key_of_create(self.session.config.job.name)):
                if operation.row not in early_rows:
                    self._begin()
                    yield operation

    async def _writes_of(self, decided: AsyncIterator[Decided]) -> AsyncIterator[Operation]:
        """What has to be sent; what needs no call has its outcome at once."""
        async for each in decided:
            if isinstance(each, Outcome):
                self.needs_a_person += each.action in NEEDS_A_PERSON
                self._note(each)
            else:
                self._begin()
                yield each

    def _choices(self, given: Input, marker: Marker, kept: KeptPass | None) -> Iterator[Choice]:
        failed = pl.Series(self.memory.thread.wait_for(self.memory.rows.failed_digests), dtype=pl.Binary)
        for choice in self._decided(given, marker, kept):
            self.session.tally.add_problems(choice.own_problems(), file=choice.prepared.raw.file.path)
            if self.count_problems:
                self.session.count_batch(choice.prepared)
            self.memory.thread.wait_for(self.memory.rows.reject, self.session.run_id, choice.identified_rejects())
            if not failed.is_empty():
                self._let_go_of_failed(choice, failed)
            yield choice.with_rejects_known()

    def _let_go_of_failed(self, choice: Choice, failed: pl.Series) -> None:
        """A write that failed is not to be sent by ``retry`` once its row needs none."""
        rows = choice.prepared.frame.select(KEY_DIGEST).with_columns(choice.frame["action"])
        stale = rows.filter(pl.col("action").is_in(_NEEDS_NO_WRITE) & pl.col(KEY_DIGEST).is_in(failed.implode()))
        if not stale.is_empty():
            self.memory.thread.wait_for(self.memory.rows.drop_failed, self.session.run_id, stale[KEY_DIGEST].to_list())

    def _decided(self, given: Input, marker: Marker, kept: KeptPass | None) -> Iterator[Choice]:
        if kept is not None and kept.holds(given.limit):
            return kept.choices(given.source, self._known, marker, sync=self.session.syncs, all_cells=bool(self.settled))
        batches: Iterator[PreparedBatch] = given.prepared(rows_per_batch=ROWS_PER_BATCH, whole_rows=True)
        return (decided(prepared, self._known, marker, sync=self.session.syncs) for prepared in batches)

    def _known(self, digests: pl.Series) -> pl.DataFrame:
        return self.memory.thread.wait_for(self.memory.rows.entries, digests)

    def _with_settled(self, choice: Choice) -> tuple[Choice, list[Outcome]]:
        """Rows that this run settled get their outcome's line instead of ``unchanged``."""
        if not self.settled:
            return choice, []
        keys = choice.prepared.frame.select(ROW, KEY_DIGEST).with_columns(choice.frame["action"])
        mine = keys.filter(
            pl.col(KEY_DIGEST).is_in(pl.Series(list(self.settled), dtype=pl.Binary).implode()) & pl.col("action").is_in(_REPLACED)
        )
        rows = mine[ROW].implode()
        frame = choice.frame.with_columns(pl.when(~pl.col(ROW).is_in(rows)).then("action").alias("action"))
        file = choice.prepared.raw.file.index
        early = [_at(self.settled[digest], file, row) for row, digest in mine.select(ROW, KEY_DIGEST).iter_rows()]
        return replace(choice, frame=frame), early

    def _begin(self) -> None:
        if self.began_seconds is None:
            self.began_seconds = self.session.around.clock.elapsed_seconds()

    def _note(self, outcome: Outcome) -> None:
        file = outcome.operation.file
        self.session.tally.add_outcome(outcome, file=None if file is None else self.session.files[file].path)
        self.report.finish(outcome)
        self.log.outcome(outcome)


def _share_of_limit(rows: int, seconds: float, limit: float) -> float | None:
    """Of what the bucket would have let through in that time, which begins with a full one; None where a few seconds say little."""
    return round(rows / (limit * (seconds + 1.0)), 4) if seconds >= _SHORTEST_TOLD_SECONDS else None


def _part_way(error: NothingWrittenError) -> StoppedError:
    """The same, of a run that has begun to send."""
    again = "run the same command again"
    step = error.next_step or again
    stopped = StoppedError(error.message, next_step=step if again in step else f"{step}; then {again}")
    stopped.reason = error.reason
    return stopped


def _at(outcome: Outcome, file: int, row: int) -> Outcome:
    return replace(outcome, operation=replace(outcome.operation, file=file, row=row))


@contextlib.asynccontextmanager
async def loading(session: Session, connection: Connection, memory: Memory, *, count_problems: bool) -> AsyncIterator[Load]:
    """A load with its lease's heartbeat; its report is closed and its figures are in the summary, however it ends."""
    request, around, job = session.request, session.around, session.config.job
    journal = LedgerJournal(memory.thread, memory.rows, session.run_id, connection.server_clock)
    breaker = Breaker(
        connection.stop,
        around.clock,
        max_failures=request.max_failures or job.limits.max_failures,
        max_duration_seconds=session.seconds_left(),
    )
    log = RowLog(around.voice, session.files)
    means = Means(
        client=connection.client,
        throttles=connection.throttles,
        journal=journal,
        breaker=breaker,
        stop=connection.stop,
        clock=around.clock,
        server_clock=connection.server_clock,
        random=around.random,
        stats=LoadStats(around.clock),
        reader=connection.reader,
        attempts=job.limits.attempts,
        heard=log.attempt_failed,
    )
    report = RowReport(session.folder, files=session.files, scratch=session.scratch)
    load = Load(session, connection, memory, report, means, log, count_problems=count_problems)
    try:
        yield load
    except NothingWrittenError as error:
        # Such an error as is met before anything is written; by now, something may have been.
        raise (error if load.began_seconds is None else _part_way(error)) from None
    finally:
        session.load, session.course = load.summary(), means.stats.course()
        try:
            report.close(around.clock.now())
        finally:
            session.counts, session.attention = dict(report.counts), report.attention
