"""What a changed row sends: what the source alone changed, and nothing over what people did."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.plan.three_way import Side, Written, compare, merge, touched

TARGETS = ("$title", "$status", "$description", "$dueAt", "$assignedTo", "$account")
FIELDS = TARGETS[:4]
WORDS = st.sampled_from([None, "a", "b", "c"])
CONTENTS = st.fixed_dictionaries(dict.fromkeys(TARGETS, WORDS))


def body(values):
    fields = {target: value for target, value in values.items() if target in FIELDS and value is not None}
    related = {target: value for target, value in values.items() if target not in FIELDS and value is not None}
    return {"fields": fields, "relationships": related}


def task(values):
    related = {target: (value,) for target, value in values.items() if target not in FIELDS and value is not None}
    return SimpleNamespace(fields={target: values.get(target) for target in FIELDS}, relationships=related)


def sent(found):
    fields = found.payload.get("fields", {})
    return fields | {target: operation["replace"] for target, operation in found.payload.get("relationships", {}).items()}


@given(CONTENTS, CONTENTS, CONTENTS)
def test_a_task_is_never_changed_where_the_source_did_not_change_or_people_did(base, ours, theirs):
    found = merge(Written(body(base), {}), body(ours), task(theirs), TARGETS)
    if found.payload is None:
        return
    for target, value in sent(found).items():
        assert value == ours[target] != base[target] == theirs[target]


@given(CONTENTS, CONTENTS)
def test_without_people_the_task_says_afterwards_what_the_source_says(base, ours):
    found = merge(Written(body(base), {}), body(ours), task(base), TARGETS)
    after = base | (sent(found) if found.payload else {})
    assert found.conflicts == ()
    assert after == ours
    assert found.content == body(ours)


@given(CONTENTS, CONTENTS, CONTENTS)
def test_a_conflict_is_a_field_that_both_changed_to_different_values(base, ours, theirs):
    found = merge(Written(body(base), {}), body(ours), task(theirs), TARGETS)
    both = {target for target in TARGETS if len({base[target], ours[target], theirs[target]}) == 3}
    assert {each.target for each in found.conflicts} == both
    assert found.payload is None or not both


@given(CONTENTS, CONTENTS, CONTENTS)
def test_where_the_source_wins_its_changes_arrive_and_other_edits_stay(base, ours, theirs):
    found = merge(Written(body(base), {}), body(ours), task(theirs), TARGETS, source_wins=True)
    after = theirs | (sent(found) if found.payload else {})
    assert found.conflicts == ()
    assert after == {target: theirs[target] if ours[target] == base[target] else ours[target] for target in TARGETS}


@given(CONTENTS, CONTENTS)
def test_putting_back_what_was_replaced_leaves_the_task_as_it_was(base, ours):
    found = merge(Written(body(base), {}), body(ours), task(base), TARGETS)
    if found.payload is not None:
        former = {**found.replaced["fields"], **found.replaced["relationships"]}
        assert base | sent(found) | former == base


def test_how_lightfield_writes_a_value_is_no_edit():
    written = Written({"fields": {"$description": "- a"}}, {"$description": "* a"})
    assert compare("$description", written, {"fields": {"$description": "- a"}}, task({"$description": "* a"})).side is Side.NOBODY
    assert touched(written, task({"$description": "* a"})) == ()


@pytest.mark.parametrize("value", ["2026-05-01T17:00:00Z", "2026-05-01T19:00:00+02:00", "2026-05-01T17:00:00.000+00:00"])
def test_the_same_instant_in_another_notation_is_no_change(value):
    written = Written({"fields": {"$dueAt": "2026-05-01T17:00:00Z"}}, {})
    assert merge(written, {"fields": {"$dueAt": value}}, task({"$dueAt": value}), ["$dueAt"]).payload is None


def test_who_made_a_task_is_said_when_it_is_made_and_never_updated():
    written = Written({"relationships": {"$createdBy": "mem_1"}}, {})
    assert merge(written, {"relationships": {"$createdBy": "mem_2"}}, task({"$createdBy": "mem_1"}), ["$createdBy"]).payload is None


def test_what_the_map_does_not_speak_of_is_left_alone():
    written = Written(body({"$title": "a", "$account": "acc_1"}), {})
    found = merge(written, body({"$title": "b"}), task({"$title": "a", "$account": "acc_1"}), ["$title"])
    assert sent(found) == {"$title": "b"}
    assert found.content["relationships"] == {"$account": "acc_1"}


def test_a_field_that_was_left_out_and_that_people_filled_in_is_touched():
    [found] = touched(Written(body({"$title": "a"}), {}), task({"$title": "a", "$dueAt": "2026-05-01T17:00:00Z"}))
    assert found.target == "$dueAt"
