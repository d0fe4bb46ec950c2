"""How is the load going? For progress and summary."""

from __future__ import annotations

from collections import deque
from statistics import median

from etl.clock import Clock
from etl.load.course import CourseRecorder
from etl.records import LoadCourse

_LATENCIES_KEPT = 64
_RATE_WINDOW_SECONDS = 5.0


class LoadStats:
    """Figures of one run's load, kept up by the senders.

    Attributes:
        in_flight: Operations between their first wait for the throttle and their outcome.
        sent: Requests that were sent, retries included.
        retries: Requests that repeated an earlier one.
        throttled: 429s seen.
        finished: Operations with an outcome.
        last_latency_seconds: Of the newest answer, None before there was one.
    """

    def __init__(self, clock: Clock) -> None:
        self.in_flight = 0
        self.sent = 0
        self.retries = 0
        self.throttled = 0
        self.finished = 0
        self.last_latency_seconds: float | None = None
        self._clock = clock
        self._started_at = clock.elapsed_seconds()
        self._latencies: deque[float] = deque(maxlen=_LATENCIES_KEPT)
        self._finished_at: deque[float] = deque()
        self._course = CourseRecorder(clock)

    @property
    def median_latency_seconds(self) -> float | None:
        """Of the newest 64 answers, None before there was one."""
        return median(self._latencies) if self._latencies else None

    @property
    def rows_per_second(self) -> float:
        """Operations finished per second, over the last five."""
        self._forget_old()
        ran = min(_RATE_WINDOW_SECONDS, self._clock.elapsed_seconds() - self._started_at)
        return len(self._finished_at) / ran if ran > 0 else 0.0

    def course(self) -> LoadCourse | None:
        """How it went over time; None where nothing was sent."""
        return self._course.course()

    def request_sent(self, *, repeats: bool) -> None:
        """A request leaves."""
        self.sent += 1
        self.retries += repeats
        self._course.request_sent(repeats=repeats)

    def answered(self, latency_seconds: float, *, throttled: bool, limit_per_second: float, pace_per_second: float) -> None:
        """An answer came, and the throttle has learnt from it."""
        self.throttled += throttled
        self.last_latency_seconds = latency_seconds
        self._latencies.append(latency_seconds)
        self._course.answered(latency_seconds, throttled=throttled)
        self._course.limited(limit_per_second, pace_per_second)

    def operation_finished(self, *, wrote: bool) -> None:
        """An operation has its outcome; ``wrote``: its task is as this run wants it."""
        self.finished += 1
        if wrote:
            self._course.written()
        self._finished_at.append(self._clock.elapsed_seconds())
        self._forget_old()

    def _forget_old(self) -> None:
        oldest = self._clock.elapsed_seconds() - _RATE_WINDOW_SECONDS
        while self._finished_at and self._finished_at[0] < oldest:
            self._finished_at.popleft()
