"""How did the load go over time? Gathered in steps of a second, which grow longer so that there are never many."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from etl.clock import Clock
from etl.records import LoadCourse

MOST_STEPS = 240
"""More become half as many, each twice as long: the memory is the same for a minute and for a week."""

_BINS_PER_DOUBLING = 8
# A bin is 9 % wide: a quantile read from its middle is off by less than 5 %.
_SHORTEST_MS = 0.01


@dataclass(slots=True)
class _Step:
    """What happened in one step; latencies by logarithmic bin."""

    requests: int = 0
    written: int = 0
    retries: int = 0
    throttled: int = 0
    limit: float | None = None
    pace: float | None = None
    longest_ms: float = 0.0
    bins: Counter[int] = field(default_factory=Counter)

    def take_in(self, later: _Step) -> None:
        self.requests += later.requests
        self.written += later.written
        self.retries += later.retries
        self.throttled += later.throttled
        self.limit = self.limit if later.limit is None else later.limit
        self.pace = self.pace if later.pace is None else later.pace
        self.longest_ms = max(self.longest_ms, later.longest_ms)
        self.bins += later.bins

    def quantile_ms(self, share: float) -> float | None:
        """The latency below which that share of the answers lie; None without an answer."""
        rank = math.ceil(share * self.bins.total())
        for each in sorted(self.bins):
            rank -= self.bins[each]
            if rank <= 0:
                return min(self.longest_ms, 2 ** ((each + 0.5) / _BINS_PER_DOUBLING))
        return None


class CourseRecorder:
    """Counts what happens by the step in which it happens; the first request begins the first step.

    Args:
        clock: Time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began_at: datetime | None = None
        self._began_seconds = 0.0
        self._step_seconds = 1
        self._steps: list[_Step] = []

    def request_sent(self, *, repeats: bool) -> None:
        """A request leaves."""
        step = self._now()
        step.requests += 1
        step.retries += repeats

    def answered(self, latency_seconds: float, *, throttled: bool) -> None:
        """An answer came."""
        step, milliseconds = self._now(), max(latency_seconds * 1000, _SHORTEST_MS)
        step.throttled += throttled
        step.longest_ms = max(step.longest_ms, milliseconds)
        step.bins[math.floor(math.log2(milliseconds) * _BINS_PER_DOUBLING)] += 1

    def limited(self, limit_per_second: float, pace_per_second: float) -> None:
        """The limit and our own pace are these now."""
        step = self._now()
        step.limit, step.pace = limit_per_second, pace_per_second

    def written(self) -> None:
        """A row was written."""
        self._now().written += 1

    def course(self) -> LoadCourse | None:
        """All of it until now; None where nothing was sent."""
        if self._began_at is None:
            return None
        steps = self._steps
        return LoadCourse(
            began_at=self._began_at,
            step_seconds=self._step_seconds,
            requests=tuple(step.requests for step in steps),
            written=tuple(step.written for step in steps),
            retries=tuple(step.retries for step in steps),
            throttled=tuple(step.throttled for step in steps),
            limit_per_second=self._held(lambda step: step.limit),
            pace_per_second=self._held(lambda step: step.pace),
            latency_p50_ms=tuple(step.quantile_ms(0.5) for step in steps),
            latency_p95_ms=tuple(step.quantile_ms(0.95) for step in steps),
            latency_max_ms=tuple(step.longest_ms or None for step in steps),
        )

    def _now(self) -> _Step:
        now = self._clock.elapsed_seconds()
        if self._began_at is None:
            self._began_at, self._began_seconds = self._clock.now().astimezone(UTC), now
        while (index := int((now - self._began_seconds) / self._step_seconds)) >= MOST_STEPS:
            self._halve()
        self._steps += [_Step() for _ in range(len(self._steps), index + 1)]
        return self._steps[index]

    def _halve(self) -> None:
        self._step_seconds *= 2
        for early, late in zip(self._steps[::2], self._steps[1::2], strict=False):
            early.take_in(late)
        self._steps = self._steps[::2]

    def _held(self, figure: Callable[[_Step], float | None]) -> tuple[float | None, ...]:
        """A figure that stays as it is until it changes."""
        held: list[float | None] = []
        for step in self._steps:
            told = figure(step)
            held.append((held[-1] if held else None) if told is None else told)
        return tuple(held)
