"""The buckets admit what is documented and not one request more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.sandbox.limits import Category, Limits

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SECONDS = st.floats(0, 3, allow_nan=False)


def test_25_writes_pass_at_once_and_the_26th_is_told_to_wait(call, sandbox, clock, task):
    for left in range(24, -1, -1):
        answer = call("POST", "/v1/tasks", task)
        assert answer.status == 200
        assert answer.headers["x-ratelimit-limit"] == "25"
        assert answer.headers["x-ratelimit-remaining"] == str(left)
    refused = call("POST", "/v1/tasks", task)
    assert refused.status == 429
    assert refused.error["type"] == "too_many_requests"
    assert refused.headers["retry-after"] == "1"
    assert refused.headers["x-ratelimit-reset"] == str(int(clock.now().timestamp()) + 1)
    assert len(sandbox.tasks) == 25
    assert sandbox.throttled == {Category.WRITE: 1}


def test_the_bucket_refills_by_one_every_40_ms(call, clock, task):
    for _ in range(25):
        call("POST", "/v1/tasks", task)
    statuses = []
    for _ in range(4):
        clock.advance(milliseconds=20)
        statuses.append(call("POST", "/v1/tasks", task).status)
    assert statuses == [429, 200, 429, 200]


def test_the_categories_do_not_draw_on_each_other(call, task):
    for _ in range(25):
        call("POST", "/v1/tasks", task)
    assert call("GET", "/v1/tasks").headers["x-ratelimit-remaining"] == "24"
    assert call("GET", "/v1/tasks/definitions").headers["x-ratelimit-remaining"] == "24"
    assert call("DELETE", "/v1/tasks/none").status == 429


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/v1/tasks/none", {}, 404),
        ("/v1/nothing", {}, 404),
        ("/v1/auth/validate", {"authorization": None}, 401),
        ("/v1/auth/validate", {"lightfield_version": None}, 400),
    ],
)
def test_every_answer_carries_the_headers_and_the_servers_date(call, path, headers, status):
    answer = call("GET", path, None, **headers)
    assert answer.status == status
    assert {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"} <= answer.headers.keys()
    assert answer.headers["date"] == "Mon, 02 Mar 2026 08:00:00 GMT"


def test_a_refused_request_draws_on_the_bucket_and_a_stranger_does_not(call):
    call("POST", "/v1/tasks", {})
    call("POST", "/v1/tasks", {}, authorization="Bearer sk_lf_stranger")
    assert call("POST", "/v1/tasks", {}).headers["x-ratelimit-remaining"] == "23"


def test_the_rate_changes_at_run_time(call, sandbox, clock, task):
    sandbox.limits.set_rate(Category.WRITE, 2)
    assert [call("POST", "/v1/tasks", task).status for _ in range(3)] == [200, 200, 429]
    clock.advance(milliseconds=500)
    answers = [call("POST", "/v1/tasks", task) for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 429]
    assert answers[0].headers["x-ratelimit-limit"] == "2"


def test_another_integration_takes_its_share(sandbox, call, clock, task):
    sandbox.limits.drain(Category.WRITE, 20, clock.now())
    assert call("POST", "/v1/tasks", task).headers["x-ratelimit-remaining"] == "4"
    sandbox.limits.drain(Category.WRITE, 20, clock.now())
    assert call("POST", "/v1/tasks", task).status == 429


@settings(max_examples=40)
@given(pauses=st.lists(SECONDS, min_size=1, max_size=150), rate=st.floats(0.5, 60))
def test_no_pattern_of_requests_gets_more_than_capacity_and_refill(pauses, rate):
    limits, now, admitted = Limits(write=rate), START, []
    for pause in pauses:
        now += timedelta(seconds=pause / 10)
        if limits.take(Category.WRITE, now).admitted:
            admitted.append(now)
    capacity = max(1, int(rate))
    for first in range(len(admitted)):
        for last in range(first, len(admitted)):
            seconds = (admitted[last] - admitted[first]).total_seconds()
            assert last - first + 1 <= capacity + seconds * rate + 1e-3


def test_a_caller_who_keeps_exactly_to_the_rate_is_never_refused(clock):
    limits = Limits()
    for _ in range(25):
        limits.take(Category.WRITE, clock.now())
    for _ in range(10_000):
        clock.advance(milliseconds=40)
        assert limits.take(Category.WRITE, clock.now()).admitted


def test_a_clock_that_jumps_back_gives_nothing_away(clock):
    limits = Limits()
    for _ in range(25):
        limits.take(Category.WRITE, clock.now())
    clock.advance(hours=-1)
    assert not limits.take(Category.WRITE, clock.now()).admitted
    clock.advance(milliseconds=40)
    assert limits.take(Category.WRITE, clock.now()).admitted


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf")])
def test_a_rate_that_is_none_is_refused(rate):
    with pytest.raises(ValueError, match="above 0"):
        Limits(write=rate)
    with pytest.raises(ValueError, match="above 0"):
        Limits().set_rate(Category.WRITE, rate)
