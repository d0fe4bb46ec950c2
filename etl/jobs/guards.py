"""Do the guards allow what a run is about to do? Held before its first write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from etl.config.columns import find_column
from etl.config.model import GuardsConfig, JobConfig, MaxAge
from etl.errors import GuardError
from etl.frames import SourceFile
from etl.jobs.passes import Input, drained
from etl.jobs.session import Session
from etl.load.stop import StopSwitch
from etl.plan.estimate import BrokenGuard, broken_counts, broken_rows
from etl.plan.freshness import SeenDates, only_ahead, stale
from etl.task import DUE_AT
from etl.transform.date_formats import ISO
from etl.transform.dates import DateRule
from etl.transform.day_order import Side, doubtful
from etl.transform.faults import Faults, listed, nearest
from etl.transform.local_times import parse_clock_time
from etl.transform.newest import NewestCensus

_ROWS_AT_ONCE = 100_000
_PATH = ("guards", "max_age", "column")


class Guards:
    """The guards of one job; ``look`` sees what they need to see of the input, ``hold`` decides.

    A part of the input (``--limit``, a failures file) is no measure of the whole: then only ``max_rejected`` is held.

    Args:
        session: The job.
        given: The opened input, its day order settled.
    """

    def __init__(self, session: Session, given: Input) -> None:
        self._session = session
        self._given = given
        self._guards: GuardsConfig = session.config.job.guards
        self._now = session.around.clock.now()
        self._census: NewestCensus | None = None
        self._rows: int | None = None
        if self._is_part:
            self._tell_unheld()

    @property
    def _is_part(self) -> bool:
        return self._session.request.limit is not None or any(file.is_failures_file for file in self._given.source.files)

    async def look(self, stop: StopSwitch, *, count_rows: bool = False) -> None:
        """See the one column that ``max_age`` is about, in a pass of its own.

        Args:
            stop: Ends it.
            count_rows: Nobody else counts the rows (``--stream``).

        Raises:
            ConfigError: A file lacks the column.
        """
        counts = count_rows and (self._guards.min_rows is not None or self._guards.rows is not None)
        if not self._is_part and (self._guards.max_age is not None or counts):
            await drained(self._seen(quick=not counts), stop)

    def hold(self, counts: Mapping[str, int] | None) -> None:
        """Hold what was seen against the guards.

        Args:
            counts: Rows by what would become of them; None where there was no look ahead.

        Raises:
            GuardError: One is not met; names all of them.
        """
        broken = [*self._broken_by_size(counts), *self._broken_by_age(), *(broken_counts(self._guards, counts) if counts else [])]
        if counts is None and self._guards.max_rejected is not None:
            self._say("guards.max_rejected is not held with --stream: what will be rejected is not known before the first write")
        if broken:
            raise GuardError(
                "\n".join(each.sentence for each in broken),
                next_step=f"look at the input; if it is meant to be so, change guards in {self._session.config.path}",
                guards=tuple(each.guard for each in broken),
            )

    def _broken_by_size(self, counts: Mapping[str, int] | None) -> list[BrokenGuard]:
        rows = self._rows if counts is None else sum(counts.values())
        return [] if rows is None or self._is_part else broken_rows(self._guards, rows)

    def _broken_by_age(self) -> list[BrokenGuard]:
        guard, census = self._guards.max_age, self._census
        if guard is None or census is None:
            return []
        seen = _seen_dates(census)
        if only_ahead(seen):
            self._say(f"guards.max_age: all dates of {guard.column!r} are in the future ({seen.ahead}): they say nothing of the data's age")
        sentence = stale(guard, seen, self._now)
        return [] if sentence is None else [BrokenGuard("max_age", sentence)]

    def _seen(self, *, quick: bool) -> Iterator[None]:
        guard, job, files = self._guards.max_age, self._session.config.job, self._given.source.files
        columns = [] if guard is None else _columns(self._session, guard, files)
        census = None if guard is None else NewestCensus(_rule(job), self._now)
        rows = 0
        wanted = [columns[place : place + 1] for place in range(len(files))]
        for raw in self._given.source.batches(columns=wanted, rows_per_batch=_ROWS_AT_ONCE, quick=quick):
            rows += raw.frame.height
            if census is not None:
                census.add(raw, columns[raw.file.index], job.source.null_values)
            yield
        self._rows, self._census = rows, census
        yield

    def _tell_unheld(self) -> None:
        unheld = [name for name in ("min_rows", "rows", "max_age") if getattr(self._guards, name) is not None]
        if unheld:
            names = ", ".join(f"guards.{name}" for name in unheld)
            why = "--limit reads a part of it" if self._session.request.limit is not None else "a failures file is a part of it"
            self._say(f"{names} not held: they are about the whole input, and {why}")

    def _say(self, sentence: str) -> None:
        self._session.around.voice.say("info", "guard_not_held", sentence)


def _columns(session: Session, guard: MaxAge, files: tuple[SourceFile, ...]) -> list[str]:
    """The files' own names of the guard's column."""
    faults = Faults(session.config)
    found = []
    for file in files:
        own = find_column(file.columns, (guard.column,))
        if own is None:
            near = nearest(guard.column, file.columns)
            hint = f"; nearest: {near!r}" if near else ""
            faults.add(f"{file.path} has no column {guard.column!r}{hint}; its columns are: {listed(file.columns)}", *_PATH)
        else:
            found.append(own)
    faults.raise_if_any()
    return found


def _rule(job: JobConfig) -> DateRule:
    """Dates are read as ``$dueAt`` is: by its formats and zone where it is mapped, and in ISO 8601."""
    due = job.map.get(DUE_AT)
    formats = () if due is None else due.formats
    # Where the values of $dueAt have not shown whether days come first, nothing is read by a pattern that takes sides.
    certain = tuple(pattern for pattern in formats if pattern not in doubtful(formats))
    time = (due.time if due is not None else None) or job.time
    zone = (due.timezone if due is not None else None) or job.timezone
    return DateRule(tuple(dict.fromkeys((*certain, ISO))), zone, parse_clock_time(time) if time else 0)


def _seen_dates(census: NewestCensus) -> SeenDates:
    return SeenDates(
        rows=census.rows,
        filled=census.filled,
        newest_at=census.newest.at if census.newest else None,
        newest=str(census.newest) if census.newest else None,
        ahead=str(census.ahead) if census.ahead else None,
        unread=_examples(census.unread),
        zoneless=_examples(census.zoneless),
    )


def _examples(side: Side) -> str | None:
    return str(side) if side.rows else None
