"""How does one operation become one outcome?"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from etl.clock import Clock
from etl.errors import EtlError
from etl.key_window import KEY_WINDOW
from etl.lightfield.answer import Answer, Category, NoAnswerError
from etl.lightfield.client import LightfieldClient
from etl.lightfield.headers import ServerClock
from etl.lightfield.models import TaskView
from etl.load.breaker import Breaker
from etl.load.journal import Journal
from etl.load.progress import Progress, task_of
from etl.load.reader import ThrottledReader
from etl.load.replay import Settled, settle_create
from etl.load.retry import StopWhenTooLong, StopWhenUsedUp, Tried, try_until
from etl.load.stats import LoadStats
from etl.load.stop import StopAskedError, StopSwitch
from etl.load.task_look import present
from etl.load.throttle import Throttles
from etl.load.verdict import Kind, judge
from etl.records import Action, Operation, OperationKind, Outcome

_DONE_ACTIONS = {OperationKind.UPDATE: Action.UPDATED, OperationKind.TRASH: Action.TRASHED, OperationKind.RESTORE: Action.UPDATED}


class _TooOldError(Exception):
    """The operation's first attempt is too long ago to repeat it."""


@dataclass(frozen=True, slots=True)
class Means:
    """What sending needs; one for a run.

    Attributes:
        client: Makes the calls.
        throttles: Give leave to send.
        journal: Knows whether the lock is still ours.
        breaker: Judges attempts and outcomes.
        stop: Ends waits, and requests when it is urgent.
        clock: Time and waiting.
        server_clock: The server's time.
        random: Of the jitter.
        stats: Kept up for the progress.
        reader: Retrieves tasks that an answer leaves in doubt.
        attempts: Tries a row has; being throttled uses none.
        heard: Hears of each request that calls for another, and the how many-th it was.
    """

    client: LightfieldClient
    throttles: Throttles
    journal: Journal
    breaker: Breaker
    stop: StopSwitch
    clock: Clock
    server_clock: ServerClock
    random: Random
    stats: LoadStats
    reader: ThrottledReader
    attempts: int = 8
    heard: Callable[[Operation, int, Tried], None] | None = None


class Sender:
    """Sends operations, any number at a time; every one ends as an Outcome, and no exception of the API leaves it."""

    def __init__(self, means: Means) -> None:
        self._means = means

    async def send(self, operation: Operation) -> Outcome:
        """Throttle, send, judge, repeat: until it is done, refused, in doubt, or the run stops."""
        self._means.stats.in_flight += 1
        try:
            return await self._send(operation)
        finally:
            self._means.stats.in_flight -= 1

    async def retrieve(self, task_id: str) -> TaskView | None:
        """The task's present state, None where it is in the trash or gone.

        Raises:
            EtlError: It could not be found out.
        """
        answer = await self._means.reader.answer(lambda: self._means.client.retrieve_task(task_id), Category.READ)
        return present(answer)

    async def correct(self, correction: Operation) -> Outcome:
        """Send one more write for the same row."""
        return await self._send(correction)

    async def _send(self, operation: Operation) -> Outcome:
        means, progress = self._means, Progress(operation)
        until = StopWhenUsedUp(means.attempts) | StopWhenTooLong(means.breaker.patience_seconds)
        try:
            tried = await try_until(lambda: self._attempt(progress), until, clock=means.clock, random=means.random, stop=means.stop)
        except StopAskedError:
            return progress.interrupted(self._now(), means.stop.reason or "it was asked to")
        except _TooOldError:
            return progress.too_old(self._now())
        return await self._conclude(progress, tried)

    async def _conclude(self, progress: Progress, tried: Tried) -> Outcome:
        stop, kind = self._means.stop, tried.verdict.kind
        if kind is Kind.DONE:
            return await self._done(progress, tried)
        if kind is Kind.STOP_RUN or (kind is Kind.RETRY and stop.asked):
            return progress.interrupted(self._now(), stop.reason or "it was asked to")
        return progress.refused(tried, self._now())

    async def _done(self, progress: Progress, tried: Tried) -> Outcome:
        task = task_of(tried)
        if progress.operation.kind is not OperationKind.CREATE or task is None:
            return progress.done(_DONE_ACTIONS[progress.operation.kind], self._now())
        settled: Settled = await settle_create(progress.operation, task, self._first_sent_at(progress), self)
        return progress.settled(settled, self._now())

    async def _attempt(self, progress: Progress) -> Tried:
        means = self._means
        bucket = means.throttles[Category.WRITE]
        ticket = await means.stop.unless_asked(bucket.take())
        await self._check_may_send(progress)
        progress.request_begins(means.server_clock.now(), means.clock.elapsed_seconds())
        means.breaker.attempt_begins()
        means.stats.request_sent(repeats=progress.attempts > 1)
        result = await self._request(progress.operation)
        if isinstance(result, Answer):
            means.server_clock.observe(result.server_time, result.latency_seconds)
            bucket.observe(ticket, result)
        tried = self._judged(progress, result)
        progress.request_ended(tried)
        means.breaker.attempt_ended(tried)
        if means.heard is not None and tried.verdict.kind is Kind.RETRY:
            means.heard(progress.operation, progress.attempts, tried)
        return tried

    async def _check_may_send(self, progress: Progress) -> None:
        """Before every attempt: the lock is ours, and Lightfield still knows the key (rule 4)."""
        means = self._means
        if means.stop.asked:
            raise StopAskedError
        if not means.journal.still_ours():
            await self._hold_on()
        if progress.first_sent_at is not None and means.server_clock.now() - progress.first_sent_at >= KEY_WINDOW:
            raise _TooOldError
        if progress.begun_at is not None and means.server_clock.now() - progress.begun_at >= KEY_WINDOW:
            await self._begin_again(progress)

    async def _begin_again(self, progress: Progress) -> None:
        """An attempt that comes so late is noted anew: who looks for its task looks no further than a window after ``begun_at``."""
        try:
            [begun] = await self._means.journal.begin([progress.operation])
        except EtlError as error:
            self._means.stop.trip(error)
            raise StopAskedError from None
        progress.begun_at = begun.begun_at

    async def _hold_on(self) -> None:
        """After a pause as long as the lease, a machine's sleep for example, the ledger says whether somebody took over."""
        try:
            await self._means.journal.renew()
        except EtlError as error:
            self._means.stop.trip(error)
            raise StopAskedError from None

    async def _request(self, operation: Operation) -> Answer | NoAnswerError:
        try:
            return await self._means.stop.unless_urgent(_call(self._means.client, operation))
        except NoAnswerError as error:
            return error

    def _judged(self, progress: Progress, result: Answer | NoAnswerError) -> Tried:
        answer = result if isinstance(result, Answer) else None
        verdict = judge(
            result,
            needs_body=progress.operation.kind is not OperationKind.TRASH,
            key_has_written=self._means.breaker.key_has_written,
        )
        if answer is not None:
            bucket = self._means.throttles[Category.WRITE]
            self._means.stats.answered(
                answer.latency_seconds,
                throttled=not verdict.counts,
                limit_per_second=bucket.limit_per_second,
                pace_per_second=bucket.rate_per_second,
            )
        return Tried(verdict, answer, progress.used_up + verdict.counts)

    def _first_sent_at(self, progress: Progress) -> datetime:
        # Reckoned back from the server's time as it is known by now: before the first answer it was only our own clock's.
        if progress.first_elapsed is None:
            return progress.first_sent_at or self._means.server_clock.now()
        return self._means.server_clock.now() - timedelta(seconds=self._means.clock.elapsed_seconds() - progress.first_elapsed)

    def _now(self) -> datetime:
        return self._means.clock.now().astimezone(UTC)


def _call(client: LightfieldClient, operation: Operation) -> Coroutine[Any, Any, Answer]:
    key = operation.idempotency_key
    body = json.dumps(operation.payload, separators=(",", ":")).encode()
    if operation.kind is OperationKind.CREATE:
        return client.create_task(body, key)
    if operation.task_id is None:
        raise ValueError(f"{operation.kind} of {operation.source_key!r} names no task")
    if operation.kind is OperationKind.UPDATE:
        return client.update_task(operation.task_id, body, key)
    if operation.kind is OperationKind.TRASH:
        return client.delete_task(operation.task_id)
    return client.restore_task(operation.task_id, key)
