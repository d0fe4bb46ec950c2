"""Undo and sync where writes are in doubt, or where people were there before: what the simulation of sync has found."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from etl.ledger.runs import RunRecord
from etl.records import Action, EntryState, Operation, OperationKind

MAP = {"$title": "Title", "$status": {"value": "TODO"}, "$assignedTo": {"column": "Owner", "lookup": "member.email"}}


@pytest.fixture
def night(bench):
    bench.config(mode="sync", map=MAP, source={"key": "Id", "path": "tasks.csv"}, sync={"on_missing": "trash", "max_missing": "50%"})
    return bench


def counted(summary):
    return {action: rows for action, rows in summary.counts.items() if rows}


def live(bench):
    return sorted(task.fields["$title"] for task in bench.sandbox.tasks if not task.trashed)


def leave_last_create_in_doubt(bench):
    """As if the process had died before it heard of its newest row's task."""
    with bench.opened() as rows:
        rows.lease.acquire()
        known = [row for written in rows.rows_with_task() for row in written][-1]
        rows.start_run(RunRecord("died", "run", datetime.now(UTC)))
        payload = dict(known.content)
        doubtful = Operation(OperationKind.CREATE, "doubt", b"doubt" + bytes(11), bytes(range(16)), payload, "create-in-doubt")
        rows.begin("died", [doubtful], datetime.now(UTC))
        rows.finish_run("died", "stopped", 3, {}, datetime.now(UTC))
        rows.lease.release()


def test_what_is_in_doubt_is_settled_before_an_undo_says_that_nothing_is_left(night):
    night.rows(range(1, 3))
    night.job()
    leave_last_create_in_doubt(night)
    assert counted(night.job("undo", run=night.last_run().run_id)) == {}
    assert len(live(night)) == 3

    night.job("undo")

    assert live(night) == []


def test_a_row_that_was_in_doubt_and_vanished_goes_in_the_run_that_settles_it(night):
    night.rows(range(1, 9))
    night.job(data=())
    leave_last_create_in_doubt(night)

    assert night.job(data=()).counts[Action.TRASHED] == 1
    assert len(live(night)) == 8
    with night.opened() as rows:
        assert {row.entry_state for each in rows.rows_with_task() for row in each} == {EntryState.DONE}


def test_the_undo_of_a_run_does_not_take_out_of_the_trash_what_people_had_put_there(night):
    night.rows(range(1, 9))
    night.job(data=())
    [task] = [task for task in night.sandbox.tasks if task.fields["$title"] == "Task 8"]
    night.sandbox.tasks.move(task, trashed=True)
    night.rows(range(1, 8))
    synced = night.job(data=())
    assert counted(synced) == {Action.TRASHED: 1, Action.UNCHANGED: 7}

    assert counted(night.job("undo", run=synced.run_id)) == {}
    assert len(live(night)) == 7


def test_what_people_had_changed_before_a_run_does_not_keep_it_from_being_undone(night):
    night.rows(range(1, 3))
    night.job(data=())
    [task] = [task for task in night.sandbox.tasks if task.fields["$title"] == "Task 2"]
    task.fields["$status"] = "COMPLETE"
    night.rows(range(1, 3), title="Changed")
    synced = night.job(data=())
    assert live(night) == ["Changed 1", "Changed 2"]

    assert counted(night.job("undo", run=synced.run_id)) == {Action.UPDATED: 2}
    assert live(night) == ["Task 1", "Task 2"]
    assert task.fields["$status"] == "COMPLETE"
    task.fields["$title"] = "By people"
    assert counted(night.job("undo")) == {Action.TRASHED: 1, Action.CONFLICT: 1}
