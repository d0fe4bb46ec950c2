"""What runs do about the writes that earlier ones left in doubt, long after their keys are forgotten."""

from __future__ import annotations

import pytest

from etl.jobs.tasks import owned_ids
from etl.ledger.store import open_ledger

LONG = {"hours": 25}


def lose(bench, rows, lost, **config):
    """A first run in which some creates got no answer; the value says whether they were executed."""
    bench.config(**config)
    bench.rows(rows)
    bench.transport.lost = lost
    first = bench.job()
    assert bench.counts(first)["uncertain"] == len(lost)
    bench.transport.lost = {}
    return first


def actions(bench, summary):
    return [line["action"] for line in bench.results(summary)]


def test_after_the_window_a_task_that_was_made_is_adopted_and_one_that_was_not_is_sent_anew(bench):
    lose(bench, ["A", "B", "C"], {"A": True, "B": False})
    made = bench.task("A").id
    bench.clock.jump(**LONG)
    second = bench.job()
    assert (second.exit_code, actions(bench, second)) == (0, ["adopted", "created", "unchanged"])
    assert bench.titles() == ["A", "B", "C"]
    assert bench.results(second)[0]["task_id"] == made
    assert "2 rows of earlier runs are in doubt; 2 too old for that: looked for among Lightfield's tasks" in bench.said.getvalue()
    assert bench.counts(bench.job()) == {"unchanged": 3}


def test_within_the_window_the_same_key_settles_it_without_a_search(bench):
    lose(bench, ["A", "B"], {"A": True, "B": False})
    second = bench.job()
    assert bench.titles() == ["A", "B"]
    assert second.exit_code == 0
    assert "looked for" not in bench.said.getvalue()


def test_settling_comes_before_anything_else_is_sent(bench):
    lose(bench, ["A", "B"], {"A": True})
    bench.rows(["A", "B", "New"])
    bench.clock.jump(**LONG)
    bench.sandbox.requests.clear()
    bench.job()
    visits = [visit.method for visit in bench.sandbox.requests if visit.path == "/v1/tasks"]
    # The guard against a lost ledger looks at one page; then three walks (trash, tasks, trash); then what is new.
    assert visits == ["GET"] * 4 + ["POST"]


def test_an_edited_task_of_that_time_leaves_the_row_uncertain_with_its_link(bench):
    lose(bench, ["A", "B"], {"A": True})
    bench.edit("A", title="A, called twice", status="COMPLETE")
    bench.clock.jump(**LONG)
    second = bench.job()
    line = bench.results(second)[0]
    assert (second.exit_code, line["action"]) == (1, "uncertain")
    assert bench.task("A, called twice").id in line["error_message"]
    assert "`Source: jobs 1`" in line["error_message"]
    assert len(bench.sandbox.tasks) == 2


def test_the_line_that_a_person_adds_settles_it(bench):
    lose(bench, ["A", "B"], {"A": True})
    bench.edit("A", title="A, called twice", description="spoke to Ann\n\nSource: jobs 1")
    bench.clock.jump(**LONG)
    second = bench.job()
    assert actions(bench, second) == ["changed", "unchanged"]
    assert bench.results(second)[0]["task_id"] == bench.task("A, called twice").id
    assert len(bench.sandbox.tasks) == 2


def test_equal_rows_are_interchangeable(bench):
    twins = [{"Title": "Twin"}] * 3
    bench.rows(twins)
    bench.transport.lost = {"Twin": False}
    bench.job()
    bench.transport.lost = {}
    sent = bench.clock.now()
    for _ in range(2):
        bench.seed("Twin", made=sent)
    bench.clock.jump(hours=24)
    assert actions(bench, bench.job()) == ["uncertain"] * 3
    bench.clock.jump(hours=3)
    assert sorted(actions(bench, bench.job())) == ["adopted", "adopted", "created"]
    assert bench.titles() == ["Twin"] * 3


def test_a_task_that_was_trashed_since_is_found_in_the_trash(bench):
    lose(bench, ["A", "B"], {"A": True})
    bench.sandbox.tasks.trash(bench.task("A"), bench.clock.now(), trashed=True)
    bench.clock.jump(**LONG)
    assert actions(bench, bench.job()) == ["adopted", "unchanged"]
    assert bench.titles() == ["A", "B"]


def test_an_owned_task_is_never_adopted(bench):
    lose(bench, ["A", "Other"], {"A": False})
    bench.edit("Other", title="A")
    bench.clock.jump(**LONG)
    assert actions(bench, bench.job()) == ["created", "unchanged"]


def test_a_list_that_is_refused_half_way_leaves_the_row_uncertain(bench):
    lose(bench, ["A", "B"], {"A": False})
    now = bench.clock.now()
    for _ in range(60):
        bench.seed("Lunch", made=now)
    bench.transport.largest_offset = 40
    bench.clock.jump(**LONG)
    second = bench.job()
    assert actions(bench, second) == ["uncertain", "unchanged"]
    assert "Lightfield refused to list tasks from the 49th on" in bench.results(second)[0]["error_message"]
    assert "A" not in bench.titles()


def test_after_a_crash_absence_is_only_known_once_no_attempt_can_linger(bench):
    """A process that died left no word of its last attempt: it may have sent for as long as its key's window allowed."""
    lose(bench, ["A", "B"], {"A": False})
    _forget_the_outcome(bench)
    bench.clock.jump(hours=23, minutes=30)
    assert actions(bench, bench.job()) == ["uncertain", "unchanged"]
    bench.clock.jump(hours=1)
    assert actions(bench, bench.job()) == ["created", "unchanged"]


def _forget_the_outcome(bench):
    with open_ledger(str(bench.ledger), clock=bench.clock) as ledger, ledger._database.writing() as connection:
        connection.exec_driver_sql("UPDATE etl_intent SET finished_at = NULL, attempts = 0, error_code = NULL, error_message = NULL")
        connection.exec_driver_sql("DELETE FROM etl_entry WHERE task_id IS NULL")


def test_a_key_that_may_not_list_the_trash_settles_by_the_other_tasks(bench):
    bench.workspace.add_key(bench.key, ("tasks:create", "tasks:read", "members:read"))
    lose(bench, ["A", "B"], {"A": True, "B": False})
    bench.clock.jump(**LONG)
    assert actions(bench, bench.job()) == ["adopted", "created"]


def test_a_corrected_row_whose_first_content_was_executed_is_changed_and_not_doubled(bench):
    lose(bench, ["A", "B"], {"A": True})
    bench.rows(["A corrected", "B"])
    bench.clock.jump(**LONG)
    second = bench.job()
    assert actions(bench, second) == ["changed", "unchanged"]
    assert bench.titles() == ["A", "B"]


@pytest.mark.parametrize("stamp", [False, True])
def test_two_windows_and_many_rows_leave_each_row_one_task(bench, stamp):
    rows = [f"T{number}" for number in range(40)]
    lose(bench, rows, {f"T{number}": number % 2 == 0 for number in range(0, 40, 3)}, stamp=stamp)
    bench.clock.jump(**LONG)
    second = bench.job()
    assert second.exit_code == 0
    assert bench.titles() == sorted(rows)
    with open_ledger(str(bench.ledger), clock=bench.clock) as ledger:
        [workspace] = ledger.workspaces_with_rows("http://localhost", "jobs")
        assert owned_ids(ledger.open_import(workspace, "jobs")) == {task.id for task in bench.sandbox.tasks}


def test_three_rows_that_were_answered_with_older_tasks_stop_later_runs_until_a_reconcile_has_looked(bench):
    bench.rows(["A", "B", "C"])
    bench.job()
    bench.ledger.unlink()
    bench.clock.jump(hours=1)
    bench.rows(["A2", "B2", "C2", "D2"])
    assert bench.job().exit_code == 3
    bench.clock.jump(**LONG)
    bench.rows(["A2", "B2", "C2", "D2", "E2"])
    stopped = bench.job()
    assert (stopped.exit_code, "reconcile" in stopped.next_command) == (3, True)
    assert "E2" not in bench.titles()
    bench.job("reconcile")
    bench.job()
    assert {"A", "B", "C", "E2"} <= set(bench.titles())
    assert not {"A2", "B2", "C2"} & set(bench.titles())
