"""Can two runs of one import ever write at the same time?"""

from __future__ import annotations

import signal
from pathlib import Path

from etl.records import Action

FAST_RUN = str(Path(__file__).with_name("fast_run.py"))


def test_of_two_runs_at_once_the_second_is_told_who_holds_the_lock_and_may_wait(bench):
    bench.rows(range(90))
    first = bench.start("run", "bench.yaml", "tasks.csv", "--rate", "60")
    bench.wait_for(lambda: len(bench.sandbox.tasks), first)
    refused = bench.job()
    waited = bench.job(wait_seconds=60.0)
    bench.ended(first)
    assert (refused.exit_code, refused.reason, refused.rows) == (4, "locked", 0)
    assert f"(pid {first.pid})" in refused.message
    assert "--wait" in refused.next_command
    assert (first.returncode, waited.exit_code, waited.counts[Action.UNCHANGED]) == (0, 0, 90)
    bench.audit(range(90))


def test_a_run_that_was_stopped_for_longer_than_its_lease_writes_nothing_more(bench):
    numbers = range(160)
    bench.rows(numbers)
    bench.sandbox.set_latency(0.1)
    stopped = bench.start("0", "5", program=(FAST_RUN,))
    bench.wait_for(lambda: len(bench.sandbox.tasks) > 30, stopped)
    bench.freeze(stopped)
    other = bench.start("200", "5", program=(FAST_RUN,))
    said = bench.ended(other)
    assert other.returncode == 0, said
    bench.audit(numbers)
    before = len(bench.sandbox.requests)
    stopped.send_signal(signal.SIGCONT)
    told = bench.ended(stopped)
    assert stopped.returncode in {3, 4}
    assert "lock" in told
    assert [visit for visit in list(bench.sandbox.requests)[before:] if visit.executed and visit.method == "POST"] == []
    bench.audit(numbers)
    assert bench.job().counts[Action.UNCHANGED] == 160
