"""Source, people and we get along, whatever happens: nights of sync, undo and retry, each schedule from one seed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import many
from simulated.sync_schedule import FAMILIES, family_of

SEEDS = 40
AT_ONCE = 10
CHUNKS = [range(first, first + AT_ONCE) for first in range(0, SEEDS, AT_ONCE)]


def test_nothing_of_peoples_is_lost_and_all_of_the_sources_arrives_in_every_schedule(chunk):
    reports = many.play_some(chunk, "sync")
    failed = [many.told(report, "sync") for report in reports if report.faults]
    assert not failed, "\n".join(failed)


def test_every_kind_of_schedule_is_among_them():
    assert {family_of(seed) for seed in range(SEEDS)} == set(FAMILIES)


def test_the_command_that_a_failing_seed_prints_plays_the_same_schedule_in_another_process():
    command = [sys.executable, *many.how_to_repeat(3, "sync").split()[1:]]
    root = Path(__file__).parents[2]
    told = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": "1"}).stdout
    [report] = many.play_some(range(3, 4), "sync")
    assert told.splitlines()[:-1] == "\n".join(report.events).splitlines()
