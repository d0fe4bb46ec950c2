"""How many requests may come in?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

DOCUMENTED_PER_SECOND = 25.0
# A caller who keeps exactly to the rate must not be refused for the rounding of floats; what it takes too much stays owed.
_ROUNDING = 1e-5


class Category(StrEnum):
    """The API's categories; each has a bucket of its own."""

    WRITE = "write"
    READ = "read"
    SEARCH = "search"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a bucket said to one request.

    Attributes:
        admitted: The request may go on.
        capacity: ``X-RateLimit-Limit``.
        remaining: ``X-RateLimit-Remaining``, whole requests.
        full_at: ``X-RateLimit-Reset``, unix seconds.
        retry_after_seconds: Whole seconds until there is room again, at least 1; None where a fault keeps silent about it.
    """

    admitted: bool
    capacity: int
    remaining: int
    full_at: int
    retry_after_seconds: int | None


class Bucket:
    """One second's requests, refilled continuously; starts full."""

    def __init__(self, per_second: float) -> None:
        self._per_second = _sensible(per_second)
        self._tokens = float(self.capacity)
        self._read_at: float | None = None

    @property
    def capacity(self) -> int:
        """Whole requests of one second, at least one."""
        return max(1, int(self._per_second))

    def set_rate(self, per_second: float) -> None:
        """Another limit from now on; what is in the bucket stays, as far as it fits."""
        self._per_second = _sensible(per_second)
        self._tokens = min(self._tokens, float(self.capacity))

    def take(self, count: int, now: datetime) -> Reading:
        """Take tokens if they are there; 0 only reads."""
        moment = now.timestamp()
        self._refill(moment)
        admitted = self._tokens >= count - _ROUNDING
        if admitted:
            self._tokens -= count
        missing = max(0.0, 1 - self._tokens)
        return Reading(
            admitted=admitted,
            capacity=self.capacity,
            remaining=max(0, int(self._tokens + _ROUNDING)),
            full_at=math.ceil(moment + (self.capacity - self._tokens) / self._per_second),
            retry_after_seconds=max(1, math.ceil(missing / self._per_second)),
        )

    def drain(self, count: int, now: datetime) -> None:
        """Somebody else takes up to that many."""
        self._refill(now.timestamp())
        self._tokens = max(min(self._tokens, 0.0), self._tokens - count)

    def _refill(self, moment: float) -> None:
        passed = 0.0 if self._read_at is None else max(0.0, moment - self._read_at)
        self._tokens = min(float(self.capacity), self._tokens + passed * self._per_second)
        self._read_at = moment


class Limits:
    """The three buckets of an organization.

    Args:
        write: Requests per second for creates, updates, deletes and restores.
        read: For retrieves, definitions and validate.
        search: For lists.
    """

    def __init__(
        self, write: float = DOCUMENTED_PER_SECOND, read: float = DOCUMENTED_PER_SECOND, search: float = DOCUMENTED_PER_SECOND
    ) -> None:
        self._buckets = {Category.WRITE: Bucket(write), Category.READ: Bucket(read), Category.SEARCH: Bucket(search)}

    @classmethod
    def unlimited(cls) -> Limits:
        """A million a second: for figures that the limit would hide."""
        return cls(1e6, 1e6, 1e6)

    def set_rate(self, category: Category, per_second: float) -> None:
        """Change a limit while requests are coming in.

        Args:
            category: Whose bucket.
            per_second: The refill; the capacity becomes one second of it.

        Raises:
            ValueError: Not a number above 0.
        """
        self._buckets[category].set_rate(per_second)

    def take(self, category: Category, now: datetime) -> Reading:
        """Let one request in, or not."""
        return self._buckets[category].take(1, now)

    def read(self, category: Category, now: datetime) -> Reading:
        """Look without taking."""
        return self._buckets[category].take(0, now)

    def drain(self, category: Category, count: int, now: datetime) -> None:
        """Another integration of the same organization takes up to ``count`` requests."""
        self._buckets[category].drain(count, now)


def _sensible(per_second: float) -> float:
    if not 0 < per_second < math.inf:
        raise ValueError(f"A rate is a number above 0, not {per_second}.")
    return per_second
