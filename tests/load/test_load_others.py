"""How much of the limit do others take?"""

from __future__ import annotations

import pytest

from etl.load.others import OthersMeter


def watch(meter, seconds, ours, others, *, level=20.0, limit=25.0, began=0.0, sent=0):
    """Answers to ``ours`` requests a second while others take theirs, from a bucket that is never full."""
    for number in range(1, int(seconds * ours) + 1):
        at = number / ours
        left = level + at * (limit - ours - others)
        meter.count(began + at, sent + number, int(left), limit)
    return meter.per_second


def test_what_the_count_lost_and_we_did_not_send_others_took():
    assert watch(OthersMeter(), 6, ours=18, others=10) == pytest.approx(10, abs=0.5)


def test_alone_nobody_takes_anything():
    assert watch(OthersMeter(), 6, ours=25, others=0) == pytest.approx(0, abs=0.1)


def test_a_few_answers_say_nothing():
    assert watch(OthersMeter(), 1, ours=18, others=10) == 0


def test_when_they_leave_it_is_known_within_three_seconds():
    meter = OthersMeter()
    watch(meter, 6, ours=15, others=10)
    assert watch(meter, 3.5, ours=25, others=0, began=6, sent=90) < 1


def test_of_a_full_bucket_nothing_is_concluded():
    meter = OthersMeter()
    for number in range(1, 40):
        meter.count(number / 5, number, 24, 25.0)
    assert meter.per_second == 0


def test_what_others_take_is_never_below_nothing_nor_above_the_limit():
    meter = OthersMeter()
    for number in range(1, 200):
        meter.count(number / 20, number, (number * 7) % 23, 25.0)
        assert 0 <= meter.per_second <= 25


def test_answers_that_come_out_of_order_are_taken_as_they_come():
    meter = OthersMeter()
    for number in range(1, 200):
        swapped = number + (1 if number % 2 else -1)
        meter.count(swapped / 25, swapped, 12, 25.0)
    assert meter.per_second == pytest.approx(0, abs=1)
