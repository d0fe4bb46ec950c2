"""What holds for rows that a reconcile left uncertain: no ledger knows any more what was sent of them?"""

from __future__ import annotations

import pytest

ROWS = ("Call Ann", "Call Bob")


@pytest.fixture
def lost(bench):
    """The ledger was lost, and people had worked on the task of the second row."""
    bench.rows(ROWS)
    assert bench.counts(bench.job()) == {"created": 2}
    bench.edit("Call Bob", title="Call Bob!!", status="COMPLETE")
    bench.clock.jump(hours=30)
    bench.ledger.unlink()
    assert bench.counts(bench.job("reconcile")) == {"adopted": 1, "uncertain": 1}
    return bench


def test_a_night_on_which_it_is_rejected_does_not_make_it_one_that_is_sent(lost):
    lost.rows([ROWS[0], {"Title": ROWS[1], "Owner": "gone@acme.example"}])
    assert lost.counts(lost.job()) == {"unchanged": 1, "rejected": 1}
    lost.rows(ROWS)
    assert lost.counts(lost.job()) == {"unchanged": 1, "uncertain": 1}
    assert lost.titles() == ["Call Ann", "Call Bob!!"]


def test_retry_says_that_it_is_out_of_its_reach_and_what_is_not(lost):
    summary = lost.job("retry", data=())
    assert summary.exit_code == 1
    assert "1 row that a reconcile left uncertain is out of reach of retry" in summary.message
    assert "reconcile" in summary.message


def test_its_key_may_not_be_changed(lost):
    lost.clock.jump(hours=1)
    lost.edit("Call Ann", title="Call Ann!!")
    lost.ledger.unlink()
    assert lost.counts(lost.job("reconcile")) == {"uncertain": 2}
    lost.config(source={"key": "Title"})
    assert lost.job().exit_code == 2
    assert len(lost.titles()) == 2
