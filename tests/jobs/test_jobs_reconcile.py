"""A lost ledger is rebuilt from what Lightfield holds, and nothing is written there."""

from __future__ import annotations

import shutil
from random import Random

import pytest

WEEK = {"days": 7}


def imported(bench, rows, **config):
    """Rows that were all imported, whose ledger was lost a week ago."""
    bench.config(**config)
    bench.rows(rows)
    assert bench.job().exit_code == 0
    lose_ledger(bench)
    bench.clock.jump(**WEEK)
    bench.sandbox.requests.clear()


def lose_ledger(bench):
    for path in bench.folder.glob("jobs.ledger*"):
        path.unlink()


def writes(bench):
    return [visit for visit in bench.sandbox.requests if visit.method != "GET"]


def by_title(bench, summary, rows):
    return dict(zip(rows, [line["action"] for line in bench.results(summary)], strict=True))


@pytest.mark.parametrize("stamp", [False, True])
def test_two_runs_with_the_ledger_lost_and_a_reconcile_between_them_make_no_second_task(bench, stamp):
    rows = [f"T{number}" for number in range(60)]
    imported(bench, rows, stamp=stamp)
    rebuilt = bench.job("reconcile")
    assert (rebuilt.exit_code, bench.counts(rebuilt)) == (0, {"adopted": 60})
    assert writes(bench) == []
    assert bench.counts(bench.job()) == {"unchanged": 60}
    assert bench.titles() == sorted(rows)


def test_each_row_is_recorded_with_its_own_task(bench):
    imported(bench, ["A", "B"])
    lines = bench.results(bench.job("reconcile"))
    assert [line["task_id"] for line in lines] == [bench.task("A").id, bench.task("B").id]
    assert all(line["url"] for line in lines)


def test_a_missing_row_is_named_and_the_next_run_creates_it(bench):
    imported(bench, ["A", "B"])
    bench.rows(["A", "B", "C"])
    rebuilt = bench.job("reconcile")
    line = bench.results(rebuilt)[2]
    assert (rebuilt.exit_code, line["action"]) == (0, "not_sent")
    assert line["error_message"] == "not in Lightfield: run creates it"
    assert rebuilt.next_command == "lightfield-etl run jobs.yaml rows.csv"
    assert bench.counts(bench.job()) == {"created": 1, "unchanged": 2}


def test_without_stamps_a_row_whose_task_people_have_edited_is_uncertain_and_not_sent(bench):
    imported(bench, ["A", "B", "C"])
    bench.edit("B", title="B, called", status="COMPLETE")
    rebuilt = bench.job("reconcile")
    assert by_title(bench, rebuilt, "ABC") == {"A": "adopted", "B": "uncertain", "C": "adopted"}
    assert rebuilt.exit_code == 1
    assert bench.task("B, called").id in bench.results(rebuilt)[1]["error_message"]
    again = bench.job()
    assert bench.counts(again) == {"unchanged": 2, "uncertain": 1}
    assert len(bench.sandbox.tasks) == 3


def test_with_stamps_edited_tasks_are_told_exactly(bench):
    imported(bench, ["A", "B", "C"], stamp=True)
    bench.edit("B", title="Quite another", status="COMPLETE", description="Spoke to Ann.\n\nSource: jobs 2\n\nAnd again on Friday.")
    assert bench.counts(bench.job("reconcile")) == {"adopted": 3}
    bench.job()
    assert len(bench.sandbox.tasks) == 3


def test_with_stamps_a_row_that_was_corrected_since_is_known_to_say_something_else(bench):
    imported(bench, ["A", "B"], stamp=True)
    bench.rows(["A", "B corrected"])
    assert bench.counts(bench.job("reconcile")) == {"adopted": 2}
    assert bench.counts(bench.job()) == {"changed": 1, "unchanged": 1}


def test_with_stamps_a_row_without_its_stamp_is_missing_whatever_people_edited(bench):
    imported(bench, ["A", "B"], stamp=True)
    bench.seed("C", edited=True)
    bench.rows(["A", "B", "C"])
    assert bench.counts(bench.job("reconcile")) == {"adopted": 2, "not_sent": 1}


def test_two_tasks_with_one_stamp_are_for_a_person(bench):
    imported(bench, ["A", "B"], stamp=True)
    bench.seed("Copy of A", notes="Source: jobs 1")
    rebuilt = bench.job("reconcile")
    assert bench.counts(rebuilt) == {"adopted": 1, "uncertain": 1}
    assert "more than one task is stamped with its key" in bench.results(rebuilt)[0]["error_message"]
    assert bench.counts(bench.job()) == {"unchanged": 1, "uncertain": 1}


def test_an_edited_task_that_shares_nothing_with_a_row_does_not_hold_it_up(bench):
    imported(bench, ["A"])
    bench.seed("Lunch", owner="kim@acme.example", edited=True)
    bench.rows(["A", "B"])
    assert bench.counts(bench.job("reconcile")) == {"adopted": 1, "not_sent": 1}


def test_equal_rows_take_the_tasks_that_there_are(bench):
    imported(bench, ["Twin", "Twin"])
    bench.rows(["Twin"] * 3)
    assert bench.counts(bench.job("reconcile")) == {"adopted": 2, "not_sent": 1}
    bench.job()
    assert bench.titles() == ["Twin"] * 3


def test_a_row_that_was_uncertain_is_asked_about_again(bench):
    imported(bench, ["A", "B"])
    bench.edit("B", title="B, called")
    bench.job("reconcile")
    bench.edit("B, called", title="B, called", description="Source: jobs 2")
    assert bench.counts(bench.job("reconcile")) == {"adopted": 1, "unchanged": 1}
    assert bench.counts(bench.job()) == {"changed": 1, "unchanged": 1}


def test_a_row_that_was_uncertain_and_is_not_there_after_all_is_sent(bench):
    imported(bench, ["A"])
    bench.rows(["A", "B"])
    owner = {"owner": "sam@acme.example"}
    suspect = bench.seed("Something", **owner, edited=True)
    assert bench.counts(bench.job("reconcile")) == {"adopted": 1, "uncertain": 1}
    suspect.fields = {**suspect.fields, "$description": "Source: jobs another"}
    assert bench.counts(bench.job("reconcile")) == {"not_sent": 1, "unchanged": 1}
    assert bench.counts(bench.job()) == {"created": 1, "unchanged": 1}


def test_what_an_old_copy_of_the_ledger_lacks_is_added(bench):
    bench.rows([f"T{number}" for number in range(20)])
    bench.job(limit=10)
    shutil.copy(bench.ledger, bench.folder / "old")
    bench.job()
    lose_ledger(bench)
    shutil.copy(bench.folder / "old", bench.ledger)
    bench.clock.jump(**WEEK)
    assert bench.counts(bench.job("reconcile")) == {"adopted": 10, "unchanged": 10}
    assert bench.counts(bench.job()) == {"unchanged": 20}


def test_intents_in_doubt_are_settled_first(bench):
    bench.rows(["A", "B", "C"])
    bench.transport.lost = {"A": True, "B": False}
    bench.job()
    bench.transport.lost = {}
    bench.clock.jump(hours=3)
    bench.sandbox.requests.clear()
    rebuilt = bench.job("reconcile")
    assert by_title(bench, rebuilt, "ABC") == {"A": "adopted", "B": "not_sent", "C": "unchanged"}
    assert writes(bench) == []
    assert bench.counts(bench.job()) == {"created": 1, "unchanged": 2}
    assert bench.titles() == ["A", "B", "C"]


def test_a_row_in_doubt_and_an_unknown_row_of_the_same_content_do_not_take_each_others_task(bench):
    bench.config()
    bench.rows(["Twin"])
    bench.transport.lost = {"Twin": True}
    bench.job()
    bench.transport.lost = {}
    bench.rows(["Twin", "Twin"])
    rebuilt = bench.job("reconcile")
    assert sorted(bench.counts(rebuilt).items()) == [("adopted", 1), ("not_sent", 1)]
    assert by_title(bench, rebuilt, "12") == {"1": "adopted", "2": "not_sent"}


def test_an_incomplete_walk_finds_but_says_of_no_row_that_it_is_missing(bench):
    imported(bench, [f"T{number}" for number in range(60)])
    bench.transport.largest_offset = 30
    rebuilt = bench.job("reconcile")
    counts = bench.counts(rebuilt)
    assert set(counts) == {"adopted", "uncertain"}
    bench.transport.largest_offset = None
    bench.job()
    assert len(bench.sandbox.tasks) == 60


def test_rejected_and_repeated_rows_are_told_as_in_a_run(bench):
    rows = [{"Title": "A"}, {"Title": "A", "Id": 1}, {"Title": ""}]
    bench.rows(rows)
    bench.job()
    lose_ledger(bench)
    bench.clock.jump(**WEEK)
    rebuilt = bench.job("reconcile")
    assert [line["action"] for line in bench.results(rebuilt)] == ["adopted", "duplicate", "rejected"]
    assert rebuilt.exit_code == 1


def test_a_task_in_the_trash_is_still_the_rows(bench):
    imported(bench, ["A", "B"])
    bench.sandbox.tasks.trash(bench.task("A"), bench.clock.now(), trashed=True)
    assert bench.counts(bench.job("reconcile")) == {"adopted": 2}
    bench.job()
    assert bench.titles() == ["A", "B"]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("stamp", [False, True])
def test_whatever_people_did_meanwhile_no_row_gets_a_second_task(bench, seed, stamp):
    dice = Random(seed)
    rows = [
        {"Title": f"T{dice.randrange(30)}", "Notes": dice.choice(["", "call", "two\nlines "]), "Due": "2026-12-01T09:00:00Z"}
        for _ in range(60)
    ]
    imported(bench, rows, stamp=stamp)
    for task in list(bench.sandbox.tasks):
        if dice.random() < 0.1:
            change = dice.choice([{"$title": "Else"}, {"$status": "COMPLETE"}, {"$description": "seen"}, {"$dueAt": None}])
            if stamp and "$description" in change:
                change = {"$description": f"seen\n\n{task.fields['$description']}"}
            task.fields = {**task.fields, **change}
            task.updated_at = bench.clock.now()
    rebuilt = bench.job("reconcile")
    assert not bench.counts(rebuilt).get("not_sent")
    bench.job()
    assert len(bench.sandbox.tasks) == 60
    if stamp:
        assert bench.counts(rebuilt) == {"adopted": 60}


def test_an_equal_row_is_not_called_missing_while_its_key_may_still_be_answered_with_a_taken_task(bench):
    bench.rows(["Twin"] * 3)
    bench.job(limit=2)
    lose_ledger(bench)
    bench.clock.jump(minutes=5)
    assert bench.counts(bench.job("reconcile")) == {"adopted": 2, "uncertain": 1}
    bench.clock.jump(hours=26)
    assert bench.counts(bench.job("reconcile")) == {"not_sent": 1, "unchanged": 2}
    bench.job()
    assert bench.titles() == ["Twin"] * 3


def test_a_row_that_was_answered_with_an_older_task_is_never_called_missing(bench):
    bench.rows(["A"])
    bench.job()
    lose_ledger(bench)
    bench.clock.jump(hours=1)
    bench.rows(["A corrected"])
    assert bench.counts(bench.job()) == {"uncertain": 1}
    for hours in (25, 25):
        bench.clock.jump(hours=hours)
        assert bench.counts(bench.job()) == {"uncertain": 1}
        assert bench.counts(bench.job("reconcile")) == {"uncertain": 1}
    bench.rows(["A"])
    assert bench.counts(bench.job("reconcile")) == {"adopted": 1}
    assert bench.counts(bench.job()) == {"unchanged": 1}
    assert bench.titles() == ["A"]
