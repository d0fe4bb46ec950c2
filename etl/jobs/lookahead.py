"""What would a run do? The first pass over the whole input, before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

import polars as pl

from etl.errors import SourceError
from etl.frames import KEY_DIGEST, PROBLEM_CODE, PROBLEM_VALUE, ROW, PreparedBatch
from etl.jobs.identify import Memory
from etl.jobs.kept import KeptPass, Known
from etl.jobs.passes import LOOK_AHEAD_ROWS, Input
from etl.jobs.session import Session
from etl.ledger.entry_frame import ENTRY_FRAME
from etl.plan.choose import CREATE, UPDATE, Choice, choose
from etl.plan.duplicates import Census, KeyCensus, Marker, NothingKnown
from etl.plan.estimate import load_seconds, to_write
from etl.records import Action, Totals
from etl.report.screen import PlanView
from etl.transform.problems import NO_TIMEZONE

_NOTHING = pl.DataFrame(schema=dict(ENTRY_FRAME))


def known_of(memory: Memory | None) -> Known | None:
    """What the ledger knows, for a pass in a worker thread; None where it knows nothing of this import."""
    if memory is None or not memory.thread.wait_for(memory.rows.knows_any):
        return None
    return partial(_entries, memory)


def _entries(memory: Memory, digests: pl.Series) -> pl.DataFrame:
    return memory.thread.wait_for(memory.rows.entries, digests)


def decided(prepared: PreparedBatch, known: Known | None, marker: Marker, *, sync: bool = False, trust_keys: bool = False) -> Choice:
    """One batch, decided; ``known`` is None where the ledger knows nothing at all."""
    return choose(prepared, _entries_of(prepared, known), marker.mark(prepared), sync=sync, trust_keys=trust_keys)


def _entries_of(prepared: PreparedBatch, known: Known | None) -> pl.DataFrame:
    return _NOTHING if known is None else known(prepared.frame[KEY_DIGEST])


def prepared_for(known: Known | None, given: Input) -> Iterator[PreparedBatch]:
    """The batches of a first pass, with the columns that the map reads; without digests for a ledger that knows nothing."""
    return given.prepared(rows_per_batch=LOOK_AHEAD_ROWS, whole_rows=False, with_digests=known is not None)


def first_pass(  # noqa: PLR0913  what a pass has in hand
    session: Session,
    batches: Iterable[PreparedBatch],
    known: Known | None,
    see: Callable[[Choice], None],
    *,
    keep: KeptPass | None = None,
    keep_repeated: bool = False,
) -> Iterator[Census]:
    """Look at every row; yields an empty census a batch, and last the whole one.

    Args:
        session: Its tally and its rows by file are kept up.
        batches: The input, prepared or, where the ledger knows nothing, judged.
        known: What the ledger knows; None where it knows nothing at all.
        see: Hears of each batch.
        keep: Keeps what is found for a second pass.
        keep_repeated: The census is to be compared with contents later.

    Raises:
        SourceError: Times carry no zone, and none is configured.
    """
    census, nothing = KeyCensus(), NothingKnown()
    nothing_yet = KeyCensus().close()
    for prepared in batches:
        refuse_zoneless(session, prepared)
        session.count_batch(prepared)
        entries = _entries_of(prepared, known)
        choice = choose(prepared, entries, nothing.mark(prepared), sync=session.syncs, trust_keys=session.request.offline)
        census.add(prepared, choice.frame)
        see(choice)
        if keep is not None:
            keep.add(choice, entries)
        yield nothing_yet
    yield census.close(keep_repeated=keep_repeated)


def refuse_zoneless(session: Session, prepared: PreparedBatch) -> None:
    """Hold a batch's times against the config.

    Raises:
        SourceError: Some carry no zone, and none is configured.
    """
    zoneless = prepared.problems.filter(pl.col(PROBLEM_CODE) == NO_TIMEZONE)
    if zoneless.is_empty():
        return
    examples = ", ".join(f"row {row}: {value!r}" for row, value in zoneless.select(ROW, PROBLEM_VALUE).head(3).iter_rows())
    raise SourceError(
        f"{prepared.raw.file.path}: times carry no zone, and the config names none ({examples})",
        next_step=f"add a line such as `timezone: America/New_York` to {session.config.path}: the zone of whoever made the export",
    )


def expected(counts: Mapping[str, int]) -> dict[Action, int]:
    """Rows by what a run would make of them; intentions count as carried out."""
    carried_out = {CREATE: Action.CREATED, UPDATE: Action.UPDATED}
    return {carried_out.get(action) or Action(action): rows for action, rows in counts.items()}


def plan_view(session: Session, counts: Mapping[str, int], writes_per_second: float) -> PlanView:
    """The look ahead for people."""
    shown = {action.value: rows for action, rows in expected(counts).items()}
    return PlanView(
        name=session.config.job.name,
        totals=Totals(rows=sum(counts.values()), by_action={action.value: shown[action] for action in Action if action in shown}),
        limit_per_second=writes_per_second,
        seconds=load_seconds(to_write(counts), writes_per_second),
        workspace=session.workspace,
    )
