"""What is news, held against what was last told?"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from etl.notify.change import Event, news
from etl.records import JobState

MONDAY = datetime(2026, 11, 23, 2, tzinfo=UTC)
TUESDAY = MONDAY + timedelta(days=1)


def digests(*numbers):
    return frozenset(bytes([number] * 8) for number in numbers)


FINE = JobState(failing=False, since=MONDAY)
THREE = JobState(failing=True, since=MONDAY, codes=("not_found",), rows=3, row_digests=digests(1, 2, 3))
DOWN = JobState(failing=True, since=TUESDAY, stopped_by=("service_down",), row_digests=frozenset())


def tomorrow(state, **changes):
    return replace(state, since=TUESDAY, **changes)


@pytest.mark.parametrize("before", [None, FINE])
def test_a_good_night_after_nothing_bad_is_no_news(before):
    assert news(before, tomorrow(FINE)).event is None


def test_a_good_night_after_a_bad_one_is_a_recovery():
    told = news(THREE, tomorrow(FINE))
    assert (told.event, told.state.failing, told.state.since) == (Event.RECOVERED, False, TUESDAY)


@pytest.mark.parametrize("before", [None, FINE])
@pytest.mark.parametrize("found", [THREE, DOWN])
def test_a_bad_night_after_none_is_news(before, found):
    assert news(before, found).event is Event.FAILED


def test_the_same_three_rows_are_no_news():
    told = news(THREE, tomorrow(THREE))
    assert (told.event, told.state.since) == (None, MONDAY)


def test_fewer_of_the_same_rows_are_no_news():
    assert news(THREE, tomorrow(THREE, rows=1, row_digests=digests(2))).event is None


def test_another_row_is_news_also_where_the_number_is_the_same():
    told = news(THREE, tomorrow(THREE, row_digests=digests(1, 2, 4)))
    assert (told.event, told.new_rows) == (Event.FAILED, 1)


def test_another_kind_of_problem_is_news():
    assert news(THREE, tomorrow(THREE, codes=("not_found", "unknown_status"))).event is Event.FAILED


def test_one_more_row_without_a_key_is_news():
    """Nothing tells such rows apart but their number."""
    without_key = replace(THREE, rows=4)
    assert news(without_key, tomorrow(without_key)).event is None
    assert news(without_key, tomorrow(without_key, rows=5)).new_rows == 1


def test_rows_beyond_those_that_are_kept_are_compared_by_their_number():
    many = replace(THREE, rows=50_000, row_digests=None)
    assert news(many, tomorrow(many)).event is None
    assert news(many, tomorrow(many, rows=50_001)).new_rows == 1


def test_the_same_stop_is_no_news_and_another_one_is():
    assert news(DOWN, tomorrow(DOWN)).event is None
    assert news(DOWN, tomorrow(DOWN, stopped_by=("key_refused",))).event is Event.FAILED


def test_rows_that_failed_before_a_stop_are_no_news_when_they_are_seen_again():
    stopped = news(THREE, DOWN)
    assert stopped.event is Event.FAILED
    assert news(stopped.state, tomorrow(THREE)).event is None
