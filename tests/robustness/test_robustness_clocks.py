"""Does a wrong clock of this machine ever lead to a second task?"""

from __future__ import annotations

import pytest

from etl.records import Action
from etl.sandbox.faults import Faults

THREE_DAYS = 3 * 24 * 3600.0
TROUBLE = Faults(lost_after_commit=0.2, error_before=0.1, only_writes=1)


@pytest.mark.parametrize("jump", [THREE_DAYS, -THREE_DAYS], ids=["ahead", "back"])
def test_a_wall_clock_that_jumps_in_mid_run_changes_nothing(bench, shifted_clock, jump):
    """Ages are reckoned by the server's clock, and by one of ours that never jumps."""

    class Jumping(type(shifted_clock)):
        def now(self):
            self.wall_seconds = jump if len(bench.sandbox.tasks) > 30 else 0.0
            return super().now()

    bench.rows(range(80))
    bench.sandbox.set_faults(TROUBLE)
    summary = bench.job(clock=Jumping())
    assert (summary.exit_code, summary.counts[Action.CREATED]) == (0, 80)
    bench.audit(range(80))
    bench.sandbox.set_faults(Faults.none())
    assert bench.job().counts[Action.UNCHANGED] == 80


@pytest.mark.parametrize("wrong_by", [THREE_DAYS, -THREE_DAYS], ids=["ahead", "behind"])
def test_what_is_in_doubt_is_asked_for_again_by_the_servers_clock(bench, shifted_clock, wrong_by):
    bench.rows(range(10))
    bench.config(limits={"attempts": 1})
    bench.sandbox.set_faults(Faults(lost_after_commit=1, only_writes=1))
    assert bench.job().counts[Action.UNCERTAIN] == 10
    bench.sandbox.set_faults(Faults.none())
    shifted_clock.wall_seconds = wrong_by
    assert bench.job(clock=shifted_clock).exit_code == 0
    bench.audit(range(10))


@pytest.mark.parametrize("wrong_by", [0.0, -THREE_DAYS], ids=["right", "behind"])
def test_what_is_too_old_is_not_sent_again_whatever_our_clock_says(bench, shifted_clock, wrong_by):
    bench.rows(range(5))
    bench.config(limits={"attempts": 1})
    bench.sandbox.set_faults(Faults(lost_after_commit=1, only_writes=1))
    bench.job()
    bench.sandbox.set_faults(Faults.none())
    bench.age_intents(hours=24)
    posts = bench.posts()
    shifted_clock.wall_seconds = wrong_by
    bench.job(clock=shifted_clock)
    assert bench.posts() == posts
    bench.audit(range(5))
