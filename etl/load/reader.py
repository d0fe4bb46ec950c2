"""How is something read from Lightfield, surely or with the reason why not?"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from random import Random
from typing import Any

from etl.clock import Clock
from etl.errors import EtlError, LimitReachedError, ServiceDownError
from etl.lightfield.answer import Answer, Category, NoAnswerError
from etl.lightfield.headers import ServerClock
from etl.load.breaker import key_refused
from etl.load.problems import refusal
from etl.load.retry import LONGEST_RETRY_AFTER_SECONDS, StopWhenHopeless, StopWhenTooLong, StopWhenUsedUp, Tried, try_until
from etl.load.stop import StopAskedError, StopSwitch
from etl.load.throttle import Throttles
from etl.load.verdict import Kind, judge_read

HOPELESS_AFTER_SECONDS = 20.0
_MANY_429 = 3
_NOT_OF_ONE_RECORD = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS})
_AGAIN = "run the same command again later"
_CONNECT = "check the network and the address (--base-url, LIGHTFIELD_BASE_URL), then run the same command again"

ReadCall = Callable[[], Awaitable[Answer]]


class ThrottledReader:
    """Sends reads: throttled by category, retried as writes are, judged by the same table.

    The first attempt that fails is told to ``tell``, in a sentence, and so is the third 429: what follows may take a while.
    It gives up after ``attempts``, or once two attempts have taken more than 20 seconds: a job that cannot read has not begun. A 429 is
    none of these; only ``seconds_left``, until --max-duration (None without one), ends a read that is answered with nothing else.
    """

    def __init__(  # noqa: PLR0913  each is handed in by the job
        self,
        throttles: Throttles,
        *,
        clock: Clock,
        random: Random,
        stop: StopSwitch,
        server_clock: ServerClock,
        attempts: int = 8,
        tell: Callable[[str], None] | None = None,
        seconds_left: Callable[[], float | None] = lambda: None,
    ) -> None:
        self._throttles = throttles
        self._clock = clock
        self._random = random
        self._stop = stop
        self._server_clock = server_clock
        self._attempts = attempts
        self._tell = tell
        self._seconds_left = seconds_left

    async def read(self, call: ReadCall, category: Category, *, scope: str | None = None) -> dict[str, Any]:
        """The JSON object of a 2xx answer; ``scope`` is what the key needs for it.

        Raises:
            KeyRefusedError: The key is wrong, or lacks the scope.
            ServiceDownError: No success within the attempts, or an answer that no retry mends.
            LimitReachedError: --max-duration is over.
            InterruptedRunError, EtlError: The run was asked to stop.
        """
        tried = await self._try(call, category)
        if tried.verdict.kind is Kind.DONE and tried.answer and tried.answer.body is not None:
            return tried.answer.body
        raise _failure(tried, scope)

    async def answer(self, call: ReadCall, category: Category) -> Answer:
        """The answer of any status that settles the question: a 404 is one.

        Raises:
            KeyRefusedError, ServiceDownError, EtlError: As for ``read``.
        """
        tried = await self._try(call, category)
        if tried.answer is None or tried.verdict.kind in {Kind.RETRY, Kind.STOP_RUN}:
            raise _failure(tried, None)
        return tried.answer

    async def last_answer(self, call: ReadCall, category: Category) -> Answer:
        """The same, but what is said of one record alone is handed back too, after all attempts: a 403 or a 500 may be its own.

        Raises:
            KeyRefusedError, ServiceDownError, EtlError: No answer, or one that is about the key or the pace.
        """
        tried = await self._try(call, category)
        if tried.answer is None or tried.answer.status in _NOT_OF_ONE_RECORD:
            raise _failure(tried, None)
        return tried.answer

    async def _try(self, call: ReadCall, category: Category) -> Tried:
        used_up = attempts = 0

        async def attempt() -> Tried:
            nonlocal used_up, attempts
            self._hold_duration()
            tried = await self._attempt(call, category, used_up)
            used_up, attempts = tried.used_up, attempts + 1
            if tried.verdict.kind is Kind.RETRY and (tried.verdict.counts or attempts >= _MANY_429):
                self._tell_once(tried)
            return tried

        until = (
            StopWhenUsedUp(self._attempts)
            | StopWhenTooLong(lambda: LONGEST_RETRY_AFTER_SECONDS)
            | StopWhenHopeless(self._clock, HOPELESS_AFTER_SECONDS)
        )
        try:
            return await try_until(attempt, until, clock=self._clock, random=self._random, stop=self._stop)
        except StopAskedError:
            raise self._stop.verdict() from None

    def _hold_duration(self) -> None:
        left = self._seconds_left()
        if left is not None and left <= 0:
            raise LimitReachedError("--max-duration was reached", next_step=_AGAIN)

    def _tell_once(self, tried: Tried) -> None:
        if self._tell is not None:
            self._tell(refusal(tried.verdict, tried.answer).message)
            self._tell = None

    async def _attempt(self, call: ReadCall, category: Category, used_up: int) -> Tried:
        bucket = self._throttles[category]
        ticket = await self._stop.unless_asked(bucket.take())
        answer: Answer | None = None
        try:
            answer = await self._stop.unless_urgent(_coroutine(call))
            result: Answer | NoAnswerError = answer
        except NoAnswerError as error:
            result = error
        if answer is not None:
            self._server_clock.observe(answer.server_time, answer.latency_seconds)
            bucket.observe(ticket, answer)
        verdict = judge_read(result)
        return Tried(verdict, answer, used_up + verdict.counts)


async def _coroutine(call: ReadCall) -> Answer:
    return await call()


def _failure(tried: Tried, scope: str | None) -> EtlError:
    if tried.verdict.kind is Kind.STOP_RUN:
        return key_refused(tried.verdict, tried.answer, scope)
    problem = refusal(tried.verdict, tried.answer)
    if tried.answer is not None and tried.answer.status == HTTPStatus.NOT_FOUND:
        return ServiceDownError(f"{problem.message}: is this Lightfield's address?", next_step="check --base-url and LIGHTFIELD_BASE_URL")
    return ServiceDownError(f"Lightfield could not be read: {problem.message}", next_step=_CONNECT if tried.answer is None else _AGAIN)
