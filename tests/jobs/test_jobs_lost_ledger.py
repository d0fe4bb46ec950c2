"""A run whose ledger is lost, or an old copy, stops before it makes second tasks."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing

import pytest

from etl.jobs import lost_ledger


def due(number):
    return f"2026-{1 + number % 12:02d}-{1 + number % 28:02d}T09:00:00Z"


def fill(bench, size, *, people=0):
    """A file of so many rows, all of which Lightfield holds, and tasks of people's own beside them."""
    bench.rows([{"Title": f"Task {number}", "Due": due(number)} for number in range(size)])
    for number in range(size):
        bench.seed(f"Task {number}", due=due(number).replace("Z", ".000Z"))
    for number in range(people):
        bench.seed(f"Lunch {number % 7}", owner="kim@acme.example", edited=True)


@pytest.mark.parametrize("size", [300, pytest.param(20_000, marks=pytest.mark.slow)])
def test_an_empty_ledger_stops_the_run_before_anything_is_written(bench, size):
    fill(bench, size, people=200)
    stopped = bench.job()
    assert (stopped.exit_code, stopped.reason) == (2, "ledger")
    assert stopped.next_command == "lightfield-etl reconcile jobs.yaml rows.csv"
    assert "run --force-new" in stopped.message
    assert len(bench.sandbox.tasks) == size + 200
    assert sum(visit.method == "GET" and visit.path == "/v1/tasks" for visit in bench.sandbox.requests) <= 20


def test_a_run_that_lost_its_lock_while_it_looked_says_that_and_not_that_its_ledger_is_lost(bench, monkeypatch):
    """Somebody else has taken the lock, and made the tasks that it sees."""
    fill(bench, 30)
    sampled = lost_ledger._sampled

    async def taken_meanwhile(*args):
        with closing(sqlite3.connect(bench.ledger)) as ledger, ledger:
            assert ledger.execute("UPDATE etl_lease SET token = 'another', holder = 'somebody else'").rowcount == 1
        return await sampled(*args)

    monkeypatch.setattr(lost_ledger, "_sampled", taken_meanwhile)
    stopped = bench.job()
    assert (stopped.exit_code, stopped.reason) == (3, "lock_lost")
    assert "somebody else holds it now" in stopped.message
    assert len(bench.sandbox.tasks) == 30


@pytest.mark.parametrize("size", [300, pytest.param(20_000, marks=pytest.mark.slow)])
def test_a_copy_of_the_ledger_from_half_way_stops_the_run(bench, size):
    fill(bench, size)
    assert bench.counts(bench.job("reconcile", limit=size // 2)) == {"adopted": size // 2}
    stopped = bench.job()
    assert (stopped.exit_code, stopped.reason) == (2, "ledger")
    assert len(bench.sandbox.tasks) == size


def test_without_a_look_ahead_the_first_rows_are_enough_to_stop_the_run(bench):
    size = 20_000
    fill(bench, size, people=200)
    stopped = bench.job(stream=True)
    assert (stopped.exit_code, stopped.reason, "reconcile" in stopped.next_command) == (2, "ledger", True)
    assert len(bench.sandbox.tasks) == size + 200


def test_without_a_look_ahead_rows_that_are_new_are_sent(bench):
    fill(bench, 300)
    bench.job("reconcile")
    bench.rows([{"Title": f"Task {number}", "Due": due(number)} for number in range(310)])
    assert bench.counts(bench.job(stream=True)) == {"unchanged": 300, "created": 10}
    assert bench.job(stream=True, force_new=True).exit_code == 0


def test_once_it_is_reconciled_the_run_goes_on(bench):
    fill(bench, 300)
    bench.job("reconcile", limit=150)
    assert bench.counts(bench.job("reconcile")) == {"adopted": 150, "unchanged": 150}
    assert bench.counts(bench.job()) == {"unchanged": 300}
    assert len(bench.sandbox.tasks) == 300


def test_with_stamps_one_row_that_the_ledger_lacks_is_enough(bench):
    bench.config(stamp=True)
    bench.rows([f"T{number}" for number in range(30)])
    bench.job(limit=29)
    shutil.copy(bench.ledger, bench.folder / "old")
    bench.job()
    bench.ledger.unlink()
    shutil.copy(bench.folder / "old", bench.ledger)
    assert bench.job().exit_code == 2
    bench.job("reconcile")
    assert bench.counts(bench.job()) == {"unchanged": 30}


def test_force_new_goes_on(bench):
    fill(bench, 30)
    assert bench.counts(bench.job(force_new=True)) == {"created": 30}


def test_new_rows_among_peoples_recurring_tasks_raise_no_alarm(bench):
    for number in range(500):
        bench.seed(f"Weekly check-in {number % 5}", due=due(number), edited=number % 3 == 0)
    bench.rows([{"Title": f"Weekly check-in {number % 5}", "Due": f"2027-01-{1 + number % 28:02d}T09:00:00Z"} for number in range(100)])
    assert bench.counts(bench.job()) == {"created": 100}


def test_what_a_reconcile_called_missing_raises_no_alarm(bench):
    """Rows that resemble tasks of people's own are not called missing, so that the two never send a person to and fro."""
    fill(bench, 40)
    for number in range(0, 40, 2):
        bench.edit(f"Task {number}", status="COMPLETE")
    bench.rows([{"Title": f"Task {number}", "Due": due(number)} for number in range(60)])
    assert bench.job().exit_code == 2
    rebuilt = bench.job("reconcile")
    assert bench.counts(rebuilt) == {"adopted": 20, "uncertain": 40}
    after = bench.job()
    assert (after.exit_code, bench.counts(after)) == (1, {"unchanged": 20, "uncertain": 40})
    assert len(bench.sandbox.tasks) == 40


def test_a_workspace_without_tasks_is_asked_one_page(bench):
    bench.rows(["A"])
    bench.job()
    assert [visit.path for visit in bench.sandbox.requests if visit.method == "GET"].count("/v1/tasks") == 1


def test_tasks_of_rows_in_doubt_raise_no_alarm_over_new_rows_that_are_like_them(bench):
    bench.rows(["Twin"] * 8)
    bench.transport.lost = {"Twin": True}
    bench.job()
    bench.transport.lost = {}
    bench.rows(["Twin"] * 20)
    assert bench.counts(bench.job()) == {"created": 20}
    assert bench.titles() == ["Twin"] * 20


def test_in_sync_a_copy_that_somebody_made_of_a_stamped_task_raises_no_alarm_over_its_row(bench):
    bench.config(mode="sync", stamp=True)
    bench.rows(["A", "B", "C"])
    assert bench.counts(bench.job()) == {"created": 3}
    bench.seed("A (copy)", notes=bench.task("A").fields["$description"])
    bench.rows(["A2", "B", "C"])
    assert bench.counts(bench.job()) == {"updated": 1, "unchanged": 2}
