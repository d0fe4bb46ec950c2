"""How long does the ledger keep what rows held before?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from etl.records import Action, OperationKind

AFTER = timedelta(seconds=1)


@pytest.fixture
def write(rows, make):
    """One write of the row ``key``, by its title; an update where the row has a task."""

    def do(key, title, *, at=make.noon):
        operation = make.create(key, title=title)
        known = rows.newest_writes([operation.key_digest])
        action = Action.CREATED
        if known:
            before = known[operation.key_digest]
            action = Action.UPDATED
            operation = replace(
                operation,
                kind=OperationKind.UPDATE,
                idempotency_key=f"update-{title}",
                payload={"fields": {"$title": title}},
                content=operation.payload,
                replaced={"fields": {"$title": before.content["fields"]["$title"]}, "relationships": {}},
                task_id=f"tsk_{key}",
            )
        [begun] = rows.begin("run-1", [operation], at)
        rows.finish("run-1", [replace(make.outcome(begun, action, task_id=f"tsk_{key}"), finished_at=at)])
        return operation.key_digest

    return do


def test_what_a_row_holds_now_is_kept_for_ever(rows, write, make):
    digest = write("a", "Call")

    rows.let_go(make.noon + AFTER)

    assert rows.newest_writes([digest])[digest].content["fields"]["$title"] == "Call"


def test_what_a_row_held_before_goes_after_its_time_and_its_identity_stays(rows, write, make):
    digest = write("a", "Call")
    write("a", "Ring")

    rows.let_go(make.noon + AFTER)

    newest = rows.newest_writes([digest])[digest]
    assert (newest.content["fields"]["$title"], newest.replaced) == ("Ring", None)
    first = rows.write_at(newest.previous)
    assert (first.content, first.task_id, first.source_key) == (None, "tsk_a", "a")


def test_what_is_younger_is_kept(rows, write, make):
    write("a", "Call")
    digest = write("a", "Ring")

    rows.let_go(make.noon)

    newest = rows.newest_writes([digest])[digest]
    assert newest.replaced["fields"] == {"$title": "Call"}
    assert rows.write_at(newest.previous).content["fields"]["$title"] == "Call"


def test_what_was_only_kept_because_it_was_the_newest_goes_with_the_next_write(rows, write, make):
    write("a", "Call")
    rows.let_go(make.noon + AFTER)
    digest = write("a", "Ring", at=make.noon + 2 * AFTER)

    newest = rows.newest_writes([digest])[digest]

    assert newest.replaced["fields"] == {"$title": "Call"}
    assert rows.write_at(newest.previous).content is None


def test_letting_go_again_goes_on_where_it_ended(rows, write, make):
    for number in range(5):
        write(str(number), "Call", at=make.noon + number * AFTER)
        write(str(number), "Ring", at=make.noon + number * AFTER)
    for number in range(1, 6):
        rows.let_go(make.noon + number * AFTER)
        kept = [row.replaced is not None for writes in rows.rows_with_task() for row in writes]
        assert kept == [False] * number + [True] * (5 - number)
