"""The command ``undo``: what it asks for, what it takes back, and what it leaves."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def imported(desk, make_row):
    """Three rows are tasks; somebody has worked on the second."""
    assert desk.run([make_row(number) for number in (1, 2, 3)]).code == 0
    task = desk.task("Task 2")
    task.fields = task.fields | {"$status": "COMPLETE"}
    return desk


def _live(desk):
    return sorted(task.fields["$title"] for task in desk.sandbox.tasks if not task.trashed)


def test_without_a_terminal_it_wants_yes_and_takes_nothing_back(imported):
    ended = imported("undo", "desk.yaml")
    assert ended.code == 2
    assert "--yes" in ended.last_line
    assert len(_live(imported)) == 3


def test_a_ledger_that_knows_nothing_is_not_taken_for_an_import_that_is_undone(desk, make_row):
    assert desk.run([make_row(1)], guards={"min_rows": 9}).code == 2
    ended = desk("undo", "desk.yaml", "--yes")
    assert (ended.code, ended.last_line) == (2, "next: lightfield-etl reconcile desk.yaml")
    assert "knows no row of" in ended.stderr


def test_what_people_touched_is_left_and_named(imported):
    ended = imported("undo", "desk.yaml", "--yes")
    assert ended.code == 1
    assert _live(imported) == ["Task 2"]
    [left] = [line for line in ended.results if line["action"] == "conflict"]
    assert (left["source_key"], left["error_code"], left["error_field"]) == ("2", "edited_since", "$status")


def test_even_if_edited_takes_it_and_keeps_what_it_was_in_a_file(imported):
    ended = imported("undo", "desk.yaml", "--yes", "--even-if-edited")
    assert (ended.code, _live(imported)) == (0, [])
    kept = [path for path in ended.folder.iterdir() if "COMPLETE" in path.read_text(encoding="utf-8") and path.name != "report.html"]
    assert [path.stat().st_mode & 0o777 for path in kept] == [0o600]


def test_by_cancel_needs_no_right_to_delete(imported):
    assert imported("undo", "desk.yaml", "--yes", "--by", "cancel").code == 1
    statuses = {task.fields["$title"]: task.fields["$status"] for task in imported.sandbox.tasks}
    assert statuses == {"Task 1": "CANCELLED", "Task 2": "COMPLETE", "Task 3": "CANCELLED"}


def test_a_run_can_be_named_and_an_undo_undone(imported):
    [run] = [path.parent.name for path in imported.folder.glob("results/2*/summary.json")]
    undone = imported("undo", "desk.yaml", run, "--yes", "--json", "--quiet")
    assert _live(imported) == ["Task 2"]
    assert imported("undo", "desk.yaml", json.loads(undone.stdout)["run_id"], "--yes").code == 0
    assert _live(imported) == ["Task 1", "Task 2", "Task 3"]
