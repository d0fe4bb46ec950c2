"""Does the load use the whole limit, and never more?"""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from etl.lightfield.answer import Answer, ApiFault, RateReading
from etl.load.throttle import TokenBucket


class StrictBucket:
    """The server's documented bucket: capacity and one second's refill are the limit."""

    def __init__(self, limit=25.0, capacity=None):
        self.limit = limit
        self.capacity = capacity or limit
        self.level = self.capacity
        self.at = 0.0
        self.refused = 0

    def take(self, now):
        self.level = min(self.capacity, self.level + (now - self.at) * self.limit)
        self.at = now
        if self.level < 1:
            self.refused += 1
            return False
        self.level -= 1
        return True


def answer(status, server, latency=0.0, retry_after=None):
    reading = RateReading(int(server.capacity), int(server.level), None)
    return Answer(status, {"id": "t"}, ApiFault() if status >= 400 else None, reading, retry_after, None, latency)


async def create_all(bucket, server, rows, latency, random):
    """Seconds until all are created; a fast loop of up to 250 requests in flight."""
    clock, gate = bucket._clock, asyncio.Semaphore(250)

    async def one():
        async with gate:
            while True:
                ticket = await bucket.take()
                there = latency * random.uniform(0.25, 0.75)
                back = latency * random.uniform(0.25, 0.75)
                await clock.sleep(there)
                accepted = server.take(clock.elapsed_seconds())
                result = answer(200 if accepted else 429, server, retry_after=None if accepted else 1.0)
                await clock.sleep(back)
                bucket.observe(ticket, result)
                if accepted:
                    return

    await asyncio.gather(*(one() for _ in range(rows)))
    return clock.elapsed_seconds()


@pytest.mark.parametrize("latency_ms", [20, 80, 300, 1000])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_alone_it_uses_98_percent_of_the_limit_and_is_never_refused(clock, virtually, latency_ms, seed):
    server, bucket = StrictBucket(), TokenBucket(clock)

    seconds = virtually(create_all(bucket, server, 1000, latency_ms / 1000, Random(seed)))

    assert 1000 / seconds / 25 >= 0.98
    assert server.refused == 0


@pytest.mark.parametrize("latency_ms", [80, 300])
def test_with_another_consumer_it_finds_what_is_left_and_is_seldom_refused(clock, virtually, latency_ms):
    server, bucket = StrictBucket(), TokenBucket(clock)

    async def other():
        while True:
            await clock.sleep(0.1)
            server.take(clock.elapsed_seconds())

    async def main():
        busy = asyncio.create_task(other())
        seconds = await create_all(bucket, server, 1000, latency_ms / 1000, Random(1))
        busy.cancel()
        return seconds

    rate = 1000 / virtually(main())
    assert 13.5 <= rate <= 16.5
    assert bucket.stats.refusals <= 20


@pytest.mark.parametrize(("limit", "share"), [(5, 0.85), (100, 0.95), (300, 0.95)])
def test_another_limit_than_the_documented_one_is_learned_and_used(clock, virtually, limit, share):
    server, bucket = StrictBucket(limit), TokenBucket(clock)

    seconds = virtually(create_all(bucket, server, limit * 20, 0.08, Random(1)))

    assert limit * 20 / seconds >= share * limit
