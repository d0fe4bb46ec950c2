"""May the next request leave?"""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.lightfield.answer import Answer, Category, RateReading
from etl.load.throttle import Throttles, TokenBucket


class SteppedClock:
    """Moves only when told, or when somebody sleeps."""

    def __init__(self):
        self.seconds = 0.0

    def elapsed_seconds(self):
        return self.seconds

    async def sleep(self, seconds):
        self.seconds += seconds
        await asyncio.sleep(0)


def answer(status=200, limit=None, remaining=None, retry_after=None):
    return Answer(status, None, None, RateReading(limit, remaining), retry_after, None, 0.1)


pauses = st.lists(st.floats(0, 3, allow_nan=False), min_size=1, max_size=120)


@settings(max_examples=40)
@given(pauses=pauses)
def test_the_documented_bucket_would_refuse_no_schedule_of_requests(pauses):
    """However long anybody dawdles between two requests."""
    clock = SteppedClock()
    bucket = TokenBucket(clock)

    async def main():
        level, at = 25.0, 0.0
        for pause in pauses:
            clock.seconds += pause
            for _ in range(4):
                ticket = await bucket.take()
                level, at = min(25.0, level + (ticket.at_seconds - at) * 25.0), ticket.at_seconds
                assert level >= 1
                level -= 1

    asyncio.run(main())


@settings(max_examples=40)
@given(
    limit=st.one_of(st.none(), st.integers(1, 1_000_000)),
    remaining=st.one_of(st.none(), st.integers(0, 1_000_000)),
    status=st.sampled_from([200, 400, 429, 503]),
    retry_after=st.one_of(st.none(), st.floats(0, 3600)),
)
def test_no_answer_whatever_its_headers_makes_it_wait_for_ever_or_not_at_all(limit, remaining, status, retry_after):
    clock = SteppedClock()
    bucket = TokenBucket(clock)

    async def main():
        for _ in range(10):
            bucket.observe(await bucket.take(), answer(status, limit, remaining, retry_after))
        return bucket.rate_per_second

    rate = asyncio.run(main())
    assert 0 < rate <= (limit or 25)
    assert clock.seconds <= 10 * 3600 + 3700


def test_a_new_limit_counts_from_the_next_request_both_ways(clock, virtually):
    async def main():
        bucket = TokenBucket(clock)
        rates = [bucket.rate_per_second]
        for limit in (100, 10, 25):
            bucket.observe(await bucket.take(), answer(limit=limit, remaining=limit - 1))
            rates.append(bucket.rate_per_second)
        return rates

    assert virtually(main()) == pytest.approx([25 * 0.998, 100 * 0.998, 10 * 0.998, 25 * 0.998])


def test_a_cap_and_a_share_go_under_the_limit(clock):
    assert TokenBucket(clock, cap=5).rate_per_second == pytest.approx(5 * 0.998)
    assert TokenBucket(clock, share=0.5).rate_per_second == pytest.approx(12.5 * 0.998)
    assert TokenBucket(clock, cap=20, share=0.5).rate_per_second == pytest.approx(12.5 * 0.998)


def test_a_cap_below_one_a_second_still_sends(clock, virtually):
    async def main():
        bucket = TokenBucket(clock, cap=0.5)
        return [(await bucket.take()).at_seconds for _ in range(3)]

    assert virtually(main()) == pytest.approx([0, 2, 4], rel=0.01)


def test_who_comes_after_somebody_else_uses_only_what_is_refilled_from_then_on(clock, virtually):
    async def main():
        bucket = TokenBucket(clock)
        bucket.others_were_here()
        return [(await bucket.take()).at_seconds for _ in range(3)]

    assert virtually(main()) == pytest.approx([0.04, 0.08, 0.12], rel=0.01)


def test_only_writes_are_capped(clock):
    throttles = Throttles(clock, cap=2)
    assert throttles[Category.WRITE].rate_per_second < 2
    assert throttles[Category.SEARCH].rate_per_second > 24


def test_after_a_429_nobody_sends_before_retry_after(clock, virtually):
    async def main():
        bucket = TokenBucket(clock)
        ticket = await bucket.take()
        bucket.observe(ticket, answer(429, retry_after=7.0))
        return [(await bucket.take()).at_seconds for _ in range(2)], bucket.stats.refusals

    sent_at, refusals = virtually(main())
    assert min(sent_at) >= 7.0
    assert refusals == 1


def test_a_429_lowers_the_rate_once_for_all_that_were_under_way_and_time_raises_it_again(clock, virtually):
    async def main():
        bucket = TokenBucket(clock)
        tickets = [await bucket.take() for _ in range(10)]
        await clock.sleep(0.1)
        for ticket in tickets:
            bucket.observe(ticket, answer(429, retry_after=1.0))
        lowered = bucket.rate_per_second
        await clock.sleep(60)
        await bucket.take()
        return lowered, bucket.rate_per_second

    lowered, risen = virtually(main())
    assert lowered == pytest.approx(25 * 0.998 * 0.7)
    assert risen == pytest.approx(25 * 0.998)


def test_429s_without_retry_after_pause_longer_each_time(clock, virtually):
    async def main():
        bucket = TokenBucket(clock)
        pauses = []
        for _ in range(8):
            ticket = await bucket.take()
            await clock.sleep(0.01)
            bucket.observe(ticket, answer(429))
            pauses.append((await bucket.take()).at_seconds - ticket.at_seconds)
        return pauses

    pauses = virtually(main())
    assert pauses == sorted(pauses)
    assert pauses[0] < 1
    assert 29 < pauses[-1] < 60


def test_waiting_is_first_come_first_served(clock, virtually):
    async def main():
        bucket, order = TokenBucket(clock, 1), []

        async def one(name):
            await bucket.take()
            order.append(name)

        await asyncio.gather(*(one(name) for name in range(6)))
        return order

    assert virtually(main()) == list(range(6))


def test_one_who_gives_up_waiting_loses_nobodys_turn(clock, virtually):
    async def main():
        bucket = TokenBucket(clock, 1)
        await bucket.take()
        impatient = asyncio.create_task(bucket.take())
        patient = asyncio.create_task(bucket.take())
        await clock.sleep(0.5)
        impatient.cancel()
        return (await patient).at_seconds

    assert virtually(main()) == pytest.approx(1, rel=0.01)


def test_the_time_that_everybody_waited_is_counted(clock, virtually):
    async def main():
        bucket = TokenBucket(clock, 1)
        await asyncio.gather(*(bucket.take() for _ in range(3)))
        return bucket.stats.waited_seconds

    assert virtually(main()) == pytest.approx(1 + 2, rel=0.01)
