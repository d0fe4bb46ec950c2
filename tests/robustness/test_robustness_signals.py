"""What does a run leave when it is told to end?"""

from __future__ import annotations

import signal
import time

import pytest

pytestmark = pytest.mark.slow

ROWS = range(90)


def started(bench, latency_seconds):
    bench.rows(ROWS)
    bench.sandbox.set_latency(latency_seconds)
    process = bench.start("run", "bench.yaml", "tasks.csv", "--rate", "50")
    bench.wait_for(lambda: len(bench.sandbox.tasks) > 20, process)
    return process


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_lets_what_is_in_flight_finish_and_the_next_run_does_the_rest(bench, number, code):
    process = started(bench, 0.4)
    process.send_signal(number)
    said = bench.ended(process)
    summary = bench.latest_summary()
    assert process.returncode == code, said
    assert (summary["exit_code"], summary["status"], summary["reason"]) == (code, "interrupted", "interrupted")
    assert said.splitlines()[-1].startswith("next: run the same command again")
    assert summary["counts"]["created"] == len(bench.sandbox.tasks) == bench.known_rows()
    assert summary["counts"]["created"] + summary["counts"]["not_sent"] == len(ROWS)
    assert not any(bench.waiting().values())
    bench.sandbox.set_latency(0)
    assert bench.job().exit_code == 0
    bench.audit(ROWS)


def test_a_second_signal_leaves_at_once_and_loses_nothing(bench):
    process = started(bench, 0.05)
    bench.sandbox.set_latency(5)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    second = time.monotonic()
    said = bench.ended(process)
    assert time.monotonic() - second < 2.5
    counts = bench.latest_summary()["counts"]
    assert process.returncode == 130, said
    assert counts["uncertain"] > 0
    assert counts["created"] + counts["uncertain"] + counts["not_sent"] == len(ROWS)
    # Until their answers would have been there, Lightfield calls their keys in flight.
    bench.wait_for(lambda: bench.posts() == counts["created"] + counts["uncertain"])
    bench.sandbox.set_latency(0)
    assert bench.job().exit_code == 0
    bench.audit(ROWS)
