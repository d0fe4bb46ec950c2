"""What happens when the disk gives out, wherever in a run that is?"""

from __future__ import annotations

import resource
import shutil
import threading
from contextlib import contextmanager

import pytest

from etl.errors import EtlError
from etl.records import Action

ROWS = range(60)


def slow(*sizes: int):
    """More of the same."""
    return [pytest.param(size, marks=pytest.mark.slow) for size in sizes]


@contextmanager
def files_of_at_most(size: int):
    """As a full disk does, the system refuses a write in its middle: Python ignores the signal that comes with it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def ended(bench, size: int, **options):
    """(exit code, message, next step) of a run on that disk."""
    with files_of_at_most(size):
        try:
            summary = bench.job(**options)
        except EtlError as error:
            return error.exit_code, error.message, error.next_step
    return summary.exit_code, summary.message, summary.next_command


@pytest.mark.parametrize("size", [1, 30_000, 150_000, 210_000, 270_000, 400_000, *slow(5_000, 90_000, 180_000, 240_000, 300_000)])
def test_a_disk_that_is_full_at_some_write_of_the_ledger_ends_the_run_and_loses_nothing(bench, shifted_clock, size):
    bench.rows(ROWS)
    code, message, next_step = ended(bench, size)
    assert code in {0, 2, 3}
    assert code == 0 or (str(bench.folder) in message and next_step)
    # In the command's own process the lock would be free with its death; this one lives on, so its lease has to run out.
    shifted_clock.seconds = 120.0
    again = bench.job(clock=shifted_clock)
    assert again.exit_code == 0
    bench.audit(ROWS)


@pytest.mark.parametrize("size", [0, 200, 3_500, 9_000, *slow(100, 2_000)])
def test_a_disk_that_is_full_at_some_report_says_which(bench, size):
    bench.rows(ROWS)
    code, message, next_step = ended(bench, size, ledger="sqlite://")
    assert code == 3
    assert "cannot write" in message
    assert any(name in message for name in ("results.csv", "report.html", "summary.json"))
    assert "run the same command again" in next_step


def test_a_results_folder_that_vanishes_in_mid_run_stops_it_and_the_next_run_does_the_rest(bench):
    bench.rows(ROWS)
    bench.sandbox.set_latency(0.05)
    watcher = threading.Thread(target=remove_results, args=(bench,))
    watcher.start()
    with pytest.raises(EtlError) as caught:
        bench.job(rate=60.0)
    watcher.join()
    assert caught.value.exit_code == 3
    assert "results" in caught.value.message
    assert "run the same command again" in caught.value.next_step
    # Otherwise a retry would take it for one that died.
    assert bench.last_run().exit_code == 3
    before = len(bench.sandbox.tasks)
    again = bench.job()
    assert (again.exit_code, again.counts[Action.UNCHANGED]) == (0, before)
    bench.audit(ROWS)


def remove_results(bench) -> None:
    bench.wait_for(lambda: len(bench.sandbox.tasks) > 20)
    shutil.rmtree(bench.folder / "results")
