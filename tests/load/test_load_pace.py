"""Does the load use the whole limit, and never more?"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from random import Random

import pytest

from etl.lightfield.answer import Answer, ApiFault, RateReading
from etl.load.throttle import TokenBucket


class StrictBucket:
    """The server's documented bucket: capacity and one second's refill are the limit."""

    def __init__(self, limit=25.0):
        self.limit = limit
        self.level = limit
        self.at = 0.0
        self.refused = 0
        self.let_in = []

    def set_limit(self, limit, now):
        self._refill(now)
        self.limit = limit
        self.level = min(self.level, limit)

    def take(self, now):
        self._refill(now)
        if self.level < 1:
            return False
        self.level -= 1
        return True

    def headers(self):
        return RateReading(int(self.limit), int(self.level))

    def _refill(self, now):
        self.level = min(self.limit, self.level + (now - self.at) * self.limit)
        self.at = now


def answer(status, headers, retry_after=None):
    return Answer(status, {"id": "t"}, ApiFault() if status >= 400 else None, headers, retry_after, None, 0.0)


async def create_all(bucket, server, rows, latency, random, *, headers=None, retry_after=1.0, failing=0.0):
    """Seconds until all are created; a fast loop of up to 250 requests in flight."""
    clock, gate = bucket._clock, asyncio.Semaphore(250)

    async def one():
        async with gate:
            created = False
            while not created:
                ticket = await bucket.take()
                there = latency * random.uniform(0.25, 0.75)
                back = latency * random.uniform(0.25, 0.75)
                await clock.sleep(there)
                accepted = server.take(clock.elapsed_seconds())
                server.refused += not accepted
                if accepted:
                    server.let_in.append(clock.elapsed_seconds())
                result = answer(200 if accepted else 429, headers or server.headers(), None if accepted else retry_after)
                await clock.sleep(back)
                bucket.observe(ticket, result)
                created = accepted and random.random() >= failing

    await asyncio.gather(*(one() for _ in range(rows)))
    return clock.elapsed_seconds()


async def with_another(bucket, server, rows, latency, *, at_once=1, **more):
    """The same while somebody else takes ten a second, so many at once."""

    async def other():
        while True:
            await bucket._clock.sleep(at_once / 10)
            for _ in range(at_once):
                server.take(bucket._clock.elapsed_seconds())

    busy = asyncio.create_task(other())
    await create_all(bucket, server, rows, latency, Random(1), **more)
    busy.cancel()


def share_of(per_second, server, full=25.0):
    """What was let in, of what the bucket would have let in between the first and the last."""
    return len(server.let_in) / (full + per_second * (server.let_in[-1] - server.let_in[0]))


@pytest.mark.parametrize("latency_ms", [20, 80, 300, 1000])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_alone_it_uses_98_percent_of_the_limit_and_is_never_refused(clock, virtually, latency_ms, seed):
    server, bucket = StrictBucket(), TokenBucket(clock)

    seconds = virtually(create_all(bucket, server, 1000, latency_ms / 1000, Random(seed)))

    assert 1000 / seconds / 25 >= 0.98
    assert server.refused == 0


@pytest.mark.parametrize(("latency_ms", "at_once"), [(20, 1), (80, 1), (80, 10), (300, 5), (1000, 1)])
def test_with_another_consumer_it_uses_95_percent_of_what_is_left_and_one_in_200_is_refused(clock, virtually, latency_ms, at_once):
    server, bucket = StrictBucket(), TokenBucket(clock)

    virtually(with_another(bucket, server, 1500, latency_ms / 1000, at_once=at_once))

    assert 0.95 <= share_of(15, server) <= 1.02
    assert server.refused <= 0.005 * 1500


def test_when_the_other_leaves_it_takes_the_whole_limit_again_within_a_second(clock, virtually):
    server, bucket = StrictBucket(), TokenBucket(clock)

    async def main():
        other = asyncio.create_task(with_another(bucket, server, 300, 0.08))
        await other
        gone = clock.elapsed_seconds()
        await create_all(bucket, server, 300, 0.08, Random(1))
        return gone

    gone = virtually(main())
    second = bisect_left(server.let_in, gone + 2) - bisect_left(server.let_in, gone + 1)
    assert 24 <= second <= 26


@pytest.mark.parametrize(("limit", "share"), [(5, 0.85), (100, 0.95), (300, 0.95)])
def test_another_limit_than_the_documented_one_is_learned_and_used(clock, virtually, limit, share):
    server, bucket = StrictBucket(limit), TokenBucket(clock)

    seconds = virtually(create_all(bucket, server, limit * 20, 0.08, Random(1)))

    assert limit * 20 / seconds >= share * limit


@pytest.mark.parametrize("latency_ms", [20, 80])
def test_a_limit_that_changes_is_followed_within_two_seconds_both_ways(clock, virtually, latency_ms):
    server, bucket = StrictBucket(), TokenBucket(clock)

    async def change():
        for moment, limit in ((10, 5), (20, 25)):
            await clock.sleep(moment - clock.elapsed_seconds())
            server.set_limit(limit, moment)

    async def main():
        changing = asyncio.create_task(change())
        await create_all(bucket, server, 600, latency_ms / 1000, Random(1))
        await changing

    virtually(main())
    each_second = [bisect_left(server.let_in, second + 1) - bisect_left(server.let_in, second) for second in range(26)]
    assert all(4 <= seen <= 6 for seen in each_second[12:20])
    assert all(23 <= seen <= 27 for seen in each_second[22:26])
    assert server.refused <= 5


def test_a_share_leaves_the_rest_to_people(clock, virtually):
    server, bucket = StrictBucket(), TokenBucket(clock, share=0.5)

    virtually(create_all(bucket, server, 500, 0.08, Random(1)))

    assert 0.98 <= share_of(12.5, server, full=12.5) <= 1
    assert server.level >= 12.5


def test_retries_pay_from_the_same_budget(clock, virtually):
    server, bucket = StrictBucket(), TokenBucket(clock)

    virtually(create_all(bucket, server, 800, 0.08, Random(1), failing=0.2))

    assert len(server.let_in) > 900
    assert 0.98 <= share_of(25, server) <= 1
    assert server.refused == 0


NO_HEADERS = RateReading()
ALWAYS_FULL = RateReading(25, 25)
PER_MINUTE = RateReading(1500, 1475)
A_MILLION = RateReading(1_000_000, 999_999)


@pytest.mark.parametrize("retry_after", [None, 0.0, 1.0])
@pytest.mark.parametrize(
    ("headers", "most_refused"), [(NO_HEADERS, 0.03), (ALWAYS_FULL, 0.03), (PER_MINUTE, 0.12), (A_MILLION, 0.25)], ids=str
)
def test_headers_that_lack_or_lie_cost_refusals_but_little_of_the_limit(clock, virtually, headers, most_refused, retry_after):
    server, bucket = StrictBucket(), TokenBucket(clock)

    virtually(with_another(bucket, server, 1500, 0.08, headers=headers, retry_after=retry_after))

    assert share_of(15, server) >= 0.9
    assert server.refused <= most_refused * 1500


def test_a_server_that_says_that_nothing_is_left_is_believed_but_still_asked(clock, virtually):
    server, bucket = StrictBucket(), TokenBucket(clock)

    seconds = virtually(create_all(bucket, server, 100, 0.08, Random(1), headers=RateReading(25, 0)))

    assert 1 <= 100 / seconds <= 12
