"""What does each answer mean?"""

from __future__ import annotations

import pytest

from etl.lightfield.answer import Answer, NoAnswerError, RateReading
from etl.load.verdict import Executed, Kind, judge, judge_read


def answer(status, body=None):
    return Answer(status, body, None, RateReading(), None, None, 0.1)


@pytest.mark.parametrize(
    ("status", "kind", "executed", "counts"),
    [
        (200, "done", "yes", True),
        (201, "done", "yes", True),
        (302, "fail_row", "no", True),
        (308, "fail_row", "no", True),
        (400, "fail_row", "no", True),
        (401, "stop_run", "no", True),
        (402, "fail_row", "no", True),
        (403, "stop_run", "no", True),
        (404, "fail_row", "no", True),
        (408, "retry", "maybe", True),
        (409, "retry", "maybe", True),
        (413, "fail_row", "no", True),
        (415, "fail_row", "no", True),
        (418, "fail_row", "no", True),
        (422, "fail_row", "no", True),
        (429, "retry", "no", False),
        (500, "retry", "maybe", True),
        (502, "retry", "maybe", True),
        (503, "retry", "maybe", True),
        (504, "retry", "maybe", True),
        (520, "retry", "maybe", True),
        (600, "retry", "maybe", True),
        (999, "retry", "maybe", True),
    ],
)
def test_each_status_has_its_verdict(status, kind, executed, counts):
    verdict = judge(answer(status, {"id": "task_1"}))
    assert (verdict.kind, verdict.executed, verdict.counts) == (kind, executed, counts)
    assert verdict.code
    assert verdict.sentence


@pytest.mark.parametrize("body", [None, {}, {"id": None}, {"id": ""}, {"id": 7}, {"id": ".."}, {"id": "x" * 256}])
def test_a_success_without_an_id_is_repeated_because_it_may_be_executed(body):
    verdict = judge(answer(200, body))
    assert (verdict.kind, verdict.executed, verdict.code) == (Kind.RETRY, Executed.MAYBE, "unreadable_answer")


def test_an_empty_success_will_do_for_a_trash():
    assert judge(answer(204), needs_body=False).kind is Kind.DONE


def test_a_403_is_the_rows_own_once_the_key_has_written():
    assert judge(answer(403), key_has_written=True).kind is Kind.FAIL_ROW


@pytest.mark.parametrize(("may_be_executed", "executed"), [(True, Executed.MAYBE), (False, Executed.NO)])
def test_no_answer_is_repeated_and_keeps_its_doubt(may_be_executed, executed):
    verdict = judge(NoAnswerError("read_timeout", "no answer in time", may_be_executed=may_be_executed))
    assert (verdict.kind, verdict.executed, verdict.code) == (Kind.RETRY, executed, "read_timeout")


def test_a_read_needs_a_json_object_but_no_id():
    assert judge_read(answer(200, {"data": []})).kind is Kind.DONE
    assert judge_read(answer(200)).kind is Kind.RETRY
