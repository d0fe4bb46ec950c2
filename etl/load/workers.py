"""How are many operations sent at once, each with its intent noted first, and stopped without losing one?"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC
from typing import Literal

from etl.lightfield.answer import Category
from etl.load.progress import Progress
from etl.load.recorder import Recorder, Report
from etl.load.send import Means, Sender
from etl.load.stop import StopAskedError
from etl.records import Operation

GRACE_SECONDS = 20.0
"""What is in flight has so long to finish once the run is asked to stop."""
FEWEST_IN_FLIGHT = 4
MOST_IN_FLIGHT = 256

_IN_FLIGHT_FACTOR = 2.0
_ASSUMED_LATENCY_SECONDS = 1.0
_READ_AHEAD_SECONDS = 2.0
# Two chunks can be open beside what is in flight, together one second's budget.
_CHUNK_SECONDS = 0.5
_FEWEST_AHEAD = 64
# A larger group saves nothing more of a commit's price, which a slow disk makes 25 ms.
_LARGEST_CHUNK = 250

Operations = AsyncIterator[Operation] | Iterator[Operation]


async def send_all(operations: Operations, means: Means, report: Report, *, concurrency: int | Literal["auto"] = "auto") -> None:
    """Send every operation; each one that is pulled ends as exactly one Outcome handed to ``report``, after it is durable.

    Intents are durable before their first byte, and no more are open than requests in flight and one second's budget. Once
    ``means.stop`` is asked, nothing more is pulled, what is in flight has GRACE_SECONDS, and the rest is NOT_SENT; the job raises
    ``means.stop.error`` then. A plain iterator is pulled on the event loop: give an async one where the next operation takes time
    (a stop waits for an operation that is being made, an urgent one does not).

    Raises:
        Exception: What ``operations``, the journal or ``report`` raised, after everything in flight was settled as far as possible.
    """
    await _Load(operations, means, report, concurrency).run()


class _Load:
    def __init__(self, operations: Operations, means: Means, report: Report, concurrency: int | Literal["auto"]) -> None:
        self._operations = operations
        self._means = means
        self._concurrency = concurrency
        self._sender = Sender(means)
        self._recorder = Recorder(means.journal, report, means.breaker, means.stats, means.clock)
        self._ahead = _GrowingQueue(lambda: max(_FEWEST_AHEAD, min(_LARGEST_CHUNK, self._budget(_READ_AHEAD_SECONDS))))
        self._begun = _GrowingQueue(self._chunk_size)
        self._room = asyncio.Event()
        self._sending: set[asyncio.Task[None]] = set()
        self._error: BaseException | None = None

    async def run(self) -> None:
        watching = [asyncio.create_task(self._give_grace()), asyncio.create_task(self._watch_duration())]
        recording = asyncio.create_task(self._guarded_record())
        stages = [asyncio.create_task(self._pull()), asyncio.create_task(self._begin()), asyncio.create_task(self._dispatch())]
        try:
            await asyncio.gather(*stages)
            while self._sending:
                await asyncio.wait(self._sending)
            self._recorder.close()
            await recording
        finally:
            await _end([*watching, *stages, *self._sending, recording])
        if self._error is not None:
            try:
                self._recorder.tell_unrecorded()
            except Exception as untold:
                raise self._error from untold
            raise self._error

    async def _pull(self) -> None:
        """Source to ``_ahead``: the next operations are made while others are sent."""
        source = _each(self._operations)
        try:
            while not self._means.stop.asked and (operation := await self._means.stop.unless_urgent(_next(source))):
                await self._ahead.put(operation)
        except StopAskedError:
            # Urgent while the source was still making its next operation: that one was never pulled.
            await self._ahead.put(None)
            return
        except Exception as error:  # noqa: BLE001  raised again once everything in flight is settled
            self._fail(error)
        await self._ahead.put(None)

    async def _begin(self) -> None:
        """``_ahead`` to ``_begun``: intents are durable before anything is sent."""
        while chunk := await self._next_chunk():
            if self._means.stop.asked:
                self._leave_unsent(chunk)
                continue
            try:
                begun = await self._means.journal.begin(chunk)
            except Exception as error:  # noqa: BLE001  raised again once everything in flight is settled
                self._fail(error)
                self._leave_unsent(chunk)
                continue
            for operation in begun:
                await self._begun.put(operation)
        await self._begun.put(None)

    async def _next_chunk(self) -> list[Operation]:
        """What is there, at most half a second's budget; waits for the first; empty at the end."""
        chunk: list[Operation] = []
        first = await self._ahead.get()
        most = self._chunk_size()
        while first is not None:
            chunk.append(first)
            if len(chunk) >= most or self._ahead.empty():
                return chunk
            first = self._ahead.get_nowait()
        if chunk:
            # The end was taken from the queue: put it back for the next call.
            self._ahead.put_nowait(None)
        return chunk

    async def _dispatch(self) -> None:
        """``_begun`` to requests in flight; after a stop the sender turns each away at once."""
        while (operation := await self._begun.get()) is not None:
            while len(self._sending) >= self._most_in_flight():
                self._room.clear()
                await self._room.wait()
            task = asyncio.create_task(self._send(operation))
            self._sending.add(task)
            task.add_done_callback(self._sent)

    async def _send(self, operation: Operation) -> None:
        try:
            outcome = await self._sender.send(operation)
        except Exception as error:  # noqa: BLE001  a fault of ours: the intent stays open, the run ends, the error is raised again
            self._fail(error)
            return
        self._recorder.add(outcome)

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        self._room.set()

    async def _guarded_record(self) -> None:
        try:
            await self._recorder.run()
        except Exception as error:  # noqa: BLE001  raised again once everything in flight is settled
            self._fail(error)

    def _leave_unsent(self, operations: list[Operation]) -> None:
        """They were pulled but never begun."""
        now = self._means.clock.now().astimezone(UTC)
        reason = self._means.stop.reason or "it was asked to"
        self._recorder.add_never_begun([Progress(operation).interrupted(now, reason) for operation in operations])

    def _fail(self, error: BaseException) -> None:
        self._error = self._error or error
        self._means.stop.halt(f"{type(error).__name__}: {error}")

    async def _give_grace(self) -> None:
        await self._means.stop.wait()
        await self._means.clock.sleep(GRACE_SECONDS)
        self._means.stop.hurry()

    async def _watch_duration(self) -> None:
        remaining = self._means.breaker.remaining_seconds
        if remaining is not None:
            await self._means.clock.sleep(max(0.0, remaining))
            self._means.breaker.out_of_time()

    def _chunk_size(self) -> int:
        return min(_LARGEST_CHUNK, self._budget(_CHUNK_SECONDS))

    def _budget(self, seconds: float) -> int:
        return max(1, int(self._means.throttles[Category.WRITE].rate_per_second * seconds))

    def _most_in_flight(self) -> int:
        if self._concurrency != "auto":
            return self._concurrency
        stats = self._means.stats
        median, last = stats.median_latency_seconds, stats.last_latency_seconds
        # The last one too: when the service slows down, the median hears of it late.
        latency = _ASSUMED_LATENCY_SECONDS if median is None or last is None else max(median, last)
        wanted = math.ceil(self._means.throttles[Category.WRITE].rate_per_second * latency * _IN_FLIGHT_FACTOR)
        return min(MOST_IN_FLIGHT, max(FEWEST_IN_FLIGHT, wanted))


class _GrowingQueue(asyncio.Queue[Operation | None]):
    """Holds as many as ``most`` says at the time: the limit is learnt while it is in use."""

    def __init__(self, most: Callable[[], int]) -> None:
        super().__init__()
        self._most = most

    def full(self) -> bool:
        """No room for another one?"""
        return self.qsize() >= self._most()


async def _each(operations: Operations) -> AsyncIterator[Operation]:
    if isinstance(operations, AsyncIterator):
        async for operation in operations:
            yield operation
        return
    for operation in operations:
        yield operation


async def _next(operations: AsyncIterator[Operation]) -> Operation | None:
    return await anext(operations, None)


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
