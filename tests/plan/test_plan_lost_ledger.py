"""Is it noticed that Lightfield holds rows that the ledger does not know, and is it left alone where people's tasks look alike?"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.frames import ROW, SOURCE_KEY, PreparedBatch
from etl.plan.choose import CREATE, Choice
from etl.plan.lost_ledger import PAGES, UnknownRows, resemblance, spread_offsets, task_frame

PAGE = 25
TITLES = [
    f"{what} {whom}" for what in ("Weekly check-in with", "Send invoice to", "Call") for whom in ("Acme", "Globex", "Initech", "Hooli")
]
OWNERS = ["m1", "m2", "m3", "m4", "m5"]


@dataclass(frozen=True)
class Held:
    fields: dict
    relationships: dict = field(default_factory=dict)


def due(day):
    return f"2026-{1 + day // 28 % 12:02d}-{1 + day % 28:02d}T22:00:00Z"


def row(title, day=None, owner="m1", notes=None, status="TODO"):
    return {"$title": title, "$status": status, "$description": notes, "$dueAt": None if day is None else due(day), "$assignedTo": owner}


def as_task(values, **changed):
    said = {**values, **changed}
    owner = said.pop("$assignedTo")
    if said["$dueAt"]:
        said["$dueAt"] = said["$dueAt"].replace("Z", ".000Z")
    return Held(said, {"$assignedTo": (owner,)})


def unknown(rows, *, by_stamp=False):
    held = UnknownRows("import", by_stamp=by_stamp)
    frame = pl.DataFrame(rows, schema=dict.fromkeys(row(""), pl.String)).with_columns(
        pl.Series(SOURCE_KEY, [f"K{number}" for number in range(len(rows))]), pl.int_range(2, len(rows) + 2, dtype=pl.UInt32).alias(ROW)
    )
    decided = frame.select(ROW, pl.lit(None, pl.String).alias("action"), pl.lit(CREATE).alias("intention"))
    held.add(Choice(PreparedBatch(None, frame, None), decided))
    return held


def sampled(tasks):
    places = {place for offset in spread_offsets(len(tasks), PAGE) for place in range(offset, min(offset + PAGE, len(tasks)))}
    return [tasks[place] for place in sorted(places)]


def alarms(rows, tasks):
    held = unknown(rows)
    return held.look_lost(held.matches(sampled(tasks)))


@given(st.integers(0, 100_000))
def test_the_pages_are_spread_from_the_newest_to_the_oldest(total):
    offsets = spread_offsets(total, PAGE)
    assert len(offsets) <= PAGES
    assert offsets == sorted(set(offsets))
    if total:
        assert (offsets[0], offsets[-1]) == (0, max(0, total - PAGE))
    if total <= PAGES * PAGE:
        assert {place for offset in offsets for place in range(offset, offset + PAGE)} >= set(range(total))


def test_a_task_resembles_its_row_whatever_became_of_its_status_and_markup():
    rows = [row("Call  Ann!", 3, notes="*One* two\r\nthree")]
    tasks = [as_task(rows[0], **{"$status": "COMPLETE", "$title": "call ann", "$description": "_One_ two\nthree"})]
    assert resemblance(pl.DataFrame(rows)).to_list() == resemblance(task_frame(tasks)).to_list()


@pytest.mark.parametrize("changed", [{"$title": "Other"}, {"$dueAt": due(9)}, {"$assignedTo": "m2"}, {"$description": "else"}])
def test_another_title_date_person_or_text_is_another_task(changed):
    values = row("Call", 3)
    assert (
        resemblance(pl.DataFrame([values], schema=dict.fromkeys(values, pl.String))).to_list()
        != resemblance(task_frame([as_task(values, **changed)])).to_list()
    )


@pytest.mark.parametrize("size", [3, 30, 300, 20_000])
def test_a_lost_ledger_is_noticed(size):
    rows = [row(f"Task {number}", number % 300, OWNERS[number % 5]) for number in range(size)]
    assert alarms(rows, [as_task(values) for values in rows])


@pytest.mark.parametrize("size", [300, 20_000])
def test_it_is_noticed_when_people_have_completed_half_and_edited_a_tenth(size):
    dice = Random(size)
    rows = [row(f"Task {number}", number % 300, OWNERS[number % 5]) for number in range(size)]
    tasks = [
        as_task(values, **({"$status": "COMPLETE"} if dice.random() < 0.5 else {"$title": "x"} if dice.random() < 0.2 else {}))
        for values in rows
    ]
    assert alarms(rows, tasks)


def test_it_is_noticed_among_as_many_tasks_of_people():
    rows = [row(f"Task {number}", number % 300) for number in range(300)]
    others = [as_task(row(f"Lunch {number}")) for number in range(3000)]
    assert alarms(rows, [as_task(values) for values in rows] + others)


def test_it_is_noticed_where_rows_repeat_each_other():
    rows = [row(TITLES[number % 12], None, OWNERS[number % 5]) for number in range(300)]
    assert alarms(rows, [as_task(values) for values in rows])


def test_two_matches_are_a_few():
    rows = [row(f"Task {number}") for number in range(4)]
    assert not alarms(rows, [as_task(values) for values in rows[:2]])
    assert alarms(rows, [as_task(values) for values in rows[:3]])


def test_one_stamp_of_an_unknown_row_is_enough():
    held = unknown([row("A"), row("B")], by_stamp=True)
    ours = as_task(row("Renamed"), **{"$description": "text\n\nSource: import K1"})
    others = as_task(row("A"), **{"$description": "Source: import K99"})
    assert held.look_lost(held.matches([ours, others]))
    assert not held.look_lost(held.matches([others, as_task(row("A"))]))


LOOKED_AT = PAGES * PAGE

ALARMS = {
    "like titles on other days": (300, LOOKED_AT, range(330, 336), range(300), 0),
    "one of eight days is taken": (300, LOOKED_AT, range(295, 335, 5), range(0, 300, 5), 0),
    "like titles without a date": (300, LOOKED_AT, None, None, 0),
    "a few rows with like titles without a date": (20, LOOKED_AT, None, None, 0),
    # Here a third of the rows and more are word for word in Lightfield: to ask is no mistake.
    "undated, and as many as there are": (300, 300, None, None, 20),
}


@pytest.mark.parametrize("case", ALARMS)
def test_recurring_tasks_with_like_titles_raise_no_false_alarm(case):
    """New rows, and 500 looked-at tasks of people's own, out of the same dozen titles for five people: a hundred workspaces of a kind."""
    new, old, new_days, old_days, most = ALARMS[case]
    raised = 0
    for seed in range(100):
        dice = Random(seed)
        rows = [recurring(dice, new_days) for _ in range(new)]
        raised += alarms(rows, [as_task(recurring(dice, old_days)) for _ in range(old)])
    assert raised <= most


def recurring(dice, days):
    return row(dice.choice(TITLES), dice.choice(days) if days else None, dice.choice(OWNERS))
