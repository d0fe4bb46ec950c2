"""Undo and sync where writes are in doubt, or where people were there before: what the simulation of sync has found."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from etl.jobs.journal import LedgerJournal
from etl.ledger.runs import RunRecord
from etl.records import Action, EntryState, Operation, OperationKind

KEY = "sk_lf_bench_0d4e8a51c7"
MAP = {"$title": "Title", "$status": {"value": "TODO"}, "$assignedTo": {"column": "Owner", "lookup": "member.email"}}


@pytest.fixture
def night(bench):
    bench.config(mode="sync", map=MAP, source={"key": "Id", "path": "tasks.csv"}, sync={"on_missing": "trash", "max_missing": "50%"})
    return bench


def counted(summary):
    return {action: rows for action, rows in summary.counts.items() if rows}


async def nothing(*_):
    """Nobody hears of it."""


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


def test_a_key_that_may_not_settle_what_is_in_doubt_is_told_so_before_an_undo_changes_anything(night):
    night.rows(range(1, 3))
    night.job()
    leave_last_create_in_doubt(night)
    night.sandbox.workspace.add_key(KEY, scopes=("tasks:read", "tasks:delete", "members:read"))

    refused = night.job("undo")

    assert "tasks:create" in refused.message
    assert "let a run settle" in refused.next_command
    assert len(live(night)) == 2


def test_a_task_that_people_took_out_of_the_trash_is_its_rows_task_again(night):
    night.rows(range(1, 5))
    night.job(data=())
    night.job("undo")
    for task in night.sandbox.tasks:
        if task.fields["$title"] in {"Task 1", "Task 2"}:
            night.sandbox.tasks.move(task, trashed=False)

    assert counted(night.job(data=())) == {Action.ADOPTED: 2, Action.CREATED: 2}
    assert live(night) == ["Task 1", "Task 2", "Task 3", "Task 4"]
    assert counted(night.job(data=())) == {Action.UNCHANGED: 4}


def test_without_sync_such_a_task_stays_as_it_is_and_its_row_counts_as_changed(night):
    night.config(map=MAP, source={"key": "Id", "path": "tasks.csv"})
    night.rows(range(1, 3))
    night.job()
    night.job("undo")
    [task] = [task for task in night.sandbox.tasks if task.fields["$title"] == "Task 2"]
    night.sandbox.tasks.move(task, trashed=False)
    night.rows(range(1, 3), title="Changed")

    assert counted(night.job()) == {Action.ADOPTED: 1, Action.CREATED: 1}
    assert live(night) == ["Changed 1", "Task 2"]
    assert counted(night.job()) == {Action.UNCHANGED: 1, Action.CHANGED: 1}


def test_a_change_that_people_undid_before_anybody_heard_of_it_is_not_answered_by_its_own_replay(night, monkeypatch):
    night.rows(range(1, 2))
    night.job(data=())
    [task] = night.sandbox.tasks
    night.rows(range(1, 2), title="Changed")
    with monkeypatch.context() as deaf:
        # The update is carried out, and its outcome never reaches the ledger.
        deaf.setattr(LedgerJournal, "finish", nothing)
        night.job(data=())
    assert task.fields["$title"] == "Changed 1"
    task.fields["$title"] = "By people"
    assert counted(night.job(data=())) == {Action.CONFLICT: 1}
    task.fields["$title"] = "Task 1"

    assert counted(night.job(data=())) == {Action.UPDATED: 1}
    assert task.fields["$title"] == "Changed 1"


def test_what_arrived_of_a_change_in_doubt_is_ours_to_change_back_although_people_undid_the_rest(night, monkeypatch):
    night.config(mode="sync", map={**MAP, "$description": "Title"})
    night.rows(range(1, 2))
    night.job()
    [task] = night.sandbox.tasks
    night.rows(range(1, 2), title="Changed")
    with monkeypatch.context() as deaf:
        deaf.setattr(LedgerJournal, "finish", nothing)
        night.job()
    assert task.fields["$title"] == "Changed 1"
    task.fields["$title"] = "Task 1"
    night.rows(range(1, 2))

    assert counted(night.job()) == {Action.UPDATED: 1}
    assert task.fields["$description"] == "Task 1"
    assert counted(night.job()) == {Action.UNCHANGED: 1}
