"""How do outcomes become durable, in groups, before anybody hears of them?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from etl.clock import Clock
from etl.load.breaker import Breaker
from etl.load.journal import Journal
from etl.load.problems import not_recorded
from etl.load.stats import LoadStats
from etl.records import WROTE, Action, Outcome

GROUP_SECONDS = 0.05

_NOT_EXECUTED = frozenset({Action.FAILED, Action.NOT_SENT})

Report = Callable[[Sequence[Outcome]], None]


class Recorder:
    """Collects outcomes, and hands each group to the journal, then to the report.

    Args:
        journal: Makes them durable.
        report: Hears of them afterwards; outcomes of operations that were never begun go to it alone.
        breaker: Judges them as soon as they are there.
        stats: Counts them.
        clock: Waits for a group to fill.
    """

    def __init__(self, journal: Journal, report: Report, breaker: Breaker, stats: LoadStats, clock: Clock) -> None:
        self._journal = journal
        self._report = report
        self._breaker = breaker
        self._stats = stats
        self._clock = clock
        self._waiting: list[Outcome] = []
        self._never_begun: list[Outcome] = []
        self._some = asyncio.Event()
        self._closed = False
        self._journal_failed = False

    def add(self, outcome: Outcome) -> None:
        """An operation has ended."""
        self._breaker.outcome(outcome)
        self._stats.operation_finished(wrote=outcome.action in WROTE)
        self._waiting.append(outcome)
        self._some.set()

    def add_never_begun(self, outcomes: Sequence[Outcome]) -> None:
        """They were pulled, but the journal knows nothing of them in this run."""
        self._never_begun += outcomes
        self._some.set()

    def close(self) -> None:
        """No more will come: record what is left without waiting for company."""
        self._closed = True
        self._some.set()

    async def run(self) -> None:
        """Record groups until closed; raises what the journal or the report raises."""
        while not self._closed or self._waiting or self._never_begun:
            await self._some.wait()
            self._some.clear()
            if not self._closed:
                await self._clock.sleep(GROUP_SECONDS)
            await self._record()

    def tell_unrecorded(self) -> None:
        """What the journal did not take, after it failed: nobody may read that those rows were not sent.

        Raises:
            Exception: What the report raises.
        """
        if self._journal_failed and self._waiting:
            group, self._waiting = self._waiting, []
            self._report([_unrecorded(outcome) for outcome in group])

    async def _record(self) -> None:
        group = list(self._waiting)
        if group:
            try:
                await self._journal.finish(group)
            except Exception:
                self._journal_failed = True
                raise
            del self._waiting[: len(group)]
        group += self._never_begun
        self._never_begun = []
        if group:
            self._report(group)


def _unrecorded(outcome: Outcome) -> Outcome:
    """As the ledger knows it: begun, and never heard of again. What was refused was refused all the same."""
    if outcome.action in _NOT_EXECUTED:
        return outcome
    return replace(outcome, action=Action.UNCERTAIN, problem=outcome.problem or not_recorded(outcome.url or outcome.task_id))
