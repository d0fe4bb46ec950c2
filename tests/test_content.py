"""Is the task the one that was sent, by meaning?"""

from __future__ import annotations

import pytest

from etl.content import differences
from etl.lightfield.models import TaskView


def task(fields=None, relationships=None):
    return TaskView("task_1", None, None, None, fields or {}, relationships or {})


@pytest.mark.parametrize(
    ("key", "sent", "held"),
    [
        ("$title", "Call", "Call "),
        ("$description", "one\r\ntwo  \n", "one\ntwo"),
        ("$description", "", None),
        ("$dueAt", "2026-11-20T17:00:00-05:00", "2026-11-20T22:00:00.000Z"),
    ],
)
def test_two_ways_to_write_the_same_are_equal(key, sent, held):
    assert differences({"fields": {key: sent}}, task({key: held})) == {}


@pytest.mark.parametrize(
    ("key", "sent", "held"),
    [("$title", "Call", "call"), ("$status", "TODO", "COMPLETE"), ("$dueAt", "2026-11-20", None), ("$description", "a b", "a  b")],
)
def test_what_means_something_else_is_named_with_what_is_held(key, sent, held):
    assert differences({"fields": {key: sent}}, task({key: held})) == {key: held}


def test_ids_are_compared_as_sets():
    held = task(relationships={"$assignedTo": ("m1",), "partners": ("a", "b")})
    assert differences({"relationships": {"$assignedTo": "m1", "partners": ["b", "a"]}}, held) == {}
    assert differences({"relationships": {"partners": ["a"]}}, held) == {"partners": ["a", "b"]}


def test_what_was_not_sent_is_not_compared():
    assert differences({"fields": {"$title": "a"}}, task({"$title": "a", "$status": "TODO"}, {"$createdBy": ("m1",)})) == {}
