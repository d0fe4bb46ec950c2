# ruff: noqa: T201  a command speaks by printing
"""Plays any number of schedules: ``python tests/simulation/many.py --seeds 20000``; one of them aloud: ``--seed 17``.

Of imports, or with ``--kind sync`` of nights of sync, undo and retry.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from multiprocessing import get_context
from pathlib import Path

# Before polars is imported: many processes with many threads each would only get in each other's way.
os.environ.setdefault("POLARS_MAX_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent))

from simulated import play as imports
from simulated import sync_play as syncs
from simulated.play import Report

SEEDS_AT_ONCE = 20
KINDS = {"import": imports.play, "sync": syncs.play}


def how_to_repeat(seed: int, kind: str = "import") -> str:
    """The command that plays a seed again."""
    return f"python tests/simulation/many.py{'' if kind == 'import' else f' --kind {kind}'} --seed {seed}"


def play_some(seeds: range, kind: str = "import") -> list[Report]:
    """Schedules one after the other, in this process."""
    reports = []
    for seed in seeds:
        reports.append(KINDS[kind](seed))
        # The cycles of a schedule's loop and tasks; collected here, they cost a tenth of what the collector takes by itself.
        gc.collect(1)
    return reports


def told(report: Report, kind: str = "import") -> str:
    """A schedule that failed, and how to see it again."""
    faults = (f"  {fault}" for fault in report.faults)
    return "\n".join((f"seed {report.seed} failed:", *faults, f"  again: {how_to_repeat(report.seed, kind)}"))


def _all_reports(first: int, count: int, workers: int, kind: str) -> Iterator[Report]:
    chunks = [range(start, min(start + SEEDS_AT_ONCE, first + count)) for start in range(first, first + count, SEEDS_AT_ONCE)]
    # Not concurrent.futures: its max_tasks_per_child was seen to hang for ever once the first processes had done their share (Python 3.11).
    with get_context("spawn").Pool(workers, maxtasksperchild=25) as pool:
        for reports in pool.imap(partial(play_some, kind=kind), chunks):
            yield from reports


def _play_many(first: int, count: int, workers: int, kind: str) -> int:
    started, failed, late, rules = time.monotonic(), 0, 0, Counter[str]()
    totals: Counter[str] = Counter()
    for number, report in enumerate(_all_reports(first, count, workers, kind), 1):
        late += report.committed_after_give_up > 0
        totals.update(report.figures)
        if report.faults:
            failed += 1
            rules.update({fault.split("]")[0].strip("[") for fault in report.faults})
            print(told(report, kind), flush=True)
        if number % SEEDS_AT_ONCE == 0 or number == count:
            seconds = time.monotonic() - started
            line = f"{number:,} of {count:,} schedules, {failed} failed, {late / number:.0%} with a commit after a give-up"
            line += f", {seconds / number:.2f} s each"
            print(line, end="\r" if sys.stdout.isatty() and number < count else "\n", flush=True)
    print("in all: " + ", ".join(f"{figure:,.0f} {name}" for name, figure in totals.items()))
    if rules:
        print("rules broken, in schedules: " + ", ".join(f"{rule} {number}" for rule, number in rules.most_common()))
    return 1 if failed else 0


def _play_one(seed: int, kind: str) -> int:
    report = KINDS[kind](seed)
    print("\n".join(report.events))
    good = f"seed {seed}: nothing wrong; {report.committed_after_give_up} tasks made after a give-up"
    print(told(report, kind) if report.faults else good)
    return 1 if report.faults else 0


def main() -> int:
    """Exit code 1 when a schedule failed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seeds", type=int, default=1000, help="how many (default 1000)")
    options.add_argument("--first", type=int, default=0, help="the first one (default 0)")
    options.add_argument("--seed", type=int, help="play this one alone, and tell what happens")
    options.add_argument("--workers", type=int, default=os.cpu_count(), help="processes (default: one a core)")
    options.add_argument("--kind", choices=list(KINDS), default="import", help="of schedules (default import)")
    given = options.parse_args()
    if given.seed is not None:
        return _play_one(given.seed, given.kind)
    return _play_many(given.first, given.seeds, given.workers, given.kind)


if __name__ == "__main__":
    sys.exit(main())
