"""When does the run stop, and what does it say?"""

from __future__ import annotations

import itertools
from datetime import timedelta

import httpx
import pytest

from etl.config.amounts import CountOrShare
from etl.errors import KeyRefusedError, LimitReachedError, ServiceDownError, StoppedError
from etl.records import Action


def refusal(status=400, code="unknown_field", param="fields.$x"):
    return httpx.Response(status, json={"error": {"type": "bad_request", "code": code, "param": param, "message": "no such field"}})


@pytest.fixture
def load(rig, virtually, clock, make_operation):
    """Sends ``rows`` creates to a server; the rig, the seconds that it took and the requests that it made."""

    def go(answer, rows, **more):
        requests = itertools.count(1)
        sent = []

        async def serve(request):
            sent.append(next(requests))
            await clock.sleep(0.05)
            result = answer(sent[-1])
            if isinstance(result, Exception):
                raise result
            return result

        used = rig(serve, **more)

        async def main():
            await used.send_all(make_operation(number) for number in range(rows))
            return clock.elapsed_seconds()

        return used, virtually(main()), len(sent)

    return go


@pytest.mark.parametrize("trouble", [httpx.ConnectError("refused"), httpx.ReadError("reset"), httpx.Response(503)])
def test_a_dead_service_stops_the_run_in_well_under_a_minute(load, trouble):
    used, seconds, _ = load(lambda _: trouble, 5000)
    assert isinstance(used.stop.error, ServiceDownError)
    assert 20 <= seconds < 45
    assert "run the same command again" in used.stop.error.next_step


def test_a_service_that_answers_now_and_then_is_not_down(load, task_answer):
    used, _, _ = load(lambda number: task_answer() if number % 8 == 0 else httpx.Response(503), 60)
    assert used.stop.error is None


def test_the_first_fifty_rows_refused_alike_stop_the_run_and_name_the_refusal(load):
    used, _, sent = load(lambda _: refusal(), 5000)
    assert isinstance(used.stop.error, ServiceDownError)
    assert "unknown_field" in used.stop.error.message
    assert 50 <= sent < 110


def test_one_success_among_them_lets_it_go_on(load, task_answer):
    used, _, sent = load(lambda number: task_answer() if number == 20 else refusal(), 200)
    assert (used.stop.error, sent) == (None, 200)


def test_two_kinds_of_refusal_let_it_go_on(load):
    used, _, sent = load(lambda number: refusal(param="fields.$y" if number % 2 else "fields.$x"), 200)
    assert (used.stop.error, sent) == (None, 200)


def test_a_401_stops_the_run_at_once(load, task_answer):
    used, _, sent = load(lambda number: refusal(401, "unauthorized", None) if number > 100 else task_answer(), 5000)
    assert isinstance(used.stop.error, KeyRefusedError)
    assert sent < 130


def test_a_403_stops_the_run_before_it_has_written(load):
    used, _, sent = load(lambda _: refusal(403, None, None), 5000)
    assert isinstance(used.stop.error, KeyRefusedError)
    assert sent < 40


def test_a_403_is_the_rows_own_after_a_success(load, task_answer):
    used, _, _ = load(lambda number: refusal(403, None, None) if number == 50 else task_answer(), 100)
    assert used.stop.error is None
    assert [outcome.action for outcome in used.outcomes].count(Action.FAILED) == 1


def test_ten_403s_in_a_row_stop_the_run(load, task_answer):
    used, _, sent = load(lambda number: refusal(403, None, None) if number > 50 else task_answer(), 5000)
    assert isinstance(used.stop.error, KeyRefusedError)
    assert 60 <= sent < 90


def test_max_failures_as_a_count(load, task_answer):
    used, _, _ = load(lambda number: refusal() if number % 2 else task_answer(), 5000, max_failures=CountOrShare(count=5))
    failed = [outcome.action for outcome in used.outcomes].count(Action.FAILED)
    assert isinstance(used.stop.error, LimitReachedError)
    assert 6 <= failed < 30


@pytest.mark.parametrize(("rows", "stops"), [(90, False), (5000, True)])
def test_max_failures_as_a_share_counts_from_a_hundred_rows_on(load, task_answer, rows, stops):
    used, _, sent = load(lambda number: refusal() if number % 2 else task_answer(), rows, max_failures=CountOrShare(share=0.1))
    assert (used.stop.error is not None) is stops
    assert min(90, rows) <= sent < 140


def test_max_duration_stops_the_run_then(load, task_answer):
    used, seconds, _ = load(lambda _: task_answer(), 5000, max_duration_seconds=10)
    assert isinstance(used.stop.error, LimitReachedError)
    assert 10 <= seconds < 11


def test_the_third_older_task_stops_the_run_and_names_both_causes(load, task_answer, clock):
    used, _, sent = load(lambda _: task_answer(created_at=clock.now() - timedelta(hours=3), **{"$title": "other"}), 5000)
    assert type(used.stop.error) is StoppedError
    assert "ledger" in used.stop.error.message
    assert "share one name" in used.stop.error.message
    assert sent < 120
