"""Who made a task and its row differ, if they do?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.plan.three_way import Written
from etl.plan.verify import LOST, UNKNOWN_BASE, Digester, compare_row, lost
from etl.records import RowClass

TARGETS = ("$title", "$status", "$description", "$dueAt", "$assignedTo")
DUE = "2026-12-01T09:00:00Z"


@dataclass(frozen=True)
class Task:
    fields: dict[str, Any]
    relationships: dict[str, tuple[str, ...]] = field(default_factory=dict)


def body(title="T", **fields):
    owner = fields.pop("owner", "mem_1")
    return {
        "fields": {"$title": title, "$status": "TODO", **{f"${key}": value for key, value in fields.items()}},
        "relationships": {"$assignedTo": owner},
    }


def task(title="T", **fields):
    content = body(title, **fields)
    return Task(content["fields"], {"$assignedTo": (content["relationships"]["$assignedTo"],)})


def compared(base, source, held, observed=None):
    return compare_row(TARGETS, None if base is None else Written(base, observed or {}), source, held)


@pytest.mark.parametrize(
    ("base", "source", "held", "expected"),
    [
        (body(), body(), task(), RowClass.EQUAL),
        (body(), body(), task("by hand"), RowClass.EDITED),
        (body(), body(), task(description="a note"), RowClass.EDITED),
        (body(), body("new"), task(), RowClass.DIFFERS),
        (body(), body("new"), task("by hand"), RowClass.DIFFERS),
        (body(), body("new"), task("new"), RowClass.EQUAL),
        (body(), body(owner="mem_2"), task(), RowClass.DIFFERS),
        (body(), body(owner="mem_2"), task(description="a note"), RowClass.DIFFERS),
        (body(dueAt=DUE), body(dueAt="2026-12-01T10:00:00+01:00"), task(dueAt="2026-12-01T09:00:00.000Z"), RowClass.EQUAL),
        (body(description="a \n"), body(description="a"), task(description="a"), RowClass.EQUAL),
        (body(description="a"), body(), task(description="a"), RowClass.DIFFERS),
    ],
)
def test_a_row_is_called_by_who_changed_it(base, source, held, expected):
    assert compared(base, source, held).row_class is expected


def test_only_the_fields_that_are_not_as_the_source_says_are_told():
    found = compared(body(), body("new"), task(description="a note"))
    assert [(each.target, each.written, each.source, each.lightfield) for each in found.findings] == [
        ("$title", "T", "new", "T"),
        ("$description", None, None, "a note"),
    ]


def test_without_a_base_every_difference_is_for_a_person_and_equal_stays_equal():
    assert compared(None, body(), task()).row_class is RowClass.EQUAL
    found = compared(None, body(), task("by hand"))
    assert (found.row_class, [each.message for each in found.findings]) == (RowClass.DIFFERS, [UNKNOWN_BASE])


def test_what_lightfield_was_seen_to_make_of_it_is_equal_unless_it_lost_something():
    sent = body(description="* one")
    assert compared(sent, sent, task(description="- one"), {"$description": "- one"}).row_class is RowClass.EQUAL
    found = compared(sent, sent, task(description="- o"), {"$description": "- o"})
    assert (found.row_class, [each.message for each in found.findings]) == (RowClass.DIFFERS, [LOST])


@pytest.mark.parametrize(
    ("target", "sent", "kept", "expected"),
    [
        ("$description", "**a**, b", "__a__\\, b", False),
        ("$description", "abc", "ab", True),
        ("$description", "abc", None, True),
        ("$description", None, "Lightfield's own", False),
        ("$dueAt", DUE, "2026-12-01T09:00:20Z", False),
        ("$dueAt", DUE, "2026-12-01T00:00:00Z", True),
        ("$dueAt", DUE, None, True),
        ("$status", "TODO", "COMPLETE", True),
        ("$account", "acc_1", ["acc_1", "acc_2"], False),
        ("$account", ["acc_1", "acc_2"], "acc_1", True),
    ],
)
def test_another_way_of_writing_it_is_no_loss(target, sent, kept, expected):
    assert lost(target, sent, kept) is expected


texts = st.sampled_from([None, "", "a", "a ", "b", "* a", "- a"])
bodies = st.builds(
    lambda title, notes, owner: body(title or "T", description=notes, owner=owner), texts, texts, st.sampled_from(["mem_1", "mem_2"])
)


@given(bodies, bodies, bodies, texts)
def test_where_the_digests_agree_the_comparison_finds_nothing(base, source, held, seen):
    """What the list shows spares a retrieve only where that would have found the row equal."""
    digester = Digester.of(TARGETS)
    written = Written(base, {"$description": seen} if seen else {})
    present = Task(held["fields"], {"$assignedTo": (held["relationships"]["$assignedTo"],)})
    found = compare_row(TARGETS, written, source, present)
    shown = digester.of_task(present)
    if shown == digester.of_row(source):
        assert compare_row(TARGETS, None, source, present).row_class is RowClass.EQUAL
    if shown == digester.of_row_as_kept(source, written):
        assert found.row_class is RowClass.EQUAL
