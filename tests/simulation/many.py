# ruff: noqa: T201  a command speaks by printing
"""Plays any number of schedules: ``python tests/simulation/many.py --seeds 20000``; one of them aloud: ``--seed 17``.

Of imports, or with ``--kind sync`` of nights of sync, undo and retry. With ``--ledger postgres`` on a server of their own.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from multiprocessing import get_context
from pathlib import Path

# Before polars is imported: many processes with many threads each would only get in each other's way.
os.environ.setdefault("POLARS_MAX_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "servers"))

from postgres_server import PostgresServer, what_is_missing
from simulated import play as imports
from simulated import sync_play as syncs
from simulated.play import Report

SEEDS_AT_ONCE = 20
KINDS = {"import": imports.play, "sync": syncs.play}
SERVER_SETTINGS = {"autovacuum": "on", "shared_buffers": "64MB"}
"""Thousands of schemas come and go."""


def how_to_repeat(seed: int, kind: str = "import", server: PostgresServer | None = None) -> str:
    """The command that plays a seed again."""
    chosen = f"{'' if kind == 'import' else f' --kind {kind}'}{' --ledger postgres' if server else ''}"
    return f"python tests/simulation/many.py{chosen} --seed {seed}"


def play_some(seeds: range, kind: str = "import", server: PostgresServer | None = None) -> list[Report]:
    """Schedules one after the other, in this process."""
    play = _player(kind, server)
    reports = []
    for seed in seeds:
        reports.append(play(seed))
        # The cycles of a schedule's loop and tasks; collected here, they cost a tenth of what the collector takes by itself.
        gc.collect(1)
    return reports


def told(report: Report, kind: str = "import", server: PostgresServer | None = None) -> str:
    """A schedule that failed, and how to see it again."""
    faults = (f"  {fault}" for fault in report.faults)
    return "\n".join((f"seed {report.seed} failed:", *faults, f"  again: {how_to_repeat(report.seed, kind, server)}"))


def _player(kind: str, server: PostgresServer | None) -> Callable[[int], Report]:
    return KINDS[kind] if server is None else partial(imports.play, server=server)


def _all_reports(first: int, count: int, workers: int, kind: str, server: PostgresServer | None) -> Iterator[Report]:
    chunks = [range(start, min(start + SEEDS_AT_ONCE, first + count)) for start in range(first, first + count, SEEDS_AT_ONCE)]
    # Not concurrent.futures: its max_tasks_per_child was seen to hang for ever once the first processes had done their share (Python 3.11).
    with get_context("spawn").Pool(workers, maxtasksperchild=25) as pool:
        for reports in pool.imap(partial(play_some, kind=kind, server=server), chunks):
            yield from reports


def _play_many(first: int, count: int, workers: int, kind: str, server: PostgresServer | None) -> int:
    started, failed, late, rules = time.monotonic(), 0, 0, Counter[str]()
    totals: Counter[str] = Counter()
    for number, report in enumerate(_all_reports(first, count, workers, kind, server), 1):
        late += report.committed_after_give_up > 0
        totals.update(report.figures)
        if report.faults:
            failed += 1
            rules.update({fault.split("]")[0].strip("[") for fault in report.faults})
            print(told(report, kind, server), flush=True)
        if number % SEEDS_AT_ONCE == 0 or number == count:
            seconds = time.monotonic() - started
            line = f"{number:,} of {count:,} schedules, {failed} failed, {late / number:.0%} with a commit after a give-up"
            line += f", {seconds / number:.2f} s each"
            print(line, end="\r" if sys.stdout.isatty() and number < count else "\n", flush=True)
    print("in all: " + ", ".join(f"{figure:,.0f} {name}" for name, figure in totals.items()))
    if rules:
        print("rules broken, in schedules: " + ", ".join(f"{rule} {number}" for rule, number in rules.most_common()))
    return 1 if failed else 0


def _play_one(seed: int, kind: str, server: PostgresServer | None) -> int:
    report = _player(kind, server)(seed)
    print("\n".join(report.events))
    good = f"seed {seed}: nothing wrong; {report.committed_after_give_up} tasks made after a give-up"
    print(told(report, kind, server) if report.faults else good)
    return 1 if report.faults else 0


def main() -> int:
    """Exit code 1 when a schedule failed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seeds", type=int, default=1000, help="how many (default 1000)")
    options.add_argument("--first", type=int, default=0, help="the first one (default 0)")
    options.add_argument("--seed", type=int, help="play this one alone, and tell what happens")
    options.add_argument("--workers", type=int, default=os.cpu_count(), help="processes (default: one a core)")
    options.add_argument("--kind", choices=list(KINDS), default="import", help="of schedules (default import)")
    options.add_argument("--ledger", choices=("sqlite", "postgres"), default="sqlite", help="where ledgers lie (default sqlite)")
    given = options.parse_args()
    server = None
    if given.ledger == "postgres":
        if given.kind != "import" or (missing := what_is_missing()):
            options.error("only imports are played on a server" if given.kind != "import" else missing)
        server = PostgresServer.made(**SERVER_SETTINGS)
    if given.seed is not None:
        return _play_one(given.seed, given.kind, server)
    return _play_many(given.first, given.seeds, given.workers, given.kind, server)


if __name__ == "__main__":
    sys.exit(main())
