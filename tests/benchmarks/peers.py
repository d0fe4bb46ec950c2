"""What do today's ways of doing this job do under faults, and when they are run again?

    python tests/benchmarks/peers.py              # 1,000 rows, three rounds: some 20 minutes, nearly all of them spent waiting
    python tests/benchmarks/peers.py --quick      # 150 rows, one round: two minutes

Each way gets a sandbox of its own, at the documented limit and with 80 ms of latency, which commits one write in twenty without an answer.
Then the same again at once, without faults and limit; then the same again as 25 hours later: the sandbox's clock is put forward. The ways
take turns, some of them at once: they wait more than they work. Nothing is asserted.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from client import make_input
from contestants import API_KEY
from telling import print_section, say, version_of
from ways import WAYS, Way

from etl.sandbox.app import Sandbox
from etl.sandbox.clock import SystemClock
from etl.sandbox.faults import Faults, Trouble
from etl.sandbox.limits import DOCUMENTED_PER_SECOND, Category
from etl.sandbox.server import ServerThread
from etl.sandbox.workspace import Workspace

SPAWN = get_context("spawn")
LATENCY_SECONDS = 0.08
LOST_ANSWERS = 0.05
LATER = timedelta(hours=25)
LONGEST_SECONDS = 600
OURS = "**lightfield-etl run**"
_AT_ONCE = 3
_NO_LIMIT = 1e6
_THROTTLED = 429


class MovedClock(SystemClock):
    """The machine's clock, put forward by ``ahead``."""

    ahead = timedelta()

    def now(self) -> datetime:
        """The wall clock, UTC."""
        return super().now() + self.ahead


@dataclass(frozen=True, slots=True)
class Seen:
    """What a sandbox has seen so far.

    Attributes:
        share: Of the writes that its bucket would have let in between the first and the last of them.
        throttled: Writes that it answered with 429.
        unanswered: Writes that it committed without an answer.
        tasks: What it holds.
        rows: How many rows of the input have a task.
    """

    share: float
    throttled: int
    unanswered: int
    tasks: int
    rows: int

    @property
    def duplicates(self) -> int:
        """Tasks that are not the first of their row."""
        return self.tasks - self.rows


@dataclass(frozen=True, slots=True)
class Round:
    """One way's three runs: under faults, at once again, 25 hours later again."""

    faulty: Seen
    again: Seen
    later: Seen


def serve_way(told: Connection, seed: int) -> None:
    """A process of its own: tells its address; then what it has seen, each time it is asked to go on in another way."""
    clock = MovedClock()
    sandbox = Sandbox(
        Workspace.sample(),
        faults=Faults(lost_after_commit=LOST_ANSWERS, only_writes=1),
        latency_seconds=LATENCY_SECONDS,
        clock=clock,
        random=Random(seed),
    )
    with ServerThread(sandbox) as server:
        told.send(server.url)
        while told.recv() != "end":
            told.send(seen(sandbox))
            sandbox.set_faults(Faults.none())
            sandbox.set_latency(0.0)
            for category in Category:
                sandbox.limits.set_rate(category, _NO_LIMIT)
            if told.recv() == "later":
                clock.ahead = LATER


def seen(sandbox: Sandbox) -> Seen:
    """What the sandbox's own books say."""
    writes = [visit for visit in sandbox.requests if visit.method == "POST"]
    admitted = sorted(visit.arrived_at.timestamp() for visit in writes if visit.status != _THROTTLED)
    possible = DOCUMENTED_PER_SECOND * (1 + admitted[-1] - admitted[0])
    return Seen(
        share=min(1.0, len(admitted) / possible),
        throttled=len(writes) - len(admitted),
        unanswered=sum(visit.executed and visit.trouble is Trouble.LOST_AFTER_COMMIT for visit in writes),
        tasks=len(sandbox.tasks),
        rows=len({task.fields["$title"] for task in sandbox.tasks}),
    )


@contextmanager
def sandbox_of(seed: int) -> Iterator[tuple[str, Connection]]:
    """The address of a sandbox in a process of its own, and the line to it."""
    here, there = SPAWN.Pipe()
    server = SPAWN.Process(target=serve_way, args=(there, seed))
    server.start()
    try:
        yield here.recv(), here
    finally:
        here.send("end")
        server.join()


def play(name: str, rows: int, seed: int) -> Round:
    """All three runs of one way."""
    with sandbox_of(seed) as (url, line), tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        make_input(folder, rows)
        found = []
        for moment in ("at once", "later", "never"):
            run(name, url, rows, folder)
            line.send("what")
            found.append(line.recv())
            line.send(moment)
        say(f"peers: {name}: {found[0].rows:,} of {rows:,} rows, {found[0].duplicates} duplicates")
        return Round(*found)


def run(name: str, url: str, rows: int, folder: Path) -> None:
    """One run, whatever it comes to."""
    here = Path(__file__).parent
    ours = ["-m", "etl", "run", "job.yaml", "tasks.csv", "--yes", "--quiet"]
    command = [sys.executable, *(ours if name == OURS else [str(here / "ways.py"), name, url, str(rows)])]
    environment = {**os.environ, "LIGHTFIELD_BASE_URL": url, "LIGHTFIELD_API_KEY": API_KEY, "NO_PROXY": "127.0.0.1"}
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=LONGEST_SECONDS)
    if ended.returncode:
        say(f"peers: {name} ended with {ended.returncode}: {ended.stderr[-300:]}")


def line_of(name: str, rows: int, rounds: list[Round]) -> tuple[Any, ...]:
    """A line of the table."""
    faulty = [each.faulty for each in rounds]
    return (
        name,
        f"{median(each.share for each in faulty):.0%}",
        round(median(each.throttled for each in faulty)),
        round(median(rows - each.rows for each in faulty)),
        f"{sum(each.duplicates for each in faulty)} of {sum(each.unanswered for each in faulty)}",
        _more([(each.faulty, each.again) for each in rounds]),
        _more([(each.again, each.later) for each in rounds]),
    )


def _more(runs: list[tuple[Seen, Seen]]) -> str:
    """New duplicates; ``all`` where each row that had a task got another."""
    duplicates = sum(after.duplicates - before.duplicates for before, after in runs)
    return "all" if duplicates >= sum(before.rows for before, _ in runs) else f"{duplicates:,}"


def absent(way: Way) -> list[str]:
    """The packages of a way that are not installed."""
    return [package for package in way.packages if version_of(package) is None]


def main(*, quick: bool) -> None:
    """Prints the table."""
    rows, rounds = (150, 1) if quick else (1000, 3)
    missing = {name: absent(way) for name, way in WAYS.items()}
    names = [*(name for name, lacks in missing.items() if not lacks), OURS]
    with ThreadPoolExecutor(_AT_ONCE) as side_by_side:
        # A round of all ways, then the next: what else the machine does meets all of them alike.
        found = list(
            side_by_side.map(lambda turn: play(turn[1], rows, turn[0]), [(seed, name) for seed in range(rounds) for name in names])
        )
    lines = [line_of(name, rows, found[place :: len(names)]) for place, name in enumerate(names)]
    lines += [(name, f"absent: {', '.join(lacks)}", *[""] * 5) for name, lacks in missing.items() if lacks]
    print_section(
        "Today's ways, and ours",
        ("way", "of the limit", "429s", "rows lost", "duplicates, of answers lost", "more when run again at once", "more after 25 h"),
        lines,
        packages=sorted({package for way in WAYS.values() for package in way.packages}),
        note=f"{rows:,} rows, {DOCUMENTED_PER_SECOND:g} writes a second, {LATENCY_SECONDS * 1000:g} ms; one write in twenty is committed "
        f"without an answer. {'One round' if rounds == 1 else f'Medians of {rounds} rounds, duplicates of all of them'}.",
    )


if __name__ == "__main__":
    main(quick="--quick" in sys.argv[1:])
