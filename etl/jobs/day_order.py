"""Does the day or the month come first in this input? Settled once, before any row is mapped."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from etl.config.model import ReadConfig
from etl.errors import SourceError
from etl.extract.scan import OpenSource
from etl.frames import RawBatch
from etl.jobs.connect import Connection
from etl.jobs.identify import DAY_ORDER, look_into_memory
from etl.jobs.session import Session
from etl.task import DUE_AT
from etl.transform.compile import Recipe
from etl.transform.day_order import DayOrder, DayOrderCensus, doubtful, in_order
from etl.transform.prepare import date_columns, date_words

_ROWS_AT_ONCE = 100_000


class DatesLook:
    """Looks at the due dates of the whole input where their formats leave the order open, and at nothing elsewhere.

    All of the input is looked at, with ``--limit`` too: what the first rows leave open, a later one may prove.

    Args:
        session: Its config knows the one order at the end.
        recipes: One for each file, with any tables.
        before: The order of the run that these rows are left of (``order_of_the_run_before``): taken where they prove none.
    """

    def __init__(self, session: Session, recipes: Sequence[Recipe], before: DayOrder | None = None) -> None:
        rule = session.config.job.map.get(DUE_AT)
        self._census = DayOrderCensus(rule.formats) if rule is not None and doubtful(rule.formats) else None
        self._session = session
        self._recipes = recipes
        self._before = before

    def columns(self, index: int) -> tuple[str, ...]:
        """What it needs of a file's columns; none where there is nothing to look at."""
        return () if self._census is None else date_columns(self._recipes[index])

    def add(self, raw: RawBatch) -> None:
        """Take in a batch."""
        if self._census is not None:
            self._census.add(raw.file.path, date_words(self._recipes[raw.file.index], raw))

    def settle(self) -> None:
        """All of the input was taken in.

        Raises:
            SourceError: The values prove both orders, or none.
        """
        if self._census is not None:
            _settle(self._session, self._census, self._before)
            self._census = None

    def settled(self, source: OpenSource) -> Iterator[None]:
        """A pass of its own, where there is still something to settle; yields for each batch, and once at the end.

        Raises:
            SourceError: As ``settle``.
        """
        if self._census is not None:
            columns = [self.columns(index) for index in range(len(self._recipes))]
            for raw in source.batches(columns=columns, rows_per_batch=_ROWS_AT_ONCE, quick=True):
                self.add(raw)
                yield
        self.settle()
        yield


async def order_of_the_run_before(session: Session, connection: Connection, source: OpenSource) -> DayOrder | None:
    """Of a failures file: the order that the dates of the input proved that it is left of. The few rows that it holds may prove none.

    Raises:
        LedgerError, WorkspaceError: As ``look_into_memory``.
    """
    rule = session.config.job.map.get(DUE_AT)
    if rule is None or not doubtful(rule.formats) or not all(file.is_failures_file for file in source.files):
        return None
    memory = await look_into_memory(session, connection)
    runs = [] if memory is None else await memory.thread.call(memory.rows.last_runs)
    return next((DayOrder(told) for run in runs if (told := run.settings.get(DAY_ORDER)) in set(DayOrder)), None)


def _settle(session: Session, census: DayOrderCensus, before: DayOrder | None) -> None:
    if census.day_first.rows and census.month_first.rows:
        raise SourceError(
            _both(session.config, census), next_step="write all dates of the input in one order, or import its files one by one"
        )
    if before is None and census.either.rows and not census.day_first.rows and not census.month_first.rows:
        raise SourceError(_neither(session.config, census), next_step=_choice(census))
    if census.month_first.rows:
        _read_in(session, census, DayOrder.MONTH_FIRST, f"as {census.month_first} can be read in no other way")
    elif census.day_first.rows:
        _read_in(session, census, DayOrder.DAY_FIRST, f"as {census.day_first} can be read in no other way")
    elif before is not None:
        _read_in(session, census, before, "as in the run that left these rows")


def _read_in(session: Session, census: DayOrderCensus, order: DayOrder, why: str) -> None:
    session.around.voice.say("info", "day_order", f"dates are read {order}, {why}", order=order.value)
    session.config = _with_formats(session.config, in_order(census.formats, order))
    session.day_order = order.value


def _where(config: ReadConfig) -> str:
    return f"{config.where('map', DUE_AT, 'formats')}: map.{DUE_AT}.formats"


def _both(config: ReadConfig, census: DayOrderCensus) -> str:
    either = f"; {census.either.rows:,} could be either ({census.either})" if census.either.rows else ""
    return (
        f"{_where(config)}: some dates are one only if the day comes first ({census.day_first}), "
        f"others only if the month does ({census.month_first}){either}"
    )


def _neither(config: ReadConfig, census: DayOrderCensus) -> str:
    return (
        f"{_where(config)}: reads days before months and months before days, and no date shows which it is: "
        f"{census.either.rows:,} could be either ({census.either})"
    )


def _choice(census: DayOrderCensus) -> str:
    day, month = (json.dumps(in_order(census.formats, order)) for order in DayOrder)
    return f"keep one order under map.{DUE_AT}: formats: {day} where the day comes first, formats: {month} where the month does"


def _with_formats(config: ReadConfig, formats: tuple[str, ...]) -> ReadConfig:
    rule = config.job.map[DUE_AT].model_copy(update={"formats": formats})
    return replace(config, job=config.job.model_copy(update={"map": {**config.job.map, DUE_AT: rule}}))
