"""Nights of a sync over a real socket: exactly the writes that it needs, and none to what people have done."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import UTC, datetime

import pytest

from etl.ledger.runs import RunRecord
from etl.records import Action, Operation, OperationKind

OWNER = "sam@acme.example"
MAP = {
    "$title": "Title",
    "$status": {"column": "Status", "values": {}},
    "$description": {"column": "Notes"},
    "$assignedTo": {"column": "Owner", "lookup": "member.email"},
}


@pytest.fixture
def night(bench):
    bench.config(mode="sync", map=MAP, source={"key": "Id", "path": "tasks.csv"})
    return bench


def write(bench, rows):
    with (bench.folder / "tasks.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, ["Id", "Title", "Status", "Notes", "Owner"])
        writer.writeheader()
        writer.writerows(rows.values())


def source(*numbers):
    return {n: {"Id": n, "Title": f"Task {n}", "Status": "TODO", "Notes": f"Note {n}", "Owner": OWNER} for n in numbers}


def sync(bench, **options):
    return bench.job("run", data=(), **options)


def task_of(bench, number):
    [found] = [task for task in bench.sandbox.tasks if task.fields["$description"] == f"Note {number}"]
    return found


def edit(bench, number, **fields):
    """Somebody changes a task in Lightfield."""
    task_of(bench, number).fields.update({f"${key}": value for key, value in fields.items()})


def writes(bench, since=0):
    """What was asked of the sandbox beside reads, by method and kind of path."""
    asked = [visit for visit in list(bench.sandbox.requests)[since:] if visit.method != "GET"]
    return Counter("create" if (v.method, v.path) == ("POST", "/v1/tasks") else v.method for v in asked)


def verified(bench):
    """Rows by class, by reading everything back."""
    return {str(kind): rows for kind, rows in bench.job("verify", data=()).classes.items() if rows}


def counted(summary):
    return {action: rows for action, rows in summary.counts.items() if rows}


@pytest.mark.parametrize("known", [250, pytest.param(1_000, marks=pytest.mark.slow)])
def test_a_night_sends_exactly_the_writes_that_it_needs_and_the_next_one_none(night, known):
    gone = range(known - 9, known + 1)
    rows = source(*range(1, known + 1))
    write(night, rows)
    assert counted(sync(night)) == {Action.CREATED: known}
    assert verified(night) == {"equal": known}
    for number in range(1, 41):
        rows[number]["Title"] = f"Task {number}, changed"
    for number in range(38, 41):
        edit(night, number, title=f"Task {number}, by people")
    for number in range(201, 206):
        edit(night, number, title=f"Task {number}, by people")
    for number in gone:
        del rows[number]
    rows |= source(*range(known + 1, known + 16))
    write(night, rows)
    night.config(mode="sync", map=MAP, source={"key": "Id", "path": "tasks.csv"}, sync={"on_missing": "cancel"})
    before = len(night.sandbox.requests)

    summary = sync(night)

    assert counted(summary) == {Action.CREATED: 15, Action.UPDATED: 37 + 10, Action.CONFLICT: 3, Action.UNCHANGED: known - 50}
    assert writes(night, before) == {"create": 15, "POST": 47}
    assert summary.exit_code == 1
    assert task_of(night, 1).fields["$title"] == "Task 1, changed"
    assert task_of(night, 40).fields["$title"] == "Task 40, by people"
    assert task_of(night, 201).fields["$title"] == "Task 201, by people"
    assert {task_of(night, number).fields["$status"] for number in gone} == {"CANCELLED"}
    assert verified(night) == {"equal": known - 3, "edited": 5, "differs": 3}
    before = len(night.sandbox.requests)
    assert counted(sync(night)) == {Action.CONFLICT: 3, Action.UNCHANGED: known + 2}
    assert writes(night, before) == {}

    undone = night.job("undo", run=summary.run_id)

    assert counted(undone) == {Action.TRASHED: 15, Action.UPDATED: 47}
    assert task_of(night, 1).fields["$title"] == "Task 1"
    assert task_of(night, gone[0]).fields["$status"] == "TODO"
    assert verified(night) == {"equal": known - 55, "edited": 5, "differs": 40, "missing": 15}


def test_a_conflict_says_what_it_was_what_it_is_and_what_people_made_of_it(night):
    rows = source(1)
    write(night, rows)
    sync(night)
    rows[1]["Title"] = "Ours"
    edit(night, 1, title="Theirs")
    write(night, rows)

    summary = sync(night)

    with (night.folder / "results" / summary.run_id / "failures.csv").open(newline="", encoding="utf-8-sig") as stream:
        [line] = csv.DictReader(stream)
    assert (line["_action"], line["_error_code"], line["_error_field"]) == ("conflict", "conflict", "$title")
    assert "was 'Task 1', is 'Ours' in the source and 'Theirs' in Lightfield" in line["_error_message"]


def test_the_source_can_be_told_to_win(night):
    rows = source(1)
    write(night, rows)
    sync(night)
    rows[1]["Title"] = "Ours"
    edit(night, 1, title="Theirs", status="COMPLETE")
    write(night, rows)
    night.config(mode="sync", map=MAP, source={"key": "Id", "path": "tasks.csv"}, sync={"on_conflict": "overwrite"})

    assert counted(sync(night)) == {Action.UPDATED: 1}
    assert task_of(night, 1).fields["$title"] == "Ours"
    assert task_of(night, 1).fields["$status"] == "COMPLETE"


def test_a_value_that_goes_there_and_back_within_a_day_arrives_each_time(night):
    rows = source(1)
    for title in ("A", "B", "A", "B", "A"):
        rows[1]["Title"] = title
        write(night, rows)
        sync(night)
        assert task_of(night, 1).fields["$title"] == title


def test_a_cell_that_was_emptied_empties_the_field(night):
    due = {"$dueAt": {"column": "Title", "values": {"Task 1": "2026-12-01"}, "unknown": "skip"}}
    night.config(mode="sync", map={**MAP, **due}, timezone="UTC", source={"key": "Id", "path": "tasks.csv"})
    rows = source(1)
    write(night, rows)
    sync(night)
    assert task_of(night, 1).fields["$dueAt"]
    rows[1]["Title"] = "no day"
    write(night, rows)

    assert counted(sync(night)) == {Action.UPDATED: 1}
    assert task_of(night, 1).fields["$dueAt"] is None


def test_a_task_that_people_deleted_is_reported_and_made_anew_only_where_the_config_says_so(night):
    rows = source(1)
    write(night, rows)
    sync(night)
    night.sandbox.tasks.move(task_of(night, 1), trashed=True)
    rows[1]["Title"] = "Changed"
    write(night, rows)
    assert counted(sync(night)) == {Action.CONFLICT: 1}

    night.config(mode="sync", map=MAP, source={"key": "Id", "path": "tasks.csv"}, sync={"recreate": True})

    assert counted(sync(night)) == {Action.CREATED: 1}
    assert counted(sync(night)) == {Action.UNCHANGED: 1}


def test_a_truncated_export_stops_before_anything_is_written(night):
    write(night, source(*range(1, 101)))
    sync(night)
    write(night, source(*range(1, 80)))
    night.config(mode="sync", map=MAP, source={"key": "Id", "path": "tasks.csv"}, sync={"on_missing": "trash"})
    before = len(night.sandbox.requests)

    summary = sync(night)

    assert summary.exit_code == 2
    assert "21 of the 100 rows that are known (21%) are not in the input; sync.max_missing allows 10%" in summary.message
    assert writes(night, before) == {}


def test_a_row_that_comes_back_after_its_task_was_trashed_becomes_a_new_task(night):
    night.config(mode="sync", map=MAP, source={"key": "Id", "path": "tasks.csv"}, sync={"on_missing": "trash"})
    write(night, source(*range(1, 21)))
    sync(night)
    write(night, source(*range(1, 20)))
    assert counted(sync(night)) == {Action.TRASHED: 1, Action.UNCHANGED: 19}
    write(night, source(*range(1, 21)))

    assert counted(sync(night)) == {Action.CREATED: 1, Action.UNCHANGED: 19}


def test_a_task_that_people_changed_is_not_trashed_when_its_row_vanishes(night):
    night.config(mode="sync", map=MAP, source={"key": "Id", "path": "tasks.csv"}, sync={"on_missing": "trash"})
    write(night, source(*range(1, 21)))
    sync(night)
    edit(night, 20, title="by people")
    write(night, source(*range(1, 20)))

    assert counted(sync(night)) == {Action.CONFLICT: 1, Action.UNCHANGED: 19}


@pytest.mark.parametrize("options", [{"data": ("tasks.csv",)}, {"limit": 19}], ids=["data by hand", "limit"])
def test_what_is_not_the_whole_source_says_nothing_of_what_vanished(night, options):
    write(night, source(*range(1, 21)))
    sync(night)
    write(night, source(*range(1, 20)))
    night.config(mode="sync", map=MAP, source={"key": "Id", "path": "tasks.csv"}, sync={"on_missing": "trash"})

    assert counted(night.job("run", **{"data": (), **options})) == {Action.UNCHANGED: 19}
    assert "rows that vanished from the source are left alone" in night.said.getvalue()


def test_a_sync_that_was_killed_goes_on_where_it_was(night):
    rows = source(*range(1, 81))
    write(night, rows)
    sync(night)
    for number in range(1, 81):
        rows[number]["Title"] = f"Task {number}, changed"
    write(night, rows)

    def changed():
        return sum(task.fields["$title"].endswith("changed") for task in night.sandbox.tasks)

    process = night.start("run", "bench.yaml", "--rate", "40")
    night.wait_for(lambda: changed() > 20, process)
    process.kill()
    process.wait()

    assert sync(night).exit_code == 0
    assert changed() == 80
    assert counted(sync(night)) == {Action.UNCHANGED: 80}


@pytest.mark.parametrize(
    ("executed", "edited", "hours", "expected"),
    [
        # The intent's fingerprint is none of the row's, so the row is compared once more after its intent was settled.
        (True, False, 0, {Action.ADOPTED: 1}),
        (True, False, 30, {Action.ADOPTED: 1}),
        (False, False, 0, {Action.ADOPTED: 1}),
        (False, False, 30, {Action.UPDATED: 1}),
        (False, True, 0, {Action.CONFLICT: 1}),
    ],
)
def test_an_update_in_doubt_is_settled_by_what_its_task_says(night, executed, edited, hours, expected):
    rows = source(1)
    write(night, rows)
    sync(night)
    rows[1]["Title"] = "Changed"
    write(night, rows)
    leave_in_doubt(night, title="Changed")
    if executed:
        edit(night, 1, title="Changed")
    if edited:
        edit(night, 1, title="By people")
    night.age_intents(hours=hours)

    assert counted(sync(night)) == expected
    assert task_of(night, 1).fields["$title"] == ("By people" if edited else "Changed")
    if not edited:
        assert counted(sync(night)) == {Action.UNCHANGED: 1}


def leave_in_doubt(bench, *, title):
    """As if nobody had heard what became of an update."""
    with bench.opened() as rows:
        rows.lease.acquire()
        [known] = [row for written in rows.rows_with_task() for row in written]
        rows.start_run(RunRecord("died", "run", datetime.now(UTC)))
        fields = {"$title": title}
        operation = Operation(
            OperationKind.UPDATE,
            known.source_key,
            known.key_digest,
            b"?" * 16,
            {"fields": fields},
            "update-in-doubt",
            revision=known.entry_revision,
            task_id=known.task_id,
            content={**known.content, "fields": {**known.content["fields"], **fields}},
            replaced={"fields": {"$title": known.content["fields"]["$title"]}, "relationships": {}},
        )
        rows.begin("died", [operation], datetime.now(UTC))
        rows.finish_run("died", "needs_attention", 1, {"uncertain": 1}, datetime.now(UTC))
        rows.lease.release()


@pytest.mark.parametrize(("edited", "expected"), [(False, {Action.UPDATED: 1}), (True, {Action.CONFLICT: 1})])
def test_a_retry_sends_an_update_again_only_where_its_task_still_is_as_it_was(night, edited, expected):
    write(night, source(1))
    sync(night)
    leave_in_doubt(night, title="Changed")
    if edited:
        edit(night, 1, title="By people")

    assert counted(night.job("retry")) == expected
    assert task_of(night, 1).fields["$title"] == ("By people" if edited else "Changed")
    assert counted(night.job("retry")) == {}
