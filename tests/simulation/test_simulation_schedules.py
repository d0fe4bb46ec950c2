"""Every row one task, or one line that says why not, whatever happens: hundreds of schedules, each from one seed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import many
import pytest

SEEDS = 160
AT_ONCE = 40
FAIR_SHARES = {"walks with a trash between two pages": 0.15, "retries": 0.1, "second processes": 0.1}
"""In so many schedules at least."""
CHUNKS = [range(first, first + AT_ONCE) for first in range(0, SEEDS, AT_ONCE)]


def test_the_promise_is_kept_in_every_schedule(chunk):
    reports = many.play_some(chunk)
    failed = [many.told(report) for report in reports if report.faults]
    assert not failed, "\n".join(failed)
    late = sum(report.committed_after_give_up > 0 for report in reports)
    assert len(chunk) < AT_ONCE or late >= len(chunk) / 3, f"only in {late} of {len(chunk)} was a task made after its client had given up"
    for what, share in FAIR_SHARES.items():
        met = sum(report.figures[what] > 0 for report in reports)
        assert len(chunk) < AT_ONCE or met >= len(chunk) * share, f"only in {met} of {len(chunk)}: {what}"


@pytest.mark.parametrize("seed", [21])
def test_a_seed_decides_everything(seed):
    """Also in another process, where sets and hashes have another order."""
    command = [sys.executable, str(Path(many.__file__)), "--seed", str(seed)]
    told = [
        subprocess.run(command, capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": order}).stdout for order in ("1", "2")
    ]
    assert told[0] == told[1]
    assert "ended with" in told[0]
