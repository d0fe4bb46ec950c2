"""Rows that vanished from the source: what does ``check`` say that a run would do?"""

from __future__ import annotations

import pytest


@pytest.fixture
def nightly(bench):
    """Four tasks, of which the config would cancel those whose rows are gone."""
    bench.config(mode="sync", sync={"on_missing": "cancel", "max_missing": "50%"}, source={"key": "Id", "path": "rows.csv"})
    bench.rows(["A", "B", "C", "D"])
    assert bench.counts(bench.job(data=())) == {"created": 4}
    return bench


def test_a_check_tells_whose_tasks_a_run_would_cancel(nightly):
    nightly.rows(["A", "B", "C"])
    assert nightly.job("check", data=()).exit_code == 0
    assert "1 row vanished from the source: their tasks would be cancelled" in nightly.said.getvalue()
    assert nightly.task("D").fields["$status"] == "TODO"
    assert nightly.counts(nightly.job(data=())) == {"unchanged": 3, "updated": 1}


def test_a_check_stops_where_a_run_would_stop(nightly):
    nightly.rows(["A"])
    checked, run = nightly.job("check", data=()), nightly.job(data=())
    assert (checked.exit_code, checked.message, checked.next_command) == (2, run.message, run.next_command)
    assert "sync.max_missing allows 50%" in checked.message


def test_a_check_of_a_file_that_is_given_by_hand_says_nothing_of_what_vanished(nightly):
    nightly.rows(["A"])
    assert nightly.job("check").exit_code == 0
    assert "rows that vanished from the source are left alone" in nightly.said.getvalue()
