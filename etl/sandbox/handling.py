"""How does one request become an answer?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from random import Random

from etl.sandbox.access import Access
from etl.sandbox.answers import Answer, RefusalError, encode
from etl.sandbox.calls import Call, House, Work
from etl.sandbox.clock import Clock
from etl.sandbox.faults import FaultPlan, Faults, Trouble
from etl.sandbox.gate import admitted, authenticated
from etl.sandbox.idempotency import IdempotencyKeys
from etl.sandbox.limits import Category, Limits, Reading
from etl.sandbox.mishap import refuse_before_commit, spoiled, too_many_requests
from etl.sandbox.requests import Request

_BURSTS = (Trouble.TOO_MANY_REQUESTS, Trouble.TOO_MANY_REQUESTS_BARE)


@dataclass(slots=True)
class Course:
    """How a request went.

    Attributes:
        reading: What the bucket said.
        trouble: What it met, or None.
        executed: Its call was carried out.
        answer: What is sent, as far as it is sent.
        waited_seconds: Of its latency.
    """

    reading: Reading
    trouble: Trouble | None
    executed: bool = False
    answer: Answer = Answer(0, b"")  # noqa: RUF009  frozen
    waited_seconds: float = 0.0


class Handler:
    """Leads requests through limits, access, idempotency and their call, and lets them meet their troubles.

    Args:
        house: What the calls work on.
        limits: The buckets.
        clock: The server's time.
        random: Dice for the faults.
        faults: What goes wrong.

    Attributes:
        latency_seconds: How long each answer takes: half of it passes before the commit and half after.
        throttled: How many requests each bucket refused.
    """

    def __init__(self, house: House, limits: Limits, clock: Clock, random: Random, faults: Faults) -> None:
        self.latency_seconds = 0.0
        self.throttled: Counter[Category] = Counter()
        self._house = house
        self._limits = limits
        self._clock = clock
        self._random = random
        self._keys = IdempotencyKeys()
        self.set_faults(faults)

    def set_faults(self, faults: Faults) -> None:
        """Other troubles from now on."""
        self._faults = faults
        self._plan = FaultPlan(faults, self._random)

    async def handle(self, call: Call | None, request: Request) -> Course:
        """Answer a request.

        Args:
            call: The endpoint; None where there is none.
            request: Read to its end.
        """
        category = call.category if call else Category.READ
        trouble = self._plan.draw(is_write=category is Category.WRITE)
        course = Course(self._limits.read(category, self._clock.now()), trouble)
        try:
            access = authenticated(request, self._house.workspace)
            course.reading = self._taken(category, trouble)
            if course.reading.admitted:
                await self._once(admitted(call, request, access), request, access, course)
            else:
                course.answer = too_many_requests(course.reading)
        except RefusalError as refusal:
            course.answer = refusal.answer()
        await self._wait(self.latency_seconds - course.waited_seconds)
        course.answer = spoiled(course.answer, trouble, self._random)
        return course

    def _taken(self, category: Category, trouble: Trouble | None) -> Reading:
        reading = self._limits.take(category, self._clock.now())
        if not reading.admitted:
            self.throttled[category] += 1
            return reading
        if trouble not in _BURSTS:
            return reading
        wait = self._faults.retry_after_seconds if trouble is Trouble.TOO_MANY_REQUESTS else None
        return replace(reading, admitted=False, remaining=0, retry_after_seconds=wait)

    async def _once(self, call: Call, request: Request, access: Access, course: Course) -> None:
        if call.operation is None or not request.idempotency_key:
            await self._carry_out(call, request, access, course)
            return
        scope = (call.operation, request.idempotency_key)
        stored = self._keys.claim(scope, self._clock.now())
        if stored is not None:
            course.answer = stored
            return
        try:
            await self._carry_out(call, request, access, course)
        finally:
            # Also when the loop ends in the middle: what was committed stays known.
            if course.executed:
                self._keys.keep(scope, course.answer, self._clock.now())
            else:
                self._keys.forget(scope)

    async def _carry_out(self, call: Call, request: Request, access: Access, course: Course) -> None:
        half = self.latency_seconds / 2
        await self._wait(half)
        course.waited_seconds = half
        refuse_before_commit(course.trouble, self._random)
        body = call.run(Work(self._house, request, access, self._clock.now()))
        course.answer = Answer(200, encode(body))
        course.executed = True
        # The key is in flight until the answer is on its way, late or not.
        await self._wait(half + (self._faults.slow_seconds if course.trouble is Trouble.SLOW else 0.0))
        course.waited_seconds = self.latency_seconds

    async def _wait(self, seconds: float) -> None:
        if seconds > 0:
            await self._clock.sleep(seconds)
