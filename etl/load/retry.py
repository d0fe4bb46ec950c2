"""When is an attempt repeated, how long after, and until when?"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import Protocol

from tenacity import AsyncRetrying, RetryCallState, retry_if_result
from tenacity.stop import stop_base
from tenacity.wait import wait_base

from etl.clock import Clock
from etl.lightfield.answer import Answer
from etl.load.stop import StopSwitch
from etl.load.verdict import Kind, Verdict

FIRST_BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 30.0
LONGEST_RETRY_AFTER_SECONDS = 15 * 60.0
"""A server that wants a longer pause than this has the run stop instead."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One attempt: its verdict, its answer if there was one, and how many attempts it and those before it used up."""

    verdict: Verdict
    answer: Answer | None
    used_up: int

    @property
    def retry_after_seconds(self) -> float | None:
        """What the server asked for."""
        return self.answer.retry_after_seconds if self.answer else None


class WaitAsTheServerSays(wait_base):
    """``Retry-After`` as it stands; else full jitter below ``min(30, 0.5 * 2 ** (attempts - 1))`` seconds.

    After a 429 without ``Retry-After`` it is 0: the throttle holds everybody back.
    """

    def __init__(self, random: Random) -> None:
        self._random = random

    def __call__(self, retry_state: RetryCallState) -> float:
        """Seconds until the next attempt."""
        tried = tried_of(retry_state)
        if tried.retry_after_seconds is not None:
            return tried.retry_after_seconds
        if not tried.verdict.counts:
            return 0.0
        doublings = min(tried.used_up - 1, 16)
        return self._random.uniform(0, min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2.0**doublings))


class StopWhenUsedUp(stop_base):
    """So many attempts; being throttled uses none."""

    def __init__(self, attempts: int) -> None:
        self._attempts = attempts

    def __call__(self, retry_state: RetryCallState) -> bool:
        """No further attempt?"""
        return tried_of(retry_state).used_up >= self._attempts


class StopWhenTooLong(stop_base):
    """The server asks for a longer pause than we have patience for; a backoff of our own is no reason, for a stop ends it."""

    def __init__(self, patience_seconds: Callable[[], float]) -> None:
        self._patience_seconds = patience_seconds

    def __call__(self, retry_state: RetryCallState) -> bool:
        """No further attempt?"""
        asked_for = tried_of(retry_state).retry_after_seconds
        return asked_for is not None and asked_for > self._patience_seconds()


class StopWhenHopeless(stop_base):
    """At least ``attempts`` were made, and they took longer than ``seconds``."""

    def __init__(self, clock: Clock, seconds: float, attempts: int = 2) -> None:
        self._clock = clock
        self._until = clock.elapsed_seconds() + seconds
        self._attempts = attempts

    def __call__(self, retry_state: RetryCallState) -> bool:
        """No further attempt?"""
        return tried_of(retry_state).used_up >= self._attempts and self._clock.elapsed_seconds() >= self._until


class AttemptCall(Protocol):
    """Makes one attempt."""

    def __call__(self) -> Awaitable[Tried]:
        """What it came to."""
        ...


async def try_until(attempt: AttemptCall, until: stop_base, *, clock: Clock, random: Random, stop: StopSwitch) -> Tried:
    """Repeat ``attempt`` while its verdict is to retry; the last one's result.

    Raises:
        StopAskedError: The run was asked to stop while it waited.
    """
    first = await attempt()
    if first.verdict.kind is not Kind.RETRY:
        # Nearly every row: it does not pay for what tenacity keeps of its retries, a twentieth of all that a row costs.
        return first
    made = [first]

    async def sleep(seconds: float) -> None:
        await stop.unless_asked(clock.sleep(seconds))

    async def one() -> Tried:
        return made.pop() if made else await attempt()

    # Made anew each time: tenacity keeps the state of an iteration on the object, and many rows are under way at once.
    retrying = AsyncRetrying(
        sleep=sleep,
        stop=until,
        wait=WaitAsTheServerSays(random),
        retry=retry_if_result(lambda tried: tried.verdict.kind is Kind.RETRY),
        retry_error_callback=tried_of,
    )
    return await retrying(one)


def tried_of(retry_state: RetryCallState) -> Tried:
    """The attempt that was just made."""
    if retry_state.outcome is None:
        raise TypeError("asked before the first attempt")
    result = retry_state.outcome.result()
    if not isinstance(result, Tried):
        raise TypeError(f"an attempt returned {result!r}")
    return result
