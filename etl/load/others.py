"""How much of the limit do others take? Told by what the server's count lost that we did not send."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from itertools import islice

STEP_SECONDS = 0.25
STEPS = 12
"""So many steps are looked back upon: three seconds, in which requests that overtake each other on their way cancel out."""
FEWEST_STEPS = 6


@dataclass(slots=True)
class _Step:
    """The answers of one step: how many, and the sums of their times and of their counts."""

    begins: float
    answers: int = 0
    seconds: float = 0.0
    requests: int = 0

    def add(self, at_seconds: float, requests: int) -> None:
        self.answers += 1
        self.seconds += at_seconds
        self.requests += requests


class OthersMeter:
    """Between two answers the server's count rises by the refill, and falls by our requests and by those of others.

    Counts are placed at the time at which their request left: what the way took, it took of both.

    Attributes:
        per_second: What others take; 0 where nobody knows.
    """

    def __init__(self) -> None:
        self.per_second = 0.0
        self._steps: deque[_Step] = deque(maxlen=STEPS)

    def count(self, at_seconds: float, taken: int, remaining: int, limit: float) -> None:
        """Take in one answer.

        Args:
            at_seconds: When its request left.
            taken: Requests of ours that the server had let in by then, this one included.
            remaining: What the server had left.
            limit: The server's capacity, and its refill a second.
        """
        if remaining >= limit - 1:
            # It had been full, and a full bucket's refill is lost: nothing can be said of the time before.
            self.forget()
        if not self._steps or at_seconds >= self._steps[-1].begins + STEP_SECONDS:
            self._measure(limit)
            self._steps.append(_Step(at_seconds))
        self._steps[-1].add(at_seconds, taken + remaining)

    def forget(self) -> None:
        """The limit is another one, or the bucket was full."""
        self._steps.clear()
        self.per_second = 0.0

    def _measure(self, limit: float) -> None:
        """By the older and the newer half of the steps: had nobody else sent, our requests and what is left would grow by the refill."""
        half = len(self._steps) // 2
        if half < FEWEST_STEPS // 2:
            return
        began, counted_early = _means(list(islice(self._steps, half)))
        ended, counted_late = _means(list(islice(self._steps, half, None)))
        # Answers to requests that left long before come late, so the newer half need not be the later one.
        if ended - began >= STEP_SECONDS:
            self.per_second = min(limit, max(0.0, limit - (counted_late - counted_early) / (ended - began)))


def _means(steps: Collection[_Step]) -> tuple[float, float]:
    answers = sum(step.answers for step in steps)
    return sum(step.seconds for step in steps) / answers, sum(step.requests for step in steps) / answers
