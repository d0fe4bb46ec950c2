"""Is the task the one that was sent, by meaning?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.content import body_meaning, differences, digest, fold_stamped, stamp_prefix, stamped_keys, task_meaning
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


FIELDS, RELATIONSHIPS = ("$title", "$description", "$dueAt"), ("$assignedTo", "partners")
TEXTS = st.sampled_from(["", "Call", "Call ", "one\r\ntwo  \n", "one\ntwo", "2026-11-20T17:00:00Z", "2026-11-20T17:00:00.000Z"])


@given(st.fixed_dictionaries(dict.fromkeys(FIELDS, TEXTS)), st.fixed_dictionaries(dict.fromkeys(FIELDS, TEXTS)))
def test_equal_meanings_are_those_between_which_there_is_no_difference(sent, held):
    same = differences({"fields": sent}, task(held)) == {}
    assert (body_meaning({"fields": sent}, FIELDS, ()) == task_meaning(task(held), FIELDS, ())) == same


def test_what_is_left_out_means_the_same_as_what_is_empty():
    held = task({"$title": "a", "$description": None}, {"$assignedTo": ("m",), "partners": ()})
    said = {"fields": {"$title": "a"}, "relationships": {"$assignedTo": ["m"]}}
    assert digest(body_meaning(said, FIELDS, RELATIONSHIPS)) == digest(task_meaning(held, FIELDS, RELATIONSHIPS))


@pytest.mark.parametrize(
    ("description", "keys"),
    [
        (None, set()),
        ("Source: other 7", set()),
        ("Notes\n\nSource: my import 0042", {"0042"}),
        ("Source: my import 7\nthen people wrote", {"7", "7 then people wrote"}),
        ("Source: my import 7\n\nthen people wrote", {"7"}),
        ("Source: my import 1\n\nSource: my import 2", {"2"}),
        ("Source: my import a\\_b", {"a_b"}),
        ("Source: my importer 7", set()),
    ],
)
def test_the_last_stamp_of_an_import_names_its_row_whatever_stands_around_it(description, keys):
    assert stamped_keys(description, "my import") == keys


@given(st.text(min_size=1).filter(lambda key: key.strip() == key))
def test_every_key_is_found_again_in_its_stamp(key):
    assert fold_stamped(key) in stamped_keys(f"Notes\n\n{stamp_prefix('my import')}{key}", "my import") or not fold_stamped(key)
