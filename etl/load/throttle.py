"""When may the next request leave, so that the documented limit is never passed and none of it is left unused?"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from dataclasses import dataclass

from etl.clock import Clock
from etl.lightfield.answer import Answer, Category, RateReading
from etl.load.others import OthersMeter

DOCUMENTED_RATE = 25.0
"""Requests per second of each category, and the bucket's capacity (the API's documentation of rate limits)."""

BURST_SHARE = 0.7
"""Of the capacity that we use at once: the rest absorbs requests that leave apart and arrive together."""
READ_BURST_SHARE = 0.9
"""Reads are few, come all at once, and a run waits for them before its first write: they leave less behind."""
PACE = 0.998
"""Of the refill that we use: clocks differ, and the reserve must grow back."""
TOLERANCE_SHARE = 0.06
"""Of the capacity: when the server has so much less left than we left behind, others draw on it and we step back."""
OTHERS_RESERVE_SECONDS = 0.5
"""So long others may go on as they do before we hear of it, or take at once what they take in twice that time."""

READINGS = 4
"""So many answers must agree that others draw on the limit."""

_LOWERED_TO = 0.7
_LOWEST_PER_SECOND = 0.5
_RISE_PER_SECOND = 0.1
_RECENTLY_SECONDS = 1.0
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0
_PROBES = 4
"""So many requests at most leave at once after a pause."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """Leave to send one request: the how many-th it is, and when it was given."""

    number: int
    at_seconds: float


@dataclass(slots=True)
class ThrottleStats:
    """What the limit cost so far."""

    waited_seconds: float = 0.0
    refusals: int = 0
    """429s seen."""


class TokenBucket:
    """A token bucket that models the server's own and learns its limit from the answers.

    The limit that the server advertises is its capacity and one second's refill. We burst with a share of it and then keep
    PACE, so that alone we use the limit and are never refused, however unevenly requests travel. The server's count of what is
    left pulls us back when others draw on the same limit. A 429 pauses everyone and lowers the rate; from there it rises again. So a
    limit that is advertised too high, or not at all, is found all the same.

    Args:
        clock: Time and waiting.
        rate_per_second: The limit to start from.
        cap: Requests per second at most, whatever the limit.
        share: Of the limit that is ours, above 0 to 1.
        burst_share: Of what is ours that may leave at once.
    """

    def __init__(
        self,
        clock: Clock,
        rate_per_second: float = DOCUMENTED_RATE,
        *,
        cap: float | None = None,
        share: float = 1.0,
        burst_share: float = BURST_SHARE,
    ) -> None:
        self.stats = ThrottleStats()
        self._clock = clock
        self._limit = float(rate_per_second)
        self._cap = math.inf if cap is None else cap
        self._share = share
        self._burst_share = burst_share
        self._lowered_to = math.inf
        self._level = self.capacity
        self._refilled_at = clock.elapsed_seconds()
        self._given = 0
        self._refused_in_a_row = 0
        self._refused_at = float("-inf")
        self._turn = asyncio.Lock()
        self._left_at: deque[float] = deque()
        self._surplus: deque[float] = deque(maxlen=READINGS)
        self._others = OthersMeter()

    @property
    def limit_per_second(self) -> float:
        """The server's limit, as it last advertised it."""
        return self._limit

    @property
    def rate_per_second(self) -> float:
        """What we send at most, in the long run, as far as we know now."""
        return self._ceiling * PACE

    @property
    def capacity(self) -> float:
        """How many requests may leave at once after a pause."""
        return max(1.0, self._ceiling * self._burst_share)

    @property
    def _ceiling(self) -> float:
        return min(self._limit * self._share, self._cap, self._lowered_to)

    def others_were_here(self) -> None:
        """Somebody sent on the same limit until now: only what is refilled from here on is ours."""
        self._refill()
        self._level = min(self._level, 0.0)

    async def take(self) -> Ticket:
        """Wait for leave to send one request; first come, first served. Cancelling it gives the turn to the next."""
        started = self._clock.elapsed_seconds()
        async with self._turn:
            while (wait_seconds := self._wait_seconds()) > 0:
                await self._clock.sleep(wait_seconds)
            now = self._clock.elapsed_seconds()
            self._give(now)
        self.stats.waited_seconds += now - started
        return Ticket(self._given, now)

    def observe(self, ticket: Ticket, answer: Answer) -> None:
        """Learn from the answer to the request that ``ticket`` was for."""
        self._refill()
        self._learn_limit(answer.rate)
        if answer.status == 429:  # noqa: PLR2004  the one status that is about us
            self._refuse(ticket, answer.retry_after_seconds)
            return
        self._refused_in_a_row = 0
        self._step_back(ticket, answer.rate)

    def _give(self, now: float) -> None:
        self._level -= 1
        self._given += 1
        self._left_at.append(now)
        while self._left_at[0] < now - _RECENTLY_SECONDS:
            self._left_at.popleft()

    def _wait_seconds(self) -> float:
        self._refill()
        # After a 429, _refilled_at lies ahead: nothing is refilled, and nothing leaves, before the pause is over.
        pause = self._refilled_at - self._clock.elapsed_seconds()
        missing = max(0.0, 1.0 - self._level) / self.rate_per_second
        wait_seconds = max(0.0, pause) + missing
        # Below a nanosecond it is rounding, and a sleep so short might not move the clock.
        return wait_seconds if wait_seconds > 1e-9 else 0.0  # noqa: PLR2004  a nanosecond

    def _refill(self) -> None:
        now = self._clock.elapsed_seconds()
        passed = now - self._refilled_at
        if passed <= 0:
            return
        self._refilled_at = now
        self._level = min(self.capacity, self._level + passed * self.rate_per_second)
        if self._lowered_to < math.inf and self._refused_in_a_row <= 1:
            self._lowered_to *= 1.0 + passed * _RISE_PER_SECOND
            if self._lowered_to >= self._limit:
                self._lowered_to = math.inf

    def _learn_limit(self, rate: RateReading) -> None:
        if not rate.limit or rate.limit == self._limit:
            return
        if rate.limit < self._limit:
            # Requests that left before we knew may be refused for that alone: no reason to go below the new limit.
            self._refused_at = self._clock.elapsed_seconds()
        self._limit = float(rate.limit)
        self._level = min(self._level, self.capacity)
        self._surplus.clear()
        self._others.forget()

    def _step_back(self, ticket: Ticket, rate: RateReading) -> None:
        if rate.remaining is None:
            return
        # What the server will have left when a request that leaves now arrives: what it said, and its refill since, less
        # what we and others sent after that request. Even latency cancels out; for uneven latency the best of some is believed.
        self._others.count(ticket.at_seconds, ticket.number - self.stats.refusals, rate.remaining, self._limit)
        since = self._clock.elapsed_seconds() - ticket.at_seconds
        left = rate.remaining + since * (self._limit - self._others.per_second) - (self._given - ticket.number)
        self._surplus.append(min(self._limit, left) - self._level)
        reserve = self._limit * (1.0 - self._burst_share - TOLERANCE_SHARE) + self._others.per_second * OTHERS_RESERVE_SECONDS
        excess = reserve - max(self._surplus)
        if excess > 0 and len(self._surplus) == READINGS:
            self._level -= excess
            self._surplus = deque((surplus + excess for surplus in self._surplus), READINGS)

    def _refuse(self, ticket: Ticket, retry_after_seconds: float | None) -> None:
        self.stats.refusals += 1
        if ticket.at_seconds > self._refused_at:
            # Requests that were under way when the first was refused tell nothing new.
            self._refused_in_a_row += 1
            if self._refused_in_a_row == 1:
                # One refused after a pause in which nothing was let in says nothing of the rate: only the pause grows.
                self._lower()
            self._refused_at = self._clock.elapsed_seconds()
        backoff = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2.0 ** min(self._refused_in_a_row - 1, 10))
        pause = backoff if retry_after_seconds is None else retry_after_seconds
        # The server's bucket is refilled while we wait. We believe in a few requests of that: one alone would tell too little.
        self._level = min(self._level, 0.0) + min(_PROBES, pause * self.rate_per_second)
        self._refilled_at = max(self._refilled_at, self._clock.elapsed_seconds() + pause)

    def _lower(self) -> None:
        lowered = self._ceiling * _LOWERED_TO
        if self._lowered_to == math.inf:
            # A limit far above the documented one may be no limit: from there at once to what has really left.
            lowered = min(lowered, max(len(self._left_at) / _RECENTLY_SECONDS, DOCUMENTED_RATE * _LOWERED_TO))
        self._lowered_to = max(_LOWEST_PER_SECOND, lowered)


class Throttles:
    """A bucket for each of the API's categories; ``cap`` is for writes alone."""

    def __init__(self, clock: Clock, *, cap: float | None = None, share: float = 1.0) -> None:
        self._buckets: dict[Category, TokenBucket] = {
            category: TokenBucket(clock, cap=cap, share=share)
            if category is Category.WRITE
            else TokenBucket(clock, share=share, burst_share=READ_BURST_SHARE)
            for category in Category
        }

    def __getitem__(self, category: Category) -> TokenBucket:
        return self._buckets[category]
