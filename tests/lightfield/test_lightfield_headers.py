"""What do headers say, and what when they lie?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.lightfield.answer import RateReading
from etl.lightfield.headers import ServerClock, read_date, read_rate, read_retry_after

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("7", 7),
        ("1.5", 1.5),
        ("Fri, 20 Nov 2026 12:00:30 GMT", 30),
        ("Fri, 20 Nov 2026 11:00:00 GMT", 0),
        ("", None),
        ("-1", None),
        ("soon", None),
        ("1e9", None),
        ("NaN", None),
        ("٣", None),
        ("99999999999999999999", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_else_nothing(text, seconds):
    assert read_retry_after({"retry-after": text}, NOON) == seconds


def test_a_retry_after_date_needs_the_servers_time():
    assert read_retry_after({"retry-after": "Fri, 20 Nov 2026 12:00:30 GMT"}, None) is None


@pytest.mark.parametrize(
    ("limit", "remaining", "reading"),
    [
        ("25", "24", RateReading(25, 24)),
        ("0", "0", RateReading(None, 0)),
        ("-5", "-1", RateReading()),
        ("25", "26", RateReading(25, None)),
        ("1e6", "x", RateReading()),
        ("99999999", "3", RateReading(None, 3)),
    ],
)
def test_odd_limits_are_none(limit, remaining, reading):
    assert read_rate({"x-ratelimit-limit": limit, "x-ratelimit-remaining": remaining}) == reading


@given(text=st.text(max_size=40))
def test_no_header_breaks_the_reading(text):
    headers = dict.fromkeys(("retry-after", "date", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"), text)
    read_rate(headers)
    waited = read_retry_after(headers, read_date(headers) or NOON)
    assert waited is None or waited >= 0


def test_before_any_answer_our_own_clock_tells_the_servers_time(hand_clock):
    assert ServerClock(hand_clock).now() == hand_clock.wall


def test_the_servers_time_goes_on_from_its_last_date(hand_clock):
    server = ServerClock(hand_clock)
    server.observe(NOON + timedelta(hours=5))
    hand_clock.seconds += 90
    server.observe(None)
    assert server.now() == NOON + timedelta(hours=5, seconds=90)


def test_dates_cut_to_seconds_do_not_make_it_jump_back(hand_clock):
    server = ServerClock(hand_clock)
    server.observe(NOON)
    hand_clock.seconds += 0.9
    server.observe(NOON)
    assert server.now() == NOON + timedelta(seconds=0.9)


def test_an_answer_that_came_while_the_machine_slept_is_no_news_of_the_time(hand_clock):
    """Its Date was written at any moment of its latency: taken for now, it would make old intents look young."""
    server = ServerClock(hand_clock)
    server.observe(NOON)
    hand_clock.seconds += 26 * 3600
    server.observe(NOON + timedelta(seconds=1), latency_seconds=26 * 3600)
    assert server.now() == NOON + timedelta(hours=26)


def test_a_date_from_before_a_short_request_is_taken_for_a_clock_that_was_set(hand_clock):
    server = ServerClock(hand_clock)
    server.observe(NOON)
    hand_clock.seconds += 3600
    server.observe(NOON, latency_seconds=0.2)
    assert server.now() == NOON


def test_a_slow_answer_that_is_ahead_of_us_is_believed(hand_clock):
    server = ServerClock(hand_clock)
    server.observe(NOON)
    hand_clock.seconds += 60
    server.observe(NOON + timedelta(minutes=5), latency_seconds=50.0)
    assert server.now() == NOON + timedelta(minutes=5)


def test_a_server_whose_clock_was_set_is_followed(hand_clock):
    server = ServerClock(hand_clock)
    server.observe(NOON)
    for moved in (NOON + timedelta(minutes=10), NOON - timedelta(minutes=10)):
        server.observe(moved)
        assert server.now() == moved
