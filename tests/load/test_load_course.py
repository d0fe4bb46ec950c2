"""Is the course of a load told by the second while it is short, and in as little memory when it is long?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.load.course import MOST_STEPS, CourseRecorder

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Hand:
    """A clock whose hand is moved."""

    def __init__(self):
        self.seconds = 1000.0

    def now(self):
        return NOON + timedelta(seconds=self.seconds - 1000.0)

    def elapsed_seconds(self):
        return self.seconds


@pytest.fixture
def hand():
    return Hand()


@pytest.fixture
def recorder(hand):
    return CourseRecorder(hand)


def write(recorder, hand, *, times=1, latency_seconds=0.08):
    for _ in range(times):
        recorder.request_sent(repeats=False)
        recorder.answered(latency_seconds, throttled=False)
        recorder.written()


def test_nothing_sent_is_no_course(recorder):
    assert recorder.course() is None


def test_each_second_from_the_first_request_on_has_its_figures_and_idle_ones_have_zeros(recorder, hand):
    hand.seconds += 5.3
    write(recorder, hand, times=3)
    hand.seconds += 2.5
    recorder.request_sent(repeats=True)
    recorder.answered(0.2, throttled=True)
    course = recorder.course()
    assert (course.began_at, course.step_seconds) == (NOON + timedelta(seconds=5.3), 1)
    assert (course.requests, course.written) == ((3, 0, 1), (3, 0, 0))
    assert (course.retries, course.throttled) == ((0, 0, 1), (0, 0, 1))


def test_a_limit_holds_until_it_changes(recorder, hand):
    for limit in (25.0, None, None, 30.0, None):
        recorder.request_sent(repeats=False)
        if limit:
            recorder.limited(limit, limit * 0.9)
        hand.seconds += 1
    course = recorder.course()
    assert course.limit_per_second == (25.0, 25.0, 25.0, 30.0, 30.0)
    assert course.pace_per_second == (22.5, 22.5, 22.5, 27.0, 27.0)


@given(st.lists(st.floats(0.0002, 900), min_size=1, max_size=40))
def test_latencies_are_told_to_within_five_percent(latencies):
    recorder = CourseRecorder(Hand())
    recorder.request_sent(repeats=False)
    for latency in latencies:
        recorder.answered(latency, throttled=False)
    course, ordered = recorder.course(), sorted(latency * 1000 for latency in latencies)
    for told, share in ((course.latency_p50_ms, 50), (course.latency_p95_ms, 95)):
        assert told[0] == pytest.approx(ordered[(share * len(ordered) + 99) // 100 - 1], rel=0.05)
    assert course.latency_max_ms == (pytest.approx(ordered[-1]),)


def test_a_second_without_an_answer_has_no_latency(recorder, hand):
    write(recorder, hand)
    hand.seconds += 1
    recorder.request_sent(repeats=False)
    assert recorder.course().latency_p50_ms[1] is None
    assert recorder.course().latency_max_ms[1] is None


@given(st.lists(st.tuples(st.floats(0, 100_000), st.integers(0, 5)), max_size=60))
def test_however_long_a_load_lasts_nothing_is_lost_and_steps_stay_few(pauses):
    hand = Hand()
    recorder = CourseRecorder(hand)
    write(recorder, hand)
    for pause, times in pauses:
        hand.seconds += pause
        write(recorder, hand, times=times)
    course = recorder.course()
    assert len(course.requests) <= MOST_STEPS
    assert sum(course.requests) == sum(course.written) == 1 + sum(times for _, times in pauses)
    assert len(course.requests) * course.step_seconds <= hand.seconds - 1000 + course.step_seconds


def test_a_long_load_is_told_in_longer_steps(recorder, hand):
    for _ in range(1000):
        write(recorder, hand, times=25)
        hand.seconds += 1
    course = recorder.course()
    assert course.step_seconds == 8
    assert set(course.written) == {200}
    assert course.latency_p50_ms[0] == pytest.approx(80, rel=0.05)


def test_a_whole_load_is_recorded_against_the_limit_that_the_service_told(rig, virtually, sandbox, make_operation):
    used = rig(sandbox)
    virtually(used.send_all(make_operation(number) for number in range(200)))
    course = used.means.stats.course()
    assert sum(course.written) == sum(course.requests) == 200
    assert set(course.limit_per_second) == {25.0}
    assert max(course.requests[1:]) <= 26
