"""Which tasks are whose, when no ledger says so."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from etl.plan.rebuild import Fate, Rebuilding

MADE = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TARGETS = ("$title", "$status", "$description", "$assignedTo")


@dataclass(frozen=True)
class Held:
    id: str
    fields: dict
    relationships: dict = field(default_factory=lambda: {"$assignedTo": ("mem_1",), "$createdBy": ("mem_9",)})
    created_at: datetime | None = MADE
    updated_at: datetime | None = None
    http_link: str | None = None


def task(number, title, *, edited=False, owner="mem_1", notes=None):
    updated = MADE + timedelta(hours=1) if edited else None
    fields = {"$title": title, "$status": "TODO", "$description": notes}
    return Held(f"tsk_{number}", fields, {"$assignedTo": (owner,)}, updated_at=updated)


def body(title, owner="mem_1"):
    return {"fields": {"$title": title, "$status": "TODO"}, "relationships": {"$assignedTo": owner}}


def fates(rows, tasks, *, by_stamp=False, why=None, rivals=(), known_since=MADE + timedelta(days=9)):
    """Of rows given by title, keyed by their place."""
    work = Rebuilding("import", TARGETS, by_stamp=by_stamp, keys_known_since=known_since)
    work.add_tasks([(each, False) for each in tasks])
    for rival in rivals:
        work.count_rival(body(rival))
    work.end_of_tasks(why)
    for place, title in enumerate(rows):
        work.count_row(str(place), body(title))
    work.end_of_rows()
    return [work.judge(str(place), body(title), 0) for place, title in enumerate(rows)]


def words(verdicts):
    return [verdict.fate.value for verdict in verdicts]


def test_content_finds_and_a_row_without_a_match_is_missing():
    assert words(fates(["A", "B"], [task(1, "A")])) == ["found", "missing"]


def test_an_edited_task_that_shares_a_value_makes_a_row_uncertain():
    assert words(fates(["A"], [task(1, "X", edited=True)])) == ["uncertain"]
    assert words(fates(["A"], [task(1, "X", edited=True, owner="mem_2")])) == ["missing"]


def test_an_edited_task_that_is_some_rows_by_its_content_is_no_other_rows():
    assert words(fates(["A", "B"], [task(1, "B", edited=True)])) == ["missing", "found"]


def test_a_stamp_beats_the_content():
    [first, second] = fates(["A", "B"], [task(1, "B", notes="Source: import 0"), task(2, "B")])
    assert (first.task.id, second.task.id) == ("tsk_1", "tsk_2")


def test_by_stamp_alone_content_counts_for_nothing():
    assert words(fates(["A", "B"], [task(1, "A"), task(2, "X", edited=True, notes="hm\n\nSource: import 1")], by_stamp=True)) == [
        "missing",
        "found",
    ]


def test_a_stamp_of_another_import_is_only_text():
    assert words(fates(["A"], [task(1, "X", notes="Source: other 0")], by_stamp=True)) == ["missing"]


def test_an_incomplete_search_leaves_unfound_rows_uncertain():
    assert words(fates(["A", "B"], [task(1, "A")], why="refused")) == ["found", "uncertain"]


def test_a_row_in_doubt_of_the_same_content_may_own_the_task():
    assert words(fates(["A"], [task(1, "A")], rivals=["A"])) == ["uncertain"]
    assert words(fates(["A"], [task(1, "A"), task(2, "A")], rivals=["A"])) == ["found"]


@given(st.lists(st.sampled_from("ABC"), max_size=12), st.lists(st.tuples(st.sampled_from("ABCX"), st.booleans()), max_size=12))
def test_of_equal_rows_the_smaller_number_finds_a_task_and_nothing_edited_is_overlooked(rows, tasks):
    held = [task(number, title, edited=edited) for number, (title, edited) in enumerate(tasks)]
    verdicts = fates(rows, held)
    found = [verdict.task.id for verdict in verdicts if verdict.task]
    assert len(found) == len(set(found))
    for title in "ABC":
        mine = [verdict for verdict, row in zip(verdicts, rows, strict=True) if row == title]
        assert sum(verdict.fate is Fate.FOUND for verdict in mine) == min(len(mine), sum(each == title for each, _ in tasks))
    suspects = [each for each in held if each.updated_at and each.id not in found]
    assert not (suspects and any(verdict.fate is Fate.MISSING for verdict in verdicts))
