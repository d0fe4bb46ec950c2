"""The job ``reconcile``: what Lightfield holds is written back into the ledger; nothing is written to Lightfield."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

import polars as pl

from etl.content import stamp_prefix
from etl.extract.scan import ROWS_PER_BATCH
from etl.frames import KEY_DIGEST, ROW, SOURCE_KEY
from etl.jobs.connect import Connection
from etl.jobs.identify import Memory, note_run, open_memory, take_lock
from etl.jobs.keys import key_of_create
from etl.jobs.lookahead import decided, first_pass, prepared_for
from etl.jobs.lost_ledger import command_alike
from etl.jobs.names import resolve_input
from etl.jobs.passes import Input, drained, key_spec, open_and_connect
from etl.jobs.request import JobRequest, Surroundings
from etl.jobs.session import Session, give_up_if_asked
from etl.jobs.settle import answered_with_older, keys_known_since, open_doubts, settle_by
from etl.jobs.tasks import Survey, owned_ids, survey_tasks
from etl.jobs.work import carry_out
from etl.lightfield.models import TaskView
from etl.load.stop import StopSwitch
from etl.plan.choose import STILL_UNCERTAIN, Choice, needed_operations
from etl.plan.duplicates import Census, DuplicateMarker
from etl.plan.lost_ledger import resemblance
from etl.plan.match import Doubt, Seen, uncertain_message
from etl.plan.rebuild import Fate, KnownTask, Rebuilding, Verdict
from etl.records import OTHER_FINGERPRINT, Action, EntryState, Operation, Outcome
from etl.report.results import RowReport
from etl.report.summary import Summary
from etl.report.wording import rows_text

_TASKS_AT_ONCE = 1_000
_MISSING = "not in Lightfield: run creates it"
_LINE = {
    ROW: pl.UInt32,
    "new_action": pl.String,
    "new_task_id": pl.String,
    "new_url": pl.String,
    "new_code": pl.String,
    "new_message": pl.String,
}


async def reconcile(request: JobRequest, around: Surroundings, stop: StopSwitch) -> Summary:
    """Rebuild the ledger from what Lightfield holds; every way it can end is a Summary. Raises as ``carry_out`` does."""
    return await carry_out(_reconcile, request, around, stop)


async def _reconcile(session: Session, stop: StopSwitch) -> None:
    source, connection = await open_and_connect(session, stop, writes=False)
    memory = await open_memory(session, connection, create=True)
    await take_lock(session, connection, memory, stop)
    spec = key_spec(session.config.job, source.files)
    await memory.thread.call(memory.rows.check_key_spec, spec)
    given = await resolve_input(session, connection, source, stop)
    known = partial(_known, memory)
    census = await drained(first_pass(session, prepared_for(known, given), known, lambda _: None), stop)
    give_up_if_asked(stop)
    await memory.thread.call(memory.rows.set_key_spec, spec)
    await note_run(session, memory, rows=sum(census.counts.values()))
    await _rebuild(session, connection, memory, given, census)
    give_up_if_asked(stop)


def _known(memory: Memory, digests: pl.Series) -> pl.DataFrame:
    """What the ledger knows; rows that an earlier reconcile left uncertain, without an intent, are asked about again."""
    uncertain = (pl.col("state") == EntryState.UNCERTAIN.value) & ~pl.col("has_intent")
    entries = memory.thread.wait_for(memory.rows.entries, digests)
    return entries.with_columns(pl.when(uncertain).then(pl.lit(EntryState.FAILED.value)).otherwise("state").alias("state"))


async def _rebuild(session: Session, connection: Connection, memory: Memory, given: Input, census: Census) -> None:
    job = session.config.job
    since = keys_known_since(connection)
    rebuilding = Rebuilding(job.name, given.recipes[0].targets, by_stamp=job.stamp, keys_known_since=since)
    intents = await memory.thread.call(memory.rows.open_intents)
    replayed = {each.operation.key_digest for each in intents if answered_with_older(each)}
    doubts = await open_doubts(memory, connection, all_here=True)
    survey, in_doubt = await _all_tasks(session, connection, memory, rebuilding, doubts)
    settled = await _settle(session, memory, rebuilding, doubts, Seen(in_doubt, survey.why_incomplete, survey.until, since))
    rebuilding.end_of_tasks(survey.why_incomplete)
    report = RowReport(session.folder, files=session.files, scratch=session.scratch)
    try:
        work = _Work(session, memory, given, census, rebuilding, settled, report, replayed)
        await asyncio.to_thread(work.count_rows, lambda: give_up_if_asked(connection.stop))
        await asyncio.to_thread(work.judge_rows, lambda: give_up_if_asked(connection.stop))
        _tell_findings(session, work)
    finally:
        try:
            report.close(session.around.clock.now())
        finally:
            session.counts, session.attention = dict(report.counts), report.attention


def _tell_findings(session: Session, work: _Work) -> None:
    say = session.around.voice.say
    if work.missing:
        is_are = "is" if work.missing == 1 else "are"
        say("info", "missing", f"{rows_text(work.missing)} {is_are} not in Lightfield: run creates what is missing", rows=work.missing)
        session.next_step = command_alike(session.request, "run")
    suspects = work.rebuilding.suspects
    if work.uncertain and suspects:
        line = f"{stamp_prefix(session.config.job.name)}<key>"
        sentence = (
            f"{suspects:,} tasks that people have edited could be rows of this input: the line `{line}` in the description of each settles "
            "it, with the row's key, or with any other word where it is none of them; then reconcile again"
        )
        say("warning", "suspects", sentence, tasks=suspects)


async def _all_tasks(
    session: Session, connection: Connection, memory: Memory, rebuilding: Rebuilding, doubts: Sequence[Doubt]
) -> tuple[Survey, list[TaskView]]:
    """Every task that no row owns goes to ``rebuilding``; those of the time of an intent in doubt are returned."""
    owned = await memory.thread.call(owned_ids, memory.rows)
    in_doubt: dict[str, TaskView] = {}
    waiting: list[tuple[TaskView, bool]] = []
    met: set[str] = set()

    def see(task: TaskView, in_trash: bool) -> None:  # noqa: FBT001  called by place
        if task.id in owned:
            return
        met.add(task.id)
        waiting.append((task, in_trash))
        if any(doubt.could_have_made(task) for doubt in doubts):
            in_doubt[task.id] = task
        if len(waiting) >= _TASKS_AT_ONCE:
            rebuilding.add_tasks(waiting)
            waiting.clear()

    survey = await survey_tasks(connection, see)
    rebuilding.add_tasks(waiting)
    found = f"{len(met):,} tasks of this workspace belong to no row that the ledger knows"
    session.around.voice.say("info", "walked", found, tasks=len(met), why_incomplete=survey.why_incomplete)
    return survey, list(in_doubt.values())


async def _settle(session: Session, memory: Memory, rebuilding: Rebuilding, doubts: Sequence[Doubt], seen: Seen) -> dict[bytes, Outcome]:
    """Intents in doubt first: their tasks are no other row's. Outcomes by key digest."""
    if not doubts:
        return {}
    outcomes = await settle_by(session, memory, doubts, seen)
    for outcome in outcomes:
        if outcome.task_id is not None:
            rebuilding.drop_task(outcome.task_id)
        else:
            rebuilding.count_rival(outcome.operation.payload)
    return {outcome.operation.key_digest: outcome for outcome in outcomes}


def _adopted(operation: Operation, verdict: Verdict, task: KnownTask, now: datetime) -> Outcome:
    if verdict.says_otherwise:
        # The ledger must not take the task for what the row says now.
        operation = replace(operation, fingerprint=OTHER_FINGERPRINT)
    return Outcome(operation, Action.ADOPTED, 0, now, task_id=task.id, url=task.http_link)


@dataclass(slots=True)
class _Work:
    """The two passes over the rows, in a worker thread; ``missing`` rows are not in Lightfield, ``uncertain`` ones may be.

    ``replayed``: Rows whose intents were answered with older tasks: they are asked about like unknown ones, but cannot be missing.
    """

    session: Session
    memory: Memory
    given: Input
    census: Census
    rebuilding: Rebuilding
    settled: dict[bytes, Outcome]
    report: RowReport
    replayed: set[bytes]
    missing: int = 0
    uncertain: int = 0
    _lines: list[tuple[object, ...]] = field(default_factory=list)

    def count_rows(self, go_on: Callable[[], None]) -> None:
        """The first pass: how many rows have which content."""
        for _, operations in self._batches(go_on, whole_rows=False):
            for operation in operations:
                self.rebuilding.count_row(operation.source_key, operation.payload)
        self.rebuilding.end_of_rows()

    def judge_rows(self, go_on: Callable[[], None]) -> None:
        """The second: what each row is, into the ledger and then into the report."""
        for choice, operations in self._batches(go_on, whole_rows=True):
            self.session.tally.add_problems(choice.own_problems(), file=choice.prepared.raw.file.path)
            self._in_ledger(self.memory.rows.reject, choice.identified_rejects())
            resembling = resemblance(choice.prepared.frame.filter(choice.frame["action"].is_null())).to_list()
            judged = [(operation, self._judged(operation, resembles)) for operation, resembles in zip(operations, resembling, strict=True)]
            self._record(judged)
            self._lines += [self._line(operation, verdict) for operation, verdict in judged]
            self._lines += self._settled_lines(choice)
            self._tell(choice.with_rejects_known())

    def _batches(self, go_on: Callable[[], None], *, whole_rows: bool) -> Iterator[tuple[Choice, list[Operation]]]:
        """Each batch, and the creates that it would take."""
        marker = DuplicateMarker(self.census.duplicates)
        make_key = key_of_create(self.session.config.job.name)
        for prepared in self.given.prepared(rows_per_batch=ROWS_PER_BATCH, whole_rows=whole_rows):
            go_on()
            choice = decided(prepared, self._known_but_replayed, marker)
            yield choice, list(needed_operations(choice, make_key))

    def _known_but_replayed(self, digests: pl.Series) -> pl.DataFrame:
        is_replayed = pl.col("key_digest").is_in(pl.Series(list(self.replayed), dtype=pl.Binary).implode())
        is_open = is_replayed & pl.col("has_intent") & pl.col("task_id").is_null()
        return _known(self.memory, digests).with_columns(
            pl.when(is_open).then(pl.lit(EntryState.FAILED.value)).otherwise("state").alias("state"),
            (pl.col("has_intent") & ~is_open).alias("has_intent"),
        )

    def _judged(self, operation: Operation, resembles: int) -> Verdict:
        verdict = self.rebuilding.judge(operation.source_key, operation.payload, resembles)
        if verdict.fate is Fate.MISSING and operation.key_digest in self.replayed:
            return Verdict(Fate.UNCERTAIN, why="an earlier run was answered with a task of its key that is not like it")
        return verdict

    def _record(self, judged: Sequence[tuple[Operation, Verdict]]) -> None:
        now = self.session.around.clock.now()
        by_fate: dict[Fate, list[Operation]] = {fate: [op for op, verdict in judged if verdict.fate is fate] for fate in Fate}
        adopted = [_adopted(operation, verdict, verdict.task, now) for operation, verdict in judged if verdict.task is not None]
        self._in_ledger(self.memory.rows.finish, adopted)
        uncertain = [(operation.key_digest, operation.source_key) for operation in by_fate[Fate.UNCERTAIN]]
        rows = pl.DataFrame(uncertain, schema={KEY_DIGEST: pl.Binary, SOURCE_KEY: pl.String}, orient="row")
        self._in_ledger(self.memory.rows.mark_uncertain, rows)
        self._in_ledger(self.memory.rows.mark_absent, [operation.key_digest for operation in by_fate[Fate.MISSING]])
        self.missing += len(by_fate[Fate.MISSING])
        self.uncertain += len(by_fate[Fate.UNCERTAIN])

    def _in_ledger(self, record: Callable[..., None], what: object) -> None:
        self.memory.thread.wait_for(record, self.session.run_id, what)

    def _line(self, operation: Operation, verdict: Verdict) -> tuple[object, ...]:
        """As ``_LINE``."""
        if verdict.task is not None:
            return operation.row, Action.ADOPTED.value, verdict.task.id, verdict.task.http_link, None, None
        if verdict.fate is Fate.MISSING:
            return operation.row, Action.NOT_SENT.value, None, None, None, _MISSING
        name = self.session.config.job.name
        message = uncertain_message(verdict.why, verdict.candidates, name=name, source_key=operation.source_key)
        return operation.row, Action.UNCERTAIN.value, None, None, STILL_UNCERTAIN, message

    def _settled_lines(self, choice: Choice) -> Iterator[tuple[object, ...]]:
        """Rows of intents that were in doubt until now."""
        if not self.settled:
            return
        told = (Action.UNCHANGED.value, Action.CHANGED.value, Action.UNCERTAIN.value)
        rows = choice.prepared.frame.select(ROW, KEY_DIGEST).with_columns(choice.frame["action"]).filter(pl.col("action").is_in(told))
        for row, digest, _ in rows.iter_rows():
            if (outcome := self.settled.get(digest)) is not None:
                problem = outcome.problem
                why = (problem.code, problem.message) if problem else (None, None)
                yield row, outcome.action.value, outcome.task_id, outcome.url, *why

    def _tell(self, choice: Choice) -> None:
        new = pl.DataFrame(self._lines, schema=_LINE, orient="row")
        self._lines = []
        joined = choice.frame.join(new, on=ROW, how="left", maintain_order="left")
        is_new = pl.col("new_action").is_not_null()
        columns = {"task_id": "new_task_id", "url": "new_url", "error_code": "new_code", "error_message": "new_message"}
        told = [pl.when(is_new).then(new_name).otherwise(name).alias(name) for name, new_name in columns.items()]
        known = pl.col("known_to_ledger") | (is_new & (pl.col("new_action") != Action.NOT_SENT.value))
        frame = joined.with_columns(pl.coalesce("new_action", "action").alias("action"), *told, known.alias("known_to_ledger"))
        self.report.add(choice.prepared, frame.drop(new.columns[1:]), 0)
