"""How do outcomes become durable, in groups, before anybody hears of them?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from etl.clock import Clock
from etl.load.breaker import Breaker
from etl.load.journal import Journal
from etl.load.stats import LoadStats
from etl.records import Outcome

GROUP_SECONDS = 0.05

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

    def add(self, outcome: Outcome) -> None:
        """An operation has ended."""
        self._breaker.outcome(outcome)
        self._stats.operation_finished()
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

    async def _record(self) -> None:
        group, self._waiting = self._waiting, []
        if group:
            await self._journal.finish(group)
        group += self._never_begun
        self._never_begun = []
        if group:
            self._report(group)
