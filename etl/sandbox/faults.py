"""What goes wrong, and how often?"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import StrEnum
from random import Random
from typing import Any


class Trouble(StrEnum):
    """What happens to one request; the names are those of the probabilities in ``Faults``."""

    ERROR_BEFORE = "error_before"
    ERROR_AFTER = "error_after"
    LOST_BEFORE_COMMIT = "lost_before_commit"
    LOST_AFTER_COMMIT = "lost_after_commit"
    SLOW = "slow"
    TRUNCATED = "truncated"
    NOT_JSON = "not_json"
    TOO_MANY_REQUESTS = "too_many_requests"
    TOO_MANY_REQUESTS_BARE = "too_many_requests_bare"


_WHOLE_NUMBERS = ("burst", "retry_after_seconds", "only_writes")


class FaultsError(ValueError):
    """The words given for faults say nothing that there is; the message says what is allowed."""


@dataclass(frozen=True, slots=True)
class Faults:
    """Probabilities, each between 0 and 1, all together at most 1: a request meets one trouble at most.

    Attributes:
        error_before: 500 or 503, and nothing was done.
        error_after: 500 or 504, although it was done. An Idempotency-Key remembers the success.
        lost_before_commit: The connection closes without an answer, and nothing was done.
        lost_after_commit: The connection closes without an answer, although it was done.
        slow: The answer comes ``slow_seconds`` late; until then the key is in flight.
        truncated: It was done; half the body arrives, then the connection closes.
        not_json: It was done; 200 with a page of HTML.
        too_many_requests: Begins a burst of 429 with ``Retry-After``, although the bucket is not empty.
        too_many_requests_bare: The same without ``Retry-After``.
        slow_seconds: How late a slow answer is.
        burst: How many requests in a row a burst of 429 refuses.
        retry_after_seconds: What a burst's ``Retry-After`` says.
        only_writes: 1 spares everything but creates, updates, deletes and restores.
    """

    error_before: float = 0.0
    error_after: float = 0.0
    lost_before_commit: float = 0.0
    lost_after_commit: float = 0.0
    slow: float = 0.0
    truncated: float = 0.0
    not_json: float = 0.0
    too_many_requests: float = 0.0
    too_many_requests_bare: float = 0.0
    slow_seconds: float = 5.0
    burst: int = 5
    retry_after_seconds: int = 1
    only_writes: int = 0

    def __post_init__(self) -> None:
        for trouble in Trouble:
            if not 0 <= self.probability(trouble) <= 1:
                raise FaultsError(f"{trouble}={self.probability(trouble)}: a probability is between 0 and 1.")
        if sum(self.probability(trouble) for trouble in Trouble) > 1 + 1e-9:
            raise FaultsError("The probabilities of all faults together are more than 1.")
        if self.slow_seconds < 0 or self.burst < 1 or self.retry_after_seconds < 0:
            raise FaultsError("slow_seconds and retry_after_seconds cannot be negative, burst is at least 1.")

    @classmethod
    def none(cls) -> Faults:
        """Nothing goes wrong."""
        return cls()

    @classmethod
    def bad_night(cls) -> Faults:
        """Something goes wrong with one request in five, in every way there is."""
        return cls(
            error_before=0.04,
            error_after=0.03,
            lost_before_commit=0.03,
            lost_after_commit=0.04,
            slow=0.01,
            truncated=0.015,
            not_json=0.015,
            too_many_requests=0.005,
            too_many_requests_bare=0.005,
            slow_seconds=2.0,
            burst=3,
        )

    @classmethod
    def parse(cls, text: str) -> Faults:
        """Read faults from a command line.

        Args:
            text: ``error_after=0.05,lost_after_commit=0.02``; or ``none``; or ``bad_night``, on which more settings may follow.

        Raises:
            FaultsError: An unknown name, no number, or a number that makes no sense.
        """
        parts = [part.strip() for part in text.split(",") if part.strip()]
        base = cls.none()
        if parts and parts[0] in ("none", "bad_night"):
            base = cls.bad_night() if parts[0] == "bad_night" else base
            parts = parts[1:]
        given = dict(_setting(part) for part in parts)
        return replace(base, **given)

    def probability(self, trouble: Trouble) -> float:
        """How likely that trouble is."""
        return float(getattr(self, trouble.value))


def _setting(part: str) -> tuple[str, Any]:
    name, _, number = (piece.strip() for piece in part.partition("="))
    names = [item.name for item in fields(Faults)]
    if name not in names:
        raise FaultsError(f"There is no fault '{name}'. There are: none, bad_night, {', '.join(names)}.")
    try:
        return name, int(number) if name in _WHOLE_NUMBERS else float(number)
    except ValueError:
        kind = "a whole number" if name in _WHOLE_NUMBERS else "a number"
        raise FaultsError(f"'{part}': after {name}= comes {kind}.") from None


class FaultPlan:
    """Draws the trouble of each request.

    Args:
        faults: The probabilities.
        random: Where the dice come from; the same seed and the same requests meet the same troubles.
    """

    def __init__(self, faults: Faults, random: Random) -> None:
        self._faults = faults
        self._random = random
        self._quiet = not any(faults.probability(trouble) for trouble in Trouble)
        self._burst: tuple[Trouble, int] | None = None

    def draw(self, *, is_write: bool) -> Trouble | None:
        """What happens to the next request; None: nothing.

        Args:
            is_write: Whether it is a create, update, delete or restore.
        """
        if self._quiet or (self._faults.only_writes and not is_write):
            return None
        if self._burst is not None:
            return self._in_burst(*self._burst)
        dice = self._random.random()
        for trouble in Trouble:
            dice -= self._faults.probability(trouble)
            if dice < 0:
                is_burst = trouble in (Trouble.TOO_MANY_REQUESTS, Trouble.TOO_MANY_REQUESTS_BARE)
                return self._in_burst(trouble, self._faults.burst) if is_burst else trouble
        return None

    def _in_burst(self, trouble: Trouble, left: int) -> Trouble:
        self._burst = (trouble, left - 1) if left > 1 else None
        return trouble
