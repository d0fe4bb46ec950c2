"""Taking back what was imported, over a real socket: only what is still as it was left, and never for good."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from etl.records import Action

KEY = "sk_lf_bench_0d4e8a51c7"

MAP = {"$title": "Title", "$status": {"value": "TODO"}, "$assignedTo": {"column": "Owner", "lookup": "member.email"}}


def counted(summary):
    return {action: rows for action, rows in summary.counts.items() if rows}


def live(bench):
    return sorted(task.fields["$title"] for task in bench.sandbox.tasks if not task.trashed)


def undo(bench, run=None, **options):
    return bench.job("undo", run=run, **options)


def edit(bench, title, **fields):
    [task] = [task for task in bench.sandbox.tasks if task.fields["$title"] == title and not task.trashed]
    task.fields.update({f"${key}": value for key, value in fields.items()})


def test_an_import_is_taken_back_and_imported_again_within_a_day_its_rows_are_new_tasks(bench):
    bench.rows(range(1, 21))
    bench.job()
    first = {task.id for task in bench.sandbox.tasks}

    summary = undo(bench)

    assert counted(summary) == {Action.TRASHED: 20}
    assert summary.exit_code == 0
    assert live(bench) == []
    assert counted(bench.job()) == {Action.CREATED: 20}
    assert len(live(bench)) == 20
    assert not first & {task.id for task in bench.sandbox.tasks if not task.trashed}


def test_what_people_touched_since_is_listed_and_left(bench):
    bench.rows(range(1, 11))
    bench.job()
    edit(bench, "Task 3", status="COMPLETE")

    summary = undo(bench)

    assert counted(summary) == {Action.TRASHED: 9, Action.CONFLICT: 1}
    assert summary.exit_code == 1
    assert live(bench) == ["Task 3"]
    [line] = [line for line in bench.results(summary) if line["action"] == "conflict"]
    assert "$status was 'TODO', is 'COMPLETE'" in line["error_message"]


def test_what_people_touched_is_written_down_before_it_is_taken_back_all_the_same(bench):
    bench.rows(range(1, 4))
    bench.job()
    edit(bench, "Task 3", status="COMPLETE")

    summary = undo(bench, even_if_edited=True)

    assert counted(summary) == {Action.TRASHED: 3}
    kept = (bench.folder / "results" / summary.run_id / "edited.ndjson").read_text()
    assert json.loads(kept)["fields"]["$status"] == "COMPLETE"


def test_an_undo_can_itself_be_undone_and_leaves_one_live_task_a_row(bench):
    bench.rows(range(1, 11))
    bench.job()
    taken_back = undo(bench)

    summary = undo(bench, taken_back.run_id)

    assert summary.exit_code == 0
    assert live(bench) == sorted(f"Task {number}" for number in range(1, 11))
    assert counted(bench.job()) == {Action.UNCHANGED: 10}


def test_a_row_that_has_a_newer_task_is_not_restored(bench):
    bench.rows(range(1, 4))
    bench.job()
    taken_back = undo(bench)
    bench.job()

    summary = undo(bench, taken_back.run_id)

    assert counted(summary) == {Action.CONFLICT: 3}
    assert live(bench) == ["Task 1", "Task 2", "Task 3"]


def test_one_run_is_taken_back_and_its_updates_get_their_former_values(bench):
    bench.config(mode="sync", map=MAP)
    bench.rows(range(1, 6))
    bench.job()
    bench.rows(range(1, 8), title="Changed")
    synced = bench.job()
    assert counted(synced) == {Action.UPDATED: 5, Action.CREATED: 2}

    summary = undo(bench, synced.run_id)

    assert counted(summary) == {Action.UPDATED: 5, Action.TRASHED: 2}
    assert live(bench) == [f"Task {number}" for number in range(1, 6)]


def test_what_later_runs_wrote_is_left_when_an_older_run_alone_is_undone(bench):
    bench.config(mode="sync", map=MAP)
    bench.rows(range(1, 6))
    first = bench.job()
    bench.rows(range(1, 3), title="Changed")
    bench.job()

    summary = undo(bench, first.run_id)

    assert counted(summary) == {Action.TRASHED: 3, Action.CONFLICT: 2}
    assert live(bench) == ["Changed 1", "Changed 2"]


def test_the_whole_import_goes_whichever_runs_wrote_it(bench):
    bench.config(mode="sync", map=MAP)
    bench.rows(range(1, 6))
    bench.job()
    bench.rows(range(1, 3), title="Changed")
    bench.job()

    assert counted(undo(bench)) == {Action.TRASHED: 5}
    assert live(bench) == []
    assert counted(undo(bench)) == {}


def test_a_key_without_the_right_to_delete_is_told_of_the_other_way(bench):
    bench.rows(range(1, 4))
    bench.job()
    bench.sandbox.workspace.add_key(KEY, scopes=("tasks:read", "tasks:update", "members:read"))

    refused = undo(bench)

    assert refused.exit_code == 3
    assert "tasks:delete" in refused.message
    assert "--by cancel" in refused.next_command
    assert counted(undo(bench, by_cancel=True)) == {Action.UPDATED: 3}
    assert {task.fields["$status"] for task in bench.sandbox.tasks} == {"CANCELLED"}


def test_without_a_person_to_ask_nothing_is_changed(bench):
    bench.rows(range(1, 4))
    bench.job()

    summary = undo(bench, assume_yes=False)

    assert summary.exit_code == 2
    assert "--yes" in summary.next_command
    assert len(live(bench)) == 3


def test_an_unknown_run_is_told_with_those_that_are_known(bench):
    bench.rows(range(1, 4))
    known = bench.job().run_id

    summary = undo(bench, "20200101T000000Z-nothing")

    assert summary.exit_code == 2
    assert known in summary.next_command


@pytest.mark.parametrize("kill_after", [0.3, pytest.param(0.6, marks=pytest.mark.slow)])
def test_an_undo_that_was_killed_goes_on_where_it_was(bench, kill_after):
    bench.rows(range(1, 61))
    bench.job()
    process = bench.start("undo", "bench.yaml", "--yes", "--rate", "40")
    bench.wait_for(lambda: len(live(bench)) <= 60 - 30 * kill_after, process)
    process.kill()
    process.wait()

    summary = undo(bench)

    assert summary.exit_code == 0
    assert live(bench) == []
    bench.job()
    assert live(bench) == sorted(f"Task {number}" for number in range(1, 61))


def test_what_the_ledger_has_let_go_of_is_told_and_left(bench):
    bench.config(mode="sync", map=MAP)
    bench.rows(range(1, 4))
    bench.job()
    bench.rows(range(1, 4), title="Changed")
    synced = bench.job()
    with bench.opened() as rows:
        rows.lease.acquire()
        rows.let_go(datetime.now(UTC) + timedelta(days=1))
        rows.lease.release()

    summary = undo(bench, synced.run_id)

    assert counted(summary) == {Action.CONFLICT: 3}
    assert {line["error_code"] for line in bench.results(summary)} == {"former_values_gone"}
    assert live(bench) == ["Changed 1", "Changed 2", "Changed 3"]
    assert counted(undo(bench)) == {Action.TRASHED: 3}
