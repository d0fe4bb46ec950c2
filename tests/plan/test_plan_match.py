"""What is found out about intents in doubt from the tasks that no row owns."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.key_window import KEY_WINDOW
from etl.plan.doubt import last_attempt_by
from etl.plan.match import Doubt, Finding, Seen, match, uncertain_message
from etl.records import Operation, OperationKind

SENT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LATER = SENT + timedelta(days=3)


@dataclass(frozen=True)
class Held:
    id: str
    fields: dict
    relationships: dict = field(default_factory=lambda: {"$assignedTo": ("mem_1",)})
    created_at: datetime | None = SENT + timedelta(seconds=1)
    updated_at: datetime | None = None
    http_link: str | None = None


def body(title="Call", **fields):
    return {"fields": {"$title": title, "$status": "TODO", **fields}, "relationships": {"$assignedTo": "mem_1"}}


def task(number=1, title="Call", more=None, **parts):
    return Held(f"tsk_{number}", {"$title": title, "$status": "TODO", "$description": None, "$dueAt": None, **(more or {})}, **parts)


def doubt(key="a", payload=None, *, sent=SENT, last=None, **parts):
    operation = Operation(OperationKind.CREATE, key, key.encode(), b"f", payload or body(), f"key-{key}", first_sent_at=sent)
    return Doubt(operation, sent, last or sent, **parts)


def findings(doubts, tasks, *, why=None, until=LATER, known_since=LATER):
    return [found.finding.value for found in match(doubts, Seen(tasks, why, until, known_since), name="import")]


def test_what_is_found_once_is_adopted():
    [found] = match([doubt()], Seen([task(), task(2, "Lunch")], None, LATER, LATER), name="import")
    assert (found.finding, found.task.id) == (Finding.ADOPT, "tsk_1")


def test_nothing_that_is_like_it_means_absent_after_a_complete_walk():
    assert findings([doubt()], [task(2, "Lunch")]) == ["absent"]


def test_an_incomplete_walk_says_nothing_of_absence_but_still_finds():
    assert findings([doubt()], [], why="Lightfield refused an offset") == ["uncertain"]
    assert findings([doubt()], [task()], why="Lightfield refused an offset") == ["adopt"]


def test_an_edited_task_of_that_time_could_be_any_row():
    edited = task(2, "Lunch", updated_at=SENT + timedelta(hours=2))
    [found] = match([doubt()], Seen([edited], None, LATER, LATER), name="import")
    assert (found.finding, found.candidates) == (Finding.UNCERTAIN, (edited,))


def test_an_edit_within_the_tolerance_is_none():
    assert findings([doubt()], [task(2, "Lunch", updated_at=SENT + timedelta(seconds=1.5))]) == ["absent"]


def test_an_edited_task_of_another_time_is_nobodys_concern():
    long_ago = SENT - timedelta(minutes=1)
    assert findings([doubt()], [task(2, "Lunch", created_at=long_ago, updated_at=LATER)]) == ["absent"]


def test_a_task_that_differs_in_its_description_alone_may_be_as_lightfield_writes_it():
    assert findings([doubt(payload=body(**{"$description": "*one*"}))], [task(more={"$description": "_one_"})]) == ["uncertain"]


@pytest.mark.parametrize(
    ("created", "finding"),
    [
        (SENT - timedelta(seconds=10), "absent"),
        (SENT - timedelta(seconds=2), "adopt"),
        (SENT + timedelta(minutes=59), "adopt"),
        (SENT + timedelta(minutes=61), "absent"),
    ],
)
def test_only_tasks_from_the_first_send_to_an_hour_after_the_last_attempt_count(created, finding):
    assert findings([doubt()], [task(created_at=created)]) == [finding]


def test_a_time_that_is_not_over_or_not_yet_listed_says_nothing_of_absence():
    assert findings([doubt()], [], until=SENT + timedelta(minutes=50)) == ["uncertain"]
    assert findings([doubt()], [], until=SENT + timedelta(minutes=61)) == ["absent"]


@given(rows=st.integers(1, 5), tasks=st.integers(0, 5))
def test_of_k_equal_rows_and_m_tasks_the_smaller_number_is_adopted(rows, tasks):
    found = match(
        [doubt(str(row)) for row in range(rows)], Seen([task(number) for number in range(tasks)], None, LATER, LATER), name="import"
    )
    adopted = [each.task.id for each in found if each.finding is Finding.ADOPT]
    assert len(adopted) == len(set(adopted)) == min(rows, tasks)
    assert {each.finding for each in found} <= {Finding.ADOPT, Finding.ABSENT}


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 3)), max_size=6), st.lists(st.integers(-1, 25), max_size=6))
def test_no_task_is_adopted_twice_or_outside_its_time(rows, minutes):
    doubts = [
        doubt(str(n), sent=SENT + timedelta(hours=hour), last=SENT + timedelta(hours=hour + more)) for n, (hour, more) in enumerate(rows)
    ]
    tasks = [task(number, created_at=SENT + timedelta(hours=hour)) for number, hour in enumerate(minutes)]
    found = match(doubts, Seen(tasks, None, LATER, LATER), name="import")
    adopted = [each for each in found if each.task]
    assert len({each.task.id for each in adopted}) == len(adopted)
    assert all(each.doubt.could_have_made(each.task) for each in adopted)
    left = {t.id for t in tasks} - {each.task.id for each in adopted}
    assert not any(each.doubt.could_have_made(t) for each in found if each.task is None for t in tasks if t.id in left)


def test_an_equal_row_that_will_be_sent_again_may_own_the_only_task():
    rival = doubt("b", sent_again_later=True)
    assert findings([doubt("a"), rival], [task()]) == ["uncertain"]
    assert findings([doubt("a"), rival], [task(1), task(2)]) == ["adopt"]
    assert findings([doubt("a"), rival], []) == ["absent"]


def test_an_earlier_content_of_the_row_may_be_what_was_executed():
    [found] = match(
        [doubt(payload=body("New"), earlier_payloads=(body("Old"),))], Seen([task(1, "Old")], None, LATER, LATER), name="import"
    )
    assert (found.finding, found.payload) == (Finding.ADOPT, body("Old"))


def test_a_stamp_tells_a_task_that_people_have_edited():
    stamped = task(1, "Renamed", more={"$description": "done\n\nSource: import a"}, updated_at=LATER)
    assert findings([doubt("a"), doubt("b")], [stamped]) == ["adopt", "absent"]
    assert findings([doubt("a")], [stamped, task(2, "x", more={"$description": "Source: import a"})]) == ["uncertain"]


def test_who_created_a_task_counts_only_where_every_row_says_it():
    says = body()
    says["relationships"]["$createdBy"] = "mem_9"
    held = task(relationships={"$assignedTo": ("mem_1",), "$createdBy": ("mem_2",)})
    assert findings([doubt("a", says)], [held]) == ["absent"]
    assert findings([doubt("a")], [held]) == ["adopt"]


def test_a_task_without_a_time_could_be_of_any_time():
    assert findings([doubt()], [task(2, "Lunch", created_at=None)]) == ["uncertain"]


def test_the_message_names_the_links_and_what_to_do():
    message = uncertain_message("why", [task(), task(2)], name="import", source_key="a")
    assert "tsk_1, tsk_2" in message
    assert "`Source: import a`" in message
    assert "lightfield-etl reconcile" in message


@pytest.mark.parametrize(
    ("finished", "latest"),
    [
        (None, SENT + KEY_WINDOW),
        (SENT + timedelta(minutes=3), SENT + timedelta(minutes=3)),
        (SENT - timedelta(hours=1), SENT + KEY_WINDOW),
        (SENT + timedelta(days=900), SENT + KEY_WINDOW),
    ],
    ids=["crashed", "noted", "our clock was behind, or it was begun again", "our clock was ahead"],
)
def test_the_last_attempt_is_bounded_by_what_can_be_believed(finished, latest):
    assert last_attempt_by(SENT, finished) == latest


def test_equal_rows_share_too_few_tasks_only_once_their_keys_are_forgotten():
    """Else the row without one would be sent, and answered with its own task, which the other has adopted."""
    assert findings([doubt("a"), doubt("b")], [task()], known_since=SENT) == ["uncertain", "uncertain"]
    assert findings([doubt("a"), doubt("b")], [task()], known_since=SENT + timedelta(minutes=1)) == ["adopt", "absent"]
    assert findings([doubt("a"), doubt("b")], [task(1), task(2)], known_since=SENT) == ["adopt", "adopt"]


def test_what_was_answered_with_a_task_is_never_absent():
    assert findings([doubt(was_answered=True)], []) == ["uncertain"]
