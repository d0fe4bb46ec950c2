"""Is each row one task after the process was killed again and again?"""

from __future__ import annotations

import signal
import time
from random import Random

import pytest


@pytest.mark.parametrize("kills", [12, pytest.param(48, marks=pytest.mark.slow)])
def test_each_row_is_one_task_however_often_the_process_is_killed(bench, kills):
    """The real command over a real socket, killed at random moments: some before its first request, most in the middle of many."""
    dice, rows = Random(20261123), range(20 * kills + 80)
    bench.rows(rows)
    bench.sandbox.set_latency(0.05)
    in_doubt = 0
    for kill in range(kills):
        process = bench.start("run", "bench.yaml", "tasks.csv", "--rate", "60")
        before = len(bench.sandbox.requests)
        sends = kill % 4 > 0
        if sends:
            bench.wait_for(lambda before=before: any(visit.method == "POST" for visit in list(bench.sandbox.requests)[before:]), process)
        time.sleep(dice.uniform(0, 0.3))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        in_doubt += sends and bench.waiting()["in_doubt"] > 0
    assert in_doubt >= kills / 2
    last = bench.start("run", "bench.yaml", "tasks.csv")
    bench.ended(last)
    assert last.returncode == 0
    bench.audit(rows)
    assert bench.known_rows() == len(rows)
    assert not any(bench.waiting().values())
