"""When is an attempt repeated, how long after, and until when? Arithmetic, without a clock."""

from __future__ import annotations

import asyncio
from random import Random

import pytest
from tenacity import AsyncRetrying, RetryCallState

from etl.lightfield.answer import Answer, NoAnswerError, RateReading
from etl.load.retry import StopWhenHopeless, StopWhenTooLong, StopWhenUsedUp, Tried, WaitAsTheServerSays, try_until
from etl.load.stop import StopAskedError, StopSwitch
from etl.load.verdict import judge


def answered(status, retry_after=None, used_up=1):
    answer = Answer(status, {"id": "task_1"}, None, RateReading(), retry_after, None, 0.1)
    return Tried(judge(answer), answer, used_up)


def state(tried, upcoming_sleep=0.0):
    """As tenacity holds it after an attempt."""
    state = RetryCallState(AsyncRetrying(), None, (), {})
    state.set_result(tried)
    state.upcoming_sleep = upcoming_sleep
    return state


@pytest.mark.parametrize("seconds", [0.0, 1.0, 61.0, 899.0])
def test_retry_after_is_kept_to_the_second_and_never_shortened(seconds):
    assert WaitAsTheServerSays(Random(1))(state(answered(503, seconds))) == seconds


@pytest.mark.parametrize(("used_up", "longest"), [(1, 0.5), (2, 1.0), (3, 2.0), (6, 16.0), (7, 30.0), (90, 30.0)])
def test_without_it_the_wait_is_full_jitter_below_a_doubling_bound(used_up, longest):
    wait = WaitAsTheServerSays(Random(1))
    waits = [wait(state(answered(500, used_up=used_up))) for _ in range(300)]
    assert 0 <= min(waits) < 0.1 * longest
    assert 0.9 * longest < max(waits) <= longest


def test_after_a_bare_429_the_throttle_alone_makes_it_wait():
    assert WaitAsTheServerSays(Random(1))(state(answered(429))) == 0


def test_attempts_run_out_by_those_that_were_used_up():
    stop = StopWhenUsedUp(3)
    assert [stop(state(answered(500, used_up=count))) for count in (1, 2, 3)] == [False, False, True]


def test_a_wait_beyond_patience_is_not_begun():
    stop = StopWhenTooLong(lambda: 900.0)
    assert not stop(state(answered(503, 900.0), upcoming_sleep=900.0))
    assert stop(state(answered(503, 901.0), upcoming_sleep=901.0))


def test_a_read_is_hopeless_after_two_attempts_in_more_than_the_time(clock):
    stop = StopWhenHopeless(clock, 20.0)
    assert not stop(state(answered(500, used_up=2)))
    clock.suspended = 21.0
    assert not stop(state(answered(500, used_up=1)))
    assert stop(state(answered(500, used_up=2)))


def test_being_throttled_a_hundred_times_uses_no_attempt(clock, virtually):
    answers = [answered(429, 1.0, used_up=0)] * 100 + [answered(200, used_up=1)]

    async def attempt():
        return answers.pop(0)

    async def main():
        return await try_until(attempt, StopWhenUsedUp(2), clock=clock, random=Random(1), stop=StopSwitch()), clock.elapsed_seconds()

    tried, seconds = virtually(main())
    assert (tried.answer.status, seconds) == (200, 100.0)


def test_a_stop_ends_the_wait_at_once(clock, virtually):
    stop = StopSwitch()

    async def attempt():
        return answered(503, 600.0)

    async def main():
        asyncio.get_running_loop().call_later(3, stop.ask, "SIGINT")
        with pytest.raises(StopAskedError):
            await try_until(attempt, StopWhenUsedUp(9), clock=clock, random=Random(1), stop=stop)
        return clock.elapsed_seconds()

    assert virtually(main()) == 3


def test_no_answer_has_no_retry_after():
    error = NoAnswerError("read_timeout", "…", may_be_executed=True)
    assert Tried(judge(error), None, 1).retry_after_seconds is None
